//! Evaluate: what a bound plan selects, chunk by chunk, into what is wanted.
//!
//! [`evaluate`] is the one entry: a function of a bound plan, a range of chunks and what is wanted, without state. Its
//! partial results merge in any order, so threads, and later other machines, can share the chunks.

mod and;
mod chunk;
mod column;
mod direct;
mod few;
mod linear;
mod next;
mod number;
mod point;
mod scratch;
mod split;
mod spread;
mod trace;
mod union;

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

pub(in crate::query) use column::Columns;
pub use column::{Column, Entities};
pub(in crate::query) use scratch::Scratch;
pub(in crate::query) use spread::{Merge, count_spread, evaluate_spread};
pub use trace::Trace;
use trace::Way;

use super::bind::Bound;
use super::pace::{Pace, Stop};
use crate::bitmap::Container;
use crate::error::Result;
use crate::ids::ChunkId;

/// How one evaluation may use the machine.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// When it must stop.
    pub deadline: Option<Instant>,
    /// Set by somebody who wants it to stop.
    pub cancelled: Option<Arc<AtomicBool>>,
    /// The most threads it may use, the caller's included. 0 leaves it to the engine: all that it has for a long query,
    /// the caller's alone for a short one.
    pub threads: usize,
    /// Told which ways the evaluation takes, for those who explain it.
    pub trace: Option<Arc<Trace>>,
}

impl Run {
    /// Tells the trace, if there is one.
    #[inline]
    fn note(&self, way: Way) {
        if let Some(trace) = &self.trace {
            trace.note(way);
        }
    }

    /// What ends it.
    pub fn stop(&self) -> Stop {
        Stop { deadline: self.deadline, cancelled: self.cancelled.clone() }
    }

    /// Whether to go on. Errors: cancelled, deadline.
    pub fn look(&self) -> Result<()> {
        self.work(&mut Pace::default(), 1)
    }

    /// Tells of `units` of work, and looks whether to go on. Errors: cancelled, deadline.
    #[inline]
    pub(in crate::query) fn work(&self, pace: &mut Pace, units: u32) -> Result<()> {
        if let Some(trace) = &self.trace {
            trace.note_look();
        }
        pace.work(units, self.cancelled.as_deref(), self.deadline)
    }
}

/// What is wanted of the members.
pub(in crate::query) trait Want {
    /// What some of the chunks come to.
    type Partial;

    /// What no chunks come to.
    fn nothing(&self) -> Self::Partial;

    /// Adds the members of one chunk; false when nothing more is wanted. Errors: corrupt, limit.
    fn add(
        &self,
        partial: &mut Self::Partial,
        chunk: ChunkId,
        members: Container<'_>,
        scratch: &mut Scratch,
    ) -> Result<bool>;
}

/// Evaluates `bound` over `chunks`. Errors: corrupt, cancelled, deadline, and those of `want`.
pub(in crate::query) fn evaluate<W: Want>(
    bound: &Bound,
    chunks: Range<u32>,
    want: &W,
    run: &Run,
    scratch: &mut Scratch,
) -> Result<W::Partial> {
    scratch.begin(bound, run);
    let mut partial = want.nothing();
    let end = chunks.end.min(bound.chunk_end);
    let mut next = bound.next_chunk(bound.root, chunks.start);
    while next < end {
        let index = next;
        next = bound.next_chunk(bound.root, index + 1);
        scratch.work(1)?;
        let chunk = ChunkId(index as u16);
        if let Some(members) = bound.in_place(bound.root, chunk)? {
            if !members.is_empty() && !want.add(&mut partial, chunk, members, scratch)? {
                break;
            }
            continue;
        }
        bound.prepare(bound.root, chunk, scratch)?;
        let members = scratch.take(bound.root);
        let go_on = members.is_empty() || want.add(&mut partial, chunk, members.as_container(), scratch)?;
        scratch.put(bound.root, chunk, members);
        if !go_on {
            break;
        }
    }
    Ok(partial)
}

/// Counts what `bound` selects in all chunks, on this thread; nothing is stored. Errors: corrupt, cancelled, deadline.
pub(in crate::query) fn count_all(bound: &Bound, run: &Run) -> Result<u64> {
    match bound.count_directly(0..u32::MAX, run)? {
        Some(count) => Ok(count),
        None => Scratch::lend(|scratch| count_by_chunk(bound, 0..u32::MAX, run, scratch)),
    }
}

/// Counts what `bound` selects in `chunks`; nothing is stored. Errors: corrupt, cancelled, deadline.
pub(in crate::query) fn count(bound: &Bound, chunks: Range<u32>, run: &Run, scratch: &mut Scratch) -> Result<u64> {
    match bound.count_directly(chunks.clone(), run)? {
        Some(count) => Ok(count),
        None => count_by_chunk(bound, chunks, run, scratch),
    }
}

fn count_by_chunk(bound: &Bound, chunks: Range<u32>, run: &Run, scratch: &mut Scratch) -> Result<u64> {
    scratch.begin(bound, run);
    let end = chunks.end.min(bound.chunk_end);
    let mut count = 0;
    let mut next = bound.next_chunk(bound.root, chunks.start);
    while next < end {
        scratch.work(1)?;
        if let Some(trace) = &run.trace {
            trace.note_bytes(bound.payload_bytes_in(ChunkId(next as u16))?);
        }
        count += u64::from(bound.count(bound.root, ChunkId(next as u16), scratch)?);
        next = bound.next_chunk(bound.root, next + 1);
    }
    Ok(count)
}
