//! What the numbers of a column have in common: how many digits they need, and how large they are.

use muster_engine::TagKind;

/// Digits of a magnitude that are not counted: what has more is larger than any number.
const DIGITS_MAX: usize = 400;

/// One number as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Measure {
    /// The number where it is whole and of 64 bits with or without a sign.
    pub(super) whole: Option<i128>,
    /// The magnitude before the point; the greatest where there is more.
    pub(super) magnitude: u128,
    /// The digits behind the point that it needs, and that it was written with.
    pub(super) digits: u32,
    pub(super) digits_written: u32,
    /// The zeros behind the point before its first other digit, where nothing stands before the point.
    pub(super) zeros: u32,
    /// Whether it would be written again as it stands, but for the digits behind its point.
    pub(super) is_plain: bool,
}

/// Numbers of a column.
#[derive(Clone, Debug)]
pub(super) struct Numbers {
    pub(super) count: u64,
    /// Those that are whole numbers of 64 bits; that are 0 or 1; that are not written plainly: `007`, `+1`.
    pub(super) wholes: u64,
    pub(super) zero_ones: u64,
    pub(super) unplain: u64,
    pub(super) whole_min: i128,
    pub(super) whole_max: i128,
    pub(super) magnitude_max: u128,
    /// The digits behind the point that all need, and the first number that needs so many.
    pub(super) digits: u32,
    pub(super) finest: String,
    pub(super) digits_written: u32,
    /// The fewest zeros behind the point of one that is not zero.
    pub(super) zeros: u32,
    /// The first number that no tag of whole numbers takes for its size.
    pub(super) largest: String,
}

impl Default for Numbers {
    fn default() -> Self {
        Numbers {
            count: 0,
            wholes: 0,
            zero_ones: 0,
            unplain: 0,
            whole_min: i128::MAX,
            whole_max: i128::MIN,
            magnitude_max: 0,
            digits: 0,
            finest: String::new(),
            digits_written: 0,
            zeros: u32::MAX,
            largest: String::new(),
        }
    }
}

impl Numbers {
    /// Counts a number that `raw` writes for people.
    pub(super) fn add(&mut self, measure: Measure, raw: impl Fn() -> String) {
        self.count += 1;
        if let Some(whole) = measure.whole {
            self.wholes += 1;
            self.zero_ones += u64::from(whole == 0 || whole == 1);
            self.whole_min = self.whole_min.min(whole);
            self.whole_max = self.whole_max.max(whole);
        }
        self.unplain += u64::from(!measure.is_plain);
        if measure.magnitude > self.magnitude_max {
            self.magnitude_max = measure.magnitude;
            self.largest = raw();
        }
        if measure.digits > self.digits {
            self.digits = measure.digits;
            self.finest = raw();
        }
        self.digits_written = self.digits_written.max(measure.digits_written);
        self.zeros = self.zeros.min(measure.zeros);
    }

    /// Counts a whole number.
    #[inline]
    pub(super) fn add_whole(&mut self, number: i128) {
        self.count += 1;
        self.wholes += 1;
        self.zero_ones += u64::from(number == 0 || number == 1);
        self.whole_min = self.whole_min.min(number);
        self.whole_max = self.whole_max.max(number);
        self.magnitude_max = self.magnitude_max.max(number.unsigned_abs());
    }

    /// Counts the numbers of another one too.
    pub(super) fn add_all(&mut self, other: &Numbers) {
        self.count += other.count;
        self.wholes += other.wholes;
        self.zero_ones += other.zero_ones;
        self.unplain += other.unplain;
        self.whole_min = self.whole_min.min(other.whole_min);
        self.whole_max = self.whole_max.max(other.whole_max);
        if other.magnitude_max > self.magnitude_max {
            self.magnitude_max = other.magnitude_max;
            self.largest = other.largest.clone();
        }
        if other.digits > self.digits {
            self.digits = other.digits;
            self.finest = other.finest.clone();
        }
        self.digits_written = self.digits_written.max(other.digits_written);
        self.zeros = self.zeros.min(other.zeros);
    }

    /// The most digits behind the point with which all of them stay within 63 bits.
    pub(super) fn scale_max(&self) -> Option<u8> {
        scale_room(self.magnitude_max)
    }
}

/// The most digits behind the point with which a number of this magnitude stays within 63 bits.
fn scale_room(magnitude: u128) -> Option<u8> {
    let above = magnitude.checked_add(1)?;
    if magnitude <= i64::MAX as u128 && above > i64::MAX as u128 {
        return Some(0);
    }
    let fits = |scale: &u8| above.checked_mul(10_u128.pow(u32::from(*scale))).is_some_and(|n| n <= i64::MAX as u128);
    (0..=TagKind::SCALE_MAX).rev().find(fits)
}

