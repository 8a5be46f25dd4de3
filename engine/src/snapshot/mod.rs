//! An MVCC snapshot: catalog, layers and names pinned at one seq.
//!
//! The writer publishes a new [`Version`] by swapping one pointer; a reader clones the pointer and sees that version
//! for as long as it likes, without a lock. This module answers what needs no query: which id a key has, which name an
//! id, which value a number.

mod cache;
mod derived;
mod kept;
mod layer;
mod merged;
mod values;

use std::any::Any;
use std::sync::Arc;

pub(crate) use derived::Derived;
pub(crate) use kept::KeptKey;
pub use kept::{KEPT_QUERIES_MAX, KEPT_QUERY_BYTES_MAX, KeptQueryCounts};
pub use layer::{Layer, NumberStacks, doubtful, number_stacks, stack, taken};
pub(crate) use merged::Lookup;
pub use merged::{MergedBitmaps, MergedCounts};
pub use values::ValueIndexCounts;

use crate::catalog::{Catalog, EntityKey, EntityType, KeyKind};
use crate::error::{Error, Result};
use crate::ids::{BitmapId, ChunkId, LocalId, Seq, TagId, TypeId, ValueId};
use crate::keys::Names;
use crate::part::{BitmapStack, BitmapView, MergedBitmap, Part, ValueIndex};
use crate::threads::Workers;

/// The most values of a tag that are compared with a wrong one.
pub const VALUES_COMPARED_MAX: usize = 10_000;

/// Everything that is readable at one seq.
#[derive(Debug)]
pub struct Version {
    /// The last seq in it.
    pub seq: Seq,
    /// Types, tags and audiences.
    pub catalog: Catalog,
    /// The layers, oldest first.
    pub layers: Vec<Layer>,
    /// The dictionaries of keys and of values.
    pub(crate) names: Names,
    /// Which store it is.
    pub store_id: [u8; 16],
    /// Since when its ids mean what they mean.
    pub id_epoch: u64,
    /// What is kept merged, shared by all versions of the store.
    pub merged: Arc<MergedBitmaps>,
    /// What was found out about it.
    pub(crate) derived: Derived,
}

/// A pinned version.
#[derive(Clone, Debug)]
pub struct Snapshot {
    version: Arc<Version>,
    workers: Option<Arc<Workers>>,
}

impl Snapshot {
    /// Pins `version`.
    pub fn new(version: Arc<Version>) -> Snapshot {
        Snapshot { version, workers: None }
    }

    /// The same, whose long queries may be helped by `workers`.
    pub(crate) fn helped_by(self, workers: Arc<Workers>) -> Snapshot {
        Snapshot { workers: Some(workers), ..self }
    }

    /// Who may help with long queries.
    pub(crate) fn workers(&self) -> Option<&Workers> {
        self.workers.as_deref()
    }

    /// The last seq that it shows; `version` in every reply.
    pub fn version(&self) -> Seq {
        self.version.seq
    }

    /// Which store it is of.
    pub fn store_id(&self) -> [u8; 16] {
        self.version.store_id
    }

    /// The epoch of its ids: ids and roaring bytes of another epoch mean other entities.
    pub fn id_epoch(&self) -> u64 {
        self.version.id_epoch
    }

    /// Types, tags and audiences.
    pub fn catalog(&self) -> &Catalog {
        &self.version.catalog
    }

    /// How many bytes of members anybody has read of its parts since they were opened. Errors: corrupt.
    pub fn touched_bytes(&self) -> Result<u64> {
        self.layers().iter().flat_map(|layer| &layer.parts).map(|part| part.touched_bytes()).sum()
    }

    /// The layers, oldest first.
    pub fn layers(&self) -> &[Layer] {
        &self.version.layers
    }

    /// The dictionaries.
    pub(crate) fn names(&self) -> &Names {
        &self.version.names
    }

    /// The entity type. Errors: not found.
    pub fn entity_type(&self, id: TypeId) -> Result<&EntityType> {
        let found = self.catalog().entity_type(id);
        found.ok_or_else(|| Error::not_found("the entity type was dropped"))
    }

    /// What [`Snapshot::keep_derived`] has kept of `tag`, if it is a `T`.
    pub(crate) fn derived<T: Any + Send + Sync>(&self, tag: TagId) -> Option<Arc<T>> {
        self.version.derived.find(tag)
    }

