//! Machines with AVX2: a line is two vectors of 256 bits.

use std::arch::x86_64::*;

use super::arrays::{self, BLOCK, Blocks};
use super::isa::{Isa, LINE_WORDS};

/// Proof that the machine has AVX2, BMI, LZCNT and POPCNT.
#[derive(Clone, Copy)]
pub(super) struct Avx2(());

super::table::kernel_table!(
    "avx2",
    Avx2::here(),
    [#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]]
);

/// Whether the machine has the instructions.
pub(super) fn is_supported() -> bool {
    is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("popcnt")
        && is_x86_feature_detected!("lzcnt")
}

impl Avx2 {
    /// The proof, for functions that are compiled for the instructions.
    #[inline]
    #[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
    fn here() -> Self {
        Avx2(())
    }
}

/// Applies an instruction to both halves of lines.
macro_rules! halves {
    ($instruction:ident, $($line:expr),+) => {{
        // SAFETY: whoever holds an `Avx2` runs on a machine that has the instruction.
        let low = unsafe { $instruction($($line.0),+) };
        // SAFETY: as above.
        let high = unsafe { $instruction($($line.1),+) };
        (low, high)
    }};
}

impl Isa for Avx2 {
    type Line = (__m256i, __m256i);

    #[inline(always)]
    fn load(self, words: &[u64; LINE_WORDS]) -> Self::Line {
        let (halves, _) = words.as_chunks::<4>();
        let (low, high) = (halves[0].as_ptr().cast(), halves[1].as_ptr().cast());
        // SAFETY: four words are readable there; no alignment is asked for.
        let low = unsafe { _mm256_loadu_si256(low) };
        // SAFETY: as above.
        let high = unsafe { _mm256_loadu_si256(high) };
        (low, high)
    }
    #[inline(always)]
    fn store(self, words: &mut [u64; LINE_WORDS], line: Self::Line) {
        let (halves, _) = words.as_chunks_mut::<4>();
        // SAFETY: four words are writable there; no alignment is asked for.
        unsafe { _mm256_storeu_si256(halves[0].as_mut_ptr().cast(), line.0) };
        // SAFETY: as above.
        unsafe { _mm256_storeu_si256(halves[1].as_mut_ptr().cast(), line.1) };
    }
    #[inline(always)]
    fn load_some(self, words: &[u64]) -> Self::Line {
        match words.try_into() {
            Ok(line) => self.load(line),
            Err(_) => {
                let mut line = [0; LINE_WORDS];
                line[..words.len()].copy_from_slice(words);
                self.load(&line)
            }
        }
    }
    #[inline(always)]
    fn store_some(self, words: &mut [u64], line: Self::Line) {
        let mut stored = [0; LINE_WORDS];
        self.store(&mut stored, line);
        words.copy_from_slice(&stored[..words.len()]);
    }
    #[inline(always)]
    fn splat(self, word: u64) -> Self::Line {
        // SAFETY: whoever holds an `Avx2` runs on a machine that has the instruction.
        let half = unsafe { _mm256_set1_epi64x(word as i64) };
        (half, half)
    }
    #[inline(always)]
    fn mask_word(self, line: Self::Line, index: usize, mask: u64) -> Self::Line {
        let mut masks = [u64::MAX; LINE_WORDS];
        masks[index] = mask;
        self.and(line, self.load(&masks))
    }
    #[inline(always)]
    fn and(self, a: Self::Line, b: Self::Line) -> Self::Line {
        halves!(_mm256_and_si256, a, b)
    }
    #[inline(always)]
    fn or(self, a: Self::Line, b: Self::Line) -> Self::Line {
        halves!(_mm256_or_si256, a, b)
    }
    #[inline(always)]
    fn xor(self, a: Self::Line, b: Self::Line) -> Self::Line {
        halves!(_mm256_xor_si256, a, b)
    }
    #[inline(always)]
    fn and_not(self, a: Self::Line, b: Self::Line) -> Self::Line {
        halves!(_mm256_andnot_si256, b, a)
    }
    /// Looks up the counts of both digits of each byte (Mula, Kurz, Lemire).
    #[inline(always)]
    fn count(self, total: Self::Line, line: Self::Line) -> Self::Line {
        static COUNTS: [u64; LINE_WORDS] = {
            let (low, high) = (0x0302_0201_0201_0100, 0x0403_0302_0302_0201);
            [low, high, low, high, low, high, low, high]
        };
        let counts = self.load(&COUNTS);
        let digit = self.splat(0x0f0f_0f0f_0f0f_0f0f);
        let zero = self.splat(0);
        let low = self.and(line, digit);
        // SAFETY: whoever holds an `Avx2` runs on a machine that has the instruction.
        let shifted = unsafe { _mm256_srli_epi16::<4>(line.0) };
        // SAFETY: as above.
        let shifted = (shifted, unsafe { _mm256_srli_epi16::<4>(line.1) });
        let high = self.and(shifted, digit);
        let low = halves!(_mm256_shuffle_epi8, counts, low);
        let high = halves!(_mm256_shuffle_epi8, counts, high);
        let bytes = halves!(_mm256_add_epi8, low, high);
        let sums = halves!(_mm256_sad_epu8, bytes, zero);
        halves!(_mm256_add_epi64, total, sums)
    }
    #[inline(always)]
    fn total(self, total: Self::Line) -> u32 {
        let mut words = [0; LINE_WORDS];
        self.store(&mut words, total);
        words.iter().sum::<u64>() as u32
    }

    #[inline(always)]
    fn intersect_count(self, a: &[u16], b: &[u16]) -> u32 {
        arrays::intersect_count(self, a, b)
    }
    #[inline(always)]
    fn intersect_into(self, a: &[u16], b: &[u16], out: &mut [u16]) -> usize {
        arrays::intersect_into(self, a, b, out)
    }
}

/// Two rotations of a block side by side: the bytes of the entries `first` and `first + 1` places
/// further on.
const fn rotations(first: usize) -> [u64; 4] {
    let mut words = [0; 4];
    let mut byte = 0;
    while byte < 32 {
        let from = (byte % 16 + 2 * (first + byte / 16)) % 16;
        words[byte / 8] |= (from as u64) << (byte % 8 * 8);
        byte += 1;
    }
    words
}

/// All rotations of a block, two in each half of a line.
static ROTATIONS: [[u64; LINE_WORDS]; 2] = {
    let mut lines = [[0; LINE_WORDS]; 2];
    let mut half = 0;
    while half < 4 {
        let words = rotations(2 * half);
        let mut word = 0;
        while word < 4 {
            lines[half / 2][half % 2 * 4 + word] = words[word];
            word += 1;
        }
        half += 1;
    }
    lines
};

impl Avx2 {
    /// All ones where an entry of `block` equals one of those that were rotated.
    #[inline(always)]
    fn equal_entries(self, rotations: [<Self as Isa>::Line; 2], block: &[u16; BLOCK]) -> <Self as Isa>::Line {
        let block = broadcast_block(block);
        let [first, second] = rotations;
        let first = halves!(_mm256_cmpeq_epi16, block, first);
        let second = halves!(_mm256_cmpeq_epi16, block, second);
        self.or(first, second)
    }
}

/// The block in each lane of 16 bytes.
#[inline(always)]
fn broadcast_block(block: &[u16; BLOCK]) -> <Avx2 as Isa>::Line {
    // SAFETY: a block is readable there; no alignment is asked for.
    let block = unsafe { _mm_loadu_si128(block.as_ptr().cast()) };
    // SAFETY: only whoever holds an `Avx2` calls this, on a machine that has the instruction.
    let half = unsafe { _mm256_broadcastsi128_si256(block) };
    (half, half)
}

impl Blocks for Avx2 {
    #[inline(always)]
    fn hits(self, a: &[u16; BLOCK], b: &[u16; BLOCK]) -> u32 {
        let equal = self.equal_entries(self.rotations(b), a);
        // SAFETY: whoever holds an `Avx2` runs on a machine that has the instruction.
        let bytes = unsafe { _mm256_packs_epi16(equal.0, equal.1) };
        // SAFETY: as above.
        unsafe { _mm256_movemask_epi8(bytes) as u32 }
    }
    #[inline(always)]
    fn rotations(self, block: &[u16; BLOCK]) -> [Self::Line; 2] {
        let block = broadcast_block(block);
        [
            halves!(_mm256_shuffle_epi8, block, self.load(&ROTATIONS[0])),
            halves!(_mm256_shuffle_epi8, block, self.load(&ROTATIONS[1])),
        ]
    }
    #[inline(always)]
    fn tally(self, tally: Self::Line, rotations: [Self::Line; 2], block: &[u16; BLOCK]) -> Self::Line {
        let equal = self.equal_entries(rotations, block);
        // All ones is minus one.
        halves!(_mm256_sub_epi16, tally, equal)
    }
    #[inline(always)]
    fn compress(self, block: &[u16; BLOCK], mask: u8, out: &mut [u16; BLOCK]) {
        let mut left = mask;
        let mut length = 0;
        while left != 0 {
            out[length] = block[left.trailing_zeros() as usize];
            length += 1;
            left &= left - 1;
        }
    }
    #[inline(always)]
    fn find(self, few: &[u16], many: &[u16], visit: impl FnMut(u16, bool)) {
        arrays::merge(few, many, visit);
    }
}
