//! What the language refuses: every refusal has its remedy, and a corrected text that can be pasted is a query.

use muster_language::{Error, code, parse};

fn refuse(text: &str) -> Error {
    let error = match parse(text) {
        Ok(parsed) => panic!("{text} was read as {}", parsed.expr),
        Err(error) => error,
    };
    assert!(!error.remedy.is_empty(), "{text}");
    let (start, end) = (error.span.start as usize, error.span.end as usize);
    assert!(text.get(start..end).is_some(), "the place of the error lies in {text}");
    if let Some(suggestion) = &error.suggestion {
        assert!(parse(suggestion).is_ok(), "{text}: the suggestion {suggestion} is no query");
    }
    error
}

/// Refused with a code and a corrected text.
fn corrects(text: &str, code: &str, corrected: &str) {
    let error = refuse(text);
    assert_eq!(error.suggestion.as_deref(), Some(corrected), "{text}\n{}", error.render(text));
    assert_eq!(error.code, code, "{text}");
}

#[test]
fn the_remedies_of_the_specification() {
    corrects("25 < 年龄 < 35", code::CHAINED_COMPARISON, "年龄 > 25 AND 年龄 < 35");
    corrects("性别 = 女 城市 = 北京", code::MISSING_AND, "性别 = 女 AND 城市 = 北京");
    corrects("AT LEAST 2 OF (a)", code::TOO_FEW_TERMS, "AT LEAST 2 OF a.*");
    corrects("market_segment = Online TA", code::MUST_QUOTE, "market_segment = 'Online TA'");
    corrects("性别=女且城市=北京", code::GLUED_WORD, "性别=女 且 城市=北京");
    corrects("country = AT", code::MUST_QUOTE, "country = 'AT'");
    corrects("country = IN", code::MUST_QUOTE, "country = 'IN'");
    corrects("meal = None", code::MUST_QUOTE, "meal = 'None'");
    corrects("size = 3XL", code::MUST_QUOTE, "size = '3XL'");
    corrects("items HAS rolls/buns", code::MUST_QUOTE, "items HAS 'rolls/buns'");
    corrects("status IN (Check-Out, Canceled)", code::MUST_QUOTE, "status IN ('Check-Out', Canceled)");
    assert!(refuse("25 < 年龄 < 35").remedy.contains("年龄 > 25 AND 年龄 < 35"));
    assert!(refuse("meal = None").detail.contains("word"));
    assert!(refuse("market_segment = Online TA").remedy.contains("'Online TA'"));
}

#[test]
fn an_empty_list_blames_the_command_shell() {
    for text in ["id IN ()", "id IN", "id IN AND a", "a AND (id IN )", "x HAS ANY ()", "ids()"] {
        let error = refuse(text);
        assert_eq!(error.code, code::EMPTY_LIST, "{text}");
        assert!(error.remedy.contains("single quotes") && error.detail.contains("shell"), "{text}");
        assert!(error.suggestion.expect("a corrected text").contains("$name"), "{text}");
    }
}

#[test]
fn values_that_must_be_quoted() {
    for (text, corrected) in [
        ("a = Online TA AND b = 1", "a = 'Online TA' AND b = 1"),
        ("a = TA b = 1", "a = TA AND b = 1"),
        ("a = Online TA b = 1", "a = 'Online TA' AND b = 1"),
        ("a = rolls/buns", "a = 'rolls/buns'"),
        ("a = 3XL AND b", "a = '3XL' AND b"),
        ("a = Check-In", "a = 'Check-In'"),
        ("a = R&D", "a = 'R&D'"),
        ("a = Yahoo!", "a = 'Yahoo!'"),
        ("a = C#", "a = 'C#'"),
        ("a = OR AND b = 1", "a = 'OR' AND b = 1"),
        ("a = 缺失", "a = '缺失'"),
        ("a HAS AT", "a HAS 'AT'"),
        ("a HAS any", "a HAS 'any'"),
        ("a HAS None AND b", "a HAS 'None' AND b"),
        ("a HAS whole milk", "a HAS 'whole milk'"),
        ("a IN (IN, OR, x)", "a IN ('IN', 'OR', x)"),
        ("a IN (Online TA, Direct)", "a IN ('Online TA', Direct)"),
        ("a IN (Bed and Breakfast, x)", "a IN ('Bed and Breakfast', x)"),
        ("a IN (3XL, 7d)", "a IN ('3XL', '7d')"),
        ("a HAS ALL (rolls/buns, whole milk)", "a HAS ALL ('rolls/buns', 'whole milk')"),
        ("a = 10:30", "a = '10:30'"),
        ("a = user@example", "a = 'user@example'"),
    ] {
        let error = refuse(text);
        assert_eq!(error.suggestion.as_deref(), Some(corrected), "{text}\n{}", error.render(text));
    }
}

