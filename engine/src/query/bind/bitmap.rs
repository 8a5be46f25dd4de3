//! One bitmap of a snapshot, ready to be read chunk by chunk.

use std::sync::Arc;

use crate::bitmap::{ChunkBuffer, Container};
use crate::error::Result;
use crate::ids::{BitmapId, ChunkId, LocalId, TagId, TypeId};
use crate::part::{Alone, BitmapStack, BitmapView, Cursor, Holders, MergedBitmap, NOBODY, Part, SEVERAL, Source, Spot};
use crate::query::budget::ALLOCATION_BYTES;
use crate::snapshot::{Snapshot, stack, taken};

/// A bitmap through all layers, and which of them say something about which chunk.
///
/// Where one layer alone does, its container is read in place; only the other chunks are folded, and none where the
/// store keeps the bitmap merged.
#[derive(Debug)]
pub(in crate::query) struct BoundBitmap {
    stack: BitmapStack,
    owners: Owners,
}

/// Who holds the members of a chunk.
#[derive(Debug)]
enum Owners {
    /// No layer, in no chunk.
    Nobody,
    /// The only source, in every chunk.
    One,
    /// All layers, merged; the stack is left empty.
    Merged(Arc<MergedBitmap>),
    /// By chunk: the place of a source in `added`, or [`NOBODY`] or [`SEVERAL`]; and which bitmap it is.
    Table(Box<[u8]>, BitmapId),
}

/// Bytes of one chunk as a bitset.
const CHUNK_BYTES: u64 = size_of::<crate::bitmap::Words>() as u64;

/// The members in one chunk: in place, or to be folded.
pub(in crate::query) enum Found<'a> {
    /// In place.
    View(Container<'a>),
    /// Several layers must be folded.
    Fold,
}

impl BoundBitmap {
    /// Binds `bitmap`; `taken` is what the layers take from its tag. Errors: corrupt.
    pub(in crate::query) fn new(snapshot: &Snapshot, bitmap: BitmapId, taken: &[Source]) -> Result<BoundBitmap> {
        BoundBitmap::of_stack(snapshot, bitmap, stack(snapshot.layers(), bitmap, taken)?)
    }

    /// Binds a flag, or finds it bound by an earlier question; `population` stands for its type. Errors: corrupt.
    pub(in crate::query) fn flag(snapshot: &Snapshot, tag: TagId, population: TagId) -> Result<Arc<BoundBitmap>> {
        if let Some(known) = snapshot.derived(tag) {
            return Ok(known);
        }
        let taken = taken(snapshot.layers(), tag, population)?;
        let flag = Arc::new(BoundBitmap::new(snapshot, BitmapId::flag(tag), &taken)?);
        if flag.is_settled() {
            snapshot.keep_derived(tag, &flag, size_of::<BoundBitmap>() as u64 + flag.heap_bytes());
        }
        Ok(flag)
    }

    /// Binds who lives of a type. Errors: not found, corrupt.
    pub(in crate::query) fn live(snapshot: &Snapshot, type_id: TypeId) -> Result<BoundBitmap> {
        let bitmap = BitmapId::live(snapshot.entity_type(type_id)?.population);
        BoundBitmap::of_stack(snapshot, bitmap, snapshot.live(type_id)?)
    }

    /// Binds a bitmap that stands in `part` alone.
    pub(in crate::query) fn of_part(part: Arc<Part>, view: Option<BitmapView>) -> BoundBitmap {
        let owners = if view.is_some() { Owners::One } else { Owners::Nobody };
        let added = view.map(|view| Source { layer: 0, part, view }).into_iter().collect();
        BoundBitmap { stack: BitmapStack { added, taken: Vec::new() }, owners }
    }

    pub(super) fn of_stack(snapshot: &Snapshot, bitmap: BitmapId, stack: BitmapStack) -> Result<BoundBitmap> {
        if !stack.is_single()
            && let Some(merged) = snapshot.merged(bitmap, &stack)
        {
            return Ok(BoundBitmap { stack: BitmapStack::default(), owners: Owners::Merged(merged) });
        }
        let owners = match (stack.added.len(), stack.taken.len()) {
            (0, _) => Owners::Nobody,
            (1, 0) => Owners::One,
            _ => Owners::Table(stack.owners()?, bitmap),
        };
        Ok(BoundBitmap { stack, owners })
    }

