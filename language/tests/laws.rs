//! Laws: what is printed is read as the same tree; no text panics; places lie in the text; limits hold.

use muster_language::ast::*;
use muster_language::limits::{DEPTH_MAX, LEAVES_MAX, TEXT_BYTES_MAX, WARNINGS_MAX};
use muster_language::{code, highlight, parse, position, print};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

fn span() -> Span {
    Span::default()
}

fn name() -> impl Strategy<Value = Name> {
    let bare = prop::sample::select(vec![
        "a",
        "age",
        "城市",
        "兴趣",
        "_x",
        "top",
        "days",
        "first",
        "sum",
        "sample",
        "min",
        "last",
        "客单价_30d",
        "of",
        "到",
        "年",
        "missing",
        "na·me",
    ]);
    let quoted = prop::sample::select(vec![
        "VIP 等级",
        "in",
        "and",
        "today",
        "a`b",
        "3XL",
        "ａ",
        "x-y",
        "'",
        "且",
        " ",
        "a.b",
        "--",
        "name",
    ]);
    prop_oneof![
        3 => bare.prop_map(|text| Name { text: text.to_owned(), quoted: false, span: span() }),
        1 => quoted.prop_map(|text| Name { text: text.to_owned(), quoted: true, span: span() }),
    ]
}

fn path() -> impl Strategy<Value = Path> {
    vec(name(), 1..4).prop_map(|names| Path {
        names,
        wildcard: false,
        span: span(),
    })
}

fn wildcard() -> impl Strategy<Value = Path> {
    path().prop_map(|path| Path {
        wildcard: true,
        ..path
    })
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "",
            "女",
            "it's",
            "Online TA",
            "--",
            "“x”",
            "`",
            "\n",
            "\\%_",
            "''"
        ])
        .prop_map(str::to_owned),
        "\\PC{0,6}",
    ]
}

fn quoted_text() -> impl Strategy<Value = Text> {
    text().prop_map(|text| Text { text, span: span() })
}

fn param() -> impl Strategy<Value = Param> {
    prop::sample::select(vec!["p", "名单", "in", "x_1"]).prop_map(|name| Param {
        name: name.to_owned(),
        span: span(),
    })
}

fn number() -> impl Strategy<Value = Number> {
    (0u64..1_000_000_000, 0u8..6, 0usize..3).prop_map(|(digits, scale, zeros)| {
        // The digits that count end in no zero behind the point.
        let digits = if scale > 0 {
            digits / 10 * 10 + 7
        } else {
            digits
        };
        let unit = 10u64.pow(u32::from(scale));
        let whole = format!("{}{}", "0".repeat(zeros), digits / unit);
        let text = match scale {
            0 => whole,
            _ => format!(
                "{whole}.{:0width$}",
                digits % unit,
                width = usize::from(scale)
            ),
        };
        Number {
            digits: u128::from(digits),
            scale,
            text,
        }
    })
}

fn date() -> impl Strategy<Value = Date> {
    (0u16..=9999, 1u8..=12, 1u8..=28).prop_map(|(year, month, day)| Date { year, month, day })
}

fn date_time() -> impl Strategy<Value = DateTime> {
    (date(), 0u8..24, 0u8..60, 0u8..60).prop_map(|(date, hour, minute, second)| DateTime {
        date,
        hour,
        minute,
        second,
    })
}

fn duration() -> impl Strategy<Value = Duration> {
    let unit = prop::sample::select(vec![
        DurationUnit::Minute,
        DurationUnit::Hour,
        DurationUnit::Day,
        DurationUnit::Week,
        DurationUnit::Month,
        DurationUnit::Year,
    ]);
    (1u32..=u32::MAX, unit).prop_map(|(count, unit)| Duration { count, unit })
}

fn term() -> impl Strategy<Value = Term> {
    let kind = prop_oneof![
        3 => path().prop_map(TermKind::Path),
        2 => number().prop_map(TermKind::Number),
        1 => date().prop_map(TermKind::Date),
        1 => date_time().prop_map(TermKind::DateTime),
        1 => duration().prop_map(TermKind::Duration),
        1 => Just(TermKind::Today),
        1 => Just(TermKind::Yesterday),
        1 => Just(TermKind::Now),
        1 => text().prop_map(TermKind::Text),
        1 => param().prop_map(TermKind::Param),
        1 => (path(), number()).prop_map(|(path, factor)| TermKind::Product { path, factor }),
        1 => (path(), number())
            .prop_filter("no division by zero", |(_, divisor)| divisor.digits != 0)
            .prop_map(|(path, divisor)| TermKind::Quotient { path, divisor }),
    ];
    (any::<bool>(), kind).prop_map(|(negative, kind)| Term {
        negative,
        kind,
        span: span(),
    })
}

