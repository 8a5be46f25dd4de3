//! A moment on the command line.

use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, time};
use jiff::tz::TimeZone;

/// A date (its noon), a date with a time of day, or a moment with its own offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Without a zone.
    Civil(DateTime),
    /// With one.
    Fixed(Timestamp),
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Moment, String> {
        if let Ok(timestamp) = text.parse::<Timestamp>() {
            return Ok(Moment::Fixed(timestamp));
        }
        // A bare date also reads as a date with midnight, so the date is tried first.
        if text.len() == "2026-11-11".len()
            && let Ok(date) = text.parse::<Date>()
        {
            return Ok(Moment::Civil(date.to_datetime(time(12, 0, 0, 0))));
        }
        text.parse::<DateTime>()
            .map(Moment::Civil)
            .map_err(|_| "write a date such as 2026-11-11 or a moment such as 2026-11-11T08:00:00Z".to_owned())
    }
}

impl Moment {
    /// Milliseconds since 1970-01-01 UTC, in `zone` where the moment has none of its own; UTC without a zone.
    pub(crate) fn unix_ms(&self, zone: Option<&str>) -> Result<i64, String> {
        match self {
            Moment::Fixed(timestamp) => Ok(timestamp.as_millisecond()),
            Moment::Civil(datetime) => {
                let zone = match zone {
                    None => TimeZone::UTC,
                    Some(name) => TimeZone::get(name)
                        .map_err(|_| format!("write a zone such as Asia/Shanghai: '{name}' is not known"))?,
                };
                let zoned = zone
                    .to_ambiguous_timestamp(*datetime)
                    .compatible()
                    .map_err(|error| format!("{datetime} does not exist: {error}"))?;
                Ok(zoned.as_millisecond())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_means_its_noon_in_the_zone() {
        let moment: Moment = "1970-01-02".parse().unwrap();
        assert_eq!(moment.unix_ms(None), Ok(36 * 3_600_000));
        assert_eq!(moment.unix_ms(Some("Asia/Shanghai")), Ok(28 * 3_600_000));
        assert!(moment.unix_ms(Some("Asia/Nowhere")).is_err());
        let fixed: Moment = "1970-01-01T08:00:00+08:00".parse().unwrap();
        assert_eq!(fixed.unix_ms(Some("Europe/Paris")), Ok(0));
        assert!("soon".parse::<Moment>().is_err());
    }
}
