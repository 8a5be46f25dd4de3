//! The table of phrases: what people type, and what is offered where no catalog is known.

use muster_language::{parse, readings};

const TABLE: &[(&str, &str)] = &[
    ("age >= 18 and <= 30", "age >= 18 and age <= 30"),
    ("年龄 >= 18 且 <= 30", "年龄 >= 18 且 年龄 <= 30"),
    ("age = 20 or 30 or 40", "age = 20 or age = 30 or age = 40"),
    ("age MISSING", "age IS MISSING"),
    ("age NOT MISSING", "age IS NOT MISSING"),
    ("a.b is null", "a.b is MISSING"),
    ("姓名 为空", "姓名 缺失"),
    ("d >= SINCE 2024-01-01", "d >= 2024-01-01"),
    ("d = LAST 7d", "d IN LAST 7d"),
    ("d >= LAST 7 days", "d IN LAST 7 days"),
    ("d IN LAST WEEK", "d IN LAST 1 WEEK"),
    ("d in the last 7 days", "d IN LAST 7 days"),
    ("d older than 30 days", "d < today - 30 days"),
    ("d 早于 2024-01-01", "d < 2024-01-01"),
    ("d 在 2024-01-01 之后", "d > 2024-01-01"),
    ("d before 2024-01-01", "d < 2024-01-01"),
    ("d > 7 days ago", "d > today - 7 days"),
    ("d at least 90 days ago", "d <= today - 90 days"),
    ("d less than 7 days ago", "d > today - 7 days"),
    ("d at most 30 days ago", "d >= today - 30 days"),
    ("d 不超过 30 天", "d >= today - 30 天"),
    ("d 不少于 90 天前", "d <= today - 90d"),
    ("d older than 2 hours", "d < now - 2 hours"),
    ("d before 30 yrs", "d < today - 30y"),
    ("name = O'Neil", "name = 'O''Neil'"),
    ("a between 30 days ago and 7 days ago", "a between today - 30 days and today - 7 days"),
    ("年龄 在 20 到 30 之间", "年龄 介于 20 到 30"),
    ("age between 20 to 30", "age BETWEEN 20 AND 30"),
    ("age IN 25-35", "age IN 25..35"),
    ("interests HAS ANY ski", "interests HAS ANY (ski)"),
    ("age:>30", "age>30"),
    ("age：< 30", "age< 30"),
    ("age is > 30", "age > 30"),
    ("d 超过30天", "d < today - 30天"),
    ("最近交易日 超过30天", "最近交易日 < today - 30天"),
    ("最近交易日 近30天", "最近交易日 IN LAST 30天"),
    ("最近交易日 在30天内", "最近交易日 IN LAST 30天"),
    ("interests HAS ANY ski, golf", "interests HAS ANY (ski, golf)"),
    ("interests HAS ALL ski, golf", "interests HAS ALL (ski, golf)"),
    ("interests HAS NONE ski, golf", "interests HAS NONE (ski, golf)"),
    ("not age > 30 and < 50", "not (age > 30 and age < 50)"),
    ("vip and NOT d > 30, < 50", "vip and NOT (d > 30 AND d < 50)"),
    ("兴趣 包含任一 瑜伽", "兴趣 包含任一 (瑜伽)"),
    ("country CONTAINS 'EU'", "country HAS 'EU'"),
    ("name starts with 'A_b'", "name LIKE 'A\\_b%'"),
    ("年龄 大于 30", "年龄 > 30"),
    ("年龄 大于等于 30 并且 城市 是 北京", "年龄 >= 30 且 城市 = 北京"),
    ("城市 不是 北京", "城市 != 北京"),
    ("不是 VIP", "NOT VIP"),
    ("age greater than 30", "age > 30"),
    ("age = 30.", "age = 30"),
    ("年龄 > 30。", "年龄 > 30"),
    ("d = 2026/1/5", "d = 2026-01-05"),
    ("rate >= 40%", "rate >= 0.4"),
    ("price > $12.5", "price > 12.5"),
    ("price > ￥10000", "price > 10000"),
    ("price > 1,000.50", "price > 1000.50"),
    ("price > 12,5", "price > 12.5"),
    ("SELECT * FROM users WHERE level = 'x' ORDER BY age LIMIT 3;", "level = 'x'"),
    ("how many users have age > 30", "age > 30"),
    ("age > 30 # who", "age > 30"),
    ("level = 「gold」", "level = 'gold'"),
    ("age between (18, 30)", "age BETWEEN 18 AND 30"),
    ("age > 3, < 5", "age > 3 AND age < 5"),
    ("level = a, b", "level IN (a, b)"),
    ("年龄 最多 30", "年龄 <= 30"),
    ("城市 不在 北京、上海", "城市 不属于 (北京、上海)"),
    ("d > now() - interval '7 days'", "d > now - 7 days"),
];

