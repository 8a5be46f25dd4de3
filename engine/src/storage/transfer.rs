//! Files from one storage to another: linked where both lie on one file system, copied otherwise.
//!
//! A file keeps its path. Its bytes are durable in the target when a function returns; its name is after a sync of the
//! directory, which is the caller's.

use super::{AlignedWriter, Storage};
use crate::error::Result;

/// How a file came to its second storage.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Transfer {
    /// It has a second name; no byte was moved.
    Linked,
    /// It was read and written.
    Copied,
}

/// Brings a published file, which nobody changes any more, from `source` to `target`. Errors: conflict, when it exists.
pub(crate) fn link_or_copy(source: &dyn Storage, target: &dyn Storage, path: &str) -> Result<Transfer> {
    match target.link_from(source, path)? {
        true => Ok(Transfer::Linked),
        false => copy(source, target, path).map(|_| Transfer::Copied),
    }
}

/// Copies a file; returns its length. Errors: conflict, when it exists.
pub(crate) fn copy(source: &dyn Storage, target: &dyn Storage, path: &str) -> Result<u64> {
    let mut writer = AlignedWriter::new(target.create(path)?);
    source.scan(path, &mut |piece| writer.write_all(piece))?;
    writer.finish()
}
