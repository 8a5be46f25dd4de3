//! What the language accepts: every text is read, printed canonically, and read again to the same tree.

use muster_language::{code, parse, print};

/// Reads a text and its print, and compares; the canonical text.
fn canonical(text: &str) -> String {
    let parsed = parse(text).unwrap_or_else(|error| panic!("{}", error.render(text)));
    let printed = print(&parsed.expr);
    let again = parse(&printed).unwrap_or_else(|error| panic!("{}", error.render(&printed)));
    assert_eq!(again.expr.clone().without_spans(), parsed.expr.without_spans(), "{text}\n{printed}");
    assert_eq!(print(&again.expr), printed, "printing twice changes nothing");
    printed
}

#[test]
fn examples_of_stage_one() {
    let examples = [
        (
            "性别 = 女 AND 年龄 BETWEEN 25 AND 34 AND 城市 IN (北京, 上海, 广州)",
            "性别 = 女 AND 年龄 BETWEEN 25 AND 34 AND 城市 IN (北京, 上海, 广州)",
        ),
        (
            "年龄 IN [25, 35) 且 城市 = '乌鲁木齐' 且 非 @全局抑制",
            "年龄 IN [25, 35) AND 城市 = '乌鲁木齐' AND NOT @全局抑制",
        ),
        ("（性别＝女 或 年龄＜18） 且 城市 属于 （北京、上海）", "(性别 = 女 OR 年龄 < 18) AND 城市 IN (北京, 上海)"),
        ("兴趣.体育.* AND NOT 兴趣.体育.足球", "兴趣.体育.* AND NOT 兴趣.体育.足球"),
        ("消费金额_30d >= 10万 AND 会员等级 != 普通", "消费金额_30d >= 100000 AND 会员等级 != 普通"),
        ("客单价_30d < 客单价_60d * 0.5", "客单价_30d < 客单价_60d * 0.5"),
        ("手机号 IS MISSING OR 邮箱 有值", "手机号 IS MISSING OR 邮箱 IS NOT MISSING"),
        ("注册日期 IN LAST 7d AND 最近交易日 IS MISSING", "注册日期 IN LAST 7d AND 最近交易日 IS MISSING"),
        ("最近交易日 <= today - 90d OR 最近交易日 IS MISSING", "最近交易日 <= today - 90d OR 最近交易日 IS MISSING"),
        ("首购日 - 注册日期 <= 7d", "首购日 - 注册日期 <= 7d"),
        (
            "interests HAS ANY ('ski', 'golf') AND NOT interests HAS 'tennis'",
            "interests HAS ANY ('ski', 'golf') AND NOT interests HAS 'tennis'",
        ),
        (
            "AT LEAST 2 OF (兴趣.瑜伽, 购买品类 HAS 瑜伽服, 年龄 < 30)",
            "AT LEAST 2 OF (兴趣.瑜伽, 购买品类 HAS 瑜伽服, 年龄 < 30)",
        ),
        (
            "EXACTLY 1 OF (持有.定期存款, 持有.保本理财, 持有.信托)",
            "EXACTLY 1 OF (持有.定期存款, 持有.保本理财, 持有.信托)",
        ),
        ("EXACTLY 1 OF items.*", "EXACTLY 1 OF items.*"),
        (
            "(渠道 = 抖音 OR 渠道 = 小红书) AND split('exp_coupon_q4', [0%, 50%))",
            "(渠道 = 抖音 OR 渠道 = 小红书) AND split('exp_coupon_q4', [0%, 50%))",
        ),
        (
            "`VIP 等级` IN (金卡, 铂金, \"黑 卡\") AND 姓名哈希 IN $upload",
            "`VIP 等级` IN (金卡, 铂金, '黑 卡') AND 姓名哈希 IN $upload",
        ),
        (
            "产品偏好 LIKE '理财%' AND 平均AUM IN [100000, 500000)",
            "产品偏好 LIKE '理财%' AND 平均AUM IN [100000, 500000)",
        ),
        ("ALL EXCEPT @黑名单 EXCEPT sample(10%, 7)", "ALL EXCEPT @黑名单 EXCEPT sample(10%, 7)"),
        (
            "country = 'DEU' AND (lead_time > 100 OR deposit_type = 'Non Refund')",
            "country = 'DEU' AND (lead_time > 100 OR deposit_type = 'Non Refund')",
        ),
    ];
    for (text, expected) in examples {
        assert_eq!(canonical(text), expected);
        assert_eq!(parse(text).expect("read above").warnings, [], "{text}");
    }
}

