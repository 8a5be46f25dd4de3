//! The file lock: who holds a store.

use std::fmt;

use crate::error::{Error, Result};

/// The longest lock file that is read.
pub(crate) const LOCK_BYTES_MAX: u64 = 4096;

/// The process that holds a store and where it answers; this is the text of a lock file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LockHolder {
    /// The number of the process.
    pub process: u32,
    /// Where it answers; empty while it answers nowhere.
    pub address: String,
}

impl LockHolder {
    /// The lock file of a space.
    pub const FILE: &str = "LOCK";
    /// The longest lock file that is read, in bytes.
    pub const BYTES_MAX: u64 = LOCK_BYTES_MAX;

    /// This process, answering at `address`.
    pub fn here(address: &str) -> LockHolder {
        LockHolder { process: std::process::id(), address: address.to_owned() }
    }

    /// The holder that the bytes of a lock file name; `None` when they name nobody.
    pub fn parse(bytes: &[u8]) -> Option<LockHolder> {
        let mut lines = std::str::from_utf8(bytes).ok()?.lines();
        let process = lines.next()?.parse().ok()?;
        Some(LockHolder { process, address: lines.next().unwrap_or_default().to_owned() })
    }

    /// The bytes of the lock file.
    pub fn to_bytes(&self) -> Vec<u8> {
        format!("{}\n{}\n", self.process, self.address.replace(['\n', '\r'], " ")).into_bytes()
    }

    /// The error of the one who comes second; `bytes` is the lock file, as far as it could be read.
    pub(super) fn conflict(path: &str, bytes: &[u8]) -> Error {
        match LockHolder::parse(bytes) {
            Some(holder) => Error::conflict(format!("the store is held by {holder} ({path})")),
            None => Error::conflict(format!("the store is held by another process ({path})")),
        }
    }
}

impl fmt::Display for LockHolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {}", self.process)?;
        if !self.address.is_empty() {
            write!(f, " at {}", self.address)?;
        }
        Ok(())
    }
}

/// A held lock; dropping it lets go.
pub trait LockGuard: Send + Sync {
    /// Says where this process answers, once that is known.
    fn announce(&self, address: &str) -> Result<()>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_file_says_who_holds_it() {
        let holder = LockHolder { process: 7, address: "127.0.0.1:7700".into() };
        assert_eq!(LockHolder::parse(&holder.to_bytes()), Some(holder.clone()));
        assert_eq!(holder.to_string(), "process 7 at 127.0.0.1:7700");
        assert_eq!(LockHolder::parse(b"nobody"), None);
    }
}
