//! What a load says while it runs, to a reader who may be slow or never read.
//!
//! Progress is offered: a slow reader misses a number. What must not be missed (the guess, rejected rows, the result)
//! waits for the reader, but never with a place in the lane of loads: the thread gives it back first, and goes on when
//! it has one again.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use muster_proto::v1::LoadReply;
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{self, Receiver, Sender, error::TrySendError};
use tokio_stream::Stream;
use tonic::Status;

use crate::entrance::{Call, CancelOnDrop};
use crate::status;
use crate::work::{Lane, Place, ReadBy};

/// How many events may wait for a slow reader.
const EVENTS_WAITING: usize = 4;

/// Where the events of a load go.
#[derive(Clone)]
pub(crate) struct Events {
    sender: Sender<LoadReply>,
    /// How long a reader may take nothing.
    idle: Duration,
    end: Arc<Mutex<Option<Status>>>,
}

/// The events as they come; when this is dropped, the load is cancelled.
pub(crate) struct LoadEvents {
    events: Receiver<LoadReply>,
    /// Why the load ends without a result.
    end: Arc<Mutex<Option<Status>>>,
    _call: CancelOnDrop,
}

/// The same for the thread that loads, with its place in the lane.
pub(super) struct LaneEvents<'a> {
    events: Events,
    lane: Lane,
    call: &'a Call,
    place: &'a mut Option<Place>,
}

/// The events of a load of `call`.
pub(super) fn channel(call: &Call) -> (Events, LoadEvents) {
    let (sender, events) = mpsc::channel(EVENTS_WAITING);
    let end = Arc::new(Mutex::new(None));
    let heard = LoadEvents { events, end: Arc::clone(&end), _call: call.cancel_on_drop() };
    (Events { sender, idle: call.limits().stream_idle, end }, heard)
}

impl Events {
    /// Says something that a slow reader may miss.
    pub(super) fn offer(&self, event: LoadReply) {
        let _ = self.sender.try_send(event);
    }

    /// The load ends with this, after what was said.
    pub(super) fn fail(self, status: Status) {
        *self.end.lock() = Some(status);
    }

    pub(super) fn in_lane<'a>(self, lane: Lane, call: &'a Call, place: &'a mut Option<Place>) -> LaneEvents<'a> {
        LaneEvents { events: self, lane, call, place }
    }
}

impl<'a> LaneEvents<'a> {
    /// Whose load it is.
    pub(super) fn call(&self) -> &'a Call {
        self.call
    }

    /// Says something that a slow reader may miss.
    pub(super) fn offer(&self, event: LoadReply) {
        self.events.offer(event);
    }

    /// Says something that the reader is waited for. Errors: cancelled, deadline.
    pub(super) fn say(&mut self, event: LoadReply) -> Result<(), Status> {
        let reply = match self.events.sender.try_send(event) {
            Ok(()) => return Ok(()),
            Err(TrySendError::Closed(_)) => return Err(status::gone()),
            Err(TrySendError::Full(reply)) => reply,
        };
        *self.place = None;
        let runtime = Handle::current();
        let heard = ReadBy::new(self.call.deadline(), self.events.idle);
        runtime.block_on(heard.wait(self.events.sender.send(reply)))?.map_err(|_| status::gone())?;
        self.call.look()?;
        *self.place = Some(runtime.block_on(self.lane.enter(self.call.caller().number(), self.call.deadline()))?);
        Ok(())
    }
}

impl Stream for LoadEvents {
    type Item = Result<LoadReply, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match ready!(self.events.poll_recv(cx)) {
            Some(event) => Poll::Ready(Some(Ok(event))),
            None => Poll::Ready(self.end.lock().take().map(Err)),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio_stream::StreamExt;

    use super::*;
    use crate::entrance::Entrance;
    use crate::memory::Memory;
    use crate::work::{Kind, Work, on_thread};

    #[tokio::test(flavor = "multi_thread")]
    async fn a_load_whose_events_nobody_reads_gives_its_place_back_and_loses_nothing() {
        let idle = Duration::from_secs(3_600);
        let limits = crate::limits::Limits { loads_running_max: 1, stream_idle: idle, ..Default::default() };
        let work = Work::new(&limits);
        let entrance = Entrance::new(limits, Arc::new(Memory::new(0)));
        let (call, ()) = entrance.admit("load", tonic::Request::new(()));
        let lane = work.lane(Kind::Load).clone();
        let (events, mut heard) = channel(&call);
        let place = lane.enter(call.caller().number(), None).await.unwrap();
        let of_job = lane.clone();
        let job = move |call: &Call, place: &mut Option<Place>| {
            let mut events = events.in_lane(of_job, call, place);
            for _ in 0..3 * EVENTS_WAITING {
                events.say(LoadReply::default())?;
            }
            Ok(())
        };
        let loading = tokio::spawn(on_thread(call, place, job));
        // Full, and the one place of the lane is free for another load.
        let other = lane.enter(2, None).await.unwrap();
        assert!(!loading.is_finished());
        assert_eq!(heard.events.len(), EVENTS_WAITING);
        drop(other);
        let mut count = 0;
        while let Some(event) = heard.next().await {
            event.unwrap();
            count += 1;
        }
        assert_eq!(count, 3 * EVENTS_WAITING);
        loading.await.unwrap().unwrap();
        assert_eq!((lane.load(), entrance.count()), ((0, 0), 1));
        drop(heard);
        assert_eq!(entrance.count(), 0);
    }
}
