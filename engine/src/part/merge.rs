//! The k-way merge of a stack of layers into one: reads, compaction and memory parts obey the same line.
//!
//! For layers from old to new, `bitmap = (below - erased - cleared - removed) + added`. Where nothing lies below the
//! stack (`bottom`), what only takes away vanishes; elsewhere `erased`, `cleared` and `removed` of the layers are
//! united and kept, because `added` is applied after them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::owned::{BitmapDraft, OwnedContainer};
use super::read::{BitmapView, Part};
use super::stack::{BitmapStack, Source};
use super::walk::{Gathered, TagWalk};
use super::writer::{PartSink, PartSummary, PartWriter};
use super::{Role, TagForm};
use crate::bitmap::{ChunkBuffer, Container};
use crate::error::Result;
use crate::ids::{BitmapId, ChunkId, LocalId, Seq, TagId};

/// What a merge must know of a tag.
#[derive(Clone, Copy, Debug)]
pub struct MergeTag {
    /// The population tag of its type; itself, where it is one.
    pub population: TagId,
    /// Its kind.
    pub form: TagForm,
}

/// How far a part may grow before the next begins; a bitmap is never split.
#[derive(Clone, Copy, Debug)]
pub struct PartLimits {
    /// About its length.
    pub bytes_max: u64,
    /// What stands in memory until its end: its directory, and the small values of a tag.
    pub held_bytes_max: u64,
}

impl PartLimits {
    /// One part, however large.
    pub const NONE: PartLimits = PartLimits { bytes_max: u64::MAX, held_bytes_max: u64::MAX };
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
    walk: TagWalk,
    /// What the layers clear and erase, by layer.
    taken: Vec<Source>,
    /// Of a set tag at the bottom: who lost a value, and has none of those that were merged so far.
    doubtful: BTreeMap<ChunkId, OwnedContainer>,
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
        self.tags.is_empty() && self.current.as_ref().is_none_or(|work| work.walk.is_done())
    }

    /// Writes the next part to `sink` until a limit is reached or nothing is left. The part may come out without
    /// bitmaps. Errors: corrupt, or those of the sink.
    pub fn write_part(&mut self, sink: &mut dyn PartSink, limits: PartLimits) -> Result<PartSummary> {
        let mut writer = PartWriter::new(sink, self.seqs.0, self.seqs.1)?;
        while self.find_next()? && !writer.is_full(limits) {
            let Some(work) = &mut self.current else { break };
            let Some(gathered) = work.walk.next()? else { break };
            // Both roles of a bitmap stay in one part, so that ranges of parts do not overlap.
            self.write_added(&mut writer, &gathered)?;
            if !gathered.removed.is_empty() {
                self.write_taken(&mut writer, &gathered, Role::Removed)?;
            }
        }
        writer.finish()
    }

    /// Goes to the next tag where nothing of the current one is left; whether there is anything to write.
    fn find_next(&mut self) -> Result<bool> {
        while self.current.as_ref().is_none_or(|work| work.walk.is_done()) {
            let Some(id) = self.tags.pop_front() else {
                return Ok(false);
            };
            self.current = match (self.describe)(id) {
                Some(tag) => Some(TagWork::new(self.layers, id, tag, self.bottom)?),
                None => None,
            };
        }
        Ok(true)
    }

    fn write_added(&mut self, writer: &mut PartWriter<'_>, gathered: &Gathered) -> Result<()> {
        let bitmap = gathered.bitmap;
        if gathered.added.is_empty() {
            return Ok(());
        }
        if bitmap.slot() == BitmapId::CLEARED_SLOT {
            return self.write_taken(writer, gathered, Role::Added);
        }
        let Some(work) = &mut self.current else {
            return Ok(());
        };
        let stack = work.stack(gathered);
        let mut draft = BitmapDraft::default();
        for chunk in chunks(gathered, &gathered.added)? {
            stack.fold_with(chunk, &mut self.result, &mut |source, result| add(gathered, source, chunk, result))?;
            work.settle(bitmap, chunk, &mut self.result, &mut self.operand);
            draft.push(chunk, self.result.as_container());
        }
        let may_be_pairs = is_value(bitmap) && matches!(work.tag.form, TagForm::Choice | TagForm::Set);
        writer.bitmap(bitmap, Role::Added, may_be_pairs, &draft)
    }

    /// Writes a bitmap that only takes away: at the bottom there is nothing to take from.
    fn write_taken(&mut self, writer: &mut PartWriter<'_>, gathered: &Gathered, role: Role) -> Result<()> {
        if self.bottom {
            return Ok(());
        }
        let sources = match role {
            Role::Added => &gathered.added,
            Role::Removed => &gathered.removed,
        };
        if sources.iter().any(|source| source.view == BitmapView::Everyone) {
            return writer.everyone(gathered.bitmap, role);
        }
        let mut draft = BitmapDraft::default();
        for chunk in chunks(gathered, sources)? {
            self.result.clear();
            for source in sources {
                add(gathered, source, chunk, &mut self.result)?;
            }
            draft.push(chunk, self.result.as_container());
        }
        writer.bitmap(gathered.bitmap, role, false, &draft)
    }
}

