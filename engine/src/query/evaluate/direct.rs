//! Counts of Ands whose operands all stand in one part each: the directories are walked side by side, and nothing is
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
use crate::part::Cursor;
use crate::query::bind::{Bound, BoundAnd, BoundNode};
use crate::query::plan::NodeId;

/// The operands of one sign.
struct Cursors<'a> {
    all: [Option<Cursor<'a>>; OPERANDS_MAX],
    count: usize,
}

impl<'a> Cursors<'a> {
    /// The cursors of bitmaps in one part each; none where one is not. A bitmap without members is left to the caller.
    fn of(bound: &'a Bound, ids: &[NodeId]) -> Option<Cursors<'a>> {
        let mut cursors = Cursors { all: [const { None }; OPERANDS_MAX], count: ids.len() };
        if ids.len() > OPERANDS_MAX {
            return None;
        }
        for (place, &id) in cursors.all.iter_mut().zip(ids) {
            let BoundNode::Bitmap(bitmap) = bound.node(id) else { return None };
            *place = Some(bitmap.cursor()?);
        }
        Some(cursors)
    }

    fn iter_mut(&mut self) -> impl Iterator<Item = &mut Cursor<'a>> {
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
    /// Counts `and` over `chunks`; none where an operand does not stand in one part. Errors: corrupt, cancelled,
    /// deadline.
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
        let (Some(mut positive), Some(mut negative)) =
            (Cursors::of(self, &and.positive), Cursors::of(self, &and.negative))
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

fn count_both(first: &mut Cursor<'_>, second: &mut Cursor<'_>, chunks: Range<u32>, run: &Run) -> Result<u64> {
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

fn count_one_without(first: &mut Cursor<'_>, second: &mut Cursor<'_>, chunks: Range<u32>, run: &Run) -> Result<u64> {
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

fn count_all(
    positive: &mut Cursors<'_>,
    negative: &mut Cursors<'_>,
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
