//! The body of a request, measured as it arrives: a message of gRPC is five bytes that tell its length, and the
//! message.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http_body::{Frame, SizeHint};
use muster_engine::Error;
use muster_proto::WRITE_MEMORY_BYTES_MAX;
use tokio::time::{Instant, Sleep, sleep, sleep_until};
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::Bytes;

use super::{Messages, Rules};
use crate::memory::Charge;
use crate::status;

/// Whether it is compressed, which nobody may, and four bytes of length.
const PREFIX_BYTES: usize = 5;
/// What a message may become in memory, in times of its size on the wire: a text of no characters takes two bytes there
/// and a list entry of its own here. The tests `memory` of `proto` hold every message to it.
const EXPANSION: u64 = 32;

/// See the module.
pub(super) struct Received {
    inner: Body,
    rules: Rules,
    charge: Arc<Charge>,
    /// What the request takes as long as it is open, whatever arrives.
    open_bytes: u64,
    /// Set where it is refused before it brings anything.
    refused: Option<Status>,
    prefix: [u8; PREFIX_BYTES],
    prefix_bytes: usize,
    /// Bytes of the current message that have not arrived.
    left: u64,
    /// What the whole messages may take that have been passed on, and are not known to be done with.
    passed_on: u64,
    /// What has arrived of one that is not whole.
    arrived: u64,
    /// Ends a request whose one message is not whole, and a stream that brought nothing for too long.
    clock: Pin<Box<Sleep>>,
    /// Ends a request whose caller does not wait any longer, whatever else is waited for.
    deadline: Option<Pin<Box<Sleep>>>,
    /// Whether the service waits for something that has not come.
    is_awaited: bool,
}

impl Received {
    /// A body of a request that takes `open_bytes` beside it, which are charged already.
    pub(super) fn new(inner: Body, rules: Rules, charge: Arc<Charge>, open_bytes: u64) -> Received {
        Received {
            inner,
            rules,
            open_bytes,
            refused: None,
            charge,
            prefix: [0; PREFIX_BYTES],
            prefix_bytes: 0,
            left: 0,
            passed_on: 0,
            arrived: 0,
            clock: Box::pin(sleep(rules.within)),
            deadline: None,
            is_awaited: false,
        }
    }

    /// The same, of a request whose caller waits until then.
    pub(super) fn until(mut self, deadline: Option<std::time::Instant>) -> Received {
        self.deadline = deadline.map(|deadline| Box::pin(sleep_until(deadline.into())));
        self
    }

    /// The same, of a request that is refused with `status` whatever it brings.
    pub(super) fn refused(mut self, status: Status) -> Received {
        self.refused = Some(status);
        self
    }

    /// Measures the next bytes. Errors: a message that is too long, or for which there is no memory.
    fn measure(&mut self, mut bytes: &[u8]) -> Result<(), Status> {
        while !bytes.is_empty() {
            if self.left == 0 {
                let taken = bytes.len().min(PREFIX_BYTES - self.prefix_bytes);
                self.prefix[self.prefix_bytes..self.prefix_bytes + taken].copy_from_slice(&bytes[..taken]);
                self.prefix_bytes += taken;
                bytes = &bytes[taken..];
                if self.prefix_bytes < PREFIX_BYTES {
                    break;
                }
                let [_, length @ ..] = self.prefix;
                self.begin(u64::from(u32::from_be_bytes(length)))?;
            }
            let taken = bytes.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
            bytes = &bytes[taken..];
            self.arrived += taken as u64;
            self.left -= taken as u64;
            if self.left == 0 {
                self.passed_on += most(self.rules.kind, self.arrived);
                (self.prefix_bytes, self.arrived) = (0, 0);
            }
        }
        self.charge.set(self.open_bytes + self.passed_on + self.arrived)
    }

    /// What is said when nothing came for too long.
    fn late(&self) -> Status {
        let within = self.rules.within.as_millis();
        let message = match self.rules.kind.is_stream() {
            true => format!("call again when there is more to send: nothing came for {within} ms (stream_idle_ms)"),
            false => format!("send the whole message at once: it did not arrive within {within} ms (receive_ms)"),
        };
        status::of(&Error::deadline(message))
    }

