//! Random histories: each act is done to an engine and to the oracle.

use std::collections::{BTreeMap, BTreeSet};

use muster_engine::Snapshot;
use muster_engine::catalog::{CatalogChange, EntityKey, KeyKind, TagChange, TagKind, TagSpec, Value};
use muster_engine::columns::{ColumnValues, KeyColumn, LoadBlock, LoadColumn};
use muster_engine::ids::{TagId, TypeId};
use muster_engine::storage::Random;
use muster_engine::write::{Batch, Change, EntityChanges, Load, LoadMode, LoadSpec, PreparedLoad, Written};
use muster_engine::{Engine, Error, Result};

use super::oracle::{Cell, Oracle, Row, Said, Step, Visible};
use super::reading::read;

pub(crate) const TYPES: [(&str, KeyKind); 3] =
    [("users", KeyKind::String), ("devices", KeyKind::U64), ("seats", KeyKind::Dense)];
const KINDS: [TagKind; 8] = [
    TagKind::Flag,
    TagKind::Choice,
    TagKind::Set,
    TagKind::Int,
    TagKind::Decimal { scale: 2 },
    TagKind::Date,
    TagKind::Time,
    TagKind::Set,
];
const WORDS: [&str; 7] = ["北京", "上海", "sports", "", "a b", "x", "很长的值很长的值很长的值很长的值"];

/// The entity types of a history, and the kinds of the tags that each of them gets.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) types: &'static [(&'static str, KeyKind)],
    pub(crate) kinds: &'static [TagKind],
    /// The values of choices and sets.
    pub(crate) words: &'static [&'static str],
}

/// Every kind of key and of tag.
pub(crate) const EVERYTHING: Shape = Shape { types: &TYPES, kinds: &KINDS, words: &WORDS };

/// A tag that the history knows.
#[derive(Clone)]
struct KnownTag {
    id: TagId,
    name: String,
    kind: TagKind,
}

/// Everything that decides the next act, and the truth so far.
#[derive(Clone)]
pub(crate) struct History {
    pub(crate) random: Random,
    pub(crate) oracle: Oracle,
    tags: BTreeMap<TypeId, Vec<KnownTag>>,
    types: Vec<(TypeId, &'static str, KeyKind)>,
    shape: Shape,
    keys: u64,
    next_name: u64,
    next_sequence: u64,
}

impl History {
    pub(crate) fn new(seed: u64, keys: u64) -> History {
        History::of(EVERYTHING, seed, keys)
    }

    pub(crate) fn of(shape: Shape, seed: u64, keys: u64) -> History {
        History {
            shape,
            random: Random::seeded(seed),
            oracle: Oracle::default(),
            tags: BTreeMap::new(),
            types: Vec::new(),
            keys,
            next_name: 0,
            next_sequence: 0,
        }
    }

    /// Creates all types and their first tags.
    pub(crate) fn set_up(&mut self, engine: &Engine) -> Result<()> {
        while self.set_up_next(engine)? {}
        Ok(())
    }

    /// Creates the next tag or type; returns whether there was one left to create.
    pub(crate) fn set_up_next(&mut self, engine: &Engine) -> Result<bool> {
        if let Some(&(type_id, name, _)) = self.types.last()
            && let Some(&kind) = self.shape.kinds.get(self.tags[&type_id].len())
        {
            self.create_tag(engine, type_id, name, kind)?;
            return Ok(true);
        }
        let Some(&(name, key)) = self.shape.types.get(self.types.len()) else {
            return Ok(false);
        };
        let changed = engine.change_catalog(CatalogChange::CreateType {
            name: name.into(),
            key,
            label: None,
            description: String::new(),
        })?;
        let type_id = changed.type_id.expect("a type was created");
        self.types.push((type_id, name, key));
        self.tags.insert(type_id, Vec::new());
        Ok(true)
    }

