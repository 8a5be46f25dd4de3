//! Cells as the texts of values and keys, and as keys that are numbers.

use muster_engine::LocalId;
use muster_engine::catalog::KeyKind;

use super::Taken;
use crate::scalar::{Scalar, print_decimal, print_digits, print_uuid};
use crate::text::{is_date, is_time, print_date, print_time};

impl Scalar<'_> {
    /// The cell in a message.
    #[cold]
    pub(super) fn shown(&self) -> String {
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
        // Zero is zero, whatever its sign.
        Scalar::Float(number) if number.is_finite() => write!(scratch, "{}", number + 0.0),
        Scalar::Float32(number) if number.is_finite() => write!(scratch, "{}", number + 0.0),
        Scalar::Float(_) | Scalar::Float32(_) if cell.is_nan() => return Err(super::nan_fault("value")),
        Scalar::Float(_) | Scalar::Float32(_) => return Err(format!("{} is no value", cell.shown())),
        Scalar::Decimal { unscaled, scale } => {
            write!(scratch, "{}", print_decimal(unscaled, scale))
        }
        Scalar::Wide { unscaled, scale } => write!(scratch, "{}", print_digits(&unscaled.to_string(), scale)),
        Scalar::Uuid(bytes) => write!(scratch, "{}", print_uuid(bytes)),
        Scalar::Date(days) if is_date(days) => write!(scratch, "{}", print_date(days)),
        Scalar::Time { ms, cut: false } if is_time(ms) => write!(scratch, "{}", print_time(ms)),
        Scalar::Time { ms, cut: true } if is_time(ms) => {
            return Err(format!("{} is finer than a millisecond, which a text would not show", cell.shown()));
        }
        Scalar::Date(_) | Scalar::Time { .. } | Scalar::FarTime => return Err(super::far_fault(cell)),
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
        Scalar::Float(number) => whole(number, &number),
        Scalar::Float32(number) => whole(number.into(), &number),
        Scalar::Decimal { unscaled, scale } => whole_decimal(unscaled, scale),
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

/// A floating-point number without a fraction, as the shortest decimal that reads back as it.
fn whole(number: f64, shortest: &dyn std::fmt::Display) -> Option<u64> {
    const EXACT: f64 = (1_u64 << 24) as f64;
    match number {
        0.0..EXACT if number.fract() == 0.0 => Some(number as u64),
        EXACT.. => parse_key(shortest.to_string().as_bytes()),
        _ => None,
    }
}

/// A decimal without a fraction; those of 20 digits are what warehouses make of unsigned numbers.
fn whole_decimal(unscaled: i128, scale: i8) -> Option<u64> {
    let ten_to = 10_i128.checked_pow(u32::from(scale.unsigned_abs()))?;
    let whole = match scale {
        ..0 => unscaled.checked_mul(ten_to)?,
        _ if unscaled % ten_to != 0 => return None,
        _ => unscaled / ten_to,
    };
    u64::try_from(whole).ok()
}

/// Digits alone and no leading zero, so that one entity has one written key. Zeros behind a point, which programs write
/// that keep whole numbers as others, change no number.
fn parse_key(text: &[u8]) -> Option<u64> {
    let text = match text.iter().position(|byte| *byte == b'.') {
        Some(at) if at + 1 < text.len() && text[at + 1..].iter().all(|byte| *byte == b'0') => &text[..at],
        _ => text,
    };
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
