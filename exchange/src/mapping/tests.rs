use std::collections::BTreeMap;

use proptest::prelude::*;

use encoding_rs::{GBK, UTF_8, UTF_16LE};
use muster_engine::catalog::TagKind;

use super::*;

const SAMPLE: &str = r#"
# The bookings of two hotels.
type = "bookings"
key = { column = "booking_id", kind = "u64", trim = true }
csv = { delimiter = ";", encoding = "gb2312" }
columns = [
  { column = "hotel", kind = "choice" },
  { column = "adr", tag = "price.night", kind = "decimal(2)", null = "clear" },
  { column = "interests", kind = "set", list_separator = "|" },
  { column = "seen", kind = "time", time_zone = "Asia/Shanghai", null_words = ["NULL"] },
  { column = "born", kind = "date", date_format = "%d/%m/%Y" },
  { column = "ts", kind = "time", time_unit = "ms" },
  { column = "paid", kind = "flag", true_words = ["是"], false_words = ["否", "无"], trim = true },
  { column = "rate", kind = "decimal(2)", decimal_point = ",", thousands = ".", round = "half_even", nan = "null" },
  { column = "left", kind = "date", date_format = ["%Y-%m-%d", "%Y/%m/%d"] },
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
    assert_eq!(mapping.csv.encoding, GBK);
    assert!(mapping.key.trim);
    assert_eq!(mapping.columns.len(), 10);
    assert_eq!(mapping.columns[0].tag, "hotel");
    assert_eq!(mapping.columns[1].tag, "price.night");
    assert_eq!(mapping.columns[1].kind, TagKind::Decimal { scale: 2 });
    assert_eq!(mapping.columns[1].null, NullRule::Clear);
    assert_eq!(mapping.columns[5].time_unit, Some(TimeUnit::Millisecond));
    assert_eq!(mapping.columns[4].date_formats, ["%d/%m/%Y"]);
    assert_eq!(mapping.columns[6].false_words, ["否", "无"]);
    assert!(mapping.columns[6].trim);
    assert_eq!((mapping.columns[7].decimal_point, mapping.columns[7].thousands), (Some(','), Some('.')));
    assert_eq!((mapping.columns[7].round, mapping.columns[7].nan), (Some(Rounding::HalfEven), NanRule::Null));
    assert_eq!(mapping.columns[8].date_formats.len(), 2);
    assert_eq!(mapping.loaded_columns().count(), 9);
    assert_eq!(Mapping::parse(&mapping.print()).expect("it prints TOML"), mapping);
}

#[test]
fn modes_and_gates_are_read_and_printed() {
    let text = r#"
type = "users"
key = { column = "id", kind = "string" }
mode = "replace"
columns = [
  { column = "city", kind = "choice" },
  { column = "adr", tag = "price.night", kind = "decimal(2)", mode = "append" },
  { column = "new", kind = "flag" },
  { column = "old", kind = "flag" },
]

[gates]
rows_min = 1000
shrink_max = "50%"
coverage_min = { city = "99.5%" }
change_max = { "price.night" = 0.3 }
drift_max = { city = 0.2 }
values = { city = ["北京", "上海"] }
disjoint = [["new", "old"]]
"#;
    let mapping = Mapping::parse(text).expect("it is right");
    assert_eq!(mapping.mode_of(&mapping.columns[0]), LoadMode::Replace);
    assert_eq!(mapping.mode_of(&mapping.columns[1]), LoadMode::Append);
    assert_eq!(mapping.gates.coverage_min["city"], Share(9_950));
    assert_eq!(mapping.gates.change_max["price.night"].to_string(), "30%");
    assert!((mapping.gates.drift_max["city"].value() - 0.2).abs() < 1e-12);
    assert_eq!(Mapping::parse(&mapping.print()).expect("it prints TOML"), mapping);
    for (wrong, said) in [
        ("coverage_min = { town = \"1%\" }", "no column sets this tag"),
        ("coverage_min = { city = \"101%\" }", "at most 100%"),
        ("coverage_min = { city = \"-1%\" }", "give a share"),
        ("drift_max = { city = 0.123456 }", "give a share"),
        ("values = { new = [\"x\"] }", "only a choice or a set"),
        ("values = { city = [] }", "name the values"),
        ("disjoint = [[\"new\"]]", "DISJOINT_FLAGS_MAX"),
        ("disjoint = [[\"new\", \"new\"]]", "twice"),
        ("disjoint = [[\"new\", \"city\"]]", "only flags"),
        ("rows = 1", "no setting is called"),
    ] {
        let before = text.split("[gates]").next().unwrap();
        let error = Mapping::parse(&format!("{before}[gates]\n{wrong}\n")).unwrap_err();
        assert!(error.message().contains(said), "{wrong}: {error}");
    }
    let error = Mapping::parse(&text.replace("\"replace\"", "\"overwrite\"")).unwrap_err();
    assert!(error.message().contains("give mode one of upsert, replace, append"), "{error}");
}

