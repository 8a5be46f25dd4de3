//! CSV as people write it: quotes, lines, packing, and what is refused.

mod common;

use std::io::Write;

use common::{Row, read_all, read_csv};
use flate2::write::GzEncoder;
use muster_engine::ErrorKind;
use muster_exchange::{Compression, Format, Input, LoadReader, Mapping, ReadOptions};

const MAPPING: &str = r#"
type = "people"
key = { column = "id", kind = "string" }
columns = [
  { column = "name", kind = "choice" },
  { column = "age", kind = "int" },
]
"#;

fn row(key: &str, cells: &[Option<&str>]) -> Row {
    let cells = cells.iter().map(|cell| cell.map(str::to_owned)).collect();
    (key.to_owned(), cells)
}

#[test]
fn an_empty_field_is_null_and_a_quoted_one_is_empty() {
    let (rows, rejects) =
        read_csv(b"id,name,age\na,,1\nb,\"\",2\nc, x ,\n\"d\",\"y,\"\"z\"\"\",\"3\"\n", MAPPING).expect("it is CSV");
    assert!(rejects.is_empty(), "{rejects:?}");
    assert_eq!(
        rows,
        [
            row("a", &[None, Some("1")]),
            row("b", &[Some(""), Some("2")]),
            row("c", &[Some(" x "), None]),
            row("d", &[Some("y,\"z\""), Some("3")]),
        ]
    );
}

#[test]
fn a_row_with_a_refused_cell_is_refused_whole_with_its_line() {
    let text = b"id,name,age\r\na,\"two\r\nlines\",1\r\nb,only b,old\r\n,nobody,3\r\nd,d\xFF,4\r\ne,e\r\nf,f,6\r\n";
    let (rows, rejects) = read_csv(text, MAPPING).expect("it is CSV");
    assert_eq!(rows, [row("a", &[Some("two\r\nlines"), Some("1")]), row("f", &[Some("f"), Some("6")])]);
    let seen: Vec<(u64, &str, &str, &str)> = rejects
        .iter()
        .map(|reject| (reject.line, reject.column.as_str(), reject.reason.as_str(), reject.raw.as_str()))
        .collect();
    assert_eq!(
        seen,
        [
            (4, "age", "\"old\" is no number", "old"),
            (5, "id", "the key is null", ""),
            (
                6,
                "name",
                "the text is not UTF-8: mend it, or if all of the file is written otherwise, give csv = { encoding = \
                 \"gbk\" } or what it is",
                "d\u{FFFD}"
            ),
            (7, "", "2 fields, the header has 3", "e,e"),
        ]
    );
}

#[test]
fn values_of_refused_rows_alone_are_not_in_the_dictionary() {
    let mapping = Mapping::parse(MAPPING).expect("a mapping");
    let text = "id,name,age\na,first,1\nb,ghost,x\nc,last,2\n";
    let input = Input::from_read("t", std::io::Cursor::new(text)).expect("CSV");
    let mut reader =
        LoadReader::open(input, &mapping, &common::resolve(&mapping), ReadOptions::default()).expect("it opens");
    let block = reader.next_block().expect("it reads").expect("a block");
    assert_eq!(block.first_row_line, 2);
    assert_eq!(
        block.load.columns[0].values,
        muster_engine::columns::ColumnValues::Choice {
            dictionary: vec!["first".to_owned(), "last".to_owned()],
            codes: vec![0, 1],
        }
    );
    assert!(reader.next_block().expect("it ends").is_none());
}

#[test]
fn packed_text_is_told_by_its_bytes_and_read() {
    let text = b"id,name,age\na,x,1\nb,y,2\n";
    let mut gzip = GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(&text[..10]).expect("memory");
    let mut packed = gzip.finish().expect("memory");
    let mut second = GzEncoder::new(Vec::new(), flate2::Compression::default());
    second.write_all(&text[10..]).expect("memory");
    packed.extend(second.finish().expect("memory"));
    let mut zstd = zstd::encode_all(&text[..7], 3).expect("memory");
    zstd.extend(zstd::encode_all(&text[7..], 3).expect("memory"));
    let folder = tempfile::tempdir().expect("a folder");
    for (bytes, compression) in
        [(text.to_vec(), Compression::None), (packed, Compression::Gzip), (zstd, Compression::Zstd)]
    {
        let path = folder.path().join("misnamed.parquet");
        std::fs::write(&path, &bytes).expect("written");
        let input = Input::open(&path).expect("it opens");
        assert_eq!(input.compression(), compression);
        assert_eq!(input.format(), Format::Csv);
        assert_eq!(input.bytes_total(), Some(bytes.len() as u64));
        let mapping = Mapping::parse(MAPPING).expect("a mapping");
        let (rows, _) = read_all(input, &mapping, ReadOptions::default()).expect("it reads");
        assert_eq!(rows.len(), 2);
        // Cut in the middle it is an error, except plain text, which just ends.
        std::fs::write(&path, &bytes[..bytes.len() - 5]).expect("written");
        let cut = Input::open(&path).and_then(|input| read_all(input, &mapping, ReadOptions::default()));
        assert_eq!(cut.is_ok(), compression == Compression::None);
    }
}

