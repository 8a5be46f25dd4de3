//! A time zone: what a day and a time of day mean, for what is written, asked and shown.

use std::fmt;
use std::sync::Arc;

use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

use crate::error::{Error, Result};

/// Milliseconds of a day without a change of the clocks.
const DAY_MS: i64 = 86_400_000;
const EPOCH: Date = jiff::civil::date(1970, 1, 1);

/// A zone with its name; cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    name: Arc<str>,
    zone: TimeZone,
}

impl Zone {
    /// Universal time.
    pub fn utc() -> Zone {
        Zone { name: "UTC".into(), zone: TimeZone::UTC }
    }

    /// The zone of an IANA name such as `Asia/Shanghai`, or of an offset such as `+08:00`. Errors: invalid.
    pub fn named(name: &str) -> Result<Zone> {
        let zone = match name {
            "UTC" | "utc" | "Z" => TimeZone::UTC,
            name => match fixed_offset(name) {
                Some(offset) => TimeZone::fixed(offset),
                None => TimeZone::get(name).map_err(|error| {
                    Error::invalid(format!(
                        "`{}` is no time zone; expected an IANA name such as Asia/Shanghai, or +08:00",
                        super::name::shown(name)
                    ))
                    .with_source(error)
                })?,
            },
        };
        Ok(Zone { name: name.into(), zone })
    }

    /// Its name, as it was given.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What turns its times into instants.
    pub fn rules(&self) -> &TimeZone {
        &self.zone
    }

    /// Whether it is universal time itself.
    pub fn is_utc(&self) -> bool {
        self.zone == TimeZone::UTC
    }

    /// The instant at which its clocks show `civil`, in milliseconds; the first where they show it twice, moved forward by
    /// the gap where they never do. Errors: invalid, outside the calendar.
    pub fn instant_of(&self, civil: DateTime) -> Result<Timestamp> {
        self.zone.to_timestamp(civil).map_err(|error| Error::invalid("is outside the calendar").with_source(error))
    }

    /// The first instant of a day, which is counted from 1970-01-01. Errors: invalid, outside the calendar.
    pub fn start_of(&self, day: i64) -> Result<Timestamp> {
        let hours = day.checked_mul(24).and_then(SignedDuration::try_from_hours);
        let date = hours.and_then(|hours| EPOCH.checked_add(hours).ok());
        let date = date.ok_or_else(|| Error::invalid(format!("{day} days are outside the calendar")))?;
        let zoned = date.to_zoned(self.zone.clone());
        zoned
            .map(|zoned| zoned.timestamp())
            .map_err(|error| Error::invalid("is outside the calendar").with_source(error))
    }

    /// An instant in milliseconds as its clocks show it, with the offset; `Z` for universal time. None at the last days of
    /// the calendar, which not every zone reaches.
    pub fn format(&self, ms: i64) -> Option<String> {
        let instant = Timestamp::from_millisecond(ms).ok()?;
        Some(match self.is_utc() {
            true => instant.to_string(),
            false => instant.display_with_offset(self.zone.to_offset(instant)).to_string(),
        })
    }

    /// The instant that a person means by a date (its noon), a date and time of day in this zone, or RFC 3339, in
    /// milliseconds. Errors: invalid.
    pub fn moment(&self, text: &str) -> Result<i64> {
        let fault = || {
            Error::invalid(format!(
                "write a date such as 2026-11-11 or a moment such as 2026-11-11T08:00:00Z, not `{}`",
                super::name::shown(text)
            ))
        };
        if let Ok(instant) = text.parse::<Timestamp>() {
            return Ok(instant.as_millisecond());
        }
        // A bare date also reads as a date with midnight, so the date is tried first.
        let civil = match text.len() == "2026-11-11".len() {
            true => text.parse::<Date>().map(|date| date.at(12, 0, 0, 0)),
            false => text.parse::<DateTime>(),
        };
        let civil = civil.map_err(|error| fault().with_source(error))?;
        Ok(self.instant_of(civil)?.as_millisecond())
    }

    /// The first instant of a written date, where `text` is one: what a time tag keeps of it.
    pub(crate) fn start_of_written(&self, days: i64) -> Result<i64> {
        match self.is_utc() {
            true => Ok(days * DAY_MS),
            false => self.start_of(days).map(|instant| instant.as_millisecond()),
        }
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

fn fixed_offset(name: &str) -> Option<Offset> {
    let (sign, rest) = match name.as_bytes().first()? {
        b'+' => (1, &name[1..]),
        b'-' => (-1, &name[1..]),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':').unwrap_or((rest, "0"));
    let hours: i32 = hours.parse().ok().filter(|hours| (0..=18).contains(hours))?;
    let minutes: i32 = minutes.parse().ok().filter(|minutes| (0..60).contains(minutes))?;
    Offset::from_seconds(sign * (hours * 3_600 + minutes * 60)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{TagKind, Value};

    fn written(zone: &str, text: &str) -> String {
        let zone = Zone::named(zone).unwrap();
        match TagKind::Time.parse_value_in(text, &zone).unwrap() {
            Value::Time(ms) => format!("{} = {}", zone.format(ms).unwrap(), Zone::utc().format(ms).unwrap()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_time_is_read_and_shown_in_its_zone() {
        for (zone, text, expected) in [
            ("Asia/Shanghai", "2026-11-30 23:30", "2026-11-30T23:30:00+08:00 = 2026-11-30T15:30:00Z"),
            ("+05:30", "2026-11-30T00:00:00.250", "2026-11-30T00:00:00.25+05:30 = 2026-11-29T18:30:00.25Z"),
            ("UTC", "2026-11-30 23:30", "2026-11-30T23:30:00Z = 2026-11-30T23:30:00Z"),
            // A day is its first instant, and what names its own offset needs no zone.
            ("Asia/Shanghai", "2026-11-30", "2026-11-30T00:00:00+08:00 = 2026-11-29T16:00:00Z"),
            ("Asia/Shanghai", "2026-11-30T12:00:00Z", "2026-11-30T20:00:00+08:00 = 2026-11-30T12:00:00Z"),
            // Twice: the first. Never: moved forward. A day that begins at one o'clock.
            ("America/New_York", "2026-11-01 01:30", "2026-11-01T01:30:00-04:00 = 2026-11-01T05:30:00Z"),
            ("America/New_York", "2026-03-08 02:30", "2026-03-08T03:30:00-04:00 = 2026-03-08T07:30:00Z"),
            ("America/Sao_Paulo", "2018-11-04", "2018-11-04T01:00:00-02:00 = 2018-11-04T03:00:00Z"),
        ] {
            assert_eq!(written(zone, text), expected, "{text} in {zone}");
        }
        for wrong in ["Mars/Olympus", "", "+19:00", "+08:60"] {
            assert!(Zone::named(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_moment_of_a_date_is_its_noon() {
        let zone = Zone::named("Asia/Shanghai").unwrap();
        assert_eq!(Zone::utc().moment("1970-01-02").unwrap(), 36 * 3_600_000);
        assert_eq!(zone.moment("1970-01-02").unwrap(), 28 * 3_600_000);
        assert_eq!(zone.moment("1970-01-01T08:00").unwrap(), 0);
        assert_eq!(zone.moment("1970-01-01T09:00:00+09:00").unwrap(), 0);
        assert!(zone.moment("soon").is_err());
    }
}