#[test]
fn the_gates_of_the_page_are_gates() {
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/loading.md");
    let page = std::fs::read_to_string(page).expect("the page is there");
    let gates = page.split("```toml\n[gates]").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    let columns =
        [("email", "choice"), ("city", "choice"), ("age", "int"), ("new_customer", "flag"), ("old_customer", "flag")]
            .map(|(tag, kind)| format!("  {{ column = \"{tag}\", kind = \"{kind}\" }},\n"))
            .concat();
    let head = "type = \"t\"\nkey = { column = \"id\", kind = \"u64\" }\n";
    let gates =
        Mapping::parse(&format!("{head}columns = [\n{columns}]\n[gates]{gates}")).expect("they are right").gates;
    assert_eq!((gates.rows_min, gates.shrink_max), (1_000_000, Some(Share(2_000))));
    assert_eq!((gates.values["city"].len(), gates.disjoint.len()), (2, 1));
}

#[test]
fn a_constant_is_read_and_printed() {
    let head = "type = \"t\"\nkey = { column = \"id\", kind = \"u64\" }\n";
    let parse = |column: &str| Mapping::parse(&format!("{head}columns = [{{ {column} }}]"));
    let mapping = parse("constant = \"yes\", tag = \"in.file\", kind = \"flag\"").expect("it is right");
    assert_eq!(mapping.columns[0].constant.as_deref(), Some("yes"));
    assert_eq!(Mapping::parse(&mapping.print()).expect("it prints TOML"), mapping);
    for (column, said) in [
        ("constant = \"yes\", column = \"a\", kind = \"flag\"", "strike column or constant"),
        ("constant = \"yes\", kind = \"flag\"", "give the tag of a constant"),
        ("kind = \"flag\"", "there is no `column`"),
    ] {
        let error = parse(column).unwrap_err();
        assert!(error.message().contains(said), "{column}: {error}");
    }
}

