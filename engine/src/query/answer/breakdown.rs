//! An audience by the values of a tag.

use std::collections::HashMap;
use std::sync::Arc;

use super::prepared::Prepared;
use super::value_counts::CountsByValue;
use crate::bitmap::{ChunkBuffer, Container, Slices, and_count, and_into, append_ids, gather_values};
use crate::catalog::TagKind;
use crate::error::{Error, Result};
use crate::ids::{BitmapId, ChunkId, TagId, ValueId};
use crate::query::bind::{
    Bound, BoundBitmap, BoundNumber, DigitWords, Digits, Means, SLICES_MAX, TagValues, VALUES, values_in_layers,
};
use crate::query::budget::{ALLOCATION_BYTES, Budget, over};
use crate::query::evaluate::{Merge, Run, Scratch, Want, evaluate, evaluate_spread};
use crate::query::pace::{Pace, SMALL_PER_UNIT};
use crate::query::plan::{Node, NodeId, Plan};
use crate::snapshot::taken;

/// An audience by the values of a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breakdown {
    /// What kind of tag it is, with the scale of a decimal.
    pub kind: TagKind,
    /// The values that anybody in the audience has, most members first, then by value.
    pub groups: Vec<Group>,
    /// Members without the tag.
    pub missing: u64,
    /// Members in all. For a set tag the groups may add up to more.
    pub members: u64,
}

/// Members with one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The value.
    pub key: GroupKey,
    /// How many have it.
    pub count: u64,
}

/// What a group has in common.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GroupKey {
    /// A flag that is set.
    True,
    /// A value of a choice or set tag.
    Value(String),
    /// An int, an unscaled decimal, a day or a millisecond, as the tag's kind says.
    Number(i64),
}

/// Groups that a breakdown may have.
pub(super) const GROUPS_MAX: usize = 1_000_000;

struct WantValues {
    values: Vec<BoundBitmap>,
    present: Bound,
}

struct ValueCounts {
    counts: Vec<u64>,
    members: u64,
    present: u64,
    fold: ChunkBuffer,
    present_scratch: Scratch,
}

impl Want for WantValues {
    type Partial = ValueCounts;

    fn nothing(&self) -> ValueCounts {
        let mut present_scratch = Scratch::default();
        present_scratch.begin(&self.present, &Run::default());
        ValueCounts {
            counts: vec![0; self.values.len()],
            members: 0,
            present: 0,
            fold: ChunkBuffer::new(),
            present_scratch,
        }
    }

    fn add(
        &self,
        partial: &mut ValueCounts,
        chunk: ChunkId,
        members: Container<'_>,
        scratch: &mut Scratch,
    ) -> Result<bool> {
        partial.members += u64::from(members.cardinality());
        let present = self.present.members_of(self.present.root, chunk, &mut partial.present_scratch)?;
        partial.present += u64::from(and_count(present, members));
        for (place, (value, count)) in self.values.iter().zip(&mut partial.counts).enumerate() {
            if place % VALUES_PER_LOOK == 0 {
                scratch.work(1)?;
            }
            let with_value = value.read(chunk, &mut partial.fold)?;
            if !with_value.is_empty() {
                *count += u64::from(and_count(with_value, members));
            }
        }
        Ok(true)
    }
}

impl Merge for WantValues {
    fn merge(&self, into: &mut ValueCounts, more: ValueCounts) {
        into.members += more.members;
        into.present += more.present;
        into.counts.iter_mut().zip(more.counts).for_each(|(count, more)| *count += more);
    }
}

/// Values that are counted in a chunk between two looks.
const VALUES_PER_LOOK: usize = 16;

struct WantManyValues {
    values: TagValues,
    present: Bound,
    budget: Budget,
}

#[derive(Default)]
struct ManyCounts {
    counts: CountsByValue,
    members: u64,
    present: u64,
    present_scratch: Scratch,
}

impl Want for WantManyValues {
    type Partial = ManyCounts;

    fn nothing(&self) -> ManyCounts {
        let mut counts = ManyCounts::default();
        counts.present_scratch.begin(&self.present, &Run::default());
        counts
    }

    fn add(
        &self,
        partial: &mut ManyCounts,
        chunk: ChunkId,
        members: Container<'_>,
        scratch: &mut Scratch,
    ) -> Result<bool> {
        let ManyCounts { counts, members: all, present, present_scratch } = partial;
        *all += u64::from(members.cardinality());
        let with_tag = self.present.members_of(self.present.root, chunk, present_scratch)?;
        *present += u64::from(and_count(with_tag, members));
        self.values.visit_chunk(chunk, &mut |units| scratch.work(units), &mut |value, with_value| {
            let count = match with_value {
                Container::Array(&[low]) => u32::from(members.contains(low)),
                with_value => and_count(with_value, members),
            };
            if count > 0 {
                counts.add(value, u64::from(count), &self.budget)?;
            }
            Ok(true)
        })?;
        Ok(true)
    }
}

