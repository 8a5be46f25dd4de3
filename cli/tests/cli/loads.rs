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
            "effects",
            "elapsed_ms",
            "load_id",
            "new_entities",
            "new_tags",
            "notes",
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
    let mut dry = load.to_vec();
    dry.push("--dry-run");
    assert!(store.text(&dry).starts_with("would load nothing, having loaded this before: 8 rows"));
    assert_eq!(store.count("vip"), 3);
}

#[test]
fn standard_input_is_a_file_too() {
    let store = Store::empty();
    store.file("map.toml", MAPPING);
    store.command(&["load", "-", "--map", "map.toml"]).write_stdin(PEOPLE).assert().success();
    assert_eq!(store.count("ALL"), 8);
}

#[test]
fn yes_means_infer_and_takes_no_doubtful_key() {
    let store = Store::empty();
    store.file("people.csv", PEOPLE);
    store.run(&["load", "people.csv", "--yes", "--map-out", "taken.toml"]).success();
    assert_eq!(store.count("ALL"), 8);
    assert!(std::fs::read_to_string(store.path().join("taken.toml")).unwrap().contains("key = { column = \"id\""));
    // A key that only its values suggest, one that repeats in most rows, and none at all.
    store.file("cash.csv", "amount,city\n10,a\n20,a\n30,b\n");
    store.file("events.csv", "user_id,n\n1,5\n1,6\n1,7\n2,5\n");
    store.file("towns.csv", "city,age\na,1\na,2\nb,2\n");
    for (file, key) in [("cash.csv", "amount"), ("events.csv", "user_id"), ("towns.csv", "city")] {
        let refused = store.run(&["load", file, "--yes"]).code(2);
        let said = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
        assert!(said.contains("--key COLUMN"), "{file}: {said}");
        store.run(&["load", file, "--yes", "--key", key]).success();
    }
    // The type that was made knows its key; one that is new does not.
    store.run(&["load", "towns.csv", "--yes"]).success();
    store.file("places.csv", "city,age\na,1\na,2\nb,2\n");
    store.run(&["load", "places.csv", "--infer"]).code(2);
    store.run(&["load", "cash.csv", "--infer"]).success();
    store.run(&["load", "people.csv", "--yes", "--map", "taken.toml"]).code(2);
    store.run(&["load", "people.csv", "--key", "id", "--map", "taken.toml"]).code(2);
}

#[test]
fn a_proposal_says_what_would_come_of_it_and_a_load_does_it() {
    let store = Store::empty();
    store.file("people.csv", "id,level,price,born\n1,gold,\"1,50\",2026/1/5\n2,silver,\"2,25\",2025/12/31\n,gold,3,\n");
    let proposed = store.run(&["load", "people.csv", "--infer", "--map-out", "map.toml"]).success();
    let said = String::from_utf8(proposed.get_output().stderr.clone()).unwrap();
    assert!(said.contains("2 rows would load, 1 be rejected: 1 in id: the key is null (line 4)"), "{said}");
    let answer = store.json(&["load", "people.csv", "--infer"]);
    assert_eq!((&answer["rows_loaded"], &answer["rows_rejected"]), (&json!(2), &json!(1)));
    assert_eq!(
        answer["rejects"],
        json!([{"column": "id", "reason": "the key is null", "rows": 1, "line": 4, "raw": ""}])
    );
    assert_eq!((&answer["rows_total"], &answer["key_doubt"]), (&json!(3), &json!(null)));
    store.run(&["load", "people.csv", "--map", "map.toml"]).code(4);
    let loaded = store.json(&["load", "people.csv", "--map", "map.toml", "--max-rejects", "1"]);
    assert_eq!((&loaded["rows_written"], &loaded["rejected"]), (&json!(2), &json!(1)));
    assert_eq!(store.count("price = 1.50 AND born = 2026-01-05"), 1);
    // The type is known now: its kinds are kept, whatever the values of another day look like.
    store.file("people.csv", "id,level,price\n3,7,9\n4,8,1.125\n");
    store.run(&["load", "people.csv", "--yes"]).success();
    assert_eq!(store.count("level = 7"), 1);
    assert_eq!(store.count("price = 1.12"), 1);
}

