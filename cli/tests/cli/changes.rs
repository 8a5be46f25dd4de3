//! The verbs that change: entities, types, tags, audiences, spaces.

use serde_json::json;

use crate::store::{Store, keys};

#[test]
fn entities_change_as_each_verb_says() {
    let store = Store::of_people();
    let answer = store.json(&["set", "u9", "性别=女", "age=30", "vip", "spend=7.5"]);
    assert_eq!(keys(&answer), ["durable_version", "new_entities", "new_values", "unknown_entities", "version"]);
    assert_eq!(answer["new_entities"], 1);
    assert_eq!(store.json(&["get", "u9"])["tags"], json!({"age": 30, "spend": "7.50", "vip": true, "性别": "女"}));
    store.run(&["add", "u9", "interests=ski", "interests=a=b"]).success();
    store.run(&["remove", "u9", "interests=ski"]).success();
    store.run(&["set", "u9", "vip=false", "age=31"]).success();
    store.run(&["clear", "u9", "spend"]).success();
    assert_eq!(store.json(&["get", "u9"])["tags"], json!({"age": 31, "interests": ["a=b"], "性别": "女"}));
    store.run(&["erase", "u9", "u8"]).success();
    store.run(&["get", "u9"]).code(1);
    assert_eq!(store.count("ALL"), 7);
    assert_eq!(store.json(&["clear", "nobody", "age"])["unknown_entities"], 1);
    assert_eq!(store.count("ALL"), 7);
    store.run(&["set", "new"]).success();
    assert_eq!(store.count("ALL"), 8);
}

#[test]
fn a_batch_is_applied_wholly_or_not_at_all() {
    let store = Store::of_people();
    store.run(&["set", "u1", "vip=false", "age=old"]).code(1);
    assert_eq!(store.json(&["get", "u1"])["tags"]["vip"], true);
    store.run(&["add", "u1", "性别=男"]).code(1);
    assert_eq!(store.json(&["get", "u1"])["tags"]["性别"], "女");
    store.run(&["add", "u1", "interests"]).code(2);
}

#[test]
fn names_are_made_changed_and_dropped() {
    let store = Store::empty();
    let made = store.json(&["type", "create", "devices", "--key", "u64", "--description", "phones"]);
    assert_eq!(keys(&made), ["description", "key", "label", "live", "name", "tags", "version"]);
    store
        .run(&["tag", "create", "价格", "decimal(2)", "--label", "price", "--unit", "CNY", "--layer", "base"])
        .success();
    store.run(&["set", "4711", "price=12.5"]).success();
    let shown = store.json(&["tag", "show", "价格"]);
    assert_eq!(
        (&shown["kind"], &shown["layer"], &shown["unit"]),
        (&json!("decimal(2)"), &json!("base"), &json!("CNY"))
    );
    store.run(&["tag", "change", "price", "--unit", "EUR", "--sensitivity", "private"]).success();
    store.run(&["tag", "rename", "价格", "售价"]).success();
    let listed = store.json(&["tag", "list"]);
    assert_eq!(listed["tags"][0]["name"], "售价");
    assert_eq!((&listed["tags"][0]["unit"], &listed["tags"][0]["sensitivity"]), (&json!("EUR"), &json!("private")));
    assert_eq!(store.count("售价 = 12.50 AND price > 12"), 1);
    store.run(&["tag", "drop", "售价"]).success();
    store.run(&["count", "售价 = 12.50"]).code(1);
    store.run(&["type", "rename", "devices", "phones"]).success();
    assert_eq!(store.json(&["type", "list"])["types"][0]["name"], "phones");
    store.run(&["type", "drop", "phones", "--force"]).success();
    assert_eq!(store.json(&["type", "list"])["types"], json!([]));
}

#[test]
fn audiences_follow_renames_and_keep_versions() {
    let store = Store::of_people();
    let saved = store.json(&["audience", "save", "rich", "spend >= 100", "--description", "many coins"]);
    assert_eq!((&saved["name"], &saved["audience_version"]), (&json!("rich"), &json!(1)));
    store.run(&["tag", "rename", "spend", "消费"]).success();
    assert_eq!(store.count("@rich"), 2);
    assert!(store.json(&["audience", "show", "@rich"])["text"].as_str().unwrap().contains("消费"));
    store.run(&["audience", "save", "rich", "消费 >= 1000"]).success();
    assert_eq!((store.count("@rich"), store.count("@rich:v1")), (1, 2));
    assert_eq!(store.json(&["audience", "list"])["audiences"][0]["versions"], json!([1, 2]));
    store.run(&["tag", "drop", "消费"]).code(1);
    store.run(&["audience", "drop", "rich"]).success();
    store.run(&["count", "@rich"]).code(1);
}

