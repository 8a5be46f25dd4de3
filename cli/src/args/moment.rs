//! A moment on the command line.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;

/// A date, a date with a time of day, or a moment with its own offset, as it was written: only the server knows the
/// zone that it is meant in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Moment(String);

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Moment, String> {
        // The server reads the time of day, and says what is wrong with it.
        let is_moment = text.split_at_checked("2026-11-11".len()).is_some_and(|(day, clock)| {
            day.parse::<Date>().is_ok() && (clock.is_empty() || clock.starts_with(['T', 't', ' ']))
        });
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
        for right in [
            "2026-11-11",
            "2026-11-11T08:00",
            "2026-11-11 08:00:00",
            "2026-11-11T08:00:00+08:00",
            "9999-12-31T23:59:59Z",
        ] {
            assert_eq!(right.parse::<Moment>().unwrap().to_string(), right);
        }
        for wrong in ["soon", "", "2026-13-01", "8:00"] {
            assert!(wrong.parse::<Moment>().is_err(), "{wrong}");
        }
    }
}
