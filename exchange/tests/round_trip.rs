//! Random tables written as Parquet, Arrow and CSV read back as they were.

mod common;

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, DictionaryArray, Float64Array, Int8Array, Int64Array,
    LargeStringArray, RecordBatch, StringArray, StringViewArray, TimestampMicrosecondArray, TimestampMillisecondArray,
    UInt64Array,
};
use arrow_ipc::writer::{FileWriter, StreamWriter};
use arrow_schema::{Field, Schema};
use common::{Row, read_all};
use muster_engine::catalog::TagKind;
use muster_exchange::{Format, Input, Mapping, ReadOptions};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use proptest::prelude::*;

const MAPPING: &str = r#"
type = "t"
key = { column = "key", kind = "string" }
columns = [
  { column = "flag", kind = "flag" },
  { column = "choice", kind = "choice" },
  { column = "set", kind = "set", list_separator = "|" },
  { column = "int", kind = "int" },
  { column = "decimal", kind = "decimal(2)" },
  { column = "date", kind = "date" },
  { column = "time", kind = "time" },
]
"#;

/// A row before it is written.
#[derive(Clone, Debug)]
struct Cells {
    key: String,
    flag: Option<bool>,
    choice: Option<String>,
    set: Option<Vec<String>>,
    int: Option<i64>,
    cents: Option<i64>,
    days: Option<i32>,
    ms: Option<i64>,
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[abc]{1,2}",
        1 => "[ \"',;\\r\\n\\t汉字é\u{0}]{0,4}",
        1 => "\\PC{0,6}",
        1 => Just("NULL".to_owned()),
    ]
}

prop_compose! {
    fn cells()(
        key in "[a-z\", \\n]{1,6}",
        flag: Option<bool>,
        choice in proptest::option::of(text()),
        set in proptest::option::of(proptest::collection::vec("[a-e 汉\"]{1,2}", 0..4)),
        int in proptest::option::of(-i64::MAX..=i64::MAX),
        cents in proptest::option::of(-100_000_000_000_i64..100_000_000_000),
        days in proptest::option::of(-719_528_i32..=2_932_896),
        ms in proptest::option::of(-62_167_219_200_000_i64..253_402_300_800_000),
    ) -> Cells {
        Cells { key, flag, choice, set, int, cents, days, ms }
    }
}

/// The row as it is to be read.
fn expected(cells: &Cells) -> Row {
    let number = |kind: TagKind, value: Option<i64>| value.map(|value| kind.format_number(value));
    let set = cells.set.clone().map(|mut list| {
        list.sort_unstable();
        list.dedup();
        format!("{list:?}")
    });
    (
        cells.key.clone(),
        vec![
            cells.flag.map(|flag| flag.to_string()),
            cells.choice.clone(),
            set,
            number(TagKind::Int, cells.int),
            number(TagKind::Decimal { scale: 2 }, cells.cents),
            number(TagKind::Date, cells.days.map(i64::from)),
            number(TagKind::Time, cells.ms),
        ],
    )
}

