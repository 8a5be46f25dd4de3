//! Queries that are asked again are not read, planned and bound again, as long as nothing changes what they mean.

use std::sync::Arc;

use muster_engine::ids::LocalId;
use muster_engine::query::plan::{Parameter, QueryRequest};
use muster_engine::query::{Prepared, contains_each};
use muster_engine::snapshot::{KEPT_QUERIES_MAX, KeptQueryCounts};

use crate::store::Store;

const DAY_MS: i64 = 86_400_000;
const HOUR_MS: i64 = 3_600_000;

fn counts(store: &Store) -> KeptQueryCounts {
    store.engine.status().kept_queries
}

fn ask(store: &Store, texts: &[&str], request: &QueryRequest) -> Vec<Arc<Prepared>> {
    let prepared = store.engine.snapshot().prepare_kept(store.type_id, texts, request);
    prepared.into_iter().map(Result::unwrap).collect()
}

/// How many had to be prepared anew.
fn prepared_anew(store: &Store, texts: &[&str], request: &QueryRequest) -> u64 {
    let before = counts(store);
    ask(store, texts, request);
    let after = counts(store);
    assert_eq!(after.prepared + after.found, before.prepared + before.found + texts.len() as u64);
    after.prepared - before.prepared
}

#[test]
fn hundreds_of_audiences_are_prepared_once_a_version() {
    let store = Store::loaded();
    let texts: Vec<String> = (0..200).map(|n| format!("half AND age > {n} OR city = city{}", n % 8)).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let request = QueryRequest::at(0);
    assert_eq!(prepared_anew(&store, &texts, &request), 200);
    for _ in 0..1_000 {
        assert_eq!(prepared_anew(&store, &texts, &request), 0);
    }
    // What is kept answers like what is prepared anew, for the version that it was prepared on.
    let kept = ask(&store, &texts, &request);
    for id in (0..1_000).map(LocalId) {
        let expected: Vec<bool> = texts.iter().map(|text| store.prepare(text).contains(id).unwrap()).collect();
        let found: Vec<bool> = contains_each(&kept, id).into_iter().map(Result::unwrap).collect();
        assert_eq!(found, expected, "entity {id}");
        if id.0 % 100 == 99 {
            break;
        }
    }
    store.change_some();
    assert_eq!(counts(&store).kept, 0, "a version that is not the newest keeps nothing");
    assert_eq!(prepared_anew(&store, &texts, &request), 200);
    assert_eq!(prepared_anew(&store, &texts, &request), 0);
}

#[test]
fn what_a_query_means_may_change_with_the_day_the_zone_and_what_stands_beside() {
    let store = Store::loaded_with_moments();
    let [timeless, daily, now] = ["half", "joined = today", "seen IN LAST 2h"];
    let texts = [timeless, daily, now];
    let at = |now_unix_ms| QueryRequest { ..QueryRequest::at(now_unix_ms) };
    assert_eq!(prepared_anew(&store, &texts, &at(0)), 3);
    assert_eq!(prepared_anew(&store, &texts, &at(0)), 0);
    assert_eq!(prepared_anew(&store, &texts, &at(HOUR_MS)), 1, "the one that says now");
    assert_eq!(prepared_anew(&store, &texts, &at(DAY_MS - 1)), 1);
    assert_eq!(prepared_anew(&store, &texts, &at(DAY_MS)), 2, "the next day, in UTC");
    assert_eq!(prepared_anew(&store, &texts, &at(DAY_MS - 1)), 2, "a clock that was put back");
    // Eight hours before its midnight, Shanghai is on the next day.
    let shanghai = |now_unix_ms| QueryRequest { zone: Some("Asia/Shanghai".into()), ..at(now_unix_ms) };
    assert_eq!(prepared_anew(&store, &[daily], &shanghai(15 * HOUR_MS)), 1);
    assert_eq!(prepared_anew(&store, &[daily], &shanghai(16 * HOUR_MS - 1)), 0);
    assert_eq!(prepared_anew(&store, &[daily], &shanghai(16 * HOUR_MS)), 1);
    let little = QueryRequest { memory_bytes_max: 8 << 20, ..at(0) };
    assert_eq!(prepared_anew(&store, &[timeless], &little), 1);
}

#[test]
fn what_is_kept_is_bounded_and_parameters_are_not_kept() {
    let store = Store::loaded();
    let texts: Vec<String> = (0..KEPT_QUERIES_MAX + 500).map(|n| format!("age > {n}")).collect();
    for texts in texts.chunks(256) {
        ask(&store, &texts.iter().map(String::as_str).collect::<Vec<_>>(), &QueryRequest::at(0));
        assert!(counts(&store).kept <= KEPT_QUERIES_MAX as u64);
    }
    let mut request = QueryRequest::at(0);
    request.parameters.insert("age".to_owned(), Parameter::Scalar("30".to_owned()));
    let before = counts(&store);
    ask(&store, &["age > $age"], &request);
    assert_eq!(counts(&store), before);
}
