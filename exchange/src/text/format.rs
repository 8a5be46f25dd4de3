//! Formats of dates and times in the letters of strftime: what a text has stands where the format has it, and nothing
//! else does.
//!
//! The parser of the dates skips blanks and takes years of any length with a sign, so that `31.12.26` would be a day of
//! the year 26. Each text that it takes is held against its format once more: a year has four digits (two for `%y`),
//! and blanks stand only where the format has them.

use jiff::civil::Time;
use jiff::fmt::strtime::{self, BrokenDownTime};
use jiff::tz::TimeZone;

use super::zone::{self, Written};
use super::{days_of, local_ms, written_timestamp};

/// What a format is to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    Date,
    Time,
}

/// Whether a format reads what it is asked for: what it writes of a day, it reads back.
pub(crate) fn check_date_format(format: &str, asked: Wanted) -> Result<(), String> {
    let sample = jiff::civil::date(2026, 11, 23).at(14, 5, 6, 0).to_zoned(TimeZone::UTC);
    let sample = sample.map_err(|error| format!("date_format {format:?} cannot be checked: {error}"))?;
    if !format.contains('%') {
        return Err(format!("give date_format one such as \"%d/%m/%Y\": {format:?} names no part of a date"));
    }
    let written = strtime::format(format, &sample)
        .map_err(|error| format!("give date_format one such as \"%d/%m/%Y\": {format:?} cannot be read: {error}"))?;
    let is_read = match asked {
        Wanted::Date => parse_date_as(&written, format).is_some(),
        Wanted::Time => parse_time_as(&written, format).is_some(),
    };
    if is_read {
        return Ok(());
    }
    Err(match asked {
        Wanted::Date => format!("give date_format one such as \"%d/%m/%Y\": {format:?} reads no date"),
        Wanted::Time => format!("give date_format one such as \"%d/%m/%Y %H:%M\": {format:?} reads no time of a day"),
    })
}

/// A date in the letters of strftime.
pub(crate) fn parse_date_as(text: &str, format: &str) -> Option<i64> {
    let parsed = parsed(text, format)?;
    days_of(parsed.to_date().ok()?)
}

/// A time in the letters of strftime; a date alone is its first moment.
pub(crate) fn parse_time_as(text: &str, format: &str) -> Option<Written> {
    let parsed = parsed(text, format)?;
    if let Some(timestamp) = parsed.timestamp() {
        return written_timestamp(timestamp);
    }
    if parsed.iana_time_zone().is_some() {
        return written_timestamp(parsed.to_zoned().ok()?.timestamp());
    }
    let local =
        parsed.to_datetime().or_else(|_| parsed.to_date().map(|date| date.to_datetime(Time::midnight()))).ok()?;
    let (ms, cut) = local_ms(local)?;
    match parsed.offset() {
        None => Some(Written { ms, is_local: true, cut }),
        Some(offset) => Some(Written { ms: ms - zone::offset_ms(offset), is_local: false, cut }),
    }
}

fn parsed(text: &str, format: &str) -> Option<BrokenDownTime> {
    let parsed = strtime::parse(format, text).ok()?;
    is_written_as(text, format).then_some(parsed)
}

/// Whether a text that the parser took has what the format has, and nothing beside it.
fn is_written_as(text: &str, format: &str) -> bool {
    let mut rest = text;
    let mut format = format;
    while let Some(first) = format.chars().next() {
        if first != '%' {
            let Some(behind) = rest.strip_prefix(first) else {
                return false;
            };
            (rest, format) = (behind, &format[first.len_utf8()..]);
            continue;
        }
        let (directive, behind) = format.split_at(directive_bytes(format));
        format = behind;
        let taken = match several(directive) {
            Some(parts) => is_prefix_as(rest, parts),
            None => taken_by(directive, rest),
        };
        match taken.and_then(|bytes| rest.get(bytes..)) {
            Some(behind) => rest = behind,
            None => return false,
        }
    }
    rest.is_empty()
}

/// The bytes of the directive that the format begins with: `%Y`, `%-d`, `%.3f`, `%::z`.
fn directive_bytes(format: &str) -> usize {
    let letter = format.char_indices().skip(1).find(|(_, c)| c.is_alphabetic() || *c == '%');
    letter.map_or(format.len(), |(at, c)| at + c.len_utf8())
}

