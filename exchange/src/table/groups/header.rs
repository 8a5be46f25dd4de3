//! The header of a page: what it says of itself, before any of it is believed.

use parquet::basic::Encoding;

use super::compact::{Compact, Fault, Kind, Read};

/// What stands in front of a page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct PageHeader {
    /// The bytes of the page as it stands in the file, and unpacked.
    pub(super) packed_bytes: usize,
    pub(super) unpacked_bytes: usize,
    /// The CRC-32 of the page as it stands in the file, where the writer gave one.
    pub(super) checksum: Option<u32>,
    pub(super) page: PageKind,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum PageKind {
    Dictionary {
        values: u32,
        encoding: Encoding,
        is_sorted: bool,
    },
    /// Version 1 of data pages.
    Data {
        values: u32,
        encoding: Encoding,
        def_encoding: Encoding,
        rep_encoding: Encoding,
    },
    /// Version 2, whose levels are never packed.
    DataV2 {
        values: u32,
        nulls: u32,
        rows: u32,
        encoding: Encoding,
        def_bytes: u32,
        rep_bytes: u32,
        is_packed: bool,
    },
    /// What no reader needs.
    Other,
}

impl PageHeader {
    /// The header, and how many of `bytes` it takes.
    pub(super) fn read(bytes: &[u8]) -> Read<(PageHeader, usize)> {
        let mut compact = Compact::new(bytes);
        let (mut kind, mut sizes, mut checksum) = (None, [None; 2], None);
        let mut described: [Option<Described>; 9] = Default::default();
        compact.fields(&mut |compact, id, field| {
            match (id, field) {
                (1, Kind::Int) => kind = Some(compact.int()?),
                (2 | 3, Kind::Int) => sizes[id as usize - 2] = Some(count(compact.int()?)?),
                // A number of 32 bits that is written as a signed one.
                (4, Kind::Int) => checksum = Some(compact.int()? as u32),
                (5 | 7 | 8, Kind::Struct) => described[id as usize] = Some(Described::read(compact)?),
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        let [Some(unpacked), Some(packed)] = sizes else {
            return Err(Fault::Wrong("the header of a page says no length"));
        };
        let described = |id: usize| described[id].ok_or(Fault::Wrong("the header of a page does not describe it"));
        let page = match kind {
            Some(0) => described(5)?.data()?,
            Some(2) => described(7)?.dictionary()?,
            Some(3) => described(8)?.data_v2()?,
            _ => PageKind::Other,
        };
        let header = PageHeader { packed_bytes: packed as usize, unpacked_bytes: unpacked as usize, checksum, page };
        Ok((header, compact.at()))
    }
}

/// The numbers and the truth of one of the three descriptions, by the number of their field.
#[derive(Clone, Copy, Default)]
struct Described {
    numbers: [Option<u32>; 7],
    truths: [Option<bool>; 8],
}

impl Described {
    fn read(compact: &mut Compact<'_>) -> Read<Described> {
        let mut described = Described::default();
        compact.fields(&mut |compact, id, kind| {
            match (id, kind) {
                (1..7, Kind::Int) => described.numbers[id as usize] = Some(count(compact.int()?)?),
                (1..8, Kind::True | Kind::False) => described.truths[id as usize] = Some(kind == Kind::True),
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(described)
    }

    fn number(&self, id: usize) -> Read<u32> {
        self.numbers[id].ok_or(Fault::Wrong("the header of a page lacks a number"))
    }

    fn encoding(&self, id: usize) -> Read<Encoding> {
        encoding(self.number(id)?)
    }

    fn data(&self) -> Read<PageKind> {
        Ok(PageKind::Data {
            values: self.number(1)?,
            encoding: self.encoding(2)?,
            def_encoding: self.encoding(3)?,
            rep_encoding: self.encoding(4)?,
        })
    }

    fn dictionary(&self) -> Read<PageKind> {
        let is_sorted = self.truths[3].unwrap_or(false);
        Ok(PageKind::Dictionary { values: self.number(1)?, encoding: self.encoding(2)?, is_sorted })
    }

    fn data_v2(&self) -> Read<PageKind> {
        Ok(PageKind::DataV2 {
            values: self.number(1)?,
            nulls: self.number(2)?,
            rows: self.number(3)?,
            encoding: self.encoding(4)?,
            def_bytes: self.number(5)?,
            rep_bytes: self.number(6)?,
            is_packed: self.truths[7].unwrap_or(true),
        })
    }
}

/// Counts and lengths have 31 bits.
fn count(number: i64) -> Read<u32> {
    i32::try_from(number)
        .ok()
        .and_then(|number| u32::try_from(number).ok())
        .ok_or(Fault::Wrong("the header of a page has an impossible number"))
}

fn encoding(number: u32) -> Read<Encoding> {
    Ok(match number {
        0 => Encoding::PLAIN,
        2 => Encoding::PLAIN_DICTIONARY,
        3 => Encoding::RLE,
        #[expect(deprecated, reason = "old files have it")]
        4 => Encoding::BIT_PACKED,
        5 => Encoding::DELTA_BINARY_PACKED,
        6 => Encoding::DELTA_LENGTH_BYTE_ARRAY,
        7 => Encoding::DELTA_BYTE_ARRAY,
        8 => Encoding::RLE_DICTIONARY,
        9 => Encoding::BYTE_STREAM_SPLIT,
        _ => return Err(Fault::Wrong("a page has an unknown encoding")),
    })
}