    /// Which bitmap it is and its layers, where chunks of it must be folded.
    pub(in crate::query) fn unmerged(&self) -> Option<(BitmapId, &BitmapStack)> {
        match self.owners {
            Owners::Table(_, bitmap) => Some((bitmap, &self.stack)),
            Owners::Nobody | Owners::One | Owners::Merged(_) => None,
        }
    }

    /// Whether nothing about it changes as long as its version lives.
    pub(in crate::query) fn is_settled(&self) -> bool {
        matches!(self.owners, Owners::Nobody | Owners::One)
    }

    /// Whether it is read from its merged layers.
    #[inline]
    pub(in crate::query) fn is_merged(&self) -> bool {
        matches!(self.owners, Owners::Merged(_))
    }

    /// What it takes beside its own size, in bytes.
    pub(in crate::query) fn heap_bytes(&self) -> u64 {
        let sources = self.stack.added.heap_bytes() + self.stack.taken.capacity() * size_of::<Source>();
        let table = match &self.owners {
            Owners::Table(table, _) => table.len(),
            // What is merged is the store's.
            Owners::Nobody | Owners::One | Owners::Merged(_) => 0,
        };
        (sources + table) as u64 + 3 * ALLOCATION_BYTES
    }

    /// The members in `chunk`. Errors: corrupt.
    #[inline(always)]
    pub(in crate::query) fn find(&self, chunk: ChunkId) -> Result<Found<'_>> {
        let source = match &self.owners {
            Owners::Nobody => return Ok(Found::View(Container::Empty)),
            Owners::One => &self.stack.added[0],
            Owners::Merged(merged) => return merged.container(chunk).map(Found::View),
            Owners::Table(table, _) => match table.get(usize::from(chunk.0)) {
                None | Some(&NOBODY) => return Ok(Found::View(Container::Empty)),
                Some(&SEVERAL) => return Ok(Found::Fold),
                Some(&owner) => &self.stack.added[usize::from(owner)],
            },
        };
        source.container(chunk).map(Found::View)
    }

    /// Its containers one after the other; none where they do not all stand in one part by themselves.
    #[inline]
    pub(in crate::query) fn cursor(&self) -> Option<Cursor<'_, Alone<'_>>> {
        match self.owners {
            Owners::One => {
                let source = &self.stack.added[0];
                source.part.cursor(&source.view, Alone::new(&source.part))
            }
            Owners::Nobody | Owners::Merged(_) | Owners::Table(..) => None,
        }
    }

    /// The same for a bitmap that may also be merged.
    #[inline]
    pub(in crate::query) fn merged_cursor(&self) -> Option<Cursor<'_, Holders<'_>>> {
        match &self.owners {
            Owners::One => {
                let source = &self.stack.added[0];
                source.part.cursor(&source.view, Holders::one(&source.part))
            }
            Owners::Merged(merged) => Some(merged.cursor()),
            Owners::Nobody | Owners::Table(..) => None,
        }
    }

    /// The members in `chunk`, where [`BoundBitmap::find`] says that they must be folded. Errors: corrupt.
    pub(in crate::query) fn fold(&self, chunk: ChunkId, result: &mut ChunkBuffer) -> Result<()> {
        self.stack.fold(chunk, result)
    }

    /// The members in `chunk`, in place or folded into `buffer`. Errors: corrupt.
    pub(in crate::query) fn read<'a>(&'a self, chunk: ChunkId, buffer: &'a mut ChunkBuffer) -> Result<Container<'a>> {
        match self.find(chunk)? {
            Found::View(container) => Ok(container),
            Found::Fold => {
                self.fold(chunk, buffer)?;
                Ok(buffer.as_container())
            }
        }
    }

    /// The first chunk from `from` on that may have members; `u32::MAX` where none follows.
    #[inline]
    pub(in crate::query) fn next_chunk(&self, from: u32) -> u32 {
        match &self.owners {
            Owners::Nobody => u32::MAX,
            Owners::One => {
                let source = &self.stack.added[0];
                source.part.next_chunk(&source.view, from)
            }
            Owners::Merged(merged) => merged.next_chunk(from),
            Owners::Table(table, _) => {
                let from = from as usize;
                let rest = table.get(from..).unwrap_or(&[]);
                rest.iter().position(|&owner| owner != NOBODY).map_or(u32::MAX, |place| (from + place) as u32)
            }
        }
    }

    /// Whether [`BoundBitmap::next_chunk`] may leave a chunk below `chunk_end` out.
    pub(in crate::query) fn may_skip(&self, chunk_end: u32) -> bool {
        match (&self.owners, self.stack.added.first().map(|source| source.view)) {
            (Owners::One, Some(BitmapView::Chunks { count, first_chunk, dense, .. })) => {
                !dense || first_chunk.0 > 0 || count < chunk_end
            }
            (Owners::One, _) => false,
            (Owners::Merged(merged), _) => merged.has_gaps(chunk_end),
            _ => true,
        }
    }

    /// How many members it has in all chunks, where one part says so without being read.
    pub(in crate::query) fn cardinality_of_all(&self) -> Option<u64> {
        match (&self.owners, self.stack.added.first().map(|source| source.view)) {
            (Owners::Nobody, _) => Some(0),
            (Owners::Merged(merged), _) => Some(merged.cardinality_of_all()),
            (Owners::One, Some(BitmapView::Chunks { cardinality, .. } | BitmapView::Pairs { cardinality, .. })) => {
                Some(cardinality)
            }
            _ => None,
        }
    }

    /// About how many bytes hold its members, in all layers.
    pub(in crate::query) fn payload_bytes(&self) -> u64 {
        if let Owners::Merged(merged) = &self.owners {
            return merged.payload_bytes();
        }
        let bytes = |source: &Source| match source.view {
            BitmapView::Chunks { count, cardinality, .. } => (2 * cardinality).min(u64::from(count) * CHUNK_BYTES),
            BitmapView::Pairs { cardinality, .. } => 2 * cardinality,
            BitmapView::Everyone => 0,
        };
        self.stack.added.iter().chain(&self.stack.taken).map(bytes).sum()
    }

    /// Whether all that holds its members has been checked since the store was opened.
    pub(in crate::query) fn is_verified(&self) -> bool {
        let mut sources = self.stack.added.iter().chain(&self.stack.taken);
        sources.all(|source| source.part.is_verified(&source.view))
    }

    /// How many bytes hold its members in one chunk, in all layers. Errors: corrupt.
    pub(in crate::query) fn payload_bytes_in(&self, chunk: ChunkId) -> Result<u64> {
        if let Owners::Merged(merged) = &self.owners {
            return Ok(merged.payload_bytes_in(chunk));
        }
        let sources = self.stack.added.iter().chain(&self.stack.taken);
        sources.map(|source| source.part.payload_bytes(&source.view, chunk)).sum()
    }

    /// How many members `chunk` has, from the directory where that is enough. Errors: corrupt.
    #[inline]
    pub(in crate::query) fn cardinality(&self, chunk: ChunkId, buffer: &mut ChunkBuffer) -> Result<u32> {
        match &self.owners {
            Owners::One => {
                let source = &self.stack.added[0];
                source.part.cardinality(&source.view, chunk)
            }
            Owners::Merged(merged) => Ok(merged.cardinality(chunk)),
            Owners::Nobody | Owners::Table(..) => Ok(self.read(chunk, buffer)?.cardinality()),
        }
    }

    /// Where the members in `chunk` stand; none where it is not one container of one part.
    #[inline(always)]
    pub(in crate::query) fn spot(&self, chunk: ChunkId) -> Option<Spot<'_>> {
        match self.owners {
            Owners::One => {
                let source = &self.stack.added[0];
                source.part.spot(&source.view, chunk)
            }
            Owners::Nobody | Owners::Merged(_) | Owners::Table(..) => None,
        }
    }

    /// The members in `chunk`, where they can be read without asking several layers. Errors: corrupt.
    #[inline(always)]
    pub(in crate::query) fn in_place(&self, chunk: ChunkId) -> Result<Option<Container<'_>>> {
        match &self.owners {
            Owners::One => self.stack.added[0].container(chunk).map(Some),
            Owners::Merged(merged) => merged.container(chunk).map(Some),
            Owners::Nobody | Owners::Table(..) => Ok(None),
        }
    }

    /// Whether one entity is a member. Errors: corrupt.
    #[inline]
    pub(in crate::query) fn contains(&self, id: LocalId) -> Result<bool> {
        match self.in_place(id.chunk())? {
            Some(members) => Ok(members.contains(id.low())),
            None => self.stack.contains(id.chunk(), id.low()),
        }
    }

    /// Whether no layer has it.
    pub(in crate::query) fn is_nobody(&self) -> bool {
        matches!(self.owners, Owners::Nobody)
    }
}
