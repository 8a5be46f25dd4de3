//! Who asks may go away, or run out of time: every loop of an answer looks whether that is so after a bounded amount of
//! work.
//!
//! A unit of work is a container, or a bitmap that is bound: some microseconds at most. What is cheaper is counted in
//! bunches.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Instant;

use crate::error::{Error, Result};

/// Units of work between two looks at the clock: reading it costs as much as a cheap container.
const UNITS_PER_CLOCK: u32 = 16;
/// Values, members or keys that make up a unit of work.
pub(in crate::query) const SMALL_PER_UNIT: usize = 64;

/// What ends an answer before it is complete.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    /// When it must end.
    pub deadline: Option<Instant>,
    /// Set by somebody who wants it to end.
    pub cancelled: Option<Arc<AtomicBool>>,
}

impl Stop {
    /// Whether to go on. Errors: cancelled, deadline.
    pub fn look(&self) -> Result<()> {
        Pace::default().work(1, self.cancelled.as_deref(), self.deadline)
    }
}

/// How much may still be done before the next look at the clock.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::query) struct Pace {
    units_left: u32,
}

impl Pace {
    /// Tells of `units` of work; looks at the flag each time, and at the clock after a few. Errors: cancelled,
    /// deadline.
    #[inline]
    pub(in crate::query) fn work(
        &mut self,
        units: u32,
        cancelled: Option<&AtomicBool>,
        deadline: Option<Instant>,
    ) -> Result<()> {
        if cancelled.is_some_and(|cancelled| cancelled.load(Relaxed)) {
            return Err(gone());
        }
        if let Some(deadline) = deadline {
            match self.units_left.checked_sub(units) {
                Some(left) => self.units_left = left,
                None => return self.look_at_clock(deadline),
            }
        }
        Ok(())
    }

    #[cold]
    fn look_at_clock(&mut self, deadline: Instant) -> Result<()> {
        self.units_left = UNITS_PER_CLOCK - 1;
        match Instant::now() >= deadline {
            true => Err(Error::deadline("allow more time: the deadline of the call is over")),
            false => Ok(()),
        }
    }
}

#[cold]
fn gone() -> Error {
    Error::cancelled("the caller gave up")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn the_clock_is_looked_at_first_and_after_so_much_work() {
        let past = Some(Instant::now());
        let mut pace = Pace::default();
        assert_eq!(pace.work(1, None, past).unwrap_err().kind(), ErrorKind::Deadline);
        for unit in 1..UNITS_PER_CLOCK {
            assert!(pace.work(1, None, past).is_ok(), "unit {unit}");
        }
        assert_eq!(pace.work(1, None, past).unwrap_err().kind(), ErrorKind::Deadline);
        assert_eq!(pace.work(UNITS_PER_CLOCK, None, past).unwrap_err().kind(), ErrorKind::Deadline, "much at once");
    }

    #[test]
    fn the_flag_is_looked_at_each_time() {
        let flag = AtomicBool::new(false);
        let mut pace = Pace::default();
        assert!(pace.work(1, Some(&flag), None).is_ok());
        flag.store(true, Relaxed);
        assert_eq!(pace.work(1, Some(&flag), None).unwrap_err().kind(), ErrorKind::Cancelled);
    }
}