#[test]
fn spaces_are_apart() {
    let store = Store::of_people();
    store.run(&["space", "create", "other"]).success();
    assert_eq!(store.json(&["space", "list"])["spaces"].as_array().unwrap().len(), 2);
    store.run(&["type", "create", "people", "--space", "other"]).success();
    store.run(&["set", "x", "--space", "other"]).success();
    assert_eq!(store.json(&["count", "ALL", "--space", "other"])["count"], 1);
    assert_eq!(store.count("ALL"), 8);
    store.run(&["count", "ALL", "--space", "nowhere"]).code(1);
}

/// What a command says on standard error.
fn said(store: &Store, arguments: &[&str]) -> String {
    String::from_utf8(store.run(arguments).get_output().stderr.clone()).unwrap()
}

#[test]
fn a_closed_tag_takes_its_list_and_names_the_nearest() {
    let store = Store::of_people();
    store.run(&["tag", "create", "level", "choice", "--closed"]).code(1);
    store.run(&["tag", "create", "level", "choice", "--closed", "--values", "silver,gold", "--ttl", "30d"]).success();
    let shown = store.json(&["tag", "show", "level"]);
    assert_eq!(
        (&shown["closed_values"], &shown["declared_values"], &shown["time_to_live_days"]),
        (&json!(true), &json!(["silver", "gold"]), &json!(30))
    );
    let text = store.text(&["tag", "show", "level"]);
    assert!(text.contains("silver, gold") && text.contains("30 days after the last write"), "{text}");
    store.run(&["set", "u1", "level=gold"]).success();
    let refused = said(&store, &["set", "u2", "level=glod"]);
    assert!(refused.contains("did you mean `gold`"), "{refused}");
    store.run(&["set", "u2", "level=glod"]).code(1);
    store.run(&["tag", "change", "level", "--values", "silver,gold,platinum", "--ttl", "none"]).success();
    store.run(&["set", "u2", "level=platinum"]).success();
    assert_eq!(store.json(&["tag", "show", "level"])["time_to_live_days"], json!(null));
    store.run(&["tag", "change", "level", "--open"]).success();
    store.run(&["set", "u3", "level=brass"]).success();
    assert_eq!(store.count("level IS NOT MISSING"), 3);
    for wrong in ["0d", "x", "-1", "1.5d"] {
        store.run(&["tag", "change", "level", &format!("--ttl={wrong}")]).code(2);
    }
}

#[test]
fn a_load_rejects_what_a_closed_list_does_not_declare() {
    let store = Store::of_people();
    store.run(&["tag", "create", "level", "choice", "--closed", "--values", "silver,gold"]).success();
    store.run(&["tag", "create", "likes", "set", "--closed", "--values", "ski,golf"]).success();
    let rows = store.file("rows.csv", "id,level,likes\nu1,gold,ski\nu2,glod,\nu3,silver,ski|gulf\nu4,glod,golf\n");
    let map = store.file(
        "rows.toml",
        "type = \"people\"\nkey = { column = \"id\", kind = \"string\" }\ncolumns = [\n  \
         { column = \"level\", kind = \"choice\" },\n  \
         { column = \"likes\", kind = \"set\", list_separator = \"|\" },\n]\n",
    );
    let (rows, map) = (rows.to_str().unwrap(), map.to_str().unwrap());
    store.run(&["load", rows, "--map", map]).code(4);
    assert_eq!(store.count("level IS NOT MISSING"), 0);
    let told = said(&store, &["load", rows, "--map", map, "--max-rejects", "3"]);
    assert!(told.contains("did you mean `gold`") && told.contains("did you mean `golf`"), "{told}");
    assert_eq!((store.count("level = gold"), store.count("level IS NOT MISSING")), (1, 1));
}

#[test]
fn a_new_value_is_told_with_the_nearest() {
    let store = Store::of_people();
    let told = said(&store, &["set", "u1", "城市=Nwe York"]);
    assert_eq!(told, "`城市` has a new value `Nwe York`; nearest: `New York`\n");
    assert_eq!(said(&store, &["set", "u2", "城市=Nwe York"]), "");
    assert_eq!(said(&store, &["set", "u2", "城市=Ulan", "-q"]), "");
    let answer = store.json(&["add", "u1", "interests=sky"]);
    assert_eq!(answer["new_values"], json!([{"tag": "interests", "value": "sky", "nearest": "ski"}]));
}

