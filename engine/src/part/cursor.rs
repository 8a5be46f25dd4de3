//! The containers of one bitmap of one part, chunk after chunk: what a loop over many chunks reads without looking
//! each of them up.

use std::sync::Arc;

use super::format::ChunkEntry;
use super::read::{BitmapView, Part};
use crate::bitmap::Container;
use crate::error::Result;

/// Says in which part a container of a cursor stands.
pub trait Holder<'a>: Copy {
    /// The part of the container at `place`.
    fn part(self, place: usize) -> &'a Part;
}

/// One part holds them all.
impl<'a> Holder<'a> for &'a Part {
    #[inline]
    fn part(self, _: usize) -> &'a Part {
        self
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
    #[inline]
    fn part(self, place: usize) -> &'a Part {
        &self.parts[self.places.get(place).map_or(0, |&place| usize::from(place))]
    }
}

/// A place among the containers of a bitmap, which rise by chunk.
#[derive(Clone, Copy)]
pub struct Cursor<'a, H> {
    holder: H,
    entries: &'a [ChunkEntry],
    place: usize,
}

impl Part {
    /// The containers of a bitmap from the first on, held as `holder` says; none where they do not stand by themselves.
    pub fn cursor<'a, H: Holder<'a>>(&'a self, view: &BitmapView, holder: H) -> Option<Cursor<'a, H>> {
        match *view {
            BitmapView::Chunks { first, count, .. } => Some(Cursor::new(holder, self.chunk_entries(first, count))),
            BitmapView::Pairs { .. } | BitmapView::Everyone => None,
        }
    }
}

impl<'a, H: Holder<'a>> Cursor<'a, H> {
    /// A cursor at the first of `entries`.
    pub(super) fn new(holder: H, entries: &'a [ChunkEntry]) -> Cursor<'a, H> {
        Cursor { holder, entries, place: 0 }
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

    /// The members in the chunk here, checked; nobody behind the last. Errors: corrupt.
    #[inline]
    pub fn container(&self) -> Result<Container<'a>> {
        match self.entries.get(self.place) {
            Some(entry) => self.holder.part(self.place).decode(entry),
            None => Ok(Container::Empty),
        }
    }
}
