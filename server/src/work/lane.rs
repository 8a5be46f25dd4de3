//! A lane: how many requests of one kind run at once, who waits for a place, and who gets the next one.
//!
//! Each caller has a queue of its own, first in first out; the callers take turns. One caller holds at most a share of
//! the places, so that others find some free whatever it asks, and at most a share of the room to wait.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use muster_engine::Error;
use parking_lot::Mutex;
use tokio::sync::oneshot;
use tonic::Status;

use crate::status;

/// The bounds of a lane.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Requests that run at once.
    pub(crate) places: usize,
    /// Of those, the most of one caller.
    pub(crate) share: usize,
    /// Requests that wait; half of them may be of one caller.
    pub(crate) waiting_max: usize,
    /// The options that a refusal names: of those that run, and of those that wait.
    pub(crate) places_limit: &'static str,
    pub(crate) waiting_limit: &'static str,
}

impl Bounds {
    /// Of whom the deadline found waiting.
    fn late(&self) -> Error {
        Error::deadline(format!(
            "allow more time or ask again later: the deadline of the call was over before there was a place for it ({} \
             {}, of one caller {})",
            self.places_limit, self.places, self.share
        ))
    }

    /// Of whom comes when too many wait.
    fn full(&self) -> Error {
        Error::busy(format!("ask again later: too many requests wait ({})", self.waiting_limit))
    }
}

/// See the module. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Lane(Arc<Inner>);

struct Inner {
    bounds: Bounds,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    taken: usize,
    waiting: usize,
    callers: HashMap<u64, Queue>,
    /// Callers with somebody who waits, in the order of their turns.
    turns: VecDeque<u64>,
}

#[derive(Default)]
struct Queue {
    taken: usize,
    waiting: VecDeque<oneshot::Sender<Place>>,
}

/// A place in a lane, held while a request runs.
pub(crate) struct Place {
    /// None once there is nothing to give back.
    lane: Option<Arc<Inner>>,
    caller: u64,
}

/// Leaves the queue when whoever waits gives up.
struct Ticket<'a> {
    lane: &'a Inner,
    caller: u64,
    place: Option<oneshot::Receiver<Place>>,
}

impl Lane {
    pub(crate) fn new(bounds: Bounds) -> Lane {
        let places = bounds.places.max(1);
        let bounds = Bounds { places, share: bounds.share.clamp(1, places), ..bounds };
        Lane(Arc::new(Inner { bounds, state: Mutex::default() }))
    }

    /// A place for `caller`, now or when it has its turn, no later than `deadline`. Who drops the future has given up.
    ///
    /// Errors: busy when too many wait, deadline.
    pub(crate) async fn enter(&self, caller: u64, deadline: Option<Instant>) -> Result<Place, Status> {
        let mut ticket = match self.ask(caller)? {
            Ok(place) => return Ok(place),
            Err(place) => Ticket { lane: &self.0, caller, place: Some(place) },
        };
        let waiting = ticket.place.as_mut().expect("it is taken by the drop alone");
        let place = match deadline {
            None => waiting.await,
            Some(deadline) => tokio::time::timeout_at(deadline.into(), waiting)
                .await
                .map_err(|_| status::of(&self.0.bounds.late()))?,
        };
        place.map_err(|_| status::of(&Error::internal("the lane was closed")))
    }

    /// A place at once, or the way to it.
    fn ask(&self, caller: u64) -> Result<Result<Place, oneshot::Receiver<Place>>, Status> {
        let bounds = &self.0.bounds;
        let mut state = self.0.state.lock();
        let state = &mut *state;
        let queue = state.callers.entry(caller).or_default();
        if state.taken < bounds.places && queue.taken < bounds.share && queue.waiting.is_empty() {
            state.taken += 1;
            queue.taken += 1;
            return Ok(Ok(Place { lane: Some(Arc::clone(&self.0)), caller }));
        }
        if state.waiting >= bounds.waiting_max || queue.waiting.len() >= bounds.waiting_max.div_ceil(2) {
            state.forget_if_idle(caller);
            return Err(status::of(&bounds.full()));
        }
        if queue.waiting.is_empty() {
            state.turns.push_back(caller);
        }
        let (turn, place) = oneshot::channel();
        queue.waiting.push_back(turn);
        state.waiting += 1;
        Ok(Err(place))
    }

    /// How many places are taken and how many requests wait.
    pub(crate) fn load(&self) -> (usize, usize) {
        let state = self.0.state.lock();
        (state.taken, state.waiting)
    }
}

impl State {
    fn forget_if_idle(&mut self, caller: u64) {
        if self.callers.get(&caller).is_some_and(|queue| queue.taken == 0 && queue.waiting.is_empty()) {
            self.callers.remove(&caller);
        }
    }

