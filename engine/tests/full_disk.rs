//! A full disk: what adds is refused, what deletes goes on, and both survive a crash.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use muster_engine::backup::restore;
use muster_engine::catalog::{CatalogChange, EntityKey, KeyKind, TagKind, TagSpec, Value};
use muster_engine::storage::{ManualClock, Sim, Storage};
use muster_engine::write::{Batch, Change, EntityChanges};
use muster_engine::{Engine, ErrorKind, Options};

const ENTITIES: u64 = 40;

fn options() -> Options {
    Options { background: false, log_file_bytes: 1 << 15, new_store_id: Some([7; 16]), ..Options::default() }
}

fn open(sim: &Sim) -> Engine {
    Engine::open(Arc::new(sim.clone()), options(), Arc::new(ManualClock::new(0))).expect("it opens")
}

fn batch(number: u64, change: Change) -> Batch {
    let key = EntityKey::Text(format!("user {number}"));
    Batch { type_name: "users".into(), source: None, entities: vec![EntityChanges::new(key, vec![change])] }
}

fn set(number: u64) -> Batch {
    batch(number, Change::set("note", Value::Text(format!("a note of some length, number {number}"))))
}

/// A store whose disk has no byte left, and how many entities it holds.
fn full() -> (Sim, Engine, u64) {
    let sim = Sim::new(1);
    let engine = open(&sim);
    let (label, description) = (None, String::new());
    let change = CatalogChange::CreateType { name: "users".into(), key: KeyKind::String, label, description };
    engine.change_catalog(change).expect("a type");
    for name in ["note", "other"] {
        let spec = TagSpec::new("users", name, TagKind::Choice);
        engine.change_catalog(CatalogChange::CreateTag(Box::new(spec))).expect("a tag");
    }
    sim.set_space(Some(0));
    let mut entities = 0;
    loop {
        match engine.write(set(entities)) {
            Ok(_) => entities += 1,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Limit, "{error:#}");
                assert!(error.message().contains("disk full"), "{error:#}");
                assert!(entities > ENTITIES, "the log file had room in advance");
                return (sim, engine, entities);
            }
        }
    }
}

fn live(engine: &Engine) -> u64 {
    let snapshot = engine.snapshot();
    let type_id = snapshot.catalog().types().next().expect("a type").id;
    snapshot.live_count(type_id).expect("it can be counted")
}

#[test]
fn deletes_go_on_and_survive_a_crash() {
    let (sim, engine, entities) = full();
    for number in 0..ENTITIES {
        engine.write(batch(number, Change::Erase)).expect("erasing goes on");
        assert_eq!(engine.write(set(entities + number)).expect_err("no room").kind(), ErrorKind::Limit);
    }
    engine.write(batch(ENTITIES, Change::clear("note"))).expect("clearing goes on");
    let dropped = CatalogChange::DropTag { type_name: "users".into(), name: "other".into(), force: false };
    engine.change_catalog(dropped).expect("dropping goes on");
    assert_eq!(live(&engine), entities - ENTITIES);
    drop(engine);

    let sim = sim.crash(3);
    sim.set_space(Some(0));
    let engine = open(&sim);
    assert_eq!(live(&engine), entities - ENTITIES, "what was erased stays erased");
    assert_eq!(engine.write(set(entities)).expect_err("no room").kind(), ErrorKind::Limit);
    sim.set_space(None);
    engine.write(set(entities)).expect("there is room again");
    assert_eq!(live(&engine), entities - ENTITIES + 1);
}

#[test]
fn deletes_are_not_refused_with_those_that_wait_beside_them() {
    let (_sim, engine, entities) = full();
    let refused = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (engine, refused) = (&engine, &refused);
            scope.spawn(move || {
                for number in 0..ENTITIES / 4 {
                    engine.write(batch(thread * (ENTITIES / 4) + number, Change::Erase)).expect("erasing goes on");
                }
            });
            scope.spawn(move || {
                for number in 0..ENTITIES {
                    refused.fetch_add(u64::from(engine.write(set(entities + number)).is_err()), Relaxed);
                }
            });
        }
    });
    assert_eq!((refused.load(Relaxed), live(&engine)), (4 * ENTITIES, entities - ENTITIES));
}

/// Backs up to a disk with room, and opens what arrived, and what is restored from it.
fn assert_backed_up(engine: &Engine, what: &str) {
    let disk = Sim::new(2);
    let target: Arc<dyn Storage> = Arc::new(disk.clone());
    let copied = engine.back_up(&target).unwrap_or_else(|error| panic!("{what}: {error:#}"));
    assert_eq!(copied.version, engine.snapshot().version(), "{what}");
    let again: Arc<dyn Storage> = Arc::new(Sim::new(3));
    let restored = restore(&target, &again, 1).unwrap_or_else(|error| panic!("{what}: {error:#}"));
    assert_eq!(restored.version, copied.version, "{what}");
    for storage in [target, again] {
        let copy = Engine::open(storage, options(), Arc::new(ManualClock::new(0))).expect("it opens");
        assert_eq!((live(&copy), copy.status().dropped.len()), (live(engine), 0), "{what}");
        copy.write(set(1 << 20)).expect("there is room");
    }
}

#[test]
fn a_backup_needs_no_room_in_the_store() {
    let (sim, engine, _) = full();
    assert_eq!(engine.flush().expect_err("no room").kind(), ErrorKind::Limit);
    assert_backed_up(&engine, "with all in the log");
    engine.write(batch(0, Change::Erase)).expect("erasing goes on");
    assert_backed_up(&engine, "after an erasure");
    drop(engine);
    let sim = sim.crash(3);
    sim.set_space(Some(0));
    let reader = Engine::open_for_reading(Arc::new(sim.clone()), options(), Arc::new(ManualClock::new(0)));
    assert_backed_up(&reader.expect("it opens"), "open for questions only");
    let engine = open(&sim);
    assert_backed_up(&engine, "opened when the disk was full");
    sim.set_space(None);
    engine.flush().expect("there is room again");
    assert_backed_up(&engine, "flushed");
}
