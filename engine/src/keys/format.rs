//! The layout of a dictionary part; `docs/formats/names.md` is its text.
//!
//! header, sections of each scope, scope directory (all in checksummed pages), page checksums, checksums of those,
//! footer. The footer's checksum stands for the whole: manifest, footer, roots, page checksums, page.

use crate::codec::{Reader, Writer, crc32};
use crate::error::{Error, Result};
use crate::formats::NAMES;
use crate::ids::TagId;

pub(super) const HEADER_MAGIC: [u8; 8] = *b"MUSTRNAM";
pub(super) const FOOTER_MAGIC: [u8; 8] = *b"MUSTREND";
pub(super) const VERSION: u32 = NAMES.newest();
pub(super) const HEADER_BYTES: usize = 64;
pub(super) const FOOTER_BYTES: usize = 64;
pub(super) const SCOPE_BYTES: usize = 48;
/// The unit of checksum of sections, directory and page checksums.
pub(super) const PAGE_BYTES: usize = 16 << 10;
/// Sections begin on multiples of this.
pub(super) const SECTION_ALIGNMENT: u64 = 8;
/// Names whose offsets count from one base.
pub(super) const GROUP_NAMES: u32 = 1 << 16;
/// The longest name; a group of them stays below 2^32 bytes.
pub(super) const NAME_BYTES_MAX: usize = 16 << 10;
/// The largest number of buckets is 2 to the power of this.
pub(super) const BUCKET_BITS_MAX: u8 = 28;
/// Entries that a bucket holds on average, at least; twice as many at most.
const BUCKET_ENTRIES: u32 = 4;
/// The leading bits of a hash that choose a shard, so that they are the same for all keys of one.
const SHARD_BITS: u32 = 16;
/// `name_bytes_each` of a scope whose names differ in length.
pub(super) const VARYING: u32 = u32::MAX;
const NUMBERS_LISTED: u8 = 1;

const _: () = assert!(PAGE_BYTES.is_multiple_of(8) && SCOPE_BYTES.is_multiple_of(8));
const _: () = assert!((GROUP_NAMES as u64) * (NAME_BYTES_MAX as u64) <= u32::MAX as u64);

/// The order of entries: by hash without the shard's bits first, so that buckets fill evenly in every shard.
pub(super) const fn sort_key(hash: u64) -> u64 {
    hash.rotate_left(SHARD_BITS)
}

/// The hash whose sort key this is.
pub(super) const fn hash_of(sort_key: u64) -> u64 {
    sort_key.rotate_right(SHARD_BITS)
}

/// The byte that tells most strangers of a bucket apart without a look at their names.
pub(super) const fn fingerprint(hash: u64) -> u8 {
    hash as u8
}

/// The bucket of a sort key among `2^bits`.
pub(super) const fn bucket_of(sort_key: u64, bits: u8) -> u32 {
    if bits == 0 { 0 } else { (sort_key >> (64 - bits as u32)) as u32 }
}

/// The number of bucket bits for `count` entries.
pub(super) const fn bucket_bits(count: u32) -> u8 {
    let buckets = count / BUCKET_ENTRIES;
    let bits = if buckets == 0 { 0 } else { buckets.ilog2() as u8 };
    if bits < BUCKET_BITS_MAX { bits } else { BUCKET_BITS_MAX }
}

/// The first 64 bytes.
pub(super) fn encode_header() -> Vec<u8> {
    let mut writer = Writer::new();
    writer.bytes(&HEADER_MAGIC);
    writer.u32(VERSION);
    writer.u32(PAGE_BYTES as u32);
    writer.zeros(HEADER_BYTES - 20);
    let crc = crc32(writer.as_bytes());
    writer.u32(crc);
    writer.into_bytes()
}

/// Errors: corrupt, when these are not the first 64 bytes of a part; invalid, when a newer program wrote it.
pub(super) fn check_header(bytes: &[u8]) -> Result<()> {
    let mut reader = Reader::new(bytes);
    if reader.array::<8>()? != HEADER_MAGIC {
        return Err(Error::corrupt("its first bytes are not those of a names file (wrong magic)"));
    }
    let version = reader.u32()?;
    check_crc("the header", Reader::at(bytes, HEADER_BYTES - 4)?.u32()?, &bytes[..HEADER_BYTES - 4])?;
    NAMES.check(version)?;
    if reader.u32()? != PAGE_BYTES as u32 {
        return Err(Error::corrupt("the header names a page size other than 16384"));
    }
    reader.zeros(HEADER_BYTES - 20)
}

