//! A distinct count: how many keys there are, in memory that does not grow with them.

use std::collections::HashSet;

/// Counts distinct hashes: exactly up to a number, beyond it by adaptive sampling (Flajolet, "On adaptive sampling",
/// Computing 34, 1990): of the hashes only those are kept that begin with so many zeros that there is room for them.
///
/// The standard error of the estimate is `1.2 / sqrt(kept_max)`.
pub(super) struct Distinct {
    kept: HashSet<u64>,
    kept_max: usize,
    /// The leading zeros of the hashes that are kept.
    depth: u32,
}

impl Distinct {
    /// Remembers at most `kept_max` hashes of 8 bytes.
    pub(super) fn new(kept_max: usize) -> Distinct {
        Distinct { kept: HashSet::new(), kept_max, depth: 0 }
    }

    /// Takes a hash of 64 bits that are all alike by chance.
    pub(super) fn add(&mut self, hash: u64) {
        if hash.leading_zeros() < self.depth {
            return;
        }
        self.kept.insert(hash);
        while self.kept.len() > self.kept_max && self.depth < u64::BITS {
            self.depth += 1;
            let depth = self.depth;
            self.kept.retain(|hash| hash.leading_zeros() >= depth);
        }
    }

    /// The number of distinct hashes.
    pub(super) fn count(&self) -> u64 {
        (self.kept.len() as u64) << self.depth.min(u64::BITS - 1)
    }

    /// Whether [`Distinct::count`] is an estimate.
    pub(super) fn is_estimate(&self) -> bool {
        self.depth > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The finalizer of splitmix64, which makes numbers in a row into hashes.
    fn hash(number: u64) -> u64 {
        let mut z = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    #[test]
    fn few_are_counted_exactly_and_many_within_the_error_and_the_room() {
        let mut distinct = Distinct::new(10_000);
        (0..20_000).for_each(|number| distinct.add(hash(number % 10_000)));
        assert_eq!((distinct.count(), distinct.is_estimate()), (10_000, false));
        for number in 0..1_000_000 {
            distinct.add(hash(number));
            assert!(distinct.kept.len() <= 10_000);
        }
        assert!(distinct.is_estimate());
        // Five times the standard error of 1.2 %.
        assert!(distinct.count().abs_diff(1_000_000) < 60_000, "{}", distinct.count());
    }
}
