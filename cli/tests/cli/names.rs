//! Errors name things as their users do: entities by their keys, tags and audiences by their names, never by a number
//! of the wire or of the store.

use crate::store::Store;

/// A store of people in which `@b` uses `@a`, and `@c` a tag.
fn with_audiences() -> Store {
    let store = Store::of_people();
    store.run(&["audience", "save", "old.dear", "age > 40"]).success();
    store.run(&["audience", "save", "b", "@old.dear AND 城市 = 上海"]).success();
    store.run(&["audience", "save", "c", "城市 IN (北京, 上海) OR spend > 100"]).success();
    store
}

#[test]
fn what_was_dropped_is_named_as_it_was_called() {
    let store = with_audiences();
    store.run(&["audience", "drop", "old.dear", "--force"]).success();
    let said = store.refusal(&["count", "@b"], 1);
    assert!(said.starts_with("save the audience `@b` anew"), "{said}");
    assert!(said.contains("the audience `@old.dear` that it uses was dropped"), "{said}");
    store.run(&["tag", "drop", "城市", "--force"]).success();
    let said = store.refusal(&["count", "@c"], 1);
    assert!(said.contains("the tag `城市` that it uses was dropped"), "{said}");
    for arguments in [&["audience", "list"][..], &["audience", "show", "b"], &["audience", "show", "c"]] {
        let shown = store.text(arguments);
        assert!(!shown.contains('#') && shown.contains("城市"), "{shown}");
    }
    let shown = store.text(&["audience", "show", "c"]);
    assert!(shown.contains("spend > 100"), "{shown}");
    assert!(store.text(&["audience", "show", "b"]).contains("@old.dear AND"));
}

#[test]
fn an_audience_saved_again_is_the_same_whatever_its_tags_are_called_now() {
    let store = with_audiences();
    store.run(&["tag", "rename", "城市", "city"]).success();
    let saved = store.json(&["audience", "save", "c", "city IN (北京, 上海) OR spend > 100"]);
    assert_eq!(saved["audience_version"], 1, "{saved}");
    let saved = store.json(&["audience", "save", "c", "city IN (北京) OR spend > 100"]);
    assert_eq!(saved["audience_version"], 2, "{saved}");
}

#[test]
fn a_batch_names_entities_by_their_keys() {
    let store = Store::of_people();
    let said = store.refusal(&["set", "u4", "age=abc"], 1);
    assert_eq!(said, "entity 1 (`u4`): tag `age`: `abc` is no number; expected an int such as -125\n");
    let said = store.refusal(&["set", "u4", "age=-9223372036854775808"], 1);
    assert!(said.contains("the least is -9223372036854775807"), "{said}");
    let said = store.refusal(&["set", "u4", "spend=-99999999999999999999"], 1);
    assert!(said.contains("the least is -92233720368547758.07"), "{said}");
}

#[test]
fn what_holds_one_value_is_set() {
    let store = Store::of_people();
    let data = store.data();
    for (tag, value, remedy) in [
        ("城市", "深圳", "`城市` holds one value: `muster set u1 城市=深圳"),
        ("城市", "New York", "`城市` holds one value: `muster set u1 '城市=New York'"),
        ("age", "3", "`age` holds one value: `muster set u1 age=3"),
        ("vip", "true", "`vip` holds one value: `muster set u1 vip=true"),
    ] {
        let remedy = format!("{remedy} --data {}`\n", data.display());
        assert_eq!(store.refusal(&["add", "u1", &format!("{tag}={value}")], 1), remedy);
        store.run(&["set", "u1", &format!("{tag}={value}")]).success();
    }
    store.run(&["add", "u1", "interests=chess"]).success();
}

#[test]
fn stats_of_a_tag_without_numbers_begin_with_what_to_do() {
    let store = Store::of_people();
    for tag in ["vip", "城市", "interests"] {
        let said = store.refusal(&["stats", tag], 1);
        assert!(said.starts_with("name an int, decimal, date or time tag, or ask for a breakdown of"), "{said}");
        store.run(&["breakdown", tag]).success();
    }
}

#[test]
fn every_kind_can_be_broken_down_as_the_help_says() {
    let store = Store::of_people();
    let help = store.text(&["breakdown", "--help"]);
    for (kind, tag) in [
        ("flag", "vip"),
        ("choice", "城市"),
        ("set", "interests"),
        ("int", "age"),
        ("decimal", "spend"),
        ("date", "registered"),
    ] {
        assert!(help.contains(kind), "{help}");
        assert_eq!(store.json(&["breakdown", tag])["kind"], kind);
    }
    for text in [store.text(&["load", "--help"]), store.text(&["--help"])] {
        assert!(text.contains("Parquet") && text.contains("CSV") && text.contains("Arrow IPC"), "{text}");
    }
}

#[test]
fn quantiles_are_of_the_decimal_that_was_written() {
    let store = Store::empty();
    let rows: String = (1..=100).map(|row| format!("u{row},{row}\n")).collect();
    store.file("n.csv", &format!("id,n\n{rows}"));
    let map =
        "type = \"n\"\nkey = { column = \"id\", kind = \"string\" }\ncolumns = [{ column = \"n\", kind = \"int\" }]\n";
    store.file("map.toml", map);
    store.run(&["load", "n.csv", "--map", "map.toml"]).success();
    let stats = store.json(&["stats", "n", "--quantiles", "0.07,0.14,0.28,0.55,0.56,0,1"]);
    let values: Vec<i64> =
        stats["quantiles"].as_array().unwrap().iter().map(|quantile| quantile["value"].as_i64().unwrap()).collect();
    assert_eq!(values, [7, 14, 28, 55, 56, 1, 100]);
    let table = store.text(&["stats", "n", "--quantiles", "0.07"]);
    let row = table.lines().find(|line| line.starts_with("7% ")).expect("a row without rests of floating point");
    assert_eq!(row.split_whitespace().last(), Some("7"), "{table}");
    let said = store.refusal(&["stats", "n", "--quantiles", "95"], 2);
    assert!(said.contains("write quantiles from 0 to 1"), "{said}");
}

#[test]
fn a_relative_backup_lies_where_the_command_was_called() {
    let store = Store::of_people();
    let made = store.json(&["backup", "--to", "copies/today"]);
    assert!(store.path().join("copies/today/spaces/main").is_dir(), "{made}");
    let elsewhere = store.path().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    let output = crate::store::muster()
        .args(["restore", "--from", "../copies/today", "--data", "made"])
        .current_dir(&elsewhere)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(elsewhere.join("made/spaces/main").is_dir());
}
