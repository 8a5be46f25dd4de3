//! Comparisons of numbers that are stored as one bitset per binary digit: all digits of a group of
//! lines at once, from the least significant one, and nothing stored in between.
//!
//! For `x >= bound` one line of truth walks up the digits (O'Neil and Quass, from below): where
//! the bound has a 1, x must have it and be at least the bound below; where it has a 0, x has a 1
//! or is at least the bound below. The start is true, so digits below the lowest 1 of the bound
//! change nothing and are not read. `x <= bound` is the mirror image.

use super::super::Words;
use super::Fused;
use super::isa::{Isa, lines_mut};
use super::loops::{self, CHUNK_GROUPS, GROUP_LINES};

/// Which sides of a range are bounded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Shape {
    All,
    AtLeast,
    AtMost,
    Between,
    Equal,
}

/// The numbers from `low` to `high`, both included, of `slices` (the least significant first).
#[derive(Clone, Copy)]
pub struct Range<'a> {
    slices: &'a [&'a Words],
    low: u64,
    high: u64,
    shape: Shape,
}

impl<'a> Range<'a> {
    /// The range, or `None` if no number of that many digits lies in it. REQUIRES: at most 64
    /// slices.
    pub fn new(slices: &'a [&'a Words], low: u64, high: u64) -> Option<Self> {
        assert!(slices.len() <= 64);
        let number_max = if slices.is_empty() { 0 } else { u64::MAX >> (64 - slices.len()) };
        let high = high.min(number_max);
        if low > high {
            return None;
        }
        let (shape, unread) = match (low == 0, high == number_max) {
            (true, true) => (Shape::All, slices.len() as u32),
            _ if low == high => (Shape::Equal, 0),
            (false, true) => (Shape::AtLeast, low.trailing_zeros()),
            (true, false) => (Shape::AtMost, high.trailing_ones()),
            (false, false) => (Shape::Between, low.trailing_zeros().min(high.trailing_ones())),
        };
        // A shift by all 64 digits is not defined; then nothing is compared.
        let shift = |bound: u64| bound.checked_shr(unread).unwrap_or(0);
        let slices = &slices[unread as usize..];
        Some(Range { slices, low: shift(low), high: shift(high), shape })
    }
}

/// One binary digit of `bound` in every bit.
#[inline(always)]
fn digit_line<I: Isa>(isa: I, bound: u64, digit: usize) -> I::Line {
    isa.splat(0u64.wrapping_sub(bound >> digit & 1))
}

/// One group of the ids whose number lies in `range`, among those in `result`.
#[inline(always)]
fn restrict<I: Isa>(isa: I, range: &Range<'_>, group: usize, result: &mut [I::Line; GROUP_LINES]) {
    let mut low = [isa.splat(u64::MAX); GROUP_LINES];
    let mut high = low;
    match range.shape {
        Shape::All => return,
        Shape::AtLeast => {
            for (digit, words) in range.slices.iter().enumerate() {
                let bound = digit_line(isa, range.low, digit);
                let lines = loops::load_group(isa, words, group);
                for (low, line) in low.iter_mut().zip(lines) {
                    *low = isa.at_least(line, bound, *low);
                }
            }
        }
        Shape::AtMost => {
            for (digit, words) in range.slices.iter().enumerate() {
                let bound = digit_line(isa, range.high, digit);
                let lines = loops::load_group(isa, words, group);
                for (high, line) in high.iter_mut().zip(lines) {
                    *high = isa.at_most(line, bound, *high);
                }
            }
        }
        Shape::Equal => {
            for (digit, words) in range.slices.iter().enumerate() {
                let bound = digit_line(isa, range.low, digit);
                let lines = loops::load_group(isa, words, group);
                for (low, line) in low.iter_mut().zip(lines) {
                    *low = isa.equal(line, bound, *low);
                }
            }
        }
        Shape::Between => {
            for (digit, words) in range.slices.iter().enumerate() {
                let low_bound = digit_line(isa, range.low, digit);
                let high_bound = digit_line(isa, range.high, digit);
                let lines = loops::load_group(isa, words, group);
                for ((low, high), line) in low.iter_mut().zip(&mut high).zip(lines) {
                    *low = isa.at_least(line, low_bound, *low);
                    *high = isa.at_most(line, high_bound, *high);
                }
            }
        }
    }
    for ((result, low), high) in result.iter_mut().zip(low).zip(high) {
        *result = isa.and(*result, isa.and(low, high));
    }
}

#[inline(always)]
pub(super) fn range_count<I: Isa>(isa: I, range: &Range<'_>, filter: &Fused<'_>) -> u32 {
    let mut total = isa.splat(0);
    for group in 0..CHUNK_GROUPS {
        let mut result = loops::fused_group(isa, filter, group);
        restrict(isa, range, group, &mut result);
        for line in result {
            total = isa.count(total, line);
        }
    }
    isa.total(total)
}

#[inline(always)]
pub(super) fn range_into<I: Isa>(isa: I, range: &Range<'_>, filter: &Fused<'_>, out: &mut Words) -> u32 {
    let out = lines_mut(out);
    let mut total = isa.splat(0);
    for group in 0..CHUNK_GROUPS {
        let mut result = loops::fused_group(isa, filter, group);
        restrict(isa, range, group, &mut result);
        for (index, line) in result.into_iter().enumerate() {
            isa.store(&mut out[group * GROUP_LINES + index], line);
            total = isa.count(total, line);
        }
    }
    isa.total(total)
}
