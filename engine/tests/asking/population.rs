//! A small population, kept twice: in an engine on the simulator, and as plain maps.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use muster_engine::catalog::{CatalogChange, EntityKey, KeyKind, TagKind, TagSpec, Value};
use muster_engine::columns::{ColumnValues, KeyColumn, LoadBlock, LoadColumn};
use muster_engine::ids::{TagId, TypeId};
use muster_engine::storage::{ManualClock, Random, Sim};
use muster_engine::write::{Batch, Change, EntityChanges, LoadSpec};
use muster_engine::{Engine, Options};

use crate::expression::Expression;

/// 2026-11-21T10:00:00Z.
pub(crate) const NOW_UNIX_MS: i64 = 1_795_255_200_000;
/// 2026-11-21 in days.
pub(crate) const TODAY: i64 = NOW_UNIX_MS / 86_400_000;

pub(crate) const CITIES: [&str; 5] = ["北京", "上海", "New York", "a'b", "in"];
pub(crate) const LIKES: [&str; 6] = ["ski", "golf", "瑜伽", "tea 茶", "ALL", "sk_i"];
pub(crate) const FLAGS: [&str; 2] = ["vip", "兴趣.体育"];
pub(crate) const NUMBERS: [(&str, TagKind); 5] = [
    ("age", TagKind::Int),
    ("score", TagKind::Int),
    ("spend", TagKind::Decimal { scale: 2 }),
    ("joined", TagKind::Date),
    ("seen", TagKind::Time),
];

#[derive(Clone, Default, Debug)]
pub(crate) struct Entity {
    pub(crate) flags: BTreeSet<String>,
    pub(crate) city: Option<String>,
    pub(crate) likes: BTreeSet<String>,
    pub(crate) numbers: BTreeMap<String, i64>,
}

impl Entity {
    pub(crate) fn number(&self, tag: &str) -> Option<i64> {
        self.numbers.get(tag).copied()
    }

    /// What it says under a tag of named values; "true" under a flag.
    pub(crate) fn values(&self, tag: &str) -> BTreeSet<&str> {
        match tag {
            "city" => self.city.iter().map(String::as_str).collect(),
            "likes" => self.likes.iter().map(String::as_str).collect(),
            flag => self.flags.get(flag).map(|_| "true").into_iter().collect(),
        }
    }
}

#[derive(Clone, Default)]
pub(crate) struct Population {
    pub(crate) entities: BTreeMap<String, Entity>,
}

impl Population {
    pub(crate) fn members(&self, expression: &Expression) -> BTreeSet<&str> {
        let members = self.entities.iter().filter(|(key, entity)| expression.holds(key, entity));
        members.map(|(key, _)| key.as_str()).collect()
    }

    /// Does one change; false where it does nothing because nobody has the key.
    fn apply(&mut self, key: &str, change: &Change) -> bool {
        if let Change::Erase = change {
            return self.entities.remove(key).is_some();
        }
        let makes_known = matches!(change, Change::Touch | Change::Set { .. });
        if !makes_known && !self.entities.contains_key(key) {
            return false;
        }
        let entity = self.entities.entry(key.to_owned()).or_default();
        match change {
            Change::Erase | Change::Touch => {}
            Change::Set { tag, value } => match value {
                Value::Flag(_) => drop(entity.flags.insert(tag.clone())),
                Value::Text(text) if tag == "city" => entity.city = Some(text.clone()),
                Value::Text(text) => drop(entity.likes.insert(text.clone())),
                Value::Int(number) | Value::Date(number) | Value::Time(number) => {
                    entity.numbers.insert(tag.clone(), *number);
                }
                Value::Decimal { unscaled, .. } => drop(entity.numbers.insert(tag.clone(), *unscaled)),
                Value::List(_) => unreachable!("no change of this test sets a list"),
            },
            Change::Clear { tag } => match tag.as_str() {
                "city" => entity.city = None,
                "likes" => entity.likes.clear(),
                tag => {
                    entity.flags.remove(tag);
                    entity.numbers.remove(tag);
                }
            },
            Change::Remove { value, .. } => drop(entity.likes.remove(value)),
        }
        true
    }
}

pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) type_id: TypeId,
    pub(crate) population: Population,
    sim: Sim,
    merged_bytes_max: u64,
    loads: u32,
}

/// Room for merged bitmaps by the seed of a world: none, far too little, plenty.
pub(crate) const MERGED_BYTES_MAX: [u64; 3] = [0, 10_000, 1 << 28];

fn open(sim: &Sim, merged_bytes_max: u64) -> Engine {
    let options = Options {
        background: false,
        new_store_id: Some([7; 16]),
        delta_parts_max: 3,
        merged_bytes_max,
        ..Options::default()
    };
    Engine::open(Arc::new(sim.clone()), options, Arc::new(ManualClock::new(NOW_UNIX_MS))).unwrap()
}

fn number(random: &mut Random, tag: &str) -> i64 {
    match tag {
        "age" => random.below(90) as i64,
        "score" => random.below(2_001) as i64 - 1_000,
        "spend" => random.below(200_000) as i64 - 5_000,
        "joined" => TODAY - random.below(400) as i64,
        _ => NOW_UNIX_MS - random.below(40 * 86_400_000) as i64,
    }
}

fn pick<'a>(random: &mut Random, words: &[&'a str]) -> &'a str {
    words[random.below(words.len() as u64) as usize]
}

fn key(random: &mut Random) -> String {
    format!("用户{}", random.below(120))
}

impl World {
    pub(crate) fn new(seed: u64) -> World {
        let sim = Sim::new(seed);
        let merged_bytes_max = MERGED_BYTES_MAX[seed as usize % MERGED_BYTES_MAX.len()];
        let engine = open(&sim, merged_bytes_max);
        let created = engine
            .change_catalog(CatalogChange::CreateType {
                name: "users".into(),
                key: KeyKind::String,
                label: None,
                description: String::new(),
            })
            .unwrap();
        let flags = FLAGS.iter().map(|name| (*name, TagKind::Flag));
        let named = [("city", TagKind::Choice), ("likes", TagKind::Set)];
        for (name, kind) in flags.chain(named).chain(NUMBERS) {
            let spec = TagSpec::new("users", name, kind);
            engine.change_catalog(CatalogChange::CreateTag(Box::new(spec))).unwrap();
        }
        let mut world = World {
            engine,
            type_id: created.type_id.unwrap(),
            population: Population::default(),
            sim,
            merged_bytes_max,
            loads: 0,
        };
        // Every value exists from the start, so that no query names an unknown one.
        let everything = [("city", &CITIES[..]), ("likes", &LIKES[..])];
        for (tag, values) in everything {
            for value in values {
                let changes = vec![Change::set(tag, Value::Text((*value).into()))];
                world.write(vec![EntityChanges::new(EntityKey::Text("first".into()), changes)]);
            }
        }
        let first = world.population.entities.entry("first".into()).or_default();
        first.city = Some(CITIES[CITIES.len() - 1].into());
        first.likes = LIKES.iter().map(|&value| value.to_owned()).collect();
        world
    }

    fn write(&self, entities: Vec<EntityChanges>) {
        self.engine.write(Batch { type_name: "users".into(), source: None, entities }).unwrap();
    }

