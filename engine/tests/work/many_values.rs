//! Tags of very many values: who has which is read by entity and by chunk, and no value is looked at that nobody asked
//! about has.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use muster_engine::catalog::{CatalogChange, EntityKey, KeyKind, TagKind, TagSpec, Value};
use muster_engine::columns::{ColumnValues, KeyColumn, LoadBlock, LoadColumn};
use muster_engine::ids::{LocalId, TagId, TypeId};
use muster_engine::query::plan::QueryRequest;
use muster_engine::query::{Breakdown, GroupKey, Prepared, ProfileValue, Profiler, Run, Trace, profile};
use muster_engine::storage::{ManualClock, Random, Sim};
use muster_engine::write::{Batch, Change, EntityChanges, LoadSpec};
use muster_engine::{Engine, ErrorKind, Options};

/// Two chunks and a bit of a third.
const ENTITIES: u32 = 2 * 65_536 + 500;
/// Entities that share a value of `near`, side by side; and of `likes`.
const NEAR: u32 = 5;

/// What an entity says under each tag.
type Said = BTreeMap<&'static str, BTreeSet<String>>;

/// Everybody has a `name` of their own, and shares `near` with those beside: the first kind of value stands as pairs,
/// the second by itself. `likes` is a set of both kinds, `half` a flag.
struct Store {
    engine: Engine,
    type_id: TypeId,
    said: BTreeMap<u32, Said>,
}

impl Store {
    fn loaded(merged_bytes_max: u64) -> Store {
        let options = Options { background: false, merged_bytes_max, ..Options::default() };
        let engine = Engine::open(Arc::new(Sim::new(1)), options, Arc::new(ManualClock::new(0))).unwrap();
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
        let column = |tag, values| LoadColumn { tag, values, null_clears: false };
        let names = (0..ENTITIES).map(|id| format!("n{id}")).collect();
        let nears = (0..ENTITIES.div_ceil(NEAR)).map(|value| format!("near{value}")).collect();
        let likes = (0..ENTITIES / 40 + 1).map(|value| format!("like{value}")).collect();
        let codes = (0..ENTITIES).flat_map(|id| [id / 40, (id + 7) % (ENTITIES / 40)]);
        let columns = vec![
            column(
                tag("name", TagKind::Choice),
                ColumnValues::Choice { dictionary: names, codes: (0..ENTITIES).collect() },
            ),
            column(
                tag("near", TagKind::Choice),
                ColumnValues::Choice { dictionary: nears, codes: (0..ENTITIES).map(|id| id / NEAR).collect() },
            ),
            column(
                tag("likes", TagKind::Set),
                ColumnValues::Set {
                    dictionary: likes,
                    offsets: (0..=ENTITIES).map(|id| 2 * id).collect(),
                    codes: codes.collect(),
                    valid: None,
                },
            ),
            column(
                tag("half", TagKind::Flag),
                ColumnValues::Flag { values: (0..ENTITIES).map(|id| id % 2 == 0).collect(), valid: None },
            ),
        ];
        let keys = KeyColumn::Number((0..u64::from(ENTITIES)).collect());
        let mut load = engine.begin_load(LoadSpec::new(type_id, "all")).unwrap();
        load.append(LoadBlock { keys, columns }).unwrap();
        load.commit().unwrap();
        let said = |id: u32| {
            let one = |text: String| BTreeSet::from([text]);
            let likes = [id / 40, (id + 7) % (ENTITIES / 40)].map(|like| format!("like{like}"));
            Said::from([
                ("name", one(format!("n{id}"))),
                ("near", one(format!("near{}", id / NEAR))),
                ("likes", likes.into_iter().collect()),
            ])
        };
        Store { engine, type_id, said: (0..ENTITIES).map(|id| (id, said(id))).collect() }
    }

    /// Changes in a layer of their own.
    fn change(&mut self, random: &mut Random) {
        let mut entities = Vec::new();
        for _ in 0..400 {
            // Few ids, so that changes meet.
            let end = if random.one_in(2) { 60 } else { u64::from(ENTITIES) };
            let id = random.below(end) as u32;
            let change = self.change_one(random, id);
            entities.push(EntityChanges::new(EntityKey::Number(u64::from(id)), vec![change]));
        }
        self.engine.write(Batch { type_name: "users".into(), source: None, entities }).unwrap();
    }

