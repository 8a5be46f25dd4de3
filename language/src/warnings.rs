//! Warnings about what was read that need to know the kind of a tag: whoever knows it asks here.

use std::cmp::Ordering;

use crate::ast::{CompareOp, Expr, ExprKind, InSource, LiteralKind, Number, TermKind, ValueList};
use crate::error::{Warning, code};
use crate::suggest::replace;

/// `age IN (25, 35)` is two ages; where the tag is a number, an interval may have been meant.
///
/// None if `expr` is anything but `IN` with a list of exactly two numbers, the first below the second. `text` is the
/// whole text that `expr` was read from.
pub fn two_numbers(text: &str, expr: &Expr) -> Option<Warning> {
    let ExprKind::In { source: InSource::Values(ValueList::Values(values)), .. } = &expr.kind else {
        return None;
    };
    let [low, high] = values.as_slice() else {
        return None;
    };
    let (
        LiteralKind::Number { negative: low_negative, number: low_number },
        LiteralKind::Number { negative: high_negative, number: high_number },
    ) = (&low.kind, &high.kind)
    else {
        return None;
    };
    if order((*low_negative, low_number), (*high_negative, high_number)) != Ordering::Less {
        return None;
    }
    let interval = format!("{low}..{high}");
    let span = low.span.to(high.span);
    // The parentheses around the two values go with them.
    let opening = text.get(..span.start as usize)?.rfind(['(', '（'])?;
    let closing = span.end as usize + text.get(span.end as usize..)?.find([')', '）'])?;
    let closing_bytes = text[closing..].chars().next().map_or(0, char::len_utf8);
    let list = crate::ast::Span::new(opening as u32, (closing + closing_bytes) as u32);
    let before = if text[..opening].ends_with(char::is_whitespace) { "" } else { " " };
    let suggestion = replace(text, list, &format!("{before}{interval}"));
    Some(Warning {
        code: code::TWO_NUMBERS,
        message: format!("these are two values; for all between them write IN {interval}"),
        span,
        suggestion: Some(suggestion),
    })
}

/// `spend IN (1,000, 2,000)` is four numbers: some commas stand between digits where others have a blank behind them,
/// or a number begins with a zero that only a group of three has.
pub fn glued_commas(text: &str, expr: &Expr) -> Option<Warning> {
    let ExprKind::In { source: InSource::Values(ValueList::Values(values)), .. } = &expr.kind else {
        return None;
    };
    let is_number = |kind: &LiteralKind| matches!(kind, LiteralKind::Number { .. });
    let pairs = values.windows(2).filter(|pair| is_number(&pair[0].kind) && is_number(&pair[1].kind));
    let between: Vec<_> = pairs.map(|pair| (pair[1].span, pair[0].span.end + 1 == pair[1].span.start)).collect();
    let glued = || between.iter().filter(|(_, is_glued)| *is_glued).map(|(span, _)| *span);
    let is_group = |digits: &str| digits.len() == 3 && digits.bytes().all(|byte| byte.is_ascii_digit());
    let is_mixed = glued().next().is_some() && between.iter().any(|(_, is_glued)| !is_glued);
    if !is_mixed && !glued().any(|span| is_group(span.of(text)) && span.of(text).starts_with('0')) {
        return None;
    }
    let span = values.first()?.span.to(values.last()?.span);
    // What is no group of three may be a fraction, or a value: that is left to who wrote it.
    let suggestion = glued().all(|span| is_group(span.of(text))).then(|| {
        let mut joined = text.to_owned();
        let starts: Vec<usize> = glued().map(|span| span.start as usize).collect();
        for start in starts.into_iter().rev() {
            if let Some((comma, _)) = joined[..start].char_indices().next_back() {
                joined.replace_range(comma..start, "");
            }
        }
        joined
    });
    Some(Warning {
        code: code::GLUED_COMMAS,
        message: format!("these are {} values: a comma stands between values, not inside a number", values.len()),
        span,
        suggestion,
    })
}

