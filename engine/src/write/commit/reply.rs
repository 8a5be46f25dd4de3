//! What the writer answers.

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
}

/// What a load is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadSpec {
    /// The entity type of all rows.
    pub type_id: TypeId,
    /// A name that the caller chooses; the repeat of a committed one answers its first result.
    pub load_id: String,
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
