//! Bitmaps of several layers are merged when they are asked for again: what that saves is counted, and no answer
//! changes.

use std::sync::Arc;

use muster_engine::ids::LocalId;
use muster_engine::part::folded_chunks;
use muster_engine::query::plan::QueryRequest;
use muster_engine::query::{Breakdown, Run, Stats};
use muster_engine::snapshot::{MergedCounts, Snapshot};
use muster_engine::{ErrorKind, Options};

use crate::store::{ENTITIES, Store, options};

const TEXTS: [&str; 16] = [
    "ALL",
    "half",
    "first",
    "half AND tenth",
    "even AND half",
    "half AND NOT tenth",
    "half AND tenth AND NOT first AND NOT last",
    "blocks AND even AND half",
    "half OR tenth OR last",
    "city IN (city1, city2, city7) AND half",
    "code IN (code1, code2, code3, code4)",
    "age BETWEEN 20 AND 40 AND half",
    "age < 0",
    "AT LEAST 2 OF (half, tenth, even)",
    "NOT (half OR tenth)",
    "code IS NOT MISSING AND blocks",
];

fn run() -> Run {
    Run { threads: 1, ..Run::default() }
}

fn merged(store: &Store) -> MergedCounts {
    store.engine.status().merged
}

/// Counts on a snapshot, and how many chunks that folded.
fn count_on(snapshot: &Snapshot, store: &Store, text: &str) -> (u64, u64) {
    let prepared = snapshot.prepare(store.type_id, text, &QueryRequest::at(0)).unwrap();
    let before = folded_chunks();
    let count = prepared.count(&run()).unwrap().count;
    (count, folded_chunks() - before)
}

fn count(store: &Store, text: &str) -> (u64, u64) {
    count_on(&store.engine.snapshot(), store, text)
}

type Answers = (u64, u64, Vec<u32>, Vec<bool>, Stats, Breakdown);

fn answers(store: &Store, text: &str) -> Answers {
    let prepared = store.prepare(text);
    let tag = |name: &str| prepared.snapshot().catalog().tag_named(store.type_id, name).unwrap().id;
    let counted = prepared.count(&run()).unwrap();
    let ids = prepared.members(&run(), None, usize::MAX).unwrap().ids.iter().map(|id| id.0).collect();
    let stats = prepared.stats(&run(), tag("age"), &[0.5]).unwrap();
    // By number costs most, and is read like the statistics.
    let breakdown = prepared.breakdown(&run(), tag(if text == "first" { "age" } else { "city" })).unwrap();
    let points = (0..ENTITIES).step_by(9_973).map(|id| prepared.contains(LocalId(id)).unwrap()).collect();
    (counted.count, counted.live, ids, points, stats, breakdown)
}

#[test]
fn answers_do_not_depend_on_what_is_merged() {
    let sizes = [0, 40_000, Options::default().merged_bytes_max];
    let stores = sizes.map(|merged_bytes_max| Store::loaded_with(Options { merged_bytes_max, ..options() }));
    for seed in 0..3 {
        stores.iter().for_each(|store| store.change_at_random(seed));
        for text in TEXTS {
            let expected = answers(&stores[0], text);
            for (store, size) in stores.iter().zip(sizes) {
                // Folded, merged, and found by another query.
                let place = format!("{text} after {seed} with {size} bytes");
                for _ in 0..3 {
                    assert!(answers(store, text) == expected, "{place}");
                }
            }
        }
    }
    let [none, some, all] = stores.each_ref().map(merged);
    assert_eq!(none, MergedCounts::default());
    assert!(some.bytes <= sizes[1] && some.made > 0 && some.refused > 0, "{some:?}");
    assert!(all.made > 50 && all.refused == 0 && all.found > 1_000, "{all:?}");
}

#[test]
fn what_is_asked_again_reads_no_young_layer() {
    let store = Store::loaded();
    store.change_some();
    for text in ["tenth", "half AND tenth", "age BETWEEN 20 AND 40", "city = city3 AND tenth", "NOT tenth"] {
        let (first, folded) = count(&store, text);
        let is_known = text.contains("tenth") && text != "tenth" && !text.contains("city");
        assert_eq!(folded == 0, is_known, "{text} for the first time");
        assert_eq!(count(&store, text).0, first, "{text}");
        assert_eq!(count(&store, text), (first, 0), "{text} asked for the third time, by a query of its own");
    }
    // One query that is kept does as well as new ones.
    store.change_one(1);
    let prepared = store.prepare("tenth AND NOT even");
    let folds = [0; 4].map(|_| {
        let before = folded_chunks();
        prepared.count(&run()).unwrap();
        folded_chunks() - before
    });
    assert!(folds[0] > 0 && folds[1] > 0 && folds[2..] == [0, 0], "{folds:?}");
}

#[test]
fn a_question_that_is_asked_once_merges_nothing() {
    let store = Store::loaded();
    store.change_some();
    for text in ["tenth", "age > 20", "city = city3"] {
        count(&store, text);
        assert_eq!(merged(&store).made, 0, "{text}");
    }
    for _ in 0..5 {
        store.prepare("tenth AND age > 0").contains(LocalId(997)).unwrap();
    }
    assert_eq!(merged(&store).made, 0, "questions about one entity");
}

