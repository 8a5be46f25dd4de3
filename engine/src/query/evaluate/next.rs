//! Which chunk comes next: those in which a node cannot have members are not touched at all.

use crate::query::bind::{Bound, BoundNode};
use crate::query::plan::NodeId;

/// After every chunk: nothing follows.
pub(super) const NO_CHUNK: u32 = u32::MAX;

impl Bound {
    /// The first chunk from `from` on in which the node may have members, or [`NO_CHUNK`]. Only bitmaps, and what an
    /// And or an Or takes from them, are looked at; everything else may have members anywhere.
    #[inline]
    pub(super) fn next_chunk(&self, id: NodeId, from: u32) -> u32 {
        match self.node(id) {
            BoundNode::Nothing => NO_CHUNK,
            BoundNode::Bitmap(bitmap) => bitmap.next_chunk(from),
            BoundNode::And(and) => {
                // A chunk that one operand proposes, another may refuse by proposing a later one.
                let mut next = from;
                loop {
                    let proposed = and.skipping.iter().fold(next, |next, &child| match self.node(child) {
                        BoundNode::Bitmap(bitmap) => bitmap.next_chunk(next),
                        _ => next,
                    });
                    if proposed == next || proposed == NO_CHUNK {
                        return proposed;
                    }
                    next = proposed;
                }
            }
            BoundNode::Or(children) => {
                let mut next = NO_CHUNK;
                for &child in children.iter() {
                    next = next.min(self.next_chunk(child, from));
                    if next == from {
                        break;
                    }
                }
                next
            }
            _ => from,
        }
    }
}