    /// One act of any kind; says which.
    pub(crate) fn act(&mut self, random: &mut Random) -> &'static str {
        match random.below(6) {
            0 => self.reopen(random),
            _ => self.act_in_place(random),
        }
    }

    /// One act that keeps the engine open.
    pub(crate) fn act_in_place(&mut self, random: &mut Random) -> &'static str {
        match random.below(9) {
            0..5 => self.batches(random),
            5 | 6 => self.load(random),
            7 => {
                self.engine.flush().unwrap();
                "flush"
            }
            _ => {
                self.engine.compact().unwrap();
                "compaction"
            }
        }
    }

    fn reopen(&mut self, random: &mut Random) -> &'static str {
        let crashed = self.sim.crash(random.next_u64());
        let gone = std::mem::replace(&mut self.engine, open(&crashed, self.merged_bytes_max));
        drop(gone);
        self.sim = crashed;
        "reopening after a crash"
    }

    fn batches(&mut self, random: &mut Random) -> &'static str {
        for _ in 0..1 + random.below(5) {
            let entities = (0..1 + random.below(8)).map(|_| self.entity_changes(random)).collect();
            self.write(entities);
        }
        "batches"
    }

    /// Changes of one entity, done to the plain maps already.
    fn entity_changes(&mut self, random: &mut Random) -> EntityChanges {
        let key = key(random);
        let changes: Vec<Change> = (0..1 + random.below(4)).map(|_| change(random)).collect();
        for change in &changes {
            self.population.apply(&key, change);
        }
        EntityChanges::new(EntityKey::Text(key), changes)
    }

    /// A load with several rows for some keys, small writes before it commits, which win.
    fn load(&mut self, random: &mut Random) -> &'static str {
        self.loads += 1;
        let load_id = format!("load {}", self.loads);
        let mut load = self.engine.begin_load(LoadSpec::new(self.type_id, load_id)).unwrap();
        let before = self.population.clone();
        let mut loaded: Vec<(String, Entity, BTreeSet<&str>)> = Vec::new();
        for _ in 0..1 + random.below(3) {
            let (block, rows) = self.block(random);
            load.append(block).unwrap();
            loaded.extend(rows);
        }
        let is_dropped = random.one_in(5);
        // Small writes meanwhile are newer than the load; what they do to keys that nobody knows yet is nothing.
        let mut small: Vec<(String, Change)> = Vec::new();
        for _ in 0..random.below(4) {
            let key = key(random);
            let changes: Vec<Change> = (0..1 + random.below(4)).map(|_| change(random)).collect();
            for change in &changes {
                if self.population.apply(&key, change) {
                    small.push((key.clone(), change.clone()));
                }
            }
            self.write(vec![EntityChanges::new(EntityKey::Text(key), changes)]);
        }
        if is_dropped {
            drop(load);
            return "a load that was given up";
        }
        load.commit().unwrap();
        self.population = before;
        for (key, row, said) in loaded {
            self.apply_row(key, row, &said);
        }
        for (key, change) in small {
            self.population.apply(&key, &change);
        }
        "a load"
    }

    fn apply_row(&mut self, key: String, row: Entity, said: &BTreeSet<&str>) {
        let entity = self.population.entities.entry(key).or_default();
        for &tag in said {
            match tag {
                "vip" if row.flags.is_empty() => drop(entity.flags.remove("vip")),
                "vip" => drop(entity.flags.insert("vip".into())),
                "city" => entity.city.clone_from(&row.city),
                "likes" => entity.likes.clone_from(&row.likes),
                number => match row.number(number) {
                    Some(value) => drop(entity.numbers.insert(number.into(), value)),
                    None => drop(entity.numbers.remove(number)),
                },
            }
        }
    }

    /// A block of rows over some tags, and what each row says.
    fn block(&self, random: &mut Random) -> (LoadBlock, Vec<Row>) {
        let count = 1 + random.below(40) as usize;
        let null_clears = random.one_in(2);
        let mut rows: Vec<Row> = (0..count).map(|_| (key(random), Entity::default(), BTreeSet::new())).collect();
        let mut columns = vec![self.flag_column(random, null_clears, &mut rows)];
        columns.push(self.city_column(random, null_clears, &mut rows));
        columns.push(self.likes_column(random, null_clears, &mut rows));
        for (name, _) in NUMBERS {
            if random.one_in(2) {
                columns.push(self.number_column(random, null_clears, name, &mut rows));
            }
        }
        let keys = KeyColumn::Text(rows.iter().map(|(key, ..)| key.clone()).collect());
        (LoadBlock { keys, columns }, rows)
    }

    fn tag(&self, name: &str) -> TagId {
        self.engine.snapshot().catalog().tag_named(self.type_id, name).unwrap().id
    }

    fn flag_column(&self, random: &mut Random, null_clears: bool, rows: &mut [Row]) -> LoadColumn {
        let (mut values, mut valid) = (Vec::new(), Vec::new());
        for (_, entity, said) in rows {
            let (is_valid, value) = (!random.one_in(3), random.one_in(2));
            if is_valid && value {
                entity.flags.insert("vip".into());
            }
            if is_valid || null_clears {
                said.insert("vip");
            }
            values.push(value);
            valid.push(is_valid);
        }
        LoadColumn { tag: self.tag("vip"), values: ColumnValues::Flag { values, valid: Some(valid) }, null_clears }
    }

    fn city_column(&self, random: &mut Random, null_clears: bool, rows: &mut [Row]) -> LoadColumn {
        let dictionary = CITIES.map(str::to_owned).to_vec();
        let mut codes = Vec::new();
        for (_, entity, said) in rows {
            let code = random.below(CITIES.len() as u64 + 2) as usize;
            entity.city = CITIES.get(code).map(|&city| city.to_owned());
            if entity.city.is_some() || null_clears {
                said.insert("city");
            }
            codes.push(if code < CITIES.len() { code as u32 } else { ColumnValues::NULL_CODE });
        }
        LoadColumn { tag: self.tag("city"), values: ColumnValues::Choice { dictionary, codes }, null_clears }
    }

    fn likes_column(&self, random: &mut Random, null_clears: bool, rows: &mut [Row]) -> LoadColumn {
        let dictionary = LIKES.map(str::to_owned).to_vec();
        let (mut offsets, mut codes, mut valid) = (vec![0], Vec::new(), Vec::new());
        for (_, entity, said) in rows {
            let is_valid = !random.one_in(3);
            if is_valid {
                for _ in 0..random.below(4) {
                    let code = random.below(LIKES.len() as u64) as usize;
                    codes.push(code as u32);
                    entity.likes.insert(LIKES[code].to_owned());
                }
            }
            if is_valid || null_clears {
                said.insert("likes");
            }
            offsets.push(codes.len() as u32);
            valid.push(is_valid);
        }
        let values = ColumnValues::Set { dictionary, offsets, codes, valid: Some(valid) };
        LoadColumn { tag: self.tag("likes"), values, null_clears }
    }

    fn number_column(
        &self,
        random: &mut Random,
        null_clears: bool,
        name: &'static str,
        rows: &mut [Row],
    ) -> LoadColumn {
        let (mut values, mut valid) = (Vec::new(), Vec::new());
        for (_, entity, said) in rows {
            let is_valid = !random.one_in(3);
            let value = number(random, name);
            if is_valid {
                entity.numbers.insert(name.to_owned(), value);
            }
            if is_valid || null_clears {
                said.insert(name);
            }
            values.push(value);
            valid.push(is_valid);
        }
        LoadColumn { tag: self.tag(name), values: ColumnValues::Number { values, valid: Some(valid) }, null_clears }
    }
}

/// A random change; of four in ten nothing comes where nobody has the key.
fn change(random: &mut Random) -> Change {
    let (flag, city, like) = (pick(random, &FLAGS), pick(random, &CITIES), pick(random, &LIKES));
    let (name, kind) = NUMBERS[random.below(NUMBERS.len() as u64) as usize];
    match random.below(14) {
        0 => Change::Erase,
        1 => Change::Touch,
        2 => Change::set(flag, Value::Flag(true)),
        3 => Change::set("city", Value::Text(city.into())),
        4 | 5 => Change::set("likes", Value::Text(like.into())),
        6 | 7 => Change::set(name, kind.number_value(number(random, name))),
        8 => Change::clear(flag),
        9 => Change::clear("city"),
        10 => Change::clear("likes"),
        11 => Change::clear(name),
        _ => Change::remove("likes", like),
    }
}

/// A row of a load: its key, what it says, and under which tags it says something.
type Row = (String, Entity, BTreeSet<&'static str>);
