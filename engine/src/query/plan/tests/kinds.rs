//! Law: a remedy asks what was asked. One table of what people typed, by the kind of what a remedy got wrong once.

use super::world::World;
use crate::catalog::TagKind;

/// The tags that the table asks.
fn world() -> World {
    let mut world = World::new();
    world.tags(TagKind::Date, &["signup", "last_order"]);
    world.tag("last_seen", TagKind::Time);
    world.tags(TagKind::Decimal { scale: 2 }, &["spend", "price", "余额", "消费金额_30d", "消费金额_90d"]);
    world.tags(TagKind::Int, &["age", "debt", "年龄", "退货数", "登录天数_30d", "订单数", "is_canceled", "min_price"]);
    world.valued("level", TagKind::Choice, &["黑 卡", "AT", "None", "007", "3XL", "金卡", "铂金"]);
    world.valued("country", TagKind::Choice, &["DEU", "PRT", "CN"]);
    world.valued("city", TagKind::Choice, &["New York", "Berlin"]);
    world.valued("城市", TagKind::Choice, &["北京", "上海"]);
    world.valued("性别", TagKind::Choice, &["女", "男"]);
    world.valued("VIP 等级", TagKind::Choice, &["金卡", "黑 卡"]);
    world.valued("tier", TagKind::Choice, &["T1", "T3"]);
    world.valued("year", TagKind::Choice, &["y2023", "y2024"]);
    world.valued("sku", TagKind::Choice, &["A101"]);
    world.valued("code", TagKind::Choice, &["007", "008"]);
    world.valued("status", TagKind::Choice, &["active", "paused"]);
    world.valued("married", TagKind::Choice, &["unmarried", "divorced"]);
    world.valued("婚否", TagKind::Choice, &["未婚", "离异"]);
    world.valued("会员级", TagKind::Choice, &["非会员", "金"]);
    world.valued("interests", TagKind::Set, &["ski", "golf"]);
    world.valued("设备", TagKind::Set, &["安卓", "苹果"]);
    let flags =
        ["vip", "会员", "sport.golf", "退订", "有孩子", "车主", "手机号已验证", "subscribed", "verified", "is_active"];
    world.tags(TagKind::Flag, &flags);
    world.tags(TagKind::Flag, &["has_car", "unpaid_flag"]);
    world
}