    fn begin(&mut self, length: u64) -> Result<(), Status> {
        if length > self.rules.bytes_max as u64 {
            let what = match self.rules.kind {
                Messages::Ask | Messages::Asks => {
                    "ask with fewer or shorter lists, or give roaring bytes, which `members` of ids($name) makes of \
                     keys in pieces"
                }
                Messages::Batch | Messages::Batches => "send the changes in several batches",
                Messages::Pieces => "send the file in smaller pieces",
            };
            return Err(status::too_long(self.rules.limit, what, length, self.rules.bytes_max as u64));
        }
        self.left = length;
        Ok(())
    }
}

/// The most that a message of so many bytes takes while it is decoded and held.
fn most(kind: Messages, bytes: u64) -> u64 {
    match kind {
        Messages::Ask | Messages::Asks => EXPANSION.saturating_mul(bytes),
        Messages::Batch | Messages::Batches => {
            EXPANSION.saturating_mul(bytes).min(WRITE_MEMORY_BYTES_MAX as u64).saturating_add(bytes)
        }
        // Once as it came, once taken out.
        Messages::Pieces => 2 * bytes,
    }
}

impl http_body::Body for Received {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        if let Some(refused) = this.refused.take() {
            return Poll::Ready(Some(Err(refused)));
        }
        if this.rules.kind.is_stream() && this.passed_on > 0 {
            // Whoever asks for more is done with the messages that came whole.
            this.passed_on = 0;
            this.charge.settle(this.open_bytes + this.arrived);
        }
        let frame = match Pin::new(&mut this.inner).poll_frame(cx) {
            Poll::Ready(frame) => frame,
            Poll::Pending => {
                if this.rules.kind.is_stream() && !this.is_awaited {
                    // From when the service asks, for it may have been busy.
                    this.clock.as_mut().reset(Instant::now() + this.rules.within);
                }
                this.is_awaited = true;
                if let Some(deadline) = &mut this.deadline
                    && deadline.as_mut().poll(cx).is_ready()
                {
                    let over = Error::deadline(
                        "allow more time: the deadline of the call was over before all of the request had come",
                    );
                    return Poll::Ready(Some(Err(status::of(&over))));
                }
                ready!(this.clock.as_mut().poll(cx));
                return Poll::Ready(Some(Err(this.late())));
            }
        };
        this.is_awaited = false;
        if let Some(Ok(frame)) = &frame
            && let Some(bytes) = frame.data_ref()
            && let Err(status) = this.measure(bytes)
        {
            return Poll::Ready(Some(Err(status)));
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.refused.is_none() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::future::poll_fn;
    use std::time::Duration;

    use super::*;
    use crate::memory::Memory;

    /// What a request takes before it brings anything.
    const OPEN_BYTES: u64 = 5_000;

    /// Frames that come one by one.
    struct Frames(VecDeque<Bytes>);

    impl http_body::Body for Frames {
        type Data = Bytes;
        type Error = Status;

        fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
            match self.0.pop_front() {
                Some(frame) => Poll::Ready(Some(Ok(Frame::data(frame)))),
                None => Poll::Pending,
            }
        }
    }

    fn rules(kind: Messages, bytes_max: usize) -> Rules {
        Rules { bytes_max, limit: "message_bytes_max", kind, within: Duration::from_secs(30) }
    }

    fn message(length: u32) -> Vec<u8> {
        let mut bytes = vec![0];
        bytes.extend(length.to_be_bytes());
        bytes.resize(PREFIX_BYTES + length as usize, 7);
        bytes
    }

    fn received(memory: &Arc<Memory>, rules: Rules, bytes: &[u8], frame_bytes: usize) -> Received {
        let frames = bytes.chunks(frame_bytes).map(Bytes::copy_from_slice).collect();
        let charge = Arc::new(memory.charge());
        charge.set(OPEN_BYTES).unwrap();
        Received::new(Body::new(Frames(frames)), rules, charge, OPEN_BYTES)
    }

    async fn next(received: &mut Received) -> Result<Frame<Bytes>, Status> {
        poll_fn(|cx| http_body::Body::poll_frame(Pin::new(&mut *received), cx)).await.unwrap()
    }

    #[tokio::test]
    async fn a_message_is_charged_as_it_arrives_and_by_what_it_may_become_when_it_is_whole() {
        for frame_bytes in [1, 2, 3, 7, 1_000] {
            let memory = Arc::new(Memory::new(1 << 20));
            let bytes = message(100);
            let mut received = received(&memory, rules(Messages::Ask, 1_000), &bytes, frame_bytes);
            for frame in 1..bytes.len().div_ceil(frame_bytes) {
                next(&mut received).await.unwrap();
                let arrived = (frame * frame_bytes).saturating_sub(PREFIX_BYTES);
                assert_eq!(memory.taken(), OPEN_BYTES + arrived as u64, "frames of {frame_bytes}");
            }
            next(&mut received).await.unwrap();
            assert_eq!(memory.taken(), OPEN_BYTES + 100 * EXPANSION);
            drop(received);
            assert_eq!(memory.taken(), 0);
        }
    }

