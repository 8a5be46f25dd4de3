//! What the planner asks of a snapshot.

use super::budget::{ALLOCATION_BYTES, Budget};
use super::pace::{SMALL_PER_UNIT, Stop};
use super::plan::PlanContext;
use crate::catalog::{Catalog, EntityKey};
use crate::error::Result;
use crate::ids::{BitmapId, ChunkId, LocalId, TagId, TypeId, ValueId};
use crate::part::Role;
use crate::snapshot::Snapshot;

impl PlanContext for Snapshot {
    fn catalog(&self) -> &Catalog {
        self.catalog()
    }

    fn store(&self) -> ([u8; 16], u64) {
        (self.store_id(), self.id_epoch())
    }

    fn value_id(&self, tag: TagId, value: &str) -> Result<Option<ValueId>> {
        self.value_id(tag, value)
    }

    fn value_name(&self, tag: TagId, value: ValueId) -> Result<Option<String>> {
        self.value_name(tag, value)
    }

    fn values(&self, tag: TagId, memory_bytes_max: u64, stop: &Stop) -> Result<Vec<(ValueId, String)>> {
        let mut budget = Budget::new(memory_bytes_max);
        let mut values = Vec::new();
        PlanContext::visit_values(self, tag, stop, &mut |value, name| {
            // The list doubles as it grows.
            let place = 2 * size_of::<(ValueId, String)>() as u64;
            budget.charge(place + name.len() as u64 + ALLOCATION_BYTES, "all values of a tag")?;
            values.push((value, name.to_owned()));
            Ok(())
        })?;
        Ok(values)
    }

    fn visit_values(&self, tag: TagId, stop: &Stop, each: &mut dyn FnMut(ValueId, &str) -> Result<()>) -> Result<()> {
        let mut visited = 0_usize;
        self.visit_values(tag, &mut |value, name| {
            if visited.is_multiple_of(SMALL_PER_UNIT) {
                stop.look()?;
            }
            visited += 1;
            each(value, name)
        })
    }

    fn id_end(&self, type_id: TypeId) -> Result<u64> {
        Ok(u64::from(self.chunk_end(type_id)?) * u64::from(ChunkId::IDS))
    }

    fn entity(&self, type_id: TypeId, key: &EntityKey) -> Result<Option<LocalId>> {
        self.entity(type_id, key)
    }

    /// What the layers add, as their directories say; what they take away is not subtracted.
    fn members_estimate(&self, bitmap: BitmapId) -> u64 {
        let mut estimate = 0u64;
        for layer in self.layers() {
            let members = layer.part(bitmap).and_then(|part| part.members(bitmap, Role::Added).ok());
            estimate = estimate.saturating_add(members.unwrap_or(0));
        }
        estimate
    }
}
