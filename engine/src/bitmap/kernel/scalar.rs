//! The kernel for every machine, and the truth for the others: plain words, one by one.

use super::isa::{Isa, LINE_WORDS};

#[derive(Clone, Copy)]
pub(super) struct Scalar;

super::table::kernel_table!("scalar", Scalar, []);

/// Applies `operation` word by word.
#[inline(always)]
fn zip(a: [u64; 8], b: [u64; 8], operation: impl Fn(u64, u64) -> u64) -> [u64; 8] {
    let mut result = a;
    for (word, other) in result.iter_mut().zip(b) {
        *word = operation(*word, other);
    }
    result
}

impl Isa for Scalar {
    type Line = [u64; LINE_WORDS];

    #[inline(always)]
    fn load(self, words: &[u64; LINE_WORDS]) -> Self::Line {
        *words
    }
    #[inline(always)]
    fn store(self, words: &mut [u64; LINE_WORDS], line: Self::Line) {
        *words = line;
    }
    #[inline(always)]
    fn load_some(self, words: &[u64]) -> Self::Line {
        let mut line = [0; LINE_WORDS];
        line[..words.len()].copy_from_slice(words);
        line
    }
    #[inline(always)]
    fn store_some(self, words: &mut [u64], line: Self::Line) {
        words.copy_from_slice(&line[..words.len()]);
    }
    #[inline(always)]
    fn splat(self, word: u64) -> Self::Line {
        [word; LINE_WORDS]
    }
    #[inline(always)]
    fn mask_word(self, mut line: Self::Line, index: usize, mask: u64) -> Self::Line {
        line[index] &= mask;
        line
    }
    #[inline(always)]
    fn and(self, a: Self::Line, b: Self::Line) -> Self::Line {
        zip(a, b, |a, b| a & b)
    }
    #[inline(always)]
    fn or(self, a: Self::Line, b: Self::Line) -> Self::Line {
        zip(a, b, |a, b| a | b)
    }
    #[inline(always)]
    fn xor(self, a: Self::Line, b: Self::Line) -> Self::Line {
        zip(a, b, |a, b| a ^ b)
    }
    #[inline(always)]
    fn and_not(self, a: Self::Line, b: Self::Line) -> Self::Line {
        zip(a, b, |a, b| a & !b)
    }
    #[inline(always)]
    fn count(self, total: Self::Line, line: Self::Line) -> Self::Line {
        zip(total, line, |total, word| total + u64::from(word.count_ones()))
    }
    #[inline(always)]
    fn total(self, total: Self::Line) -> u32 {
        total.iter().sum::<u64>() as u32
    }
}
