//! Loads from the command line.

use serde_json::json;

use crate::store::{MAPPING, PEOPLE, Store, keys, muster};

#[test]
fn your_own_csv_takes_three_commands() {
    let store = Store::empty();
    store.file("people.csv", PEOPLE);
    let without_store = muster().args(["load", "people.csv", "--infer"]).current_dir(store.path()).assert().success();
    let proposed = String::from_utf8(without_store.get_output().stdout.clone()).unwrap();
    assert_eq!(store.text(&["load", "people.csv", "--infer"]), proposed);
    assert!(proposed.contains("type = \"people\"") && proposed.contains("城市"), "{proposed}");
    store.file("map.toml", &proposed);
    let answer = store.json(&["load", "people.csv", "--map", "map.toml"]);
    assert_eq!(
        keys(&answer),
        [
            "dry_run",
            "elapsed_ms",
            "load_id",
            "new_entities",
            "new_tags",
            "rejected",
            "repeated",
            "rows",
            "rows_written",
            "type",
            "version"
        ]
    );
    assert_eq!((&answer["rows"], &answer["new_entities"]), (&json!(8), &json!(8)));
    assert_eq!(store.count("性别 = 女 AND 城市 = 北京"), 2);
}

#[test]
fn a_proposal_can_be_taken_at_once_or_written() {
    let store = Store::empty();
    store.file("people.csv", PEOPLE);
    store.run(&["load", "people.csv"]).code(2);
    store.run(&["load", "people.csv", "--infer", "--map-out", "out.toml"]).success().stdout("");
    assert!(std::fs::read_to_string(store.path().join("out.toml")).unwrap().contains("age"));
    store.run(&["load", "people.csv", "--infer", "--yes"]).success();
    assert_eq!(store.count("age >= 30"), 4);
}

#[test]
fn a_dry_run_writes_nothing_and_a_load_id_only_once() {
    let store = Store::empty();
    store.file("people.csv", PEOPLE);
    store.file("map.toml", MAPPING);
    let dry = store.json(&["load", "people.csv", "--map", "map.toml", "--dry-run"]);
    assert_eq!((&dry["dry_run"], &dry["rows_written"]), (&json!(true), &json!(8)));
    assert_eq!(store.json(&["type", "list"])["types"], json!([]));
    let load = ["load", "people.csv", "--map", "map.toml", "--load-id", "monday"];
    assert_eq!(store.json(&load)["repeated"], false);
    store.run(&["clear", "u1", "vip"]).success();
    assert_eq!(store.json(&load)["repeated"], true);
    assert_eq!(store.count("vip"), 3);
}

#[test]
fn standard_input_is_a_file_too() {
    let store = Store::empty();
    store.file("map.toml", MAPPING);
    store.command(&["load", "-", "--map", "map.toml"]).write_stdin(PEOPLE).assert().success();
    assert_eq!(store.count("ALL"), 8);
}
