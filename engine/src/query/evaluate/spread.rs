//! Morsel-driven parallelism: the chunks of a long query are dealt out in grains; whoever is free takes the next.
//!
//! Partial results merge in any order, so the answer does not depend on how many threads took part, or when. Whether
//! others are asked at all is decided by how long the first grains take: what a query reads is hard to foretell.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicU32, AtomicUsize};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::{Run, Scratch, Want, Way, count, count_all, evaluate};
use crate::error::{Error, Result};
use crate::query::bind::Bound;
use crate::threads::Job;

/// Payload from which a query may be worth other threads.
const BYTES_MIN: u64 = 1 << 20;

/// Payload that takes a thread a millisecond even when nothing of it is skipped.
const BYTES_HEAVY: u64 = 16 << 20;

/// How long the rest of a query must be going to take to be worth other threads: waking one takes 6 to 30 microseconds,
/// the longer it slept.
const REST_MIN: Duration = Duration::from_micros(30);

/// Looks at whether the others have finished, before the one who asked goes to sleep: six microseconds, as long as
/// waking it would take.
const LOOKS: u32 = 400;

/// Grains for each thread, so that nobody waits long for the last one.
const GRAINS_PER_THREAD: u32 = 8;

/// A query that can be spread.
trait Task: Send + Sync + 'static {
    /// What some chunks come to.
    type Partial: Send;

    /// Evaluates some chunks.
    fn evaluate(&self, chunks: Range<u32>, run: &Run, scratch: &mut Scratch) -> Result<Self::Partial>;

    /// Adds one partial result to another.
    fn merge(&self, into: &mut Self::Partial, more: Self::Partial);
}

/// A [`Want`] whose partial results merge in any order.
pub(in crate::query) trait Merge: Want<Partial: Send> + Send + Sync + 'static {
    /// Adds one partial result to another.
    fn merge(&self, into: &mut Self::Partial, more: Self::Partial);
}

struct Counting(Arc<Bound>);

impl Task for Counting {
    type Partial = u64;

    fn evaluate(&self, chunks: Range<u32>, run: &Run, scratch: &mut Scratch) -> Result<u64> {
        count(&self.0, chunks, run, scratch)
    }

    fn merge(&self, into: &mut u64, more: u64) {
        *into += more;
    }
}

struct Wanting<W>(Arc<Bound>, W);

impl<W: Merge> Task for Wanting<W> {
    type Partial = W::Partial;

    fn evaluate(&self, chunks: Range<u32>, run: &Run, scratch: &mut Scratch) -> Result<W::Partial> {
        evaluate(&self.0, chunks, &self.1, run, scratch)
    }

    fn merge(&self, into: &mut W::Partial, more: W::Partial) {
        self.1.merge(into, more);
    }
}

/// Counts what `bound` selects, `bytes` of payload, with the help of other threads where that pays. Errors: corrupt,
/// cancelled, deadline.
pub(in crate::query) fn count_spread(bound: &Arc<Bound>, bytes: u64, run: &Run) -> Result<u64> {
    if let Some(count) = bound.count_of_directory(run)? {
        run.note(Way::Directory);
        return Ok(count);
    }
    match helpers(bound, bytes, run) {
        0 => count_all(bound, run),
        helpers => spread(Counting(Arc::clone(bound)), bound, bytes, helpers, run),
    }
}

/// Evaluates `bound` for `want`, likewise. Errors: those of [`evaluate`].
pub(in crate::query) fn evaluate_spread<W: Merge>(
    bound: &Arc<Bound>,
    bytes: u64,
    want: W,
    run: &Run,
) -> Result<W::Partial> {
    match helpers(bound, bytes, run) {
        0 => Scratch::lend(|scratch| evaluate(bound, 0..u32::MAX, &want, run, scratch)),
        helpers => spread(Wanting(Arc::clone(bound), want), bound, bytes, helpers, run),
    }
}

/// How many threads may help.
fn helpers(bound: &Bound, bytes: u64, run: &Run) -> usize {
    let workers = bound.snapshot.workers().map_or(0, |workers| workers.count());
    let wanted = match run.threads {
        0 if bytes < BYTES_MIN => 0,
        0 => workers,
        threads => workers.min(threads - 1),
    };
    wanted.min(bound.threads_max - 1)
}

/// What the threads of one query share.
struct Shared<T: Task> {
    task: T,
    run: Run,
    /// The first chunk that nobody has taken.
    next: AtomicU32,
    end: u32,
    grain: u32,
    /// Threads that work; changes under the lock of `state` only.
    busy: AtomicUsize,
    state: Mutex<State<T::Partial>>,
    changed: Condvar,
}