#[test]
fn what_is_written_late_in_the_evening_is_found_on_that_day() {
    let store = Store::of_people();
    store.run(&["tag", "create", "last_order", "time"]).success();
    let zone = ["--zone", "Asia/Shanghai"];
    let with = |words: &[&str]| -> Vec<String> { words.iter().chain(&zone).map(|word| (*word).to_owned()).collect() };
    let run = |words: &[&str]| {
        let words = with(words);
        store.json(&words.iter().map(String::as_str).collect::<Vec<_>>())
    };
    run(&["set", "u1", "last_order=2026-11-30 23:30"]);
    run(&["set", "u2", "last_order=2026-12-01 00:30"]);
    for (day, key) in [("2026-11-30", "u1"), ("2026-12-01", "u2")] {
        let found = run(&["members", &format!("last_order = {day}"), "--with", "last_order"]);
        assert_eq!(found["members"].as_array().unwrap().len(), 1, "{day}");
        assert_eq!(found["members"][0]["key"], key);
        let shown = found["members"][0]["tags"]["last_order"].as_str().unwrap();
        assert!(shown.starts_with(day) && shown.ends_with("+08:00"), "{shown}");
        assert_eq!(run(&["get", key])["tags"]["last_order"], shown);
    }
    assert_eq!(store.count("last_order = 2026-11-30"), 2, "in UTC it is one day");
    // The space says it for all, and what is loaded is read in it.
    store.run(&["space", "change", "main"]).code(2);
    store.run(&["space", "change", "main", "--zone", "Asia/Shanghai"]).success();
    assert_eq!(store.count("last_order = 2026-11-30"), 1);
    assert_eq!(store.json(&["status"])["zone"], "Asia/Shanghai");
    assert_eq!(store.json(&["space", "list"])["spaces"][0]["zone"], "Asia/Shanghai");
    let rows = store.file("late.csv", "id,last_order\nu3,2026-12-02 00:10:00\n");
    let map = "type = \"people\"\nkey = { column = \"id\", kind = \"string\" }\n\
               columns = [{ column = \"last_order\", kind = \"time\" }]\n";
    let map = store.file("late.toml", map);
    store.run(&["load", rows.to_str().unwrap(), "--map", map.to_str().unwrap()]).success();
    assert_eq!(store.count("last_order = 2026-12-02"), 1);
    assert_eq!(store.json(&["get", "u3"])["tags"]["last_order"], "2026-12-02T00:10:00+08:00");
    assert_eq!(store.json(&["get", "u3", "--zone", "UTC"])["tags"]["last_order"], "2026-12-01T16:10:00Z");
}

#[test]
fn an_option_that_is_not_read_is_refused() {
    let store = Store::of_people();
    for words in [
        &["get", "u1", "--now", "2026-11-11"][..],
        &["set", "u1", "vip", "--param", "a=b"],
        &["status", "--type", "people"],
        &["clear", "u1", "vip", "--zone", "UTC"],
        &["tag", "list", "--unknown-values", "empty"],
    ] {
        let told = said(&store, words);
        assert!(told.contains("leave out --"), "{told}");
        store.run(words).code(2);
    }
}

#[test]
fn a_change_that_changes_nothing_says_so() {
    let store = Store::of_people();
    let said = store.refusal(&["remove", "u1", "interests=gulf"], 0);
    assert_eq!(said, "`interests` has no value `gulf` to remove: did you mean 'golf'?\n");
    assert_eq!(store.refusal(&["remove", "u1", "interests=golf"], 0), "");
    let said = store.refusal(&["tag", "change", "age"], 2);
    assert!(
        said.starts_with("say what to change: --label, --description") && said.contains("tag rename age NAME"),
        "{said}"
    );
    let said = store.refusal(&["tag", "change", "城市", "--closed", "--values", "北京"], 0);
    assert!(said.starts_with("`城市` has 2 values that it does not declare, such as `New York`: "), "{said}");
    assert_eq!(store.refusal(&["tag", "change", "城市", "--values", "北京,上海,New York"], 0), "");
}

#[test]
fn a_value_where_none_belongs_is_answered_by_the_kind_of_the_tag() {
    let store = Store::of_people();
    for (arguments, code, begins) in [
        (&["clear", "u1", "interests=ski"][..], 2, "take one value away: `muster remove u1 interests=ski --data"),
        (&["clear", "u1", "城市=北京"], 2, "name the tag alone: `muster clear u1 城市 --data"),
        (&["add", "u1", "vip"], 2, "`vip` holds one value: `muster set u1 vip --data"),
        (&["add", "u1", "城市"], 2, "`城市` holds one value: `muster set u1 城市=VALUE --data"),
        (&["add", "u1", "interests"], 2, "write interests=VALUE instead of 'interests'\n"),
        (
            &["remove", "u1", "interests"],
            2,
            "write interests=VALUE instead of 'interests', or take all its values away: ",
        ),
        (&["remove", "u1", "vip"], 2, "`vip` holds one value: `muster clear u1 vip --data"),
        (&["remove", "u1", "age=28"], 1, "`age` holds one value: `muster clear u1 age --data"),
        (&["remove", "u1", "nonsense"], 2, "write TAG=VALUE instead of 'nonsense'\n"),
    ] {
        let said = store.refusal(arguments, code);
        assert!(said.starts_with(begins), "{arguments:?}: {said}");
    }
    assert_eq!(store.json(&["get", "u1"])["tags"]["interests"], json!(["ski", "golf"]));
}
