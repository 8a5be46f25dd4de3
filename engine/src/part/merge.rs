//! Merges a stack of layers into one: reads, compaction and memory parts obey the same line.
//!
//! For layers from old to new, `bitmap = (below - erased - cleared - removed) + added`. Where nothing lies below the
//! stack (`bottom`), what only takes away vanishes; elsewhere `erased`, `cleared` and `removed` of the layers are united
//! and kept, because `added` is applied after them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::owned::BitmapDraft;
use super::read::{BitmapView, Part};
use super::stack::{BitmapStack, Source};
use super::writer::{PartSink, PartSummary, PartWriter};
use super::{Role, TagForm};
use crate::bitmap::{ChunkBuffer, Container};
use crate::error::Result;
use crate::ids::{BitmapId, ChunkId, LocalId, Seq, TagId, ValueId};

/// What a merge must know of a tag.
#[derive(Clone, Copy, Debug)]
pub struct MergeTag {
    /// The population tag of its type; itself, where it is one.
    pub population: TagId,
    /// Its kind.
    pub form: TagForm,
}

/// A merge under way; see [`Merge::write_part`].
pub struct Merge<'a> {
    layers: &'a [Vec<Arc<Part>>],
    bottom: bool,
    describe: &'a dyn Fn(TagId) -> Option<MergeTag>,
    tags: VecDeque<TagId>,
    current: Option<TagWork>,
    seqs: (Seq, Seq),
    result: ChunkBuffer,
    operand: ChunkBuffer,
}

/// The tag being merged.
struct TagWork {
    tag: MergeTag,
    id: TagId,
    bitmaps: BTreeMap<(BitmapId, Role), Vec<Source>>,
    queue: VecDeque<(BitmapId, Role)>,
    /// What the layers clear and erase, by layer.
    taken: Vec<Source>,
    small: Vec<SmallValues>,
}

/// The small values of the tag in one part, gathered in one pass over its pair blocks.
struct SmallValues {
    part: Arc<Part>,
    /// `(value, id)`, rising.
    pairs: Vec<(u32, u32)>,
}

