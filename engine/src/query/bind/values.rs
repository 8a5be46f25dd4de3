//! The values of a choice or set tag through all layers, by entity and by chunk: no value is looked at that nobody
//! asked about has.
//!
//! What a layer adds to an entity holds unless a younger one takes it away: the value, the whole tag, or the entity.

use std::sync::Arc;

use super::Means;
use crate::bitmap::{ChunkBuffer, Container};
use crate::catalog::TagKind;
use crate::error::Result;
use crate::ids::{ChunkId, LocalId, TagId, ValueId};
use crate::part::{HeldChunk, Reading, Source, Spot, ValueIndex, ValueStream};
use crate::query::pace::SMALL_PER_UNIT;
use crate::snapshot::{Snapshot, taken};

/// See the module.
#[derive(Debug)]
pub(in crate::query) struct TagValues {
    /// Each with the depth of its layer, oldest first; within a layer by rising value.
    indexes: Vec<(u32, Arc<ValueIndex>)>,
    /// Whom a layer erases, and whose tag it clears: with its depth, oldest first.
    taken: Vec<(u32, Source)>,
    /// How many layers say something about the tag.
    depths: u32,
    /// How many values an entity has at most.
    values_max: usize,
}

/// What a reader of many entities has at hand, one for each index.
#[derive(Debug, Default)]
pub(in crate::query) struct HeldChunks {
    /// Most tags have one index, and this takes no allocation.
    first: HeldChunk,
    others: Vec<HeldChunk>,
}

impl HeldChunks {
    fn at(&mut self, place: usize) -> &mut HeldChunk {
        if place == 0 {
            return &mut self.first;
        }
        self.others.resize_with(self.others.len().max(place), HeldChunk::default);
        &mut self.others[place - 1]
    }
}

/// The values of one entity as they are found, and those that are taken from the layers below. It serves entity after
/// entity.
#[derive(Debug, Default)]
pub(in crate::query) struct ValueWalk {
    removed: Vec<ValueId>,
    found: Vec<ValueId>,
}

impl TagValues {
    /// Finds the tag in the layers. Errors: limit, corrupt, cancelled, deadline.
    pub(in crate::query) fn new(
        snapshot: &Snapshot,
        tag: TagId,
        population: TagId,
        means: &mut Means<'_>,
    ) -> Result<TagValues> {
        let has_one = snapshot.catalog().tag(tag).is_some_and(|tag| tag.kind == TagKind::Choice);
        let values_max = if has_one { 1 } else { usize::MAX };
        let mut values = TagValues { indexes: Vec::new(), taken: Vec::new(), depths: 0, values_max };
        let mut taken = taken(snapshot.layers(), tag, population)?.into_iter().peekable();
        for (place, layer) in snapshot.layers().iter().enumerate() {
            let before = (values.indexes.len(), values.taken.len());
            while let Some(source) = taken.next_if(|source| source.layer as usize == place) {
                values.taken.push((values.depths, source));
            }
            for part in layer.parts_of(tag) {
                let index = snapshot.value_index(part, tag, &mut |bytes| {
                    means.work()?;
                    means.budget.check(bytes, super::VALUES)
                })?;
                if values.indexes.is_empty() {
                    values.indexes.reserve_exact(1);
                }
                values.indexes.push((values.depths, index));
            }
            if before != (values.indexes.len(), values.taken.len()) {
                values.depths += 1;
            }
        }
        Ok(values)
    }

    /// What it takes beside its own size, in bytes; the indexes are the store's.
    pub(in crate::query) fn heap_bytes(&self) -> u64 {
        let indexes = self.indexes.capacity() * size_of::<(u32, Arc<ValueIndex>)>();
        (indexes + self.taken.capacity() * size_of::<(u32, Source)>()) as u64
    }

    /// The values of one entity, rising, found by means of `walk`; what is made to find them takes at most `bytes_max`.
    /// Errors: corrupt.
    pub(in crate::query) fn of<'w>(
        &self,
        id: LocalId,
        held: &mut HeldChunks,
        bytes_max: u64,
        walk: &'w mut ValueWalk,
    ) -> Result<&'w [ValueId]> {
        walk.removed.clear();
        walk.found.clear();
        let (mut indexes, mut taken) = (self.indexes.as_slice(), self.taken.as_slice());
        for depth in (0..self.depths).rev() {
            let layer = split_depth(&mut indexes, depth);
            let begin = walk.found.len();
            for (place, (_, index)) in layer.iter().enumerate().rev() {
                let reading = Reading { held: held.at(indexes.len() + place), bytes_max, values_max: self.values_max };
                index.added_to(id.chunk(), id.low(), reading, &mut walk.found)?;
            }
            walk.keep_new(begin);
            if depth == 0 || walk.found.len() >= self.values_max || takes(split_depth(&mut taken, depth), id)? {
                break;
            }
            for (_, index) in layer {
                index.removed_from(id.chunk(), id.low(), &mut walk.removed)?;
            }
        }
        walk.found.sort_unstable();
        Ok(&walk.found)
    }

    /// The spots of one chunk that [`TagValues::of`] may look at.
    pub(in crate::query) fn for_each_spot<'a>(&'a self, chunk: ChunkId, visit: &mut dyn FnMut(Spot<'a>)) {
        self.indexes.iter().for_each(|(_, index)| index.for_each_spot(chunk, visit));
    }

    /// Whether one entity has any value. Errors: corrupt.
    pub(in crate::query) fn any(&self, id: LocalId) -> Result<bool> {
        Ok(!self.of(id, &mut HeldChunks::default(), 0, &mut ValueWalk::default())?.is_empty())
    }

    /// Hands over the values of a chunk, rising, each with its members, who are some; false ends it. `work` is told of
    /// units of work. Errors: corrupt, and those of `work` and `visit`.
    pub(in crate::query) fn visit_chunk(
        &self,
        chunk: ChunkId,
        work: &mut dyn FnMut(u32) -> Result<()>,
        visit: &mut dyn FnMut(ValueId, Container<'_>) -> Result<bool>,
    ) -> Result<()> {
        let mut walk = ChunkWalk::new(self, chunk)?;
        let mut passed = 0;
        while let Some(value) = walk.value() {
            if passed % SMALL_PER_UNIT == 0 {
                work(1)?;
            }
            passed += 1;
            let members = walk.pass(value)?;
            if !members.is_empty() && !visit(ValueId(value), members)? {
                break;
            }
        }
        Ok(())
    }
}

