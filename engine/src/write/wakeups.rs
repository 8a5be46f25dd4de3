//! Wake-ups: the condition variables by which writers and background threads wait for one another.
//!
//! Each stands with the lock of what it is about.

use parking_lot::{Condvar, Mutex};

/// Who waits for whom beside the gate.
#[derive(Default)]
pub(crate) struct Wakeups {
    /// Writers wait here until memory is flushed.
    pub(super) drained_lock: Mutex<()>,
    pub(super) drained: Condvar,
    /// The background threads wait here, each for its work: by [`Work`], whether there is some.
    pub(super) work_lock: Mutex<[bool; 2]>,
    pub(super) work: Condvar,
    /// Who marks the log waits here for groups: how many were logged.
    pub(super) logged_lock: Mutex<u64>,
    pub(super) logged: Condvar,
    /// By [`Failing`]: why it failed when it was last tried.
    pub(super) failures: Mutex<[Option<String>; 3]>,
}

/// What the background does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// Moves what is in memory into files.
    Flush = 0,
    /// Merges file layers.
    Compact = 1,
}
