//! Ids that are in at least, at most or exactly `k` of many operands.
//!
//! Each id has a counter whose binary digits lie in one bitset each. Bitsets are added in one
//! pass, arrays and runs only where they have members; then the counters are compared like the
//! slices of a number.

use super::buffer::{AlignedWords, write_words};
use super::kernel::{self, Fused, Range};
use super::{ChunkBuffer, Container, Words, words::mask_in_word};

/// How the number of operands that hold an id is compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Threshold {
    /// `k` or more.
    AtLeast,
    /// `k` or fewer.
    AtMost,
    /// `k`, neither more nor fewer.
    Exactly,
}

/// The memory of counting, reused from chunk to chunk; it grows to what the longest list of
/// operands needs and stays.
#[derive(Default)]
pub struct Counters {
    digits: Vec<AlignedWords>,
    universe: Vec<AlignedWords>,
}

impl Counters {
    /// No memory yet.
    pub fn new() -> Self {
        Counters::default()
    }
}

/// Most operands that [`threshold_into`] counts: their number fits the digits of the kernels.
pub const OPERANDS_MAX: usize = 65_535;

/// Bitsets that are added in one pass.
const FUSED_MAX: usize = 64;

/// `out` becomes the ids of `universe` for which the number of `operands` that hold them compares
/// to `k` as `threshold` says. REQUIRES: at most [`OPERANDS_MAX`] operands.
pub fn threshold_into(
    operands: &[Container<'_>],
    threshold: Threshold,
    k: u32,
    universe: Container<'_>,
    counters: &mut Counters,
    out: &mut ChunkBuffer,
) {
    assert!(operands.len() <= OPERANDS_MAX);
    // Those that hold everybody count for everybody, those that hold nobody for nobody.
    let full = operands.iter().filter(|operand| matches!(operand, Container::Full)).count() as u32;
    let counted = operands.iter().filter(|operand| is_counted(operand)).count();
    let (low, high) = match threshold {
        Threshold::AtLeast => (k, u32::MAX),
        Threshold::AtMost => (0, k),
        Threshold::Exactly => (k, k),
    };
    if high < full {
        return out.clear();
    }
    let (low, high) = (low.saturating_sub(full), high - full);
    if low > counted as u32 {
        return out.clear();
    }
    if low == 0 && high >= counted as u32 {
        return out.copy_from(universe);
    }
    let digit_count = (usize::BITS - counted.leading_zeros()) as usize;
    if counters.digits.len() < digit_count {
        counters.digits.resize(digit_count, AlignedWords::ZERO);
    }
    let digits = &mut counters.digits[..digit_count];
    count_operands(operands, digits);
    counters.universe.resize(1, AlignedWords::ZERO);
    compare(digits, low, high, universe, &mut counters.universe[0].0, out);
}

fn is_counted(operand: &Container<'_>) -> bool {
    !matches!(operand, Container::Empty | Container::Full)
}

/// Writes the binary digits of the counters of all ids.
fn count_operands(operands: &[Container<'_>], digits: &mut [AlignedWords]) {
    static NOBODY: AlignedWords = AlignedWords::ZERO;
    let mut dense = [&NOBODY.0; FUSED_MAX];
    let mut dense_count = 0;
    let bitsets = operands.iter().filter_map(|operand| match *operand {
        Container::Bitset { words, .. } => Some(words),
        _ => None,
    });
    for (place, words) in dense.iter_mut().zip(bitsets.clone()) {
        *place = words;
        dense_count += 1;
    }
    kernel::current().add(&dense[..dense_count], digits);
    for words in bitsets.skip(FUSED_MAX) {
        for (index, &word) in words.iter().enumerate() {
            add_word(digits, index, word);
        }
    }
    for operand in operands {
        match *operand {
            Container::Array(ids) => {
                ids.iter().for_each(|&id| add_word(digits, usize::from(id >> 6), 1 << (id & 63)));
            }
            Container::Runs { runs, .. } => {
                for &run in runs {
                    for index in usize::from(run.first >> 6)..=usize::from(run.last >> 6) {
                        add_word(digits, index, mask_in_word(run, index));
                    }
                }
            }
            Container::Empty | Container::Full | Container::Bitset { .. } => {}
        }
    }
}

/// Adds one to the counters of the ids whose bits are set in `carry`, in the word at `index`.
#[inline]
fn add_word(digits: &mut [AlignedWords], index: usize, mut carry: u64) {
    for digit in digits {
        let word = &mut digit.0[index];
        let next = *word & carry;
        *word ^= carry;
        carry = next;
        if carry == 0 {
            return;
        }
    }
}

fn compare(
    digits: &[AlignedWords],
    low: u32,
    high: u32,
    universe: Container<'_>,
    universe_words: &mut Words,
    out: &mut ChunkBuffer,
) {
    let mut slices = [&digits[0].0; 32];
    for (slice, digit) in slices.iter_mut().zip(digits) {
        *slice = &digit.0;
    }
    let range = Range::new(&slices[..digits.len()], u64::from(low), u64::from(high));
    let Some(range) = range else {
        return out.clear();
    };
    let all: &[&Words] = match universe {
        Container::Full => &[],
        Container::Bitset { words, .. } => &[words],
        Container::Empty | Container::Array(_) | Container::Runs { .. } => {
            write_words(universe, universe_words);
            &[universe_words]
        }
    };
    let cardinality = kernel::current().range_into(&range, &Fused::all(all), &mut out.words.0);
    out.set_words(cardinality);
}
