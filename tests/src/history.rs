//! What a writer of a proof sends: batches that follow from a seed, a writer and a number, and the state they lead to.
//!
//! No two writers touch the same entity, so the state of one follows from how many of its batches were applied,
//! whatever the others do. Each batch changes at least one entity in a way that no other batch does, so that number can
//! be read from the state.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use muster_client::text_key;
use muster_client::v1::*;
use muster_engine::storage::Random;

/// The entities of a writer by key, with the tags that each has, as text.
pub type State = BTreeMap<String, BTreeMap<String, String>>;

/// How a writer writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Batch after batch, each acknowledged.
    Batches,
    /// A few batches in a stream, acknowledged together.
    Streams,
    /// Files in bulk: the number is that of the load.
    Loads,
    /// Changes of the catalog: the state is the tags that exist.
    Catalog,
}

/// One writer of one store.
#[derive(Clone, Debug)]
pub struct History {
    /// Where its randomness begins.
    pub seed: u64,
    /// Which one it is; its keys begin with this number.
    pub writer: u64,
    /// How it writes.
    pub way: Way,
    /// The type that it writes to.
    pub entity_type: &'static str,
}

/// The types of the proofs with their keys.
pub const TYPES: [(&str, KeyKind); 3] =
    [("people", KeyKind::String), ("devices", KeyKind::U64), ("shops", KeyKind::String)];
/// The tags of each type, with the digits behind the point.
pub const TAGS: [(&str, TagKind, u32); 8] = [
    ("batch", TagKind::Int, 0),
    ("vip", TagKind::Flag, 0),
    ("city", TagKind::Choice, 0),
    ("likes", TagKind::Set, 0),
    ("score", TagKind::Int, 0),
    ("spend", TagKind::Decimal, 2),
    ("since", TagKind::Date, 0),
    ("seen", TagKind::Time, 0),
];
/// How many keys one writer's numbers are apart.
const WRITER_KEYS: u64 = 1_000_000;
/// Entities that a writer writes to from the start.
const KEYS_MIN: u64 = 30;
/// One more entity for so many batches.
const BATCHES_A_KEY: u64 = 6;
/// The most entities of a writer.
const KEYS_MAX: u64 = 300;
/// Rows of a load; half of them are those of the load before.
const LOAD_ROWS: u64 = 400;
/// Keys that loads use in turn.
const LOAD_KEYS: u64 = 2_000;

