//! What is guessed from files, and what is said about it.

mod common;

use std::path::PathBuf;

use common::read_all;
use muster_engine::catalog::{KeyKind, TagKind};
use muster_exchange::{
    ColumnMapping, CsvOptions, InferOptions, Inference, Input, LoadReader, Mapping, ReadOptions, infer,
};

/// Guesses from CSV text in a file of that name.
fn guess(name: &str, text: &str, options: &InferOptions) -> Inference {
    let folder = tempfile::tempdir().expect("a folder");
    let path: PathBuf = folder.path().join(name);
    std::fs::write(&path, text).expect("written");
    let inference = infer(&path, options).expect("it is CSV");
    // Whatever is guessed can be printed, read back, and loads the file that it was guessed from.
    let mapping = Mapping::parse(&inference.print()).expect("it prints TOML");
    assert_eq!(mapping, inference.mapping);
    let input = Input::open(&path).expect("it opens");
    read_all(input, &mapping, ReadOptions::default()).expect("it reads");
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
    assert_eq!(column(&semicolons, "x").kind, TagKind::Choice);
    let tabs = guess("a.tsv", "id\tx\n1\ta,b\n", &InferOptions::default());
    assert_eq!(tabs.mapping.csv.delimiter, '\t');
    let quoted = guess("a", "id,x\n1,\"a;b;c\"\n", &InferOptions::default());
    assert_eq!(quoted.mapping.csv, CsvOptions::default());
    let headless = guess("a", "1,2020-01-01\n2,2020-01-02\n", &InferOptions::default());
    assert!(!headless.mapping.csv.header);
    assert_eq!(headless.mapping.key.column, "column_1");
    assert_eq!(headless.rows_looked_at, 2);
    assert!(note(&headless, "").contains("not as a header"));
}

#[test]
fn the_key_never_repeats_or_is_noted() {
    let cases = [
        ("name,people_id,order_id", ["a,1,9", "b,2,8", "c,3,7"], "people_id", ""),
        ("name,score", ["a,1", "b,1", "c,2"], "name", "never repeats"),
        ("id,x", ["1,a", "1,b", "2,b"], "id", "2 distinct keys in 3 rows"),
        ("x,user_id", ["a,7", "b,", "a,7"], "x", "2 distinct keys in 3 rows"),
    ];
    for (header, rows, key, expected) in cases {
        let inference = guess_columns(header, &rows);
        assert_eq!(inference.mapping.key.column, key, "{header}");
        assert!(note(&inference, key).contains(expected), "{}", note(&inference, key));
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
