//! The examples of the language that are accepted, and what they come to.

use super::world::{NOW_MS, World, check_laws};
use crate::catalog::TagKind;
use crate::query::plan::{Node, Parameter, UnknownValues};

/// A world with the tags of the examples.
pub(super) fn examples() -> World {
    let mut world = World::new();
    world.valued("性别", TagKind::Choice, &["女", "男"]);
    world.valued("城市", TagKind::Choice, &["北京", "上海", "广州", "乌鲁木齐"]);
    world.valued("会员等级", TagKind::Choice, &["普通", "金卡"]);
    world.valued("渠道", TagKind::Choice, &["抖音", "小红书"]);
    world.valued("VIP 等级", TagKind::Choice, &["金卡", "铂金", "黑 卡"]);
    world.valued("姓名哈希", TagKind::Choice, &["a1", "b2"]);
    world.valued("产品偏好", TagKind::Choice, &["理财A", "理财B", "保险"]);
    world.valued("手机号", TagKind::Choice, &[]);
    world.valued("邮箱", TagKind::Choice, &[]);
    world.valued("country", TagKind::Choice, &["DEU", "PRT"]);
    world.valued("deposit_type", TagKind::Choice, &["Non Refund", "No Deposit"]);
    world.valued("market_segment", TagKind::Choice, &["Online TA", "Direct"]);
    world.valued("status", TagKind::Choice, &["Check-Out", "Canceled"]);
    world.valued("agent", TagKind::Choice, &["9", "007"]);
    world.valued("interests", TagKind::Set, &["ski", "golf", "tennis"]);
    world.valued("items", TagKind::Set, &["milk", "rolls/buns"]);
    world.valued("购买品类", TagKind::Set, &["瑜伽服", "奶粉"]);
    world.tags(TagKind::Int, &["年龄", "age", "lead_time", "is_canceled"]);
    world.tags(TagKind::Decimal { scale: 2 }, &["消费金额_30d", "客单价_30d", "客单价_60d", "平均AUM", "amount"]);
    world.tags(TagKind::Date, &["注册日期", "最近交易日", "首购日"]);
    world.tag("seen", TagKind::Time);
    world.tags(
        TagKind::Flag,
        &["兴趣.体育.足球", "兴趣.体育.网球.双打", "兴趣.瑜伽", "持有.定期存款", "持有.保本理财", "持有.信托"],
    );
    world.valued("kind", TagKind::Choice, &["None", "paid"]);
    world.list("upload", &["a1", "zz", "b2"]);
    world.save("全局抑制", "性别 = 男").unwrap();
    world.save("黑名单", "城市 = 北京 OR @全局抑制").unwrap();
    world
}

