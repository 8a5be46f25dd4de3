//! The catalog: all names of a space. Types, tags and audiences; values and keys live in the dictionaries.
//!
//! A [`Catalog`] is an immutable value, cheap to clone. A change goes two steps: [`Catalog::resolve`] checks what a
//! user asks by names and turns it into a [`CatalogRecord`] with ids, which the log keeps; [`Catalog::apply`] makes
//! the next catalog from a record, the same one whenever the same records are applied in order. The next ids are part
//! of the catalog, so that no id is given twice, not after a drop and not after a restart.
//!
//! Invariants: within a type no name or label of a tag equals another's, likewise for types; audiences have names of
//! their own. Every tag and audience belongs to a type of the catalog. An audience may use ids that are gone: that is
//! what a drop with force leaves.

mod audience;
mod change;
mod entity_type;
pub(crate) mod key;
mod kind;
pub(crate) mod limits;
pub(crate) mod moment;
pub(crate) mod name;
mod tag;
mod value;
mod zone;

mod apply;
mod format;
mod format_audience;
mod record;
mod resolve;
mod resolve_audience;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use muster_language::suggest::did_you_mean;

pub use audience::{Audience, AudienceUse, AudienceVersion};
pub use change::{AudienceSpec, CatalogChange};
pub use entity_type::EntityType;
pub use key::EntityKey;
pub use kind::{KeyKind, TagKind};
pub use name::{check_name, normalize_name};
pub(crate) use record::CatalogRecord;
pub use tag::{DeclaredValue, Layer, Sensitivity, Tag, TagChange, TagDefinition, TagSpec};
pub use value::Value;
pub use zone::Zone;

use crate::catalog::name::shown;
use crate::error::{Error, Result};
use crate::ids::{AudienceId, TagId, TypeId};

/// All names of a space at one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Catalog(Arc<Inner>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Inner {
    types: BTreeMap<TypeId, Arc<TypeEntry>>,
    /// Names and labels of types.
    type_names: BTreeMap<Arc<str>, TypeId>,
    tags: BTreeMap<TagId, Arc<Tag>>,
    populations: BTreeMap<TagId, TypeId>,
    /// By the number of hidden dates: the tag whose writes they date.
    write_dates: BTreeMap<TagId, TagId>,
    audiences: BTreeMap<AudienceId, Arc<Audience>>,
    next: NextIds,
}

/// A type and what belongs to it, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
struct TypeEntry {
    entity_type: EntityType,
    tags: BTreeMap<Arc<str>, TagId>,
    tag_labels: BTreeMap<Arc<str>, TagId>,
    audiences: BTreeMap<Arc<str>, AudienceId>,
}

/// The next numbers to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct NextIds {
    entity_type: u32,
    tag: u32,
    audience: u32,
}

impl Default for Catalog {
    fn default() -> Catalog {
        Catalog::empty()
    }
}

impl Catalog {
    /// The catalog of a new space.
    pub fn empty() -> Catalog {
        Catalog(Arc::new(Inner::empty()))
    }

    /// All types, by rising id.
    pub fn types(&self) -> impl Iterator<Item = &EntityType> {
        self.0.types.values().map(|entry| &entry.entity_type)
    }

    /// The type with this id.
    pub fn entity_type(&self, id: TypeId) -> Option<&EntityType> {
        self.0.types.get(&id).map(|entry| &entry.entity_type)
    }

    /// The type with this name or label.
    pub fn type_named(&self, name: &str) -> Option<&EntityType> {
        let id = self.0.type_names.get(&*normalize_name(name))?;
        self.entity_type(*id)
    }

    /// The type with this name or label. Errors: not found, with the nearest name.
    pub fn require_type(&self, name: &str) -> Result<&EntityType> {
        self.type_named(name).ok_or_else(|| {
            let hint = did_you_mean(name, self.0.type_names.keys().map(|name| &**name));
            Error::not_found(format!("there is no entity type `{}`{hint}", shown(name)))
        })
    }

    /// The tag with this id.
    pub fn tag(&self, id: TagId) -> Option<&Tag> {
        self.0.tags.get(&id).map(|tag| &**tag)
    }

    /// The tag of a type with this name, else with this label.
    pub fn tag_named(&self, type_id: TypeId, name: &str) -> Option<&Tag> {
        let entry = self.0.types.get(&type_id)?;
        let name = normalize_name(name);
        let id = entry.tags.get(&*name).or_else(|| entry.tag_labels.get(&*name))?;
        self.tag(*id)
    }

    /// The tag of a type with this name or label. Errors: not found, with the nearest name.
    pub fn require_tag(&self, type_id: TypeId, name: &str) -> Result<&Tag> {
        self.tag_named(type_id, name).ok_or_else(|| {
            let hint = did_you_mean(name, self.tag_names(type_id));
            Error::not_found(format!("there is no tag `{}`{hint}", shown(name)))
        })
    }