#[test]
fn every_form_of_the_grammar() {
    let forms = [
        ("all", "ALL"),
        ("none", "NONE"),
        ("全体 排除 @a", "ALL EXCEPT @a"),
        ("@a.b:v12", "@a.b:v12"),
        ("@`my audience`:v1", "@`my audience`:v1"),
        ("@all", "@all"),
        ("$p", "$p"),
        ("￥名单", "$名单"),
        ("a.b.c.*", "a.b.c.*"),
        ("a.in.not", "a.in.not"),
        ("`in`.x = 1", "`in`.x = 1"),
        ("not not a", "NOT NOT a"),
        ("非 (a 且 b)", "NOT (a AND b)"),
        ("((((a))))", "a"),
        ("(a AND b) AND c", "(a AND b) AND c"),
        ("a AND b AND c", "a AND b AND c"),
        ("a EXCEPT (b EXCEPT c)", "a EXCEPT (b EXCEPT c)"),
        ("a 缺失", "a IS MISSING"),
        ("a is not missing", "a IS NOT MISSING"),
        ("a <> 1", "a != 1"),
        ("a ≠ 1 且 b ≥ 2 且 c ≤ 3", "a != 1 AND b >= 2 AND c <= 3"),
        ("a ＞＝ 2 且 b 《》 3", "a >= 2 AND b != 3"),
        ("18 <= age", "18 <= age"),
        ("today - a > 3 months", "today - a > 3mo"),
        ("$low + 1 < a", "$low + 1 < a"),
        ("a < $high", "a < $high"),
        ("-a + 2 * b - c / 4 >= -5", "-a + b * 2 - c / 4 >= -5"),
        ("a * -2 > 1", "-a * 2 > 1"),
        ("a - -5 > 1", "a + 5 > 1"),
        ("a = 007", "a = 007"),
        ("a = ２５．５", "a = 25.5"),
        ("a = 1.5亿", "a = 150000000"),
        ("a >= '2024-01-01'", "a >= '2024-01-01'"),
        ("a = 2024-02-29", "a = 2024-02-29"),
        ("a < 2024-02-29t08:30", "a < 2024-02-29T08:30"),
        ("a < 2024-02-29T08：30：09", "a < 2024-02-29T08:30:09"),
        ("a < now - 24h", "a < now - 24h"),
        ("a >= 昨天 - 2 周 + 30 分钟", "a >= yesterday - 2w + 30min"),
        ("a in (1, -2, x, 'y', 2024-01-01, today)", "a IN (1, -2, x, 'y', 2024-01-01, today)"),
        ("a 不属于 (甲、乙)", "a NOT IN (甲, 乙)"),
        ("a NOT IN $p", "a NOT IN $p"),
        ("a IN 1..9", "a IN [1, 9]"),
        ("a IN -9.5..b+1", "a IN [-9.5, b + 1]"),
        ("a IN 1～9", "a IN [1, 9]"),
        ("a IN $x..$y", "a IN [$x, $y]"),
        ("a IN (today - 7d, today]", "a IN (today - 7d, today]"),
        ("a IN 【1，2】", "a IN [1, 2]"),
        ("a NOT IN [2024-01-01, 2024-12-31]", "a NOT IN [2024-01-01, 2024-12-31]"),
        ("a IN last 7 days ending yesterday", "a IN LAST 7d ENDING yesterday"),
        ("a 属于 最近 3 个月 截至 昨天", "a IN LAST 3mo ENDING yesterday"),
        ("a IN PREV 1y", "a IN PREV 1y"),
        ("a 属于 前一 7天", "a IN PREV 7d"),
        ("a IN SINCE 2024-01-01", "a IN SINCE 2024-01-01"),
        ("a 属于 自从 今天 - 30天", "a IN SINCE today - 30d"),
        ("a 介于 25 到 34", "a BETWEEN 25 AND 34"),
        ("a 介于 b 和 c", "a BETWEEN b AND c"),
        ("a not between b and c and d", "a NOT BETWEEN b AND c AND d"),
        ("a 形如 '理财%'", "a LIKE '理财%'"),
        ("a NOT LIKE \"x_\"", "a NOT LIKE 'x_'"),
        ("a HAS 'it''s'", "a HAS 'it''s'"),
        ("a 包含 瑜伽", "a HAS 瑜伽"),
        ("a 包含任一 （甲，乙）", "a HAS ANY (甲, 乙)"),
        ("a 包含全部 (甲)", "a HAS ALL (甲)"),
        ("a 不包含 $p", "a HAS NONE $p"),
        ("a HAS NONE (b)", "a HAS NONE (b)"),
        ("a HAS LIKE '%x'", "a HAS LIKE '%x'"),
        ("a HAS AT LEAST 2 OF (x, y, z)", "a HAS AT LEAST 2 OF (x, y, z)"),
        ("a 包含 至少 2项 (x, y)", "a HAS AT LEAST 2 OF (x, y)"),
        ("至少 2 项 (a, b 或 c, d)", "AT LEAST 2 OF (a, b OR c, d)"),
        ("at most 0 of (a, (b except c))", "AT MOST 0 OF (a, (b EXCEPT c))"),
        ("恰好 1 项 a.*", "EXACTLY 1 OF a.*"),
        ("split(salt, [12.5%, 100%))", "split('salt', [12.5%, 100%))"),
        ("SPLIT（“x”，【0％，0.01％））", "split('x', [0%, 0.01%))"),
        ("sample(0.05%)", "sample(0.05%, 0)"),
        ("ids(u1, 'u 2', 18446744073709551615)", "ids(u1, 'u 2', 18446744073709551615)"),
        ("ids($p)", "ids($p)"),
        ("a = “女” 或 a = ‘男’", "a = '女' OR a = '男'"),
        ("-- who\na -- flag\n AND b -- end", "a AND b"),
        ("\u{feff}a\u{3000}且\u{a0}b", "a AND b"),
        ("`a``b` = 1", "`a``b` = 1"),
        ("ＡＮＤ_x ＡＮＤ ｂ", "AND_x AND b"),
    ];
    for (text, expected) in forms {
        assert_eq!(canonical(text), expected, "{text}");
    }
}

