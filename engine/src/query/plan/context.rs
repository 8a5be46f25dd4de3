//! What the planner needs to know of a snapshot.

use crate::catalog::{Catalog, EntityKey};
use crate::error::Result;
use crate::ids::{BitmapId, LocalId, TagId, TypeId, ValueId};
use crate::query::pace::Stop;

/// Names, values, keys and estimates at one version.
pub trait PlanContext {
    /// The catalog.
    fn catalog(&self) -> &Catalog;

    /// The store, and the epoch of its ids: given bitmaps must come from the same.
    fn store(&self) -> ([u8; 16], u64);

    /// The number of a value of a choice or set tag, byte for byte.
    fn value_id(&self, tag: TagId, value: &str) -> Result<Option<ValueId>>;

    /// The value with this number.
    fn value_name(&self, tag: TagId, value: ValueId) -> Result<Option<String>>;

    /// All values of a choice or set tag, where they take no more than `memory_bytes_max`; else a limit. Ends at
    /// `stop`.
    fn values(&self, tag: TagId, memory_bytes_max: u64, stop: &Stop) -> Result<Vec<(ValueId, String)>>;

    /// Hands over each value of a choice or set tag with its name. Ends at `stop`, and with the errors of `each`.
    fn visit_values(&self, tag: TagId, stop: &Stop, each: &mut dyn FnMut(ValueId, &str) -> Result<()>) -> Result<()>;

    /// Behind the last id that an entity of the type may have.
    fn id_end(&self, type_id: TypeId) -> Result<u64>;

    /// The live entity with this key.
    fn entity(&self, type_id: TypeId, key: &EntityKey) -> Result<Option<LocalId>>;

    /// About how many ids a bitmap has: to order operands, so it must be cheap and may be wrong.
    fn members_estimate(&self, bitmap: BitmapId) -> u64;
}
