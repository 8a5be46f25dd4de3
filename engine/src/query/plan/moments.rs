//! Days and instants: what `today`, dates and durations mean in the zone of a request.
//!
//! Days are counted from 1970-01-01, instants are milliseconds since the epoch. Months and years clamp to the last day
//! of the month. The clock was read once, before.

use std::cell::OnceCell;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use muster_language::ast;

use crate::catalog::Zone;
use crate::catalog::limits::{DAY_MS, DAYS_MAX, DAYS_MIN};
use crate::catalog::moment::read_time;
use crate::error::{Error, Result};

const EPOCH: Date = jiff::civil::date(1970, 1, 1);
/// What is said of days and instants of other years.
const OUTSIDE: &str = "a day or instant is outside the calendar, the years 0000 to 9999";

/// A day, or an instant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Moment {
    /// Days since 1970-01-01.
    Day(i64),
    /// Milliseconds since the epoch.
    Instant(i64),
}

/// The zone and the one reading of the clock of a request.
pub(super) struct Clock {
    zone: TimeZone,
    known: Zone,
    now_ms: i64,
    today: OnceCell<i64>,
    used: std::cell::Cell<bool>,
    /// First and last reading of the clock with which everything that was asked is the same.
    same: std::cell::Cell<(i64, i64)>,
}

impl Clock {
    /// The clock of a request. Errors: invalid, for a zone that nobody knows.
    pub(super) fn new(zone: Option<&str>, now_ms: i64) -> Result<Clock> {
        let known = Zone::named(zone.unwrap_or("UTC"))?;
        Ok(Clock {
            zone: known.rules().clone(),
            known,
            now_ms,
            today: OnceCell::new(),
            used: std::cell::Cell::new(false),
            same: std::cell::Cell::new((i64::MIN, i64::MAX)),
        })
    }

    /// The name of the zone.
    pub(super) fn zone_name(&self) -> &str {
        self.known.name()
    }

    /// Whether any answer depended on the zone or the time.
    pub(super) fn is_used(&self) -> bool {
        self.used.get()
    }

    /// First and last reading of the clock with which everything that was asked so far is the same.
    pub(super) fn same_between(&self) -> (i64, i64) {
        self.same.get()
    }

    /// Milliseconds since the epoch.
    pub(super) fn now(&self) -> i64 {
        self.used.set(true);
        self.same.set((self.now_ms, self.now_ms));
        self.now_ms
    }

    /// The day it is in the zone. Errors: invalid, for a clock outside the calendar.
    pub(super) fn today(&self) -> Result<i64> {
        self.used.set(true);
        if let Some(day) = self.today.get() {
            return Ok(*day);
        }
        let day = self.day_of(self.now_ms)?;
        let (first, last) = self.same.get();
        self.same.set((first.max(self.start_of(day)?), last.min(self.end_of(day)? - 1)));
        Ok(*self.today.get_or_init(|| day))
    }

    /// The day of an instant in the zone.
    fn day_of(&self, ms: i64) -> Result<i64> {
        self.used.set(true);
        self.known.day_of(ms).map_err(outside)
    }

    /// The first instant of a day in the zone. Days at the edge of the calendar, which stand for *never*, begin as in
    /// UTC where they would begin outside of it.
    pub(super) fn start_of(&self, day: i64) -> Result<i64> {
        self.used.set(true);
        self.known.start_of(day).map_err(outside)
    }

    /// The first instant after a day in the zone.
    pub(super) fn end_of(&self, day: i64) -> Result<i64> {
        match date_of(day + 1) {
            Ok(_) => self.start_of(day + 1),
            Err(_) => Ok(self.start_of(day)? + DAY_MS),
        }
    }

    /// The instant of a written day and time.
    pub(super) fn instant_written(&self, written: ast::DateTime) -> Result<i64> {
        let time = jiff::civil::time(written.hour as i8, written.minute as i8, written.second as i8, 0);
        self.used.set(true);
        self.known.instant_of(date_of(day_written(written.date)?)?.to_datetime(time)).map_err(outside)
    }

    /// The day or instant in quotes or from a parameter: a date, a date and time in the zone, or RFC 3339. None for
    /// what is written otherwise. Errors: invalid, for what is written so and is no time; limit, outside the calendar.
    pub(super) fn parse(&self, text: &str) -> Option<Result<Moment>> {
        if let Some(day) = parse_day(text) {
            return Some(Ok(Moment::Day(day)));
        }
        Some(read_time(text)?.and_then(|written| {
            if written.offset_ms.is_none() {
                self.used.set(true);
            }
            self.known.instant_written(written).map(Moment::Instant).map_err(outside)
        }))
    }

