//! The reader of records.

use std::io::{self, Read};

use crate::mapping::COLUMNS_MAX;
use crate::reject::{RAW_BYTES_MAX, raw_text};

/// The bytes that are read at once.
const BUFFER_BYTES: usize = 1 << 18;
/// The bytes of fields after which a run of records ends.
const RUN_BYTES: usize = 1 << 20;
/// Marks the end of a field that was quoted. Ends stay below it: a run is [`RUN_BYTES`] and one record at most, and a
/// record is bounded by [`RECORD_BYTES_LIMIT`].
const QUOTED: u32 = 1 << 31;
/// No option makes records longer than this.
const RECORD_BYTES_LIMIT: usize = 1 << 30;

/// A run of records of one number of fields.
pub(crate) struct Records {
    /// The fields of all records, unquoted, one behind the other, a delimiter behind each.
    bytes: Vec<u8>,
    /// The end of each field in `bytes`, with [`QUOTED`].
    ends: Vec<u32>,
    /// The line on which each record starts.
    lines: Vec<u64>,
    fields: Option<usize>,
    /// The records that are not as they should be.
    pub(crate) malformed: Vec<Malformed>,
}

/// A record that is skipped.
pub(crate) struct Malformed {
    pub(crate) line: u64,
    pub(crate) reason: String,
    pub(crate) raw: String,
}

impl Records {
    /// No records. Without `fields` the first record says how many there are.
    pub(crate) fn new(fields: Option<usize>) -> Records {
        Records { bytes: Vec::new(), ends: Vec::new(), lines: Vec::new(), fields, malformed: Vec::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.lines.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The number of fields of a record.
    pub(crate) fn fields(&self) -> usize {
        self.fields.unwrap_or(0)
    }

    /// The line on which each record starts.
    pub(crate) fn lines(&self) -> &[u64] {
        &self.lines
    }

    /// A field, and whether it was quoted.
    #[inline]
    pub(crate) fn cell(&self, record: usize, field: usize) -> (&[u8], bool) {
        let index = record * self.fields() + field;
        let end = self.ends[index];
        let start = match index {
            0 => 0,
            _ => (self.ends[index - 1] & !QUOTED) + 1,
        };
        (&self.bytes[start as usize..(end & !QUOTED) as usize], end & QUOTED != 0)
    }
}

/// Reads records off a stream.
pub(crate) struct RecordReader<R> {
    stream: R,
    buffer: Box<[u8]>,
    /// What is not yet read lies in `buffer[at..end]`.
    at: usize,
    end: usize,
    started: bool,
    /// The line of the next byte, from 1.
    line: u64,
    delimiter: u8,
    record_bytes_max: usize,
}

/// What follows a field.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Follow {
    Field,
    Record,
    End,
}

/// What is wrong with a record.
#[derive(Clone, Copy)]
enum Fault {
    TextBehindQuote,
    Unclosed { line: u64 },
    TooLong,
    TooWide,
}

impl<R: Read> RecordReader<R> {
    pub(crate) fn new(stream: R, delimiter: u8, record_bytes_max: usize) -> RecordReader<R> {
        RecordReader {
            stream,
            buffer: vec![0; BUFFER_BYTES].into_boxed_slice(),
            at: 0,
            end: 0,
            started: false,
            line: 1,
            delimiter,
            record_bytes_max: record_bytes_max.min(RECORD_BYTES_LIMIT),
        }
    }

    /// Adds records to `out` until it has `rows_max`, malformed ones included, or enough bytes.
    pub(crate) fn read(&mut self, out: &mut Records, rows_max: usize) -> io::Result<()> {
        if !self.started {
            self.started = true;
            self.skip_mark()?;
        }
        while out.len() + out.malformed.len() < rows_max && out.bytes.len() < RUN_BYTES {
            if !self.read_record(out)? {
                break;
            }
        }
        Ok(())
    }

    /// Skips the byte order mark that some programs put before UTF-8.
    fn skip_mark(&mut self) -> io::Result<()> {
        while self.end < 3 {
            let bytes = self.fill_from(self.end)?;
            if bytes == 0 {
                break;
            }
        }
        if self.buffer[..self.end].starts_with(&[0xEF, 0xBB, 0xBF]) {
            self.at = 3;
        }
        Ok(())
    }