/// The same values in one of several physical forms.
fn batch(rows: &[Cells], form: u8) -> RecordBatch {
    let choices = || rows.iter().map(|row| row.choice.as_deref());
    let choice: ArrayRef = match form % 4 {
        0 => Arc::new(StringArray::from_iter(choices())),
        1 => Arc::new(LargeStringArray::from_iter(choices())),
        2 => Arc::new(StringViewArray::from_iter(choices())),
        _ => Arc::new(choices().collect::<DictionaryArray<Int32Type>>()),
    };
    let mut sets = ListBuilder::new(StringBuilder::new());
    for row in rows {
        sets.append_option(row.set.as_ref().map(|set| set.iter().map(Some)));
    }
    let flags = || rows.iter().map(|row| row.flag);
    let flag: ArrayRef = match form % 2 {
        0 => Arc::new(BooleanArray::from_iter(flags())),
        _ => Arc::new(Int8Array::from_iter(flags().map(|flag| flag.map(i8::from)))),
    };
    let cents = || rows.iter().map(|row| row.cents);
    let decimal: ArrayRef = match form % 2 {
        0 => Arc::new(Float64Array::from_iter(cents().map(|cents| cents.map(|cents| cents as f64 / 100.0)))),
        _ => Arc::new(
            Decimal128Array::from_iter(cents().map(|cents| cents.map(|cents| i128::from(cents) * 10)))
                .with_precision_and_scale(30, 3)
                .expect("a decimal type"),
        ),
    };
    let times = || rows.iter().map(|row| row.ms);
    let time: ArrayRef = match form % 3 {
        0 => Arc::new(TimestampMillisecondArray::from_iter(times())),
        1 => Arc::new(TimestampMillisecondArray::from_iter(times()).with_timezone("+08:00")),
        _ => Arc::new(TimestampMicrosecondArray::from_iter(times().map(|ms| ms.map(|ms| ms * 1000 + 999)))),
    };
    let columns: [(&str, ArrayRef); 8] = [
        ("set", Arc::new(sets.finish())),
        ("choice", choice),
        ("int", Arc::new(Int64Array::from_iter(rows.iter().map(|row| row.int)))),
        ("decimal", decimal),
        ("date", Arc::new(Date32Array::from_iter(rows.iter().map(|row| row.days)))),
        ("key", Arc::new(StringArray::from_iter_values(rows.iter().map(|row| &row.key)))),
        ("time", time),
        ("flag", flag),
    ];
    let fields: Vec<Field> =
        columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).expect("columns of one length")
}

fn write_parquet(path: &Path, rows: &[Cells], form: u8) {
    let compression = match form % 3 {
        0 => Compression::UNCOMPRESSED,
        1 => Compression::SNAPPY,
        _ => Compression::ZSTD(ZstdLevel::default()),
    };
    let properties = WriterProperties::builder()
        .set_compression(compression)
        .set_max_row_group_row_count(Some(7))
        .set_dictionary_enabled(!form.is_multiple_of(5))
        .build();
    let batch = batch(rows, form);
    let file = File::create(path).expect("a file");
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).expect("a writer");
    writer.write(&batch).expect("written");
    writer.close().expect("closed");
}

fn write_arrow(path: &Path, rows: &[Cells], form: u8) {
    let batch = batch(rows, form);
    let file = File::create(path).expect("a file");
    let mut writer = FileWriter::try_new(file, &batch.schema()).expect("a writer");
    writer.write(&batch).expect("written");
    writer.finish().expect("closed");
}

fn write_arrow_stream(path: &Path, rows: &[Cells], form: u8) {
    let batch = batch(rows, form);
    let file = File::create(path).expect("a file");
    let mut writer = StreamWriter::try_new(file, &batch.schema()).expect("a writer");
    writer.write(&batch).expect("written");
    writer.finish().expect("closed");
}