    pub(crate) fn create_tag(
        &mut self,
        engine: &Engine,
        type_id: TypeId,
        type_name: &str,
        kind: TagKind,
    ) -> Result<()> {
        self.next_name += 1;
        let name = format!("tag.{}", self.next_name);
        let changed =
            engine.change_catalog(CatalogChange::CreateTag(Box::new(TagSpec::new(type_name, &name, kind))))?;
        let id = changed.tag_id.expect("a tag was created");
        self.tags.entry(type_id).or_default().push(KnownTag { id, name, kind });
        Ok(())
    }

    /// A tag goes and one of its kind comes.
    pub(crate) fn replace_tag(&mut self, engine: &Engine) -> Result<()> {
        let (type_id, type_name, kind) = self.drop_tag(engine)?;
        self.create_tag(engine, type_id, type_name, kind)
    }

    /// A tag goes; returns what [`History::create_tag`] needs to make one of its kind.
    pub(crate) fn drop_tag(&mut self, engine: &Engine) -> Result<(TypeId, &'static str, TagKind)> {
        let (type_id, type_name, _) = self.any_type();
        let index = self.random.below(self.tags[&type_id].len() as u64) as usize;
        let old = self.tags[&type_id][index].clone();
        let change = CatalogChange::DropTag { type_name: type_name.into(), name: old.name, force: true };
        engine.change_catalog(change)?;
        self.tags.get_mut(&type_id).expect("a known type").remove(index);
        self.oracle.drop_tag(old.id);
        self.oracle.times_to_live.remove(&old.id);
        Ok((type_id, type_name, old.kind))
    }

    /// Sets, changes or takes away a tag's time to live.
    pub(crate) fn change_time_to_live(&mut self, engine: &Engine) -> Result<()> {
        let (type_id, type_name, _) = self.any_type();
        let index = self.random.below(self.tags[&type_id].len() as u64) as usize;
        let tag = self.tags[&type_id][index].clone();
        let days = [None, Some(1), Some(2), Some(5)][self.random.below(4) as usize];
        let change = TagChange { time_to_live_days: Some(days), ..TagChange::default() };
        engine.change_catalog(CatalogChange::ChangeTag {
            type_name: type_name.into(),
            name: tag.name,
            change: Box::new(change),
        })?;
        let today = self.oracle.day;
        match days {
            None => drop(self.oracle.times_to_live.remove(&tag.id)),
            Some(days) => self.oracle.times_to_live.entry(tag.id).or_insert((days, today)).0 = days,
        }
        Ok(())
    }

    fn any_type(&mut self) -> (TypeId, &'static str, KeyKind) {
        self.types[self.random.below(self.types.len() as u64) as usize]
    }

    fn any_key(&mut self, kind: KeyKind) -> EntityKey {
        let number = self.random.below(self.keys);
        match kind {
            KeyKind::String => EntityKey::Text(format!("用户-{number}")),
            KeyKind::U64 => EntityKey::Number(number << 40 | number),
            // Some of them lie in another chunk.
            KeyKind::Dense => EntityKey::Number(number + (number % 2) * 70_000),
        }
    }

    fn any_word(&mut self) -> String {
        self.shape.words[self.random.below(self.shape.words.len() as u64) as usize].to_owned()
    }

    fn any_number(&mut self, kind: TagKind) -> i64 {
        let small = self.random.below(7) as i64 - 3;
        match (kind, self.random.below(4)) {
            (TagKind::Int | TagKind::Decimal { .. }, 0) => {
                [i64::MAX, -i64::MAX, 1 << 40, -(1 << 33)][small as usize & 3]
            }
            (TagKind::Time, _) => small * 86_400_000 + 7,
            _ => small,
        }
    }

    fn any_value(&mut self, kind: TagKind) -> Value {
        match kind {
            TagKind::Flag => Value::Flag(self.random.below(3) > 0),
            TagKind::Choice => Value::Text(self.any_word()),
            TagKind::Set if self.random.one_in(2) => Value::Text(self.any_word()),
            TagKind::Set => Value::List((0..self.random.below(4)).map(|_| self.any_word()).collect()),
            kind => kind.number_value(self.any_number(kind)),
        }
    }

