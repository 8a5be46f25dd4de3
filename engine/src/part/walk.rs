//! The bitmaps of one tag over all layers, one after another: directories are walked side by side, so that only the
//! bitmap at hand is held, however many values the tag has.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use super::Role;
use super::format::{BitmapEntry, form};
use super::read::{BitmapView, PairsView, Part};
use super::small::SmallValues;
use super::stack::Source;
use crate::error::Result;
use crate::ids::{BitmapId, TagId, ValueId};

/// See the module.
pub(super) struct TagWalk {
    tag: TagId,
    parts: Vec<PartWalk>,
    /// The next entry of each part that has one left, and the place of the part; layers rise with the places.
    next: BinaryHeap<Reverse<(BitmapId, Role, u32)>>,
}

/// One bitmap, wherever it stands.
pub(super) struct Gathered {
    pub(super) bitmap: BitmapId,
    /// Rising by layer, like the others.
    pub(super) added: Vec<Source>,
    pub(super) removed: Vec<Source>,
    /// The members that stand in pairs, by layer.
    small: Vec<(u32, Vec<u32>)>,
}

impl Gathered {
    /// The ids of a source that stands in pairs.
    pub(super) fn small_ids(&self, source: &Source) -> &[u32] {
        let ids = self.small.iter().find(|(layer, _)| *layer == source.layer);
        ids.map_or(&[], |(_, ids)| ids)
    }
}

/// A place in the directory of one part.
struct PartWalk {
    layer: u32,
    part: Arc<Part>,
    index: u32,
    small: Option<(PairsView, SmallValues)>,
}

impl TagWalk {
    /// Stands before the first bitmap of `tag` in `layers`, oldest first, each of parts with disjoint ranges of
    /// bitmaps. Errors: corrupt.
    pub(super) fn new(layers: &[Vec<Arc<Part>>], tag: TagId) -> Result<TagWalk> {
        let mut walk = TagWalk { tag, parts: Vec::new(), next: BinaryHeap::new() };
        for (layer, parts) in layers.iter().enumerate() {
            for part in parts {
                let small = match part.pairs(tag)? {
                    Some(pairs) => Some((pairs, SmallValues::new(part, pairs)?)),
                    None => None,
                };
                let index = part.lower_bound(BitmapId::new(tag, 0), Role::Added)?;
                walk.parts.push(PartWalk { layer: layer as u32, part: Arc::clone(part), index, small });
                walk.push(walk.parts.len() - 1, None)?;
            }
        }
        Ok(walk)
    }

    /// Whether nothing is left.
    pub(super) fn is_done(&self) -> bool {
        self.next.is_empty()
    }

    /// The next bitmap, in both roles. Errors: corrupt.
    pub(super) fn next(&mut self) -> Result<Option<Gathered>> {
        let Some(&Reverse((bitmap, ..))) = self.next.peek() else {
            return Ok(None);
        };
        let mut gathered = Gathered { bitmap, added: Vec::new(), removed: Vec::new(), small: Vec::new() };
        while let Some(&Reverse((next, role, place))) = self.next.peek()
            && next == bitmap
        {
            self.next.pop();
            let walk = &mut self.parts[place as usize];
            let view = walk.view()?;
            if let (BitmapView::Pairs { .. }, Some((_, small))) = (view, &mut walk.small) {
                gathered.small.push((walk.layer, small.take(ValueId(bitmap.slot()))?));
            }
            let sources = match role {
                Role::Added => &mut gathered.added,
                Role::Removed => &mut gathered.removed,
            };
            sources.push(Source { layer: walk.layer, part: Arc::clone(&walk.part), view });
            walk.index += 1;
            self.push(place as usize, Some((bitmap, role)))?;
        }
        Ok(Some(gathered))
    }

    /// Notes what comes next in a part, behind the entry `last`.
    fn push(&mut self, place: usize, last: Option<(BitmapId, Role)>) -> Result<()> {
        let PartWalk { part, index, .. } = &self.parts[place];
        if *index == part.bitmap_count() {
            return Ok(());
        }
        let entry = part.bitmap_entry(*index)?;
        let next = (BitmapId(entry.bitmap), part.role(entry)?);
        if next.0.tag() != self.tag {
            return Ok(());
        }
        if last.is_some_and(|last| next <= last) {
            return Err(part.corrupt("the bitmaps of the directory are not in rising order"));
        }
        self.next.push(Reverse((next.0, next.1, place as u32)));
        Ok(())
    }
}

impl PartWalk {
    /// Where the members of the entry at hand stand; the pairs of the tag are known already.
    fn view(&self) -> Result<BitmapView> {
        let entry: &BitmapEntry = self.part.bitmap_entry(self.index)?;
        match (entry.form, &self.small) {
            (form::PAIRS, Some((pairs, _))) => Ok(BitmapView::Pairs {
                pairs: *pairs,
                value: ValueId(BitmapId(entry.bitmap).slot()),
                cardinality: entry.cardinality,
            }),
            _ => self.part.view(entry),
        }
    }
}
