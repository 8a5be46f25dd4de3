//! How the cells of one column become values of a tag: taken exactly, or refused with the reason.

use jiff::tz::TimeZone;
use muster_engine::catalog::{KeyKind, TagKind};
use muster_engine::ids::LocalId;
use muster_engine::{Error, Result};

use crate::mapping::{ColumnMapping, TimeUnit};
use crate::scalar::{Scalar, Shape, print_decimal};
use crate::text::{
    DAY_MS, NumberFault, decimal_of_f32, decimal_of_f64, in_zone, is_date, is_time, parse_date, parse_date_as,
    parse_decimal, parse_flag, parse_time, parse_time_as, print_date, print_time, rescale,
};

/// A cell's value, nothing for a null, or why it is refused.
pub(crate) type Taken<T> = std::result::Result<Option<T>, String>;

/// The rule of one column.
#[derive(Clone)]
pub(crate) struct Rule {
    pub(crate) kind: TagKind,
    scale: u8,
    date_format: Option<String>,
    time_zone: Option<TimeZone>,
    time_unit: Option<TimeUnit>,
    pub(crate) list_separator: Option<String>,
}

impl Rule {
    /// The rule that a mapping gives.
    pub(crate) fn of(column: &ColumnMapping) -> Result<Rule> {
        let time_zone = match &column.time_zone {
            None => None,
            Some(name) => Some(
                TimeZone::get(name)
                    .map_err(|error| Error::invalid(format!("there is no time zone {name:?}")).with_source(error))?,
            ),
        };
        Ok(Rule {
            kind: column.kind,
            scale: column.kind.scale(),
            date_format: column.date_format.clone(),
            time_zone,
            time_unit: column.time_unit,
            list_separator: column.list_separator.clone(),
        })
    }

    /// Whether a column of this shape can set a tag of this kind; the answer names what could.
    pub(crate) fn accept(&self, shape: &Shape) -> std::result::Result<(), String> {
        let needed = match (self.kind, shape) {
            (_, Shape::Null) => return Ok(()),
            (TagKind::Flag, Shape::Bool | Shape::Int | Shape::Float | Shape::Text) => return Ok(()),
            (TagKind::Flag, _) => "truths, or 0 and 1",
            (TagKind::Choice, Shape::List(_)) => "one value a row; kind = \"set\" takes lists",
            (TagKind::Choice, _) | (TagKind::Set, Shape::List(_)) => return Ok(()),
            (TagKind::Set, Shape::Text) if self.list_separator.is_some() => return Ok(()),
            (TagKind::Set, Shape::Text) => "lists, or text with list_separator = \"|\" or another",
            (TagKind::Set, _) => "lists",
            (
                TagKind::Int | TagKind::Decimal { .. },
                Shape::Int | Shape::Float | Shape::Decimal { .. } | Shape::Text,
            ) => return Ok(()),
            (TagKind::Int | TagKind::Decimal { .. }, _) => "numbers",
            (TagKind::Date | TagKind::Time, Shape::Date | Shape::Time | Shape::Text) => {
                return Ok(());
            }
            (TagKind::Date | TagKind::Time, Shape::Int) if self.date_format.is_some() => {
                return Ok(());
            }
            (TagKind::Time, Shape::Int) if self.time_unit.is_some() => return Ok(()),
            (TagKind::Time, Shape::Int) => "times, or whole numbers with time_unit = \"ms\" or another",
            (TagKind::Date, Shape::Int) => "dates, or whole numbers with date_format = \"%Y%m%d\"",
            (TagKind::Date | TagKind::Time, _) => "dates, times or text",
        };
        Err(format!("holds {}, and {} needs {needed}", shape.name(), self.kind))
    }

    /// The cell as a truth.
    #[inline]
    pub(crate) fn flag(&self, cell: Scalar<'_>) -> Taken<bool> {
        let truth = match cell {
            Scalar::Null => return Ok(None),
            Scalar::Bool(truth) => Some(truth),
            Scalar::Int(number) => truth_of(number),
            Scalar::Uint(number) => i64::try_from(number).ok().and_then(truth_of),
            Scalar::Float(number) => decimal_of_f64(number, 0).ok().and_then(truth_of),
            Scalar::Float32(number) => decimal_of_f32(number, 0).ok().and_then(truth_of),
            Scalar::Text(text) => parse_flag(text),
            _ => None,
        };
        match truth {
            Some(truth) => Ok(Some(truth)),
            None => Err(format!("{} is no flag: expected true, false, 1 or 0", cell.shown())),
        }
    }

