//! An iterator over the containers of one bitmap of one part, chunk after chunk: what a loop over many chunks reads
//! without looking each of them up.

use std::ops::Range;
use std::sync::Arc;

use super::format::ChunkEntry;
use super::read::{BitmapView, Part};
use crate::bitmap::Container;
use crate::error::Result;

/// Says in which part a container of a cursor stands.
pub trait Holder<'a>: Copy {
    /// The members that the entry at `place` stands for, checked. Errors: corrupt.
    fn container(self, place: usize, entry: &ChunkEntry) -> Result<Container<'a>>;
}

/// One part holds them all.
#[derive(Clone, Copy)]
pub struct Alone<'a> {
    part: &'a Part,
    bytes: &'a [u8],
}

impl<'a> Alone<'a> {
    /// The part that holds them.
    pub fn new(part: &'a Part) -> Alone<'a> {
        Alone { part, bytes: &part.bytes }
    }
}

impl<'a> Holder<'a> for Alone<'a> {
    #[inline(always)]
    fn container(self, _: usize, entry: &ChunkEntry) -> Result<Container<'a>> {
        self.part.decode_in(self.bytes, entry)
    }
}

/// Several parts hold them, or one among bitmaps of several.
#[derive(Clone, Copy)]
pub struct Holders<'a> {
    parts: &'a [Arc<Part>],
    /// By container: the place of its part; empty where the first part holds all.
    places: &'a [u8],
}

impl<'a> Holders<'a> {
    /// REQUIRES: each of `places` is one of `parts`.
    pub(super) fn several(parts: &'a [Arc<Part>], places: &'a [u8]) -> Holders<'a> {
        Holders { parts, places }
    }

    /// One part holds them all.
    pub fn one(part: &'a Arc<Part>) -> Holders<'a> {
        Holders { parts: std::slice::from_ref(part), places: &[] }
    }
}

impl<'a> Holder<'a> for Holders<'a> {
    #[inline(always)]
    fn container(self, place: usize, entry: &ChunkEntry) -> Result<Container<'a>> {
        self.parts[self.places.get(place).map_or(0, |&place| usize::from(place))].decode(entry)
    }
}

/// A place among the containers of a bitmap, which rise by chunk.
#[derive(Clone, Copy)]
pub struct Cursor<'a, H> {
    /// Members over all chunks.
    total: u64,
    holder: H,
    entries: &'a [ChunkEntry],
    place: usize,
}

impl Part {
    /// The containers of a bitmap from the first on, held as `holder` says; none where they do not stand by themselves.
    pub fn cursor<'a, H: Holder<'a>>(&'a self, view: &BitmapView, holder: H) -> Option<Cursor<'a, H>> {
        match *view {
            BitmapView::Chunks { first, count, cardinality, .. } => {
                Some(Cursor::new(holder, self.chunk_entries(first, count), cardinality))
            }
            BitmapView::Pairs { .. } | BitmapView::Everyone => None,
        }
    }
}

impl<'a, H: Holder<'a>> Cursor<'a, H> {
    /// A cursor at the first of `entries`, which have `total` members.
    pub(super) fn new(holder: H, entries: &'a [ChunkEntry], total: u64) -> Cursor<'a, H> {
        Cursor { total, holder, entries, place: 0 }
    }

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
        let (Some(first), Some(last)) = (self.entries.first(), self.entries.last()) else { return 0 };
        if chunks.start <= u32::from(first.chunk) && u32::from(last.chunk) < chunks.end {
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
            Some(entry) => self.holder.container(self.place, entry),
            None => Ok(Container::Empty),
        }
    }
}
