//! Many entities with a value and a number each, in memory.

use std::sync::Arc;

use muster_engine::Snapshot;
use muster_engine::catalog::{CatalogChange, EntityKey, KeyKind, TagKind, TagSpec, Value};
use muster_engine::ids::{LocalId, TagId, TypeId};
use muster_engine::storage::{ManualClock, Sim};
use muster_engine::write::{Batch, Change, EntityChanges};
use muster_engine::{Engine, Options};

/// How many entities, values and numbers there are.
pub(crate) const VALUES: i64 = 60_000;

/// A store and its newest version.
pub(crate) struct Population {
    snapshot: Snapshot,
    type_id: TypeId,
    entity: LocalId,
    _engine: Engine,
}

impl Population {
    pub(crate) fn new() -> Population {
        // What is derived from parts is the store's, not a question's.
        let options =
            Options { background: false, new_store_id: Some([7; 16]), merged_bytes_max: 0, ..Options::default() };
        let engine = Engine::open(Arc::new(Sim::new(1)), options, Arc::new(ManualClock::new(0))).unwrap();
        let create = CatalogChange::CreateType {
            name: "users".into(),
            key: KeyKind::String,
            label: None,
            description: String::new(),
        };
        let type_id = engine.change_catalog(create).unwrap().type_id.unwrap();
        let kinds =
            [("code", TagKind::Choice), ("number", TagKind::Int), ("other", TagKind::Int), ("likes", TagKind::Set)];
        for (name, kind) in kinds {
            engine.change_catalog(CatalogChange::CreateTag(Box::new(TagSpec::new("users", name, kind)))).unwrap();
        }
        let entity = |n: i64| {
            let mut changes = vec![
                Change::set("code", Value::Text(format!("c{n}"))),
                Change::set("number", Value::Int(n * 3)),
                Change::set("other", Value::Int(n * 3 - 7)),
            ];
            let likes = ["a", "b", "c"].iter().enumerate().filter(|(place, _)| n % (2 + *place as i64) == 0);
            changes.extend(likes.map(|(_, like)| Change::set("likes", Value::Text((*like).into()))));
            EntityChanges::new(EntityKey::Text(format!("user {n}")), changes)
        };
        let entities = (0..VALUES).map(entity).collect();
        engine.write(Batch { type_name: "users".into(), source: None, entities }).unwrap();
        engine.flush().unwrap();
        // A layer above, in which some lose what they have.
        let change = |n: i64| {
            let changes = match n % 3 {
                0 => vec![Change::remove("likes", "a")],
                1 => vec![Change::clear("code"), Change::set("code", Value::Text(format!("c{n}")))],
                _ => vec![Change::set("likes", Value::Text("c".into()))],
            };
            EntityChanges::new(EntityKey::Text(format!("user {n}")), changes)
        };
        let entities = (0..VALUES).step_by(97).map(change).collect();
        engine.write(Batch { type_name: "users".into(), source: None, entities }).unwrap();
        let snapshot = engine.snapshot();
        let entity = snapshot.entity(type_id, &EntityKey::Text("user 5".into())).unwrap().unwrap();
        Population { snapshot, type_id, entity, _engine: engine }
    }

    pub(crate) fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    pub(crate) fn type_id(&self) -> TypeId {
        self.type_id
    }

    /// One that has a value and a number.
    pub(crate) fn entity(&self) -> LocalId {
        self.entity
    }

    pub(crate) fn tag(&self, name: &str) -> TagId {
        self.snapshot.catalog().tag_named(self.type_id, name).unwrap().id
    }
}
