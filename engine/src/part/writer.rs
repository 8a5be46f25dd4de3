//! Writes one part, bitmap by bitmap in rising order, to a sink.
//!
//! Payload streams out as it comes; only the directory is held in memory. Bitsets are units of their own, at multiples
//! of 64 bytes; smaller containers gather in a group of about 8 KiB that becomes one unit. Values of a choice or set
//! tag with few members wait until their tag ends and become its pair blocks.

use bytemuck::{Zeroable, bytes_of, cast_slice};

use super::Role;
use super::format::{self, *};
use super::merge::PartLimits;
use super::owned::{BitmapDraft, OwnedContainer};
use crate::bitmap::for_each_id;
use crate::error::{Error, Result};
use crate::ids::{BitmapId, ChunkId, Seq};
use crate::storage::{AlignedBytes, AlignedWriter};

/// Where a part's bytes go, in order.
pub trait PartSink {
    /// Appends `bytes`.
    fn write(&mut self, bytes: &[u8]) -> Result<()>;
}

impl PartSink for AlignedBytes {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.extend_from_slice(bytes);
        Ok(())
    }
}

impl PartSink for AlignedWriter {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.write_all(bytes)
    }
}

/// What a manifest keeps of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartSummary {
    /// The checksum of the footer, which covers all others.
    pub footer_crc: u32,
    /// The length of the part.
    pub bytes: u64,
    /// The first bitmap in it.
    pub lowest: BitmapId,
    /// The last bitmap in it.
    pub highest: BitmapId,
    /// How many bitmaps it has, in both roles; a part without any need not be kept.
    pub bitmap_count: u32,
}

/// A value is kept as pairs where its members are at most this many times the chunks that they touch: a pair takes 12
/// bytes, a container 16 and 2 a member.
const PAIRS_PER_CHUNK_MAX: u64 = 2;

/// What a pair takes in its block.
const PAIR_BYTES: u64 = 12;

/// How often the directory stands in memory at the end: as tables with room to grow, and as bytes.
const DIRECTORY_TIMES: u64 = 3;

/// How often waiting pairs stand in memory: with room to grow, and while that is made.
const WAITING_TIMES: u64 = 3;

/// See the module.
pub(crate) struct PartWriter<'s> {
    sink: &'s mut dyn PartSink,
    position: u64,
    header: Header,
    bitmaps: Vec<BitmapEntry>,
    chunks: Vec<ChunkEntry>,
    pairs: Vec<PairsEntry>,
    units: Vec<UnitEntry>,
    group: Group,
    /// Small values of the tag being written.
    waiting: Vec<Pair>,
    lowest: Option<BitmapId>,
    highest: BitmapId,
}

/// Small containers that will be one unit.
#[derive(Default)]
struct Group {
    bytes: Vec<u8>,
    /// Entries of the chunk table whose offset is still relative to the group.
    entries: Vec<usize>,
}

#[derive(Clone, Copy)]
struct Pair {
    chunk: u16,
    low: u16,
    value: u32,
}

