//! The reception of all bytes: what a request may weigh, before anything is decoded.
//!
//! Every RPC of every service passes here first. Its messages are measured as they arrive: one that is longer than its
//! service takes is refused in our own words, one for which there is no memory is refused at once, and one that does
//! not arrive in time is given up.

mod body;
mod timeout;

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tonic::body::Body;
use tonic::codegen::Service;
use tonic::codegen::http::{HeaderName, HeaderValue, Request, Response};

use crate::connections::{Busy, Connection};
use crate::limits::Limits;
use crate::memory::{Charge, Memory};
use crate::status;
use body::Received;
pub(crate) use timeout::deadline;

/// The window of a stream, so that a load is not held up by round trips. What a client sends into it arrives whether
/// anybody asks for it or not.
pub(crate) const STREAM_WINDOW_BYTES: u32 = 2 << 20;

/// What is made for a request, about.
const REQUEST_BYTES: u64 = 4_096;

/// What a header weighs beside its name and value, by the rule of HTTP/2.
const HEADER_BYTES: u64 = 32;

/// So much more than a request may have in headers is taken in, so that it can be refused in our own words.
pub(crate) const HEADER_BYTES_REFUSED: u32 = 64 << 10;

/// See the module.
#[derive(Clone)]
pub(crate) struct Receiving<S> {
    inner: S,
    memory: Arc<Memory>,
    limits: Arc<Limits>,
}

/// What the service of a request finds in it: its charge, and that its connection is busy.
#[derive(Clone)]
pub(crate) struct Held {
    charge: Arc<Charge>,
    open_bytes: u64,
    _busy: Option<Arc<Busy>>,
}

/// What the messages of one method may be.
#[derive(Clone, Copy)]
struct Rules {
    bytes_max: usize,
    limit: &'static str,
    kind: Messages,
    /// How long one message may take to arrive, or a stream may bring nothing.
    within: Duration,
}

/// How a method's messages are decoded, and when they are done with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Messages {
    /// One that asks or commands: held until it is answered.
    Ask,
    /// The same one after the other, as reflection takes them.
    Asks,
    /// One batch: held until it is written.
    Batch,
    /// Batches one after the other: each is done with when the next is asked for.
    Batches,
    /// Pieces of a file, likewise.
    Pieces,
}

impl Held {
    /// What the messages of the request take is known by now, and no more than was charged.
    pub(crate) fn settle(&self, bytes: u64) {
        self.charge.settle(self.open_bytes + bytes);
    }
}

impl Messages {
    /// Whether there may be many, so that the service goes on between two of them.
    fn is_stream(self) -> bool {
        matches!(self, Messages::Asks | Messages::Batches | Messages::Pieces)
    }
}

impl<S> Receiving<S> {
    pub(crate) fn new(inner: S, memory: Arc<Memory>, limits: Limits) -> Receiving<S> {
        Receiving { inner, memory, limits: Arc::new(limits) }
    }

    fn rules(&self, path: &str) -> Rules {
        let (limits, data, other) = (&self.limits, "message_bytes_max", "query_message_bytes_max");
        let (bytes_max, limit, kind) = match path {
            "/muster.v1.Ingest/Write" => (limits.message_bytes_max, data, Messages::Batch),
            "/muster.v1.Ingest/WriteStream" => (limits.message_bytes_max, data, Messages::Batches),
            "/muster.v1.Ingest/Load" | "/muster.v1.Ingest/InferLoad" => {
                (limits.message_bytes_max, data, Messages::Pieces)
            }
            _ if path.starts_with("/grpc.reflection.") => (limits.query_message_bytes_max, other, Messages::Asks),
            _ => (limits.query_message_bytes_max, other, Messages::Ask),
        };
        let within = if kind.is_stream() { limits.stream_idle } else { limits.receive };
        Rules { bytes_max, limit, kind, within }
    }
}

impl<S> Service<Request<Body>> for Receiving<S>
where
    S: Service<Request<Body>, Response = Response<Body>>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> S::Future {
        let rules = self.rules(request.uri().path());
        let charge = Arc::new(self.memory.charge());
        let busy = request.extensions().get::<Arc<Connection>>().map(|connection| Arc::new(connection.busy()));
        let header_bytes = header_bytes(&request);
        let window = if rules.kind.is_stream() { u64::from(STREAM_WINDOW_BYTES) } else { 0 };
        let open_bytes = REQUEST_BYTES + header_bytes + window;
        let allowed = u64::from(self.limits.header_bytes_max);
        let deadline = deadline(request.headers());
        let admitted = match header_bytes > allowed {
            true => Err(status::headers_too_long(header_bytes, allowed)),
            false => charge.set(open_bytes),
        };
        request.extensions_mut().insert(Held { charge: Arc::clone(&charge), open_bytes, _busy: busy });
        self.inner.call(request.map(|body| {
            let received = Received::new(body, rules, charge, open_bytes).until(deadline);
            Body::new(match admitted {
                Ok(()) => received,
                Err(refused) => received.refused(refused),
            })
        }))
    }
}

/// What headers weigh, as HTTP/2 counts it.
fn header_bytes(request: &Request<Body>) -> u64 {
    let header = |(name, value): (&HeaderName, &HeaderValue)| (name.as_str().len() + value.len()) as u64;
    request.headers().iter().map(|field| header(field) + HEADER_BYTES).sum()
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::future::{Ready, poll_fn, ready};
    use std::pin::Pin;
    use std::sync::Mutex;

    use http_body::Body as _;

    use super::*;

    /// Keeps the requests.
    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<Request<Body>>>>);

    impl Service<Request<Body>> for Kept {
        type Response = Response<Body>;
        type Error = Infallible;
        type Future = Ready<Result<Response<Body>, Infallible>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, request: Request<Body>) -> Self::Future {
            self.0.lock().unwrap().push(request);
            ready(Ok(Response::new(Body::empty())))
        }
    }

    #[tokio::test]
    async fn headers_that_are_too_long_are_refused_by_the_name_of_their_limit() {
        let memory = Arc::new(Memory::new(1 << 20));
        let limits = Limits::default();
        let more = |bytes: usize| {
            let request = Request::builder().uri("/muster.v1.Query/Count").header("x-more", "x".repeat(bytes));
            request.body(Body::empty()).unwrap()
        };
        let kept = Kept::default();
        let mut receiving = Receiving::new(kept.clone(), Arc::clone(&memory), limits.clone());
        let overhead = header_bytes(&more(0));
        let most = usize::try_from(u64::from(limits.header_bytes_max) - overhead).unwrap();
        receiving.call(more(most)).await.unwrap();
        assert_eq!(memory.taken(), REQUEST_BYTES + u64::from(limits.header_bytes_max));
        receiving.call(more(most + 1)).await.unwrap();
        // Also where nothing follows the headers.
        let mut requests = std::mem::take(&mut *kept.0.lock().unwrap());
        let mut refused = requests.pop().unwrap().into_body();
        let refused = poll_fn(|cx| Pin::new(&mut refused).poll_frame(cx)).await.unwrap().unwrap_err();
        assert_eq!(refused.code(), tonic::Code::ResourceExhausted);
        assert!(refused.message().contains("header_bytes_max"), "{}", refused.message());
        drop(requests);
        assert_eq!(memory.taken(), 0);
    }
}