    /// The cell as the number that a number tag keeps.
    #[inline]
    pub(crate) fn number(&self, cell: Scalar<'_>) -> Taken<i64> {
        match self.kind {
            TagKind::Date => self.date(cell),
            TagKind::Time => self.time(cell),
            _ => self.amount(cell),
        }
    }

    fn amount(&self, cell: Scalar<'_>) -> Taken<i64> {
        let amount = match cell {
            Scalar::Null => return Ok(None),
            Scalar::Int(number) if self.scale == 0 && number != i64::MIN => Ok(number),
            Scalar::Int(number) => rescale(number.into(), 0, self.scale),
            Scalar::Uint(number) => rescale(number.into(), 0, self.scale),
            Scalar::Float(number) => decimal_of_f64(number, self.scale),
            Scalar::Float32(number) => decimal_of_f32(number, self.scale),
            Scalar::Decimal { unscaled, scale } => rescale(unscaled, scale, self.scale),
            Scalar::Wide(_) => Err(NumberFault::TooLarge),
            Scalar::Text(text) => parse_decimal(text, self.scale),
            Scalar::Bool(_) | Scalar::Date(_) | Scalar::Time { .. } | Scalar::FarTime => Err(NumberFault::NotANumber),
        };
        amount.map(Some).map_err(|fault| self.amount_fault(cell, fault))
    }

    #[cold]
    fn amount_fault(&self, cell: Scalar<'_>, fault: NumberFault) -> String {
        let cell = cell.shown();
        match fault {
            NumberFault::NotANumber => format!("{cell} is no number"),
            NumberFault::TooPrecise => format!("{cell} does not fit {}", self.kind),
            NumberFault::TooLarge => {
                let largest = print_decimal(i64::MAX.into(), self.scale as i8);
                format!("{cell} does not fit {}: the largest is {largest}", self.kind)
            }
        }
    }

    fn date(&self, cell: Scalar<'_>) -> Taken<i64> {
        let days = match cell {
            Scalar::Null => return Ok(None),
            Scalar::Date(days) => Some(days),
            Scalar::Time { ms, cut } if ms % DAY_MS == 0 && !cut => Some(ms / DAY_MS),
            Scalar::Time { .. } => {
                return Err(format!("{} has a time of day, which a date does not keep", cell.shown()));
            }
            Scalar::Text(text) => match &self.date_format {
                None => parse_date(text),
                Some(format) => as_str(text).and_then(|text| parse_date_as(text, format)),
            },
            Scalar::Int(number) => {
                self.date_format.as_ref().and_then(|format| parse_date_as(&number.to_string(), format))
            }
            _ => None,
        };
        match days {
            Some(days) if is_date(days) => Ok(Some(days)),
            Some(_) => Err(format!("{} is outside of the years 0000 to 9999", cell.shown())),
            None => Err(format!(
                "{} is no date: expected {}",
                cell.shown(),
                self.date_format.as_deref().unwrap_or("YYYY-MM-DD")
            )),
        }
    }

    fn time(&self, cell: Scalar<'_>) -> Taken<i64> {
        let zone = self.time_zone.as_ref();
        let ms = match cell {
            Scalar::Null => return Ok(None),
            Scalar::Time { ms, .. } => Some(ms),
            Scalar::Date(days) => {
                days.checked_mul(DAY_MS).and_then(|ms| zone.map_or(Some(ms), |zone| in_zone(ms, zone)))
            }
            Scalar::Text(text) => match &self.date_format {
                None => parse_time(text, zone).map(|(ms, _)| ms),
                Some(format) => as_str(text).and_then(|text| parse_time_as(text, format, zone)),
            },
            Scalar::Int(number) => match (&self.date_format, self.time_unit) {
                (Some(format), _) => parse_time_as(&number.to_string(), format, zone),
                (None, Some(unit)) => milliseconds(number, unit),
                (None, None) => None,
            },
            _ => None,
        };
        match ms {
            Some(ms) if is_time(ms) => Ok(Some(ms)),
            Some(_) => Err(format!("{} is outside of the years 0000 to 9999", cell.shown())),
            None => Err(format!(
                "{} is no time: expected {}",
                cell.shown(),
                self.date_format.as_deref().unwrap_or("YYYY-MM-DD HH:MM[:SS[.mmm]] or RFC 3339")
            )),
        }
    }
}

