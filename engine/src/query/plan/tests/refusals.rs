//! What is refused, and the remedy: a whole text that is a query of this catalog.

use super::queries::examples;

/// The text, the code, the suggestion.
const REFUSED: &[(&str, &str, &str)] = &[
    ("25 < 年龄 < 35", "chained_comparison", "年龄 > 25 AND 年龄 < 35"),
    ("性别 = 女 城市 = 北京", "missing_and", "性别 = 女 AND 城市 = 北京"),
    ("interests = 'ski'", "wrong_kind", "interests HAS 'ski'"),
    ("interests != ski AND age > 3", "wrong_kind", "interests HAS NONE ('ski') AND age > 3"),
    ("interests IN ('ski')", "wrong_kind", "interests HAS ANY ('ski')"),
    ("interests NOT IN (ski, golf)", "wrong_kind", "interests HAS NONE ('ski', 'golf')"),
    ("interests LIKE 's%'", "wrong_kind", "interests HAS LIKE 's%'"),
    ("interests NOT LIKE 's%'", "wrong_kind", "NOT interests HAS LIKE 's%'"),
    ("contry = 'DEU'", "unknown_tag", "country = 'DEU'"),
    ("country = 'DEUU'", "unknown_value", "country = 'DEU'"),
    ("country IN (PRT, 'DEUU') AND age > 3", "unknown_value", "country IN (PRT, 'DEU') AND age > 3"),
    ("market_segment = Online TA", "must_quote", "market_segment = 'Online TA'"),
    ("is_canceled", "wrong_kind", "is_canceled = 1"),
    ("is_canceled AND country = DEU", "wrong_kind", "is_canceled = 1 AND country = DEU"),
    ("country", "wrong_kind", "country IS NOT MISSING"),
    ("注册日期", "wrong_kind", "注册日期 IS NOT MISSING"),
    ("兴趣.体育", "unknown_tag", "兴趣.体育.*"),
    ("兴趣.体玉.*", "unknown_tag", "兴趣.体育.*"),
    ("兴趣.瑜伽.*", "unknown_tag", "兴趣.瑜伽"),
    ("兴趣.瑜伽 > 0", "wrong_kind", "兴趣.瑜伽"),
    ("兴趣.瑜伽 = 是", "wrong_kind", "兴趣.瑜伽"),
    ("兴趣.瑜伽 = no", "wrong_kind", "NOT 兴趣.瑜伽"),
    ("兴趣.瑜伽 NOT IN (true)", "wrong_kind", "NOT 兴趣.瑜伽"),
    ("兴趣.瑜伽 IN (1)", "wrong_kind", "兴趣.瑜伽"),
    ("country HAS 'DEU'", "wrong_kind", "country = 'DEU'"),
    ("country HAS NONE ('DEU')", "wrong_kind", "country NOT IN ('DEU')"),
    ("age HAS 3", "wrong_kind", "age = 3"),
    ("age HAS ANY (3, 4)", "wrong_kind", "age IN (3, 4)"),
    ("country IN ['DEU', 'PRT']", "wrong_kind", "country IN ('DEU', 'PRT')"),
    ("interests IN [ski, golf]", "wrong_kind", "interests HAS ANY ('ski', 'golf')"),
    ("interests = $one", "wrong_kind", "interests HAS ANY $one"),
    ("interests != $one", "wrong_kind", "interests HAS NONE $one"),
    ("interests HAS $one", "foreign", "interests HAS ANY $one"),
    ("country = `DEU`", "must_quote", "country = 'DEU'"),
    ("注册日期 > 20240115", "wrong_value", "注册日期 > 2024-01-15"),
    ("注册日期 > -7d", "wrong_value", "注册日期 > today - 7d"),
    ("注册日期 > -7", "wrong_value", "注册日期 > today - 7d"),
    ("注册日期 > today - 36h", "wrong_unit", "注册日期 > today - 2d"),
    ("注册日期 > now", "wrong_unit", "注册日期 > today"),
    ("注册日期 > 2024-01-15T08:30", "wrong_unit", "注册日期 > 2024-01-15"),
    ("注册日期 IN LAST 24h", "wrong_unit", "注册日期 IN LAST 1d"),
    ("首购日 - 注册日期 <= 3mo", "wrong_unit", "首购日 - 注册日期 <= 90d"),
    ("lead_time > 7d", "wrong_value", "lead_time > 7"),
    ("@全局抑之", "unknown_audience", "@全局抑制"),
    ("@黑名单:v9", "unknown_audience", "@黑名单:v1"),
    ("$upload", "parameter", "ids($upload)"),
    ("country.*", "unknown_tag", "country IS NOT MISSING"),
];

