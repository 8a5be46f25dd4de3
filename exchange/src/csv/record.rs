//! The CSV parser: the reader of records.

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

/// The byte order mark in UTF-8.
const MARK: [u8; 3] = [0xEF, 0xBB, 0xBF];
/// The bytes that are searched for marks at once.
const SEARCHED_BYTES: usize = 4096;

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
    /// Whether it has more fields than a table has columns.
    pub(crate) is_too_wide: bool,
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

    /// The lines of the records in which a byte order mark stands, one for each mark.
    pub(crate) fn marked_lines(&self) -> Vec<u64> {
        let mut lines = Vec::new();
        for start in (0..self.bytes.len()).step_by(SEARCHED_BYTES) {
            // Two more, so that a mark is seen that stands across the end.
            let piece = &self.bytes[start..self.bytes.len().min(start + SEARCHED_BYTES + MARK.len() - 1)];
            if !piece.contains(&MARK[0]) {
                continue;
            }
            for (at, _) in piece.windows(MARK.len()).enumerate().filter(|(_, bytes)| *bytes == MARK) {
                let field = self.ends.partition_point(|end| ((end & !QUOTED) as usize) < start + at);
                lines.extend(self.lines.get(field / self.fields().max(1)));
            }
        }
        lines
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
    /// What the record at hand has, as it stands in the file: its beginning, so far as it left the buffer, and from
    /// where on it lies in the buffer.
    left: Vec<u8>,
    record_at: usize,
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
            left: Vec::new(),
            record_at: 0,
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
        while self.end < MARK.len() {
            let bytes = self.fill_from(self.end)?;
            if bytes == 0 {
                break;
            }
        }
        if self.buffer[..self.end].starts_with(&MARK) {
            self.at = MARK.len();
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
        self.record_at = self.at;
        self.left.clear();
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
        let raw = self.raw_record();
        out.bytes.truncate(bytes_before);
        out.ends.truncate(ends_before);
        let is_too_wide = matches!(fault, Some(Fault::TooWide));
        out.malformed.push(Malformed { line, reason, raw, is_too_wide });
        Ok(true)
    }

    /// The record that was read last, as it stands in the file, without the end of its line.
    fn raw_record(&mut self) -> String {
        self.leave_buffer();
        let is_cut = self.left.len() > RAW_BYTES_MAX;
        let last = self.left.iter().rposition(|byte| is_cut || !matches!(byte, b'\n' | b'\r'));
        raw_text(&self.left[..last.map_or(0, |last| last + 1)])
    }

    /// Keeps what a reject may show of the record at hand before the buffer is filled again.
    fn leave_buffer(&mut self) {
        let wanted = (RAW_BYTES_MAX + 1).saturating_sub(self.left.len());
        let read = &self.buffer[self.record_at..self.at];
        self.left.extend_from_slice(&read[..read.len().min(wanted)]);
        self.record_at = self.at;
    }

    /// Reads the fields of a record one by one. Of a faulty record nothing is kept.
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
                out.bytes.truncate(bytes_before);
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
            Fault::TooWide => format!("the record has more than {COLUMNS_MAX} fields (COLUMNS_MAX)"),
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
            } else if byte == b'\n' || byte == b'\r' {
                let line_end = line_end_bytes(&unread[index..]);
                let (Some(line_end), true) = (line_end, out.ends.len() - ends_before < COLUMNS_MAX) else {
                    break;
                };
                out.ends.push((before + index) as u32);
                out.bytes.extend_from_slice(&unread[..index]);
                out.bytes.push(delimiter);
                self.at += index + line_end;
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
        let delimiter = self.delimiter;
        loop {
            let unread = &self.buffer[self.at..self.end];
            let stop = unread.iter().position(|&byte| byte == delimiter || byte == b'\n' || byte == b'\r');
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
            self.at += stop;
            self.bound(out, record_start, fault);
            if is_delimiter {
                self.at += 1;
                return Ok(Follow::Field);
            }
            self.end_line()?;
            return Ok(Follow::Record);
        }
    }

    /// Goes behind the end of a line, which begins at the next byte.
    fn end_line(&mut self) -> io::Result<()> {
        self.line += 1;
        loop {
            if let Some(bytes) = line_end_bytes(&self.buffer[self.at..self.end]) {
                self.at += bytes;
                return Ok(());
            }
            let unread = self.end - self.at;
            self.leave_buffer();
            self.record_at = 0;
            self.buffer.copy_within(self.at..self.end, 0);
            self.at = 0;
            if self.fill_from(unread)? == 0 {
                // The file ends in carriage returns: each is the end of a line.
                self.at += 1;
                return Ok(());
            }
        }
    }

    /// Reads behind the opening quote.
    fn read_quoted(&mut self, out: &mut Records, record_start: usize, fault: &mut Option<Fault>) -> io::Result<Follow> {
        let opened = self.line;
        let mut returns = 0;
        loop {
            let unread = &self.buffer[self.at..self.end];
            let quote = unread.iter().position(|&byte| byte == b'"');
            let text = &unread[..quote.unwrap_or(unread.len())];
            self.line = lines_after(self.line, text, &mut returns);
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
                Some(b'\n' | b'\r') => {
                    self.end_line()?;
                    return Ok(Follow::Record);
                }
                Some(_) => {
                    let follow = self.read_plain(out, record_start, fault)?;
                    if fault.is_none() {
                        *fault = Some(Fault::TextBehindQuote);
                    }
                    return Ok(follow);
                }
            }
        }
    }

    /// Keeps the memory of one record bounded: nothing of a faulty one stays.
    fn bound(&self, out: &mut Records, record_start: usize, fault: &mut Option<Fault>) {
        if fault.is_none() && out.bytes.len() - record_start > self.record_bytes_max {
            *fault = Some(Fault::TooLong);
        }
        if fault.is_some() {
            out.bytes.truncate(record_start);
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
            self.leave_buffer();
            (self.at, self.record_at) = (0, 0);
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

/// How many bytes the end of a line has with which `unread` begins: LF, CR LF, CR alone, or the CR CR LF that a CR LF
/// becomes when it is converted twice. Nothing where the next bytes have to be seen first.
#[inline]
fn line_end_bytes(unread: &[u8]) -> Option<usize> {
    match unread {
        [b'\n', ..] => Some(1),
        [b'\r', b'\n', ..] => Some(2),
        [b'\r', b'\r', b'\n', ..] => Some(3),
        [b'\r', b'\r', _, ..] => Some(1),
        [b'\r', b'\r'] | [b'\r'] | [] => None,
        _ => Some(1),
    }
}

/// The line behind quoted text; `returns` are the carriage returns that stand before it without a break.
fn lines_after(mut line: u64, text: &[u8], returns: &mut u64) -> u64 {
    if *returns == 0 && !text.contains(&b'\r') {
        return line + text.iter().filter(|&&byte| byte == b'\n').count() as u64;
    }
    for byte in text {
        match byte {
            b'\r' => {
                line += 1;
                *returns += 1;
                continue;
            }
            b'\n' if *returns == 0 => line += 1,
            // Two of them and a line feed are one end of a line.
            b'\n' if *returns > 1 => line -= 1,
            _ => {}
        }
        *returns = 0;
    }
    line
}

#[cfg(test)]
mod tests;