impl<'s> PartWriter<'s> {
    /// Begins a part with the changes of `first_seq..=last_seq`.
    pub(crate) fn new(sink: &'s mut dyn PartSink, first_seq: Seq, last_seq: Seq) -> Result<PartWriter<'s>> {
        let mut header = Header {
            magic: HEADER_MAGIC,
            version: FORMAT_VERSION,
            first_seq: first_seq.0,
            last_seq: last_seq.0,
            ..Zeroable::zeroed()
        };
        header.crc = header_crc(&header);
        sink.write(bytes_of(&header))?;
        Ok(PartWriter {
            sink,
            position: HEADER_BYTES as u64,
            header,
            bitmaps: Vec::new(),
            chunks: Vec::new(),
            pairs: Vec::new(),
            units: Vec::new(),
            group: Group::default(),
            waiting: Vec::new(),
            lowest: None,
            highest: BitmapId::default(),
        })
    }

    /// Whether the next bitmap belongs into another part. A part has one at least.
    pub(crate) fn is_full(&self, limits: PartLimits) -> bool {
        !self.bitmaps.is_empty()
            && (self.payload_bytes() >= limits.bytes_max || self.held_bytes() >= limits.held_bytes_max)
    }

    /// How long the part is so far.
    fn payload_bytes(&self) -> u64 {
        self.position + self.group.bytes.len() as u64 + PAIR_BYTES * self.waiting.len() as u64
    }

    /// What stands in memory until the part ends, or will when it does.
    fn held_bytes(&self) -> u64 {
        let directory = size_of_val(&self.bitmaps[..])
            + size_of_val(&self.chunks[..])
            + size_of_val(&self.pairs[..])
            + size_of_val(&self.units[..]);
        DIRECTORY_TIMES * directory as u64 + WAITING_TIMES * size_of_val(&self.waiting[..]) as u64
    }

    /// Writes the bitmap in `draft`. REQUIRES: `(bitmap, role)` rises from call to call.
    ///
    /// `may_be_pairs` says that the bitmap is a value of a choice or set tag.
    pub(crate) fn bitmap(
        &mut self,
        bitmap: BitmapId,
        role: Role,
        may_be_pairs: bool,
        draft: &BitmapDraft,
    ) -> Result<()> {
        if draft.is_empty() {
            return Ok(());
        }
        self.begin(bitmap)?;
        let touched = draft.containers().len() as u64;
        let as_pairs = may_be_pairs && role == Role::Added && draft.cardinality() <= PAIRS_PER_CHUNK_MAX * touched;
        let first_chunk = self.chunks.len() as u32;
        if as_pairs {
            self.wait(bitmap.slot(), draft);
        } else {
            for (chunk, container) in draft.containers() {
                self.container(*chunk, container)?;
            }
        }
        self.bitmaps.push(BitmapEntry {
            bitmap: bitmap.0,
            cardinality: draft.cardinality(),
            first_chunk,
            chunk_count: self.chunks.len() as u32 - first_chunk,
            role: role as u8,
            form: if as_pairs { form::PAIRS } else { form::CHUNKS },
            zero: [0; 6],
        });
        Ok(())
    }

    /// Writes a bitmap that holds every id.
    pub(crate) fn everyone(&mut self, bitmap: BitmapId, role: Role) -> Result<()> {
        self.begin(bitmap)?;
        self.bitmaps.push(BitmapEntry {
            bitmap: bitmap.0,
            cardinality: 0,
            first_chunk: self.chunks.len() as u32,
            chunk_count: 0,
            role: role as u8,
            form: form::EVERYONE,
            zero: [0; 6],
        });
        Ok(())
    }

    /// Writes what is left, the directory and the footer. Nothing may be written after.
    pub(crate) fn finish(mut self) -> Result<PartSummary> {
        self.end_tag()?;
        self.end_group()?;
        self.pad(ALIGNMENT)?;
        let directory_offset = self.position;
        let directory = self.directory();
        let checksums: Vec<u32> = directory.chunks(PAGE_BYTES).map(crc32fast::hash).collect();
        self.write(&directory)?;
        let page_checksums_offset = self.position;
        let checksums: &[u8] = cast_slice(&checksums);
        self.write(checksums)?;
        let padding = self.position.next_multiple_of(8) - self.position;
        self.write(&[0; 8][..padding as usize])?;
        let mut footer = Footer {
            magic: FOOTER_MAGIC,
            version: FORMAT_VERSION,
            page_checksums_crc: crc32fast::hash(checksums),
            file_bytes: self.position + FOOTER_BYTES as u64,
            first_seq: self.header.first_seq,
            last_seq: self.header.last_seq,
            lowest: self.lowest.unwrap_or_default().0,
            highest: self.highest.0,
            directory_offset,
            directory_bytes: directory.len() as u64,
            page_checksums_offset,
            bitmap_count: self.bitmaps.len() as u32,
            chunk_count: self.chunks.len() as u32,
            pairs_count: self.pairs.len() as u32,
            unit_count: self.units.len() as u32,
            ..Zeroable::zeroed()
        };
        footer.crc = format::footer_crc(self.header.crc, &footer);
        self.write(bytes_of(&footer))?;
        Ok(PartSummary {
            footer_crc: footer.crc,
            bytes: footer.file_bytes,
            lowest: BitmapId(footer.lowest),
            highest: BitmapId(footer.highest),
            bitmap_count: footer.bitmap_count,
        })
    }

    fn directory(&self) -> Vec<u8> {
        let layout = DirectoryLayout::new(
            self.bitmaps.len() as u32,
            self.chunks.len() as u32,
            self.pairs.len() as u32,
            self.units.len() as u32,
        );
        let mut bytes = Vec::with_capacity(layout.bytes);
        bytes.extend_from_slice(cast_slice(&self.bitmaps));
        bytes.extend_from_slice(cast_slice(&self.chunks));
        bytes.extend_from_slice(cast_slice(&self.pairs));
        bytes.extend_from_slice(cast_slice(&self.units));
        bytes.resize(layout.bytes, 0);
        bytes
    }

    fn begin(&mut self, bitmap: BitmapId) -> Result<()> {
        if self.payload_bytes() > PART_BYTES_LIMIT {
            return Err(Error::limit(format!("a part may hold {PART_BYTES_LIMIT} bytes, bitmap {bitmap} goes beyond")));
        }
        debug_assert!(self.lowest.is_none() || self.highest <= bitmap);
        if self.lowest.is_some() && self.highest.tag() != bitmap.tag() {
            self.end_tag()?;
        }
        self.lowest.get_or_insert(bitmap);
        self.highest = bitmap;
        Ok(())
    }

    fn wait(&mut self, value: u32, draft: &BitmapDraft) {
        for (chunk, container) in draft.containers() {
            let chunk = chunk.0;
            for_each_id(container.as_container(), |low| self.waiting.push(Pair { chunk, low, value }));
        }
    }

    fn container(&mut self, chunk: ChunkId, container: &OwnedContainer) -> Result<()> {
        let mut entry = ChunkEntry {
            chunk: chunk.0,
            cardinality_minus_one: (container.cardinality() - 1) as u16,
            ..Zeroable::zeroed()
        };
        match container {
            OwnedContainer::Full => entry.kind = kind::FULL,
            OwnedContainer::Bitset(words, _) => {
                entry.kind = kind::BITSET;
                (entry.unit, entry.offset) = self.unit(bytes_of(words.as_ref()), ALIGNMENT)?;
            }
            OwnedContainer::Array(lows) => {
                entry.kind = kind::ARRAY;
                return self.grouped(entry, cast_slice(lows));
            }
            OwnedContainer::Runs(runs, _) => {
                entry.kind = kind::RUNS;
                entry.runs_minus_one = (runs.len() - 1) as u16;
                return self.grouped(entry, cast_slice(runs));
            }
        }
        self.chunks.push(entry);
        Ok(())
    }

    fn grouped(&mut self, mut entry: ChunkEntry, bytes: &[u8]) -> Result<()> {
        entry.offset = self.group.bytes.len() as u32;
        self.group.entries.push(self.chunks.len());
        self.group.bytes.extend_from_slice(bytes);
        self.chunks.push(entry);
        if self.group.bytes.len() >= UNIT_BYTES {
            self.end_group()?;
        }
        Ok(())
    }

    fn end_group(&mut self) -> Result<()> {
        let group = std::mem::take(&mut self.group);
        if group.bytes.is_empty() {
            return Ok(());
        }
        let (unit, offset) = self.unit(&group.bytes, 8)?;
        for index in group.entries {
            self.chunks[index].unit = unit;
            self.chunks[index].offset += offset;
        }
        Ok(())
    }

    /// Writes the small values of the tag that ends as pair blocks, a block a chunk.
    fn end_tag(&mut self) -> Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let mut pairs = std::mem::take(&mut self.waiting);
        pairs.sort_unstable_by_key(|pair| (pair.chunk, pair.value, pair.low));
        for block in pairs.chunk_by(|a, b| a.chunk == b.chunk) {
            let bytes = encode_pairs(block);
            let (unit, offset) = self.unit(&bytes, 8)?;
            self.pairs.push(PairsEntry {
                tag: self.highest.tag().0,
                chunk: block[0].chunk,
                offset,
                count: block.len() as u32,
                unit,
                ..Zeroable::zeroed()
            });
        }
        pairs.clear();
        self.waiting = pairs;
        Ok(())
    }

