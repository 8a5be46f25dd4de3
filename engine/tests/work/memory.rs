//! A count that is repeated takes no memory: everything it needs was made before.

use muster_engine::Options;
use muster_engine::query::Run;
use muster_engine::snapshot::MergedCounts;

use crate::store::{Store, options};

fn allocations(work: impl FnOnce()) -> u64 {
    allocation_counter::measure(work).count_total
}

#[test]
fn a_repeated_count_allocates_nothing() {
    let store = Store::loaded();
    check(&store);
    // Through layers it is folded once and merged once.
    store.change_some();
    check(&store);
    store.change_at_random(1);
    check(&store);
    assert!(store.engine.status().merged.bitmaps > 10);
}

#[test]
fn a_repeated_count_that_folds_allocates_nothing() {
    let store = Store::loaded_with(Options { merged_bytes_max: 0, ..options() });
    store.change_some();
    check(&store);
    assert_eq!(store.engine.status().merged, MergedCounts::default());
}

fn check(store: &Store) {
    let run = Run { threads: 1, ..Run::default() };
    for text in [
        "half",
        "half AND tenth",
        "half AND NOT tenth",
        "half AND tenth AND NOT first AND NOT last",
        "half OR tenth",
        "city IN (city1, city2, city5) AND half",
        "age BETWEEN 20 AND 40",
        "age BETWEEN 20 AND 40 AND tenth",
        "first AND age > 50",
        "AT LEAST 2 OF (half, tenth, even)",
        "NOT (half OR tenth)",
    ] {
        let prepared = store.prepare(text);
        let first = prepared.count(&run).unwrap();
        // Scratch is lent from one place: while another test has what this one used, it makes some anew. What a count
        // itself would take, it would take every time.
        let least = (0..20).map(|_| {
            let mut again = 0;
            let count = allocations(|| again = prepared.count(&run).unwrap().count);
            assert_eq!(again, first.count);
            count
        });
        assert_eq!(least.min(), Some(0), "allocations of a repeated count of {text}");
    }
}

/// A list that doubled would be copied as often as it is written.
#[test]
fn the_ids_of_a_page_are_moved_seldom_and_take_little_more_room_than_they_need() {
    let store = Store::loaded();
    for (text, most) in [("half", 3), ("half AND tenth", 3), ("NOT half", 3), ("first", 3)] {
        let prepared = store.prepare(text);
        let mut capacity = (0, 0);
        let least = (0..20).map(|_| {
            allocations(|| {
                let ids = prepared.members(&Run::default(), None, usize::MAX).unwrap().ids;
                capacity = (ids.len(), ids.capacity());
            })
        });
        let least = least.min().unwrap_or(u64::MAX);
        assert!(least <= most, "{least} allocations for the ids of {text}, at most {most}");
        let (ids, room) = capacity;
        assert!(room <= ids + ids / 4 + 10_000, "{text}: room for {room}, {ids} ids");
    }
}

/// What asking a new text costs is mostly its allocations: a few a condition, and none for each digit of a number.
#[test]
fn preparing_allocates_a_few_times_a_condition() {
    let store = Store::loaded();
    let least = |text: &str| (0..20).map(|_| allocations(|| drop(store.prepare(text)))).min().unwrap_or(u64::MAX);
    for (text, most) in [
        ("half", 15),
        ("half AND tenth", 25),
        ("city = city1", 21),
        ("city IN (city1, city2, city5)", 23),
        ("age BETWEEN 20 AND 40", 35),
        ("half AND tenth AND even AND NOT first AND city = city1 AND age > 50 AND NOT last", 70),
    ] {
        let count = least(text);
        assert!(count <= most, "{count} allocations to prepare {text}, at most {most}");
    }
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(std::hint::black_box(Box::new(1)))), 1);
}
