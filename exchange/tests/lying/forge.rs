//! Parquet files written byte by byte, so that they can lie: headers of pages and a footer in Thrift's compact
//! protocol.

/// A structure of Thrift that is being written.
#[derive(Default)]
pub(crate) struct Thrift {
    bytes: Vec<u8>,
    last: i64,
}

impl Thrift {
    fn field(&mut self, id: i64, kind: u8) {
        self.bytes.push(((id - self.last) as u8) << 4 | kind);
        self.last = id;
    }

    pub(crate) fn int(mut self, id: i64, number: i64) -> Thrift {
        self.field(id, 6);
        self.bytes.extend(varint((number << 1 ^ number >> 63) as u64));
        self
    }

    pub(crate) fn truth(mut self, id: i64, truth: bool) -> Thrift {
        self.field(id, if truth { 1 } else { 2 });
        self
    }

    pub(crate) fn text(mut self, id: i64, text: &str) -> Thrift {
        self.field(id, 8);
        self.bytes.extend(varint(text.len() as u64));
        self.bytes.extend(text.as_bytes());
        self
    }

    pub(crate) fn structure(mut self, id: i64, inner: Thrift) -> Thrift {
        self.field(id, 12);
        self.bytes.extend(inner.end());
        self
    }

    /// A list of structures that claims to be of `count`.
    pub(crate) fn list(mut self, id: i64, count: usize, elements: Vec<Thrift>) -> Thrift {
        self.field(id, 9);
        self.bytes.push(0xFC);
        self.bytes.extend(varint(count as u64));
        elements.into_iter().for_each(|element| self.bytes.extend(element.end()));
        self
    }

    /// A list of the number 0, as encodings are, or of one text.
    fn short_list(mut self, id: i64, text: Option<&str>) -> Thrift {
        self.field(id, 9);
        match text {
            None => self.bytes.extend([0x15, 0]),
            Some(text) => {
                self.bytes.push(0x18);
                self.bytes.extend(varint(text.len() as u64));
                self.bytes.extend(text.as_bytes());
            }
        }
        self
    }

    pub(crate) fn end(mut self) -> Vec<u8> {
        self.bytes.push(0);
        self.bytes
    }
}

pub(crate) fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

/// Encodings and codecs by their numbers.
pub(crate) const PLAIN: i64 = 0;
const RLE: i64 = 3;
pub(crate) const BIT_PACKED: i64 = 4;
pub(crate) const DELTA_LENGTHS: i64 = 6;
pub(crate) const DELTA_TEXTS: i64 = 7;
pub(crate) const CODES: i64 = 8;
pub(crate) const UNPACKED: i64 = 0;
pub(crate) const SNAPPY: i64 = 1;
pub(crate) const GZIP: i64 = 2;
pub(crate) const BROTLI: i64 = 4;
pub(crate) const ZSTD: i64 = 6;
pub(crate) const LZ4_RAW: i64 = 7;
/// How often a column has a value in a row: once, once or not, as often as it likes.
pub(crate) const REQUIRED: i64 = 0;
pub(crate) const OPTIONAL: i64 = 1;
pub(crate) const REPEATED: i64 = 2;

/// A page as it stands in a file, with what its header claims.
pub(crate) struct Forged {
    /// Data or a dictionary, by the number of its kind.
    pub(crate) is_dictionary: bool,
    pub(crate) values: i64,
    pub(crate) encoding: i64,
    /// What it claims to become.
    pub(crate) unpacked: i64,
    pub(crate) bytes: Vec<u8>,
    /// How it says that its levels are encoded.
    pub(crate) level_encoding: i64,
    /// What stands in front of it, where that is no header of its own.
    pub(crate) header: Option<Vec<u8>>,
}

impl Forged {
    pub(crate) fn data(values: i64, encoding: i64, bytes: Vec<u8>) -> Forged {
        let unpacked = bytes.len() as i64;
        Forged { is_dictionary: false, values, encoding, unpacked, bytes, level_encoding: RLE, header: None }
    }

    pub(crate) fn dictionary(values: i64, bytes: Vec<u8>) -> Forged {
        Forged { is_dictionary: true, ..Forged::data(values, PLAIN, bytes) }
    }

    /// As packed bytes that claim to become what they were.
    pub(crate) fn packed(self, pack: impl FnOnce(&[u8]) -> Vec<u8>) -> Forged {
        Forged { bytes: pack(&self.bytes), ..self }
    }

    fn write(&self) -> Vec<u8> {
        let head = Thrift::default().int(1, if self.is_dictionary { 2 } else { 0 });
        let head = head.int(2, self.unpacked).int(3, self.bytes.len() as i64);
        let described = Thrift::default().int(1, self.values).int(2, self.encoding);
        let head = match self.is_dictionary {
            true => head.structure(7, described.truth(3, false)),
            false => head.structure(5, described.int(3, self.level_encoding).int(4, self.level_encoding)),
        };
        [self.header.clone().unwrap_or_else(|| head.end()), self.bytes.clone()].concat()
    }
}

