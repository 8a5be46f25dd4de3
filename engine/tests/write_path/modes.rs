//! Loads that replace, append, and are told from others of the same id.

use std::collections::BTreeMap;

use muster_engine::catalog::{CatalogChange, EntityKey, TagKind, TagSpec, Value};
use muster_engine::columns::{ColumnValues, KeyColumn, LoadBlock, LoadColumn};
use muster_engine::ids::{TagId, TypeId};
use muster_engine::query::Run;
use muster_engine::query::plan::QueryRequest;
use muster_engine::storage::{Sim, Storage};
use muster_engine::write::{Change, LoadMode, LoadSpec};
use muster_engine::{Engine, ErrorKind, Snapshot};

use super::smoke::{one, open, quiet_options, users};

/// A store of users with a number and a set, both of which `old` has.
fn with_old(sim: &Sim) -> (Engine, TypeId, [TagId; 2]) {
    let engine = open(sim, &quiet_options()).unwrap();
    users(&engine);
    let tags = [("score", TagKind::Int), ("likes", TagKind::Set)].map(|(name, kind)| {
        let spec = CatalogChange::CreateTag(Box::new(TagSpec::new("users", name, kind)));
        engine.change_catalog(spec).unwrap().tag_id.unwrap()
    });
    let changes = vec![Change::set("score", Value::Int(7)), Change::set("likes", Value::Text("tea".into()))];
    engine.write(one("old", changes)).unwrap();
    let type_id = engine.snapshot().catalog().type_named("users").unwrap().id;
    (engine, type_id, tags)
}

fn scores(tag: TagId, rows: &[(&str, Option<i64>)]) -> LoadBlock {
    let values = ColumnValues::Number {
        values: rows.iter().map(|(_, score)| score.unwrap_or(0)).collect(),
        valid: Some(rows.iter().map(|(_, score)| score.is_some()).collect()),
    };
    LoadBlock {
        keys: KeyColumn::Text(rows.iter().map(|(key, _)| (*key).to_owned()).collect()),
        columns: vec![LoadColumn { tag, values, null_clears: false }],
    }
}

fn count(snapshot: &Snapshot, type_id: TypeId, text: &str) -> u64 {
    let prepared = snapshot.prepare(type_id, text, &QueryRequest::at(0)).unwrap();
    prepared.count(&Run::default()).unwrap().count
}

fn of_mode(type_id: TypeId, load_id: &str, tag: TagId, mode: LoadMode) -> LoadSpec {
    LoadSpec { modes: BTreeMap::from([(tag, mode)]), ..LoadSpec::new(type_id, load_id) }
}

#[test]
fn a_replaced_tag_is_what_the_rows_say_and_what_was_written_since() {
    let sim = Sim::new(1);
    let (engine, type_id, [score, _]) = with_old(&sim);
    engine.write(one("kept", vec![Change::set("score", Value::Int(1))])).unwrap();
    let mut load = engine.begin_load(of_mode(type_id, "a", score, LoadMode::Replace)).unwrap();
    engine.write(one("since", vec![Change::set("score", Value::Int(9))])).unwrap();
    load.append(scores(score, &[("kept", None), ("new", Some(3)), ("twice", Some(4)), ("twice", Some(5))])).unwrap();
    load.append(scores(score, &[("new", Some(6))])).unwrap();
    let prepared = load.prepare().unwrap();
    assert_eq!((prepared.rows(), prepared.tags().collect::<Vec<_>>()), (5, vec![score]));
    // Nothing of it is visible yet, and it knows nothing of what came since.
    assert_eq!(count(&engine.snapshot(), type_id, "score IS NOT MISSING"), 3);
    assert_eq!(count(prepared.before(), type_id, "score IS NOT MISSING"), 2);
    assert_eq!(count(prepared.after(), type_id, "score IS NOT MISSING"), 2);
    prepared.commit().unwrap();
    for _ in 0..2 {
        let snapshot = engine.snapshot();
        let counts = ["score IS NOT MISSING", "score = 6", "score = 5", "score = 9", "likes IS NOT MISSING", "ALL"];
        assert_eq!(counts.map(|text| count(&snapshot, type_id, text)), [3, 1, 1, 1, 1, 5]);
        engine.flush().unwrap();
        engine.compact().unwrap();
    }
}

