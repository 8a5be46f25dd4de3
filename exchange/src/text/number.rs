//! Numbers of a tag, which are whole numbers of units of ten to minus its scale: exact, refused, or rounded where the
//! mapping says how.

use arrow_buffer::i256;
use serde::Deserialize;

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

/// What happens to digits behind the point that a tag has no room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// To the nearest number, of two equally near ones to that whose last digit is even.
    HalfEven,
    /// Towards zero: the digits are cut.
    Down,
}

impl Rounding {
    /// The rule as the mapping writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Rounding::HalfEven => "half_even",
            Rounding::Down => "down",
        }
    }
}

/// The digits behind the point that a tag has, and what becomes of more of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    digits: u8,
    /// Without a rule more digits are refused.
    round: Option<Rounding>,
}

/// A decimal `mantissa * 10^exponent`, and something more below its last digit if `rest`.
#[derive(Clone, Copy)]
struct Decimal {
    mantissa: i128,
    exponent: i32,
    rest: bool,
}

impl Scale {
    pub(crate) const fn exact(digits: u8) -> Scale {
        Scale { digits, round: None }
    }

    pub(crate) const fn rounded(digits: u8, round: Option<Rounding>) -> Scale {
        Scale { digits, round }
    }

    pub(crate) fn digits(self) -> u8 {
        self.digits
    }

    /// A number written with a point and perhaps an exponent: `-12.5` at scale 2 is -1250.
    pub(crate) fn of_text(self, text: &[u8]) -> Result<i64, NumberFault> {
        let (negative, digits) = match text {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            _ => (false, text),
        };
        if digits.is_empty() || digits.len() > NUMBER_BYTES_MAX {
            return Err(NumberFault::NotANumber);
        }
        if let Some(value) = parse_short(digits, self.digits) {
            return Ok(if negative { -value } else { value });
        }
        self.take(parse_parts(negative, digits)?)
    }

    /// An unscaled number of `from` digits behind the point.
    pub(crate) fn of_decimal(self, unscaled: i128, from: i8) -> Result<i64, NumberFault> {
        self.take(Decimal { mantissa: unscaled, exponent: -i32::from(from), rest: false })
    }

    /// The same of a number that 128 bits do not hold.
    pub(crate) fn of_wide(self, unscaled: i256, from: i8) -> Result<i64, NumberFault> {
        let ten = i256::from_i128(10);
        let (mut left, mut exponent, mut rest) = (unscaled, -i32::from(from), false);
        loop {
            if let Some(mantissa) = left.to_i128() {
                return self.take(Decimal { mantissa, exponent, rest });
            }
            rest |= left.wrapping_rem(ten) != i256::ZERO;
            left = left.wrapping_div(ten);
            exponent += 1;
        }
    }

    /// A double, as the shortest decimal that reads back as it.
    ///
    /// `12.34` is a double near 12.34, not 12.34; it is taken as 12.34 because that is how it was written. With
    /// `u < 2^53` and `10^scale` exact, `u / 10^scale` is correctly rounded, so that equality proves it.
    pub(crate) fn of_f64(self, value: f64) -> Result<i64, NumberFault> {
        const EXACT: f64 = (1_u64 << 51) as f64;
        if !value.is_finite() {
            return Err(NumberFault::NotANumber);
        }
        let power = POWERS_OF_TEN[usize::from(self.digits)];
        let unscaled = (value * power).round();
        if unscaled.abs() < EXACT {
            if unscaled / power == value {
                return Ok(unscaled as i64);
            }
            if self.round.is_none() {
                return Err(NumberFault::TooPrecise);
            }
        }
        self.of_text(format!("{value}").as_bytes())
    }

    /// The same of a single.
    pub(crate) fn of_f32(self, value: f32) -> Result<i64, NumberFault> {
        if value.is_finite() && value.fract() == 0.0 && value.abs() < 16_777_216.0 {
            return self.of_decimal(value as i128, 0);
        }
        self.of_text(format!("{value}").as_bytes())
    }

