//! A stream of replies that is made by threads which never wait for its reader.
//!
//! As long as there is room in the channel, a thread with a place in the lane fills it. When the reader is behind, the
//! thread goes and gives the place back; what makes the replies stays as it is, with its snapshot and its cursor, until
//! there is room again. A reader that reads nothing costs what it holds, and nobody's time.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::Instant;

use muster_engine::Error;
use muster_engine::query::Run;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{self, OwnedPermit, Receiver, Sender};
use tokio_stream::Stream;
use tonic::Status;

use super::call::{Call, CancelOnDrop};
use super::lane::Lane;
use super::{lock, panicked};
use crate::convert::error;

/// How many messages may wait for a slow reader.
pub(crate) const MESSAGES_WAITING: usize = 4;

/// What makes the messages of a stream, one after the other.
pub(crate) trait Source: Send + 'static {
    /// A message.
    type Message: Send + 'static;

    /// The next message; none after the last. Errors: those of the answer; cancelled, deadline.
    fn next(&mut self, run: &Run) -> Result<Option<Self::Message>, Status>;
}

/// The messages as they come; when this is dropped, the call is cancelled.
pub(crate) struct Feed<M> {
    messages: Receiver<M>,
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

impl<M> Stream for Feed<M> {
    type Item = Result<M, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match ready!(self.messages.poll_recv(cx)) {
            Some(message) => Poll::Ready(Some(Ok(message))),
            None => Poll::Ready(lock(&self.end).take().map(Err)),
        }
    }
}

/// How a turn in the lane ended.
enum Turn<S: Source> {
    /// The reader is behind: the rest is made when there is room.
    Behind(S, Sender<S::Message>),
    /// The last message is made, or nobody reads any more.
    Over,
    /// The stream ends with this.
    Failed(Status),
}

/// Begins to make what `source` makes, in the turns that `lane` gives to `call`.
pub(crate) fn feed<S: Source>(lane: &Lane, call: Call, source: S) -> Feed<S::Message> {
    let (sender, messages) = mpsc::channel(MESSAGES_WAITING);
    let end = Arc::new(Mutex::new(None));
    let feed = Feed { messages, end: Arc::clone(&end), _call: call.cancel_on_drop() };
    let lane = lane.clone();
    tokio::spawn(async move {
        if let Err(status) = fill(&lane, &call, source, sender.clone()).await {
            *lock(&end) = Some(status);
        }
        // Only now the reader learns that this was all.
        drop(sender);
    });
    feed
}

async fn fill<S: Source>(
    lane: &Lane,
    call: &Call,
    mut source: S,
    mut sender: Sender<S::Message>,
) -> Result<(), Status> {
    loop {
        let Some(room) = room(sender, call.deadline).await? else { return Ok(()) };
        let place = lane.enter(call.caller, call.deadline).await?;
        let run = call.run();
        let turn = tokio::task::spawn_blocking(move || {
            let _place = place;
            take_turn(source, room, &run)
        });
        match turn.await.unwrap_or_else(|panic| Turn::Failed(panicked(&panic))) {
            Turn::Behind(rest, waiting) => (source, sender) = (rest, waiting),
            Turn::Over => return Ok(()),
            Turn::Failed(status) => return Err(status),
        }
    }
}

/// Waits until the reader has taken something; none when it has gone.
async fn room<M>(sender: Sender<M>, deadline: Option<Instant>) -> Result<Option<OwnedPermit<M>>, Status> {
    let room = sender.reserve_owned();
    match deadline {
        None => Ok(room.await.ok()),
        Some(deadline) => match tokio::time::timeout_at(deadline.into(), room).await {
            Ok(room) => Ok(room.ok()),
            Err(_) => Err(error::status(&Error::deadline("the time for the request is over"))),
        },
    }
}

/// Makes messages while there is room for them.
fn take_turn<S: Source>(mut source: S, mut room: OwnedPermit<S::Message>, run: &Run) -> Turn<S> {
    loop {
        let sender = match source.next(run) {
            Ok(Some(message)) => room.send(message),
            Ok(None) => return Turn::Over,
            Err(status) => return Turn::Failed(status),
        };
        match sender.try_reserve_owned() {
            Ok(more) => room = more,
            Err(TrySendError::Full(sender)) => return Turn::Behind(source, sender),
            Err(TrySendError::Closed(_)) => return Turn::Over,
        }
    }
}
