//! How long a reader is waited for: until the call's deadline, and no longer than a stream may stand still.

use std::future::Future;
use std::time::{Duration, Instant};

use muster_engine::Error;
use tonic::Status;

use crate::status;

/// Until when a reader has to have taken something.
pub(crate) struct ReadBy {
    deadline: Option<Instant>,
    idle: Duration,
}

impl ReadBy {
    pub(crate) fn new(deadline: Option<Instant>, idle: Duration) -> ReadBy {
        ReadBy { deadline, idle }
    }

    /// What `taken` comes to when the reader has taken something. Errors: deadline, naming the limit where that is
    /// ours.
    pub(crate) async fn wait<T>(&self, taken: impl Future<Output = T>) -> Result<T, Status> {
        let idle = Instant::now().checked_add(self.idle);
        let until = match (self.deadline, idle) {
            (Some(deadline), Some(idle)) => Some(deadline.min(idle)),
            (deadline, idle) => deadline.or(idle),
        };
        let Some(until) = until else { return Ok(taken.await) };
        tokio::time::timeout_at(until.into(), taken).await.map_err(|_| {
            status::of(&match self.deadline {
                Some(deadline) if deadline <= until => {
                    Error::deadline("allow more time: the deadline of the call is over")
                }
                _ => Error::deadline(format!(
                    "ask again and read on, or ask for less: nobody read this stream for {} ms (stream_idle_ms)",
                    self.idle.as_millis()
                )),
            })
        })
    }
}
