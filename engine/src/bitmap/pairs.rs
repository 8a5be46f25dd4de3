//! Counts of two containers, nothing stored. Only the intersection is ever walked: the other
//! three counts follow from it and from the two cardinalities.

use super::{Container, Fused, kernel, runs};

/// `|a AND b|`. Inline, so that containers stay in registers.
#[inline(always)]
pub fn and_count(a: Container<'_>, b: Container<'_>) -> u32 {
    use Container::{Array, Bitset, Empty, Full, Runs};
    let kernel = kernel::current();
    match (a, b) {
        (Bitset { words: x, .. }, Bitset { words: y, .. }) => kernel.and_count(x, y),
        (Array(ids), Bitset { words, .. }) | (Bitset { words, .. }, Array(ids)) => kernel.probe_count(ids, words),
        (Array(x), Array(y)) => kernel.intersect_count(x, y),
        (Runs { runs, .. }, Bitset { words, .. }) | (Bitset { words, .. }, Runs { runs, .. }) => {
            kernel.covered_count(runs, &Fused::all(&[words]))
        }
        (Runs { runs, .. }, Array(ids)) | (Array(ids), Runs { runs, .. }) => kernel.inside_count(ids, runs),
        (Runs { runs: x, .. }, Runs { runs: y, .. }) => runs::common_count(x, y),
        (Empty, _) | (_, Empty) => 0,
        (Full, other) | (other, Full) => other.cardinality(),
    }
}

/// `|a OR b|`.
pub fn or_count(a: Container<'_>, b: Container<'_>) -> u32 {
    a.cardinality() + b.cardinality() - and_count(a, b)
}

/// `|a AND NOT b|`.
pub fn and_not_count(a: Container<'_>, b: Container<'_>) -> u32 {
    a.cardinality() - and_count(a, b)
}
