//! A merged bitmap: what the layers of a stack say, put together once and read like a bitmap of one part.
//!
//! A chunk of which one layer alone speaks stays where it is; the others are folded into a part of their own, in memory
//! and in the kinds that a compaction would choose. Nothing knows here whether merging pays.

use std::sync::Arc;

use super::Role;
use super::cursor::{Cursor, Holders};
use super::drafts::KeptBitmap;
use super::format::ChunkEntry;
use super::read::{BitmapView, Part};
use super::stack::{BitmapStack, NOBODY, SEVERAL};
use crate::bitmap::{ChunkBuffer, Container, Words};
use crate::error::Result;
use crate::ids::{BitmapId, ChunkId};

/// What error messages call the part of the folded containers.
const MERGED_NAME: &str = "merged layers in memory";

/// See the module.
#[derive(Debug)]
pub struct MergedBitmap {
    /// What was merged.
    stack: BitmapStack,
    /// The parts of what the stack adds, then that of the folded containers.
    parts: Box<[Arc<Part>]>,
    /// The containers, by chunk.
    entries: Box<[ChunkEntry]>,
    /// By container: the place of its part in `parts`.
    places: Box<[u8]>,
    /// Whether container `i` is of the chunk `i` chunks after the first.
    dense: bool,
    cardinality: u64,
    folded_bytes: u64,
}

impl MergedBitmap {
    /// Folds every chunk of which several layers speak, and those of values that stand as pairs; none where that takes
    /// more than `bytes_max`. Errors: corrupt, and those of `look`, which is asked before each chunk.
    pub fn new(
        stack: &BitmapStack,
        bytes_max: u64,
        look: &mut dyn FnMut() -> Result<()>,
    ) -> Result<Option<MergedBitmap>> {
        let owners = stack.owners()?;
        let owner_of = |owner: u8| stack.added.get(usize::from(owner)).filter(|_| owner < SEVERAL);
        let mut folded = KeptBitmap::default();
        let mut buffer = ChunkBuffer::new();
        let mut stays = Vec::with_capacity(owners.len());
        for (chunk, &owner) in owners.iter().enumerate().filter(|(_, owner)| **owner != NOBODY) {
            let chunk = ChunkId(chunk as u16);
            match owner_of(owner).and_then(|source| source.part.entry(&source.view, chunk)) {
                Some(entry) => stays.push((*entry, owner)),
                None => {
                    look()?;
                    stack.fold(chunk, &mut buffer)?;
                    buffer.normalise();
                    folded.push(chunk, buffer.as_container());
                    if folded.byte_len() > bytes_max {
                        return Ok(None);
                    }
                }
            }
        }
        let mut parts: Vec<Arc<Part>> =
            stack.added.iter().take(usize::from(SEVERAL)).map(|source| Arc::clone(&source.part)).collect();
        let mut containers = stays;
        let mut folded_bytes = 0;
        let bitmap = BitmapId::default();
        let part = Part::open(folded.finish(bitmap)?, MERGED_NAME, None)?;
        if let Some(BitmapView::Chunks { first, count, .. }) = part.bitmap(bitmap, Role::Added)? {
            folded_bytes = part.byte_len();
            let place = parts.len() as u8;
            containers.extend(part.chunk_entries(first, count).iter().map(|entry| (*entry, place)));
            containers.sort_unstable_by_key(|(entry, _)| entry.chunk);
            parts.push(Arc::new(part));
        }
        let (entries, places): (Vec<ChunkEntry>, Vec<u8>) = containers.into_iter().unzip();
        let distance = |entries: &[ChunkEntry]| Some(entries.last()?.chunk - entries.first()?.chunk);
        Ok(Some(MergedBitmap {
            dense: distance(&entries).is_some_and(|distance| usize::from(distance) + 1 == entries.len()),
            cardinality: entries.iter().map(|entry| u64::from(entry.cardinality())).sum(),
            stack: stack.clone(),
            parts: parts.into(),
            entries: entries.into(),
            places: places.into(),
            folded_bytes,
        }))
    }

    /// What was merged.
    pub fn stack(&self) -> &BitmapStack {
        &self.stack
    }

    /// Members over all chunks.
    pub fn cardinality_of_all(&self) -> u64 {
        self.cardinality
    }

    /// About how many bytes it takes in memory.
    pub fn byte_len(&self) -> u64 {
        let sources = self.stack.added.len() + self.stack.taken.len();
        let lists = size_of_val(&*self.entries)
            + self.places.len()
            + size_of_val(&*self.parts)
            + sources * size_of::<super::Source>();
        self.folded_bytes + (lists + size_of::<MergedBitmap>() + size_of::<Part>()) as u64
    }

    /// About how many bytes hold its members.
    pub fn payload_bytes(&self) -> u64 {
        (2 * self.cardinality).min((self.entries.len() * size_of::<Words>()) as u64)
    }

    /// How many bytes hold the members in one chunk.
    pub fn payload_bytes_in(&self, chunk: ChunkId) -> u64 {
        self.place(chunk).map_or(0, |place| self.entries[place].payload_bytes())
    }

    /// The members in one chunk, checked. Errors: corrupt.
    #[inline(always)]
    pub fn container(&self, chunk: ChunkId) -> Result<Container<'_>> {
        match self.place(chunk) {
            Some(place) => self.parts[usize::from(self.places[place])].decode(&self.entries[place]),
            None => Ok(Container::Empty),
        }
    }

    /// How many members one chunk has.
    #[inline]
    pub fn cardinality(&self, chunk: ChunkId) -> u32 {
        self.place(chunk).map_or(0, |place| self.entries[place].cardinality())
    }

    /// The first chunk from `from` on that has members; `u32::MAX` where none follows.
    #[inline]
    pub fn next_chunk(&self, from: u32) -> u32 {
        let Some(first) = self.entries.first().map(|entry| u32::from(entry.chunk)) else {
            return u32::MAX;
        };
        if from <= first {
            return first;
        }
        if self.dense {
            return if ((from - first) as usize) < self.entries.len() { from } else { u32::MAX };
        }
        let place = self.entries.partition_point(|entry| u32::from(entry.chunk) < from);
        self.entries.get(place).map_or(u32::MAX, |entry| u32::from(entry.chunk))
    }

    /// Whether it has no members in a chunk below `chunk_end`.
    pub fn has_gaps(&self, chunk_end: u32) -> bool {
        self.entries.len() < chunk_end as usize
    }

    /// Its containers from the first on.
    pub fn cursor(&self) -> Cursor<'_, Holders<'_>> {
        Cursor::new(Holders::several(&self.parts, &self.places), &self.entries, self.cardinality)
    }

    /// Where the container of `chunk` stands in `entries`.
    #[inline]
    fn place(&self, chunk: ChunkId) -> Option<usize> {
        if self.dense {
            let place = usize::from(chunk.0.checked_sub(self.entries[0].chunk)?);
            return (place < self.entries.len()).then_some(place);
        }
        self.entries.binary_search_by_key(&chunk.0, |entry| entry.chunk).ok()
    }
}
