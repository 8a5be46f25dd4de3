//! Loads that replace, append and upsert, against a model in memory: what they leave, what they say that they did to
//! each tag, and which gates stop them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::ops::ControlFlow;

use muster_store::engine::catalog::{EntityKey, Zone};
use muster_store::engine::query::plan::QueryRequest;
use muster_store::engine::query::{GroupKey, Run};
use muster_store::engine::write::{Batch, Change, EntityChanges, LoadMode};
use muster_store::exchange::{Gates, Mapping, NamedFile, ReadOptions, Share};
use muster_store::{FileLoad, LoadFault, LoadOutcome, Space, Store, StoreOptions};

/// Random enough, and the same for the same seed (SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.0;
        word = (word ^ word >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ word >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        (word ^ word >> 31) % end
    }
}

const TAGS: [(&str, &str); 4] = [("vip", "flag"), ("new", "flag"), ("city", "choice"), ("score", "int")];
const CITIES: [&str; 3] = ["北京", "上海", "New York"];
const KEYS: u64 = 60;

/// What an entity has, as a profile writes it.
type Entity = BTreeMap<&'static str, String>;
type Model = BTreeMap<String, Entity>;
/// A row: the key, and a cell for each tag; an empty one is null.
type Row = (String, [String; 4]);

fn any_rows(random: &mut Random) -> Vec<Row> {
    let cell = |random: &mut Random, tag: usize| match (random.below(4), tag) {
        (0, _) => String::new(),
        (_, 0 | 1) => random.below(2).to_string(),
        (_, 2) => CITIES[random.below(3) as usize].to_owned(),
        _ => random.below(100).to_string(),
    };
    let count = random.below(40);
    (0..count).map(|_| (format!("u{}", random.below(KEYS)), std::array::from_fn(|tag| cell(random, tag)))).collect()
}

fn csv(rows: &[Row]) -> String {
    let mut text = String::from("id,vip,new,city,score\n");
    for (key, cells) in rows {
        writeln!(text, "{key},{}", cells.join(",")).unwrap();
    }
    text
}

/// What the rows say of each entity and tag in the end; a flag that is false is none.
fn said(rows: &[Row], tag: usize) -> BTreeMap<&str, Option<String>> {
    let mut said = BTreeMap::new();
    for (key, cells) in rows.iter().filter(|(_, cells)| !cells[tag].is_empty()) {
        let cell = &cells[tag];
        said.insert(
            key.as_str(),
            match TAGS[tag].1 {
                "flag" => (cell == "1").then(|| "true".to_owned()),
                _ => Some(cell.clone()),
            },
        );
    }
    said
}

/// Before, after, set, kept and removed of one tag.
type Numbers = [u64; 5];

/// Does to the model what a load does; returns what it does to each tag.
fn apply(model: &mut Model, rows: &[Row], modes: &[LoadMode; 4]) -> BTreeMap<&'static str, Numbers> {
    let known: BTreeSet<String> = model.keys().cloned().collect();
    for (key, _) in rows {
        model.entry(key.clone()).or_default();
    }
    let mut effects = BTreeMap::new();
    for (index, (tag, _)) in TAGS.iter().enumerate() {
        let had: BTreeSet<String> = holders(model, tag);
        if modes[index] == LoadMode::Replace {
            model.values_mut().for_each(|entity| drop(entity.remove(tag)));
        }
        let mut set = BTreeSet::new();
        for (key, value) in said(rows, index) {
            if modes[index] == LoadMode::Append && known.contains(key) {
                continue;
            }
            let entity = model.get_mut(key).unwrap();
            match value {
                Some(value) => {
                    entity.insert(tag, value);
                    set.insert(key.to_owned());
                }
                None => drop(entity.remove(tag)),
            }
        }
        let has = holders(model, tag);
        let kept = has.difference(&set).count();
        let removed = had.difference(&has).count();
        effects.insert(*tag, [had.len(), has.len(), set.len(), kept, removed].map(|count| count as u64));
    }
    effects
}

fn holders(model: &Model, tag: &str) -> BTreeSet<String> {
    model.iter().filter(|(_, entity)| entity.contains_key(tag)).map(|(key, _)| key.clone()).collect()
}

