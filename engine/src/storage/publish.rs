//! Atomic rename, how a file gets its final name: written under a temporary one, synced, named, and the directory
//! synced.
//!
//! So a file under a final name is whole. The two ways differ in the name: [`by_rename`] is for names that nobody else
//! can have (parts, under numbers of their own), [`by_link`] for names that must be refused if they exist (manifests).
//! On a full disk nothing is left behind and the error is a limit; any other failure trips the fence.

use super::{AlignedWriter, Fence, Storage, parent};
use crate::error::{ErrorKind, Result};

/// The end of every temporary name; files that have it are left over from a crash and may be removed.
pub(crate) const TEMPORARY_SUFFIX: &str = ".tmp";

/// Publishes what `fill` writes as `path`, replacing nothing that matters. Returns the length of the file.
pub(crate) fn by_rename(
    storage: &dyn Storage,
    fence: &Fence,
    path: &str,
    fill: impl FnOnce(&mut AlignedWriter) -> Result<()>,
) -> Result<u64> {
    fence.check()?;
    let temporary = format!("{path}{TEMPORARY_SUFFIX}");
    let result = write_temporary(storage, &temporary, fill).and_then(|len| {
        storage.rename(&temporary, path)?;
        storage.sync_dir(parent(path))?;
        Ok(len)
    });
    conclude(storage, fence, &temporary, result)
}

/// Publishes what `fill` writes as `path`. Errors: conflict, when `path` exists. Returns the length of the file.
pub(crate) fn by_link(
    storage: &dyn Storage,
    fence: &Fence,
    path: &str,
    fill: impl FnOnce(&mut AlignedWriter) -> Result<()>,
) -> Result<u64> {
    fence.check()?;
    let temporary = format!("{path}{TEMPORARY_SUFFIX}");
    let result = write_temporary(storage, &temporary, fill).and_then(|len| {
        storage.hard_link(&temporary, path)?;
        let named = storage.remove(&temporary).and_then(|()| storage.sync_dir(parent(path)));
        if let Err(error) = &named {
            // The name is given although the caller hears of a failure, even if that is a full disk.
            fence.trip(format!("{error:#}"));
        }
        named.map(|()| len)
    });
    conclude(storage, fence, &temporary, result)
}

/// Removes the temporary files that a crash left in `dir`; returns how many.
pub(crate) fn remove_temporaries(storage: &dyn Storage, dir: &str) -> Result<usize> {
    let mut count = 0;
    for name in storage.list(dir)?.iter().filter(|name| name.ends_with(TEMPORARY_SUFFIX)) {
        storage.remove(&if dir.is_empty() { name.clone() } else { format!("{dir}/{name}") })?;
        count += 1;
    }
    Ok(count)
}

fn write_temporary(
    storage: &dyn Storage,
    temporary: &str,
    fill: impl FnOnce(&mut AlignedWriter) -> Result<()>,
) -> Result<u64> {
    remove_if_there(storage, temporary)?;
    let mut writer = AlignedWriter::new(storage.create(temporary)?);
    fill(&mut writer)?;
    writer.finish()
}

/// A name left over from an attempt that the disk had no room for may be in the way.
pub(crate) fn remove_if_there(storage: &dyn Storage, path: &str) -> Result<()> {
    match storage.remove(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn conclude(storage: &dyn Storage, fence: &Fence, temporary: &str, result: Result<u64>) -> Result<u64> {
    if result.is_err() {
        // The first error is the one to tell; a temporary name that stays is removed by the next attempt or start.
        let _ = storage.remove(temporary);
    }
    fence.guard(result)
}