    /// `moment` moved by `sign * count` units, as a calendar moves: days, months and years keep the time of day in the
    /// zone. Hours and minutes make a day its first instant.
    pub(super) fn shift(&self, moment: Moment, duration: ast::Duration, sign: i64) -> Result<Moment> {
        let count = i64::from(duration.count) * sign;
        match (moment, duration.unit) {
            (Moment::Day(day), ast::DurationUnit::Minute | ast::DurationUnit::Hour) => {
                let start = self.start_of(day)?;
                Ok(Moment::Instant(shift_clock(start, duration.unit, count)?))
            }
            (Moment::Instant(ms), ast::DurationUnit::Minute | ast::DurationUnit::Hour) => {
                Ok(Moment::Instant(shift_clock(ms, duration.unit, count)?))
            }
            (Moment::Day(day), unit) => Ok(Moment::Day(shift_day(day, unit, count)?)),
            (Moment::Instant(ms), unit) => {
                self.used.set(true);
                let instant = Timestamp::from_millisecond(ms).map_err(out_of_calendar)?;
                let moved = instant
                    .to_zoned(self.zone.clone())
                    .checked_add(calendar_span(unit, count)?)
                    .map_err(out_of_calendar)?;
                in_calendar(day_number(moved.date()))?;
                Ok(Moment::Instant(moved.timestamp().as_millisecond()))
            }
        }
    }

    /// Seconds or milliseconds since 1970, of ten or thirteen digits, as a moment is written in the zone.
    pub(super) fn written_epoch(&self, digits: &str) -> Option<String> {
        let number: i64 = digits.parse().ok()?;
        let ms = match digits.len() {
            10 => number * 1_000,
            13 => number,
            _ => return None,
        };
        let instant = Timestamp::from_millisecond(ms).ok()?;
        Some(instant.to_zoned(self.zone.clone()).strftime("%Y-%m-%dT%H:%M:%S").to_string())
    }

    /// A moment as the reply shows it.
    pub(super) fn show(&self, moment: Moment) -> String {
        match moment {
            Moment::Day(day) => show_day(day),
            Moment::Instant(ms) => self.known.format(ms).unwrap_or_else(|| format!("{ms} ms")),
        }
    }
}

/// A day as it is written.
pub(super) fn show_day(day: i64) -> String {
    date_of(day).map_or_else(|_| format!("day {day}"), |date| date.to_string())
}

/// The number of a written day.
pub(super) fn day_written(written: ast::Date) -> Result<i64> {
    let date = Date::new(written.year as i16, written.month as i8, written.day as i8).map_err(out_of_calendar)?;
    Ok(day_number(date))
}

