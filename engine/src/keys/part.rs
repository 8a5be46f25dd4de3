//! A dictionary part: names of numbers, and numbers of names, for the keys of types and the values of tags.
//!
//! A scope is the population tag of a type (its keys) or a choice or set tag (its values). The bytes are read where
//! they lie; opening looks at header and footer only. A page is verified once, at its first touch; a relaxed bit
//! remembers it, two threads may both verify. What does not verify is a corrupt error, never a missing name.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Error, Result, ResultExt};
use crate::ids::TagId;
use crate::keys::format::{
    FOOTER_BYTES, Footer, HEADER_BYTES, PAGE_BYTES, SCOPE_BYTES, ScopeEntry, Tail, check_crc, check_header,
};
use crate::keys::scope::{Hashes, Scope};
use crate::storage::Mapped;

/// An immutable dictionary, mapped or in memory.
#[derive(Debug)]
pub(crate) struct NamesPart {
    bytes: Mapped,
    /// What errors call it.
    name: String,
    footer: Footer,
    tail: Tail,
    verified_pages: Bits,
    /// Pages of the page checksums.
    verified_tables: Bits,
}

/// Bits that are only ever set.
#[derive(Debug)]
struct Bits(Vec<AtomicU64>);

impl Bits {
    fn new(count: u64) -> Bits {
        Bits((0..count.div_ceil(64)).map(|_| AtomicU64::new(0)).collect())
    }

    fn is_set(&self, index: usize) -> bool {
        self.0[index / 64].load(Ordering::Relaxed) >> (index % 64) & 1 == 1
    }

    fn set(&self, index: usize) {
        self.0[index / 64].fetch_or(1 << (index % 64), Ordering::Relaxed);
    }
}

impl NamesPart {
    /// Opens a part: checks header, footer and lengths, and that the footer is the expected one.
    ///
    /// Errors: corrupt.
    pub(crate) fn open(bytes: Mapped, expected_footer_crc: Option<u32>) -> Result<NamesPart> {
        Self::open_checked(bytes, expected_footer_crc).context(|| "a dictionary part")
    }

    fn open_checked(bytes: Mapped, expected_footer_crc: Option<u32>) -> Result<NamesPart> {
        let len = bytes.len();
        if len < HEADER_BYTES + FOOTER_BYTES {
            return Err(Error::corrupt(format!("{len} bytes are too few")));
        }
        check_header(&bytes[..HEADER_BYTES])?;
        let (footer, tail, footer_crc) = Footer::decode(&bytes[len - FOOTER_BYTES..], len as u64)?;
        if let Some(expected) = expected_footer_crc.filter(|expected| *expected != footer_crc) {
            return Err(Error::corrupt(format!("expected the footer {expected:08x}, found {footer_crc:08x}")));
        }
        // The lengths were checked to add up to that of the mapped bytes, so they fit a usize.
        let roots_end = len - FOOTER_BYTES;
        let roots = &bytes[roots_end - tail.roots_bytes as usize..roots_end];
        check_crc("the roots", footer.roots_crc, roots)?;
        Ok(NamesPart {
            verified_pages: Bits::new(tail.page_count),
            verified_tables: Bits::new(tail.table_bytes.div_ceil(PAGE_BYTES as u64)),
            bytes,
            name: "a dictionary part".to_owned(),
            footer,
            tail,
        })
    }

    /// The same part with a name, mostly its file's, that its errors mention.
    pub(crate) fn with_name(mut self, name: impl Into<String>) -> NamesPart {
        self.name = name.into();
        self
    }

    /// The length of the part.
    pub(crate) fn byte_len(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Entries of all scopes together.
    #[cfg(test)]
    pub(crate) fn entry_count(&self) -> u64 {
        self.footer.entry_count
    }

    /// Scopes of the part.
    pub(crate) fn scope_count(&self) -> u32 {
        self.footer.scope_count
    }

    /// The scope at `index` of the directory, where scopes rise. Errors: corrupt.
    pub(crate) fn scope_at(&self, index: u32) -> Result<Scope<'_>> {
        let offset = self.footer.directory_offset() + u64::from(index) * SCOPE_BYTES as u64;
        let bytes = self.bytes_at(offset, SCOPE_BYTES as u64)?;
        let (entry, sections) = ScopeEntry::decode(bytes, self.footer.directory_offset()).context(|| &self.name)?;
        Ok(Scope::new(self, entry, sections))
    }

