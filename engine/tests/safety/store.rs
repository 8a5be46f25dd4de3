//! A small store with files of every kind.

use std::sync::Arc;

use muster_engine::catalog::{AudienceSpec, CatalogChange, EntityKey, KeyKind, TagKind, TagSpec, Value};
use muster_engine::storage::{ManualClock, Sim, Storage};
use muster_engine::write::{Batch, Change, EntityChanges, Written};
use muster_engine::{Engine, Options};

pub(crate) fn options() -> Options {
    Options {
        background: false,
        new_store_id: Some([7; 16]),
        log_file_bytes: 1 << 14,
        part_bytes_max: 4096,
        ..Options::default()
    }
}

pub(crate) fn open(sim: &Sim) -> muster_engine::Result<Engine> {
    Engine::open(Arc::new(sim.clone()), options(), Arc::new(ManualClock::new(0)))
}

pub(crate) fn shared(sim: &Sim) -> Arc<dyn Storage> {
    Arc::new(sim.clone())
}

pub(crate) fn one(key: &str, changes: Vec<Change>) -> Batch {
    let entities = vec![EntityChanges::new(EntityKey::Text(key.into()), changes)];
    Batch { type_name: "users".into(), source: None, entities }
}

pub(crate) fn write(engine: &Engine, key: &str, age: i64) -> Written {
    let city = ["北京", "上海", "New York"][age as usize % 3];
    let changes = vec![
        Change::set("age", Value::Int(age)),
        Change::set("city", Value::Text(city.into())),
        Change::set("code", Value::Text(format!("c{age}"))),
        Change::set("vip", Value::Flag(true)),
    ];
    engine.write(one(key, changes)).unwrap()
}

/// Makes the catalog, and files of parts, names and audiences, with two layers of them.
pub(crate) fn fill(engine: &Engine) {
    let create = CatalogChange::CreateType {
        name: "users".into(),
        key: KeyKind::String,
        label: None,
        description: String::new(),
    };
    engine.change_catalog(create).unwrap();
    for (name, kind) in
        [("age", TagKind::Int), ("city", TagKind::Choice), ("code", TagKind::Choice), ("vip", TagKind::Flag)]
    {
        engine.change_catalog(CatalogChange::CreateTag(Box::new(TagSpec::new("users", name, kind)))).unwrap();
    }
    let audience = AudienceSpec {
        type_name: "users".into(),
        name: "grown".into(),
        stored: "age >= 18".into(),
        tags_used: Vec::new(),
        audiences_used: Vec::new(),
        description: None,
        owner: None,
        now_ms: 0,
    };
    engine.change_catalog(CatalogChange::SaveAudience(Box::new(audience))).unwrap();
    for round in 0..2 {
        for n in 0..60 {
            write(engine, &format!("user {n}"), 10 * round + n);
        }
        engine.flush().unwrap();
    }
    for n in 60..70 {
        write(engine, &format!("user {n}"), n);
    }
}
