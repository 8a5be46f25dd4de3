//! One request under way: whose it is, until when it is wanted, and whether it still is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use muster_engine::query::Run;
use tonic::Request;
use tonic::codegen::http::HeaderMap;

use super::calls::{Calls, Entry};
use crate::incoming::Caller;
use crate::receiving::Held;

/// The header with which a caller says how long it waits.
const TIMEOUT_HEADER: &str = "grpc-timeout";

/// What every request has, whatever it asks for: the one thing that lanes, loops and streams look at. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Call {
    /// Whose turn it takes: until callers have names, the connection.
    pub(crate) caller: u64,
    /// When the caller stops waiting, if it said so.
    pub(crate) deadline: Option<Instant>,
    cancelled: Arc<AtomicBool>,
    _entry: Arc<Entry>,
    /// What its messages take of the server's memory; none where they came by no wire.
    held: Option<Held>,
}

/// Cancels a call when the future or the stream that answers it is dropped: then nobody waits for it.
pub(crate) struct CancelOnDrop(Call);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancelled.store(true, Ordering::Relaxed);
    }
}

impl Call {
    /// The call of `request`, noted in `calls` until it is over.
    pub(crate) fn of<Q>(calls: &Arc<Calls>, request: &Request<Q>) -> Call {
        let caller = request.extensions().get::<Caller>().map_or(0, Caller::number);
        let cancelled = Arc::new(AtomicBool::new(false));
        let entry = Arc::new(calls.enter(Arc::clone(&cancelled)));
        Call {
            caller,
            deadline: deadline(request.metadata().as_ref()),
            cancelled,
            _entry: entry,
            held: request.extensions().get::<Held>().cloned(),
        }
    }

    /// What its message takes is known by now, and no more than was charged.
    pub(crate) fn settle(&self, bytes: u64) {
        if let Some(held) = &self.held {
            held.settle(bytes);
        }
    }

    /// How the engine is to run it.
    pub(crate) fn run(&self) -> Run {
        Run { deadline: self.deadline, cancelled: Some(Arc::clone(&self.cancelled)), ..Run::default() }
    }

    /// Held by what answers.
    pub(crate) fn cancel_on_drop(&self) -> CancelOnDrop {
        CancelOnDrop(self.clone())
    }
}

/// When the caller of a request with these headers stops waiting, if it says so.
pub(crate) fn deadline(headers: &HeaderMap) -> Option<Instant> {
    let text = headers.get(TIMEOUT_HEADER)?.to_str().ok()?;
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
}
