//! Counts of Ands whose operands all stand in one part each, or are merged: the directories are walked side by side, and nothing is
//! looked up twice.
//!
//! This is where the many small and the few large audiences are: a chunk costs its kernel and little else.

use std::ops::Range;

use super::Run;
use super::chunk::OPERANDS_MAX;
use super::few::Few;
use super::scratch::Scratch;
use crate::bitmap::{Container, and_count, and_not_count, conjunction_count};
use crate::error::Result;
use crate::part::{Cursor, Holder};
use crate::query::bind::{Bound, BoundAnd, BoundBitmap, BoundNode};
use crate::query::plan::NodeId;

/// The operands of one sign.
struct Cursors<'a, H> {
    all: [Option<Cursor<'a, H>>; OPERANDS_MAX],
    count: usize,
}

/// How a bitmap is walked, where it can be.
type Walk<'a, H> = fn(&'a BoundBitmap) -> Option<Cursor<'a, H>>;

impl<'a, H: Holder<'a>> Cursors<'a, H> {
    /// The cursors of bitmaps; none where one cannot be walked. A bitmap without members is left to the caller.
    fn of(bound: &'a Bound, ids: &[NodeId], walk: Walk<'a, H>) -> Option<Cursors<'a, H>> {
        let mut cursors = Cursors { all: [const { None }; OPERANDS_MAX], count: ids.len() };
        if ids.len() > OPERANDS_MAX {
            return None;
        }
        for (place, &id) in cursors.all.iter_mut().zip(ids) {
            let BoundNode::Bitmap(bitmap) = bound.node(id) else { return None };
            *place = Some(walk(bitmap)?);
        }
        Some(cursors)
    }

    fn iter_mut(&mut self) -> impl Iterator<Item = &mut Cursor<'a, H>> {
        self.all[..self.count].iter_mut().flatten()
    }

    /// Goes to the first chunk from `chunk` on that all have; none where there is none.
    #[inline]
    fn meet(&mut self, mut chunk: u32) -> Option<u32> {
        loop {
            let from = chunk;
            for cursor in self.iter_mut() {
                chunk = cursor.seek(chunk)?;
            }
            if chunk == from {
                return Some(chunk);
            }
        }
    }
}

impl Bound {
    /// Counts `and` over `chunks`; none where an operand can only be looked up chunk by chunk. Errors: corrupt,
    /// cancelled, deadline.
    pub(super) fn count_directly(
        &self,
        and: &BoundAnd,
        chunks: Range<u32>,
        run: &Run,
        scratch: &mut Scratch,
    ) -> Result<Option<u64>> {
        if and.positive.is_empty() || !and.unions.is_empty() || !and.tests.is_empty() {
            return Ok(None);
        }
        let is_merged = |&id: &NodeId| matches!(self.node(id), BoundNode::Bitmap(bitmap) if bitmap.is_merged());
        match and.positive.iter().chain(&and.negative).any(is_merged) {
            // All in one part each: where a container stands need not be asked.
            false => self.count_walking(BoundBitmap::cursor, and, chunks, run, scratch),
            true => self.count_walking(BoundBitmap::merged_cursor, and, chunks, run, scratch),
        }
    }

    fn count_walking<'a, H: Holder<'a>>(
        &'a self,
        walk: Walk<'a, H>,
        and: &BoundAnd,
        chunks: Range<u32>,
        run: &Run,
        scratch: &mut Scratch,
    ) -> Result<Option<u64>> {
        let (Some(mut positive), Some(mut negative)) =
            (Cursors::of(self, &and.positive, walk), Cursors::of(self, &and.negative, walk))
        else {
            return Ok(None);
        };
        let count = match (&mut positive.all, positive.count, &mut negative.all, negative.count) {
            ([Some(first), Some(second), ..], 2, _, 0) => count_both(first, second, chunks, run)?,
            ([Some(first), ..], 1, [Some(second), ..], 1) => count_one_without(first, second, chunks, run)?,
            _ => count_all(&mut positive, &mut negative, chunks, run, scratch)?,
        };
        Ok(Some(count))
    }
}

fn count_both<'a, H: Holder<'a>>(
    first: &mut Cursor<'a, H>,
    second: &mut Cursor<'a, H>,
    chunks: Range<u32>,
    run: &Run,
) -> Result<u64> {
    let mut count = 0;
    let mut chunk = chunks.start;
    while let Some(at) = first.seek(chunk)
        && at < chunks.end
    {
        match second.seek(at) {
            Some(other) if other == at => {
                run.check(at)?;
                count += u64::from(and_count(first.container()?, second.container()?));
                chunk = at + 1;
            }
            Some(other) => chunk = other,
            None => break,
        }
    }
    Ok(count)
}

fn count_one_without<'a, H: Holder<'a>>(
    first: &mut Cursor<'a, H>,
    second: &mut Cursor<'a, H>,
    chunks: Range<u32>,
    run: &Run,
) -> Result<u64> {
    let mut count = 0;
    let mut chunk = chunks.start;
    while let Some(at) = first.seek(chunk)
        && at < chunks.end
    {
        run.check(at)?;
        let taken = if second.seek(at) == Some(at) { second.container()? } else { Container::Empty };
        count += u64::from(and_not_count(first.container()?, taken));
        chunk = at + 1;
    }
    Ok(count)
}

fn count_all<'a, H: Holder<'a>>(
    positive: &mut Cursors<'a, H>,
    negative: &mut Cursors<'a, H>,
    chunks: Range<u32>,
    run: &Run,
    scratch: &mut Scratch,
) -> Result<u64> {
    let mut buffer = scratch.borrow();
    let mut count = 0;
    let mut chunk = chunks.start;
    while let Some(at) = positive.meet(chunk)
        && at < chunks.end
    {
        run.check(at)?;
        let mut all: Few<Container<'_>, OPERANDS_MAX> = Few::new(Container::Empty);
        for cursor in positive.iter_mut() {
            all.push(cursor.container()?);
        }
        let mut none: Few<Container<'_>, OPERANDS_MAX> = Few::new(Container::Empty);
        for cursor in negative.iter_mut() {
            if cursor.seek(at) == Some(at) {
                none.push(cursor.container()?);
            }
        }
        count += u64::from(conjunction_count(all.as_slice(), none.as_slice(), &mut buffer));
        chunk = at + 1;
    }
    scratch.give_back(buffer);
    Ok(count)
}