/// What one token may also be is offered where the token in quotes is no value of the tag, which only a catalog knows.
const BESIDE: &[(&str, &str)] = &[
    ("age = 30岁", "age = 30"),
    ("amount >= 1万元", "amount >= 1万"),
    ("adr >= 10k", "adr >= 10000"),
    ("age = 3e1", "age = 30"),
    ("d >= today - 1m", "d >= today - 1mo"),
    ("meal = None AND vip", "meal IS MISSING AND vip"),
    ("age IN (30岁, 40岁)", "age IN (30, 40)"),
    ("level := a", "level = a"),
];

/// Without spaces each is one name, which only a catalog knows to be none: the reading is among those that it tries.
const GLUED: &[(&str, &str)] = &[
    ("年龄大于30", "年龄 > 30"),
    ("年龄大于等于30岁", "年龄 >= 30"),
    ("年龄在20到30之间", "年龄 介于 20 到 30"),
    ("年龄大于30且城市是北京", "年龄 > 30 且 城市 = 北京"),
    ("注册日期早于2024-01-01", "注册日期 < 2024-01-01"),
    ("城市不是北京", "城市 != 北京"),
    ("城市为北京或者上海", "城市 = 北京 或 城市 = 上海"),
];

#[test]
fn phrases_without_spaces_are_read_apart() {
    for (text, meant) in GLUED {
        let readings = readings(text);
        let mut offered = readings.iter().filter_map(|reading| reading.suggestion.as_deref());
        assert!(offered.any(|offered| offered == *meant), "{text}: {readings:?}");
    }
}

#[test]
fn phrases_are_offered_as_the_language_says_them() {
    let mut others = Vec::new();
    for (text, meant) in TABLE {
        let error = parse(text).expect_err(text);
        if error.suggestion.as_deref() != Some(meant) {
            others.push(format!("{text} => {:?}, not {meant}", error.suggestion));
        }
    }
    assert!(others.is_empty(), "{}", others.join("\n"));
}

#[test]
fn other_readings_stand_beside_the_first() {
    for (text, meant) in BESIDE {
        let error = parse(text).expect_err(text);
        let mut all = error.others.iter().chain([&error]).filter_map(|reading| reading.suggestion.as_deref());
        assert!(all.any(|offered| offered == *meant), "{text}: {:?} {:?}", error.suggestion, error.others);
    }
}

#[test]
fn nothing_is_offered_where_the_meaning_is_not_certain() {
    for text in
        ["a = AT or None", "a not in b, None", "sample(0.1)", "sample(1000)", "split('x', [0.0, 0.5))", "age = >30"]
    {
        let error = parse(text).expect_err(text);
        let offers: Vec<_> = error.others.iter().chain([&error]).filter_map(|e| e.suggestion.as_deref()).collect();
        assert!(offers.is_empty(), "{text}: {offers:?}");
    }
    let remedy = |text: &str| parse(text).expect_err(text).suggestion;
    assert_eq!(remedy("sample(10)").as_deref(), Some("sample(10%)"));
    assert_eq!(remedy("AT MOST 1 OF (a)"), None, "everybody");
    assert_eq!(remedy("AT LEAST 1 OF (a)").as_deref(), Some("(a)"));
}

#[test]
fn every_reading_is_a_query() {
    for (text, _) in TABLE.iter().chain(BESIDE) {
        for reading in readings(text) {
            let offered = reading.suggestion.expect("a reading offers a text");
            assert!(parse(&offered).is_ok(), "{text} offers {offered}");
        }
    }
}

#[test]
fn what_is_missing_is_asked_for_and_not_guessed() {
    for text in ["d IN LAST", "d LAST", "d 属于 最近", "d IN PREV AND vip", "(d IN SINCE)"] {
        let error = parse(text).expect_err(text);
        assert_eq!(error.suggestion, None, "{text}");
        assert!(error.remedy.starts_with("write "), "{text}: {}", error.remedy);
    }
}
