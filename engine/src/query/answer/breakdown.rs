//! An audience by the values of a tag.

use std::collections::HashMap;
use std::sync::Arc;

use super::prepared::Prepared;
use crate::bitmap::{ChunkBuffer, Container, Slices, and_count, and_into, append_ids, gather_values};
use crate::catalog::TagKind;
use crate::error::{Error, Result};
use crate::ids::{BitmapId, ChunkId, TagId, ValueId};
use crate::query::bind::{Bound, BoundBitmap, BoundNumber, DigitWords, Digits, SLICES_MAX, values_in_layers};
use crate::query::evaluate::{Merge, Run, Scratch, Want, evaluate_spread};
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
pub const GROUPS_MAX: usize = 1_000_000;

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
        present_scratch.begin(&self.present);
        ValueCounts {
            counts: vec![0; self.values.len()],
            members: 0,
            present: 0,
            fold: ChunkBuffer::new(),
            present_scratch,
        }
    }

    fn add(&self, partial: &mut ValueCounts, chunk: ChunkId, members: Container<'_>, _: &mut Scratch) -> Result<bool> {
        partial.members += u64::from(members.cardinality());
        let present = self.present.members_of(self.present.root, chunk, &mut partial.present_scratch)?;
        partial.present += u64::from(and_count(present, members));
        for (value, count) in self.values.iter().zip(&mut partial.counts) {
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

struct WantNumbers {
    number: Arc<BoundNumber>,
}

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

    fn add(&self, partial: &mut NumberCounts, chunk: ChunkId, members: Container<'_>, _: &mut Scratch) -> Result<bool> {
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
        for (&low, &magnitude) in partial.lows.iter().zip(&partial.magnitudes) {
            let is_negative = !negative.is_empty() && negative.contains(low);
            let number = if is_negative { -(magnitude as i64) } else { magnitude as i64 };
            *partial.counts.entry(number).or_default() += 1;
        }
        match partial.counts.len() > GROUPS_MAX {
            true => Err(too_many_groups()),
            false => Ok(true),
        }
    }
}

impl Merge for WantNumbers {
    fn merge(&self, into: &mut NumberCounts, more: NumberCounts) {
        into.members += more.members;
        into.present += more.present;
        for (number, count) in more.counts {
            *into.counts.entry(number).or_default() += count;
        }
    }
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
        let kind = found.ok_or_else(|| Error::not_found(format!("there is no tag number {tag}")))?.kind;
        let mut breakdown = match kind {
            TagKind::Flag => self.by_values(run, tag, kind, vec![(ValueId(BitmapId::FLAG_SLOT), GroupKey::True)]),
            TagKind::Choice | TagKind::Set => {
                let mut keys = Vec::new();
                for value in values_in_layers(&self.snapshot, tag)? {
                    let name = self.snapshot.value_name(tag, value)?;
                    let name = name.ok_or_else(|| Error::corrupt(format!("value {value} of tag {tag} has no name")))?;
                    keys.push((value, GroupKey::Value(name)));
                }
                match keys.len() > GROUPS_MAX {
                    true => Err(too_many_groups()),
                    false => self.by_values(run, tag, kind, keys),
                }
            }
            _ => self.by_numbers(run, tag, kind),
        }?;
        breakdown.groups.sort_unstable_by(|a, b| b.count.cmp(&a.count).then_with(|| a.key.cmp(&b.key)));
        Ok(breakdown)
    }

    fn by_values(&self, run: &Run, tag: TagId, kind: TagKind, keys: Vec<(ValueId, GroupKey)>) -> Result<Breakdown> {
        let snapshot = &self.snapshot;
        let population = snapshot.entity_type(self.planned.type_id)?.population;
        let taken = taken(snapshot.layers(), tag, population)?;
        let bind = |value: &ValueId| BoundBitmap::new(snapshot.layers(), BitmapId::value(tag, *value), &taken);
        let present = match kind {
            TagKind::Flag => Node::Bitmap(BitmapId::flag(tag)),
            _ => Node::Present(tag),
        };
        let present = Plan { nodes: vec![present], root: NodeId(0) };
        let want = WantValues {
            values: keys.iter().map(|(value, _)| bind(value)).collect::<Result<_>>()?,
            present: Bound::new(snapshot, self.planned.type_id, &present, &[])?,
        };
        let bytes = self.payload_bytes + want.values.iter().map(BoundBitmap::payload_bytes).sum::<u64>();
        let partial = evaluate_spread(&self.bound, bytes, want, run)?;
        let groups = keys.into_iter().zip(partial.counts).filter(|(_, count)| *count > 0);
        Ok(Breakdown {
            kind,
            groups: groups.map(|((_, key), count)| Group { key, count }).collect(),
            missing: partial.members - partial.present,
            members: partial.members,
        })
    }

    fn by_numbers(&self, run: &Run, tag: TagId, kind: TagKind) -> Result<Breakdown> {
        let population = self.snapshot.entity_type(self.planned.type_id)?.population;
        let want = WantNumbers { number: BoundNumber::new(&self.snapshot, tag, population)? };
        let bytes = self.payload_bytes + want.number.payload_bytes();
        let partial = evaluate_spread(&self.bound, bytes, want, run)?;
        // Each thread stays within the limit; together they may not.
        if partial.counts.len() > GROUPS_MAX {
            return Err(too_many_groups());
        }
        let groups = partial.counts.into_iter().map(|(number, count)| Group { key: GroupKey::Number(number), count });
        Ok(Breakdown {
            kind,
            groups: groups.collect(),
            missing: partial.members - partial.present,
            members: partial.members,
        })
    }
}
