//! One request under way: whose it is, until when it is wanted, whether it still is, and what it may take.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use muster_engine::query::Run;
use tonic::{Code, Request, Status};

use super::{Caller, Entrance};
use crate::limits::Limits;
use crate::memory::Charge;
use crate::receiving::{Held, deadline};
use crate::status::OrStatus;

/// What every request has, whatever it asks for: the one thing that lanes, loops and streams look at. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Call {
    run: Run,
    admitted: Arc<Admitted>,
}

/// What stays the same from the entrance to the end.
pub(super) struct Admitted {
    entrance: Entrance,
    pub(super) number: u64,
    pub(super) method: &'static str,
    pub(super) caller: Caller,
    pub(super) began: Instant,
    cancelled: Arc<AtomicBool>,
    /// What its messages take of the server's memory; none where they came by no wire.
    held: Option<Held>,
    /// None as long as nobody knows.
    code: OnceLock<Code>,
}

/// Cancels a call when the future or the stream that answers it is dropped: then nobody waits for it.
pub(crate) struct CancelOnDrop(Call);

impl Call {
    /// The call of `request`, known to `entrance` until it is over.
    pub(super) fn of<Q>(entrance: &Entrance, method: &'static str, request: &Request<Q>) -> Call {
        let cancelled = Arc::new(AtomicBool::new(false));
        let number = entrance.0.calls.enter(Arc::clone(&cancelled));
        let run = Run {
            deadline: deadline(request.metadata().as_ref()),
            cancelled: Some(Arc::clone(&cancelled)),
            ..Run::default()
        };
        let admitted = Admitted {
            entrance: entrance.clone(),
            number,
            method,
            caller: Caller::of(request.extensions()),
            began: Instant::now(),
            cancelled,
            held: request.extensions().get::<Held>().cloned(),
            code: OnceLock::new(),
        };
        Call { run, admitted: Arc::new(admitted) }
    }

    /// Who asks.
    pub(crate) fn caller(&self) -> &Caller {
        &self.admitted.caller
    }

    /// What the caller may ask for.
    pub(crate) fn limits(&self) -> &Limits {
        &self.admitted.entrance.0.limits
    }

    /// When the caller stops waiting, if it said so.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.run.deadline
    }

    /// How the engine is to run it.
    pub(crate) fn run(&self) -> &Run {
        &self.run
    }

    /// Whether to go on. Errors: cancelled, deadline.
    pub(crate) fn look(&self) -> Result<(), Status> {
        self.run.look().or_status()
    }

    /// The same call, which is to be over within `time` if its deadline does not come first.
    pub(crate) fn within(&self, time: Duration) -> Call {
        let end = Instant::now() + time;
        let deadline = Some(self.run.deadline.map_or(end, |deadline| deadline.min(end)));
        Call { run: Run { deadline, ..self.run.clone() }, admitted: Arc::clone(&self.admitted) }
    }

    /// What its message takes is known by now, and no more than was charged.
    pub(crate) fn settle(&self, bytes: u64) {
        if let Some(held) = &self.admitted.held {
            held.settle(bytes);
        }
    }

    /// A charge of nothing yet for what waits for the reader.
    pub(crate) fn charge_reply(&self) -> Charge {
        self.admitted.entrance.0.memory.charge_reply()
    }

    /// Held by what answers.
    pub(crate) fn cancel_on_drop(&self) -> CancelOnDrop {
        CancelOnDrop(self.clone())
    }

    /// What it came to; the first word counts. Who says nothing has been cancelled.
    pub(crate) fn ended<T>(&self, outcome: &Result<T, Status>) {
        let code = outcome.as_ref().map_or_else(Status::code, |_| Code::Ok);
        let _ = self.admitted.code.set(code);
    }

    /// How many hold it.
    #[cfg(test)]
    pub(crate) fn holders(&self) -> usize {
        Arc::strong_count(&self.admitted)
    }

    /// What it came to.
    #[cfg(test)]
    pub(crate) fn code(&self) -> Code {
        self.admitted.code()
    }
}

impl Admitted {
    /// What it came to.
    pub(super) fn code(&self) -> Code {
        self.code.get().copied().unwrap_or(Code::Cancelled)
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.entrance.note(self);
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.admitted.cancelled.store(true, Ordering::Relaxed);
    }
}
