//! The containers of one bitmap of one part, chunk after chunk: what a loop over many chunks reads without looking
//! each of them up.

use super::format::ChunkEntry;
use super::read::{BitmapView, Part};
use crate::bitmap::Container;
use crate::error::Result;

/// A place among the containers of a bitmap, which rise by chunk.
#[derive(Clone, Copy)]
pub struct Cursor<'a> {
    part: &'a Part,
    entries: &'a [ChunkEntry],
    place: usize,
}

impl Part {
    /// The containers of a bitmap from the first on; none where they do not stand by themselves.
    pub fn cursor(&self, view: &BitmapView) -> Option<Cursor<'_>> {
        match *view {
            BitmapView::Chunks { first, count, .. } => {
                Some(Cursor { part: self, entries: self.chunk_entries(first, count), place: 0 })
            }
            BitmapView::Pairs { .. } | BitmapView::Everyone => None,
        }
    }
}

impl<'a> Cursor<'a> {
    /// The chunk here; none behind the last.
    #[inline]
    pub fn chunk(&self) -> Option<u32> {
        self.entries.get(self.place).map(|entry| u32::from(entry.chunk))
    }

    /// Goes to the first chunk from `chunk` on and returns it. A cursor never goes back.
    #[inline]
    pub fn seek(&mut self, chunk: u32) -> Option<u32> {
        let rest = &self.entries[self.place..];
        let at = |place: usize| rest.get(place).is_none_or(|entry| u32::from(entry.chunk) >= chunk);
        // Mostly the next one is wanted; else, where no chunk is left out, the distance says which.
        if !at(0) {
            let distance = chunk as usize - usize::from(rest[0].chunk);
            self.place += match () {
                () if at(1) => 1,
                () if distance < rest.len() && u32::from(rest[distance].chunk) == chunk => distance,
                () => rest.partition_point(|entry| u32::from(entry.chunk) < chunk),
            };
        }
        self.chunk()
    }

    /// The members in the chunk here, checked; nobody behind the last. Errors: corrupt.
    #[inline]
    pub fn container(&self) -> Result<Container<'a>> {
        match self.entries.get(self.place) {
            Some(entry) => self.part.decode(entry),
            None => Ok(Container::Empty),
        }
    }
}
