//! Zero-copy reading of a part: nothing is deserialised, each page and unit is checked the first time it is touched.

use bytemuck::{try_cast_slice, try_from_bytes};

use super::Role;
use super::directory::check_layout;
use super::format::*;
use super::verified::Verified;
use crate::bitmap::{Container, Run, Words};
use crate::error::{Error, Result};
use crate::formats::PART;
use crate::ids::{BitmapId, ChunkId, Seq, TagId, ValueId};
use crate::storage::Mapped;

/// One part, open for reading.
#[derive(Debug)]
pub struct Part {
    pub(super) bytes: Mapped,
    /// What error messages call it: the file's name, or "a part in memory".
    name: String,
    pub(super) footer: Footer,
    pub(super) layout: DirectoryLayout,
    pub(super) pages: Verified,
    pub(super) units: Verified,
}

/// A bitmap of a part in one role, as bind keeps it: where its containers stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BitmapView {
    /// Entries `first..first + count` of the chunk table; `dense` where their chunks have no holes.
    Chunks {
        /// Index of the first entry.
        first: u32,
        /// The number of entries, at least one.
        count: u32,
        /// The chunk of the first entry.
        first_chunk: ChunkId,
        /// Whether entry `i` is the chunk `first_chunk + i`.
        dense: bool,
        /// Members over all chunks.
        cardinality: u64,
    },
    /// A value inside the pair blocks of its tag.
    Pairs {
        /// The blocks.
        pairs: PairsView,
        /// The value.
        value: ValueId,
        /// Members over all chunks.
        cardinality: u64,
    },
    /// Every id.
    Everyone,
}

/// The pair blocks of one tag: a range of the pairs table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PairsView {
    pub(super) first: u32,
    pub(super) count: u32,
}

/// One bitmap of a tag, as listed by [`Part::bitmaps_of`].
#[derive(Clone, Copy, Debug)]
pub struct TagBitmap {
    /// Which.
    pub bitmap: BitmapId,
    /// In which role.
    pub role: Role,
    /// Where it stands.
    pub view: BitmapView,
}

/// The pairs of one tag in one chunk, in both orders.
#[derive(Clone, Copy, Debug)]
pub struct PairBlock<'a> {
    /// Rising values; the ids of one value rise too.
    pub values_by_value: &'a [u32],
    /// The low half of the id beside each of `values_by_value`.
    pub lows_by_value: &'a [u16],
    /// Rising ids; the values of one id rise too.
    pub lows_by_id: &'a [u16],
    /// The value beside each of `lows_by_id`.
    pub values_by_id: &'a [u32],
}

impl PairBlock<'_> {
    /// The values of one id.
    pub fn values_of(&self, low: u16) -> &[u32] {
        let start = self.lows_by_id.partition_point(|&l| l < low);
        let end = start + self.lows_by_id[start..].partition_point(|&l| l == low);
        &self.values_by_id[start..end]
    }
}

impl BitmapView {
    /// Members over all chunks; `u64::MAX` for everyone.
    pub fn cardinality(&self) -> u64 {
        match self {
            BitmapView::Chunks { cardinality, .. } | BitmapView::Pairs { cardinality, .. } => *cardinality,
            BitmapView::Everyone => u64::MAX,
        }
    }
}

