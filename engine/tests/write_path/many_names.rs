//! Loads that bring more new keys and values than they may hold in memory: their names go into files while the load
//! runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use muster_engine::catalog::{CatalogChange, EntityKey, KeyKind, TagKind, TagSpec, Value};
use muster_engine::columns::{ColumnValues, KeyColumn, LoadBlock, LoadColumn};
use muster_engine::ids::{TagId, TypeId};
use muster_engine::query::plan::QueryRequest;
use muster_engine::query::{GroupKey, Run};
use muster_engine::storage::{ManualClock, Sim, Storage};
use muster_engine::write::{Batch, Change, EntityChanges, LoadSpec};
use muster_engine::{Engine, Options};

/// New names of a block: several times what a load may keep in memory here.
const NAMES: u64 = 20_000;
const BLOCKS: u64 = 12;

struct Store {
    sim: Sim,
    engine: Engine,
    keys: KeyKind,
    type_id: TypeId,
    code: TagId,
    near: TagId,
}

fn open(sim: &Sim) -> Engine {
    let options = Options { background: false, load_bytes_max: 1 << 20, ..Options::default() };
    Engine::open(Arc::new(sim.clone()), options, Arc::new(ManualClock::new(0))).unwrap()
}

/// Of each kind of keys.
fn stores() -> impl Iterator<Item = Store> {
    [KeyKind::Dense, KeyKind::U64, KeyKind::String].into_iter().map(store)
}

fn store(keys: KeyKind) -> Store {
    let sim = Sim::new(1);
    let engine = open(&sim);
    let create = CatalogChange::CreateType { name: "users".into(), key: keys, label: None, description: String::new() };
    let type_id = engine.change_catalog(create).unwrap().type_id.unwrap();
    let tag = |name: &str| {
        let create = CatalogChange::CreateTag(Box::new(TagSpec::new("users", name, TagKind::Choice)));
        engine.change_catalog(create).unwrap().tag_id.unwrap()
    };
    let (code, near) = (tag("code"), tag("near"));
    Store { sim, engine, keys, type_id, code, near }
}

fn key_text(id: u64) -> String {
    format!("somebody {id}")
}

fn name(id: u64) -> String {
    format!("name {id}")
}

impl Store {
    /// A block in which everybody has a name of their own under `code`, and two share one under `near`.
    fn block(&self, number: u64) -> LoadBlock {
        let ids = number * NAMES..(number + 1) * NAMES;
        let codes: Vec<u32> = (0..NAMES as u32).collect();
        let column = |tag, dictionary, codes| LoadColumn {
            tag,
            values: ColumnValues::Choice { dictionary, codes },
            null_clears: false,
        };
        let pairs = codes.iter().map(|code| code / 2).collect();
        LoadBlock {
            keys: match self.keys {
                KeyKind::String => KeyColumn::Text(ids.clone().map(key_text).collect()),
                KeyKind::U64 | KeyKind::Dense => KeyColumn::Number(ids.clone().collect()),
            },
            columns: vec![
                column(self.code, ids.clone().map(name).collect(), codes),
                column(self.near, ids.map(|id| name(id / 2)).step_by(2).collect(), pairs),
            ],
        }
    }

    fn set(&self, id: u64, value: u64) {
        let change = Change::set("code", Value::Text(name(value)));
        let key = match self.keys {
            KeyKind::String => EntityKey::Text(key_text(id)),
            KeyKind::U64 | KeyKind::Dense => EntityKey::Number(id),
        };
        let entities = vec![EntityChanges::new(key, vec![change])];
        self.engine.write(Batch { type_name: "users".into(), source: None, entities }).unwrap();
    }

