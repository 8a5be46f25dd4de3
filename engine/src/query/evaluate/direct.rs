//! Counts that need no buffer for any node: from the directory alone, and Ands and Ors of bitmaps that stand in one
//! part each, or are merged. The directories are walked side by side, and nothing is looked up twice.
//!
//! This is where the many small and the few large audiences are: a chunk costs its kernel and little else.

use std::ops::Range;

use super::Run;
use super::chunk::OPERANDS_MAX;
use super::few::Few;
use super::scratch::Scratch;
use super::trace::Way;
use super::union::count_union;
use crate::bitmap::{Container, and_count, conjunction_count};
use crate::error::Result;
use crate::part::{Cursor, Holder};
use crate::query::bind::{Bound, BoundAnd, BoundBitmap, BoundNode};
use crate::query::pace::{Pace, SMALL_PER_UNIT};
use crate::query::plan::NodeId;

impl Bound {
    /// How many the root selects in all chunks, where directories say so; none where members must be read. Errors:
    /// cancelled, deadline.
    pub(in crate::query) fn count_of_directory(&self, run: &Run) -> Result<Option<u64>> {
        let values = match self.node(self.root) {
            BoundNode::Nothing => return Ok(Some(0)),
            BoundNode::Bitmap(bitmap) => return Ok(bitmap.cardinality_of_all()),
            BoundNode::Values { values, disjoint: true } => values,
            _ => return Ok(None),
        };
        let (mut pace, mut count) = (Pace::default(), 0);
        for some in values.chunks(SMALL_PER_UNIT) {
            run.work(&mut pace, 1)?;
            match some.iter().map(BoundBitmap::cardinality_of_all).sum::<Option<u64>>() {
                Some(more) => count += more,
                None => return Ok(None),
            }
        }
        Ok(Some(count))
    }

    /// How many the root selects in `chunks`, where it is an And or an Or of bitmaps that stand in one part each, or
    /// are merged; none where it is not. Errors: corrupt, cancelled, deadline.
    pub(super) fn count_directly(&self, chunks: Range<u32>, run: &Run) -> Result<Option<u64>> {
        // All in one part each: where a container stands need not be asked.
        match self.nodes.iter().flat_map(BoundNode::bitmaps).any(BoundBitmap::is_merged) {
            false => self.count_walking(Walker(BoundBitmap::cursor), chunks, run),
            true => self.count_walking(Walker(BoundBitmap::merged_cursor), chunks, run),
        }
    }

    fn count_walking<'a, H: Holder<'a>>(
        &'a self,
        walker: Walker<'a, H>,
        chunks: Range<u32>,
        run: &Run,
    ) -> Result<Option<u64>> {
        let node = |&id: &NodeId| self.node(id).as_bitmap();
        match self.node(self.root) {
            BoundNode::And(and) if and.is_plain() => match (and.positive.as_slice(), and.negative.as_slice()) {
                ([first, second], []) => walker.count_pair(node(first), node(second), chunks, run, |_, _, both| both),
                ([first], [second]) => walker
                    .count_pair(node(first), node(second), chunks, run, |first, _, both| first.saturating_sub(both)),
                ([], _) => Ok(None),
                (positive, negative) => {
                    walker.count_many(positive.iter().map(node), negative.iter().map(node), chunks, run)
                }
            },
            BoundNode::Or(children) => match children.as_ref() {
                [first, second] => walker.count_pair(node(first), node(second), chunks, run, |first, second, both| {
                    first.saturating_add(second).saturating_sub(both)
                }),
                _ => walker.count_union(children.iter().map(node), self.clip(chunks), run),
            },
            BoundNode::Values { values, disjoint: false } => {
                walker.count_union(values.iter().map(Some), self.clip(chunks), run)
            }
            _ => Ok(None),
        }
    }

    /// The chunks that anybody may be in.
    fn clip(&self, chunks: Range<u32>) -> Range<u32> {
        chunks.start..chunks.end.min(self.chunk_end)
    }
}

/// How bitmaps are walked, where they can be.
struct Walker<'a, H>(fn(&'a BoundBitmap) -> Option<Cursor<'a, H>>);

