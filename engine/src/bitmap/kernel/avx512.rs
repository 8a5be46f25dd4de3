//! Machines with AVX-512 F, BW, DQ, VL, VBMI2 and VPOPCNTDQ: a line is one vector.

use std::arch::x86_64::*;
use std::mem::MaybeUninit;

use super::super::Words;
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
        vector!(_mm512_mask_and_epi64(
            line,
            1 << index,
            line,
            self.splat(mask)
        ))
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
    #[inline(always)]
    fn append_ids(self, words: &Words, cardinality: u32, base: u32, out: &mut Vec<u32>) {
        decode::append_ids(self, words, cardinality, base, out);
    }
    #[inline(always)]
    fn words_to_array(self, words: &Words, out: &mut [u16]) -> usize {
        decode::words_to_array(self, words, out)
    }
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

impl Blocks for Avx512 {
    /// Each lane of 16 bytes compares `a` with another rotation of `b`. The minimum of the
    /// differences of two rotations is zero where either is equal.
    #[inline(always)]
    fn hits(self, a: &[u16; BLOCK], b: &[u16; BLOCK]) -> u32 {
        // SAFETY: a block is readable there; no alignment is asked for.
        let a = unsafe { _mm_loadu_si128(a.as_ptr().cast()) };
        // SAFETY: as above.
        let b = unsafe { _mm_loadu_si128(b.as_ptr().cast()) };
        // SAFETY: 64 bytes are readable there; no alignment is asked for.
        let first = unsafe { _mm512_loadu_si512(ROTATIONS[0].as_ptr().cast()) };
        // SAFETY: as above.
        let second = unsafe { _mm512_loadu_si512(ROTATIONS[1].as_ptr().cast()) };
        let a = vector!(_mm512_broadcast_i32x4(a));
        let b = vector!(_mm512_broadcast_i32x4(b));
        let first = self.xor(a, vector!(_mm512_shuffle_epi8(b, first)));
        let second = self.xor(a, vector!(_mm512_shuffle_epi8(b, second)));
        let least = vector!(_mm512_min_epu16(first, second));
        vector!(_mm512_testn_epi16_mask(least, least))
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
        // SAFETY: 64 bytes are readable there; no alignment is asked for.
        let all = unsafe { _mm512_loadu_si512(POSITIONS.as_ptr().cast()) };
        vector!(_mm512_maskz_compress_epi8(word, all))
    }
    #[inline(always)]
    fn store_u32(
        self,
        positions: __m512i,
        group: usize,
        base: u32,
        out: &mut [MaybeUninit<u32>; 16],
    ) {
        // SAFETY: 64 bytes are readable there; no alignment is asked for.
        let lanes = unsafe { _mm512_loadu_si512(WIDEN_TO_U32[group].as_ptr().cast()) };
        let wide = vector!(_mm512_maskz_permutexvar_epi8(
            0x1111_1111_1111_1111,
            lanes,
            positions
        ));
        let base = vector!(_mm512_set1_epi32(base as i32));
        let ids = vector!(_mm512_add_epi32(wide, base));
        // SAFETY: 16 entries are writable there; no alignment is asked for.
        unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), ids) }
    }
    #[inline(always)]
    fn store_u16(self, positions: __m512i, group: usize, base: u16, out: &mut [u16; 32]) {
        // SAFETY: 64 bytes are readable there; no alignment is asked for.
        let lanes = unsafe { _mm512_loadu_si512(WIDEN_TO_U16[group].as_ptr().cast()) };
        let wide = vector!(_mm512_maskz_permutexvar_epi8(
            0x5555_5555_5555_5555,
            lanes,
            positions
        ));
        let base = vector!(_mm512_set1_epi16(base as i16));
        let ids = vector!(_mm512_add_epi16(wide, base));
        // SAFETY: 32 entries are writable there; no alignment is asked for.
        unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), ids) }
    }
}
