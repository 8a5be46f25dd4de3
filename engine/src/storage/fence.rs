//! The fence: after a write whose outcome is unknown nothing more is written.
//!
//! Log, parts and manifests of one space share one fence. The first failed sync, or other failed write, trips it for
//! good; reads go on, every later write is refused until the store is opened again. A full disk does not trip it: what
//! it refuses is known.

use std::sync::OnceLock;

use crate::error::{Error, ErrorKind, Result};

/// Whether a space may still be written to, and if not, why.
#[derive(Debug, Default)]
pub(crate) struct Fence {
    reason: OnceLock<String>,
    /// Nothing failed: the store was opened for questions only.
    only_reads: bool,
}

impl Fence {
    /// A fence that lets writes through.
    pub(crate) fn new() -> Fence {
        Fence::default()
    }

    /// A fence around a store that is opened for questions only.
    pub(crate) fn for_reading() -> Fence {
        let reason = "it is open for questions only".to_owned();
        Fence { reason: OnceLock::from(reason), only_reads: true }
    }

    /// Refuses all writes from now on. The first reason is kept.
    pub(crate) fn trip(&self, reason: impl Into<String>) {
        // A second reason is a consequence of the first.
        let _ = self.reason.set(reason.into());
    }

    /// Why writes are refused, if they are.
    pub(crate) fn reason(&self) -> Option<&str> {
        self.reason.get().map(String::as_str)
    }

    /// Errors: read-only, when the fence has tripped.
    pub(crate) fn check(&self) -> Result<()> {
        match self.reason() {
            None => Ok(()),
            Some(reason) if self.only_reads => Err(Error::read_only(format!(
                "open the store where it can be written to, and without --read-only, to change it: {reason}"
            ))),
            Some(reason) => {
                Err(Error::read_only(format!("restart to write again: an earlier write failed ({reason})")))
            }
        }
    }

    /// Passes the result of a write on; a failure of the storage other than a full disk trips the fence. What the
    /// storage has no part in, such as a write that was cancelled or that read corrupt bytes, does not.
    pub(crate) fn guard<T>(&self, result: Result<T>) -> Result<T> {
        if let Err(error) = &result
            && matches!(error.kind(), ErrorKind::Io | ErrorKind::NotFound | ErrorKind::Conflict | ErrorKind::Internal)
        {
            self.trip(format!("{error:#}"));
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_failure_is_kept_for_good() {
        let fence = Fence::new();
        assert!(fence.guard::<()>(Err(Error::limit("disk full"))).is_err());
        assert!(fence.guard::<()>(Err(Error::corrupt("a part it read"))).is_err());
        fence.check().unwrap();
        assert!(fence.guard::<()>(Err(Error::io("first"))).is_err());
        assert!(fence.guard::<()>(Err(Error::io("second"))).is_err());
        assert_eq!(fence.reason(), Some("first"));
        assert_eq!(fence.check().unwrap_err().kind(), ErrorKind::ReadOnly);
    }
}
