//! The naive truth: entities as maps of tags, and loads as histories that are told again from where they began.

use std::collections::{BTreeMap, BTreeSet};

use muster_engine::catalog::EntityKey;
use muster_engine::ids::{TagId, TypeId};
use muster_engine::write::LoadMode;

/// What a tag says of an entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Flag,
    Choice(String),
    Set(BTreeSet<String>),
    Number(i64),
}

pub(crate) type Entity = BTreeMap<TagId, Said>;

/// One life of a key: from when it becomes known until it is erased.
pub(crate) type Life = u64;

/// A change that really happened, to a life.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Known(Life, EntityKey),
    Erase(Life),
    Say(Life, TagId, Said),
    Add(Life, TagId, String),
    Remove(Life, TagId, String),
    Clear(Life, TagId),
}

/// The entities of one type.
#[derive(Clone, Debug, Default)]
pub(crate) struct Population {
    /// When each tag of each entity was last written.
    days: BTreeMap<(Life, TagId), i64>,
    pub(crate) entities: BTreeMap<Life, Entity>,
    pub(crate) keys: BTreeMap<EntityKey, Life>,
}

impl Population {
    pub(crate) fn apply(&mut self, step: &Step, day: i64) {
        if let Step::Say(life, tag, _) | Step::Add(life, tag, _) = step {
            self.days.insert((*life, *tag), day);
        }
        match step {
            Step::Known(life, key) => {
                self.entities.entry(*life).or_default();
                self.keys.insert(key.clone(), *life);
            }
            Step::Erase(life) => {
                self.entities.remove(life);
                self.keys.retain(|_, known| known != life);
            }
            Step::Say(life, tag, said) => {
                if let Some(entity) = self.entities.get_mut(life) {
                    entity.insert(*tag, said.clone());
                }
            }
            Step::Add(life, tag, value) => {
                if let Some(entity) = self.entities.get_mut(life)
                    && let Said::Set(values) = entity.entry(*tag).or_insert_with(|| Said::Set(BTreeSet::new()))
                {
                    values.insert(value.clone());
                }
            }
            Step::Remove(life, tag, value) => {
                if let Some(Said::Set(values)) = self.entities.get_mut(life).and_then(|entity| entity.get_mut(tag)) {
                    values.remove(value);
                }
            }
            Step::Clear(life, tag) => {
                if let Some(entity) = self.entities.get_mut(life) {
                    entity.remove(tag);
                }
            }
        }
    }
}

/// A cell of a loaded row.
#[derive(Clone, Debug)]
pub(crate) enum Cell {
    Keep,
    Clear,
    Say(Said),
}

/// A row of a load.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) key: EntityKey,
    pub(crate) cells: Vec<(TagId, Cell)>,
}

/// A load under way.
#[derive(Clone, Debug)]
pub(crate) struct OracleLoad {
    base: Population,
    /// Each with its day.
    since: Vec<(Step, i64)>,
    /// When it began.
    day: i64,
    /// What is done with tags that are not upserted.
    modes: BTreeMap<TagId, LoadMode>,
    pub(crate) rows: Vec<Row>,
}

/// All types.
#[derive(Clone, Debug, Default)]
pub(crate) struct Oracle {
    pub(crate) types: BTreeMap<TypeId, Population>,
    pub(crate) loads: BTreeMap<TypeId, OracleLoad>,
    next_life: Life,
    /// Today.
    pub(crate) day: i64,
    /// How many days tags are kept, and since when that is so.
    pub(crate) times_to_live: BTreeMap<TagId, (u32, i64)>,
}

/// What a finished load counted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct LoadCounts {
    pub(crate) rows: u64,
    pub(crate) entities: u64,
    pub(crate) new_entities: u64,
}

impl Oracle {
    pub(crate) fn new_life(&mut self) -> Life {
        self.next_life += 1;
        self.next_life
    }

    pub(crate) fn life_of(&self, type_id: TypeId, key: &EntityKey) -> Option<Life> {
        self.types.get(&type_id)?.keys.get(key).copied()
    }

    pub(crate) fn step(&mut self, type_id: TypeId, step: Step) {
        if let Some(load) = self.loads.get_mut(&type_id) {
            load.since.push((step.clone(), self.day));
        }
        self.types.entry(type_id).or_default().apply(&step, self.day);
    }

