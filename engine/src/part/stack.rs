//! Merge on read, one bitmap through a stack of layers: the line that reads, compaction and memory parts share.
//!
//! `bitmap = (below - erased - cleared(tag) - removed(bitmap)) + added(bitmap)`, from the oldest layer to the newest.

use std::cell::RefCell;
use std::sync::Arc;

use super::read::{BitmapView, Part};
use super::sources::Sources;
use crate::bitmap::{ChunkBuffer, Container};
use crate::error::Result;
use crate::ids::ChunkId;

/// A bitmap of one part, and the place of its layer in the stack.
#[derive(Clone, Debug)]
pub struct Source {
    /// The place of the layer, 0 is the oldest.
    pub layer: u32,
    /// The part.
    pub part: Arc<Part>,
    /// Where the bitmap stands in it.
    pub view: BitmapView,
}

impl Source {
    /// The members in one chunk. Errors: corrupt.
    #[inline(always)]
    pub fn container(&self, chunk: ChunkId) -> Result<Container<'_>> {
        self.part.container(&self.view, chunk)
    }

    /// Whether `low` of `chunk` is a member. Errors: corrupt.
    pub fn contains(&self, chunk: ChunkId, low: u16) -> Result<bool> {
        Ok(self.container(chunk)?.contains(low))
    }
}

/// Entries from which an array is folded as words: a few bits are set and cleared in less time than two lists are
/// merged.
const AS_WORDS_MIN: usize = 256;

/// What the younger layers come to while a chunk is folded; kept, so that a fold allocates nothing.
#[derive(Default)]
struct Folding {
    above: ChunkBuffer,
    gone: ChunkBuffer,
    /// How many chunks were folded.
    count: u64,
}

thread_local! {
    static FOLDING: RefCell<Folding> = RefCell::default();
}

/// How many chunks this thread has folded; what is read in place, or was merged before, is not counted.
#[cfg(feature = "internals")]
pub fn folded_chunks() -> u64 {
    FOLDING.with_borrow(|folding| folding.count)
}

/// An owner of a chunk: nobody is a member there.
pub const NOBODY: u8 = 255;
/// An owner of a chunk: several layers speak of it.
pub const SEVERAL: u8 = 254;

/// What the layers add to a bitmap and what they take from the one below; both rise by layer.
#[derive(Clone, Default, Debug)]
pub struct BitmapStack {
    /// `added`, at most one a layer.
    pub added: Sources,
    /// `erased`, `cleared` and `removed`: each applies before what its layer adds.
    pub taken: Vec<Source>,
}

impl BitmapStack {
    /// Drops what lies below a layer that takes everyone away, and what takes from nothing.
    pub fn trim(&mut self) {
        if let Some(everyone) = self.taken.iter().rev().find(|taken| taken.view == BitmapView::Everyone) {
            let floor = everyone.layer;
            self.added.retain(|added| added.layer >= floor);
            self.taken.retain(|taken| taken.layer > floor);
        }
        let lowest = self.added.first().map_or(u32::MAX, |added| added.layer);
        self.taken.retain(|taken| taken.layer > lowest);
    }

    /// Whether one layer adds and nobody takes, or nobody adds: there is nothing to merge.
    pub fn is_single(&self) -> bool {
        matches!((self.added.len(), self.taken.len()), (0, _) | (1, 0))
    }

    /// Whether `other` is the same layers of the same parts; then it has the same members.
    pub fn is_same(&self, other: &BitmapStack) -> bool {
        let same = |ours: &[Source], theirs: &[Source]| {
            ours.len() == theirs.len()
                && ours.iter().zip(theirs).all(|(our, their)| {
                    our.layer == their.layer && Arc::ptr_eq(&our.part, &their.part) && our.view == their.view
                })
        };
        same(&self.added, &other.added) && same(&self.taken, &other.taken)
    }