    /// Deals free places out, one to each caller in turn.
    fn deal(&mut self, lane: &Arc<Inner>) {
        // A caller that has its share keeps its turn for later.
        let mut at_their_share = VecDeque::new();
        while self.taken < lane.bounds.places
            && let Some(caller) = self.turns.pop_front()
        {
            let queue = self.callers.entry(caller).or_default();
            if queue.taken >= lane.bounds.share {
                at_their_share.push_back(caller);
                continue;
            }
            if let Some(turn) = queue.waiting.pop_front() {
                self.waiting -= 1;
                match turn.send(Place { lane: Some(Arc::clone(lane)), caller }) {
                    Ok(()) => {
                        self.taken += 1;
                        queue.taken += 1;
                    }
                    // Who has given up has no place to give back.
                    Err(mut place) => place.lane = None,
                }
            }
            match queue.waiting.is_empty() {
                true => self.forget_if_idle(caller),
                false => self.turns.push_back(caller),
            }
        }
        at_their_share.append(&mut self.turns);
        self.turns = at_their_share;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(lane) = self.lane.take() else { return };
        let mut state = lane.state.lock();
        state.taken -= 1;
        if let Some(queue) = state.callers.get_mut(&self.caller) {
            queue.taken -= 1;
        }
        state.forget_if_idle(self.caller);
        state.deal(&lane);
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        // A place that came meanwhile is given back by its own drop, outside the lock.
        drop(self.place.take());
        let mut state = self.lane.state.lock();
        let state = &mut *state;
        let Some(queue) = state.callers.get_mut(&self.caller) else { return };
        let before = queue.waiting.len();
        queue.waiting.retain(|turn| !turn.is_closed());
        state.waiting -= before - queue.waiting.len();
        if queue.waiting.is_empty() {
            state.turns.retain(|caller| *caller != self.caller);
        }
        state.forget_if_idle(self.caller);
    }
}

#[cfg(test)]
mod tests {

    use super::*;

    fn lane(places: usize, share: usize, waiting_max: usize) -> Lane {
        Lane::new(Bounds {
            places,
            share,
            waiting_max,
            places_limit: "queries_running_max",
            waiting_limit: "queries_waiting_max",
        })
    }

    /// Asks for places in this order while `held` is kept, then lets it go; who has a place notes its name and goes.
    async fn served(lane: &Lane, held: Vec<Place>, asking: &[(u64, &'static str)]) -> Vec<&'static str> {
        let order: Arc<Mutex<Vec<&'static str>>> = Arc::default();
        let mut tasks = Vec::new();
        for (caller, name) in asking {
            let (lane, order, caller, name) = (lane.clone(), Arc::clone(&order), *caller, *name);
            let waiting = lane.load().1;
            let queue = lane.clone();
            tasks.push(tokio::spawn(async move {
                let _place = lane.enter(caller, None).await.unwrap();
                order.lock().push(name);
            }));
            while queue.load().1 == waiting {
                tokio::task::yield_now().await;
            }
        }
        drop(held);
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(lane.load(), (0, 0));
        assert!(lane.0.state.lock().callers.is_empty(), "nobody is remembered");
        Arc::into_inner(order).unwrap().into_inner()
    }

    #[tokio::test]
    async fn callers_take_turns_and_each_is_served_in_its_order() {
        let lane = lane(1, 1, 100);
        let held = vec![lane.enter(9, None).await.unwrap()];
        let asking = [(1, "a1"), (1, "a2"), (1, "a3"), (2, "b1"), (3, "c1"), (2, "b2")];
        assert_eq!(served(&lane, held, &asking).await, ["a1", "b1", "c1", "a2", "b2", "a3"]);
    }

    #[tokio::test]
    async fn a_caller_that_has_its_share_leaves_the_rest_to_others() {
        let lane = lane(4, 3, 100);
        let mut held = Vec::new();
        for _ in 0..3 {
            held.push(lane.enter(1, None).await.unwrap());
        }
        // The fourth of the same caller waits, although there is room; another caller does not.
        let (queue, waiting) = (
            lane.clone(),
            tokio::spawn({
                let lane = lane.clone();
                async move { lane.enter(1, None).await.map(drop) }
            }),
        );
        while queue.load().1 == 0 {
            tokio::task::yield_now().await;
        }
        let other = lane.enter(2, None).await.unwrap();
        assert_eq!(lane.load(), (4, 1));
        drop(other);
        assert_eq!(lane.load(), (3, 1), "the share holds when a place comes free");
        held.pop();
        waiting.await.unwrap().unwrap();
        assert_eq!(lane.load(), (2, 0));
    }

    #[tokio::test]
    async fn who_waits_is_bounded_and_no_caller_fills_the_room_to_wait() {
        let lane = lane(1, 1, 4);
        let _held = lane.enter(9, None).await.unwrap();
        let waits = |caller| lane.ask(caller).map(|place| place.is_err());
        assert!(waits(1).unwrap() && waits(1).unwrap());
        let refused = waits(1).unwrap_err();
        assert_eq!(refused.code(), tonic::Code::Unavailable, "half of the room is for others");
        assert!(waits(2).unwrap() && waits(3).unwrap());
        let refused = waits(4).unwrap_err();
        assert!(refused.message().contains("queries_waiting_max"), "{}", refused.message());
    }

    #[tokio::test]
    async fn who_gives_up_or_is_late_leaves_nothing_behind() {
        let lane = lane(1, 1, 4);
        let held = lane.enter(9, None).await.unwrap();
        let late = lane.enter(1, Some(Instant::now())).await.err().expect("the time is over");
        assert_eq!(late.code(), tonic::Code::DeadlineExceeded);
        let gone = tokio::spawn({
            let lane = lane.clone();
            async move { lane.enter(2, None).await.map(drop) }
        });
        while lane.load().1 == 0 {
            tokio::task::yield_now().await;
        }
        gone.abort();
        assert!(gone.await.unwrap_err().is_cancelled());
        assert_eq!(lane.load(), (1, 0), "the queue holds nobody who has gone");
        drop(held);
        assert_eq!(lane.load(), (0, 0));
        assert!(lane.0.state.lock().callers.is_empty());
    }
}