impl Part {
    /// Opens a part: checks lengths, header, footer and page checksums, nothing else. `expected_footer_crc` is what
    /// the manifest says. Errors: corrupt, or invalid when a newer program wrote it, naming `name`.
    pub fn open(bytes: Mapped, name: impl Into<String>, expected_footer_crc: Option<u32>) -> Result<Part> {
        let name = name.into();
        let corrupt = |what: &str| Error::corrupt(format!("{name}: {what}"));
        if bytes.len() < HEADER_BYTES + FOOTER_BYTES {
            return Err(corrupt(&format!("{} bytes are too short for a part", bytes.len())));
        }
        let header: Header = bytemuck::pod_read_unaligned(&bytes[..HEADER_BYTES]);
        let footer: Footer = bytemuck::pod_read_unaligned(&bytes[bytes.len() - FOOTER_BYTES..]);
        if header.magic != HEADER_MAGIC {
            return Err(corrupt("its first bytes are not those of a part file (wrong magic)"));
        }
        if header.crc != header_crc(&header) {
            return Err(corrupt("the header fails its checksum"));
        }
        PART.check(header.version).map_err(|error| error.context(&name))?;
        if footer.magic != FOOTER_MAGIC || footer.version != FORMAT_VERSION {
            return Err(corrupt("the last bytes are not the footer of a part"));
        }
        if header.reserved != 0 || header.zero != [0; 28] {
            return Err(corrupt("reserved bytes of the header are not zero"));
        }
        if footer.crc != footer_crc(header.crc, &footer) {
            return Err(corrupt("the footer fails its checksum"));
        }
        if footer.zero != [0; 12] {
            return Err(corrupt("reserved bytes of the footer are not zero"));
        }
        if expected_footer_crc.is_some_and(|expected| expected != footer.crc) {
            return Err(corrupt("the footer is not the one that the manifest names"));
        }
        let layout = check_layout(&footer, bytes.len()).ok_or_else(|| {
            corrupt("the offsets and lengths in the footer do not fit each other or the length of the file")
        })?;
        let checksums = &bytes[footer.page_checksums_offset as usize..][..4 * layout.bytes.div_ceil(PAGE_BYTES)];
        if crc32fast::hash(checksums) != footer.page_checksums_crc {
            return Err(corrupt("the page checksums fail their checksum"));
        }
        Ok(Part {
            pages: Verified::none(layout.bytes.div_ceil(PAGE_BYTES)),
            units: Verified::none(footer.unit_count as usize),
            bytes,
            name,
            footer,
            layout,
        })
    }

    /// The checksum of the footer, which covers all others.
    pub fn footer_crc(&self) -> u32 {
        self.footer.crc
    }

