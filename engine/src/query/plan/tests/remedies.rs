//! Law: what an error offers can be planned, names the tag that was asked, and asks it in the same way.

use muster_language::ast::{CompareOp, Expr, ExprKind, HasTest, InSource};
use muster_language::parse;

use super::meaning::Random;
use super::queries::examples;
use super::world::World;

/// What people type, and the remedy.
pub(super) const PHRASES: &[(&str, &str)] = &[
    ("age >= 18 and <= 30", "age >= 18 and age <= 30"),
    ("country = DEU or PRT", "country = DEU or country = PRT"),
    ("城市 = 北京 或 上海", "城市 = 北京 或 城市 = 上海"),
    ("城市 = 北京 或 上海 或 广州", "城市 = 北京 或 城市 = 上海 或 城市 = 广州"),
    ("age = 20 or 30", "age = 20 or age = 30"),
    ("interests HAS ski or golf", "interests HAS ski or interests HAS golf"),
    ("age = null", "age IS MISSING"),
    ("country != null", "country IS NOT MISSING"),
    ("country = null and age > 3", "country IS MISSING and age > 3"),
    ("年龄 >= 30岁", "年龄 >= 30"),
    ("年龄 >= 30 岁", "年龄 >= 30"),
    ("amount >= 1万元", "amount >= 1万"),
    ("amount >= 40%", "amount >= 0.4"),
    ("注册日期 > 2026/1/5", "注册日期 > 2026-01-05"),
    ("注册日期 > '2026/1/5'", "注册日期 > 2026-01-05"),
    ("年龄 在 20 到 30 之间", "年龄 介于 20 到 30"),
    ("注册日期 早于 2024-01-01", "注册日期 < 2024-01-01"),
    ("注册日期 不晚于 2024-01-01", "注册日期 <= 2024-01-01"),
    ("注册日期 超过 30 天", "注册日期 < today - 30 天"),
    ("age 超过 30", "age > 30"),
    ("年龄 大于 30", "年龄 > 30"),
    ("年龄 大于 30岁 并且 城市 是 北京", "年龄 > 30 且 城市 = 北京"),
    ("城市 不是 北京", "城市 != 北京"),
    ("年龄大于30", "年龄 > 30"),
    ("年龄大于等于30岁", "年龄 >= 30"),
    ("年龄在20到30之间", "年龄 介于 20 到 30"),
    ("年龄大于30且城市是北京", "年龄 > 30 且 城市 = 北京"),
    ("注册日期早于2024-01-01", "注册日期 < 2024-01-01"),
    ("城市不是北京", "城市 != 北京"),
    ("城市为北京或者上海", "城市 = 北京 或 城市 = 上海"),
    ("不是 兴趣.瑜伽", "NOT 兴趣.瑜伽"),
    ("age = 30.", "age = 30"),
    ("年龄 > 30。", "年龄 > 30"),
    ("`VIP 等级` = 黑卡", "`VIP 等级` = '黑 卡'"),
    ("注册日期 = 2024/05/01", "注册日期 = 2024-05-01"),
    ("注册日期 >= today - 1m", "注册日期 >= today - 1mo"),
    ("age MISSING", "age IS MISSING"),
    ("interests HAS ANY ski", "interests HAS ANY (ski)"),
    ("注册日期 >= SINCE 2024-01-01", "注册日期 >= 2024-01-01"),
    ("age IN 25-35", "age IN 25..35"),
    ("country CONTAINS 'EU'", "country LIKE '%EU%'"),
    ("会员等级 包含 金", "会员等级 LIKE '%金%'"),
    ("会员等级 包含 金卡", "会员等级 = '金卡'"),
    ("age = 3e1", "age = 30"),
    ("amount >= 10k", "amount >= 10000"),
    ("seen >= 2024-05-01T18:30:00+0800", "seen >= '2024-05-01T18:30:00+0800'"),
    ("注册日期 >= 'yesterday'", "注册日期 >= yesterday"),
    ("注册日期 >= -7d", "注册日期 >= today - 7d"),
    ("注册日期 >= 7天前", "注册日期 >= today - 7d"),
    ("seen = 1714588200", "seen = 2024-05-01T18:30:00"),
    ("注册日期 IN LAST WEEK", "注册日期 IN LAST 1 WEEK"),
    ("`VIP 等级` 包含 黑卡", "`VIP 等级` = '黑 卡'"),
    ("country = deu", "country = 'DEU'"),
    ("会员等级 不包含 金", "会员等级 NOT LIKE '%金%'"),
    ("会员等级 HAS NONE (金)", "会员等级 NOT LIKE '%金%'"),
    ("会员等极 contains 金", "会员等级 LIKE '%金%'"),
    ("兴趣.体育.足", "兴趣.体育.足球"),
    ("interests.ski", "interests HAS 'ski'"),
    ("age is greater than 30", "age > 30"),
    ("kind = none", "kind = 'None'"),
    ("kind is None", "kind = 'None'"),
    ("interests HAS NONE golf, ski", "interests HAS NONE (golf, ski)"),
    ("interests HAS ALL golf, ski AND age > 3", "interests HAS ALL (golf, ski) AND age > 3"),
    ("age：<30", "age<30"),
    ("age is > 30", "age > 30"),
    ("not age > 30 and < 50", "not (age > 30 and age < 50)"),
    ("NOT country = DEU or PRT", "NOT (country = DEU or country = PRT)"),
    ("最近交易日 超过30天", "最近交易日 < today - 30天"),
    ("最近交易日 近30天", "最近交易日 IN LAST 30天"),
    ("最近交易日 在30天内", "最近交易日 IN LAST 30天"),
];

