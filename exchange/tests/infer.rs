//! What is guessed from files, and what is said about it.

mod common;

use std::path::PathBuf;

use common::read_all;
use muster_engine::catalog::{KeyKind, TagKind};
use muster_exchange::{
    ColumnMapping, CsvOptions, InferError, InferOptions, Inference, Input, KnownTag, KnownType, LoadReader, Mapping,
    ReadOptions, Rounding, infer,
};

/// Guesses from CSV text in a file of that name.
fn guess(name: &str, text: &str, options: &InferOptions) -> Inference {
    let folder = tempfile::tempdir().expect("a folder");
    let path: PathBuf = folder.path().join(name);
    std::fs::write(&path, text).expect("written");
    let inference = infer(&path, options).unwrap_or_else(|fault| panic!("{fault}"));
    // Whatever is guessed can be printed, read back, and loads the file that it was guessed from.
    let mapping = Mapping::parse(&inference.print()).expect("it prints TOML");
    assert_eq!(mapping, inference.mapping);
    let input = Input::open(&path).expect("it opens");
    let options = ReadOptions { rows_max: inference.rows_looked_at, ..ReadOptions::default() };
    let (rows, rejects) = read_all(input, &mapping, options).expect("it reads");
    let trial = &inference.trial;
    assert_eq!((trial.rows_loaded, trial.rows_rejected), (rows.len() as u64, rejects.len() as u64));
    inference
}

fn guess_columns(header: &str, rows: &[&str]) -> Inference {
    let text = format!("{header}\n{}\n", rows.join("\n"));
    guess("people.csv", &text, &InferOptions::default())
}

fn column<'a>(inference: &'a Inference, name: &str) -> &'a ColumnMapping {
    let columns = &inference.mapping.columns;
    columns.iter().find(|column| column.column == name).unwrap_or_else(|| panic!("no column {name}"))
}

fn note(inference: &Inference, name: &str) -> String {
    let notes = inference.notes.iter().filter(|note| note.column == name);
    let messages: Vec<&str> = notes.map(|note| note.message.as_str()).collect();
    messages.join(" / ")
}

#[test]
fn kinds_are_told_from_text() {
    let inference = guess_columns(
        "id,vip,flagged,age,price,ratio,born,seen,zip,float_int,truth,word",
        &[
            "1,0,0,30,12.00,0.5,1990-01-02,2020-01-01 10:00:00,01234,3.0,true,a",
            "2,1,,31,8.50,0.125,1991-01-02,2020-01-02T10:00:00Z,00001,,FALSE,a",
            "3,1,1,,7.25,0.25,,2020-01-03 10:00,99999,7.0,,b",
        ],
    );
    assert_eq!(inference.mapping.entity_type, "people");
    assert_eq!(inference.mapping.key.kind, KeyKind::U64);
    let kinds = [
        ("vip", TagKind::Flag),
        ("flagged", TagKind::Int),
        ("age", TagKind::Int),
        ("price", TagKind::Decimal { scale: 2 }),
        ("ratio", TagKind::Decimal { scale: 3 }),
        ("born", TagKind::Date),
        ("seen", TagKind::Time),
        ("zip", TagKind::Choice),
        ("float_int", TagKind::Int),
        ("truth", TagKind::Flag),
        ("word", TagKind::Choice),
    ];
    for (name, kind) in kinds {
        assert_eq!(column(&inference, name).kind, kind, "{name}");
    }
    assert_eq!(note(&inference, "flagged"), "only 0 and 1, and null in 1 row: flag?");
    assert!(note(&inference, "zip").contains("leading zeros"));
    assert!(note(&inference, "float_int").contains("3.0"));
    assert_eq!(note(&inference, "word"), "");
    assert_eq!(inference.rows_total, Some(3));
}

#[test]
fn null_words_are_taken_only_among_other_types() {
    let rows = ["1,7,NULL,NA", "2,NULL,x,b", "3,9,y,c"];
    let inference = guess_columns("id,agent,word,country", &rows);
    assert_eq!(column(&inference, "agent").kind, TagKind::Int);
    assert_eq!(column(&inference, "agent").null_words, ["NULL"]);
    assert_eq!(note(&inference, "agent"), "NULL in 1 row taken as null");
    assert!(column(&inference, "word").null_words.is_empty());
    assert!(note(&inference, "word").contains("null_words = [\"NULL\"]?"));
    assert_eq!(column(&inference, "country").kind, TagKind::Choice);
}

