//! The clock, passed in wherever it is needed so that a test can set it.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// What time it is.
pub trait Clock: Send + Sync {
    /// Milliseconds since the start of 1970 in UTC; may jump when the machine's clock is set.
    fn now_unix_ms(&self) -> i64;

    /// Nanoseconds since some fixed moment; never goes back.
    fn monotonic_ns(&self) -> u64;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// The machine's clock, whose monotonic time starts now.
    pub fn new() -> SystemClock {
        SystemClock { start: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> SystemClock {
        SystemClock::new()
    }
}

impl Clock for SystemClock {
    fn now_unix_ms(&self) -> i64 {
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms),
        }
    }

    fn monotonic_ns(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct ManualClock {
    start_unix_ms: i64,
    elapsed_ns: AtomicU64,
}

impl ManualClock {
    /// A clock that shows `unix_ms`.
    pub fn new(unix_ms: i64) -> ManualClock {
        ManualClock { start_unix_ms: unix_ms, elapsed_ns: AtomicU64::new(0) }
    }

    /// Lets `ms` milliseconds pass.
    pub fn advance_ms(&self, ms: u64) {
        self.elapsed_ns.fetch_add(ms.saturating_mul(1_000_000), Relaxed);
    }
}

impl Clock for ManualClock {
    fn now_unix_ms(&self) -> i64 {
        self.start_unix_ms.saturating_add_unsigned(self.monotonic_ns() / 1_000_000)
    }

    fn monotonic_ns(&self) -> u64 {
        self.elapsed_ns.load(Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_when_told() {
        let clock = ManualClock::new(1_000);
        clock.advance_ms(5);
        assert_eq!((clock.now_unix_ms(), clock.monotonic_ns()), (1_005, 5_000_000));
    }

    #[test]
    fn the_system_clock_shows_this_century() {
        let clock = SystemClock::new();
        assert!(clock.now_unix_ms() > 1_500_000_000_000);
        let before = clock.monotonic_ns();
        assert!(clock.monotonic_ns() >= before);
    }
}