    /// Takes away what has expired; a type with a running load waits.
    pub(crate) fn sweep(&mut self) {
        for (type_id, population) in &mut self.types {
            if self.loads.contains_key(type_id) {
                continue;
            }
            let Population { days, entities, .. } = population;
            for (life, entity) in entities {
                entity.retain(|tag, _| {
                    let Some(&(kept, since)) = self.times_to_live.get(tag) else {
                        return true;
                    };
                    // Written on one day and kept for one, it is there on the next day and gone on the one after.
                    let from = days.get(&(*life, *tag)).map_or(since, |&day| day.max(since));
                    self.day <= from + i64::from(kept)
                });
            }
        }
    }

    pub(crate) fn drop_tag(&mut self, tag: TagId) {
        let bases = self.loads.values_mut().map(|load| &mut load.base);
        for population in self.types.values_mut().chain(bases) {
            for entity in population.entities.values_mut() {
                entity.remove(&tag);
            }
        }
        for load in self.loads.values_mut() {
            for row in &mut load.rows {
                row.cells.retain(|(other, _)| *other != tag);
            }
        }
    }

    pub(crate) fn begin_load(&mut self, type_id: TypeId, modes: BTreeMap<TagId, LoadMode>) {
        let base = self.types.entry(type_id).or_default().clone();
        self.loads.insert(type_id, OracleLoad { base, since: Vec::new(), day: self.day, modes, rows: Vec::new() });
    }

    /// What the load of a type would come to if nothing had happened since it began, as [`Oracle::visible`] tells it.
    pub(crate) fn prepared(&self, type_id: TypeId, tags: &dyn Fn(TagId) -> bool) -> Visible {
        let mut alone = Oracle { next_life: self.next_life, ..Oracle::default() };
        let load = self.loads[&type_id].clone();
        alone.loads.insert(type_id, OracleLoad { since: Vec::new(), ..load });
        alone.commit_load(type_id);
        alone.visible(tags)
    }

    /// Tells the history again: as it was when the load began, the rows, then everything since.
    pub(crate) fn commit_load(&mut self, type_id: TypeId) -> LoadCounts {
        let load = self.loads.remove(&type_id).expect("a load runs");
        let mut population = load.base.clone();
        let replaced = load.modes.iter().filter(|(_, mode)| **mode == LoadMode::Replace);
        for (tag, _) in replaced {
            population.entities.values_mut().for_each(|entity| drop(entity.remove(tag)));
        }
        let mut counts = LoadCounts { rows: load.rows.len() as u64, entities: 0, new_entities: 0 };
        let mut lives: BTreeMap<EntityKey, Life> = BTreeMap::new();
        for row in &load.rows {
            let life = *lives.entry(row.key.clone()).or_insert_with(|| {
                counts.entities += 1;
                if let Some(life) = load.base.keys.get(&row.key) {
                    return *life;
                }
                counts.new_entities += 1;
                // The first life that a small write gave the key since is the same entity.
                let since = load.since.iter().find_map(|(step, _)| match step {
                    Step::Known(life, key) if *key == row.key => Some(*life),
                    _ => None,
                });
                since.unwrap_or_else(|| {
                    self.next_life += 1;
                    self.next_life
                })
            });
            population.apply(&Step::Known(life, row.key.clone()), load.day);
            let is_known = load.base.keys.contains_key(&row.key);
            let is_passed_over = |tag: &TagId| is_known && load.modes.get(tag) == Some(&LoadMode::Append);
            for (tag, cell) in row.cells.iter().filter(|(tag, _)| !is_passed_over(tag)) {
                match cell {
                    Cell::Keep => {}
                    Cell::Clear => population.apply(&Step::Clear(life, *tag), load.day),
                    Cell::Say(said) => population.apply(&Step::Say(life, *tag, said.clone()), load.day),
                }
            }
        }
        for (step, day) in &load.since {
            population.apply(step, *day);
        }
        self.types.insert(type_id, population);
        counts
    }

    /// What readers must see: by type and key, what is said, without sets that are empty and tags that are gone.
    pub(crate) fn visible(&self, tags: &dyn Fn(TagId) -> bool) -> Visible {
        let mut visible = Visible::new();
        for (type_id, population) in &self.types {
            for (key, life) in &population.keys {
                let entity = population.entities[life]
                    .iter()
                    .filter(|(tag, said)| tags(**tag) && **said != Said::Set(BTreeSet::new()))
                    .map(|(tag, said)| (*tag, said.clone()))
                    .collect();
                visible.insert((*type_id, key.clone()), entity);
            }
        }
        visible
    }
}

pub(crate) type Visible = BTreeMap<(TypeId, EntityKey), Entity>;