    /// The scope of `tag`, if the part has one. Errors: corrupt.
    pub(crate) fn scope(&self, tag: TagId) -> Result<Option<Scope<'_>>> {
        let (mut low, mut high) = (0, self.footer.scope_count);
        while low < high {
            let middle = low + (high - low) / 2;
            let offset = self.footer.directory_offset() + u64::from(middle) * SCOPE_BYTES as u64;
            match self.u32_at(offset)?.cmp(&tag.0) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return self.scope_at(middle).map(Some),
            }
        }
        Ok(None)
    }

    /// The scopes, rising. Errors: corrupt.
    pub(crate) fn scopes(&self) -> Result<Vec<TagId>> {
        let scopes = (0..self.footer.scope_count).map(|index| Ok(self.scope_at(index)?.tag()));
        scopes.collect()
    }

    /// The number of a name. Errors: corrupt.
    pub(crate) fn find(&self, tag: TagId, hash: u64, name: &[u8]) -> Result<Option<u32>> {
        match self.scope(tag)? {
            Some(scope) => scope.find(hash, name),
            None => Ok(None),
        }
    }

    /// The name of a number. Errors: corrupt.
    pub(crate) fn name(&self, tag: TagId, number: u32) -> Result<Option<&[u8]>> {
        match self.scope(tag)? {
            Some(scope) => scope.name(number),
            None => Ok(None),
        }
    }

    /// The hash of a number's name. Errors: corrupt.
    pub(crate) fn hash(&self, tag: TagId, number: u32) -> Result<Option<u64>> {
        match self.scope(tag)? {
            Some(scope) => scope.hash(number),
            None => Ok(None),
        }
    }

    /// The hashes of all numbers within `first..=last`. Errors: corrupt.
    pub(crate) fn hashes(&self, tag: TagId, first: u32, last: u32) -> Result<Hashes<'_>> {
        match self.scope(tag)? {
            Some(scope) => scope.hashes(first, last),
            None => Ok(Hashes::none()),
        }
    }

    /// Verifies every byte. Errors: corrupt.
    #[cfg(test)]
    pub(crate) fn verify(&self) -> Result<()> {
        self.bytes_at(0, self.footer.data_bytes)?;
        for index in 0..self.footer.scope_count {
            self.scope_at(index)?;
        }
        Ok(())
    }

    /// The pages of the data, in order.
    pub(super) fn page_ranges(&self) -> impl Iterator<Item = Range<u64>> + use<> {
        ranges(0..self.footer.data_bytes)
    }

    /// The pages of the page checksums, in order.
    pub(super) fn table_ranges(&self) -> impl Iterator<Item = Range<u64>> + use<> {
        ranges(self.tail.table_offset..self.tail.table_offset + self.tail.table_bytes)
    }

    /// Where the scope directory stands.
    pub(super) fn directory_range(&self) -> Range<u64> {
        self.footer.directory_offset()..self.footer.data_bytes
    }

    /// `len` verified bytes of the data. Errors: corrupt, when they do not verify or lie outside.
    pub(super) fn bytes_at(&self, offset: u64, len: u64) -> Result<&[u8]> {
        let end = offset
            .checked_add(len)
            .filter(|end| *end <= self.footer.data_bytes)
            .ok_or_else(|| self.corrupt(format!("{len} bytes at {offset} lie outside its data")))?;
        if len > 0 {
            let last = (end - 1) as usize / PAGE_BYTES;
            for page in offset as usize / PAGE_BYTES..=last {
                if !self.verified_pages.is_set(page) {
                    self.verify_page(page)?;
                }
            }
        }
        Ok(&self.bytes[offset as usize..end as usize])
    }

    pub(super) fn u32_at(&self, offset: u64) -> Result<u32> {
        let bytes = self.bytes_at(offset, 4)?;
        Ok(u32::from_le_bytes(bytes.try_into().unwrap_or_default()))
    }

    pub(super) fn u64_at(&self, offset: u64) -> Result<u64> {
        let bytes = self.bytes_at(offset, 8)?;
        Ok(u64::from_le_bytes(bytes.try_into().unwrap_or_default()))
    }

    #[cold]
    pub(super) fn corrupt(&self, what: impl std::fmt::Display) -> Error {
        Error::corrupt(format!("{}: {what}", self.name))
    }

    #[cold]
    pub(super) fn verify_page(&self, page: usize) -> Result<()> {
        let place = self.tail.table_offset as usize + page * 4;
        self.verify_table(page * 4 / PAGE_BYTES)?;
        let start = page * PAGE_BYTES;
        let end = (start + PAGE_BYTES).min(self.footer.data_bytes as usize);
        let what = format!("{}: page {page} at byte {start}", self.name);
        check_crc(&what, self.raw_u32(place), &self.bytes[start..end])?;
        self.verified_pages.set(page);
        Ok(())
    }

    /// Verifies one page of the page checksums against its root, which was verified by opening.
    pub(super) fn verify_table(&self, table: usize) -> Result<()> {
        if self.verified_tables.is_set(table) {
            return Ok(());
        }
        let table_end = (self.tail.table_offset + self.tail.table_bytes) as usize;
        let start = self.tail.table_offset as usize + table * PAGE_BYTES;
        let end = (start + PAGE_BYTES).min(table_end);
        let what = format!("{}: page checksums at byte {start}", self.name);
        check_crc(&what, self.raw_u32(table_end + table * 4), &self.bytes[start..end])?;
        self.verified_tables.set(table);
        Ok(())
    }

    /// Four bytes of the tail, whose place was computed from lengths that opening checked.
    fn raw_u32(&self, place: usize) -> u32 {
        u32::from_le_bytes(self.bytes[place..place + 4].try_into().unwrap_or_default())
    }
}

/// `whole` in pieces of a page.
fn ranges(whole: Range<u64>) -> impl Iterator<Item = Range<u64>> {
    let end = whole.end;
    whole.step_by(PAGE_BYTES).map(move |start| start..(start + PAGE_BYTES as u64).min(end))
}
