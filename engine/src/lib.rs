//! The muster database as a synchronous library: no async, no network, no argument parsing.

pub mod bitmap;
pub mod catalog;
#[allow(dead_code, reason = "its callers arrive with the modules above")]
mod codec;
pub mod columns;
#[cfg(test)]
mod dump;
pub mod error;
pub mod ids;
#[allow(dead_code, unused_imports, reason = "its callers arrive above")]
mod keys;
#[allow(dead_code, unused_imports, reason = "its callers arrive above")]
mod manifest;
pub mod part;
pub mod query;
pub mod snapshot;
pub mod storage;
#[allow(dead_code, unused_imports, reason = "its callers arrive above")]
mod wal;

pub use error::{Error, ErrorKind, QueryFault, Result};