/// The entities of the store as the model has them.
fn read(space: &Space) -> Model {
    let snapshot = space.snapshot();
    let Ok(users) = snapshot.catalog().require_type("users") else { return Model::new() };
    let all = snapshot.prepare(users.id, "ALL", &QueryRequest::now()).unwrap();
    let mut model = Model::new();
    for id in all.members(&Run::default(), None, usize::MAX).unwrap().ids {
        let key = snapshot.key(users.id, id).unwrap().unwrap().to_string();
        let mut entity = Entity::new();
        for (tag, kind) in TAGS {
            let found = snapshot.catalog().tag_named(users.id, tag).unwrap();
            let text = match kind {
                "flag" => format!("ids('{key}') AND {tag}"),
                _ => format!("ids('{key}') AND {tag} IS NOT MISSING"),
            };
            let prepared = snapshot.prepare(users.id, &text, &QueryRequest::now()).unwrap();
            if let Some(group) = prepared.breakdown(&Run::default(), found.id).unwrap().groups.first() {
                entity.insert(
                    tag,
                    match &group.key {
                        GroupKey::True => "true".to_owned(),
                        GroupKey::Value(value) => value.clone(),
                        GroupKey::Number(number) => number.to_string(),
                    },
                );
            }
        }
        model.insert(key, entity);
    }
    model
}

struct World {
    folder: tempfile::TempDir,
    store: Option<Store>,
    loads: u32,
}

impl World {
    fn new() -> World {
        let mut world = World { folder: tempfile::tempdir().unwrap(), store: None, loads: 0 };
        world.reopen();
        world
    }

    fn reopen(&mut self) {
        self.store = None;
        self.store = Some(Store::open(StoreOptions::new(self.folder.path().join("store"))).unwrap());
    }

    fn space(&self) -> std::sync::Arc<Space> {
        self.store.as_ref().unwrap().space("main").unwrap()
    }

    fn load(&mut self, rows: &[Row], modes: &[LoadMode; 4], gates: Gates) -> Result<LoadOutcome, LoadFault> {
        self.loads += 1;
        let path = self.folder.path().join("rows.csv");
        std::fs::write(&path, csv(rows)).unwrap();
        let columns = TAGS.iter().zip(modes).map(|((tag, kind), mode)| {
            format!("  {{ column = \"{tag}\", kind = \"{kind}\", mode = \"{}\" }},\n", mode.name())
        });
        let text = format!(
            "type = \"users\"\nkey = {{ column = \"id\", kind = \"string\" }}\ncolumns = [\n{}]\n",
            columns.collect::<String>()
        );
        let mapping = Mapping { gates, ..Mapping::parse(&text).unwrap() };
        let load = FileLoad {
            file: NamedFile { path: &path, name: "rows.csv" },
            mapping: &mapping,
            read: ReadOptions::default(),
            load_id: &format!("load {}", self.loads),
            asked: None,
            create_missing_tags: true,
            dry_run: false,
            max_rejects: 0,
            zone: &Zone::utc(),
            run: &Run::default(),
        };
        load.run(&self.space(), &mut |_| ControlFlow::Continue(()))
    }
}