impl<'a> Merge<'a> {
    /// Merges `layers`, oldest first, each a list of parts with disjoint rising ranges of bitmaps. `bottom` says that
    /// nothing lies below. `describe` gives none for a tag that was dropped, whose bitmaps vanish.
    pub fn new(
        layers: &'a [Vec<Arc<Part>>],
        bottom: bool,
        describe: &'a dyn Fn(TagId) -> Option<MergeTag>,
    ) -> Result<Merge<'a>> {
        let mut tags = Vec::new();
        let mut seqs = (Seq(u64::MAX), Seq(0));
        for part in layers.iter().flatten() {
            tags.extend(part.tags()?);
            seqs = (seqs.0.min(part.first_seq()), seqs.1.max(part.last_seq()));
        }
        tags.sort_unstable();
        tags.dedup();
        Ok(Merge {
            layers,
            bottom,
            describe,
            tags: tags.into(),
            current: None,
            seqs,
            result: ChunkBuffer::new(),
            operand: ChunkBuffer::new(),
        })
    }

    /// Whether everything is written.
    pub fn is_done(&self) -> bool {
        self.tags.is_empty() && self.current.as_ref().is_none_or(|work| work.queue.is_empty())
    }

    /// Writes the next part to `sink` until it has about `part_bytes_max` bytes or nothing is left. The part may come
    /// out without bitmaps. Errors: corrupt, or those of the sink.
    pub fn write_part(&mut self, sink: &mut dyn PartSink, part_bytes_max: u64) -> Result<PartSummary> {
        let mut writer = PartWriter::new(sink, self.seqs.0, self.seqs.1)?;
        let mut last = None;
        while let Some((bitmap, role)) = self.next_bitmap()? {
            // Both roles of a bitmap stay in one part, so that ranges of parts do not overlap.
            if writer.payload_bytes() >= part_bytes_max && last != Some(bitmap) {
                break;
            }
            self.consume();
            self.write_bitmap(&mut writer, bitmap, role)?;
            last = Some(bitmap);
        }
        writer.finish()
    }

    fn consume(&mut self) {
        if let Some(work) = &mut self.current {
            work.queue.pop_front();
        }
    }

    /// The bitmap to write next; it stays next until it is consumed.
    fn next_bitmap(&mut self) -> Result<Option<(BitmapId, Role)>> {
        loop {
            if let Some(next) = self.current.as_ref().and_then(|work| work.queue.front()) {
                return Ok(Some(*next));
            }
            let Some(id) = self.tags.pop_front() else {
                return Ok(None);
            };
            self.current = match (self.describe)(id) {
                Some(tag) => Some(TagWork::gather(self.layers, id, tag)?),
                None => None,
            };
        }
    }

    fn write_bitmap(&mut self, writer: &mut PartWriter<'_>, bitmap: BitmapId, role: Role) -> Result<()> {
        let only_takes_away = role == Role::Removed || bitmap.slot() == BitmapId::CLEARED_SLOT;
        if self.bottom && only_takes_away {
            return Ok(());
        }
        let Some(work) = &self.current else {
            return Ok(());
        };
        let sources = work.sources(bitmap, role);
        if only_takes_away && sources.iter().any(|source| source.view == BitmapView::Everyone) {
            return writer.everyone(bitmap, role);
        }
        let stack = work.stack(bitmap);
        let mut draft = BitmapDraft::default();
        for chunk in work.chunks(sources)? {
            if only_takes_away {
                self.result.clear();
                for source in sources {
                    work.add(source, bitmap, chunk, &mut self.result)?;
                }
            } else {
                work.fold(&stack, bitmap, chunk, &mut self.result)?;
                if self.bottom && work.is_set_presence(bitmap) {
                    work.settle_presence(chunk, &mut self.result, &mut self.operand)?;
                }
            }
            draft.push(chunk, self.result.as_container());
        }
        let is_value = bitmap.slot() >= BitmapId::VALUE_SLOT_MIN && bitmap.slot() <= BitmapId::VALUE_SLOT_MAX;
        let may_be_pairs = is_value && matches!(work.tag.form, TagForm::Choice | TagForm::Set);
        writer.bitmap(bitmap, role, may_be_pairs, &draft)
    }
}

impl TagWork {
    fn gather(layers: &[Vec<Arc<Part>>], id: TagId, tag: MergeTag) -> Result<TagWork> {
        let mut work =
            TagWork { tag, id, bitmaps: BTreeMap::new(), queue: VecDeque::new(), taken: Vec::new(), small: Vec::new() };
        for (layer, parts) in layers.iter().enumerate() {
            for part in parts {
                for one in part.bitmaps_of(id)? {
                    let source = Source { layer: layer as u32, part: Arc::clone(part), view: one.view };
                    work.bitmaps.entry((one.bitmap, one.role)).or_default().push(source);
                }
                if let Some(view) = part.bitmap(BitmapId::erased(tag.population), Role::Added)? {
                    work.taken.push(Source { layer: layer as u32, part: Arc::clone(part), view });
                }
                if let Some(small) = SmallValues::gather(part, id)? {
                    work.small.push(small);
                }
            }
        }
        if tag.population != id {
            let cleared = work.sources(BitmapId::cleared(id), Role::Added).to_vec();
            work.taken.extend(cleared);
            work.taken.sort_by_key(|source| source.layer);
        }
        work.queue = work.bitmaps.keys().copied().collect();
        Ok(work)
    }

    fn sources(&self, bitmap: BitmapId, role: Role) -> &[Source] {
        self.bitmaps.get(&(bitmap, role)).map_or(&[], Vec::as_slice)
    }

    fn is_set_presence(&self, bitmap: BitmapId) -> bool {
        self.tag.form == TagForm::Set && bitmap.slot() == BitmapId::PRESENT_SLOT
    }

    /// The chunks in which any of `sources` has members, rising.
    fn chunks(&self, sources: &[Source]) -> Result<Vec<ChunkId>> {
        let mut chunks = Vec::new();
        for source in sources {
            if let BitmapView::Pairs { value, .. } = source.view {
                let ids = self.small_ids(&source.part, value);
                chunks.extend(ids.iter().map(|&(_, id)| LocalId(id).chunk()));
            } else {
                source.part.chunks(&source.view, &mut |chunk| chunks.push(chunk))?;
            }
        }
        chunks.sort_unstable();
        chunks.dedup();
        Ok(chunks)
    }

