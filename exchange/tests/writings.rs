//! Ways of writing that can be mistaken for each other, and what is proposed for them and said.

mod common;

use common::read_all;
use muster_engine::catalog::{KeyKind, TagKind};
use muster_exchange::{
    ColumnMapping, InferOptions, Inference, Input, KnownTag, KnownType, Mapping, ReadOptions, infer,
};

/// A guess at a CSV, and what it reads.
fn guess(text: &str, tags: &[(&str, TagKind)]) -> Inference {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("things.csv");
    std::fs::write(&path, text).expect("written");
    let tag = |(name, kind): &(&str, TagKind)| KnownTag {
        name: (*name).to_owned(),
        label: None,
        kind: *kind,
        closed_values: None,
    };
    let known = KnownType::new("things".to_owned(), KeyKind::U64, tags.iter().map(tag).collect());
    let known = (!tags.is_empty()).then_some(known);
    let inference = infer(&path, &InferOptions { known, ..InferOptions::default() });
    let inference = inference.unwrap_or_else(|fault| panic!("{text}: {fault}"));
    let mapping = Mapping::parse(&inference.print()).expect("it prints TOML");
    let (rows, rejects) =
        read_all(Input::open(&path).expect("it opens"), &mapping, ReadOptions::default()).expect("read");
    let trial = &inference.trial;
    assert_eq!((trial.rows_loaded, trial.rows_rejected), (rows.len() as u64, rejects.len() as u64), "{text}");
    inference
}

/// A file of one column.
fn cells(cells: &[&str]) -> String {
    let rows: Vec<String> = cells.iter().enumerate().map(|(row, cell)| format!("{row};{cell}\n")).collect();
    format!("id;x\n{}", rows.concat())
}

fn column<'a>(inference: &'a Inference, name: &str) -> &'a ColumnMapping {
    let columns = &inference.mapping.columns;
    columns.iter().find(|column| column.column == name).unwrap_or_else(|| panic!("no column {name}"))
}

fn note(inference: &Inference, name: &str) -> String {
    let notes = inference.notes.iter().filter(|note| note.column == name);
    notes.map(|note| note.message.as_str()).collect::<Vec<_>>().join(" / ")
}

#[test]
fn a_sign_before_three_digits_is_never_taken_in_silence() {
    let two_ways = [
        (&["1.500", "250"][..], "\"1.500\" is read with \".\" before the fraction; if it stands between thousands"),
        (&["1,500", "250"], "',' is taken as what stands between thousands, as in \"1,500\""),
        (&["-1.500", "12.250"], "thousands = \".\", decimal_point = \",\""),
        (&["1.000", "2.000"], "thousands = \".\", decimal_point = \",\""),
    ];
    for (texts, said) in two_ways {
        let found = note(&guess(&cells(texts), &[]), "x");
        assert!(found.contains(said), "{texts:?}: {found}");
    }
    for texts in [&["1.500", "0.250"][..], &["1.500", "2.25"], &["1500.125", "2.500"]] {
        assert_eq!(note(&guess(&cells(texts), &[]), "x"), "", "{texts:?}");
    }
    let beside = guess("id;x;y\n1;1.500;0,5\n2;250;0,7\n", &[]);
    assert!(
        note(&beside, "x").contains("as \",\" does in \"y\"; if it stands between thousands"),
        "{}",
        note(&beside, "x")
    );
    let beside = guess("id;x;y\n1;1.500;1.250,00\n2;250;3,00\n", &[]);
    assert!(note(&beside, "x").contains("which stands between thousands in \"y\""), "{}", note(&beside, "x"));
}