/// What the text is refused with offers.
fn offered(world: &World, text: &str) -> Option<String> {
    let error = world.plan(text).err().unwrap_or_else(|| panic!("{text} is accepted"));
    error.query_fault().unwrap_or_else(|| panic!("{text}: {error}")).error.suggestion.clone()
}

/// What may mean several things, or nothing that is here: nothing is offered.
const UNSURE: &[&str] = &[
    "country = AT or None",
    "country not in DEU, None",
    "兴趣.瑜伽和兴趣.体育.足球",
    "interests has any",
    "country = is",
    "split('x', [0.0, 0.5))",
    "sample(0.1)",
    "sample(1000)",
    "country rlike 'D'",
    "country in DEU..PRT",
    "AT MOST 1 OF (兴趣.瑜伽)",
    "country IN ()",
    // The opposite, another end, or another sort of question.
    "country is !DEU",
    "country:!DEU",
    "age = >30",
    "age = <30",
    "城市 = '北京%'",
    "interests HAS 'ski%'",
    // Nobody is both.
    "30 < age < 18",
    "age > 30, age < 18",
    "country = DEU country = PRT",
    "country = DEU, country = PRT",
    "兴趣.瑜伽, not 兴趣.瑜伽",
    // Of whom else it is asked.
    "SELECT * FROM devices WHERE age > 5",
    "SELECT * FROM users JOIN devices ON 1=1 WHERE age > 5",
    "SELECT * FROM users u WHERE age > 5",
    "SELECT DISTINCT country FROM users",
    "from nosuch where age > 5",
];

#[test]
fn nothing_is_offered_where_the_meaning_is_not_certain() {
    let world = examples();
    let offers = UNSURE.iter().filter_map(|text| Some(format!("{text} => {}", offered(&world, text)?)));
    let offers: Vec<String> = offers.collect();
    assert!(offers.is_empty(), "{}", offers.join("\n"));
}

#[test]
fn phrases_that_people_type_have_their_remedy() {
    let world = examples();
    let mut others = Vec::new();
    for (text, meant) in PHRASES {
        let offered = offered(&world, text);
        if offered.as_deref() != Some(*meant) {
            others.push(format!("{text} => {offered:?}, not {meant}"));
        }
    }
    assert!(others.is_empty(), "{}", others.join("\n"));
}

#[test]
fn a_value_that_no_terminal_copies_is_not_offered() {
    let mut world = World::new();
    world.valued("plain", crate::catalog::TagKind::Choice, &["\u{1b}[31mred", "\u{202e}green", "blue"]);
    assert_eq!(offered(&world, "plain = '\u{1b}[31mrex'"), None);
    assert_eq!(offered(&world, "plain = '\u{202e}greem'"), None);
    assert_eq!(offered(&world, "plain = 'bluw'").as_deref(), Some("plain = 'blue'"));
}

/// How a tag is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Class {
    /// `=`, IN, HAS, LIKE; negated or not.
    Same(bool),
    /// `<`, BETWEEN, a window.
    Order,
    Presence,
    Flag,
}

fn class(expr: &Expr) -> Class {
    match &expr.kind {
        ExprKind::Compare { op: CompareOp::Equal, .. } => Class::Same(false),
        ExprKind::Compare { op: CompareOp::NotEqual, .. } => Class::Same(true),
        ExprKind::Compare { .. } | ExprKind::Between { .. } => Class::Order,
        ExprKind::In { source: InSource::Values(_), negated, .. } => Class::Same(*negated),
        ExprKind::In { .. } => Class::Order,
        ExprKind::Like { negated, .. } => Class::Same(*negated),
        ExprKind::Has { test: HasTest::None(_), .. } => Class::Same(true),
        ExprKind::Has { .. } => Class::Same(false),
        ExprKind::Missing { .. } => Class::Presence,
        ExprKind::Not(inner) => match class(inner) {
            Class::Same(negated) => Class::Same(!negated),
            other => other,
        },
        ExprKind::And(terms) | ExprKind::Or(terms) | ExprKind::Except(terms) => class(&terms[0]),
        _ => Class::Flag,
    }
}

