//! A store of many chunks in a temporary directory.

use std::path::Path;

use muster_engine::catalog::{CatalogChange, EntityKey, KeyKind, TagKind, TagSpec, Value};
use muster_engine::columns::{ColumnValues, KeyColumn, LoadBlock, LoadColumn};
use muster_engine::ids::{TagId, TypeId};
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
/// Values of `code`.
const CODES: u64 = 1_000;

/// Half of them have `half`, a tenth `tenth`; `first` are the first 100 of chunk 0, `last` the last 100 of all; `even`
/// is every second id of chunks 0 and 3, `blocks` every second 500 ids; `city` has eight values, `code` a thousand that
/// some three ids have each, and `age` is below 100.
pub(crate) struct Store {
    pub(crate) engine: Engine,
    pub(crate) type_id: TypeId,
    folder: TempDir,
    options: Options,
}

/// Nothing in the background, four threads.
pub(crate) fn options() -> Options {
    Options { background: false, threads: 4, ..Options::default() }
}

impl Store {
    /// The population, loaded; nothing of it has been read.
    pub(crate) fn loaded() -> Store {
        Store::loaded_with(options())
    }

    /// The same with other options.
    pub(crate) fn loaded_with(options: Options) -> Store {
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::open_dir(folder.path(), options.clone()).unwrap();
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
            flag("blocks", &mut |id, _| id / 500 % 2 == 0),
        ];
        let dictionary = (0..8).map(|value| format!("city{value}")).collect();
        let codes = (0..ENTITIES).map(|_| random.below(8) as u32).collect();
        let city = ColumnValues::Choice { dictionary, codes };
        columns.push(LoadColumn { tag: tag("city", TagKind::Choice), values: city, null_clears: false });
        let values = (0..ENTITIES).map(|_| random.below(100) as i64).collect();
        let age = ColumnValues::Number { values, valid: None };
        columns.push(LoadColumn { tag: tag("age", TagKind::Int), values: age, null_clears: false });
        let dictionary = (0..CODES).map(|value| format!("code{value}")).collect();
        let codes = (0..ENTITIES)
            .map(|id| if id % 151 == 0 { random.below(CODES) as u32 } else { ColumnValues::NULL_CODE })
            .collect();
        let code = ColumnValues::Choice { dictionary, codes };
        columns.push(LoadColumn { tag: tag("code", TagKind::Choice), values: code, null_clears: false });
        let keys = KeyColumn::Number((0..u64::from(ENTITIES)).collect());
        let mut load = engine.begin_load(LoadSpec::new(type_id, "population")).unwrap();
        load.append(LoadBlock { keys, columns }).unwrap();
        load.commit().unwrap();
        Store { engine, type_id, folder, options }.reopened()
    }

    /// The same with a date tag `joined` and a time tag `seen`, which nobody has.
    pub(crate) fn loaded_with_moments() -> Store {
        let store = Store::loaded();
        for (name, kind) in [("joined", TagKind::Date), ("seen", TagKind::Time)] {
            let create = CatalogChange::CreateTag(Box::new(TagSpec::new("users", name, kind)));
            store.engine.change_catalog(create).unwrap();
        }
        store
    }

    /// Loads more flags that a half of all has, scattered.
    pub(crate) fn load_flags(&self, names: &[String]) {
        let mut random = Random::seeded(6);
        let columns = names.iter().map(|name| {
            let create = CatalogChange::CreateTag(Box::new(TagSpec::new("users", name, TagKind::Flag)));
            let tag = self.engine.change_catalog(create).unwrap().tag_id.unwrap();
            let values = (0..ENTITIES).map(|_| random.one_in(2)).collect();
            LoadColumn { tag, values: ColumnValues::Flag { values, valid: None }, null_clears: false }
        });
        let columns = columns.collect();
        let keys = KeyColumn::Number((0..u64::from(ENTITIES)).collect());
        let mut load = self.engine.begin_load(LoadSpec::new(self.type_id, "flags")).unwrap();
        load.append(LoadBlock { keys, columns }).unwrap();
        load.commit().unwrap();
    }

    /// The same, closed and opened again.
    pub(crate) fn reopened(self) -> Store {
        self.reopened_after(|_| {})
    }

    /// The same after somebody was at its files.
    pub(crate) fn reopened_after(self, work: impl FnOnce(&Path)) -> Store {
        let Store { engine, type_id, folder, options } = self;
        engine.close().unwrap();
        work(folder.path());
        let engine = Engine::open_dir(folder.path(), options.clone()).unwrap();
        Store { engine, type_id, folder, options }
    }

    /// Random changes of every kind in a layer of their own: many in chunk 2, few in some others, none in chunk 5; now
    /// and then somebody is erased or comes back, and once nobody is left in `first`.
    pub(crate) fn change_at_random(&self, seed: u64) {
        let mut random = Random::seeded(seed);
        let mut entities = Vec::new();
        for _ in 0..300 {
            let chunk = if random.one_in(2) { 2 } else { [0, 1, 3, 4, 6, 7][random.below(6) as usize] };
            let low = random.below(if chunk == 7 { 2_000 } else { u64::from(CHUNK) }) as u32;
            let id = EntityKey::Number(u64::from(chunk * CHUNK + low));
            let flag = ["half", "tenth", "last", "even", "blocks"][random.below(5) as usize];
            let change = match random.below(10) {
                0 => Change::Erase,
                1 => Change::Touch,
                2 => Change::set("city", Value::Text(format!("city{}", random.below(10)))),
                3 => Change::set("code", Value::Text(format!("code{}", random.below(20)))),
                4 => Change::clear(["city", "code", "age"][random.below(3) as usize]),
                5 => Change::set("age", Value::Int(random.below(300) as i64 - 100)),
                _ => Change::set(flag, Value::Flag(random.one_in(2))),
            };
            entities.push(EntityChanges::new(id, vec![change]));
        }
        if seed % 3 == 1 {
            let clear = |id| EntityChanges::new(EntityKey::Number(id), vec![Change::set("first", Value::Flag(false))]);
            entities.extend((0..100).map(clear));
        }
        self.write(entities);
    }

    fn write(&self, entities: Vec<EntityChanges>) {
        self.engine.write(Batch { type_name: "users".into(), source: None, entities }).unwrap();
    }

    /// Gives `tenth` to one entity, who has it or not, in a layer of its own.
    pub(crate) fn change_one(&self, id: u64) {
        self.write(vec![EntityChanges::new(EntityKey::Number(id), vec![Change::set("tenth", Value::Flag(true))])]);
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
        self.write(entities);
    }

    pub(crate) fn tag(&self, name: &str) -> TagId {
        self.engine.snapshot().catalog().tag_named(self.type_id, name).unwrap().id
    }

    pub(crate) fn prepare(&self, text: &str) -> Prepared {
        self.engine.snapshot().prepare(self.type_id, text, &QueryRequest::at(0)).unwrap()
    }
}
