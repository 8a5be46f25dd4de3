//! A time zone: what a day and a time of day mean, for what is written, asked and shown.

use std::fmt;
use std::sync::Arc;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

use super::limits::{DAY_MS, DAYS_MAX, DAYS_MIN};
use super::moment::{OUTSIDE, WrittenTime, is_shaped, read_time};
use crate::error::{Error, Result};

const MINUTE_MS: i64 = 60_000;
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

    /// The instant at which its clocks show `civil`, in milliseconds; the first where they show it twice, moved forward
    /// by the gap where they never do. By arithmetic: instants of jiff end before the calendar does. Errors: invalid,
    /// outside the years 0000 to 9999 of universal time.
    pub(crate) fn instant_of(&self, civil: DateTime) -> Result<i64> {
        in_calendar(self.unbounded(civil))
    }

    /// The instant that was written, in milliseconds. Errors: invalid, outside the calendar.
    pub(crate) fn instant_written(&self, written: WrittenTime) -> Result<i64> {
        match written.offset_ms {
            Some(offset_ms) => in_calendar(civil_ms(written.civil) - offset_ms),
            None => self.instant_of(written.civil),
        }
    }

    /// The first instant of a day, which is counted from 1970-01-01. A day at the edge of the calendar, which stands
    /// for *never*, begins as in universal time where its own beginning lies outside. Errors: invalid, outside the
    /// calendar.
    pub(crate) fn start_of(&self, day: i64) -> Result<i64> {
        in_calendar(day.saturating_mul(DAY_MS))?;
        let civil = civil_of(day * DAY_MS).ok_or_else(|| Error::invalid(OUTSIDE))?;
        in_calendar(self.unbounded(civil)).or(Ok(day * DAY_MS))
    }

    /// The day that its clocks show at an instant. Errors: invalid, outside the calendar.
    pub(crate) fn day_of(&self, ms: i64) -> Result<i64> {
        in_calendar(ms)?;
        let local = ms + self.offset_ms(ms);
        in_calendar(local).map(|local| local.div_euclid(DAY_MS))
    }

    /// An instant in milliseconds as its clocks show it, with the offset; `Z` for universal time, and where no offset
    /// of whole minutes would be true. None outside the calendar.
    pub fn format(&self, ms: i64) -> Option<String> {
        let offset_ms = self.offset_ms(ms);
        let (local, minutes) = match offset_ms % MINUTE_MS {
            0 => (civil_of(ms.checked_add(offset_ms)?)?, offset_ms / MINUTE_MS),
            _ => (civil_of(ms)?, 0),
        };
        Some(match minutes {
            0 if self.is_utc() || offset_ms != 0 => format!("{local}Z"),
            _ => {
                let sign = if minutes < 0 { '-' } else { '+' };
                format!("{local}{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
            }
        })
    }

    /// The instant that a person means by a date (its noon), a date and time of day in this zone, or RFC 3339, in
    /// milliseconds. Errors: invalid.
    pub fn moment(&self, text: &str) -> Result<i64> {
        let told = || super::name::shown(text);
        let day = is_shaped(text, "0000-00-00").then(|| text.parse::<Date>().ok()).flatten();
        let instant = match (day, read_time(text)) {
            (Some(day), _) => self.instant_of(day.at(12, 0, 0, 0)),
            (None, Some(written)) => written.and_then(|written| self.instant_written(written)),
            (None, None) => {
                return Err(Error::invalid(format!(
                    "write a date such as 2026-11-11 or a moment such as 2026-11-11T08:00:00Z, not `{}`",
                    told()
                )));
            }
        };
        instant.map_err(|error| error.of_subject(format_args!("write another moment: `{}`", told())))
    }

    /// How many milliseconds its clocks are before universal time at an instant; beyond the instants of jiff as at the
    /// last.
    fn offset_ms(&self, ms: i64) -> i64 {
        let (first, last) = (Timestamp::MIN.as_millisecond(), Timestamp::MAX.as_millisecond());
        let instant = Timestamp::from_millisecond(ms.clamp(first, last)).unwrap_or_default();
        i64::from(self.zone.to_offset(instant).seconds()) * 1_000
    }

    fn unbounded(&self, civil: DateTime) -> i64 {
        let offset = match self.zone.to_ambiguous_timestamp(civil).offset() {
            AmbiguousOffset::Unambiguous { offset } => offset,
            AmbiguousOffset::Gap { before, .. } | AmbiguousOffset::Fold { before, .. } => before,
        };
        civil_ms(civil) - i64::from(offset.seconds()) * 1_000
    }
}

