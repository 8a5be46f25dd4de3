//! What the log keeps of a change of the catalog: ids instead of names, nothing left to decide.

use crate::catalog::audience::{AudienceHead, AudienceVersion};
use crate::catalog::entity_type::EntityType;
use crate::catalog::tag::Tag;
use crate::ids::{AudienceId, TagId, TypeId};

/// A resolved change of the catalog.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CatalogRecord {
    /// A type is new, or stands with other words than before.
    PutType(EntityType),
    /// A type is gone, with its tags and audiences.
    DropType(TypeId),
    /// A tag is new, or stands with other words than before.
    PutTag(Box<Tag>),
    /// A tag is gone.
    DropTag(TagId),
    /// An audience is new, has a new version, or stands with other words than before.
    PutAudience {
        /// What is said about it.
        head: AudienceHead,
        /// Its new version, if it has one.
        version: Option<Box<AudienceVersion>>,
        /// Versions that are no longer kept, rising.
        forgotten: Vec<u64>,
    },
    /// An audience is gone.
    DropAudience(AudienceId),
}