pub(super) fn check_crc(what: &str, expected: u32, bytes: &[u8]) -> Result<()> {
    let found = crc32(bytes);
    if found != expected {
        return Err(Error::corrupt(format!("{what}: expected checksum {expected:08x}, found {found:08x}")));
    }
    Ok(())
}

/// The last 64 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Footer {
    /// Scopes in the directory.
    pub(super) scope_count: u32,
    /// Entries of all scopes.
    pub(super) entry_count: u64,
    /// The length of header, sections and directory.
    pub(super) data_bytes: u64,
    /// The checksum of the roots.
    pub(super) roots_crc: u32,
}

/// Where everything behind the pages lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Tail {
    /// Pages of data.
    pub(super) page_count: u64,
    /// The offset of the page checksums, which is the end of the data.
    pub(super) table_offset: u64,
    /// The padded length of the page checksums.
    pub(super) table_bytes: u64,
    /// The padded length of the roots, the checksums of the page checksums.
    pub(super) roots_bytes: u64,
}

impl Tail {
    /// The tail behind `data_bytes`, when no length overflows.
    pub(super) fn behind(data_bytes: u64) -> Option<Tail> {
        let page_count = data_bytes.div_ceil(PAGE_BYTES as u64);
        let table_bytes = page_count.checked_mul(4)?.checked_next_multiple_of(SECTION_ALIGNMENT)?;
        let root_count = table_bytes.div_ceil(PAGE_BYTES as u64);
        Some(Tail {
            page_count,
            table_offset: data_bytes,
            table_bytes,
            roots_bytes: (root_count * 4).next_multiple_of(SECTION_ALIGNMENT),
        })
    }

    pub(super) fn roots_offset(&self) -> Option<u64> {
        self.table_offset.checked_add(self.table_bytes)
    }

    /// The length of the whole part.
    pub(super) fn file_bytes(&self) -> Option<u64> {
        self.roots_offset()?.checked_add(self.roots_bytes)?.checked_add(FOOTER_BYTES as u64)
    }
}

impl Footer {
    /// The bytes, of which the last four are their own checksum.
    pub(super) fn encode(&self, file_bytes: u64) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.bytes(&FOOTER_MAGIC);
        writer.u32(VERSION);
        writer.u32(self.scope_count);
        writer.u64(file_bytes);
        writer.u64(self.data_bytes);
        writer.u64(self.entry_count);
        writer.u32(self.roots_crc);
        writer.zeros(16);
        let crc = crc32(writer.as_bytes());
        writer.u32(crc);
        writer.into_bytes()
    }

    /// The footer of a part of `file_bytes`, its tail, and its checksum. Errors: corrupt.
    pub(super) fn decode(bytes: &[u8], file_bytes: u64) -> Result<(Footer, Tail, u32)> {
        let mut reader = Reader::new(bytes);
        if reader.array::<8>()? != FOOTER_MAGIC {
            return Err(Error::corrupt("the last bytes are not a footer"));
        }
        let version = reader.u32()?;
        if version != VERSION {
            return Err(Error::corrupt(format!("the footer has format version {version}, the header {VERSION}")));
        }
        let scope_count = reader.u32()?;
        let written_bytes = reader.u64()?;
        let footer =
            Footer { scope_count, data_bytes: reader.u64()?, entry_count: reader.u64()?, roots_crc: reader.u32()? };
        reader.zeros(16)?;
        let crc = reader.u32()?;
        check_crc("the footer", crc, &bytes[..FOOTER_BYTES - 4])?;
        let tail = Tail::behind(footer.data_bytes)
            .filter(|tail| tail.file_bytes() == Some(file_bytes) && written_bytes == file_bytes)
            .ok_or_else(|| Error::corrupt(format!("expected a length of {written_bytes} bytes, found {file_bytes}")))?;
        let least = HEADER_BYTES as u64 + u64::from(scope_count) * SCOPE_BYTES as u64;
        if footer.data_bytes < least || !footer.data_bytes.is_multiple_of(SECTION_ALIGNMENT) {
            return Err(Error::corrupt(format!("{scope_count} scopes do not fit {} bytes of data", footer.data_bytes)));
        }
        Ok((footer, tail, crc))
    }

    /// The offset of the scope directory, which ends with the data.
    pub(super) fn directory_offset(&self) -> u64 {
        self.data_bytes - u64::from(self.scope_count) * SCOPE_BYTES as u64
    }
}

