//! Checks every byte of a part, and says of each fault where it is and which tags it concerns.

use std::collections::BTreeSet;
use std::ops::Range;

use super::directory::check_layout;
use super::format::*;
use super::read::{BitmapView, Part};
use crate::error::Result;
use crate::ids::{BitmapId, TagId};

/// Bytes of a part that are not what was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PartFault {
    /// Where, in the file.
    pub(crate) bytes: Range<u64>,
    /// The tags whose bitmaps need these bytes, population tags among them; none where that cannot be known.
    pub(crate) tags: BTreeSet<TagId>,
    /// What is wrong.
    pub(crate) what: String,
}

impl Part {
    /// The units whose members anybody has read since it was opened, and which were checked for it.
    pub fn touched(&self) -> impl Iterator<Item = u32> {
        self.units.iter().map(|unit| unit as u32)
    }

    /// How many bytes of members have been read since it was opened: of the units that were checked. Errors: corrupt.
    pub fn touched_bytes(&self) -> Result<u64> {
        self.touched().map(|unit| Ok(self.unit_bytes(unit)?.len() as u64)).sum()
    }

    /// Whether all that holds a bitmap has been checked since the part was opened, so that reading it waits for
    /// nothing.
    pub(crate) fn is_verified(&self, view: &BitmapView) -> bool {
        let holds = |unit: u32| self.units.contains(unit as usize);
        match *view {
            BitmapView::Chunks { first, count, .. } => {
                let entries = self.chunk_entries(first, count).iter();
                entries.clone().all(|entry| entry.kind == kind::FULL || holds(entry.unit))
            }
            BitmapView::Pairs { pairs, .. } => {
                let mut entries = pairs.first..pairs.first + pairs.count;
                entries.all(|index| self.pairs_entry(index).is_ok_and(|entry| holds(entry.unit)))
            }
            BitmapView::Everyone => true,
        }
    }

    /// Checks everything: every page, every unit, and that what no checksum covers is zero. Errors: corrupt.
    pub fn check(&self) -> Result<()> {
        match self.faults().first() {
            Some(fault) => {
                Err(self.corrupt(&format!("{} (bytes {}..{})", fault.what, fault.bytes.start, fault.bytes.end)))
            }
            None => Ok(()),
        }
    }

    /// Everything that is wrong behind what opening checks.
    pub(crate) fn faults(&self) -> Vec<PartFault> {
        let mut faults = Vec::new();
        for page in 0..self.layout.bytes.div_ceil(PAGE_BYTES) {
            if self.verify_page(page).is_err() {
                faults.push(self.page_fault(page));
            }
        }
        let mut units = Vec::with_capacity(self.footer.unit_count as usize);
        let mut damaged = Vec::new();
        for index in 0..self.footer.unit_count {
            // Where the unit table itself is damaged, its page is told already.
            let Ok(entry) = self.unit_entry(index) else { continue };
            let range = u64::from(entry.offset)..u64::from(entry.offset) + u64::from(entry.length);
            if self.verify_unit(index).is_err() {
                damaged.push((index, range.clone()));
            }
            units.push(range);
        }
        for (index, bytes) in damaged {
            let what = "the unit fails its checksum".to_owned();
            faults.push(PartFault { bytes, tags: self.tags_of_unit(index), what });
        }
        if units.len() == self.footer.unit_count as usize {
            self.gap_faults(units, &mut faults);
        }
        let tail = self.footer.page_checksums_offset as usize + 4 * self.layout.bytes.div_ceil(PAGE_BYTES);
        faults.extend(self.not_zero(tail..self.bytes.len() - FOOTER_BYTES));
        faults
    }

    /// What lies between the units, and is not zero; units that overlap.
    fn gap_faults(&self, mut units: Vec<Range<u64>>, faults: &mut Vec<PartFault>) {
        units.sort_unstable_by_key(|unit| (unit.start, unit.end));
        let directory = self.footer.directory_offset;
        let mut position = HEADER_BYTES as u64;
        for unit in units.into_iter().chain(std::iter::once(directory..directory)) {
            if unit.start < position {
                let what = "two units share bytes".to_owned();
                faults.push(PartFault { bytes: unit.start..position, tags: BTreeSet::new(), what });
            } else {
                faults.extend(self.not_zero(position as usize..unit.start as usize));
            }
            position = position.max(unit.end);
        }
    }

