//! I/O counters: what was done to a storage, for tests and for people who watch it.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Totals since the storage was opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counters {
    /// Bytes read by `read`; what is read through a mapping is not counted.
    pub read_bytes: u64,
    /// Bytes handed over by `write_all`.
    pub written_bytes: u64,
    /// Calls of `write_all`.
    pub write_count: u64,
    /// Syncs of files.
    pub file_sync_count: u64,
    /// Syncs of directories.
    pub dir_sync_count: u64,
}

/// The same totals while they grow.
#[derive(Default)]
pub(super) struct LiveCounters {
    read_bytes: AtomicU64,
    written_bytes: AtomicU64,
    write_count: AtomicU64,
    file_sync_count: AtomicU64,
    dir_sync_count: AtomicU64,
}

impl LiveCounters {
    pub(super) fn read(&self, bytes: usize) {
        self.read_bytes.fetch_add(bytes as u64, Relaxed);
    }

    pub(super) fn written(&self, bytes: usize) {
        self.written_bytes.fetch_add(bytes as u64, Relaxed);
        self.write_count.fetch_add(1, Relaxed);
    }

    pub(super) fn file_synced(&self) {
        self.file_sync_count.fetch_add(1, Relaxed);
    }

    pub(super) fn dir_synced(&self) {
        self.dir_sync_count.fetch_add(1, Relaxed);
    }

    pub(super) fn totals(&self) -> Counters {
        Counters {
            read_bytes: self.read_bytes.load(Relaxed),
            written_bytes: self.written_bytes.load(Relaxed),
            write_count: self.write_count.load(Relaxed),
            file_sync_count: self.file_sync_count.load(Relaxed),
            dir_sync_count: self.dir_sync_count.load(Relaxed),
        }
    }
}
