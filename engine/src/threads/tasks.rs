//! The task scheduler: what some threads run again and again, whenever it is woken or its time has come.
//!
//! A task is never run by two threads at once. A wake-up while it runs is kept, one while it waits for its time is not
//! needed: the task looks at everything when it runs. Those that are ready are run first in, first out, so none
//! starves.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

/// When a task that has run is to run again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// When it is woken.
    Woken,
    /// After this time; a wake-up before does not hasten it.
    After(Duration),
    /// As soon as those that wait have had their turn.
    Turn,
}

type Run = Arc<dyn Fn() -> Next + Send + Sync>;

/// See the module.
#[derive(Default)]
pub(super) struct TaskQueue {
    state: Mutex<State>,
    /// A task is ready, has a time, or the queue is closed.
    changed: Condvar,
    /// A task has ended its run.
    rested: Condvar,
}

#[derive(Default)]
struct State {
    tasks: BTreeMap<u64, Task>,
    ready: VecDeque<u64>,
    /// Times at which tasks are due; one whose task has another time by now means nothing.
    times: BinaryHeap<Reverse<(Instant, u64)>>,
    last_id: u64,
    is_closed: bool,
}

struct Task {
    run: Run,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Until somebody wakes it.
    Sleeping,
    Until(Instant),
    Ready,
    Running {
        is_woken: bool,
    },
    /// It panicked: what it works on may be half done, so it is not run again.
    Broken,
}

impl TaskQueue {
    /// Adds a task that runs `first` as said there, and returns its number.
    pub(super) fn add(&self, first: Next, run: impl Fn() -> Next + Send + Sync + 'static) -> u64 {
        let mut state = self.state.lock();
        state.last_id += 1;
        let id = state.last_id;
        state.tasks.insert(id, Task { run: Arc::new(run), phase: Phase::Sleeping });
        state.put(id, first);
        drop(state);
        self.changed.notify_one();
        id
    }

    /// Makes a task ready that sleeps; one that was removed stays so.
    pub(super) fn wake(&self, id: u64) {
        let mut state = self.state.lock();
        let Some(task) = state.tasks.get_mut(&id) else { return };
        match task.phase {
            Phase::Sleeping => state.put(id, Next::Turn),
            Phase::Running { .. } => {
                task.phase = Phase::Running { is_woken: true };
                return;
            }
            Phase::Until(_) | Phase::Ready | Phase::Broken => return,
        }
        drop(state);
        self.changed.notify_one();
    }

    /// Takes a task away; if it runs, waits until it has run. Not to be called by the task itself.
    pub(super) fn remove(&self, id: u64) {
        let mut state = self.state.lock();
        while matches!(state.tasks.get(&id), Some(Task { phase: Phase::Running { .. }, .. })) {
            self.rested.wait(&mut state);
        }
        let task = state.tasks.remove(&id);
        drop(state);
        // What it holds is dropped without the lock.
        drop(task);
    }

    /// Runs tasks until [`TaskQueue::close`]; called by the threads.
    pub(super) fn serve(&self) {
        while let Some((id, run)) = self.next() {
            let next = catch_unwind(AssertUnwindSafe(|| run()));
            drop(run);
            self.put_back(id, next.ok());
        }
    }

    /// Sends the threads home; what is ready is not run any more.
    pub(super) fn close(&self) {
        self.state.lock().is_closed = true;
        self.changed.notify_all();
    }

    /// Waits for a task that is ready.
    fn next(&self) -> Option<(u64, Run)> {
        let mut state = self.state.lock();
        loop {
            if state.is_closed {
                return None;
            }
            let due = state.due(Instant::now());
            while let Some(id) = state.ready.pop_front() {
                if let Some(task) = state.tasks.get_mut(&id) {
                    task.phase = Phase::Running { is_woken: false };
                    let run = Arc::clone(&task.run);
                    if !state.ready.is_empty() {
                        self.changed.notify_one();
                    }
                    return Some((id, run));
                }
            }
            match due {
                Some(time) => drop(self.changed.wait_until(&mut state, time)),
                None => self.changed.wait(&mut state),
            }
        }
    }

    fn put_back(&self, id: u64, next: Option<Next>) {
        let mut state = self.state.lock();
        if let Some(task) = state.tasks.get_mut(&id) {
            let is_woken = task.phase == Phase::Running { is_woken: true };
            match next {
                None => task.phase = Phase::Broken,
                Some(Next::Woken) if is_woken => state.put(id, Next::Turn),
                Some(next) => state.put(id, next),
            }
        }
        drop(state);
        self.rested.notify_all();
        self.changed.notify_one();
    }
}

