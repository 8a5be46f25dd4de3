//! The verbs that change: entities, types, tags, audiences, spaces.

use serde_json::json;

use crate::store::{Store, keys};

#[test]
fn entities_change_as_each_verb_says() {
    let store = Store::of_people();
    let answer = store.json(&["set", "u9", "性别=女", "age=30", "vip", "spend=7.5"]);
    assert_eq!(keys(&answer), ["durable_version", "new_entities", "unknown_entities", "version"]);
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
