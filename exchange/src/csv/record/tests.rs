use std::io::{Cursor, Read};

use super::*;

/// A stream that gives one byte at a time, so that every state meets the end of the buffer.
struct Trickle<'a>(&'a [u8]);

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match (self.0, buffer) {
            ([first, rest @ ..], [slot, ..]) => {
                *slot = *first;
                self.0 = rest;
                Ok(1)
            }
            _ => Ok(0),
        }
    }
}

type Row = (u64, Vec<(String, bool)>);

fn rows_of(records: &Records) -> Vec<Row> {
    (0..records.len())
        .map(|record| {
            let cells = (0..records.fields())
                .map(|field| {
                    let (text, quoted) = records.cell(record, field);
                    (String::from_utf8_lossy(text).into_owned(), quoted)
                })
                .collect();
            (records.lines()[record], cells)
        })
        .collect()
}

/// Reads `text` whole and byte by byte, which must agree.
fn read(text: &[u8]) -> (Vec<Row>, Vec<(u64, String, String)>) {
    let mut whole = Records::new(None);
    RecordReader::new(Cursor::new(text), b',', 1 << 20).read(&mut whole, usize::MAX).expect("memory does not fail");
    let mut trickled = Records::new(None);
    RecordReader::new(Trickle(text), b',', 1 << 20).read(&mut trickled, usize::MAX).expect("memory does not fail");
    assert_eq!(rows_of(&whole), rows_of(&trickled));
    let malformed = |records: Records| -> Vec<_> {
        records.malformed.into_iter().map(|bad| (bad.line, bad.reason, bad.raw)).collect()
    };
    let rows = rows_of(&whole);
    let bad = malformed(whole);
    assert_eq!(bad, malformed(trickled));
    (rows, bad)
}

fn plain(cells: &[&str]) -> Vec<(String, bool)> {
    cells.iter().map(|cell| ((*cell).to_owned(), false)).collect()
}

#[test]
fn ends_of_lines_are_read_in_every_form() {
    let texts = [
        "a,b\nc,d\n",
        "a,b\r\nc,d\r\n",
        "a,b\nc,d",
        "\u{FEFF}a,b\r\nc,d",
        "a,b\rc,d\r",
        "a,b\rc,d",
        "a,b\r\r\nc,d\r\r\n",
        "a,b\nc,d\r",
        "a,b\r\nc,d\r\r",
    ];
    for text in texts {
        let (rows, bad) = read(text.as_bytes());
        assert_eq!(rows, [(1, plain(&["a", "b"])), (2, plain(&["c", "d"]))], "{text:?}");
        assert!(bad.is_empty());
    }
}

#[test]
fn quotes_keep_delimiters_quotes_and_lines() {
    let (rows, bad) = read(b"x,y\n\"a,\"\"b\"\"\",\"1\n2\r\n3\"\r\nnext,\"\"\nlast,\n");
    assert!(bad.is_empty());
    assert_eq!(rows[1].0, 2);
    assert_eq!(rows[1].1, [("a,\"b\"".to_owned(), true), ("1\n2\r\n3".to_owned(), true)]);
    assert_eq!(rows[2], (5, vec![("next".to_owned(), false), (String::new(), true)]));
    assert_eq!(rows[3], (6, plain(&["last", ""])));
}

#[test]
fn nothing_is_trimmed_and_a_quote_inside_stays() {
    let (rows, bad) = read(b" a , b\n5\" x,\t\n");
    assert!(bad.is_empty());
    assert_eq!(rows[0].1, plain(&[" a ", " b"]));
    assert_eq!(rows[1].1, plain(&["5\" x", "\t"]));
}

#[test]
fn carriage_returns_end_quoted_fields_and_stay_inside_of_them() {
    for end in ["\n", "\r", "\r\n", "\r\r\n"] {
        let text = format!("\"a\",\"b{end}c\"{end}{end}\"d\",e{end}f,g");
        let (rows, bad) = read(text.as_bytes());
        assert!(bad.is_empty(), "{end:?}");
        let inner = format!("b{end}c");
        assert_eq!(rows[0], (1, vec![("a".to_owned(), true), (inner, true)]), "{end:?}");
        assert_eq!(rows[1], (4, vec![("d".to_owned(), true), ("e".to_owned(), false)]), "{end:?}");
        assert_eq!(rows[2], (5, plain(&["f", "g"])), "{end:?}");
    }
}