/// `age = 20-30` is what remains of 20 without 30; an interval may have been meant. Beside a sign of order neither end
/// is certain, and with blanks around it the minus is likelier one.
pub fn difference(text: &str, expr: &Expr) -> Option<Warning> {
    let ExprKind::Compare { left, op, right } = &expr.kind else {
        return None;
    };
    let is_ordered = !matches!(op, CompareOp::Equal | CompareOp::NotEqual);
    left.as_path()?;
    let [low, high] = right.terms.as_slice() else {
        return None;
    };
    let (TermKind::Number(first), TermKind::Number(second)) = (&low.kind, &high.kind) else {
        return None;
    };
    if low.negative || !high.negative {
        return None;
    }
    if is_ordered {
        return (!right.span.of(text).contains(char::is_whitespace)).then(|| Warning {
            code: code::TWO_NUMBERS,
            message: "this is one number, the difference of two; for all between two write IN and the two ends"
                .to_owned(),
            span: right.span,
            suggestion: None,
        });
    }
    if order((false, first), (false, second)) != Ordering::Less {
        return None;
    }
    let word = if *op == CompareOp::Equal { "IN" } else { "NOT IN" };
    let interval = format!("{} {word} {}..{}", left.span.of(text), first.text, second.text);
    Some(Warning {
        code: code::TWO_NUMBERS,
        message: format!("this is one number, the difference of two; for all between them write {interval}"),
        span: right.span,
        suggestion: Some(replace(text, expr.span, &interval)),
    })
}

/// The order of two numbers, each with whether it is negative; exact, since two of 19 digits may differ in the last.
fn order((a_negative, a): (bool, &Number), (b_negative, b): (bool, &Number)) -> Ordering {
    let scale = a.scale.max(b.scale);
    // Whole and fraction apart: digits of both kinds fit 128 bits, brought to one scale together they need not.
    let parts = |number: &Number| {
        let unit = 10u128.pow(u32::from(number.scale));
        (number.digits / unit, number.digits % unit * 10u128.pow(u32::from(scale - number.scale)))
    };
    match (a_negative && a.digits > 0, b_negative && b.digits > 0) {
        (false, false) => parts(a).cmp(&parts(b)),
        (true, true) => parts(b).cmp(&parts(a)),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
    }
}

#[cfg(test)]
mod tests {
    use super::{difference, glued_commas, two_numbers};

    #[test]
    fn commas_inside_numbers_and_differences_are_told() {
        let of = |text: &str| {
            let expr = crate::parse(text).expect("a query").expr;
            let warning = glued_commas(text, &expr).or_else(|| difference(text, &expr));
            warning.map(|warning| warning.suggestion.unwrap_or_default())
        };
        for (text, meant) in [
            ("spend IN (1,000, 2,000)", Some("spend IN (1000, 2000)")),
            ("spend IN (1,000)", Some("spend IN (1000)")),
            ("spend IN (1,000,2,000)", Some("")),
            ("spend IN (1,5, 2,5)", Some("")),
            ("spend NOT IN (12,500, 7)", Some("spend NOT IN (12500, 7)")),
            ("spend IN (1, 2, 3)", None),
            ("spend IN (100,200,300)", None),
            ("age = 20-30", Some("age IN 20..30")),
            ("age != 20 - 30", Some("age NOT IN 20..30")),
            ("age = 30-20", None),
            ("age = 20", None),
            ("age > 20-30", Some("")),
            ("age < 40-30", Some("")),
            ("age < 40 - 30", None),
        ] {
            assert_eq!(of(text).as_deref(), meant, "{text}");
        }
    }

    fn is_interval(text: &str) -> bool {
        two_numbers(text, &crate::parse(text).expect("a query").expr).is_some()
    }

    #[test]
    fn two_rising_numbers_may_have_been_meant_as_an_interval() {
        for text in [
            "age IN (25, 35)",
            "age IN (-35, -25)",
            "age IN (-1, 0.5)",
            "acct IN (1577134800018226901, 1577134800018226902)",
            "x IN (0.5, 0.50000000000000000001)",
            "x IN (1, 99999999999999999999999999999999999999)",
        ] {
            assert!(is_interval(text), "{text}");
        }
        for text in ["age IN (35, 25)", "age IN (25, 25.0)", "age IN (-25, -35)", "age IN (1, 2, 3)", "age IN (0, -0)"]
        {
            assert!(!is_interval(text), "{text}");
        }
    }
}