#[test]
fn what_is_written_is_never_what_is_read() {
    let store = Store::empty();
    store.file("people.csv", PEOPLE);
    store.file("map.toml", MAPPING);
    std::os::unix::fs::symlink("people.csv", store.path().join("link.csv")).unwrap();
    std::fs::hard_link(store.path().join("people.csv"), store.path().join("hard.csv")).unwrap();
    for same in ["people.csv", "./people.csv", "link.csv", "hard.csv"] {
        store.run(&["load", "people.csv", "--yes", "--rejects", same]).code(2);
        store.run(&["load", "people.csv", "--infer", "--map-out", same]).code(2);
    }
    store.run(&["load", "people.csv", "--map", "map.toml", "--rejects", "map.toml"]).code(2);
    store.run(&["load", "people.csv", "--yes", "--rejects", "new", "--map-out", "./new"]).code(2);
    assert_eq!(std::fs::read_to_string(store.path().join("people.csv")).unwrap(), PEOPLE);
    assert_eq!(std::fs::read_to_string(store.path().join("map.toml")).unwrap(), MAPPING);
    store.run(&["load", "people.csv", "--map", "map.toml", "--rejects", "rejects.csv"]).success();
}

#[test]
fn a_dry_run_ends_as_the_load_would() {
    let store = Store::empty();
    store.file("people.csv", "id,age\n1,30\nx,40\n3,50\n");
    store.file(
        "map.toml",
        "type = \"p\"\nkey = { column = \"id\", kind = \"u64\" }\ncolumns = [{ column = \"age\", kind = \"int\" }]\n",
    );
    store.run(&["load", "people.csv", "--map", "map.toml", "--dry-run"]).code(4);
    store.run(&["load", "people.csv", "--map", "map.toml"]).code(4);
    let allowed = ["load", "people.csv", "--map", "map.toml", "--max-rejects", "1"];
    store.run(&[&allowed[..], &["--dry-run"]].concat()).success();
    store.run(&allowed).success();
}

#[test]
fn an_encoding_in_doubt_is_not_taken_unseen() {
    let store = Store::empty();
    std::fs::write(store.path().join("towns.csv"), b"id,city\n1,\xcc\xee\xf1\xea\xe2\xe0\n2,\xca\xe8\xe5\xe2\n")
        .unwrap();
    let refused = store.run(&["load", "towns.csv", "--yes"]).code(2);
    let said = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
    assert!(said.contains("--encoding NAME"), "{said}");
    assert!(store.json(&["load", "towns.csv", "--infer"])["encoding_doubt"].is_string());
    store.run(&["load", "towns.csv", "--yes", "--encoding", "windows-1251"]).success();
    assert_eq!(store.count("city = Москва"), 1);
}

#[test]
fn a_file_without_rows_makes_no_type_unless_a_mapping_says_what_it_is() {
    let store = Store::empty();
    store.file("people.csv", "id,age\n");
    let refused = store.run(&["load", "people.csv", "--yes"]).code(1);
    let said = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
    assert!(said.contains("name a mapping with --map"), "{said}");
    assert_eq!(store.json(&["type", "list"])["types"], json!([]));
    store.file("map.toml", MAPPING);
    store.file("people.csv", PEOPLE);
    store.run(&["load", "people.csv", "--map", "map.toml"]).success();
    store.file("people.csv", "id,age\n");
    let answer = store.json(&["load", "people.csv", "--yes"]);
    assert!(answer["notes"].to_string().contains("no rows"), "{answer}");
}

#[test]
fn a_map_that_holds_nothing_is_no_wish_for_a_guess() {
    let store = Store::empty();
    store.file("people.csv", "id,age\n1,30\n2,40\n");
    for text in ["", "\n", "# a comment\n\n  # another\n", "\u{feff}"] {
        store.file("map.toml", text);
        let said = store.refusal(&["load", "people.csv", "--map", "map.toml"], 2);
        assert!(said.contains("propose a mapping with "), "{text:?}: {said}");
    }
}

