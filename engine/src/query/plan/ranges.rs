//! Sets of numbers as ranges: what a comparison of one tag against constants selects.
//!
//! Ends are inclusive. A set is rising, disjoint and without adjacent ranges, so equal sets are equal slices. Numbers
//! of a tag are `NUMBER_MIN..=NUMBER_MAX`; the least `i64` is no number of a tag.

use super::node::Comparison;

/// The least number that a tag can hold.
pub(super) const NUMBER_MIN: i64 = -i64::MAX;
/// The largest number that a tag can hold.
pub(super) const NUMBER_MAX: i64 = i64::MAX;

/// A set of numbers: rising, disjoint, not adjacent.
pub(super) type Ranges = Vec<(i64, i64)>;

/// Every number.
pub(super) fn everything() -> Ranges {
    vec![(NUMBER_MIN, NUMBER_MAX)]
}

/// Whether the set holds every number.
pub(super) fn is_everything(ranges: &[(i64, i64)]) -> bool {
    ranges == [(NUMBER_MIN, NUMBER_MAX)]
}

/// The numbers of `low..=high` that a tag can hold.
pub(super) fn between(low: i128, high: i128) -> Ranges {
    let low = low.max(i128::from(NUMBER_MIN));
    let high = high.min(i128::from(NUMBER_MAX));
    if low > high {
        return Ranges::new();
    }
    vec![(low as i64, high as i64)]
}

/// The numbers x with `factor * x + constant op 0`, by exact division. `factor` is not zero; `constant` is not the
/// least `i128`.
pub(super) fn solve(factor: i128, constant: i128, op: Comparison) -> Ranges {
    let (factor, constant, op) = if factor < 0 { (-factor, -constant, op.flipped()) } else { (factor, constant, op) };
    // x op target / factor
    let target = -constant;
    let (floor, exact) = match factor {
        1 => (target, true),
        _ => (target.div_euclid(factor), target.rem_euclid(factor) == 0),
    };
    let ceiling = if exact { floor } else { floor + 1 };
    match op {
        Comparison::Equal if exact => between(floor, floor),
        Comparison::Equal => Ranges::new(),
        Comparison::NotEqual if exact => complement(&between(floor, floor)),
        Comparison::NotEqual => everything(),
        Comparison::Less => between(i128::MIN, ceiling - 1),
        Comparison::LessOrEqual => between(i128::MIN, floor),
        Comparison::Greater => between(floor + 1, i128::MAX),
        Comparison::GreaterOrEqual => between(ceiling, i128::MAX),
    }
}

/// The numbers outside.
pub(super) fn complement(ranges: &[(i64, i64)]) -> Ranges {
    let mut outside = Ranges::with_capacity(ranges.len() + 1);
    let mut next = NUMBER_MIN;
    for &(low, high) in ranges {
        if low > next {
            outside.push((next, low - 1));
        }
        if high == NUMBER_MAX {
            return outside;
        }
        next = high + 1;
    }
    outside.push((next, NUMBER_MAX));
    outside
}

/// Brings ranges in any order, overlapping or not, into the form of a set.
pub(super) fn normalize(mut ranges: Ranges) -> Ranges {
    ranges.sort_unstable();
    let mut merged = Ranges::with_capacity(ranges.len());
    for (low, high) in ranges {
        match merged.last_mut() {
            Some(last) if last.1 == NUMBER_MAX || low <= last.1 + 1 => last.1 = last.1.max(high),
            _ => merged.push((low, high)),
        }
    }
    merged
}

/// The numbers in both sets.
pub(super) fn intersect(left: &[(i64, i64)], right: &[(i64, i64)]) -> Ranges {
    let mut both = Ranges::new();
    let (mut i, mut j) = (0, 0);
    while i < left.len() && j < right.len() {
        let low = left[i].0.max(right[j].0);
        let high = left[i].1.min(right[j].1);
        if low <= high {
            both.push((low, high));
        }
        if left[i].1 < right[j].1 {
            i += 1;
        } else {
            j += 1;
        }
    }
    both
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solve_is_exact_for_every_sign() {
        let ops = [
            Comparison::Equal,
            Comparison::NotEqual,
            Comparison::Less,
            Comparison::LessOrEqual,
            Comparison::Greater,
            Comparison::GreaterOrEqual,
        ];
        for factor in [-3i128, -2, -1, 1, 2, 5] {
            for constant in -12i128..=12 {
                for op in ops {
                    let ranges = solve(factor, constant, op);
                    for x in -20i64..=20 {
                        let inside = ranges.iter().any(|&(low, high)| low <= x && x <= high);
                        let holds = op.holds(&(factor * i128::from(x) + constant), &0);
                        assert_eq!(inside, holds, "{factor} * {x} + {constant} {op:?} 0");
                    }
                }
            }
        }
    }

    #[test]
    fn what_a_tag_cannot_hold_is_decided() {
        let beyond = 10i128.pow(30);
        assert_eq!(solve(1, -beyond, Comparison::Greater), []);
        assert_eq!(solve(1, -beyond, Comparison::Less), everything());
        assert_eq!(solve(1, -beyond, Comparison::Equal), []);
        assert_eq!(solve(1, -beyond, Comparison::NotEqual), everything());
        assert_eq!(solve(1, beyond, Comparison::GreaterOrEqual), everything());
    }

    #[test]
    fn set_operations_keep_the_form() {
        let set = normalize(vec![(5, 7), (1, 2), (3, 3), (6, 9), (NUMBER_MAX, NUMBER_MAX)]);
        assert_eq!(set, [(1, 3), (5, 9), (NUMBER_MAX, NUMBER_MAX)]);
        assert_eq!(complement(&complement(&set)), set);
        assert_eq!(intersect(&set, &complement(&set)), []);
        assert_eq!(intersect(&set, &everything()), set);
        assert_eq!(complement(&[]), everything());
        assert!(is_everything(&complement(&[])));
    }
}
