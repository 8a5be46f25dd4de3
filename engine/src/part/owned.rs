//! Containers on their way into a part: owned, in the kind that takes the fewest bytes.

use crate::bitmap::{ARRAY_MAX, CHUNK_WORDS, Container, Run, Words, for_each_id};
use crate::ids::{ChunkId, LocalId};

/// One container, owned.
pub(super) enum OwnedContainer {
    Array(Vec<u16>),
    Bitset(Box<Words>, u32),
    Runs(Vec<Run>, u32),
    Full,
}

impl OwnedContainer {
    /// A copy of `container`, which is not empty, in its smallest kind.
    pub(super) fn smallest(container: Container<'_>) -> OwnedContainer {
        let cardinality = container.cardinality();
        if cardinality == ChunkId::IDS {
            return OwnedContainer::Full;
        }
        let other_bytes = (2 * cardinality as usize).min(size_of::<Words>());
        // As many would not take less.
        let runs_max = other_bytes.div_ceil(size_of::<Run>());
        let run_count = run_count(container, runs_max);
        if run_count < runs_max {
            return OwnedContainer::Runs(runs(container, run_count), cardinality);
        }
        if cardinality as usize <= ARRAY_MAX {
            return OwnedContainer::Array(lows(container));
        }
        OwnedContainer::Bitset(words(container), cardinality)
    }

    pub(super) fn cardinality(&self) -> u32 {
        self.as_container().cardinality()
    }

    fn byte_len(&self) -> u64 {
        let payload = match self {
            OwnedContainer::Array(lows) => size_of_val(&lows[..]),
            OwnedContainer::Bitset(..) => size_of::<Words>(),
            OwnedContainer::Runs(runs, _) => size_of_val(&runs[..]),
            OwnedContainer::Full => 0,
        };
        (payload + size_of::<(ChunkId, OwnedContainer)>()) as u64
    }

    pub(super) fn as_container(&self) -> Container<'_> {
        match self {
            OwnedContainer::Array(lows) => Container::Array(lows),
            OwnedContainer::Bitset(words, cardinality) => Container::Bitset { words, cardinality: *cardinality },
            OwnedContainer::Runs(runs, cardinality) => Container::Runs { runs, cardinality: *cardinality },
            OwnedContainer::Full => Container::Full,
        }
    }
}

/// How many runs there are, or at least `max` where there are so many.
fn run_count(container: Container<'_>, max: usize) -> usize {
    match container {
        Container::Empty => 0,
        Container::Full => 1,
        Container::Array(lows) => 1 + lows.windows(2).filter(|pair| pair[1] != pair[0] + 1).count(),
        Container::Runs { runs, .. } => runs.len(),
        Container::Bitset { words, .. } => {
            // A run begins where a bit is set and the one before is not.
            let mut before = 0;
            let mut count = 0;
            for words in words.chunks(RUN_WORDS) {
                for &word in words {
                    let begins = word & !(word << 1 | before);
                    // In long runs mostly none begins, and counting bits takes a while where no instruction does it.
                    if begins != 0 {
                        count += begins.count_ones() as usize;
                    }
                    before = word >> 63;
                }
                if count >= max {
                    break;
                }
            }
            count
        }
    }
}

/// Words between two looks at how many runs there are.
const RUN_WORDS: usize = 64;

fn runs(container: Container<'_>, run_count: usize) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::with_capacity(run_count);
    match container {
        Container::Runs { runs: given, .. } => runs.extend_from_slice(given),
        Container::Bitset { words, .. } => runs_of_words(words, &mut runs),
        _ => for_each_id(container, |low| match runs.last_mut() {
            Some(run) if u32::from(run.last) + 1 == u32::from(low) => run.last = low,
            _ => runs.push(Run { first: low, last: low }),
        }),
    }
    runs
}

