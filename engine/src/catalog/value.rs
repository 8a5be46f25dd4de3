//! Values as people write them, and the numbers under which number tags keep them.
//!
//! Reading is exact: what the tag cannot hold as written is refused, never rounded.

use std::fmt;

use jiff::SignedDuration;
use jiff::civil::{Date, Time};

use crate::catalog::kind::TagKind;
use crate::catalog::limits::{DAY_MS, DAYS_MAX, DAYS_MIN, SCALE_MAX, VALUE_BYTES_MAX};
use crate::catalog::moment::{is_shaped, read_time};
use crate::catalog::name::shown;
use crate::catalog::zone::Zone;
use crate::error::{Error, Result};

/// What a tag says of an entity, or is to say.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Value {
    /// For flags.
    Flag(bool),
    /// One value of a choice or set tag, byte for byte.
    Text(String),
    /// For int tags.
    Int(i64),
    /// `unscaled / 10^scale`.
    Decimal {
        /// The number without its point.
        unscaled: i64,
        /// Digits behind the point.
        scale: u8,
    },
    /// Days since 1970-01-01.
    Date(i64),
    /// Milliseconds since 1970-01-01T00:00:00Z.
    Time(i64),
    /// Several values of a set tag.
    List(Vec<String>),
}

const EPOCH: Date = jiff::civil::date(1970, 1, 1);

impl TagKind {
    /// The value that a person wrote as `text`. Texts are kept byte for byte; for a set tag it is one value.
    ///
    /// A flag is `true`, `false`, `1` or `0`; a date `YYYY-MM-DD`; a time RFC 3339, or in UTC
    /// `YYYY-MM-DD[ HH:MM[:SS[.mmm]]]`. Errors: invalid.
    pub fn parse_value(self, text: &str) -> Result<Value> {
        self.parse_value_in(text, &Zone::utc())
    }

    /// The same; a time that names no zone is one of `zone`. A time that its clocks show twice is the first, one that
    /// they never show is moved forward; a date is its first instant.
    pub fn parse_value_in(self, text: &str, zone: &Zone) -> Result<Value> {
        match self {
            TagKind::Flag => parse_flag(text),
            TagKind::Choice | TagKind::Set => return check_value_bytes(text).map(|()| Value::Text(text.to_owned())),
            TagKind::Int => parse_decimal(text, 0).map(Value::Int),
            TagKind::Decimal { scale } => parse_decimal(text, scale).map(|unscaled| Value::Decimal { unscaled, scale }),
            TagKind::Date => parse_date(text).map(Value::Date),
            TagKind::Time => parse_time(text, zone).map(Value::Time),
        }
        .map_err(|error| error.of_subject(format_args!("`{}`", shown(text))))
    }

    /// The number that a number tag keeps, as people write it. Dates and times outside the calendar are written as
    /// a count of days or milliseconds.
    pub fn format_number(self, number: i64) -> String {
        match self {
            TagKind::Decimal { scale } => format_decimal(number, scale),
            TagKind::Date => format_date(number),
            TagKind::Time => format_time(number),
            _ => number.to_string(),
        }
    }

    /// The same with times as the clocks of `zone` show them.
    pub fn format_number_in(self, number: i64, zone: &Zone) -> String {
        match self {
            TagKind::Time if !zone.is_utc() => zone.format(number).unwrap_or_else(|| self.format_number(number)),
            _ => self.format_number(number),
        }
    }

    /// The value for a number that a number tag of this kind keeps.
    pub fn number_value(self, number: i64) -> Value {
        match self {
            TagKind::Decimal { scale } => Value::Decimal { unscaled: number, scale },
            TagKind::Date => Value::Date(number),
            TagKind::Time => Value::Time(number),
            _ => Value::Int(number),
        }
    }

