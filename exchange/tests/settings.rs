//! The settings of a mapping: each does what docs/loading.md says, or is refused; none is taken and ignored.

mod common;

use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, BooleanArray, Decimal128Array, Decimal256Array, Float32Array, Float64Array, Int64Array, ListArray,
    RecordBatch, StringArray, TimestampMicrosecondArray, UInt64Array,
};
use arrow_buffer::i256;
use arrow_ipc::writer::FileWriter;
use common::{read_all, read_csv};
use muster_exchange::{Input, Mapping, ReadOptions, Reject};

/// The mapping of the key `id` and one column, `v`.
fn mapping(column: &str) -> String {
    format!("type = \"t\"\nkey = {{ column = \"id\", kind = \"string\" }}\ncolumns = [{{ column = \"v\", {column} }}]")
}

/// What the cells of a column become: its values, `None` for a null, and the rejects.
type Outcome = (Vec<Option<String>>, Vec<Reject>);

/// Cells written as the fields of a CSV.
fn of_text(column: &str, fields: &[&str]) -> Outcome {
    let rows: String = fields.iter().enumerate().map(|(row, field)| format!("{row};{field}\n")).collect();
    let mapping = format!("{}\ncsv = {{ delimiter = \";\" }}", mapping(column));
    let (rows, rejects) = read_csv(format!("id;v\n{rows}").as_bytes(), &mapping).expect("the mapping fits");
    (rows.into_iter().map(|(_, cells)| cells[0].clone()).collect(), rejects)
}

/// Cells of a columnar file.
fn of_array(column: &str, cells: ArrayRef) -> muster_engine::Result<Outcome> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("t.arrow");
    let keys: ArrayRef = Arc::new((0..cells.len()).map(|row| Some(row.to_string())).collect::<StringArray>());
    let batch = RecordBatch::try_from_iter([("id", keys), ("v", cells)]).expect("columns of one length");
    let file = std::fs::File::create(&path).expect("a file");
    let mut writer = FileWriter::try_new(file, &batch.schema()).expect("a writer");
    writer.write(&batch).and_then(|()| writer.finish()).expect("written");
    let mapping = Mapping::parse(&mapping(column))?;
    let (rows, rejects) = read_all(Input::open(&path)?, &mapping, ReadOptions::default())?;
    Ok((rows.into_iter().map(|(_, cells)| cells[0].clone()).collect(), rejects))
}

fn some(values: &[&str]) -> Vec<Option<String>> {
    values.iter().map(|value| Some((*value).to_owned())).collect()
}

fn reasons(rejects: &[Reject]) -> Vec<&str> {
    rejects.iter().map(|reject| reject.reason.as_str()).collect()
}

/// The bytes are those of Python's `"…".encode(…)`.
#[test]
fn an_encoding_is_decoded_and_its_faults_are_rejected() {
    let with = |label: &str| format!("{}\ncsv = {{ encoding = \"{label}\" }}", mapping("kind = \"choice\""));
    let gbk = b"id,v\n1,\xB1\xB1\xBE\xA9\n2,\xFF\n\xC9\xCF,\xBA\xA3\n";
    for label in ["gbk", "GB18030", "gb2312"] {
        let (rows, rejects) = read_csv(gbk, &with(label)).expect("read");
        assert_eq!(rows, [("1".to_owned(), some(&["北京"])), ("上".to_owned(), some(&["海"]))]);
        let expected = if label == "GB18030" { "gb18030" } else { "gbk" };
        assert_eq!((rejects[0].line, rejects[0].reason.as_str()), (3, format!("the text is not {expected}").as_str()));
    }
    for label in ["latin1", "windows-1252", "iso-8859-1"] {
        let (rows, _) = read_csv(b"id,v\n1,Z\xFCrich\n", &with(label)).expect("read");
        assert_eq!(rows, [("1".to_owned(), some(&["Zürich"]))]);
    }
    for mark in [&b"\xFF\xFE"[..], b""] {
        let text = [mark, b"i\0d\0,\0v\0\r\0\n\x001\0,\0\x17S\xACN\r\0\n\0"].concat();
        let (rows, _) = read_csv(&text, &with("utf-16le")).expect("read");
        assert_eq!(rows, [("1".to_owned(), some(&["北京"]))]);
    }
    let error = read_csv(b"\xFE\xFF\0i\0d", &with("utf-8")).expect_err("no UTF-8");
    assert!(error.message().contains("is UTF-16BE: give csv = { encoding = \"utf-16be\" }"), "{}", error.message());
    let (_, rejects) = read_csv(gbk, &with("utf-8")).expect("a header in ASCII");
    assert!(rejects[0].reason.contains("the text is not UTF-8: mend it"), "{}", rejects[0].reason);
}

