//! A running load as the commit knows it: its place in the order, which is a barrier for merges, and its young names.

use parking_lot::Mutex;

use super::young::Young;
use crate::ids::{Seq, TypeId};

/// See the module.
pub(crate) struct Running {
    pub(crate) seq: Seq,
    pub(crate) type_id: TypeId,
    pub(crate) young: Mutex<Young>,
}