#[test]
fn lists_in_text_are_noticed() {
    let mut text = "id,likes,title\n".to_owned();
    for row in 0..200 {
        let (a, b, c) = (row % 3, row % 5 + 3, row % 7 + 8);
        text.push_str(&format!("{row},t{a}|t{b}|t{c},title {row} | x{row}\n"));
    }
    let inference = guess("people.csv", &text, &InferOptions::default());
    assert_eq!(column(&inference, "likes").kind, TagKind::Set);
    assert_eq!(column(&inference, "likes").list_separator.as_deref(), Some("|"));
    assert!(note(&inference, "likes").contains("taken as lists"));
    assert_eq!(column(&inference, "title").kind, TagKind::Choice);
}

#[test]
fn texts_of_their_own_in_every_row_are_left_out() {
    let mut text = "id,mail,half\n".to_owned();
    for row in 0..3000 {
        text.push_str(&format!("{row},u{row}@example.org,h{}\n", row / 2));
    }
    let inference = guess("people.csv", &text, &InferOptions::default());
    assert!(column(&inference, "mail").skip);
    assert!(note(&inference, "mail").starts_with("skipped: 3,000 distinct texts"));
    assert!(!column(&inference, "half").skip);
}

#[test]
fn the_dialect_is_told_from_the_text() {
    let semicolons = guess("a.csv", "id;x\n1;1,5\n2;2,5\n", &InferOptions::default());
    assert_eq!(semicolons.mapping.csv.delimiter, ';');
    assert_eq!(column(&semicolons, "x").kind, TagKind::Decimal { scale: 1 });
    assert_eq!(column(&semicolons, "x").decimal_point, Some(','));
    let tabs = guess("a.tsv", "id\tx\n1\ta,b\n", &InferOptions::default());
    assert_eq!(tabs.mapping.csv.delimiter, '\t');
    let quoted = guess("a", "id,x\n1,\"a;b;c\"\n", &InferOptions::default());
    assert_eq!(quoted.mapping.csv, CsvOptions::default());
    let first = InferOptions { key_column: Some("column_1".to_owned()), ..InferOptions::default() };
    let headless = guess("a", "1,2020-01-01\n2,2020-01-02\n", &first);
    assert!(!headless.mapping.csv.header);
    assert_eq!(headless.mapping.key.column, "column_1");
    assert_eq!(headless.rows_looked_at, 2);
    assert!(note(&headless, "").contains("not as a header"));
}

#[test]
fn a_column_that_is_called_a_key_is_the_key() {
    let cases = [
        ("name,people_id,order_id", ["a,1,9", "b,2,8", "c,3,7"], "people_id", ""),
        ("id,amount", ["1,10", "1,20", "2,30"], "id", "the key of 1 row stands in an earlier row already"),
        ("amount,id", ["10,1", "20,", "30,2"], "id", "1 row will be rejected, the first on line 3: the key is null"),
        ("x,user_id", ["a,7", "b,", "c,8"], "user_id", "1 row will be rejected, the first on line 3: the key is null"),
        ("amount,customerId", ["1,a", "2,b", "3,b"], "customerId", "1 row stands in an earlier"),
        ("金额,会员号", ["1,a", "2,b", "3,b"], "会员号", "1 row stands in an earlier"),
        ("people,n", ["a,1", "b,2", "c,3"], "people", ""),
        ("city_id,order_id", ["1,9", "1,8", "1,7"], "order_id", ""),
    ];
    for (header, rows, key, expected) in cases {
        let inference = guess_columns(header, &rows);
        assert_eq!(inference.mapping.key.column, key, "{header}");
        assert!(note(&inference, key).contains(expected), "{header}: {}", note(&inference, key));
        assert_eq!(inference.key_doubt, None, "{header}");
    }
    let options = InferOptions {
        key_column: Some("y".to_owned()),
        type_name: Some("用户".to_owned()),
        ..InferOptions::default()
    };
    let inference = guess("people.csv", "id,y\n1,007\n2,008\n", &options);
    assert_eq!(inference.mapping.key.column, "y");
    assert_eq!(inference.mapping.key.kind, KeyKind::String);
    assert_eq!(inference.mapping.entity_type, "用户");
}

