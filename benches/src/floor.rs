//! The floor: stream the payload of the tags concerned once and do nothing else.

use std::ops::Range;

use muster_engine::Snapshot;
use muster_engine::bitmap::Container;
use muster_engine::catalog::TagKind;
use muster_engine::ids::{BitmapId, ChunkId, TypeId};
use muster_engine::part::Role;
use muster_engine::{Error, Result};

/// The containers of some tags in place.
pub(crate) struct Floor {
    bitmaps: Vec<BitmapId>,
    chunk_end: u32,
    /// Payload bytes.
    pub(crate) bytes: u64,
}

impl Floor {
    /// The floor of `tags`: flags, `choice=value`, numbers.
    pub(crate) fn new(snapshot: &Snapshot, type_id: TypeId, tags: &[String]) -> Result<Floor> {
        let mut bitmaps = Vec::new();
        for name in tags {
            let (name, value) = name.split_once('=').map_or((name.as_str(), None), |(name, value)| (name, Some(value)));
            let tag = snapshot.catalog().tag_named(type_id, name);
            let tag = tag.ok_or_else(|| Error::not_found(format!("no tag {name}")))?;
            match (value, tag.kind) {
                (Some(value), _) => {
                    let value = snapshot.value_id(tag.id, value)?;
                    bitmaps.extend(value.map(|value| BitmapId::value(tag.id, value)));
                }
                (None, TagKind::Flag) => bitmaps.push(BitmapId::flag(tag.id)),
                (None, _) => bitmaps.extend((0..BitmapId::SLICES_MAX).map(|slice| BitmapId::slice(tag.id, slice))),
            }
        }
        let mut floor = Floor { bitmaps, chunk_end: snapshot.chunk_end(type_id)?, bytes: 0 };
        floor.bytes = floor.walk(snapshot, 0..floor.chunk_end, &mut |bytes| bytes.len() as u64)?;
        Ok(floor)
    }

    /// Streams the payload; the result only keeps the loop alive.
    pub(crate) fn stream(&self, snapshot: &Snapshot) -> Result<u64> {
        self.stream_some(snapshot, 0..self.chunk_end)
    }

    /// Streams the payload of some chunks.
    pub(crate) fn stream_some(&self, snapshot: &Snapshot, chunks: Range<u32>) -> Result<u64> {
        self.walk(snapshot, chunks, &mut sum)
    }

    fn walk(&self, snapshot: &Snapshot, chunks: Range<u32>, each: &mut dyn FnMut(&[u8]) -> u64) -> Result<u64> {
        let mut total = 0u64;
        for layer in snapshot.layers() {
            for &bitmap in &self.bitmaps {
                let Some(part) = layer.part(bitmap) else { continue };
                let Some(view) = part.bitmap(bitmap, Role::Added)? else { continue };
                for chunk in chunks.clone() {
                    total = total.wrapping_add(match part.container(&view, ChunkId(chunk as u16))? {
                        Container::Bitset { words, .. } => each(as_bytes(words)),
                        Container::Array(ids) => each(as_bytes(ids)),
                        Container::Runs { runs, .. } => each(as_bytes(runs)),
                        Container::Empty | Container::Full => 0,
                    });
                }
            }
        }
        Ok(total)
    }
}

fn as_bytes<T: bytemuck::NoUninit>(values: &[T]) -> &[u8] {
    bytemuck::cast_slice(values)
}

/// Adds the bytes up in eight lanes of 64 bits, which every compiler turns into vector loads.
pub(crate) fn sum(bytes: &[u8]) -> u64 {
    let mut lanes = [0u64; 8];
    let (lines, rest) = bytes.as_chunks::<64>();
    for line in lines {
        for (lane, word) in lanes.iter_mut().zip(line.as_chunks::<8>().0) {
            *lane = lane.wrapping_add(u64::from_le_bytes(*word));
        }
    }
    let rest = rest.iter().fold(0, |sum, &byte| sum + u64::from(byte));
    lanes.iter().fold(rest, |sum, lane| sum.wrapping_add(*lane))
}
