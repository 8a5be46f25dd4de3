//! One budget of bytes for everything that the server receives, decodes and lets wait.
//!
//! A message is charged before it is decoded, by its size on the wire and the most that it can become, and again by
//! what it is when that is known. Where there is no room it is refused at once: waiting for room would itself need
//! some.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tonic::Status;

use crate::status;

/// The name of the limit.
const LIMIT: &str = "server_memory_bytes";
/// When a caller that found no room may come again.
const RETRY_DELAY: Duration = Duration::from_millis(250);

/// See the module.
pub(crate) struct Memory {
    bytes_max: u64,
    taken: AtomicU64,
}

/// What one request or reply has taken of it; given back when it is dropped.
pub(crate) struct Charge {
    memory: Arc<Memory>,
    /// The most that may be taken in all, with this.
    bytes_max: u64,
    bytes: AtomicU64,
}

impl Memory {
    pub(crate) fn new(bytes_max: u64) -> Memory {
        Memory { bytes_max, taken: AtomicU64::new(0) }
    }

    /// A charge of nothing yet.
    pub(crate) fn charge(self: &Arc<Self>) -> Charge {
        self.charge_within(self.bytes_max)
    }

    /// The same for replies that wait for their readers, who leave half of it to requests whatever they do.
    pub(crate) fn charge_reply(self: &Arc<Self>) -> Charge {
        self.charge_within(self.bytes_max / 2)
    }

    fn charge_within(self: &Arc<Self>, bytes_max: u64) -> Charge {
        Charge { memory: Arc::clone(self), bytes_max, bytes: AtomicU64::new(0) }
    }

    /// How many bytes are taken.
    pub(crate) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }
}

impl Charge {
    /// Takes `bytes` in all, more or less than before; one task at a time does so. Errors: there is no room; nothing
    /// changes then.
    pub(crate) fn set(&self, bytes: u64) -> Result<(), Status> {
        let before = self.bytes.load(Ordering::Relaxed);
        if bytes <= before {
            self.memory.taken.fetch_sub(before - bytes, Ordering::Relaxed);
        } else {
            let max = self.bytes_max;
            let more = |taken: u64| taken.checked_add(bytes - before).filter(|taken| *taken <= max);
            if self.memory.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_err() {
                return Err(status::no_room(LIMIT, bytes, max, RETRY_DELAY));
            }
        }
        self.bytes.store(bytes, Ordering::Relaxed);
        Ok(())
    }

    /// What it takes turned out to be less: never more than before.
    pub(crate) fn settle(&self, bytes: u64) {
        let before = self.bytes.load(Ordering::Relaxed);
        if bytes < before {
            self.memory.taken.fetch_sub(before - bytes, Ordering::Relaxed);
            self.bytes.store(bytes, Ordering::Relaxed);
        }
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.memory.taken.fetch_sub(*self.bytes.get_mut(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use tonic_types::StatusExt;

    use super::*;

    #[test]
    fn what_is_taken_is_never_more_than_the_budget_and_comes_back() {
        let memory = Arc::new(Memory::new(100));
        let (first, second) = (memory.charge(), memory.charge());
        first.set(60).unwrap();
        let refused = second.set(41).unwrap_err();
        assert_eq!(refused.code(), tonic::Code::ResourceExhausted);
        assert!(refused.message().contains(LIMIT), "{}", refused.message());
        let details = refused.get_error_details();
        assert!(details.retry_info().is_some(), "the caller is told when to come again");
        assert_eq!(memory.taken(), 60, "a refusal takes nothing");
        second.set(40).unwrap();
        first.settle(80);
        assert_eq!(memory.taken(), 100, "settling takes no more");
        first.settle(10);
        second.set(90).unwrap();
        drop(first);
        drop(second);
        assert_eq!(memory.taken(), 0);
    }

    #[test]
    fn replies_that_wait_leave_half_to_requests() {
        let memory = Arc::new(Memory::new(100));
        let (reply, other, request) = (memory.charge_reply(), memory.charge_reply(), memory.charge());
        reply.set(50).unwrap();
        assert_eq!(other.set(1).unwrap_err().code(), tonic::Code::ResourceExhausted);
        request.set(50).unwrap();
        assert_eq!(memory.taken(), 100);
    }

    #[test]
    fn what_can_never_find_room_is_not_told_to_come_again() {
        let memory = Arc::new(Memory::new(100));
        let refused = memory.charge().set(101).unwrap_err();
        assert!(refused.get_error_details().retry_info().is_none());
        assert!(refused.message().starts_with("send smaller"), "{}", refused.message());
    }
}
