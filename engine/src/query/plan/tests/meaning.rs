//! Plan = naive plan: random queries over a random table, read from the syntax tree and from the plan.

use jiff::tz::TimeZone;
use muster_language::parse;

use super::naive::Naive;
use super::world::{Cell, Entity, NOW_MS, World, check_laws, nodes_of};
use crate::catalog::TagKind;
use crate::ids::{TagId, ValueId};

/// splitmix64: the same seed gives the same run.
pub(super) struct Random(pub u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn range(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low + 1) as u64) as i64
    }

    pub(super) fn pick<'t>(&mut self, of: &[&'t str]) -> &'t str {
        of[self.below(of.len() as u64) as usize]
    }
}

const COLOURS: &[&str] = &["red", "green", "blue", "dark red", "r%d"];
const HOBBIES: &[&str] = &["ski", "golf", "tennis", "go"];

fn world(random: &mut Random) -> World {
    let mut world = World::new();
    world.tags(TagKind::Flag, &["f.a", "f.b", "f.b.c", "lone"]);
    world.valued("colour", TagKind::Choice, COLOURS);
    world.valued("hobby", TagKind::Set, HOBBIES);
    world.tags(TagKind::Int, &["n1", "n2"]);
    world.tag("m1", TagKind::Decimal { scale: 2 });
    world.tag("m2", TagKind::Decimal { scale: 1 });
    world.tags(TagKind::Date, &["d1", "d2"]);
    world.tags(TagKind::Time, &["t1", "t2"]);
    let tags: Vec<(TagId, TagKind, String)> =
        world.catalog.tags_of(world.type_id).map(|tag| (tag.id, tag.kind, tag.name.clone())).collect();
    let today = NOW_MS / 86_400_000;
    for key in 0..24 {
        let mut entity = Entity { key: format!("k{key}"), ..Entity::default() };
        for (id, kind, name) in &tags {
            if random.below(4) == 0 {
                continue;
            }
            let cell = match kind {
                TagKind::Flag if random.below(2) == 0 => Cell::Flag,
                TagKind::Flag => continue,
                TagKind::Choice => Cell::Values(vec![ValueId(1 + random.below(COLOURS.len() as u64) as u32)]),
                TagKind::Set => {
                    let bits = 1 + random.below(15) as u32;
                    Cell::Values((1..=4).filter(|v| bits >> (v - 1) & 1 == 1).map(ValueId).collect())
                }
                TagKind::Date => Cell::Number(today + random.range(-70, 2)),
                TagKind::Time => {
                    Cell::Number(NOW_MS - random.range(-20, 100) * 3_600_000 - random.range(0, 3) * 60_000)
                }
                _ if name.starts_with('n') => Cell::Number(random.range(-9, 9)),
                _ => Cell::Number(random.range(-120, 120)),
            };
            entity.cells.insert(*id, cell);
        }
        world.entities.push(entity);
    }
    world
}

fn number(random: &mut Random) -> String {
    let sign = if random.below(2) == 0 { "-" } else { "" };
    match random.below(3) {
        0 => format!("{sign}{}", random.below(10)),
        1 => format!("{sign}{}.{}", random.below(4), random.below(10)),
        _ => format!("{sign}{}.{:03}", random.below(3), random.below(1000)),
    }
}

fn amount(random: &mut Random) -> &'static str {
    random.pick(&["n1", "n2", "m1", "m2"])
}

fn operator(random: &mut Random) -> &'static str {
    random.pick(&["=", "!=", "<", "<=", ">", ">="])
}

fn sum(random: &mut Random) -> String {
    let first = amount(random);
    let mut text = match random.below(4) {
        0 => format!("{first} * {}", 1 + random.below(4)),
        1 => format!("{first} * 0.{}", 1 + random.below(9)),
        2 => format!("{first} / {}", 2 + random.below(7)),
        _ => first.to_owned(),
    };
    for _ in 0..random.below(3) {
        let sign = random.pick(&["+", "-"]);
        let term = match random.below(3) {
            0 => format!("{}.{}", random.below(9), random.below(9)),
            1 => format!("{} * {}", 1 + random.below(5), amount(random)),
            _ => amount(random).to_owned(),
        };
        text = format!("{text} {sign} {term}");
    }
    text
}

