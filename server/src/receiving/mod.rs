//! The entrance of all bytes: what a request may weigh, before anything is decoded.
//!
//! Every RPC of every service passes here first. Its messages are measured as they arrive: one that is longer than its
//! service takes is refused in our own words, one for which there is no memory is refused at once, and one that does not
//! arrive in time is given up.

mod body;

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tonic::body::Body;
use tonic::codegen::Service;
use tonic::codegen::http::{Request, Response};

use crate::config::Limits;
use crate::incoming::Caller;
use crate::memory::{Charge, Memory};
use body::Received;

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
    pub(crate) charge: Arc<Charge>,
    _busy: Option<Arc<crate::connections::Busy>>,
}

/// What the messages of one method may be.
#[derive(Clone, Copy)]
struct Rules {
    bytes_max: usize,
    limit: &'static str,
    kind: Messages,
    /// How long one message may take to arrive.
    within: Duration,
}

/// How a method's messages are decoded, and when they are done with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Messages {
    /// One that asks or commands: held until it is answered.
    Ask,
    /// One batch, likewise.
    Batch,
    /// Batches one after the other: each is done with when the next is asked for.
    Batches,
    /// Pieces of a file, likewise.
    Pieces,
}

impl<S> Receiving<S> {
    pub(crate) fn new(inner: S, memory: Arc<Memory>, limits: Limits) -> Receiving<S> {
        Receiving { inner, memory, limits: Arc::new(limits) }
    }

    fn rules(&self, path: &str) -> Rules {
        let (limits, data) = (&self.limits, "message_bytes_max");
        let (bytes_max, limit, kind) = match path {
            "/muster.v1.Ingest/Write" => (limits.message_bytes_max, data, Messages::Batch),
            "/muster.v1.Ingest/WriteStream" => (limits.message_bytes_max, data, Messages::Batches),
            "/muster.v1.Ingest/Load" | "/muster.v1.Ingest/InferLoad" => {
                (limits.message_bytes_max, data, Messages::Pieces)
            }
            _ => (limits.query_message_bytes_max, "query_message_bytes_max", Messages::Ask),
        };
        Rules { bytes_max, limit, kind, within: limits.receive }
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
        let busy = request.extensions().get::<Caller>().map(|caller| Arc::new(caller.busy()));
        request.extensions_mut().insert(Held { charge: Arc::clone(&charge), _busy: busy });
        self.inner.call(request.map(|body| Body::new(Received::new(body, rules, charge))))
    }
}
