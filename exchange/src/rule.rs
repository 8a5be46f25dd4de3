//! Type conversion: how the cells of one column become values of a tag: taken exactly, or refused with the reason.

mod accept;
mod value;

use jiff::tz::TimeZone;
use muster_engine::Result;
use muster_engine::catalog::{TagKind, Zone};

pub(crate) use accept::{accept, refuse_unread, refuse_zone};
pub(crate) use value::{number_key, value_text};

use crate::mapping::{ColumnMapping, TimeUnit};
use crate::scalar::{Scalar, print_decimal};
use crate::text::{
    DAY_MS, DEFAULT_FALSE_WORDS, DEFAULT_TRUE_WORDS, Marks, NumberFault, Scale, Shown, Written, in_zone, is_date,
    is_time, is_word, parse_date, parse_date_as, parse_decimal, parse_time_as, parse_written_time,
};

/// A cell's value, nothing for a null, or why it is refused.
pub(crate) type Taken<T> = std::result::Result<Option<T>, String>;

/// The rule of one column.
#[derive(Clone)]
pub(crate) struct Rule {
    pub(crate) kind: TagKind,
    scale: Scale,
    /// How numbers are written as text, where it is not the usual way.
    marks: Option<Marks>,
    true_words: Vec<String>,
    false_words: Vec<String>,
    date_formats: Vec<String>,
    time_zone: Option<TimeZone>,
    time_unit: Option<TimeUnit>,
    pub(crate) list_separator: Option<String>,
}

/// What a row's number owes to a rule that a person should know of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Number {
    pub(crate) value: i64,
    /// How often the clocks of the column's zone show it.
    pub(crate) shown: Shown,
}

impl Rule {
    /// The zone of times that say none, where the mapping says none either.
    pub(crate) fn assume_zone(&mut self, zone: &Zone) {
        if self.kind == TagKind::Time {
            self.time_zone.get_or_insert_with(|| zone.rules().clone());
        }
    }

    /// The rule that a mapping gives.
    pub(crate) fn of(column: &ColumnMapping) -> Result<Rule> {
        let time_zone = match &column.time_zone {
            None => None,
            Some(name) => Some(Zone::named(name)?.rules().clone()),
        };
        let marks = Marks { point: column.decimal_point.unwrap_or('.'), thousands: column.thousands };
        Ok(Rule {
            kind: column.kind,
            scale: Scale::rounded(column.kind.scale(), column.round),
            marks: (column.decimal_point.is_some() || column.thousands.is_some()).then_some(marks),
            true_words: words(&column.true_words, &DEFAULT_TRUE_WORDS),
            false_words: words(&column.false_words, &DEFAULT_FALSE_WORDS),
            date_formats: column.date_formats.clone(),
            time_zone,
            time_unit: column.time_unit,
            list_separator: column.list_separator.clone(),
        })
    }

    /// The cell as a truth.
    #[inline]
    pub(crate) fn flag(&self, cell: Scalar<'_>) -> Taken<bool> {
        let whole = Scale::exact(0);
        let truth = match cell {
            Scalar::Null => return Ok(None),
            Scalar::Bool(truth) => Some(truth),
            Scalar::Int(number) => truth_of(number),
            Scalar::Uint(number) => i64::try_from(number).ok().and_then(truth_of),
            Scalar::Float(number) => whole.of_f64(number).ok().and_then(truth_of),
            Scalar::Float32(number) => whole.of_f32(number).ok().and_then(truth_of),
            Scalar::Text(text) if is_word(text, &self.true_words) => Some(true),
            Scalar::Text(text) if is_word(text, &self.false_words) => Some(false),
            _ => None,
        };
        match truth {
            Some(truth) => Ok(Some(truth)),
            None => Err(self.flag_fault(cell)),
        }
    }

    #[cold]
    fn flag_fault(&self, cell: Scalar<'_>) -> String {
        let all = |words: &[String]| words.join(", ");
        match cell {
            Scalar::Float(_) | Scalar::Float32(_) if cell.is_nan() => nan_fault(TagKind::Flag.name()),
            Scalar::Text(_) if self.has_own_words() => {
                format!("{} is no flag: expected {} or {}", cell.shown(), all(&self.true_words), all(&self.false_words))
            }
            Scalar::Text(_) => format!(
                "{} is no flag: expected true, yes or 1, false, no or 0; true_words and false_words name others",
                cell.shown()
            ),
            _ => format!("{} is no flag: expected true, false, 1 or 0", cell.shown()),
        }
    }