    /// The tags of a type in name order.
    pub fn tags_of(&self, type_id: TypeId) -> impl Iterator<Item = &Tag> {
        let names = self.0.types.get(&type_id).map(|entry| entry.tags.values());
        names.into_iter().flatten().filter_map(|id| self.tag(*id))
    }

    /// The tags whose path goes on below `prefix`, at every depth, in name order, without the tag `prefix` itself.
    pub fn tags_below(&self, type_id: TypeId, prefix: &str) -> impl Iterator<Item = &Tag> {
        let first = format!("{}.", normalize_name(prefix));
        let names = self
            .0
            .types
            .get(&type_id)
            .map(|entry| entry.tags.range::<str, _>((Bound::Included(first.as_str()), Bound::Unbounded)));
        names
            .into_iter()
            .flatten()
            .take_while(move |(name, _)| name.starts_with(&first))
            .filter_map(|(_, id)| self.tag(*id))
    }

    /// The names and labels of a type's tags, for suggestions.
    pub fn tag_names(&self, type_id: TypeId) -> impl Iterator<Item = &str> {
        let entry = self.0.types.get(&type_id);
        entry.into_iter().flat_map(|entry| entry.tags.keys().chain(entry.tag_labels.keys())).map(|name| &**name)
    }

    /// The tag whose writes are dated under the number `id`.
    pub fn tag_dated_by(&self, id: TagId) -> Option<&Tag> {
        self.tag(*self.0.write_dates.get(&id)?)
    }

    /// Whether any tag dates its writes.
    pub(crate) fn has_write_dates(&self) -> bool {
        !self.0.write_dates.is_empty()
    }

    /// The tags with a time to live, by rising id.
    pub(crate) fn expiring_tags(&self) -> impl Iterator<Item = &Tag> {
        self.0.tags.values().map(|tag| &**tag).filter(|tag| tag.time_to_live_days.is_some())
    }

    /// The type and kind of what parts keep under a tag number: a tag, or the dates of its writes.
    pub(crate) fn stored_kind(&self, id: TagId) -> Option<(TypeId, TagKind)> {
        match self.tag(id) {
            Some(tag) => Some((tag.type_id, tag.kind)),
            None => self.tag_dated_by(id).map(|tag| (tag.type_id, TagKind::Date)),
        }
    }

    /// All numbers under which parts keep what is said of entities of a type.
    pub(crate) fn stored_tags_of(&self, type_id: TypeId) -> impl Iterator<Item = TagId> {
        self.tags_of(type_id).flat_map(|tag| std::iter::once(tag.id).chain(tag.write_dates.map(|dates| dates.tag)))
    }

    /// The type that owns a tag number: that of a tag, of the dates of its writes, or the population of a type.
    pub fn owner_of(&self, id: TagId) -> Option<TypeId> {
        match self.stored_kind(id) {
            Some((type_id, _)) => Some(type_id),
            None => self.0.populations.get(&id).copied(),
        }
    }

    /// Whether a tag number was given once and is gone, so that its bitmaps, keys and values are garbage.
    pub fn is_dropped(&self, id: TagId) -> bool {
        self.owner_of(id).is_none()
    }

    /// All audiences, by rising id.
    pub fn audiences(&self) -> impl Iterator<Item = &Audience> {
        self.0.audiences.values().map(|audience| &**audience)
    }

    /// The audience with this id.
    pub fn audience(&self, id: AudienceId) -> Option<&Audience> {
        self.0.audiences.get(&id).map(|audience| &**audience)
    }

    /// The audience of a type with this name.
    pub fn audience_named(&self, type_id: TypeId, name: &str) -> Option<&Audience> {
        let entry = self.0.types.get(&type_id)?;
        let id = entry.audiences.get(&*normalize_name(name))?;
        self.audience(*id)
    }

    /// The audience of a type with this name. Errors: not found, with the nearest name.
    pub fn require_audience(&self, type_id: TypeId, name: &str) -> Result<&Audience> {
        self.audience_named(type_id, name).ok_or_else(|| {
            let hint = did_you_mean(name, self.audience_names(type_id));
            Error::not_found(format!("there is no audience `{}`{hint}", shown(name)))
        })
    }

    /// The audiences of a type in name order.
    pub fn audiences_of(&self, type_id: TypeId) -> impl Iterator<Item = &Audience> {
        let names = self.0.types.get(&type_id).map(|entry| entry.audiences.values());
        names.into_iter().flatten().filter_map(|id| self.audience(*id))
    }

    /// The names of a type's audiences, for suggestions.
    pub fn audience_names(&self, type_id: TypeId) -> impl Iterator<Item = &str> {
        let entry = self.0.types.get(&type_id);
        entry.into_iter().flat_map(|entry| entry.audiences.keys()).map(|name| &**name)
    }

    /// One version of an audience: its latest, or the one that is pinned.
    pub fn audience_version(&self, used: AudienceUse) -> Option<&AudienceVersion> {
        let audience = self.audience(used.id)?;
        match used.version {
            None => Some(audience.latest()),
            Some(number) => audience.version(number),
        }
    }
}
