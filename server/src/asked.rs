//! A question: the space, the snapshot, the type and what stands beside the text.

use std::sync::Arc;
use std::time::Instant;

use muster_engine::Error;
use muster_engine::Seq;
use muster_engine::Snapshot;
use muster_engine::catalog::{EntityKey, EntityType, Tag, Zone};
use muster_engine::query::plan::QueryRequest;
use muster_engine::query::{Prepared, Run};
use muster_proto::v1;
use muster_store::Space;
use tonic::Status;

use crate::convert::error::{self, OrStatus};
use crate::convert::{catalog, context, token};
use crate::shared::Shared;

/// Where and how a question is asked, found and pinned.
pub(crate) struct Asked {
    pub(crate) space: Arc<Space>,
    pub(crate) snapshot: Snapshot,
    pub(crate) entity_type: EntityType,
    /// The zone of the request, else of the space.
    pub(crate) zone: Zone,
    pub(crate) request: QueryRequest,
}

impl Asked {
    /// Finds what `context` names; `run` ends what is asked.
    pub(crate) fn find(shared: &Shared, context: Option<v1::QueryContext>, run: &Run) -> Result<Asked, Status> {
        let context = context.unwrap_or_default();
        Asked::find_at(shared, &context, context.version.map(Seq), run)
    }

    /// The same on the snapshot of `version`, which must be current or kept.
    pub(crate) fn find_at(
        shared: &Shared,
        context: &v1::QueryContext,
        version: Option<Seq>,
        run: &Run,
    ) -> Result<Asked, Status> {
        let space = shared.store.space(&context.space).or_status()?;
        let current = space.snapshot();
        let snapshot = match version {
            None => current,
            Some(version) if version == current.version() => current,
            Some(version) => space.leases().find(version).ok_or_else(|| token::version_gone(version))?,
        };
        let entity_type = catalog::entity_type(snapshot.catalog(), &context.entity_type).or_status()?.clone();
        let zone = space.zone_of(&context.zone).or_status()?;
        let mut request = context::request_from_wire(context, &zone, shared.now_unix_ms()).or_status()?;
        request.memory_bytes_max = shared.config.limits.query_memory_bytes;
        request.stop = run.stop();
        Ok(Asked { space, snapshot, entity_type, zone, request })
    }

    /// Reads, plans and binds `text`.
    pub(crate) fn prepare(&self, text: &str) -> muster_engine::Result<Prepared> {
        self.snapshot.prepare(self.entity_type.id, text, &self.request)
    }

    /// The tag of the question's type with this name or label.
    pub(crate) fn tag(&self, name: &str) -> Result<&Tag, Status> {
        self.snapshot.catalog().require_tag(self.entity_type.id, name).or_status()
    }

    /// The status of a question about a key that no entity has.
    pub(crate) fn unknown_key(&self, key: &EntityKey) -> Status {
        let message = format!("{} has no entity with the key {key}", self.entity_type.name);
        error::status(&Error::not_found(message))
    }
}

/// Nanoseconds since `started`.
pub(crate) fn elapsed_ns(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX)
}
