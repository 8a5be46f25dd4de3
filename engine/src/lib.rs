//! The muster database as a synchronous library: no async, no network, no argument parsing.

pub mod catalog;
pub mod columns;
pub mod error;
pub mod ids;

pub use error::{Error, ErrorKind, Result};
