//! Numbers, truths, dates and times as text: exact or refused.
//!
//! Nothing is trimmed and nothing is rounded, but one thing: a time finer than a millisecond is cut to the millisecond
//! before it, because that is as fine as the time kind is.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Milliseconds of a day.
pub(crate) const DAY_MS: i64 = 86_400_000;
/// 0000-01-01 and 9999-12-31 in days since 1970-01-01: the years that four digits can write.
const DAYS: std::ops::RangeInclusive<i64> = -719_528..=2_932_896;
/// The most digits of a number that is not refused unread; leading zeros count.
const NUMBER_BYTES_MAX: usize = 400;

/// Why something is not a number of a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NumberFault {
    NotANumber,
    /// It has more digits after the point than the tag's scale.
    TooPrecise,
    /// It is outside of -(2^63 - 1)..=2^63 - 1, unscaled.
    TooLarge,
}

/// A number as an unscaled integer of `scale`: `-12.5` at scale 2 is -1250. Exponents are understood.
pub(crate) fn parse_decimal(text: &[u8], scale: u8) -> Result<i64, NumberFault> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    if digits.is_empty() || digits.len() > NUMBER_BYTES_MAX {
        return Err(NumberFault::NotANumber);
    }
    if let Some(value) = parse_short(digits, scale) {
        return Ok(if negative { -value } else { value });
    }
    parse_mantissa(negative, digits, scale)
}

/// The common case without exponent and overflow; nothing where a closer look is needed.
#[inline]
fn parse_short(digits: &[u8], scale: u8) -> Option<i64> {
    if digits.len() > 18 {
        return None;
    }
    let mut value = 0_i64;
    let mut point = None;
    for (index, byte) in digits.iter().enumerate() {
        match byte {
            b'0'..=b'9' => value = value * 10 + i64::from(byte - b'0'),
            b'.' if point.is_none() => point = Some(index),
            _ => return None,
        }
    }
    let behind = match point {
        None => 0,
        Some(_) if digits.len() == 1 => return None,
        Some(index) => digits.len() - index - 1,
    };
    let missing = usize::from(scale).checked_sub(behind)?;
    value.checked_mul(10_i64.pow(missing as u32))
}

fn parse_mantissa(negative: bool, digits: &[u8], scale: u8) -> Result<i64, NumberFault> {
    let mut mantissa = 0_i128;
    let mut exponent = 0_i32;
    let mut any_digit = false;
    let mut after_point = false;
    let mut too_large = false;
    let mut rest = digits;
    while let [byte, tail @ ..] = rest {
        match byte {
            b'0'..=b'9' => {
                any_digit = true;
                exponent -= i32::from(after_point);
                let next = mantissa.checked_mul(10).and_then(|value| value.checked_add(i128::from(byte - b'0')));
                match next {
                    Some(value) => mantissa = value,
                    // The digit counts for nothing only when it is a zero after the point.
                    None if *byte == b'0' && after_point => exponent += 1,
                    None => too_large = true,
                }
            }
            b'.' if !after_point => after_point = true,
            b'e' | b'E' if any_digit => {
                exponent += parse_exponent(tail).ok_or(NumberFault::NotANumber)?;
                rest = &[];
                continue;
            }
            _ => return Err(NumberFault::NotANumber),
        }
        rest = tail;
    }
    if !any_digit {
        return Err(NumberFault::NotANumber);
    }
    if too_large {
        return Err(if after_point { NumberFault::TooPrecise } else { NumberFault::TooLarge });
    }
    let mantissa = if negative { -mantissa } else { mantissa };
    shift(mantissa, exponent + i32::from(scale))
}

