//! A clock that is set by hand: tests let time pass.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::Clock;

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
}
