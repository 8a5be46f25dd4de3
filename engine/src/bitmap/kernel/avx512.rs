//! Machines with AVX-512 F, BW, DQ, VL, VBMI2 and VPOPCNTDQ: a line is one vector.

use std::arch::x86_64::*;
use std::mem::MaybeUninit;

use super::super::{Run, Words, runs};
use super::arrays::{self, BLOCK, Blocks};
use super::decode;
use super::isa::{Isa, LINE_WORDS};

/// Proof that the machine has all of the instructions.
#[derive(Clone, Copy)]
pub(super) struct Avx512(());

super::table::kernel_table!(
    "avx512",
    Avx512::here(),
    [#[target_feature(
        enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vbmi2,avx512vpopcntdq",
        enable = "bmi1,bmi2,popcnt,lzcnt"
    )]]
);

/// Whether the machine has the instructions.
pub(super) fn is_supported() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512vbmi")
        && is_x86_feature_detected!("avx512vbmi2")
        && is_x86_feature_detected!("avx512vpopcntdq")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("popcnt")
        && is_x86_feature_detected!("lzcnt")
}

impl Avx512 {
    /// The proof, for functions that are compiled for the instructions.
    #[inline]
    #[target_feature(
        enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vbmi2,avx512vpopcntdq",
        enable = "bmi1,bmi2,popcnt,lzcnt"
    )]
    fn here() -> Self {
        Avx512(())
    }
}

/// Truth tables for the ternary instruction. The index of a bit is `4 * a + 2 * b + c`; in a
/// comparison `a` is the digit, `b` the bound and `c` the comparison of the lower digits.
const AT_LEAST: i32 = 0xb2;
const AT_MOST: i32 = 0x8e;
const EQUAL: i32 = 0x82;
const SUM: i32 = 0x96;
const MAJORITY: i32 = 0xe8;

/// An id shifted by this is the index of its half word.
const HALF_WORD_SHIFT: u32 = 5;

/// Bits of an entry of an array.
const ENTRY_BITS: u32 = 16;

/// `a OR (b AND c)`.
const OR_AND: i32 = 0xf8;

/// One instruction on values. Instructions that touch memory state their own reason.
macro_rules! vector {
    ($instruction:ident $(::<$constant:path>)? ($($argument:expr),*)) => {
        // SAFETY: whoever holds an `Avx512` runs on a machine that has the instruction.
        unsafe { $instruction $(::<$constant>)? ($($argument),*) }
    };
}

impl Isa for Avx512 {
    type Line = __m512i;

