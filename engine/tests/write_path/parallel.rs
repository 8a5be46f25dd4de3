//! Writers, a load, readers and the background at once, on disk.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use muster_engine::catalog::{CatalogChange, EntityKey, KeyKind, TagKind, TagSpec, Value};
use muster_engine::columns::{ColumnValues, KeyColumn, LoadBlock, LoadColumn};
use muster_engine::ids::{TagId, TypeId};
use muster_engine::write::{Batch, Change, EntityChanges, LoadSpec};
use muster_engine::{Engine, Options};

use super::oracle::{Entity, Said};
use super::reading::read;

const KEYS: i64 = 300;
const ROUNDS: i64 = 40;

fn tag(engine: &Engine, name: &str, kind: TagKind) -> TagId {
    let spec = TagSpec::new("users", name, kind);
    engine.change_catalog(CatalogChange::CreateTag(Box::new(spec))).unwrap().tag_id.unwrap()
}

/// Each writer owns every third key and gives it rising ages; a city is as new as the loads' cities.
fn write_all(engine: &Engine, writer: i64) {
    for round in 0..ROUNDS {
        let keys = (0..KEYS).filter(|key| key % 3 == writer && key % 7 == round % 7);
        let entities = keys.map(|key| {
            let city = Value::Text(format!("city {}", (key + round) % 5));
            let changes = vec![Change::set("age", Value::Int(round)), Change::set("city", city)];
            EntityChanges::new(EntityKey::Text(format!("u{key}")), changes)
        });
        let batch = Batch { type_name: "users".into(), source: None, entities: entities.collect() };
        engine.write(batch).unwrap();
    }
}

/// Rows for all keys and as many again, each in two blocks, so that the second wins.
fn load_all(engine: &Engine, type_id: TypeId, tags: [TagId; 3]) {
    let spec = LoadSpec::new(type_id, "all");
    let mut load = engine.begin_load(spec).unwrap();
    std::thread::scope(|scope| {
        for writer in 0..3 {
            scope.spawn(move || write_all(engine, writer));
        }
        for pass in 0..2 {
            for first in (0..2 * KEYS).step_by(50) {
                let keys: Vec<i64> = (first..first + 50).collect();
                let number = |key: &i64| 1000 * (pass + 1) + key;
                let columns = vec![
                    LoadColumn {
                        tag: tags[0],
                        values: ColumnValues::Number { values: keys.iter().map(number).collect(), valid: None },
                        null_clears: false,
                    },
                    LoadColumn {
                        tag: tags[1],
                        values: ColumnValues::Choice {
                            dictionary: (0..9).map(|city| format!("city {city}")).collect(),
                            codes: keys.iter().map(|key| (key % 9) as u32).collect(),
                        },
                        null_clears: false,
                    },
                    LoadColumn {
                        tag: tags[2],
                        values: ColumnValues::Flag { values: vec![pass == 1; 50], valid: None },
                        null_clears: false,
                    },
                ];
                let keys = KeyColumn::Text(keys.iter().map(|key| format!("u{key}")).collect());
                load.append(LoadBlock { keys, columns }).unwrap();
            }
        }
    });
    let loaded = load.commit().unwrap();
    assert_eq!((loaded.entities, loaded.new_entities), (2 * KEYS as u64, 2 * KEYS as u64));
}

fn expected(key: i64, tags: [TagId; 3]) -> Entity {
    let written = (0..ROUNDS).rev().find(|round| key < KEYS && key % 7 == round % 7);
    let (age, city) = match written {
        Some(round) => (round, format!("city {}", (key + round) % 5)),
        None => (2000 + key, format!("city {}", key % 9)),
    };
    BTreeMap::from([(tags[0], Said::Number(age)), (tags[1], Said::Choice(city)), (tags[2], Said::Flag)])
}

#[test]
fn a_load_beside_writers_readers_and_the_background_loses_to_newer_batches() {
    let directory = tempfile::tempdir().unwrap();
    let options = Options {
        flush_bytes: 8192,
        delta_bytes_max: 1 << 20,
        part_bytes_max: 1 << 14,
        load_bytes_max: 1 << 14,
        log_file_bytes: 1 << 16,
        delta_parts_max: 4,
        ..Options::default()
    };
    let engine = Engine::open_dir(directory.path(), options.clone()).unwrap();
    let created = engine.change_catalog(CatalogChange::CreateType {
        name: "users".into(),
        key: KeyKind::String,
        label: None,
        description: String::new(),
    });
    let type_id = created.unwrap().type_id.unwrap();
    let kinds = [("age", TagKind::Int), ("city", TagKind::Choice), ("vip", TagKind::Flag)];
    let tags = kinds.map(|(name, kind)| tag(&engine, name, kind));
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_done.load(Relaxed) {
                // Reading checks that ids, keys and presence agree.
                read(&engine.snapshot()).unwrap();
            }
        });
        load_all(&engine, type_id, tags);
        is_done.store(true, Relaxed);
    });
    let check = |engine: &Engine| {
        let found = read(&engine.snapshot()).unwrap();
        assert_eq!(found.len() as i64, 2 * KEYS);
        for key in 0..2 * KEYS {
            let entity = &found[&(type_id, EntityKey::Text(format!("u{key}")))];
            assert_eq!(*entity, expected(key, tags), "u{key}");
        }
    };
    check(&engine);
    assert_eq!(engine.status().background_error, None);
    drop(engine);
    let engine = Engine::open_dir(directory.path(), options.clone()).unwrap();
    check(&engine);
    engine.compact().unwrap();
    check(&engine);
    assert_eq!(engine.status().file_layers, 1);
}