    fn change_one(&mut self, random: &mut Random, id: u32) -> Change {
        let what = random.below(8);
        if what == 0 {
            self.said.remove(&id);
            return Change::Erase;
        }
        let tag = ["name", "near", "likes"][random.below(3) as usize];
        if what < 4 {
            let value = match tag {
                "name" => format!("n{}", random.below(u64::from(ENTITIES) + 100)),
                "near" => format!("near{}", random.below(200)),
                _ => format!("like{}", random.below(30)),
            };
            let values = self.said.entry(id).or_default().entry(tag).or_default();
            if tag != "likes" {
                values.clear();
            }
            values.insert(value.clone());
            return Change::set(tag, Value::Text(value));
        }
        let Some(said) = self.said.get_mut(&id) else { return Change::clear(tag) };
        if what < 6 {
            said.remove(tag);
            return Change::clear(tag);
        }
        let likes = said.entry("likes").or_default();
        let like = likes.first().cloned().unwrap_or_else(|| "like1".to_owned());
        likes.remove(&like);
        Change::remove("likes", like)
    }

    fn prepare(&self, text: &str) -> Prepared {
        self.engine.snapshot().prepare(self.type_id, text, &QueryRequest::at(0)).unwrap()
    }

    fn tag(&self, name: &str) -> TagId {
        self.engine.snapshot().catalog().tag_named(self.type_id, name).unwrap().id
    }

    /// The groups that the oracle finds among `ids`, most first.
    fn expected(&self, tag: &str, is_asked: impl Fn(u32) -> bool) -> (Vec<(String, u64)>, u64) {
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        let mut missing = 0;
        for (_, said) in self.said.iter().filter(|(id, _)| is_asked(**id)) {
            let values = said.get(tag).filter(|values| !values.is_empty());
            missing += u64::from(values.is_none());
            values.into_iter().flatten().for_each(|value| *counts.entry(value).or_default() += 1);
        }
        let mut groups: Vec<(String, u64)> =
            counts.into_iter().map(|(value, count)| (value.to_owned(), count)).collect();
        groups.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        (groups, missing)
    }

    fn check_breakdowns(&self, place: &str) {
        for tag in ["name", "near", "likes"] {
            let is_first = |id: u32| id < 70_000;
            let keys: Vec<String> = (0..70_000).map(|id: u32| id.to_string()).collect();
            for (text, asked) in [("ALL", &(|_| true) as &dyn Fn(u32) -> bool), ("ids($keys)", &is_first)] {
                let mut request = QueryRequest::at(0);
                let list = muster_engine::query::plan::Parameter::List(keys.clone());
                request.parameters.insert("keys".to_owned(), list);
                let prepared = self.engine.snapshot().prepare(self.type_id, text, &request).unwrap();
                let found = prepared.breakdown(&Run::default(), self.tag(tag)).unwrap();
                let (groups, missing) = self.expected(tag, asked);
                assert!(named(&found) == groups, "{text} by {tag}, {place}");
                assert_eq!(found.missing, missing, "{text} by {tag}, {place}");
            }
        }
    }

    fn check_entities(&self, random: &mut Random, place: &str) {
        let snapshot = self.engine.snapshot();
        let run = Run::default();
        let mut profiler = Profiler::new(&snapshot, self.type_id, 64 << 20, &run).unwrap();
        let scattered: Vec<u32> = (0..200).map(|_| random.below(u64::from(ENTITIES)) as u32).collect();
        let ids: Vec<u32> = scattered.into_iter().chain(0..60).chain(70_000..70_200).collect();
        let mut values = 0;
        for &id in &ids {
            for tag in ["name", "near", "likes"] {
                let tag = snapshot.catalog().tag(self.tag(tag)).unwrap();
                let found = profiler.value(tag, LocalId(id)).unwrap();
                let found: BTreeSet<String> = match found {
                    Some(ProfileValue::Values(values)) => values.into_iter().collect(),
                    None => BTreeSet::new(),
                    other => panic!("{other:?}, entity {id}, {place}"),
                };
                values += found.len() as u64;
                let expected = self.said.get(&id).and_then(|said| said.get(tag.name.as_str()));
                assert_eq!(found, expected.cloned().unwrap_or_default(), "{} of entity {id}, {place}", tag.name);
            }
        }
        assert_eq!(profiler.values_read(), values, "values are looked at that nobody asked about has, {place}");
    }
}

