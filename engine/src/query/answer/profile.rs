//! All tags of one entity, by point.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use crate::catalog::{Tag, TagKind};
use crate::error::{Error, Result};
use crate::ids::{ChunkId, LocalId, TagId, TypeId, ValueId};
use crate::part::Spot;
use crate::query::bind::{BoundBitmap, BoundNumber, HeldChunks, Means, TagValues, VALUES, ValueWalk};
use crate::query::budget::{ALLOCATION_BYTES, Budget};
use crate::query::evaluate::Run;
use crate::query::pace::{Pace, Stop};
use crate::snapshot::Snapshot;

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
    reader: Reader,
    tags: HashMap<TagId, BoundTag>,
}

/// Binds tags, and reads what they say.
struct Reader {
    snapshot: Snapshot,
    population: TagId,
    budget: Budget,
    stop: Stop,
    pace: Pace,
    walk: ValueWalk,
    values_read: u64,
}

enum BoundTag {
    Flag(Arc<BoundBitmap>),
    Values(TagValues, HeldChunks),
    Number(Arc<BoundNumber>),
}

impl Profiler {
    /// Reads entities of a type; the tags that it binds take at most `memory_bytes_max`. Errors: not found.
    pub fn new(snapshot: &Snapshot, type_id: TypeId, memory_bytes_max: u64, run: &Run) -> Result<Profiler> {
        Ok(Profiler { reader: Reader::new(snapshot, type_id, memory_bytes_max, run)?, tags: HashMap::new() })
    }

    /// What the entity says under `tag`; none where the tag is missing. Errors: limit, corrupt, cancelled, deadline.
    pub fn value(&mut self, tag: &Tag, entity: LocalId) -> Result<Option<ProfileValue>> {
        self.reader.look()?;
        let bound = match self.tags.entry(tag.id) {
            Entry::Occupied(bound) => bound.into_mut(),
            Entry::Vacant(place) => place.insert(self.reader.bind(tag)?),
        };
        self.reader.value(tag.id, bound, entity)
    }

    /// How many values of choice and set tags it has read the names of.
    pub fn values_read(&self) -> u64 {
        self.reader.values_read
    }

    /// Whether to go on. Errors: cancelled, deadline.
    pub(super) fn look(&mut self) -> Result<()> {
        self.reader.look()
    }
}

impl Reader {
    fn new(snapshot: &Snapshot, type_id: TypeId, memory_bytes_max: u64, run: &Run) -> Result<Reader> {
        Ok(Reader {
            population: snapshot.entity_type(type_id)?.population,
            snapshot: snapshot.clone(),
            budget: Budget::new(memory_bytes_max),
            stop: run.stop(),
            pace: Pace::default(),
            walk: ValueWalk::default(),
            values_read: 0,
        })
    }

    fn look(&mut self) -> Result<()> {
        self.pace.work(1, self.stop.cancelled.as_deref(), self.stop.deadline)
    }

    fn bind(&mut self, tag: &Tag) -> Result<BoundTag> {
        let bound = match tag.kind {
            TagKind::Flag => {
                let flag = BoundBitmap::flag(&self.snapshot, tag.id, self.population)?;
                self.budget.charge(flag.heap_bytes(), "reading a tag")?;
                BoundTag::Flag(flag)
            }
            TagKind::Choice | TagKind::Set => {
                let means = &mut Means::new(&mut self.budget, &self.stop);
                let values = TagValues::new(&self.snapshot, tag.id, self.population, means)?;
                self.budget.charge(values.heap_bytes(), VALUES)?;
                BoundTag::Values(values, HeldChunks::default())
            }
            _ => {
                let number = BoundNumber::new(&self.snapshot, tag.id, self.population)?;
                self.budget.charge(number.heap_bytes(), "reading a tag")?;
                BoundTag::Number(number)
            }
        };
        self.budget.charge(2 * size_of::<(TagId, BoundTag)>() as u64, "reading a tag")?;
        Ok(bound)
    }

