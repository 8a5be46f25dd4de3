//! The thread pool that the engines of a process share, and the only place that starts any.
//!
//! Opening a hundred stores on one [`ThreadPool`] costs no thread: long queries are helped by its [`Workers`], and what
//! runs in the background of each store is a task in one of its queues ([`tasks`]). A queue for each kind of work keeps
//! a long one of one kind, a compaction for example, from holding up what must not wait for it.

mod pool;
mod tasks;
mod workers;

pub use pool::ThreadPool;
pub(crate) use pool::{Crew, TaskHandle};
pub(crate) use tasks::Next;
pub(crate) use workers::{Job, Workers};
