//! How far the reader of a stream is: who is behind for too long loses the stream, and all that waits for him goes.
//!
//! A stream is one task, which asks its body for the next frame only when the window is open. So the task itself cannot
//! see that nobody reads; what looks at the clock stands around it. When it ends the task, HTTP/2 resets the stream.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use http_body::{Body, Frame, SizeHint};
use parking_lot::Mutex;
use tokio::time::Sleep;

/// How long a reader who is behind may still come back to hear why his stream has ended.
const LAST_WORDS: Duration = Duration::from_secs(1);

tokio::task_local! {
    /// The reader of the stream whose task this is.
    static READING: Reading;
}

/// The tasks of streams. HTTP/2 gives each stream one.
#[derive(Clone, Copy)]
pub(super) struct ReadTasks {
    /// How long a reader may take nothing.
    pub(super) idle: Duration,
}

impl<F> hyper::rt::Executor<F> for ReadTasks
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    fn execute(&self, stream: F) {
        let reading = Reading::new(self.idle);
        let watched = Watched { stream: Box::pin(stream), reading: reading.clone(), clock: None };
        tokio::spawn(READING.scope(reading, watched));
    }
}

/// How far the reader of one stream is. Clones are the same.
#[derive(Clone)]
pub(super) struct Reading {
    idle: Duration,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// When the reader was given what has not gone out yet; none while it is our turn.
    given: Option<Instant>,
    /// When the caller stops waiting.
    deadline: Option<Instant>,
}

impl Reading {
    fn new(idle: Duration) -> Reading {
        Reading { idle, state: Arc::default() }
    }

    /// That of the stream whose task asks; of nobody outside of one.
    pub(super) fn of_this_task() -> Reading {
        READING.try_with(Clone::clone).unwrap_or_else(|_| Reading::new(Duration::MAX))
    }

    /// The caller does not wait longer than that.
    pub(super) fn until(&self, deadline: Option<Instant>) {
        self.state.lock().deadline = deadline;
    }

    /// `body`, which notes what is taken of it.
    pub(super) fn of<B>(self, body: B) -> ReadBody<B> {
        ReadBody { body, reading: self }
    }

    /// Until when the reader has to have taken what he was given; none while it is our turn, or where he has for ever.
    fn read_by(&self) -> Option<Instant> {
        let State { given, deadline } = *self.state.lock();
        let given = given?;
        let idle = given.checked_add(self.idle);
        let by_deadline = deadline.map(|deadline| deadline.max(given));
        let by = [idle, by_deadline].into_iter().flatten().min()?;
        by.checked_add(LAST_WORDS)
    }
}

/// See [`Reading::of`].
pub(super) struct ReadBody<B> {
    body: B,
    reading: Reading,
}

impl<B: Body + Unpin> Body for ReadBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        // Whoever asks for more has room for it.
        self.reading.state.lock().given = None;
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        self.reading.state.lock().given = Some(Instant::now());
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The task of a stream, which is over when its reader is behind for too long.
struct Watched<F> {
    stream: Pin<Box<F>>,
    reading: Reading,
    /// When to look at the reader next.
    clock: Option<Pin<Box<Sleep>>>,
}

impl<F: Future> Future for Watched<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.stream.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        let Some(by) = self.reading.read_by() else {
            self.clock = None;
            return Poll::Pending;
        };
        let clock = self.clock.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(by.into())));
        if clock.deadline() != by.into() {
            clock.as_mut().reset(by.into());
        }
        clock.as_mut().poll(cx)
    }
}

#[cfg(test)]
mod tests {
    use http_body::Body as _;
    use tonic::body::Body;

    use super::*;

    /// A stream that gives its reader one thing and waits for him for ever.
    fn given(reading: &Reading) -> Watched<impl Future<Output = ()> + use<>> {
        let mut body = reading.clone().of(Body::new(String::from("some")));
        let stream = async move {
            std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await.unwrap().unwrap();
            std::future::pending::<()>().await;
        };
        Watched { stream: Box::pin(stream), reading: reading.clone(), clock: None }
    }

    #[tokio::test]
    async fn a_stream_that_nobody_reads_ends_and_one_that_has_nothing_to_say_stays() {
        let idle = Duration::from_millis(1);
        // It ends, which is the point.
        given(&Reading::new(idle)).await;
        let late = Reading::new(Duration::MAX);
        late.until(Some(Instant::now()));
        given(&late).await;
        let silent =
            Watched { stream: Box::pin(std::future::pending::<()>()), reading: Reading::new(idle), clock: None };
        assert!(tokio::time::timeout(2 * LAST_WORDS, silent).await.is_err(), "it is our turn");
    }

    #[tokio::test]
    async fn until_when_he_has_to_read_is_counted_from_what_he_was_given() {
        let (idle, now) = (Duration::from_secs(60), Instant::now());
        let reading = Reading::new(idle);
        let by = |given, deadline| {
            *reading.state.lock() = State { given, deadline };
            reading.read_by()
        };
        let second = Duration::from_secs(1);
        assert_eq!(by(None, Some(now)), None);
        assert_eq!(by(Some(now), None), Some(now + idle + LAST_WORDS));
        assert_eq!(by(Some(now), Some(now + second)), Some(now + second + LAST_WORDS));
        assert_eq!(by(Some(now + second), Some(now)), Some(now + second + LAST_WORDS));
    }
}