    #[inline(always)]
    fn load(self, words: &[u64; LINE_WORDS]) -> __m512i {
        // SAFETY: a line is readable there; no alignment is asked for.
        unsafe { _mm512_loadu_si512(words.as_ptr().cast()) }
    }
    #[inline(always)]
    fn store(self, words: &mut [u64; LINE_WORDS], line: __m512i) {
        // SAFETY: a line is writable there; no alignment is asked for.
        unsafe { _mm512_storeu_si512(words.as_mut_ptr().cast(), line) }
    }
    #[inline(always)]
    fn load_some(self, words: &[u64]) -> __m512i {
        // SAFETY: only words of the slice are selected, at most its first eight.
        unsafe { _mm512_maskz_loadu_epi64(first_words(words.len()), words.as_ptr().cast()) }
    }
    #[inline(always)]
    fn store_some(self, words: &mut [u64], line: __m512i) {
        let mask = first_words(words.len());
        // SAFETY: as above.
        unsafe { _mm512_mask_storeu_epi64(words.as_mut_ptr().cast(), mask, line) }
    }
    #[inline(always)]
    fn splat(self, word: u64) -> __m512i {
        vector!(_mm512_set1_epi64(word as i64))
    }
    #[inline(always)]
    fn mask_word(self, line: __m512i, index: usize, mask: u64) -> __m512i {
        vector!(_mm512_mask_and_epi64(line, 1 << index, line, self.splat(mask)))
    }
    #[inline(always)]
    fn and(self, a: __m512i, b: __m512i) -> __m512i {
        vector!(_mm512_and_si512(a, b))
    }
    #[inline(always)]
    fn or(self, a: __m512i, b: __m512i) -> __m512i {
        vector!(_mm512_or_si512(a, b))
    }
    #[inline(always)]
    fn xor(self, a: __m512i, b: __m512i) -> __m512i {
        vector!(_mm512_xor_si512(a, b))
    }
    #[inline(always)]
    fn and_not(self, a: __m512i, b: __m512i) -> __m512i {
        vector!(_mm512_andnot_si512(b, a))
    }
    #[inline(always)]
    fn at_least(self, digit: __m512i, bound: __m512i, lower: __m512i) -> __m512i {
        vector!(_mm512_ternarylogic_epi64::<AT_LEAST>(digit, bound, lower))
    }
    #[inline(always)]
    fn at_most(self, digit: __m512i, bound: __m512i, lower: __m512i) -> __m512i {
        vector!(_mm512_ternarylogic_epi64::<AT_MOST>(digit, bound, lower))
    }
    #[inline(always)]
    fn equal(self, digit: __m512i, bound: __m512i, lower: __m512i) -> __m512i {
        vector!(_mm512_ternarylogic_epi64::<EQUAL>(digit, bound, lower))
    }
    #[inline(always)]
    fn full_add(self, a: __m512i, b: __m512i, c: __m512i) -> (__m512i, __m512i) {
        let sum = vector!(_mm512_ternarylogic_epi64::<SUM>(a, b, c));
        (sum, vector!(_mm512_ternarylogic_epi64::<MAJORITY>(a, b, c)))
    }
    #[inline(always)]
    fn count(self, total: __m512i, line: __m512i) -> __m512i {
        let counts = vector!(_mm512_popcnt_epi64(line));
        vector!(_mm512_add_epi64(total, counts))
    }
    #[inline(always)]
    fn total(self, total: __m512i) -> u32 {
        vector!(_mm512_reduce_add_epi64(total)) as u32
    }