    /// What the layers say of a bitmap.
    fn stack(&self, bitmap: BitmapId) -> BitmapStack {
        let mut taken = self.taken.clone();
        // What a set tag "removes" from presence is doubt, settled elsewhere.
        if !self.is_set_presence(bitmap) {
            taken.extend_from_slice(self.sources(bitmap, Role::Removed));
            taken.sort_by_key(|source| source.layer);
        }
        let mut stack = BitmapStack { added: self.sources(bitmap, Role::Added).iter().cloned().collect(), taken };
        stack.trim();
        stack
    }

    /// The line for one bitmap in one chunk, over all layers.
    fn fold(&self, stack: &BitmapStack, bitmap: BitmapId, chunk: ChunkId, result: &mut ChunkBuffer) -> Result<()> {
        stack.fold_with(chunk, result, &mut |source, result| self.add(source, bitmap, chunk, result))
    }

    fn add(&self, source: &Source, bitmap: BitmapId, chunk: ChunkId, result: &mut ChunkBuffer) -> Result<()> {
        if let BitmapView::Pairs { .. } = source.view {
            let ids = self.small_ids(&source.part, ValueId(bitmap.slot()));
            let start = ids.partition_point(|&(_, id)| LocalId(id).chunk() < chunk);
            let ids = ids[start..].iter().take_while(|&&(_, id)| LocalId(id).chunk() == chunk);
            let lows: Vec<u16> = ids.map(|&(_, id)| id as u16).collect();
            if !lows.is_empty() {
                result.or_with(Container::Array(&lows));
            }
            return Ok(());
        }
        let container = source.part.container(&source.view, chunk)?;
        match result.is_empty() {
            true => result.copy_from(container),
            false => result.or_with(container),
        }
        Ok(())
    }

    /// Takes those out of the presence of a set tag in `chunk` who lost a value and have none left.
    fn settle_presence(&self, chunk: ChunkId, result: &mut ChunkBuffer, operand: &mut ChunkBuffer) -> Result<()> {
        let mut doubtful = ChunkBuffer::new();
        for source in self.sources(BitmapId::present(self.id), Role::Removed) {
            doubtful.or_with(source.part.container(&source.view, chunk)?);
        }
        if doubtful.is_empty() {
            return Ok(());
        }
        for (bitmap, role) in self.bitmaps.keys() {
            if *role == Role::Added && bitmap.slot() <= BitmapId::VALUE_SLOT_MAX && !doubtful.is_empty() {
                self.fold(&self.stack(*bitmap), *bitmap, chunk, operand)?;
                doubtful.and_not_with(operand.as_container());
            }
        }
        result.and_not_with(doubtful.as_container());
        Ok(())
    }

    fn small_ids(&self, part: &Part, value: ValueId) -> &[(u32, u32)] {
        let small = self.small.iter().find(|small| std::ptr::eq(&*small.part, part));
        let pairs = small.map_or(&[][..], |small| &small.pairs);
        let start = pairs.partition_point(|&(v, _)| v < value.0);
        let end = start + pairs[start..].partition_point(|&(v, _)| v == value.0);
        &pairs[start..end]
    }
}

impl SmallValues {
    fn gather(part: &Arc<Part>, tag: TagId) -> Result<Option<SmallValues>> {
        let Some(view) = part.pairs(tag)? else {
            return Ok(None);
        };
        let mut pairs = Vec::new();
        for chunk in part.pair_chunks(view)? {
            if let Some(block) = part.pair_block(view, chunk)? {
                let ids = block.lows_by_value.iter().map(|&low| LocalId::from_parts(chunk, low).0);
                pairs.extend(block.values_by_value.iter().copied().zip(ids));
            }
        }
        pairs.sort_unstable();
        Ok(Some(SmallValues { part: Arc::clone(part), pairs }))
    }
}
