//! What a file holds is read exactly or its row is rejected; nothing wraps into another value.

mod common;

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow_array::types::{Float16Type, UInt8Type};
use arrow_array::{
    Array, ArrayRef, ArrowPrimitiveType, Date32Array, Date64Array, Decimal128Array, DurationSecondArray,
    FixedSizeBinaryArray, Float16Array, Float64Array, Int32Array, Int64Array, ListArray, ListViewArray, RecordBatch,
    RunArray, StringArray, Time32SecondArray, TimestampMicrosecondArray, TimestampMillisecondArray,
    TimestampNanosecondArray, TimestampSecondArray, UInt64Array,
};
use arrow_ipc::writer::FileWriter;
use arrow_schema::{DataType, Field, Schema};
use common::{read_all, read_csv, resolve, rows_of};
use muster_engine::catalog::TagKind;
use muster_exchange::{Input, LoadReader, Mapping, ReadOptions};
use parquet::data_type::{ByteArray, FixedLenByteArray, FixedLenByteArrayType, Int32Type, Int96, Int96Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use proptest::prelude::*;

const DAY_NS: i64 = 86_400_000_000_000;
/// The Julian day of 1970-01-01.
const JULIAN_EPOCH: i64 = 2_440_588;

fn mapping(kind: &str) -> Mapping {
    let text = format!(
        "type = \"t\"\nkey = {{ column = \"id\", kind = \"u64\" }}\ncolumns = [{{ column = \"v\", kind = \"{kind}\" }}]"
    );
    Mapping::parse(&text).expect("a mapping")
}

/// The cells of `v` read as `kind`, `None` for those that are null, and the reasons of the rejects.
fn read(path: &Path, kind: &str) -> muster_engine::Result<(Vec<Option<String>>, Vec<String>)> {
    let (rows, rejects) = read_all(Input::open(path)?, &mapping(kind), ReadOptions::default())?;
    Ok((
        rows.into_iter().map(|(_, cells)| cells[0].clone()).collect(),
        rejects.into_iter().map(|reject| reject.reason).collect(),
    ))
}

fn read_arrow(column: ArrayRef, kind: &str) -> muster_engine::Result<(Vec<Option<String>>, Vec<String>)> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("t.arrow");
    let keys: ArrayRef = Arc::new(UInt64Array::from_iter_values(0..column.len() as u64));
    let batch = RecordBatch::try_from_iter([("id", keys), ("v", column)]).expect("columns of one length");
    let mut writer = FileWriter::try_new(File::create(&path).expect("a file"), &batch.schema()).expect("a writer");
    writer.write(&batch).and_then(|()| writer.finish()).expect("written");
    read(&path, kind)
}

fn some(values: &[&str]) -> Vec<Option<String>> {
    values.iter().map(|value| Some((*value).to_owned())).collect()
}

/// A time of 96 bits: nanoseconds of the day, and the Julian day.
fn int96(days: i64, nanoseconds: i64) -> Int96 {
    let julian = (days + JULIAN_EPOCH) as u32;
    Int96::from(vec![nanoseconds as u32, (nanoseconds as u64 >> 32) as u32, julian])
}

/// Writes a key `id` and times of 96 bits, alone as `v` or as lists of one.
fn write_int96(path: &Path, times: &[Int96], as_lists: bool) {
    let v = match as_lists {
        false => "required int96 v;",
        true => "required group v (LIST) { repeated group list { required int96 element; } }",
    };
    let schema = parse_message_type(&format!("message m {{ required int32 id; {v} }}")).expect("a schema");
    let file = File::create(path).expect("a file");
    let properties = Arc::new(WriterProperties::builder().build());
    let mut writer = SerializedFileWriter::new(file, Arc::new(schema), properties).expect("a writer");
    let mut group = writer.next_row_group().expect("a group");
    let keys: Vec<i32> = (0..times.len() as i32).collect();
    let mut column = group.next_column().expect("a column").expect("id");
    column.typed::<Int32Type>().write_batch(&keys, None, None).expect("written");
    column.close().expect("closed");
    let mut column = group.next_column().expect("a column").expect("v");
    let levels: (Vec<i16>, Vec<i16>) = (vec![1; times.len()], vec![0; times.len()]);
    let (definition, repetition) = if as_lists { (Some(&levels.0[..]), Some(&levels.1[..])) } else { (None, None) };
    column.typed::<Int96Type>().write_batch(times, definition, repetition).expect("written");
    column.close().expect("closed");
    group.close().expect("closed");
    writer.close().expect("closed");
}

