//! A bit-sliced index: the numbers of one chunk, stored as one bitset per binary digit.

use super::buffer::{AlignedWords, write_words};
use super::kernel::{self, Fused, Range};
use super::{ChunkBuffer, Container, Words};

/// Binary digits that a magnitude has at most.
pub const SLICES_MAX: usize = 64;

/// Ids of a filter up to which their numbers are gathered; more become words first, because a pass
/// over a slice then costs less.
const GATHER_MAX: usize = 256;

static NOBODY: AlignedWords = AlignedWords::ZERO;

/// The binary digits of the numbers of one chunk, the least significant first. A digit that
/// nobody has may be missing. Arrays and runs are written to buffers before.
#[derive(Clone, Copy)]
pub struct Slices<'a> {
    /// The digits, at most [`SLICES_MAX`].
    pub slices: &'a [Option<&'a Words>],
}

/// The digits with a bitset of nobody for each that is missing, without allocation.
struct Present<'a> {
    words: [&'a Words; SLICES_MAX],
    count: usize,
}

impl<'a> Present<'a> {
    fn new(slices: Slices<'a>) -> Self {
        assert!(slices.slices.len() <= SLICES_MAX);
        let mut words = [&NOBODY.0; SLICES_MAX];
        let mut count = 0;
        for (index, slice) in slices.slices.iter().enumerate() {
            if let Some(slice) = slice {
                words[index] = slice;
                count = index + 1;
            }
        }
        Present { words, count }
    }

    fn as_slice(&self) -> &[&'a Words] {
        &self.words[..self.count]
    }
}

/// `out` becomes the ids of `filter` whose magnitude lies in `low..=high`; returns how many.
pub fn slices_range_into(slices: Slices<'_>, low: u64, high: u64, filter: &Words, out: &mut Words) -> u32 {
    range_into(slices, low, high, &Fused::all(&[filter]), out)
}

/// The same with a filter of several bitsets, which are combined in the same pass.
pub fn slices_range_fused_count(slices: Slices<'_>, low: u64, high: u64, filter: &Fused<'_>) -> u32 {
    let present = Present::new(slices);
    match Range::new(present.as_slice(), low, high) {
        Some(range) => kernel::current().range_count(&range, filter),
        None => 0,
    }
}

/// `out` becomes the ids that `filter` selects and whose magnitude lies in `low..=high`.
pub fn slices_range_fused_into(slices: Slices<'_>, low: u64, high: u64, filter: &Fused<'_>, out: &mut ChunkBuffer) {
    let cardinality = range_into(slices, low, high, filter, &mut out.words.0);
    out.set_words(cardinality);
}

fn range_into(slices: Slices<'_>, low: u64, high: u64, filter: &Fused<'_>, out: &mut Words) -> u32 {
    let present = Present::new(slices);
    match Range::new(present.as_slice(), low, high) {
        Some(range) => kernel::current().range_into(&range, filter, out),
        None => {
            out.fill(0);
            0
        }
    }
}

/// The sum of the magnitudes of the ids of `filter`.
pub fn slices_sum(slices: Slices<'_>, filter: Container<'_>) -> u128 {
    let kernel = kernel::current();
    let each = |count: &dyn Fn(&Words) -> u32| {
        let digits = slices.slices.iter().enumerate();
        digits.filter_map(|(digit, slice)| slice.map(|slice| u128::from(count(slice)) << digit)).sum()
    };
    match filter {
        Container::Empty => 0,
        Container::Full => each(&|slice| kernel.count(slice)),
        Container::Array(ids) if ids.len() <= GATHER_MAX => {
            let present = Present::new(slices);
            let mut numbers = [0; GATHER_MAX];
            let numbers = &mut numbers[..ids.len()];
            kernel.gather(present.as_slice(), ids, numbers);
            numbers.iter().map(|&number| u128::from(number)).sum()
        }
        Container::Array(_) => {
            let mut words = AlignedWords::ZERO;
            write_words(filter, &mut words.0);
            each(&|slice| kernel.and_count(&words.0, slice))
        }
        Container::Bitset { words, .. } => each(&|slice| kernel.and_count(words, slice)),
        Container::Runs { runs, .. } => each(&|slice| kernel.covered_count(runs, &Fused::all(&[slice]))),
    }
}

/// The least magnitude among the ids of `filter`, or `None` if there are none.
pub fn slices_min(slices: Slices<'_>, filter: Container<'_>) -> Option<u64> {
    extreme(slices, filter, false)
}

/// The greatest magnitude among the ids of `filter`, or `None` if there are none.
pub fn slices_max(slices: Slices<'_>, filter: Container<'_>) -> Option<u64> {
    extreme(slices, filter, true)
}

/// From the most significant digit down: as long as some candidate has the better digit, only
/// those that have it stay.
fn extreme(slices: Slices<'_>, filter: Container<'_>, better: bool) -> Option<u64> {
    if filter.is_empty() {
        return None;
    }
    let kernel = kernel::current();
    let mut candidates = AlignedWords::ZERO;
    let mut narrowed = AlignedWords::ZERO;
    write_words(filter, &mut candidates.0);
    let mut number = 0;
    for (digit, slice) in slices.slices.iter().enumerate().rev() {
        let Some(slice) = slice else { continue };
        let left = if better {
            kernel.and_into(&candidates.0, slice, &mut narrowed.0)
        } else {
            kernel.and_not_into(&candidates.0, slice, &mut narrowed.0)
        };
        if left > 0 {
            std::mem::swap(&mut candidates, &mut narrowed);
        }
        number |= u64::from((left > 0) == better) << digit;
    }
    Some(number)
}

/// Appends the magnitude of each of `ids` to `out`, in their order.
pub fn gather_values(slices: Slices<'_>, ids: &[u16], out: &mut Vec<u64>) {
    let present = Present::new(slices);
    let from = out.len();
    out.resize(from + ids.len(), 0);
    kernel::current().gather(present.as_slice(), ids, &mut out[from..]);
}
