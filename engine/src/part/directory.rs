//! The directory of a part: its tables, searched in place, each page checked the first time it is touched.

use bytemuck::{try_cast_slice, try_from_bytes};

use super::Role;
use super::format::*;
use super::read::{BitmapView, Part};
use crate::error::{Error, Result};
use crate::ids::{BitmapId, ChunkId, TagId, ValueId};

/// The bitmap table begins with a page, and no entry of it lies on two.
const BITMAPS_PER_PAGE: usize = PAGE_BYTES / size_of::<BitmapEntry>();

impl Part {
    /// Where the members of an entry stand. Errors: corrupt.
    #[inline]
    pub(super) fn view(&self, entry: &BitmapEntry) -> Result<BitmapView> {
        match entry.form {
            form::EVERYONE => Ok(BitmapView::Everyone),
            form::PAIRS => {
                let id = BitmapId(entry.bitmap);
                let pairs = self.pairs(id.tag())?;
                Ok(BitmapView::Pairs {
                    pairs: pairs.ok_or_else(|| self.corrupt("the pairs of a value are missing"))?,
                    value: ValueId(id.slot()),
                    cardinality: entry.cardinality,
                })
            }
            form::CHUNKS => {
                let (first, count) = (entry.first_chunk, entry.chunk_count);
                let end = first.checked_add(count);
                if count == 0 || end.is_none_or(|end| end > self.footer.chunk_count) {
                    return Err(self.corrupt("a bitmap names containers that are not there"));
                }
                self.verify_range(
                    self.layout.chunks + first as usize * size_of::<ChunkEntry>(),
                    count as usize * size_of::<ChunkEntry>(),
                )?;
                let entries = self.chunk_entries(first, count);
                let (first_chunk, last_chunk) = (entries[0].chunk, entries[entries.len() - 1].chunk);
                Ok(BitmapView::Chunks {
                    first,
                    count,
                    first_chunk: ChunkId(first_chunk),
                    dense: u32::from(last_chunk).wrapping_sub(u32::from(first_chunk)) == count - 1,
                    cardinality: entry.cardinality,
                })
            }
            _ => Err(self.corrupt("a bitmap of unknown form")),
        }
    }

    /// The role of an entry. Errors: corrupt.
    pub(super) fn role(&self, entry: &BitmapEntry) -> Result<Role> {
        match entry.role {
            0 => Ok(Role::Added),
            1 => Ok(Role::Removed),
            _ => Err(self.corrupt("a bitmap of unknown role")),
        }
    }

    /// The first entry of the bitmap table at or after `(bitmap, role)`.
    pub(super) fn lower_bound(&self, bitmap: BitmapId, role: Role) -> Result<u32> {
        let entries = self.bitmap_entries()?;
        let is_before =
            |entry: &BitmapEntry| entry.bitmap < bitmap.0 || (entry.bitmap == bitmap.0 && entry.role < role as u8);
        // First the page, by the first entry of each that is looked at; then the entry, in a page that is checked.
        let (mut page, mut end) = (0, entries.len().div_ceil(BITMAPS_PER_PAGE));
        while page + 1 < end {
            let middle = page + (end - page) / 2;
            self.verify_bitmap_entry(middle * BITMAPS_PER_PAGE)?;
            if is_before(&entries[middle * BITMAPS_PER_PAGE]) {
                page = middle;
            } else {
                end = middle;
            }
        }
        let start = page * BITMAPS_PER_PAGE;
        let rest = &entries[start..];
        if rest.is_empty() {
            return Ok(start as u32);
        }
        self.verify_bitmap_entry(start)?;
        let inside = &rest[..rest.len().min(BITMAPS_PER_PAGE)];
        Ok((start + inside.partition_point(is_before)) as u32)
    }

