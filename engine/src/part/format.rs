//! The layout of a part file; `docs/formats/part.md` is its text.
//!
//! ```text
//! header | units ... | directory: bitmaps, chunks, pair blocks, units | page checksums | footer
//! ```
//!
//! Each step holds the checksum of the next: the manifest that of the footer, the footer that of the page checksums,
//! a page checksum that of [`PAGE_BYTES`] of directory, a unit entry that of its unit. What lies between units is zero.

use bytemuck::{Pod, Zeroable};

use crate::formats::PART;

/// First bytes of every part.
pub(crate) const HEADER_MAGIC: [u8; 8] = *b"MUSTRPRT";
/// First bytes of the footer, the last [`FOOTER_BYTES`] of the file.
pub(crate) const FOOTER_MAGIC: [u8; 8] = *b"MUSTRPFT";
/// The layout described here.
pub(crate) const FORMAT_VERSION: u32 = PART.newest();
/// The unit of checksum of the directory.
pub(crate) const PAGE_BYTES: usize = 4096;
/// Small containers are packed into units of about this size.
pub(crate) const UNIT_BYTES: usize = 8192;
/// Bitsets and the directory begin at multiples of this.
pub(crate) const ALIGNMENT: usize = 64;
/// A part never grows beyond this, so that an offset fits 32 bits with room.
pub(crate) const PART_BYTES_LIMIT: u64 = 3 << 30;

pub(crate) const HEADER_BYTES: usize = size_of::<Header>();
pub(crate) const FOOTER_BYTES: usize = size_of::<Footer>();

/// The kinds of a container on disk.
pub(crate) mod kind {
    /// Rising `u16`s.
    pub(crate) const ARRAY: u8 = 1;
    /// 1,024 words of 64 bits.
    pub(crate) const BITSET: u8 = 2;
    /// Pairs of `u16`: first and last id of a run.
    pub(crate) const RUNS: u8 = 3;
    /// All 65,536 ids, without payload.
    pub(crate) const FULL: u8 = 4;
}

/// Where a bitmap's members stand.
pub(crate) mod form {
    /// In containers, one entry of the chunk table each.
    pub(crate) const CHUNKS: u8 = 1;
    /// In the pair blocks of its tag.
    pub(crate) const PAIRS: u8 = 2;
    /// Nowhere: every id is a member.
    pub(crate) const EVERYONE: u8 = 3;
}

/// The first bytes of the file; says what it is before anything else is known.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable, Debug)]
pub(crate) struct Header {
    pub(crate) magic: [u8; 8],
    pub(crate) version: u32,
    pub(crate) reserved: u32,
    pub(crate) first_seq: u64,
    pub(crate) last_seq: u64,
    pub(crate) zero: [u8; 28],
    /// crc32 of the bytes before it.
    pub(crate) crc: u32,
}

/// One bitmap in one role; sorted by `(bitmap, role)`.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable, Debug)]
pub(crate) struct BitmapEntry {
    pub(crate) bitmap: u64,
    /// Members, over all chunks; 0 where the form is [`form::EVERYONE`].
    pub(crate) cardinality: u64,
    /// Index of its first entry in the chunk table.
    pub(crate) first_chunk: u32,
    pub(crate) chunk_count: u32,
    pub(crate) role: u8,
    pub(crate) form: u8,
    pub(crate) zero: [u8; 6],
}

/// One container; sorted by chunk within a bitmap.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable, Debug)]
pub struct ChunkEntry {
    pub(crate) offset: u32,
    pub(crate) unit: u32,
    pub(crate) chunk: u16,
    pub(crate) cardinality_minus_one: u16,
    /// Only for [`kind::RUNS`], else 0.
    pub(crate) runs_minus_one: u16,
    pub(crate) kind: u8,
    pub(crate) zero: u8,
}

impl ChunkEntry {
    /// How many ids it stands for.
    #[inline]
    pub(crate) fn cardinality(&self) -> u32 {
        u32::from(self.cardinality_minus_one) + 1
    }

    /// How many bytes hold them.
    pub(crate) fn payload_bytes(&self) -> u64 {
        match self.kind {
            kind::ARRAY => 2 * u64::from(self.cardinality()),
            kind::BITSET => size_of::<crate::bitmap::Words>() as u64,
            kind::RUNS => (size_of::<crate::bitmap::Run>() as u64) * (u64::from(self.runs_minus_one) + 1),
            _ => 0,
        }
    }
}