#[test]
fn doubled_quotes_are_one() {
    assert_eq!(canonical("a = 'it''s'"), "a = 'it''s'");
    assert_eq!(canonical("a = \"say \"\"hi\"\"\""), "a = 'say \"hi\"'");
    assert_eq!(canonical("a = “说””好“"), "a = '说”好'");
    assert_eq!(canonical("a = ''"), "a = ''");
}

#[test]
fn tags_may_have_the_names_of_words() {
    let names = [
        "top", "days", "sample", "first", "sum", "split", "ids", "last", "prev", "since", "ending", "of", "any",
        "missing", "least", "most", "exactly", "as", "min", "max", "did", "never", "latest", "seq", "then", "within",
        "times", "d", "h", "month", "天", "年", "项", "到", "和", "次", "最近", "截至", "至少", "做过",
    ];
    for name in names {
        for text in [
            format!("{name} = 3"),
            format!("{name} AND NOT {name}"),
            format!("{name} IN ({name}, {name})"),
            format!("{name} IN [{name}, {name})"),
            format!("{name} + 1 < {name} - 2"),
            format!("{name} BETWEEN {name} AND {name}"),
            format!("{name} IS MISSING"),
            format!("EXACTLY 1 OF ({name}, {name}.*)"),
            format!("({name})"),
            format!("x.{name}"),
            format!("@{name}"),
        ] {
            canonical(&text);
        }
    }
}

#[test]
fn precedence_is_not_and_or_except() {
    let text = "a OR NOT b AND c EXCEPT d OR e";
    let parsed = parse(text).expect("a query");
    assert_eq!(print(&parsed.expr), "(a OR (NOT b AND c)) EXCEPT (d OR e)");
}

