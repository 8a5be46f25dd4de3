//! What a reply to a batch promises.

use muster_engine::write::Durability;
use muster_proto::v1;

/// None where the caller does not say.
pub(crate) fn from_wire(durability: v1::Durability) -> Option<Durability> {
    match durability {
        v1::Durability::Unspecified => None,
        v1::Durability::Commit => Some(Durability::Commit),
        v1::Durability::Interval => Some(Durability::Interval),
        v1::Durability::None => Some(Durability::None),
    }
}

pub(crate) fn to_wire(durability: Durability) -> v1::Durability {
    match durability {
        Durability::Commit => v1::Durability::Commit,
        Durability::Interval => v1::Durability::Interval,
        Durability::None => v1::Durability::None,
    }
}