    /// The length of the part.
    pub fn byte_len(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// The bytes of a unit as they stand, not checked. Errors: corrupt, where there is no such unit.
    pub fn unit_bytes(&self, unit: u32) -> Result<&[u8]> {
        if unit >= self.footer.unit_count {
            return Err(self.corrupt("a container names a unit that is not there"));
        }
        let entry = self.unit_entry(unit)?;
        let start = entry.offset as usize;
        let bytes = self.bytes.get(start..start + entry.length as usize);
        bytes.ok_or_else(|| self.corrupt("a unit lies outside the file"))
    }

    /// The first seq whose changes it holds.
    pub fn first_seq(&self) -> Seq {
        Seq(self.footer.first_seq)
    }

    /// The last seq whose changes it holds.
    pub fn last_seq(&self) -> Seq {
        Seq(self.footer.last_seq)
    }

    /// The first bitmap in it.
    pub fn lowest(&self) -> BitmapId {
        BitmapId(self.footer.lowest)
    }

    /// The last bitmap in it.
    pub fn highest(&self) -> BitmapId {
        BitmapId(self.footer.highest)
    }

    /// Whether it has no bitmap at all.
    pub fn is_empty(&self) -> bool {
        self.footer.bitmap_count == 0
    }

    /// The number of bitmaps, in both roles.
    pub fn bitmap_count(&self) -> u32 {
        self.footer.bitmap_count
    }

    /// Looks a bitmap up. Errors: corrupt.
    pub fn bitmap(&self, bitmap: BitmapId, role: Role) -> Result<Option<BitmapView>> {
        self.find_entry(bitmap, role)?.map(|entry| self.view(entry)).transpose()
    }

    /// How many members a bitmap says that it has over all chunks; 0 for everyone. Errors: corrupt.
    pub fn members(&self, bitmap: BitmapId, role: Role) -> Result<u64> {
        Ok(self.find_entry(bitmap, role)?.map_or(0, |entry| entry.cardinality))
    }

    /// All bitmaps of a tag in rising order, both roles. Errors: corrupt.
    pub fn bitmaps_of(&self, tag: TagId) -> Result<Vec<TagBitmap>> {
        let mut list = Vec::new();
        self.visit_bitmaps_of(tag, |bitmap| {
            list.push(bitmap);
            Ok(())
        })?;
        Ok(list)
    }

    /// Calls `visit` with each bitmap of a tag in rising order, both roles. Errors: corrupt, and those of `visit`.
    pub fn visit_bitmaps_of(&self, tag: TagId, mut visit: impl FnMut(TagBitmap) -> Result<()>) -> Result<()> {
        let mut index = self.lower_bound(BitmapId::new(tag, 0), Role::Added)?;
        while index < self.footer.bitmap_count {
            let entry = self.bitmap_entry(index)?;
            let bitmap = BitmapId(entry.bitmap);
            if bitmap.tag() != tag {
                break;
            }
            visit(TagBitmap { bitmap, role: self.role(entry)?, view: self.view(entry)? })?;
            index += 1;
        }
        Ok(())
    }

    /// How many bit slices a number tag has here, empty ones below the highest included. Errors: corrupt.
    pub fn slice_count(&self, tag: TagId) -> Result<u32> {
        let index = self.lower_bound(BitmapId::new(tag, BitmapId::SLICES_MAX), Role::Added)?;
        let Some(before) = index.checked_sub(1) else {
            return Ok(0);
        };
        let last = BitmapId(self.bitmap_entry(before)?.bitmap);
        Ok(if last.tag() == tag { last.slot() + 1 } else { 0 })
    }

    /// All tags that have a bitmap here, rising. Errors: corrupt.
    pub fn tags(&self) -> Result<Vec<TagId>> {
        let mut tags = Vec::new();
        let mut index = 0;
        while index < self.footer.bitmap_count {
            let tag = BitmapId(self.bitmap_entry(index)?.bitmap).tag();
            tags.push(tag);
            index = match tag.0.checked_add(1) {
                Some(next) => self.lower_bound(BitmapId::new(TagId(next), 0), Role::Added)?,
                None => self.footer.bitmap_count,
            };
        }
        Ok(tags)
    }

    /// The pair blocks of a tag, if it has small values here. Errors: corrupt.
    pub fn pairs(&self, tag: TagId) -> Result<Option<PairsView>> {
        let first = self.pairs_lower_bound(tag.0)?;
        let end = match tag.0.checked_add(1) {
            Some(next) => self.pairs_lower_bound(next)?,
            None => self.footer.pairs_count,
        };
        Ok((end > first).then_some(PairsView { first, count: end - first }))
    }

    /// The chunks in which a bitmap may have members, rising: exact for containers, those of the tag for pairs, none
    /// for everyone. Errors: corrupt.
    pub fn chunks(&self, view: &BitmapView, visit: &mut dyn FnMut(ChunkId)) -> Result<()> {
        match *view {
            BitmapView::Chunks { first, count, .. } => {
                for index in first..first + count {
                    visit(ChunkId(self.chunk_entry(index).chunk));
                }
            }
            BitmapView::Pairs { pairs, .. } => self.pair_chunks(pairs)?.into_iter().for_each(visit),
            BitmapView::Everyone => {}
        }
        Ok(())
    }

    /// The last chunk in which a bitmap may have members; none for everyone. Errors: corrupt.
    pub fn last_chunk(&self, view: &BitmapView) -> Result<Option<ChunkId>> {
        match *view {
            BitmapView::Chunks { first, count, .. } => Ok(Some(ChunkId(self.chunk_entry(first + count - 1).chunk))),
            BitmapView::Pairs { pairs, .. } => {
                Ok(Some(ChunkId(self.pairs_entry(pairs.first + pairs.count - 1)?.chunk)))
            }
            BitmapView::Everyone => Ok(None),
        }
    }

    /// The chunks of pair blocks, rising. Errors: corrupt.
    pub fn pair_chunks(&self, pairs: PairsView) -> Result<Vec<ChunkId>> {
        (pairs.first..pairs.first + pairs.count).map(|index| Ok(ChunkId(self.pairs_entry(index)?.chunk))).collect()
    }

    /// The first chunk from `from` on in which a bitmap may have members; `u32::MAX` where none follows. Pairs and
    /// everyone may have members anywhere.
    #[inline]
    pub fn next_chunk(&self, view: &BitmapView, from: u32) -> u32 {
        let BitmapView::Chunks { first, count, first_chunk, dense, .. } = *view else {
            return from;
        };
        let first_chunk = u32::from(first_chunk.0);
        if from <= first_chunk {
            return first_chunk;
        }
        let distance = from - first_chunk;
        if dense {
            return if distance < count { from } else { u32::MAX };
        }
        let entries = self.chunk_entries(first, count);
        let place = entries.partition_point(|entry| u32::from(entry.chunk) < from);
        entries.get(place).map_or(u32::MAX, |entry| u32::from(entry.chunk))
    }

    /// The members of a bitmap in one chunk, checked. Errors: corrupt.
    #[inline(always)]
    pub fn container(&self, view: &BitmapView, chunk: ChunkId) -> Result<Container<'_>> {
        match *view {
            BitmapView::Chunks { first, count, first_chunk, dense, .. } => {
                match self.chunk_index(first, count, first_chunk, dense, chunk) {
                    Some(index) => self.decode(self.chunk_entry(index)),
                    None => Ok(Container::Empty),
                }
            }
            BitmapView::Pairs { pairs, value, .. } => self.pairs_container(pairs, value, chunk),
            BitmapView::Everyone => Ok(Container::Full),
        }
    }

