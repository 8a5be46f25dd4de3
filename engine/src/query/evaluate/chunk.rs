//! One chunk: every node of the plan, from what it needs to what it selects.
//!
//! A leaf that stands in one part is read in place. Every other node owns a slot of the scratch, filled once a chunk
//! however many parents it has. The recursion is as deep as the plan, which the planner bounds.

use super::few::Few;
use super::scratch::Scratch;
use super::trace::Way;
use crate::bitmap::{ChunkBuffer, Container, Threshold, threshold_into, union_count, union_into};
use crate::error::Result;
use crate::ids::ChunkId;
use crate::query::bind::{Bound, BoundBitmap, BoundNode, Found, SetPresence};
use crate::query::plan::{NodeId, ThresholdMode};

/// Operands that are combined at once; more are combined one by one.
pub(super) const OPERANDS_MAX: usize = 16;

/// Containers of the operands of a node.
pub(super) type Operands<'a> = Few<Container<'a>, OPERANDS_MAX>;

impl Bound {
    /// How many entities of `chunk` the node selects. Errors: corrupt.
    pub(super) fn count(&self, id: NodeId, chunk: ChunkId, scratch: &mut Scratch) -> Result<u32> {
        match self.node(id) {
            BoundNode::Nothing => Ok(0),
            BoundNode::Bitmap(bitmap) => {
                let mut fold = scratch.borrow();
                let count = bitmap.cardinality(chunk, &mut fold);
                scratch.give_back(fold);
                count
            }
            BoundNode::And(and) => self.and_count(id, and, chunk, scratch),
            BoundNode::Number { number, ranges } => {
                scratch.note(Way::Slices);
                self.number_count(*number, ranges, &[], &[], chunk, scratch)
            }
            BoundNode::Values { values, disjoint: true } => {
                scratch.note(Way::AddedUp);
                let mut fold = scratch.borrow();
                let mut count = 0;
                for value in values {
                    count += value.cardinality(chunk, &mut fold)?;
                }
                scratch.give_back(fold);
                Ok(count)
            }
            BoundNode::Or(children) if children.len() <= OPERANDS_MAX => {
                for &child in children.iter() {
                    self.prepare(child, chunk, scratch)?;
                }
                let mut buffer = scratch.borrow();
                let count = union_count(self.operands(children, chunk, scratch)?.as_slice(), &mut buffer);
                scratch.give_back(buffer);
                Ok(count)
            }
            _ => {
                self.prepare(id, chunk, scratch)?;
                Ok(scratch.slot(id).cardinality())
            }
        }
    }

