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

use prost::Message;
use tonic::{Request, Response, Status};

use crate::entrance::Call;
use crate::shared::Shared;
use crate::work::{Feed, Kind, Source};

/// The services of one server. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Service {
    shared: Arc<Shared>,
}

impl Service {
    pub(crate) fn new(shared: Arc<Shared>) -> Service {
        Service { shared }
    }

    /// Answers a unary request of `method` among those of its kind; one that turns out not to be short begins anew
    /// among the long ones.
    async fn answer<Q, R>(
        &self,
        method: &'static str,
        kind: Kind,
        request: Request<Q>,
        answer: Answer<Q, R>,
    ) -> Result<Response<R>, Status>
    where
        Q: Message + Clone + 'static,
        R: Send + 'static,
    {
        let answer = |call, message| self.answer_in(kind, call, message, answer);
        self.shared.entrance.answer(method, request, answer).await
    }

    async fn answer_in<Q, R>(&self, kind: Kind, call: Call, message: Q, answer: Answer<Q, R>) -> Result<R, Status>
    where
        Q: Message + Clone + 'static,
        R: Send + 'static,
    {
        let work = &self.shared.work;
        let shared = Arc::clone(&self.shared);
        if kind != Kind::Short || is_long(&message) {
            let kind = if kind == Kind::Short { Kind::Long } else { kind };
            return work.run(kind, &call, move |call| answer(&shared, message, call)).await;
        }
        let again = message.clone();
        let job = move |call: &Call| {
            let brief = call.within(call.limits().short);
            unless_brief(answer(&shared, message, &brief), &brief, call)
        };
        match work.run(Kind::Short, &call, job).await? {
            Some(reply) => Ok(reply),
            None => {
                let shared = Arc::clone(&self.shared);
                work.run(Kind::Long, &call, move |call| answer(&shared, again, call)).await
            }
        }
    }

    /// Answers a request that shows only when it is prepared whether it is short: a short one is answered where it was
    /// prepared, a long one gives that place back and waits among the long ones.
    async fn answer_by_length<Q, P, R>(
        &self,
        method: &'static str,
        request: Request<Q>,
        steps: Steps<Q, P, R>,
    ) -> Result<Response<R>, Status>
    where
        Q: Message + Clone + 'static,
        P: Send + 'static,
        R: Send + 'static,
    {
        let answer = |call, message| self.answer_in_steps(call, message, steps);
        self.shared.entrance.answer(method, request, answer).await
    }

    async fn answer_in_steps<Q, P, R>(&self, call: Call, message: Q, steps: Steps<Q, P, R>) -> Result<R, Status>
    where
        Q: Message + Clone + 'static,
        P: Send + 'static,
        R: Send + 'static,
    {
        let (shared, work) = (Arc::clone(&self.shared), &self.shared.work);
        let long = move |shared: &Shared, message: Q, call: &Call| {
            let prepared = (steps.prepare)(shared, message, call)?;
            (steps.answer)(&prepared, call)
        };
        if is_long(&message) {
            return work.run(Kind::Long, &call, move |call| long(&shared, message, call)).await;
        }
        let again = message.clone();
        let job = move |call: &Call| {
            let brief = call.within(call.limits().short);
            match unless_brief((steps.prepare)(&shared, message, &brief), &brief, call)? {
                None => Ok(Begun::Anew),
                Some(prepared) => match (steps.is_short)(&prepared, call)? {
                    true => (steps.answer)(&prepared, call).map(Begun::Ended),
                    false => Ok(Begun::Prepared(prepared)),
                },
            }
        };
        match work.run(Kind::Short, &call, job).await? {
            Begun::Ended(reply) => Ok(reply),
            Begun::Prepared(prepared) => work.run(Kind::Long, &call, move |call| (steps.answer)(&prepared, call)).await,
            Begun::Anew => {
                let shared = Arc::clone(&self.shared);
                work.run(Kind::Long, &call, move |call| long(&shared, again, call)).await
            }
        }
    }

    /// Answers a request of `method` with the messages that its source makes.
    fn stream<Q, S: Source>(
        &self,
        method: &'static str,
        kind: Kind,
        request: Request<Q>,
        source: impl FnOnce(Q) -> S,
    ) -> Response<Feed<S::Message>> {
        let (call, message) = self.shared.entrance.admit(method, request);
        Response::new(self.shared.work.feed(kind, call, source(message)))
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

/// What came of `brief`, which is `call` with the time of a short one; none, where only that time was over.
fn unless_brief<T>(outcome: Result<T, Status>, brief: &Call, call: &Call) -> Result<Option<T>, Status> {
    match outcome {
        Err(_) if brief.look().is_err() && call.look().is_ok() => Ok(None),
        outcome => outcome.map(Some),
    }
}

type Answer<Q, R> = fn(&Shared, Q, &Call) -> Result<R, Status>;

/// A message of more bytes is no short work: it takes long to read and to plan.
const SHORT_MESSAGE_BYTES_MAX: usize = 64 << 10;

fn is_long(message: &impl Message) -> bool {
    message.encoded_len() > SHORT_MESSAGE_BYTES_MAX
}

/// What a request does before and after it is known how long it takes.
struct Steps<Q, P, R> {
    prepare: Answer<Q, P>,
    is_short: fn(&P, &Call) -> Result<bool, Status>,
    answer: fn(&P, &Call) -> Result<R, Status>,
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
                self.answer(stringify!($name), $crate::work::Kind::$kind, request, $name).await
            })*
            $($streams)*
        }
    };
}
use service;
