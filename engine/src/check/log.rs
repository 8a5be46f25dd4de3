//! The log: its files, and what their records say.

use std::sync::Arc;

use super::{Checker, Note};
use crate::catalog::CatalogRecord;
use crate::error::{Error, Result};
use crate::manifest::{MANIFEST_DIR, Manifest};
use crate::storage::Fence;
use crate::storage::publish::TEMPORARY_SUFFIX;
use crate::wal::{LOG_DIR, LogStart, Record, WalConfig, check_log};
use crate::write::{BatchRecord, KIND_BATCH, KIND_CATALOG, KIND_CATALOG_DATED, KIND_PLACE, check_one_time};

impl Checker<'_> {
    /// The log behind `manifest`.
    pub(super) fn log(&mut self, manifest: &Manifest) -> Result<()> {
        for name in self.list(LOG_DIR)? {
            let path = format!("{LOG_DIR}/{name}");
            if name.ends_with(TEMPORARY_SUFFIX) || !name.ends_with(".log") {
                self.stray(path);
            } else if !self.read_through(&path) {
                // What cannot be read cannot be mapped either.
                return Ok(());
            }
        }
        let config = WalConfig {
            storage: Arc::clone(self.storage),
            fence: Arc::new(Fence::new()),
            store_id: manifest.store_id,
            file_bytes: crate::wal::FILE_BYTES_DEFAULT,
        };
        let found = check_log(&config, LogStart { floor: manifest.log_floor, after: manifest.seq })?;
        if found.faults.is_empty()
            && let Err(error) = check_one_time(found.manifest, found.last_seq, manifest)
        {
            self.fault(MANIFEST_DIR.to_owned(), None, format!("{error:#}"));
        }
        for fault in found.faults {
            self.fault(fault.path, fault.bytes, fault.what);
        }
        for note in found.notes {
            self.report.notes.push(Note { file: note.path, bytes: note.bytes, what: note.what });
        }
        self.report.version = found.last_seq.max(manifest.seq);
        for record in &found.records {
            if let Err(error) = read_record(record) {
                self.fault(LOG_DIR.to_owned(), None, format!("the record of batch {}: {error:#}", record.seq));
            }
        }
        Ok(())
    }
}

/// Reads what a record says. Errors: corrupt; invalid, when a newer program wrote it.
fn read_record(record: &Record) -> Result<()> {
    match record.kind {
        KIND_BATCH => BatchRecord::decode(&record.payload).map(drop),
        KIND_CATALOG | KIND_CATALOG_DATED => CatalogRecord::decode(&record.payload).map(drop),
        KIND_PLACE => Ok(()),
        other => Err(Error::invalid(format!("a newer program wrote it: its kind is {other}"))),
    }
}