    /// The number under which a number tag of this kind keeps `value`: an int, an unscaled decimal of the tag's own
    /// scale, days or milliseconds. Ints fit decimals and decimals of another scale fit when nothing is lost; a text
    /// is read as [`TagKind::parse_value`] reads it. Errors: invalid.
    pub fn number_of(self, value: &Value) -> Result<i64> {
        let number = match (self, value) {
            (TagKind::Int | TagKind::Decimal { .. }, Value::Int(number)) => rescale(*number, 0, self.scale())?,
            (TagKind::Int | TagKind::Decimal { .. }, Value::Decimal { unscaled, scale }) => {
                rescale(*unscaled, *scale, self.scale())?
            }
            (TagKind::Date, Value::Date(number)) | (TagKind::Time, Value::Time(number)) => *number,
            (kind, Value::Text(text)) if kind.is_number() => match kind.parse_value(text)? {
                Value::Int(number) | Value::Date(number) | Value::Time(number) => number,
                Value::Decimal { unscaled, .. } => unscaled,
                _ => return Err(Error::internal("a number tag read no number")),
            },
            (kind, value) => {
                return Err(Error::invalid(format!(
                    "the tag is {}, found {} `{value}`",
                    with_article(kind),
                    value.kind_name()
                )));
            }
        };
        self.check_number(number)?;
        Ok(number)
    }

    /// Whether a number tag of this kind can keep `number`: not -2^63, and dates and times within the years 0000 to
    /// 9999. Errors: invalid.
    pub fn check_number(self, number: i64) -> Result<()> {
        let (min, max) = match self {
            TagKind::Date => (DAYS_MIN, DAYS_MAX),
            TagKind::Time => (DAYS_MIN * DAY_MS, (DAYS_MAX + 1) * DAY_MS - 1),
            _ => (-i64::MAX, i64::MAX),
        };
        if number < min || number > max {
            return Err(Error::invalid(format!(
                "{} is out of range; {} goes from {} to {}",
                self.format_number(number),
                with_article(self),
                self.format_number(min),
                self.format_number(max)
            )));
        }
        Ok(())
    }
}

impl Value {
    /// The longest value of a choice or set tag, in bytes.
    pub const BYTES_MAX: usize = VALUE_BYTES_MAX;

    /// What kind of value this is, in a word.
    pub fn kind_name(&self) -> &'static str {
        match self {
            Value::Flag(_) => "the truth",
            Value::Text(_) => "the text",
            Value::Int(_) => "the int",
            Value::Decimal { .. } => "the decimal",
            Value::Date(_) => "the date",
            Value::Time(_) => "the time",
            Value::List(_) => "the list",
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Flag(truth) => write!(f, "{truth}"),
            Value::Text(text) => f.write_str(text),
            Value::Int(number) => write!(f, "{number}"),
            Value::Decimal { unscaled, scale } => f.write_str(&format_decimal(*unscaled, *scale)),
            Value::Date(days) => f.write_str(&format_date(*days)),
            Value::Time(ms) => f.write_str(&format_time(*ms)),
            Value::List(values) => f.write_str(&values.join(", ")),
        }
    }
}

/// Whether a choice or set tag can hold `text` as a value. Errors: invalid.
pub(super) fn check_value_bytes(text: &str) -> Result<()> {
    if text.len() > VALUE_BYTES_MAX {
        return Err(Error::invalid(format!("a value has {} bytes, at most {VALUE_BYTES_MAX} are allowed", text.len())));
    }
    Ok(())
}

fn with_article(kind: TagKind) -> String {
    let article = if kind == TagKind::Int { "an" } else { "a" };
    format!("{article} {kind}")
}

fn parse_flag(text: &str) -> Result<Value> {
    if text == "1" || text.eq_ignore_ascii_case("true") {
        Ok(Value::Flag(true))
    } else if text == "0" || text.eq_ignore_ascii_case("false") {
        Ok(Value::Flag(false))
    } else {
        Err(Error::invalid("is no flag; expected true, false, 1 or 0"))
    }
}

