//! A history of changes, kept twice: as layers of parts and as plain maps.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::catalog::{Catalog, CatalogChange, KeyKind, TagKind, TagSpec};
use crate::columns::NULL_CODE;
use crate::ids::{LocalId, Seq, TagId, TypeId, ValueId};
use crate::keys::Names;
use crate::part::{ColumnBuilder, Merge, MergeTag, Part, PartBuilder, PartLimits, TagForm};
use crate::snapshot::{Derived, Layer, MergedBitmaps, Snapshot, Version};
use crate::storage::{AlignedBytes, Mapped, Random};

/// The tags of the test: numbers are given in order by an empty catalog.
pub(super) struct Tags {
    pub(super) type_id: TypeId,
    pub(super) population: TagId,
    pub(super) flag: TagId,
    pub(super) rare: TagId,
    pub(super) choice: TagId,
    pub(super) city: TagId,
    pub(super) set: TagId,
    pub(super) age: TagId,
    pub(super) amount: TagId,
}

pub(super) const TAGS: Tags = Tags {
    type_id: TypeId(1),
    population: TagId(1),
    flag: TagId(2),
    rare: TagId(3),
    choice: TagId(4),
    city: TagId(5),
    set: TagId(6),
    age: TagId(7),
    amount: TagId(8),
};

/// Values of the choice, of the city and of the set.
pub(super) const CHOICES: u32 = 5;
pub(super) const CITIES: u32 = 400;
pub(super) const ITEMS: u32 = 30;

#[derive(Clone, Default)]
pub(super) struct Entity {
    pub(super) flags: BTreeSet<TagId>,
    pub(super) choices: BTreeMap<TagId, u32>,
    pub(super) items: BTreeSet<u32>,
    pub(super) numbers: BTreeMap<TagId, i64>,
}

pub(super) type Model = BTreeMap<u32, Entity>;

pub(super) struct History {
    pub(super) model: Model,
    layers: Vec<Layer>,
    catalog: Catalog,
    seq: u64,
    id_end: u32,
}

fn describe(tag: TagId) -> Option<MergeTag> {
    let form = match tag {
        tag if tag == TAGS.population || tag == TAGS.flag || tag == TAGS.rare => TagForm::Flag,
        tag if tag == TAGS.choice || tag == TAGS.city => TagForm::Choice,
        tag if tag == TAGS.set => TagForm::Set,
        _ => TagForm::Number,
    };
    Some(MergeTag { population: TAGS.population, form })
}

fn catalog() -> Catalog {
    let mut catalog = Catalog::empty();
    let mut change = |change| {
        let record = catalog.resolve(&change).unwrap();
        catalog = catalog.apply(&record).unwrap();
    };
    change(CatalogChange::CreateType {
        name: "users".into(),
        key: KeyKind::Dense,
        label: None,
        description: String::new(),
    });
    for (name, kind) in [
        ("flag", TagKind::Flag),
        ("rare", TagKind::Flag),
        ("choice", TagKind::Choice),
        ("city", TagKind::Choice),
        ("set", TagKind::Set),
        ("age", TagKind::Int),
        ("amount", TagKind::Int),
    ] {
        change(CatalogChange::CreateTag(Box::new(TagSpec::new("users", name, kind))));
    }
    assert_eq!(catalog.tag_named(TAGS.type_id, "amount").unwrap().id, TAGS.amount);
    assert_eq!(catalog.entity_type(TAGS.type_id).unwrap().population, TAGS.population);
    catalog
}

fn number(random: &mut Random, tag: TagId) -> i64 {
    match tag == TAGS.age {
        true => random.below(100) as i64,
        false => random.below(1 << 21) as i64 - (1 << 19),
    }
}