    /// The cardinality in one chunk, from the directory alone where it stands there. Errors: corrupt.
    #[inline]
    pub fn cardinality(&self, view: &BitmapView, chunk: ChunkId) -> Result<u32> {
        match *view {
            BitmapView::Chunks { first, count, first_chunk, dense, .. } => Ok(self
                .chunk_index(first, count, first_chunk, dense, chunk)
                .map_or(0, |index| self.chunk_entry(index).cardinality())),
            _ => Ok(self.container(view, chunk)?.cardinality()),
        }
    }

    /// How many bytes hold the members in one chunk, from the directory. Errors: corrupt.
    pub fn payload_bytes(&self, view: &BitmapView, chunk: ChunkId) -> Result<u64> {
        match *view {
            BitmapView::Chunks { first, count, first_chunk, dense, .. } => Ok(self
                .chunk_index(first, count, first_chunk, dense, chunk)
                .map_or(0, |index| self.chunk_entry(index).payload_bytes())),
            BitmapView::Pairs { .. } => Ok(2 * u64::from(self.cardinality(view, chunk)?)),
            BitmapView::Everyone => Ok(0),
        }
    }

    /// The entry of a bitmap's container in one chunk; none where it has none by itself.
    #[inline(always)]
    pub(super) fn entry(&self, view: &BitmapView, chunk: ChunkId) -> Option<&ChunkEntry> {
        let BitmapView::Chunks { first, count, first_chunk, dense, .. } = *view else { return None };
        self.chunk_index(first, count, first_chunk, dense, chunk).map(|index| self.chunk_entry(index))
    }

    /// The pairs of a tag in one chunk. Errors: corrupt.
    pub fn pair_block(&self, pairs: PairsView, chunk: ChunkId) -> Result<Option<PairBlock<'_>>> {
        let (mut low, mut high) = (pairs.first, pairs.first + pairs.count);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.pairs_entry(middle)?.chunk < chunk.0 {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        if low == pairs.first + pairs.count {
            return Ok(None);
        }
        match self.pairs_entry(low)?.chunk == chunk.0 {
            true => Ok(Some(self.pair_block_at(low)?.1)),
            false => Ok(None),
        }
    }

    /// The pair block at `index` of its table, and its chunk. Errors: corrupt.
    pub(super) fn pair_block_at(&self, index: u32) -> Result<(ChunkId, PairBlock<'_>)> {
        let entry = self.pairs_entry(index)?;
        let layout = PairsLayout::new(entry.count as usize);
        let bytes = self.payload(&self.bytes, entry.unit, entry.offset, layout.bytes)?;
        let count = entry.count as usize;
        let block = (|| {
            Some(PairBlock {
                values_by_value: try_cast_slice(bytes.get(..4 * count)?).ok()?,
                lows_by_value: try_cast_slice(bytes.get(layout.lows_by_value..layout.lows_by_id)?).ok()?,
                lows_by_id: try_cast_slice(bytes.get(layout.lows_by_id..layout.lows_by_id + 2 * count)?).ok()?,
                values_by_id: try_cast_slice(bytes.get(layout.values_by_id..)?).ok()?,
            })
        })();
        let block = block.ok_or_else(|| self.corrupt("a pair block is not aligned"))?;
        Ok((ChunkId(entry.chunk), block))
    }