/// A scope in the directory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct ScopeEntry {
    pub(super) scope: TagId,
    /// Whether the numbers have holes, so that they are listed.
    pub(super) is_listed: bool,
    pub(super) bucket_bits: u8,
    pub(super) count: u32,
    pub(super) first: u32,
    pub(super) last: u32,
    /// The length of every name, or [`VARYING`].
    pub(super) name_bytes_each: u32,
    /// The offset of the scope's first section.
    pub(super) start: u64,
    /// The length of all names together.
    pub(super) names_bytes: u64,
}

/// Where the sections of a scope begin.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Sections {
    pub(super) numbers: u64,
    pub(super) hashes: u64,
    pub(super) buckets: u64,
    pub(super) order: u64,
    pub(super) fingerprints: u64,
    pub(super) bases: u64,
    pub(super) offsets: u64,
    pub(super) names: u64,
    pub(super) end: u64,
}

impl ScopeEntry {
    pub(super) fn encode(&self, writer: &mut Writer) {
        writer.u32(self.scope.0);
        // The key namespace, reserved.
        writer.u8(0);
        writer.u8(if self.is_listed { NUMBERS_LISTED } else { 0 });
        writer.u8(self.bucket_bits);
        writer.u8(0);
        writer.u32(self.count);
        writer.u32(self.first);
        writer.u32(self.last);
        writer.u32(self.name_bytes_each);
        // The pointer to aliases, reserved.
        writer.u64(0);
        writer.u64(self.start);
        writer.u64(self.names_bytes);
    }

    /// The entry whose sections all lie before `data_end`. Errors: corrupt.
    pub(super) fn decode(bytes: &[u8], data_end: u64) -> Result<(ScopeEntry, Sections)> {
        let mut reader = Reader::new(bytes);
        let scope = TagId(reader.u32()?);
        reader.zeros(1)?;
        let bits = reader.u8()?;
        let bucket_bits = reader.u8()?;
        reader.zeros(1)?;
        let entry = ScopeEntry {
            scope,
            is_listed: bits & NUMBERS_LISTED != 0,
            bucket_bits,
            count: reader.u32()?,
            first: reader.u32()?,
            last: reader.u32()?,
            name_bytes_each: reader.u32()?,
            start: {
                reader.zeros(8)?;
                reader.u64()?
            },
            names_bytes: reader.u64()?,
        };
        let span = u64::from(entry.last) + 1;
        let span = span.saturating_sub(u64::from(entry.first));
        let numbers_fit = match entry.is_listed {
            true => span > u64::from(entry.count),
            false => span == u64::from(entry.count),
        };
        let lengths_fit = entry.name_bytes_each == VARYING
            || u64::from(entry.count) * u64::from(entry.name_bytes_each) == entry.names_bytes;
        let sound = bits & !NUMBERS_LISTED == 0
            && entry.count > 0
            && numbers_fit
            && lengths_fit
            && bucket_bits <= BUCKET_BITS_MAX
            && entry.start.is_multiple_of(SECTION_ALIGNMENT)
            && entry.start >= HEADER_BYTES as u64;
        let sections = entry.sections().filter(|sections| sections.end <= data_end);
        match sections {
            Some(sections) if sound => Ok((entry, sections)),
            _ => Err(Error::corrupt(format!("the directory entry of tag {scope} is not sound"))),
        }
    }

    /// How many bases of name offsets the scope has.
    pub(super) fn base_count(&self) -> u64 {
        match self.name_bytes_each {
            VARYING => u64::from(self.count.div_ceil(GROUP_NAMES)) + 1,
            _ => 0,
        }
    }

    /// The places of the sections, when they do not overflow.
    pub(super) fn sections(&self) -> Option<Sections> {
        let count = u64::from(self.count);
        let listed = if self.is_listed { count } else { 0 };
        let varying = if self.name_bytes_each == VARYING { count } else { 0 };
        let behind = |start: u64, bytes: u64| start.checked_add(bytes)?.checked_next_multiple_of(SECTION_ALIGNMENT);
        let numbers = self.start;
        let hashes = behind(numbers, 4 * listed)?;
        let buckets = behind(hashes, 8 * count)?;
        let order = behind(buckets, 4 * ((1u64 << self.bucket_bits.min(BUCKET_BITS_MAX)) + 1))?;
        let fingerprints = behind(order, 4 * count)?;
        let bases = behind(fingerprints, count)?;
        let offsets = behind(bases, 8 * self.base_count())?;
        let names = behind(offsets, 4 * varying)?;
        Some(Sections {
            numbers,
            hashes,
            buckets,
            order,
            fingerprints,
            bases,
            offsets,
            names,
            end: behind(names, self.names_bytes)?,
        })
    }
}