#[test]
fn a_nightly_file_replaces_and_a_truncated_one_is_refused() {
    let store = Store::of_people();
    let night = "id,age,城市\nu1,29,北京\nu2,,上海\nu9,40,北京\n";
    store.file("night.csv", night);
    let columns =
        "columns = [\n  { column = \"age\", kind = \"int\" },\n  { column = \"城市\", kind = \"choice\" },\n]\n";
    let head = "type = \"people\"\nkey = { column = \"id\", kind = \"string\" }\n";
    store.file("night.toml", &format!("{head}{columns}"));
    let load = ["load", "night.csv", "--map", "night.toml", "--mode", "replace"];
    let refused = store.refusal(&[&load[..], &["--max-shrink", "50%"]].concat(), 4);
    assert!(refused.contains("`age` goes from 7 to 2 entities"), "{refused}");
    assert!(refused.contains("--gates warn") && refused.contains("nothing was loaded"), "{refused}");
    assert_eq!(store.count("age IS NOT MISSING"), 7);
    store.refusal(&["load", "night.csv", "--map", "night.toml", "--max-shrink", "101%"], 2);
    let warned = store.run(&[&load[..], &["--max-shrink", "0.5", "--gates", "warn", "--load-id", "night"]].concat());
    let output = warned.success().get_output().clone();
    let (said, told) = (String::from_utf8(output.stderr).unwrap(), String::from_utf8(output.stdout).unwrap());
    assert!(said.contains("a gate does not hold: `age` goes from 7 to 2"), "{said}");
    let row = |name: &str| {
        told.lines()
            .find(|line| line.starts_with(name))
            .unwrap_or_default()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!((row("age"), row("城市")), ("age replace 2 0 6".to_owned(), "城市 replace 3 0 5".to_owned()), "{told}");
    assert_eq!((store.count("age IS NOT MISSING"), store.count("vip"), store.count("ALL")), (2, 4, 9));
    // The same again is answered; another file of the same id is not taken for it.
    let again = [&load[..], &["--load-id", "night"]].concat();
    assert_eq!(store.json(&again)["repeated"], true);
    store.file("night.csv", &night.replace("29", "30"));
    let refused = store.refusal(&again, 1);
    assert!(refused.contains("give this load an id of its own: `night`"), "{refused}");
    let appended = store.json(&["load", "night.csv", "--map", "night.toml", "--mode", "append"]);
    assert_eq!(appended["effects"][0]["mode"], "append");
    assert_eq!((store.count("age = 29"), store.count("age = 30")), (1, 0));
}

#[test]
fn gates_of_a_mapping_are_checked_before_anybody_sees_the_load() {
    let store = Store::of_people();
    store.file("more.csv", "id,城市\nu1,Atlantis\nu2,上海\n");
    let map = "type = \"people\"\nkey = { column = \"id\", kind = \"string\" }\n\
               columns = [{ column = \"城市\", kind = \"choice\" }]\n\
               [gates]\nrows_min = 3\nvalues = { \"城市\" = [\"北京\", \"上海\"] }\n";
    store.file("more.toml", map);
    let refused = store.refusal(&["load", "more.csv", "--map", "more.toml"], 4);
    assert!(refused.contains("2 rows, at least 3 are wanted (rows_min)"), "{refused}");
    assert!(refused.contains("1 entities have \"Atlantis\" as `城市`"), "{refused}");
    let dry = store.json(&["load", "more.csv", "--map", "more.toml", "--dry-run"]);
    assert!(dry["notes"][0]["message"].as_str().unwrap().contains("checked by the load itself"), "{dry}");
    assert_eq!(store.count("城市 = 上海"), 2);
    store.file(
        "more.toml",
        &map.replace("城市\\\" = [", "town\\\" = [").replace("values = { \"城市\"", "values = { \"town\""),
    );
    let refused = store.refusal(&["load", "more.csv", "--map", "more.toml"], 1);
    assert!(refused.contains("no column sets this tag"), "{refused}");
}

#[test]
fn a_tag_is_filled_from_a_list_of_keys() {
    let store = Store::of_people();
    store.file("keys.txt", "u2\n\nu3\nu9\n");
    let fill = |more: &[&str]| store.json(&[&["tag", "fill", "vip", "--keys", "keys.txt"], more].concat());
    assert_eq!((fill(&[])["effects"][0]["set"].clone(), store.count("vip")), (json!(3), 6));
    assert_eq!(fill(&["--mode", "replace"])["effects"][0]["removed"], 3);
    assert_eq!(store.text(&["members", "vip", "--format", "tsv"]), "key\nu2\nu3\nu9\n");
    assert_eq!(fill(&["--mode", "remove"])["effects"][0]["removed"], 3);
    assert_eq!((store.count("vip"), store.count("ALL")), (0, 9));
    store.run(&["tag", "fill", "城市", "--keys", "keys.txt", "--value", "a \"b\"\\n"]).success();
    assert_eq!(store.count("城市 = 'a \"b\"\\n'"), 3);
    let piped = store.command(&["tag", "fill", "age", "--keys", "-", "--value", "77"]).write_stdin("u1\nu2").assert();
    piped.success();
    assert_eq!(store.count("age = 77"), 2);
    for (more, remedy) in [
        (&["城市"][..], "say the value with --value"),
        (&["vip", "--mode", "remove", "--value", "1"], "leave out --value"),
        (&["interests", "--value", "ski"], "use --mode replace"),
    ] {
        let said = store.refusal(&[&["tag", "fill", "--keys", "keys.txt"], more].concat(), 2);
        assert!(said.contains(remedy), "{more:?}: {said}");
    }
    let said = store.refusal(&["tag", "fill", "age", "--keys", "keys.txt", "--value", "many"], 1);
    assert!(said.contains("correct the constant of tag \"age\""), "{said}");
}
