//! Publishing manifests atomically, and the retirement of old ones.

use super::Manifest;
use super::format::{self, MANIFEST_DIR};
use super::reader::list_numbers;
use crate::error::Result;
use crate::ids::FileNumber;
use crate::storage::publish::by_link;
use crate::storage::{Fence, Storage};

/// Makes `manifest` the store, durably.
///
/// REQUIRES: its number is above all that exist; its parts and its log floor are durable.
/// Errors: limit, when the disk is full or the manifest too large: nothing has changed; conflict, when its number
/// exists; read-only. A failure of the storage trips the fence.
pub(crate) fn publish(storage: &dyn Storage, fence: &Fence, manifest: &Manifest) -> Result<()> {
    fence.check()?;
    let bytes = format::encode(manifest)?;
    fence.guard(storage.create_dir(MANIFEST_DIR).and_then(|()| storage.sync_dir("")))?;
    by_link(storage, fence, &format::path(manifest.number), |writer| writer.write_all(&bytes))?;
    Ok(())
}

/// Removes all manifests but the newest and the `kept` before it. Returns those that are left, as parts that they name
/// must stay.
pub(crate) fn retire(storage: &dyn Storage, kept: usize) -> Result<Vec<FileNumber>> {
    let mut numbers = list_numbers(storage)?;
    let old_count = numbers.len().saturating_sub(kept.saturating_add(1));
    for number in numbers.drain(..old_count) {
        storage.remove(&format::path(number))?;
    }
    Ok(numbers)
}