    #[tokio::test]
    async fn a_stream_holds_only_what_is_not_done_with() {
        let memory = Arc::new(Memory::new(1 << 30));
        let bytes = [message(10), message(20)].concat();
        let mut received = received(&memory, rules(Messages::Pieces, 1_000), &bytes, PREFIX_BYTES + 10);
        assert_eq!(memory.taken(), OPEN_BYTES, "what may come unseen is charged when it begins");
        next(&mut received).await.unwrap();
        assert_eq!(memory.taken(), OPEN_BYTES + 20);
        next(&mut received).await.unwrap();
        assert_eq!(memory.taken(), OPEN_BYTES + 10, "the first is done with when more is asked for");
        next(&mut received).await.unwrap();
        assert_eq!(memory.taken(), OPEN_BYTES + 40);
    }

    #[tokio::test]
    async fn a_long_stream_takes_no_more_than_a_short_one_wherever_its_frames_end() {
        let memory = Arc::new(Memory::new(1 << 30));
        let bytes = message(100).repeat(1_000);
        // No frame but the last ends where a message ends.
        let mut received = received(&memory, rules(Messages::Pieces, 1_000), &bytes, 1_004);
        for _ in 0..bytes.len().div_ceil(1_004) {
            next(&mut received).await.unwrap();
            assert!(memory.taken() <= OPEN_BYTES + 2 * 1_004 + 200, "{}", memory.taken() - OPEN_BYTES);
        }
    }

    #[tokio::test]
    async fn what_is_too_long_or_finds_no_room_is_refused_before_it_is_decoded() {
        let memory = Arc::new(Memory::new(2 * OPEN_BYTES + 100 * EXPANSION - 1));
        let mut long = received(&memory, rules(Messages::Batch, 99), &message(100), 1_000);
        let refused = next(&mut long).await.unwrap_err();
        assert_eq!(refused.code(), tonic::Code::ResourceExhausted);
        let text = refused.message();
        assert!(text.starts_with("send the changes in several") && text.contains("message_bytes_max"), "{text}");
        let mut large = received(&memory, rules(Messages::Ask, 1_000), &message(100), 1_000);
        let refused = next(&mut large).await.unwrap_err();
        assert!(refused.message().contains("server_memory_bytes"), "{}", refused.message());
        drop((long, large));
        assert_eq!(memory.taken(), 0);
    }

    #[tokio::test]
    async fn a_stream_that_brings_nothing_for_long_is_given_up_by_name() {
        let memory = Arc::new(Memory::new(1 << 30));
        let rules = Rules { within: Duration::from_millis(1), ..rules(Messages::Batches, 1_000) };
        let mut silent = received(&memory, rules, &message(100), 1_000);
        next(&mut silent).await.unwrap();
        let refused = next(&mut silent).await.unwrap_err();
        assert_eq!(refused.code(), tonic::Code::DeadlineExceeded);
        assert!(refused.message().contains("stream_idle_ms"), "{}", refused.message());
    }

    #[tokio::test]
    async fn a_stream_whose_caller_is_late_is_given_up() {
        let memory = Arc::new(Memory::new(1 << 30));
        let mut late = received(&memory, rules(Messages::Pieces, 1_000), &message(100), 1_000);
        late = late.until(Some(std::time::Instant::now()));
        next(&mut late).await.unwrap();
        let refused = next(&mut late).await.unwrap_err();
        assert_eq!(refused.code(), tonic::Code::DeadlineExceeded);
        assert!(refused.message().contains("all of the request"), "{}", refused.message());
    }

    #[tokio::test]
    async fn half_a_message_is_not_waited_for() {
        let memory = Arc::new(Memory::new(1 << 20));
        let rules = Rules { within: Duration::from_millis(1), ..rules(Messages::Ask, 1_000) };
        let mut half = received(&memory, rules, &message(100)[..50], 1_000);
        next(&mut half).await.unwrap();
        let refused = next(&mut half).await.unwrap_err();
        assert_eq!(refused.code(), tonic::Code::DeadlineExceeded);
        assert!(refused.message().contains("receive_ms"), "{}", refused.message());
    }
}
