//! A question: what it is asked of, as the caller may see it, and what stands beside its text.

use std::time::Instant;

use muster_engine::Error;
use muster_engine::Seq;
use muster_engine::Snapshot;
use muster_engine::catalog::{EntityKey, EntityType, Tag, Zone};
use muster_engine::query::Prepared;
use muster_engine::query::plan::{Parameters, QueryRequest, UnknownValues};
use tonic::Status;

use crate::entrance::Call;
use crate::shared::Shared;
use crate::status::{self, OrStatus};
use crate::view::View;

/// Where and how a request asks, in its own words.
#[derive(Default)]
pub(crate) struct Context {
    pub(crate) space: String,
    pub(crate) entity_type: String,
    /// The zone of the space where it is empty.
    pub(crate) zone: String,
    /// The newest where it is none.
    pub(crate) version: Option<Seq>,
    pub(crate) now: Now,
    pub(crate) unknown_values: UnknownValues,
    pub(crate) parameters: Parameters,
}

/// The moment that a request takes for now.
#[derive(Default)]
pub(crate) enum Now {
    /// That of the server's clock.
    #[default]
    Clock,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    At(i64),
    /// A moment in the zone of the request.
    Written(String),
}

/// Where and how a question is asked, found and pinned.
pub(crate) struct Asked {
    pub(crate) view: View,
    pub(crate) entity_type: EntityType,
    /// The zone of the request, else of the space.
    pub(crate) zone: Zone,
    pub(crate) request: QueryRequest,
}

impl Asked {
    /// Finds what `context` names; `call` ends what is asked.
    pub(crate) fn find(shared: &Shared, call: &Call, context: Context) -> Result<Asked, Status> {
        let newest = View::of(shared, call, &context.space)?;
        let view = match context.version {
            None => newest,
            Some(version) => newest.at(version)?,
        };
        let entity_type = view.entity_type(&context.entity_type).or_status()?.clone();
        let zone = view.space().zone_of(&context.zone).or_status()?;
        let now_unix_ms = match context.now {
            Now::Clock => shared.now_unix_ms(),
            Now::At(moment) => moment,
            Now::Written(written) => zone.moment(&written).or_status()?,
        };
        let request = QueryRequest {
            parameters: context.parameters,
            zone: Some(zone.name().to_owned()),
            unknown_values: context.unknown_values,
            memory_bytes_max: call.limits().query_memory_bytes,
            stop: call.run().stop(),
            ..QueryRequest::at(now_unix_ms)
        };
        Ok(Asked { view, entity_type, zone, request })
    }

    pub(crate) fn snapshot(&self) -> &Snapshot {
        self.view.snapshot()
    }

    /// Reads, plans and binds `text`.
    pub(crate) fn prepare(&self, text: &str) -> muster_engine::Result<Prepared> {
        self.view.prepare(self.entity_type.id, text, &self.request)
    }

    /// The tag of the question's type with this name or label.
    pub(crate) fn tag(&self, name: &str) -> Result<&Tag, Status> {
        self.view.tag(self.entity_type.id, name).or_status()
    }

    /// The status of a question about a key that no entity has.
    pub(crate) fn unknown_key(&self, key: &EntityKey) -> Status {
        let message = format!("{} has no entity with the key {key}", self.entity_type.name);
        status::of(&Error::not_found(message))
    }
}

/// Nanoseconds since `started`.
pub(crate) fn elapsed_ns(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX)
}
