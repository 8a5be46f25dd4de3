//! Random trees, and random texts that look like queries.

use muster_language::ast::*;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

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
    vec(name(), 1..4).prop_map(|names| Path { names, wildcard: false, span: span() })
}

fn wildcard() -> impl Strategy<Value = Path> {
    path().prop_map(|path| Path { wildcard: true, ..path })
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec!["", "女", "it's", "Online TA", "--", "“x”", "`", "\n", "\\%_", "''"])
            .prop_map(str::to_owned),
        "\\PC{0,6}",
    ]
}

fn quoted_text() -> impl Strategy<Value = Text> {
    text().prop_map(|text| Text { text, span: span() })
}

fn param() -> impl Strategy<Value = Param> {
    prop::sample::select(vec!["p", "名单", "in", "x_1"]).prop_map(|name| Param { name: name.to_owned(), span: span() })
}

fn number() -> impl Strategy<Value = Number> {
    (0u64..1_000_000_000, 0u8..6, 0usize..3).prop_map(|(digits, scale, zeros)| {
        // The digits that count end in no zero behind the point.
        let digits = if scale > 0 { digits / 10 * 10 + 7 } else { digits };
        let unit = 10u64.pow(u32::from(scale));
        let whole = format!("{}{}", "0".repeat(zeros), digits / unit);
        let text = match scale {
            0 => whole,
            _ => format!("{whole}.{:0width$}", digits % unit, width = usize::from(scale)),
        };
        Number { digits: u128::from(digits), scale, text }
    })
}

fn date() -> impl Strategy<Value = Date> {
    (0u16..=9999, 1u8..=12, 1u8..=28).prop_map(|(year, month, day)| Date { year, month, day })
}

fn date_time() -> impl Strategy<Value = DateTime> {
    (date(), 0u8..24, 0u8..60, 0u8..60).prop_map(|(date, hour, minute, second)| DateTime { date, hour, minute, second })
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
    (any::<bool>(), kind).prop_map(|(negative, kind)| Term { negative, kind, span: span() })
}

fn arith() -> impl Strategy<Value = Arith> {
    vec(term(), 1..4).prop_map(|terms| Arith { terms, span: span() })
}

/// A sum that may stand on the left: not with a text or a parameter alone in front.
fn left() -> impl Strategy<Value = Arith> {
    arith().prop_filter("a text stands on the right", |arith| {
        !matches!(arith.terms[0], Term { negative: false, kind: TermKind::Text(_), .. })
    })
}

fn literal() -> impl Strategy<Value = Literal> {
    let word = prop::sample::select(vec!["女", "ski", "top", "today", "days", "any", "_", "到"]);
    let kind = prop_oneof![
        text().prop_map(LiteralKind::Text),
        word.prop_map(|word| LiteralKind::Word(word.to_owned())),
        (any::<bool>(), number()).prop_map(|(negative, number)| LiteralKind::Number { negative, number }),
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
    let ends = prop::sample::select(vec![IntervalEnds::Both, IntervalEnds::Low, IntervalEnds::High]);
    prop_oneof![
        values().prop_map(InSource::Values),
        (arith(), arith(), ends).prop_map(|(low, high, ends)| InSource::Interval { low, high, ends }),
        (duration(), option::of(arith()))
            .prop_map(|(duration, ending)| InSource::Window(Window::Last { duration, ending })),
        duration().prop_map(|duration| InSource::Window(Window::Previous { duration })),
        arith().prop_map(|day| InSource::Window(Window::Since(day))),
    ]
}

fn has_test() -> impl Strategy<Value = HasTest> {
    let not_any = |literal: &Literal| literal.kind != LiteralKind::Word("any".to_owned());
    prop_oneof![
        literal().prop_filter("any must be quoted there", not_any).prop_map(HasTest::One),
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
        (path(), any::<bool>(), source()).prop_map(|(path, negated, source)| ExprKind::In { path, negated, source }),
        (path(), any::<bool>(), arith(), arith())
            .prop_map(|(path, negated, low, high)| { ExprKind::Between { path, negated, low, high } }),
        (path(), any::<bool>(), quoted_text())
            .prop_map(|(path, negated, pattern)| { ExprKind::Like { path, negated, pattern } }),
        (path(), has_test()).prop_map(|(path, test)| ExprKind::Has { path, test }),
        (wildcard(), 1u32..100).prop_map(|(path, count)| ExprKind::Threshold {
            mode: ThresholdMode::AtLeast,
            count,
            of: ThresholdTerms::Wildcard(path),
        }),
        (path(), option::of(any::<u64>())).prop_map(|(path, version)| ExprKind::Audience { path, version }),
        param().prop_map(ExprKind::Param),
        (quoted_text(), 0u32..=10_000, 0u32..=10_000)
            .prop_map(|(salt, from_bp, to_bp)| { ExprKind::Split { salt, from_bp, to_bp } }),
        (0u32..=10_000, any::<u64>()).prop_map(|(bp, seed)| ExprKind::Sample { bp, seed }),
        values().prop_map(ExprKind::Ids),
    ];
    kind.prop_map(|kind| Expr { kind, span: span() })
}

/// Any tree that the parser can give.
pub(crate) fn expr() -> impl Strategy<Value = Expr> {
    leaf().prop_recursive(5, 40, 4, |inner| {
        let mode = prop::sample::select(vec![ThresholdMode::AtLeast, ThresholdMode::AtMost, ThresholdMode::Exactly]);
        let kind = prop_oneof![
            vec(inner.clone(), 2..4).prop_map(ExprKind::And),
            vec(inner.clone(), 2..4).prop_map(ExprKind::Or),
            vec(inner.clone(), 2..4).prop_map(ExprKind::Except),
            inner.clone().prop_map(|inner| ExprKind::Not(Box::new(inner))),
            (mode, 1u32..=2, vec(inner, 2..4)).prop_map(|(mode, count, terms)| {
                ExprKind::Threshold { mode, count, of: ThresholdTerms::Terms(terms) }
            }),
        ];
        kind.prop_map(|kind| Expr { kind, span: span() })
    })
}

/// Pieces that texts are made of, joined with and without spaces.
pub(crate) fn soup() -> impl Strategy<Value = String> {
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
        pieces.into_iter().map(|(piece, spaced)| if spaced { format!("{piece} ") } else { piece.to_owned() }).collect()
    })
}
