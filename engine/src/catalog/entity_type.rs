//! An entity type: a population with its own ids and tags.

use crate::catalog::kind::KeyKind;
use crate::ids::{TagId, TypeId};

/// A population with its own ids and tags.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EntityType {
    /// Its number.
    pub id: TypeId,
    /// Its name, in stored spelling.
    pub name: String,
    /// A second name.
    pub label: Option<String>,
    /// What its keys are. Never changes.
    pub key: KeyKind,
    /// The tag number under which `live` and `erased` lie, and the keys in the dictionary. Never changes.
    pub population: TagId,
    /// What it is, for people.
    pub description: String,
}
