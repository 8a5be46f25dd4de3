//! One chunk: every node of the plan, from what it needs to what it selects.
//!
//! A leaf that stands in one part is read in place. Every other node owns a slot of the scratch, filled once a chunk
//! however many parents it has. The recursion is as deep as the plan, which the planner bounds.

use super::few::Few;
use super::scratch::Scratch;
use super::trace::Way;
use crate::bitmap::{
    BATCH, ChunkBuffer, Container, Counters, Threshold, threshold_into, union_count, union_into, union_more,
};
use crate::error::Result;
use crate::ids::ChunkId;
pub(super) use crate::query::bind::OPERANDS_MAX;
use crate::query::bind::{Bound, BoundBitmap, BoundNode, Found, SetPresence};
use crate::query::pace::SMALL_PER_UNIT;
use crate::query::plan::{NodeId, ThresholdMode};

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
                for some in values.chunks(SMALL_PER_UNIT) {
                    scratch.work(1)?;
                    for value in some {
                        count += value.cardinality(chunk, &mut fold)?;
                    }
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
        scratch.work(1)?;
        if let BoundNode::Bitmap(_) = self.node(id) {
            scratch.note(Way::Folded);
        }
        let mut result = scratch.take(id);
        self.select(id, chunk, scratch, &mut result)?;
        scratch.put(id, chunk, result);
        self.release_children(id, scratch);
        Ok(())
    }

    /// In a large plan, lets go of what the children of a selected node came to.
    fn release_children(&self, id: NodeId, scratch: &mut Scratch) {
        if !self.releases {
            return;
        }
        match self.node(id) {
            BoundNode::And(and) => {
                let plain = and.positive.iter().chain(&and.negative).chain(&and.unions);
                plain.for_each(|&child| self.release(child, scratch));
            }
            BoundNode::Or(children) => children.iter().for_each(|&child| self.release(child, scratch)),
            BoundNode::Threshold { of, .. } => of.iter().for_each(|&child| self.release(child, scratch)),
            _ => {}
        }
    }

    /// Lets go of what a node came to, unless another one asks for it too.
    pub(super) fn release(&self, id: NodeId, scratch: &mut Scratch) {
        if self.releases && !self.is_shared.as_ref().is_some_and(|is_shared| is_shared[id.index()]) {
            scratch.release(id);
        }
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
            BoundNode::Threshold { mode, k, of } if of.len() > BATCH => {
                let mut counters = std::mem::take(&mut scratch.counters);
                let outcome = self.threshold_by_batches((mode.into(), *k, of), chunk, scratch, &mut counters, result);
                scratch.counters = counters;
                outcome?;
            }
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
            scratch.work(1)?;
            self.prepare(child, chunk, scratch)?;
            result.or_with(self.container(child, chunk, scratch)?);
            self.release(child, scratch);
        }
        Ok(())
    }

    /// Counts a long list of operands, of which only those of one batch are at hand.
    fn threshold_by_batches(
        &self,
        (threshold, k, of): (Threshold, u32, &[NodeId]),
        chunk: ChunkId,
        scratch: &mut Scratch,
        counters: &mut Counters,
        result: &mut ChunkBuffer,
    ) -> Result<()> {
        let mut counting = counters.begin(of.len());
        for batch in of.chunks(BATCH) {
            for &child in batch {
                self.prepare(child, chunk, scratch)?;
            }
            scratch.work(BATCH as u32)?;
            let mut operands: Few<Container<'_>, BATCH> = Few::new(Container::Empty);
            for &child in batch {
                operands.push(self.container(child, chunk, scratch)?);
            }
            counting.add(operands.as_slice());
            drop(operands);
            batch.iter().for_each(|&child| self.release(child, scratch));
        }
        let mut fold = scratch.borrow();
        counting.select(threshold, k, self.live.read(chunk, &mut fold)?, result);
        scratch.give_back(fold);
        Ok(())
    }
}

/// Values that are united at once.
const VALUES_AT_ONCE: usize = 64;

/// The union of bitmaps of one tag.
pub(super) fn union_of(
    values: &[BoundBitmap],
    chunk: ChunkId,
    scratch: &mut Scratch,
    result: &mut ChunkBuffer,
) -> Result<()> {
    let mut fold = scratch.borrow();
    let mut folded = false;
    result.clear();
    for (place, some) in values.chunks(VALUES_AT_ONCE).enumerate() {
        if place > 0 {
            scratch.work(1)?;
        }
        let mut in_place: Few<Container<'_>, VALUES_AT_ONCE> = Few::new(Container::Empty);
        for value in some {
            match value.find(chunk)? {
                Found::View(container) if container.is_empty() => {}
                Found::View(container) => in_place.push(container),
                Found::Fold => folded = true,
            }
        }
        match place {
            0 => union_into(in_place.as_slice(), result),
            _ if in_place.as_slice().is_empty() => {}
            _ => union_more(in_place.as_slice(), result),
        }
    }
    if folded {
        for value in values {
            if let Found::Fold = value.find(chunk)? {
                scratch.work(1)?;
                value.fold(chunk, &mut fold)?;
                result.or_with(fold.as_container());
            }
        }
    }
    scratch.give_back(fold);
    Ok(())
}

impl SetPresence {
    /// Who has the set tag: those who lost a value are looked for among the values that somebody has.
    fn select(&self, chunk: ChunkId, scratch: &mut Scratch, result: &mut ChunkBuffer) -> Result<()> {
        let mut doubtful = scratch.borrow();
        let mut value = scratch.borrow();
        result.copy_from(self.present.read(chunk, &mut value)?);
        doubtful.clear();
        for source in &self.doubtful {
            doubtful.or_with(source.container(chunk)?);
        }
        if !doubtful.is_empty() {
            self.values.visit_chunk(chunk, &mut |units| scratch.work(units), &mut |_, members| {
                doubtful.and_not_with(members);
                Ok(!doubtful.is_empty())
            })?;
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