/// Takes those of the greatest depth from the end of `rest`, if it is `depth`.
fn split_depth<'a, T>(rest: &mut &'a [(u32, T)], depth: u32) -> &'a [(u32, T)] {
    let count = rest.iter().rev().take_while(|(of, _)| *of == depth).count();
    let (below, at) = rest.split_at(rest.len() - count);
    *rest = below;
    at
}

/// Whether a layer erases an entity, or clears its tag.
fn takes(taken: &[(u32, Source)], id: LocalId) -> Result<bool> {
    for (_, source) in taken {
        if source.contains(id.chunk(), id.low())? {
            return Ok(true);
        }
    }
    Ok(false)
}

impl ValueWalk {
    /// Leaves out what was found from `begin` on and is taken by a younger layer, or was found there already.
    fn keep_new(&mut self, begin: usize) {
        if begin == 0 && self.removed.is_empty() {
            return;
        }
        self.removed.sort_unstable();
        self.found[..begin].sort_unstable();
        let mut kept = begin;
        for place in begin..self.found.len() {
            let value = self.found[place];
            let is_known = |known: &[ValueId]| known.binary_search(&value).is_ok();
            if !is_known(&self.removed) && !is_known(&self.found[..begin]) {
                self.found[kept] = value;
                kept += 1;
            }
        }
        self.found.truncate(kept);
    }
}

/// The layers of one chunk, side by side.
struct ChunkWalk<'a> {
    streams: Vec<LayerStream<'a>>,
    /// By depth: whom the younger layers erase or clear; none where they take nobody in this chunk.
    lost: Vec<Option<ChunkBuffer>>,
    result: ChunkBuffer,
    added: ChunkBuffer,
}

struct LayerStream<'a> {
    depth: usize,
    removes: bool,
    values: ValueStream<'a>,
}

impl<'a> ChunkWalk<'a> {
    fn new(tag: &'a TagValues, chunk: ChunkId) -> Result<ChunkWalk<'a>> {
        let mut streams = Vec::new();
        for (depth, index) in &tag.indexes {
            let depth = *depth as usize;
            let [containers, pairs, removed] = index.streams(chunk)?;
            let added = [containers, pairs].into_iter().flatten();
            streams.extend(added.map(|values| LayerStream { depth, removes: false, values }));
            streams.extend(removed.map(|values| LayerStream { depth, removes: true, values }));
        }
        // In a layer, what it removes comes before what it adds.
        streams.sort_by_key(|stream| (stream.depth, !stream.removes));
        let mut lost: Vec<Option<ChunkBuffer>> = (0..tag.depths).map(|_| None).collect();
        let mut taken = tag.taken.as_slice();
        for depth in (1..tag.depths).rev() {
            let mut below = lost[depth as usize].as_ref().map(copy_of);
            for (_, source) in split_depth(&mut taken, depth) {
                let members = source.container(chunk)?;
                if !members.is_empty() {
                    below.get_or_insert_default().or_with(members);
                }
            }
            lost[depth as usize - 1] = below;
        }
        Ok(ChunkWalk { streams, lost, result: ChunkBuffer::new(), added: ChunkBuffer::new() })
    }

    /// The least value that is still to come.
    #[inline]
    fn value(&self) -> Option<u32> {
        match self.streams.as_slice() {
            [only] => only.values.value(),
            streams => streams.iter().filter_map(|stream| stream.values.value()).min(),
        }
    }

    /// The members of `value`, which is the least; it is passed.
    fn pass(&mut self, value: u32) -> Result<Container<'_>> {
        let ChunkWalk { streams, lost, result, added } = self;
        let mut at = streams.iter_mut().filter(|stream| stream.values.value() == Some(value)).peekable();
        let mut is_begun = false;
        while let Some(stream) = at.next() {
            let container = stream.values.pass()?;
            let lost = lost[stream.depth].as_ref();
            if stream.removes {
                if is_begun {
                    result.and_not_with(container);
                }
                continue;
            }
            if !is_begun && lost.is_none() && at.peek().is_none() {
                return Ok(container);
            }
            match std::mem::replace(&mut is_begun, true) {
                false => {
                    result.copy_from(container);
                    if let Some(lost) = lost {
                        result.and_not_with(lost.as_container());
                    }
                }
                true => {
                    added.copy_from(container);
                    if let Some(lost) = lost {
                        added.and_not_with(lost.as_container());
                    }
                    result.or_with(added.as_container());
                }
            }
        }
        Ok(if is_begun { result.as_container() } else { Container::Empty })
    }
}

fn copy_of(buffer: &ChunkBuffer) -> ChunkBuffer {
    let mut copy = ChunkBuffer::new();
    copy.copy_from(buffer.as_container());
    copy
}