/// A change in both its forms.
enum Step {
    Set(&'static str, String),
    Remove(&'static str, String),
    Clear(&'static str),
    Touch,
    Erase,
}

impl History {
    /// A writer.
    pub fn new(seed: u64, writer: u64, way: Way, entity_type: &'static str) -> History {
        History { seed, writer, way, entity_type }
    }

    /// The name under which its batches are numbered.
    pub fn source(&self) -> String {
        format!("writer {}", self.writer)
    }

    /// Whether an entity of its type is its own.
    pub fn owns(&self, key: &str) -> bool {
        key.parse::<u64>().map_or_else(
            |_| key.starts_with(&format!("{}-", self.writer)),
            |number| number / WRITER_KEYS == self.writer + 1,
        )
    }

    /// Batch `number` as it is sent.
    pub fn request(&self, number: u64) -> WriteRequest {
        let entities = self
            .steps(number)
            .into_iter()
            .map(|(key, steps)| EntityChanges {
                key: Some(text_key(key)),
                changes: steps.iter().map(Step::message).collect(),
            })
            .collect();
        WriteRequest {
            entity_type: self.entity_type.to_owned(),
            source: Some(SourceSequence { source: self.source(), sequence: number }),
            entities,
            ..WriteRequest::default()
        }
    }

    /// The id and the file of load `number`.
    pub fn load(&self, number: u64) -> (String, String) {
        let mut text = String::from("id,batch,city\n");
        for (key, city) in self.rows(number) {
            writeln!(text, "{key},{number},{city}").expect("text takes anything");
        }
        (format!("load {} {number}", self.writer), text)
    }

    /// The mapping of its loads.
    pub fn mapping(&self) -> String {
        format!(
            "type = \"{}\"\nkey = {{ column = \"id\", kind = \"string\" }}\ncolumns = [\n\
             {{ column = \"batch\", kind = \"int\" }}, {{ column = \"city\", kind = \"choice\" }},\n]\n",
            self.entity_type
        )
    }

    /// The tag that change `number` of the catalog makes, or drops where the second is false.
    pub fn catalog_change(&self, number: u64) -> (String, bool) {
        match number % 4 {
            0 => (format!("extra.{}", number - 3), false),
            _ => (format!("extra.{number}"), true),
        }
    }

    /// Changes `state`, which is that after `number - 1`, to that after `number`.
    pub fn apply(&self, number: u64, state: &mut State) {
        match self.way {
            Way::Batches | Way::Streams => {
                for (key, steps) in self.steps(number) {
                    steps.iter().for_each(|step| step.apply(&key, state));
                }
            }
            Way::Loads => {
                for (key, city) in self.rows(number) {
                    let tags = state.entry(key).or_default();
                    tags.insert("batch".into(), number.to_string());
                    tags.insert("city".into(), city);
                }
            }
            Way::Catalog => match self.catalog_change(number) {
                (name, true) => drop(state.insert(name, BTreeMap::new())),
                (name, false) => drop(state.remove(&name)),
            },
        }
    }

    fn rows(&self, number: u64) -> impl Iterator<Item = (String, String)> + '_ {
        let first = (number - 1) * (LOAD_ROWS / 2);
        (first..first + LOAD_ROWS)
            .map(move |row| (format!("{}-{}", self.writer, row % LOAD_KEYS), format!("city {}", (row + number) % 9)))
    }

    fn steps(&self, number: u64) -> Vec<(String, Vec<Step>)> {
        let mut random = Random::seeded(self.seed ^ (self.writer << 48) ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let keys = (KEYS_MIN + number / BATCHES_A_KEY).min(KEYS_MAX);
        // The first entity carries the number of every batch and is never erased.
        let mut entities = vec![(self.key(0), vec![Step::Set("batch", number.to_string())])];
        for _ in 0..random.below(12) {
            let key = self.key(1 + random.below(keys));
            let mut steps = Vec::new();
            for _ in 0..1 + random.below(4) {
                steps.push(step(&mut random, number));
            }
            entities.push((key, steps));
        }
        entities
    }

    fn key(&self, place: u64) -> String {
        match self.entity_type {
            "devices" => (WRITER_KEYS * (self.writer + 1) + place).to_string(),
            _ => format!("{}-{place}", self.writer),
        }
    }
}

fn step(random: &mut Random, number: u64) -> Step {
    let tag = TAGS[random.below(TAGS.len() as u64) as usize].0;
    match random.below(16) {
        0 => Step::Erase,
        1 => Step::Touch,
        2 | 3 => Step::Clear(tag),
        4 => Step::Remove("likes", format!("thing {}", random.below(12))),
        _ => Step::Set(tag, value_of(tag, random, number)),
    }
}

fn value_of(tag: &str, random: &mut Random, number: u64) -> String {
    match tag {
        "batch" => number.to_string(),
        "vip" => "true".to_owned(),
        "city" => format!("city {}", random.below(40)),
        "likes" => format!("thing {}", random.below(12)),
        "score" => (random.below(2_000_000) as i64 - 1_000_000).to_string(),
        "spend" => format!("{}.{:02}", random.below(100_000), random.below(100)),
        "since" => format!("20{:02}-{:02}-{:02}", random.below(40), 1 + random.below(12), 1 + random.below(28)),
        _ => format!(
            "20{:02}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
            random.below(40),
            1 + random.below(12),
            1 + random.below(28),
            random.below(24),
            random.below(60),
            random.below(60)
        ),
    }
}

impl Step {
    fn message(&self) -> Change {
        let change = match self {
            Step::Set(tag, written) => {
                let value = Value { value: Some(value::Value::Written(written.clone())) };
                change::Change::Set(SetTag { tag: (*tag).to_owned(), value: Some(value) })
            }
            Step::Remove(tag, value) => {
                change::Change::Remove(RemoveValue { tag: (*tag).to_owned(), value: value.clone() })
            }
            Step::Clear(tag) => change::Change::Clear(ClearTag { tag: (*tag).to_owned() }),
            Step::Touch => change::Change::Touch(Touch {}),
            Step::Erase => change::Change::Erase(Erase {}),
        };
        Change { change: Some(change) }
    }

    fn apply(&self, key: &str, state: &mut State) {
        match self {
            Step::Set("likes", value) => {
                let tags = state.entry(key.to_owned()).or_default();
                let mut values = values_of(tags.get("likes"));
                values.push(value.clone());
                keep_values(tags, values);
            }
            Step::Set(tag, value) => {
                state.entry(key.to_owned()).or_default().insert((*tag).to_owned(), value.clone());
            }
            Step::Remove(tag, value) => {
                if let Some(tags) = state.get_mut(key) {
                    let values = values_of(tags.get(*tag)).into_iter().filter(|one| one != value).collect();
                    keep_values(tags, values);
                }
            }
            Step::Clear(tag) => drop(state.get_mut(key).map(|tags| tags.remove(*tag))),
            Step::Touch => drop(state.entry(key.to_owned()).or_default()),
            Step::Erase => drop(state.remove(key)),
        }
    }
}

/// The values of a set tag as it is written down here.
pub fn values_of(text: Option<&String>) -> Vec<String> {
    text.map(|text| text.split(", ").map(str::to_owned).collect()).unwrap_or_default()
}

fn keep_values(tags: &mut BTreeMap<String, String>, mut values: Vec<String>) {
    values.sort();
    values.dedup();
    match values.is_empty() {
        true => tags.remove("likes"),
        false => tags.insert("likes".to_owned(), values.join(", ")),
    };
}
