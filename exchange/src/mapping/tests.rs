use proptest::prelude::*;

use super::*;

const SAMPLE: &str = r#"
# The bookings of two hotels.
type = "bookings"
key = { column = "booking_id", kind = "u64" }
csv = { delimiter = ";" }
columns = [
  { column = "hotel", kind = "choice" },
  { column = "adr", tag = "price.night", kind = "decimal(2)", null = "clear" },
  { column = "interests", kind = "set", list_separator = "|" },
  { column = "seen", kind = "time", time_zone = "Asia/Shanghai", null_words = ["NULL"] },
  { column = "born", kind = "date", date_format = "%d/%m/%Y" },
  { column = "ts", kind = "time", time_unit = "ms" },
  { column = "comment", skip = true },
]
"#;

#[test]
fn a_mapping_is_read_and_printed() {
    let mapping = Mapping::parse(SAMPLE).expect("the sample is right");
    assert_eq!(mapping.entity_type, "bookings");
    assert_eq!(mapping.key.kind, KeyKind::U64);
    assert_eq!(mapping.csv.delimiter, ';');
    assert!(mapping.csv.header);
    assert_eq!(mapping.columns.len(), 7);
    assert_eq!(mapping.columns[0].tag, "hotel");
    assert_eq!(mapping.columns[1].tag, "price.night");
    assert_eq!(mapping.columns[1].kind, TagKind::Decimal { scale: 2 });
    assert_eq!(mapping.columns[1].null, NullRule::Clear);
    assert_eq!(mapping.columns[5].time_unit, Some(TimeUnit::Millisecond));
    assert_eq!(mapping.loaded_columns().count(), 6);
    assert_eq!(Mapping::parse(&mapping.print()).expect("it prints TOML"), mapping);
}

#[test]
fn a_wrong_mapping_is_refused_with_what_is_wrong() {
    let cases = [
        ("type = \"t\"", "key"),
        ("type = \"t\"\nkey = { column = \"id\", kind = \"int\" }", "u64"),
        ("columns = []\nkind = 1", "kind"),
        ("[[", "line 1"),
    ];
    for (text, expected) in cases {
        let error = Mapping::parse(text).expect_err("wrong");
        assert!(error.message().contains(expected), "{}", error.message());
    }
    let columns = [
        ("{ column = \"a\" }", "kind"),
        ("{ column = \"a\", kind = \"decimal(19)\" }", "decimal"),
        ("{ column = \"a\", kind = \"number\" }", "number"),
        ("{ column = \"a\", kind = \"int\", nul = \"keep\" }", "nul"),
        ("{ column = \"a\", kind = \"int\", null = \"zero\" }", "zero"),
        ("{ column = \"a\", kind = \"int\", list_separator = \"|\" }", "set"),
        ("{ column = \"a\", kind = \"int\", date_format = \"%Y\" }", "date"),
        ("{ column = \"a\", kind = \"time\", time_zone = \"Moon\" }", "Moon"),
        ("{ column = \"a\", tag = \"a..b\", kind = \"int\" }", "empty part"),
        ("{ column = \"a\", kind = \"int\" }, { column = \"ａ\", kind = \"int\" }", "twice"),
        (
            "{ column = \"a\", tag = \"x\", kind = \"int\" }, { column = \"b\", tag = \"x\", kind = \"int\" }",
            "two columns",
        ),
    ];
    for (column, expected) in columns {
        let text = format!("type = \"t\"\nkey = {{ column = \"id\", kind = \"u64\" }}\ncolumns = [{column}]");
        let error = Mapping::parse(&text).expect_err(column);
        assert!(error.message().contains(expected), "{}", error.message());
    }
}

#[test]
fn comments_stand_above_their_lines_and_hide_nothing() {
    let mapping = Mapping::parse(SAMPLE).expect("the sample is right");
    let text = mapping.print_with(&["a\nhead".to_owned()], |column| vec![format!("on {column}: \u{7} }} ] \" #")]);
    assert!(text.starts_with("# a head\n"));
    assert!(text.contains("  # on hotel:   } ] \" #\n  { column = \"hotel\""));
    assert_eq!(Mapping::parse(&text).expect("it prints TOML"), mapping);
}

fn kinds() -> impl Strategy<Value = TagKind> {
    prop_oneof![
        Just(TagKind::Flag),
        Just(TagKind::Choice),
        Just(TagKind::Set),
        Just(TagKind::Int),
        (0_u8..=18).prop_map(|scale| TagKind::Decimal { scale }),
        Just(TagKind::Date),
        Just(TagKind::Time),
    ]
}

proptest! {
    #[test]
    fn every_mapping_prints_and_parses_back(
        names in proptest::collection::btree_map("\\PC{1,12}", "[\\u{0}-\\u{ff}\\n\"\\\\汉]{1,8}", 1..6),
        kind in kinds(),
        words in proptest::collection::vec("[\\u{0}-\\u{ff}]{0,4}", 0..3),
        skip: bool,
        clear: bool,
    ) {
        let mut mapping = Mapping {
            entity_type: "t".to_owned(),
            key: KeyMapping { column: "the \"key\"\n".to_owned(), kind: KeyKind::String },
            csv: CsvOptions { delimiter: '\t', header: !skip },
            columns: Vec::new(),
        };
        for (index, column) in names.values().enumerate() {
            let column = format!("{column}{index}");
            mapping.columns.push(ColumnMapping {
                tag: format!("标签.{index}"),
                null: if clear { NullRule::Clear } else { NullRule::Keep },
                skip,
                list_separator: (kind == TagKind::Set).then(|| column.clone()),
                date_format: (kind == TagKind::Date).then(|| column.clone()),
                null_words: words.clone(),
                ..ColumnMapping::new(column, kind)
            });
        }
        prop_assert_eq!(Mapping::parse(&mapping.print()).expect("it prints TOML"), mapping);
    }
}