    /// How many have each value of `code`.
    fn counts(&self, engine: &Engine, tag: TagId) -> BTreeMap<String, u64> {
        let prepared = engine.snapshot().prepare(self.type_id, "ALL", &QueryRequest::at(0)).unwrap();
        let groups = prepared.breakdown(&Run::default(), tag).unwrap().groups;
        let text = |key: &GroupKey| match key {
            GroupKey::Value(text) => text.clone(),
            other => panic!("{other:?}"),
        };
        groups.iter().map(|group| (text(&group.key), group.count)).collect()
    }

    fn files(&self) -> usize {
        self.sim.list("parts").unwrap().len()
    }
}

#[test]
fn a_name_has_one_number_whoever_names_it_first_and_wherever_it_stands() {
    stores().for_each(|store| check_numbers(&store));
}

fn check_numbers(store: &Store) {
    let mut expected: Vec<u64> = (0..BLOCKS * NAMES).collect();
    let mut set = |id: u64, value: u64| {
        store.set(id, value);
        expected[id as usize] = value;
    };
    let spec = LoadSpec::new(store.type_id, "all");
    let mut load = store.engine.begin_load(spec).unwrap();
    let mut files_max = 0;
    for block in 0..BLOCKS {
        // A value of a later block, of an earlier one, and of the block before: all are small writes that win.
        set(block, (BLOCKS - 1) * NAMES + block);
        set(100 + block, block * NAMES / 2);
        load.append(store.block(block)).unwrap();
        set(200 + block, block * NAMES + 7);
        // The same of keys: of the last block, and of one long ago.
        set(BLOCKS * NAMES - 1 - block, 5);
        set(block * NAMES / 2 + 300, 6);
        files_max = files_max.max(store.files());
    }
    assert!(files_max > 2, "names and blocks go into files: {files_max}");
    let loaded = load.commit().unwrap();
    assert_eq!((loaded.rows, loaded.entities), (BLOCKS * NAMES, BLOCKS * NAMES));
    let mut counts = BTreeMap::new();
    expected.iter().for_each(|value| *counts.entry(name(*value)).or_insert(0) += 1);
    let pairs: BTreeMap<String, u64> = (0..BLOCKS * NAMES / 2).map(|pair| (name(pair), 2)).collect();
    assert_eq!(store.counts(&store.engine, store.code), counts);
    assert_eq!(store.counts(&store.engine, store.near), pairs);
    store.engine.compact().unwrap();
    assert_eq!(store.counts(&store.engine, store.code), counts);
    // Another load knows them all.
    let spec = LoadSpec::new(store.type_id, "again");
    let mut load = store.engine.begin_load(spec).unwrap();
    load.append(store.block(0)).unwrap();
    let again = load.commit().unwrap();
    assert_eq!((again.new_values, again.new_entities), (0, 0));
    expected[..NAMES as usize].copy_from_slice(&(0..NAMES).collect::<Vec<_>>());
    let mut counts = BTreeMap::new();
    expected.iter().for_each(|value| *counts.entry(name(*value)).or_insert(0) += 1);
    assert_eq!(store.counts(&store.engine, store.code), counts);
    store.engine.flush().unwrap();
    let reopened = open(&store.sim.crash(7));
    assert_eq!(store.counts(&reopened, store.code), counts);
}

#[test]
fn a_load_that_is_given_up_leaves_no_files_and_no_values() {
    stores().for_each(check_nothing_is_left);
}

fn check_nothing_is_left(store: Store) {
    store.set(1, 1);
    store.engine.flush().unwrap();
    let before = store.files();
    let spec = LoadSpec::new(store.type_id, "gone");
    let mut load = store.engine.begin_load(spec).unwrap();
    for block in 0..BLOCKS {
        load.append(store.block(block)).unwrap();
    }
    assert!(store.files() > before);
    // A value that the load has named already stays with whoever else wrote it.
    store.set(2, 5 * NAMES);
    drop(load);
    assert_eq!(store.files(), before);
    let counts = BTreeMap::from([(name(1), 1), (name(5 * NAMES), 1)]);
    assert_eq!(store.counts(&store.engine, store.code), counts);
}
