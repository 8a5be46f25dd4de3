//! Laws: what is printed is read as the same tree; no text panics; places lie in the text; limits hold.

mod trees;

use muster_language::ast::Span;
use muster_language::limits::{DEPTH_MAX, LEAVES_MAX, TEXT_BYTES_MAX, WARNINGS_MAX};
use muster_language::{code, highlight, parse, position, print};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

use trees::{expr, soup};

/// Places of a text that has been read or refused.
fn check_text(text: &str) {
    let inside = |span: Span| {
        assert!(text.get(span.start as usize..span.end as usize).is_some(), "{text:?}: {span:?}");
    };
    match parse(text) {
        Ok(parsed) => {
            inside(parsed.expr.span);
            for warning in &parsed.warnings {
                inside(warning.span);
                let suggestion = warning.suggestion.as_deref().expect("every warning offers a text");
                assert!(parse(suggestion).is_ok(), "{text:?} offers {suggestion:?}");
                assert!(!warning.render(text).is_empty());
            }
            let printed = print(&parsed.expr);
            let again = parse(&printed).expect("what is printed is a query");
            assert_eq!(again.expr.clone().without_spans(), parsed.expr.without_spans(), "{text:?}");
            assert_eq!(print(&again.expr), printed, "{text:?}");
        }
        Err(error) => {
            inside(error.span);
            assert!(!error.remedy.is_empty() && !error.detail.is_empty(), "{text:?}");
            if let Some(suggestion) = &error.suggestion {
                assert!(parse(suggestion).is_ok(), "{text:?} suggests {suggestion:?}");
            }
            let shown = error.render(text);
            assert!(shown.contains('^') && shown.len() <= text.len() + 4_000, "{text:?}");
            position(text, error.span.start);
        }
    }
    let mut end = 0;
    for piece in highlight::tokens(text) {
        inside(piece.span);
        assert!(piece.span.start >= end && piece.span.end > piece.span.start, "{text:?}");
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
    assert!(error.detail.contains(|c: char| c.is_ascii_digit()), "the limit is named");
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
    assert_eq!(parse(&reversed).expect("a query").warnings.len(), WARNINGS_MAX);
}

#[test]
fn messages_are_bounded_whatever_the_text() {
    for piece in ["x y ", "3XL ", "女且 ", "a < b < ", "x' ", "\u{1b}", "annd ", "a IN b, "] {
        let text = format!("a = {}", piece.repeat(20_000));
        let error = parse(&text).expect_err("no query");
        assert!(error.render(&text).len() < 6_000, "{piece}");
        assert!(!error.remedy.contains(char::is_control) && !error.detail.contains(char::is_control));
    }
}