    #[inline(always)]
    fn intersect_count(self, a: &[u16], b: &[u16]) -> u32 {
        arrays::intersect_count(self, a, b)
    }
    #[inline(always)]
    fn intersect_into(self, a: &[u16], b: &[u16], out: &mut [u16]) -> usize {
        arrays::intersect_into(self, a, b, out)
    }
    /// Up to 96 ids, what is looked at around a place, take three comparisons however many they are.
    #[inline(always)]
    fn array_has(self, ids: &[u16], id: u16) -> bool {
        let wanted = vector!(_mm512_set1_epi16(id as i16));
        let equal = |ids: &[u16]| {
            let valid = ((1u64 << ids.len()) - 1) as u32;
            // SAFETY: only entries of the slice are selected.
            let some = unsafe { _mm512_maskz_loadu_epi16(valid, ids.as_ptr().cast()) };
            vector!(_mm512_mask_cmpeq_epi16_mask(valid, some, wanted))
        };
        let (first, rest) = ids.split_at(ids.len().min(32));
        let (second, rest) = rest.split_at(rest.len().min(32));
        let (third, rest) = rest.split_at(rest.len().min(32));
        let hits = equal(first) | equal(second) | equal(third);
        hits != 0 || rest.contains(&id)
    }
    /// Thirty-two ids at once are compared with both ends of a run, so that nothing is searched and, unless a run has
    /// more of them, no branch depends on the ids.
    #[inline(always)]
    fn inside_count(self, ids: &[u16], runs: &[Run]) -> u32 {
        if ids.len() * runs::SEARCH_RATIO < runs.len() {
            return runs::searched_count(ids, runs);
        }
        let (mut count, mut rest) = (0, ids);
        let from = rest.first().map_or(0, |lowest| runs.partition_point(|run| run.last < *lowest));
        for run in &runs[from..] {
            let first = vector!(_mm512_set1_epi16(run.first as i16));
            let last = vector!(_mm512_set1_epi16(run.last as i16));
            loop {
                let length = rest.len().min(32);
                if length == 0 {
                    return count;
                }
                let valid = u32::MAX >> (32 - length);
                // SAFETY: only entries of the slice are selected.
                let some = unsafe { _mm512_maskz_loadu_epi16(valid, rest.as_ptr().cast()) };
                let below = vector!(_mm512_mask_cmplt_epu16_mask(valid, some, first)).count_ones();
                let through = vector!(_mm512_mask_cmple_epu16_mask(valid, some, last)).count_ones();
                count += through.saturating_sub(below);
                rest = &rest[through as usize..];
                if (through as usize) < length {
                    break;
                }
            }
        }
        count
    }
    /// Sixteen ids at once, as below; what compilers make of the loop over single ids is sometimes twice as slow.
    #[inline(always)]
    fn probe_count(self, ids: &[u16], words: &Words) -> u32 {
        let one = vector!(_mm512_set1_epi32(1));
        let mut total = self.splat(0);
        let (parts, rest) = ids.as_chunks::<16>();
        for part in parts {
            // SAFETY: sixteen entries are readable there; no alignment is asked for.
            let part = unsafe { _mm256_loadu_si256(part.as_ptr().cast()) };
            let bits = self.and(bits_of(part, words), one);
            total = vector!(_mm512_add_epi32(total, bits));
        }
        let valid = ((1u32 << rest.len()) - 1) as u16;
        // SAFETY: only entries of the slice are selected.
        let rest = unsafe { _mm256_maskz_loadu_epi16(valid, rest.as_ptr().cast()) };
        let bits = bits_of(rest, words);
        let kept = vector!(_mm512_mask_test_epi32_mask(valid, bits, one));
        vector!(_mm512_reduce_add_epi32(total)) as u32 + kept.count_ones()
    }
    /// Sixteen ids at once: their words are gathered as halves of 32 bits.
    #[inline(always)]
    fn probe_into(self, ids: &[u16], words: &Words, is_set: bool, out: &mut [u16]) -> usize {
        let flip = if is_set { 0 } else { u16::MAX };
        let mut length = 0;
        for part in ids.chunks(16) {
            let valid = u16::MAX >> (16 - part.len());
            // SAFETY: only entries of the slice are selected.
            let part = unsafe { _mm256_maskz_loadu_epi16(valid, part.as_ptr().cast()) };
            let bits = bits_of(part, words);
            let one = vector!(_mm512_set1_epi32(1));
            let kept = (vector!(_mm512_test_epi32_mask(bits, one)) ^ flip) & valid;
            let packed = vector!(_mm256_maskz_compress_epi16(kept, part));
            let place: &mut [u16; 16] = out[length..].first_chunk_mut().expect("slack of a buffer");
            // SAFETY: sixteen entries are writable there; no alignment is asked for.
            unsafe { _mm256_storeu_si256(place.as_mut_ptr().cast(), packed) };
            length += kept.count_ones() as usize;
        }
        length
    }
    #[inline(always)]
    fn append_ids(self, words: &Words, cardinality: u32, base: u32, out: &mut Vec<u32>) {
        decode::append_ids(self, words, cardinality, base, out);
    }
    /// Sixteen ids at once, from the most significant digit down; digits from 32 on by themselves.
    #[inline(always)]
    fn gather(self, slices: &[&Words], ids: &[u16], out: &mut [u64]) {
        let one = vector!(_mm512_set1_epi32(1));
        for (part, values) in ids.chunks(16).zip(out.chunks_mut(16)) {
            let valid = u16::MAX >> (16 - part.len());
            // SAFETY: only entries of the slice are selected.
            let part = unsafe { _mm256_maskz_loadu_epi16(valid, part.as_ptr().cast()) };
            let wide = vector!(_mm512_cvtepu16_epi32(part));
            let index = vector!(_mm512_srli_epi32::<HALF_WORD_SHIFT>(wide));
            values.fill(0);
            for (upper, slices) in slices.chunks(32).enumerate() {
                let mut number = vector!(_mm512_setzero_si512());
                for slice in slices.iter().rev() {
                    // SAFETY: an index is below 2,048, the number of halves of words in a chunk.
                    let bits = unsafe { _mm512_i32gather_epi32::<4>(index, slice.as_ptr().cast()) };
                    let bits = vector!(_mm512_rorv_epi32(bits, wide));
                    number = vector!(_mm512_add_epi32(number, number));
                    number = vector!(_mm512_ternarylogic_epi32::<OR_AND>(number, bits, one));
                }
                let mut halves = [0; LINE_WORDS];
                self.store(&mut halves, number);
                let halves: &[u32; 2 * LINE_WORDS] = bytemuck::cast_ref(&halves);
                for (value, &half) in values.iter_mut().zip(halves) {
                    *value |= u64::from(half) << (32 * upper);
                }
            }
        }
    }
    #[inline(always)]
    fn words_to_array(self, words: &Words, out: &mut [u16]) -> usize {
        decode::words_to_array(self, words, out)
    }
}

