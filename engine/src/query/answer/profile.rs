//! All tags of one entity, by point.

use std::collections::HashMap;
use std::sync::Arc;

use crate::catalog::{Tag, TagKind};
use crate::error::{Error, Result};
use crate::ids::{BitmapId, LocalId, TagId, TypeId, ValueId};
use crate::query::bind::{BoundBitmap, BoundNumber, HeldChunks, Means, TagValues, VALUES};
use crate::query::budget::{ALLOCATION_BYTES, Budget};
use crate::query::evaluate::Run;
use crate::query::pace::{Pace, Stop};
use crate::snapshot::{Snapshot, taken};

/// What one entity says under one tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProfileValue {
    /// The flag is set.
    True,
    /// Its values: one of a choice tag, any number of a set tag, by number of the value.
    Values(Vec<String>),
    /// Its number: an int, an unscaled decimal, days or milliseconds, as the kind says.
    Number(i64),
}

/// What readers of single entities keep of a snapshot: tags bound once, for many entities.
///
/// Of a choice or set tag only the values that an entity has are looked at, however many there are.
pub struct Profiler {
    snapshot: Snapshot,
    population: TagId,
    tags: HashMap<TagId, BoundTag>,
    budget: Budget,
    stop: Stop,
    pace: Pace,
    values_read: u64,
}

enum BoundTag {
    Flag(BoundBitmap),
    Values(Box<(TagValues, HeldChunks)>),
    Number(Arc<BoundNumber>),
}

impl Profiler {
    /// Reads entities of a type; the tags that it binds take at most `memory_bytes_max`. Errors: not found.
    pub fn new(snapshot: &Snapshot, type_id: TypeId, memory_bytes_max: u64, run: &Run) -> Result<Profiler> {
        Ok(Profiler {
            population: snapshot.entity_type(type_id)?.population,
            snapshot: snapshot.clone(),
            tags: HashMap::new(),
            budget: Budget::new(memory_bytes_max),
            stop: run.stop(),
            pace: Pace::default(),
            values_read: 0,
        })
    }

    /// What the entity says under `tag`; none where the tag is missing. Errors: limit, corrupt, cancelled, deadline.
    pub fn value(&mut self, tag: &Tag, entity: LocalId) -> Result<Option<ProfileValue>> {
        self.look()?;
        if !self.tags.contains_key(&tag.id) {
            let bound = self.bind(tag)?;
            self.tags.insert(tag.id, bound);
        }
        let room = self.budget.room_for(1) as u64;
        let found = match self.tags.get_mut(&tag.id) {
            Some(BoundTag::Flag(flag)) => return Ok(flag.contains(entity)?.then_some(ProfileValue::True)),
            Some(BoundTag::Number(number)) => return Ok(number.value(entity)?.map(ProfileValue::Number)),
            Some(BoundTag::Values(values)) => values.0.of(entity, &mut values.1, room)?,
            None => Vec::new(),
        };
        self.values_read += found.len() as u64;
        self.budget.check((found.len() * size_of::<String>()) as u64, VALUES)?;
        let mut names = Vec::with_capacity(found.len());
        let mut bytes = 0;
        for value in found {
            let name = self.name(tag.id, value)?;
            bytes += size_of::<String>() as u64 + name.len() as u64 + ALLOCATION_BYTES;
            self.budget.check(bytes, VALUES)?;
            names.push(name);
        }
        Ok((!names.is_empty()).then_some(ProfileValue::Values(names)))
    }

    /// How many values of choice and set tags it has read the names of.
    pub fn values_read(&self) -> u64 {
        self.values_read
    }

    /// Whether to go on. Errors: cancelled, deadline.
    pub(super) fn look(&mut self) -> Result<()> {
        self.pace.work(1, self.stop.cancelled.as_deref(), self.stop.deadline)
    }

    fn name(&self, tag: TagId, value: ValueId) -> Result<String> {
        let name = self.snapshot.value_name(tag, value)?;
        name.ok_or_else(|| Error::corrupt(format!("value {value} of tag {tag} has no name")))
    }

    fn bind(&mut self, tag: &Tag) -> Result<BoundTag> {
        let bound = match tag.kind {
            TagKind::Flag => {
                let taken = taken(self.snapshot.layers(), tag.id, self.population)?;
                let flag = BoundBitmap::new(&self.snapshot, BitmapId::flag(tag.id), &taken)?;
                self.budget.charge(flag.heap_bytes(), "reading a tag")?;
                BoundTag::Flag(flag)
            }
            TagKind::Choice | TagKind::Set => {
                let means = &mut Means::new(&mut self.budget, &self.stop);
                let values = TagValues::new(&self.snapshot, tag.id, self.population, means)?;
                self.budget.charge(values.heap_bytes(), VALUES)?;
                BoundTag::Values(Box::new((values, HeldChunks::default())))
            }
            _ => {
                let number = BoundNumber::new(&self.snapshot, tag.id, self.population)?;
                let bytes = number.bitmaps().map(BoundBitmap::heap_bytes).sum();
                self.budget.charge(bytes, "reading a tag")?;
                BoundTag::Number(number)
            }
        };
        self.budget.charge(2 * size_of::<(TagId, BoundTag)>() as u64, "reading a tag")?;
        Ok(bound)
    }
}

/// All tags that one entity has, by name of the tag, within `memory_bytes_max`. Errors: not found, limit, corrupt,
/// cancelled, deadline.
pub fn profile(
    snapshot: &Snapshot,
    type_id: TypeId,
    entity: LocalId,
    memory_bytes_max: u64,
    run: &Run,
) -> Result<Vec<(TagId, ProfileValue)>> {
    let mut profiler = Profiler::new(snapshot, type_id, memory_bytes_max, run)?;
    let mut profile = Vec::new();
    for tag in snapshot.catalog().tags_of(type_id) {
        if let Some(value) = profiler.value(tag, entity)? {
            profile.push((tag.id, value));
        }
    }
    Ok(profile)
}