impl<'a, H: Holder<'a>> Walker<'a, H> {
    fn walk(&self, bitmap: Option<&'a BoundBitmap>) -> Option<Cursor<'a, H>> {
        self.0(bitmap?)
    }

    /// Counts a pair from how many the first has, the second, and both: the directory knows the former two, so that
    /// only the intersection is walked, whatever the operation. A directory that lies must not make it overflow.
    fn count_pair(
        &self,
        first: Option<&'a BoundBitmap>,
        second: Option<&'a BoundBitmap>,
        chunks: Range<u32>,
        run: &Run,
        count: impl Fn(u64, u64, u64) -> u64,
    ) -> Result<Option<u64>> {
        let (Some(first), Some(second)) = (self.walk(first), self.walk(second)) else { return Ok(None) };
        run.note(Way::SideBySide);
        if let Some(trace) = &run.trace {
            let both = Cursors::of([Some(first), Some(second)]).unwrap_or_default();
            trace.note_bytes(bytes_where_all_meet(both, Cursors::default(), &chunks));
        }
        let both = count_both(first, second, chunks.clone(), run)?;
        Ok(Some(count(first.cardinality(&chunks), second.cardinality(&chunks), both)))
    }

    fn count_many(
        &self,
        positive: impl Iterator<Item = Option<&'a BoundBitmap>>,
        negative: impl Iterator<Item = Option<&'a BoundBitmap>>,
        chunks: Range<u32>,
        run: &Run,
    ) -> Result<Option<u64>> {
        let positive = Cursors::of(positive.map(|bitmap| self.walk(bitmap)));
        let negative = Cursors::of(negative.map(|bitmap| self.walk(bitmap)));
        let (Some(positive), Some(negative)) = (positive, negative) else { return Ok(None) };
        run.note(Way::SideBySide);
        if let Some(trace) = &run.trace {
            trace.note_bytes(bytes_where_all_meet(positive.clone(), negative.clone(), &chunks));
        }
        count_conjunction(positive, negative, chunks, run).map(Some)
    }

    fn count_union(
        &self,
        bitmaps: impl Iterator<Item = Option<&'a BoundBitmap>>,
        chunks: Range<u32>,
        run: &Run,
    ) -> Result<Option<u64>> {
        let somebody = bitmaps.filter(|bitmap| !bitmap.is_some_and(BoundBitmap::is_nobody));
        let Some(mut cursors) = somebody.map(|bitmap| self.walk(bitmap)).collect::<Option<Vec<_>>>() else {
            return Ok(None);
        };
        run.note(Way::Calendar);
        if let Some(trace) = &run.trace {
            for cursor in &cursors {
                let one = Cursors::of([Some(*cursor)]).unwrap_or_default();
                trace.note_bytes(bytes_where_all_meet(one, Cursors::default(), &chunks));
            }
        }
        Scratch::lend(|scratch| count_union(&mut cursors, chunks, run, scratch)).map(Some)
    }
}

impl BoundNode {
    fn as_bitmap(&self) -> Option<&BoundBitmap> {
        match self {
            BoundNode::Bitmap(bitmap) => Some(bitmap),
            _ => None,
        }
    }
}

impl BoundAnd {
    /// Whether it has operands only that can be combined as they stand.
    pub(super) fn is_plain(&self) -> bool {
        self.unions.is_empty() && self.tests.is_empty()
    }

    /// Whether it has more operands than are combined at once.
    pub(in crate::query) fn is_long(&self) -> bool {
        self.positive.len() + self.negative.len() + self.unions.len() > OPERANDS_MAX
    }
}

/// Who is in both.
fn count_both<'a, H: Holder<'a>>(
    mut first: Cursor<'a, H>,
    mut second: Cursor<'a, H>,
    chunks: Range<u32>,
    run: &Run,
) -> Result<u64> {
    let mut count = 0;
    let mut pace = Pace::default();
    let mut chunk = chunks.start;
    while let Some(at) = first.seek(chunk)
        && at < chunks.end
    {
        match second.seek(at) {
            Some(other) if other == at => {
                run.work(&mut pace, 1)?;
                count += u64::from(and_count(first.container()?, second.container()?));
                chunk = at + 1;
            }
            Some(other) => chunk = other,
            None => break,
        }
    }
    Ok(count)
}

/// Bitmaps that are walked side by side.
#[derive(Clone)]
struct Cursors<'a, H> {
    all: [Option<Cursor<'a, H>>; OPERANDS_MAX],
    count: usize,
}

impl<H> Default for Cursors<'_, H> {
    fn default() -> Self {
        Cursors { all: [const { None }; OPERANDS_MAX], count: 0 }
    }
}

impl<'a, H: Holder<'a>> Cursors<'a, H> {
    /// None where one of them is none, or where there are too many.
    fn of(cursors: impl IntoIterator<Item = Option<Cursor<'a, H>>>) -> Option<Cursors<'a, H>> {
        let mut all = Cursors::default();
        for cursor in cursors {
            *all.all.get_mut(all.count)? = Some(cursor?);
            all.count += 1;
        }
        Some(all)
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

/// How many bytes hold the members of all in the chunks that all of `positive` have.
fn bytes_where_all_meet<'a, H: Holder<'a>>(
    mut positive: Cursors<'a, H>,
    mut negative: Cursors<'a, H>,
    chunks: &Range<u32>,
) -> u64 {
    let mut bytes = 0;
    let mut chunk = chunks.start;
    while let Some(at) = positive.meet(chunk)
        && at < chunks.end
    {
        bytes += positive.iter_mut().map(|cursor| cursor.payload_bytes()).sum::<u64>();
        for cursor in negative.iter_mut() {
            bytes += if cursor.seek(at) == Some(at) { cursor.payload_bytes() } else { 0 };
        }
        chunk = at + 1;
    }
    bytes
}

fn count_conjunction<'a, H: Holder<'a>>(
    mut positive: Cursors<'a, H>,
    mut negative: Cursors<'a, H>,
    chunks: Range<u32>,
    run: &Run,
) -> Result<u64> {
    Scratch::lend(|scratch| {
        let mut buffer = scratch.borrow();
        let mut count = 0;
        let mut pace = Pace::default();
        let mut chunk = chunks.start;
        while let Some(at) = positive.meet(chunk)
            && at < chunks.end
        {
            run.work(&mut pace, 1)?;
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
    })
}
