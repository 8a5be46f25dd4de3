//! The normal form: fingerprints, shared nodes, conditions, and what planning costs.

use super::meaning::Random;
use super::queries::examples;
use super::world::check_laws;
use crate::catalog::EntityKey;
use crate::query::plan::{ConditionKind, Node, Split};

#[test]
fn order_and_repetition_do_not_change_the_fingerprint() {
    let world = examples();
    let leaves = [
        "age > 3",
        "country = DEU",
        "country != PRT",
        "interests HAS ski",
        "客单价_30d < 客单价_60d * 0.5",
        "(NOT 兴趣.瑜伽)",
        "(性别 = 女 OR 城市 = 北京)",
        "注册日期 IN LAST 7d",
    ];
    for seed in 0..200 {
        let mut random = Random(seed);
        let joint = random.pick(&[" AND ", " OR "]);
        let mut chosen: Vec<&str> = (0..4).map(|_| random.pick(&leaves)).collect();
        let first = world.plan(&chosen.join(joint)).unwrap();
        chosen.reverse();
        let again = random.pick(&chosen);
        chosen.push(again);
        let mut grouped = chosen.clone();
        let tail = grouped.split_off(2);
        let grouped = format!("({}){joint}({})", grouped.join(joint), tail.join(joint));
        for text in [chosen.join(joint), grouped] {
            let second = world.plan(&text).unwrap();
            assert_eq!(first.fingerprint, second.fingerprint, "seed {seed}: {text}");
        }
    }
    let fingerprint = |text: &str| world.plan(text).unwrap().fingerprint;
    assert_ne!(fingerprint("age > 3"), fingerprint("age > 4"));
    assert_ne!(fingerprint("age > 3 AND country = DEU"), fingerprint("age > 3 OR country = DEU"));
    assert_ne!(fingerprint("age > 3 EXCEPT country = DEU"), fingerprint("country = DEU EXCEPT age > 3"));
    assert_eq!(fingerprint("客单价_30d * 2 < 客单价_60d"), fingerprint("客单价_60d * 0.5 > 客单价_30d"));
}

#[test]
fn fingerprints_are_the_same_on_every_machine() {
    let world = examples();
    let planned = world.plan("性别 = 女 AND age BETWEEN 25 AND 34").unwrap();
    assert_eq!(planned.fingerprint, FINGERPRINT, "it is a key of caches and audits");
}

/// The fingerprint of the query above in the catalog of the examples.
const FINGERPRINT: u128 = 157_783_526_995_591_389_609_140_344_967_338_730_136;

#[test]
fn shared_expressions_stand_once() {
    let world = examples();
    let planned = world.plan("(age > 3 AND country = DEU) OR (age > 3 AND country = PRT) OR NOT age > 3").unwrap();
    let ages = planned.plan.nodes.iter().filter(|node| matches!(node, Node::Number { .. }));
    assert_eq!(ages.count(), 1);
    check_laws(&planned.plan);
}

#[test]
fn conditions_mirror_what_was_written() {
    let world = examples();
    let text = "NOT age > 3 AND (country = DEU OR country = PRT) EXCEPT @黑名单";
    let planned = world.plan(text).unwrap();
    let root = &planned.conditions;
    assert_eq!(root.kind, ConditionKind::Except);
    assert_eq!(planned.text_of(root), text);
    let and = &root.children[0];
    assert_eq!(and.kind, ConditionKind::And);
    assert_eq!(and.children[0].kind, ConditionKind::Not);
    assert_eq!(planned.text_of(&and.children[0].children[0]), "age > 3");
    assert_eq!(and.children[0].children[0].tag, Some(world.id("age")));
    assert_eq!(planned.text_of(&and.children[1].children[1]), "country = PRT");
    let audience = &root.children[1];
    assert_eq!(audience.kind, ConditionKind::Audience { version: 1 });
    assert_eq!(planned.text_of(audience), "@黑名单");
    let inside = &audience.children[0];
    assert_eq!(inside.kind, ConditionKind::Or);
    assert_eq!(planned.text_of(inside), "城市 = 北京 OR @全局抑制");
    let nested = &inside.children[1];
    assert_eq!(planned.text_of(&nested.children[0]), "性别 = 男");
}

#[test]
fn labels_print_as_names() {
    let mut world = examples();
    let mut spec = crate::catalog::TagSpec::new("users", "身高", crate::catalog::TagKind::Int);
    spec.label = Some("height".into());
    world.spec(spec);
    let planned = world.plan("height > 170 AND 性别 = 女").unwrap();
    assert_eq!(planned.canonical(), "身高 > 170 AND 性别 = 女");
    assert_eq!(planned.fingerprint, world.plan("身高 > 170 AND 性别 = 女").unwrap().fingerprint);
}

#[test]
fn ten_thousand_conditions_are_planned_at_once() {
    let world = examples();
    let conditions: Vec<String> = (0..9_999).map(|age| format!("age = {}", age * 2)).collect();
    let planned = world.plan(&conditions.join(" OR ")).unwrap();
    let Node::Number { ranges, .. } = planned.plan.node(planned.plan.root) else { panic!("one number") };
    assert_eq!(ranges.len(), 9_999);
    let deep = format!("{}age > 3{}", "NOT (".repeat(30), ")".repeat(30));
    assert!(world.plan(&deep).is_ok());
}

#[test]
fn buckets_of_splits_are_fixed_for_ever() {
    let bucket = |salt: &str, key: EntityKey| {
        let share = Split { seed: Split::seed(salt), from: 0, to: 5_000 };
        let bucket = share.bucket(key.hash());
        assert_eq!(share.contains(key.hash()), bucket < 5_000);
        bucket
    };
    let found = [
        bucket("exp_coupon_q4", EntityKey::Text("u1".into())),
        bucket("exp_coupon_q4", EntityKey::Text("u2".into())),
        bucket("sample:0", EntityKey::Text("u1".into())),
        bucket("exp_coupon_q4", EntityKey::Number(1)),
        bucket("sample:7", EntityKey::Number(10_000_000)),
    ];
    assert_eq!(found, [6_323, 4_155, 9_220, 9_085, 4_213]);
}