fn csv_text(rows: &[Cells], form: u8) -> String {
    let end = if form.is_multiple_of(2) { "\n" } else { "\r\n" };
    let quote = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let number = |kind: TagKind, value: Option<i64>| value.map(|value| kind.format_number(value)).unwrap_or_default();
    let mut out = format!("set,choice,int,decimal,date,key,time,flag{end}");
    for row in rows {
        let cells = [
            row.set.as_ref().map(|set| quote(&set.join("|"))).unwrap_or_default(),
            row.choice.as_deref().map(quote).unwrap_or_default(),
            number(TagKind::Int, row.int),
            number(TagKind::Decimal { scale: 2 }, row.cents),
            number(TagKind::Date, row.days.map(i64::from)),
            quote(&row.key),
            number(TagKind::Time, row.ms),
            row.flag.map(|flag| flag.to_string()).unwrap_or_default(),
        ];
        out.push_str(&cells.join(","));
        out.push_str(end);
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn tables_read_back_as_they_were_written(
        rows in proptest::collection::vec(cells(), 1..40),
        form: u8,
        block_rows_max in 1_usize..50,
    ) {
        let mapping = Mapping::parse(MAPPING).expect("a mapping");
        let expected: Vec<Row> = rows.iter().map(expected).collect();
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("table");
        for format in [Format::Parquet, Format::ArrowIpc, Format::ArrowStream, Format::Csv] {
            let mut mapping = mapping.clone();
            if format != Format::Csv {
                // Columnar files have lists, which have no separators.
                mapping.columns[2].list_separator = None;
            }
            match format {
                Format::Parquet => write_parquet(&path, &rows, form),
                Format::ArrowIpc => write_arrow(&path, &rows, form),
                Format::ArrowStream => write_arrow_stream(&path, &rows, form),
                Format::Csv => std::fs::write(&path, csv_text(&rows, form)).expect("written"),
            }
            let input = Input::open(&path).expect("it opens");
            prop_assert_eq!(input.format(), format);
            let options = ReadOptions { block_rows_max, ..ReadOptions::default() };
            let (read, rejects) = read_all(input, &mapping, options).expect("it reads");
            prop_assert!(rejects.is_empty(), "{:?} {:?}", format, rejects);
            prop_assert_eq!(&read, &expected, "{:?}", format);
        }
    }
}

/// A file with every value of `column` under an ascending u64 key, read as `kind`: the read cells, then the rejects.
fn read_column(column: ArrayRef, kind: &str) -> (Vec<Option<String>>, Vec<(u64, String)>) {
    let keys: ArrayRef = Arc::new(UInt64Array::from_iter_values(0..column.len() as u64));
    let batch = RecordBatch::try_from_iter([("key", keys), ("x", column)]).expect("two columns");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("table");
    let file = File::create(&path).expect("a file");
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).expect("a writer");
    writer.write(&batch).expect("written");
    writer.close().expect("closed");
    let mapping = Mapping::parse(&format!(
        "type = \"t\"\nkey = {{ column = \"key\", kind = \"u64\" }}\ncolumns = [{{ column = \"x\", {kind} }}]"
    ))
    .expect("a mapping");
    let input = Input::open(&path).expect("it opens");
    let (rows, rejects) = read_all(input, &mapping, ReadOptions::default()).expect("it reads");
    (
        rows.into_iter().map(|(_, mut cells)| cells.remove(0)).collect(),
        rejects.into_iter().map(|reject| (reject.line, reject.reason)).collect(),
    )
}

fn some(texts: &[&str]) -> Vec<Option<String>> {
    texts.iter().map(|text| Some((*text).to_owned())).collect()
}

#[test]
fn what_does_not_fit_is_refused_by_row() {
    let (read, rejects) =
        read_column(Arc::new(UInt64Array::from(vec![1, i64::MAX as u64, i64::MAX as u64 + 1])), "kind = \"int\"");
    assert_eq!(read, some(&["1", "9223372036854775807"]));
    assert_eq!(rejects, [(3, "9223372036854775808 does not fit int: the largest is 9223372036854775807".to_owned())]);
    let (read, rejects) =
        read_column(Arc::new(Float64Array::from(vec![12.34, 12.345, f64::NAN, -0.0])), "kind = \"decimal(2)\"");
    assert_eq!(read, some(&["12.34", "0.00"]));
    assert_eq!(
        rejects,
        [
            (2, "12.345 does not fit decimal(2)".to_owned()),
            (3, "NaN is no number: nan = \"null\" takes it for a null".to_owned()),
        ]
    );
    let (read, rejects) =
        read_column(Arc::new(TimestampMillisecondArray::from(vec![0, 86_400_000, 1, i64::MAX])), "kind = \"date\"");
    assert_eq!(read, some(&["1970-01-01", "1970-01-02"]));
    assert_eq!(rejects.len(), 2);
    assert!(rejects[0].1.contains("time of day"));
    let (read, rejects) = read_column(Arc::new(Int64Array::from(vec![0, 1, 2])), "kind = \"flag\"");
    assert_eq!(read, some(&["false", "true"]));
    assert_eq!(rejects[0].0, 3);
}