#[test]
fn a_publish_keeps_what_it_does_not_touch() {
    let store = Store::loaded();
    store.change_at_random(0);
    let texts = ["half", "tenth", "city = city1"];
    for text in [texts, texts].concat() {
        count(&store, text);
    }
    let before = merged(&store);
    let (tenth, _) = count(&store, "tenth");
    // Two layers of very different size are not merged into one.
    store.change_one(5);
    let (half, folded) = count(&store, "half");
    assert_eq!(folded, 0, "half was not touched");
    assert_eq!(count(&store, "city = city1").1, 0, "the city was not touched");
    assert_eq!((merged(&store).made, merged(&store).bitmaps), (before.made, before.bitmaps));
    let (more, folded) = count(&store, "tenth");
    assert!(folded > 0, "tenth was touched");
    assert!((tenth..=tenth + 1).contains(&more));
    assert_eq!(count(&store, "half").0, half);
}

#[test]
fn snapshots_see_their_own_truth_beside_each_other() {
    let store = Store::loaded();
    let mut seen: Vec<(Snapshot, Vec<u64>)> = Vec::new();
    let all = |snapshot: &Snapshot| TEXTS.map(|text| count_on(snapshot, &store, text).0).to_vec();
    for seed in 0..6 {
        store.change_at_random(seed);
        if seed == 3 {
            store.engine.flush().unwrap();
        }
        if seed == 4 {
            store.engine.compact().unwrap();
        }
        let snapshot = store.engine.snapshot();
        let counts = all(&snapshot);
        seen.push((snapshot, counts));
        for _ in 0..3 {
            for (snapshot, counts) in &seen {
                assert_eq!(&all(snapshot), counts, "of version {} after {seed}", snapshot.version());
            }
        }
    }
    assert!(seen.windows(2).all(|pair| pair[0].1 != pair[1].1), "every change changes a count");
}

#[test]
fn nothing_merged_keeps_a_part_that_has_gone() {
    let store = Store::loaded();
    store.change_some();
    for _ in 0..2 {
        for text in TEXTS {
            count(&store, text);
        }
    }
    assert!(merged(&store).bitmaps > 5);
    let parts: Vec<_> =
        store.engine.snapshot().layers().iter().flat_map(|layer| &layer.parts).map(Arc::downgrade).collect();
    store.engine.compact().unwrap();
    assert!(parts.iter().all(|part| part.upgrade().is_none()));
    let counts = merged(&store);
    assert_eq!((counts.bitmaps, counts.bytes), (0, 0));
}

#[test]
fn the_longest_idle_makes_room() {
    // Room for one of the dense ones.
    let store = Store::loaded_with(Options { merged_bytes_max: 80_000, ..options() });
    store.change_some();
    let ask = |text: &str| [0; 3].map(|_| count(&store, text))[2].1;
    assert_eq!(ask("tenth AND first"), 0);
    let live = ask("city = city3 AND first");
    assert!(live > 0, "city3 finds no room beside tenth");
    let counts = merged(&store);
    assert!(counts.bytes <= 80_000 && counts.refused == 1 && counts.displaced == 0, "{counts:?}");
    // Nobody asks for tenth any more.
    for _ in 0..3_000 {
        count(&store, "city = city3 AND first");
    }
    assert_eq!(ask("city = city3 AND first"), 0, "{:?}", merged(&store));
    let counts = merged(&store);
    assert!(counts.bytes <= 80_000 && counts.displaced == 1, "{counts:?}");
    assert!(ask("tenth AND first") > 0);
}

#[test]
fn a_damaged_container_is_told_by_who_needs_it() {
    let store = Store::loaded();
    store.change_one(5 * 65_536 + 1);
    // The bitsets of `half`, which was created first, stand at the beginning of the only part; those of `tenth` follow.
    let damaged = damage(store, 64 + 8_192 * (7 + 5) + 100);
    for _ in 0..4 {
        let prepared = damaged.prepare("tenth");
        let error = prepared.count(&run()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
        assert!(error.message().contains("checksum"), "{error}");
        // Only chunk 0 is read, though the whole bitmap cannot be merged.
        let elsewhere = damaged.prepare("first AND tenth").count(&run()).unwrap().count;
        assert!((1..50).contains(&elsewhere), "{elsewhere}");
    }
    let counts = merged(&damaged);
    assert!(counts.made == 0 && counts.refused > 0, "{counts:?}");
}

/// The store, closed, with one byte of its largest part changed, and opened again.
fn damage(store: Store, at: usize) -> Store {
    store.reopened_after(|folder| {
        let files = std::fs::read_dir(folder.join("parts")).unwrap().map(|file| file.unwrap().path());
        let largest = files.max_by_key(|path| std::fs::metadata(path).unwrap().len()).unwrap();
        let mut bytes = std::fs::read(&largest).unwrap();
        bytes[at] ^= 1;
        std::fs::write(&largest, bytes).unwrap();
    })
}