struct State<P> {
    /// The query is over: whoever comes now goes home.
    is_over: bool,
    result: Option<Result<P>>,
}

fn spread<T: Task>(task: T, bound: &Bound, bytes: u64, helpers: usize, run: &Run) -> Result<T::Partial> {
    let grains = GRAINS_PER_THREAD * (helpers as u32 + 1);
    let shared = Arc::new(Shared {
        task,
        run: run.clone(),
        next: AtomicU32::new(0),
        end: bound.chunk_end,
        grain: bound.chunk_end.div_ceil(grains),
        busy: AtomicUsize::new(1),
        state: Mutex::new(State { is_over: false, result: None }),
        changed: Condvar::new(),
    });
    let offer = || {
        if let Some(workers) = bound.snapshot.workers() {
            workers.offer(helpers, || {
                let shared = Arc::clone(&shared);
                let job: Job = Box::new(move || shared.help());
                job
            });
        }
    };
    // Who names a number of threads wants them at once.
    let mut alone_since = (run.threads == 0).then(Instant::now);
    if alone_since.is_none() {
        offer();
    }
    shared.work(|done| {
        let Some(start) = alone_since else { return shared.grain };
        let rest = shared.end.saturating_sub(done);
        if start.elapsed() * rest / done < REST_MIN {
            // Every grain begins anew, so the caller takes all that is left, or half where it might be much heavier.
            return if bytes < BYTES_HEAVY { rest } else { shared.grain.max(rest / 2) };
        }
        alone_since = None;
        offer();
        shared.grain
    });
    shared.wait()
}

impl<T: Task> Shared<T> {
    /// What another thread does.
    fn help(&self) {
        {
            let state = self.state.lock();
            if state.is_over {
                return;
            }
            self.busy.fetch_add(1, Relaxed);
        }
        self.work(|_| self.grain);
    }

    /// What all came to, once nobody works any more.
    fn wait(&self) -> Result<T::Partial> {
        self.state.lock().is_over = true;
        for _ in 0..LOOKS {
            if self.busy.load(Acquire) == 0 {
                break;
            }
            std::hint::spin_loop();
        }
        let mut state = self.state.lock();
        while self.busy.load(Acquire) > 0 {
            self.changed.wait(&mut state);
        }
        state.result.take().unwrap_or_else(|| Err(Error::internal("a thread of the query failed")))
    }

    /// Takes grains until none is left, and adds what they come to; `next` is told where one ended and says how large
    /// the next one is. REQUIRES: counted as busy.
    fn work(&self, next: impl FnMut(u32) -> u32) {
        // Also when a kernel panics, nobody may wait for ever.
        let leave = Leave(self);
        let mine = Scratch::lend(|scratch| self.take_grains(scratch, next));
        let mut state = self.state.lock();
        let before = state.result.take();
        state.result = match (before, mine) {
            (None, mine) => mine,
            (before, None) => before,
            (Some(Ok(mut sum)), Some(Ok(more))) => {
                self.task.merge(&mut sum, more);
                Some(Ok(sum))
            }
            (Some(Err(error)), _) | (_, Some(Err(error))) => Some(Err(error)),
        };
        drop(state);
        drop(leave);
    }

    fn take_grains(&self, scratch: &mut Scratch, mut next: impl FnMut(u32) -> u32) -> Option<Result<T::Partial>> {
        let mut sum: Option<T::Partial> = None;
        let mut grain = self.grain;
        loop {
            let start = self.next.fetch_add(grain, Relaxed);
            if start >= self.end {
                return sum.map(Ok);
            }
            match self.task.evaluate(start..(start + grain).min(self.end), &self.run, scratch) {
                Ok(more) => {
                    match &mut sum {
                        Some(sum) => self.task.merge(sum, more),
                        None => sum = Some(more),
                    }
                    grain = next(start + grain);
                }
                Err(error) => {
                    // The others need not go on.
                    self.next.store(self.end, Relaxed);
                    return Some(Err(error));
                }
            }
        }
    }
}

struct Leave<'a, T: Task>(&'a Shared<T>);

impl<T: Task> Drop for Leave<'_, T> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        if std::thread::panicking() {
            state.result = Some(Err(Error::internal("a thread of the query failed")));
        }
        self.0.busy.fetch_sub(1, Release);
        drop(state);
        self.0.changed.notify_all();
    }
}
