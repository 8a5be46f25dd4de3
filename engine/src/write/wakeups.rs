//! Wake-ups: how writers wait for the background, and how it hears that there is something to do.

use std::sync::atomic::AtomicU64;

use parking_lot::{Condvar, Mutex};

/// Who waits for whom beside the gate.
#[derive(Default)]
pub(crate) struct Wakeups {
    /// Writers wait here until memory is flushed.
    pub(super) drained_lock: Mutex<()>,
    pub(super) drained: Condvar,
    /// Who hears of work.
    pub(super) bell: Mutex<Bell>,
    /// How many groups were logged.
    pub(super) groups_logged: AtomicU64,
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
    /// Syncs and marks the log, after a group was logged.
    Log = 2,
}

/// Says what there is to do to the background; keeps it while none listens.
#[derive(Default)]
pub(super) struct Bell {
    pub(super) ring: Option<Box<dyn Fn(Work) + Send + Sync>>,
    /// By [`Work`]: whether there was some that nobody heard of.
    pub(super) unheard: [bool; 3],
}

impl Bell {
    pub(super) fn ring(&mut self, work: Work) {
        match &self.ring {
            Some(ring) => ring(work),
            None => self.unheard[work as usize] = true,
        }
    }
}
