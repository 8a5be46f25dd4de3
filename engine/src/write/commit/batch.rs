//! A batch, an atomic write: changes of entities that are applied together or not at all, by the names that a caller
//! knows.

use crate::catalog::{EntityKey, Value};

/// The most changes that one batch may hold, over all its entities.
pub(crate) const BATCH_CHANGES_MAX: usize = 1_000_000;
/// The most entities that one batch may name.
pub(crate) const BATCH_ENTITIES_MAX: usize = 1_000_000;
/// The longest name of a source, in bytes.
pub(crate) const SOURCE_BYTES_MAX: usize = 256;
/// The most sources whose last sequence a space remembers.
pub(crate) const SOURCES_MAX: usize = 50_000;

/// Changes applied together or not at all, in the order in which they stand.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// The entity type that all keys and tags of the batch belong to.
    pub type_name: String,
    /// Who sends the batch, and the batch's number there. The numbers of one source rise and are sent in order: a
    /// repeat of the last one changes nothing and gets its first reply, an older one is refused as already applied.
    pub source: Option<(String, u64)>,
    /// The entities and their changes; a key may stand here more than once.
    pub entities: Vec<EntityChanges>,
}

impl Batch {
    /// Changes of entities of one type, from nobody in particular.
    pub fn new(type_name: impl Into<String>, entities: impl IntoIterator<Item = EntityChanges>) -> Batch {
        Batch { type_name: type_name.into(), source: None, entities: entities.into_iter().collect() }
    }

    /// Whether it only takes away, which goes on when the disk is full.
    pub(crate) fn only_deletes(&self) -> bool {
        let deletes = |change: &Change| matches!(change, Change::Remove { .. } | Change::Clear { .. } | Change::Erase);
        // Without any change the entity becomes known.
        self.entities.iter().all(|entity| !entity.changes.is_empty() && entity.changes.iter().all(deletes))
    }
}

/// The changes of one entity, in order.
#[derive(Clone, Debug, PartialEq)]
pub struct EntityChanges {
    /// The key, of the kind that the type declares.
    pub key: EntityKey,
    /// What happens to the entity.
    pub changes: Vec<Change>,
}

/// One change of one entity.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Gives `tag` a value: replaces it for a choice or a number, adds to a set (every value of a list), sets a flag
    /// (`false` clears it). Makes the key known.
    Set {
        /// The tag, by name or label.
        tag: String,
        /// A value of the tag's kind.
        value: Value,
    },
    /// Takes one value out of a set tag.
    Remove {
        /// The tag, by name or label.
        tag: String,
        /// The value, byte for byte.
        value: String,
    },
    /// Takes the whole tag away.
    Clear {
        /// The tag, by name or label.
        tag: String,
    },
    /// Makes the key known and changes nothing else.
    Touch,
    /// Removes the entity from everything. The key is unknown afterwards; when it returns it is a new entity.
    Erase,
}

impl EntityChanges {
    /// Changes of the entity `key`.
    pub fn new(key: impl Into<EntityKey>, changes: Vec<Change>) -> EntityChanges {
        EntityChanges { key: key.into(), changes }
    }
}

impl Change {
    /// The change that gives `tag` the value `value`.
    pub fn set(tag: impl Into<String>, value: Value) -> Change {
        Change::Set { tag: tag.into(), value }
    }

    /// The change that takes `value` out of the set `tag`.
    pub fn remove(tag: impl Into<String>, value: impl Into<String>) -> Change {
        Change::Remove { tag: tag.into(), value: value.into() }
    }

    /// The change that takes `tag` away.
    pub fn clear(tag: impl Into<String>) -> Change {
        Change::Clear { tag: tag.into() }
    }
}
