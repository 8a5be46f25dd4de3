//! Every question, and the keys of its JSON.

use serde_json::json;

use crate::store::{Store, keys};

/// The keys that every answer to a query has.
const INFO: [&str; 9] =
    ["canonical", "engine_ns", "fingerprint", "resolved_dates", "space", "type", "version", "warnings", "zone"];

fn assert_keys(value: &serde_json::Value, own: &[&str]) {
    let mut expected: Vec<&str> = INFO.iter().chain(own).copied().collect();
    expected.sort_unstable();
    assert_eq!(keys(value), expected, "{value}");
}

#[test]
fn count_answers_one_object() {
    let store = Store::of_people();
    let answer = store.json(&["count", "性别 = 女 AND age >= 28"]);
    assert_keys(&answer, &["count", "live", "share"]);
    assert_eq!((&answer["count"], &answer["live"], &answer["share"]), (&json!(3), &json!(8), &json!(0.375)));
    assert_eq!(answer["type"], "people");
    assert_eq!(answer["fingerprint"].as_str().unwrap().len(), 32);
    assert_eq!(answer["warnings"], json!([]));
    // u5 falls out because it has no age, which is no other age.
    let answer = store.json(&["count", "age != 28"]);
    assert_eq!(answer["count"], 6);
    let warning = &answer["warnings"][0];
    assert!(warning["code"].is_string() && warning["message"].is_string(), "{answer}");
    assert_eq!((&warning["span"]["byte_start"], &warning["span"]["column"]), (&json!(0), &json!(1)), "{answer}");
    let table = store.text(&["count", "vip"]);
    assert!(table.starts_with("4 of 8  50.0%  ██████████ "), "{table}");
    assert_eq!(
        store.text(&["count", "vip", "--format", "csv"]).lines().next().unwrap().split(',').next(),
        Some("count")
    );
}

#[test]
fn count_reads_text_from_anywhere() {
    let store = Store::of_people();
    let from_stdin =
        store.command(&["count", "-", "--format", "jsonl"]).write_stdin("城市 = 'New York'\n").assert().success();
    let answer: serde_json::Value = serde_json::from_slice(&from_stdin.get_output().stdout).unwrap();
    assert_eq!(answer["count"], 2);
    assert_eq!(store.json(&["count", "age", ">", "30", "AND", "vip"])["count"], 3);
    let list = ["count", "城市 IN $c", "--param", "c=北京", "--param", "c=上海"];
    assert_eq!(store.json(&list)["count"], 5);
    let keys = store.file("keys.txt", "u1\nu3\nnobody\n");
    let file = format!("k=@{}", keys.display());
    assert_eq!(store.json(&["count", "ids($k)", "--param", &file])["count"], 2);
    let dated = store.json(&["count", "registered IN LAST 7d", "--now", "2026-11-11"]);
    assert_eq!(dated["count"], 3, "{dated}");
    assert_eq!(dated["resolved_dates"][0]["resolved"], "2026-11-05..2026-11-11");
}

#[test]
fn a_file_of_expressions_is_answered_at_one_version() {
    let store = Store::of_people();
    let file = store.file(
        "audiences.txt",
        "# women and men\nwomen = 性别 = 女\nmen = 性别 = 男\n\nbroken = 性别 =\n性别 = 女 AND vip\n-- end\ncontry = DEU\n",
    );
    let ran = store.run(&["count", "-f", file.to_str().unwrap(), "--format", "json"]).code(1);
    let answer: serde_json::Value = serde_json::from_slice(&ran.get_output().stdout).unwrap();
    assert_eq!(keys(&answer), ["live", "results", "version"]);
    let results = answer["results"].as_array().unwrap();
    let counts: Vec<_> = results.iter().map(|result| result["count"].as_u64()).collect();
    assert_eq!(counts, [Some(5), Some(3), None, Some(2), None], "{answer}");
    assert_eq!(results[0]["name"], "women");
    assert_eq!(results[2]["line"], 5);
    assert!(results[2]["error"]["message"].as_str().is_some());
    let said = String::from_utf8(ran.get_output().stderr.clone()).unwrap();
    assert!(said.contains("line 5: ") && said.contains("line 8: "), "{said}");
    let csv = store.run(&["count", "-f", file.to_str().unwrap(), "--format", "csv"]).code(1);
    let csv = String::from_utf8(csv.get_output().stdout.clone()).unwrap();
    assert!(csv.starts_with("line,name,text,count,live,share,engine_ns,error\n2,women,性别 = 女,5,8,0.625,"), "{csv}");
}

#[test]
fn members_come_whole_paged_and_as_roaring() {
    let store = Store::of_people();
    let answer = store.json(&["members", "vip", "--with", "城市,age,interests,spend"]);
    assert_keys(&answer, &["members", "members_given", "next_page_token"]);
    assert_eq!(answer["next_page_token"], json!(null));
    assert_eq!(
        answer["members"][0],
        json!({"key": "u1", "tags": {"城市": "北京", "age": 28, "interests": ["ski", "golf"], "spend": "120.50"}})
    );
    let page = store.json(&["members", "vip", "--limit", "3"]);
    let token = page["next_page_token"].as_str().unwrap();
    assert_eq!(page["members_given"], 3);
    let rest = store.run(&["members", "vip", "--page-token", token, "--format", "csv"]);
    // Another process may not know the token any more; then it must say so rather than answer from another version.
    let output = rest.get_output();
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(text == "key\nu8\n" || output.status.code() == Some(1), "{text}");
    assert_eq!(
        store.text(&["members", "vip", "--format", "tsv", "--with", "age"]),
        "key\tage\nu1\t28\nu3\t45\nu6\t52\nu8\t36\n"
    );
    assert_eq!(store.text(&["members", "vip"]), "u1\nu3\nu6\nu8\n");
    let ids = store.text(&["members", "vip", "--ids", "--format", "jsonl"]);
    assert_eq!(ids.lines().next(), Some("{\"id\":0}"));
    let roaring = store.json(&["members", "vip", "--roaring", "vip.roaring"]);
    assert_keys(&roaring, &["bytes", "file", "id_epoch", "store_id"]);
    assert_eq!(store.json(&["count", "$vip AND 性别 = 女", "--param", "vip=@vip.roaring"])["count"], 2);
}