    /// What the node selects in `chunk`, where that stands in a part. Errors: corrupt.
    #[inline(always)]
    pub(super) fn in_place(&self, id: NodeId, chunk: ChunkId) -> Result<Option<Container<'_>>> {
        match self.node(id) {
            BoundNode::Nothing => Ok(Some(Container::Empty)),
            BoundNode::Bitmap(bitmap) => match bitmap.find(chunk)? {
                Found::View(container) => Ok(Some(container)),
                Found::Fold => Ok(None),
            },
            _ => Ok(None),
        }
    }

    /// Makes [`Bound::container`] ready for the node. Errors: corrupt.
    pub(super) fn prepare(&self, id: NodeId, chunk: ChunkId, scratch: &mut Scratch) -> Result<()> {
        if self.in_place(id, chunk)?.is_some() || scratch.holds(id, chunk) {
            return Ok(());
        }
        if let BoundNode::Bitmap(_) = self.node(id) {
            scratch.note(Way::Folded);
        }
        let mut result = scratch.take(id);
        self.select(id, chunk, scratch, &mut result)?;
        scratch.put(id, chunk, result);
        Ok(())
    }

    /// What the node selects in `chunk`. REQUIRES: [`Bound::prepare`] for the same chunk. Errors: corrupt.
    #[inline]
    pub(super) fn container<'s>(&'s self, id: NodeId, chunk: ChunkId, scratch: &'s Scratch) -> Result<Container<'s>> {
        match self.in_place(id, chunk)? {
            Some(container) => Ok(container),
            None => Ok(scratch.slot(id).as_container()),
        }
    }

    /// What the node selects in `chunk`, prepared and read. Errors: corrupt.
    pub(in crate::query) fn members_of<'s>(
        &'s self,
        id: NodeId,
        chunk: ChunkId,
        scratch: &'s mut Scratch,
    ) -> Result<Container<'s>> {
        self.prepare(id, chunk, scratch)?;
        self.container(id, chunk, scratch)
    }

    /// The containers of several prepared nodes. Errors: corrupt.
    pub(super) fn operands<'s>(&'s self, ids: &[NodeId], chunk: ChunkId, scratch: &'s Scratch) -> Result<Operands<'s>> {
        let mut operands = Few::new(Container::Empty);
        for &id in ids {
            operands.push(self.container(id, chunk, scratch)?);
        }
        Ok(operands)
    }

    /// Fills `result` with what the node selects.
    fn select(&self, id: NodeId, chunk: ChunkId, scratch: &mut Scratch, result: &mut ChunkBuffer) -> Result<()> {
        match self.node(id) {
            BoundNode::Nothing => result.clear(),
            BoundNode::Bitmap(bitmap) => bitmap.fold(chunk, result)?,
            BoundNode::SetPresence(presence) => presence.select(chunk, scratch, result)?,
            BoundNode::Values { values, .. } => union_of(values, chunk, scratch, result)?,
            BoundNode::Number { number, ranges } => {
                self.number_into(*number, ranges, Container::Full, chunk, scratch, result)?;
            }
            BoundNode::Linear(linear) => self.linear_into(linear, Container::Full, chunk, scratch, result)?,
            BoundNode::Split(keys) => {
                let mut fold = scratch.borrow();
                let live = self.live.read(chunk, &mut fold)?;
                self.split_into(keys, live, chunk, scratch, result)?;
                scratch.give_back(fold);
            }
            BoundNode::And(and) => self.and_into(and, chunk, scratch, result)?,
            BoundNode::Or(children) => self.or_into(children, chunk, scratch, result)?,
            BoundNode::Threshold { mode, k, of } => {
                for &child in of.iter() {
                    self.prepare(child, chunk, scratch)?;
                }
                let mut fold = scratch.borrow();
                let mut counters = std::mem::take(&mut scratch.counters);
                let live = self.live.read(chunk, &mut fold)?;
                let operands = self.operands(of, chunk, scratch)?;
                threshold_into(operands.as_slice(), mode.into(), *k, live, &mut counters, result);
                scratch.counters = counters;
                scratch.give_back(fold);
            }
        }
        Ok(())
    }

    fn or_into(
        &self,
        children: &[NodeId],
        chunk: ChunkId,
        scratch: &mut Scratch,
        result: &mut ChunkBuffer,
    ) -> Result<()> {
        if children.len() <= OPERANDS_MAX {
            for &child in children {
                self.prepare(child, chunk, scratch)?;
            }
            union_into(self.operands(children, chunk, scratch)?.as_slice(), result);
            return Ok(());
        }
        result.clear();
        for &child in children {
            self.prepare(child, chunk, scratch)?;
            result.or_with(self.container(child, chunk, scratch)?);
        }
        Ok(())
    }
}

/// The union of bitmaps of one tag.
pub(super) fn union_of(
    values: &[BoundBitmap],
    chunk: ChunkId,
    scratch: &mut Scratch,
    result: &mut ChunkBuffer,
) -> Result<()> {
    let mut fold = scratch.borrow();
    let mut in_place: Operands<'_> = Few::new(Container::Empty);
    let mut folded = false;
    result.clear();
    for value in values {
        match value.find(chunk)? {
            Found::View(container) if container.is_empty() => {}
            Found::View(container) => in_place.push(container),
            Found::Fold => folded = true,
        }
    }
    union_into(in_place.as_slice(), result);
    if folded {
        for value in values {
            if let Found::Fold = value.find(chunk)? {
                value.fold(chunk, &mut fold)?;
                result.or_with(fold.as_container());
            }
        }
    }
    scratch.give_back(fold);
    Ok(())
}

impl SetPresence {
    /// Who has the set tag: those who lost a value are looked up value by value.
    fn select(&self, chunk: ChunkId, scratch: &mut Scratch, result: &mut ChunkBuffer) -> Result<()> {
        let mut doubtful = scratch.borrow();
        let mut value = scratch.borrow();
        result.copy_from(self.present.read(chunk, &mut value)?);
        doubtful.clear();
        for source in &self.doubtful {
            doubtful.or_with(source.container(chunk)?);
        }
        for bitmap in &self.values {
            if doubtful.is_empty() {
                break;
            }
            doubtful.and_not_with(bitmap.read(chunk, &mut value)?);
        }
        result.and_not_with(doubtful.as_container());
        scratch.give_back(doubtful);
        scratch.give_back(value);
        Ok(())
    }
}

impl From<&ThresholdMode> for Threshold {
    fn from(mode: &ThresholdMode) -> Threshold {
        match mode {
            ThresholdMode::AtLeast => Threshold::AtLeast,
            ThresholdMode::AtMost => Threshold::AtMost,
            ThresholdMode::Exactly => Threshold::Exactly,
        }
    }
}