impl History {
    /// One bulk layer: dense ids over a chunk and a quarter, with every kind of container.
    pub(super) fn begin(random: &mut Random) -> History {
        let id_end = 65_536 + 15_000 + random.below(5_000) as u32;
        let mut history = History { model: Model::new(), layers: Vec::new(), catalog: catalog(), seq: 1, id_end };
        let ids: Vec<u32> = (0..id_end - 5_000).filter(|id| id % 10 != 3).collect();
        let mut builder = ColumnBuilder::new(TAGS.population, ids.clone(), &|_| true);
        let mut chance = |percent: u64| -> Vec<bool> { ids.iter().map(|_| random.below(100) < percent).collect() };
        let (common, rare, has_age) = (chance(45), chance(1), chance(80));
        // A stretch of the flag is a run, another is full.
        let flag: Vec<bool> = ids.iter().zip(&common).map(|(&id, &is)| is || (40_000..70_000).contains(&id)).collect();
        let choice: Vec<u32> =
            ids.iter().map(|_| random.below(6) as u32).map(|c| if c == 5 { NULL_CODE } else { c }).collect();
        let city: Vec<u32> = ids.iter().map(|_| (random.below(20) * random.below(20)) as u32).collect();
        let (mut offsets, mut codes) = (vec![0], Vec::new());
        for _ in &ids {
            (0..random.below(3)).for_each(|_| codes.push(random.below(u64::from(ITEMS)) as u32));
            offsets.push(codes.len() as u32);
        }
        let age: Vec<i64> = ids.iter().map(|_| number(random, TAGS.age)).collect();
        let amount: Vec<i64> = ids.iter().map(|_| number(random, TAGS.amount)).collect();
        let values = |count: u32| -> Vec<ValueId> { (1..=count).map(ValueId).collect() };
        builder.flag(TAGS.flag, &flag, None, false);
        builder.flag(TAGS.rare, &rare, None, false);
        builder.choice(TAGS.choice, &choice, &values(CHOICES), false);
        builder.choice(TAGS.city, &city, &values(CITIES), false);
        builder.set(TAGS.set, (&offsets, &codes), &values(ITEMS), None, false);
        builder.number(TAGS.age, &age, Some(&has_age), false);
        builder.number(TAGS.amount, &amount, None, false);
        for (row, &id) in ids.iter().enumerate() {
            let entity = history.model.entry(id).or_default();
            for (tag, values) in [(TAGS.flag, &flag), (TAGS.rare, &rare)] {
                if values[row] {
                    entity.flags.insert(tag);
                }
            }
            if choice[row] != NULL_CODE {
                entity.choices.insert(TAGS.choice, choice[row] + 1);
            }
            entity.choices.insert(TAGS.city, city[row] + 1);
            let items = &codes[offsets[row] as usize..offsets[row + 1] as usize];
            entity.items.extend(items.iter().map(|code| code + 1));
            if has_age[row] {
                entity.numbers.insert(TAGS.age, age[row]);
            }
            entity.numbers.insert(TAGS.amount, amount[row]);
        }
        history.push(builder.finish(Seq(1)).unwrap());
        history
    }

    pub(super) fn id_end(&self) -> u32 {
        self.id_end
    }

    /// A group of single changes on top.
    pub(super) fn change(&mut self, random: &mut Random) {
        let mut builder = PartBuilder::new();
        let touched = 1 + random.below(400);
        for _ in 0..touched {
            // Few ids, so that changes of one group meet.
            let id = match random.below(4) {
                0 => random.below(u64::from(self.id_end)) as u32,
                _ => 66_000 + random.below(300) as u32,
            };
            self.change_one(random, &mut builder, id);
        }
        if random.below(8) == 0 {
            builder.clear_everyone(TAGS.choice, TagForm::Choice);
            for entity in self.model.values_mut() {
                entity.choices.remove(&TAGS.choice);
            }
        }
        self.seq += 1;
        let bytes = builder.finish(Seq(self.seq), Seq(self.seq)).unwrap();
        self.push(bytes);
    }

