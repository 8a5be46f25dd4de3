//! The pace: back-pressure on writers, and the wake-ups of the background that keep memory and the log short.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::error::{Error, Result};

use super::settings::WriteSettings;

/// How much waits, who waits for whom beside the gate, and what is told to run how.
pub(crate) struct Pace {
    pub(crate) settings: WriteSettings,
    pub(crate) memory_bytes: AtomicU64,
    /// Bytes of records above what is in files: what a crash now would replay.
    pub(crate) log_tail_bytes: AtomicU64,
    /// Writers wait here until memory is flushed.
    drained_lock: Mutex<()>,
    drained: Condvar,
    /// Who hears of work.
    bell: Mutex<Bell>,
    groups_logged: AtomicU64,
    /// By [`Failing`]: why it failed when it was last tried.
    failures: Mutex<[Option<String>; 3]>,
}

impl Pace {
    /// The pace of a store that was opened with so much in memory and in the log.
    pub(crate) fn new(settings: WriteSettings, memory_bytes: u64, log_tail_bytes: u64) -> Pace {
        Pace {
            settings,
            memory_bytes: AtomicU64::new(memory_bytes),
            log_tail_bytes: AtomicU64::new(log_tail_bytes),
            drained_lock: Mutex::default(),
            drained: Condvar::new(),
            bell: Mutex::default(),
            groups_logged: AtomicU64::new(0),
            failures: Mutex::default(),
        }
    }

    /// Waits until memory has room. Errors: busy, when it stays full.
    pub(crate) fn wait_for_room(&self) -> Result<()> {
        let is_full = || self.memory_bytes.load(Relaxed) >= self.settings.delta_bytes_max;
        if !is_full() {
            return Ok(());
        }
        self.wake(Work::Flush);
        let mut guard = self.drained_lock.lock();
        let wait = match self.settings.background {
            true => Duration::from_millis(self.settings.busy_wait_ms),
            // Nobody flushes unasked, so waiting would not help.
            false => Duration::ZERO,
        };
        self.drained.wait_while_for(&mut guard, |()| is_full(), wait);
        match is_full() {
            false => Ok(()),
            true => Err(Error::busy(format!(
                "try again later: {} bytes of changes wait to be flushed, at most {} may",
                self.memory_bytes.load(Relaxed),
                self.settings.delta_bytes_max
            ))),
        }
    }

    /// Says to writers that memory was flushed.
    pub(crate) fn note_drained(&self) {
        let _guard = self.drained_lock.lock();
        self.drained.notify_all();
    }

    /// Whether memory or the log's tail is long enough. Changes of the same entities over and over grow only the log,
    /// which the next open would replay.
    pub(crate) fn is_flush_due(&self) -> bool {
        let longest = self.memory_bytes.load(Relaxed).max(self.log_tail_bytes.load(Relaxed));
        longest >= self.settings.flush_bytes
    }

    /// Says that there is `work`.
    pub(crate) fn wake(&self, work: Work) {
        self.bell.lock().ring(work);
    }

    /// From now on has `ring` told of work; at once of what there was before.
    pub(crate) fn heed(&self, ring: impl Fn(Work) + Send + Sync + 'static) {
        let mut bell = self.bell.lock();
        bell.ring = Some(Box::new(ring));
        let unheard = std::mem::take(&mut bell.unheard);
        for work in [Work::Flush, Work::Compact, Work::Log] {
            if unheard[work as usize] {
                bell.ring(work);
            }
        }
    }

    /// Nobody is told of work any more.
    pub(crate) fn heed_nobody(&self) {
        self.bell.lock().ring = None;
    }

    /// A group was logged.
    pub(crate) fn note_group(&self) {
        self.groups_logged.fetch_add(1, Relaxed);
        self.wake(Work::Log);
    }

    /// How many groups were logged so far.
    pub(crate) fn groups_logged(&self) -> u64 {
        self.groups_logged.load(Relaxed)
    }

    /// Remembers why something failed, until it succeeds.
    pub(crate) fn note<T>(&self, failing: Failing, outcome: &Result<T>) {
        self.failures.lock()[failing as usize] = outcome.as_ref().err().map(|error| match failing {
            Failing::MergeMemory => format!("merging in memory: {error:#}"),
            Failing::Flush | Failing::Compact => format!("{error:#}"),
        });
    }

    /// Why something failed, when it was last tried.
    pub(crate) fn failure(&self) -> Option<String> {
        self.failures.lock().iter().flatten().next().cloned()
    }
}

/// What can fail in the background.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failing {
    Flush,
    Compact,
    MergeMemory,
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
struct Bell {
    ring: Option<Box<dyn Fn(Work) + Send + Sync>>,
    /// By [`Work`]: whether there was some that nobody heard of.
    unheard: [bool; 3],
}

impl Bell {
    fn ring(&mut self, work: Work) {
        match &self.ring {
            Some(ring) => ring(work),
            None => self.unheard[work as usize] = true,
        }
    }
}