    fn has_own_words(&self) -> bool {
        self.true_words != DEFAULT_TRUE_WORDS || self.false_words != DEFAULT_FALSE_WORDS
    }

    /// The cell as the number that a number tag keeps.
    #[inline]
    pub(crate) fn number(&self, cell: Scalar<'_>) -> Taken<Number> {
        let once = |value: Option<i64>| value.map(|value| Number { value, shown: Shown::Once });
        match self.kind {
            TagKind::Date => self.date(cell).map(once),
            TagKind::Time => self.time(cell),
            _ => self.amount(cell).map(once),
        }
    }

    #[inline]
    fn amount(&self, cell: Scalar<'_>) -> Taken<i64> {
        let amount = match cell {
            Scalar::Null => return Ok(None),
            Scalar::Int(number) if self.scale.digits() == 0 && number != i64::MIN => Ok(number),
            Scalar::Int(number) => self.scale.of_decimal(number.into(), 0),
            Scalar::Uint(number) => self.scale.of_decimal(number.into(), 0),
            Scalar::Float(number) => self.scale.of_f64(number),
            Scalar::Float32(number) => self.scale.of_f32(number),
            Scalar::Decimal { unscaled, scale } => self.scale.of_decimal(unscaled, scale),
            Scalar::Wide { unscaled, scale } => self.scale.of_wide(unscaled, scale),
            Scalar::Text(text) => self.amount_of_text(text),
            Scalar::Bool(_) | Scalar::Date(_) | Scalar::Time { .. } | Scalar::FarTime | Scalar::Uuid(_) => {
                Err(NumberFault::NotANumber)
            }
        };
        amount.map(Some).map_err(|fault| self.amount_fault(cell, fault))
    }

    #[inline]
    fn amount_of_text(&self, text: &[u8]) -> std::result::Result<i64, NumberFault> {
        match self.marks {
            None => self.scale.of_text(text),
            Some(marks) => {
                let mut plain = Vec::with_capacity(text.len());
                marks.strip(text, &mut plain)?;
                self.scale.of_text(&plain)
            }
        }
    }

