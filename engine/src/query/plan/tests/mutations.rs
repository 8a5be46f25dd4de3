//! Law: what is offered for a line that was mistyped, or typed in the habit of another language, asks the tags of the
//! right line, and mostly the very same.

use std::collections::BTreeSet;

use muster_language::parse;

use super::customs::shop;
use super::meaning::Random;
use super::world::World;

/// Right conditions.
const RIGHT: &[&str] = &[
    "age > 30",
    "age BETWEEN 18 AND 30",
    "age IN (1, 2, 3)",
    "age IN [18, 30)",
    "price < 12.50",
    "level = gold",
    "level = 'AT'",
    "level != silver",
    "level IN (gold, silver)",
    "level NOT IN (x, vip)",
    "city = 'New York'",
    "name = 'O''Neil'",
    "interests HAS ski",
    "interests HAS ANY (ski, golf)",
    "interests HAS NONE (golf)",
    "vip",
    "NOT vip",
    "is_active",
    "signup > 2024-05-01",
    "signup IN LAST 7d",
    "signup >= today - 30d",
    "last_seen > now - 2h",
    "age IS MISSING",
    "城市 = 北京",
    "城市 属于 (北京, 上海)",
    "年龄 介于 20 到 30",
    "`VIP 等级` = '黑 卡'",
    "@黑名单",
    "AT LEAST 2 OF (vip, is_active, subscribed)",
    "ids('u1')",
    "split('x', [0%, 50%))",
    "price + 3 < amount",
    "market_segment = 'Online TA'",
    "消费金额_30d >= 10万",
];
const JOINS: &[&str] = &[" AND ", " OR ", " 且 ", " AND NOT ", " EXCEPT "];
/// What stands in a right line, and what is typed for it.
const HABITS: &[(&str, &str)] = &[
    ("=", "=="),
    ("=", "is"),
    ("=", "eq"),
    ("= ", "： "),
    ("=", "是"),
    ("!=", "not"),
    (">", "gt"),
    (">", "more than"),
    (" AND ", " && "),
    (" AND ", ", "),
    (" AND ", " "),
    (" AND ", " plus "),
    (" AND ", " and also "),
    (" OR ", " || "),
    (" OR ", " | "),
    ("NOT ", "!"),
    ("'", ""),
    ("'", "\""),
    ("'", "`"),
    ("(", ""),
    (")", ""),
    ("(", "["),
    ("(", "{"),
    (", ", " "),
    (", ", "; "),
    (", ", " or "),
    ("BETWEEN", "between from"),
    ("HAS ", "contains "),
    ("HAS ANY ", "has "),
    ("IS MISSING", "= null"),
    ("LAST", "past"),
    ("LAST", "the last"),
    ("7d", "week"),
    ("2h", "2 hrs"),
    ("2024-05-01", "2024/5/1"),
    ("2024-05-01", "'2024-05-01"),
    ("..", "-"),
    ("_", " "),
    ("_", "-"),
    ("_", ""),
    ("gold", "GOLD"),
    ("gold", "gold,"),
    ("silver", "sliver"),
    ("vip", "vip = yes"),
    ("age", "the age"),
    ("age", "Age"),
    ("level", "levle"),
    ("city", "citty"),
    ("城市", "城 市"),
    ("属于", "在"),
    ("介于", "在"),
    (" 且 ", " 并且 "),
    ("北京", "北京市"),
    ("New York", "new york"),
    (" ", "\u{3000}"),
];

/// The tags that a text names.
fn tags(text: &str) -> BTreeSet<String> {
    let expr = parse(text).expect("it was planned").expr;
    expr.tag_paths().into_iter().map(|path| path.dotted().into_owned()).collect()
}

fn line(random: &mut Random) -> String {
    let mut line = random.pick(RIGHT).to_owned();
    for _ in 0..random.below(3) {
        line = format!("{line}{}{}", random.pick(JOINS), random.pick(RIGHT));
    }
    if random.below(8) == 0 {
        line = format!("({line}){}{}", random.pick(JOINS), random.pick(RIGHT));
    }
    line
}

/// The line with a habit or a typing error in it.
fn mistyped(random: &mut Random, line: &str) -> String {
    let habits: Vec<_> = HABITS.iter().filter(|(right, _)| line.contains(right)).collect();
    if !habits.is_empty() && random.below(3) > 0 {
        let (right, typed) = habits[random.below(habits.len() as u64) as usize];
        let places: Vec<usize> = line.match_indices(right).map(|(at, _)| at).collect();
        let at = places[random.below(places.len() as u64) as usize];
        return [&line[..at], typed, &line[at + right.len()..]].concat();
    }
    // Another digit is another number, which nobody can tell.
    let mut chars: Vec<char> = line.chars().collect();
    let at = random.below(chars.len() as u64) as usize;
    match random.below(3) {
        _ if chars[at].is_ascii_digit() => {}
        0 => drop(chars.remove(at)),
        1 => chars.insert(at, chars[at]),
        _ if at + 1 < chars.len() && !chars[at + 1].is_ascii_digit() => chars.swap(at, at + 1),
        _ => {}
    }
    chars.into_iter().collect()
}

fn fingerprint(world: &World, text: &str) -> u128 {
    world.plan(text).unwrap_or_else(|error| panic!("{text}: {error}")).fingerprint
}

#[test]
fn what_is_offered_for_a_mistyped_line_asks_the_same() {
    let seed = 20_261_201;
    println!("seed {seed}");
    let mut random = Random(seed);
    let world = shop();
    let (mut offers, mut others) = (0, BTreeSet::new());
    for _ in 0..2_000 {
        let right = line(&mut random);
        let typed = mistyped(&mut random, &right);
        let Err(error) = world.plan(&typed) else { continue };
        let fault = error.query_fault().unwrap_or_else(|| panic!("{typed}: {error}"));
        let Some(offered) = &fault.error.suggestion else { continue };
        offers += 1;
        assert_eq!(tags(offered), tags(&right), "{typed} offers {offered}");
        if fingerprint(&world, offered) != fingerprint(&world, &right) {
            others.insert(format!("{right} typed as {typed} => {offered}"));
        }
    }
    println!("{} of {offers} offers ask something else:", others.len());
    others.iter().for_each(|other| println!("{other}"));
    assert!(offers > 600 && others.len() * 100 < offers, "{} of {offers}", others.len());
}