/// The directives that one stands for.
fn several(directive: &str) -> Option<&'static [&'static str]> {
    match directive {
        "%F" => Some(&["%Y", "-", "%m", "-", "%d"]),
        "%D" => Some(&["%m", "/", "%d", "/", "%y"]),
        "%T" => Some(&["%H", ":", "%M", ":", "%S"]),
        "%R" => Some(&["%H", ":", "%M"]),
        _ => None,
    }
}

fn is_prefix_as(text: &str, parts: &[&str]) -> Option<usize> {
    parts.iter().try_fold(0, |at, part| {
        let rest = text.get(at..)?;
        let bytes = match part.starts_with('%') {
            true => taken_by(part, rest)?,
            false => rest.starts_with(part).then_some(part.len())?,
        };
        Some(at + bytes)
    })
}

/// The bytes of `rest` that the directive takes, where they are written as it says.
fn taken_by(directive: &str, rest: &str) -> Option<usize> {
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    match directive.chars().next_back()? {
        'Y' | 'G' => return (digits >= 4).then_some(4),
        'y' | 'g' => return (digits >= 2).then_some(2),
        'd' | 'm' | 'H' | 'M' | 'S' | 'I' if directive.len() == 2 => return (digits > 0).then_some(digits.min(2)),
        _ => {}
    }
    let takes_blanks = directive.contains('_') || directive.ends_with(['e', 'k', 'l', 'n', 't']);
    if !takes_blanks && rest.starts_with(char::is_whitespace) {
        return None;
    }
    let (_, bytes) = BrokenDownTime::parse_prefix(directive, rest).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_has_four_digits_and_blanks_stand_where_the_format_has_them() {
        let taken = [
            ("31.12.2026", "%d.%m.%Y"),
            ("1.1.2026", "%d.%m.%Y"),
            ("20260101", "%Y%m%d"),
            ("2026-01-01", "%F"),
            ("01/02/26", "%D"),
            ("1.1.26", "%d.%m.%y"),
            ("5 Jan 2026", "%d %b %Y"),
            (" 5 Jan 2026", "%e %b %Y"),
            ("2026年1月5日", "%Y年%m月%d日"),
            ("100% 2026-01-05", "100%% %Y-%m-%d"),
        ];
        for (text, format) in taken {
            assert!(parse_date_as(text, format).is_some(), "{text} as {format}");
        }
        let refused = [
            ("31.12.26", "%d.%m.%Y"),
            ("31.12.6", "%d.%m.%Y"),
            ("31.12.+2026", "%d.%m.%Y"),
            ("31.12.-2026", "%d.%m.%Y"),
            ("31.12.226", "%d.%m.%Y"),
            ("1.1.6", "%d.%m.%y"),
            (" 1.1.2026", "%d.%m.%Y"),
            ("1. 1.2026", "%d.%m.%Y"),
            ("1.1. 2026", "%d.%m.%Y"),
            ("1.1.2026 ", "%d.%m.%Y"),
            ("26-01-01", "%F"),
            ("+2026-01-01", "%F"),
            ("5  Jan 2026", "%d %b %Y"),
            ("5Jan2026", "%d %b %Y"),
            ("5\tJan 2026", "%d %b %Y"),
        ];
        for (text, format) in refused {
            assert_eq!(parse_date_as(text, format), None, "{text} as {format}");
        }
        assert!(parse_time_as("1.1.2026 9:05", "%d.%m.%Y %H:%M").is_some());
        assert!(parse_time_as("2026-01-05T09:05:06.5+08:00", "%FT%T%.f%:z").is_some());
        for text in ["1.1.26 9:05", "1.1.2026  9:05", "1.1.20269:05", "1.1.2026 9: 05"] {
            assert!(parse_time_as(text, "%d.%m.%Y %H:%M").is_none(), "{text}");
        }
    }

    #[test]
    fn a_format_that_reads_nothing_is_refused() {
        let cases = [
            ("%d.%m.%Y", true, true),
            ("%d.%m.%y", true, true),
            ("%A, %d %B %Y", true, true),
            ("%Y %j", true, true),
            ("%Y-%m-%d %H:%M:%S%.f", true, true),
            ("%s", false, true),
            ("%H:%M", false, false),
            ("%Q", false, false),
            ("%Y", false, false),
            ("%d/%m", false, false),
            ("YYYY", false, false),
            ("%x", false, false),
            ("%!", false, false),
            ("%", false, false),
        ];
        for (format, is_date, is_time) in cases {
            assert_eq!(check_date_format(format, Wanted::Time).is_ok(), is_time, "{format}");
            if format != "%s" {
                assert_eq!(check_date_format(format, Wanted::Date).is_ok(), is_date, "{format}");
            }
        }
    }
}