    #[cold]
    fn amount_fault(&self, cell: Scalar<'_>, fault: NumberFault) -> String {
        let shown = cell.shown();
        let limit = |value: i64| print_decimal(value.into(), self.scale.digits() as i8);
        match fault {
            NumberFault::NotANumber if cell.is_nan() => nan_fault("number"),
            NumberFault::NotANumber => match self.marks {
                None => format!("{shown} is no number"),
                Some(Marks { point, thousands: None }) => format!("{shown} is no number with decimal_point {point:?}"),
                Some(Marks { point, thousands: Some(mark) }) => {
                    let raw = cell.raw();
                    let digits = raw.trim_start_matches(['-', '+']);
                    let why = match digits.split_once(mark) {
                        Some((first, _)) if first.starts_with('0') => ": no thousands begin with 0",
                        _ => "",
                    };
                    format!("{shown} is no number with {mark:?} between thousands and decimal_point {point:?}{why}")
                }
            },
            NumberFault::TooPrecise => format!("{shown} does not fit {}", self.kind),
            NumberFault::TooLarge if cell.raw().starts_with('-') => {
                format!("{shown} does not fit {}: the least is {}", self.kind, limit(-i64::MAX))
            }
            NumberFault::TooLarge => {
                format!("{shown} does not fit {}: the largest is {}", self.kind, limit(i64::MAX))
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
            Scalar::FarTime => return Err(far_fault(cell)),
            Scalar::Text(text) => match self.date_formats.as_slice() {
                [] => parse_date(text),
                formats => as_str(text).and_then(|text| first_that_fits(formats, |format| parse_date_as(text, format))),
            },
            Scalar::Int(_) | Scalar::Uint(_) => {
                first_that_fits(&self.date_formats, |format| parse_date_as(&cell.raw(), format))
            }
            _ => None,
        };
        match days {
            Some(days) if is_date(days) => Ok(Some(days)),
            Some(_) => Err(far_fault(cell)),
            None => Err(format!("{} is no date: expected {}", cell.shown(), self.expected_date("YYYY-MM-DD"))),
        }
    }

    fn time(&self, cell: Scalar<'_>) -> Taken<Number> {
        let written = match cell {
            Scalar::Null => return Ok(None),
            Scalar::Time { ms, cut } => Some(Written { ms, is_local: true, cut }),
            Scalar::FarTime => return Err(far_fault(cell)),
            Scalar::Date(days) => match days.checked_mul(DAY_MS) {
                Some(ms) => Some(Written { ms, is_local: true, cut: false }),
                None => return Err(far_fault(cell)),
            },
            Scalar::Text(text) => self.time_of_text(text),
            Scalar::Int(_) | Scalar::Uint(_) => self.time_of_text(cell.raw().as_bytes()),
            _ => None,
        };
        let Some(written) = written else {
            return Err(self.time_fault(cell));
        };
        let settled = match &self.time_zone {
            Some(zone) if written.is_local => in_zone(written.ms, zone),
            _ => Some((written.ms, Shown::Once)),
        };
        match settled {
            Some((ms, shown)) if is_time(ms) => Ok(Some(Number { value: ms, shown })),
            _ => Err(far_fault(cell)),
        }
    }

    fn time_of_text(&self, text: &[u8]) -> Option<Written> {
        if let Some(unit) = self.time_unit
            && let Ok(number) = parse_decimal(text, 0)
        {
            let (ms, cut) = milliseconds(number, unit);
            return Some(Written { ms, is_local: false, cut });
        }
        match self.date_formats.as_slice() {
            [] => parse_written_time(text).or_else(|| first_moment(text)),
            formats => as_str(text).and_then(|text| first_that_fits(formats, |format| parse_time_as(text, format))),
        }
    }

    #[cold]
    fn time_fault(&self, cell: Scalar<'_>) -> String {
        const ISO: &str = "YYYY-MM-DD[ HH:MM[:SS[.mmm]]] or RFC 3339";
        let expected = match self.time_unit {
            Some(unit) => format!("a whole number of {} since 1970, or {ISO}", unit.name()),
            None => self.expected_date(ISO),
        };
        format!("{} is no time: expected {expected}", cell.shown())
    }

    fn expected_date(&self, iso: &str) -> String {
        match self.date_formats.as_slice() {
            [] => iso.to_owned(),
            formats => formats.join(" or "),
        }
    }
}

/// A date alone is the first moment of its day.
fn first_moment(text: &[u8]) -> Option<Written> {
    let ms = parse_date(text)?.checked_mul(DAY_MS)?;
    Some(Written { ms, is_local: true, cut: false })
}

fn words(given: &[String], default: &[&str]) -> Vec<String> {
    match given {
        [] => default.iter().map(|word| (*word).to_owned()).collect(),
        given => given.to_vec(),
    }
}

fn first_that_fits<T>(formats: &[String], parse: impl Fn(&str) -> Option<T>) -> Option<T> {
    formats.iter().find_map(|format| parse(format))
}

#[cold]
fn nan_fault(expected: &str) -> String {
    format!("NaN is no {expected}: nan = \"null\" takes it for a null")
}

#[cold]
fn far_fault(cell: Scalar<'_>) -> String {
    format!("{} is outside of the years 0000 to 9999", cell.shown())
}

fn truth_of(number: i64) -> Option<bool> {
    match number {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}

/// Milliseconds, and whether something finer was cut. What 64 bits do not hold is as far away as can be, and no time.
fn milliseconds(number: i64, unit: TimeUnit) -> (i64, bool) {
    match unit {
        TimeUnit::Second => (number.saturating_mul(1000), false),
        TimeUnit::Millisecond => (number, false),
        TimeUnit::Microsecond => (number.div_euclid(1000), number.rem_euclid(1000) != 0),
        TimeUnit::Nanosecond => (number.div_euclid(1_000_000), number.rem_euclid(1_000_000) != 0),
    }
}

fn as_str(text: &[u8]) -> Option<&str> {
    std::str::from_utf8(text).ok()
}