#[test]
fn a_key_that_only_its_values_suggest_is_in_doubt() {
    let cases = [
        ("name,score", ["a,1", "b,1", "c,2"], "name", "never repeats"),
        ("city_id,mail", ["1,a", "1,b", "1,c"], "mail", "not because of its name"),
        ("city_id,n", ["1,5", "1,5", "1,6"], "city_id", "1 distinct key in 3 rows"),
        ("id,n", ["1,5", "1,5", "1,6"], "id", "1 distinct key in 3 rows"),
    ];
    for (header, rows, key, expected) in cases {
        let inference = guess_columns(header, &rows);
        assert_eq!(inference.mapping.key.column, key, "{header}");
        assert!(inference.key_doubt.is_some(), "{header}");
        assert!(note(&inference, key).contains(expected), "{header}: {}", note(&inference, key));
        assert!(note(&inference, key).contains(&format!("--key={key}")), "{header}");
    }
}

#[test]
fn without_a_column_that_can_be_the_key_there_is_no_guess() {
    for text in ["city,age\na,1\na,2\nb,2\n", "city,age\n", "price,born\n1.5,2020-01-01\n2.5,2020-01-02\n"] {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("people.csv");
        std::fs::write(&path, text).expect("written");
        match infer(&path, &InferOptions::default()) {
            Err(InferError::NoKey(message)) => {
                assert!(message.starts_with("name it with --key COLUMN: "), "{message}");
            }
            other => panic!("{text:?}: {other:?}"),
        }
    }
}

#[test]
fn each_way_of_writing_gets_a_mapping_that_takes_it() {
    let cases: [(&[&str], &str, &str); 20] = [
        (&["1,5", "2,25"], "kind = \"decimal(2)\", decimal_point = \",\"", "before the fraction"),
        (&["1.234,50", "12,00"], "kind = \"decimal(2)\", decimal_point = \",\", thousands = \".\"", ""),
        (&["1,234.50", "12.00"], "kind = \"decimal(2)\", thousands = \",\"", "between thousands"),
        (&["1,234", "12,000,000"], "kind = \"int\", thousands = \",\"", "between thousands"),
        (&["1,234", "56"], "kind = \"int\", thousands = \",\"", "if it stands before a fraction"),
        (&["1 234", "56"], "kind = \"int\", thousands = \" \"", ""),
        (&["1 234,5", "56"], "kind = \"decimal(1)\", decimal_point = \",\", thousands = \" \"", ""),
        (&["1.0", "20.0"], "kind = \"int\"", "written with a point"),
        (&["1.0", "0.0"], "kind = \"int\"", "written with a point"),
        (&["2026/1/5", "2025/12/31"], "kind = \"date\", date_format = \"%Y/%m/%d\"", ""),
        (&["2026年1月5日", "2025年12月31日"], "kind = \"date\", date_format = \"%Y年%m月%d日\"", ""),
        (&["2026/1/5", "2026-01-06"], "kind = \"date\", date_format = [\"%Y-%m-%d\", \"%Y/%m/%d\"]", ""),
        (&["31.12.2025", "1.2.2026"], "kind = \"date\", date_format = \"%d.%m.%Y\"", ""),
        (&["2026/1/5 9:30", "2025/12/31 23:59"], "kind = \"time\", date_format = \"%Y/%m/%d %H:%M\"", ""),
        (&["01/02/2026", "03/04/2026"], "kind = \"choice\"", "%d/%m/%Y\" or \"%m/%d/%Y"),
        (&["是", "否"], "kind = \"flag\", true_words = [\"是\"], false_words = [\"否\"]", "only"),
        (&["yes", "No"], "kind = \"flag\"", "only"),
        (&[" 5", "7 "], "kind = \"int\", trim = true", "blanks around the text in 2 rows"),
        (&[" a", "b"], "kind = \"choice\"", "trim = true?"),
        (&["0.123456789", "12.5"], "kind = \"decimal(6)\", round = \"half_even\"", "0.123456789 has 9 digits"),
    ];
    for (cells, expected, said) in cases {
        let rows: Vec<String> = cells.iter().enumerate().map(|(row, cell)| format!("{row};{cell}")).collect();
        let inference = guess("people.csv", &format!("id;x\n{}\n", rows.join("\n")), &InferOptions::default());
        let printed = inference.print();
        let line = format!("{{ column = \"x\", {expected} }},");
        assert!(printed.contains(&line), "{cells:?}: no {line} in\n{printed}");
        assert!(note(&inference, "x").contains(said), "{cells:?}: {}", note(&inference, "x"));
        assert_eq!(inference.trial.rows_rejected, 0, "{cells:?}");
    }
}

