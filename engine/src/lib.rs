//! The muster database as a synchronous library: no async, no network, no argument parsing.

mod background;
pub mod backup;
pub mod bitmap;
pub mod catalog;
pub mod check;
#[allow(dead_code, reason = "readers and writers of one layout stand side by side")]
mod codec;
pub mod columns;
#[cfg(test)]
mod dump;
pub mod engine;
pub mod error;
mod formats;
pub mod ids;
#[allow(dead_code, unused_imports, reason = "some of it serves only its tests")]
mod keys;
#[allow(dead_code, unused_imports, reason = "some of it serves only its tests")]
mod manifest;
pub mod options;
pub mod part;
pub mod query;
pub mod snapshot;
pub mod storage;
mod threads;
#[allow(dead_code, unused_imports, reason = "some of it serves only its tests")]
mod wal;
pub mod write;

pub use engine::Engine;

pub use error::{Error, ErrorKind, QueryFault, Result, is_full};
pub use options::Options;
pub use threads::ThreadPool;
