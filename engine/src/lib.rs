//! The muster database as a synchronous library: no async, no network, no argument parsing.

pub mod catalog;
#[allow(dead_code, reason = "its callers arrive with the modules above")]
mod codec;
pub mod columns;
pub mod error;
pub mod ids;
pub mod query;
pub mod storage;

pub use error::{Error, ErrorKind, QueryFault, Result};