#[test]
fn marks_inside_are_found_with_their_lines() {
    let mut text = "a,b\n".to_owned();
    for line in 2..3000 {
        text.push_str(if line % 700 == 0 { "\u{FEFF}x，,y\n" } else { "x，,y\n" });
    }
    let mut records = Records::new(None);
    RecordReader::new(Cursor::new(text), b',', 1 << 20).read(&mut records, usize::MAX).expect("memory does not fail");
    assert_eq!(records.marked_lines(), [700, 1400, 2100, 2800]);
}

#[test]
fn blank_lines_are_no_records_and_count_as_lines() {
    let (rows, bad) = read(b"a,b\n\n\r\nc,d\n\n");
    assert!(bad.is_empty());
    assert_eq!(rows, [(1, plain(&["a", "b"])), (4, plain(&["c", "d"]))]);
    // A quoted nothing is something.
    let (rows, _) = read(b"a\n\"\"\n\nb\n");
    assert_eq!(rows[1], (2, vec![(String::new(), true)]));
    assert_eq!(rows[2], (4, plain(&["b"])));
}

#[test]
fn malformed_records_are_reported_and_the_next_are_read() {
    let (rows, bad) = read(b"a,b\n1,2,3\nx\n\"q\"r,s\nok,fine\n\"x,y\",\"\",\"z\"\"\"\r\n\"open,\nto the end\n");
    assert_eq!(rows, [(1, plain(&["a", "b"])), (5, plain(&["ok", "fine"]))]);
    assert_eq!(bad.len(), 5);
    assert_eq!(bad[0], (2, "3 fields, the header has 2".to_owned(), "1,2,3".to_owned()));
    assert_eq!(bad[1], (3, "1 field, the header has 2".to_owned(), "x".to_owned()));
    assert_eq!(bad[2].0, 4);
    assert!(bad[2].1.contains("closing quote"));
    assert_eq!(bad[4].0, 7);
    assert_eq!(bad[4].1, "the quote opened on line 7 is never closed");
    // Each as it stands in the file, with its quotes.
    let raws = bad.iter().map(|(_, _, raw)| raw.as_str()).collect::<Vec<&str>>();
    assert_eq!(raws, ["1,2,3", "x", "\"q\"r,s", "\"x,y\",\"\",\"z\"\"\"", "\"open,\nto the end"]);
}

#[test]
fn a_long_record_is_refused_without_being_kept() {
    let mut text = b"a,b\n".to_vec();
    text.extend(std::iter::repeat_n(b'x', 3 << 20));
    text.extend(b",y\n\"");
    text.extend(std::iter::repeat_n(b'\n', 3 << 20));
    text.extend(b"\",z\nend,end\n");
    let (rows, bad) = read(&text);
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[1].0, 4 + (3 << 20));
    assert_eq!(bad.len(), 2);
    assert!(bad[0].1.contains("longer than 1048576 bytes"));
    assert!(bad.iter().all(|(_, _, raw)| raw.len() <= RAW_BYTES_MAX + 4));
    assert!(bad[0].2.starts_with("xxx") && bad[0].2.ends_with("x…") && bad[1].2.starts_with("\"\n\n"));
}

#[test]
fn a_record_of_too_many_fields_is_refused_without_being_kept() {
    let mut text = b"a,b\n".to_vec();
    text.extend(std::iter::repeat_n(b',', 500_000));
    text.extend(b"\nend,end\n");
    let (rows, bad) = read(&text);
    assert_eq!(rows.len(), 2);
    assert_eq!(bad.len(), 1);
    assert!(bad[0].1.contains("fields"));
}

#[test]
fn any_bytes_are_read_without_panic() {
    let alphabet = b"\"\",,\n\r\xFFa";
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    for _ in 0..3000 {
        let mut text = Vec::new();
        for _ in 0..24 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            text.push(alphabet[(state >> 32) as usize % alphabet.len()]);
        }
        read(&text);
    }
}
