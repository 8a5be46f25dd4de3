//! A stream of replies that is made by threads which never wait for its reader.
//!
//! As long as there is room in the channel, a thread with a place in the lane fills it. When the reader is behind, the
//! thread goes and gives the place back; what makes the replies stays as it is, with its snapshot and its cursor, until
//! there is room again. A reader that reads nothing costs what it holds, which is charged, and nobody's time; when it
//! has read nothing for long the stream ends, for its snapshot keeps files.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{self, OwnedPermit, Receiver, Sender};
use tokio_stream::Stream;
use tonic::Status;

use super::lane::Lane;
use super::panicked;
use super::reader::ReadBy;
use crate::entrance::{Call, CancelOnDrop};
use crate::memory::Charge;
use crate::status;

/// How many messages may wait for a slow reader.
pub(crate) const MESSAGES_WAITING: usize = 4;

/// What makes the messages of a stream, one after the other.
pub(crate) trait Source: Send + 'static {
    /// A message.
    type Message: Send + 'static;

    /// The next message; none after the last. Errors: those of the answer; cancelled, deadline.
    fn next(&mut self, call: &Call) -> Result<Option<Weighed<Self::Message>>, Status>;
}

/// A message, and about how many bytes it holds.
pub(crate) struct Weighed<M> {
    pub(crate) message: M,
    pub(crate) bytes: u64,
}

/// A message that waits for the reader, and what it takes meanwhile.
type Waiting<M> = (M, Charge);

/// The messages as they come; when this is dropped, the call is cancelled.
pub(crate) struct Feed<M> {
    messages: Receiver<Waiting<M>>,
    /// Of the last message, which is on its way until the next one is asked for.
    on_its_way: Option<Charge>,
    /// Why the stream ends before its last message.
    end: Arc<Mutex<Option<Status>>>,
    _call: CancelOnDrop,
}

#[cfg(test)]
impl<M> Feed<M> {
    /// How many messages wait for the reader.
    pub(crate) fn waiting(&self) -> usize {
        self.messages.len()
    }

    /// Whether anything may still be made.
    pub(crate) fn is_filled(&self) -> bool {
        self.messages.sender_strong_count() > 0
    }
}

impl<M: Unpin> Stream for Feed<M> {
    type Item = Result<M, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.on_its_way = None;
        match ready!(self.messages.poll_recv(cx)) {
            Some((message, charge)) => {
                self.on_its_way = Some(charge);
                Poll::Ready(Some(Ok(message)))
            }
            None => Poll::Ready(self.end.lock().take().map(Err)),
        }
    }
}

/// How a turn in the lane ended.
enum Turn<S: Source> {
    /// The reader is behind: the rest is made when there is room.
    Behind(S, Sender<Waiting<S::Message>>),
    /// The last message is made.
    Over,
    /// The stream ends with this.
    Failed(Status),
}

/// Where streams are made.
#[derive(Clone)]
pub(crate) struct Feeding {
    pub(crate) lane: Lane,
    /// How long a reader may take nothing.
    pub(crate) idle: Duration,
}

impl Feeding {
    /// Begins to make what `source` makes, in the turns that the lane gives to `call`.
    pub(crate) fn feed<S: Source>(self, call: Call, source: S) -> Feed<S::Message> {
        let (sender, messages) = mpsc::channel(MESSAGES_WAITING);
        let end = Arc::new(Mutex::new(None));
        let feed = Feed { messages, on_its_way: None, end: Arc::clone(&end), _call: call.cancel_on_drop() };
        tokio::spawn(async move {
            let outcome = self.fill(&call, source, sender.clone()).await;
            call.ended(&outcome);
            if let Err(status) = outcome {
                *end.lock() = Some(status);
            }
            // Only now the reader learns that this was all.
            drop(sender);
        });
        feed
    }

    async fn fill<S: Source>(
        &self,
        call: &Call,
        mut source: S,
        mut sender: Sender<Waiting<S::Message>>,
    ) -> Result<(), Status> {
        loop {
            let patient = ReadBy::new(call.deadline(), self.idle);
            let Some(room) = patient.wait(sender.reserve_owned()).await?.ok() else { return Err(status::gone()) };
            let place = self.lane.enter(call.caller().number(), call.deadline()).await?;
            let call = call.clone();
            let turn = tokio::task::spawn_blocking(move || {
                let _place = place;
                take_turn(source, room, &call)
            });
            match turn.await.unwrap_or_else(|panic| Turn::Failed(panicked(&panic))) {
                Turn::Behind(rest, waiting) => (source, sender) = (rest, waiting),
                Turn::Over => return Ok(()),
                Turn::Failed(status) => return Err(status),
            }
        }
    }
}

/// Makes messages while there is room for them.
fn take_turn<S: Source>(mut source: S, mut room: OwnedPermit<Waiting<S::Message>>, call: &Call) -> Turn<S> {
    loop {
        let Weighed { message, bytes } = match source.next(call) {
            Ok(Some(weighed)) => weighed,
            Ok(None) => return Turn::Over,
            Err(status) => return Turn::Failed(status),
        };
        let charge = call.charge_reply();
        if let Err(status) = charge.set(bytes) {
            return Turn::Failed(status);
        }
        match room.send((message, charge)).try_reserve_owned() {
            Ok(more) => room = more,
            Err(TrySendError::Full(sender)) => return Turn::Behind(source, sender),
            Err(TrySendError::Closed(_)) => return Turn::Failed(status::gone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio_stream::StreamExt;
    use tonic::{Code, Request};

    use super::*;
    use crate::entrance::Entrance;
    use crate::limits::Limits;
    use crate::memory::Memory;
    use crate::work::{Kind, Work};

    /// Counts down to its end.
    struct Countdown {
        left: u32,
        end: Result<(), Status>,
    }

    impl Source for Countdown {
        type Message = u32;

        fn next(&mut self, _: &Call) -> Result<Option<Weighed<u32>>, Status> {
            if self.left == 0 {
                return self.end.clone().map(|()| None);
            }
            self.left -= 1;
            Ok(Some(Weighed { message: self.left, bytes: 1 }))
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn how_a_stream_ended_is_noted_when_nothing_works_for_it_any_more() {
        let limits = Limits::default();
        let work = Work::new(&limits);
        let entrance = Entrance::new(limits, Arc::new(Memory::new(1_000)));
        for (read, end, code) in [
            (100, Ok(()), Code::Ok),
            (100, Err(Status::data_loss("it is gone")), Code::DataLoss),
            (1, Ok(()), Code::Cancelled),
        ] {
            let (call, ()) = entrance.admit("countdown", Request::new(()));
            let mut stream = work.feed(Kind::Long, call.clone(), Countdown { left: 20, end });
            let mut messages = 0;
            while messages < read && stream.next().await.is_some_and(|message| message.is_ok()) {
                messages += 1;
            }
            drop(stream);
            // The one that is held here is the last.
            while call.holders() > 1 {
                tokio::task::yield_now().await;
            }
            assert_eq!(call.code(), code);
            drop(call);
            assert_eq!(entrance.count(), 0);
        }
    }
}
