//! Arithmetic: sums and what they are made of: numbers, days, durations, tags with a factor.

use std::borrow::Cow;
use std::fmt;

use super::{Param, Path, Span};

/// The magnitude of a number: `digits` / 10^`scale`. Its sign belongs to the term or value around it.
#[derive(Debug, Clone, PartialEq)]
pub struct Number {
    /// The digits as an integer: at most [`NUMBER_DIGITS_MAX`](crate::limits::NUMBER_DIGITS_MAX) of them count.
    pub digits: u128,
    /// How many of the digits stand after the point, without closing zeros (`1.50` has one).
    pub scale: u8,
    /// The number as it was written, for tags whose values are text: `007`. 万 and 亿 are multiplied out.
    pub text: String,
}

impl Number {
    /// The number as an integer, if it is one.
    pub fn as_integer(&self) -> Option<u128> {
        (self.scale == 0).then_some(self.digits)
    }
}

/// A day that exists in the Gregorian calendar, years 0000 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    /// The year.
    pub year: u16,
    /// The month, 1 to 12.
    pub month: u8,
    /// The day, 1 to 31.
    pub day: u8,
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// A day and a time of day, in the zone of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTime {
    /// The day.
    pub date: Date,
    /// The hour, 0 to 23.
    pub hour: u8,
    /// The minute, 0 to 59.
    pub minute: u8,
    /// The second, 0 to 59; 0 if it was not written.
    pub second: u8,
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}T{:02}:{:02}", self.date, self.hour, self.minute)?;
        if self.second != 0 { write!(f, ":{:02}", self.second) } else { Ok(()) }
    }
}

/// `7d`, `3 months`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Duration {
    /// How many.
    pub count: u32,
    /// Of what.
    pub unit: DurationUnit,
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.count, self.unit.suffix())
    }
}

/// What a duration counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DurationUnit {
    /// `min`
    Minute,
    /// `h`
    Hour,
    /// `d`
    Day,
    /// `w`
    Week,
    /// `mo`: clamps to the last day of the month.
    Month,
    /// `y`: clamps to the last day of the month.
    Year,
}

impl DurationUnit {
    /// The short form behind a number.
    pub fn suffix(self) -> &'static str {
        match self {
            DurationUnit::Minute => "min",
            DurationUnit::Hour => "h",
            DurationUnit::Day => "d",
            DurationUnit::Week => "w",
            DurationUnit::Month => "mo",
            DurationUnit::Year => "y",
        }
    }
}

/// A sum of terms, at least one.
#[derive(Debug, Clone, PartialEq)]
pub struct Arith {
    /// The terms in the order they were written.
    pub terms: Vec<Term>,
    /// The whole sum.
    pub span: Span,
}

impl Arith {
    /// The only term, if there is one only and it has no minus.
    pub fn as_single(&self) -> Option<&TermKind> {
        match self.terms.as_slice() {
            [Term { negative: false, kind, .. }] => Some(kind),
            _ => None,
        }
    }

    /// The path, if it is nothing but a path.
    pub fn as_path(&self) -> Option<&Path> {
        match self.as_single() {
            Some(TermKind::Path(path)) => Some(path),
            _ => None,
        }
    }

    /// What it says as a value of a choice or set tag: a bare word, a quoted text, a number or a date as written.
    ///
    /// None where it cannot be one: a sum, a name in backticks, a wildcard, a duration, `today`, a parameter.
    pub fn value_text(&self) -> Option<Cow<'_, str>> {
        let [term] = self.terms.as_slice() else {
            return None;
        };
        match (&term.kind, term.negative) {
            (TermKind::Number(number), true) => Some(Cow::Owned(format!("-{}", number.text))),
            (_, true) => None,
            (TermKind::Number(number), false) => Some(Cow::Borrowed(&number.text)),
            (TermKind::Text(text), false) => Some(Cow::Borrowed(text)),
            (TermKind::Date(date), false) => Some(Cow::Owned(date.to_string())),
            (TermKind::DateTime(time), false) => Some(Cow::Owned(time.to_string())),
            (TermKind::Path(path), false) if !path.wildcard && !path.is_quoted() => Some(path.dotted()),
            _ => None,
        }
    }
}

/// One term of a sum.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// Whether it is subtracted.
    pub negative: bool,
    /// What it says.
    pub kind: TermKind,
    /// Where, without the sign.
    pub span: Span,
}

/// What a term says.
#[derive(Debug, Clone, PartialEq)]
pub enum TermKind {
    /// A number.
    Number(Number),
    /// A day.
    Date(Date),
    /// A day and a time of day.
    DateTime(DateTime),
    /// A duration.
    Duration(Duration),
    /// `today`
    Today,
    /// `yesterday`
    Yesterday,
    /// `now`
    Now,
    /// A tag, or the bare word of a value. No wildcard.
    Path(Path),
    /// A quoted text: a value, or a date beside a date tag.
    Text(String),
    /// `$name`: a scalar.
    Param(Param),
    /// `path * factor` or `factor * path`; the sign of the factor is the sign of the term.
    Product {
        /// The tag.
        path: Path,
        /// What it is multiplied by.
        factor: Number,
    },
    /// `path / divisor`; the sign of the divisor is the sign of the term.
    Quotient {
        /// The tag.
        path: Path,
        /// What it is divided by; never zero.
        divisor: Number,
    },
}
