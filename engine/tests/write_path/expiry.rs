//! Tags with a time to live, by the days on which they must be there and gone.

use std::sync::Arc;

use muster_engine::catalog::{CatalogChange, EntityKey, KeyKind, TagChange, TagKind, TagSpec, Value};
use muster_engine::columns::{ColumnValues, KeyColumn, LoadBlock, LoadColumn};
use muster_engine::ids::{TagId, TypeId};
use muster_engine::query::Run;
use muster_engine::query::plan::QueryRequest;
use muster_engine::storage::{Disk, ManualClock, Sim, Storage};
use muster_engine::write::{Batch, Change, EntityChanges, LoadSpec};
use muster_engine::{Engine, Options};

use super::smoke::quiet_options;

const DAY_MS: u64 = 86_400_000;

/// A store whose days are set by hand.
struct Days {
    engine: Engine,
    clock: Arc<ManualClock>,
    seats: TypeId,
}

impl Days {
    fn new(options: Options) -> Days {
        let clock = Arc::new(ManualClock::new(1_000 * DAY_MS as i64));
        let storage: Arc<dyn Storage> = Arc::new(Sim::new(3));
        let engine = Engine::open(storage, options, Arc::clone(&clock) as _).unwrap();
        let (name, description) = ("seats".into(), String::new());
        let change = CatalogChange::CreateType { name, key: KeyKind::Dense, label: None, description };
        let seats = engine.change_catalog(change).unwrap().type_id.unwrap();
        Days { engine, clock, seats }
    }

    fn tag(&self, name: &str, kind: TagKind, days: Option<u32>) -> TagId {
        let mut spec = TagSpec::new("seats", name, kind);
        spec.time_to_live_days = days;
        self.engine.change_catalog(CatalogChange::CreateTag(Box::new(spec))).unwrap().tag_id.unwrap()
    }

    fn keep(&self, name: &str, days: Option<u32>) {
        let change = TagChange { time_to_live_days: Some(days), ..TagChange::default() };
        let (type_name, name) = ("seats".into(), name.into());
        self.engine.change_catalog(CatalogChange::ChangeTag { type_name, name, change: Box::new(change) }).unwrap();
    }

    fn write(&self, key: u64, change: Change) {
        let entities = vec![EntityChanges::new(EntityKey::Number(key), vec![change])];
        self.engine.write(Batch { type_name: "seats".into(), source: None, entities }).unwrap();
    }

    fn load(&self, load_id: &str) -> muster_engine::write::Load {
        self.engine.begin_load(LoadSpec::new(self.seats, load_id)).unwrap()
    }

    fn count(&self, text: &str) -> u64 {
        let prepared = self.engine.snapshot().prepare(self.seats, text, &QueryRequest::at(0)).unwrap();
        prepared.count(&Run::default()).unwrap().count
    }

    fn next_day(&self) {
        self.clock.advance_ms(DAY_MS);
    }
}

fn flags(tag: TagId, keys: std::ops::Range<u64>) -> LoadBlock {
    let values = ColumnValues::Flag { values: vec![true; (keys.end - keys.start) as usize], valid: None };
    LoadBlock { keys: KeyColumn::Number(keys.collect()), columns: vec![LoadColumn { tag, values, null_clears: false }] }
}

#[test]
fn a_value_is_kept_for_whole_days_after_its_last_write() {
    let days = Days::new(quiet_options());
    days.tag("seen", TagKind::Flag, Some(2));
    days.tag("level", TagKind::Choice, Some(2));
    days.tag("age", TagKind::Int, None);
    days.write(1, Change::set("seen", Value::Flag(true)));
    days.write(1, Change::set("level", Value::Text("gold".into())));
    days.write(1, Change::set("age", Value::Int(30)));
    days.next_day();
    days.write(1, Change::set("level", Value::Text("gold".into())));
    for (seen, level) in [(1, 1), (1, 1), (0, 1), (0, 0)] {
        days.engine.sweep().unwrap();
        assert_eq!((days.count("seen"), days.count("level = gold"), days.count("age = 30")), (seen, level, 1));
        days.next_day();
    }
    assert_eq!(days.count("level IS MISSING AND seen IS MISSING"), 1);
}

#[test]
fn a_time_to_live_begins_when_it_is_set_and_ends_when_it_is_taken_away() {
    let days = Days::new(quiet_options());
    days.tag("seen", TagKind::Flag, None);
    days.write(1, Change::set("seen", Value::Flag(true)));
    days.clock.advance_ms(100 * DAY_MS);
    days.keep("seen", Some(1));
    assert_eq!(days.engine.sweep().unwrap(), 0, "its day begins today");
    days.next_day();
    days.keep("seen", None);
    days.clock.advance_ms(100 * DAY_MS);
    assert_eq!(days.engine.sweep().unwrap(), 0);
    days.keep("seen", Some(1));
    days.next_day();
    days.write(2, Change::set("seen", Value::Flag(true)));
    days.next_day();
    assert_eq!(days.engine.sweep().unwrap(), 1);
    assert_eq!(days.count("seen"), 1, "the one of yesterday");
}

