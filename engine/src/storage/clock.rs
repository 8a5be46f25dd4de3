//! The clock, passed in wherever it is needed so that a test can set it.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_clock_shows_this_century() {
        let clock = SystemClock::new();
        assert!(clock.now_unix_ms() > 1_500_000_000_000);
        let before = clock.monotonic_ns();
        assert!(clock.monotonic_ns() >= before);
    }
}
