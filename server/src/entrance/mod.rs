//! The entrance of the services (admission): here each request of every face becomes a [`Call`], and nowhere else.
//!
//! A call is all that a request is beside its message: who asks, until when, what cancels it, what it may take of the
//! server's memory, and which limits hold for it. Its bytes were measured below, in `receiving`; where it waits for a
//! thread is decided above, in `work`. The entrance also sees how each call ends, however that comes about: what counts
//! calls, measures or audits them stands in [`Entrance::note`].

mod call;
mod caller;
mod calls;

use std::future::Future;
use std::sync::Arc;

use tonic::{Request, Response, Status};

pub(crate) use call::{Call, CancelOnDrop};
pub(crate) use caller::{Caller, Identity};

use crate::limits::Limits;
use crate::memory::Memory;
use call::Admitted;
use calls::Calls;

/// See the module. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Entrance(Arc<Inner>);

struct Inner {
    calls: Calls,
    memory: Arc<Memory>,
    limits: Limits,
}

impl Entrance {
    pub(crate) fn new(limits: Limits, memory: Arc<Memory>) -> Entrance {
        Entrance(Arc::new(Inner { calls: Calls::default(), memory, limits }))
    }

    /// Lets a request of `method` in. Whoever answers with a stream ends the call, see [`Call::ended`].
    pub(crate) fn admit<Q>(&self, method: &'static str, request: Request<Q>) -> (Call, Q) {
        (Call::of(self, method, &request), request.into_inner())
    }

    /// Lets a request of `method` in that has one reply, and notes what `answer` comes to. The call is cancelled when
    /// the reply is not waited for.
    pub(crate) async fn answer<Q, R, F>(
        &self,
        method: &'static str,
        request: Request<Q>,
        answer: impl FnOnce(Call, Q) -> F,
    ) -> Result<Response<R>, Status>
    where
        F: Future<Output = Result<R, Status>>,
    {
        let (call, message) = self.admit(method, request);
        let _cancel = call.cancel_on_drop();
        let outcome = answer(call.clone(), message).await;
        call.ended(&outcome);
        outcome.map(Response::new)
    }

    /// Cancels all calls, and all that come.
    pub(crate) fn cancel_all(&self) {
        self.0.calls.cancel_all();
    }

    /// How many calls are under way.
    pub(crate) fn count(&self) -> usize {
        self.0.calls.count()
    }

    /// Sees each call once, when nothing works for it any more.
    fn note(&self, call: &Admitted) {
        self.0.calls.leave(call.number);
        let elapsed = call.began.elapsed();
        tracing::debug!(method = call.method, caller = %call.caller, code = ?call.code(), ?elapsed, "a call ended");
    }
}

#[cfg(test)]
mod tests {
    use tonic::Code;

    use super::*;

    fn entrance() -> Entrance {
        Entrance::new(Limits::default(), Arc::new(Memory::new(0)))
    }

    #[tokio::test]
    async fn a_call_is_under_way_until_the_last_that_works_for_it_has_gone() {
        let entrance = entrance();
        let mut kept = None;
        let reply = entrance.answer("count", Request::new(7), |call, message| {
            kept = Some(call);
            async move { Ok::<u64, Status>(message) }
        });
        assert_eq!(reply.await.unwrap().into_inner(), 7);
        let kept = kept.unwrap();
        assert_eq!((entrance.count(), kept.code()), (1, Code::Ok));
        assert!(kept.look().is_err(), "nobody waits for it any more");
        drop(kept);
        assert_eq!(entrance.count(), 0);
    }

    #[tokio::test]
    async fn a_call_whose_reply_nobody_waits_for_is_cancelled_and_noted_so() {
        let entrance = entrance();
        let mut kept = None;
        let reply = entrance.answer("count", Request::new(()), |call, ()| {
            kept = Some(call);
            std::future::pending::<Result<(), Status>>()
        });
        let mut reply = Box::pin(reply);
        assert!(std::future::poll_fn(|cx| std::task::Poll::Ready(reply.as_mut().poll(cx).is_pending())).await);
        drop(reply);
        let kept = kept.unwrap();
        assert_eq!((kept.code(), kept.look().unwrap_err().code()), (Code::Cancelled, Code::Cancelled));
    }

    #[test]
    fn what_is_under_way_and_what_comes_is_cancelled_together() {
        let entrance = entrance();
        let (first, ()) = entrance.admit("count", Request::new(()));
        entrance.cancel_all();
        let (late, ()) = entrance.admit("count", Request::new(()));
        assert!(first.look().is_err() && late.look().is_err());
    }
}
