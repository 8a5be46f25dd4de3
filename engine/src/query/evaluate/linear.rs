//! Linear comparisons of numbers, exact, in blocks of 512 ids.
//!
//! A block holds one number per id as bit slices in two's complement: digit `d` of all 512 is one line of eight words.
//! Adding two such numbers is one full adder a digit, multiplying by a constant a shifted addition per bit of it, so
//! the cost does not depend on how many of the 512 are candidates.

use super::scratch::Scratch;
use crate::bitmap::{ChunkBuffer, Container, Words, write_words};
use crate::error::Result;
use crate::ids::ChunkId;
use crate::query::bind::{Bound, Digits, Linear, SLICES_MAX};
use crate::query::plan::Comparison;

/// Words of a block: 512 ids.
const LINE_WORDS: usize = 8;

/// One digit of 512 numbers.
type Line = [u64; LINE_WORDS];

/// Digits of a sum: all of an `i128`, which the planner promises to be enough.
const DIGITS_MAX: usize = 128;

/// 512 numbers in two's complement, the lowest digit first.
struct Accumulator {
    digits: [Line; DIGITS_MAX],
    width: usize,
}

impl Accumulator {
    /// `constant` in every place.
    fn broadcast(constant: i128, width: usize) -> Accumulator {
        let mut digits = [[0; LINE_WORDS]; DIGITS_MAX];
        for (digit, line) in digits.iter_mut().enumerate().take(width) {
            *line = [if constant >> digit & 1 == 1 { u64::MAX } else { 0 }; LINE_WORDS];
        }
        Accumulator { digits, width }
    }

    /// Adds `magnitude << shift`, negated where `minus` has a bit.
    fn add_shifted(&mut self, magnitude: &[Line], shift: usize, minus: &Line) {
        let mut carry = *minus;
        for (digit, line) in self.digits[..self.width].iter_mut().enumerate() {
            let addend = digit.checked_sub(shift).and_then(|digit| magnitude.get(digit));
            let addend = addend.unwrap_or(&[0; LINE_WORDS]);
            for word in 0..LINE_WORDS {
                // Two's complement of the addend: all bits flipped, and one added by the first carry.
                let (a, b) = (line[word], addend[word] ^ minus[word]);
                line[word] = a ^ b ^ carry[word];
                carry[word] = a & b | carry[word] & (a ^ b);
            }
        }
    }

    /// Adds `factor * value` in every place, where `negative` says which values are below zero.
    fn add_product(&mut self, factor: i128, magnitude: &[Line], negative: &Line) {
        let flip = if factor < 0 { u64::MAX } else { 0 };
        let minus = negative.map(|word| word ^ flip);
        let bits = factor.unsigned_abs();
        for shift in (0..128).filter(|shift| bits >> shift & 1 == 1) {
            self.add_shifted(magnitude, shift, &minus);
        }
    }

    /// Where the number compares to zero as `op` says.
    fn compare(&self, op: Comparison) -> Line {
        let below = self.digits[self.width - 1];
        let mut other = [0; LINE_WORDS];
        for line in &self.digits[..self.width] {
            (0..LINE_WORDS).for_each(|word| other[word] |= line[word]);
        }
        let mut result = [0; LINE_WORDS];
        for (word, place) in result.iter_mut().enumerate() {
            let (below, zero) = (below[word], !other[word]);
            *place = match op {
                Comparison::Equal => zero,
                Comparison::NotEqual => !zero,
                Comparison::Less => below,
                Comparison::LessOrEqual => below | zero,
                Comparison::Greater => !below & !zero,
                Comparison::GreaterOrEqual => !below,
            };
        }
        result
    }
}

/// One term of one chunk.
struct Term<'a> {
    digits: Digits<'a>,
    digit_count: usize,
    negative: &'a Words,
    factor: i128,
}

/// Digits that the sum of numbers of so many digits with these factors can take, the sign included.
fn width(terms: &[(i128, usize)], constant: i128) -> usize {
    let bits = |magnitude: u128| 128 - magnitude.leading_zeros() as usize;
    let widest = terms.iter().map(|(factor, digits)| bits(factor.unsigned_abs()) + digits).max().unwrap_or(0);
    let widest = widest.max(bits(constant.unsigned_abs()));
    (widest + bits(terms.len() as u128 + 1) + 1).min(DIGITS_MAX)
}

