//! The promises of the facade, one by one, on small stores.

use std::sync::Arc;

use muster_engine::catalog::{CatalogChange, EntityKey, KeyKind, TagKind, TagSpec, Value};
use muster_engine::columns::{ColumnValues, KeyColumn, LoadBlock, LoadColumn};
use muster_engine::query::Run;
use muster_engine::query::plan::QueryRequest;
use muster_engine::storage::{ManualClock, Sim};
use muster_engine::write::{Batch, Change, EntityChanges, LoadSpec};
use muster_engine::{Engine, ErrorKind, Options};

pub(crate) fn quiet_options() -> Options {
    Options {
        background: false,
        new_store_id: Some([7; 16]),
        log_file_bytes: 1 << 16,
        part_bytes_max: 4096,
        load_bytes_max: 4096,
        delta_parts_max: 4,
        ..Options::default()
    }
}

pub(crate) fn open(sim: &Sim, options: &Options) -> muster_engine::Result<Engine> {
    Engine::open(Arc::new(sim.clone()), options.clone(), Arc::new(ManualClock::new(0)))
}

pub(crate) fn users(engine: &Engine) {
    engine
        .change_catalog(CatalogChange::CreateType {
            name: "users".into(),
            key: KeyKind::String,
            label: None,
            description: String::new(),
        })
        .unwrap();
    for (name, kind) in [("age", TagKind::Int), ("city", TagKind::Choice), ("vip", TagKind::Flag)] {
        engine.change_catalog(CatalogChange::CreateTag(Box::new(TagSpec::new("users", name, kind)))).unwrap();
    }
}

pub(crate) fn one(key: &str, changes: Vec<Change>) -> Batch {
    Batch {
        type_name: "users".into(),
        source: None,
        entities: vec![EntityChanges::new(EntityKey::Text(key.into()), changes)],
    }
}

#[test]
fn a_refused_batch_names_the_change_and_leaves_no_trace() {
    let engine = open(&Sim::new(1), &quiet_options()).unwrap();
    users(&engine);
    let before = engine.snapshot().version();
    let error = engine.write(one("u", vec![Change::set("age", Value::Text("young".into()))])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.message().contains("tag `age` is an int, found the text `young`"), "{error}");
    let error = engine.write(one("u", vec![Change::set("agee", Value::Int(3))])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.message().contains("did you mean `age`"), "{error}");
    let error =
        engine.write(one("u", vec![Change::set("vip", Value::Flag(true)), Change::remove("city", "x")])).unwrap_err();
    assert!(error.message().contains("use `clear`"), "{error}");
    let number =
        Batch { entities: vec![EntityChanges::new(EntityKey::Number(3), vec![Change::Touch])], ..one("", vec![]) };
    assert_eq!(engine.write(number).unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(engine.snapshot().version(), before);
    let type_id = engine.snapshot().catalog().type_named("users").unwrap().id;
    assert_eq!(engine.snapshot().live_count(type_id).unwrap(), 0);
}

#[test]
fn an_erased_key_returns_as_another_entity() {
    let engine = open(&Sim::new(1), &quiet_options()).unwrap();
    users(&engine);
    let type_id = engine.snapshot().catalog().type_named("users").unwrap().id;
    let key = EntityKey::Text("u".into());
    engine.write(one("u", vec![Change::set("age", Value::Int(3))])).unwrap();
    let first = engine.snapshot().entity(type_id, &key).unwrap().unwrap();
    assert_eq!(engine.write(one("u", vec![Change::Erase])).unwrap().unknown_entities, 0);
    assert_eq!(engine.snapshot().entity(type_id, &key).unwrap(), None);
    assert_eq!(engine.write(one("u", vec![Change::Erase])).unwrap().unknown_entities, 1);
    assert_eq!(engine.write(one("u", vec![Change::Touch])).unwrap().new_entities, 1);
    let second = engine.snapshot().entity(type_id, &key).unwrap().unwrap();
    assert_ne!(first, second);
}

#[test]
fn sequences_of_a_source_are_applied_once_across_restarts() {
    let sim = Sim::new(1);
    let options = quiet_options();
    let engine = open(&sim, &options).unwrap();
    users(&engine);
    let batch = |sequence, age| Batch {
        source: Some(("crm".into(), sequence)),
        ..one("u", vec![Change::set("age", Value::Int(age)), Change::clear("city")])
    };
    let first = engine.write(batch(5, 30)).unwrap();
    assert_eq!((first.new_entities, first.repeated), (1, false));
    let mut engine = engine;
    for flushes in [false, true] {
        if flushes {
            engine.flush().unwrap();
        }
        drop(engine);
        engine = open(&sim, &options).unwrap();
        let again = engine.write(batch(5, 99)).unwrap();
        assert_eq!((again.seq, again.new_entities, again.repeated), (first.seq, 1, true));
        let older = engine.write(batch(4, 99)).unwrap_err();
        assert_eq!(older.kind(), ErrorKind::Conflict);
        assert!(older.message().contains("already applied"), "{older}");
    }
    assert!(engine.write(batch(6, 31)).unwrap().seq > first.seq);
}

#[test]
fn a_full_delta_says_busy_until_it_is_flushed() {
    let options = Options { flush_bytes: 4096, delta_bytes_max: 4096, ..quiet_options() };
    let engine = open(&Sim::new(1), &options).unwrap();
    users(&engine);
    let error = (0..1000)
        .find_map(|n| engine.write(one(&format!("user {n}"), vec![Change::set("age", Value::Int(n))])).err())
        .expect("memory fills");
    assert_eq!(error.kind(), ErrorKind::Busy);
    engine.flush().unwrap();
    engine.write(one("u", vec![Change::Touch])).unwrap();
}

#[test]
fn writers_in_parallel_share_groups_and_lose_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let options = Options { flush_bytes: 1 << 16, ..Options::default() };
    let engine = Engine::open_dir(directory.path(), options.clone()).unwrap();
    users(&engine);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let engine = &engine;
            scope.spawn(move || {
                for n in 0..50 {
                    let key = format!("{}-{n}", thread % 2);
                    engine.write(one(&key, vec![Change::set("age", Value::Int(n))])).unwrap();
                }
            });
        }
    });
    let type_id = engine.snapshot().catalog().type_named("users").unwrap().id;
    assert_eq!(engine.snapshot().live_count(type_id).unwrap(), 100);
    assert_eq!(engine.snapshot().version().0, 4 + 200);
    engine.close().unwrap();
    let engine = Engine::open_dir(directory.path(), options).unwrap();
    assert_eq!(engine.status().recovered_records, 0);
    assert_eq!(engine.snapshot().live_count(type_id).unwrap(), 100);
    assert_eq!(engine.snapshot().version().0, 204);
}