impl TagWork {
    fn new(layers: &[Vec<Arc<Part>>], id: TagId, tag: MergeTag, bottom: bool) -> Result<TagWork> {
        let mut taken = find_in(layers, BitmapId::erased(tag.population), Role::Added)?;
        if tag.population != id {
            taken.extend(find_in(layers, BitmapId::cleared(id), Role::Added)?);
            taken.sort_by_key(|source| source.layer);
        }
        let mut work = TagWork { tag, walk: TagWalk::new(layers, id)?, taken, doubtful: BTreeMap::new() };
        if bottom && tag.form == TagForm::Set {
            for source in find_in(layers, BitmapId::present(id), Role::Removed)? {
                work.doubt(&source)?;
            }
        }
        Ok(work)
    }

    fn doubt(&mut self, source: &Source) -> Result<()> {
        let mut chunks = Vec::new();
        source.part.chunks(&source.view, &mut |chunk| chunks.push(chunk))?;
        let mut united = ChunkBuffer::new();
        for chunk in chunks {
            united.copy_from(source.container(chunk)?);
            if let Some(before) = self.doubtful.get(&chunk) {
                united.or_with(before.as_container());
            }
            if !united.is_empty() {
                self.doubtful.insert(chunk, OwnedContainer::smallest(united.as_container()));
            }
        }
        Ok(())
    }

    /// What the layers say of a bitmap.
    fn stack(&self, gathered: &Gathered) -> BitmapStack {
        let mut taken = self.taken.clone();
        // What a set tag "removes" from presence is doubt, settled elsewhere.
        if !(self.tag.form == TagForm::Set && gathered.bitmap.slot() == BitmapId::PRESENT_SLOT) {
            taken.extend_from_slice(&gathered.removed);
            taken.sort_by_key(|source| source.layer);
        }
        let mut stack = BitmapStack { added: gathered.added.iter().cloned().collect(), taken };
        stack.trim();
        stack
    }

    /// Takes those out of the presence of a set tag who lost a value and have none left. `result` is what the layers
    /// come to in `chunk`: values rise before presence, so that by then each has been looked at.
    fn settle(&mut self, bitmap: BitmapId, chunk: ChunkId, result: &mut ChunkBuffer, operand: &mut ChunkBuffer) {
        let Some(doubtful) = self.doubtful.get_mut(&chunk) else {
            return;
        };
        if bitmap.slot() == BitmapId::PRESENT_SLOT {
            result.and_not_with(doubtful.as_container());
        } else if is_value(bitmap) {
            operand.copy_from(doubtful.as_container());
            operand.and_not_with(result.as_container());
            if operand.is_empty() {
                self.doubtful.remove(&chunk);
            } else if operand.cardinality() < doubtful.cardinality() {
                *doubtful = OwnedContainer::smallest(operand.as_container());
            }
        }
    }
}

const _: () = assert!(BitmapId::VALUE_SLOT_MAX < BitmapId::PRESENT_SLOT);

fn is_value(bitmap: BitmapId) -> bool {
    (BitmapId::VALUE_SLOT_MIN..=BitmapId::VALUE_SLOT_MAX).contains(&bitmap.slot())
}

/// Where a bitmap stands in `layers`, rising by layer.
fn find_in(layers: &[Vec<Arc<Part>>], bitmap: BitmapId, role: Role) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    for (layer, parts) in layers.iter().enumerate() {
        for part in parts {
            if let Some(view) = part.bitmap(bitmap, role)? {
                sources.push(Source { layer: layer as u32, part: Arc::clone(part), view });
            }
        }
    }
    Ok(sources)
}

/// The chunks in which any of `sources` has members, rising.
fn chunks(gathered: &Gathered, sources: &[Source]) -> Result<Vec<ChunkId>> {
    let mut chunks = Vec::new();
    for source in sources {
        if let BitmapView::Pairs { .. } = source.view {
            chunks.extend(gathered.small_ids(source).iter().map(|&id| LocalId(id).chunk()));
        } else {
            source.part.chunks(&source.view, &mut |chunk| chunks.push(chunk))?;
        }
    }
    chunks.sort_unstable();
    chunks.dedup();
    Ok(chunks)
}

fn add(gathered: &Gathered, source: &Source, chunk: ChunkId, result: &mut ChunkBuffer) -> Result<()> {
    if let BitmapView::Pairs { .. } = source.view {
        let ids = gathered.small_ids(source);
        let start = ids.partition_point(|&id| LocalId(id).chunk() < chunk);
        let ids = ids[start..].iter().take_while(|&&id| LocalId(id).chunk() == chunk);
        let lows: Vec<u16> = ids.map(|&id| id as u16).collect();
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