#[test]
fn trim_leaves_out_white_space_of_texts_of_every_kind() {
    assert_eq!(
        of_text("kind = \"choice\", trim = true", &[" a ", "\u{3000}b\t", "\" \"", "  "]).0[..2],
        some(&["a", "b"])
    );
    assert_eq!(of_text("kind = \"choice\", trim = true", &["  "]).0, [None]);
    assert_eq!(of_text("kind = \"int\", trim = true", &[" 7 ", "8"]).0, some(&["7", "8"]));
    assert_eq!(of_text("kind = \"flag\", trim = true", &[" yes", "0 "]).0, some(&["true", "false"]));
    assert_eq!(of_text("kind = \"date\", trim = true", &[" 2026-01-05 "]).0, some(&["2026-01-05"]));
    let set = "kind = \"set\", list_separator = \"|\", trim = true";
    assert_eq!(of_text(set, &[" a | b ", "c"]).0, some(&["[\"a\", \"b\"]", "[\"c\"]"]));
    assert_eq!(reasons(&of_text(set, &["a | | b"]).1).len(), 1);
    assert_eq!(of_text("kind = \"choice\", trim = true, null_words = [\"NA\"]", &[" NA "]).0, [None]);
    let text = "type = \"t\"\nkey = { column = \"id\", kind = \"u64\", trim = true }";
    assert_eq!(read_csv(b"id\n 7 \n", text).expect("read").0[0].0, "7");
}

#[test]
fn numbers_with_other_marks_are_exact_or_refused() {
    let german = "kind = \"decimal(2)\", decimal_point = \",\", thousands = \".\"";
    let (values, rejects) = of_text(
        german,
        &["1.234.567,89", "-12,5", "1234,5", "0,1e1", "12.34,5", "1.2345,0", "1,5,5", ".123", "1..234", "1,234", "x"],
    );
    assert_eq!(values, some(&["1234567.89", "-12.50", "1234.50", "1.00"]));
    assert_eq!(rejects.len(), 7);
    assert_eq!(
        of_text("kind = \"int\", thousands = \",\"", &["1,234,567", "999", "1,23"]).0,
        some(&["1234567", "999"])
    );
    assert_eq!(of_text("kind = \"decimal(1)\", decimal_point = \",\"", &["1,5", "1.5"]).0, some(&["1.5"]));
    let narrow = "kind = \"decimal(2)\", thousands = \"\u{202F}\", decimal_point = \",\"";
    assert_eq!(of_text(narrow, &["1\u{202F}234,50"]).0, some(&["1234.50"]));
}

#[test]
fn words_for_true_and_false_replace_the_usual_ones() {
    let (values, rejects) = of_text(
        "kind = \"flag\", true_words = [\"是\", \"Ja\"], false_words = [\"否\"]",
        &["是", "否", "JA", "true", "1"],
    );
    assert_eq!(values, some(&["true", "false", "true"]));
    assert_eq!(
        reasons(&rejects),
        ["\"true\" is no flag: expected 是, Ja or 否", "\"1\" is no flag: expected 是, Ja or 否"]
    );
    // The side that is not given keeps its words.
    assert_eq!(of_text("kind = \"flag\", true_words = [\"x\"]", &["x", "no"]).0, some(&["true", "false"]));
}