    /// Calls `visit` with each value of a tag that has members here, or takes some away, until it says false; returns
    /// whether it never did. Errors: corrupt.
    pub fn visit_values_of(&self, tag: TagId, mut visit: impl FnMut(ValueId) -> bool) -> Result<bool> {
        let first = self.lower_bound(BitmapId::new(tag, BitmapId::VALUE_SLOT_MIN), Role::Added)?;
        for index in first..self.footer.bitmap_count {
            let bitmap = BitmapId(self.bitmap_entry(index)?.bitmap);
            if bitmap.tag() != tag || bitmap.slot() > BitmapId::VALUE_SLOT_MAX {
                break;
            }
            if !visit(ValueId(bitmap.slot())) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The entry of `bitmap` in `role`. Errors: corrupt.
    pub(super) fn find_entry(&self, bitmap: BitmapId, role: Role) -> Result<Option<&BitmapEntry>> {
        if bitmap < self.lowest() || bitmap > self.highest() {
            return Ok(None);
        }
        let index = self.lower_bound(bitmap, role)? as usize;
        let Some(entry) = self.bitmap_entries()?.get(index) else {
            return Ok(None);
        };
        self.verify_bitmap_entry(index)?;
        Ok((entry.bitmap == bitmap.0 && entry.role == role as u8).then_some(entry))
    }

    /// The bitmap table. An entry may be looked at once its page is checked.
    #[inline]
    fn bitmap_entries(&self) -> Result<&[BitmapEntry]> {
        let bytes = self.footer.bitmap_count as usize * size_of::<BitmapEntry>();
        let bytes = &self.bytes[self.footer.directory_offset as usize..][..bytes];
        try_cast_slice(bytes).map_err(|_| self.unaligned())
    }

    #[inline]
    fn verify_bitmap_entry(&self, index: usize) -> Result<()> {
        let page = index / BITMAPS_PER_PAGE;
        if self.pages.contains(page) { Ok(()) } else { self.verify_page(page) }
    }

    pub(super) fn pairs_lower_bound(&self, tag: u32) -> Result<u32> {
        let (mut low, mut high) = (0, self.footer.pairs_count);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.pairs_entry(middle)?.tag < tag {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }

    pub(super) fn bitmap_entry(&self, index: u32) -> Result<&BitmapEntry> {
        self.table_entry(0, index)
    }

    pub(super) fn pairs_entry(&self, index: u32) -> Result<&PairsEntry> {
        self.table_entry(self.layout.pairs, index)
    }

    pub(super) fn unit_entry(&self, index: u32) -> Result<&UnitEntry> {
        self.table_entry(self.layout.units, index)
    }

    /// Entry `index` of the table at `table`, its pages checked. REQUIRES: `index` is below the table's count.
    #[inline]
    pub(super) fn table_entry<T: bytemuck::Pod>(&self, table: usize, index: u32) -> Result<&T> {
        let start = table + index as usize * size_of::<T>();
        self.verify_range(start, size_of::<T>())?;
        let bytes = &self.bytes[self.footer.directory_offset as usize + start..][..size_of::<T>()];
        try_from_bytes(bytes).map_err(|_| self.unaligned())
    }

    #[cold]
    fn unaligned(&self) -> Error {
        self.corrupt("the directory is not aligned")
    }

    /// An entry of the chunk table. REQUIRES: a [`BitmapView`] covers it, so its page is checked.
    #[inline]
    pub(super) fn chunk_entry(&self, index: u32) -> &ChunkEntry {
        &self.chunk_entries(index, 1)[0]
    }

    /// Entries of the chunk table. REQUIRES: a [`BitmapView`] covers them, so their pages are checked.
    #[inline]
    pub(super) fn chunk_entries(&self, first: u32, count: u32) -> &[ChunkEntry] {
        let start =
            self.footer.directory_offset as usize + self.layout.chunks + first as usize * size_of::<ChunkEntry>();
        bytemuck::cast_slice(&self.bytes[start..start + count as usize * size_of::<ChunkEntry>()])
    }

    /// Checks the pages of directory bytes `start..start + length`.
    #[inline]
    pub(super) fn verify_range(&self, start: usize, length: usize) -> Result<()> {
        for page in start / PAGE_BYTES..(start + length).div_ceil(PAGE_BYTES) {
            if !self.pages.contains(page) {
                self.verify_page(page)?;
            }
        }
        Ok(())
    }

    #[cold]
    pub(super) fn verify_page(&self, page: usize) -> Result<()> {
        let directory = self.footer.directory_offset as usize;
        let start = page * PAGE_BYTES;
        let end = (start + PAGE_BYTES).min(self.layout.bytes);
        let checksum = self.footer.page_checksums_offset as usize + 4 * page;
        let expected: u32 = bytemuck::pod_read_unaligned(&self.bytes[checksum..checksum + 4]);
        if crc32fast::hash(&self.bytes[directory + start..directory + end]) != expected {
            return Err(self.corrupt(&format!("page {page} of the directory fails its checksum")));
        }
        self.pages.insert(page);
        Ok(())
    }
}

/// The layout of the directory, if the footer's offsets and lengths agree with the file's length.
pub(super) fn check_layout(footer: &Footer, file_bytes: usize) -> Option<DirectoryLayout> {
    let layout = DirectoryLayout::new(footer.bitmap_count, footer.chunk_count, footer.pairs_count, footer.unit_count);
    let checksums = 4 * layout.bytes.div_ceil(PAGE_BYTES) as u64;
    let directory_end = footer.directory_offset.checked_add(footer.directory_bytes)?;
    let checksums_end = footer.page_checksums_offset.checked_add(checksums)?;
    let agrees = footer.file_bytes == file_bytes as u64
        && footer.directory_bytes == layout.bytes as u64
        && footer.directory_offset >= HEADER_BYTES as u64
        && footer.directory_offset.is_multiple_of(ALIGNMENT as u64)
        && footer.page_checksums_offset == directory_end
        && checksums_end.next_multiple_of(8).checked_add(FOOTER_BYTES as u64)? == footer.file_bytes;
    agrees.then_some(layout)
}