/// The number of a day written `YYYY-MM-DD`.
pub(super) fn parse_day(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let is_shaped = bytes.len() == 10
        && bytes.iter().enumerate().all(|(place, byte)| match place {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if !is_shaped {
        return None;
    }
    text.parse::<Date>().ok().map(day_number)
}

/// The day `count` units after `day`.
pub(super) fn shift_day(day: i64, unit: ast::DurationUnit, count: i64) -> Result<i64> {
    let days = match unit {
        ast::DurationUnit::Day => count,
        ast::DurationUnit::Week => count * 7,
        _ => {
            let moved = date_of(day)?.checked_add(calendar_span(unit, count)?).map_err(out_of_calendar)?;
            return in_calendar(day_number(moved));
        }
    };
    let moved = day.checked_add(days).ok_or_else(|| Error::limit(OUTSIDE))?;
    in_calendar(moved)
}

/// Whether the seconds of a time have a fraction that milliseconds do not hold.
pub(super) fn is_finer_than_ms(text: &str) -> bool {
    let Some((whole, fraction)) = text.split_once(['.', ',']) else {
        return false;
    };
    if !whole.is_char_boundary(10) || parse_day(&whole[..10]).is_none() {
        return false;
    }
    let digits = fraction.bytes().take_while(u8::is_ascii_digit);
    digits.skip(3).any(|digit| digit != b'0')
}

fn in_calendar(day: i64) -> Result<i64> {
    date_of(day).map(|_| day)
}

fn shift_clock(ms: i64, unit: ast::DurationUnit, count: i64) -> Result<i64> {
    let minutes = match unit {
        ast::DurationUnit::Hour => count * 60,
        _ => count,
    };
    let moved = ms.checked_add(minutes * 60_000).ok_or_else(|| Error::limit(OUTSIDE))?;
    date_of(moved.div_euclid(DAY_MS))?;
    Ok(moved)
}

fn calendar_span(unit: ast::DurationUnit, count: i64) -> Result<Span> {
    let span = match unit {
        ast::DurationUnit::Minute => Span::new().try_minutes(count),
        ast::DurationUnit::Hour => Span::new().try_hours(count),
        ast::DurationUnit::Day => Span::new().try_days(count),
        ast::DurationUnit::Week => Span::new().try_weeks(count),
        ast::DurationUnit::Month => Span::new().try_months(count),
        ast::DurationUnit::Year => Span::new().try_years(count),
    };
    span.map_err(out_of_calendar)
}

fn day_number(date: Date) -> i64 {
    date.duration_since(EPOCH).as_secs() / 86_400
}

/// The date of a day in the years 0000 to 9999, which are those that a tag can hold and a query can write.
fn date_of(day: i64) -> Result<Date> {
    if !(DAYS_MIN..=DAYS_MAX).contains(&day) {
        return Err(Error::limit(OUTSIDE));
    }
    let span = Span::new().try_days(day).map_err(out_of_calendar)?;
    EPOCH.checked_add(span).map_err(out_of_calendar)
}

fn out_of_calendar(error: jiff::Error) -> Error {
    Error::limit(OUTSIDE).with_source(error)
}

fn outside(_: Error) -> Error {
    Error::limit(OUTSIDE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> i64 {
        parse_day(text).unwrap()
    }

    #[test]
    fn months_and_years_clamp_to_the_last_day() {
        let shift = |from: &str, unit, count| show_day(shift_day(day(from), unit, count).unwrap());
        assert_eq!(shift("2024-03-31", ast::DurationUnit::Month, -1), "2024-02-29");
        assert_eq!(shift("2024-02-29", ast::DurationUnit::Year, 1), "2025-02-28");
        assert_eq!(shift("2024-12-31", ast::DurationUnit::Day, 1), "2025-01-01");
        assert_eq!(shift("1969-12-25", ast::DurationUnit::Week, 1), "1970-01-01");
    }

    #[test]
    fn days_begin_with_the_clocks_of_the_zone() {
        let clock = Clock::new(Some("Asia/Shanghai"), 0).unwrap();
        assert_eq!(clock.start_of(day("1970-01-02")).unwrap(), 16 * 3_600_000);
        let clock = Clock::new(Some("America/New_York"), day("2024-03-10") * DAY_MS).unwrap();
        assert_eq!(show_day(clock.today().unwrap()), "2024-03-09");
        let length = clock.start_of(day("2024-03-11")).unwrap() - clock.start_of(day("2024-03-10")).unwrap();
        assert_eq!(length, 23 * 3_600_000, "the day that lost an hour");
        let clock = Clock::new(Some("-05:30"), 0).unwrap();
        assert_eq!(clock.start_of(0).unwrap(), 5 * 3_600_000 + 1_800_000);
        assert!(Clock::new(Some("Asia/Nowhere"), 0).is_err());
    }

    #[test]
    fn days_outside_the_calendar_are_refused() {
        assert!(shift_day(day("9999-12-31"), ast::DurationUnit::Day, 1).is_err());
        assert!(shift_day(day("9999-12-31"), ast::DurationUnit::Year, i64::from(u32::MAX)).is_err());
        let clock = Clock::new(None, 0).unwrap();
        assert!(clock.start_of(i64::MAX / 2).is_err());
    }

    #[test]
    fn the_last_day_of_the_calendar_is_a_day() {
        let last = day("9999-12-31");
        for zone in ["UTC", "Asia/Shanghai", "America/New_York", "Pacific/Kiritimati"] {
            let clock = Clock::new(Some(zone), 0).unwrap();
            assert!(clock.start_of(last).unwrap() < clock.end_of(last).unwrap(), "{zone}");
            assert!(clock.end_of(last - 1).unwrap() <= clock.start_of(last).unwrap(), "{zone}");
        }
    }
}
