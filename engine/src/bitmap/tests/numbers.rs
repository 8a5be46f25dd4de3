//! Numbers as bit slices.

use super::oracle::{Oracle, Owned, Random, assert_holds, with_every_kernel};
use crate::bitmap::buffer::AlignedWords;
use crate::bitmap::{
    ChunkBuffer, Container, Fused, Slices, Words, gather_values, slices_max, slices_min, slices_range_fused_count,
    slices_range_fused_into, slices_range_into, slices_sum,
};

/// One number per id, and their slices.
struct Numbers {
    numbers: Vec<u64>,
    slices: Vec<AlignedWords>,
}

impl Numbers {
    fn new(width: usize, random: &mut Random) -> Self {
        let mask = u64::MAX.checked_shr(64 - width as u32).unwrap_or(0);
        let numbers: Vec<_> = (0..65_536).map(|_| random.next() & mask).collect();
        let mut slices = vec![AlignedWords::ZERO; width];
        for (id, number) in numbers.iter().enumerate() {
            for (digit, slice) in slices.iter_mut().enumerate() {
                slice.0[id / 64] |= (number >> digit & 1) << (id % 64);
            }
        }
        Numbers { numbers, slices }
    }

    fn borrowed(&self) -> Vec<Option<&Words>> {
        self.slices.iter().map(|slice| Some(&slice.0)).collect()
    }
}

#[test]
fn ranges_agree_with_a_comparison_of_each_number() {
    let seed = 31;
    println!("seed {seed}");
    let mut random = Random(seed);
    for width in [0, 1, 3, 7, 20, 64] {
        let numbers = Numbers::new(width, &mut random);
        let slices = numbers.borrowed();
        let slices = Slices { slices: &slices };
        let filter = random.scattered(700);
        let forms = Owned::forms(&filter);
        let Container::Bitset { words: filter_words, .. } = forms[1].borrow() else { panic!() };
        let mask = u64::MAX.checked_shr(64 - width as u32).unwrap_or(0);
        let mut bounds: Vec<_> =
            (0..6).map(|_| (random.next() & mask, random.next() & mask)).map(|(a, b)| (a.min(b), a.max(b))).collect();
        bounds.extend([(0, u64::MAX), (0, 0), (0, mask / 2), (mask / 2 + 1, u64::MAX), (5, 4)]);
        bounds.extend([(mask, mask), (1, 1), (4, 4), (mask, u64::MAX), (8, mask.max(8) - 1)]);
        bounds.push((numbers.numbers[99], numbers.numbers[99]));
        with_every_kernel(|_| {
            let mut out = ChunkBuffer::new();
            for &(low, high) in &bounds {
                let is_inside = |id: u16| (low..=high).contains(&numbers.numbers[usize::from(id)]);
                let expected = Oracle::new(|id| is_inside(id) && filter.0[usize::from(id)]);
                let what = format!("width {width}, {low}..={high}");
                let count = slices_range_fused_count(slices, low, high, &Fused::all(&[filter_words]));
                assert_eq!(count, expected.count(), "{what}");
                let words = out.words_for_overwrite();
                let count = slices_range_into(slices, low, high, filter_words, words);
                out.set_cardinality(count);
                assert_holds(&out, &expected, &what);
                let none = Fused { none: &[filter_words], ..Fused::default() };
                let expected = Oracle::new(|id| is_inside(id) && !filter.0[usize::from(id)]);
                let count = slices_range_fused_count(slices, low, high, &none);
                assert_eq!(count, expected.count(), "{what} outside of the filter");
                slices_range_fused_into(slices, low, high, &none, &mut out);
                assert_holds(&out, &expected, &what);
            }
        });
    }
}

#[test]
fn sums_extremes_and_gathered_values_agree_with_each_number() {
    let seed = 32;
    println!("seed {seed}");
    let mut random = Random(seed);
    for width in [0, 1, 20, 33, 64] {
        let numbers = Numbers::new(width, &mut random);
        let slices = numbers.borrowed();
        let slices = Slices { slices: &slices };
        let mut sets = vec![Oracle::new(|_| true), Oracle::new(|_| false)];
        sets.extend([random.exactly(1), random.exactly(37), random.exactly(3_000)]);
        sets.extend([random.scattered(400), random.clustered(300, 2_000)]);
        with_every_kernel(|_| {
            for set in &sets {
                let ids = set.ids();
                let chosen: Vec<_> = ids.iter().map(|&id| numbers.numbers[usize::from(id)]).collect();
                let sum: u128 = chosen.iter().map(|&number| u128::from(number)).sum();
                for filter in Owned::forms(set) {
                    let filter = filter.borrow();
                    assert_eq!(slices_sum(slices, filter), sum);
                    assert_eq!(slices_min(slices, filter), chosen.iter().copied().min());
                    assert_eq!(slices_max(slices, filter), chosen.iter().copied().max());
                }
                let mut gathered = vec![7];
                gather_values(slices, &ids, &mut gathered);
                assert_eq!(gathered[0], 7);
                assert!(gathered[1..] == chosen, "{} ids", ids.len());
            }
        });
    }
}

#[test]
fn a_missing_slice_is_a_digit_that_nobody_has() {
    let mut random = Random(33);
    let mut numbers = Numbers::new(9, &mut random);
    numbers.numbers.iter_mut().for_each(|number| *number &= !0b1_0000_0100);
    let mut slices = numbers.borrowed();
    (slices[2], slices[8]) = (None, None);
    let slices = Slices { slices: &slices };
    let everybody = [u64::MAX; 1024];
    with_every_kernel(|_| {
        for (low, high) in [(0, 100), (3, 8), (4, 4), (251, 251), (251, 9_000), (256, 511)] {
            let expected = numbers.numbers.iter().filter(|&n| (low..=high).contains(n)).count();
            let count = slices_range_fused_count(slices, low, high, &Fused::all(&[&everybody]));
            assert_eq!(count, expected as u32, "{low}..={high}");
        }
        let sum: u64 = numbers.numbers.iter().sum();
        assert_eq!(slices_sum(slices, Container::Full), u128::from(sum));
        assert_eq!(slices_max(slices, Container::Full), Some(251));
    });
}
