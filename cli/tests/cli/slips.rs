//! Slips that would change the wrong thing, or ask for it: each is refused, with the command that was meant.

use crate::store::Store;

#[test]
fn a_key_that_was_forgotten_is_asked_for() {
    let store = Store::of_people();
    let before = store.count("ALL");
    for (arguments, meant) in [
        (&["set", "城市=上海"][..], "set KEY 城市=上海"),
        (&["set", "age=3", "vip"], "set KEY age=3 vip"),
        (&["add", "interests=ski", "interests=golf"], "add KEY interests=ski interests=golf"),
        (&["why", "城市 = 上海"], "why KEY '城市 = 上海'"),
        (&["why", "age", ">", "3"], "why KEY 'age > 3'"),
    ] {
        let said = store.refusal(arguments, 2);
        assert!(said.starts_with("give the key ") && said.contains(&format!("`muster {meant} --data")), "{said}");
    }
    assert_eq!(store.count("ALL"), before);
    // Where no tag is called so, or an entity is, it is a key like any other.
    store.run(&["set", "nosuch=1"]).success();
    store.run(&["set", "nosuch=1", "vip"]).success();
    store.run(&["why", "u1", "age > 3"]).success();
}

#[test]
fn a_tag_of_one_value_is_set_once() {
    let store = Store::of_people();
    for (words, both) in [
        (["age=3", "age=4"], "leave out `age=3` or `age=4`"),
        (["vip", "vip=false"], "leave out `vip` or `vip=false`"),
        (["`age`=3", "age=3"], "leave out ``age`=3` or `age=3`"),
    ] {
        let said = store.refusal(&["set", "u1", words[0], words[1]], 2);
        assert!(said.starts_with(both), "{said}");
    }
    store.run(&["set", "u1", "interests=ski", "interests=golf"]).success();
}

#[test]
fn a_line_with_a_tag_on_its_left_is_asked_as_it_is_alone() {
    let store = Store::of_people();
    for line in ["vip = all", "vip = None", "age = NONE", "城市 = NOT vip", "age = @nobody"] {
        store.file("lines.txt", line);
        let result = store.run(&["count", "-f", "lines.txt", "--format", "json"]).code(1).get_output().stdout.clone();
        let result: serde_json::Value = serde_json::from_slice(&result).unwrap();
        assert_eq!(result["results"][0]["name"], "", "{result}");
        assert!(result["results"][0]["error"]["message"].as_str().unwrap().contains("is a name, write: '"), "{result}");
        store.run(&["count", line]).code(1);
    }
    store.file("lines.txt", "'vip' = all\nn = agee > 3");
    let result = store.run(&["count", "-f", "lines.txt", "--format", "json"]).code(1).get_output().stdout.clone();
    let result: serde_json::Value = serde_json::from_slice(&result).unwrap();
    assert_eq!((&result["results"][0]["name"], &result["results"][0]["count"]), (&"vip".into(), &8.into()));
    assert_eq!(result["results"][1]["error"]["suggestion"], "n = age > 3", "{result}");
}

#[test]
fn a_remedy_keeps_the_options_that_were_typed() {
    let store = Store::of_people();
    store.file("new.csv", "id,n\n1,2\n");
    let said = store.refusal(&["load", "new.csv", "--encoding", "gbk", "--key", "id", "--max-rejects", "3"], 2);
    for part in ["--infer --key id --encoding gbk", "--map map.toml --max-rejects 3", "--yes --key id --encoding gbk"] {
        assert!(said.contains(part), "{said}");
    }
    let said = store.refusal(&["members", "--with", "age", "--limit", "3"], 2);
    assert!(said.contains("`muster members --limit 3 --with age ALL --data"), "{said}");
}

#[test]
fn declared_values_have_no_blanks_of_the_list() {
    let store = Store::of_people();
    store.run(&["tag", "create", "level", "choice", "--closed", "--values", "gold, silver,\"a, b\""]).success();
    for value in ["silver", "a, b"] {
        store.run(&["set", "u1", &format!("level={value}")]).success();
    }
    let said = store.refusal(&["tag", "create", "other", "choice", "--values", "a,\"d,e"], 2);
    assert!(said.starts_with("close the quote"), "{said}");
}

#[test]
fn an_error_names_the_option_and_no_request() {
    let store = Store::of_people();
    let said = store.refusal(&["type", "drop", "people"], 1);
    assert!(said.contains("by --force:") && !said.contains("in a request"), "{said}");
}

#[test]
fn what_is_said_and_empty_is_refused_and_no_time_is_too_long() {
    let store = Store::of_people();
    for arguments in [
        &["members", "vip", "--page-token", ""][..],
        &["members", "vip", "--with", ""],
        &["members", "vip", "--with", "城市,"],
        &["load", "people.csv", "--infer", "--key", ""],
        &["load", "people.csv", "--infer", "--encoding", ""],
        &["space", "create", "more", "--zone", ""],
    ] {
        store.refusal(arguments, 2);
    }
    store.run(&["count", "vip", "--timeout", "100000001h"]).success();
}

#[test]
fn a_breakdown_that_the_server_cuts_says_so_in_every_format() {
    let store = Store::empty();
    let rows: String = (0..10_100).map(|n| format!("u{n},{n}\n")).collect();
    store.file("many.csv", &format!("id,n\n{rows}"));
    store.run(&["load", "many.csv", "--yes"]).success();
    for format in ["csv", "json", "jsonl", "tsv"] {
        let output = store.run(&["breakdown", "n", "--top", "0", "--format", format]).success().get_output().clone();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("100 more groups are not given") && said.contains("groups_max"), "{format}: {said}");
    }
    let output = store.run(&["breakdown", "n", "--top", "3"]).success().get_output().clone();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}
