//! A borrowed set of ids of one chunk, in the form in which it is stored.

use bytemuck::{Pod, Zeroable};

use super::{CHUNK_IDS, Words, arrays, kernel, runs};

/// Consecutive ids, both ends included. In a list runs are sorted and never touch each other.
#[repr(C)]
#[derive(Pod, Zeroable, Copy, Clone, PartialEq, Eq, Debug)]
pub struct Run {
    /// The lowest id.
    pub first: u16,
    /// The highest id.
    pub last: u16,
}

impl Run {
    /// How many ids the run holds.
    #[inline]
    pub fn cardinality(self) -> u32 {
        u32::from(self.last) - u32::from(self.first) + 1
    }
}

/// The members of one bitmap in one chunk.
#[derive(Clone, Copy, Debug)]
pub enum Container<'a> {
    /// Nobody.
    Empty,
    /// All ids of the chunk.
    Full,
    /// Ids in ascending order without repeats.
    Array(&'a [u16]),
    /// One bit per id.
    Bitset {
        /// The bits.
        words: &'a Words,
        /// How many of them are set.
        cardinality: u32,
    },
    /// Runs in ascending order.
    Runs {
        /// The runs.
        runs: &'a [Run],
        /// The ids in all of them.
        cardinality: u32,
    },
}

impl<'a> Container<'a> {
    /// How many ids are in the set.
    #[inline]
    pub fn cardinality(&self) -> u32 {
        match *self {
            Container::Empty => 0,
            Container::Full => CHUNK_IDS,
            Container::Array(ids) => ids.len() as u32,
            Container::Bitset { cardinality, .. } | Container::Runs { cardinality, .. } => cardinality,
        }
    }

    /// Whether the set has no member.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.cardinality() == 0
    }

    /// Whether `id` is a member.
    #[inline]
    pub fn contains(&self, id: u16) -> bool {
        match *self {
            Container::Empty => false,
            Container::Full => true,
            Container::Array(ids) => arrays::contains(ids, id),
            Container::Bitset { words, .. } => words[usize::from(id >> 6)] >> (id & 63) & 1 == 1,
            Container::Runs { runs, .. } => runs::contains(runs, id),
        }
    }

    /// Prefetches the place where [`Container::contains`] looks first.
    #[inline(always)]
    pub fn prefetch(&self, id: u16) {
        match *self {
            Container::Empty | Container::Full => {}
            Container::Array(ids) => arrays::prefetch(ids, id),
            Container::Bitset { words, .. } => kernel::prefetch(&words[usize::from(id >> 6)]),
            Container::Runs { runs, .. } => kernel::prefetch(&runs[runs.len() / 2]),
        }
    }

    /// How many members are below `id`.
    pub fn rank(&self, id: u16) -> u32 {
        match *self {
            Container::Empty => 0,
            Container::Full => u32::from(id),
            Container::Array(ids) => ids.partition_point(|&member| member < id) as u32,
            Container::Bitset { words, .. } => {
                let word = usize::from(id >> 6);
                let whole: u32 = words[..word].iter().map(|bits| bits.count_ones()).sum();
                whole + (words[word] & ((1u64 << (id & 63)) - 1)).count_ones()
            }
            Container::Runs { runs, .. } => runs
                .iter()
                .take_while(|run| run.first < id)
                .map(|run| u32::from(run.last.min(id - 1)) - u32::from(run.first) + 1)
                .sum(),
        }
    }

    /// Whether bytes that claim to be this container keep its promises: order, bounds and the
    /// cardinality. Everything else in this module may be called only when they do.
    pub fn is_valid(&self) -> bool {
        match *self {
            Container::Empty | Container::Full => true,
            Container::Array(ids) => Container::check_array(ids),
            Container::Bitset { words, cardinality } => Container::check_bitset(words, cardinality),
            Container::Runs { runs, cardinality } => Container::check_runs(runs, cardinality),
        }
    }

    /// Whether `ids` is a legal array: not empty, ascending, without repeats.
    pub fn check_array(ids: &[u16]) -> bool {
        // Adding up the faults lets the loop run without a branch.
        let faults: usize = ids.iter().zip(ids.iter().skip(1)).map(|(a, b)| usize::from(a >= b)).sum();
        !ids.is_empty() && faults == 0
    }

    /// Whether `runs` is legal: not empty, ascending, a gap between any two, `cardinality` right.
    pub fn check_runs(runs: &[Run], cardinality: u32) -> bool {
        let mut next_first_min = 0u32;
        let mut total = 0u32;
        for run in runs {
            if u32::from(run.first) < next_first_min || run.first > run.last {
                return false;
            }
            next_first_min = u32::from(run.last) + 2;
            total += run.cardinality();
        }
        !runs.is_empty() && total == cardinality
    }

    /// Whether `words` holds exactly `cardinality` ids, and at least one.
    pub fn check_bitset(words: &Words, cardinality: u32) -> bool {
        cardinality > 0 && kernel::current().count(words) == cardinality
    }
}