/// For each of sixteen ids the half word that has its bit, that bit in the lowest place.
#[inline(always)]
fn bits_of(ids: __m256i, words: &Words) -> __m512i {
    let wide = vector!(_mm512_cvtepu16_epi32(ids));
    let index = vector!(_mm512_srli_epi32::<HALF_WORD_SHIFT>(wide));
    // SAFETY: an index is below 2,048, the number of halves of words in a chunk.
    let bits = unsafe { _mm512_i32gather_epi32::<4>(index, words.as_ptr().cast()) };
    // Rotating by the id brings its bit there.
    vector!(_mm512_rorv_epi32(bits, wide))
}

/// A constant of 64 bytes.
#[inline(always)]
fn load_bytes(bytes: &'static [u8; 64]) -> __m512i {
    // SAFETY: 64 bytes are readable there; no alignment is asked for.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
}

/// The mask of the first `count` words of a line.
#[inline(always)]
fn first_words(count: usize) -> u8 {
    ((1u32 << count.min(LINE_WORDS)) - 1) as u8
}

/// For two rotations of a block per lane: which entry comes first in each of the four lanes.
/// Entries are two bytes.
const fn rotations(first: usize) -> [u8; 64] {
    let mut bytes = [0; 64];
    let mut index = 0;
    while index < 64 {
        let (lane, byte) = (index / 16, index % 16);
        bytes[index] = ((byte + 2 * (lane + first)) % 16) as u8;
        index += 1;
    }
    bytes
}

static ROTATIONS: [[u8; 64]; 2] = [rotations(0), rotations(4)];

impl Avx512 {
    /// Zero where an entry of `block` equals one of those that were rotated: each lane of 16 bytes
    /// is compared with two rotations, and the minimum of two differences is zero where either is.
    #[inline(always)]
    fn least_difference(self, rotations: [__m512i; 2], block: &[u16; BLOCK]) -> __m512i {
        let block = broadcast_block(block);
        let [first, second] = rotations;
        let (first, second) = (self.xor(block, first), self.xor(block, second));
        vector!(_mm512_min_epu16(first, second))
    }
}

/// The block in each lane of 16 bytes.
#[inline(always)]
fn broadcast_block(block: &[u16; BLOCK]) -> __m512i {
    // SAFETY: a block is readable there; no alignment is asked for.
    let block = unsafe { _mm_loadu_si128(block.as_ptr().cast()) };
    vector!(_mm512_broadcast_i32x4(block))
}

