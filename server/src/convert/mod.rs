//! Between the wire and the engine: the only place that knows both.

pub(crate) mod answers;
pub(crate) mod batch;
pub(crate) mod catalog;
pub(crate) mod context;
pub(crate) mod durability;
pub(crate) mod error;
pub(crate) mod reply;
pub(crate) mod span;
pub(crate) mod token;
pub(crate) mod value;
