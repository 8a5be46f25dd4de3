//! However many threads take part, and whatever they leave each other, the answer is the same.

use muster_engine::catalog::{CatalogChange, TagKind, TagSpec};
use muster_engine::columns::{ColumnValues, KeyColumn, LoadBlock, LoadColumn};
use muster_engine::query::Run;
use muster_engine::storage::Random;
use muster_engine::write::LoadSpec;

use crate::store::{ENTITIES, Store};

const TEXTS: [&str; 9] = [
    "half",
    "half AND tenth",
    "half AND NOT tenth",
    "half AND tenth AND NOT first AND NOT last",
    "half OR tenth OR last",
    "city IN (city1, city2, city5) AND half",
    "age BETWEEN 20 AND 40 AND half",
    "AT LEAST 2 OF (half, tenth, even)",
    "NOT (half OR tenth)",
];

fn check(store: &Store) {
    let snapshot = store.engine.snapshot();
    let tag = |name: &str| snapshot.catalog().tag_named(store.type_id, name).unwrap().id;
    for text in TEXTS {
        let prepared = store.prepare(text);
        let one = Run { threads: 1, ..Run::default() };
        let count = prepared.count(&one).unwrap().count;
        let stats = prepared.stats(&one, tag("age"), &[0.1, 0.5]).unwrap();
        let cities = prepared.breakdown(&one, tag("city")).unwrap();
        let ages = prepared.breakdown(&one, tag("age")).unwrap();
        assert_eq!(stats.members, count, "{text}");
        for threads in [0, 2, 3, 4, 9] {
            let run = Run { threads, ..Run::default() };
            let place = format!("{text} with {threads} threads");
            for _ in 0..5 {
                assert_eq!(prepared.count(&run).unwrap().count, count, "{place}");
            }
            assert_eq!(prepared.stats(&run, tag("age"), &[0.1, 0.5]).unwrap(), stats, "{place}");
            assert_eq!(prepared.breakdown(&run, tag("city")).unwrap(), cities, "{place}");
            assert_eq!(prepared.breakdown(&run, tag("age")).unwrap(), ages, "{place}");
        }
    }
}

#[test]
fn answers_do_not_depend_on_the_number_of_threads() {
    let store = Store::loaded();
    check(&store);
    store.change_some();
    check(&store);
}

/// A sum over more than a megabyte asks the others when its first grains have taken long, unless a number of threads
/// was named: then at once. Either way it is the sum of the numbers.
#[test]
fn who_helps_is_decided_on_the_way() {
    let store = Store::loaded();
    let create = CatalogChange::CreateTag(Box::new(TagSpec::new("users", "amount", TagKind::Int)));
    let tag = store.engine.change_catalog(create).unwrap().tag_id.unwrap();
    let mut random = Random::seeded(17);
    let values: Vec<i64> = (0..ENTITIES).map(|_| random.below(1 << 20) as i64).collect();
    let sum: i64 = values.iter().sum();
    let mut load = store.engine.begin_load(LoadSpec::new(store.type_id, "amounts")).unwrap();
    let column = LoadColumn { tag, values: ColumnValues::Number { values, valid: None }, null_clears: false };
    let keys = KeyColumn::Number((0..u64::from(ENTITIES)).collect());
    load.append(LoadBlock { keys, columns: vec![column] }).unwrap();
    load.commit().unwrap();
    let prepared = store.prepare("ALL");
    for threads in [0, 0, 0, 1, 2, 4] {
        let run = Run { threads, ..Run::default() };
        assert_eq!(prepared.sum(&run, tag).unwrap(), (u64::from(ENTITIES), i128::from(sum)), "{threads} threads");
    }
}

#[test]
fn many_callers_share_the_workers() {
    let store = Store::loaded();
    let expected = store.prepare(TEXTS[3]).count(&Run { threads: 1, ..Run::default() }).unwrap().count;
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let prepared = store.prepare(TEXTS[3]);
                for _ in 0..50 {
                    assert_eq!(prepared.count(&Run { threads: 4, ..Run::default() }).unwrap().count, expected);
                }
            });
        }
    });
}

#[test]
fn a_cancelled_query_stops_on_every_thread() {
    let store = Store::loaded();
    let cancelled = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let run = Run { cancelled: Some(cancelled), threads: 4, ..Run::default() };
    let error = store.prepare(TEXTS[3]).count(&run).unwrap_err();
    assert_eq!(error.kind(), muster_engine::ErrorKind::Cancelled, "{error}");
}