#[test]
fn thousands_do_not_begin_with_zero() {
    let texts = cells(&["0,125", "1,250", "12,375"]);
    let decimal = |scale: u8| TagKind::Decimal { scale };
    let cases = [
        (&[][..], decimal(3)),
        (&[("x", decimal(3))], decimal(3)),
        (&[("x", decimal(6))], decimal(6)),
        (&[("x", decimal(2))], decimal(2)),
    ];
    for (tags, kind) in cases {
        let inference = guess(&texts, tags);
        let x = column(&inference, "x");
        assert_eq!((x.kind, x.decimal_point, x.thousands), (kind, Some(','), None), "{tags:?}");
        assert_eq!(inference.trial.rows_rejected, 0, "{tags:?}");
    }
    let mapping = Mapping::parse(
        "type = \"t\"\nkey = { column = \"id\", kind = \"u64\" }\ncsv = { delimiter = \";\" }\n\
         columns = [\n  { column = \"x\", kind = \"decimal(3)\", thousands = \",\" },\n]\n",
    );
    let input = Input::from_read("t.csv", std::io::Cursor::new(texts.into_bytes())).expect("it opens");
    let (rows, rejects) = read_all(input, &mapping.expect("a mapping"), ReadOptions::default()).expect("read");
    assert_eq!((rows.len(), rejects.len()), (2, 1));
    assert!(rejects[0].reason.ends_with("no thousands begin with 0"), "{}", rejects[0].reason);
}

#[test]
fn the_digits_of_a_tag_say_what_a_sign_before_three_digits_is() {
    let decimal = |scale: u8| TagKind::Decimal { scale };
    let cases = [
        (&["1,250", "12"][..], decimal(3), Some(','), None),
        (&["1,250", "12"], decimal(2), None, Some(',')),
        (&["1,250", "12"], TagKind::Int, None, Some(',')),
        (&["1.251", "12"], decimal(3), None, None),
        (&["1.251", "12"], decimal(2), None, None),
        (&["1.500", "12"], TagKind::Int, Some(','), Some('.')),
        (&["1.000", "2.000"], TagKind::Int, None, None),
    ];
    for (texts, kind, point, thousands) in cases {
        let inference = guess(&cells(texts), &[("x", kind)]);
        let x = column(&inference, "x");
        assert_eq!((x.kind, x.decimal_point, x.thousands), (kind, point, thousands), "{texts:?} into {kind}");
        assert!(note(&inference, "x").contains("thousands"), "{texts:?} into {kind}: {}", note(&inference, "x"));
    }
}

#[test]
fn midnights_are_the_days_of_a_tag_that_has_days() {
    let cases = [
        (&["2025-01-02 00:00:00", "2025-01-03 00:00:00"][..], &["%Y-%m-%d 00:00:00"][..]),
        (&["2025-01-02T00:00:00.000Z", "2025-01-03T00:00:00.000Z"], &["%Y-%m-%dT00:00:00.000Z"]),
        (
            &["2025-01-02T00:00:00+01:00", "2025-07-02T00:00:00+02:00"],
            &["%Y-%m-%dT00:00:00+01:00", "%Y-%m-%dT00:00:00+02:00"],
        ),
        (&["2025-01-02 00:00", "2025-01-03"], &["%Y-%m-%d", "%Y-%m-%d 00:00"]),
        (&["31.01.2025 00:00:00", "01.02.2025 00:00:00"], &["%d.%m.%Y 00:00:00"]),
    ];
    for (texts, formats) in cases {
        let inference = guess(&cells(texts), &[("x", TagKind::Date)]);
        let x = column(&inference, "x");
        assert_eq!(
            (x.kind, x.skip, x.date_formats.iter().map(String::as_str).collect::<Vec<_>>()),
            (TagKind::Date, false, formats.to_vec()),
            "{texts:?}"
        );
        assert_eq!(inference.trial.rows_rejected, 0, "{texts:?}");
    }
    for texts in [&["2025-01-02 10:00:00", "2025-01-03 11:00:00"][..], &["2025-01-02T10:00:00.000Z"]] {
        let inference = guess(&cells(texts), &[("x", TagKind::Date)]);
        assert!(column(&inference, "x").skip, "{texts:?}");
        assert!(note(&inference, "x").contains("strike skip and give date_format = "), "{}", note(&inference, "x"));
        assert!(note(&inference, "x").contains("reads the days of them"), "{}", note(&inference, "x"));
    }
}

