//! CSV: records of fields that know whether they were quoted, and on which line they start.
//!
//! Fields are bytes: nothing is trimmed, and UTF-8 is checked where a text is taken. A record that is not as the
//! format says is skipped and reported, the next ones are read. Blank lines are no records.

mod decode;
mod record;

pub(crate) use decode::decoded;
pub(crate) use record::{RecordReader, Records};

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use encoding_rs::{Encoding, UTF_8};
use muster_engine::{Error, Result};

use crate::mapping::{CsvOptions, encoding_label};

/// A CSV file whose header is read.
pub(crate) struct CsvTable {
    name: String,
    reader: RecordReader<Box<dyn Read + Send>>,
    columns: Vec<String>,
    /// The first record of a file without a header: it was read to count the fields.
    first: Option<Records>,
    bytes_read: Arc<AtomicU64>,
}

impl CsvTable {
    /// Reads the header.
    ///
    /// Errors: invalid, when the file is empty or its first record is malformed.
    pub(crate) fn open(
        name: &str,
        stream: Box<dyn Read + Send>,
        bytes_read: Arc<AtomicU64>,
        options: &CsvOptions,
        record_bytes_max: usize,
    ) -> Result<CsvTable> {
        let delimiter = u8::try_from(options.delimiter)
            .ok()
            .filter(u8::is_ascii)
            .ok_or_else(|| Error::invalid("the CSV delimiter must be one ASCII character"))?;
        let mut reader = RecordReader::new(decoded(stream, options.encoding), delimiter, record_bytes_max);
        let mut first = Records::new(None);
        reader.read(&mut first, 1).map_err(|error| fault(name, error))?;
        if let Some(malformed) = first.malformed.first() {
            return Err(Error::invalid(format!("{name}, line {}: {}", malformed.line, malformed.reason)));
        }
        if first.is_empty() {
            return Err(Error::invalid(format!("{name} is empty: it has no header and no rows")));
        }
        let fields = first.fields();
        let mut columns = Vec::with_capacity(fields);
        for column in 0..fields {
            let (text, _) = first.cell(0, column);
            columns.push(match (options.header, text) {
                (true, [_, ..]) => String::from_utf8(text.to_vec()).map_err(|_| {
                    let fault = not_text(options.encoding);
                    Error::invalid(format!("{name}: the name of column {}: {fault}", column + 1))
                })?,
                _ => format!("column_{}", column + 1),
            });
        }
        Ok(CsvTable { name: name.to_owned(), reader, columns, first: (!options.header).then_some(first), bytes_read })
    }

    /// The names of the columns.
    pub(crate) fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The next records, at most `rows_max`; empty and without malformed ones at the end of the file.
    pub(crate) fn next(&mut self, rows_max: usize) -> Result<Records> {
        if let Some(first) = self.first.take() {
            return Ok(first);
        }
        let mut records = Records::new(Some(self.columns.len()));
        self.reader.read(&mut records, rows_max).map_err(|error| fault(&self.name, error))?;
        Ok(records)
    }

    /// The bytes read so far, packed as they are.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.bytes_read.load(Ordering::Relaxed)
    }
}

fn fault(name: &str, error: std::io::Error) -> Error {
    crate::input::content_fault(name, error)
}

/// What is said of bytes that are no text of the encoding.
pub(crate) fn not_text(encoding: &'static Encoding) -> String {
    if encoding == UTF_8 {
        "the text is not UTF-8: mend it, or if all of the file is written otherwise, give csv = { encoding = \"gbk\" } \
         or what it is"
            .to_owned()
    } else {
        format!("the text is not {}", encoding_label(encoding))
    }
}