#[test]
fn names_that_need_backticks() {
    for (text, corrected) in [
        ("in = 3", "`in` = 3"),
        ("at > 3 AND b", "`at` > 3 AND b"),
        ("all = 3", "`all` = 3"),
        ("today", "`today`"),
        ("3g = 1", "`3g` = 1"),
        ("\"VIP level\" IN (a)", "`VIP level` IN (a)"),
    ] {
        corrects_suggestion(text, corrected);
    }
    corrects_suggestion("'DEU' = country", "country = 'DEU'");
}

fn corrects_suggestion(text: &str, corrected: &str) {
    let error = refuse(text);
    assert_eq!(error.suggestion.as_deref(), Some(corrected), "{text}\n{}", error.render(text));
}

#[test]
fn glued_words_are_set_apart() {
    for (text, corrected) in [
        ("性别=女且城市=北京", "性别=女 且 城市=北京"),
        ("(性别=女或年龄<18)且城市 属于 (北京)", "(性别=女 或 年龄<18) 且 城市 属于 (北京)"),
        ("注册日期 属于 最近7天", "注册日期 属于 最近 7天"),
        ("城市属于(北京、上海)", "城市 属于 (北京、上海)"),
        ("年龄 介于 25到34", "年龄 介于 25 到 34"),
        ("至少2项(a, b)", "至少 2 项 (a, b)"),
        ("年龄>30且城市=北京", "年龄>30 且 城市=北京"),
        ("age>30AND city=1", "age>30 AND city=1"),
    ] {
        let error = refuse(text);
        assert_eq!(error.suggestion.as_deref(), Some(corrected), "{text}\n{}", error.render(text));
        assert_eq!(error.code, code::GLUED_WORD, "{text}");
    }
    // 非 is part of a name here, and setting it apart would make no query.
    corrects("25 < 非洲销量 < 35", code::CHAINED_COMPARISON, "非洲销量 > 25 AND 非洲销量 < 35");
}

#[test]
fn missing_operators() {
    for (text, corrected) in [
        ("a b", "a AND b"),
        ("a NOT b", "a AND NOT b"),
        ("a = 1 (b OR c)", "a = 1 AND (b OR c)"),
        ("a = 'x' @b", "a = 'x' AND @b"),
        ("a = 1, b = 2", "a = 1 AND  b = 2"),
        ("(a = 1 b = 2) AND c", "(a = 1 AND b = 2) AND c"),
        ("a > 30 is_vip", "a > 30 AND is_vip"),
        ("a IS MISSING b", "a IS MISSING AND b"),
    ] {
        let error = refuse(text);
        assert_eq!(error.code, code::MISSING_AND, "{text}\n{}", error.render(text));
        assert_eq!(error.suggestion.as_deref().map(squeeze), Some(squeeze(corrected)), "{text}");
    }
}

