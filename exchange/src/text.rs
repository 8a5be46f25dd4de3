//! Parsing of text: numbers, truths, dates and times as text: exact or refused.
//!
//! Nothing is trimmed and nothing is rounded that the mapping does not round, but one thing: a time finer than a
//! millisecond is cut to the millisecond before it, because that is as fine as the time kind is.

mod format;
mod number;
mod zone;

use jiff::civil::{Date, DateTime};

pub(crate) use format::{Wanted, check_date_format, parse_date_as, parse_time_as};
pub use number::Rounding;
pub(crate) use number::{Marks, NumberFault, Scale, parse_decimal};
pub(crate) use zone::{Shown, Written, in_zone};

/// Milliseconds of a day.
pub(crate) const DAY_MS: i64 = 86_400_000;
/// The day from which days are counted.
const EPOCH: Date = jiff::civil::date(1970, 1, 1);
/// 0000-01-01 and 9999-12-31 in days since 1970-01-01: the years that four digits can write.
const DAYS: std::ops::RangeInclusive<i64> = -719_528..=2_932_896;

/// The words that mean true, in any case, unless the mapping gives others.
pub(crate) const DEFAULT_TRUE_WORDS: [&str; 5] = ["true", "t", "yes", "y", "1"];
/// The words that mean false.
pub(crate) const DEFAULT_FALSE_WORDS: [&str; 5] = ["false", "f", "no", "n", "0"];

/// Whether `text` is one of `words`, whatever the case of its ASCII letters.
pub(crate) fn is_word(text: &[u8], words: &[impl AsRef<[u8]>]) -> bool {
    words.iter().any(|word| text.eq_ignore_ascii_case(word.as_ref()))
}

/// `YYYY-MM-DD` as days since 1970-01-01.
pub(crate) fn parse_date(text: &[u8]) -> Option<i64> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text else {
        return None;
    };
    let year = two_digits(*y1, *y2)? * 100 + two_digits(*y3, *y4)?;
    let (month, day) = (two_digits(*m1, *m2)?, two_digits(*d1, *d2)?);
    days_of(Date::new(year as i16, month as i8, day as i8).ok()?)
}

fn two_digits(tens: u8, ones: u8) -> Option<i64> {
    (tens.is_ascii_digit() && ones.is_ascii_digit()).then(|| i64::from(tens - b'0') * 10 + i64::from(ones - b'0'))
}

/// A date, a blank or `T`, and `HH:MM`, `:SS`, a fraction and a zone as far as they are written.
pub(crate) fn parse_written_time(text: &[u8]) -> Option<Written> {
    let (date, clock) = text.split_at_checked(10)?;
    let days = parse_date(date)?;
    let [b' ' | b'T' | b't', clock @ ..] = clock else {
        return None;
    };
    let [h1, h2, b':', m1, m2, rest @ ..] = clock else {
        return None;
    };
    let hour = two_digits(*h1, *h2).filter(|hour| *hour < 24)?;
    let minute = two_digits(*m1, *m2).filter(|minute| *minute < 60)?;
    let mut ms = (hour * 60 + minute) * 60_000;
    let mut cut = false;
    let mut rest = rest;
    if let [b':', s1, s2, tail @ ..] = rest {
        ms += two_digits(*s1, *s2).filter(|second| *second < 60)? * 1000;
        rest = tail;
        if let [b'.' | b',', tail @ ..] = rest {
            let digits = tail.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if digits == 0 || digits > 12 {
                return None;
            }
            for (place, weight) in [100, 10, 1].into_iter().enumerate() {
                ms += tail[..digits].get(place).map_or(0, |digit| i64::from(digit - b'0') * weight);
            }
            cut = tail[..digits].iter().skip(3).any(|digit| *digit != b'0');
            rest = &tail[digits..];
        }
    }
    let ms = days * DAY_MS + ms;
    match rest {
        [] => Some(Written { ms, is_local: true, cut }),
        _ => Some(Written { ms: ms - written_offset_ms(rest)?, is_local: false, cut }),
    }
}

/// `Z`, `+08`, `+08:00` or `+0800`, in milliseconds.
fn written_offset_ms(text: &[u8]) -> Option<i64> {
    let text = match text {
        [b' ', rest @ ..] => rest,
        _ => text,
    };
    let (sign, digits) = match text {
        [b'Z' | b'z'] => return Some(0),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = match digits {
        [h1, h2] => (two_digits(*h1, *h2)?, 0),
        [h1, h2, b':', m1, m2] | [h1, h2, m1, m2] => (two_digits(*h1, *h2)?, two_digits(*m1, *m2)?),
        _ => return None,
    };
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes) * 60_000)
}

fn written_timestamp(timestamp: jiff::Timestamp) -> Option<Written> {
    let nanoseconds = timestamp.as_nanosecond();
    let ms = i64::try_from(nanoseconds.div_euclid(1_000_000)).ok()?;
    Some(Written { ms, is_local: false, cut: nanoseconds.rem_euclid(1_000_000) != 0 })
}

/// Milliseconds from 1970-01-01 to what a clock shows, and whether it shows more.
fn local_ms(local: DateTime) -> Option<(i64, bool)> {
    let clock = local.time();
    let seconds = (i64::from(clock.hour()) * 60 + i64::from(clock.minute())) * 60 + i64::from(clock.second());
    let nanoseconds = i64::from(clock.subsec_nanosecond());
    Some((days_of(local.date())? * DAY_MS + seconds * 1000 + nanoseconds / 1_000_000, nanoseconds % 1_000_000 != 0))
}

/// The days from 1970-01-01 to a date of a year of four digits.
fn days_of(date: Date) -> Option<i64> {
    (0..=9999).contains(&date.year()).then(|| date.duration_since(EPOCH).as_hours() / 24)
}

/// The date that is so many days after 1970-01-01.
fn civil_date(days: i64) -> Option<Date> {
    if !is_date(days) {
        return None;
    }
    let span = jiff::Span::new().try_days(days).ok()?;
    EPOCH.checked_add(span).ok()
}

/// Whether `days` can be written with a year of four digits.
pub(crate) fn is_date(days: i64) -> bool {
    DAYS.contains(&days)
}

/// Whether `ms` lies in a year of four digits.
pub(crate) fn is_time(ms: i64) -> bool {
    is_date(ms.div_euclid(DAY_MS))
}

/// `YYYY-MM-DD`, or the number of days where that cannot be written.
pub(crate) fn print_date(days: i64) -> String {
    match civil_date(days) {
        Some(date) => date.to_string(),
        None => format!("day {days}"),
    }
}

/// RFC 3339 in UTC, or the number of milliseconds where that cannot be written.
pub(crate) fn print_time(ms: i64) -> String {
    let Some(date) = civil_date(ms.div_euclid(DAY_MS)) else {
        return format!("millisecond {ms}");
    };
    let of_day = ms.rem_euclid(DAY_MS);
    let (hour, minute, second) = (of_day / 3_600_000, of_day / 60_000 % 60, of_day / 1000 % 60);
    let fraction = match of_day % 1000 {
        0 => String::new(),
        ms => format!(".{ms:03}").trim_end_matches('0').to_owned(),
    };
    format!("{date}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
}

#[cfg(test)]
mod tests;