    /// Reads one record, or skips one blank line; `false` at the end of the file.
    fn read_record(&mut self, out: &mut Records) -> io::Result<bool> {
        if self.peek()?.is_none() {
            return Ok(false);
        }
        let line = self.line;
        let bytes_before = out.bytes.len();
        let ends_before = out.ends.len();
        let fault = match self.read_whole(out) {
            true => None,
            false => self.read_fields(out)?,
        };
        let fields = out.ends.len() - ends_before;
        let blank = fields == 1 && out.ends[ends_before] as usize == bytes_before;
        if fault.is_none() && blank {
            out.bytes.truncate(bytes_before);
            out.ends.truncate(ends_before);
            return Ok(true);
        }
        let expected = *out.fields.get_or_insert(fields);
        let reason = match fault {
            Some(fault) => self.describe(fault),
            None if fields != expected => {
                format!("{fields} field{}, the header has {expected}", if fields == 1 { "" } else { "s" })
            }
            None => {
                out.lines.push(line);
                return Ok(true);
            }
        };
        let text = &out.bytes[bytes_before..];
        let raw = raw_text(text.strip_suffix(&[self.delimiter]).unwrap_or(text));
        out.bytes.truncate(bytes_before);
        out.ends.truncate(ends_before);
        out.malformed.push(Malformed { line, reason, raw });
        Ok(true)
    }

    /// Reads the fields of a record one by one. What is kept of a faulty record is for the reject only.
    fn read_fields(&mut self, out: &mut Records) -> io::Result<Option<Fault>> {
        let bytes_before = out.bytes.len();
        let ends_before = out.ends.len();
        let mut fault = None;
        loop {
            let follow = self.read_field(out, bytes_before, &mut fault)?;
            if fault.is_none() && out.ends.len() - ends_before > COLUMNS_MAX {
                fault = Some(Fault::TooWide);
            }
            if fault.is_some() {
                let kept = out.bytes.len().min(bytes_before + 2 * RAW_BYTES_MAX);
                out.bytes.truncate(kept);
                out.ends.truncate(ends_before);
            }
            if follow != Follow::Field {
                return Ok(fault);
            }
        }
    }

    fn describe(&self, fault: Fault) -> String {
        match fault {
            Fault::TextBehindQuote => "text behind a closing quote: a quote inside quotes is written \"\"".to_owned(),
            Fault::Unclosed { line } => format!("the quote opened on line {line} is never closed"),
            Fault::TooWide => format!("the record has more than {COLUMNS_MAX} fields"),
            Fault::TooLong => format!("the record is longer than {} bytes", self.record_bytes_max),
        }
    }

    /// Reads one field and what follows it.
    fn read_field(&mut self, out: &mut Records, record_start: usize, fault: &mut Option<Fault>) -> io::Result<Follow> {
        let (follow, quoted) = if self.peek()? == Some(b'"') {
            self.at += 1;
            (self.read_quoted(out, record_start, fault)?, QUOTED)
        } else {
            (self.read_plain(out, record_start, fault)?, 0)
        };
        out.ends.push(out.bytes.len() as u32 | quoted);
        out.bytes.push(self.delimiter);
        Ok(follow)
    }

    /// Reads a record that lies whole in the buffer and has no quotes, the common case, in one pass and with one
    /// copy. `false` leaves everything as it was.
    fn read_whole(&mut self, out: &mut Records) -> bool {
        let unread = &self.buffer[self.at..self.end];
        let unread = &unread[..unread.len().min(self.record_bytes_max)];
        let delimiter = self.delimiter;
        let before = out.bytes.len();
        let ends_before = out.ends.len();
        for (index, &byte) in unread.iter().enumerate() {
            if byte == delimiter {
                out.ends.push((before + index) as u32);
            } else if byte == b'\n' {
                if out.ends.len() - ends_before >= COLUMNS_MAX {
                    break;
                }
                let text = unread[..index].strip_suffix(b"\r").unwrap_or(&unread[..index]);
                out.ends.push((before + text.len()) as u32);
                out.bytes.extend_from_slice(text);
                out.bytes.push(delimiter);
                self.at += index + 1;
                self.line += 1;
                return true;
            } else if byte == b'"' {
                break;
            }
        }
        out.ends.truncate(ends_before);
        false
    }

