//! The background: the only place that starts threads.
//!
//! One thread flushes and one compacts when the writer says that there is something to do, so that a long compaction
//! keeps no writer waiting; one clears what has expired, once a day and when a store is opened; one syncs the log under
//! [`Durability::Interval`], and marks what is durable when writers rest, unless nothing is promised to be. The others
//! wait to help long
//! queries. All end when the engine is closed or dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::error::{Error, Result};
use crate::options::{Durability, Options};
use crate::workers::Workers;
use crate::write::{Work, Writer};

/// How long a thread waits before it tries again after a failure, in milliseconds.
const RETRY_MS: u64 = 1_000;
/// How long the sweeping thread waits before it looks whether another day has begun, in milliseconds.
const SWEEP_PAUSE_MS: u64 = 60_000;

/// How long writers rest before what they promised is marked as durable, in milliseconds. Each group says so of those
/// before it, so under load nothing else is needed.
const MARK_REST_MS: u64 = 10;

/// The threads of one engine; dropping it ends and joins them.
pub(crate) struct Background {
    writer: Arc<Writer>,
    workers: Arc<Workers>,
    stop: Arc<Stop>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Stop {
    is_set: AtomicBool,
    lock: Mutex<()>,
    changed: Condvar,
}

impl Stop {
    fn is_set(&self) -> bool {
        self.is_set.load(Relaxed)
    }

    /// Sleeps, unless the engine stops.
    fn sleep(&self, time: Duration) {
        let mut guard = self.lock.lock();
        if !self.is_set() {
            self.changed.wait_for(&mut guard, time);
        }
    }
}

impl Background {
    /// Starts the threads that `options` ask for.
    pub(crate) fn start(writer: &Arc<Writer>, workers: &Arc<Workers>, options: &Options) -> Result<Background> {
        let mut background = Background {
            writer: Arc::clone(writer),
            workers: Arc::clone(workers),
            stop: Arc::default(),
            threads: Vec::new(),
        };
        // The thread that asks is one of them.
        for _ in 1..threads_of(options) {
            let workers = Arc::clone(workers);
            background.spawn("muster-query", move |_, _| workers.help())?;
        }
        if !options.background {
            return Ok(background);
        }
        background.spawn("muster-flush", |writer, stop| work(writer, stop, Work::Flush))?;
        background.spawn("muster-compact", |writer, stop| work(writer, stop, Work::Compact))?;
        background.spawn("muster-sweep", sweep_daily)?;
        // A sync takes its time too: with two in an interval, what a power cut takes is not older than one.
        let interval = Duration::from_millis(options.sync_interval_ms.div_ceil(2));
        match options.durability {
            Durability::Commit => {
                let rest = interval.min(Duration::from_millis(MARK_REST_MS));
                background.spawn("muster-mark", move |writer, stop| mark_in_rests(writer, stop, rest, |_| Ok(())))?;
            }
            Durability::Interval => {
                background
                    .spawn("muster-sync", move |writer, stop| mark_in_rests(writer, stop, interval, sync_newest))?;
            }
            Durability::None => {}
        }
        Ok(background)
    }

    fn spawn(&mut self, name: &str, run: impl FnOnce(&Writer, &Stop) + Send + 'static) -> Result<()> {
        let (writer, stop) = (Arc::clone(&self.writer), Arc::clone(&self.stop));
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || run(&writer, &stop))
            .map_err(|error| Error::io(format!("cannot start the thread {name}")).with_source(error))?;
        self.threads.push(thread);
        Ok(())
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        {
            let _guard = self.stop.lock.lock();
            self.stop.is_set.store(true, Relaxed);
        }
        self.stop.changed.notify_all();
        self.writer.wake(Work::Flush);
        self.writer.wake(Work::Compact);
        self.writer.wake_marker();
        self.workers.close();
        for thread in self.threads.drain(..) {
            // A thread that panicked has said so itself.
            let _ = thread.join();
        }
    }
}

/// How many threads one query may use.
pub(crate) fn threads_of(options: &Options) -> usize {
    match options.threads {
        0 if !options.background => 1,
        0 => std::thread::available_parallelism().map_or(1, |count| count.get()),
        threads => threads,
    }
}

fn work(writer: &Writer, stop: &Stop, work: Work) {
    while !stop.is_set() {
        writer.wait_for(work);
        if stop.is_set() {
            return;
        }
        if let Err(error) = writer.work(work) {
            tracing::warn!(%error, "{work:?} failed in the background");
            stop.sleep(Duration::from_millis(RETRY_MS));
        }
    }
}

fn sweep_daily(writer: &Writer, stop: &Stop) {
    while !stop.is_set() {
        if let Err(error) = writer.sweep_if_due(&|| stop.is_set()) {
            tracing::warn!(%error, "what has expired cannot be cleared");
        }
        stop.sleep(Duration::from_millis(SWEEP_PAUSE_MS));
    }
}

/// After each group waits until none follows for `rest`, and marks the log then; does `meanwhile` after each wait.
fn mark_in_rests(writer: &Writer, stop: &Stop, rest: Duration, meanwhile: fn(&Writer) -> Result<()>) {
    let mut marked = 0;
    while let Some(mut seen) = writer.wait_for_groups(marked, || stop.is_set()) {
        loop {
            stop.sleep(rest);
            if stop.is_set() {
                return;
            }
            if let Err(error) = meanwhile(writer) {
                tracing::warn!(%error, "the log cannot be synced");
                stop.sleep(Duration::from_millis(RETRY_MS));
            }
            let logged = writer.groups_logged();
            if logged == seen {
                break;
            }
            seen = logged;
        }
        if let Err(error) = writer.mark() {
            tracing::warn!(%error, "what is durable cannot be marked in the log");
            stop.sleep(Duration::from_millis(RETRY_MS));
        }
        marked = seen;
    }
}

fn sync_newest(writer: &Writer) -> Result<()> {
    writer.sync(writer.snapshot().version()).map(drop)
}
