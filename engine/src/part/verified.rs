//! Which pages or units of a part have been checked since it was opened: one relaxed bit each.
//!
//! Two threads may both check the same unit; both come to the same answer.

use std::sync::atomic::{AtomicU64, Ordering};

/// See the module.
#[derive(Debug)]
pub(super) struct Verified {
    bits: Box<[AtomicU64]>,
}

impl Verified {
    /// Nothing of `count` things is checked.
    pub(super) fn none(count: usize) -> Verified {
        Verified { bits: (0..count.div_ceil(64)).map(|_| AtomicU64::new(0)).collect() }
    }

    /// Whether `index` has been checked; false where it is out of range.
    #[inline]
    pub(super) fn contains(&self, index: usize) -> bool {
        self.bits.get(index / 64).is_some_and(|word| word.load(Ordering::Relaxed) >> (index % 64) & 1 == 1)
    }

    /// Those that have been checked, rising.
    pub(super) fn iter(&self) -> impl Iterator<Item = usize> {
        let words = self.bits.iter().map(|word| word.load(Ordering::Relaxed)).enumerate();
        words.flat_map(|(index, word)| (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| 64 * index + bit))
    }

    /// Remembers that `index` has been checked. REQUIRES: `index` is in range.
    pub(super) fn insert(&self, index: usize) {
        self.bits[index / 64].fetch_or(1 << (index % 64), Ordering::Relaxed);
    }
}
