//! Kinds of tags and of keys.

use std::fmt;
use std::str::FromStr;

use crate::catalog::limits::SCALE_MAX;
use crate::error::{Error, Result};

/// What a tag can say of an entity. It never changes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum TagKind {
    /// Yes, or nothing.
    Flag,
    /// At most one value.
    Choice,
    /// Any number of values.
    Set,
    /// A whole number.
    Int,
    /// A number with `scale` digits behind the point.
    Decimal {
        /// Digits behind the point, `0..=18`.
        scale: u8,
    },
    /// A day, counted from 1970-01-01.
    Date,
    /// An instant, in milliseconds since 1970-01-01T00:00:00Z.
    Time,
}

impl TagKind {
    /// The most digits behind the point of a decimal.
    pub const SCALE_MAX: u8 = SCALE_MAX;
    /// All kinds, a decimal for those of any scale.
    pub const ALL: [TagKind; 7] = [
        TagKind::Flag,
        TagKind::Choice,
        TagKind::Set,
        TagKind::Int,
        TagKind::Decimal { scale: 0 },
        TagKind::Date,
        TagKind::Time,
    ];

    /// Whether the tag holds one number per entity: int, decimal, date or time.
    pub const fn is_number(self) -> bool {
        matches!(self, TagKind::Int | TagKind::Decimal { .. } | TagKind::Date | TagKind::Time)
    }

    /// Whether the tag holds named values: choice or set.
    pub const fn has_values(self) -> bool {
        matches!(self, TagKind::Choice | TagKind::Set)
    }

    /// The kind's word without its scale.
    pub const fn name(self) -> &'static str {
        match self {
            TagKind::Flag => "flag",
            TagKind::Choice => "choice",
            TagKind::Set => "set",
            TagKind::Int => "int",
            TagKind::Decimal { .. } => "decimal",
            TagKind::Date => "date",
            TagKind::Time => "time",
        }
    }

    /// Digits behind the point: a decimal's scale, 0 for every other kind.
    pub const fn scale(self) -> u8 {
        match self {
            TagKind::Decimal { scale } => scale,
            _ => 0,
        }
    }
}

impl fmt::Display for TagKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TagKind::Decimal { scale } => write!(f, "decimal({scale})"),
            other => f.write_str(other.name()),
        }
    }
}

impl FromStr for TagKind {
    type Err = Error;

    /// Reads what `Display` prints. Errors: invalid.
    fn from_str(text: &str) -> Result<TagKind> {
        let whole =
            TagKind::ALL.into_iter().find(|kind| !matches!(kind, TagKind::Decimal { .. }) && kind.name() == text);
        whole.map_or_else(|| decimal_kind(text), Ok)
    }
}

fn decimal_kind(text: &str) -> Result<TagKind> {
    text.strip_prefix(TagKind::Decimal { scale: 0 }.name())
        .and_then(|rest| rest.strip_prefix('(')?.strip_suffix(')'))
        .and_then(|digits| digits.trim().parse::<u8>().ok())
        .filter(|scale| *scale <= SCALE_MAX)
        .map(|scale| TagKind::Decimal { scale })
        .ok_or_else(|| {
            Error::invalid(format!(
                "`{text}` is no tag kind; expected flag, choice, set, int, decimal(0..{SCALE_MAX}), date or time"
            ))
        })
}

/// What names an entity from outside. It never changes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum KeyKind {
    /// A text, byte for byte.
    String,
    /// A number below 2^64.
    U64,
    /// The caller's numbers, below 2^32 - 1, are the ids themselves.
    Dense,
}

impl KeyKind {
    /// All kinds.
    pub const ALL: [KeyKind; 3] = [KeyKind::String, KeyKind::U64, KeyKind::Dense];

    /// The kind's word.
    pub const fn name(self) -> &'static str {
        match self {
            KeyKind::String => "string",
            KeyKind::U64 => "u64",
            KeyKind::Dense => "dense",
        }
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for KeyKind {
    type Err = Error;

    /// Reads what `Display` prints. Errors: invalid.
    fn from_str(text: &str) -> Result<KeyKind> {
        KeyKind::ALL
            .into_iter()
            .find(|kind| kind.name() == text)
            .ok_or_else(|| Error::invalid(format!("`{text}` is no key kind; expected string, u64 or dense")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_print_and_parse_back() {
        let mut kinds = TagKind::ALL.to_vec();
        kinds.extend((0..=SCALE_MAX).map(|scale| TagKind::Decimal { scale }));
        for kind in kinds {
            assert_eq!(kind.to_string().parse::<TagKind>().unwrap(), kind);
        }
        for bad in ["", "Flag", "decimal", "decimal(19)", "decimal(-1)", "decimal(2"] {
            assert!(bad.parse::<TagKind>().is_err(), "{bad}");
        }
        for kind in KeyKind::ALL {
            assert_eq!(kind.to_string().parse::<KeyKind>().unwrap(), kind);
        }
    }
}
