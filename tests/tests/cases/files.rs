//! Files as other programs write them.

use std::path::Path;
use std::process::Output;

use muster_tests::Store;

use super::case;

fn text_of(path: &Path) -> &str {
    path.to_str().expect("a path of a test is text")
}

/// Loads a file of the case by its own mapping.
fn load(store: &Store, folder: &Path, file: &str) -> Output {
    store.run(&["load", text_of(&folder.join(file)), "--map", text_of(&folder.join("map.toml"))])
}

fn assert_loaded(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn case_01_a_time_of_96_bits_in_the_far_future() {
    let Some(folder) = case("01-int96-far-future") else { return };
    let store = Store::new();
    assert_loaded(&load(&store, &folder, "int96.parquet"));
    assert_eq!(store.count("valid_to >= 9000-01-01"), 1);
    assert_eq!(store.count("valid_to < 1900-01-01"), 0);
}

#[test]
fn case_02_a_key_that_is_a_uuid() {
    let Some(folder) = case("02-uuid-key") else { return };
    let store = Store::new();
    assert_loaded(&load(&store, &folder, "uuid.parquet"));
    let members = store.text(&["members", "ALL", "--format", "csv"]);
    let is_uuid = |line: &&str| {
        let places = [8, 13, 18, 23];
        line.len() == 36 && line.bytes().enumerate().all(|(at, byte)| places.contains(&at) == (byte == b'-'))
    };
    assert!(members.lines().filter(is_uuid).count() > 0, "{members}");
}

#[test]
fn case_03_parquet_packed_with_brotli() {
    let Some(folder) = case("03-brotli") else { return };
    let store = Store::new();
    assert_loaded(&load(&store, &folder, "brotli.parquet"));
    assert_eq!((store.count("ALL"), store.count("c = 中 AND x = 5.25"), store.count("c = a")), (5, 1, 2));
}

#[test]
fn case_04_lines_that_end_with_a_carriage_return() {
    let Some(folder) = case("04-lone-cr") else { return };
    let store = Store::new();
    assert_loaded(&load(&store, &folder, "lone_cr.csv"));
    assert_eq!((store.count("ALL"), store.count("name = Cid")), (3, 1));
    let store = Store::new();
    let file = folder.join("lone_cr.csv");
    assert_loaded(&store.run(&["load", text_of(&file), "--infer", "--yes"]));
    assert_eq!(store.count("ALL"), 3);
}

#[test]
fn case_05_text_in_gbk() {
    let Some(folder) = case("05-gbk") else { return };
    let store = Store::new();
    let refused = load(&store, &folder, "gbk.csv");
    assert!(!refused.status.success());
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("csv = { encoding = \"gbk\" }"), "{said}");
    let mapping = std::fs::read_to_string(folder.join("map.toml")).expect("the mapping is there");
    let map = store.folder().join("gbk.toml");
    std::fs::write(&map, format!("csv = {{ encoding = \"gbk\" }}\n{mapping}")).expect("a mapping is written");
    assert_loaded(&store.run(&["load", text_of(&folder.join("gbk.csv")), "--map", text_of(&map)]));
    assert_eq!((store.count("name = 北京"), store.count("name = 上海"), store.count("ALL")), (1, 1, 2));
}

#[test]
fn a_file_without_rows_is_loaded_with_a_word() {
    let store = Store::new();
    std::fs::write(store.folder().join("t.csv"), "id,name\n").expect("a file is written");
    let map =
        "type = \"p\"\nkey = { column = \"id\", kind = \"u64\" }\ncolumns = [{ column = \"name\", kind = \"choice\" }]";
    std::fs::write(store.folder().join("map.toml"), map).expect("a mapping is written");
    let output = store.run(&["load", "t.csv", "--map", "map.toml"]);
    assert_loaded(&output);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("the file has a header and no rows"), "{said}");
    let document = store.json(&["load", "t.csv", "--map", "map.toml"]);
    assert_eq!(document["notes"][0]["message"], "the file has a header and no rows: nothing is loaded");
}
