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
        let run_bytes = size_of::<Run>() * run_count(container);
        let array_bytes = 2 * cardinality as usize;
        if run_bytes < array_bytes.min(size_of::<Words>()) {
            return OwnedContainer::Runs(runs(container), cardinality);
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

fn run_count(container: Container<'_>) -> usize {
    match container {
        Container::Empty => 0,
        Container::Full => 1,
        Container::Array(lows) => 1 + lows.windows(2).filter(|pair| pair[1] != pair[0] + 1).count(),
        Container::Runs { runs, .. } => runs.len(),
        Container::Bitset { words, .. } => {
            // A run begins where a bit is set and the one before is not.
            let mut before = 0;
            let mut count = 0;
            for &word in words {
                count += (word & !(word << 1 | before)).count_ones() as usize;
                before = word >> 63;
            }
            count
        }
    }
}

fn runs(container: Container<'_>) -> Vec<Run> {
    if let Container::Runs { runs, .. } = container {
        return runs.to_vec();
    }
    let mut runs: Vec<Run> = Vec::with_capacity(run_count(container));
    for_each_id(container, |low| match runs.last_mut() {
        Some(run) if u32::from(run.last) + 1 == u32::from(low) => run.last = low,
        _ => runs.push(Run { first: low, last: low }),
    });
    runs
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