/// What is typed, and the only text that may be offered; none where nothing is certain.
const ASKED: &[(&str, Option<&str>)] = &[
    // A negation is not the word mistyped.
    ("未退订", Some("NOT 退订")),
    ("没退订", Some("NOT 退订")),
    ("没有孩子", Some("NOT 有孩子")),
    ("无孩子", Some("NOT 有孩子")),
    ("车主 且 没有孩子", Some("车主 且 NOT 有孩子")),
    ("手机号未验证", Some("NOT 手机号已验证")),
    ("不vip", Some("NOT vip")),
    ("无会员", Some("NOT 会员")),
    ("未会员", Some("NOT 会员")),
    ("非会员", Some("非 会员")),
    ("不是会员", Some("NOT 会员")),
    ("is_not_canceled", Some("is_canceled != 1")),
    ("not_canceled = 1", None),
    ("sport.notgolf", Some("NOT sport.golf")),
    ("vip nand sport.golf", None),
    ("unsubscribed", Some("NOT subscribed")),
    ("unverified", Some("NOT verified")),
    ("inactive", Some("NOT is_active")),
    ("not_active", Some("NOT is_active")),
    ("isnt_active", Some("NOT is_active")),
    ("has_no_car", Some("NOT has_car")),
    ("hasnt_car", Some("NOT has_car")),
    ("paid_flag", Some("NOT unpaid_flag")),
    ("max_price > 1", None),
    ("status = inactive", None),
    ("married = married", None),
    ("婚否 = 已婚", None),
    ("会员级 = 会员", None),
    // Another number is another thing.
    ("消费金额_60d > 1000", None),
    ("tier = T2", None),
    ("tier in (T2, T4)", None),
    ("year = y2025", None),
    ("sku = A102", None),
    ("code = 009", None),
    // No condition comes of a filler word.
    ("signup is 7 days ago", Some("signup = today - 7 days")),
    ("vip ago", None),
    ("price is 30 ago", None),
    ("are vip", Some("vip")),
    ("count vip", Some("vip")),
    ("counts vip", Some("vip")),
    ("count age > 30", Some("age > 30")),
    ("vip country", None),
    ("性别女", Some("性别 = 女")),
    ("level_金卡", Some("level = 金卡")),
    // Days and lengths.
    ("signup > 6月", None),
    ("signup = 6月", None),
    ("signup >= 11月", None),
    ("signup in 6月", None),
    ("signup in last 3月", Some("signup in last 3mo")),
    ("signup > 90 天", None),
    ("signup > 90 days", None),
    ("signup > 90", None),
    ("signup 大于 90 天", Some("signup < today - 90 天")),
    ("signup between 7 and 30 days ago", Some("signup BETWEEN today - 30 days AND today - 7 days")),
    ("signup between 7d and 30d", Some("signup BETWEEN today - 30d AND today - 7d")),
    ("signup in 7d..30d", Some("signup IN today - 30d..today - 7d")),
    ("signup in 30d..7d", Some("signup IN today - 30d..today - 7d")),
    ("age in 30-20", Some("age IN 20..30")),
    ("signup < 2026-01-01T10:00", Some("signup <= 2026-01-01")),
    ("signup >= 2026-01-01T10:00", Some("signup > 2026-01-01")),
    ("signup > 2026-01-01T10:00", Some("signup > 2026-01-01")),
    ("signup < now", Some("signup <= today")),
    ("登录天数_30d > 2 weeks", Some("登录天数_30d > 14")),
    ("登录天数_30d > 1w", Some("登录天数_30d > 7")),
    ("登录天数_30d 超过 2 周", Some("登录天数_30d > 14")),
    ("年龄 > 3mo", None),
    ("年龄段 = 25-34", Some("年龄 IN 25..34")),
    // Another class, another value.
    ("city ilike 'new%'", None),
    ("level contains 黑卡", Some("level = '黑 卡'")),
    ("设备 包含 iPhone", None),
    ("interests has at least 0 of (ski, golf)", None),
    ("interests has at least 3 of (ski, golf)", None),
    ("exactly 5 of (vip, 会员)", None),
    ("interests not contains ski", Some("interests HAS NONE (ski)")),
    ("age > 50%", Some("age > 50")),
    ("退货数 > 10%", Some("退货数 > 10")),
    ("余额 > 50%", Some("余额 > 0.5")),
    ("price > 12.345%", Some("price > 12.345")),
    // What a sentence says without a sign.
    ("年龄 至少 30", Some("年龄 >= 30")),
    ("signup 近30天", Some("signup IN LAST 30天")),
    ("signup 过去 30 天", Some("signup IN LAST 30 天")),
    ("signup 30天内", Some("signup IN LAST 30天")),
    ("signup 超过30天", Some("signup < today - 30天")),
    ("城市 在 北京、上海", Some("城市 属于 (北京、上海)")),
    ("spend > 1.5 万", Some("spend > 1.5万")),
    ("age over 30", Some("age > 30")),
    ("country not DEU", Some("country != DEU")),
    ("age not > 30", Some("NOT age > 30")),
    ("country not equal to DEU", Some("country != DEU")),
    ("interests 有 ski", Some("interests HAS ski")),
    ("signup on 2026-06-01", Some("signup = 2026-06-01")),
    ("signup within 7 days", Some("signup IN LAST 7 days")),
    ("signup in previous 7 days", Some("signup IN PREV 7 days")),
    ("订单数 >= 3 次", Some("订单数 >= 3")),
    ("城市 = 北京；年龄 > 30", Some("城市 = 北京 AND 年龄 > 30")),
    ("vip;", Some("vip")),
    ("country is not in (DEU, PRT)", Some("country NOT IN (DEU, PRT)")),
    ("country = IN (DEU, PRT)", Some("country IN (DEU, PRT)")),
    ("country in {DEU, PRT}", Some("country IN (DEU, PRT)")),
    ("城市 不是 北京 或 上海", Some("城市 NOT IN (北京, 上海)")),
    ("interests is ski or golf", Some("interests HAS 'ski' or interests HAS 'golf'")),
    ("interests has any [ski, golf]", Some("interests HAS ANY (ski, golf)")),
    ("interests has ski but not golf", Some("interests HAS ski AND NOT interests HAS golf")),
    ("age !> 30", Some("age <= 30")),
    ("age in [20;30]", Some("age IN [20, 30]")),
    ("all - vip", Some("ALL EXCEPT vip")),
    ("\"country\" = DEU", Some("country = DEU")),
    ("'VIP 等级' = 金卡", Some("`VIP 等级` = 金卡")),
    ("VIP等级 = 金卡", Some("`VIP 等级` = 金卡")),
];