impl Scalar<'_> {
    /// The cell in a message.
    #[cold]
    fn shown(&self) -> String {
        const SHOWN_CHARS_MAX: usize = 80;
        let raw = self.raw();
        match raw.char_indices().nth(SHOWN_CHARS_MAX) {
            Some((end, _)) => format!("{:?}…", &raw[..end]),
            None if matches!(self, Scalar::Text(_)) => format!("{raw:?}"),
            None => raw,
        }
    }
}

/// The cell as the text of a value or key, byte for byte; what is no text is written into `scratch`.
#[inline]
pub(crate) fn value_text<'a>(cell: Scalar<'a>, scratch: &'a mut String) -> Taken<&'a [u8]> {
    use std::fmt::Write as _;
    scratch.clear();
    let written = match cell {
        Scalar::Null => return Ok(None),
        Scalar::Text(text) => return Ok(Some(text)),
        Scalar::Bool(truth) => write!(scratch, "{truth}"),
        Scalar::Int(number) => write!(scratch, "{number}"),
        Scalar::Uint(number) => write!(scratch, "{number}"),
        Scalar::Float(number) if number.is_finite() => write!(scratch, "{number}"),
        Scalar::Float32(number) if number.is_finite() => write!(scratch, "{number}"),
        Scalar::Float(_) | Scalar::Float32(_) => {
            return Err(format!("{} is no value", cell.shown()));
        }
        Scalar::Decimal { unscaled, scale } => {
            write!(scratch, "{}", print_decimal(unscaled, scale))
        }
        Scalar::Date(days) => write!(scratch, "{}", print_date(days)),
        Scalar::Time { ms, .. } => write!(scratch, "{}", print_time(ms)),
        Scalar::Wide(_) | Scalar::FarTime => {
            return Err(format!("{} does not fit a value", cell.shown()));
        }
    };
    match written {
        Ok(()) => Ok(Some(scratch.as_bytes())),
        Err(_) => Err("the value cannot be written as text".to_owned()),
    }
}

/// The cell as a key that is a number.
#[inline]
pub(crate) fn number_key(kind: KeyKind, cell: Scalar<'_>) -> std::result::Result<u64, String> {
    let number = match cell {
        Scalar::Null => return Err("the key is null".to_owned()),
        Scalar::Int(number) => u64::try_from(number).ok(),
        Scalar::Uint(number) => Some(number),
        Scalar::Text(text) => parse_key(text),
        Scalar::Float(number) => whole(decimal_of_f64(number, 0)),
        Scalar::Float32(number) => whole(decimal_of_f32(number, 0)),
        Scalar::Decimal { unscaled, scale } => whole(rescale(unscaled, scale, 0)),
        _ => None,
    };
    match number {
        Some(number) if kind == KeyKind::Dense && number > u64::from(LocalId::MAX.0) => {
            Err(format!("{number} is no dense key: the largest is {}", LocalId::MAX))
        }
        Some(number) => Ok(number),
        None => Err(format!(
            "{} is no {kind} key: expected a whole number from 0 to 2^64 - 1{}",
            cell.shown(),
            match cell {
                Scalar::Text(_) => ", in digits without a leading zero",
                _ => "",
            }
        )),
    }
}

fn whole(number: std::result::Result<i64, NumberFault>) -> Option<u64> {
    u64::try_from(number.ok()?).ok()
}

/// Digits alone and no leading zero, so that one entity has one written key.
fn parse_key(text: &[u8]) -> Option<u64> {
    let plain = match text {
        [] => false,
        [b'0', _, ..] => false,
        _ => text.len() <= 20 && text.iter().all(u8::is_ascii_digit),
    };
    if !plain {
        return None;
    }
    text.iter().try_fold(0_u64, |number, digit| number.checked_mul(10)?.checked_add(u64::from(digit - b'0')))
}

fn truth_of(number: i64) -> Option<bool> {
    match number {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}

fn milliseconds(number: i64, unit: TimeUnit) -> Option<i64> {
    match unit {
        TimeUnit::Second => number.checked_mul(1000),
        TimeUnit::Millisecond => Some(number),
        TimeUnit::Microsecond => Some(number.div_euclid(1000)),
        TimeUnit::Nanosecond => Some(number.div_euclid(1_000_000)),
    }
}

fn as_str(text: &[u8]) -> Option<&str> {
    std::str::from_utf8(text).ok()
}
