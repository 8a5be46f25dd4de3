//! The background jobs of one engine: what runs by itself, as tasks of a [`ThreadPool`] that engines may share.
//!
//! Flushing and compacting run when the writer says that there is something to do, each by a crew of its own, so that a
//! long compaction keeps no writer waiting; what has expired is cleared once a day and when a store is opened; the log
//! is synced under `Durability::Interval`, and marked with what is durable when writers rest, unless nothing is
//! promised to be. All end when the engine is closed or dropped.

mod log;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use crate::options::Options;
use crate::threads::{Crew, Next, TaskHandle, ThreadPool};
use crate::write::{Work, Writer};

use log::LogTask;

/// How long a task waits before it tries again after a failure, in milliseconds.
const RETRY_MS: u64 = 1_000;
/// How long sweeping waits before it looks whether another day has begun, in milliseconds.
const SWEEP_PAUSE_MS: u64 = 60_000;
const RETRY: Duration = Duration::from_millis(RETRY_MS);

/// The tasks of one engine; dropping it takes them from the pool, and waits for those that run.
pub(crate) struct Background {
    writer: Arc<Writer>,
    is_stopped: Arc<AtomicBool>,
    tasks: Vec<TaskHandle>,
}

impl Background {
    /// Gives `pool` what `options` ask for.
    pub(crate) fn start(writer: &Arc<Writer>, pool: &ThreadPool, options: &Options) -> Background {
        let is_stopped = Arc::new(AtomicBool::new(false));
        let mut tasks = Vec::new();
        if !options.background {
            return Background { writer: Arc::clone(writer), is_stopped, tasks };
        }
        let flush = {
            let writer = Arc::clone(writer);
            pool.add(Crew::Flush, Next::Woken, move || work(&writer, Work::Flush))
        };
        let compact = {
            let writer = Arc::clone(writer);
            pool.add(Crew::Upkeep, Next::Woken, move || work(&writer, Work::Compact))
        };
        let log = LogTask::of(options).map(|task| {
            let writer = Arc::clone(writer);
            pool.add(Crew::Log, Next::Woken, move || task.run(&writer))
        });
        let (ring_flush, ring_compact) = (flush.bell(), compact.bell());
        let ring_log = log.as_ref().map(TaskHandle::bell);
        writer.pace.heed(move |work| match work {
            Work::Flush => ring_flush(),
            Work::Compact => ring_compact(),
            Work::Log => {
                if let Some(ring) = &ring_log {
                    ring();
                }
            }
        });
        tasks.extend([flush, compact]);
        tasks.extend(log);
        tasks.push({
            let (writer, is_stopped) = (Arc::clone(writer), Arc::clone(&is_stopped));
            pool.add(Crew::Upkeep, Next::Turn, move || sweep(&writer, &is_stopped))
        });
        Background { writer: Arc::clone(writer), is_stopped, tasks }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.is_stopped.store(true, Relaxed);
        self.writer.pace.heed_nobody();
        self.tasks.clear();
    }
}

/// One step of `work`, so that stores that share a crew take turns.
fn work(writer: &Writer, work: Work) -> Next {
    match writer.work(work) {
        Ok(true) => Next::Turn,
        Ok(false) => Next::Woken,
        Err(error) => {
            tracing::warn!(%error, "{work:?} failed in the background");
            Next::After(RETRY)
        }
    }
}

fn sweep(writer: &Writer, is_stopped: &AtomicBool) -> Next {
    if let Err(error) = writer.sweep_if_due(&|| is_stopped.load(Relaxed)) {
        tracing::warn!(%error, "what has expired cannot be cleared");
    }
    Next::After(Duration::from_millis(SWEEP_PAUSE_MS))
}