#[test]
fn a_remedy_asks_what_was_asked() {
    let world = world();
    let mut others = Vec::new();
    for (text, meant) in ASKED {
        let error = world.plan(text).err().unwrap_or_else(|| panic!("{text} is accepted"));
        let fault = &error.query_fault().unwrap_or_else(|| panic!("{text}: {error}")).error;
        if fault.suggestion.as_deref() != *meant {
            others.push(format!("{text} => {:?}, not {meant:?}; {}", fault.suggestion, fault.remedy));
        }
    }
    assert!(others.is_empty(), "{} of {}\n{}", others.len(), ASKED.len(), others.join("\n"));
}

/// Nothing works of what these may mean, and what is said first must not be refused when it is written.
const WITHOUT_OFFER: &[&str] = &[
    "country = DEU + age > 30",
    "age in range(20,30)",
    "signup in next 7 days",
    "城市 属于 北京 上海",
    "余额 大于 一万",
    "signup 超过 一年",
    "interests has any",
    "signup was ago",
    "vip ago",
    "signup in 6月",
    "spend is 7 days ago",
    "country > DEU PRT",
    "level = gold silver",
];

#[test]
fn what_is_said_without_an_offer_shows_no_text_that_is_refused() {
    let world = world();
    let unsure = ASKED.iter().filter(|(_, meant)| meant.is_none()).map(|(text, _)| text);
    let mut others = Vec::new();
    for text in unsure.chain(WITHOUT_OFFER) {
        let error = world.plan(text).err().unwrap_or_else(|| panic!("{text} is accepted"));
        let fault = &error.query_fault().unwrap_or_else(|| panic!("{text}: {error}")).error;
        println!("{text} => {} {:?}", fault.remedy, fault.suggestion);
        let shows = ["did you mean", "AND or OR", "put quotes around", "put backticks", "put the values"];
        if fault.suggestion.is_none() && shows.iter().any(|shown| fault.remedy.contains(shown)) {
            others.push(format!("{text} => {}", fault.remedy));
        }
    }
    assert!(others.is_empty(), "{}", others.join("\n"));
}

#[test]
fn what_selects_nobody_or_may_surprise_is_warned_about() {
    let world = world();
    for text in
        ["age > 20-30", "age >= 20-30", "age < 40-30", "city LIKE 'New*'", "country = DEU OR None", "age in 30..20"]
    {
        let planned = world.plan(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert!(!planned.warnings.is_empty(), "{text}");
    }
    let swapped = world.plan("signup IN today..yesterday").unwrap().warnings;
    assert_eq!(swapped[0].suggestion.as_deref(), Some("signup IN yesterday..today"));
}