#[test]
fn mixing_operators_warns_and_shows_how_it_was_read() {
    for (text, read) in [
        ("a OR b AND c", "a OR (b AND c)"),
        ("x AND (a AND b OR c)", "x AND ((a AND b) OR c)"),
        ("a OR b EXCEPT c", "(a OR b) EXCEPT c"),
    ] {
        let parsed = parse(text).expect("a query");
        let [warning] = parsed.warnings.as_slice() else { panic!("{text} earns one warning") };
        assert_eq!(warning.code, code::MIXED_OPERATORS);
        assert_eq!(warning.suggestion.as_deref(), Some(read));
        assert!(warning.message.contains(read));
        assert_eq!(parse(read).expect("a query").warnings, []);
    }
    for text in ["a OR (b AND c)", "(a OR b) EXCEPT c", "a AND b EXCEPT c", "a AND NOT b AND c"] {
        assert_eq!(parse(text).expect("a query").warnings, [], "{text}");
    }
}

#[test]
fn reversed_intervals_warn_with_the_ends_exchanged() {
    for (text, right) in [
        ("a IN [35, 25)", "a IN [25, 35)"),
        ("a IN 9..-1", "a IN -1..9"),
        ("a BETWEEN 2 AND 1.5", "a BETWEEN 1.5 AND 2"),
        ("a IN [2024-02-01, 2024-01-01]", "a IN [2024-01-01, 2024-02-01]"),
        ("split(x, [50%, 10%))", "split(x, [10%, 50%))"),
    ] {
        let parsed = parse(text).expect("a query");
        let [warning] = parsed.warnings.as_slice() else { panic!("{text} earns one warning") };
        assert_eq!(warning.code, code::REVERSED_INTERVAL);
        assert_eq!(warning.suggestion.as_deref(), Some(right));
        assert_eq!(parse(right).expect("a query").warnings, []);
    }
    assert_eq!(parse("a IN [x, 3]").expect("a query").warnings, [], "a tag has no order yet");
}

#[test]
fn an_interval_of_no_length_warns_with_both_ends_in_it() {
    for (text, right) in [
        ("a IN [5, 5)", "a IN [5, 5]"),
        ("a IN (5.0, 5] AND b", "a IN [5.0, 5] AND b"),
        ("a IN [2024-01-01,2024-01-01)", "a IN [2024-01-01,2024-01-01]"),
    ] {
        let parsed = parse(text).expect("a query");
        let [warning] = parsed.warnings.as_slice() else { panic!("{text} earns one warning") };
        assert!(warning.message.contains("both ends are the same"), "{warning}");
        assert_eq!(warning.suggestion.as_deref(), Some(right));
    }
    assert_eq!(parse("a IN [5, 5]").expect("a query").warnings, []);
}

#[test]
fn a_window_has_no_sign() {
    for (text, right) in [("a IN LAST -7d", "a IN LAST 7d"), ("a IN PREV -1 mo AND b", "a IN PREV 1 mo AND b")] {
        let error = parse(text).expect_err("refused");
        assert_eq!(
            (error.remedy.as_str(), error.suggestion.as_deref()),
            ("write the length without a sign", Some(right))
        );
        parse(right).expect("a query");
    }
}

#[test]
fn two_numbers_in_a_list_offer_the_interval() {
    let offer = |text: &str| {
        let parsed = parse(text).expect("a query");
        muster_language::warnings::two_numbers(text, &parsed.expr)
    };
    let warning = offer("年龄 IN (25, 35)").expect("two numbers");
    assert_eq!(warning.code, code::TWO_NUMBERS);
    assert_eq!(warning.suggestion.as_deref(), Some("年龄 IN 25..35"));
    assert_eq!(offer("年龄 属于（25、35）").expect("two").suggestion.as_deref(), Some("年龄 属于 25..35"));
    for text in ["a IN (1, 2, 3)", "a IN (2, 1)", "a IN (x, y)", "a IN [1, 2]", "a IN ('1', '2')"] {
        assert_eq!(offer(text), None, "{text}");
    }
}
