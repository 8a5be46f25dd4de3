//! What the writer answers.

use std::collections::BTreeMap;

use crate::catalog::{Catalog, Tag};
use crate::ids::{Seq, TagId, TypeId};

use crate::write::commit::record::{BatchRecord, NewValue};

/// What comes back from the gate.
pub(crate) enum Reply {
    Written(Written),
    Changed(Changed),
}

/// The answer to a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Written {
    /// The batch's place in the one order: a snapshot of this version or a later one holds it.
    pub seq: Seq,
    /// Everything up to this seq survives a power cut.
    pub durable: Seq,
    /// The source sent this sequence before; the reply is the first one and nothing changed now.
    pub repeated: bool,
    /// How many remove, clear and erase changes named an unknown key, and therefore changed nothing.
    pub unknown_entities: u64,
    /// How many keys became known.
    pub new_entities: u64,
    /// Values that tags with open lists had not had before, the first [`NEW_VALUES_TOLD_MAX`] of them; none for a
    /// repeat.
    pub new_values: Vec<(TagId, String)>,
}

/// The most new values that the answer to a batch names.
pub(crate) const NEW_VALUES_TOLD_MAX: usize = 10;

/// The answer to a change of the catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Changed {
    /// The change's place in the one order.
    pub seq: Seq,
    /// Everything up to this seq survives a power cut.
    pub durable: Seq,
    /// The type that was created or changed, where the change names one.
    pub type_id: Option<TypeId>,
    /// The tag that was created or changed, where the change names one.
    pub tag_id: Option<TagId>,
}

/// The answer to a load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Loaded {
    /// The version at which the load became visible.
    pub seq: Seq,
    /// The load's place in the one order: batches after it win over its rows.
    pub load_seq: Seq,
    /// How many rows it had.
    pub rows: u64,
    /// How many different keys it named.
    pub entities: u64,
    /// How many of them were unknown when the load began.
    pub new_entities: u64,
    /// How many values of choice and set tags it made known.
    pub new_values: u64,
    /// A load of this id was committed before; the reply is the first one and nothing changed now.
    pub repeated: bool,
    /// The digest of what it read, where the load had one ([`LoadSpec::content`]).
    pub content: Option<[u8; 16]>,
}

/// What a load does with a tag of those who have it already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LoadMode {
    /// Who is named gets what the rows say; all others keep what they had.
    #[default]
    Upsert,
    /// The tag is afterwards what the rows say. Who is not named loses it, and so does who is named with a null; what
    /// small writes have set since the load began stays.
    Replace,
    /// Only entities that were unknown when the load began get the tag.
    Append,
}

impl LoadMode {
    /// All of them.
    pub const ALL: [LoadMode; 3] = [LoadMode::Upsert, LoadMode::Replace, LoadMode::Append];

    /// The mode as mappings and command lines write it.
    pub const fn name(self) -> &'static str {
        match self {
            LoadMode::Upsert => "upsert",
            LoadMode::Replace => "replace",
            LoadMode::Append => "append",
        }
    }
}

/// What a load is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadSpec {
    /// The entity type of all rows.
    pub type_id: TypeId,
    /// A name that the caller chooses; the repeat of a committed one answers its first result.
    pub load_id: String,
    /// What is done with each tag; [`LoadMode::Upsert`] with those that do not stand here. A tag to replace is replaced
    /// though no row has a column for it.
    pub modes: BTreeMap<TagId, LoadMode>,
    /// A digest of 128 bits of what is read, by which a repeat is told from another load. A load of a committed id with
    /// another one is refused; without one, on either side, the id alone counts.
    pub content: Option<[u8; 16]>,
}

impl LoadSpec {
    /// A load that upserts all its tags and is known by its id alone.
    pub fn new(type_id: TypeId, load_id: impl Into<String>) -> LoadSpec {
        LoadSpec { type_id, load_id: load_id.into(), modes: BTreeMap::new(), content: None }
    }
}

/// The first values that tags with open lists got with `record`.
pub(crate) fn new_values(catalog: &Catalog, record: &BatchRecord) -> Vec<(TagId, String)> {
    let is_open = |new: &&NewValue| {
        let declares = |tag: &Tag| tag.values.iter().any(|declared| declared.value == new.text);
        catalog.tag(new.tag).is_some_and(|tag| !tag.closed_values && !declares(tag))
    };
    let told = record.values.iter().filter(is_open).take(NEW_VALUES_TOLD_MAX);
    told.map(|new| (new.tag, new.text.clone())).collect()
}
