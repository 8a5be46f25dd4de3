//! What a kernel loop needs of an instruction set.
//!
//! The unit is a line: 512 ids, eight words, one cache line. A value of a type that implements
//! [`Isa`] is the proof that the instructions exist: it is made only inside functions that are
//! compiled for them, so the operations are safe to call for whoever holds one.
//!
//! Everything here is inlined always, into the function that was compiled for the instruction
//! set; a call that is left over would neither be fast nor use its registers.

use super::super::{Run, Words, runs};
use super::arrays;

/// Words in a line.
pub(super) const LINE_WORDS: usize = 8;
/// Lines in a chunk.
pub(super) const CHUNK_LINES: usize = super::super::CHUNK_WORDS / LINE_WORDS;

/// The lines of one chunk.
#[inline(always)]
pub(super) fn lines(words: &Words) -> &[[u64; LINE_WORDS]; CHUNK_LINES] {
    bytemuck::cast_ref(words)
}

/// The lines of one chunk, to be changed.
#[inline(always)]
pub(super) fn lines_mut(words: &mut Words) -> &mut [[u64; LINE_WORDS]; CHUNK_LINES] {
    bytemuck::cast_mut(words)
}

pub(super) trait Isa: Copy {
    /// 512 ids.
    type Line: Copy;

    fn load(self, words: &[u64; LINE_WORDS]) -> Self::Line;
    fn store(self, words: &mut [u64; LINE_WORDS], line: Self::Line);
    /// The first words of a line; those that `words` lacks are zero. REQUIRES: at most a line.
    fn load_some(self, words: &[u64]) -> Self::Line;
    /// Stores the first words of `line`, as many as there are in `words`. REQUIRES: as above.
    fn store_some(self, words: &mut [u64], line: Self::Line);
    fn splat(self, word: u64) -> Self::Line;
    /// Clears what `mask` lacks in the word at `index`.
    fn mask_word(self, line: Self::Line, index: usize, mask: u64) -> Self::Line;

    fn and(self, a: Self::Line, b: Self::Line) -> Self::Line;
    fn or(self, a: Self::Line, b: Self::Line) -> Self::Line;
    fn xor(self, a: Self::Line, b: Self::Line) -> Self::Line;
    /// `a AND NOT b`.
    fn and_not(self, a: Self::Line, b: Self::Line) -> Self::Line;

    /// One step of `x >= bound`: `digit` holds one binary digit of each x, `bound` that of the
    /// bound in every bit, `lower` the comparison of the lower digits.
    #[inline(always)]
    fn at_least(self, digit: Self::Line, bound: Self::Line, lower: Self::Line) -> Self::Line {
        // Bound 1: digit AND lower. Bound 0: digit OR lower. That is the majority of the three.
        let not_bound = self.xor(bound, self.splat(u64::MAX));
        self.or(self.and(digit, lower), self.and(not_bound, self.or(digit, lower)))
    }
    /// One step of `x <= bound`, likewise.
    #[inline(always)]
    fn at_most(self, digit: Self::Line, bound: Self::Line, lower: Self::Line) -> Self::Line {
        let not_digit = self.xor(digit, self.splat(u64::MAX));
        self.or(self.and(not_digit, lower), self.and(bound, self.or(not_digit, lower)))
    }
    /// One step of `x = bound`, likewise.
    #[inline(always)]
    fn equal(self, digit: Self::Line, bound: Self::Line, lower: Self::Line) -> Self::Line {
        self.and_not(lower, self.xor(digit, bound))
    }
    /// Adds three binary digits: the sum and the carry.
    #[inline(always)]
    fn full_add(self, a: Self::Line, b: Self::Line, c: Self::Line) -> (Self::Line, Self::Line) {
        let half = self.xor(a, b);
        (self.xor(half, c), self.or(self.and(a, b), self.and(half, c)))
    }

    /// Adds the number of ids in `line` to the counter `total`.
    fn count(self, total: Self::Line, line: Self::Line) -> Self::Line;
    /// The number that a counter has reached.
    fn total(self, total: Self::Line) -> u32;

    /// The number of ids in two sorted arrays.
    #[inline(always)]
    fn intersect_count(self, a: &[u16], b: &[u16]) -> u32 {
        let mut count = 0;
        arrays::merge(a, b, |_, hit| count += u32::from(hit));
        count
    }
    /// Writes the ids in both sorted arrays to `out`; returns how many. REQUIRES: `out` is longer
    /// than the shorter one by the slack of a buffer.
    #[inline(always)]
    fn intersect_into(self, a: &[u16], b: &[u16], out: &mut [u16]) -> usize {
        let mut length = 0;
        arrays::merge(a, b, |id, hit| {
            out[length] = id;
            length += usize::from(hit);
        });
        length
    }
    /// Whether `ids`, a few, have `id`: compares all, without a branch on any of them.
    #[inline(always)]
    fn array_has(self, ids: &[u16], id: u16) -> bool {
        ids.iter().fold(false, |has, &one| has | (one == id))
    }
    /// The number of `ids` inside of `runs`.
    #[inline(always)]
    fn inside_count(self, ids: &[u16], runs: &[Run]) -> u32 {
        let mut count = 0;
        runs::for_each_stretch(ids, runs, |stretch| count += stretch.len() as u32);
        count
    }
    /// The number of `ids` that are set in `words`.
    #[inline(always)]
    fn probe_count(self, ids: &[u16], words: &Words) -> u32 {
        ids.iter().map(|&id| (words[usize::from(id >> 6)] >> (id & 63)) as u32 & 1).sum()
    }
    /// Writes the `ids` that are set in `words`, or those that are not, to `out`; returns how many.
    #[inline(always)]
    fn probe_into(self, ids: &[u16], words: &Words, is_set: bool, out: &mut [u16]) -> usize {
        let mut length = 0;
        let flip = u64::from(!is_set);
        for &id in ids {
            out[length] = id;
            length += ((words[usize::from(id >> 6)] >> (id & 63) & 1) ^ flip) as usize;
        }
        length
    }
    /// Appends the ids of `words` plus `base` to `out`. `cardinality` is their number.
    #[inline(always)]
    fn append_ids(self, words: &Words, cardinality: u32, base: u32, out: &mut Vec<u32>) {
        out.reserve(cardinality as usize);
        for (index, &word) in words.iter().enumerate() {
            let (mut bits, word_base) = (word, base + 64 * index as u32);
            while bits != 0 {
                out.push(word_base + bits.trailing_zeros());
                bits &= bits - 1;
            }
        }
    }
    /// Writes the ids of `words` to `out` and returns how many. REQUIRES: `out` is longer than
    /// their number by the slack of a buffer.
    #[inline(always)]
    fn words_to_array(self, words: &Words, out: &mut [u16]) -> usize {
        let mut length = 0;
        for (index, &word) in words.iter().enumerate() {
            let mut bits = word;
            while bits != 0 {
                out[length] = 64 * index as u16 + bits.trailing_zeros() as u16;
                length += 1;
                bits &= bits - 1;
            }
        }
        length
    }
    /// Reads the number of each of `ids` from its binary digits, the least significant first.
    /// REQUIRES: at most 64 slices, `out` is as long as `ids`.
    #[inline(always)]
    fn gather(self, slices: &[&Words], ids: &[u16], out: &mut [u64]) {
        for (value, &id) in out.iter_mut().zip(ids) {
            let (word, shift) = (usize::from(id >> 6), id & 63);
            *value = 0;
            for (digit, slice) in slices.iter().enumerate() {
                *value |= (slice[word] >> shift & 1) << digit;
            }
        }
    }
}
