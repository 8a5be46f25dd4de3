//! What a process holds, as the system tells it.

use std::path::PathBuf;

/// Threads that the pool may keep for a while after work.
const THREADS_MORE_MAX: usize = 8;
/// Bytes of private memory that may stay after a burst.
pub(crate) const PRIVATE_BYTES_MORE_MAX: u64 = 64 << 20;

/// See the module.
#[derive(Debug)]
pub(crate) struct Remains {
    pub(crate) threads: usize,
    pub(crate) descriptors: usize,
    pub(crate) private_bytes: u64,
}

impl Remains {
    pub(crate) fn of(process: u32) -> Remains {
        let about = PathBuf::from(format!("/proc/{process}"));
        let count = |folder: &str| std::fs::read_dir(about.join(folder)).expect("the process runs").count();
        let maps = std::fs::read_to_string(about.join("smaps_rollup")).expect("the process runs");
        let private = maps.lines().filter(|line| line.starts_with("Private_"));
        let kilobytes = private.filter_map(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
        Remains { threads: count("task"), descriptors: count("fd"), private_bytes: 1_024 * kilobytes.sum::<u64>() }
    }

    /// Whether no more is held than `before`; else what is.
    pub(crate) fn is_like(&self, before: &Remains) -> Result<(), String> {
        let holds = self.threads <= before.threads + THREADS_MORE_MAX
            && self.descriptors <= before.descriptors
            && self.private_bytes <= before.private_bytes + PRIVATE_BYTES_MORE_MAX;
        holds.then_some(()).ok_or_else(|| format!("{self:?}, before {before:?}"))
    }
}