impl Blocks for Avx512 {
    #[inline(always)]
    fn hits(self, a: &[u16; BLOCK], b: &[u16; BLOCK]) -> u32 {
        let least = self.least_difference(self.rotations(b), a);
        vector!(_mm512_testn_epi16_mask(least, least))
    }
    #[inline(always)]
    fn rotations(self, block: &[u16; BLOCK]) -> [__m512i; 2] {
        let block = broadcast_block(block);
        let (first, second) = (load_bytes(&ROTATIONS[0]), load_bytes(&ROTATIONS[1]));
        let first = vector!(_mm512_shuffle_epi8(block, first));
        [first, vector!(_mm512_shuffle_epi8(block, second))]
    }
    #[inline(always)]
    fn tally(self, tally: __m512i, rotations: [__m512i; 2], block: &[u16; BLOCK]) -> __m512i {
        let least = self.least_difference(rotations, block);
        // One minus the difference, but never below zero, is one for a hit.
        let hits = vector!(_mm512_subs_epu16(self.splat(0x0001_0001_0001_0001), least));
        vector!(_mm512_add_epi16(tally, hits))
    }
    #[inline(always)]
    fn compress(self, block: &[u16; BLOCK], mask: u8, out: &mut [u16; BLOCK]) {
        // SAFETY: a block is readable there; no alignment is asked for.
        let block = unsafe { _mm_loadu_si128(block.as_ptr().cast()) };
        let packed = vector!(_mm_maskz_compress_epi16(mask, block));
        // SAFETY: a block is writable there; no alignment is asked for.
        unsafe { _mm_storeu_si128(out.as_mut_ptr().cast(), packed) }
    }
    #[inline(always)]
    fn find(self, few: &[u16], many: &[u16], mut visit: impl FnMut(u16, bool)) {
        for part in many.chunks(32) {
            let valid = u32::MAX >> (32 - part.len());
            // SAFETY: only entries of the slice are selected.
            let entries = unsafe { _mm512_maskz_loadu_epi16(valid, part.as_ptr().cast()) };
            for &id in few {
                let id_everywhere = vector!(_mm512_set1_epi16(id as i16));
                let equal = vector!(_mm512_mask_cmpeq_epi16_mask(valid, entries, id_everywhere));
                visit(id, equal != 0);
            }
        }
    }

    const SEARCH_RATIO: usize = 40;

    /// Sixteen binary searches at once. Entry `i` is loaded as the upper half of the entries
    /// `i - 1` and `i`, so that nothing behind the last one is read.
    #[inline(always)]
    fn search(self, few: &[u16], many: &[u16], mut visit: impl FnMut(&[u16], u16)) {
        let Some(&first) = many.first() else { return };
        for part in few.chunks(16) {
            let valid = u16::MAX >> (16 - part.len());
            // SAFETY: only entries of the slice are selected.
            let ids = unsafe { _mm256_maskz_loadu_epi16(valid, part.as_ptr().cast()) };
            let ids = vector!(_mm512_cvtepu16_epi32(ids));
            let first = vector!(_mm512_set1_epi32(i32::from(first)));
            let mut hits = vector!(_mm512_cmpeq_epi32_mask(ids, first));
            // The entries from `from` on, `size` of them, hold an id if any do.
            let mut from = vector!(_mm512_setzero_si512());
            let mut size = many.len();
            while size > 1 {
                let half = size / 2;
                let middle = vector!(_mm512_set1_epi32(half as i32));
                let middle = vector!(_mm512_add_epi32(from, middle));
                let pairs = many.as_ptr().wrapping_sub(1).cast();
                // SAFETY: the middle lies between 1 and the last entry, because `from + size`
                // never exceeds the length; two entries are read, it and the one before.
                let pair = unsafe { _mm512_i32gather_epi32::<2>(middle, pairs) };
                let entry = vector!(_mm512_srli_epi32::<ENTRY_BITS>(pair));
                hits |= vector!(_mm512_cmpeq_epi32_mask(entry, ids));
                let is_below = vector!(_mm512_cmple_epu32_mask(entry, ids));
                from = vector!(_mm512_mask_mov_epi32(from, is_below, middle));
                size -= half;
            }
            visit(part, hits & valid);
        }
    }
}

