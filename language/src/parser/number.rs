//! Numbers, durations and percentages: from the characters of one token to what they say.

use crate::ast::{Duration, DurationUnit, Number};
use crate::fold::fold_text;
use crate::limits::NUMBER_DIGITS_MAX;
use crate::words::{self, Word};

/// A hundred percent in basis points.
pub(super) const BASIS_POINTS: u128 = 10_000;

/// A number token as a number; None if more than [`NUMBER_DIGITS_MAX`] of its digits count.
pub(super) fn number(token: &str) -> Option<Number> {
    let folded = fold_text(token);
    let mut zeros = 0;
    let mut plain = folded.as_str();
    loop {
        if let Some(rest) = plain.strip_suffix('万') {
            (plain, zeros) = (rest, zeros + 4);
        } else if let Some(rest) = plain.strip_suffix('亿') {
            (plain, zeros) = (rest, zeros + 8);
        } else {
            break;
        }
        if zeros > NUMBER_DIGITS_MAX {
            return None;
        }
    }
    let text = if zeros == 0 { folded } else { shift_point(plain, zeros) };
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let whole = whole.trim_start_matches('0');
    let part = part.trim_end_matches('0');
    if whole.len() + part.len() > NUMBER_DIGITS_MAX {
        return None;
    }
    let digits = whole.bytes().chain(part.bytes()).fold(0u128, |sum, digit| sum * 10 + u128::from(digit - b'0'));
    Some(Number { digits, scale: part.len() as u8, text })
}

/// The decimal number with its point moved right.
fn shift_point(plain: &str, places: usize) -> String {
    let (whole, part) = plain.split_once('.').unwrap_or((plain, ""));
    let moved = part.len().min(places);
    let mut text = String::with_capacity(whole.len() + places + part.len() + 1);
    text.push_str(whole);
    text.push_str(&part[..moved]);
    text.extend(std::iter::repeat_n('0', places - moved));
    let text = text.trim_start_matches('0');
    let text = if text.is_empty() { "0" } else { text };
    let rest = part[moved..].trim_end_matches('0');
    if rest.is_empty() { text.to_owned() } else { format!("{text}.{rest}") }
}

/// A duration from its digits and its unit; None if there are too many digits.
pub(super) fn duration(digits: &str, unit: DurationUnit) -> Option<Duration> {
    fold_text(digits).parse().ok().map(|count| Duration { count, unit })
}

/// A duration token, `7d`.
pub(super) fn duration_token(token: &str) -> Option<Duration> {
    let folded = fold_text(token);
    let unit_start = folded.find(|c: char| !c.is_ascii_digit())?;
    match words::lookup(&folded[unit_start..]) {
        Some(Word::Unit(unit)) => duration(&folded[..unit_start], unit),
        _ => None,
    }
}

/// A percentage in basis points; None outside 0% to 100% and with more than two decimals.
pub(super) fn basis_points(number: &Number) -> Option<u32> {
    let points = match number.scale {
        0 => number.digits.checked_mul(100)?,
        1 => number.digits.checked_mul(10)?,
        2 => number.digits,
        _ => return None,
    };
    (points <= BASIS_POINTS).then_some(points as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Option<(u128, u8, String)> {
        number(text).map(|number| (number.digits, number.scale, number.text))
    }

    #[test]
    fn multipliers_move_the_point() {
        assert_eq!(parts("10万"), Some((100_000, 0, "100000".into())));
        assert_eq!(parts("1.25万"), Some((12_500, 0, "12500".into())));
        assert_eq!(parts("1.23456万"), Some((123_456, 1, "12345.6".into())));
        assert_eq!(parts("0.00001万"), Some((1, 1, "0.1".into())));
        assert_eq!(parts("1万亿"), Some((1_000_000_000_000, 0, "1000000000000".into())));
        assert_eq!(parts("0亿"), Some((0, 0, "0".into())));
        assert_eq!(parts("1亿亿亿亿亿"), None);
    }

    #[test]
    fn text_stays_and_digits_count() {
        assert_eq!(parts("007"), Some((7, 0, "007".into())));
        assert_eq!(parts("1.50"), Some((15, 1, "1.50".into())));
        assert_eq!(parts("２５"), Some((25, 0, "25".into())));
        assert_eq!(parts("9223372036854775807").map(|p| p.0), Some(i64::MAX as u128));
        assert_eq!(parts("18446744073709551615").map(|p| p.0), Some(u128::from(u64::MAX)));
        let nines = "9".repeat(NUMBER_DIGITS_MAX);
        assert_eq!(parts(&nines).map(|p| p.0), Some(10u128.pow(NUMBER_DIGITS_MAX as u32) - 1));
        assert_eq!(parts(&format!("00{nines}.000")).map(|p| p.0), Some(10u128.pow(NUMBER_DIGITS_MAX as u32) - 1));
        assert_eq!(parts(&format!("{nines}0")), None);
        assert_eq!(parts(&format!("0.{nines}1")), None);
    }

    #[test]
    fn percentages_have_two_decimals() {
        let points = |text: &str| basis_points(&number(text).expect("a number"));
        assert_eq!(points("0"), Some(0));
        assert_eq!(points("12.5"), Some(1_250));
        assert_eq!(points("0.01"), Some(1));
        assert_eq!(points("100.00"), Some(10_000));
        assert_eq!(points("100.01"), None);
        assert_eq!(points("0.001"), None);
        assert_eq!(points("999999999999999999"), None);
    }
}