fn colour(random: &mut Random) -> String {
    let value = random.pick(COLOURS);
    format!("'{value}'")
}

fn hobbies(random: &mut Random) -> String {
    let count = 1 + random.below(3);
    let values: Vec<String> = (0..count).map(|_| format!("'{}'", random.pick(HOBBIES))).collect();
    format!("({})", values.join(", "))
}

fn day(random: &mut Random) -> String {
    match random.below(5) {
        0 => "today".into(),
        1 => format!("today - {}d", random.below(40)),
        2 => format!("2026-11-{:02}", 1 + random.below(30)),
        3 => format!("yesterday - {}mo + {}d", 1 + random.below(2), random.below(9)),
        _ => format!("'2026-10-{:02}'", 1 + random.below(31)),
    }
}

fn window(random: &mut Random) -> String {
    match random.below(5) {
        0 => format!("LAST {}d", 1 + random.below(30)),
        1 => format!("LAST {}w ENDING yesterday", 1 + random.below(3)),
        2 => format!("PREV {}d", 1 + random.below(20)),
        3 => "LAST 1mo ENDING 2026-10-31".to_owned(),
        _ => format!("SINCE 2026-11-{:02}", 1 + random.below(21)),
    }
}

fn leaf(random: &mut Random) -> String {
    match random.below(30) {
        0 => random.pick(&["f.a", "f.b.c", "lone", "f.*", "f.b.*"]).into(),
        1 => format!(
            "{} {} {}",
            random.pick(&["f.a", "lone"]),
            random.pick(&["=", "!="]),
            random.pick(&["true", "0", "1", "false"])
        ),
        2 => {
            let tag = random.pick(&["lone", "colour", "hobby", "n1", "m1", "d1", "t1"]);
            format!("{tag} IS {}MISSING", random.pick(&["", "NOT "]))
        }
        3 => format!("colour = {}", colour(random)),
        4 => format!("colour != {}", colour(random)),
        5 => format!("colour {}IN ({}, {})", random.pick(&["", "NOT "]), colour(random), colour(random)),
        6 => format!(
            "colour {}LIKE '{}'",
            random.pick(&["", "NOT "]),
            random.pick(&["%red", "r%", "_lue", "%e%", "r\\%d", "x"])
        ),
        7 => format!("hobby HAS {}", random.pick(HOBBIES)),
        8 => format!("hobby HAS {} {}", random.pick(&["ANY", "ALL", "NONE"]), hobbies(random)),
        9 => format!("hobby HAS AT LEAST {} OF ('ski', 'golf', 'tennis')", 1 + random.below(3)),
        10 => format!("hobby HAS LIKE '{}'", random.pick(&["g%", "%i%", "z"])),
        11 => format!("{} {} OF hobby.*", random.pick(&["EXACTLY", "AT LEAST", "AT MOST"]), 1 + random.below(3)),
        12 => format!("AT LEAST {} OF f.*", 1 + random.below(3)),
        place => number_leaf(random, place),
    }
}

