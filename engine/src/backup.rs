//! Backup and restore of one space, from storage to storage.
//!
//! A backup is a space like any other: the files that one manifest names, that manifest, and a log, which holds batches
//! only where the store had no room to flush them. It counts only once [`check`] has read it to the last byte. A
//! restore is a copy under a new id epoch, so that ids and roaring bytes of before are refused: they may mean other
//! entities.

use std::sync::Arc;

use crate::check::{self, Progress};
use crate::error::{Error, ErrorKind, Result};
use crate::ids::Seq;
use crate::manifest::{self, Manifest};
use crate::storage::transfer::{self, Transfer};
use crate::storage::{Fence, Storage};
use crate::wal::{FILE_BYTES_DEFAULT, LOG_DIR, Wal, WalConfig};
use crate::write::{Frozen, PARTS_DIR, SpaceSettings, file_kind};

/// A log file without batches takes little room in advance.
const EMPTY_LOG_FILE_BYTES: u64 = 4096;

/// A backup that was verified, or what was restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Copied {
    /// Every batch up to here is in it, none above.
    pub version: Seq,
    /// The identity of the store.
    pub store_id: [u8; 16],
    /// The epoch of its ids.
    pub id_epoch: u64,
    /// The epoch of what it was copied from; another one where this is a restore.
    pub source_epoch: u64,
    /// Its files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// How many of the files are hard links.
    pub linked: u64,
}

/// Brings what `frozen` holds to `target`, and verifies it there. Errors: conflict, when `target` holds a space;
/// corrupt, when what arrived does not verify.
pub(crate) fn back_up(frozen: &Frozen, target: &Arc<dyn Storage>) -> Result<Copied> {
    prepare(&**target)?;
    let mut linked = 0;
    for file in &frozen.files {
        let way = transfer::link_or_copy(&*frozen.storage, &**target, file.path())?;
        linked += u64::from(way == Transfer::Linked);
    }
    target.sync_dir(PARTS_DIR)?;
    let config = WalConfig {
        storage: Arc::clone(target),
        fence: Arc::new(Fence::new()),
        store_id: frozen.manifest.store_id,
        file_bytes: if frozen.records.is_empty() { EMPTY_LOG_FILE_BYTES } else { FILE_BYTES_DEFAULT },
    };
    copy_words(&*frozen.storage, &**target)?;
    let mut log = Wal::create(config, frozen.manifest.log_floor, frozen.manifest.seq)?;
    for record in &frozen.records {
        let durable = log.durable();
        log.append_group(&[record.as_log_record()], durable)?;
    }
    log.mark()?;
    finish(target, &frozen.manifest, frozen.manifest.id_epoch, linked)
}

/// Copies the space in `source`, which nobody writes to, to `target` under a new id epoch, which is `now_unix_ms` or
/// above the old one. Both are verified.
///
/// Errors: corrupt, when either does not verify; conflict, when `target` holds a space.
pub fn restore(source: &Arc<dyn Storage>, target: &Arc<dyn Storage>, now_unix_ms: i64) -> Result<Copied> {
    check::check(source, &mut |_: Progress| ())?.require_whole()?;
    let Some(manifest) = manifest::load_newest(&**source)? else {
        return Err(Error::not_found("there is nothing to restore: no manifest"));
    };
    prepare(&**target)?;
    for record in &manifest.parts {
        transfer::copy(&**source, &**target, &file_kind(record.kind)?.path(record.id))?;
    }
    target.sync_dir(PARTS_DIR)?;
    for name in source.list(LOG_DIR)?.iter().filter(|name| name.ends_with(".log")) {
        transfer::copy(&**source, &**target, &format!("{LOG_DIR}/{name}"))?;
    }
    target.sync_dir(LOG_DIR)?;
    copy_words(&**source, &**target)?;
    let id_epoch = u64::try_from(now_unix_ms).unwrap_or(0).max(manifest.id_epoch.saturating_add(1));
    let source_epoch = manifest.id_epoch;
    let restored = Manifest { id_epoch, number: manifest.number.next(), ..manifest };
    finish(target, &restored, source_epoch, 0)
}

/// What a space says of itself goes with it.
fn copy_words(source: &dyn Storage, target: &dyn Storage) -> Result<()> {
    if let Some(durability) = SpaceSettings(source).durability()? {
        SpaceSettings(target).set_durability(durability)?;
    }
    match SpaceSettings(source).zone()? {
        Some(zone) => SpaceSettings(target).set_zone(Some(&zone)),
        None => Ok(()),
    }
}

/// Makes the directories. Errors: conflict, when there is a space already.
fn prepare(target: &dyn Storage) -> Result<()> {
    for dir in [PARTS_DIR, LOG_DIR, manifest::MANIFEST_DIR] {
        let is_empty = match target.list(dir) {
            Err(error) if error.kind() == ErrorKind::NotFound => true,
            names => names?.is_empty(),
        };
        if !is_empty {
            return Err(Error::conflict(format!("name an empty directory: there are files in {dir}")));
        }
    }
    target.create_dir(PARTS_DIR)?;
    target.create_dir(LOG_DIR)?;
    target.sync_dir("")
}

/// Publishes the manifest, which comes last, and reads everything.
fn finish(target: &Arc<dyn Storage>, manifest: &Manifest, source_epoch: u64, linked: u64) -> Result<Copied> {
    manifest::publish(&**target, &Fence::new(), manifest)?;
    let report = check::check(target, &mut |_: Progress| ())?;
    report.require_whole()?;
    Ok(Copied {
        version: report.version,
        store_id: manifest.store_id,
        id_epoch: manifest.id_epoch,
        source_epoch,
        files: report.files,
        bytes: report.bytes,
        linked,
    })
}
