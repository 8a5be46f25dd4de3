//! The thread pool itself: threads that help queries, and crews for what runs in the background.

use std::fmt;
use std::sync::Arc;
use std::thread::JoinHandle;

use parking_lot::Mutex;

use crate::error::{Error, Result};

use super::tasks::{Next, TaskQueue};
use super::workers::Workers;

/// Which threads run a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Crew {
    /// What writers wait for: moves memory into files.
    Flush = 0,
    /// What may take minutes and nobody waits for: merges files, clears what has expired.
    Upkeep = 1,
    /// What takes a moment and must be in time: syncs and marks logs.
    Log = 2,
}

/// How many threads each [`Crew`] has. Two, so that a store on a disk that hangs does not hold up the others alone.
const CREW_THREADS: usize = 2;

const CREWS: [(Crew, &str); 3] =
    [(Crew::Flush, "muster-flush"), (Crew::Upkeep, "muster-upkeep"), (Crew::Log, "muster-log")];

/// Threads that many engines share: give all of them a clone in [`Options::thread_pool`](crate::Options::thread_pool).
///
/// One pool runs the threads that it was started with, however many stores are open on it. They end when the last clone
/// is dropped and the last engine closed.
#[derive(Clone)]
pub struct ThreadPool(Arc<Shared>);

struct Shared {
    workers: Arc<Workers>,
    crews: [Arc<TaskQueue>; CREWS.len()],
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl ThreadPool {
    /// Starts the threads for engines of which each query uses at most `threads`, the caller's included; 0 stands for
    /// all that the machine has.
    ///
    /// Errors: io, when the system starts no more threads.
    pub fn start(threads: usize) -> Result<ThreadPool> {
        let pool = ThreadPool::helping(match threads {
            0 => std::thread::available_parallelism().map_or(1, |count| count.get()),
            threads => threads,
        })?;
        for (crew, name) in CREWS {
            for _ in 0..CREW_THREADS {
                let queue = Arc::clone(&pool.0.crews[crew as usize]);
                pool.0.spawn(name, move || queue.serve())?;
            }
        }
        Ok(pool)
    }

    /// The same without crews, for engines without a background.
    pub(crate) fn helping(threads: usize) -> Result<ThreadPool> {
        let pool = ThreadPool(Arc::new(Shared {
            workers: Arc::default(),
            crews: Default::default(),
            threads: Mutex::default(),
        }));
        // The thread that asks is one of them.
        for _ in 1..threads {
            let workers = Arc::clone(&pool.0.workers);
            pool.0.spawn("muster-query", move || workers.help())?;
        }
        Ok(pool)
    }

    /// The threads that help queries.
    pub(crate) fn workers(&self) -> &Arc<Workers> {
        &self.0.workers
    }

    /// Has `crew` run `task`, first as `first` says and then as the task says, until the handle is dropped.
    pub(crate) fn add(&self, crew: Crew, first: Next, task: impl Fn() -> Next + Send + Sync + 'static) -> TaskHandle {
        let queue = Arc::clone(&self.0.crews[crew as usize]);
        let id = queue.add(first, task);
        TaskHandle { queue, id }
    }
}

impl fmt::Debug for ThreadPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} threads", self.0.threads.lock().len())
    }
}

impl Shared {
    fn spawn(&self, name: &str, run: impl FnOnce() + Send + 'static) -> Result<()> {
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(run)
            .map_err(|error| Error::of_system(format_args!("cannot start the thread {name}"), error))?;
        self.threads.lock().push(thread);
        Ok(())
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.workers.close();
        self.crews.iter().for_each(|crew| crew.close());
        for thread in self.threads.get_mut().drain(..) {
            // A thread that panicked has said so itself.
            let _ = thread.join();
        }
    }
}

/// A task of a pool; dropping it takes the task away, and waits until it has run if it runs.
pub(crate) struct TaskHandle {
    queue: Arc<TaskQueue>,
    id: u64,
}

impl TaskHandle {
    /// Who wakes the task, and may outlive it.
    pub(crate) fn bell(&self) -> impl Fn() + Send + Sync + use<> {
        let (queue, id) = (Arc::clone(&self.queue), self.id);
        move || queue.wake(id)
    }
}

impl Drop for TaskHandle {
    fn drop(&mut self) {
        self.queue.remove(self.id);
    }
}
