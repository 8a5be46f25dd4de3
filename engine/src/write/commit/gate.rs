//! The commit queue, a gate before the one writer: callers queue, and one of them leads the group.
//!
//! There is one writer at a time, and no thread of its own: the first caller who finds the writer free takes all
//! waiting requests as one group, commits them together and hands each its reply; the others sleep until theirs is
//! there. So under load many batches share one sync, and a lone caller pays for no hand-over. Work that needs the
//! writer alone (publishing a flush, committing a load) goes ahead of the next group.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

use crate::error::{Error, Result};

/// The most requests that wait at a gate.
pub(crate) const QUEUE_REQUESTS_MAX: usize = 1 << 14;
/// The most requests that one group takes.
pub(crate) const GROUP_REQUESTS_MAX: usize = 1024;
/// A group takes no further request once it holds this many changes.
pub(crate) const GROUP_CHANGES_MAX: usize = 1 << 20;

/// See the module. `Q` is what is asked, `A` what is answered.
pub(crate) struct Gate<Q, A> {
    state: Mutex<GateState<Q, A>>,
    changed: Condvar,
}

struct GateState<Q, A> {
    queue: VecDeque<Waiting<Q, A>>,
    /// Whether somebody leads or works alone.
    taken: bool,
    /// How many wait to work alone.
    alone_waiting: usize,
}

struct Waiting<Q, A> {
    request: Q,
    weight: usize,
    reply: Reply<A>,
}

type Reply<A> = Arc<Mutex<Option<Result<A>>>>;

impl<Q, A> Gate<Q, A> {
    /// A gate that is free.
    pub(crate) fn new() -> Gate<Q, A> {
        Gate {
            state: Mutex::new(GateState { queue: VecDeque::new(), taken: false, alone_waiting: 0 }),
            changed: Condvar::new(),
        }
    }

    /// Queues `request`, which holds `weight` changes, and returns its reply. `commit` is called with a whole group by
    /// whoever leads it, and must answer each request in order. Errors: busy, when too many wait.
    pub(crate) fn submit(&self, request: Q, weight: usize, commit: impl Fn(Vec<Q>) -> Vec<Result<A>>) -> Result<A> {
        let reply: Reply<A> = Arc::new(Mutex::new(None));
        let mut state = self.state.lock();
        if state.queue.len() >= QUEUE_REQUESTS_MAX {
            return Err(Error::busy(format!("try again later: {QUEUE_REQUESTS_MAX} requests wait to be written")));
        }
        state.queue.push_back(Waiting { request, weight, reply: Arc::clone(&reply) });
        loop {
            if let Some(answer) = reply.lock().take() {
                return answer;
            }
            if state.taken || state.alone_waiting > 0 {
                self.changed.wait(&mut state);
                continue;
            }
            // Nobody leads and this request still waits: lead one group. It begins with the oldest request, so this
            // one is answered after a bounded number of groups.
            state.taken = true;
            let (requests, replies) = next_group(&mut state.queue);
            drop(state);
            let turn = Turn { gate: self };
            let replies = Replies(replies);
            let answers = commit(requests);
            assert_eq!(answers.len(), replies.0.len(), "each request of a group gets one answer");
            for (slot, answer) in replies.0.iter().zip(answers) {
                *slot.lock() = Some(answer);
            }
            drop(replies);
            drop(turn);
            state = self.state.lock();
        }
    }

    /// Waits until nobody writes and runs `work` while nobody else can.
    pub(crate) fn alone<T>(&self, work: impl FnOnce() -> T) -> T {
        let mut state = self.state.lock();
        state.alone_waiting += 1;
        while state.taken {
            self.changed.wait(&mut state);
        }
        state.alone_waiting -= 1;
        state.taken = true;
        drop(state);
        let _turn = Turn { gate: self };
        work()
    }
}

/// The right to write; given back also when the holder unwinds.
struct Turn<'g, Q, A> {
    gate: &'g Gate<Q, A>,
}

impl<Q, A> Drop for Turn<'_, Q, A> {
    fn drop(&mut self) {
        self.gate.state.lock().taken = false;
        self.gate.changed.notify_all();
    }
}

/// The slots of a group; those that are still empty when it ends, because it unwound, get an error.
struct Replies<A>(Vec<Reply<A>>);

impl<A> Drop for Replies<A> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for slot in &self.0 {
                slot.lock()
                    .get_or_insert_with(|| Err(Error::internal("the writer stopped in the middle of this group")));
            }
        }
    }
}

fn next_group<Q, A>(queue: &mut VecDeque<Waiting<Q, A>>) -> (Vec<Q>, Vec<Reply<A>>) {
    let (mut requests, mut replies, mut changes) = (Vec::new(), Vec::new(), 0usize);
    while requests.len() < GROUP_REQUESTS_MAX && changes < GROUP_CHANGES_MAX {
        let Some(waiting) = queue.pop_front() else { break };
        changes = changes.saturating_add(waiting.weight);
        requests.push(waiting.request);
        replies.push(waiting.reply);
    }
    (requests, replies)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    #[test]
    fn every_request_gets_its_own_answer_and_only_one_leads() {
        let gate: Gate<usize, usize> = Gate::new();
        let inside = AtomicUsize::new(0);
        let groups = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let (gate, inside, groups) = (&gate, &inside, &groups);
                scope.spawn(move || {
                    for round in 0..200 {
                        let request = thread * 1000 + round;
                        let answer = gate.submit(request, 1, |requests| {
                            assert_eq!(inside.fetch_add(1, SeqCst), 0, "two lead at once");
                            groups.fetch_add(1, SeqCst);
                            let answers = requests.iter().map(|&request| Ok(request * 2)).collect();
                            inside.fetch_sub(1, SeqCst);
                            answers
                        });
                        assert_eq!(answer.unwrap(), request * 2);
                        if round % 50 == 0 {
                            gate.alone(|| {
                                assert_eq!(inside.fetch_add(1, SeqCst), 0, "not alone");
                                inside.fetch_sub(1, SeqCst);
                            });
                        }
                    }
                });
            }
        });
        assert!(groups.load(SeqCst) <= 1600);
    }

    #[test]
    fn a_group_is_bounded_by_its_changes() {
        let mut queue: VecDeque<Waiting<u8, u8>> = (0..3)
            .map(|request| Waiting { request, weight: GROUP_CHANGES_MAX, reply: Arc::new(Mutex::new(None)) })
            .collect();
        assert_eq!(next_group(&mut queue).0, [0]);
        assert_eq!(queue.len(), 2);
    }
}