    /// Writes one unit of checksum; gives its number and offset.
    fn unit(&mut self, bytes: &[u8], alignment: usize) -> Result<(u32, u32)> {
        self.pad(alignment)?;
        let offset = self.position as u32;
        self.write(bytes)?;
        self.units.push(UnitEntry { offset, length: bytes.len() as u32, crc: crc32fast::hash(bytes) });
        Ok((self.units.len() as u32 - 1, offset))
    }

    fn pad(&mut self, alignment: usize) -> Result<()> {
        let padding = self.position.next_multiple_of(alignment as u64) - self.position;
        self.write(&[0; ALIGNMENT][..padding as usize])
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.sink.write(bytes)?;
        self.position += bytes.len() as u64;
        Ok(())
    }
}

/// One pair block; `block` is sorted by value, then id.
fn encode_pairs(block: &[Pair]) -> Vec<u8> {
    let layout = PairsLayout::new(block.len());
    let mut by_id = block.to_vec();
    by_id.sort_unstable_by_key(|pair| (pair.low, pair.value));
    let mut bytes = Vec::with_capacity(layout.bytes);
    bytes.extend(block.iter().flat_map(|pair| pair.value.to_le_bytes()));
    bytes.extend(block.iter().flat_map(|pair| pair.low.to_le_bytes()));
    bytes.extend(by_id.iter().flat_map(|pair| pair.low.to_le_bytes()));
    bytes.resize(layout.values_by_id, 0);
    bytes.extend(by_id.iter().flat_map(|pair| pair.value.to_le_bytes()));
    bytes
}