#[test]
fn the_first_date_format_that_fits_wins() {
    let both = "kind = \"date\", date_format = [\"%d/%m/%Y\", \"%m/%d/%Y\", \"%Y/%m/%d\", \"%Y年%m月%d日\"]";
    let (values, rejects) = of_text(both, &["03/04/2026", "12/31/2026", "2026/1/5", "2026年1月5日", "2026-01-05"]);
    assert_eq!(values, some(&["2026-04-03", "2026-12-31", "2026-01-05", "2026-01-05"]));
    assert!(rejects[0].reason.contains("expected %d/%m/%Y or %m/%d/%Y or"), "{}", rejects[0].reason);
    let time = "kind = \"time\", date_format = [\"%Y/%m/%d %H:%M\", \"%Y/%m/%d\"]";
    assert_eq!(
        of_text(time, &["2026/1/5 8:30", "2026/1/5"]).0,
        some(&["2026-01-05T08:30:00Z", "2026-01-05T00:00:00Z"])
    );
}

/// The figures are those of Python's `Decimal(text).quantize(Decimal("0.01"), ROUND_HALF_EVEN)` and `ROUND_DOWN`.
const ROUNDED: [(&str, &str, &str); 12] = [
    ("0.125", "0.12", "0.12"),
    ("0.135", "0.14", "0.13"),
    ("-0.135", "-0.14", "-0.13"),
    ("-0.125", "-0.12", "-0.12"),
    ("0.005", "0.00", "0.00"),
    ("0.015", "0.02", "0.01"),
    ("0.0050001", "0.01", "0.00"),
    ("-0.005000000000000000000000000000000000000000000000001", "-0.01", "0.00"),
    ("0.8734561234", "0.87", "0.87"),
    ("1e-300", "0.00", "0.00"),
    ("92233720368547758.0749", "92233720368547758.07", "92233720368547758.07"),
    ("12.34", "12.34", "12.34"),
];

#[test]
fn more_digits_than_the_tag_has_are_rounded_as_the_mapping_says() {
    let texts: Vec<&str> = ROUNDED.iter().map(|(text, _, _)| *text).collect();
    let plain = |value: &str| Some(value.to_owned());
    for (rule, place) in [("half_even", 0), ("down", 1)] {
        let expected: Vec<Option<String>> = ROUNDED.iter().map(|(_, even, down)| plain([even, down][place])).collect();
        let column = format!("kind = \"decimal(2)\", round = \"{rule}\"");
        let (values, rejects) = of_text(&column, &texts);
        assert_eq!((values, rejects), (expected.clone(), Vec::new()), "{rule}");
        // Doubles are the decimals as which they were written, as far as they hold them.
        let doubles: Float64Array = texts.iter().map(|text| text.parse::<f64>().ok()).collect();
        let (values, _) = of_array(&column, Arc::new(doubles)).expect("fits");
        assert_eq!(values[..7], expected[..7], "{rule}");
        assert_eq!(values[8..10], expected[8..10], "{rule}");
    }
    let (values, rejects) = of_text("kind = \"decimal(2)\"", &["0.125", "-0.005000000000000000000000000000000001"]);
    assert_eq!((values.len(), rejects.len()), (0, 2));
    let (_, rejects) = of_text("kind = \"int\", round = \"down\"", &["9223372036854775808.5", "-9223372036854775808"]);
    assert_eq!(
        reasons(&rejects),
        [
            "\"9223372036854775808.5\" does not fit int: the largest is 9223372036854775807",
            "\"-9223372036854775808\" does not fit int: the least is -9223372036854775807"
        ]
    );
    let (values, _) =
        of_array("kind = \"decimal(3)\", round = \"half_even\"", Arc::new(Float32Array::from(vec![0.1234_f32])))
            .expect("fits");
    assert_eq!(values, some(&["0.123"]));
}