#[test]
fn examples_of_the_language_are_planned() {
    let texts = [
        "性别 = 女 AND 年龄 BETWEEN 25 AND 34 AND 城市 IN (北京, 上海, 广州)",
        "年龄 IN [25, 35) 且 城市 = '乌鲁木齐' 且 非 @全局抑制",
        "（性别＝女 或 年龄＜18） 且 城市 属于 （北京、上海）",
        "兴趣.体育.* AND NOT 兴趣.体育.足球",
        "消费金额_30d >= 10万 AND 会员等级 != 普通",
        "客单价_30d < 客单价_60d * 0.5",
        "手机号 IS MISSING OR 邮箱 有值",
        "注册日期 IN LAST 7d AND 最近交易日 IS MISSING",
        "最近交易日 <= today - 90d OR 最近交易日 IS MISSING",
        "首购日 - 注册日期 <= 7d",
        "interests HAS ANY ('ski', 'golf') AND NOT interests HAS 'tennis'",
        "AT LEAST 2 OF (兴趣.瑜伽, 购买品类 HAS 瑜伽服, 年龄 < 30)",
        "EXACTLY 1 OF (持有.定期存款, 持有.保本理财, 持有.信托)",
        "EXACTLY 1 OF items.*",
        "(渠道 = 抖音 OR 渠道 = 小红书) AND split('exp_coupon_q4', [0%, 50%))",
        "`VIP 等级` IN (金卡, 铂金, \"黑 卡\") AND 姓名哈希 IN $upload",
        "产品偏好 LIKE '理财%' AND 平均AUM IN [100000, 500000)",
        "ALL EXCEPT @黑名单 EXCEPT sample(10%, 7)",
        "country = 'DEU' AND (lead_time > 100 OR deposit_type = 'Non Refund')",
    ];
    let world = examples();
    for text in texts {
        let planned = world.plan(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        check_laws(&planned.plan);
        assert!(!matches!(planned.plan.node(planned.plan.root), Node::Nothing), "{text}");
        let again = world.plan(&planned.canonical()).unwrap();
        assert_eq!(again.canonical(), planned.canonical());
        assert_eq!(again.fingerprint, planned.fingerprint, "{text}");
    }
}

/// The root of a query, as text.
fn root(world: &World, text: &str) -> String {
    let planned = world.plan(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    format!("{:?}", planned.plan.node(planned.plan.root))
}

/// Texts that come to one plan.
const SAME: &[(&str, &str)] = &[
    ("amount > 10.005", "amount >= 10.01"),
    ("amount >= 10.005", "amount >= 10.01"),
    ("amount < 10.005", "amount <= 10"),
    ("amount = 10.005", "NONE"),
    ("amount != 10.005", "amount IS NOT MISSING"),
    ("age > 17.5", "age >= 18"),
    ("age * 2 > 35", "age >= 18"),
    ("age / 2 < -1.5", "age < -3"),
    ("age > -0.5", "age >= 0"),
    ("age - age = 0", "age IS NOT MISSING"),
    ("age IN (25, 26, 30.5, 27)", "age IN 25..27"),
    ("agent = 9", "agent = '9'"),
    ("agent = 007", "agent = '007'"),
    ("25 <= age", "age >= 25"),
    ("NOT (NOT age > 3)", "age > 3"),
    ("country = DEU OR country = 'PRT'", "country IN (PRT, DEU)"),
    ("age >= 18 AND age < 30", "age IN [18, 30)"),
    ("age < 18 OR age BETWEEN 18 AND 20", "age <= 20"),
    ("age <= 3 OR age > 3", "age IS NOT MISSING"),
    ("age <= 3 OR age > 3 OR age IS NOT MISSING", "age IS NOT MISSING"),
    ("ALL EXCEPT country = DEU", "NOT country = DEU"),
    ("AT LEAST 1 OF (age > 3, country = DEU)", "age > 3 OR country = DEU"),
    ("AT LEAST 2 OF (age > 3, country = DEU)", "age > 3 AND country = DEU"),
    ("AT MOST 0 OF (age > 3, country = DEU)", "NOT (age > 3 OR country = DEU)"),
    ("EXACTLY 1 OF (ALL, age > 3)", "NOT age > 3"),
    ("split(x, [0%, 100%))", "ALL"),
    ("split(x, [50%, 50%))", "NONE"),
    ("sample(10%)", "split('sample:0', [0%, 10%))"),
    ("兴趣.瑜伽 = false", "NOT 兴趣.瑜伽"),
    ("兴趣.瑜伽 IS MISSING", "NOT 兴趣.瑜伽"),
    ("兴趣.瑜伽 != 0", "兴趣.瑜伽"),
    ("产品偏好 LIKE '%'", "产品偏好 IN (理财A, 理财B, 保险)"),
    ("产品偏好 LIKE '没有'", "NONE"),
    ("注册日期 = '2026-11-01'", "注册日期 = 2026-11-01"),
    ("注册日期 IN LAST 7d", "注册日期 IN 2026-11-15..2026-11-21"),
    ("注册日期 IN LAST 7d ENDING yesterday", "注册日期 IN 2026-11-14..2026-11-20"),
    ("注册日期 IN PREV 7d", "注册日期 IN 2026-11-08..2026-11-14"),
    ("注册日期 IN LAST 1mo ENDING 2024-02-29", "注册日期 IN 2024-02-01..2024-02-29"),
    ("注册日期 IN SINCE 2026-11-20", "注册日期 IN 2026-11-20..2026-11-21"),
    ("注册日期 > today - 1mo", "注册日期 > 2026-10-21"),
    ("注册日期 <= 2024-03-31 - 1mo", "注册日期 <= 2024-02-29"),
    ("注册日期 - 2026-11-01 < 3d", "注册日期 < 2026-11-04"),
    ("seen <= 2026-11-20", "seen < 2026-11-21T00:00"),
    ("seen <= 9999-12-31", "seen <= '9999-12-31'"),
    ("seen = 2026-11-20", "seen IN [2026-11-20T00:00, 2026-11-21T00:00)"),
    ("seen > now - 1h", "seen IN LAST 1h OR seen > now"),
];

#[test]
fn what_a_tag_cannot_hold_is_decided() {
    let world = examples();
    for &(left, right) in SAME {
        let (left_plan, right_plan) = (world.plan(left).unwrap(), world.plan(right).unwrap());
        assert_eq!(root(&world, left), root(&world, right), "{left} and {right}");
        let digest = |planned: &crate::query::plan::Planned| planned.plan.node(planned.plan.root).clone();
        assert_eq!(digest(&left_plan), digest(&right_plan), "{left} and {right}");
    }
}

#[test]
fn numbers_at_the_edge_are_exact() {
    let mut world = examples();
    world.tag("fine", TagKind::Decimal { scale: 18 });
    assert_eq!(root(&world, "fine > 999999999999999999"), "Nothing");
    assert_eq!(root(&world, "fine = -999999999999999999"), "Nothing");
    assert!(root(&world, "fine < 999999999999999999").starts_with("Present"));
    assert_eq!(root(&world, "fine > 9.22337203685477581"), "Nothing");
    assert!(root(&world, "fine >= 9.2233720368547758").starts_with("Number"));
    assert!(world.plan("age * 999999999999999999 > lead_time * 999999999999999998").is_ok());
    let text = "age * 999999999999999999 + lead_time / 999999999999999989 > 0";
    let error = world.plan(text).unwrap_err();
    assert_eq!(error.kind(), crate::ErrorKind::Limit);
    assert!(error.query_fault().is_some());
}

#[test]
fn words_for_time_are_resolved_in_the_reply() {
    let mut world = examples();
    let planned = world.plan("注册日期 IN LAST 7d AND 最近交易日 <= today - 90d").unwrap();
    assert_eq!(
        planned.resolved,
        [
            ("LAST 7d".to_owned(), "2026-11-15..2026-11-21".to_owned()),
            ("today - 90d".to_owned(), "2026-08-23".to_owned()),
        ]
    );
    assert_eq!(planned.zone, "UTC");
    world.request.zone = Some("Asia/Shanghai".into());
    world.request.now_unix_ms = NOW_MS + 4 * 3_600_000;
    let planned = world.plan("注册日期 = today").unwrap();
    assert_eq!(planned.resolved, [("today".to_owned(), "2026-11-22".to_owned())]);
    world.request.zone = Some("Asia/Nowhere".into());
    assert!(world.plan("ALL").is_err());
}

#[test]
fn negated_forms_tell_how_to_keep_the_missing() {
    let world = examples();
    let forms = [
        "country != 'DEU'",
        "country NOT IN ('DEU')",
        "country NOT LIKE 'D%'",
        "age != 3",
        "age NOT IN (1, 2, 3)",
        "age NOT BETWEEN 1 AND 3",
        "注册日期 NOT IN LAST 3d",
        "interests HAS NONE ('ski')",
        "客单价_30d != 客单价_60d",
    ];
    for form in forms {
        let text = format!("性别 = 女 AND {form}");
        let planned = world.plan(&text).unwrap();
        assert!(!planned.missing_checks.is_empty(), "{text}");
        for check in &planned.missing_checks {
            assert_eq!(check.span.of(&text), form);
            let kept = muster_language::suggest::replace(&text, check.span, &check.keep);
            let kept = world.plan(&kept).unwrap_or_else(|error| panic!("{kept}: {error}"));
            assert!(!kept.missing_checks.iter().any(|other| other.tag == check.tag), "{text}");
        }
    }
    assert!(world.plan("country = 'DEU' AND NOT age > 3").unwrap().missing_checks.is_empty());
}

#[test]
fn those_without_a_tag_are_told_as_left_out_only_where_they_are() {
    let mut world = examples();
    world.save("not thirty", "age != 30").unwrap();
    world.save("thirty", "NOT age != 30").unwrap();
    for (text, is_told) in [
        ("age != 30", true),
        ("age != 30 OR age IS MISSING", false),
        ("(age IS MISSING OR age NOT IN (30)) AND 性别 = 女", false),
        ("age != 30 OR country IS MISSING", true),
        ("age != 30 AND (age != 20 OR age IS MISSING)", true),
        ("age != 30 OR age IS NOT MISSING", true),
        ("NOT age != 30", false),
        ("NOT NOT age != 30", true),
        ("NOT (age != 30 AND 性别 = 女)", false),
        ("NOT (性别 = 女 AND NOT age != 30)", true),
        ("性别 = 女 EXCEPT age != 30", false),
        ("age != 30 EXCEPT 性别 = 女", true),
        ("性别 = 女 EXCEPT country = DEU EXCEPT age != 30", false),
        ("NOT (性别 = 女 EXCEPT age NOT BETWEEN 20 AND 30)", true),
        ("(性别 = 女 EXCEPT age != 30) AND country != DEU", true),
        ("AT LEAST 1 OF (age != 30, 性别 = 女)", true),
        ("AT MOST 1 OF (age != 30, 性别 = 女)", false),
        ("NOT AT MOST 1 OF (country NOT IN (DEU), 性别 = 女)", true),
        ("EXACTLY 1 OF (age != 30, 性别 = 女)", false),
        ("NOT EXACTLY 1 OF (age != 30, 性别 = 女)", false),
        ("NOT interests HAS NONE (ski)", false),
        ("@`not thirty`", true),
        ("NOT @`not thirty`", false),
        ("@thirty", false),
        ("NOT @thirty", true),
    ] {
        let planned = world.plan(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(!planned.missing_checks.is_empty(), is_told, "{text}");
    }
}

#[test]
fn parameters_come_with_the_request() {
    let mut world = examples();
    world.scalar("limit", "30");
    world.scalar("where", "DEU");
    world.scalar("day", "2026-11-01");
    world.list("ages", &["1", "2", "-3"]);
    for (left, right) in [
        ("age > $limit", "age > 30"),
        ("country = $where", "country = DEU"),
        ("注册日期 >= $day", "注册日期 >= 2026-11-01"),
        ("age IN $ages", "age IN (1, 2, -3)"),
    ] {
        assert_eq!(root(&world, left), root(&world, right), "{left}");
    }
    let planned = world.plan("姓名哈希 IN $upload").unwrap();
    assert_eq!(planned.warnings.len(), 1, "zz is counted");
    assert_eq!(planned.warnings[0].code, "unknown_value");
    assert!(world.plan("姓名哈希 IN $uplaod").is_err());
    assert!(world.plan("age > $ages").is_err());
}

#[test]
fn bitmaps_of_another_store_or_epoch_are_refused() {
    let mut world = examples();
    let mut bytes = Vec::new();
    let ids: roaring::RoaringBitmap = [1u32, 5, 70_000].into_iter().collect();
    ids.serialize_into(&mut bytes).unwrap();
    let mut bitmap = |id_epoch, store_id| {
        let given = Parameter::Bitmap { bytes: bytes.clone(), id_epoch, store_id };
        world.request.parameters.insert("b".into(), given);
        world.plan("$b AND age > 3")
    };
    assert!(bitmap(None, None).is_ok());
    assert!(bitmap(Some(3), Some([7; 16])).is_ok());
    assert!(bitmap(Some(2), None).is_err());
    assert!(bitmap(None, Some([8; 16])).is_err());
}

#[test]
fn a_bitmap_inside_ids_is_what_its_keys_came_to() {
    let mut world = examples();
    let mut bytes = Vec::new();
    [1_u32, 5].into_iter().collect::<roaring::RoaringBitmap>().serialize_into(&mut bytes).unwrap();
    world.request.parameters.insert("b".into(), Parameter::Bitmap { bytes, id_epoch: None, store_id: None });
    let alone = world.plan("$b AND age > 3").unwrap();
    assert_eq!(world.plan("ids($b) AND age > 3").unwrap().fingerprint, alone.fingerprint);
    assert!(world.plan("country IN $b").is_err());
}

#[test]
fn unknown_values_are_empty_on_request() {
    let mut world = examples();
    assert!(world.plan("country = 'XXX'").is_err());
    world.request.unknown_values = UnknownValues::Empty;
    let planned = world.plan("country = 'XXX' OR age > 3").unwrap();
    assert_eq!(planned.warnings[0].code, "unknown_value");
    assert_eq!(planned.warnings[0].span.unwrap().of("country = 'XXX' OR age > 3"), "'XXX'");
}

#[test]
fn warnings_say_what_may_surprise() {
    let world = examples();
    let warned = |text: &str| world.plan(text).unwrap().warnings.first().map(|warning| warning.code);
    assert_eq!(warned("年龄 IN (25, 35)"), Some("two_numbers"));
    assert_eq!(warned("年龄 = 20-30"), Some("two_numbers"));
    assert_eq!(warned("amount IN (1,000, 2,000)"), Some("glued_commas"));
    assert_eq!(warned("amount IN (1000, 2000, 3000)"), None);
    assert_eq!(warned("agent IN (9, 007)"), None);
    assert_eq!(warned("年龄 IN [35, 25]"), Some("reversed_interval"));
    assert_eq!(warned("注册日期 BETWEEN today AND today - 7d"), Some("reversed_interval"));
    assert_eq!(warned("注册日期 IN SINCE 2027-01-01"), Some("reversed_interval"));
    assert_eq!(warned("ids(k1, k2)"), Some("unknown_keys"));
    assert_eq!(warned("AT LEAST 3 OF items.*"), Some("bad_threshold"));
    let interval = world.plan("年龄 IN (25, 35)").unwrap();
    let suggestion = interval.warnings[0].suggestion.clone().unwrap();
    assert_eq!(root(&world, &suggestion), root(&world, "年龄 BETWEEN 25 AND 35"));
}

#[test]
fn declared_values_have_labels_parents_and_an_order() {
    let mut world = examples();
    world.declared("level", &[("bronze", Some("青铜"), None), ("silver", None, None), ("gold", None, None)]);
    world.declared(
        "place",
        &[
            ("310000", Some("上海市"), None),
            ("310100", Some("市辖区"), Some("310000")),
            ("310101", None, Some("310100")),
            ("110000", None, None),
        ],
    );
    for (left, right) in [
        ("level >= silver", "level IN (silver, gold)"),
        ("level < silver", "level = bronze"),
        ("level > gold", "NONE"),
        ("level = 青铜", "level = bronze"),
        ("place = 上海市", "place IN ('310000', '310100', '310101')"),
        ("place = '310100'", "place IN ('310100', '310101')"),
    ] {
        assert_eq!(root(&world, left), root(&world, right), "{left}");
    }
    assert!(world.plan("level >= copper").is_err());
}

#[test]
fn what_is_finer_than_a_time_is_refused_and_not_rounded() {
    let world = examples();
    for time in ["2026-11-10T10:00:00.1234Z", "2026-11-10T10:00:00.1234", "2026-11-10T10:00:00.0000001+08:00"] {
        let error = world.plan(&format!("seen = '{time}'")).expect_err(time);
        assert!(error.to_string().contains("at most three digits"), "{time}: {error}");
        let error = world.plan(&format!("seen >= {time}")).expect_err(time);
        let offered = error.query_fault().and_then(|fault| fault.error.suggestion.clone());
        assert_eq!(offered, None, "{time}: {error}");
    }
    for time in ["2026-11-10T10:00:00.123Z", "2026-11-10T10:00:00.1230", "2026-11-10T10:00:00.5+08:00"] {
        world.plan(&format!("seen = '{time}'")).unwrap_or_else(|error| panic!("{time}: {error}"));
    }
}
