//! Counts of unions of bitmaps that stand in one part each: whoever has the chunk is at hand, and the others, which may
//! be hundreds, are not looked at.

use std::ops::Range;

use super::Run;
use super::scratch::Scratch;
use crate::bitmap::{ChunkBuffer, Container, union_count, union_into, union_more};
use crate::error::Result;
use crate::part::{Cursor, Holder};
use crate::query::pace::Pace;

/// Containers that are combined at once.
const BATCH: usize = 64;

/// No cursor.
const NOBODY: u32 = u32::MAX;

/// Which cursors wait for which chunk: a list for each chunk, in the memory of the cursors.
#[derive(Default)]
pub(super) struct Calendar {
    /// By chunk: the first cursor that waits for it.
    first: Vec<u32>,
    /// By cursor: the next one that waits for the same chunk.
    next: Vec<u32>,
}

impl Calendar {
    fn begin(&mut self, chunks: usize, cursors: usize) {
        self.first.clear();
        self.first.resize(chunks, NOBODY);
        self.next.clear();
        self.next.resize(cursors, NOBODY);
    }

    /// `cursor` waits for the place `chunk`; nobody does who waits for one behind the last.
    #[inline]
    fn wait(&mut self, cursor: u32, chunk: usize) {
        if let Some(first) = self.first.get_mut(chunk) {
            self.next[cursor as usize] = std::mem::replace(first, cursor);
        }
    }
}

/// How many are in at least one of the bitmaps under `cursors`, in `chunks`. Errors: corrupt, cancelled, deadline.
pub(super) fn count_union<'a, H: Holder<'a>>(
    cursors: &mut [Cursor<'a, H>],
    chunks: Range<u32>,
    run: &Run,
    scratch: &mut Scratch,
) -> Result<u64> {
    let mut calendar = std::mem::take(&mut scratch.calendar);
    let mut buffer = scratch.borrow();
    let count = count_by_calendar(cursors, chunks, run, &mut calendar, &mut buffer);
    scratch.give_back(buffer);
    scratch.calendar = calendar;
    count
}

fn count_by_calendar<'a, H: Holder<'a>>(
    cursors: &mut [Cursor<'a, H>],
    chunks: Range<u32>,
    run: &Run,
    calendar: &mut Calendar,
    buffer: &mut ChunkBuffer,
) -> Result<u64> {
    let start = chunks.start;
    calendar.begin(chunks.len(), cursors.len());
    for (index, cursor) in cursors.iter_mut().enumerate() {
        if let Some(chunk) = cursor.seek(start) {
            calendar.wait(index as u32, (chunk - start) as usize);
        }
    }
    let mut batch = [Container::Empty; BATCH];
    let mut count = 0;
    let mut pace = Pace::default();
    for chunk in chunks {
        let mut waiting = calendar.first[(chunk - start) as usize];
        if waiting == NOBODY {
            continue;
        }
        run.work(&mut pace, 1)?;
        let mut length = 0;
        let mut is_begun = false;
        while waiting != NOBODY {
            if length == BATCH {
                run.work(&mut pace, 1)?;
                add(&batch, is_begun, buffer);
                (length, is_begun) = (0, true);
            }
            let cursor = &mut cursors[waiting as usize];
            batch[length] = cursor.container()?;
            length += 1;
            let following = calendar.next[waiting as usize];
            if let Some(next) = cursor.seek(chunk + 1) {
                calendar.wait(waiting, (next - start) as usize);
            }
            waiting = following;
        }
        let batch = &batch[..length];
        count += u64::from(match is_begun {
            false => union_count(batch, buffer),
            true => {
                add(batch, true, buffer);
                buffer.cardinality()
            }
        });
    }
    Ok(count)
}

/// Adds a batch to what `buffer` holds, or begins with it.
fn add(batch: &[Container<'_>], is_begun: bool, buffer: &mut ChunkBuffer) {
    match is_begun {
        false => union_into(batch, buffer),
        true => union_more(batch, buffer),
    }
}