#[test]
fn decimals_of_128_and_256_bits_are_exact_rounded_or_refused() {
    let wide = |column: &str, unscaled: &str, scale: i8| {
        let unscaled: i256 = unscaled.parse().expect("a number");
        let cells = Decimal256Array::from(vec![unscaled]).with_precision_and_scale(76, scale).expect("it fits");
        of_array(column, Arc::new(cells)).expect("a number")
    };
    let tenth = format!("1{}", "0".repeat(59));
    assert_eq!(wide("kind = \"decimal(1)\"", &tenth, 60).0, some(&["0.1"]));
    let above = format!("-1{}1", "0".repeat(58));
    assert_eq!(wide("kind = \"decimal(1)\"", &above, 60).1.len(), 1);
    assert_eq!(wide("kind = \"decimal(1)\", round = \"half_even\"", &above, 60).0, some(&["-0.1"]));
    assert_eq!(wide("kind = \"choice\"", &above, 60).0[0].as_ref().map(String::len), Some(63));
    let cells = Decimal128Array::from(vec![123_456_789_012_345_678_901_234_567_890_i128])
        .with_precision_and_scale(38, 18)
        .expect("it fits");
    let (values, _) = of_array("kind = \"decimal(6)\", round = \"half_even\"", Arc::new(cells)).expect("fits");
    assert_eq!(values, some(&["123456789012.345679"]));
}

#[test]
fn nan_is_refused_with_its_remedy_or_null() {
    let cells = || Arc::new(Float64Array::from(vec![f64::NAN, 1.0])) as ArrayRef;
    for kind in ["int", "decimal(2)", "choice", "flag"] {
        let (_, rejects) = of_array(&format!("kind = \"{kind}\""), cells()).expect("fits");
        assert_eq!(rejects.len(), 1);
        assert!(rejects[0].reason.ends_with(": nan = \"null\" takes it for a null"), "{kind}: {}", rejects[0].reason);
        let (values, rejects) = of_array(&format!("kind = \"{kind}\", nan = \"null\""), cells()).expect("fits");
        assert_eq!((values[0].clone(), rejects.len()), (None, 0), "{kind}");
    }
    assert_eq!(of_text("kind = \"int\", nan = \"null\"", &["NaN", "nan", "1"]).0, [None, None, Some("1".to_owned())]);
    let infinite = Arc::new(Float64Array::from(vec![f64::INFINITY]));
    assert_eq!(of_array("kind = \"int\", nan = \"null\"", infinite).expect("fits").1.len(), 1);
}

#[test]
fn a_unit_of_time_is_read_from_text_too() {
    for (unit, text) in [("s", "1700000000"), ("ms", "1700000000123"), ("us", "1700000000123456"), ("ns", "-1")] {
        let (values, rejects) = of_text(&format!("kind = \"time\", time_unit = \"{unit}\""), &[text, "2023-11-14 x"]);
        // The figures are those of `date -u -d @1700000000`.
        let expected = match unit {
            "s" => "2023-11-14T22:13:20Z",
            "ns" => "1969-12-31T23:59:59.999Z",
            _ => "2023-11-14T22:13:20.123Z",
        };
        assert_eq!(values, some(&[expected]), "{unit}");
        assert!(rejects[0].reason.contains(&format!("a whole number of {unit} since 1970")), "{}", rejects[0].reason);
    }
    // A time that is written as one is one.
    let written = of_text("kind = \"time\", time_unit = \"ms\"", &["2023-11-14 22:13:20", "-1.0"]);
    assert_eq!(written.0, some(&["2023-11-14T22:13:20Z", "1969-12-31T23:59:59.999Z"]));
    let far = of_text("kind = \"time\", time_unit = \"s\"", &["9223372036854775807"]);
    assert!(far.1[0].reason.contains("outside of the years 0000 to 9999"));
    let unsigned = Arc::new(UInt64Array::from(vec![1_700_000_000_u64, u64::MAX]));
    let (values, rejects) = of_array("kind = \"time\", time_unit = \"s\"", unsigned).expect("fits");
    assert_eq!((values, rejects.len()), (some(&["2023-11-14T22:13:20Z"]), 1));
}