    /// A batch that is as likely to repeat a key as to bring a new one.
    pub(crate) fn any_batch(&mut self) -> Batch {
        let (type_id, type_name, key_kind) = self.any_type();
        let source = self.random.one_in(3).then(|| {
            self.next_sequence += 1;
            ("loader".to_owned(), self.next_sequence)
        });
        let mut entities = Vec::new();
        for _ in 0..1 + self.random.below(6) {
            let key = self.any_key(key_kind);
            let changes = (0..self.random.below(5)).map(|_| self.any_change(type_id)).collect();
            entities.push(EntityChanges::new(key, changes));
        }
        Batch { type_name: type_name.to_owned(), source, entities }
    }

    fn any_change(&mut self, type_id: TypeId) -> Change {
        let tags = &self.tags[&type_id];
        let tag = tags[self.random.below(tags.len() as u64) as usize].clone();
        match self.random.below(14) {
            0 => Change::Erase,
            1 => Change::Touch,
            2 | 3 => Change::clear(tag.name),
            4 | 5 if tag.kind == TagKind::Set => Change::remove(tag.name, self.any_word()),
            _ => {
                let value = self.any_value(tag.kind);
                Change::set(tag.name, value)
            }
        }
    }

    /// Does to the oracle what `batch` says; returns the counts that the reply must have.
    pub(crate) fn apply(&mut self, batch: &Batch) -> (u64, u64) {
        let (type_id, ..) = *self.types.iter().find(|(_, name, _)| *name == batch.type_name).expect("a known type");
        let tags = self.tags[&type_id].clone();
        let tag_of = |name: &str| tags.iter().find(|tag| tag.name == name).expect("a known tag").clone();
        let (mut unknown, mut new) = (0, 0);
        for entity in &batch.entities {
            for change in &entity.changes {
                let makes_known = matches!(change, Change::Set { .. } | Change::Touch);
                let life = match self.oracle.life_of(type_id, &entity.key) {
                    Some(life) => life,
                    None if makes_known => {
                        new += 1;
                        let life = self.oracle.new_life();
                        self.oracle.step(type_id, Step::Known(life, entity.key.clone()));
                        life
                    }
                    None => {
                        unknown += 1;
                        continue;
                    }
                };
                for step in steps(change, life, &tag_of) {
                    self.oracle.step(type_id, step);
                }
            }
        }
        (unknown, new)
    }

    /// Writes a batch to both.
    pub(crate) fn write(&mut self, engine: &Engine) -> Result<Written> {
        let batch = self.any_batch();
        let written = engine.write(batch.clone())?;
        let (unknown, new) = self.apply(&batch);
        assert_eq!((written.unknown_entities, written.new_entities), (unknown, new), "{batch:?}");
        if batch.source.is_some() {
            let again = engine.write(batch)?;
            assert!(again.repeated);
            assert_eq!(again.seq, written.seq);
            assert_eq!((again.unknown_entities, again.new_entities), (unknown, new));
        }
        Ok(written)
    }

    /// Whether `snapshot` has every tag that was acknowledged.
    pub(crate) fn check_catalog(&self, snapshot: &Snapshot) -> std::result::Result<(), String> {
        for tag in self.tags.values().flatten() {
            if snapshot.catalog().tag(tag.id).is_none_or(|found| found.name != tag.name) {
                return Err(format!("the tag {} is gone", tag.name));
            }
        }
        Ok(())
    }

    /// A type without a running load.
    pub(crate) fn idle_type(&mut self) -> Option<TypeId> {
        let (type_id, ..) = self.any_type();
        (!self.oracle.loads.contains_key(&type_id)).then_some(type_id)
    }

