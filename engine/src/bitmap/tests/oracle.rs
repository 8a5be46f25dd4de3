//! Sets as one `bool` per id, generators of sets, and the walk through all kernels.

use crate::bitmap::buffer::{AlignedWords, write_words};
use crate::bitmap::kernel::{self, Kernel};
use crate::bitmap::{CHUNK_IDS, ChunkBuffer, Container, Run, for_each_id};

/// A set in the plainest form.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Oracle(pub(super) Vec<bool>);

impl Oracle {
    pub(super) fn new(is_member: impl FnMut(u16) -> bool) -> Self {
        Oracle((0..=u16::MAX).map(is_member).collect())
    }

    pub(super) fn of(container: Container<'_>) -> Self {
        let mut members = vec![false; CHUNK_IDS as usize];
        for_each_id(container, |id| members[usize::from(id)] = true);
        Oracle(members)
    }

    pub(super) fn ids(&self) -> Vec<u16> {
        (0..=u16::MAX).filter(|&id| self.0[usize::from(id)]).collect()
    }

    pub(super) fn words(&self) -> Box<AlignedWords> {
        let mut words = Box::new(AlignedWords::ZERO);
        for (bits, members) in words.0.iter_mut().zip(self.0.chunks(64)) {
            *bits = (0..64).map(|bit| u64::from(members[bit]) << bit).sum();
        }
        words
    }

    pub(super) fn count(&self) -> u32 {
        self.0.iter().filter(|&&is_member| is_member).count() as u32
    }

    pub(super) fn zip(&self, other: &Oracle, operation: fn(bool, bool) -> bool) -> Oracle {
        Oracle(self.0.iter().zip(&other.0).map(|(&a, &b)| operation(a, b)).collect())
    }
}

/// A set in one form, owned.
#[derive(Clone)]
pub(super) enum Owned {
    Empty,
    Full,
    Array(Vec<u16>),
    Bitset(Box<AlignedWords>, u32),
    Runs(Vec<Run>, u32),
}

impl Owned {
    pub(super) fn borrow(&self) -> Container<'_> {
        match self {
            Owned::Empty => Container::Empty,
            Owned::Full => Container::Full,
            Owned::Array(ids) => Container::Array(ids),
            Owned::Bitset(words, cardinality) => Container::Bitset { words: &words.0, cardinality: *cardinality },
            Owned::Runs(runs, cardinality) => Container::Runs { runs, cardinality: *cardinality },
        }
    }

    /// The same members in every form that can hold them.
    pub(super) fn forms(set: &Oracle) -> Vec<Owned> {
        let ids = set.ids();
        let cardinality = ids.len() as u32;
        if cardinality == 0 {
            return vec![Owned::Empty];
        }
        if cardinality == CHUNK_IDS {
            let everybody = Run { first: 0, last: u16::MAX };
            return vec![Owned::Full, Owned::Runs(vec![everybody], CHUNK_IDS)];
        }
        let words = set.words();
        let mut runs: Vec<Run> = Vec::new();
        for &id in &ids {
            match runs.last_mut() {
                Some(run) if run.last + 1 == id => run.last = id,
                _ => runs.push(Run { first: id, last: id }),
            }
        }
        vec![Owned::Array(ids), Owned::Bitset(words, cardinality), Owned::Runs(runs, cardinality)]
    }
}

/// A small generator of numbers: the same seed gives the same sets.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// Members at random places, `per_mille` of all ids.
    pub(super) fn scattered(&mut self, per_mille: u64) -> Oracle {
        Oracle::new(|_| self.below(1000) < per_mille)
    }

    /// Members in runs of up to `run_max` ids with gaps of up to `gap_max`.
    pub(super) fn clustered(&mut self, run_max: u64, gap_max: u64) -> Oracle {
        let mut members = Vec::with_capacity(CHUNK_IDS as usize);
        while members.len() < CHUNK_IDS as usize {
            members.extend(vec![false; self.below(gap_max) as usize + 1]);
            members.extend(vec![true; self.below(run_max) as usize + 1]);
        }
        members.truncate(CHUNK_IDS as usize);
        Oracle(members)
    }

    /// Exactly `count` members.
    pub(super) fn exactly(&mut self, count: u32) -> Oracle {
        let mut members = vec![false; CHUNK_IDS as usize];
        let mut missing = count;
        while missing > 0 {
            let id = self.below(u64::from(CHUNK_IDS)) as usize;
            missing -= u32::from(!members[id]);
            members[id] = true;
        }
        Oracle(members)
    }
}

/// Sets of every size and shape, with the edges among them.
pub(super) fn sets(seed: u64) -> Vec<Oracle> {
    let mut random = Random(seed);
    let random = &mut random;
    vec![
        Oracle::new(|_| false),
        Oracle::new(|_| true),
        Oracle::new(|id| id == 0 || id == u16::MAX),
        Oracle::new(|id| id != 31_000),
        Oracle::new(|id| id % 2 == 1),
        Oracle::new(|id| (1_000..=1_063).contains(&id)),
        Oracle::new(|id| (63..=40_000).contains(&id)),
        random.exactly(5),
        random.exactly(70),
        random.exactly(4096),
        random.exactly(4097),
        random.scattered(10),
        random.scattered(500),
        random.clustered(700, 3_000),
        random.clustered(40, 30),
    ]
}

/// Runs `law` with each kernel of this machine as the current one.
pub(super) fn with_every_kernel(mut law: impl FnMut(&'static Kernel)) {
    for kernel in kernel::available() {
        println!("kernel {}", kernel.name());
        kernel::with_kernel(kernel, || law(kernel));
    }
}

/// That `buffer` holds `expected` and keeps its own promises.
#[track_caller]
pub(super) fn assert_holds(buffer: &ChunkBuffer, expected: &Oracle, what: &str) {
    let container = buffer.as_container();
    assert!(container.is_valid(), "invalid {:?}: {what}", form(container));
    assert_eq!(container.cardinality(), expected.count(), "cardinality: {what}");
    assert!(Oracle::of(container) == *expected, "members: {what}");
}

/// The same for a set that is compared often, as words.
#[track_caller]
pub(super) fn assert_holds_words(buffer: &ChunkBuffer, expected: &AlignedWords, what: &str) {
    let container = buffer.as_container();
    assert!(container.is_valid(), "invalid {:?}: {what}", form(container));
    let mut words = AlignedWords::ZERO;
    write_words(container, &mut words.0);
    assert!(words.0 == expected.0, "members: {what}");
}

pub(super) fn form(container: Container<'_>) -> &'static str {
    match container {
        Container::Empty => "empty",
        Container::Full => "full",
        Container::Array(_) => "array",
        Container::Bitset { .. } => "bitset",
        Container::Runs { .. } => "runs",
    }
}