#[test]
fn refusals_carry_a_text_that_works() {
    let mut world = examples();
    world.scalar("one", "ski");
    for &(text, code, suggestion) in REFUSED {
        let error = world.plan(text).err().unwrap_or_else(|| panic!("{text} is accepted"));
        let fault = error.query_fault().unwrap_or_else(|| panic!("{text}: {error}"));
        assert_eq!(fault.text, text);
        assert_eq!(fault.error.code, code, "{text}: {error}");

        let suggested = fault.error.suggestion.as_deref().unwrap_or_else(|| panic!("{text}: {error}"));
        assert_eq!(suggested, suggestion, "{text}");
        world.plan(suggested).unwrap_or_else(|error| panic!("{text}: the suggestion {suggested}: {error}"));
        assert!(!fault.error.render(text).is_empty());
    }
}

#[test]
fn refusals_without_a_likely_correction_still_say_what_to_do() {
    let world = examples();
    for (text, code) in [
        ("nothing_like_it", "unknown_tag"),
        ("age = 'young'", "wrong_value"),
        ("age > 2024-01-15", "wrong_value"),
        ("注册日期 > 'soon'", "wrong_value"),
        ("country = today", "must_quote"),
        ("country > 'DEU'", "wrong_kind"),
        ("interests > ski", "wrong_kind"),
        ("country BETWEEN 1 AND 2", "wrong_kind"),
        ("兴趣.瑜伽 > 3", "wrong_kind"),
        ("兴趣.瑜伽 LIKE 'x'", "wrong_kind"),
        ("age LIKE '3%'", "wrong_kind"),
        ("注册日期 IN LAST", "syntax"),
        ("注册日期 属于 最近", "syntax"),
        ("注册日期 LAST AND age > 3", "syntax"),
        ("注册日期 IN SINCE", "syntax"),
        ("country = Online TA", "must_quote"),
        ("country = 'nothing like it'", "unknown_value"),
        ("AT LEAST 2 OF (age > 3)", "too_few_terms"),
        ("注册日期 + 首购日 > today", "wrong_value"),
        ("注册日期 * 2 > today", "not_linear"),
        ("age > seen", "wrong_kind"),
        ("age + country > 3", "wrong_kind"),
        ("age IN LAST 7d", "wrong_kind"),
        ("age IN (young)", "wrong_value"),
        ("1 < 2", "wrong_value"),
        ("age > $nobody_sent", "parameter"),
    ] {
        let error = world.plan(text).err().unwrap_or_else(|| panic!("{text} is accepted"));
        let fault = error.query_fault().unwrap_or_else(|| panic!("{text}: {error}"));
        let is_expected = fault.error.code == code || text == "1 < 2";
        assert!(is_expected, "{text}: {} {error}", fault.error.code);
        assert!(!fault.error.remedy.is_empty() && !fault.error.detail.is_empty());
        assert_eq!(fault.error.suggestion, None, "{text} offers nothing that means something else");
    }
}

#[test]
fn glued_words_are_set_apart() {
    let world = examples();
    for text in ["性别=女且城市=北京", "性别 = 女 且 年龄缺失且城市 = 北京"] {
        let error = world.plan(text).unwrap_err();
        let fault = error.query_fault().unwrap();
        let suggested = fault.error.suggestion.as_deref().unwrap_or_else(|| panic!("{text}: {error}"));
        assert!(suggested.contains(" 且 城市"), "{suggested}");
    }
}