#[test]
fn loads_of_every_mode_leave_and_tell_what_the_model_says() {
    let seeds: u64 = std::env::var("MUSTER_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(3);
    for seed in 1..=seeds {
        eprintln!("seed {seed}");
        let mut random = Random(seed);
        let (mut world, mut model) = (World::new(), Model::new());
        for _ in 0..25 {
            let modes = std::array::from_fn(|_| LoadMode::ALL[random.below(3) as usize]);
            let rows = any_rows(&mut random);
            let outcome = world.load(&rows, &modes, Gates::default()).unwrap();
            let expected = apply(&mut model, &rows, &modes);
            let told: BTreeMap<&str, Numbers> = outcome
                .effects
                .iter()
                .map(|effect| {
                    let numbers = [effect.before, effect.after, effect.set, effect.kept, effect.removed];
                    (effect.tag.as_str(), numbers)
                })
                .collect();
            // A load without rows says nothing of tags that are not replaced.
            for (tag, numbers) in &expected {
                match told.get(tag) {
                    Some(told) => assert_eq!(told, numbers, "{tag} {modes:?} {rows:?}"),
                    None => assert!(rows.is_empty(), "{tag} is missing"),
                }
            }
            assert_eq!(read(&world.space()), model);
            match random.below(6) {
                0 => world.reopen(),
                1 => world.space().flush().unwrap(),
                2 => world.space().compact().unwrap(),
                3 | 4 => {
                    // Small writes and erasures in between.
                    let key = format!("u{}", random.below(KEYS));
                    let change = match random.below(3) {
                        0 if model.contains_key(&key) => {
                            model.remove(&key);
                            Change::Erase
                        }
                        1 => {
                            model.entry(key.clone()).or_default().insert("city", CITIES[0].to_owned());
                            Change::set("city", muster_store::engine::catalog::Value::Text(CITIES[0].to_owned()))
                        }
                        _ => {
                            model.entry(key.clone()).or_default();
                            Change::Touch
                        }
                    };
                    let entities = vec![EntityChanges::new(EntityKey::Text(key), vec![change])];
                    world.space().write(Batch { type_name: "users".into(), source: None, entities }, 0).unwrap();
                }
                _ => {}
            }
        }
    }
}

fn row(key: &str, cells: [&str; 4]) -> Row {
    (key.to_owned(), cells.map(str::to_owned))
}

/// What the gates say of replacing eight people by `rows`.
fn said_by(gates: Gates, rows: &[Row]) -> Result<LoadOutcome, Vec<String>> {
    let mut world = World::new();
    let people: Vec<Row> =
        (0..8).map(|n| row(&format!("u{n}"), ["1", "0", CITIES[n % 2], if n < 4 { "10" } else { "20" }])).collect();
    world.load(&people, &[LoadMode::Upsert; 4], Gates::default()).unwrap();
    let before = read(&world.space());
    match world.load(rows, &[LoadMode::Replace; 4], gates) {
        Ok(outcome) => Ok(outcome),
        Err(LoadFault::GatesFailed(failed)) => {
            assert_eq!(read(&world.space()), before, "a gate has failed, and something has changed");
            Err(failed)
        }
        Err(fault) => panic!("{fault}"),
    }
}

#[test]
fn each_gate_lets_what_fits_pass_and_stops_what_does_not() {
    let by_tag = |tag: &str, share: u32| BTreeMap::from([(tag.to_owned(), Share(share))]);
    let rows = [row("u1", ["1", "1", "北京", "10"]), row("x", ["1", "0", "", "15"]), row("y", ["0", "", "上海", "20"])];
    let gate = |gates: Gates| said_by(gates, &rows);
    let none = Gates::default;
    for (passes, stops, told) in [
        (Gates { rows_min: 3, ..none() }, Gates { rows_min: 4, ..none() }, "3 rows, at least 4 are wanted (rows_min)"),
        (
            Gates { coverage_min: by_tag("city", 6_666), ..none() },
            Gates { coverage_min: by_tag("city", 6_667), ..none() },
            "2 of 3 entities get `city`, at least 66.67% are wanted (coverage_min)",
        ),
        (
            Gates { shrink_max: Some(Share(7_500)), ..none() },
            Gates { shrink_max: Some(Share(7_499)), ..none() },
            "`city` goes from 8 to 2 entities, a change of 74.99% at most is wanted (shrink_max)",
        ),
        (
            Gates { change_max: by_tag("score", 6_250), ..none() },
            Gates { change_max: by_tag("score", 6_249), ..none() },
            "`score` goes from 8 to 3 entities, a change of 62.49% at most is wanted (change_max)",
        ),
        (
            Gates { values: BTreeMap::from([("city".into(), vec!["北京".into(), "上海".into()])]), ..none() },
            Gates { values: BTreeMap::from([("city".into(), vec!["北京".into()])]), ..none() },
            "1 entities have \"上海\" as `city`, which its values do not name (values)",
        ),
        (
            Gates { disjoint: vec![], ..none() },
            Gates { disjoint: vec![vec!["vip".into(), "new".into()]], ..none() },
            "1 entities have `vip` and `new`, nobody should (disjoint)",
        ),
        // Before: 4 of 10, 4 of 20. After: 1 of 10, 2 above 10. (1/3 - 1/2) ln(2/3) + (2/3 - 1/2) ln(4/3) = 0.1155
        (
            Gates { drift_max: by_tag("score", 1_156), ..none() },
            Gates { drift_max: by_tag("score", 1_155), ..none() },
            "the stability index of `score` is 0.1155, at most 0.1155 is wanted (drift_max)",
        ),
        (
            Gates { drift_max: by_tag("city", 0), ..none() },
            Gates { drift_max: by_tag("vip", 0), shrink_max: Some(Share(0)), ..none() },
            "`vip` goes from 8 to 2 entities, a change of 0% at most is wanted (shrink_max)",
        ),
    ] {
        gate(passes).unwrap_or_else(|failed| panic!("{failed:?}"));
        let failed = gate(stops.clone()).err().unwrap_or_else(|| panic!("{stops:?} let it pass"));
        assert!(failed.iter().any(|said| said == told), "{told}: {failed:?}");
        let warned = gate(Gates { warn: true, ..stops }).unwrap();
        assert!(warned.notes.iter().any(|note| note.message.ends_with(told)), "{:?}", warned.notes);
    }
}