fn arith() -> impl Strategy<Value = Arith> {
    vec(term(), 1..4).prop_map(|terms| Arith {
        terms,
        span: span(),
    })
}

/// A sum that may stand on the left: not with a text or a parameter alone in front.
fn left() -> impl Strategy<Value = Arith> {
    arith().prop_filter("a text stands on the right", |arith| {
        !matches!(
            arith.terms[0],
            Term {
                negative: false,
                kind: TermKind::Text(_),
                ..
            }
        )
    })
}

fn literal() -> impl Strategy<Value = Literal> {
    let word = prop::sample::select(vec!["女", "ski", "top", "today", "days", "any", "_", "到"]);
    let kind = prop_oneof![
        text().prop_map(LiteralKind::Text),
        word.prop_map(|word| LiteralKind::Word(word.to_owned())),
        (any::<bool>(), number())
            .prop_map(|(negative, number)| LiteralKind::Number { negative, number }),
        date().prop_map(LiteralKind::Date),
        date_time().prop_map(LiteralKind::DateTime),
    ];
    kind.prop_map(|kind| Literal { kind, span: span() })
}

fn values() -> impl Strategy<Value = ValueList> {
    prop_oneof![
        3 => vec(literal(), 1..4).prop_map(ValueList::Values),
        1 => param().prop_map(ValueList::Param),
    ]
}

fn source() -> impl Strategy<Value = InSource> {
    let ends = prop::sample::select(vec![
        IntervalEnds::Both,
        IntervalEnds::Low,
        IntervalEnds::High,
    ]);
    prop_oneof![
        values().prop_map(InSource::Values),
        (arith(), arith(), ends).prop_map(|(low, high, ends)| InSource::Interval {
            low,
            high,
            ends
        }),
        (duration(), option::of(arith()))
            .prop_map(|(duration, ending)| InSource::Window(Window::Last { duration, ending })),
        duration().prop_map(|duration| InSource::Window(Window::Previous { duration })),
        arith().prop_map(|day| InSource::Window(Window::Since(day))),
    ]
}

fn has_test() -> impl Strategy<Value = HasTest> {
    let not_any = |literal: &Literal| literal.kind != LiteralKind::Word("any".to_owned());
    prop_oneof![
        literal()
            .prop_filter("any must be quoted there", not_any)
            .prop_map(HasTest::One),
        values().prop_map(HasTest::Any),
        values().prop_map(HasTest::All),
        values().prop_map(HasTest::None),
        quoted_text().prop_map(HasTest::Like),
        values().prop_map(|values| HasTest::AtLeast { count: 1, values }),
    ]
}

fn op() -> impl Strategy<Value = CompareOp> {
    prop::sample::select(vec![
        CompareOp::Equal,
        CompareOp::NotEqual,
        CompareOp::Less,
        CompareOp::LessOrEqual,
        CompareOp::Greater,
        CompareOp::GreaterOrEqual,
    ])
}

fn leaf() -> impl Strategy<Value = Expr> {
    let kind = prop_oneof![
        Just(ExprKind::All),
        Just(ExprKind::None),
        path().prop_map(ExprKind::Flag),
        wildcard().prop_map(ExprKind::Flag),
        (path(), any::<bool>()).prop_map(|(path, negated)| ExprKind::Missing { path, negated }),
        (left(), op(), arith()).prop_map(|(left, op, right)| ExprKind::Compare { left, op, right }),
        (path(), any::<bool>(), source()).prop_map(|(path, negated, source)| ExprKind::In {
            path,
            negated,
            source
        }),
        (path(), any::<bool>(), arith(), arith()).prop_map(|(path, negated, low, high)| {
            ExprKind::Between {
                path,
                negated,
                low,
                high,
            }
        }),
        (path(), any::<bool>(), quoted_text()).prop_map(|(path, negated, pattern)| {
            ExprKind::Like {
                path,
                negated,
                pattern,
            }
        }),
        (path(), has_test()).prop_map(|(path, test)| ExprKind::Has { path, test }),
        (wildcard(), 1u32..100).prop_map(|(path, count)| ExprKind::Threshold {
            mode: ThresholdMode::AtLeast,
            count,
            of: ThresholdTerms::Wildcard(path),
        }),
        (path(), option::of(any::<u64>()))
            .prop_map(|(path, version)| ExprKind::Audience { path, version }),
        param().prop_map(ExprKind::Param),
        (quoted_text(), 0u32..=10_000, 0u32..=10_000).prop_map(|(salt, from_bp, to_bp)| {
            ExprKind::Split {
                salt,
                from_bp,
                to_bp,
            }
        }),
        (0u32..=10_000, any::<u64>()).prop_map(|(bp, seed)| ExprKind::Sample { bp, seed }),
        values().prop_map(ExprKind::Ids),
    ];
    kind.prop_map(|kind| Expr { kind, span: span() })
}

