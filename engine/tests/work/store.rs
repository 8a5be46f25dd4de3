//! A store of many chunks in a temporary directory.

use muster_engine::catalog::{CatalogChange, EntityKey, KeyKind, TagKind, TagSpec, Value};
use muster_engine::columns::{ColumnValues, KeyColumn, LoadBlock, LoadColumn};
use muster_engine::ids::TypeId;
use muster_engine::query::Prepared;
use muster_engine::query::plan::QueryRequest;
use muster_engine::storage::Random;
use muster_engine::write::{Batch, Change, EntityChanges, LoadSpec};
use muster_engine::{Engine, Options};
use tempfile::TempDir;

/// Entities: seven chunks and a bit of an eighth.
pub(crate) const ENTITIES: u32 = 7 * 65_536 + 1_000;
/// Ids of a chunk.
pub(crate) const CHUNK: u32 = 65_536;

/// Half of them have `half`, a tenth `tenth`; `first` are the first 100 of chunk 0, `last` the last 100 of all; `even`
/// is every second id of chunks 0 and 3; `city` has eight values and `age` is below 100.
pub(crate) struct Store {
    pub(crate) engine: Engine,
    pub(crate) type_id: TypeId,
    folder: TempDir,
}

fn options() -> Options {
    Options { background: false, threads: 4, ..Options::default() }
}

impl Store {
    /// The population, loaded; nothing of it has been read.
    pub(crate) fn loaded() -> Store {
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::open_dir(folder.path(), options()).unwrap();
        let create = CatalogChange::CreateType {
            name: "users".into(),
            key: KeyKind::Dense,
            label: None,
            description: String::new(),
        };
        let type_id = engine.change_catalog(create).unwrap().type_id.unwrap();
        let tag = |name: &str, kind| {
            let create = CatalogChange::CreateTag(Box::new(TagSpec::new("users", name, kind)));
            engine.change_catalog(create).unwrap().tag_id.unwrap()
        };
        let mut random = Random::seeded(5);
        let mut flag = |name: &str, has: &mut dyn FnMut(u32, u64) -> bool| {
            let values = (0..ENTITIES).map(|id| has(id, random.below(100))).collect();
            LoadColumn {
                tag: tag(name, TagKind::Flag),
                values: ColumnValues::Flag { values, valid: None },
                null_clears: false,
            }
        };
        let mut columns = vec![
            flag("half", &mut |_, share| share < 50),
            flag("tenth", &mut |_, share| share < 10),
            flag("first", &mut |id, _| id < 100),
            flag("last", &mut |id, _| id >= ENTITIES - 100),
            flag("even", &mut |id, _| id % 2 == 0 && [0, 3].contains(&(id / CHUNK))),
        ];
        let dictionary = (0..8).map(|value| format!("city{value}")).collect();
        let codes = (0..ENTITIES).map(|_| random.below(8) as u32).collect();
        let city = ColumnValues::Choice { dictionary, codes };
        columns.push(LoadColumn { tag: tag("city", TagKind::Choice), values: city, null_clears: false });
        let values = (0..ENTITIES).map(|_| random.below(100) as i64).collect();
        let age = ColumnValues::Number { values, valid: None };
        columns.push(LoadColumn { tag: tag("age", TagKind::Int), values: age, null_clears: false });
        let keys = KeyColumn::Number((0..u64::from(ENTITIES)).collect());
        let mut load = engine.begin_load(LoadSpec { type_id, load_id: "population".into() }).unwrap();
        load.append(LoadBlock { keys, columns }).unwrap();
        load.commit().unwrap();
        Store { engine, type_id, folder }.reopened()
    }

    /// The same, closed and opened again.
    pub(crate) fn reopened(self) -> Store {
        let Store { engine, type_id, folder } = self;
        engine.close().unwrap();
        let engine = Engine::open_dir(folder.path(), options()).unwrap();
        Store { engine, type_id, folder }
    }

    /// Gives `tenth` to some entities and takes it from others, in a layer above the load.
    pub(crate) fn change_some(&self) {
        let entity = |id: u32, changes| EntityChanges::new(EntityKey::Number(id.into()), changes);
        let mut entities = Vec::new();
        for id in (0..ENTITIES).step_by(997) {
            entities.push(entity(id, vec![Change::set("tenth", Value::Flag(id % 2 == 0))]));
            entities.push(entity(id + 1, vec![Change::set("age", Value::Int(i64::from(id % 7) - 3))]));
            entities.push(entity(id + 2, vec![Change::set("city", Value::Text("city3".into()))]));
        }
        self.engine.write(Batch { type_name: "users".into(), source: None, entities }).unwrap();
    }

    pub(crate) fn prepare(&self, text: &str) -> Prepared {
        self.engine.snapshot().prepare(self.type_id, text, &QueryRequest::at(0)).unwrap()
    }
}
