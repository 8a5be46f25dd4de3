//! A day and a time of day as people and RFC 3339 write them, read by arithmetic: exact to both ends of the calendar,
//! or refused with what is wrong. Every face reads times by this.

use jiff::civil::{Date, DateTime};

use crate::error::{Error, Result};

/// What is said of days and instants of other years.
pub(crate) const OUTSIDE: &str = "is outside the calendar, the years 0000 to 9999";

/// A written time of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WrittenTime {
    /// What the clocks show.
    pub(crate) civil: DateTime,
    /// How many milliseconds they are before universal time, where that is written.
    pub(crate) offset_ms: Option<i64>,
}

/// `YYYY-MM-DD`, then `T` or a blank and `HH:MM[:SS[.mmm]]`, then `Z`, `+08:00`, `+0800`, `+08` or nothing. None where
/// it is written otherwise.
///
/// Errors: invalid, where it is written so and is no time all the same.
pub(crate) fn read_time(text: &str) -> Option<Result<WrittenTime>> {
    let (day, clock) = text.split_at_checked("2026-11-11".len())?;
    let day: Date = is_shaped(day, "0000-00-00").then(|| day.parse().ok())??;
    let clock = clock.strip_prefix(['T', 't', ' '])?;
    let end = clock.find(['Z', 'z', '+', '-', ' ']).unwrap_or(clock.len());
    let (clock, zone) = clock.split_at(end);
    let (clock, fraction) = match clock.split_once(['.', ',']) {
        Some((clock, fraction)) => (clock, Some(fraction)),
        None => (clock, None),
    };
    let has_seconds = is_shaped(clock, "00:00:00");
    let digits = fraction.unwrap_or("0");
    if !(has_seconds || fraction.is_none() && is_shaped(clock, "00:00")) || digits.is_empty() || !is_digits(digits) {
        return None;
    }
    let offset_ms = match zone {
        "" => None,
        zone => Some(offset_ms(zone.strip_prefix(' ').unwrap_or(zone))?),
    };
    let number = |at: usize| clock[at..at + 2].parse::<i8>().unwrap_or_default();
    let (hour, minute, second) = (number(0), number(3), if has_seconds { number(6) } else { 0 });
    Some(civil(day, (hour, minute, second), digits).map(|civil| WrittenTime { civil, offset_ms }))
}

fn civil(day: Date, (hour, minute, second): (i8, i8, i8), fraction: &str) -> Result<DateTime> {
    if hour > 23 || minute > 59 || second > 59 {
        return Err(Error::invalid("is no time of a day: hours go from 00 to 23, minutes and seconds from 00 to 59"));
    }
    let (ms, finer) = fraction.split_at(fraction.len().min(3));
    if finer.bytes().any(|digit| digit != b'0') {
        return Err(Error::invalid("is finer than a millisecond, which times keep"));
    }
    let ms: i32 = format!("{ms:0<3}").parse().unwrap_or_default();
    Ok(day.at(hour, minute, second, ms * 1_000_000))
}

/// `Z`, `+08:00`, `+0800` or `+08`; up to a day.
fn offset_ms(text: &str) -> Option<i64> {
    if matches!(text, "Z" | "z") {
        return Some(0);
    }
    let (sign, digits) = match (text.strip_prefix('+'), text.strip_prefix('-')) {
        (Some(digits), _) => (1, digits),
        (_, Some(digits)) => (-1, digits),
        _ => return None,
    };
    if !["00:00", "0000", "00"].iter().any(|shape| is_shaped(digits, shape)) {
        return None;
    }
    let hours: i64 = digits[..2].parse().ok()?;
    let minutes: i64 = digits[2..].trim_start_matches(':').parse().unwrap_or_default();
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes) * 60_000)
}

/// Whether every `0` of `pattern` stands over a digit and everything else over itself.
pub(crate) fn is_shaped(text: &str, pattern: &str) -> bool {
    text.len() == pattern.len()
        && text.bytes().zip(pattern.bytes()).all(|(found, expected)| match expected {
            b'0' => found.is_ascii_digit(),
            other => found == other,
        })
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_as_it_is_written_or_refused() {
        for (text, expected) in [
            ("2026-11-11T08:00", "2026-11-11T08:00:00"),
            ("2026-11-11 08:00:09", "2026-11-11T08:00:09"),
            ("2026-11-11t08:00:09.25Z", "2026-11-11T08:00:09.25 0"),
            ("2026-11-11T08:00:09,250000+08:00", "2026-11-11T08:00:09.25 28800000"),
            ("0000-01-01T00:00-0530", "0000-01-01T00:00:00 -19800000"),
            ("9999-12-31T23:59:59.999 +08", "9999-12-31T23:59:59.999 28800000"),
        ] {
            let WrittenTime { civil, offset_ms } = read_time(text).unwrap().unwrap();
            let offset = offset_ms.map_or(String::new(), |ms| format!(" {ms}"));
            assert_eq!(format!("{civil}{offset}"), expected, "{text}");
        }
        for wrong in ["2026-11-11T08:00:60", "2026-11-11T24:00", "2026-11-11T08:60Z", "2026-11-11T08:00:00.0001"] {
            assert!(read_time(wrong).unwrap().is_err(), "{wrong}");
        }
        for other in [
            "",
            "soon",
            "2026-11-11",
            "2026-11-11T",
            "2026-13-11T08:00",
            "2026-11-11T8:00",
            "2026-11-11T08:00+8",
            "2026-11-11T08:00.5",
            "2026-11-11T08:00:00.",
            "2026-11-11T08:00+24:00",
            "2026-11-11T08:00[Asia/Shanghai]",
            "2026-11-11T08:00Zx",
            "+010000-01-01T08:00",
            "2026-11-1１T08:00",
        ] {
            assert!(read_time(other).is_none(), "{other}");
        }
    }
}