#[test]
fn terms_and_values_have_commas_between_them() {
    for (text, corrected) in [
        ("AT LEAST 2 OF (a b, c, d)", "AT LEAST 2 OF (a, b, c, d)"),
        ("AT LEAST 2 OF (a, b; c)", "AT LEAST 2 OF (a, b, c)"),
        ("a IN (x; y)", "a IN (x, y)"),
        ("a IN ('x' 'y')", "a IN ('x', 'y')"),
        ("a HAS ANY ('x' y)", "a HAS ANY ('x', y)"),
    ] {
        corrects(text, code::SYNTAX, corrected);
    }
}

#[test]
fn a_quote_is_closed_before_what_may_not_belong_to_it() {
    for (text, corrected) in [
        ("ids('u1) AND NOT b", "ids('u1') AND NOT b"),
        ("ids(u1')", "ids('u1')"),
        ("ids('u1`)", "ids('u1')"),
        ("split(x', [0%, 50%))", "split('x', [0%, 50%))"),
        ("a = 'x AND b", "a = 'x' AND b"),
        ("a = \"x' AND b", "a = 'x' AND b"),
        ("(a = 'x) OR b", "(a = 'x') OR b"),
    ] {
        corrects(text, code::UNCLOSED, corrected);
    }
    corrects("a = 'New York", code::UNCLOSED, "a = 'New York'");
}

#[test]
fn a_parenthesis_is_offered_where_it_means_one_thing() {
    corrects("a EXCEPT b) AND c", code::SYNTAX, "(a EXCEPT b) AND c");
    corrects("a = 1)", code::SYNTAX, "a = 1");
    corrects("(a OR b OR (c)", code::UNCLOSED, "(a OR b OR (c))");
    for text in ["(a OR b AND c", "AT LEAST 2 OF (a, b, c AND d", "vip AND (a EXCEPT b OR c"] {
        let error = refuse(text);
        assert_eq!((error.code, error.suggestion), (code::UNCLOSED, None), "{text}");
    }
}

fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn signs_and_words_of_other_languages() {
    for (text, corrected) in [
        ("a == 1", "a = 1"),
        ("a => 1", "a >= 1"),
        ("a =< 1", "a <= 1"),
        ("a > = 1", "a >= 1"),
        ("a = 1 && b = 2", "a = 1 AND b = 2"),
        ("a = 1 || b = 2", "a = 1 OR b = 2"),
        ("!a", "NOT a"),
        ("a = 1;", "a = 1"),
        ("a IS NULL", "a IS MISSING"),
        ("a IS NOT NULL AND b", "a IS NOT MISSING AND b"),
        ("a IS 'x'", "a = 'x'"),
        ("a IS NOT x", "a != x"),
        ("城市 = (北京, 上海)", "城市 IN (北京, 上海)"),
        ("城市 != (北京, 上海)", "城市 NOT IN (北京, 上海)"),
        ("城市 IN 北京", "城市 IN (北京)"),
        ("城市 IN 北京, 上海 AND b", "城市 IN (北京, 上海) AND b"),
        ("a IN ($p)", "a IN $p"),
        ("a HAS (x, y)", "a HAS ANY (x, y)"),
        ("a NOT HAS x", "NOT a HAS x"),
        ("a BETWEEN 1, 2", "a BETWEEN 1 AND 2"),
        ("a IN (x, y,)", "a IN (x, y)"),
        ("a IN (`x`)", "a IN (x)"),
        ("a IN LAST 7", "a IN LAST 7d"),
        ("a = 2024-1-5", "a = 2024-01-05"),
        ("a = 2024年1月5日", "a = 2024-01-05"),
        ("a IN (x, y", "a IN (x, y)"),
        ("(a AND (b)", "(a AND (b))"),
        ("a = 'x", "a = 'x'"),
        ("a = “x", "a = “x”"),
        ("a)", "a"),
        ("x >= 5 <= 7", "x >= 5 AND x <= 7"),
        ("WHERE a > 3", "a > 3"),
        ("a > 1,000", "a > 1000"),
        ("a = 'it's'", "a = 'it''s'"),
        ("a LIKE 理财%", "a LIKE '理财%'"),
        ("a LIKE %x%", "a LIKE '%x%'"),
        ("a 最近 7天", "a IN 最近 7天"),
        ("a = -5..5", "a IN -5..5"),
        ("a > 7 days ago", "a > today - 7 days"),
        ("性别：女", "性别 = 女"),
        ("ids()", "ids($name)"),
        ("", "ALL"),
    ] {
        let error = refuse(text);
        let suggestion = error.suggestion.as_deref().map(squeeze);
        assert_eq!(suggestion.as_deref(), Some(corrected), "{text}\n{}", error.render(text));
    }
}