#[test]
fn a_zone_is_that_of_times_that_have_none_in_every_format() {
    let column = "kind = \"time\", time_zone = \"Asia/Shanghai\"";
    let cells = || TimestampMicrosecondArray::from(vec![0_i64]);
    assert_eq!(of_array(column, Arc::new(cells())).expect("fits").0, some(&["1969-12-31T16:00:00Z"]));
    let error = of_array(column, Arc::new(cells().with_timezone("UTC"))).expect_err("the zone is not read");
    assert!(error.message().contains("strike time_zone"), "{}", error.message());
}

#[test]
fn a_setting_that_a_column_does_not_read_is_refused() {
    let ints = || Arc::new(Int64Array::from(vec![1])) as ArrayRef;
    let truths = || Arc::new(BooleanArray::from(vec![true])) as ArrayRef;
    let texts = || Arc::new(StringArray::from(vec!["1"])) as ArrayRef;
    let times = || Arc::new(TimestampMicrosecondArray::from(vec![0])) as ArrayRef;
    let lists = || Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1)])])) as ArrayRef;
    let cases: [(&str, &str, ArrayRef); 14] = [
        ("int", "trim = true", ints()),
        ("int", "null_words = [\"1\"]", ints()),
        ("int", "nan = \"null\"", ints()),
        ("int", "decimal_point = \",\"", ints()),
        ("int", "thousands = \",\"", ints()),
        ("int", "round = \"down\"", ints()),
        ("flag", "true_words = [\"x\"]", truths()),
        ("flag", "false_words = [\"x\"]", ints()),
        ("choice", "nan = \"null\"", texts()),
        ("set", "list_separator = \"|\"", lists()),
        ("set", "trim = true", lists()),
        ("set", "null_words = [\"x\"]", lists()),
        ("time", "time_unit = \"s\"", times()),
        ("date", "date_format = \"%Y%m%d\"", times()),
    ];
    for (kind, setting, cells) in cases {
        let name = setting.split(' ').next().expect("a name");
        let error = of_array(&format!("kind = \"{kind}\", {setting}"), cells).expect_err(setting);
        assert!(error.message().contains(&format!("strike {name}")), "{}", error.message());
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("t.arrow");
    let batch = RecordBatch::try_from_iter([("id", texts())]).expect("a column");
    let mut writer =
        FileWriter::try_new(std::fs::File::create(&path).expect("a file"), &batch.schema()).expect("a writer");
    writer.write(&batch).and_then(|()| writer.finish()).expect("written");
    let mapping = "type = \"t\"\nkey = { column = \"id\", kind = \"u64\" }\ncsv = { delimiter = \";\" }";
    let mapping = Mapping::parse(mapping).expect("a mapping");
    let error = read_all(Input::open(&path).expect("Arrow"), &mapping, ReadOptions::default()).expect_err("no CSV");
    assert!(error.message().contains("strike csv"), "{}", error.message());
}

#[test]
fn an_empty_text_of_a_list_in_json_is_a_value() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.csv");
    std::fs::write(&path, "id,s\n1,\"[\"\"\"\",\"\"a\"\"]\"\n2,[]\n").unwrap();
    let text = "type = \"t\"\nkey = { column = \"id\", kind = \"u64\" }\n\
                columns = [{ column = \"s\", kind = \"set\", list_separator = \"json\" }]";
    let mapping = Mapping::parse(text).unwrap();
    let (rows, rejects) = read_all(Input::open(&path).unwrap(), &mapping, ReadOptions::default()).unwrap();
    assert!(rejects.is_empty(), "{rejects:?}");
    assert_eq!(rows.len(), 2);
    assert!(rows[0].1[0].as_deref().unwrap().contains('a'), "{rows:?}");
}
