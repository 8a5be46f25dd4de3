//! The pages of one column, given to the decoders one by one: read, checked against the bytes that are there, charged
//! to the budget, and only then unpacked.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use parquet::basic::{Compression, Encoding};
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::ParquetError;

use super::budget::{Budget, Refusal};
use super::compact::Fault;
use super::cost::{DataPage, Dictionary, Leaf};
use super::header::{PageHeader, PageKind};
use super::levels;
use super::unpack::Unpacker;

/// What is read of a header at first; most are shorter.
const HEADER_BYTES: u64 = 256;
/// The longest header of a page: its statistics have the least and the largest value.
const HEADER_BYTES_MAX: u64 = 1 << 20;

type Result<T> = std::result::Result<T, ParquetError>;

/// See the module.
pub(super) struct ColumnPages {
    file: Arc<File>,
    /// What is left of the column's bytes.
    at: u64,
    end: u64,
    /// The header that stands in front of `at`, once it is read.
    header: Option<PageHeader>,
    leaf: Leaf,
    column: usize,
    unpacker: Option<Unpacker>,
    dictionary: Dictionary,
    /// The rows of the pages before.
    rows: u64,
    budget: Arc<Budget>,
}

/// Where a column stands in a file.
pub(super) struct Place {
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) compression: Compression,
    pub(super) column: usize,
}

impl ColumnPages {
    pub(super) fn new(file: Arc<File>, place: &Place, leaf: Leaf, budget: Arc<Budget>) -> Result<ColumnPages> {
        Ok(ColumnPages {
            file,
            at: place.start,
            end: place.end,
            header: None,
            leaf,
            column: place.column,
            unpacker: Unpacker::of(place.compression)?,
            dictionary: Dictionary::default(),
            rows: 0,
            budget,
        })
    }

    fn damaged(&self, why: impl Into<String>) -> ParquetError {
        let why = why.into();
        self.budget.refuse(Refusal::Damaged(why.clone()));
        ParquetError::General(why)
    }

    /// The budget has kept by how much.
    fn too_much(&self) -> ParquetError {
        ParquetError::General("more than may be held at once".to_owned())
    }

    /// The next header that a reader needs; `None` at the end.
    fn peek(&mut self) -> Result<Option<PageHeader>> {
        while self.header.is_none() && self.at < self.end {
            let header = self.read_header()?;
            if header.packed_bytes as u64 > self.end - self.at {
                return Err(self.damaged("a page claims more bytes than follow"));
            }
            match header.page {
                PageKind::Other => self.at += header.packed_bytes as u64,
                _ => self.header = Some(header),
            }
        }
        Ok(self.header)
    }

    fn read_header(&mut self) -> Result<PageHeader> {
        let mut bytes = HEADER_BYTES;
        loop {
            let there = bytes.min(self.end - self.at);
            let read = self.read_at(there as usize)?;
            match PageHeader::read(&read) {
                Ok((header, length)) => {
                    self.at += length as u64;
                    return Ok(header);
                }
                Err(Fault::Ends) if there == bytes && bytes < HEADER_BYTES_MAX => bytes *= 16,
                Err(Fault::Ends) => return Err(self.damaged("the header of a page is cut off or too long")),
                Err(Fault::Wrong(why)) => return Err(self.damaged(why)),
            }
        }
    }

    fn read_at(&self, bytes: usize) -> io::Result<Vec<u8>> {
        let mut buffer = vec![0; bytes];
        self.file.read_exact_at(&mut buffer, self.at)?;
        Ok(buffer)
    }

