//! Law: what is said of how long ago something was is offered with its meaning; its negation with everybody else.

use super::world::{Cell, Entity, NOW_MS, World};
use crate::catalog::TagKind;
use crate::query::plan::Planned;

/// A word for a comparison, the word that negates it, and whether an age longer than, equal to or shorter than the
/// length is meant.
const WORDS: &[(&str, &str, [bool; 3])] = &[
    ("more than N", "at most N", [true, false, false]),
    ("older than N", "at most N", [true, false, false]),
    ("longer than N", "not more than N", [true, false, false]),
    ("over N", "no more than N", [true, false, false]),
    ("at least N", "less than N", [true, true, false]),
    ("at least N", "fewer than N", [true, true, false]),
    ("not less than N", "under N", [true, true, false]),
    ("before N", "not older than N", [true, false, false]),
    ("超过 N", "不超过 N", [true, false, false]),
    ("多于 N", "不多于 N", [true, false, false]),
    ("大于 N", "不大于 N", [true, false, false]),
    ("高于 N", "不高于 N", [true, false, false]),
    ("大于 N", "小于等于 N", [true, false, false]),
    ("大于等于 N", "小于 N", [true, true, false]),
    ("不少于 N", "少于 N", [true, true, false]),
    ("不低于 N", "低于 N", [true, true, false]),
    ("不小于 N", "小于 N", [true, true, false]),
    ("不少于 N", "不到 N", [true, true, false]),
    ("不少于 N", "不足 N", [true, true, false]),
    ("至少 N", "不足 N", [true, true, false]),
    ("超过 N", "至多 N", [true, false, false]),
    ("早于 N", "不早于 N", [true, false, false]),
    ("不晚于 N", "晚于 N", [true, true, false]),
];

/// A length of two hours or ninety days, as it is written behind English and behind Chinese words.
const DAYS: [&[&str]; 2] =
    [&["90 days ago", "90d ago", "90 d ago"], &["90 天", "90 天前", "90天前", "90天", "90d", "90天以前"]];
const HOURS: [&[&str]; 2] =
    [&["2 hours ago", "120 minutes ago", "120m ago", "2h ago"], &["2 小时", "2小时前", "120分钟", "2 小时前"]];

/// One entity younger, one as old, one older: from the length by `step`.
fn world() -> World {
    let mut world = World::new();
    let signup = world.tag("signup", TagKind::Date);
    let seen = world.tag("seen", TagKind::Time);
    world.tag("days", TagKind::Int);
    for place in [1, 0, -1] {
        let day = NOW_MS.div_euclid(86_400_000) - 90 - place;
        let instant = NOW_MS - 2 * 3_600_000 - place * 60_000;
        let cells = [(signup, Cell::Number(day)), (seen, Cell::Number(instant))].into();
        world.entities.push(Entity { key: place.to_string(), cells });
    }
    world
}

fn offered(world: &World, text: &str) -> Option<String> {
    let error = world.plan(text).err().unwrap_or_else(|| panic!("{text} is accepted"));
    error.query_fault().unwrap_or_else(|| panic!("{text}: {error}")).error.suggestion.clone()
}

fn selected(world: &World, planned: &Planned) -> Vec<bool> {
    (0..world.entities.len()).map(|entity| world.holds(&planned.plan, planned.plan.root, entity)).collect()
}

#[test]
fn comparisons_with_so_long_ago_are_read_by_age() {
    let world = world();
    let mut wrong = Vec::new();
    let mut check = |text: String, meant: Vec<bool>| {
        let Some(remedy) = offered(&world, &text) else {
            wrong.push(format!("{text} has no remedy"));
            return;
        };
        let planned = world.plan(&remedy).unwrap_or_else(|error| panic!("{text} offers {remedy}: {error}"));
        if selected(&world, &planned) != meant {
            wrong.push(format!("{text} => {remedy}"));
        }
    };
    for (word, negated, meant) in WORDS {
        for (tag, lengths) in [("signup", DAYS), ("seen", HOURS)] {
            for length in lengths[usize::from(!word.is_ascii())] {
                check(format!("{tag} {}", word.replace('N', length)), meant.to_vec());
                check(format!("{tag} {}", negated.replace('N', length)), meant.iter().map(|is_in| !is_in).collect());
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn hours_and_minutes_count_from_now() {
    let world = world();
    for (text, remedy) in [
        ("seen >= 2 hours ago", "seen >= now - 2 hours"),
        ("seen > -2h", "seen > now - 2h"),
        ("seen older than 2 hours", "seen < now - 2 hours"),
        ("seen > 30 minutes ago", "seen > now - 30 minutes"),
        ("seen > now - 15m", "seen > now - 15min"),
        ("seen in last 15m", "seen in last 15min"),
        ("seen >= 15m ago", "seen >= now - 15min"),
        ("seen >= 7 days ago", "seen >= today - 7 days"),
        ("signup > today - 1m", "signup > today - 1mo"),
        ("days more than 7 days", "days > 7"),
        ("days 不超过 7 天", "days <= 7"),
    ] {
        assert_eq!(offered(&world, text).as_deref(), Some(remedy), "{text}");
    }
}

#[test]
fn months_and_years_are_their_days() {
    let world = world();
    for (text, remedy) in [
        ("signup = 2025-06", "signup IN 2025-06-01..2025-06-30"),
        ("signup in 2024-02", "signup IN 2024-02-01..2024-02-29"),
        ("signup = 2025", "signup IN 2025-01-01..2025-12-31"),
        ("signup >= 2025年", "signup >= 2025-01-01"),
        ("signup >= 2025年6月", "signup >= 2025-06-01"),
        ("signup >= 2025-06", "signup >= 2025-06-01"),
        ("signup > 2025", "signup > 2025-12-31"),
        ("signup < 2025-06", "signup < 2025-06-01"),
        ("seen <= 2025-06", "seen <= 2025-06-30"),
        ("signup != 2025", "signup NOT IN 2025-01-01..2025-12-31"),
    ] {
        assert_eq!(offered(&world, text).as_deref(), Some(remedy), "{text}");
    }
}