fn expr() -> impl Strategy<Value = Expr> {
    leaf().prop_recursive(5, 40, 4, |inner| {
        let mode = prop::sample::select(vec![
            ThresholdMode::AtLeast,
            ThresholdMode::AtMost,
            ThresholdMode::Exactly,
        ]);
        let kind = prop_oneof![
            vec(inner.clone(), 2..4).prop_map(ExprKind::And),
            vec(inner.clone(), 2..4).prop_map(ExprKind::Or),
            vec(inner.clone(), 2..4).prop_map(ExprKind::Except),
            inner
                .clone()
                .prop_map(|inner| ExprKind::Not(Box::new(inner))),
            (mode, 1u32..=2, vec(inner, 2..4)).prop_map(|(mode, count, terms)| {
                ExprKind::Threshold {
                    mode,
                    count,
                    of: ThresholdTerms::Terms(terms),
                }
            }),
        ];
        kind.prop_map(|kind| Expr { kind, span: span() })
    })
}

/// Pieces that texts are made of, joined with and without spaces.
fn soup() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a",
        "年龄",
        "城市",
        "AND",
        "OR",
        "NOT",
        "且",
        "或",
        "非",
        "EXCEPT",
        "IN",
        "属于",
        "BETWEEN",
        "介于",
        "到",
        "HAS",
        "包含任一",
        "ANY",
        "ALL",
        "NONE",
        "LIKE",
        "IS",
        "MISSING",
        "缺失",
        "AT",
        "LEAST",
        "至少",
        "EXACTLY",
        "2",
        "OF",
        "项",
        "LAST",
        "最近",
        "7d",
        "7",
        "天",
        "SINCE",
        "ENDING",
        "today",
        "now",
        "split",
        "sample",
        "ids",
        "top",
        "DID",
        "SUM",
        "min",
        "AS",
        "THEN",
        "(",
        ")",
        "（",
        "）",
        "[",
        "]",
        "【",
        ",",
        "、",
        ".",
        "..",
        "*",
        ".*",
        "/",
        "+",
        "-",
        "--",
        "=",
        "!=",
        "<",
        ">=",
        "≥",
        "==",
        "!",
        "&&",
        ";",
        "%",
        "10%",
        "$",
        "$p",
        "@",
        "@a",
        ":",
        ":v1",
        "'x'",
        "'",
        "\"",
        "“",
        "”",
        "`b c`",
        "`",
        "``",
        "2024-01-01",
        "2024-1-1",
        "3XL",
        "10万",
        "1.5",
        "女且城市",
        "\n",
        "😀",
        "e\u{301}",
        "\u{0}",
    ]);
    vec((piece, any::<bool>()), 0..24).prop_map(|pieces| {
        pieces
            .into_iter()
            .map(|(piece, spaced)| {
                if spaced {
                    format!("{piece} ")
                } else {
                    piece.to_owned()
                }
            })
            .collect()
    })
}

/// Places of a text that has been read or refused.
fn check_text(text: &str) {
    let inside = |span: Span| {
        assert!(
            text.get(span.start as usize..span.end as usize).is_some(),
            "{text:?}: {span:?}"
        );
    };
    match parse(text) {
        Ok(parsed) => {
            inside(parsed.expr.span);
            for warning in &parsed.warnings {
                inside(warning.span);
                let suggestion = warning
                    .suggestion
                    .as_deref()
                    .expect("every warning offers a text");
                assert!(parse(suggestion).is_ok(), "{text:?} offers {suggestion:?}");
                assert!(!warning.render(text).is_empty());
            }
            let printed = print(&parsed.expr);
            let again = parse(&printed).expect("what is printed is a query");
            assert_eq!(
                again.expr.clone().without_spans(),
                parsed.expr.without_spans(),
                "{text:?}"
            );
            assert_eq!(print(&again.expr), printed, "{text:?}");
        }
        Err(error) => {
            inside(error.span);
            assert!(
                !error.remedy.is_empty() && !error.detail.is_empty(),
                "{text:?}"
            );
            if let Some(suggestion) = &error.suggestion {
                assert!(
                    parse(suggestion).is_ok(),
                    "{text:?} suggests {suggestion:?}"
                );
            }
            let shown = error.render(text);
            assert!(
                shown.contains('^') && shown.len() <= text.len() + 4_000,
                "{text:?}"
            );
            position(text, error.span.start);
        }
    }
    let mut end = 0;
    for piece in highlight::tokens(text) {
        inside(piece.span);
        assert!(
            piece.span.start >= end && piece.span.end > piece.span.start,
            "{text:?}"
        );
        end = piece.span.end;
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2_000,
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..ProptestConfig::default()
    })]

    #[test]
    fn what_is_printed_is_read_as_the_same_tree(expr in expr()) {
        let printed = print(&expr);
        match parse(&printed) {
            Ok(parsed) => {
                prop_assert_eq!(print(&parsed.expr), printed.clone());
                prop_assert_eq!(parsed.expr.without_spans(), expr, "{}", printed);
            }
            Err(error) => prop_assert!(false, "{}", error.render(&printed)),
        }
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,40}") {
        check_text(&text);
    }

    #[test]
    fn no_soup_of_tokens_panics(text in soup()) {
        check_text(&text);
    }

    #[test]
    fn no_mutilated_query_panics(expr in expr(), cut in any::<prop::sample::Index>(), insert in soup()) {
        let printed = print(&expr);
        let places: Vec<usize> = (0..=printed.len()).filter(|&at| printed.is_char_boundary(at)).collect();
        let at = places[cut.index(places.len())];
        check_text(&printed[..at]);
        check_text(&printed[at..]);
        check_text(&[&printed[..at], &insert, &printed[at..]].concat());
    }
}

