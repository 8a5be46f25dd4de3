//! A layer (a sorted run of an LSM tree): all parts that hold the changes of one stretch of the order.

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
    finish(&mut stack, taken);
    Ok(stack)
}

/// Adds what the layers take from the whole tag.
fn finish(stack: &mut BitmapStack, taken: &[Source]) {
    if !stack.added.is_empty() && !taken.is_empty() {
        stack.taken.extend_from_slice(taken);
        stack.taken.sort_by_key(|source| source.layer);
    }
    if !stack.taken.is_empty() {
        stack.trim();
    }
}

/// What [`stack`] gives for each bitmap of a number tag.
#[derive(Default)]
pub struct NumberStacks {
    /// Who has it.
    pub present: BitmapStack,
    /// Who has a number below zero.
    pub negative: BitmapStack,
    /// Its binary digits, lowest first, up to the highest that any layer has.
    pub slices: Vec<BitmapStack>,
}

/// The bitmaps of a number tag, which stand side by side in each part: one search a part finds them all.
///
/// `taken` is what [`taken`] gives for the tag. Errors: corrupt.
pub fn number_stacks(layers: &[Layer], tag: TagId, taken: &[Source]) -> Result<NumberStacks> {
    let mut stacks = NumberStacks::default();
    let mut slice_count = 0;
    for part in layers.iter().flat_map(|layer| layer.parts_of(tag)) {
        slice_count = slice_count.max(part.slice_count(tag)?);
    }
    stacks.slices.resize_with(slice_count as usize, BitmapStack::default);
    for (index, layer) in layers.iter().enumerate() {
        for part in layer.parts_of(tag) {
            part.visit_bitmaps_of(tag, |found| {
                let stack = match found.bitmap.slot() {
                    BitmapId::PRESENT_SLOT => &mut stacks.present,
                    BitmapId::NEGATIVE_SLOT => &mut stacks.negative,
                    slot => match stacks.slices.get_mut(slot as usize) {
                        Some(slice) => slice,
                        None => return Ok(()),
                    },
                };
                let source = Source { layer: index as u32, part: Arc::clone(part), view: found.view };
                match found.role {
                    Role::Added => stack.added.push(source),
                    // As in a stack of one.
                    Role::Removed if index > 0 && found.bitmap.slot() != BitmapId::PRESENT_SLOT => {
                        stack.taken.push(source);
                    }
                    Role::Removed => {}
                }
                Ok(())
            })?;
        }
    }
    let NumberStacks { present, negative, slices } = &mut stacks;
    for stack in [present, negative].into_iter().chain(slices) {
        finish(stack, taken);
    }
    Ok(stacks)
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
