//! Between the wire and the engine: here messages are taken apart and put together, and nowhere else. The services
//! name whole requests and replies.

pub(crate) mod admin;
pub(crate) mod answers;
pub(crate) mod batch;
pub(crate) mod catalog;
pub(crate) mod context;
pub(crate) mod durability;
pub(crate) mod loads;
pub(crate) mod members;
pub(crate) mod membership;
pub(crate) mod problem;
pub(crate) mod reply;
pub(crate) mod span;
pub(crate) mod token;
pub(crate) mod value;