struct WantNumbers {
    number: Arc<BoundNumber>,
    groups_max: usize,
    memory_bytes_max: u64,
}

impl WantNumbers {
    #[cold]
    fn too_many(&self) -> Error {
        match self.groups_max < GROUPS_MAX {
            true => over(self.memory_bytes_max, "so many groups"),
            false => too_many_groups(),
        }
    }
}

/// What a number that anybody has takes: in a table that is at least half full and may just be growing, and as a group.
const NUMBER_GROUP_BYTES: u64 = 17 * 4 + 2 * size_of::<Group>() as u64;

/// Numbers that are counted in a chunk between two looks.
const NUMBERS_PER_LOOK: usize = 1_024;

#[derive(Default)]
struct NumberCounts {
    counts: HashMap<i64, u64>,
    members: u64,
    present: u64,
    digits: DigitWords,
    buffers: [ChunkBuffer; 2],
    lows: Vec<u16>,
    ids: Vec<u32>,
    magnitudes: Vec<u64>,
}

impl Want for WantNumbers {
    type Partial = NumberCounts;

    fn nothing(&self) -> NumberCounts {
        NumberCounts::default()
    }

    fn add(
        &self,
        partial: &mut NumberCounts,
        chunk: ChunkId,
        members: Container<'_>,
        scratch: &mut Scratch,
    ) -> Result<bool> {
        let [fold, with_number] = &mut partial.buffers;
        partial.members += u64::from(members.cardinality());
        and_into(self.number.present.read(chunk, fold)?, members, with_number);
        partial.present += u64::from(with_number.cardinality());
        partial.ids.clear();
        append_ids(with_number.as_container(), 0, &mut partial.ids);
        partial.lows.clear();
        partial.lows.extend(partial.ids.iter().map(|&id| id as u16));
        partial.digits.read(&self.number, chunk)?;
        let mut slices: Digits<'_> = [None; SLICES_MAX];
        let slice_count = partial.digits.digits(&self.number, chunk, &mut slices)?;
        partial.magnitudes.clear();
        let slices = Slices { slices: &slices[..slice_count] };
        gather_values(slices, &partial.lows, &mut partial.magnitudes);
        let negative = self.number.negative.read(chunk, fold)?;
        for (place, (&low, &magnitude)) in partial.lows.iter().zip(&partial.magnitudes).enumerate() {
            if place % NUMBERS_PER_LOOK == 0 {
                scratch.work(1)?;
            }
            let is_negative = !negative.is_empty() && negative.contains(low);
            let number = if is_negative { -(magnitude as i64) } else { magnitude as i64 };
            *partial.counts.entry(number).or_default() += 1;
            // A chunk alone may bring more than there is room for.
            if partial.counts.len() > self.groups_max {
                return Err(self.too_many());
            }
        }
        Ok(true)
    }
}

/// What a value takes: its place among the keys, its bitmap, its count, and its group in a list that doubles.
const VALUE_GROUP_BYTES: u64 =
    (size_of::<(ValueId, GroupKey)>() + size_of::<BoundBitmap>() + 8 + 3 * size_of::<Group>()) as u64;

/// Values up to which each is bound by itself; of more, only those that somebody in a chunk has are looked at.
const BOUND_VALUES_MAX: usize = 1_024;

/// Most members first, then by value.
fn in_order(mut breakdown: Breakdown) -> Breakdown {
    breakdown.groups.sort_unstable_by(|a, b| b.count.cmp(&a.count).then_with(|| a.key.cmp(&b.key)));
    breakdown
}

fn too_many_groups() -> Error {
    Error::limit(format!(
        "narrow the audience or choose another tag: a breakdown may have {GROUPS_MAX} groups (groups_max)"
    ))
}

impl Prepared {
    /// The members by the values of `tag`; numbers by their distinct values. Errors: not found, limit, corrupt,
    /// cancelled, deadline.
    pub fn breakdown(&self, run: &Run, tag: TagId) -> Result<Breakdown> {
        let found = self.snapshot.catalog().tag(tag);
        let kind = found.ok_or_else(|| Error::not_found("the tag was dropped"))?.kind;
        let breakdown = match kind {
            TagKind::Flag => {
                let keys = vec![(ValueId(BitmapId::FLAG_SLOT), GroupKey::True)];
                self.by_values(run, (tag, kind), keys, self.budget)
            }
            TagKind::Choice | TagKind::Set => {
                let mut budget = self.budget;
                let Some(values) = values_in_layers(&self.snapshot, tag, BOUND_VALUES_MAX)? else {
                    return self.by_many_values(run, tag, kind).map(in_order);
                };
                budget.charge(VALUE_GROUP_BYTES * values.len() as u64, VALUES)?;
                let mut keys = Vec::with_capacity(values.len());
                for value in values {
                    let name = self.value_name(tag, value)?;
                    budget.charge(name.len() as u64 + ALLOCATION_BYTES, VALUES)?;
                    keys.push((value, GroupKey::Value(name)));
                }
                self.by_values(run, (tag, kind), keys, budget)
            }
            _ => self.by_numbers(run, tag, kind),
        }?;
        Ok(in_order(breakdown))
    }