/// Days since 1970 are those of Python: `(date.fromisoformat(day) - date(1970, 1, 1)).days`.
const DAYS: [(i64, &str); 7] = [
    (-719_162, "0001-01-01"),
    (-106_752, "1677-09-21"),
    (-56_160, "1816-03-29"),
    (0, "1970-01-01"),
    (106_752, "2262-04-12"),
    (2_932_896, "9999-12-31"),
    (-719_528, "0000-01-01"),
];

#[test]
fn times_of_96_bits_do_not_wrap() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("t.parquet");
    let mut times: Vec<Int96> = DAYS.iter().map(|(days, _)| int96(*days, DAY_NS - 1)).collect();
    for far in
        [-719_529, 2_932_897, 106_751_991, i64::from(i32::MAX) - JULIAN_EPOCH, i64::from(i32::MIN) - JULIAN_EPOCH]
    {
        times.push(int96(far, 0));
    }
    let expected: Vec<String> = DAYS.iter().map(|(_, day)| format!("{day}T23:59:59.999Z")).collect();
    write_int96(&path, &times, false);
    for kind in ["time", "choice"] {
        let (values, reasons) = read(&path, kind).expect("read");
        assert_eq!(values, expected.iter().cloned().map(Some).collect::<Vec<_>>(), "{kind}");
        assert_eq!(reasons.len(), 5, "{kind}");
        assert!(reasons.iter().all(|reason| reason.contains("outside of the years 0000 to 9999")), "{reasons:?}");
    }
    write_int96(&path, &times, true);
    let (values, reasons) = read(&path, "set").expect("read");
    assert_eq!(values, expected.iter().map(|text| Some(format!("[\"{text}\"]"))).collect::<Vec<_>>());
    assert_eq!(reasons.len(), 5);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]
    /// The oracle are the same instants as whole milliseconds, which are read without a calendar of 96 bits.
    #[test]
    fn times_of_96_bits_are_those_of_64(
        instants in proptest::collection::vec((-800_000_i64..3_000_000, 0..DAY_NS), 1..50)
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("t.parquet");
        let times: Vec<Int96> = instants.iter().map(|(days, ns)| int96(*days, *ns)).collect();
        write_int96(&path, &times, false);
        let ms: Vec<i64> = instants.iter().map(|(days, ns)| days * 86_400_000 + ns / 1_000_000).collect();
        let plain = read_arrow(Arc::new(TimestampMillisecondArray::from(ms)), "time").expect("read");
        prop_assert_eq!(read(&path, "time").expect("read"), plain);
    }

    /// Units are taken to milliseconds as `i128` does it.
    #[test]
    fn every_unit_of_time_is_floored_or_rejected(value: i64, near in -70_000_000_000_i64..260_000_000_000) {
        for number in [value, near, near.saturating_mul(1000), near.saturating_mul(1_000_000)] {
            let arrays: [(ArrayRef, i128, i128); 4] = [
                (Arc::new(TimestampSecondArray::from(vec![number])), 1000, 1),
                (Arc::new(TimestampMillisecondArray::from(vec![number])), 1, 1),
                (Arc::new(TimestampMicrosecondArray::from(vec![number])), 1, 1000),
                (Arc::new(TimestampNanosecondArray::from(vec![number])), 1, 1_000_000),
            ];
            for (array, times, per) in arrays {
                let ms = (i128::from(number) * times).div_euclid(per);
                let is_held = (-62_167_219_200_000..253_402_300_800_000).contains(&ms);
                let expected = is_held.then(|| TagKind::Time.format_number(ms as i64));
                let (values, reasons) = read_arrow(array, "time").expect("read");
                prop_assert_eq!(values, expected.into_iter().map(Some).collect::<Vec<_>>());
                prop_assert_eq!(reasons.len(), usize::from(!is_held));
            }
        }
    }
}