    /// The page behind `header`, unpacked but for the levels in front, which are not packed.
    fn read_page(&mut self, header: &PageHeader) -> Result<Vec<u8>> {
        let (plain_bytes, is_packed) = match header.page {
            PageKind::DataV2 { def_bytes, rep_bytes, is_packed, .. } => {
                (def_bytes as usize + rep_bytes as usize, is_packed)
            }
            _ => (0, true),
        };
        let (packed, unpacked) = (header.packed_bytes, header.unpacked_bytes);
        if plain_bytes > packed || plain_bytes > unpacked {
            return Err(self.damaged("the levels of a page are longer than it"));
        }
        let is_packed = is_packed && self.unpacker.is_some();
        let bytes_max = match &self.unpacker {
            Some(unpacker) if is_packed => unpacker.unpacked_bytes_max((packed - plain_bytes) as u64),
            _ => (packed - plain_bytes) as u64,
        };
        if (unpacked - plain_bytes) as u64 > bytes_max {
            return Err(self.damaged(format!("a page of {packed} packed bytes claims to become {unpacked}")));
        }
        let lengths = self.lengths_bytes(header);
        if !self.budget.has_room((packed + if is_packed { unpacked } else { 0 }) as u64 + lengths) {
            return Err(self.too_much());
        }
        let bytes = self.read_at(packed)?;
        self.at += packed as u64;
        if header.checksum.is_some_and(|checksum| crc32fast::hash(&bytes) != checksum) {
            return Err(self.damaged("a page has not the checksum that it had when it was written"));
        }
        let Some(unpacker) = self.unpacker.as_mut().filter(|_| is_packed) else {
            return Ok(bytes);
        };
        let mut page = Vec::with_capacity(unpacked + 1);
        page.extend_from_slice(&bytes[..plain_bytes]);
        let rest = unpacked - plain_bytes;
        // A page of nulls alone has nothing behind its levels.
        let done = if rest > 0 { unpacker.unpack(&bytes[plain_bytes..], rest, &mut page) } else { Ok(()) };
        match done {
            Ok(()) => Ok(page),
            Err(why) => Err(self.damaged(format!("a page of {packed} bytes does not unpack: {why}"))),
        }
    }

    fn lengths_bytes(&self, header: &PageHeader) -> u64 {
        match header.page {
            PageKind::Data { values, encoding, .. } | PageKind::DataV2 { values, encoding, .. } => {
                self.leaf.lengths_bytes(encoding, values.into())
            }
            _ => 0,
        }
    }

    fn hold_dictionary(&mut self, page: &[u8], values: u32) -> Result<()> {
        if self.dictionary.is_present || self.rows > 0 {
            return Err(self.damaged("a column has two dictionaries, or one behind its values"));
        }
        let Some((dictionary, bytes)) = self.leaf.dictionary(page, values.into()) else {
            return Err(self.damaged(format!("a dictionary of {} bytes claims {values} values", page.len())));
        };
        self.dictionary = dictionary;
        // The page is let go after the dictionary is made.
        match self.budget.hold_dictionary(self.column, bytes) && self.budget.has_room(page.len() as u64) {
            true => Ok(()),
            false => Err(self.too_much()),
        }
    }

    fn hold_page(&mut self, page: &DataPage<'_>) -> Result<()> {
        self.rows += page.lists.map_or(page.values, |lists| lists.rows);
        let Some(cost) = self.leaf.cost(page, &mut self.dictionary, self.budget.rows_at_once()) else {
            return Err(self.damaged("the texts of a page are not as long as it says"));
        };
        match self.budget.hold_page(self.column, cost, self.rows) {
            true => Ok(()),
            false => Err(self.too_much()),
        }
    }

    fn check_data(&mut self, page: &[u8], header: &PageHeader) -> Result<()> {
        let (values, encoding, parts) = match header.page {
            PageKind::DataV2 { values, encoding, def_bytes, rep_bytes, .. } => {
                let rest = page.split_at_checked(rep_bytes as usize);
                let parts = rest.and_then(|(repetition, rest)| {
                    let (definition, body) = rest.split_at_checked(def_bytes as usize)?;
                    Some(Parts { repetition, definition, body })
                });
                (values, encoding, parts)
            }
            PageKind::Data { values, encoding, def_encoding, rep_encoding } => {
                self.refuse_old_levels(def_encoding, rep_encoding)?;
                (values, encoding, Parts::of_version_1(page, &self.leaf))
            }
            _ => return Ok(()),
        };
        let Some(parts) = parts else {
            return Err(self.damaged("the levels of a page are longer than it"));
        };
        let lists = match self.lists(&parts, values.into()) {
            Ok(lists) => lists,
            Err(why) => return Err(self.damaged(why)),
        };
        let bytes = page.len() as u64;
        self.hold_page(&DataPage { bytes, values: values.into(), encoding, lists, body: parts.body })
    }