    fn by_values(
        &self,
        run: &Run,
        (tag, kind): (TagId, TagKind),
        keys: Vec<(ValueId, GroupKey)>,
        mut budget: Budget,
    ) -> Result<Breakdown> {
        let snapshot = &self.snapshot;
        let population = snapshot.entity_type(self.planned.type_id)?.population;
        let taken = taken(snapshot.layers(), tag, population)?;
        let bind = |value: &ValueId| BoundBitmap::new(snapshot, BitmapId::value(tag, *value), &taken);
        let present = match kind {
            TagKind::Flag => Node::Bitmap(BitmapId::flag(tag)),
            _ => Node::Present(tag),
        };
        let present = Plan { nodes: vec![present], root: NodeId(0) };
        let mut values = Vec::with_capacity(keys.len());
        for (value, _) in &keys {
            let bound = self.bind_bitmap(run, || bind(value))?;
            budget.charge(bound.heap_bytes(), VALUES)?;
            values.push(bound);
        }
        let present = self.bind_asked(&present, run)?;
        let want = WantValues { values, present };
        let bytes = self.payload_bytes + want.values.iter().map(BoundBitmap::payload_bytes).sum::<u64>();
        let partial = evaluate_spread(self.asked(run)?, bytes, want, run)?;
        let groups = keys.into_iter().zip(partial.counts).filter(|(_, count)| *count > 0);
        Ok(Breakdown {
            kind,
            groups: groups.map(|((_, key), count)| Group { key, count }).collect(),
            missing: partial.members - partial.present,
            members: partial.members,
        })
    }

    /// Counts in one pass over the pairs of each chunk, however many values the tag has.
    fn by_many_values(&self, run: &Run, tag: TagId, kind: TagKind) -> Result<Breakdown> {
        let (mut budget, stop) = (self.budget, run.stop());
        let population = self.snapshot.entity_type(self.planned.type_id)?.population;
        let values = TagValues::new(&self.snapshot, tag, population, &mut Means::new(&mut budget, &stop))?;
        budget.charge(values.heap_bytes(), VALUES)?;
        let present = self.bind_asked(&Plan { nodes: vec![Node::Present(tag)], root: NodeId(0) }, run)?;
        let want = WantManyValues { values, present, budget };
        let bound = self.asked(run)?;
        let partial = Scratch::lend(|scratch| evaluate(bound, 0..u32::MAX, &want, run, scratch))?;
        budget.charge(partial.counts.byte_len(), VALUES)?;
        let count = partial.counts.iter().count();
        if count > GROUPS_MAX {
            return Err(too_many_groups());
        }
        budget.charge((count * size_of::<Group>()) as u64, VALUES)?;
        let mut groups = Vec::with_capacity(count);
        let mut pace = Pace::default();
        for (value, count) in partial.counts.iter() {
            if groups.len() % SMALL_PER_UNIT == 0 {
                run.work(&mut pace, 1)?;
            }
            let name = self.value_name(tag, value)?;
            budget.charge(name.len() as u64 + ALLOCATION_BYTES, VALUES)?;
            groups.push(Group { key: GroupKey::Value(name), count });
        }
        Ok(Breakdown { kind, groups, missing: partial.members - partial.present, members: partial.members })
    }

    fn value_name(&self, tag: TagId, value: ValueId) -> Result<String> {
        let name = self.snapshot.value_name(tag, value)?;
        name.ok_or_else(|| Error::corrupt(format!("value {value} of tag {tag} has no name")))
    }

    fn by_numbers(&self, run: &Run, tag: TagId, kind: TagKind) -> Result<Breakdown> {
        let number = self.bind_number(tag, run)?;
        let groups_max = self.budget.room_for(NUMBER_GROUP_BYTES).min(GROUPS_MAX);
        let want = WantNumbers { number, groups_max, memory_bytes_max: self.memory_bytes_max };
        let bound = self.asked(run)?;
        let partial = Scratch::lend(|scratch| evaluate(bound, 0..u32::MAX, &want, run, scratch))?;
        let groups = partial.counts.into_iter().map(|(number, count)| Group { key: GroupKey::Number(number), count });
        Ok(Breakdown {
            kind,
            groups: groups.collect(),
            missing: partial.members - partial.present,
            members: partial.members,
        })
    }
}
