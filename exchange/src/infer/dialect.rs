//! The dialect of a CSV file, how it is written: its encoding, its delimiter, and whether it has a header.

use std::io::Cursor;

use encoding_rs::{Encoding, UTF_8};
use muster_engine::{Error, Result};

use super::encoding::read_head;
use super::key::{KeyName, key_name};
use crate::csv::{RecordReader, Records};
use crate::input::{Content, Input, content_fault};
use crate::mapping::{CsvOptions, encoding_label};
use crate::note::Note;
use crate::text::{parse_date, parse_decimal, parse_written_time};

/// The records that are looked at.
const LOOK_RECORDS: usize = 50;
/// How many lines a title may have.
const TITLE_LINES_MAX: usize = 5;
const DELIMITERS: [char; 4] = [',', '\t', ';', '|'];

/// How the file is written, and why its encoding should not be taken without a person's word.
pub(super) fn guess(
    input: Input,
    given: Option<&'static Encoding>,
    notes: &mut Vec<Note>,
) -> Result<(CsvOptions, Option<String>)> {
    let name = input.name().to_owned();
    let Content::Stream(stream) = input.into_content() else {
        return Err(Error::internal("a columnar file was taken for CSV"));
    };
    let head = read_head(stream, given).map_err(|error| content_fault(&name, error))?;
    let mut note = |message: String| notes.push(Note { column: String::new(), message });
    if let Some(doubt) = &head.doubt {
        note(format!("the encoding is unsure: {doubt}; --encoding NAME says it"));
    }
    if head.encoding != UTF_8 && given.is_none() {
        let label = encoding_label(head.encoding);
        note(format!("written in {}, not in UTF-8: read with csv.encoding = {label:?}", head.encoding.name()));
    }
    let mut text = head.encoding.decode_with_bom_removal(&head.bytes).0.into_owned().into_bytes();
    if head.is_cut {
        // The last record is likely cut in two.
        let end = text.iter().rposition(|byte| matches!(*byte, b'\n' | b'\r'));
        text.truncate(end.map_or(text.len(), |end| end + 1));
    }
    let (delimiter, records) = best_delimiter(&text)?;
    if let Some(title) = title_above(&text, records.as_ref())? {
        return Err(Error::invalid(format!("{title}: {name} begins with what is no table")));
    }
    let mut options = CsvOptions { delimiter, encoding: head.encoding, ..CsvOptions::default() };
    if records.as_ref().is_some_and(|records| !is_header(records)) {
        options.header = false;
        note("the first record has only numbers and dates: taken as a row, not as a header".to_owned());
    } else if let Some(name) = records.as_ref().and_then(doubtful_name) {
        note(format!(
            "the first record is taken as the names of the columns, though {name:?} looks like a value: add \
             csv = {{ header = false }} to the mapping where it is a row"
        ));
    }
    Ok((options, head.doubt))
}

/// The delimiter that divides records into the most fields, and the records.
fn best_delimiter(text: &[u8]) -> Result<(char, Option<Records>)> {
    let mut best: Option<(usize, char, Records)> = None;
    for delimiter in DELIMITERS {
        let records = read(text, delimiter)?;
        if records.malformed.first().is_some_and(|first| first.is_too_wide && first.line == 1) {
            // Who opens the table says how many columns it may have.
            return Ok((delimiter, None));
        }
        if records.is_empty() {
            continue;
        }
        // Fields beyond the first one of records that all agree; a delimiter that never occurs scores nothing.
        let score = match records.malformed.len() {
            0 => records.fields() - 1,
            bad if bad * 10 < records.len() => (records.fields() - 1) / 2,
            _ => 0,
        };
        if best.as_ref().is_none_or(|(most, _, _)| score > *most) {
            best = Some((score, delimiter, records));
        }
    }
    Ok(best.map_or((CsvOptions::default().delimiter, None), |(_, delimiter, records)| (delimiter, Some(records))))
}

/// What to do with lines above the header that are no part of the table: a title, the time of an export.
///
/// There are such where nothing divides the first line, which is called no key, and something divides all lines below
/// alike, of which the first are names.
fn title_above(text: &[u8], records: Option<&Records>) -> Result<Option<String>> {
    let Some(records) = records.filter(|records| records.fields() == 1 && !records.is_empty()) else {
        return Ok(None);
    };
    let first = String::from_utf8_lossy(records.cell(0, 0).0).into_owned();
    if key_name(&first, "") != KeyName::Unnamed {
        return Ok(None);
    }
    let mut rest = text;
    for lines in 1..=TITLE_LINES_MAX {
        let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
            return Ok(None);
        };
        rest = &rest[end + 1..];
        let (_, below) = best_delimiter(rest)?;
        let is_table =
            |below: &Records| below.fields() > 1 && below.len() > 1 && below.malformed.is_empty() && is_header(below);
        if let Some(below) = below.filter(is_table) {
            let strike = if lines == 1 { "first line".to_owned() } else { format!("first {lines} lines") };
            return Ok(Some(format!(
                "strike the {strike} from the file: line 1, {first:?}, has 1 field, and the lines below have {}",
                below.fields()
            )));
        }
    }
    Ok(None)
}

fn read(text: &[u8], delimiter: char) -> Result<Records> {
    let mut records = Records::new(None);
    RecordReader::new(Cursor::new(text), delimiter as u8, text.len())
        .read(&mut records, LOOK_RECORDS)
        .map_err(|error| Error::of_system("cannot read from memory", error))?;
    Ok(records)
}

/// A record is a header unless all that stands in it are numbers, dates and times.
fn is_header(records: &Records) -> bool {
    let (values, filled) =
        (values_of(records, 0).count(), (0..records.fields()).filter(|field| is_filled(records, *field)));
    values == 0 || values < filled.count()
}

/// What stands in the first record and looks like a value, as the second record has at the same place.
fn doubtful_name(records: &Records) -> Option<String> {
    let is_value_below = |field: &usize| records.len() > 1 && is_value(records.cell(1, *field).0);
    let field = values_of(records, 0).find(is_value_below)?;
    Some(String::from_utf8_lossy(records.cell(0, field).0).into_owned())
}

/// The fields of a record that hold numbers, dates or times.
fn values_of(records: &Records, record: usize) -> impl Iterator<Item = usize> {
    let fields = if record < records.len() { records.fields() } else { 0 };
    (0..fields).filter(move |field| is_value(records.cell(record, *field).0))
}

fn is_filled(records: &Records, field: usize) -> bool {
    !records.cell(0, field).0.is_empty()
}

fn is_value(text: &[u8]) -> bool {
    parse_decimal(text, 18).is_ok()
        || parse_decimal(text, 0).is_ok()
        || parse_date(text).is_some()
        || parse_written_time(text).is_some()
}