fn refused(text: &str) -> &'static str {
    let error = parse(text).expect_err("too much");
    assert!(error.is_limit(), "{}", error.render(text));
    assert!(
        error.detail.contains(|c: char| c.is_ascii_digit()),
        "the limit is named"
    );
    error.code
}

#[test]
fn nesting_is_bounded_before_it_costs_stack() {
    let parens = |n: usize| format!("{}a{}", "(".repeat(n), ")".repeat(n));
    let nots = |n: usize| format!("{}a", "NOT ".repeat(n));
    let thresholds = |n: usize| format!("{}a{}", "EXACTLY 1 OF (".repeat(n), ", b)".repeat(n));
    assert!(parse(&parens(DEPTH_MAX)).is_ok());
    assert!(parse(&nots(DEPTH_MAX)).is_ok());
    assert!(parse(&thresholds(DEPTH_MAX)).is_ok());
    for n in [DEPTH_MAX + 1, 20_000] {
        assert_eq!(refused(&parens(n)), code::TOO_DEEP);
        assert_eq!(refused(&nots(n)), code::TOO_DEEP);
        assert_eq!(refused(&"(".repeat(n)), code::TOO_DEEP);
    }
    assert_eq!(refused(&thresholds(DEPTH_MAX + 1)), code::TOO_DEEP);
    assert_eq!(refused(&"EXACTLY 1 OF (".repeat(10_000)), code::TOO_DEEP);
}

#[test]
fn operators_without_parentheses_count_too() {
    // Each level is an OR of an AND: the print has twice as many parentheses as the text.
    let alternating = |n: usize| {
        let mut text = "a".to_owned();
        for _ in 0..n {
            text = format!("b OR c AND ({text})");
        }
        text
    };
    let deepest = alternating(DEPTH_MAX / 2);
    let printed = print(&parse(&deepest).expect("just deep enough").expr);
    assert!(parse(&printed).is_ok());
    assert_eq!(refused(&alternating(DEPTH_MAX / 2 + 1)), code::TOO_DEEP);
}

#[test]
fn leaves_are_counted_and_values_are_not() {
    let leaves = |n: usize| vec!["a"; n].join(" OR ");
    assert!(parse(&leaves(LEAVES_MAX)).is_ok());
    assert_eq!(refused(&leaves(LEAVES_MAX + 1)), code::TOO_MANY_LEAVES);
    let values = vec!["a"; LEAVES_MAX * 2].join(", ");
    assert!(parse(&format!("x IN ({values})")).is_ok());
}

#[test]
fn texts_have_a_longest_length() {
    let padded = |n: usize| format!("a{}", " ".repeat(n - 1));
    assert!(parse(&padded(TEXT_BYTES_MAX)).is_ok());
    assert_eq!(refused(&padded(TEXT_BYTES_MAX + 1)), code::TEXT_TOO_LONG);
    let wide = "年".repeat(TEXT_BYTES_MAX);
    assert_eq!(refused(&wide), code::TEXT_TOO_LONG);
}

#[test]
fn warnings_are_bounded() {
    let reversed = vec!["a IN 2..1"; 1_000].join(" AND ");
    assert_eq!(
        parse(&reversed).expect("a query").warnings.len(),
        WARNINGS_MAX
    );
}

#[test]
fn messages_are_bounded_whatever_the_text() {
    for piece in [
        "x y ", "3XL ", "女且 ", "a < b < ", "x' ", "\u{1b}", "annd ", "a IN b, ",
    ] {
        let text = format!("a = {}", piece.repeat(20_000));
        let error = parse(&text).expect_err("no query");
        assert!(error.render(&text).len() < 6_000, "{piece}");
        assert!(
            !error.remedy.contains(char::is_control) && !error.detail.contains(char::is_control)
        );
    }
}
