//! The way from the server's few threads, which must not wait, to the engine, which does.
//!
//! Each kind of work has a lane with a bound on how many run at once. A request waits for its lane no longer than its
//! deadline; when its caller goes away, the future is dropped and the engine's flag raised.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use muster_engine::query::Run;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::Status;
use tonic::metadata::MetadataMap;

use crate::config::Limits;
use crate::convert::error;

/// The header with which a caller says how long it waits.
const TIMEOUT_HEADER: &str = "grpc-timeout";

/// A kind of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    Query,
    Write,
    Load,
}

/// The lanes.
pub(crate) struct Work {
    query: Gate,
    write: Gate,
    load: Gate,
}

struct Gate {
    permits: Arc<Semaphore>,
    waiting: AtomicUsize,
    waiting_max: usize,
}

/// Raises the engine's flag when the future that holds it is dropped.
struct RaiseOnDrop(Arc<AtomicBool>);

impl Drop for RaiseOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Work {
    pub(crate) fn new(limits: &Limits) -> Work {
        Work {
            query: Gate::new(limits.queries_running_max, limits.queries_waiting_max),
            write: Gate::new(limits.writes_running_max, usize::MAX),
            load: Gate::new(limits.loads_running_max, usize::MAX),
        }
    }

    /// Runs `job` on a thread that may wait, when its lane has room.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        lane: Lane,
        deadline: Option<Instant>,
        job: impl FnOnce(&Run) -> Result<T, Status> + Send + 'static,
    ) -> Result<T, Status> {
        let permit = self.admit(lane, deadline).await?;
        let cancelled = Arc::new(AtomicBool::new(false));
        let _raise = RaiseOnDrop(Arc::clone(&cancelled));
        let run = order(deadline, cancelled);
        let task = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            job(&run)
        });
        task.await.unwrap_or_else(|panic| {
            tracing::error!(%panic, "a request panicked");
            Err(error::status(&muster_engine::Error::internal("the request failed inside the server")))
        })
    }

    /// Waits for room in `lane`.
    pub(crate) async fn admit(&self, lane: Lane, deadline: Option<Instant>) -> Result<OwnedSemaphorePermit, Status> {
        let gate = match lane {
            Lane::Query => &self.query,
            Lane::Write => &self.write,
            Lane::Load => &self.load,
        };
        gate.admit(deadline).await
    }
}

/// How the engine is to run a request.
pub(crate) fn order(deadline: Option<Instant>, cancelled: Arc<AtomicBool>) -> Run {
    Run { deadline, cancelled: Some(cancelled), ..Run::default() }
}

impl Gate {
    fn new(running_max: usize, waiting_max: usize) -> Gate {
        Gate {
            permits: Arc::new(Semaphore::new(running_max.clamp(1, Semaphore::MAX_PERMITS))),
            waiting: AtomicUsize::new(0),
            waiting_max,
        }
    }

    async fn admit(&self, deadline: Option<Instant>) -> Result<OwnedSemaphorePermit, Status> {
        if let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() {
            return Ok(permit);
        }
        let _place = self.queue()?;
        let room = Arc::clone(&self.permits).acquire_owned();
        let room = match deadline {
            None => room.await,
            Some(deadline) => match tokio::time::timeout_at(deadline.into(), room).await {
                Ok(room) => room,
                Err(_) => {
                    return Err(error::status(&muster_engine::Error::deadline(
                        "the time was over before there was room",
                    )));
                }
            },
        };
        room.map_err(|_| error::status(&muster_engine::Error::internal("the lane was closed")))
    }

    fn queue(&self) -> Result<Place<'_>, Status> {
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= self.waiting_max {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(error::status(&muster_engine::Error::busy("too many requests wait (queries_waiting_max)")));
        }
        Ok(Place(&self.waiting))
    }
}

/// A place among those who wait.
struct Place<'a>(&'a AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// When the caller stops waiting, if it says so.
pub(crate) fn deadline(metadata: &MetadataMap) -> Option<Instant> {
    let text = metadata.get(TIMEOUT_HEADER)?.to_str().ok()?;
    Instant::now().checked_add(parse_timeout(text)?)
}

/// At most eight digits and a unit, as gRPC writes them.
fn parse_timeout(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let count: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(count * 3600),
        "M" => Duration::from_secs(count * 60),
        "S" => Duration::from_secs(count),
        "m" => Duration::from_millis(count),
        "u" => Duration::from_micros(count),
        "n" => Duration::from_nanos(count),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_read_as_grpc_writes_them() {
        assert_eq!(parse_timeout("2S"), Some(Duration::from_secs(2)));
        assert_eq!(parse_timeout("99999999H"), Some(Duration::from_secs(99_999_999 * 3600)));
        assert_eq!(parse_timeout("250m"), Some(Duration::from_millis(250)));
        for text in ["", "S", "1", "1x", "-1S", "123456789S", "1 S", "秒"] {
            assert_eq!(parse_timeout(text), None, "{text}");
        }
    }

    #[tokio::test]
    async fn who_finds_no_room_waits_no_longer_than_its_deadline() {
        let gate = Gate::new(1, 1);
        let _first = gate.admit(None).await.unwrap();
        let late = gate.admit(Some(Instant::now())).await.unwrap_err();
        assert_eq!(late.code(), tonic::Code::DeadlineExceeded);
        let _place = gate.queue().unwrap();
        let busy = gate.admit(None).await.unwrap_err();
        assert_eq!(busy.code(), tonic::Code::Unavailable);
    }
}
