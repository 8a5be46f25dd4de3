//! How an engine runs: plain fields, checked once when a store is opened.

use crate::error::{Error, Result};
use crate::threads::ThreadPool;
pub use crate::write::Durability;
use crate::write::WriteSettings;

const MIB: u64 = 1 << 20;

/// The settings of one open store. `Options::default()` is right for a server.
#[derive(Clone, Debug)]
pub struct Options {
    /// What a reply to a batch promises.
    pub durability: Durability,
    /// How often the log is synced under [`Durability::Interval`], in milliseconds.
    pub sync_interval_ms: u64,
    /// The most memory parts that lie over one bitmap; younger ones are merged.
    pub delta_parts_max: usize,
    /// The bytes of memory parts at which writers wait.
    pub delta_bytes_max: u64,
    /// How long a writer waits there before it is told `busy`, in milliseconds.
    pub busy_wait_ms: u64,
    /// The bytes of memory parts at which they are flushed to part files.
    pub flush_bytes: u64,
    /// The size at which a merged part is split into the next file.
    pub part_bytes_max: u64,
    /// The size at which a log file is closed and the next begun.
    pub log_file_bytes: u64,
    /// The bytes of one load that are held in memory; beyond it, its blocks wait in files.
    pub load_bytes_max: u64,
    /// The bytes of bitmaps that are kept merged because several layers speak of them and they are asked for again and
    /// again; 0 merges none.
    pub merged_bytes_max: u64,
    /// The most threads that one query uses, the caller's included; the others are started with the engine. 0 stands
    /// for all that the machine has, or without `background` for one. Not with a `thread_pool`, which has its own.
    pub threads: usize,
    /// Threads that are shared with other engines; the engine starts its own where absent.
    pub thread_pool: Option<ThreadPool>,
    /// Whether flush, compaction and interval syncs run by themselves. Without it they run only when called.
    pub background: bool,
    /// Opens a store whose log is damaged at or below its durable mark, and drops what lies behind the damage.
    pub discard_damaged_tail: bool,
    /// What a second process is told about the holder of the store, for example the address it serves.
    pub lock_text: String,
    /// How many older manifests are kept beside the newest, to say what they held; their parts are not kept.
    pub manifests_kept: usize,
    /// Files may be read by whoever the mask of the process allows; without it they are made for the owner alone.
    pub shared_files: bool,
    /// The identity of a store that this call creates; a random one where absent.
    pub new_store_id: Option<[u8; 16]>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            durability: Durability::Commit,
            sync_interval_ms: 100,
            delta_parts_max: 8,
            delta_bytes_max: 256 * MIB,
            busy_wait_ms: 2_000,
            flush_bytes: 64 * MIB,
            part_bytes_max: 512 * MIB,
            log_file_bytes: 64 * MIB,
            load_bytes_max: 512 * MIB,
            merged_bytes_max: 256 * MIB,
            threads: 0,
            thread_pool: None,
            background: true,
            discard_damaged_tail: false,
            lock_text: String::new(),
            manifests_kept: 1,
            shared_files: false,
            new_store_id: None,
        }
    }
}

impl Options {
    /// Errors: invalid, naming the field and its bounds.
    pub fn check(&self) -> Result<()> {
        let bounds = [
            ("sync_interval_ms", self.sync_interval_ms, 1, 60_000),
            ("delta_parts_max", self.delta_parts_max as u64, 2, 64),
            ("delta_bytes_max", self.delta_bytes_max, 1024, 1 << 40),
            ("flush_bytes", self.flush_bytes, 1024, 1 << 40),
            ("part_bytes_max", self.part_bytes_max, 4096, 1 << 40),
            ("log_file_bytes", self.log_file_bytes, 4096, 1 << 32),
            ("load_bytes_max", self.load_bytes_max, 4096, 1 << 40),
            ("merged_bytes_max", self.merged_bytes_max, 0, 1 << 40),
            ("busy_wait_ms", self.busy_wait_ms, 0, 3_600_000),
            ("manifests_kept", self.manifests_kept as u64, 0, 1000),
            ("threads", self.threads as u64, 0, 1024),
        ];
        for (name, value, least, most) in bounds {
            if value < least || value > most {
                return Err(Error::invalid(format!(
                    "option {name} must lie between {least} and {most}, it is {value}"
                )));
            }
        }
        if self.flush_bytes > self.delta_bytes_max {
            return Err(Error::invalid(format!(
                "option flush_bytes ({}) must not exceed delta_bytes_max ({})",
                self.flush_bytes, self.delta_bytes_max
            )));
        }
        if self.thread_pool.is_some() && self.threads != 0 {
            return Err(Error::invalid("start the thread pool with as many threads, and leave option threads at 0"));
        }
        if self.lock_text.len() > LOCK_TEXT_BYTES_MAX {
            return Err(Error::invalid(format!("option lock_text is longer than {LOCK_TEXT_BYTES_MAX} bytes")));
        }
        Ok(())
    }

    /// The threads of an engine with these options: those that it is given, or its own, started now.
    pub(crate) fn pool(&self) -> Result<ThreadPool> {
        match (&self.thread_pool, self.background) {
            (Some(pool), _) => Ok(pool.clone()),
            (None, true) => ThreadPool::start(self.threads),
            (None, false) => ThreadPool::helping(self.threads.max(1)),
        }
    }

    /// What the write path needs to know of them.
    pub(crate) fn write_settings(&self) -> WriteSettings {
        WriteSettings {
            durability: self.durability,
            delta_parts_max: self.delta_parts_max,
            delta_bytes_max: self.delta_bytes_max,
            busy_wait_ms: self.busy_wait_ms,
            flush_bytes: self.flush_bytes,
            part_bytes_max: self.part_bytes_max,
            log_file_bytes: self.log_file_bytes,
            load_bytes_max: self.load_bytes_max,
            merged_bytes_max: self.merged_bytes_max,
            discard_damaged_tail: self.discard_damaged_tail,
            manifests_kept: self.manifests_kept,
            background: self.background,
        }
    }
}

/// The longest holder text of a lock, in bytes.
pub(crate) const LOCK_TEXT_BYTES_MAX: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_pass_and_a_wrong_field_is_named() {
        Options::default().check().unwrap();
        let error = Options { delta_parts_max: 0, ..Options::default() }.check().unwrap_err();
        assert!(error.message().contains("delta_parts_max"), "{error}");
    }
}
