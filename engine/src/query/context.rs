//! What the planner asks of a snapshot.

use super::plan::PlanContext;
use crate::catalog::{Catalog, EntityKey};
use crate::error::Result;
use crate::ids::{BitmapId, LocalId, TagId, TypeId, ValueId};
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

    fn values(&self, tag: TagId) -> Result<Vec<(ValueId, String)>> {
        self.values(tag)
    }

    fn entity(&self, type_id: TypeId, key: &EntityKey) -> Result<Option<LocalId>> {
        self.entity(type_id, key)
    }

    /// What the layers add, as their directories say; what they take away is not subtracted.
    fn members_estimate(&self, bitmap: BitmapId) -> u64 {
        let mut estimate = 0u64;
        for layer in self.layers() {
            let found = layer.part(bitmap).map(|part| part.bitmap(bitmap, Role::Added));
            if let Some(Ok(Some(view))) = found {
                estimate = estimate.saturating_add(view.cardinality());
            }
        }
        estimate
    }
}