#[test]
fn dates_and_numbers_at_their_ends_are_exact_or_rejected() {
    let days = Date32Array::from(vec![-719_528, 2_932_896, 2_932_897, i32::MAX, i32::MIN]);
    let (values, reasons) = read_arrow(Arc::new(days.clone()), "date").expect("read");
    assert_eq!((values, reasons.len()), (some(&["0000-01-01", "9999-12-31"]), 3));
    assert_eq!(read_arrow(Arc::new(days.clone()), "time").expect("read").1.len(), 3);
    assert_eq!(read_arrow(Arc::new(days), "choice").expect("read").1.len(), 3);
    let ms = Date64Array::from(vec![-62_167_219_200_000, 253_402_214_400_000, i64::MAX, i64::MIN, 1]);
    let (values, reasons) = read_arrow(Arc::new(ms), "date").expect("read");
    assert_eq!((values, reasons.len()), (some(&["0000-01-01", "9999-12-31"]), 3));
    let (values, reasons) =
        read_arrow(Arc::new(UInt64Array::from(vec![u64::MAX, 1 << 63, (1 << 63) - 1])), "int").expect("read");
    assert_eq!(values, some(&["9223372036854775807"]));
    assert_eq!(reasons[0], "18446744073709551615 does not fit int: the largest is 9223372036854775807");
    let (_, reasons) = read_arrow(Arc::new(Int64Array::from(vec![i64::MIN])), "int").expect("read");
    assert_eq!(reasons, ["-9223372036854775808 does not fit int: the least is -9223372036854775807"]);
    let (values, _) = read_arrow(Arc::new(Float64Array::from(vec![-0.0, 0.0])), "choice").expect("read");
    assert_eq!(values, some(&["0", "0"]));
    let times = TimestampMicrosecondArray::from(vec![253_402_214_400_000_000, 1]);
    let (values, reasons) = read_arrow(Arc::new(times), "choice").expect("read");
    assert_eq!(values, some(&["9999-12-31T00:00:00Z"]));
    assert!(reasons[0].contains("finer than a millisecond"), "{reasons:?}");
}

#[test]
fn keys_in_decimals_are_exact_up_to_the_largest_unsigned() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("t.arrow");
    let keys = Decimal128Array::from(vec![i128::from(u64::MAX), i128::from(u64::MAX) + 1, -1, 7])
        .with_precision_and_scale(20, 0)
        .expect("it fits");
    let batch = RecordBatch::try_from_iter([("id", Arc::new(keys) as ArrayRef)]).expect("a column");
    let mut writer = FileWriter::try_new(File::create(&path).expect("a file"), &batch.schema()).expect("a writer");
    writer.write(&batch).and_then(|()| writer.finish()).expect("written");
    let mapping = Mapping::parse("type = \"t\"\nkey = { column = \"id\", kind = \"u64\" }").expect("a mapping");
    let (rows, rejects) = read_all(Input::open(&path).expect("Arrow"), &mapping, ReadOptions::default()).expect("read");
    assert_eq!(rows.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), [u64::MAX.to_string().as_str(), "7"]);
    assert_eq!(rejects.len(), 2);
}

/// The text is that of Python: `str(uuid.UUID(bytes=bytes(range(16))))`.
const UUID: &str = "00010203-0405-0607-0809-0a0b0c0d0e0f";