    /// By chunk: the place in `added` of the only source that speaks of it, or [`NOBODY`], or [`SEVERAL`]. Errors:
    /// corrupt. REQUIRES: the stack is trimmed.
    pub fn owners(&self) -> Result<Box<[u8]>> {
        let mut owners = Vec::new();
        for (index, source) in self.added.iter().enumerate() {
            let own = if index < usize::from(SEVERAL) { index as u8 } else { SEVERAL };
            source.part.chunks(&source.view, &mut |chunk| {
                let place = usize::from(chunk.0);
                if owners.len() <= place {
                    owners.resize(place + 1, NOBODY);
                }
                owners[place] = if owners[place] == NOBODY { own } else { SEVERAL };
            })?;
        }
        for taken in &self.taken {
            debug_assert_ne!(taken.view, BitmapView::Everyone, "a stack is trimmed");
            taken.part.chunks(&taken.view, &mut |chunk| {
                let Some(owner) = owners.get_mut(usize::from(chunk.0)) else {
                    return;
                };
                let added = self.added.get(usize::from(*owner));
                let takes_from_owner = added.is_some_and(|added| added.layer < taken.layer);
                if *owner != NOBODY && takes_from_owner {
                    *owner = SEVERAL;
                }
            })?;
        }
        Ok(owners.into_boxed_slice())
    }

    /// The members in one chunk, into `result`. Errors: corrupt.
    ///
    /// The oldest layer is mostly by far the largest, so it is touched twice only: what the younger ones add and take
    /// is folded by itself first. `((b - t1) + a1 - t2) + a2` is `(b - (t1 + t2)) + ((a1 - t2) + a2)`.
    pub fn fold(&self, chunk: ChunkId, result: &mut ChunkBuffer) -> Result<()> {
        let Some((base, younger)) = self.added.split_first() else {
            result.clear();
            return Ok(());
        };
        FOLDING.with_borrow_mut(|Folding { above, gone, count }| {
            *count += 1;
            above.clear();
            gone.clear();
            let mut take = |taken: &Source, above: &mut ChunkBuffer| -> Result<()> {
                let taken = taken.container(chunk)?;
                if !taken.is_empty() {
                    gone.or_with(taken);
                    above.and_not_with(taken);
                }
                Ok(())
            };
            let mut taken = self.taken.iter().peekable();
            for source in younger {
                while let Some(taken) = taken.next_if(|taken| taken.layer <= source.layer) {
                    take(taken, above)?;
                }
                let added = source.container(chunk)?;
                if !added.is_empty() {
                    above.or_with(added);
                }
            }
            taken.try_for_each(|taken| take(taken, above))?;
            let base = base.container(chunk)?;
            result.copy_from(base);
            let is_changed = !gone.is_empty() || !above.is_empty();
            if is_changed && matches!(base, Container::Array(lows) if lows.len() >= AS_WORDS_MIN) {
                result.words_mut();
            }
            if !gone.is_empty() {
                result.and_not_with(gone.as_container());
            }
            if !above.is_empty() {
                result.or_with(above.as_container());
            }
            Ok(())
        })
    }

    /// The same with another way to add a source to what is there.
    pub fn fold_with(
        &self,
        chunk: ChunkId,
        result: &mut ChunkBuffer,
        add: &mut dyn FnMut(&Source, &mut ChunkBuffer) -> Result<()>,
    ) -> Result<()> {
        result.clear();
        let mut taken = self.taken.iter().peekable();
        for source in self.added.iter() {
            while let Some(take) = taken.next_if(|take| take.layer <= source.layer) {
                take_away(take, chunk, result)?;
            }
            add(source, result)?;
        }
        taken.try_for_each(|take| take_away(take, chunk, result))
    }

    /// Whether one entity is a member, looking from the newest layer down. Errors: corrupt.
    pub fn contains(&self, chunk: ChunkId, low: u16) -> Result<bool> {
        let mut taken = self.taken.iter().rev().peekable();
        for source in self.added.iter().rev() {
            while let Some(take) = taken.next_if(|take| take.layer > source.layer) {
                if take.contains(chunk, low)? {
                    return Ok(false);
                }
            }
            if source.contains(chunk, low)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn take_away(source: &Source, chunk: ChunkId, result: &mut ChunkBuffer) -> Result<()> {
    if !result.is_empty() {
        result.and_not_with(source.container(chunk)?);
    }
    Ok(())
}
