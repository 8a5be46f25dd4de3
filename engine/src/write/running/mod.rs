//! A running load as the commit knows it: its place in the order, which is a barrier for merges, and its young names.
//!
//! It stands below the commit and the load, which both ask it for names.

pub(crate) mod names;
pub(crate) mod young;

use parking_lot::Mutex;

use self::young::Young;
use crate::ids::{Seq, TypeId};

/// See the module.
pub(crate) struct Running {
    pub(crate) seq: Seq,
    pub(crate) type_id: TypeId,
    pub(crate) young: Mutex<Young>,
}
