//! Writers of streams: rows are written as they arrive, so that a stream of any length takes no memory.

mod members;
mod rejects;

pub use members::{MemberRows, Named, members};
pub use rejects::RejectRows;