    /// Keeps what was found out about `tag`, about `bytes`, as long as the version lives and where there is room; what
    /// is kept never changes.
    pub(crate) fn keep_derived<T: Any + Send + Sync>(&self, tag: TagId, derived: &Arc<T>, bytes: u64) {
        self.version.derived.keep(tag, derived, bytes);
    }

    /// What these layers of `bitmap` come to, where they were merged.
    pub(crate) fn merged(&self, bitmap: BitmapId, stack: &BitmapStack) -> Option<Arc<MergedBitmap>> {
        self.version.merged.find(bitmap, stack)
    }

    /// Counts a use of a bitmap that stands in several layers, and says what to do with it.
    pub(crate) fn ask(&self, bitmap: BitmapId, stack: &BitmapStack) -> Lookup {
        self.version.merged.ask(&self.version, bitmap, stack)
    }

    /// Merges a bitmap that stands in several layers, as long as `look` says so; none where it is not kept.
    pub(crate) fn merge(
        &self,
        bitmap: BitmapId,
        stack: &BitmapStack,
        look: &mut dyn FnMut() -> Result<()>,
    ) -> Option<Arc<MergedBitmap>> {
        self.version.merged.merge(bitmap, stack, look)
    }

    /// The prepared queries that are kept under `keys` and suit.
    pub(crate) fn kept_queries<'k, T: Any + Send + Sync>(
        &self,
        keys: impl Iterator<Item = KeptKey<'k>>,
        suits: impl Fn(&T) -> bool,
    ) -> Vec<Option<Arc<T>>> {
        self.version.merged.kept().find(&self.version, keys, suits)
    }

    /// Keeps a prepared query of about `bytes`, as long as this is the newest version.
    pub(crate) fn keep_query<T: Any + Send + Sync>(&self, key: KeptKey<'_>, query: &Arc<T>, bytes: u64) {
        self.version.merged.kept().keep(&self.version, key, query, bytes);
    }

    /// What is kept of the values by chunk and by id.
    #[cfg(test)]
    pub(crate) fn value_indexes(&self) -> &values::ValueIndexes {
        self.version.merged.values()
    }

    /// Where the values of a tag stand in `part`, by chunk and by id. Errors: corrupt, and those of `work`, which is
    /// told of the bytes that finding it out takes.
    pub(crate) fn value_index(
        &self,
        part: &Arc<Part>,
        tag: TagId,
        work: &mut dyn FnMut(u64) -> Result<()>,
    ) -> Result<Arc<ValueIndex>> {
        self.version.merged.values().find(part, tag, work)
    }

    /// The live bitmap of a type, through all layers. Errors: not found, corrupt.
    pub fn live(&self, type_id: TypeId) -> Result<BitmapStack> {
        let population = self.entity_type(type_id)?.population;
        stack(self.layers(), BitmapId::live(population), &taken(self.layers(), population, population)?)
    }

    /// One more than the last chunk that any bitmap of a type may touch. Errors: not found, corrupt.
    pub fn chunk_end(&self, type_id: TypeId) -> Result<u32> {
        let live = BitmapId::live(self.entity_type(type_id)?.population);
        let mut end = 0;
        for layer in self.layers() {
            if let Some(part) = layer.part(live)
                && let Some(view) = part.bitmap(live, crate::part::Role::Added)?
            {
                end = end.max(part.last_chunk(&view)?.map_or(0, |chunk| u32::from(chunk.0) + 1));
            }
        }
        Ok(end)
    }

    /// The id of a live entity; none where nobody has the key. Errors: invalid, where the key is of another kind than
    /// the type's; corrupt.
    pub fn entity(&self, type_id: TypeId, key: &EntityKey) -> Result<Option<LocalId>> {
        let entity_type = self.entity_type(type_id)?;
        let id = match (entity_type.key, key) {
            (KeyKind::Dense, EntityKey::Number(number)) => {
                u32::try_from(*number).ok().filter(|&id| id <= LocalId::MAX.0).map(LocalId)
            }
            (KeyKind::String, EntityKey::Text(_)) | (KeyKind::U64, EntityKey::Number(_)) => {
                let found = self.names().find(entity_type.population, key.hash(), &key.canonical_bytes())?;
                found.map(LocalId)
            }
            _ => {
                return Err(Error::invalid(format!(
                    "type `{}` has {} keys, `{key}` is none",
                    entity_type.name, entity_type.key
                )));
            }
        };
        match id {
            Some(id) if self.live(type_id)?.contains(id.chunk(), id.low())? => Ok(Some(id)),
            _ => Ok(None),
        }
    }

    /// The key of an entity; none where the id was never given. Errors: not found, corrupt.
    pub fn key(&self, type_id: TypeId, id: LocalId) -> Result<Option<EntityKey>> {
        let entity_type = self.entity_type(type_id)?;
        if entity_type.key == KeyKind::Dense {
            return Ok(Some(EntityKey::Number(u64::from(id.0))));
        }
        match self.names().name(entity_type.population, id.0)? {
            Some(bytes) => EntityKey::from_canonical(bytes).map(Some),
            None => Ok(None),
        }
    }

    /// The number of a value of a choice or set tag. Errors: corrupt.
    pub fn value_id(&self, tag: TagId, value: &str) -> Result<Option<ValueId>> {
        let bytes = value.as_bytes();
        let found = self.names().find(tag, value_hash(value), bytes)?;
        Ok(found.map(ValueId))
    }

    /// The value that a number of a choice or set tag stands for. Errors: corrupt.
    pub fn value_name(&self, tag: TagId, value: ValueId) -> Result<Option<String>> {
        match self.names().name(tag, value.0)? {
            Some(bytes) => std::str::from_utf8(bytes)
                .map(|name| Some(name.to_owned()))
                .map_err(|_| Error::corrupt(format!("value {value} of tag {tag} is not UTF-8"))),
            None => Ok(None),
        }
    }

    /// All values that a choice or set tag ever had, by number. Errors: corrupt.
    pub fn values(&self, tag: TagId) -> Result<Vec<(ValueId, String)>> {
        let mut values = Vec::new();
        self.visit_values(tag, &mut |value, name| {
            values.push((value, name.to_owned()));
            Ok(())
        })?;
        Ok(values)
    }

    /// The value of a choice or set tag that is nearest to `wrong`, and is not `wrong` itself; none where none is near,
    /// or the tag has more values than [`VALUES_COMPARED_MAX`]. Errors: corrupt.
    pub fn nearest_value(&self, tag: TagId, wrong: &str) -> Result<Option<String>> {
        let mut values = Vec::new();
        let mut count = 0;
        self.visit_values(tag, &mut |_, name| {
            count += 1;
            if count <= VALUES_COMPARED_MAX && name != wrong {
                values.push(name.to_owned());
            }
            Ok(())
        })?;
        if count > VALUES_COMPARED_MAX {
            return Ok(None);
        }
        Ok(muster_language::suggest::nearest(wrong, values.iter().map(String::as_str)).map(str::to_owned))
    }

    /// Calls `visit` with all values that a choice or set tag ever had, by number. Errors: corrupt, and those of
    /// `visit`.
    pub fn visit_values(&self, tag: TagId, visit: &mut dyn FnMut(ValueId, &str) -> Result<()>) -> Result<()> {
        self.names().visit(tag, |number, bytes| match std::str::from_utf8(bytes) {
            Ok(name) => visit(ValueId(number), name),
            Err(_) => Err(Error::corrupt(format!("value {number} of tag {tag} is not UTF-8"))),
        })
    }

    /// How many entities of a type live. Errors: not found, corrupt.
    pub fn live_count(&self, type_id: TypeId) -> Result<u64> {
        let live = self.live(type_id)?;
        if let ([only], []) = (&*live.added, live.taken.as_slice())
            && let BitmapView::Chunks { cardinality, .. } = only.view
        {
            return Ok(cardinality);
        }
        let bitmap = BitmapId::live(self.entity_type(type_id)?.population);
        if let Some(merged) = self.merged(bitmap, &live) {
            return Ok(merged.cardinality_of_all());
        }
        let mut buffer = crate::bitmap::ChunkBuffer::new();
        let mut count = 0;
        for chunk in 0..self.chunk_end(type_id)? {
            live.fold(ChunkId(chunk as u16), &mut buffer)?;
            count += u64::from(buffer.cardinality());
        }
        Ok(count)
    }
}

/// The hash under which the dictionary keeps a value of a choice or set tag.
pub(crate) fn value_hash(value: &str) -> u64 {
    xxhash_rust::xxh3::xxh3_64(value.as_bytes())
}
