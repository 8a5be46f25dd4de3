//! Where members stand, before anything of them is read: whoever asks many bitmaps lets the memory of all come at once.

use super::format::ChunkEntry;
use super::read::{BitmapView, Part};
use crate::bitmap::{Container, prefetch};
use crate::error::Result;
use crate::ids::ChunkId;

/// The place of a bitmap's members in one chunk.
#[derive(Clone, Copy)]
pub struct Spot<'a> {
    part: &'a Part,
    entry: &'a ChunkEntry,
}

impl Part {
    /// The spot of a bitmap's container in one chunk; none where it has none by itself.
    #[inline(always)]
    pub fn spot(&self, view: &BitmapView, chunk: ChunkId) -> Option<Spot<'_>> {
        self.entry(view, chunk).map(|entry| Spot { part: self, entry })
    }

    /// The spot at a place of the table of chunks.
    #[inline(always)]
    pub(super) fn spot_at(&self, place: u32) -> Spot<'_> {
        Spot { part: self, entry: self.chunk_entry(place) }
    }
}

impl<'a> Spot<'a> {
    /// Prefetches the entry of the directory, and nothing else.
    #[inline(always)]
    pub fn prefetch_entry(&self) {
        prefetch(self.entry);
    }

    /// Prefetches the place where an id would stand among the members, and reads the directory; what cannot be read is
    /// left to who asks.
    #[inline(always)]
    pub fn prefetch_member(&self, low: u16) {
        if let Ok(members) = self.container() {
            members.prefetch(low);
        }
    }

    /// The members, checked. Errors: corrupt.
    #[inline(always)]
    pub fn container(&self) -> Result<Container<'a>> {
        self.part.decode(self.entry)
    }
}