#[test]
fn a_sweep_is_batches_of_bounded_size_and_survives_like_them() {
    let days = Days::new(quiet_options());
    let seen = days.tag("seen", TagKind::Flag, Some(1));
    let mut load = days.load("seats");
    load.append(flags(seen, 0..40_000)).unwrap();
    load.commit().unwrap();
    days.clock.advance_ms(2 * DAY_MS);
    days.write(7, Change::set("seen", Value::Flag(true)));
    let before = days.engine.snapshot();
    assert_eq!(days.engine.sweep().unwrap(), 39_999);
    let batches = days.engine.snapshot().version().0 - before.version().0;
    assert_eq!(batches, 39_999u64.div_ceil(16_384));
    assert_eq!((days.count("seen"), days.count("ALL")), (1, 40_000));
    assert_eq!(days.engine.sweep().unwrap(), 0, "there is nothing left");
    // Who read before goes on to see it.
    let prepared = before.prepare(days.seats, "seen", &QueryRequest::at(0)).unwrap();
    assert_eq!(prepared.count(&Run::default()).unwrap().count, 40_000);
}

#[test]
fn what_a_running_load_writes_is_not_swept() {
    let days = Days::new(quiet_options());
    let seen = days.tag("seen", TagKind::Flag, Some(1));
    days.write(1, Change::set("seen", Value::Flag(true)));
    days.clock.advance_ms(2 * DAY_MS);
    let mut load = days.load("seats");
    load.append(flags(seen, 1..2)).unwrap();
    assert_eq!(days.engine.sweep().unwrap(), 0);
    load.commit().unwrap();
    assert_eq!(days.engine.sweep().unwrap(), 0, "the load wrote it two days later");
    assert_eq!(days.count("seen"), 1);
    days.clock.advance_ms(2 * DAY_MS);
    assert_eq!(days.engine.sweep().unwrap(), 1);
}

#[test]
fn an_erased_entity_takes_the_days_of_its_writes_along() {
    let days = Days::new(quiet_options());
    days.tag("seen", TagKind::Flag, Some(1));
    days.write(1, Change::set("seen", Value::Flag(true)));
    days.write(1, Change::Erase);
    days.clock.advance_ms(9 * DAY_MS);
    assert_eq!(days.engine.sweep().unwrap(), 0);
}

#[test]
fn compaction_sweeps_and_a_restart_keeps_the_days() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(1_000 * DAY_MS as i64));
    let open = || {
        let storage = Arc::new(Disk::create(folder.path()).unwrap());
        Engine::open(storage, quiet_options(), Arc::clone(&clock) as _).unwrap()
    };
    let mut days = Days { engine: open(), ..Days::new(quiet_options()) };
    let change =
        CatalogChange::CreateType { name: "seats".into(), key: KeyKind::Dense, label: None, description: "".into() };
    days.seats = days.engine.change_catalog(change).unwrap().type_id.unwrap();
    days.tag("seen", TagKind::Flag, Some(3));
    days.write(1, Change::set("seen", Value::Flag(true)));
    for (act, left) in [("log", 1), ("files", 1), ("files", 1), ("files", 0)] {
        let Days { engine, .. } = days;
        if act == "files" {
            engine.compact().unwrap();
        }
        drop(engine);
        days = Days { engine: open(), clock: Arc::clone(&clock), seats: days.seats };
        clock.advance_ms(DAY_MS);
        days.engine.compact().unwrap();
        assert_eq!(days.count("seen"), left);
    }
    let status = days.engine.status();
    assert_eq!((status.memory_layers, status.file_layers), (0, 1));
}

#[test]
fn the_background_sweeps_unasked() {
    let days = Days::new(quiet_options());
    days.tag("seen", TagKind::Flag, Some(1));
    days.write(1, Change::set("seen", Value::Flag(true)));
    let Days { engine, clock, seats } = days;
    let target: Arc<dyn Storage> = Arc::new(Sim::new(4));
    engine.back_up(&target).unwrap();
    clock.advance_ms(2 * DAY_MS);
    let options = Options { background: true, ..quiet_options() };
    let engine = Engine::open(target, options, Arc::clone(&clock) as _).unwrap();
    let days = Days { engine, clock, seats };
    // It begins by itself once the store is open; that it never does shows as a test that does not end.
    while days.count("seen") > 0 {
        std::thread::yield_now();
    }
}