#[test]
fn thresholds_count_at_least_two_terms_and_no_more_than_there_are() {
    corrects("AT LEAST 1 OF (a = 1)", code::TOO_FEW_TERMS, "(a = 1)");
    corrects("EXACTLY 2 OF (items.*)", code::TOO_FEW_TERMS, "EXACTLY 2 OF items.*");
    corrects("AT LEAST 2 OF items", code::TOO_FEW_TERMS, "AT LEAST 2 OF items.*");
    for text in [
        "AT LEAST 0 OF (a, b)",
        "AT LEAST 3 OF (a, b)",
        "EXACTLY 3 OF (a, b)",
        "x HAS AT LEAST 3 OF (a, b)",
        "AT LEAST 0 OF a.*",
    ] {
        let error = refuse(text);
        assert_eq!(
            (error.code, error.suggestion),
            (code::BAD_THRESHOLD, None),
            "{text}: another number asks another thing"
        );
    }
    assert_eq!(refuse("AT LEAST 2 OF a, b, c").suggestion.as_deref(), Some("AT LEAST 2 OF (a, b, c)"));
    assert_eq!(refuse("AT LEAST 1.5 OF (a, b)").code, code::BAD_THRESHOLD);
    for text in ["EXACTLY 0 OF (a, b)", "AT MOST 0 OF (a, b)", "AT MOST 2 OF (a, b)", "EXACTLY 0 OF a.*"] {
        assert!(parse(text).is_ok(), "{text}");
    }
}

#[test]
fn percentages_lie_between_0_and_100_with_two_decimals() {
    for text in [
        "sample(101%)",
        "sample(-1%)",
        "sample(0.001%)",
        "split('x', [0%, 100.01%))",
        "sample(99999999999999999999999%)",
    ] {
        assert_eq!(refuse(text).code, code::BAD_PERCENT, "{text}");
    }
    corrects("sample(10)", code::BAD_PERCENT, "sample(10%)");
    corrects("split('x', [0, 50))", code::BAD_PERCENT, "split('x', [0%, 50%))");
    corrects("split('x', [0%, 50%])", code::SYNTAX, "split('x', [0%, 50%))");
    assert!(parse("sample(100.00%)").is_ok());
}

#[test]
fn numbers_and_dates_that_cannot_be() {
    let nines = "9".repeat(39);
    corrects(&format!("a = {nines}"), code::BAD_NUMBER, &format!("a = '{nines}'"));
    assert!(parse("a = 9223372036854775807 AND b IN (-9223372036854775807, 18446744073709551615)").is_ok());
    assert_eq!(refuse("a = 2023-02-29").code, code::BAD_DATE);
    assert_eq!(refuse("a IN (2023-13-01)").code, code::BAD_DATE);
    assert_eq!(refuse("a = 2023-01-01T25:00").code, code::BAD_DATE);
    assert_eq!(refuse("a IN LAST 99999999999d").code, code::BAD_NUMBER);
    assert_eq!(refuse("a IN LAST 0d").code, code::BAD_NUMBER);
    assert_eq!(refuse("a / 0 > 1").code, code::NOT_LINEAR);
    assert_eq!(refuse("a * b > 1").code, code::NOT_LINEAR);
    assert_eq!(refuse("a / b > 1").code, code::NOT_LINEAR);
    assert_eq!(refuse("2 * 3 > a").code, code::NOT_LINEAR);
    assert_eq!(refuse("(a + b) > 1").code, code::NOT_LINEAR);
    assert_eq!(refuse("a > (b + c) * 2").code, code::SYNTAX);
    assert_eq!(refuse("a.* > 1").code, code::WILDCARD);
    assert_eq!(refuse("b > a.*").code, code::WILDCARD);
    assert_eq!(refuse("@a.*").code, code::WILDCARD);
}