impl State {
    fn put(&mut self, id: u64, next: Next) {
        let Some(task) = self.tasks.get_mut(&id) else { return };
        match next {
            Next::Woken => task.phase = Phase::Sleeping,
            Next::Turn => {
                task.phase = Phase::Ready;
                self.ready.push_back(id);
            }
            Next::After(rest) => {
                let time = Instant::now() + rest;
                task.phase = Phase::Until(time);
                self.times.push(Reverse((time, id)));
            }
        }
    }

    /// Makes ready what is due; returns when the next will be.
    fn due(&mut self, now: Instant) -> Option<Instant> {
        while let Some(&Reverse((time, id))) = self.times.peek() {
            let is_meant = self.tasks.get(&id).is_some_and(|task| task.phase == Phase::Until(time));
            if is_meant && time > now {
                return Some(time);
            }
            self.times.pop();
            if is_meant {
                self.put(id, Next::Turn);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

    use super::*;

    const LONG: Duration = Duration::from_secs(3_600);

    /// Runs what is ready by now, and nothing that must be waited for.
    fn run_ready(queue: &TaskQueue) -> usize {
        let mut count = 0;
        loop {
            {
                let mut state = queue.state.lock();
                state.due(Instant::now());
                if state.ready.is_empty() {
                    return count;
                }
            }
            let (id, run) = queue.next().unwrap();
            queue.put_back(id, catch_unwind(AssertUnwindSafe(|| run())).ok());
            count += 1;
        }
    }

    fn counting(queue: &TaskQueue, next: Next) -> (u64, Arc<AtomicU64>) {
        let runs = Arc::new(AtomicU64::new(0));
        let id = queue.add(Next::Turn, {
            let runs = Arc::clone(&runs);
            move || {
                runs.fetch_add(1, SeqCst);
                next
            }
        });
        (id, runs)
    }

    #[test]
    fn a_task_runs_first_as_said_and_whenever_it_is_woken() {
        let queue = TaskQueue::default();
        let (id, runs) = counting(&queue, Next::Woken);
        run_ready(&queue);
        assert_eq!(runs.load(SeqCst), 1);
        for _ in 0..3 {
            queue.wake(id);
        }
        run_ready(&queue);
        assert_eq!(runs.load(SeqCst), 2, "wake-ups before it runs are one");
        queue.remove(id);
        queue.wake(id);
        assert_eq!(run_ready(&queue), 0);
        queue.add(Next::Woken, || unreachable!("nobody wakes it"));
        assert_eq!(run_ready(&queue), 0);
    }

    #[test]
    fn a_wake_up_neither_hastens_a_task_nor_is_lost_while_it_runs() {
        let queue = TaskQueue::default();
        let (id, runs) = counting(&queue, Next::After(LONG));
        run_ready(&queue);
        queue.wake(id);
        run_ready(&queue);
        assert_eq!(runs.load(SeqCst), 1);

        let queue = TaskQueue::default();
        let (id, _) = counting(&queue, Next::Woken);
        let (running, run) = queue.next().unwrap();
        queue.wake(id);
        let next = run();
        queue.put_back(running, Some(next));
        assert_eq!(run_ready(&queue), 1);
    }

    #[test]
    fn tasks_have_their_turns_and_one_that_panics_is_not_run_again() {
        let queue = TaskQueue::default();
        let (_, greedy) = counting(&queue, Next::Turn);
        let (_, other) = counting(&queue, Next::Turn);
        let broken = queue.add(Next::Turn, || std::panic::resume_unwind(Box::new("meant")));
        for _ in 0..31 {
            let (id, run) = queue.next().unwrap();
            queue.put_back(id, catch_unwind(AssertUnwindSafe(|| run())).ok());
        }
        assert_eq!((greedy.load(SeqCst), other.load(SeqCst)), (15, 15));
        queue.wake(broken);
        assert_eq!(queue.state.lock().tasks[&broken].phase, Phase::Broken);
        queue.remove(broken);
    }

    #[test]
    fn threads_run_what_is_due_and_a_removal_waits_for_a_run() {
        let queue = Arc::new(TaskQueue::default());
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let queue = Arc::clone(&queue);
                std::thread::spawn(move || queue.serve())
            })
            .collect();
        let is_running = Arc::new(AtomicU64::new(0));
        let (began, begins) = std::sync::mpsc::channel();
        let id = queue.add(Next::Turn, {
            let is_running = Arc::clone(&is_running);
            move || {
                is_running.fetch_add(1, SeqCst);
                let _ = began.send(());
                std::thread::sleep(Duration::from_millis(1));
                is_running.fetch_sub(1, SeqCst);
                Next::After(Duration::from_micros(100))
            }
        });
        for _ in 0..20 {
            begins.recv().unwrap();
        }
        queue.remove(id);
        assert_eq!(is_running.load(SeqCst), 0);
        assert!(begins.try_iter().count() <= 1 && begins.recv().is_err(), "what it holds is given back");
        queue.close();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    }
}