    fn value(&mut self, tag: TagId, bound: &mut BoundTag, entity: LocalId) -> Result<Option<ProfileValue>> {
        let found = match bound {
            BoundTag::Flag(flag) => return Ok(flag.contains(entity)?.then_some(ProfileValue::True)),
            BoundTag::Number(number) => return Ok(number.value(entity)?.map(ProfileValue::Number)),
            BoundTag::Values(values, held) => {
                values.of(entity, held, self.budget.room_for(1) as u64, &mut self.walk)?
            }
        };
        self.values_read += found.len() as u64;
        self.budget.check((found.len() * size_of::<String>()) as u64, VALUES)?;
        let mut names = Vec::with_capacity(found.len());
        let mut bytes = 0;
        for &value in found {
            let name = name(&self.snapshot, tag, value)?;
            bytes += size_of::<String>() as u64 + name.len() as u64 + ALLOCATION_BYTES;
            self.budget.check(bytes, VALUES)?;
            names.push(name);
        }
        Ok((!names.is_empty()).then_some(ProfileValue::Values(names)))
    }
}

fn name(snapshot: &Snapshot, tag: TagId, value: ValueId) -> Result<String> {
    let name = snapshot.value_name(tag, value)?;
    name.ok_or_else(|| Error::corrupt(format!("value {value} of tag {tag} has no name")))
}

impl BoundTag {
    /// The spots in one chunk that answer for an entity, as far as they stand in one part each.
    fn for_each_spot<'a>(&'a self, chunk: ChunkId, visit: &mut dyn FnMut(Spot<'a>)) {
        match self {
            BoundTag::Flag(flag) => flag.spot(chunk).into_iter().for_each(visit),
            BoundTag::Values(values, _) => values.for_each_spot(chunk, visit),
            BoundTag::Number(number) => number.bitmaps().filter_map(|bitmap| bitmap.spot(chunk)).for_each(visit),
        }
    }
}

/// Tags whose memory is asked for at once.
const PREFETCHED_TAGS: usize = 16;
/// Their containers up to which it is worth while: the first-level cache holds as many lines.
const PREFETCHED_SPOTS_MAX: usize = 256;

/// All tags that one entity has, by name of the tag, within `memory_bytes_max`. Errors: not found, limit, corrupt,
/// cancelled, deadline.
///
/// What the tags say of one entity lies far apart in memory, and waiting for it would be most of the time: so the next
/// tags are prefetched, first the entries of their directories, then the members, while the last ones are read.
pub fn profile(
    snapshot: &Snapshot,
    type_id: TypeId,
    entity: LocalId,
    memory_bytes_max: u64,
    run: &Run,
) -> Result<Vec<(TagId, ProfileValue)>> {
    let mut reader = Reader::new(snapshot, type_id, memory_bytes_max, run)?;
    let mut profile = Vec::new();
    let mut tags = snapshot.catalog().tags_of(type_id);
    let (mut group, mut next) = (Vec::with_capacity(PREFETCHED_TAGS), Vec::with_capacity(PREFETCHED_TAGS));
    loop {
        std::mem::swap(&mut group, &mut next);
        next.clear();
        for tag in tags.by_ref().take(PREFETCHED_TAGS) {
            reader.look()?;
            next.push((tag.id, reader.bind(tag)?));
        }
        prefetch(&next, entity);
        for (tag, bound) in &mut group {
            reader.look()?;
            if let Some(value) = reader.value(*tag, bound, entity)? {
                profile.push((*tag, value));
            }
        }
        if next.is_empty() {
            return Ok(profile);
        }
    }
}

/// Asks for what `tags` say of one entity.
fn prefetch(tags: &[(TagId, BoundTag)], entity: LocalId) {
    let mut spots = Vec::with_capacity(PREFETCHED_SPOTS_MAX);
    for (_, bound) in tags {
        bound.for_each_spot(entity.chunk(), &mut |spot| {
            if spots.len() < PREFETCHED_SPOTS_MAX {
                spots.push(spot);
            }
        });
    }
    spots.iter().for_each(Spot::prefetch_entry);
    spots.iter().for_each(|spot| spot.prefetch_member(entity.low()));
}
