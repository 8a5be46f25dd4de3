//! A caller that is gone or late costs nothing: every answer looks whether it is still wanted after a bounded number of
//! containers, values, members and keys. What is counted is work, never time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Instant;

use muster_engine::ids::LocalId;
use muster_engine::query::plan::{Parameter, QueryRequest};
use muster_engine::query::{Prepared, Profiler, Run, Stop, Trace, profile};
use muster_engine::{ErrorKind, Result};

use crate::store::{ENTITIES, Store};

type Answer = (&'static str, fn(&Store, &Prepared, &Run) -> Result<()>);

/// Every way to ask a prepared query.
const ANSWERS: [Answer; 12] = [
    ("count", |_, prepared, run| prepared.count(run).map(drop)),
    ("a page of members", |_, prepared, run| prepared.members(run, None, 1_000_000).map(drop)),
    ("roaring bytes", |_, prepared, run| prepared.bitmap(run).map(drop)),
    ("a breakdown by few values", |store, prepared, run| prepared.breakdown(run, store.tag("city")).map(drop)),
    ("a breakdown by a thousand values", |store, prepared, run| prepared.breakdown(run, store.tag("code")).map(drop)),
    ("a breakdown by numbers", |store, prepared, run| prepared.breakdown(run, store.tag("age")).map(drop)),
    ("a sum", |store, prepared, run| prepared.sum(run, store.tag("age")).map(drop)),
    ("quantiles", |store, prepared, run| prepared.stats(run, store.tag("age"), &[0.5, 0.9]).map(drop)),
    ("an analysis", |_, prepared, run| prepared.analyze(run, None).map(drop)),
    ("why", |_, prepared, run| prepared.why(run, LocalId(5)).map(drop)),
    ("a profile", |store, prepared, run| {
        profile(prepared.snapshot(), store.type_id, LocalId(5), 64 << 20, run).map(drop)
    }),
    ("a reader of entities", |store, prepared, run| {
        let mut profiler = Profiler::new(prepared.snapshot(), store.type_id, 64 << 20, run)?;
        let catalog = prepared.snapshot().catalog();
        let tag = catalog.tag(store.tag("code")).expect("a tag");
        (0..1_000).try_for_each(|id| profiler.value(tag, LocalId(id)).map(drop))
    }),
];

#[test]
fn no_answer_begins_for_a_caller_that_is_gone_or_late() {
    let gone = Run { cancelled: Some(Arc::new(AtomicBool::new(true))), ..Run::default() };
    let late = Run { deadline: Some(Instant::now()), ..Run::default() };
    for (run, kind) in [(gone, ErrorKind::Cancelled), (late, ErrorKind::Deadline)] {
        let store = Store::loaded();
        // Through layers, so that bitmaps are folded and, asked again, merged.
        store.change_some();
        for (name, ask) in ANSWERS {
            for round in 0..3 {
                let prepared = store.prepare("half AND NOT tenth OR age > 40");
                let before = store.engine.snapshot().touched_bytes().unwrap();
                let error = ask(&store, &prepared, &run).expect_err(name);
                assert_eq!(error.kind(), kind, "{name}, round {round}: {error}");
                let touched = store.engine.snapshot().touched_bytes().unwrap() - before;
                assert!(touched <= 64 << 10, "{name} touched {touched} bytes for nobody, round {round}");
            }
        }
    }
}

#[test]
fn a_reader_that_goes_away_in_the_middle_is_noticed_at_the_next_entity() {
    let store = Store::loaded();
    let flag = Arc::new(AtomicBool::new(false));
    let run = Run { cancelled: Some(Arc::clone(&flag)), ..Run::default() };
    let snapshot = store.engine.snapshot();
    let tag = snapshot.catalog().tag(store.tag("city")).unwrap();
    let mut profiler = Profiler::new(&snapshot, store.type_id, 64 << 20, &run).unwrap();
    assert!((0..100).all(|id| profiler.value(tag, LocalId(id)).is_ok()));
    flag.store(true, Relaxed);
    assert_eq!(profiler.value(tag, LocalId(100)).unwrap_err().kind(), ErrorKind::Cancelled);
}

/// How often somebody looks while `text` is counted.
fn looks(store: &Store, text: &str) -> u64 {
    let prepared = store.prepare(text);
    let trace = Arc::new(Trace::default());
    let run = Run { trace: Some(Arc::clone(&trace)), threads: 1, ..Run::default() };
    prepared.count(&run).unwrap();
    trace.looks()
}

#[test]
fn long_lists_of_conditions_look_between_them() {
    const TERMS: u64 = 1_500;
    let store = Store::loaded();
    let chunks = u64::from(ENTITIES.div_ceil(65_536));
    let condition = |n: u64| match n % 3 {
        0 => format!("(half AND age > {n})"),
        1 => format!("(tenth AND age > {n})"),
        _ => format!("(even AND NOT age < {n})"),
    };
    let terms = |between: &str| (0..TERMS).map(condition).collect::<Vec<_>>().join(between);
    for (text, each) in [
        (format!("AT LEAST 700 OF ({})", terms(", ")), 1),
        (terms(" OR "), 1),
        (format!("ALL AND NOT ({})", terms(" OR ")), 1),
        (format!("EXACTLY 3 OF ({}, AT MOST 2 OF ({}))", terms(", "), terms(", ")), 1),
    ] {
        let looks = looks(&store, &text);
        assert!(looks >= each * TERMS * chunks, "{looks} looks for {TERMS} conditions in {chunks} chunks: {text:.60}");
    }
    // Flags and values that stand in parts are counted in bunches.
    assert!(looks(&store, "code LIKE '%1%'") >= 4, "some 270 values, counted in directories");
    let looks = looks(&store, "even OR code LIKE '%1%'");
    assert!(looks >= 4 * chunks, "{looks} looks for some 270 values in each chunk");
}

#[test]
fn what_came_with_a_query_is_cut_to_the_ids_there_are_before_anything_is_done_with_it() {
    let store = Store::loaded();
    // All of 2^32 as runs: a few bytes for each of 65,536 containers.
    let mut all = roaring::RoaringBitmap::new();
    all.insert_range(..);
    let mut bytes = Vec::new();
    all.serialize_into(&mut bytes).unwrap();
    assert!(bytes.len() < 1 << 20);
    let mut request = QueryRequest { memory_bytes_max: 64 << 20, ..QueryRequest::at(0) };
    request.parameters.insert("all".to_owned(), Parameter::Bitmap { bytes, id_epoch: None, store_id: None });
    let prepare = |request: &QueryRequest| store.engine.snapshot().prepare(store.type_id, "$all AND half", request);
    let prepared = prepare(&request).unwrap();
    let given = prepared.planned().plan.nodes.iter().find_map(|node| match node {
        muster_engine::query::plan::Node::Given(given) => Some(given.ids().len()),
        _ => None,
    });
    assert_eq!(given, Some(u64::from(ENTITIES.div_ceil(65_536)) * 65_536), "ids beyond the last chunk are left out");
    let expected = store.prepare("half").count(&Run::default()).unwrap().count;
    assert_eq!(prepared.count(&Run::default()).unwrap().count, expected);
    // It is stopped like any other work.
    let cancelled = Some(Arc::new(AtomicBool::new(true)));
    request.stop = Stop { cancelled, deadline: None };
    assert_eq!(prepare(&request).err().unwrap().kind(), ErrorKind::Cancelled);
    request.stop = Stop::default();
    // And its digest is that of the members, however they came.
    let mut by_ids = roaring::RoaringBitmap::from_sorted_iter(0..ENTITIES.div_ceil(65_536) * 65_536).unwrap();
    by_ids.remove_run_compression();
    let mut bytes = Vec::new();
    by_ids.serialize_into(&mut bytes).unwrap();
    request.parameters.insert("all".to_owned(), Parameter::Bitmap { bytes, id_epoch: None, store_id: None });
    assert_eq!(prepare(&request).unwrap().planned().fingerprint, prepared.planned().fingerprint);
}

#[test]
fn a_list_of_keys_and_a_pattern_are_stopped_too() {
    let store = Store::loaded();
    let mut request = QueryRequest::at(0);
    request.parameters.insert("keys".into(), Parameter::List((0..10_000).map(|key: u32| key.to_string()).collect()));
    request.stop.cancelled = Some(Arc::new(AtomicBool::new(true)));
    for text in ["ids($keys)", "code LIKE '%7'", "half"] {
        let error = store.engine.snapshot().prepare(store.type_id, text, &request).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Cancelled, "{text}: {error}");
    }
}

#[test]
fn an_analysis_that_is_out_of_time_says_how_much_it_left_out() {
    let store = Store::loaded();
    let prepared = store.prepare("half AND tenth AND age > 3");
    let all = prepared.analyze(&Run::default(), None).unwrap();
    assert_eq!(all.left_out, 0);
    assert!(all.explained.children.iter().all(|child| child.count.is_some() && child.without.is_some()));
    // Four conditions, and the audience without each of three of them.
    let none = prepared.analyze(&Run::default(), Some(Instant::now())).unwrap();
    assert_eq!(none.left_out, 7);
    assert!(none.explained.children.iter().all(|child| child.count.is_none() && child.without.is_none()));
    assert!(none.explained.children.iter().all(|child| child.estimate > 0), "estimates take no time");
}
