//! The values of a choice or set tag through all layers, by entity and by chunk: no value is looked at that nobody
//! asked about has.
//!
//! What a layer adds to an entity holds unless a younger one takes it away: the value, the whole tag, or the entity.

use std::sync::Arc;

use super::Means;
use crate::bitmap::{ChunkBuffer, Container};
use crate::error::Result;
use crate::ids::{ChunkId, LocalId, TagId, ValueId};
use crate::part::{HeldChunk, Source, Spot, ValueIndex, ValueStream};
use crate::query::pace::SMALL_PER_UNIT;
use crate::snapshot::{Snapshot, taken};

/// See the module.
#[derive(Debug)]
pub(in crate::query) struct TagValues {
    /// Those that say something about the tag, oldest first.
    layers: Vec<LayerValues>,
}

#[derive(Debug, Default)]
struct LayerValues {
    /// By rising value.
    indexes: Vec<Arc<ValueIndex>>,
    /// Whom the layer erases, and whose tag it clears.
    taken: Vec<Source>,
}

/// What a reader of many entities has at hand, one for each index.
#[derive(Debug, Default)]
pub(in crate::query) struct HeldChunks(Vec<HeldChunk>);

impl HeldChunks {
    fn at(&mut self, place: usize) -> &mut HeldChunk {
        self.0.resize_with(self.0.len().max(place + 1), HeldChunk::default);
        &mut self.0[place]
    }
}

/// Values of one entity that are taken from the layers below; and those that were found.
#[derive(Debug, Default)]
struct Walk {
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
        let mut layers = Vec::with_capacity(snapshot.layers().len());
        let mut taken = taken(snapshot.layers(), tag, population)?.into_iter().peekable();
        for (place, layer) in snapshot.layers().iter().enumerate() {
            let mut values = LayerValues::default();
            while let Some(source) = taken.next_if(|source| source.layer as usize == place) {
                values.taken.push(source);
            }
            for part in layer.parts_of(tag) {
                let index = snapshot.value_index(part, tag, &mut |bytes| {
                    means.work()?;
                    means.budget.check(bytes, super::VALUES)
                })?;
                values.indexes.push(index);
            }
            if !values.indexes.is_empty() || !values.taken.is_empty() {
                layers.push(values);
            }
        }
        Ok(TagValues { layers })
    }

    /// What it takes beside its own size, in bytes; the indexes are the store's.
    pub(in crate::query) fn heap_bytes(&self) -> u64 {
        let each = |layer: &LayerValues| {
            layer.indexes.capacity() * size_of::<Arc<ValueIndex>>() + layer.taken.capacity() * size_of::<Source>()
        };
        (self.layers.capacity() * size_of::<LayerValues>() + self.layers.iter().map(each).sum::<usize>()) as u64
    }

    /// The values of one entity, rising; what is made to find them takes at most `bytes_max`. Errors: corrupt.
    pub(in crate::query) fn of(&self, id: LocalId, held: &mut HeldChunks, bytes_max: u64) -> Result<Vec<ValueId>> {
        let mut walk = Walk::default();
        let mut place = self.layers.iter().map(|layer| layer.indexes.len()).sum::<usize>();
        for (depth, layer) in self.layers.iter().enumerate().rev() {
            let begin = walk.found.len();
            for index in layer.indexes.iter().rev() {
                place -= 1;
                index.added_to(id.chunk(), id.low(), (held.at(place), bytes_max), &mut walk.found)?;
            }
            walk.keep_new(begin);
            if depth == 0 || layer.takes(id)? {
                break;
            }
            for index in &layer.indexes {
                index.removed_from(id.chunk(), id.low(), &mut walk.removed)?;
            }
        }
        walk.found.sort_unstable();
        Ok(walk.found)
    }

    /// The spots of one chunk that [`TagValues::of`] may look at.
    pub(in crate::query) fn for_each_spot<'a>(&'a self, chunk: ChunkId, visit: &mut dyn FnMut(Spot<'a>)) {
        self.layers.iter().flat_map(|layer| &layer.indexes).for_each(|index| index.for_each_spot(chunk, visit));
    }

    /// Whether one entity has any value. Errors: corrupt.
    pub(in crate::query) fn any(&self, id: LocalId) -> Result<bool> {
        Ok(!self.of(id, &mut HeldChunks::default(), 0)?.is_empty())
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

impl LayerValues {
    fn takes(&self, id: LocalId) -> Result<bool> {
        for source in &self.taken {
            if source.contains(id.chunk(), id.low())? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Walk {
    /// Leaves out what was found from `begin` on and is taken by a younger layer, or was found there already.
    fn keep_new(&mut self, begin: usize) {
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
    /// By layer: whom the younger layers erase or clear; none where they take nobody in this chunk.
    lost: Vec<Option<ChunkBuffer>>,
    result: ChunkBuffer,
    added: ChunkBuffer,
}

struct LayerStream<'a> {
    layer: usize,
    removes: bool,
    values: ValueStream<'a>,
}

impl<'a> ChunkWalk<'a> {
    fn new(tag: &'a TagValues, chunk: ChunkId) -> Result<ChunkWalk<'a>> {
        let mut streams = Vec::new();
        for (layer, values) in tag.layers.iter().enumerate() {
            for index in &values.indexes {
                let [containers, pairs, removed] = index.streams(chunk)?;
                let added = [containers, pairs].into_iter().flatten();
                streams.extend(added.map(|values| LayerStream { layer, removes: false, values }));
                streams.extend(removed.map(|values| LayerStream { layer, removes: true, values }));
            }
        }
        // In a layer, what it removes comes before what it adds.
        streams.sort_by_key(|stream| (stream.layer, !stream.removes));
        let mut lost: Vec<Option<ChunkBuffer>> = tag.layers.iter().map(|_| None).collect();
        for layer in (1..tag.layers.len()).rev() {
            let mut below = lost[layer].as_ref().map(copy_of);
            for source in &tag.layers[layer].taken {
                let taken = source.container(chunk)?;
                if !taken.is_empty() {
                    below.get_or_insert_default().or_with(taken);
                }
            }
            lost[layer - 1] = below;
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
            let lost = lost[stream.layer].as_ref();
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