/// A column of a file with one row group.
pub(crate) struct Column {
    pub(crate) name: &'static str,
    /// Parquet's number of the physical type: 2 for 64 bits, 6 for bytes.
    pub(crate) physical: i64,
    pub(crate) repetition: i64,
    pub(crate) codec: i64,
    pub(crate) pages: Vec<Forged>,
}

/// The keys from 0 on, in a plain page.
pub(crate) fn ids(rows: u64) -> Column {
    let bytes = (0..rows).flat_map(u64::to_le_bytes).collect();
    let pages = vec![Forged::data(rows as i64, PLAIN, bytes)];
    Column { name: "id", physical: 2, repetition: REQUIRED, codec: UNPACKED, pages }
}

/// Texts in pages.
pub(crate) fn texts(pages: Vec<Forged>) -> Column {
    Column { name: "c", physical: 6, repetition: REQUIRED, codec: UNPACKED, pages }
}

/// A file of these columns that claims so many rows.
pub(crate) fn file(columns: &[Column], rows: i64) -> Vec<u8> {
    let mut bytes = b"PAR1".to_vec();
    let mut schema = vec![Thrift::default().text(4, "schema").int(5, columns.len() as i64)];
    let mut chunks = Vec::new();
    for column in columns {
        let element = Thrift::default().int(1, column.physical).int(3, column.repetition);
        let element = element.text(4, column.name);
        schema.push(if column.physical == 6 { element.int(6, 0) } else { element });
        let start = bytes.len() as i64;
        let (mut dictionary, mut data, mut values) = (None, None, 0);
        for page in &column.pages {
            let at = if page.is_dictionary { &mut dictionary } else { &mut data };
            at.get_or_insert(bytes.len() as i64);
            values = if page.is_dictionary { values } else { page.values.wrapping_add(values) };
            bytes.extend(page.write());
        }
        let length = bytes.len() as i64 - start;
        let meta = Thrift::default().int(1, column.physical).short_list(2, None).short_list(3, Some(column.name));
        let meta = meta.int(4, column.codec).int(5, values).int(6, length).int(7, length);
        let meta = meta.int(9, data.unwrap_or(start));
        let meta = if let Some(at) = dictionary { meta.int(11, at) } else { meta };
        chunks.push(Thrift::default().int(2, start).structure(3, meta));
    }
    let group = Thrift::default().list(1, chunks.len(), chunks).int(2, bytes.len() as i64).int(3, rows);
    let footer = Thrift::default().int(1, 1).list(2, schema.len(), schema).int(3, rows).list(4, 1, vec![group]);
    with_footer(bytes, footer)
}

pub(crate) fn with_footer(mut bytes: Vec<u8>, footer: Thrift) -> Vec<u8> {
    let footer = footer.end();
    bytes.extend(&footer);
    bytes.extend((footer.len() as u32).to_le_bytes());
    bytes.extend(b"PAR1");
    bytes
}

/// A text in a plain page or dictionary.
pub(crate) fn plain(text: &[u8]) -> Vec<u8> {
    [&(text.len() as u32).to_le_bytes(), text].concat()
}

/// A run of `length` levels or codes of at most eight bits.
pub(crate) fn run(length: u64, value: u8) -> Vec<u8> {
    [varint(length << 1), vec![value]].concat()
}

/// Levels in front of a page, behind their length.
pub(crate) fn levels(runs: &[Vec<u8>]) -> Vec<u8> {
    let levels = runs.concat();
    [&(levels.len() as u32).to_le_bytes(), &levels[..]].concat()
}

/// Codes of one bit behind their width.
pub(crate) fn codes(count: u64, code: u8) -> Vec<u8> {
    [vec![1], run(count, code)].concat()
}

/// `first` and then `rest` for ever, `count` numbers of 32 bits as differences.
pub(crate) fn deltas(count: u64, first: i32, rest: i32) -> Vec<u8> {
    const BLOCK: u64 = 1 << 14;
    const SMALL_BLOCKS: usize = 512;
    let zigzag = |number: i32| varint((i64::from(number) << 1 ^ i64::from(number) >> 63) as u64);
    let mut bytes = [varint(BLOCK), varint(SMALL_BLOCKS as u64), varint(count), zigzag(first)].concat();
    for block in 0..count.saturating_sub(1).div_ceil(BLOCK) {
        bytes.extend(zigzag(0));
        let mut widths = [0; SMALL_BLOCKS];
        widths[0] = if block == 0 { 32 } else { 0 };
        bytes.extend(widths);
        if block == 0 {
            bytes.extend(rest.wrapping_sub(first).to_le_bytes());
            bytes.extend([0; 31 * 4]);
        }
    }
    bytes
}