    pub(crate) fn begin_load(&mut self, engine: &Engine, type_id: TypeId, load_id: &str) -> Result<Load> {
        let modes = self.any_modes(type_id);
        let content = self.random.one_in(2).then(|| content_of(load_id));
        let load = engine.begin_load(LoadSpec { modes: modes.clone(), content, ..LoadSpec::new(type_id, load_id) })?;
        self.oracle.begin_load(type_id, modes);
        Ok(load)
    }

    /// Half of the tags are upserted, the others replaced or filled for new entities alone.
    fn any_modes(&mut self, type_id: TypeId) -> BTreeMap<TagId, LoadMode> {
        let mut modes = BTreeMap::new();
        for tag in self.tags[&type_id].clone() {
            let mode = [None, None, Some(LoadMode::Replace), Some(LoadMode::Append)][self.random.below(4) as usize];
            modes.extend(mode.map(|mode| (tag.id, mode)));
        }
        modes
    }

    /// Appends a block of random rows to both.
    pub(crate) fn append(&mut self, load: &mut Load, type_id: TypeId) -> Result<()> {
        let (_, _, key_kind) = *self.types.iter().find(|(id, ..)| *id == type_id).expect("a known type");
        let rows = self.random.below(12) as usize;
        let keys: Vec<EntityKey> = (0..rows).map(|_| self.any_key(key_kind)).collect();
        let mut cells: Vec<Vec<(TagId, Cell)>> = vec![Vec::new(); rows];
        let mut columns = Vec::new();
        for tag in self.tags[&type_id].clone() {
            if self.random.one_in(2) {
                let null_clears = self.random.one_in(2);
                let values = self.any_column(&tag, null_clears, &mut cells);
                columns.push(LoadColumn { tag: tag.id, values, null_clears });
            }
        }
        load.append(LoadBlock { keys: key_column(key_kind, &keys), columns })?;
        let running = self.oracle.loads.get_mut(&type_id).expect("a load runs");
        running.rows.extend(keys.into_iter().zip(cells).map(|(key, cells)| Row { key, cells }));
        Ok(())
    }