    fn not_zero(&self, range: Range<usize>) -> Option<PartFault> {
        let gap = self.bytes.get(range.clone())?;
        let first = gap.iter().position(|&byte| byte != 0)?;
        let last = gap.iter().rposition(|&byte| byte != 0)?;
        let bytes = (range.start + first) as u64..(range.start + last + 1) as u64;
        Some(PartFault { bytes, tags: BTreeSet::new(), what: "padding is not zero".to_owned() })
    }

    fn page_fault(&self, page: usize) -> PartFault {
        let within = page * PAGE_BYTES..((page + 1) * PAGE_BYTES).min(self.layout.bytes);
        let start = self.footer.directory_offset;
        let entries = |table: Range<usize>, entry_bytes: usize| {
            let (from, to) = (within.start.max(table.start), within.end.min(table.end));
            (from < to)
                .then(|| ((from - table.start) / entry_bytes) as u32..((to - table.start).div_ceil(entry_bytes)) as u32)
        };
        let mut tags = BTreeSet::new();
        if let Some(chunks) = entries(self.layout.chunks..self.layout.pairs, size_of::<ChunkEntry>()) {
            tags.extend(self.tags_of_chunks(chunks));
        }
        let units_end = self.layout.units + self.footer.unit_count as usize * size_of::<UnitEntry>();
        for unit in entries(self.layout.units..units_end, size_of::<UnitEntry>()).into_iter().flatten() {
            tags.extend(self.tags_of_unit(unit));
        }
        PartFault {
            bytes: start + within.start as u64..start + within.end as u64,
            tags,
            what: format!("page {page} of the directory fails its checksum"),
        }
    }

    /// The tags with a bitmap among whose containers are `chunks` of the chunk table.
    fn tags_of_chunks(&self, chunks: Range<u32>) -> BTreeSet<TagId> {
        let entries = (0..self.footer.bitmap_count).filter_map(|index| self.bitmap_entry(index).ok());
        entries
            .filter(|entry| entry.form == form::CHUNKS)
            .filter(|entry| {
                let end = entry.first_chunk.saturating_add(entry.chunk_count);
                entry.first_chunk < chunks.end && chunks.start < end
            })
            .map(|entry| BitmapId(entry.bitmap).tag())
            .collect()
    }

    /// The tags whose containers or pairs lie in a unit, as far as the directory can be read.
    fn tags_of_unit(&self, unit: u32) -> BTreeSet<TagId> {
        let mut tags = BTreeSet::new();
        for index in 0..self.footer.chunk_count {
            if let Ok(entry) = self.table_entry::<ChunkEntry>(self.layout.chunks, index)
                && entry.unit == unit
                && entry.kind != kind::FULL
            {
                tags.extend(self.tags_of_chunks(index..index + 1));
            }
        }
        let pairs = (0..self.footer.pairs_count).filter_map(|index| self.pairs_entry(index).ok());
        tags.extend(pairs.filter(|entry| entry.unit == unit).map(|entry| TagId(entry.tag)));
        tags
    }
}

/// The bytes for which a part cannot be opened, as far as that can be told: header, footer or page checksums.
pub(crate) fn unopened_bytes(bytes: &[u8]) -> Range<u64> {
    let whole = 0..bytes.len() as u64;
    if bytes.len() < HEADER_BYTES + FOOTER_BYTES {
        return whole;
    }
    let header: Header = bytemuck::pod_read_unaligned(&bytes[..HEADER_BYTES]);
    if header.magic != HEADER_MAGIC || header.crc != header_crc(&header) || header.zero != [0; 28] {
        return 0..HEADER_BYTES as u64;
    }
    let footer: Footer = bytemuck::pod_read_unaligned(&bytes[bytes.len() - FOOTER_BYTES..]);
    let layout = check_layout(&footer, bytes.len());
    match layout.filter(|_| footer.crc == footer_crc(header.crc, &footer)) {
        Some(layout) => {
            let start = footer.page_checksums_offset;
            start..start + 4 * layout.bytes.div_ceil(PAGE_BYTES) as u64
        }
        None => whole.end - FOOTER_BYTES as u64..whole.end,
    }
}