/// For groups of ids as they are widened from bytes: the byte that each lane takes.
const fn lane_bytes<const GROUPS: usize>(lane_width: usize) -> [[u8; 64]; GROUPS] {
    let mut groups = [[0; 64]; GROUPS];
    let mut group = 0;
    while group < GROUPS {
        let mut byte = 0;
        while byte < 64 {
            groups[group][byte] = (group * (64 / lane_width) + byte / lane_width) as u8;
            byte += 1;
        }
        group += 1;
    }
    groups
}

static POSITIONS: [u8; 64] = {
    let mut positions = [0; 64];
    let mut index = 0;
    while index < 64 {
        positions[index] = index as u8;
        index += 1;
    }
    positions
};
static WIDEN_TO_U32: [[u8; 64]; 4] = lane_bytes(4);
static WIDEN_TO_U16: [[u8; 64]; 2] = lane_bytes(2);

impl decode::Compress for Avx512 {
    type Positions = __m512i;

    #[inline(always)]
    fn positions(self, word: u64) -> __m512i {
        vector!(_mm512_maskz_compress_epi8(word, load_bytes(&POSITIONS)))
    }
    #[inline(always)]
    fn store_u32(self, positions: __m512i, group: usize, base: __m512i, out: &mut [MaybeUninit<u32>; 16]) {
        let lanes = load_bytes(&WIDEN_TO_U32[group]);
        let wide = vector!(_mm512_maskz_permutexvar_epi8(0x1111_1111_1111_1111, lanes, positions));
        let ids = vector!(_mm512_add_epi32(wide, base));
        // SAFETY: 16 entries are writable there; no alignment is asked for.
        unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), ids) }
    }
    #[inline(always)]
    fn store_u16(self, positions: __m512i, group: usize, base: __m512i, out: &mut [u16; 32]) {
        let lanes = load_bytes(&WIDEN_TO_U16[group]);
        let wide = vector!(_mm512_maskz_permutexvar_epi8(0x5555_5555_5555_5555, lanes, positions));
        let ids = vector!(_mm512_add_epi16(wide, base));
        // SAFETY: 32 entries are writable there; no alignment is asked for.
        unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), ids) }
    }
    #[inline(always)]
    fn expect(self, place: *const MaybeUninit<u32>) {
        // SAFETY: asking for a line reads nothing, whatever the address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(place.cast()) }
    }
    #[inline(always)]
    fn add_u32(self, a: __m512i, b: __m512i) -> __m512i {
        vector!(_mm512_add_epi32(a, b))
    }
    #[inline(always)]
    fn splat_u32(self, id: u32) -> __m512i {
        vector!(_mm512_set1_epi32(id as i32))
    }
    #[inline(always)]
    fn splat_u16(self, id: u16) -> __m512i {
        vector!(_mm512_set1_epi16(id as i16))
    }
    #[inline(always)]
    fn occupied(self, line: &[u64; LINE_WORDS], first: u16, out: &mut [u16; LINE_WORDS]) -> usize {
        let line = self.load(line);
        let mask = vector!(_mm512_test_epi64_mask(line, line));
        let first = vector!(_mm_set1_epi16(first as i16));
        let places = vector!(_mm_setr_epi16(0, 1, 2, 3, 4, 5, 6, 7));
        let indices = vector!(_mm_add_epi16(first, places));
        let packed = vector!(_mm_maskz_compress_epi16(mask, indices));
        // SAFETY: eight entries are writable there; no alignment is asked for.
        unsafe { _mm_storeu_si128(out.as_mut_ptr().cast(), packed) };
        mask.count_ones() as usize
    }
}