#[test]
fn lists_with_nulls_are_refused_and_numbers_become_values() {
    let mut lists = ListBuilder::new(StringBuilder::new());
    lists.append_value([Some("b"), Some("a"), Some("b")]);
    lists.append_value([Some("a"), None]);
    lists.append_null();
    lists.append_value(Vec::<Option<&str>>::new());
    let (read, rejects) = read_column(Arc::new(lists.finish()), "kind = \"set\"");
    assert_eq!(read, [Some("[\"a\", \"b\"]".to_owned()), None, Some("[]".to_owned())]);
    assert_eq!(rejects, [(2, "a value of the list is null".to_owned())]);
    let (read, _) = read_column(Arc::new(Float64Array::from(vec![Some(9.0), None, Some(0.5)])), "kind = \"choice\"");
    assert_eq!(read, [Some("9".to_owned()), None, Some("0.5".to_owned())]);
}

#[test]
fn the_key_can_set_a_tag_too() {
    let keys: ArrayRef = Arc::new(StringArray::from(vec!["a", "b", "a"]));
    let batch = RecordBatch::try_from_iter([("key", keys)]).expect("a column");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("table");
    let file = File::create(&path).expect("a file");
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).expect("a writer");
    writer.write(&batch).expect("written");
    writer.close().expect("closed");
    let mapping = Mapping::parse(
        "type = \"t\"\n\
         key = { column = \"key\", kind = \"string\" }\n\
         columns = [{ column = \"key\", kind = \"choice\" }]",
    )
    .expect("a mapping");
    let input = Input::open(&path).expect("it opens");
    let (rows, _) = read_all(input, &mapping, ReadOptions::default()).expect("it reads");
    let expected = ["a", "b", "a"].map(|key| (key.to_owned(), vec![Some(key.to_owned())]));
    assert_eq!(rows, expected);
}

#[test]
fn a_column_that_cannot_be_what_the_mapping_says_is_an_error() {
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["a", "b"]));
    let batch = RecordBatch::try_from_iter([("n", numbers), ("s", texts)]).expect("two columns");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("table");
    let file = File::create(&path).expect("a file");
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).expect("a writer");
    writer.write(&batch).expect("written");
    writer.close().expect("closed");
    let cases = [
        ("{ column = \"n\", kind = \"time\" }", "time_unit"),
        ("{ column = \"n\", kind = \"date\" }", "date_format"),
        ("{ column = \"n\", kind = \"set\" }", "lists"),
        ("{ column = \"s\", kind = \"set\" }", "list_separator"),
        ("{ column = \"m\", kind = \"int\" }", "no column \"m\""),
    ];
    for (column, expected) in cases {
        let mapping = Mapping::parse(&format!(
            "type = \"t\"\nkey = {{ column = \"s\", kind = \"string\" }}\ncolumns = [{column}]"
        ))
        .expect("a mapping");
        let input = Input::open(&path).expect("it opens");
        let error = read_all(input, &mapping, ReadOptions::default()).expect_err(column);
        assert!(error.message().contains(expected), "{}", error.message());
    }
}

#[test]
fn damaged_files_are_errors() {
    let rows: Vec<Cells> = (0..200)
        .map(|n| Cells {
            key: format!("k{n}"),
            flag: Some(n % 2 == 0),
            choice: Some(format!("c{}", n % 9)),
            set: Some(vec![format!("s{}", n % 5)]),
            int: Some(n),
            cents: Some(n * 7),
            days: Some(n as i32),
            ms: None,
        })
        .collect();
    let mapping = Mapping::parse(MAPPING).expect("a mapping");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("table");
    let mut refused = 0;
    for form in 0..2 {
        if form == 0 {
            write_parquet(&path, &rows, 2);
        } else {
            write_arrow(&path, &rows, 2);
        }
        let whole = std::fs::read(&path).expect("read back");
        let mut state = 88_172_645_463_325_252_u64;
        for round in 0..150 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let at = 8 + (state >> 16) as usize % (whole.len() - 8);
            let mut bytes = whole.clone();
            if round % 3 == 0 {
                bytes.truncate(at);
            } else {
                bytes[at] ^= 1 << (state % 8);
            }
            std::fs::write(&path, &bytes).expect("written");
            // Whatever comes out, nothing may panic; a flipped bit of a value cannot be noticed.
            let read = Input::open(&path).and_then(|input| read_all(input, &mapping, ReadOptions::default()));
            refused += usize::from(read.is_err());
        }
    }
    assert!(refused > 100, "only {refused} of 300 damaged files were refused");
}