    #[inline]
    fn chunk_index(&self, first: u32, count: u32, first_chunk: ChunkId, dense: bool, chunk: ChunkId) -> Option<u32> {
        let distance = u32::from(chunk.0).checked_sub(u32::from(first_chunk.0))?;
        if dense {
            return (distance < count).then_some(first + distance);
        }
        let entries = self.chunk_entries(first, count.min(distance + 1));
        entries.binary_search_by_key(&chunk.0, |entry| entry.chunk).ok().map(|index| first + index as u32)
    }

    fn pairs_container(&self, pairs: PairsView, value: ValueId, chunk: ChunkId) -> Result<Container<'_>> {
        let Some(block) = self.pair_block(pairs, chunk)? else {
            return Ok(Container::Empty);
        };
        let start = block.values_by_value.partition_point(|&v| v < value.0);
        let end = start + block.values_by_value[start..].partition_point(|&v| v == value.0);
        Ok(match &block.lows_by_value[start..end] {
            [] => Container::Empty,
            lows => Container::Array(lows),
        })
    }

    /// The members that an entry of this part stands for, checked. Errors: corrupt.
    #[inline(always)]
    pub(super) fn decode(&self, entry: &ChunkEntry) -> Result<Container<'_>> {
        self.decode_in(&self.bytes, entry)
    }

    /// The same where the caller holds the part's `bytes`. Always inline: a container that comes back through memory
    /// costs more than all the rest, because it is written in pieces and read as a whole.
    #[inline(always)]
    pub(super) fn decode_in<'a>(&self, bytes: &'a [u8], entry: &ChunkEntry) -> Result<Container<'a>> {
        let cardinality = entry.cardinality();
        let payload = |length| self.payload(bytes, entry.unit, entry.offset, length);
        let container = match entry.kind {
            kind::BITSET => {
                let words = try_from_bytes(payload(size_of::<Words>())?);
                words.ok().map(|words| Container::Bitset { words, cardinality })
            }
            kind::ARRAY => try_cast_slice(payload(2 * cardinality as usize)?).ok().map(Container::Array),
            kind::RUNS => {
                let runs = usize::from(entry.runs_minus_one) + 1;
                let runs = try_cast_slice(payload(size_of::<Run>() * runs)?);
                runs.ok().map(|runs| Container::Runs { runs, cardinality })
            }
            kind::FULL => Some(Container::Full),
            _ => None,
        };
        container.ok_or_else(|| self.undecodable(entry))
    }

    /// Why an entry stands for nothing.
    #[cold]
    fn undecodable(&self, entry: &ChunkEntry) -> Error {
        match entry.kind {
            kind::BITSET | kind::ARRAY | kind::RUNS => self.corrupt("a container is not aligned"),
            _ => self.corrupt("a container of unknown kind"),
        }
    }

    /// Bytes inside a unit, which is checked first.
    #[inline(always)]
    fn payload<'a>(&self, bytes: &'a [u8], unit: u32, offset: u32, length: usize) -> Result<&'a [u8]> {
        if !self.units.contains(unit as usize) {
            self.verify_unit(unit)?;
        }
        let start = offset as usize;
        bytes.get(start..start + length).ok_or_else(|| self.outside())
    }

    #[cold]
    fn outside(&self) -> Error {
        self.corrupt("a container lies outside the file")
    }

    #[cold]
    pub(super) fn verify_unit(&self, unit: u32) -> Result<()> {
        let bytes = self.unit_bytes(unit)?;
        let entry = self.unit_entry(unit)?;
        if crc32fast::hash(bytes) != entry.crc {
            return Err(self.corrupt(&format!("the unit at byte {} fails its checksum", entry.offset)));
        }
        self.units.insert(unit as usize);
        Ok(())
    }

    #[cold]
    pub(super) fn corrupt(&self, what: &str) -> Error {
        Error::corrupt(format!("{}: {what}", self.name))
    }
}