/// The leaves from 13 on ask numbers and days.
fn number_leaf(random: &mut Random, place: u64) -> String {
    match place {
        13 | 14 => format!("{} {} {}", amount(random), operator(random), number(random)),
        15 => format!("{} {} {}", number(random), operator(random), amount(random)),
        16 => format!(
            "{} {}IN ({}, {}, {})",
            amount(random),
            random.pick(&["", "NOT "]),
            number(random),
            number(random),
            number(random)
        ),
        17 => format!(
            "{} {}BETWEEN {} AND {}",
            amount(random),
            random.pick(&["", "NOT "]),
            number(random),
            number(random)
        ),
        18 => {
            let (low, high) = (number(random), number(random));
            match random.below(3) {
                0 => format!("{} IN [{low}, {high})", amount(random)),
                1 => format!("{} NOT IN ({low}, {high}]", amount(random)),
                _ => format!("{} IN {low}..{high}", amount(random)),
            }
        }
        19 => format!(
            "{} {}BETWEEN {} AND {}",
            amount(random),
            random.pick(&["", "NOT "]),
            amount(random),
            number(random)
        ),
        20 | 21 => format!("{} {} {}", sum(random), operator(random), sum(random)),
        22 => format!("d1 {} {}", operator(random), day(random)),
        23 => format!("d1 {}IN {}", random.pick(&["", "NOT "]), window(random)),
        24 => format!("d1 - d2 {} {}d", operator(random), random.below(40)),
        25 => format!("d1 {} d2", operator(random)),
        26 => format!("t1 {} {}", operator(random), day(random)),
        27 => format!("t1 {} now - {}h", operator(random), random.below(90)),
        28 => match random.below(3) {
            0 => format!("t1 {}IN LAST {}h", random.pick(&["", "NOT "]), 1 + random.below(90)),
            1 => format!("t1 - t2 {} {}h", operator(random), random.below(40)),
            _ => format!("t1 {}IN {}", random.pick(&["", "NOT "]), window(random)),
        },
        _ => match random.below(4) {
            0 => format!("split(s{}, [10%, 60%))", random.below(3)),
            1 => format!("ids(k{}, k{})", random.below(24), random.below(24)),
            2 => "ALL".into(),
            _ => "NONE".into(),
        },
    }
}

fn query(random: &mut Random, depth: u32) -> String {
    if depth == 0 || random.below(3) == 0 {
        return leaf(random);
    }
    let count = 2 + random.below(3);
    let parts: Vec<String> = (0..count).map(|_| format!("({})", query(random, depth - 1))).collect();
    match random.below(8) {
        0..=1 => parts.join(" AND "),
        2..=3 => parts.join(" OR "),
        4 => parts.join(" EXCEPT "),
        5..=6 => format!("NOT {}", parts[0]),
        _ => {
            let mode = random.pick(&["AT LEAST", "AT MOST", "EXACTLY"]);
            format!("{mode} {} OF ({})", 1 + random.below(count), parts.join(", "))
        }
    }
}

#[test]
fn plan_means_what_the_tree_says() {
    for seed in 0..60u64 {
        let mut random = Random(seed);
        let mut world = world(&mut random);
        let zone = ["UTC", "Asia/Shanghai", "America/New_York"][(seed % 3) as usize];
        world.request.zone = Some(zone.to_owned());
        let naive = Naive { world: &world, zone: TimeZone::get(zone).unwrap() };
        for case in 0..120 {
            let text = query(&mut random, 3);
            let parsed =
                parse(&text).unwrap_or_else(|error| panic!("seed {seed} case {case}: {}", error.render(&text)));
            let planned = world.plan(&text).unwrap_or_else(|error| panic!("seed {seed} case {case}: {text}\n{error}"));
            check_laws(&planned.plan);
            for entity in 0..world.entities.len() {
                let expected = naive.holds(&parsed.expr, entity);
                let found = world.holds(&planned.plan, planned.plan.root, entity);
                assert_eq!(
                    found, expected,
                    "seed {seed} case {case}, entity {:?}\n{text}\n{:#?}",
                    world.entities[entity], planned.plan
                );
            }
            let mut nodes = Vec::new();
            nodes_of(&planned.conditions, &mut nodes);
            assert!(nodes.iter().all(|node| node.index() < planned.plan.nodes.len()));
            let again = world.plan(&planned.canonical()).unwrap_or_else(|error| {
                panic!("seed {seed} case {case}: the canonical text {} of {text}: {error}", planned.canonical())
            });
            assert_eq!(again.fingerprint, planned.fingerprint, "seed {seed} case {case}: {text}");
        }
    }
}