#[test]
fn a_wrong_mapping_is_refused_with_what_is_wrong() {
    let cases = [
        ("type = \"t\"", "key"),
        ("type = \"t\"\nkey = { column = \"id\", kind = \"int\" }", "u64"),
        ("columns = []\nkind = 1", "kind"),
        ("[[", "line 1"),
        ("type = \"t\"\nkey = { column = \"id\", kind = \"u64\" }\ncsv = { encoding = \"klingon\" }", "klingon"),
        ("type = \"t\"\nkey = { column = \"id\", kind = \"u64\" }\ncsv = { encoding = \"replacement\" }", "gb18030"),
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
        ("{ column = \"a\", kind = \"choice\", round = \"down\" }", "round is for int and decimal, not for choice"),
        ("{ column = \"a\", kind = \"int\", round = \"up\" }", "up"),
        ("{ column = \"a\", kind = \"date\", nan = \"null\" }", "nan is for flag, choice, int and decimal"),
        ("{ column = \"a\", kind = \"int\", true_words = [\"x\"] }", "true_words is for flag"),
        ("{ column = \"a\", kind = \"flag\", true_words = [\"N\"] }", "\"N\" means true and false"),
        ("{ column = \"a\", kind = \"flag\", trim = true, false_words = [\"no \"] }", "white space"),
        ("{ column = \"a\", kind = \"choice\", decimal_point = \",\" }", "decimal_point is for int and decimal"),
        ("{ column = \"a\", kind = \"int\", decimal_point = \",,\" }", "character"),
        ("{ column = \"a\", kind = \"int\", decimal_point = \"1\" }", "a digit or a sign"),
        ("{ column = \"a\", kind = \"int\", thousands = \".\" }", "decimal_point = \",\""),
        ("{ column = \"a\", kind = \"date\", date_format = [] }", "no format"),
        ("{ column = \"a\", kind = \"date\", date_format = 7 }", "a list of such texts"),
        ("{ column = \"a\", kind = \"date\", date_format = \"YYYY\" }", "no part of a date"),
        ("{ column = \"a\", kind = \"date\", date_format = \"%H:%M\" }", "reads no date"),
        ("{ column = \"a\", kind = \"date\", date_format = \"%Q\" }", "reads no date"),
        ("{ column = \"a\", kind = \"time\", date_format = \"%H:%M\" }", "reads no time"),
        ("{ column = \"a\", kind = \"date\", date_format = \"%!\" }", "cannot be read"),
        ("{ column = \"a\", kind = \"time\", time_unit = \"ms\", time_zone = \"Asia/Shanghai\" }", "strike time_zone"),
        ("{ column = \"a\", kind = \"time\", time_unit = \"ms\", date_format = \"%Y\" }", "strike one"),
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
fn a_fault_begins_with_its_line_and_speaks_no_rust() {
    let cases = [
        ("{ column = \"b\", kind = \"string\" }", 5, "give kind one of flag, choice, set"),
        ("{ column = \"b\", kind = \"Choice\" }", 5, "there is no kind \"Choice\""),
        ("{ column = \"b\", kind = \"decimal\" }", 5, "decimal(2)"),
        ("{ column = \"b\" }", 5, "give kind = \"choice\" or another"),
        ("{ kind = \"int\" }", 5, "there is no `column`"),
        ("{ column = \"b\", kind = \"int\", nul = 1 }", 5, "no setting is called `nul`"),
        ("{ column = \"b\", kind = \"int\", null = \"zero\" }", 5, "`keep`"),
        ("{ column = \"b\", kind = \"date\", date_format = [] }", 5, "no format"),
        ("\"b\"", 5, "a column such as"),
    ];
    for (column, line, expected) in cases {
        let text = format!(
            "# A comment.\n\
             type = \"t\"\n\
             key = {{ column = \"id\", kind = \"u64\" }}\n\
             columns = [ # two\n\
               {column},\n\
             ]\n"
        );
        let error = Mapping::parse(&text).expect_err(column);
        let message = error.message();
        assert!(message.starts_with(&format!("correct line {line} of the mapping: ")), "{message}");
        assert!(message.contains(expected) && !message.contains("struct") && !message.contains("TOML"), "{message}");
    }
    let keys = [
        ("type = \"t\"\nkey = \"id\"\n", 2, "a key such as { column"),
        ("type = \"t\"\nkey = { column = \"id\", kind = \"int\" }\n", 2, "u64"),
        ("type = \"t\"\nkey = { column = \"id\", kind = \"u64\" }\ntag = 1\n", 3, "no setting is called `tag`"),
    ];
    for (text, line, expected) in keys {
        let error = Mapping::parse(text).expect_err(text);
        let message = error.message();
        assert!(message.starts_with(&format!("correct line {line} of the mapping: ")), "{message}");
        assert!(message.contains(expected) && !message.contains("struct"), "{message}");
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
            key: KeyMapping { column: "the \"key\"\n".to_owned(), kind: KeyKind::String, trim: clear },
            csv: CsvOptions { delimiter: '\t', header: !skip, encoding: if clear { UTF_16LE } else { UTF_8 } },
            mode: LoadMode::ALL[words.len() % 3],
            columns: Vec::new(),
            gates: Gates::default(),
        };
        for (index, column) in names.values().enumerate() {
            let column = format!("{column}{index}");
            mapping.columns.push(ColumnMapping {
                tag: format!("标签.{index}"),
                null: if clear { NullRule::Clear } else { NullRule::Keep },
                mode: clear.then_some(LoadMode::Append),
                skip,
                list_separator: (kind == TagKind::Set).then(|| column.clone()),
                date_formats: match kind {
                    TagKind::Date => {
                        let suffix = column.replace('%', "%%");
                        (0..=index).map(|at| format!("%Y-%m-%d{suffix}{at}")).collect()
                    }
                    _ => Vec::new(),
                },
                true_words: if kind == TagKind::Flag { vec![format!("是{column}")] } else { Vec::new() },
                thousands: (kind == TagKind::Int).then_some('\''),
                null_words: words.clone(),
                ..ColumnMapping::new(column, kind)
            });
        }
        if !skip {
            let tags = || mapping.columns.iter().map(|column| column.tag.clone());
            let shares = || tags().zip([0, 1, 3_333, 10_000].into_iter().cycle().map(Share)).collect();
            let lists = || tags().map(|tag| (tag, names.values().cloned().collect())).collect();
            mapping.gates = Gates {
                rows_min: names.len() as u64,
                coverage_min: shares(),
                shrink_max: clear.then_some(Share(1_250)),
                change_max: shares(),
                drift_max: shares(),
                values: if matches!(kind, TagKind::Choice | TagKind::Set) { lists() } else { BTreeMap::new() },
                disjoint: match kind {
                    TagKind::Flag if names.len() > 1 => vec![tags().collect()],
                    _ => Vec::new(),
                },
                warn: clear,
            };
        }
        prop_assert_eq!(Mapping::parse(&mapping.print()).expect("it prints TOML"), mapping);
    }
}