/// `[+-]digits[.digits]`, times 10^scale.
fn parse_decimal(text: &str, scale: u8) -> Result<i64> {
    let fault = || {
        let expected = if scale == 0 { "an int" } else { "a decimal" };
        Error::invalid(format!("is no number; expected {expected} such as {}", format_decimal(-125, scale)))
    };
    let (negative, digits) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !all_digits(whole) || !all_digits(part) || digits.ends_with('.') {
        return Err(fault());
    }
    let part = part.trim_end_matches('0');
    let missing = usize::from(scale)
        .checked_sub(part.len())
        .ok_or_else(|| Error::invalid(format!("has {} digits behind the point, the tag keeps {scale}", part.len())))?;
    let mut number = 0i64;
    let zeros = std::iter::repeat_n(b'0', missing);
    for digit in whole.bytes().chain(part.bytes()).chain(zeros) {
        number =
            number.checked_mul(10).and_then(|number| number.checked_add(i64::from(digit - b'0'))).ok_or_else(|| {
                let (which, bound) = if negative { ("least", -i64::MAX) } else { ("largest", i64::MAX) };
                Error::invalid(format!("is out of range; the {which} is {}", format_decimal(bound, scale)))
            })?;
    }
    Ok(if negative { -number } else { number })
}

fn rescale(unscaled: i64, from: u8, to: u8) -> Result<i64> {
    let lost =
        || Error::invalid(format!("{} does not fit {to} digits behind the point", format_decimal(unscaled, from)));
    if from > SCALE_MAX || to > SCALE_MAX {
        return Err(Error::invalid(format!("a decimal has at most {SCALE_MAX} digits behind the point")));
    }
    if from <= to {
        unscaled.checked_mul(10i64.pow(u32::from(to - from))).ok_or_else(lost)
    } else {
        let factor = 10i64.pow(u32::from(from - to));
        if unscaled % factor != 0 {
            return Err(lost());
        }
        Ok(unscaled / factor)
    }
}

fn format_decimal(number: i64, scale: u8) -> String {
    if scale == 0 {
        return number.to_string();
    }
    let scale = usize::from(scale);
    let digits = format!("{:0>width$}", number.unsigned_abs(), width = scale + 1);
    let (whole, part) = digits.split_at(digits.len() - scale);
    format!("{}{whole}.{part}", if number < 0 { "-" } else { "" })
}

fn parse_date(text: &str) -> Result<i64> {
    let fault = || Error::invalid("is no date; expected YYYY-MM-DD");
    if !is_shaped(text, "0000-00-00") {
        return Err(fault());
    }
    let date: Date = text.parse().map_err(|error: jiff::Error| fault().with_source(error))?;
    Ok(date.duration_since(EPOCH).as_secs() / (DAY_MS / 1_000))
}

fn format_date(days: i64) -> String {
    days.checked_mul(24)
        .and_then(SignedDuration::try_from_hours)
        .and_then(|duration| EPOCH.checked_add(duration).ok())
        .map_or_else(|| format!("{days} days"), |date| date.to_string())
}

fn parse_time(text: &str, zone: &Zone) -> Result<i64> {
    let fault = || {
        Error::invalid(
            "is no time; expected YYYY-MM-DD[ HH:MM[:SS[.mmm]]] or RFC 3339, such as 2026-11-21T09:30:00+08:00",
        )
    };
    match (parse_date(text), read_time(text)) {
        (Ok(days), _) => zone.start_of(days),
        (Err(_), Some(written)) => zone.instant_written(written?),
        (Err(_), None) => Err(fault()),
    }
}

/// By the calendar and not by instants, which end a day before the years of four digits do.
fn format_time(ms: i64) -> String {
    EPOCH
        .to_datetime(Time::midnight())
        .checked_add(SignedDuration::from_millis(ms))
        .map_or_else(|_| format!("{ms} ms"), |instant| format!("{instant}Z"))
}

#[cfg(test)]
#[path = "value_tests.rs"]
mod tests;