#[test]
fn one_entity_is_shown_and_explained() {
    let store = Store::of_people();
    let answer = store.json(&["get", "u3"]);
    assert_eq!(keys(&answer), ["engine_ns", "id", "id_epoch", "key", "store_id", "tags", "version", "zone"]);
    assert_eq!(
        answer["tags"],
        json!({"age": 45, "interests": ["golf", "瑜伽"], "registered": "2025-01-31", "spend": "-5.25", "vip": true,
               "城市": "北京", "性别": "男"})
    );
    store.run(&["get", "nobody"]).code(1);
    let answer = store.json(&["why", "u5", "性别 = 女 AND age < 30"]);
    assert_keys(&answer, &["conditions", "key", "member"]);
    assert_eq!(answer["member"], false);
    assert_eq!(answer["conditions"][0]["depth"], 0);
    let table = store.text(&["why", "u5", "性别 = 女 AND age < 30"]);
    assert!(table.contains("u5 is not in") && table.contains("✓ 性别 = 女") && table.contains("(missing)"), "{table}");
}

#[test]
fn numbers_and_groups_are_exact() {
    let store = Store::of_people();
    let answer = store.json(&["stats", "spend", "--in", "性别 = 男", "--quantiles", "0.5,1"]);
    assert_keys(&answer, &["count", "kind", "max", "mean", "min", "missing", "quantiles", "sum", "tag", "unit"]);
    assert_eq!(
        (&answer["sum"], &answer["min"], &answer["max"]),
        (&json!("8994.75"), &json!("-5.25"), &json!("9000.00"))
    );
    assert_eq!(answer["quantiles"], json!([{"q": 0.5, "value": "0.00"}, {"q": 1.0, "value": "9000.00"}]));
    let ages = store.json(&["stats", "age"]);
    assert_eq!((&ages["count"], &ages["missing"], &ages["sum"]), (&json!(7), &json!(1), &json!(234)));
    let answer = store.json(&["breakdown", "城市", "--top", "2"]);
    assert_keys(&answer, &["groups", "groups_left_out", "kind", "missing", "tag", "total"]);
    assert_eq!(answer["groups"][0], json!({"label": "北京", "count": 3, "share": 0.375}));
    assert_eq!((&answer["groups_left_out"], &answer["missing"]), (&json!(1), &json!(1)));
    let table = store.text(&["breakdown", "interests", "vip"]);
    assert!(table.contains("ski") && table.contains('█'), "{table}");
}

#[test]
fn explain_weighs_conditions() {
    let store = Store::of_people();
    let answer = store.json(&["explain", "--analyze", "性别 = 女 AND vip AND 城市 = 北京"]);
    assert_keys(&answer, &["count", "live", "steps", "times"]);
    assert_eq!(answer["count"], 1);
    let steps = answer["steps"].as_array().unwrap();
    let shape = ["bytes", "count", "depth", "estimate", "evaluate_ns", "operation", "path", "text", "without"];
    assert_eq!(keys(&steps[0]), shape);
    let vip = steps.iter().find(|step| step["text"] == "vip").unwrap();
    assert_eq!((&vip["count"], &vip["without"]), (&json!(4), &json!(2)), "{answer}");
    assert_eq!((&vip["path"], &vip["bytes"]), (&json!("directory alone"), &json!(0)), "{answer}");
    let plain = store.json(&["explain", "vip"]);
    assert_keys(&plain, &["live", "steps", "times"]);
    assert!(store.text(&["explain", "--analyze", "vip AND age > 30"]).contains("without it"));
}

#[test]
fn status_tells_what_is_kept() {
    let store = Store::of_people();
    let answer = store.json(&["status"]);
    for key in ["version", "durable_version", "part_bytes", "names_bytes", "open_ns", "types", "store_id"] {
        assert!(answer.get(key).is_some(), "{key}: {answer}");
    }
    assert_eq!(answer["types"][0]["live"], 8);
    assert!(store.json(&["flush"])["version"].as_u64().is_some());
    assert!(store.json(&["compact"])["version"].as_u64().is_some());
    assert_eq!(store.count("vip"), 4);
}

#[test]
fn every_kernel_gives_the_same_answers() {
    let store = Store::of_people();
    let answer = |kernel: &str, question: &[&str]| {
        let mut command = store.command(question);
        let output = command.args(["--format", "json"]).env("MUSTER_KERNEL", kernel).output().unwrap();
        let mut answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        answer.as_object_mut().map(|answer| answer.remove("engine_ns"));
        (output.status.code(), answer)
    };
    let questions: [&[&str]; 4] = [
        &["count", "vip OR 城市 = 北京 AND NOT age < 30"],
        &["stats", "age", "--in", "性别 = 男"],
        &["breakdown", "城市"],
        &["members", "age BETWEEN 20 AND 40"],
    ];
    for question in questions {
        let chosen = answer("", question);
        assert_eq!(chosen.0, Some(0), "{question:?}");
        assert_eq!(answer("scalar", question), chosen, "{question:?}");
    }
    assert_ne!(answer("mmx", questions[0]).0, Some(0), "a kernel that no machine has is refused");
}