#[test]
fn a_note_on_lists_has_all_that_they_need() {
    let said = |texts: &[&str]| note(&guess(&texts.join("\n").replace('#', ","), &[]), "c");
    let blanks = said(&["id,c", "1#x | y", "2#x | y | z", "3#x", ""]);
    assert!(blanks.contains("kind = \"set\", list_separator = \"|\", trim = true"), "{blanks}");
    let plain = said(&["id,c", "1#x|y", "2#x|y|z", "3#x", ""]);
    assert!(plain.ends_with("kind = \"set\", list_separator = \"|\""), "{plain}");
    let ended = said(&["id,c", "1#a;b;", "2#a;", "3#b;", ""]);
    assert!(ended.contains("strike in the file what has no value beside it"), "{ended}");
    let ended = guess("id,c\n1,a;b;\n2,a;\n3,b;\n4,a;b;\n5,b;a;\n6,b;\n7,a;b;\n8,c;a;b;\n", &[]);
    assert_eq!(column(&ended, "c").kind, TagKind::Choice);
}

#[test]
fn a_null_in_one_list_costs_its_row_alone() {
    let text = "id,j\n1,\"[\"\"a\"\",\"\"b\"\"]\"\n2,\"[\"\"a\"\",null]\"\n3,\"[\"\"b\"\"]\"\n4,null\n";
    for tags in [&[][..], &[("j", TagKind::Set)]] {
        let inference = guess(text, tags);
        let j = column(&inference, "j");
        assert_eq!((j.kind, j.list_separator.as_deref()), (TagKind::Set, Some("json")));
        assert_eq!(j.null_words, ["null"]);
        assert_eq!((inference.trial.rows_loaded, inference.trial.rows_rejected), (3, 1));
        assert!(note(&inference, "j").contains("a value of the list is null"), "{}", note(&inference, "j"));
    }
}

#[test]
fn a_text_that_is_too_long_costs_its_row_alone() {
    let long = "x".repeat(5_000);
    let few = guess(&cells(&["a", "b", &long, "a"]), &[]);
    assert!(!column(&few, "x").skip);
    assert_eq!((few.trial.rows_loaded, few.trial.rows_rejected), (3, 1));
    assert!(note(&few, "x").contains("1 row will be rejected, the first on line 4"), "{}", note(&few, "x"));
    let most = guess(&cells(&["a", &long, &format!("{long}y")]), &[]);
    assert!(column(&most, "x").skip);
    assert!(note(&most, "x").starts_with("skipped: most values are too long, up to 5001 bytes"));
}

#[test]
fn cells_of_blanks_are_told_with_what_takes_them_as_null() {
    let text = "id,name\n1,  \n2,x\n3,  \n4,y\n5,x\n";
    let said = note(&guess(text, &[]), "name");
    assert_eq!(said, "blanks alone in 2 rows taken as a value: trim = true, null_words = [\"\"]?");
    let mapping = Mapping::parse(
        "type = \"t\"\nkey = { column = \"id\", kind = \"u64\" }\n\
         columns = [\n  { column = \"name\", kind = \"choice\", trim = true, null_words = [\"\"] },\n]\n",
    );
    let input = Input::from_read("t.csv", std::io::Cursor::new(text.as_bytes().to_vec())).expect("it opens");
    let (rows, _) = read_all(input, &mapping.expect("a mapping"), ReadOptions::default()).expect("read");
    assert_eq!(rows.iter().filter(|(_, cells)| cells[0].is_none()).count(), 2);
}

#[test]
fn a_title_above_the_table_is_named() {
    let cases = [
        (
            "Sales report\nid,name\n1,Ann\n",
            "strike the first line from the file: line 1, \"Sales report\", has 1 field",
        ),
        ("Sales report\r\n\r\nid;name\r\n1;Ann\r\n2;Bob\r\n", "strike the first line"),
        ("# exported\n# by me\nid\tname\n1\tAnn\n", "strike the first 2 lines"),
    ];
    for (text, said) in cases {
        for key_column in [None, Some("Sales report".to_owned())] {
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("things.csv");
            std::fs::write(&path, text).expect("written");
            let fault = infer(&path, &InferOptions { key_column, ..InferOptions::default() }).expect_err("no table");
            assert!(fault.to_string().starts_with(said), "{fault}");
        }
    }
    // A table of one column is one.
    guess("id\n1\n2,3\n4\n", &[]);
}