#[test]
fn numbers_too_large_for_their_fraction_keep_less_of_it() {
    let inference = guess_columns("id,x", &["1,123456789012345.123456", "2,0.5"]);
    assert_eq!(column(&inference, "x").kind, TagKind::Decimal { scale: 4 });
    assert_eq!(column(&inference, "x").round, Some(Rounding::HalfEven));
    assert!(note(&inference, "x").contains("123456789012345.123456"));
    assert_eq!(inference.trial.rows_rejected, 0);
    // Scores that all are small keep their first digits.
    let inference = guess_columns("id,x", &["1,0.00001234567891", "2,0.00000012345678"]);
    assert_eq!(column(&inference, "x").kind, TagKind::Decimal { scale: 10 });
    assert!(note(&inference, "x").contains("0.00001234567891 has 14 digits"), "{}", note(&inference, "x"));
    assert_eq!(inference.trial.rows_rejected, 0);
}

#[test]
fn ids_with_a_point_are_the_whole_numbers_that_they_are() {
    let inference = guess_columns("id,x", &["1.0,a", "20.0,b"]);
    assert_eq!(inference.mapping.key.kind, KeyKind::U64);
    assert_eq!((inference.trial.rows_loaded, inference.trial.rows_rejected), (2, 0));
    assert!(note(&inference, "id").contains("taken as whole numbers"));
    let inference = guess_columns("id,x", &["1.5,a", "20.0,b"]);
    assert_eq!(inference.mapping.key.kind, KeyKind::String);
}

#[test]
fn the_encoding_is_proposed_with_the_mapping() {
    let text = "id,姓名\n1,张三\n2,李四\n3,王五\n";
    let western = "id,name\n1,José\n2,Zoë\n3,François\n";
    let wide: Vec<u8> = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let gbk = encoding_rs::GBK.encode(text).0.into_owned();
    let latin = encoding_rs::WINDOWS_1252.encode(western).0.into_owned();
    for (bytes, label, name) in [(gbk, "gbk", "姓名"), (wide, "utf-16le", "姓名"), (latin, "windows-1252", "name")]
    {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("people.csv");
        std::fs::write(&path, &bytes).expect("written");
        let inference = infer(&path, &InferOptions::default()).unwrap_or_else(|fault| panic!("{label}: {fault}"));
        assert!(inference.print().contains(&format!("encoding = \"{label}\"")), "{}", inference.print());
        assert!(note(&inference, "").contains("not in UTF-8"), "{label}");
        assert_eq!((inference.trial.rows_loaded, inference.trial.rows_rejected), (3, 0), "{label}");
        assert_eq!(column(&inference, name).kind, TagKind::Choice);
    }
}

#[test]
fn a_type_that_exists_keeps_its_kinds() {
    let tag = |name: &str, kind: TagKind| KnownTag { name: name.to_owned(), label: None, kind, closed_values: None };
    let level = KnownTag {
        closed_values: Some(vec!["gold".to_owned(), "silver".to_owned()]),
        label: Some("等级".to_owned()),
        ..tag("level", TagKind::Choice)
    };
    let tags = vec![
        tag("zip", TagKind::Choice),
        tag("price", TagKind::Decimal { scale: 2 }),
        tag("likes", TagKind::Set),
        tag("born", TagKind::Date),
        tag("vip", TagKind::Flag),
        level,
    ];
    let known = KnownType::new("people".to_owned(), KeyKind::String, tags);
    let options = InferOptions { known: Some(known), ..InferOptions::default() };
    let text = "id,zip,price,likes,born,vip,等级,new\n\
                1,10115,1.255,a;b,20260105,是,gold,5\n\
                2,20095,abc,b,20251231,是,bronze,6\n";
    let inference = guess("today.csv", text, &options);
    assert_eq!(inference.mapping.entity_type, "people");
    assert_eq!(inference.mapping.key.kind, KeyKind::String);
    let kinds = ["zip", "price", "likes", "born", "vip", "等级", "new"].map(|name| column(&inference, name).kind);
    let decimal = TagKind::Decimal { scale: 2 };
    let expected =
        [TagKind::Choice, decimal, TagKind::Set, TagKind::Date, TagKind::Flag, TagKind::Choice, TagKind::Int];
    assert_eq!(kinds, expected);
    assert_eq!(column(&inference, "等级").tag, "level");
    assert_eq!(column(&inference, "price").round, Some(Rounding::HalfEven));
    // The second row is at fault in two columns; the first of them is named.
    assert_eq!((inference.trial.rows_loaded, inference.trial.rows_rejected), (1, 1));
    assert_eq!(inference.trial.rejected[0].column, "price");
    assert_eq!(inference.trial.rejected[0].reason, "is no number");
    assert!(
        inference.print().ends_with(
            "# 1 row would load, 1 be rejected: 1 in price: \"abc\" is no number (line 3). Correct them, or allow so \
         many: --max-rejects 1\n"
        ),
        "{}",
        inference.print()
    );
}

