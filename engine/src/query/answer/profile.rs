//! All tags of one entity, by point.

use std::collections::HashMap;

use crate::catalog::{Tag, TagKind};
use crate::error::{Error, Result};
use crate::ids::{BitmapId, LocalId, TagId, TypeId};
use crate::query::bind::{BoundBitmap, BoundNumber, values_in_layers};
use crate::query::budget::{ALLOCATION_BYTES, Budget};
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
pub struct Profiler {
    snapshot: Snapshot,
    population: TagId,
    tags: HashMap<TagId, BoundTag>,
    memory_bytes_max: u64,
    budget: Budget,
}

enum BoundTag {
    Flag(BoundBitmap),
    Values(Vec<(String, BoundBitmap)>),
    Number(std::sync::Arc<BoundNumber>),
}

impl Profiler {
    /// Reads entities of a type; the tags that it binds take at most `memory_bytes_max`. Errors: not found.
    pub fn new(snapshot: &Snapshot, type_id: TypeId, memory_bytes_max: u64) -> Result<Profiler> {
        Ok(Profiler {
            population: snapshot.entity_type(type_id)?.population,
            snapshot: snapshot.clone(),
            tags: HashMap::new(),
            memory_bytes_max,
            budget: Budget::new(memory_bytes_max),
        })
    }

    /// What the entity says under `tag`; none where the tag is missing. Errors: limit, corrupt.
    pub fn value(&mut self, tag: &Tag, entity: LocalId) -> Result<Option<ProfileValue>> {
        if !self.tags.contains_key(&tag.id) {
            let bound = self.bind(tag)?;
            self.tags.insert(tag.id, bound);
        }
        match &self.tags[&tag.id] {
            BoundTag::Flag(flag) => Ok(flag.contains(entity)?.then_some(ProfileValue::True)),
            BoundTag::Number(number) => Ok(number.value(entity)?.map(ProfileValue::Number)),
            BoundTag::Values(values) => {
                let mut names = Vec::new();
                for (name, value) in values {
                    if value.contains(entity)? {
                        names.push(name.clone());
                    }
                }
                Ok((!names.is_empty()).then_some(ProfileValue::Values(names)))
            }
        }
    }

    fn bind(&mut self, tag: &Tag) -> Result<BoundTag> {
        if tag.kind.is_number() {
            return Ok(BoundTag::Number(BoundNumber::new(&self.snapshot, tag.id, self.population)?));
        }
        let taken = taken(self.snapshot.layers(), tag.id, self.population)?;
        let budget = &mut self.budget;
        if tag.kind == TagKind::Flag {
            return Ok(BoundTag::Flag(BoundBitmap::new(&self.snapshot, BitmapId::flag(tag.id), &taken)?));
        }
        let found = values_in_layers(&self.snapshot, tag.id, budget)?;
        budget.charge((found.len() * size_of::<(String, BoundBitmap)>()) as u64, VALUES)?;
        let mut values = Vec::with_capacity(found.len());
        for value in found {
            let name = self.snapshot.value_name(tag.id, value)?;
            let name = name.ok_or_else(|| Error::corrupt(format!("value {value} of tag {} has no name", tag.id)))?;
            let bound = BoundBitmap::new(&self.snapshot, BitmapId::value(tag.id, value), &taken)?;
            budget.charge(name.len() as u64 + ALLOCATION_BYTES + bound.heap_bytes(), VALUES)?;
            values.push((name, bound));
        }
        Ok(BoundTag::Values(values))
    }

    /// Lets go of what is bound.
    fn forget(&mut self) {
        self.tags.clear();
        self.budget = Budget::new(self.memory_bytes_max);
    }
}

/// What a binding of all values of a tag is called in a refusal.
pub(super) const VALUES: &str = "reading all values of a tag";

/// All tags that one entity has, by name of the tag, within `memory_bytes_max`. Errors: not found, limit, corrupt.
pub fn profile(
    snapshot: &Snapshot,
    type_id: TypeId,
    entity: LocalId,
    memory_bytes_max: u64,
) -> Result<Vec<(TagId, ProfileValue)>> {
    let mut profiler = Profiler::new(snapshot, type_id, memory_bytes_max)?;
    let mut profile = Vec::new();
    for tag in snapshot.catalog().tags_of(type_id) {
        if let Some(value) = profiler.value(tag, entity)? {
            profile.push((tag.id, value));
        }
        profiler.forget();
    }
    Ok(profile)
}