    /// The writers of the old form, one level behind the other, do not agree on the order of its bits.
    fn refuse_old_levels(&self, definition: Encoding, repetition: Encoding) -> Result<()> {
        let is_old = |is_there: bool, encoding: Encoding| is_there && encoding != Encoding::RLE;
        if is_old(self.leaf.depth.max > 0, definition) || is_old(self.leaf.is_list, repetition) {
            let why =
                "the levels of a page are not in runs (RLE), and no other form of them is read: write the file again";
            self.budget.refuse(Refusal::NotRead(why));
            return Err(ParquetError::General(why.to_owned()));
        }
        Ok(())
    }

    /// What lists the page has; `None` where each value is a row.
    fn lists(&self, parts: &Parts<'_>, values: u64) -> std::result::Result<Option<levels::Lists>, String> {
        let depth = self.leaf.depth;
        if self.leaf.is_list {
            let both = (parts.repetition, parts.definition);
            return levels::count(both, depth, values, self.budget.rows_at_once()).map(Some);
        }
        if depth.max > 0 {
            levels::check(parts.definition, depth.max, values)?;
        }
        Ok(None)
    }
}

/// What a page of data is made of.
struct Parts<'a> {
    repetition: &'a [u8],
    definition: &'a [u8],
    body: &'a [u8],
}

impl Parts<'_> {
    fn of_version_1<'a>(page: &'a [u8], leaf: &Leaf) -> Option<Parts<'a>> {
        let none = &page[..0];
        let (repetition, rest) = if leaf.is_list { take_levels(page)? } else { (none, page) };
        let (definition, body) = if leaf.depth.max > 0 { take_levels(rest)? } else { (none, rest) };
        Some(Parts { repetition, definition, body })
    }
}

/// The levels of version 1, and what is behind them.
fn take_levels(page: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = page.split_first_chunk()?;
    rest.split_at_checked(u32::from_le_bytes(*length) as usize)
}

impl Iterator for ColumnPages {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Result<Page>> {
        self.get_next_page().transpose()
    }
}

impl PageReader for ColumnPages {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        let Some(header) = self.peek()? else {
            return Ok(None);
        };
        self.header = None;
        let page = self.read_page(&header)?;
        if let PageKind::Dictionary { values, .. } = header.page {
            self.hold_dictionary(&page, values)?;
        } else {
            self.check_data(&page, &header)?;
        }
        let buf = page.into();
        Ok(Some(match header.page {
            PageKind::Dictionary { values, encoding, is_sorted } => {
                Page::DictionaryPage { buf, num_values: values, encoding, is_sorted }
            }
            PageKind::Data { values, encoding, def_encoding, rep_encoding } => Page::DataPage {
                buf,
                num_values: values,
                encoding,
                def_level_encoding: def_encoding,
                rep_level_encoding: rep_encoding,
                statistics: None,
            },
            PageKind::DataV2 { values, nulls, rows, encoding, def_bytes, rep_bytes, is_packed } => Page::DataPageV2 {
                buf,
                num_values: values,
                encoding,
                num_nulls: nulls,
                num_rows: rows,
                def_levels_byte_len: def_bytes,
                rep_levels_byte_len: rep_bytes,
                is_compressed: is_packed,
                statistics: None,
            },
            PageKind::Other => return Err(self.damaged("a page of an unknown kind")),
        }))
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        let Some(header) = self.peek()? else {
            return Ok(None);
        };
        let (num_rows, num_levels, is_dict) = match header.page {
            PageKind::Dictionary { .. } | PageKind::Other => (None, None, true),
            PageKind::Data { values, .. } => (None, Some(values as usize), false),
            PageKind::DataV2 { values, rows, .. } => (Some(rows as usize), Some(values as usize), false),
        };
        Ok(Some(PageMetadata { num_rows, num_levels, is_dict }))
    }

    fn skip_next_page(&mut self) -> Result<()> {
        if let Some(header) = self.peek()? {
            self.header = None;
            self.at += header.packed_bytes as u64;
            self.rows += match header.page {
                PageKind::Data { values, .. } => values.into(),
                PageKind::DataV2 { rows, .. } => rows.into(),
                PageKind::Dictionary { .. } | PageKind::Other => 0,
            };
        }
        Ok(())
    }

    /// Pages of version 2 begin with a row.
    fn at_record_boundary(&mut self) -> Result<bool> {
        Ok(self.peek_next_page()?.is_none_or(|next| next.num_rows.is_some()))
    }
}