    fn read_plain(&mut self, out: &mut Records, record_start: usize, fault: &mut Option<Fault>) -> io::Result<Follow> {
        let start = out.bytes.len();
        let delimiter = self.delimiter;
        loop {
            let unread = &self.buffer[self.at..self.end];
            let stop = unread.iter().position(|&byte| byte == delimiter || byte == b'\n');
            let Some(stop) = stop else {
                out.bytes.extend_from_slice(unread);
                self.bound(out, record_start, fault);
                self.at = self.end;
                if self.fill_from(0)? == 0 {
                    return Ok(Follow::End);
                }
                continue;
            };
            let is_delimiter = unread[stop] == delimiter;
            out.bytes.extend_from_slice(&unread[..stop]);
            self.at += stop + 1;
            self.bound(out, record_start, fault);
            if is_delimiter {
                return Ok(Follow::Field);
            }
            self.line += 1;
            if out.bytes.len() > start && out.bytes.last() == Some(&b'\r') {
                out.bytes.pop();
            }
            return Ok(Follow::Record);
        }
    }

    /// Reads behind the opening quote.
    fn read_quoted(&mut self, out: &mut Records, record_start: usize, fault: &mut Option<Fault>) -> io::Result<Follow> {
        let opened = self.line;
        loop {
            let unread = &self.buffer[self.at..self.end];
            let quote = unread.iter().position(|&byte| byte == b'"');
            let text = &unread[..quote.unwrap_or(unread.len())];
            self.line += text.iter().filter(|&&byte| byte == b'\n').count() as u64;
            out.bytes.extend_from_slice(text);
            self.at += text.len();
            self.bound(out, record_start, fault);
            if quote.is_none() {
                if self.fill_from(0)? == 0 {
                    *fault = Some(Fault::Unclosed { line: opened });
                    return Ok(Follow::End);
                }
                continue;
            }
            self.at += 1;
            match self.peek()? {
                Some(b'"') => {
                    self.at += 1;
                    out.bytes.push(b'"');
                }
                None => return Ok(Follow::End),
                Some(byte) if byte == self.delimiter => {
                    self.at += 1;
                    return Ok(Follow::Field);
                }
                Some(b'\n') => {
                    self.at += 1;
                    self.line += 1;
                    return Ok(Follow::Record);
                }
                Some(byte) => {
                    let bytes = out.bytes.len();
                    let follow = self.read_plain(out, record_start, fault)?;
                    // A lone carriage return is the first half of a line's end, or the whole of the file's.
                    let behind = &out.bytes[bytes.min(out.bytes.len())..];
                    let is_line_end = match follow {
                        Follow::Record => behind.is_empty(),
                        Follow::End => behind == b"\r",
                        Follow::Field => false,
                    };
                    if byte == b'\r' && is_line_end {
                        out.bytes.truncate(bytes);
                    } else if fault.is_none() {
                        *fault = Some(Fault::TextBehindQuote);
                    }
                    return Ok(follow);
                }
            }
        }
    }

    /// Keeps the memory of one record bounded: of a too long one only the beginning stays.
    fn bound(&self, out: &mut Records, record_start: usize, fault: &mut Option<Fault>) {
        if fault.is_some() {
            out.bytes.truncate(out.bytes.len().min(record_start + 2 * RAW_BYTES_MAX));
        } else if out.bytes.len() - record_start > self.record_bytes_max {
            *fault = Some(Fault::TooLong);
            out.bytes.truncate(record_start + 2 * RAW_BYTES_MAX);
        }
    }

    /// The next byte.
    #[inline]
    fn peek(&mut self) -> io::Result<Option<u8>> {
        if self.at == self.end && self.fill_from(0)? == 0 {
            return Ok(None);
        }
        Ok(Some(self.buffer[self.at]))
    }

    /// Reads into the buffer from `start` on; 0 at the end of the stream.
    fn fill_from(&mut self, start: usize) -> io::Result<usize> {
        if start == 0 {
            self.at = 0;
        }
        self.end = start;
        loop {
            match self.stream.read(&mut self.buffer[start..]) {
                Ok(bytes) => {
                    self.end = start + bytes;
                    return Ok(bytes);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

#[cfg(test)]
mod tests;
