//! Random expressions: as text of the query language, and by their meaning.

use std::collections::BTreeSet;

use muster_engine::storage::Random;

use crate::population::{CITIES, Entity, FLAGS, LIKES, NOW_UNIX_MS, TODAY};

const DAY_MS: i64 = 86_400_000;

/// An expression of the language. Numbers are as stored: cents, days, milliseconds.
#[derive(Clone, Debug)]
pub(crate) enum Expression {
    All,
    None,
    Flag {
        name: &'static str,
        form: u64,
    },
    Missing {
        tag: &'static str,
        negated: bool,
    },
    City {
        negated: bool,
        values: Vec<&'static str>,
        as_list: bool,
    },
    CityLike {
        negated: bool,
        prefix: &'static str,
    },
    Likes {
        how: How,
        values: Vec<&'static str>,
    },
    Number {
        tag: &'static str,
        op: &'static str,
        value: i64,
    },
    Between {
        tag: &'static str,
        negated: bool,
        low: i64,
        high: i64,
    },
    Interval {
        low: i64,
        high: i64,
        low_closed: bool,
        high_closed: bool,
    },
    Numbers {
        negated: bool,
        values: Vec<i64>,
    },
    /// `a * score op b * age + c`.
    Linear {
        a: i64,
        b: i64,
        c: i64,
        op: &'static str,
    },
    JoinedLast {
        days: i64,
    },
    SeenOn {
        op: &'static str,
        day: i64,
    },
    Keys(Vec<String>),
    Not(Box<Expression>),
    And(Vec<Expression>),
    Or(Vec<Expression>),
    Except(Box<Expression>, Box<Expression>),
    Threshold {
        how: &'static str,
        n: usize,
        of: Vec<Expression>,
    },
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum How {
    One,
    Any,
    All,
    None,
    AtLeast(usize),
}

const OPS: [&str; 6] = ["=", "!=", "<", "<=", ">", ">="];

fn op_holds(op: &str, left: i128, right: i128) -> bool {
    match op {
        "=" => left == right,
        "!=" => left != right,
        "<" => left < right,
        "<=" => left <= right,
        ">" => left > right,
        _ => left >= right,
    }
}

pub(crate) fn random_expression(random: &mut Random, depth: u32) -> Expression {
    if depth == 0 || random.one_in(3) {
        return leaf(random);
    }
    let several = |random: &mut Random| -> Vec<Expression> {
        (0..2 + random.below(3)).map(|_| random_expression(random, depth - 1)).collect()
    };
    match random.below(6) {
        0 => Expression::Not(Box::new(random_expression(random, depth - 1))),
        1 | 2 => Expression::And(several(random)),
        3 => Expression::Or(several(random)),
        4 => {
            let (left, right) = (random_expression(random, depth - 1), random_expression(random, depth - 1));
            Expression::Except(Box::new(left), Box::new(right))
        }
        _ => {
            let of = several(random);
            let how = ["AT LEAST", "AT MOST", "EXACTLY"][random.below(3) as usize];
            let n = random.below(of.len() as u64) as usize + usize::from(how == "AT LEAST");
            Expression::Threshold { how, n, of }
        }
    }
}

fn some(random: &mut Random, words: &[&'static str]) -> Vec<&'static str> {
    (0..1 + random.below(3)).map(|_| words[random.below(words.len() as u64) as usize]).collect()
}

fn leaf(random: &mut Random) -> Expression {
    let op = OPS[random.below(6) as usize];
    let negated = random.one_in(2);
    match random.below(19) {
        0 if random.one_in(3) => Expression::None,
        0 => Expression::All,
        1 | 2 => Expression::Flag { name: FLAGS[random.below(2) as usize], form: random.below(6) },
        3 => {
            let tags = ["city", "likes", "age", "spend", "joined", "seen", "score"];
            Expression::Missing { tag: tags[random.below(7) as usize], negated }
        }
        4 | 5 => {
            let values = some(random, &CITIES);
            Expression::City { negated, as_list: values.len() > 1 || random.one_in(2), values }
        }
        6 => Expression::CityLike { negated, prefix: ["", "北", "New", "a'"][random.below(4) as usize] },
        7 | 8 => {
            let values = some(random, &LIKES);
            let distinct = values.iter().collect::<BTreeSet<_>>().len();
            let how = match random.below(5) {
                0 if values.len() == 1 => How::One,
                1 => How::All,
                2 => How::None,
                3 => How::AtLeast(1 + random.below(distinct as u64) as usize),
                _ => How::Any,
            };
            let mut values = values;
            if let How::AtLeast(_) = how {
                values.sort_unstable();
                values.dedup();
            }
            Expression::Likes { how, values }
        }
        9 | 10 => {
            let (tag, span, shift) =
                [("age", 100, 5), ("score", 2_400, 1_200), ("spend", 250_000, 10_000)][random.below(3) as usize];
            Expression::Number { tag, op, value: random.below(span) as i64 - shift }
        }
        11 | 12 => {
            let (tag, span, shift) =
                [("age", 100, 5), ("score", 2_400, 1_200), ("spend", 250_000, 10_000)][random.below(3) as usize];
            let (low, high) = (random.below(span) as i64 - shift, random.below(span) as i64 - shift);
            Expression::Between { tag, negated, low: low.min(high), high: low.max(high) }
        }
        13 => {
            let (low, high) = (random.below(100) as i64, random.below(100) as i64);
            // `(low, high)` would be two values; one end at least is closed.
            let low_closed = random.one_in(2);
            let high_closed = !low_closed || random.one_in(2);
            Expression::Interval { low: low.min(high), high: low.max(high), low_closed, high_closed }
        }
        14 => {
            Expression::Numbers { negated, values: (0..1 + random.below(4)).map(|_| random.below(90) as i64).collect() }
        }
        15 => {
            let factor = |random: &mut Random| random.below(41) as i64 - 20;
            let (a, b) = (factor(random), factor(random));
            Expression::Linear {
                a: if a == 0 { 1 } else { a },
                b: if b == 0 { 3 } else { b },
                c: random.below(200) as i64,
                op,
            }
        }
        16 => Expression::JoinedLast { days: 1 + random.below(400) as i64 },
        17 => Expression::SeenOn { op, day: TODAY - random.below(45) as i64 },
        _ => Expression::Keys((0..1 + random.below(4)).map(|_| format!("用户{}", random.below(130))).collect()),
    }
}

fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

fn list(values: &[&str]) -> String {
    values.iter().map(|value| quoted(value)).collect::<Vec<_>>().join(", ")
}

/// A stored number as the language writes it.
fn literal(tag: &str, value: i64) -> String {
    match tag {
        "spend" => {
            let sign = if value < 0 { "-" } else { "" };
            format!("{sign}{}.{:02}", value.abs() / 100, value.abs() % 100)
        }
        _ => value.to_string(),
    }
}

/// A day as the language writes it, by the calendar of Howard Hinnant's `civil_from_days`.
fn date(day: i64) -> String {
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{:02}", of_year - (153 * shifted_month + 2) / 5 + 1)
}

fn join(of: &[Expression], between: &str) -> String {
    of.iter().map(|one| format!("({})", one.text())).collect::<Vec<_>>().join(between)
}

impl Expression {
    pub(crate) fn text(&self) -> String {
        let not = |negated: &bool| if *negated { "NOT " } else { "" };
        match self {
            Expression::All => "ALL".into(),
            Expression::None => "NONE".into(),
            Expression::Flag { name, form } => match form {
                0 => format!("{name} = true"),
                1 => format!("{name} = 1"),
                2 => format!("{name} = false"),
                3 => format!("{name} IS MISSING"),
                _ => (*name).to_string(),
            },
            Expression::Missing { tag, negated: true } => format!("{tag} 有值"),
            Expression::Missing { tag, negated: false } => format!("{tag} IS MISSING"),
            Expression::City { negated, values, as_list: true } => {
                format!("city {}IN ({})", not(negated), list(values))
            }
            Expression::City { negated: true, values, .. } => format!("city != {}", list(values)),
            Expression::City { values, .. } => format!("city = {}", list(values)),
            Expression::CityLike { negated, prefix } => {
                format!("city {}LIKE {}", not(negated), quoted(&format!("{prefix}%")))
            }
            Expression::Likes { how, values } => match how {
                How::One => format!("likes HAS {}", list(values)),
                How::Any => format!("likes HAS ANY ({})", list(values)),
                How::All => format!("likes 包含全部 （{}）", list(values)),
                How::None => format!("likes HAS NONE ({})", list(values)),
                How::AtLeast(n) => format!("likes HAS AT LEAST {n} OF ({})", list(values)),
            },
            Expression::Number { tag, op, value } => format!("{tag} {op} {}", literal(tag, *value)),
            Expression::Between { tag, negated, low, high } => {
                format!("{tag} {}BETWEEN {} AND {}", not(negated), literal(tag, *low), literal(tag, *high))
            }
            Expression::Interval { low, high, low_closed, high_closed } => {
                let (open, close) = (if *low_closed { '[' } else { '(' }, if *high_closed { ']' } else { ')' });
                format!("age IN {open}{low}, {high}{close}")
            }
            Expression::Numbers { negated, values } => {
                let values: Vec<String> = values.iter().map(i64::to_string).collect();
                format!("age {}IN ({})", not(negated), values.join(", "))
            }
            Expression::Linear { a, b, c, op } => format!("score * {a} {op} age * {b} + {c}"),
            Expression::JoinedLast { days } => format!("joined IN LAST {days}d"),
            Expression::SeenOn { op, day } => format!("seen {op} {}", date(*day)),
            Expression::Keys(keys) => {
                let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
                format!("ids({})", list(&keys))
            }
            Expression::Not(inner) => format!("非 ({})", inner.text()),
            Expression::And(of) => join(of, " AND "),
            Expression::Or(of) => join(of, " 或 "),
            Expression::Except(left, right) => format!("({}) EXCEPT ({})", left.text(), right.text()),
            Expression::Threshold { how, n, of } => format!("{how} {n} OF ({})", join(of, ", ")),
        }
    }

    pub(crate) fn holds(&self, key: &str, entity: &Entity) -> bool {
        let number = |tag: &str, test: &dyn Fn(i64) -> bool| entity.number(tag).is_some_and(test);
        match self {
            Expression::All => true,
            Expression::None => false,
            Expression::Flag { name, form } => entity.flags.contains(*name) != matches!(form, 2 | 3),
            Expression::Missing { tag, negated } => {
                let is_present = match *tag {
                    "city" | "likes" => !entity.values(tag).is_empty(),
                    tag => entity.number(tag).is_some(),
                };
                is_present == *negated
            }
            Expression::City { negated, values, .. } => {
                entity.city.as_deref().is_some_and(|city| values.contains(&city) != *negated)
            }
            Expression::CityLike { negated, prefix } => {
                entity.city.as_deref().is_some_and(|city| city.starts_with(prefix) != *negated)
            }
            Expression::Likes { how, values } => {
                let has = |value: &&str| entity.likes.contains(*value);
                match how {
                    How::One | How::Any => values.iter().any(has),
                    How::All => values.iter().all(has),
                    How::None => !entity.likes.is_empty() && !values.iter().any(has),
                    How::AtLeast(n) => values.iter().filter(|value| has(value)).count() >= *n,
                }
            }
            Expression::Number { tag, op, value } => {
                number(tag, &|found| op_holds(op, i128::from(found), i128::from(*value)))
            }
            Expression::Between { tag, negated, low, high } => {
                number(tag, &|found| (*low..=*high).contains(&found) != *negated)
            }
            Expression::Interval { low, high, low_closed, high_closed } => number("age", &|found| {
                (found > *low || *low_closed && found == *low) && (found < *high || *high_closed && found == *high)
            }),
            Expression::Numbers { negated, values } => number("age", &|found| values.contains(&found) != *negated),
            Expression::Linear { a, b, c, op } => match (entity.number("score"), entity.number("age")) {
                (Some(score), Some(age)) => op_holds(op, i128::from(score * a), i128::from(age * b + c)),
                _ => false,
            },
            Expression::JoinedLast { days } => number("joined", &|day| day <= TODAY && day > TODAY - days),
            Expression::SeenOn { op, day } => number("seen", &|instant| {
                debug_assert!(instant <= NOW_UNIX_MS);
                op_holds(op, i128::from(instant.div_euclid(DAY_MS)), i128::from(*day))
            }),
            Expression::Keys(keys) => keys.iter().any(|one| one == key),
            Expression::Not(inner) => !inner.holds(key, entity),
            Expression::And(of) => of.iter().all(|one| one.holds(key, entity)),
            Expression::Or(of) => of.iter().any(|one| one.holds(key, entity)),
            Expression::Except(left, right) => left.holds(key, entity) && !right.holds(key, entity),
            Expression::Threshold { how, n, of } => {
                let count = of.iter().filter(|one| one.holds(key, entity)).count();
                match *how {
                    "AT LEAST" => count >= *n,
                    "AT MOST" => count <= *n,
                    _ => count == *n,
                }
            }
        }
    }
}
