//! From containers to ids.

use super::oracle::{Owned, Random, sets, with_every_kernel};
use crate::bitmap::{Ids, append_ids, append_page};

#[test]
fn appended_ids_are_the_members_plus_the_base() {
    let seed = 41;
    println!("seed {seed}");
    let mut random = Random(seed);
    let mut sets = sets(seed);
    sets.extend((0..12).map(|step| random.scattered(step * 90 + 2)));
    with_every_kernel(|_| {
        for set in &sets {
            for form in Owned::forms(set) {
                let base = 0xfffe_0000;
                let mut out = vec![1, 2, 3];
                append_ids(form.borrow(), base, &mut out);
                let expected = set.ids().into_iter().map(|id| base + u32::from(id));
                assert!(out[..3] == [1, 2, 3] && out[3..].iter().copied().eq(expected));
            }
        }
    });
}

#[test]
fn pages_join_up_to_all_members() {
    for set in sets(42) {
        let expected: Vec<_> = set.ids().into_iter().map(u32::from).collect();
        for form in Owned::forms(&set) {
            for limit in [900, 65_535, 65_536] {
                let (mut out, mut low, mut pages) = (Vec::new(), Some(0), 0);
                while let Some(from) = low {
                    low = append_page(form.borrow(), from, limit, 0, &mut out);
                    pages += 1;
                }
                assert!(out == expected);
                assert_eq!(pages, expected.len().div_ceil(limit).max(1));
            }
        }
    }
}

#[test]
fn ids_begin_at_any_id() {
    for set in sets(43) {
        for form in Owned::forms(&set) {
            for low in [0, 1, 63, 64, 1_000, 1_063, 31_000, 65_535] {
                let expected = set.ids().into_iter().filter(|&id| id >= low);
                assert!(Ids::from(form.borrow(), low).eq(expected), "from {low}");
            }
        }
    }
}
