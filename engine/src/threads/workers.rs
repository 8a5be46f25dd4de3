//! Worker threads that help whoever has a long query.
//!
//! A [`super::ThreadPool`] starts them, and they wait here for jobs. A job is an offer, not an order: the
//! one who offers works too, takes what nobody else has taken, and never waits for a job that has not begun. So a query
//! is finished as soon without free workers as if there were none.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use parking_lot::{Condvar, Mutex};

/// Something to help with.
pub(crate) type Job = Box<dyn FnOnce() + Send>;

/// See the module.
#[derive(Default)]
pub(crate) struct Workers {
    queue: Mutex<Queue>,
    offered: Condvar,
    count: AtomicUsize,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    is_closed: bool,
}

/// Offers that may wait for each worker; beyond, all are busy for long enough.
const OFFERS_WAITING_MAX: usize = 4;

impl Workers {
    /// How many threads help.
    pub(crate) fn count(&self) -> usize {
        self.count.load(Relaxed)
    }

    /// Offers up to `count` jobs that `job` makes; fewer where there are fewer workers, or where they are busy.
    pub(crate) fn offer(&self, count: usize, mut job: impl FnMut() -> Job) {
        let workers = self.count();
        for _ in 0..count.min(workers) {
            let job = job();
            let mut queue = self.queue.lock();
            if queue.is_closed || queue.jobs.len() >= OFFERS_WAITING_MAX * workers {
                return;
            }
            queue.jobs.push_back(job);
            drop(queue);
            // Whoever wakes up finds the lock free.
            self.offered.notify_one();
        }
    }

    /// Helps until [`Workers::close`]; called by the threads.
    pub(crate) fn help(&self) {
        self.count.fetch_add(1, Relaxed);
        loop {
            let mut queue = self.queue.lock();
            while queue.jobs.is_empty() && !queue.is_closed {
                self.offered.wait(&mut queue);
            }
            let Some(job) = queue.jobs.pop_front() else { break };
            drop(queue);
            // A job tells its owner itself that it panicked; the thread goes on.
            let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(job));
        }
        self.count.fetch_sub(1, Relaxed);
    }

    /// Sends the threads home after the jobs that wait.
    pub(crate) fn close(&self) {
        self.queue.lock().is_closed = true;
        self.offered.notify_all();
    }
}

impl std::fmt::Debug for Workers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} workers", self.count())
    }
}
