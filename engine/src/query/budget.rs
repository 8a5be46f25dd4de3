//! The memory of one query: what grows with the data is charged before or as it grows, and refused at the limit.
//!
//! What threads need to evaluate is counted beyond a fixed size. The pages of mapped parts are the page cache's.

use crate::error::{Error, Result};

/// What is left of a query's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::query) struct Budget {
    bytes_max: u64,
    used: u64,
}

/// What an allocation costs beside its bytes.
pub(in crate::query) const ALLOCATION_BYTES: u64 = 16;

impl Budget {
    /// Nothing is used of `bytes_max`.
    pub(in crate::query) fn new(bytes_max: u64) -> Budget {
        Budget { bytes_max, used: 0 }
    }

    /// What is taken.
    pub(in crate::query) fn used(&self) -> u64 {
        self.used
    }

    /// Takes `bytes` for `what`. Errors: limit.
    pub(in crate::query) fn charge(&mut self, bytes: u64, what: &str) -> Result<()> {
        self.used = self.used.saturating_add(bytes);
        self.check(0, what)
    }

    /// Gives `bytes` back that were taken.
    pub(in crate::query) fn give_back(&mut self, bytes: u64) {
        self.used = self.used.saturating_sub(bytes);
    }

    /// How many things of `bytes_each` still fit.
    pub(in crate::query) fn room_for(&self, bytes_each: u64) -> usize {
        usize::try_from(self.bytes_max.saturating_sub(self.used) / bytes_each.max(1)).unwrap_or(usize::MAX)
    }

    /// Whether `bytes` more than what is charged still fit. Errors: limit.
    pub(in crate::query) fn check(&self, bytes: u64, what: &str) -> Result<()> {
        match self.used.saturating_add(bytes) > self.bytes_max {
            true => Err(over(self.bytes_max, what)),
            false => Ok(()),
        }
    }
}

/// The refusal: what to do, then what took too much.
#[cold]
pub(in crate::query) fn over(bytes_max: u64, what: &str) -> Error {
    Error::limit(format!(
        "narrow the question, or raise query_memory_bytes: {what} would take more than the {bytes_max} bytes of one \
         query"
    ))
}