#[test]
fn a_bomb_of_one_record_is_read_in_bounded_memory() {
    let mut gzip = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(b"id,name,age\na,\"").expect("memory");
    let zeros = vec![b'0'; 1 << 20];
    for _ in 0..64 {
        gzip.write_all(&zeros).expect("memory");
    }
    gzip.write_all(b"\",1\nb,y,2\n").expect("memory");
    let (rows, rejects) = read_csv(&gzip.finish().expect("memory"), MAPPING).expect("it reads");
    assert_eq!(rows, [row("b", &[Some("y"), Some("2")])]);
    assert_eq!(rejects.len(), 1);
    assert!(rejects[0].reason.contains("longer than"));
}

const GZIP_OF_JSON: &[u8] =
    b"\x1F\x8B\x08\x00\x00\x00\x00\x00\x02\x03\x8B\xAE\xAE\x8D\x05\x00\xFC\xFA\xA7\xEA\x04\x00\x00\x00";

#[test]
fn what_is_no_csv_is_named() {
    let cases: [(&[u8], &str); 22] = [
        (b"", "empty"),
        (b"\r\n\r\r\n", "empty"),
        (b"PAR1....", "Parquet"),
        (b"PK\x03\x04...", "zip"),
        (b"PK\x03\x04\x14\0\x06\0\x08\0[Content_Types].xml", "an Excel workbook (xlsx): save the sheet as CSV"),
        (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "xls"),
        (b"FEA1\0\0", "Feather 1: write it again as Feather 2"),
        (b"ORC\x08\x03", "ORC"),
        (b"Obj\x01\x04\x16avro.schema", "Avro"),
        (b"SQLite format 3\0\x10", "an SQLite database"),
        (b"BZh91AY", "bzip2"),
        (b"\xFF\xFEi\0d\0", "UTF-16"),
        (b"  {\"id\": 1}\n{\"id\": 2}\n", "NDJSON"),
        (b"{\n  \"id\": 1\n}\n", "is JSON"),
        (b"\xEF\xBB\xBF[\n {\"id\": 1}]\n", "a JSON array: convert it to Parquet or CSV"),
        (b"[[1,2]]", "a JSON array"),
        (b"\xFF\xFF\xFF\xFF\x10\0\0\0\x10\0", "an Arrow stream"),
        // What gzip makes of "[{}]", as Python's gzip.compress(b"[{}]", 9, mtime=0) writes it.
        (GZIP_OF_JSON, "a JSON array, packed with gzip"),
        (b"id,name\0,age\n", "zero bytes"),
        (b"id,\"name", "never closed"),
        (b"%PDF-1.7", "PDF"),
        (b"\x04\x22\x4D\x18", "lz4"),
    ];
    for (bytes, expected) in cases {
        let error = read_csv(bytes, MAPPING).expect_err(expected);
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.message().contains(expected), "{}", error.message());
    }
}

#[test]
fn columns_are_found_by_name_or_the_nearest_is_named() {
    let error = read_csv(b"id,nane,age\n", MAPPING).expect_err("no column name");
    assert!(error.message().contains("no column \"name\"; did you mean `nane`?"), "{error}");
    let error = read_csv(b"id,name,age,\xEF\xBD\x81ge\n", MAPPING).expect_err("age twice");
    assert!(error.message().contains("same name"), "{error}");
    // A name that only looks the same is the same.
    let wide = "ｉｄ,name,age\nx,y,1\n";
    assert_eq!(read_csv(wide.as_bytes(), MAPPING).expect("it reads").0.len(), 1);
}

