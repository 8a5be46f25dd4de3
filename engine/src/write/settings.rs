//! What the write path is told about how to run.

/// What a reply to a batch promises. A batch becomes visible only when the promise holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Durability {
    /// The batch survives a power cut: the log is synced before the reply, once for all batches that wait.
    #[default]
    Commit,
    /// The batch survives the end of the process; a power cut loses at most the last interval, always a suffix.
    Interval,
    /// The batch survives the end of the process; the log is synced only by flush, `sync` and close.
    None,
}

/// The part of the engine's options that the write path reads; checked there.
#[derive(Clone, Debug)]
pub(crate) struct WriteSettings {
    pub(crate) durability: Durability,
    pub(crate) delta_parts_max: usize,
    pub(crate) delta_bytes_max: u64,
    pub(crate) busy_wait_ms: u64,
    pub(crate) flush_bytes: u64,
    pub(crate) part_bytes_max: u64,
    pub(crate) log_file_bytes: u64,
    pub(crate) load_bytes_max: u64,
    pub(crate) discard_damaged_tail: bool,
    pub(crate) manifests_kept: usize,
    pub(crate) background: bool,
}
