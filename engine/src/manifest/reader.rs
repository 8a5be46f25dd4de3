//! Finding and reading the newest manifest.

use super::Manifest;
use super::format::{self, MANIFEST_BYTES_MAX, MANIFEST_DIR};
use crate::error::{Error, ErrorKind, Result};
use crate::ids::FileNumber;
use crate::storage::Storage;

/// The numbers of the manifests that exist, rising; none when the store was never made.
pub(crate) fn list_numbers(storage: &dyn Storage) -> Result<Vec<FileNumber>> {
    let names = match storage.list(MANIFEST_DIR) {
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        names => names?,
    };
    let mut numbers: Vec<FileNumber> = names.iter().filter_map(|name| format::number_of(name)).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// Manifest `number`. Errors: not found; corrupt; invalid, when a newer program wrote it.
pub(crate) fn load(storage: &dyn Storage, number: FileNumber) -> Result<Manifest> {
    let path = format::path(number);
    let bytes = storage.read(&path, MANIFEST_BYTES_MAX)?;
    format::decode(&bytes, number).map_err(|error| error.context(path))
}

/// The store: the manifest with the highest number, or `None` when there is none at all.
///
/// Errors: corrupt, when it does not verify; the message says what an older one would lose. Nothing falls back by
/// itself.
pub(crate) fn load_newest(storage: &dyn Storage) -> Result<Option<Manifest>> {
    let numbers = list_numbers(storage)?;
    let Some((&newest, older)) = numbers.split_last() else {
        return Ok(None);
    };
    match load(storage, newest) {
        Err(error) if error.kind() == ErrorKind::Corrupt => Err(with_cost(storage, &error, newest, older)),
        manifest => manifest.map(Some),
    }
}

/// The same error with what going back would cost.
fn with_cost(storage: &dyn Storage, error: &Error, newest: FileNumber, older: &[FileNumber]) -> Error {
    let message = error.message();
    let Some(manifest) = older.iter().rev().find_map(|&number| load(storage, number).ok()) else {
        return Error::corrupt(format!("{message}; no older manifest verifies: restore a backup"));
    };
    let last_part = manifest.next_part.0 - 1;
    Error::corrupt(format!(
        "{message}; the newest older one that verifies is {}: it holds {} parts up to batch {}, so going back to it \
         would lose everything that manifests {} to {newest} brought: later batches whose log was retired, and all \
         parts above {last_part}",
        format::path(manifest.number),
        manifest.parts.len(),
        manifest.seq,
        manifest.number.next(),
    ))
}