    fn take(self, decimal: Decimal) -> Result<i64, NumberFault> {
        let Decimal { mantissa, exponent, rest } = decimal;
        if mantissa == 0 {
            return Ok(0);
        }
        let power = exponent + i32::from(self.digits);
        let ten_to = 10_i128.checked_pow(power.unsigned_abs());
        if power >= 0 {
            let value = ten_to.and_then(|factor| mantissa.checked_mul(factor)).ok_or(NumberFault::TooLarge)?;
            // What has a rest has more digits than 64 bits hold.
            return narrow(value);
        }
        // A divisor that 128 bits do not hold is more than twice any mantissa.
        let (quotient, remainder, half) = match ten_to {
            Some(divisor) => (mantissa / divisor, (mantissa % divisor).unsigned_abs(), divisor.unsigned_abs() / 2),
            None => (0, mantissa.unsigned_abs(), u128::MAX),
        };
        if remainder == 0 && !rest {
            return narrow(quotient);
        }
        let away = match self.round {
            None => return narrow(quotient).and(Err(NumberFault::TooPrecise)),
            Some(Rounding::Down) => false,
            Some(Rounding::HalfEven) => remainder > half || remainder == half && (rest || quotient % 2 != 0),
        };
        narrow(quotient + if away { mantissa.signum() } else { 0 })
    }
}

fn narrow(value: i128) -> Result<i64, NumberFault> {
    match i64::try_from(value) {
        Ok(value) if value != i64::MIN => Ok(value),
        _ => Err(NumberFault::TooLarge),
    }
}

/// A number as an unscaled integer of `scale`, exact: `-12.5` at scale 2 is -1250. Exponents are understood.
pub(crate) fn parse_decimal(text: &[u8], scale: u8) -> Result<i64, NumberFault> {
    Scale::exact(scale).of_text(text)
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

/// Digits beyond the 38 that a mantissa holds move its exponent, and are a rest unless they are zeros.
fn parse_parts(negative: bool, digits: &[u8]) -> Result<Decimal, NumberFault> {
    let mut mantissa = 0_i128;
    let mut exponent = 0_i32;
    let mut any_digit = false;
    let mut after_point = false;
    let mut full = false;
    let mut lost = false;
    let mut rest = digits;
    while let [byte, tail @ ..] = rest {
        match byte {
            b'0'..=b'9' => {
                any_digit = true;
                exponent -= i32::from(after_point);
                let digit = i128::from(byte - b'0');
                match mantissa.checked_mul(10).and_then(|value| value.checked_add(digit)) {
                    Some(value) if !full => mantissa = value,
                    _ => {
                        full = true;
                        lost |= digit != 0;
                        exponent += 1;
                    }
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
    Ok(Decimal { mantissa: if negative { -mantissa } else { mantissa }, exponent, rest: lost })
}

fn parse_exponent(text: &[u8]) -> Option<i32> {
    if text.len() > 6 {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Powers of ten up to the largest scale, each exact.
const POWERS_OF_TEN: [f64; 19] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18];

/// What stands in numbers that are written as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Marks {
    /// What stands before the fraction.
    pub(crate) point: char,
    /// What stands between groups of three digits before it, if anything does.
    pub(crate) thousands: Option<char>,
}

impl Marks {
    /// The number with a point and without marks between thousands, in `plain`.
    ///
    /// Errors: a mark stands where none can: groups have three digits each, but for the first, which does not begin
    /// with 0: `0,125` is an eighth.
    pub(crate) fn strip(self, text: &[u8], plain: &mut Vec<u8>) -> Result<(), NumberFault> {
        plain.clear();
        let text = std::str::from_utf8(text).map_err(|_| NumberFault::NotANumber)?;
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        plain.extend_from_slice(&text.as_bytes()[..text.len() - unsigned.len()]);
        let whole_bytes = unsigned.find([self.point, 'e', 'E']).unwrap_or(unsigned.len());
        let (whole, behind) = unsigned.split_at(whole_bytes);
        let mut groups = 0;
        for group in whole.split(|c| Some(c) == self.thousands) {
            groups += 1;
            if !group.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(NumberFault::NotANumber);
            }
            plain.extend_from_slice(group.as_bytes());
        }
        if groups > 1 {
            let mut sizes = whole.split(|c| Some(c) == self.thousands).map(str::len);
            let first = sizes.next().unwrap_or(0);
            if !(1..=3).contains(&first) || whole.starts_with('0') || sizes.any(|size| size != 3) {
                return Err(NumberFault::NotANumber);
            }
        }
        match behind.strip_prefix(self.point) {
            Some(fraction) => {
                plain.push(b'.');
                plain.extend_from_slice(fraction.as_bytes());
            }
            None => plain.extend_from_slice(behind.as_bytes()),
        }
        Ok(())
    }
}