impl Bound {
    /// Fills `result` with the candidates that have all the numbers and satisfy the comparison. Errors: corrupt.
    pub(super) fn linear_into(
        &self,
        linear: &Linear,
        candidates: Container<'_>,
        chunk: ChunkId,
        scratch: &mut Scratch,
        result: &mut ChunkBuffer,
    ) -> Result<()> {
        result.copy_from(candidates);
        let mut fold = scratch.borrow();
        for &(number, _) in &linear.terms {
            result.and_with(self.numbers[number].present.read(chunk, &mut fold)?);
        }
        scratch.give_back(fold);
        if result.is_empty() {
            return Ok(());
        }
        let mut negatives = Vec::with_capacity(linear.terms.len());
        for &(number, _) in &linear.terms {
            let mut digits = std::mem::take(&mut scratch.digits[number]);
            digits.read(&self.numbers[number], chunk)?;
            scratch.digits[number] = digits;
            let mut fold = scratch.borrow();
            let mut words = Box::new([0; crate::bitmap::CHUNK_WORDS]);
            write_words(self.numbers[number].negative.read(chunk, &mut fold)?, &mut words);
            negatives.push(words);
            scratch.give_back(fold);
        }
        let mut terms = Vec::with_capacity(linear.terms.len());
        for (&(number, factor), negative) in linear.terms.iter().zip(&negatives) {
            let mut digits = [None; SLICES_MAX];
            let digit_count = scratch.digits[number].digits(&self.numbers[number], chunk, &mut digits)?;
            terms.push(Term { digits, digit_count, negative, factor });
        }
        compare_blocks(&terms, linear, result.words_mut(), &mut || scratch.work(1))?;
        result.recount();
        result.normalise();
        Ok(())
    }
}

/// Narrows `members` to those that satisfy the comparison, block by block.
fn compare_blocks(
    terms: &[Term<'_>],
    linear: &Linear,
    members: &mut Words,
    look: &mut dyn FnMut() -> Result<()>,
) -> Result<()> {
    let widths: Vec<_> = terms.iter().map(|term| (term.factor, term.digit_count)).collect();
    let width = width(&widths, linear.constant);
    let mut magnitude = [[0; LINE_WORDS]; SLICES_MAX];
    for start in (0..members.len()).step_by(LINE_WORDS) {
        let block = start..start + LINE_WORDS;
        if members[block.clone()].iter().all(|&word| word == 0) {
            continue;
        }
        look()?;
        let mut sum = Accumulator::broadcast(linear.constant, width);
        for term in terms {
            for (line, digit) in magnitude.iter_mut().zip(&term.digits[..term.digit_count]) {
                match digit {
                    Some(words) => line.copy_from_slice(&words[block.clone()]),
                    None => *line = [0; LINE_WORDS],
                }
            }
            let mut negative = [0; LINE_WORDS];
            negative.copy_from_slice(&term.negative[block.clone()]);
            sum.add_product(term.factor, &magnitude[..term.digit_count], &negative);
        }
        let passed = sum.compare(linear.op);
        members[block].iter_mut().zip(passed).for_each(|(word, passed)| *word &= passed);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(values: &[i64]) -> ([Line; SLICES_MAX], Line) {
        let (mut magnitude, mut negative) = ([[0; LINE_WORDS]; SLICES_MAX], [0; LINE_WORDS]);
        for (place, value) in values.iter().enumerate() {
            for (digit, line) in magnitude.iter_mut().enumerate() {
                line[place / 64] |= (value.unsigned_abs() >> digit & 1) << (place % 64);
            }
            negative[place / 64] |= u64::from(*value < 0) << (place % 64);
        }
        (magnitude, negative)
    }

    #[test]
    fn sums_of_products_compare_like_integers() {
        let mut state = 0x9E37_79B9_7F4A_7C15u64;
        let mut random = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        for round in 0..200 {
            let digits = 1 + round % 62;
            let number = |random: &mut dyn FnMut() -> u64| {
                let magnitude = (random() >> (64 - digits)) as i64;
                if random() & 1 == 1 { -magnitude } else { magnitude }
            };
            let left: Vec<i64> = (0..512).map(|_| number(&mut random)).collect();
            let right: Vec<i64> = (0..512).map(|_| number(&mut random)).collect();
            let factors = [(random() % 200) as i128 - 100, (random() % 70_000) as i128 - 35_000];
            let constant = number(&mut random) as i128;
            let width = width(&[(factors[0], 63), (factors[1], 63)], constant);
            let mut sum = Accumulator::broadcast(constant, width);
            for (values, factor) in [&left, &right].into_iter().zip(factors) {
                let (magnitude, negative) = lines(values);
                sum.add_product(factor, &magnitude, &negative);
            }
            for op in [Comparison::Less, Comparison::LessOrEqual, Comparison::Equal, Comparison::NotEqual] {
                let result = sum.compare(op);
                for place in 0..512 {
                    let exact = factors[0] * left[place] as i128 + factors[1] * right[place] as i128 + constant;
                    let found = result[place / 64] >> (place % 64) & 1 == 1;
                    assert_eq!(found, op.holds(&exact, &0), "round {round}, place {place}, {op:?}");
                }
            }
        }
    }
}
