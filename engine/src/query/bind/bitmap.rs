//! One bitmap of a snapshot, ready to be read chunk by chunk.

use crate::bitmap::{ChunkBuffer, Container};
use crate::error::Result;
use crate::ids::{BitmapId, ChunkId, LocalId};
use crate::part::{BitmapStack, BitmapView, Cursor, Source};
use crate::query::budget::ALLOCATION_BYTES;
use crate::snapshot::{Layer, stack};

/// A bitmap through all layers, and which of them say something about which chunk.
///
/// Where one layer alone does, its container is read in place; only the other chunks are folded.
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
    /// By chunk: the place of a source in `added`, or one of the two below.
    Table(Box<[u8]>),
}

/// Bytes of one chunk as a bitset.
const CHUNK_BYTES: u64 = size_of::<crate::bitmap::Words>() as u64;

/// Nobody is a member in the chunk.
const NOBODY: u8 = 255;
/// Several layers speak of the chunk.
const SEVERAL: u8 = 254;

/// The members in one chunk: in place, or to be folded.
pub(in crate::query) enum Found<'a> {
    /// In place.
    View(Container<'a>),
    /// Several layers must be folded.
    Fold,
}

impl BoundBitmap {
    /// Binds `bitmap`; `taken` is what the layers take from its tag. Errors: corrupt.
    pub(in crate::query) fn new(layers: &[Layer], bitmap: BitmapId, taken: &[Source]) -> Result<BoundBitmap> {
        BoundBitmap::of_stack(stack(layers, bitmap, taken)?)
    }

    /// Binds a stack. Errors: corrupt.
    pub(in crate::query) fn of_stack(stack: BitmapStack) -> Result<BoundBitmap> {
        let owners = match (stack.added.len(), stack.taken.len()) {
            (0, _) => Owners::Nobody,
            (1, 0) => Owners::One,
            _ => Owners::Table(table(&stack)?),
        };
        Ok(BoundBitmap { stack, owners })
    }

    /// What it takes beside its own size, in bytes.
    pub(in crate::query) fn heap_bytes(&self) -> u64 {
        let sources = self.stack.added.heap_bytes() + self.stack.taken.capacity() * size_of::<Source>();
        let table = match &self.owners {
            Owners::Table(table) => table.len(),
            Owners::Nobody | Owners::One => 0,
        };
        (sources + table) as u64 + 3 * ALLOCATION_BYTES
    }

    /// The members in `chunk`. Errors: corrupt.
    #[inline(always)]
    pub(in crate::query) fn find(&self, chunk: ChunkId) -> Result<Found<'_>> {
        let source = match &self.owners {
            Owners::Nobody => return Ok(Found::View(Container::Empty)),
            Owners::One => &self.stack.added[0],
            Owners::Table(table) => match table.get(usize::from(chunk.0)) {
                None | Some(&NOBODY) => return Ok(Found::View(Container::Empty)),
                Some(&SEVERAL) => return Ok(Found::Fold),
                Some(&owner) => &self.stack.added[usize::from(owner)],
            },
        };
        source.container(chunk).map(Found::View)
    }

    /// Its containers one after the other; none where they do not all stand in one part by themselves.
    #[inline]
    pub(in crate::query) fn cursor(&self) -> Option<Cursor<'_>> {
        match self.owners {
            Owners::One => self.stack.added[0].part.cursor(&self.stack.added[0].view),
            Owners::Nobody | Owners::Table(_) => None,
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
            Owners::Table(table) => {
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
            _ => true,
        }
    }

    /// How many members it has in all chunks, where one part says so without being read.
    pub(in crate::query) fn cardinality_of_all(&self) -> Option<u64> {
        match (&self.owners, self.stack.added.first().map(|source| source.view)) {
            (Owners::Nobody, _) => Some(0),
            (Owners::One, Some(BitmapView::Chunks { cardinality, .. } | BitmapView::Pairs { cardinality, .. })) => {
                Some(cardinality)
            }
            _ => None,
        }
    }

    /// About how many bytes hold its members, in all layers.
    pub(in crate::query) fn payload_bytes(&self) -> u64 {
        let bytes = |source: &Source| match source.view {
            BitmapView::Chunks { count, cardinality, .. } => (2 * cardinality).min(u64::from(count) * CHUNK_BYTES),
            BitmapView::Pairs { cardinality, .. } => 2 * cardinality,
            BitmapView::Everyone => 0,
        };
        self.stack.added.iter().chain(&self.stack.taken).map(bytes).sum()
    }

    /// How many members `chunk` has, from the directory where that is enough. Errors: corrupt.
    #[inline]
    pub(in crate::query) fn cardinality(&self, chunk: ChunkId, buffer: &mut ChunkBuffer) -> Result<u32> {
        if let Owners::One = self.owners {
            let source = &self.stack.added[0];
            return source.part.cardinality(&source.view, chunk);
        }
        Ok(self.read(chunk, buffer)?.cardinality())
    }

    /// The one place where all of it stands, if there is one.
    #[inline]
    pub(in crate::query) fn only(&self) -> Option<&Source> {
        match self.owners {
            Owners::One => self.stack.added.first(),
            Owners::Nobody | Owners::Table(_) => None,
        }
    }

    /// Whether one entity is a member. Errors: corrupt.
    #[inline]
    pub(in crate::query) fn contains(&self, id: LocalId) -> Result<bool> {
        if let Some(only) = self.only() {
            return only.contains(id.chunk(), id.low());
        }
        self.stack.contains(id.chunk(), id.low())
    }

    /// Whether no layer has it.
    pub(in crate::query) fn is_nobody(&self) -> bool {
        matches!(self.owners, Owners::Nobody)
    }
}

/// Which source owns which chunk.
fn table(stack: &BitmapStack) -> Result<Box<[u8]>> {
    let mut table = Vec::new();
    for (index, source) in stack.added.iter().enumerate() {
        let owner = if index < usize::from(SEVERAL) { index as u8 } else { SEVERAL };
        source.part.chunks(&source.view, &mut |chunk| {
            let place = usize::from(chunk.0);
            if table.len() <= place {
                table.resize(place + 1, NOBODY);
            }
            table[place] = if table[place] == NOBODY { owner } else { SEVERAL };
        })?;
    }
    for taken in &stack.taken {
        debug_assert_ne!(taken.view, BitmapView::Everyone, "a stack is trimmed");
        taken.part.chunks(&taken.view, &mut |chunk| {
            let Some(owner) = table.get_mut(usize::from(chunk.0)) else {
                return;
            };
            let takes_from_owner = stack.added.get(usize::from(*owner)).is_some_and(|added| added.layer < taken.layer);
            if *owner != NOBODY && takes_from_owner {
                *owner = SEVERAL;
            }
        })?;
    }
    Ok(table.into_boxed_slice())
}