#[test]
fn values_that_a_closed_tag_does_not_have_are_counted() {
    let tag = |name: &str, kind: TagKind| KnownTag {
        name: name.to_owned(),
        label: None,
        kind,
        closed_values: Some(vec!["gold".to_owned(), "silver".to_owned()]),
    };
    let tags = vec![tag("level", TagKind::Choice), tag("levels", TagKind::Set)];
    let known = KnownType::new("people".to_owned(), KeyKind::U64, tags);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("people.csv");
    let text = "id,level,levels\n1,gold,gold|silver\n2,bronze,gold\n3,,silver|tin\n4,bronze,\n";
    std::fs::write(&path, text).expect("written");
    let options = InferOptions { known: Some(known), ..InferOptions::default() };
    let inference = infer(&path, &options).expect("it has an id");
    let trial = &inference.trial;
    assert_eq!((trial.rows_loaded, trial.rows_rejected), (1, 3));
    let kinds: Vec<(&str, u64)> = trial.rejected.iter().map(|kind| (kind.column.as_str(), kind.rows)).collect();
    assert_eq!(kinds, [("level", 2), ("levels", 1)]);
    assert!(note(&inference, "level").contains("\"bronze\" is none of the tag's values"));
}

#[test]
fn the_only_column_that_is_no_tag_of_the_type_is_its_key() {
    let tag = |name: &str| KnownTag { name: name.to_owned(), label: None, kind: TagKind::Int, closed_values: None };
    let known = KnownType::new("people".to_owned(), KeyKind::String, vec![tag("age"), tag("n")]);
    let options = InferOptions { known: Some(known), ..InferOptions::default() };
    let inference = guess("today.csv", "age,mail,n\n1,a,1\n2,b,2\n", &options);
    assert_eq!((inference.mapping.key.column.as_str(), inference.key_doubt.is_none()), ("mail", true));
    let inference = guess("today.csv", "age,mail,nick\n1,a,1\n2,b,2\n", &options);
    assert_eq!((inference.mapping.key.column.as_str(), inference.key_doubt.is_none()), ("mail", false));
}

#[test]
fn names_that_tags_cannot_have_are_changed() {
    let inference = guess_columns("id, padded ,a..b,`q`,兴趣.体育", &["1,x,x,x,x"]);
    let tag = |name: &str| column(&inference, name).tag.clone();
    assert_eq!(tag(" padded "), "padded");
    assert_eq!(tag("a..b"), "a.b");
    assert_eq!(tag("`q`"), "_q_");
    assert_eq!(tag("兴趣.体育"), "兴趣.体育");
    assert!(note(&inference, "a..b").contains("cannot be a tag's"));
}

#[test]
fn no_more_rows_are_looked_at_than_asked_for() {
    let mut text = "id,x\n".to_owned();
    for row in 0..1000 {
        text.push_str(&format!("{row},{}\n", if row < 500 { "1" } else { "text" }));
    }
    text.push_str("1,2,3\n");
    let options = InferOptions { rows_max: 100, ..InferOptions::default() };
    let inference = guess("people.csv", &text, &options);
    assert_eq!(inference.rows_looked_at, 100);
    assert_eq!(inference.rows_total, None);
    assert_eq!(column(&inference, "x").kind, TagKind::Flag);
    assert!(inference.print().contains("the first 100 rows"));
    let whole = guess("people.csv", &text, &InferOptions::default());
    assert_eq!(column(&whole, "x").kind, TagKind::Choice);
    assert!(note(&whole, "").contains("1 record will be rejected, the first on line 1002: 3 fields"));
}

#[test]
fn a_reader_can_be_given_to_a_thread() {
    fn is_send<T: Send>() {}
    is_send::<LoadReader>();
    is_send::<Input>();
}