/// Goes from one change between set and clear bits to the next.
fn runs_of_words(words: &Words, runs: &mut Vec<Run>) {
    let mut first = None;
    for (index, &word) in words.iter().enumerate() {
        let mut at = 0;
        while at < 64 {
            let rest = if first.is_some() { !word } else { word } >> at;
            if rest == 0 {
                break;
            }
            at += rest.trailing_zeros();
            let low = 64 * index as u32 + at;
            first = match first {
                None => Some(low as u16),
                Some(first) => {
                    runs.push(Run { first, last: (low - 1) as u16 });
                    None
                }
            };
        }
    }
    if let Some(first) = first {
        runs.push(Run { first, last: u16::MAX });
    }
}

fn lows(container: Container<'_>) -> Vec<u16> {
    if let Container::Array(lows) = container {
        return lows.to_vec();
    }
    let mut lows = Vec::with_capacity(container.cardinality() as usize);
    for_each_id(container, |low| lows.push(low));
    lows
}

fn words(container: Container<'_>) -> Box<Words> {
    let mut copy = Box::new([0; CHUNK_WORDS]);
    if let Container::Bitset { words, .. } = container {
        copy.copy_from_slice(words);
    } else {
        for_each_id(container, |low| copy[usize::from(low) / 64] |= 1 << (low % 64));
    }
    copy
}

/// One bitmap, gathered before its form is chosen.
#[derive(Default)]
pub(super) struct BitmapDraft {
    containers: Vec<(ChunkId, OwnedContainer)>,
    cardinality: u64,
    byte_len: u64,
}

impl BitmapDraft {
    /// The bitmap of these ids, which rise.
    pub(super) fn of_ids(ids: &[u32]) -> BitmapDraft {
        let mut draft = BitmapDraft::default();
        let mut lows = Vec::new();
        for chunk in ids.chunk_by(|a, b| a >> 16 == b >> 16) {
            lows.clear();
            lows.extend(chunk.iter().map(|&id| id as u16));
            draft.push(LocalId(chunk[0]).chunk(), Container::Array(&lows));
        }
        draft
    }

    /// Adds the members of one chunk; chunks rise, an empty container is left out.
    pub(super) fn push(&mut self, chunk: ChunkId, container: Container<'_>) {
        let cardinality = container.cardinality();
        if cardinality == 0 {
            return;
        }
        debug_assert!(self.containers.last().is_none_or(|(last, _)| *last < chunk));
        self.cardinality += u64::from(cardinality);
        let owned = OwnedContainer::smallest(container);
        self.byte_len += owned.byte_len();
        self.containers.push((chunk, owned));
    }

    /// How many bytes the containers take.
    pub(super) fn byte_len(&self) -> u64 {
        self.byte_len
    }

    /// Whether nothing was added.
    pub(super) fn is_empty(&self) -> bool {
        self.containers.is_empty()
    }

    /// Members over all chunks.
    pub(super) fn cardinality(&self) -> u64 {
        self.cardinality
    }

    /// The containers, by chunk.
    pub(super) fn containers(&self) -> &[(ChunkId, OwnedContainer)] {
        &self.containers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bits that change on average every `1 << length` ids.
    fn words_of_runs(random: &mut crate::storage::Random, length: u32) -> Words {
        let mut is_set = false;
        std::array::from_fn(|_| {
            (0..64).fold(0, |word, bit| {
                is_set ^= random.one_in(1 << length);
                word | u64::from(is_set) << bit
            })
        })
    }

    #[test]
    fn runs_of_words_are_those_of_their_ids() {
        let mut random = crate::storage::Random::seeded(1);
        for length in 0..17 {
            let words = words_of_runs(&mut random, length);
            let mut ids = Vec::new();
            let bitset = Container::Bitset { words: &words, cardinality: 0 };
            for_each_id(bitset, |low| ids.push(low));
            let expected = runs(Container::Array(&ids), 0);
            let found = runs(bitset, 0);
            assert_eq!(found, expected, "changes every {}", 1 << length);
            assert_eq!(run_count(bitset, usize::MAX), found.len());
            assert!(run_count(bitset, found.len() / 2) >= found.len() / 2);
        }
        assert_eq!(runs(Container::Bitset { words: &[u64::MAX; CHUNK_WORDS], cardinality: 0 }, 0).len(), 1);
    }
}
