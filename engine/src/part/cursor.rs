//! The containers of one bitmap of one part, chunk after chunk: what a loop over many chunks reads without looking
//! each of them up.

use std::ops::Range;

use super::format::ChunkEntry;
use super::read::{BitmapView, Part};
use crate::bitmap::Container;
use crate::error::Result;

/// A place among the containers of a bitmap, which rise by chunk.
#[derive(Clone, Copy)]
pub struct Cursor<'a> {
    /// Members over all chunks.
    total: u64,
    part: &'a Part,
    bytes: &'a [u8],
    entries: &'a [ChunkEntry],
    place: usize,
}

impl Part {
    /// The containers of a bitmap from the first on; none where they do not stand by themselves.
    pub fn cursor(&self, view: &BitmapView) -> Option<Cursor<'_>> {
        match *view {
            BitmapView::Chunks { first, count, cardinality, .. } => {
                let entries = self.chunk_entries(first, count);
                Some(Cursor { total: cardinality, part: self, bytes: &self.bytes, entries, place: 0 })
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

    /// How many members it has in `chunks`, wherever it stands, from the directory.
    pub fn cardinality(&self, chunks: &Range<u32>) -> u64 {
        let (first, last) = (u32::from(self.entries[0].chunk), u32::from(self.entries[self.entries.len() - 1].chunk));
        if chunks.start <= first && last < chunks.end {
            return self.total;
        }
        let from = self.entries.partition_point(|entry| u32::from(entry.chunk) < chunks.start);
        let inside = self.entries[from..].iter().take_while(|entry| u32::from(entry.chunk) < chunks.end);
        inside.map(|entry| u64::from(entry.cardinality())).sum()
    }

    /// How many bytes hold the members in the chunk here, from the directory.
    pub fn payload_bytes(&self) -> u64 {
        self.entries.get(self.place).map_or(0, ChunkEntry::payload_bytes)
    }

    /// The members in the chunk here, checked; nobody behind the last. Errors: corrupt.
    #[inline(always)]
    pub fn container(&self) -> Result<Container<'a>> {
        match self.entries.get(self.place) {
            Some(entry) => self.part.decode_in(self.bytes, entry),
            None => Ok(Container::Empty),
        }
    }
}
