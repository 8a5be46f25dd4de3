//! A moment on the command line.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};

/// A date, a date with a time of day, or a moment with its own offset, as it was written: only the server knows the zone
/// that it is meant in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Moment(String);

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Moment, String> {
        let is_moment =
            text.parse::<Timestamp>().is_ok() || text.parse::<Date>().is_ok() || text.parse::<DateTime>().is_ok();
        match is_moment {
            true => Ok(Moment(text.to_owned())),
            false => Err("write a date such as 2026-11-11 or a moment such as 2026-11-11T08:00:00Z".to_owned()),
        }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_date_or_a_time() {
        for right in ["2026-11-11", "2026-11-11T08:00", "2026-11-11 08:00:00", "2026-11-11T08:00:00+08:00"] {
            assert_eq!(right.parse::<Moment>().unwrap().to_string(), right);
        }
        for wrong in ["soon", "", "2026-13-01", "8:00"] {
            assert!(wrong.parse::<Moment>().is_err(), "{wrong}");
        }
    }
}
