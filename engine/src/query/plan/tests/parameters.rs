//! What `$name` may stand for: a scalar where a list stands is a list of one.

use super::queries::examples;
use super::world::{Entity, World};

fn same(world: &World, left: &str, right: &str) {
    let [left_plan, right_plan] = [left, right].map(|text| world.plan(text).unwrap_or_else(|e| panic!("{text}: {e}")));
    assert_eq!(left_plan.fingerprint, right_plan.fingerprint, "{left} is {right}");
}

#[test]
fn a_scalar_where_a_list_stands_is_a_list_of_one() {
    let mut world = examples();
    world.entities.push(Entity { key: "u1".into(), ..Entity::default() });
    for (name, value) in [("c", "北京"), ("i", "ski"), ("n", "30"), ("d", "2024-05-01"), ("k", "u1")] {
        world.scalar(name, value);
    }
    for (asked, meant) in [
        ("城市 IN $c", "城市 IN (北京)"),
        ("城市 NOT IN $c", "城市 NOT IN (北京)"),
        ("城市 属于 $c", "城市 = 北京"),
        ("interests HAS ANY $i", "interests HAS ski"),
        ("interests HAS ALL $i", "interests HAS ALL (ski)"),
        ("interests HAS NONE $i", "interests HAS NONE (ski)"),
        ("interests HAS AT LEAST 1 OF $i", "interests HAS ski"),
        ("age IN $n", "age IN (30)"),
        ("age NOT IN $n", "age NOT IN (30)"),
        ("注册日期 IN $d", "注册日期 IN (2024-05-01)"),
        ("seen NOT IN $d", "seen NOT IN (2024-05-01)"),
        ("ids($k)", "ids(u1)"),
        ("NOT ids($k)", "NOT ids(u1)"),
    ] {
        same(&world, asked, meant);
    }
}

#[test]
fn a_list_where_one_value_stands_is_refused() {
    let mut world = examples();
    world.list("l", &["30", "31"]);
    for text in ["age = $l", "age BETWEEN $l AND 40", "城市 = $l"] {
        let error = world.plan(text).unwrap_err();
        assert_eq!(error.query_fault().expect("a fault").error.code, "parameter", "{text}");
    }
}