/// What clocks show, as if they stood in universal time.
fn civil_ms(civil: DateTime) -> i64 {
    civil.duration_since(EPOCH.to_datetime(Time::midnight())).as_millis() as i64
}

/// What clocks in universal time show; none outside of jiff's years.
fn civil_of(ms: i64) -> Option<DateTime> {
    EPOCH.to_datetime(Time::midnight()).checked_add(SignedDuration::from_millis(ms)).ok()
}

/// Errors: invalid, for an instant outside the years 0000 to 9999.
fn in_calendar(ms: i64) -> Result<i64> {
    match (DAYS_MIN..=DAYS_MAX).contains(&ms.div_euclid(DAY_MS)) {
        true => Ok(ms),
        false => Err(Error::invalid(OUTSIDE)),
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
    fn the_ends_of_the_calendar_are_exact_or_refused() {
        const OUT: &str = "is outside the calendar";
        for (zone, text, expected) in [
            ("UTC", "9999-12-31", "9999-12-31T00:00:00Z"),
            ("UTC", "9999-12-31T23:59:59.999", "9999-12-31T23:59:59.999Z"),
            ("UTC", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
            ("UTC", "9999-12-31T23:59:59-00:01", OUT),
            ("UTC", "0000-01-01", "0000-01-01T00:00:00Z"),
            ("UTC", "0000-01-01T00:00+00:01", OUT),
            ("+14:00", "9999-12-31T23:59", "9999-12-31T23:59:00+14:00"),
            ("-12:00", "9999-12-31T11:59", "9999-12-31T11:59:00-12:00"),
            ("-12:00", "9999-12-31T12:00", OUT),
            ("America/New_York", "9999-12-31", "9999-12-31T00:00:00-05:00"),
            ("America/New_York", "9999-12-31T18:59:59", "9999-12-31T18:59:59-05:00"),
            ("America/New_York", "9999-12-31T19:00", OUT),
            // A day that begins outside begins as in universal time; a time of that day is outside.
            ("Asia/Shanghai", "0000-01-01", "0000-01-01T00:00:00Z"),
            ("Asia/Shanghai", "0000-01-01T00:00", OUT),
            // Clocks of that age were no whole minutes from universal time, and RFC 3339 has no others.
            ("Asia/Shanghai", "0000-01-02T00:00", "0000-01-01T15:54:17Z"),
            ("UTC", "2026-11-11T08:00:60", "is no time of a day"),
            ("UTC", "2026-11-11T24:00", "is no time of a day"),
            ("UTC", "2026-11-11T08:00:00.0001", "is finer than a millisecond"),
            ("UTC", "10000-01-01", "is no time; expected"),
        ] {
            let zone = Zone::named(zone).unwrap();
            let moment = zone.moment(text).map(|ms| zone.format(ms).unwrap());
            match TagKind::Time.parse_value_in(text, &zone) {
                Ok(Value::Time(ms)) => {
                    let shown = zone.format(ms).unwrap();
                    assert_eq!(shown, expected, "{text} in {zone}");
                    // A date of the clock is its noon.
                    assert!(text.len() == 10 || moment.unwrap() == shown, "{text} in {zone}");
                    let again = TagKind::Time.parse_value_in(&shown, &zone).unwrap();
                    assert_eq!(again, Value::Time(ms), "{shown} is read back");
                }
                other => {
                    let said = other.unwrap_err().to_string();
                    assert!(said.contains(expected), "{text} in {zone}: {said}");
                    let said = moment.unwrap_err().to_string();
                    assert!(said.starts_with("write "), "{text} in {zone}: {said}");
                }
            }
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