#[test]
fn a_second_process_is_told_who_holds_the_store() {
    let sim = Sim::new(1);
    let options = Options { lock_text: "127.0.0.1:7700".into(), ..quiet_options() };
    let engine = open(&sim, &options).unwrap();
    let error = open(&sim, &options).err().expect("the store is held");
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.message().contains("127.0.0.1:7700"), "{error}");
    drop(engine);
    open(&sim, &options).unwrap();
}

#[test]
fn a_value_that_only_a_running_load_knows_can_be_removed_from_its_rows() {
    let engine = open(&Sim::new(1), &quiet_options()).unwrap();
    users(&engine);
    let likes = CatalogChange::CreateTag(Box::new(TagSpec::new("users", "likes", TagKind::Set)));
    let likes = engine.change_catalog(likes).unwrap().tag_id.unwrap();
    let type_id = engine.snapshot().catalog().type_named("users").unwrap().id;
    engine.write(one("u", vec![Change::set("likes", Value::Text("ski".into()))])).unwrap();
    let mut load = engine.begin_load(LoadSpec::new(type_id, "a")).unwrap();
    // The load is older than these, whether it has read the row yet or not.
    let row = |value: &str| LoadBlock {
        keys: KeyColumn::Text(vec!["u".into()]),
        columns: vec![LoadColumn {
            tag: likes,
            values: ColumnValues::Set {
                dictionary: vec![value.into(), "tea".into()],
                offsets: vec![0, 2],
                codes: vec![0, 1],
                valid: None,
            },
            null_clears: false,
        }],
    };
    load.append(row("golf")).unwrap();
    engine.write(one("u", vec![Change::remove("likes", "golf")])).unwrap();
    engine.write(one("u", vec![Change::remove("likes", "chess")])).unwrap();
    load.append(row("chess")).unwrap();
    load.commit().unwrap();
    let snapshot = engine.snapshot();
    let has = |value: &str| {
        let prepared = snapshot.prepare(type_id, &format!("likes HAS {value}"), &QueryRequest::at(0)).unwrap();
        prepared.count(&Run::default()).unwrap().count
    };
    assert_eq!([has("golf"), has("chess"), has("tea")], [0, 0, 1]);
}