#[test]
fn a_uuid_is_its_text_as_key_and_as_value() {
    let folder = tempfile::tempdir().expect("a folder");
    let parquet = folder.path().join("t.parquet");
    let bytes: Vec<u8> = (0..16).collect();
    let uuid = "required fixed_len_byte_array(16)";
    let message = format!(
        "message m {{ {uuid} id (UUID); {uuid} v (UUID); {uuid} raw; \
         required group many (LIST) {{ repeated group list {{ {uuid} element (UUID); }} }} }}"
    );
    let schema = Arc::new(parse_message_type(&message).expect("a schema"));
    let properties = Arc::new(WriterProperties::builder().build());
    let file = File::create(&parquet).expect("a file");
    let mut writer = SerializedFileWriter::new(file, schema, properties).expect("a writer");
    let mut group = writer.next_row_group().expect("a group");
    let value = FixedLenByteArray::from(ByteArray::from(bytes.clone()));
    while let Some(mut column) = group.next_column().expect("a column") {
        let typed = column.typed::<FixedLenByteArrayType>();
        typed.write_batch(std::slice::from_ref(&value), Some(&[1]), Some(&[0])).expect("written");
        column.close().expect("closed");
    }
    group.close().expect("closed");
    writer.close().expect("closed");
    let arrow = folder.path().join("t.arrow");
    let extension = [("ARROW:extension:name".to_owned(), "arrow.uuid".to_owned())];
    let fixed = |name: &str| Field::new(name, DataType::FixedSizeBinary(16), false);
    let marked = |name: &str| fixed(name).with_metadata(extension.clone().into());
    let element = Arc::new(marked("element"));
    let cells = Arc::new(FixedSizeBinaryArray::try_from_iter([bytes].into_iter()).expect("16 bytes")) as ArrayRef;
    let offsets = arrow_buffer::OffsetBuffer::from_lengths([1]);
    let lists = Arc::new(ListArray::new(element, offsets, Arc::clone(&cells), None)) as ArrayRef;
    let fields = vec![marked("id"), marked("v"), fixed("raw"), Field::new("many", lists.data_type().clone(), false)];
    let columns = vec![Arc::clone(&cells), Arc::clone(&cells), cells, lists];
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).expect("a batch");
    let mut writer = FileWriter::try_new(File::create(&arrow).expect("a file"), &batch.schema()).expect("a writer");
    writer.write(&batch).and_then(|()| writer.finish()).expect("written");
    let text = "type = \"t\"\nkey = { column = \"id\", kind = \"string\" }\n\
                columns = [{ column = \"v\", kind = \"choice\" }, { column = \"many\", kind = \"set\" }]";
    let mapping = Mapping::parse(text).expect("a mapping");
    for path in [&parquet, &arrow] {
        let (rows, rejects) =
            read_all(Input::open(path).expect("it opens"), &mapping, ReadOptions::default()).expect("read");
        assert!(rejects.is_empty(), "{rejects:?}");
        assert_eq!(rows, [(UUID.to_owned(), some(&[UUID, &format!("[\"{UUID}\"]")]))], "{path:?}");
        // Sixteen bytes of which nobody says that they are a UUID are none.
        let raw = Mapping::parse("type = \"t\"\nkey = { column = \"raw\", kind = \"string\" }").expect("a mapping");
        let error = read_all(Input::open(path).expect("it opens"), &raw, ReadOptions::default()).expect_err("no UUID");
        assert!(error.message().contains("FixedSizeBinary(16), which no tag takes"), "{}", error.message());
    }
}

#[test]
fn types_that_no_tag_takes_are_refused_by_name() {
    let runs: RunArray<arrow_array::types::Int32Type> =
        RunArray::try_new(&Int32Array::from(vec![2]), &StringArray::from(vec!["a"])).expect("runs");
    let views = ListViewArray::from_iter_primitive::<UInt8Type, _, _>([Some([Some(1)])]);
    let cases: [(ArrayRef, &str, &str); 4] = [
        (Arc::new(Time32SecondArray::from(vec![1])), "time", "Time32(s), which no tag takes: skip it"),
        (Arc::new(DurationSecondArray::from(vec![1])), "int", "Duration(s), which no tag takes: skip it"),
        (Arc::new(runs), "choice", "is run-end-encoded, which is not read: write it decoded, or skip it"),
        (Arc::new(views), "set", "holds list views, which are not read: write it as lists, or skip it"),
    ];
    for (column, kind, expected) in cases {
        let error = read_arrow(column, kind).expect_err(expected);
        assert!(error.message().contains(expected), "{}", error.message());
    }
}

