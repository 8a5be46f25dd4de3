//! A layer: all parts that hold the changes of one stretch of the order.

use std::sync::Arc;

use crate::error::Result;
use crate::ids::{BitmapId, Seq, TagId};
use crate::part::{BitmapStack, Part, Role, Source};

/// Parts with disjoint rising ranges of bitmaps, which together hold what `first_seq..=last_seq` changed.
#[derive(Clone, Debug)]
pub struct Layer {
    /// The first seq in it.
    pub first_seq: Seq,
    /// The last seq in it.
    pub last_seq: Seq,
    /// The parts, by bitmap.
    pub parts: Vec<Arc<Part>>,
    /// Whether it is not yet in files.
    pub in_memory: bool,
}

impl Layer {
    /// The part that has `bitmap`, if any has.
    pub fn part(&self, bitmap: BitmapId) -> Option<&Arc<Part>> {
        let after = self.parts.partition_point(|part| part.lowest() <= bitmap);
        let part = self.parts.get(after.checked_sub(1)?)?;
        (bitmap <= part.highest()).then_some(part)
    }

    /// The parts that have bitmaps of `tag`.
    pub fn parts_of(&self, tag: TagId) -> &[Arc<Part>] {
        let (first, last) = (BitmapId::new(tag, 0), BitmapId::new(tag, u32::MAX));
        let start = self.parts.partition_point(|part| part.highest() < first);
        let end = self.parts.partition_point(|part| part.lowest() <= last);
        &self.parts[start..end.max(start)]
    }

    /// How many bytes its parts have.
    pub fn byte_len(&self) -> u64 {
        self.parts.iter().map(|part| part.byte_len()).sum()
    }

    fn source(&self, layer: usize, bitmap: BitmapId, role: Role) -> Result<Option<Source>> {
        let Some(part) = self.part(bitmap) else {
            return Ok(None);
        };
        Ok(part.bitmap(bitmap, role)?.map(|view| Source { layer: layer as u32, part: Arc::clone(part), view }))
    }
}

/// What the layers clear and erase of one tag, by layer: the same for all its bitmaps.
///
/// `population` is the population tag of the tag's type; under it only `erased` counts. Errors: corrupt.
pub fn taken(layers: &[Layer], tag: TagId, population: TagId) -> Result<Vec<Source>> {
    let mut taken = Vec::new();
    // The oldest layer takes from nothing.
    for (index, layer) in layers.iter().enumerate().skip(1) {
        taken.extend(layer.source(index, BitmapId::erased(population), Role::Added)?);
        if tag != population {
            taken.extend(layer.source(index, BitmapId::cleared(tag), Role::Added)?);
        }
    }
    Ok(taken)
}

/// One bitmap through the layers, where `taken` is what [`taken`] gives for its tag. Errors: corrupt.
pub fn stack(layers: &[Layer], bitmap: BitmapId, taken: &[Source]) -> Result<BitmapStack> {
    let mut stack = BitmapStack::default();
    for (index, layer) in layers.iter().enumerate() {
        stack.added.extend(layer.source(index, bitmap, Role::Added)?);
        // `removed` of a presence is doubt, not absence.
        if index > 0 && bitmap.slot() != BitmapId::PRESENT_SLOT {
            stack.taken.extend(layer.source(index, bitmap, Role::Removed)?);
        }
    }
    if !stack.added.is_empty() && !taken.is_empty() {
        stack.taken.extend_from_slice(taken);
        stack.taken.sort_by_key(|source| source.layer);
    }
    stack.trim();
    Ok(stack)
}

/// Who lost a value of a set tag in a layer, so that its presence must be looked up value by value. Errors: corrupt.
pub fn doubtful(layers: &[Layer], tag: TagId) -> Result<Vec<Source>> {
    let mut doubtful = Vec::new();
    // The oldest layer counts too: where it was merged from several, one may have added what another took.
    for (index, layer) in layers.iter().enumerate() {
        doubtful.extend(layer.source(index, BitmapId::present(tag), Role::Removed)?);
    }
    Ok(doubtful)
}
