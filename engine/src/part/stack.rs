//! One bitmap through a stack of layers: the line that reads, compaction and memory parts share.
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

/// What the younger layers come to while a chunk is folded; kept, so that a fold allocates nothing.
#[derive(Default)]
struct Folding {
    above: ChunkBuffer,
    gone: ChunkBuffer,
}

thread_local! {
    static FOLDING: RefCell<Folding> = RefCell::default();
}

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

    /// The members in one chunk, into `result`. Errors: corrupt.
    ///
    /// The oldest layer is mostly by far the largest, so it is touched twice only: what the younger ones add and take is
    /// folded by itself first. `((b - t1) + a1 - t2) + a2` is `(b - (t1 + t2)) + ((a1 - t2) + a2)`.
    pub fn fold(&self, chunk: ChunkId, result: &mut ChunkBuffer) -> Result<()> {
        let Some((base, younger)) = self.added.split_first() else {
            result.clear();
            return Ok(());
        };
        FOLDING.with_borrow_mut(|Folding { above, gone }| {
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
            result.copy_from(base.container(chunk)?);
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
