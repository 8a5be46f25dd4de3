//! Numbers to the full range of the tags: literals and parameters against an oracle in 128 bits.

use super::meaning::Random;
use super::world::{Cell, Entity, World};
use crate::catalog::TagKind;

const MAX: i128 = i64::MAX as i128;
const SCALES: [u8; 5] = [0, 1, 2, 9, 18];

fn name(scale: u8) -> String {
    format!("n{scale}")
}

/// A world with a tag for each scale, and an entity for each number that all of them hold.
fn world(numbers: &[i128]) -> World {
    let mut world = World::new();
    for scale in SCALES {
        let kind = if scale == 0 { TagKind::Int } else { TagKind::Decimal { scale } };
        world.tag(&name(scale), kind);
    }
    for (key, &number) in numbers.iter().enumerate() {
        let mut entity = Entity { key: format!("k{key}"), ..Entity::default() };
        for scale in SCALES {
            entity.cells.insert(world.id(&name(scale)), Cell::Number(i64::try_from(number).unwrap()));
        }
        world.entities.push(entity);
    }
    world
}

/// `unscaled / 10^scale` as it is written.
fn written(unscaled: i128, scale: u8) -> String {
    let digits = format!("{:0>width$}", unscaled.unsigned_abs(), width = usize::from(scale) + 1);
    let (whole, part) = digits.split_at(digits.len() - usize::from(scale));
    let sign = if unscaled < 0 { "-" } else { "" };
    if part.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{part}") }
}

fn holds(left: i128, op: &str, right: i128) -> bool {
    match op {
        "=" => left == right,
        "!=" => left != right,
        "<" => left < right,
        "<=" => left <= right,
        ">" => left > right,
        _ => left >= right,
    }
}

fn selected(world: &World, text: &str) -> Vec<bool> {
    let planned = world.plan(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    (0..world.entities.len()).map(|entity| world.holds(&planned.plan, planned.plan.root, entity)).collect()
}

/// A number near an end of the range, of zero or of a power of two, in units of the tag; perhaps beyond the range.
fn near_an_edge(random: &mut Random) -> i128 {
    let edge = match random.below(5) {
        0 => MAX,
        1 => 0,
        2 => 1i128 << random.below(66),
        3 => 10i128.pow(random.below(20) as u32),
        _ => i128::from(random.next()),
    };
    let near = edge + i128::from(random.below(5)) - 2;
    if random.below(2) == 0 { near } else { -near }
}

#[test]
fn every_number_that_a_tag_can_hold_can_be_asked() {
    let seed = 20_261_130;
    println!("seed {seed}");
    let mut random = Random(seed);
    let mut numbers = vec![MAX, MAX - 1, 0, 1, -1, 1 - MAX, -MAX, 1_577_134_800_018_226_901];
    numbers.extend((0..24).map(|_| near_an_edge(&mut random).clamp(-MAX, MAX)));
    let mut world = world(&numbers);
    let ops = ["=", "!=", "<", "<=", ">", ">="];
    for round in 0..600 {
        let scale = SCALES[round % SCALES.len()];
        let tag = name(scale);
        let (low, high) = (near_an_edge(&mut random), near_an_edge(&mut random));
        let [a, b] = [low, high].map(|number| written(number, scale));
        let op = random.pick(&ops);
        let compared: Vec<bool> = numbers.iter().map(|number| holds(*number, op, low)).collect();
        world.scalar("x", &a);
        assert_eq!(selected(&world, &format!("{tag} {op} {a}")), compared, "{tag} {op} {a}");
        assert_eq!(selected(&world, &format!("{tag} {op} $x")), compared, "{tag} {op} ${a}");
        assert_eq!(selected(&world, &format!("{tag} {op} '{a}'")), compared, "{tag} {op} '{a}'");
        let doubled: Vec<bool> = numbers.iter().map(|number| holds(2 * number, op, low)).collect();
        assert_eq!(selected(&world, &format!("{tag} * 2 {op} {a}")), doubled, "{tag} * 2 {op} {a}");
        let moved: Vec<bool> = numbers.iter().map(|number| holds(number - high, op, low)).collect();
        assert_eq!(selected(&world, &format!("{tag} - {b} {op} {a}")), moved, "{tag} - {b} {op} {a}");
        let within: Vec<bool> = numbers.iter().map(|number| (low..=high).contains(number)).collect();
        assert_eq!(selected(&world, &format!("{tag} BETWEEN {a} AND {b}")), within, "{tag} BETWEEN {a} AND {b}");
        assert_eq!(selected(&world, &format!("{tag} IN [{a}, {b}]")), within, "{tag} IN [{a}, {b}]");
        let listed: Vec<bool> = numbers.iter().map(|number| *number == low || *number == high).collect();
        world.list("l", &[&a, &b]);
        assert_eq!(selected(&world, &format!("{tag} IN ({a}, {b})")), listed, "{tag} IN ({a}, {b})");
        assert_eq!(selected(&world, &format!("{tag} IN $l")), listed, "{tag} IN $l = {a}, {b}");
    }
}

#[test]
fn what_no_tag_can_hold_is_decided() {
    let numbers = [MAX, 0, -MAX];
    let mut world = world(&numbers);
    let nines = "9".repeat(38);
    for scale in SCALES {
        let tag = name(scale);
        for (beyond, is_above) in [(nines.clone(), true), (format!("-{nines}"), false)] {
            world.scalar("x", &beyond);
            for operand in [beyond.as_str(), "$x"] {
                let all = |truth: bool| vec![truth; numbers.len()];
                assert_eq!(selected(&world, &format!("{tag} < {operand}")), all(is_above), "{tag} < {beyond}");
                assert_eq!(selected(&world, &format!("{tag} >= {operand}")), all(!is_above), "{tag} >= {beyond}");
                assert_eq!(selected(&world, &format!("{tag} = {operand}")), all(false), "{tag} = {beyond}");
                assert_eq!(selected(&world, &format!("{tag} != {operand}")), all(true), "{tag} != {beyond}");
                assert_eq!(selected(&world, &format!("-{tag} < {operand}")), all(is_above), "-{tag} < {beyond}");
            }
        }
    }
    world.scalar("long", &"9".repeat(39));
    for text in [format!("n0 = {}", "9".repeat(39)), "n0 = $long".to_owned(), "n0 IN $long".to_owned()] {
        let error = world.plan(&text).unwrap_err();
        let fault = error.query_fault().expect("a fault of the query");
        assert!(fault.error.detail.contains("at most 38 digits"), "{text}: {error}");
    }
}