/// The instants are those of Python's `zoneinfo`: `datetime.fromisoformat(t).replace(tzinfo=ZoneInfo(zone))`, whose
/// `fold` of 0 is the first of two times and moves one forward that is not.
#[test]
fn local_times_that_a_zone_has_twice_or_not_are_settled_and_counted() {
    let mapping = |zone: &str| {
        Mapping::parse(&format!(
            "type = \"t\"\n\
             key = {{ column = \"id\", kind = \"u64\" }}\n\
             columns = [{{ column = \"v\", kind = \"time\", time_zone = \"{zone}\" }}, {{ column = \"n\", kind = \
             \"int\" }}]"
        ))
        .expect("a mapping")
    };
    let cases = [
        ("America/New_York", "2025-11-02 01:30", "2025-11-02T05:30:00Z", (1, 0)),
        ("America/New_York", "2025-03-09 02:30", "2025-03-09T07:30:00Z", (0, 1)),
        ("America/New_York", "2025-07-01 12:00", "2025-07-01T16:00:00Z", (0, 0)),
        ("Europe/Berlin", "2025-10-26 02:30", "2025-10-26T00:30:00Z", (1, 0)),
        ("Europe/Berlin", "2025-03-30 02:30", "2025-03-30T01:30:00Z", (0, 1)),
        ("Asia/Shanghai", "9999-12-31 23:59", "9999-12-31T15:59:00Z", (0, 0)),
    ];
    for (zone, local, expected, (twice, never)) in cases {
        // A row that is rejected for another cell is not counted.
        let text = format!("id,v,n\n1,{local},1\n2,{local},x\n");
        let input = Input::from_read("t.csv", std::io::Cursor::new(text)).expect("CSV");
        let mapping = mapping(zone);
        let mut reader = LoadReader::open(input, &mapping, &resolve(&mapping), ReadOptions::default()).expect("opened");
        let block = reader.next_block().expect("read").expect("rows");
        let rows = rows_of(&block.load, &[TagKind::Time, TagKind::Int]);
        assert_eq!(rows, [("1".to_owned(), some(&[expected, "1"]))], "{zone} {local}");
        let notes: Vec<String> =
            reader.notes().into_iter().map(|note| format!("{}: {}", note.column, note.message)).collect();
        assert_eq!(notes.iter().filter(|note| note.starts_with("v: 1 time that the zone has twice")).count(), twice);
        assert_eq!(
            notes.iter().filter(|note| note.starts_with("v: 1 time that the zone does not have")).count(),
            never
        );
        assert_eq!(notes.len(), twice + never);
    }
}

#[test]
fn a_file_without_rows_and_marks_inside_earn_a_note() {
    let notes_of = |text: &str| {
        let mapping = mapping("choice");
        let input = Input::from_read("t.csv", std::io::Cursor::new(text.to_owned())).expect("CSV");
        let mut reader = LoadReader::open(input, &mapping, &resolve(&mapping), ReadOptions::default()).expect("opened");
        while reader.next_block().expect("read").is_some() {}
        reader.notes().into_iter().map(|note| note.message).collect::<Vec<_>>()
    };
    assert_eq!(notes_of("id,v\n"), ["the file has a header and no rows: nothing is loaded"]);
    assert_eq!(notes_of("\u{FEFF}id,v\n1,a\n"), Vec::<String>::new());
    assert_eq!(
        notes_of("\u{FEFF}id,v\n1,a\n2,\u{FEFF}b\n3,\u{FEFF}c\n"),
        ["a byte order mark stands inside the file, on line 3 and 1 more: it is part of a value"]
    );
    let lone = read_csv(b"id,name\r1,Ann\r2,Bob\r3,Cid\r", "type = \"t\"\nkey = { column = \"id\", kind = \"u64\" }");
    assert_eq!(lone.expect("read").0.len(), 3);
}

type Half = <Float16Type as ArrowPrimitiveType>::Native;

/// The shortest decimals are those of numpy: `str(np.float16(0.0999755859375))`.
#[test]
fn numbers_of_sixteen_bits_are_read_as_people_write_them() {
    let numbers = [0.1, -0.3333, 2.5, 10_008.0, 65_504.0, -0.0, 5.96e-8, f64::NAN, f64::INFINITY];
    let halves: ArrayRef = Arc::new(Float16Array::from_iter_values(numbers.map(Half::from_f64)));
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("t.parquet");
    let keys: ArrayRef = Arc::new(UInt64Array::from_iter_values(0..halves.len() as u64));
    let batch = RecordBatch::try_from_iter([("id", keys), ("v", Arc::clone(&halves))]).expect("columns of one length");
    let file = File::create(&path).expect("a file");
    let mut writer = parquet::arrow::ArrowWriter::try_new(file, batch.schema(), None).expect("a writer");
    writer.write(&batch).and_then(|()| writer.close().map(drop)).expect("written");
    for (kind, values, rejects) in [
        ("choice", &["0.1", "-0.3333", "2.5", "10008", "65504", "0", "0.00000006"][..], 2),
        ("decimal(4)", &["0.1000", "-0.3333", "2.5000", "10008.0000", "65504.0000", "0.0000"], 3),
        ("int", &["10008", "65504", "0"], 6),
    ] {
        for (values_read, reasons) in
            [read_arrow(Arc::clone(&halves), kind).expect("read"), read(&path, kind).expect("read")]
        {
            assert_eq!((values_read, reasons.len()), (some(values), rejects), "{kind}");
        }
    }
}