/// Measures a number in digits, with a point and an exponent as far as they are written; nothing where it is none.
pub(super) fn measure(text: &[u8]) -> Option<Measure> {
    let (is_negative, unsigned) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    if unsigned.len() > DIGITS_MAX {
        return None;
    }
    let at_exponent = unsigned.iter().position(|byte| matches!(byte, b'e' | b'E'));
    let (mantissa, exponent) = match at_exponent {
        None => (unsigned, 0),
        Some(at) => (&unsigned[..at], exponent(&unsigned[at + 1..])?),
    };
    let point = mantissa.iter().position(|byte| *byte == b'.');
    let (whole, fraction) = match point {
        None => (mantissa, &[][..]),
        Some(at) => (&mantissa[..at], &mantissa[at + 1..]),
    };
    let is_number = whole.len() + fraction.len() > 0 && whole.iter().chain(fraction).all(u8::is_ascii_digit);
    if !is_number {
        return None;
    }
    let digits: Vec<u8> = whole.iter().chain(fraction).copied().collect();
    // The point stands before the digit of this index; it may stand before the first or behind the last.
    let point_at = whole.len() as i64 + i64::from(exponent);
    let significant = digits.iter().rposition(|digit| *digit != b'0').map_or(0, |last| last as i64 + 1);
    let needed = if significant == 0 { 0 } else { (significant - point_at).max(0) };
    let magnitude = magnitude(&digits, point_at);
    // A plus says nothing, and neither does a minus before a zero that no program computed.
    let is_zero = magnitude == 0 && needed == 0;
    let is_signed = text.starts_with(b"+") || is_negative && is_zero && fraction.is_empty();
    let whole_number = (needed == 0).then(|| i128::try_from(magnitude).ok()).flatten();
    let whole_number = whole_number.filter(|number| *number <= i128::from(u64::MAX));
    Some(Measure {
        whole: whole_number.map(|number| if is_negative { -number } else { number }),
        magnitude,
        digits: u32::try_from(needed).unwrap_or(u32::MAX),
        digits_written: match at_exponent {
            None => fraction.len() as u32,
            Some(_) => u32::MAX,
        },
        zeros: zeros(&digits, point_at),
        is_plain: !is_signed && !matches!(whole, [b'0', _, ..]),
    })
}

fn exponent(text: &[u8]) -> Option<i32> {
    const EXPONENT_BYTES_MAX: usize = 6;
    if text.len() > EXPONENT_BYTES_MAX {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// The zeros behind the point before the first other digit; the greatest number of them for zero itself.
fn zeros(digits: &[u8], point_at: i64) -> u32 {
    match digits.iter().position(|digit| *digit != b'0') {
        None => u32::MAX,
        Some(first) => u32::try_from(first as i64 - point_at).unwrap_or(0),
    }
}

/// The digits before the point as a number.
fn magnitude(digits: &[u8], point_at: i64) -> u128 {
    let Ok(count) = usize::try_from(point_at) else {
        return 0;
    };
    let known = &digits[..count.min(digits.len())];
    let zeros = count - known.len();
    let mut magnitude = 0_u128;
    for digit in known.iter().copied().chain(std::iter::repeat_n(b'0', zeros.min(DIGITS_MAX))) {
        let next = magnitude.checked_mul(10).and_then(|value| value.checked_add(u128::from(digit - b'0')));
        match next {
            Some(value) => magnitude = value,
            None => return u128::MAX,
        }
    }
    magnitude
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_measured_as_they_are_written() {
        let cases: [(&str, Option<i128>, u128, u32); 12] = [
            ("0", Some(0), 0, 0),
            ("-12", Some(-12), 12, 0),
            ("3.0", Some(3), 3, 0),
            ("3.140", None, 3, 2),
            (".5", None, 0, 1),
            ("1e3", Some(1000), 1000, 0),
            ("1.25e1", None, 12, 1),
            ("2.5e-7", None, 0, 8),
            ("0e-9", Some(0), 0, 0),
            ("18446744073709551615", Some(u64::MAX as i128), u64::MAX as u128, 0),
            ("18446744073709551616", None, u64::MAX as u128 + 1, 0),
            ("1e60", None, u128::MAX, 0),
        ];
        for (text, whole, magnitude, digits) in cases {
            let measured = measure(text.as_bytes()).expect(text);
            assert_eq!((measured.whole, measured.magnitude, measured.digits), (whole, magnitude, digits), "{text}");
        }
        for text in ["", "-", ".", "1.2.3", "e5", "1e", "12a", "1e9999999", "0x1F", "٣"] {
            assert_eq!(measure(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_scale_leaves_room_for_the_largest() {
        let cases = [
            (0, Some(18)),
            (8, Some(18)),
            (9, Some(17)),
            (i64::MAX as u128, Some(0)),
            (i64::MAX as u128 + 1, None),
            (999_999_999_999, Some(6)),
        ];
        for (magnitude, expected) in cases {
            assert_eq!(scale_room(magnitude), expected, "{magnitude}");
        }
    }
}