    fn change_one(&mut self, random: &mut Random, builder: &mut PartBuilder, id: u32) {
        let local = LocalId(id);
        let what = random.below(12);
        if what == 0 {
            let mut tags = [TAGS.flag, TAGS.rare, TAGS.choice, TAGS.city, TAGS.set, TAGS.age, TAGS.amount].into_iter();
            builder.erase(TAGS.population, &mut tags, local);
            self.model.remove(&id);
            return;
        }
        let is_set = what < 7;
        if !is_set && !self.model.contains_key(&id) {
            return;
        }
        if is_set {
            builder.touch(TAGS.population, local);
        }
        let entity = self.model.entry(id).or_default();
        let numbers = [TAGS.age, TAGS.amount][random.below(2) as usize];
        let item = 1 + random.below(u64::from(ITEMS)) as u32;
        match what {
            1 => {
                builder.set_flag(TAGS.flag, local);
                entity.flags.insert(TAGS.flag);
            }
            2 => {
                builder.set_flag(TAGS.rare, local);
                entity.flags.insert(TAGS.rare);
            }
            3 => {
                let value = 1 + random.below(u64::from(CHOICES)) as u32;
                builder.set_choice(TAGS.choice, local, ValueId(value));
                entity.choices.insert(TAGS.choice, value);
            }
            4 => {
                let value = 1 + random.below(u64::from(CITIES)) as u32;
                builder.set_choice(TAGS.city, local, ValueId(value));
                entity.choices.insert(TAGS.city, value);
            }
            5 => {
                builder.add_value(TAGS.set, local, ValueId(item));
                entity.items.insert(item);
            }
            6 => {
                let number = number(random, numbers);
                builder.set_number(numbers, local, number);
                entity.numbers.insert(numbers, number);
            }
            7 | 8 => {
                let item = entity.items.first().copied().filter(|_| what == 7).unwrap_or(item);
                builder.remove_value(TAGS.set, local, ValueId(item));
                entity.items.remove(&item);
            }
            9 => {
                builder.clear(TAGS.flag, TagForm::Flag, local);
                entity.flags.remove(&TAGS.flag);
                builder.clear(TAGS.city, TagForm::Choice, local);
                entity.choices.remove(&TAGS.city);
            }
            10 => {
                builder.clear(TAGS.set, TagForm::Set, local);
                entity.items.clear();
            }
            _ => {
                builder.clear(numbers, TagForm::Number, local);
                entity.numbers.remove(&numbers);
            }
        }
    }

    /// Merges some neighbouring layers, the bottom one included or not, into parts of random size.
    pub(super) fn merge_some(&mut self, random: &mut Random) {
        let start = random.below(self.layers.len() as u64) as usize;
        let end = start + 1 + random.below((self.layers.len() - start) as u64) as usize;
        let limits = [1 << (12 + random.below(10)), 1 << (12 + random.below(14))];
        self.merge(start..end, PartLimits { bytes_max: limits[0], held_bytes_max: limits[1] });
    }

    pub(super) fn merge_all(&mut self) {
        self.merge(0..self.layers.len(), PartLimits::NONE);
    }

    fn merge(&mut self, range: std::ops::Range<usize>, limits: PartLimits) {
        let inputs: Vec<Vec<Arc<Part>>> = self.layers[range.clone()].iter().map(|layer| layer.parts.clone()).collect();
        let mut merge = Merge::new(&inputs, range.start == 0, &describe).unwrap();
        let mut parts = Vec::new();
        while !merge.is_done() {
            let mut bytes = AlignedBytes::new();
            let summary = merge.write_part(&mut bytes, limits).unwrap();
            let part = Part::open(Mapped::from_bytes(bytes), "a merged part", Some(summary.footer_crc)).unwrap();
            part.check().unwrap();
            if !part.is_empty() {
                parts.push(Arc::new(part));
            }
        }
        let layer = Layer {
            first_seq: self.layers[range.start].first_seq,
            last_seq: self.layers[range.end - 1].last_seq,
            parts,
            in_memory: true,
        };
        self.layers.splice(range, [layer]);
    }

    fn push(&mut self, bytes: Mapped) {
        let part = Part::open(bytes, "a part in memory", None).unwrap();
        part.check().unwrap();
        self.layers.push(Layer {
            first_seq: Seq(self.seq),
            last_seq: Seq(self.seq),
            parts: vec![Arc::new(part)],
            in_memory: true,
        });
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        self.snapshot_keeping(0)
    }

    /// A snapshot that may keep so much of what it derives from the parts.
    pub(super) fn snapshot_keeping(&self, bytes_max: u64) -> Snapshot {
        let merged = Arc::new(MergedBitmaps::new(bytes_max));
        let version = Arc::new(Version {
            seq: Seq(self.seq),
            catalog: self.catalog.clone(),
            layers: self.layers.clone(),
            names: Names::default(),
            store_id: [0; 16],
            id_epoch: 1,
            merged: Arc::clone(&merged),
            derived: Derived::default(),
        });
        merged.publish(&version);
        Snapshot::new(version)
    }
}
