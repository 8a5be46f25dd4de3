//! Ids that are in at least, at most or exactly `k` of many operands.
//!
//! Each id has a counter whose binary digits lie in one bitset each. Bitsets are added in one
//! pass, arrays and runs only where they have members; then the counters are compared like the
//! slices of a number.

use super::buffer::{AlignedWords, write_words};
use super::kernel::{self, Fused, Range};
use super::{CHUNK_WORDS, ChunkBuffer, Container, Words, words::mask_in_word};

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

/// Operands of one batch of [`Counting`]; the number of those that hold an id has [`BATCH_DIGITS`] binary digits.
pub const BATCH: usize = 64;
const BATCH_DIGITS: usize = (usize::BITS - BATCH.leading_zeros()) as usize;

impl Counters {
    /// What they take, in bytes.
    #[cfg(test)]
    pub(crate) fn bytes(&self) -> usize {
        (self.digits.capacity() + self.universe.capacity()) * size_of::<AlignedWords>()
    }

    /// What counting so many operands takes, in bytes.
    pub const fn bytes_of(operands: usize) -> usize {
        (digits_of(operands) + BATCH_DIGITS + 1) * size_of::<AlignedWords>()
    }

    /// Begins to count operands that come in batches, `operands` in all.
    pub fn begin(&mut self, operands: usize) -> Counting<'_> {
        assert!(operands <= OPERANDS_MAX);
        let digit_count = digits_of(operands).max(1);
        let needed = (digit_count + BATCH_DIGITS).saturating_sub(self.digits.len());
        self.digits.reserve_exact(needed);
        self.digits.resize(self.digits.len() + needed, AlignedWords::ZERO);
        self.digits[..digit_count].iter_mut().for_each(|digit| digit.0.fill(0));
        Counting { counters: self, digit_count, full: 0, counted: 0 }
    }
}

const fn digits_of(operands: usize) -> usize {
    (usize::BITS - operands.leading_zeros()) as usize
}

/// Operands being counted, a batch at a time: only those of one batch have to be at hand.
pub struct Counting<'c> {
    counters: &'c mut Counters,
    digit_count: usize,
    /// Operands that hold everybody.
    full: u32,
    /// Operands that hold somebody.
    counted: u32,
}

impl Counting<'_> {
    /// Counts some more. REQUIRES: at most [`BATCH`] operands.
    pub fn add(&mut self, operands: &[Container<'_>]) {
        self.full += operands.iter().filter(|operand| matches!(operand, Container::Full)).count() as u32;
        self.counted += operands.iter().filter(|operand| is_counted(operand)).count() as u32;
        let (digits, batch) = self.counters.digits.split_at_mut(self.digit_count);
        let batch = &mut batch[..BATCH_DIGITS];
        count_operands(operands, batch);
        for start in (0..CHUNK_WORDS).step_by(LINE_WORDS) {
            let mut carry = [0; LINE_WORDS];
            for (place, digit) in digits.iter_mut().enumerate() {
                let line = &mut digit.0[start..start + LINE_WORDS];
                match batch.get(place) {
                    Some(more) => add_line(line, &more.0[start..start + LINE_WORDS], &mut carry),
                    None if carry == [0; LINE_WORDS] => break,
                    None => add_line(line, &[0; LINE_WORDS], &mut carry),
                }
            }
        }
    }

    /// `out` becomes the ids of `universe` whose number compares to `k` as `threshold` says.
    pub fn select(self, threshold: Threshold, k: u32, universe: Container<'_>, out: &mut ChunkBuffer) {
        let Some((low, high)) = bounds(threshold, k, self.full, self.counted) else {
            return out.clear();
        };
        if low == 0 && high >= self.counted {
            return out.copy_from(universe);
        }
        let Counters { digits, universe: room } = self.counters;
        room.resize(1, AlignedWords::ZERO);
        compare(&digits[..self.digit_count], low, high, universe, &mut room[0].0, out);
    }
}

/// Words that are added at once: a cache line.
const LINE_WORDS: usize = 8;

/// Adds a binary digit of many numbers, and what the digit below carries.
fn add_line(line: &mut [u64], more: &[u64], carry: &mut [u64; LINE_WORDS]) {
    for ((word, &more), carry) in line.iter_mut().zip(more).zip(carry) {
        let sum = *word ^ more ^ *carry;
        *carry = (*word & more) | (*carry & (*word ^ more));
        *word = sum;
    }
}

/// Between how many of the counted operands an id must be, where `full` hold everybody; none where nobody can be.
fn bounds(threshold: Threshold, k: u32, full: u32, counted: u32) -> Option<(u32, u32)> {
    let (low, high) = match threshold {
        Threshold::AtLeast => (k, u32::MAX),
        Threshold::AtMost => (0, k),
        Threshold::Exactly => (k, k),
    };
    let (low, high) = (low.saturating_sub(full), high.checked_sub(full)?);
    (low <= counted).then_some((low, high))
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
    let Some((low, high)) = bounds(threshold, k, full, counted as u32) else {
        return out.clear();
    };
    if low == 0 && high >= counted as u32 {
        return out.copy_from(universe);
    }
    let digit_count = digits_of(counted);
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
