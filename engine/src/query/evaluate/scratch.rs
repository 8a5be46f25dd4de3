//! The memory of one thread that evaluates: made once, reused from chunk to chunk and from query to query.

use std::cell::Cell;

use parking_lot::Mutex;

use super::Run;
use super::trace::Way;
use super::union::Calendar;
use crate::bitmap::{AlignedWords, ChunkBuffer, Counters};
use crate::error::Result;
use crate::ids::ChunkId;
use crate::query::bind::{Bound, DigitWords};
use crate::query::pace::Pace;
use crate::query::plan::NodeId;

/// See the module. After the first chunks of a query nothing allocates.
#[derive(Default)]
pub(in crate::query) struct Scratch {
    /// By node: what it selects in the current chunk, where that does not stand in a part.
    slots: Vec<Slot>,
    /// Buffers that no node owns, for the time of one operation.
    #[allow(clippy::vec_box, reason = "a buffer moves between slots, operations and this list, and is large")]
    spare: Vec<Box<ChunkBuffer>>,
    /// By number: its digits in the current chunk.
    pub(super) digits: Vec<DigitWords>,
    /// Room for a presence, a sign and candidates that do not stand as bitsets.
    pub(super) rooms: [Option<Box<AlignedWords>>; 3],
    /// Who waits for which chunk, in a union.
    pub(super) calendar: Calendar,
    /// Counters of a threshold.
    pub(super) counters: Counters,
    /// Values gathered for a few candidates.
    pub(super) magnitudes: Vec<u64>,
    /// The candidates.
    pub(super) lows: Vec<u16>,
    ids: Vec<u32>,
    /// Hashes of the keys of one chunk.
    pub(super) hashes: Vec<u64>,
    /// Who wants to know the ways, and what ends the evaluation.
    run: Run,
    pace: Cell<Pace>,
}

#[derive(Default)]
struct Slot {
    buffer: Option<Box<ChunkBuffer>>,
    /// The chunk that the buffer holds, if it holds one.
    chunk: Option<ChunkId>,
}

/// Scratch of evaluations that are over, for those to come: fresh memory would cost a query more than its answer.
static SPARE: Mutex<Vec<Scratch>> = Mutex::new(Vec::new());

/// How much scratch is kept for later.
const SPARE_MAX: usize = 16;
/// Scratch of larger plans is given back to the system.
const SPARE_SLOTS_MAX: usize = 256;

impl Scratch {
    /// Lends scratch for the time of `work`.
    pub(in crate::query) fn lend<T>(work: impl FnOnce(&mut Scratch) -> T) -> T {
        let mut scratch = SPARE.lock().pop().unwrap_or_default();
        let result = work(&mut scratch);
        let mut spare = SPARE.lock();
        if spare.len() < SPARE_MAX && scratch.slots.len() <= SPARE_SLOTS_MAX {
            spare.push(scratch);
        }
        result
    }

    /// Forgets what an earlier query left and makes room for `bound`.
    pub(in crate::query) fn begin(&mut self, bound: &Bound, run: &Run) {
        self.run.trace.clone_from(&run.trace);
        self.run.cancelled.clone_from(&run.cancelled);
        self.run.deadline = run.deadline;
        self.pace.set(Pace::default());
        self.slots.iter_mut().for_each(|slot| slot.chunk = None);
        self.slots.resize_with(bound.nodes.len().max(self.slots.len()), Slot::default);
        self.digits.resize_with(bound.numbers.len().max(self.digits.len()), DigitWords::default);
    }

    /// Tells the trace, if there is one.
    #[inline]
    pub(super) fn note(&self, way: Way) {
        self.run.note(way);
    }

    /// Tells of `units` of work, and looks whether to go on. Errors: cancelled, deadline.
    #[inline]
    pub(in crate::query) fn work(&self, units: u32) -> Result<()> {
        let mut pace = self.pace.get();
        let outcome = self.run.work(&mut pace, units);
        self.pace.set(pace);
        outcome
    }

    /// Whether the slot of `node` holds `chunk`.
    pub(super) fn holds(&self, node: NodeId, chunk: ChunkId) -> bool {
        self.slots[node.index()].chunk == Some(chunk)
    }

    /// The slot of `node`. REQUIRES: [`Scratch::put`] was called for the current chunk.
    pub(super) fn slot(&self, node: NodeId) -> &ChunkBuffer {
        self.slots[node.index()].buffer.as_deref().expect("a node is prepared before it is read")
    }

    /// Takes the buffer of `node` out, to be filled and put back.
    pub(super) fn take(&mut self, node: NodeId) -> Box<ChunkBuffer> {
        let slot = &mut self.slots[node.index()];
        slot.chunk = None;
        slot.buffer.take().or_else(|| self.spare.pop()).unwrap_or_default()
    }

    /// Puts the buffer of `node` back; it holds `chunk`.
    pub(super) fn put(&mut self, node: NodeId, chunk: ChunkId, buffer: Box<ChunkBuffer>) {
        let slot = &mut self.slots[node.index()];
        slot.buffer = Some(buffer);
        slot.chunk = Some(chunk);
    }

    /// Gives the buffer of `node` to whoever needs one: nobody asks for the node any more.
    pub(super) fn release(&mut self, node: NodeId) {
        let slot = &mut self.slots[node.index()];
        slot.chunk = None;
        self.spare.extend(slot.buffer.take());
    }

    /// What the buffers, the digits and the counters take.
    #[cfg(test)]
    pub(in crate::query) fn bytes(&self) -> u64 {
        let buffers = self.spare.len() + self.slots.iter().filter(|slot| slot.buffer.is_some()).count();
        let digits: usize = self.digits.iter().map(DigitWords::bytes).sum();
        (buffers * ChunkBuffer::BYTES + digits + self.counters.bytes()) as u64
    }

    /// Room for the ids of one chunk.
    pub(in crate::query) fn ids(&mut self) -> &mut Vec<u32> {
        &mut self.ids
    }

    /// A buffer for the time of one operation; give it back with [`Scratch::give_back`].
    pub(in crate::query) fn borrow(&mut self) -> Box<ChunkBuffer> {
        self.spare.pop().unwrap_or_default()
    }

    /// Gives a borrowed buffer back.
    pub(in crate::query) fn give_back(&mut self, buffer: Box<ChunkBuffer>) {
        self.spare.push(buffer);
    }
}