fn named(breakdown: &Breakdown) -> Vec<(String, u64)> {
    let name = |key: &GroupKey| match key {
        GroupKey::Value(value) => value.clone(),
        other => panic!("{other:?}"),
    };
    breakdown.groups.iter().map(|group| (name(&group.key), group.count)).collect()
}

#[test]
fn tags_of_many_values_equal_the_oracle_through_layers() {
    for merged_bytes_max in [0, 64 << 20] {
        let mut random = Random::seeded(11);
        let mut store = Store::loaded(merged_bytes_max);
        store.check_entities(&mut random, "loaded");
        store.check_breakdowns("loaded");
        for layer in 0..3 {
            store.change(&mut random);
            if layer == 1 {
                store.engine.flush().unwrap();
            }
            store.check_entities(&mut random, &format!("layer {layer}, room for {merged_bytes_max}"));
        }
        store.check_breakdowns("layers");
        let counted = store.prepare("likes IS MISSING").count(&Run::default()).unwrap();
        assert_eq!(counted.count, store.expected("likes", |_| true).1, "presence, room for {merged_bytes_max}");
        store.engine.compact().unwrap();
        store.check_entities(&mut random, "compacted");
    }
}

#[test]
fn what_is_found_out_about_a_part_is_found_out_once() {
    let store = Store::loaded(64 << 20);
    let snapshot = store.engine.snapshot();
    let ask = || {
        for id in (0..ENTITIES).step_by(1_001) {
            profile(&snapshot, store.type_id, LocalId(id), 64 << 20, &Run::default()).unwrap();
        }
        store.prepare("half").breakdown(&Run::default(), store.tag("near")).unwrap();
    };
    ask();
    let made = store.engine.status().value_indexes.made;
    assert_eq!(made, 3, "one for each tag of the one part");
    ask();
    assert_eq!(store.engine.status().value_indexes.made, made);
    assert!(store.engine.status().value_indexes.bytes <= 64 << 20);
}

/// A breakdown looks after so many values whether it is still wanted, and does not look at the values one by one.
#[test]
fn a_breakdown_by_many_values_looks_as_it_goes() {
    let store = Store::loaded(64 << 20);
    let trace = Arc::new(Trace::default());
    let run = Run { trace: Some(Arc::clone(&trace)), ..Run::default() };
    let values = u64::from(ENTITIES);
    assert_eq!(store.prepare("ALL").breakdown(&run, store.tag("name")).unwrap().groups.len() as u64, values);
    assert!(trace.looks() >= 2 * values / 64, "{} looks", trace.looks());
    assert!(trace.looks() <= 4 * values / 64 + 1_000, "{} looks", trace.looks());
}

#[test]
fn patterns_are_compared_with_so_many_values_and_no_more() {
    let store = Store::loaded(0);
    let snapshot = store.engine.snapshot();
    let most = 50_000_000 / ENTITIES;
    let patterns = |count: u32| (0..count).map(|n| format!("name LIKE 'x{n}%'")).collect::<Vec<_>>().join(" OR ");
    let request = QueryRequest::at(0);
    assert!(snapshot.prepare(store.type_id, &patterns(most), &request).is_ok());
    let refused = snapshot.prepare(store.type_id, &patterns(most + 1), &request).err().unwrap();
    assert_eq!(refused.kind(), ErrorKind::Limit);
    assert!(refused.to_string().contains("use fewer patterns"), "{refused}");
    assert!(refused.to_string().contains("LIKE_VALUES_MAX"), "{refused}");
}

#[test]
fn a_wrong_value_of_very_many_is_told_how_many_there_are_whatever_memory_there_is() {
    let store = Store::loaded(0);
    let snapshot = store.engine.snapshot();
    for memory_bytes_max in [1 << 20, QueryRequest::MEMORY_BYTES_DEFAULT] {
        let request = QueryRequest { memory_bytes_max, ..QueryRequest::at(0) };
        let refused = snapshot.prepare(store.type_id, "name = 'nobody at all'", &request).err().unwrap().to_string();
        assert!(refused.contains(&format!("it has {ENTITIES} values such as")), "{refused}");
    }
}