#[test]
fn a_tag_is_replaced_by_nothing_where_no_row_has_it() {
    let (engine, type_id, [_, likes]) = with_old(&Sim::new(1));
    let load = engine.begin_load(of_mode(type_id, "a", likes, LoadMode::Replace)).unwrap();
    load.commit().unwrap();
    let snapshot = engine.snapshot();
    assert_eq!(
        [count(&snapshot, type_id, "likes IS NOT MISSING"), count(&snapshot, type_id, "score IS NOT MISSING")],
        [0, 1]
    );
}

#[test]
fn an_append_leaves_who_was_known() {
    let (engine, type_id, [score, _]) = with_old(&Sim::new(1));
    engine.write(one("bare", vec![Change::Touch])).unwrap();
    let mut load = engine.begin_load(of_mode(type_id, "a", score, LoadMode::Append)).unwrap();
    load.append(scores(score, &[("old", Some(1)), ("bare", Some(2)), ("new", Some(3))])).unwrap();
    // What is new stays new in the next block.
    load.append(scores(score, &[("new", Some(4)), ("other", None)])).unwrap();
    let loaded = load.commit().unwrap();
    assert_eq!((loaded.rows, loaded.new_entities), (5, 2));
    let snapshot = engine.snapshot();
    let counts = ["score = 7", "score = 4", "score IS NOT MISSING", "ALL"];
    assert_eq!(counts.map(|text| count(&snapshot, type_id, text)), [1, 1, 2, 4]);
    assert!(snapshot.entity(type_id, &EntityKey::Text("other".into())).unwrap().is_some());
}

#[test]
fn a_prepared_load_that_is_dropped_leaves_no_file() {
    let sim = Sim::new(1);
    let (engine, type_id, [score, _]) = with_old(&sim);
    engine.flush().unwrap();
    let parts = || sim.list("parts").unwrap();
    let before = parts();
    let mut load = engine.begin_load(of_mode(type_id, "a", score, LoadMode::Replace)).unwrap();
    load.append(scores(score, &[("new", Some(3))])).unwrap();
    let prepared = load.prepare().unwrap();
    assert!(parts().len() > before.len());
    drop(prepared);
    assert_eq!(parts(), before);
    assert_eq!(engine.begin_load(LoadSpec::new(type_id, "a")).unwrap().earlier_result(), None);
}

#[test]
fn a_load_of_the_same_id_with_other_content_is_refused_after_a_reopening_too() {
    let sim = Sim::new(1);
    let (engine, type_id, [score, _]) = with_old(&sim);
    let spec = |content| LoadSpec { content, ..LoadSpec::new(type_id, "night") };
    let mut load = engine.begin_load(spec(Some([1; 16]))).unwrap();
    load.append(scores(score, &[("new", Some(3))])).unwrap();
    let first = load.commit().unwrap();
    engine.close().unwrap();
    let engine = open(&sim, &quiet_options()).unwrap();
    for content in [None, Some([1; 16])] {
        let again = engine.begin_load(spec(content)).unwrap();
        assert_eq!(again.earlier_result(), Some(first));
        assert!(again.commit().unwrap().repeated);
        assert_eq!(engine.loaded("night", content).unwrap(), Some(first));
    }
    let error = engine.begin_load(spec(Some([2; 16]))).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.message().starts_with("give this load an id of its own: `night`"), "{error}");
    assert!(engine.loaded("night", Some([2; 16])).is_err());
    // One that was committed without a digest counts by its id alone.
    engine.begin_load(LoadSpec::new(type_id, "bare")).unwrap().commit().unwrap();
    let bare = LoadSpec { content: Some([2; 16]), ..LoadSpec::new(type_id, "bare") };
    assert!(engine.begin_load(bare).unwrap().earlier_result().is_some());
}