fn parse_exponent(text: &[u8]) -> Option<i32> {
    if text.len() > 6 {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// An unscaled number of `from` digits after the point as one of `scale`.
pub(crate) fn rescale(unscaled: i128, from: i8, scale: u8) -> Result<i64, NumberFault> {
    shift(unscaled, i32::from(scale) - i32::from(from))
}

/// `mantissa * 10^power`, exact.
fn shift(mantissa: i128, power: i32) -> Result<i64, NumberFault> {
    if mantissa == 0 {
        return Ok(0);
    }
    let ten_to = 10_i128.checked_pow(power.unsigned_abs());
    let value = if power >= 0 {
        ten_to.and_then(|factor| mantissa.checked_mul(factor)).ok_or(NumberFault::TooLarge)?
    } else {
        let divisor = ten_to.ok_or(NumberFault::TooPrecise)?;
        if mantissa % divisor != 0 {
            return Err(NumberFault::TooPrecise);
        }
        mantissa / divisor
    };
    match i64::try_from(value) {
        Ok(value) if value != i64::MIN => Ok(value),
        _ => Err(NumberFault::TooLarge),
    }
}

/// A double as an unscaled integer of `scale`: the one decimal of that scale whose nearest double it is.
///
/// `12.34` is a double near 12.34, not 12.34; it is taken as 12.34 because that is how it was written. With
/// `u < 2^53` and `10^scale` exact, `u / 10^scale` is correctly rounded, so that equality proves it.
pub(crate) fn decimal_of_f64(value: f64, scale: u8) -> Result<i64, NumberFault> {
    const EXACT: f64 = (1_u64 << 51) as f64;
    if !value.is_finite() {
        return Err(NumberFault::NotANumber);
    }
    let power = POWERS_OF_TEN[usize::from(scale)];
    let unscaled = (value * power).round();
    if unscaled.abs() < EXACT {
        return if unscaled / power == value { Ok(unscaled as i64) } else { Err(NumberFault::TooPrecise) };
    }
    parse_decimal(format!("{value}").as_bytes(), scale)
}

/// The same for a single: the shortest decimal that reads back as it.
pub(crate) fn decimal_of_f32(value: f32, scale: u8) -> Result<i64, NumberFault> {
    if value.is_finite() && value.fract() == 0.0 && value.abs() < 16_777_216.0 {
        return shift(value as i128, i32::from(scale));
    }
    parse_decimal(format!("{value}").as_bytes(), scale)
}

/// Powers of ten up to the largest scale, each exact.
const POWERS_OF_TEN: [f64; 19] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18];

/// `true`, `t`, `yes`, `y`, `1` and their opposites, in any case.
pub(crate) fn parse_flag(text: &[u8]) -> Option<bool> {
    match text {
        b"0" => return Some(false),
        b"1" => return Some(true),
        _ => {}
    }
    let is = |words: [&str; 4]| words.iter().any(|word| text.eq_ignore_ascii_case(word.as_bytes()));
    if is(["true", "t", "yes", "y"]) {
        Some(true)
    } else if is(["false", "f", "no", "n"]) {
        Some(false)
    } else {
        None
    }
}

/// `YYYY-MM-DD` as days since 1970-01-01.
pub(crate) fn parse_date(text: &[u8]) -> Option<i64> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text else {
        return None;
    };
    let year = two_digits(*y1, *y2)? * 100 + two_digits(*y3, *y4)?;
    let month = two_digits(*m1, *m2)?;
    let day = two_digits(*d1, *d2)?;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days_of_month = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    if day == 0 || day > days_of_month {
        return None;
    }
    // Years are counted from March, so that the leap day is the last of its year.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

fn two_digits(tens: u8, ones: u8) -> Option<i64> {
    (tens.is_ascii_digit() && ones.is_ascii_digit()).then(|| i64::from(tens - b'0') * 10 + i64::from(ones - b'0'))
}

/// A date, a blank or `T`, and `HH:MM`, `:SS`, a fraction and a zone as far as they are written, as milliseconds since
/// the epoch, and whether a part finer than a millisecond was cut. Without a zone it is a time of `zone`, or of UTC.
pub(crate) fn parse_time(text: &[u8], zone: Option<&TimeZone>) -> Option<(i64, bool)> {
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
    let ms = match (rest, zone) {
        ([], None) => ms,
        ([], Some(zone)) => in_zone(ms, zone)?,
        _ => ms - offset_ms(rest)?,
    };
    Some((ms, cut))
}

/// `Z`, `+08`, `+08:00` or `+0800`, in milliseconds.
fn offset_ms(text: &[u8]) -> Option<i64> {
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

/// The instant at which the clocks of `zone` show `local_ms`. A time that a clock change skips is moved forward by
/// the gap; of one that it repeats the first is taken.
pub(crate) fn in_zone(local_ms: i64, zone: &TimeZone) -> Option<i64> {
    let local = jiff::Timestamp::from_millisecond(local_ms).ok()?;
    let local: DateTime = TimeZone::UTC.to_datetime(local);
    Some(zone.to_timestamp(local).ok()?.as_millisecond())
}

/// A date in the letters of strftime.
pub(crate) fn parse_date_as(text: &str, format: &str) -> Option<i64> {
    let parsed = jiff::fmt::strtime::parse(format, text).ok()?;
    let date = parsed.to_date().ok()?;
    parse_date(date.to_string().as_bytes())
}

/// A time in the letters of strftime; without a zone it is a time of `zone`, or of UTC.
pub(crate) fn parse_time_as(text: &str, format: &str, zone: Option<&TimeZone>) -> Option<i64> {
    let parsed = jiff::fmt::strtime::parse(format, text).ok()?;
    if parsed.offset().is_some() {
        return floor_ms(parsed.to_timestamp().ok()?);
    }
    let local = parsed
        .to_datetime()
        .or_else(|_| parsed.to_date().map(|date| date.to_datetime(jiff::civil::Time::midnight())))
        .ok()?;
    floor_ms(zone.unwrap_or(&TimeZone::UTC).to_timestamp(local).ok()?)
}

fn floor_ms(timestamp: jiff::Timestamp) -> Option<i64> {
    i64::try_from(timestamp.as_nanosecond().div_euclid(1_000_000)).ok()
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
    let date = i32::try_from(days).ok().filter(|_| is_date(days)).and_then(|days| {
        let span = jiff::Span::new().try_days(days).ok()?;
        jiff::civil::date(1970, 1, 1).checked_add(span).ok()
    });
    match date {
        Some(date) => date.to_string(),
        None => format!("day {days}"),
    }
}

/// RFC 3339 in UTC, or the number of milliseconds where that cannot be written.
pub(crate) fn print_time(ms: i64) -> String {
    match jiff::Timestamp::from_millisecond(ms) {
        Ok(timestamp) => timestamp.to_string(),
        Err(_) => format!("millisecond {ms}"),
    }
}

#[cfg(test)]
mod tests;