#[test]
fn options_of_columns_are_followed() {
    let mapping = r#"
type = "t"
key = { column = "column_1", kind = "u64" }
csv = { delimiter = ";", header = false }
columns = [
  { column = "column_2", tag = "tags", kind = "set", list_separator = "|" },
  { column = "column_3", tag = "born", kind = "date", date_format = "%d/%m/%Y", null_words = ["NULL"] },
  { column = "column_4", tag = "seen", kind = "time", time_zone = "Asia/Shanghai" },
  { column = "column_5", tag = "at", kind = "time", time_unit = "s" },
  { column = "column_6", tag = "vip", kind = "flag" },
  { column = "column_7", tag = "spent", kind = "decimal(2)" },
]
"#;
    let text = "1;a|b|a;03/12/2020;2020-12-03 08:00;2020-12-03T00:00:00.1234Z;TRUE;12.5\n\
                2;\"\";NULL;;;0;-0.01\n\
                3;;;;;;\n\
                4;a||b;;;;;\n\
                5;;\"NONE\";;;;\n\
                6;;;;;maybe;\n\
                7;;;;;;12.345\n\
                07;;;;;;\n\
                18446744073709551615;;;;;;\n\
                18446744073709551616;;;;;;\n";
    let (rows, rejects) = read_csv(text.as_bytes(), mapping).expect("it reads");
    assert_eq!(
        rows[0],
        row(
            "1",
            &[
                Some("[\"a\", \"b\"]"),
                Some("2020-12-03"),
                Some("2020-12-03T00:00:00Z"),
                Some("2020-12-03T00:00:00.123Z"),
                Some("true"),
                Some("12.50"),
            ]
        )
    );
    let second = [Some("[]"), None, None, None, Some("false"), Some("-0.01")];
    assert_eq!(rows[1], row("2", &second));
    assert_eq!(rows[2], row("3", &[None; 6]));
    assert_eq!(rows[3].0, u64::MAX.to_string());
    assert_eq!(rows.len(), 4);
    let reasons: Vec<(u64, &str)> = rejects.iter().map(|reject| (reject.line, reject.reason.as_str())).collect();
    assert_eq!(reasons.len(), 6);
    assert_eq!(reasons[0].0, 4);
    assert!(reasons[0].1.contains("empty value in the list"));
    assert_eq!(reasons[1], (5, "\"NONE\" is no date: expected %d/%m/%Y"));
    assert_eq!(
        reasons[2],
        (6, "\"maybe\" is no flag: expected true, yes or 1, false, no or 0; true_words and false_words name others")
    );
    assert_eq!(reasons[3], (7, "\"12.345\" does not fit decimal(2)"));
    assert_eq!(reasons[4].0, 8);
    assert_eq!(reasons[5].0, 10);
}

#[test]
fn blocks_hold_no_more_rows_than_asked_for() {
    let mut text = "id,name,age\n".to_owned();
    for row in 0..1000 {
        text.push_str(&format!("k{row},n{},{row}\n", row % 7));
    }
    let mapping = Mapping::parse(MAPPING).expect("a mapping");
    let options = ReadOptions { block_rows_max: 300, ..ReadOptions::default() };
    let input = Input::from_read("t", std::io::Cursor::new(text)).expect("CSV");
    let mut reader = LoadReader::open(input, &mapping, &common::resolve(&mapping), options).expect("it opens");
    let mut lengths = Vec::new();
    let mut lines = Vec::new();
    while let Some(block) = reader.next_block().expect("it reads") {
        lengths.push(block.load.keys.len());
        lines.push(block.first_row_line);
    }
    assert_eq!(lengths, [300, 300, 300, 100]);
    assert_eq!(lines, [2, 302, 602, 902]);
}

/// What says a window of 256 MiB is no damage: the way out is another window.
#[test]
fn a_zstd_window_beyond_the_limit_is_named() {
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).expect("memory");
    encoder.window_log(28).expect("a window that zstd knows");
    encoder.write_all(b"id,a\n1,2\n").expect("memory");
    let packed = encoder.finish().expect("memory");
    let refused = Input::from_read("wide.csv.zst", std::io::Cursor::new(packed)).err().expect("refused").to_string();
    assert!(refused.contains("--long=27") && refused.contains("128 MiB"), "{refused}");
    assert!(!refused.contains("damaged"), "{refused}");
}