#[test]
fn words_of_stage_two_are_known_and_not_available() {
    for text in [
        "DID 购买",
        "做过 购买",
        "NEVER DID 购买",
        "从未 做过 购买",
        "FIRST DID 购买",
        "首次 做过 购买",
        "latest did buy >= 3 TIMES IN LAST 7d",
        "末次 做过 购买",
        "SEQ(a THEN b WITHIN 7d)",
        "依次（a 然后 b）",
        "SUM 金额 IN LAST 30d > 100",
        "AVG x IN LAST 30d > 100",
        "MAX x IN LAST 30d > 100",
        "min x IN LAST 30d > 100",
        "top(10, 金额)",
        "bottom(10, a)",
        "lookalike(@a)",
        "capped(a)",
        "a AS OF 2024-01-01",
        "b AND (NOT DID x)",
        "a THEN b",
        "a WITHIN 7d",
    ] {
        let error = refuse(text);
        assert_eq!(error.code, code::NOT_AVAILABLE, "{text}\n{}", error.render(text));
        assert!(error.remedy.starts_with("not available yet: "), "{text}");
    }
}

#[test]
fn errors_show_remedy_place_and_detail() {
    let text = "城市 = 北京 AND\n性别 = 女 年龄 > 30";
    let shown = refuse(text).render(text);
    assert_eq!(
        shown,
        "put AND or OR between the two conditions\n\
         2 | 性别 = 女 年龄 > 30\n\
         \u{20}             ^^^^\n\
         AND is missing before `年龄`\n\
         try: 城市 = 北京 AND\n性别 = 女 AND 年龄 > 30"
    );
    let text = "（性别＝女";
    assert_eq!(
        refuse(text).render(text),
        "close this with `)`\n  （性别＝女\n  ^^\nit is open at the end of the query\ntry: （性别＝女)"
    );
}

#[test]
fn misspelt_words_are_named() {
    for (text, corrected) in [
        ("a = 1 adn b = 2", "a = 1 AND b = 2"),
        ("city = x annd b = 2", "city = x AND b = 2"),
        ("a betwen 1 and 2", "a BETWEEN 1 and 2"),
        ("ALL excpet b", "ALL EXCEPT b"),
        ("a hass x", "a HAS x"),
        ("年龄 在 25 到 34", "年龄 介于 25 到 34"),
        ("城市 在 (北京, 上海)", "城市 属于 (北京, 上海)"),
        ("年龄 大于 30 并且 性别 是 女", "年龄 > 30 且 性别 = 女"),
        ("x contains 'a'", "x HAS 'a'"),
    ] {
        let error = refuse(text);
        assert_eq!(error.suggestion.as_deref(), Some(corrected), "{text}\n{}", error.render(text));
        assert!(error.remedy.starts_with("did you mean "), "{text}");
    }
    corrects("deposit_type = Non Refund", code::MUST_QUOTE, "deposit_type = 'Non Refund'");
}

#[test]
fn a_text_that_only_ends_too_early_is_incomplete() {
    for text in ["a AND", "a = ", "(a OR b", "a IN (x,", "a = 'x", "NOT\n", "", "a BETWEEN 1"] {
        assert!(refuse(text).is_incomplete(text), "{text}");
    }
    for text in ["a b", "a = 1)", "25 < a < 35", "a IN () AND b"] {
        assert!(!refuse(text).is_incomplete(text), "{text}");
    }
}