    fn any_column(&mut self, tag: &KnownTag, null_clears: bool, cells: &mut [Vec<(TagId, Cell)>]) -> ColumnValues {
        let null = if null_clears { Cell::Clear } else { Cell::Keep };
        let dictionary: Vec<String> = self.shape.words.iter().map(|&word| word.to_owned()).collect();
        let words = self.shape.words.len() as u64;
        let (mut flags, mut codes, mut numbers, mut valid) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut offsets = vec![0];
        for row in cells.iter_mut() {
            let is_null = self.random.one_in(3);
            valid.push(!is_null);
            let said = match tag.kind {
                TagKind::Flag => {
                    flags.push(self.random.one_in(2));
                    flags.last().expect("just pushed").then_some(Said::Flag)
                }
                TagKind::Choice => {
                    let code = self.random.below(words) as u32;
                    codes.push(if is_null { ColumnValues::NULL_CODE } else { code });
                    Some(Said::Choice(dictionary[code as usize].clone()))
                }
                TagKind::Set => {
                    let list: Vec<u32> = (0..self.random.below(4)).map(|_| self.random.below(words) as u32).collect();
                    codes.extend(&list);
                    offsets.push(codes.len() as u32);
                    Some(Said::Set(list.iter().map(|&code| dictionary[code as usize].clone()).collect()))
                }
                kind => {
                    numbers.push(self.any_number(kind));
                    numbers.last().map(|&number| Said::Number(number))
                }
            };
            row.push((tag.id, if is_null { null.clone() } else { said.map_or(Cell::Clear, Cell::Say) }));
        }
        match tag.kind {
            TagKind::Flag => ColumnValues::Flag { values: flags, valid: Some(valid) },
            TagKind::Choice => ColumnValues::Choice { dictionary, codes },
            TagKind::Set => ColumnValues::Set { dictionary, offsets, codes, valid: Some(valid) },
            _ => ColumnValues::Number { values: numbers, valid: Some(valid) },
        }
    }
}

/// The digest that a load of this id has, where it has one.
fn content_of(load_id: &str) -> [u8; 16] {
    std::array::from_fn(|index| {
        load_id.bytes().map(|byte| byte.wrapping_mul(index as u8 + 3)).fold(1, u8::wrapping_add)
    })
}

fn key_column(kind: KeyKind, keys: &[EntityKey]) -> KeyColumn {
    let number = |key: &EntityKey| match key {
        EntityKey::Number(number) => *number,
        EntityKey::Text(text) => panic!("{text} is no number"),
    };
    match kind {
        KeyKind::U64 | KeyKind::Dense => KeyColumn::Number(keys.iter().map(number).collect()),
        KeyKind::String => KeyColumn::Text(keys.iter().map(EntityKey::to_string).collect()),
    }
}

fn steps(change: &Change, life: u64, tag_of: &dyn Fn(&str) -> KnownTag) -> Vec<Step> {
    match change {
        Change::Touch => Vec::new(),
        Change::Erase => vec![Step::Erase(life)],
        Change::Clear { tag } => vec![Step::Clear(life, tag_of(tag).id)],
        Change::Remove { tag, value } => vec![Step::Remove(life, tag_of(tag).id, value.clone())],
        Change::Set { tag, value } => {
            let tag = tag_of(tag);
            match value {
                Value::Flag(true) => vec![Step::Say(life, tag.id, Said::Flag)],
                Value::Flag(false) => vec![Step::Clear(life, tag.id)],
                Value::Text(text) if tag.kind == TagKind::Choice => {
                    vec![Step::Say(life, tag.id, Said::Choice(text.clone()))]
                }
                Value::Text(text) => vec![Step::Add(life, tag.id, text.clone())],
                Value::List(texts) => texts.iter().map(|text| Step::Add(life, tag.id, text.clone())).collect(),
                Value::Int(number) | Value::Date(number) | Value::Time(number) => {
                    vec![Step::Say(life, tag.id, Said::Number(*number))]
                }
                Value::Decimal { unscaled, .. } => {
                    vec![Step::Say(life, tag.id, Said::Number(*unscaled))]
                }
            }
        }
    }
}

/// What the oracle says readers of `snapshot` must see.
pub(crate) fn expected(oracle: &Oracle, snapshot: &Snapshot) -> Visible {
    let catalog = snapshot.catalog().clone();
    let mut visible = oracle.visible(&|tag| catalog.tag(tag).is_some());
    visible.retain(|(type_id, _), _| catalog.entity_type(*type_id).is_some());
    visible
}

/// Compares everything that `snapshot` shows with the oracle.
pub(crate) fn check(oracle: &Oracle, snapshot: &Snapshot) -> std::result::Result<(), String> {
    let found = read(snapshot).map_err(|error: Error| format!("cannot be read: {error:?}"))?;
    difference(&expected(oracle, snapshot), &found)
}

/// Compares what a load that is not committed shows with what the oracle says of it.
pub(crate) fn check_prepared(oracle: &Oracle, load: &PreparedLoad, type_id: TypeId) -> std::result::Result<(), String> {
    let mut found = read(load.after()).map_err(|error: Error| format!("cannot be read: {error:?}"))?;
    found.retain(|(of, _), _| *of == type_id);
    let catalog = load.after().catalog().clone();
    difference(&oracle.prepared(type_id, &|tag| catalog.tag(tag).is_some()), &found)
}

/// The first difference, in words.
pub(crate) fn difference(expected: &Visible, found: &Visible) -> std::result::Result<(), String> {
    let keys: BTreeSet<_> = expected.keys().chain(found.keys()).collect();
    for key in keys {
        if expected.get(key) != found.get(key) {
            return Err(format!("{key:?}: expected {:?}, found {:?}", expected.get(key), found.get(key)));
        }
    }
    Ok(())
}
