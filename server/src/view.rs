//! A space as one caller may see it: a snapshot of its data, and of its catalog what the caller may know.
//!
//! Spaces, types, tags and audiences are found by their names here and nowhere else, so that what a caller may not see
//! is unknown to it in every answer alike. An anonymous caller sees all of it. The engine finds names by itself in two
//! places: in texts, all of which pass the functions at the end of this file, and in what is written (batches, changes
//! of the catalog, loads), where it matters what a caller may do, not what it may see.

use std::sync::Arc;

use muster_engine::Snapshot;
use muster_engine::catalog::{Audience, AudienceVersion, Catalog, EntityType, Tag};
use muster_engine::query::Prepared;
use muster_engine::query::plan::{QueryRequest, StoredAudience, last_known_text, store_audience, today_text};
use muster_engine::{Error, Result};
use muster_engine::{Seq, TagId, TypeId};
use muster_store::Space;
use tonic::{Code, Status};

use crate::entrance::{Call, Caller, Identity};
use crate::shared::Shared;
use crate::status::{self, OrStatus};

/// See the module.
pub(crate) struct View {
    caller: Caller,
    space: Arc<Space>,
    snapshot: Snapshot,
}

/// The space of that name, the default one where it is empty: for those who change it, and keep no version.
pub(crate) fn find_space(shared: &Shared, call: &Call, name: &str) -> std::result::Result<Arc<Space>, Status> {
    match call.caller().identity() {
        Identity::Anonymous => shared.store.space(name).or_status(),
    }
}

impl View {
    /// The newest version of the space of that name.
    pub(crate) fn of(shared: &Shared, call: &Call, name: &str) -> std::result::Result<View, Status> {
        Ok(View::new(find_space(shared, call, name)?, call))
    }

    /// The newest version of `space`.
    pub(crate) fn new(space: Arc<Space>, call: &Call) -> View {
        View { caller: *call.caller(), snapshot: space.snapshot(), space }
    }

    /// The newest version of the same space: of now, if this one was made before.
    pub(crate) fn renewed(&self) -> View {
        View { caller: self.caller, snapshot: self.space.snapshot(), space: Arc::clone(&self.space) }
    }

    /// The same space at `version`, which must be this one or kept.
    pub(crate) fn at(self, version: Seq) -> std::result::Result<View, Status> {
        if version == self.snapshot.version() {
            return Ok(self);
        }
        let snapshot = self.space.leases().find(version).ok_or_else(|| version_gone(version))?;
        Ok(View { snapshot, ..self })
    }

    /// Keeps this version for a lease.
    pub(crate) fn keep(&self) {
        self.space.leases().keep(&self.snapshot);
    }

    pub(crate) fn space(&self) -> &Space {
        &self.space
    }

    /// The data: nothing in it is found by a name of the catalog.
    pub(crate) fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// What all that follows is found in.
    fn catalog(&self) -> &Catalog {
        match self.caller.identity() {
            Identity::Anonymous => self.snapshot.catalog(),
        }
    }

    pub(crate) fn types(&self) -> impl Iterator<Item = &EntityType> {
        self.catalog().types()
    }

    /// The type that a request names, or the only one if it names none.
    pub(crate) fn entity_type(&self, name: &str) -> Result<&EntityType> {
        if !name.is_empty() {
            return self.catalog().require_type(name);
        }
        let mut types = self.types();
        match (types.next(), types.next()) {
            (Some(only), None) => Ok(only),
            (None, _) => Err(Error::not_found("create an entity type first: the space has none")),
            (Some(_), Some(_)) => {
                let names: Vec<&str> = self.types().map(|entity_type| entity_type.name.as_str()).collect();
                Err(Error::invalid(format!(
                    "say which entity type, with --type NAME or in the shell \\use NAME (entity_type in a request): \
                     the space has {}",
                    names.join(", ")
                )))
            }
        }
    }

    /// The type with this name or label, if there is one.
    pub(crate) fn type_named(&self, name: &str) -> Option<&EntityType> {
        self.catalog().type_named(name)
    }

    pub(crate) fn type_of(&self, id: TypeId) -> Option<&EntityType> {
        self.catalog().entity_type(id)
    }

    /// The tag with this name or label.
    pub(crate) fn tag(&self, owner: TypeId, name: &str) -> Result<&Tag> {
        self.catalog().require_tag(owner, name)
    }

    pub(crate) fn tag_of(&self, id: TagId) -> Option<&Tag> {
        self.catalog().tag(id)
    }

    pub(crate) fn tags_of(&self, owner: TypeId) -> impl Iterator<Item = &Tag> {
        self.catalog().tags_of(owner)
    }

    pub(crate) fn audience(&self, owner: TypeId, name: &str) -> Result<&Audience> {
        self.catalog().require_audience(owner, name)
    }

    pub(crate) fn audience_named(&self, owner: TypeId, name: &str) -> Option<&Audience> {
        self.catalog().audience_named(owner, name)
    }

    pub(crate) fn audiences_of(&self, owner: TypeId) -> impl Iterator<Item = &Audience> {
        self.catalog().audiences_of(owner)
    }
}

/// Texts, in which the engine finds the names by itself, in all of the catalog: whoever may see less is to be refused
/// here, by what the plan holds.
impl View {
    /// Reads, plans and binds `text`.
    pub(crate) fn prepare(&self, owner: TypeId, text: &str, request: &QueryRequest) -> Result<Prepared> {
        self.snapshot.prepare(owner, text, request)
    }

    /// The same for several, kept for who asks again.
    pub(crate) fn prepare_kept(
        &self,
        owner: TypeId,
        texts: &[&str],
        request: &QueryRequest,
    ) -> Vec<Result<Arc<Prepared>>> {
        self.snapshot.prepare_kept(owner, texts, request)
    }

    /// `text` as the audience `name` keeps it.
    pub(crate) fn store(
        &self,
        owner: TypeId,
        name: &str,
        text: &str,
        request: &QueryRequest,
    ) -> Result<StoredAudience> {
        store_audience(&self.snapshot, owner, name, text, request)
    }

    /// What an audience keeps, with today's names, and with the last known ones of what is gone.
    pub(crate) fn text_of(&self, owner: TypeId, version: &AudienceVersion) -> String {
        today_text(&self.snapshot, owner, &version.stored)
            .or_else(|_| last_known_text(&self.snapshot, owner, &version.stored))
            .unwrap_or_else(|error| error.message().to_owned())
    }
}

/// The snapshot of a token or of a request is no longer kept.
fn version_gone(version: Seq) -> Status {
    status::refuse(
        Code::FailedPrecondition,
        "VERSION_GONE",
        format!("start again without a page token or version: version {version} is gone"),
    )
}