/// Right conditions: the tag, what is asked of it, and a value.
const RIGHT: &[(&str, &str, &str)] = &[
    ("age", "=", "30"),
    ("age", ">=", "30"),
    ("age", "!=", "-3"),
    ("amount", "<", "12.5"),
    ("country", "=", "DEU"),
    ("country", "!=", "'PRT'"),
    ("country", "IN", "(DEU, PRT)"),
    ("城市", "=", "北京"),
    ("城市", "属于", "(北京、上海)"),
    ("interests", "HAS", "ski"),
    ("interests", "HAS ANY", "(ski, golf)"),
    ("注册日期", ">", "2024-05-01"),
    ("注册日期", "=", "today"),
    ("seen", "<=", "2024-05-01T18:30"),
    ("注册日期", ">=", "today - 7d"),
];

/// A wrong form of a right value, or of what stands around it.
fn wronged(random: &mut Random, value: &str) -> String {
    let unit =
        random.pick(&["岁", "k", "%", "元", "万元", "d", "m", "xyz", " 以上", "。", ".", ";", " 天", "Z", "+0800"]);
    let around =
        random.pick(&["(V)", "'V'", "`V`", "V V", "V,", "V)", "V/1/5", "V-V", "$V", "V..", "-V", "V or V", "V and"]);
    let mut chars: Vec<char> = value.chars().collect();
    let place = random.below(chars.len() as u64) as usize;
    match random.below(5) {
        0 => format!("{value}{unit}"),
        1 => around.replace('V', value),
        2 => {
            chars.remove(place);
            chars.into_iter().collect()
        }
        3 => {
            let c = chars[place];
            chars.insert(place, c);
            chars.into_iter().collect()
        }
        _ => format!("{value} {}", random.pick(&["AND", "adn age > 3", "OR 3", "age", "之间", "null", "以前", "前"])),
    }
}

#[test]
fn remedies_work_and_ask_the_same_tag_in_the_same_way() {
    let seed = 20_261_130;
    println!("seed {seed}");
    let mut random = Random(seed);
    let world = examples();
    let (mut refused, mut with_remedy) = (0, 0);
    let mut others = std::collections::BTreeSet::new();
    for _ in 0..3_000 {
        let (tag, asks, value) = RIGHT[random.below(RIGHT.len() as u64) as usize];
        let class_asked = class(&parse(&format!("{tag} {asks} {value}")).expect("a right condition").expr);
        let text = format!("{tag} {asks} {}", wronged(&mut random, value));
        let Err(error) = world.plan(&text) else { continue };
        let fault = error.query_fault().unwrap_or_else(|| panic!("{text}: {error}"));
        refused += 1;
        assert!(fault.error.others.is_empty(), "{text}: only what works is told");
        let Some(remedy) = &fault.error.suggestion else { continue };
        with_remedy += 1;
        world.plan(remedy).unwrap_or_else(|error| panic!("{text} offers {remedy}: {error}"));
        let expr = parse(remedy).expect("it was planned").expr;
        let tags: Vec<String> = expr.tag_paths().iter().map(|path| path.dotted().into_owned()).collect();
        let is_missing = text.contains("null") && class(&expr) == Class::Presence;
        let is_interval = class(&expr) == Class::Order && remedy.contains("..");
        let same = class(&expr) == class_asked || is_missing || is_interval;
        if !same || !tags.iter().any(|named| named == tag) {
            others.insert(format!("{text} => {remedy}"));
        }
    }
    let told: Vec<String> = others.iter().take(40).cloned().collect();
    assert!(others.is_empty(), "{} ask another tag or in another way:\n{}", others.len(), told.join("\n"));
    println!("{with_remedy} of {refused} refusals have a remedy");
    assert!(with_remedy > 300 && refused > with_remedy, "{with_remedy} of {refused}");
}

#[test]
fn the_cost_of_a_remedy_is_bounded() {
    let world = examples();
    for text in [
        "age = a or b or ".repeat(2_000),
        format!("{} contry = 'DEU'", "age > 30 AND ".repeat(2_000)),
        "age MISSING AND ".repeat(40) + "x",
        "是 ".repeat(500),
        "30岁 ".repeat(500),
    ] {
        assert!(world.plan(&text).is_err());
    }
}
