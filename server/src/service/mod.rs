//! The four services: what comes in, in which lane it waits, what goes out.

mod admin;
mod audience;
mod catalog;
mod ingest;
mod members;
mod membership;
mod query;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use muster_engine::query::Run;
use prost::Message;
use tonic::{Request, Response, Status};

use crate::shared::Shared;
use crate::work::{Call, Kind};

/// The services of one server. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Service {
    shared: Arc<Shared>,
}

impl Service {
    pub(crate) fn new(shared: Arc<Shared>) -> Service {
        Service { shared }
    }

    /// The entrance of every request: whose it is, until when it is wanted, and what cancels it.
    fn begin<Q>(&self, request: Request<Q>) -> (Call, Q) {
        (Call::of(&self.shared.work.calls, &request), request.into_inner())
    }

    /// Answers a unary request among those of its kind; one that turns out not to be short begins anew among the long
    /// ones.
    async fn answer<Q, R>(&self, kind: Kind, request: Request<Q>, answer: Answer<Q, R>) -> Result<Response<R>, Status>
    where
        Q: Message + Clone + 'static,
        R: Send + 'static,
    {
        let (call, message) = self.begin(request);
        let _cancel = call.cancel_on_drop();
        let work = &self.shared.work;
        let shared = Arc::clone(&self.shared);
        if kind != Kind::Short || is_long(&message) {
            let kind = if kind == Kind::Short { Kind::Long } else { kind };
            let job = move |run: &Run| answer(&shared, message, run);
            return work.run(kind, &call, job).await.map(Response::new);
        }
        let again = message.clone();
        let job = move |run: &Run| {
            let brief = Brief::of(run, shared.config.limits.short);
            brief.outcome(answer(&shared, message, &brief.run), run)
        };
        let reply = match work.run(Kind::Short, &call, job).await? {
            Some(reply) => reply,
            None => {
                let shared = Arc::clone(&self.shared);
                work.run(Kind::Long, &call, move |run: &Run| answer(&shared, again, run)).await?
            }
        };
        Ok(Response::new(reply))
    }

    /// Answers a request that shows only when it is prepared whether it is short: a short one is answered where it was
    /// prepared, a long one gives that place back and waits among the long ones.
    async fn answer_by_length<Q, P, R>(&self, request: Request<Q>, steps: Steps<Q, P, R>) -> Result<Response<R>, Status>
    where
        Q: Message + Clone + 'static,
        P: Send + 'static,
        R: Send + 'static,
    {
        let (call, message) = self.begin(request);
        let _cancel = call.cancel_on_drop();
        let (shared, work) = (Arc::clone(&self.shared), &self.shared.work);
        let long = move |shared: &Shared, message: Q, run: &Run| {
            let prepared = (steps.prepare)(shared, message, run)?;
            (steps.answer)(&prepared, run)
        };
        if is_long(&message) {
            let reply = work.run(Kind::Long, &call, move |run: &Run| long(&shared, message, run)).await?;
            return Ok(Response::new(reply));
        }
        let again = message.clone();
        let job = move |run: &Run| {
            let brief = Brief::of(run, shared.config.limits.short);
            match brief.outcome((steps.prepare)(&shared, message, &brief.run), run)? {
                None => Ok(Begun::Anew),
                Some(prepared) => match (steps.is_short)(&prepared, run)? {
                    true => (steps.answer)(&prepared, run).map(Begun::Ended),
                    false => Ok(Begun::Prepared(prepared)),
                },
            }
        };
        let reply = match work.run(Kind::Short, &call, job).await? {
            Begun::Ended(reply) => reply,
            Begun::Prepared(prepared) => {
                work.run(Kind::Long, &call, move |run: &Run| (steps.answer)(&prepared, run)).await?
            }
            Begun::Anew => {
                let shared = Arc::clone(&self.shared);
                work.run(Kind::Long, &call, move |run: &Run| long(&shared, again, run)).await?
            }
        };
        Ok(Response::new(reply))
    }
}

/// What a request comes to among the short ones.
enum Begun<P, R> {
    Ended(R),
    /// It is long, and goes on where it stands.
    Prepared(P),
    /// It took too long already.
    Anew,
}

/// The time that a request has among the short ones.
struct Brief {
    /// The request's own, or what ends that time.
    run: Run,
}

impl Brief {
    fn of(run: &Run, time: Duration) -> Brief {
        let end = Instant::now() + time;
        Brief { run: Run { deadline: Some(run.deadline.map_or(end, |deadline| deadline.min(end))), ..run.clone() } }
    }

    /// None, where only this time was over, and not that of `run`.
    fn outcome<T>(&self, outcome: Result<T, Status>, run: &Run) -> Result<Option<T>, Status> {
        match outcome {
            Err(_) if self.run.look().is_err() && run.look().is_ok() => Ok(None),
            outcome => outcome.map(Some),
        }
    }
}

type Answer<Q, R> = fn(&Shared, Q, &Run) -> Result<R, Status>;

/// A message of more bytes is no short work: it takes long to read and to plan.
const SHORT_MESSAGE_BYTES_MAX: usize = 64 << 10;

fn is_long(message: &impl Message) -> bool {
    message.encoded_len() > SHORT_MESSAGE_BYTES_MAX
}

/// What a request does before and after it is known how long it takes.
struct Steps<Q, P, R> {
    prepare: Answer<Q, P>,
    is_short: fn(&P, &Run) -> Result<bool, Status>,
    answer: fn(&P, &Run) -> Result<R, Status>,
}

/// A service whose unary methods are functions of the same name beside it; what is not unary follows as it is.
macro_rules! service {
    ($service:path { $($name:ident($request:ident) -> $reply:ident in $kind:ident;)* } $($streams:tt)*) => {
        #[tonic::async_trait]
        impl $service for $crate::service::Service {
            $(async fn $name(
                &self,
                request: tonic::Request<v1::$request>,
            ) -> Result<tonic::Response<v1::$reply>, tonic::Status> {
                self.answer($crate::work::Kind::$kind, request, $name).await
            })*
            $($streams)*
        }
    };
}
use service;