/// The pairs of one tag in one chunk; sorted by `(tag, chunk)`.
///
/// The block at `offset` holds `values_by_value: [u32]`, `lows_by_value: [u16]`, `lows_by_id: [u16]`, then, at the next
/// multiple of four, `values_by_id: [u32]`, each of `count` entries.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable, Debug)]
pub(crate) struct PairsEntry {
    pub(crate) tag: u32,
    pub(crate) chunk: u16,
    pub(crate) zero: u16,
    pub(crate) offset: u32,
    pub(crate) count: u32,
    pub(crate) unit: u32,
    pub(crate) zero_2: u32,
}

/// One unit of checksum.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable, Debug)]
pub(crate) struct UnitEntry {
    pub(crate) offset: u32,
    pub(crate) length: u32,
    pub(crate) crc: u32,
}

/// The last bytes of the file: where everything stands.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable, Debug)]
pub(crate) struct Footer {
    pub(crate) magic: [u8; 8],
    pub(crate) version: u32,
    /// crc32 of the page checksums.
    pub(crate) page_checksums_crc: u32,
    pub(crate) file_bytes: u64,
    pub(crate) first_seq: u64,
    pub(crate) last_seq: u64,
    pub(crate) lowest: u64,
    pub(crate) highest: u64,
    pub(crate) directory_offset: u64,
    pub(crate) directory_bytes: u64,
    pub(crate) page_checksums_offset: u64,
    /// Lengths of the tables in the directory, which stand in this order without gaps.
    pub(crate) bitmap_count: u32,
    pub(crate) chunk_count: u32,
    pub(crate) pairs_count: u32,
    pub(crate) unit_count: u32,
    pub(crate) zero: [u8; 12],
    /// crc32 of the header's crc and of the footer's bytes before it; the manifest holds it.
    pub(crate) crc: u32,
}

const _: () = {
    assert!(HEADER_BYTES == 64);
    assert!(FOOTER_BYTES == 112);
    assert!(size_of::<BitmapEntry>() == 32);
    assert!(size_of::<ChunkEntry>() == 16);
    assert!(size_of::<PairsEntry>() == 24);
    assert!(size_of::<UnitEntry>() == 12);
    assert!(PART_BYTES_LIMIT < u32::MAX as u64);
};

/// The crc of a footer: over the header's checksum, so that header and footer belong together, and its own bytes.
pub(crate) fn footer_crc(header_crc: u32, footer: &Footer) -> u32 {
    let bytes = bytemuck::bytes_of(footer);
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&header_crc.to_le_bytes());
    hasher.update(&bytes[..FOOTER_BYTES - 4]);
    hasher.finalize()
}

/// The crc of a header.
pub(crate) fn header_crc(header: &Header) -> u32 {
    crc32fast::hash(&bytemuck::bytes_of(header)[..HEADER_BYTES - 4])
}

/// Where the four tables of the directory stand, relative to its start, and its whole length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DirectoryLayout {
    pub(crate) chunks: usize,
    pub(crate) pairs: usize,
    pub(crate) units: usize,
    pub(crate) bytes: usize,
}

impl DirectoryLayout {
    /// The layout for tables of these lengths; counts are `u32`, so nothing overflows 64 bits.
    pub(crate) fn new(bitmaps: u32, chunks: u32, pairs: u32, units: u32) -> DirectoryLayout {
        let chunks_at = bitmaps as usize * size_of::<BitmapEntry>();
        let pairs_at = chunks_at + chunks as usize * size_of::<ChunkEntry>();
        let units_at = pairs_at + pairs as usize * size_of::<PairsEntry>();
        let bytes = (units_at + units as usize * size_of::<UnitEntry>()).next_multiple_of(8);
        DirectoryLayout { chunks: chunks_at, pairs: pairs_at, units: units_at, bytes }
    }
}

/// Where the four columns of a pair block of `count` pairs stand, relative to its start, and its whole length.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PairsLayout {
    pub(crate) lows_by_value: usize,
    pub(crate) lows_by_id: usize,
    pub(crate) values_by_id: usize,
    pub(crate) bytes: usize,
}

impl PairsLayout {
    pub(crate) fn new(count: usize) -> PairsLayout {
        let lows_by_value = 4 * count;
        let lows_by_id = lows_by_value + 2 * count;
        let values_by_id = (lows_by_id + 2 * count).next_multiple_of(4);
        PairsLayout { lows_by_value, lows_by_id, values_by_id, bytes: values_by_id + 4 * count }
    }
}
