//! Warnings about what was read that need to know the kind of a tag: whoever knows it asks here.

use std::cmp::Ordering;

use crate::ast::{Expr, ExprKind, InSource, LiteralKind, Number, ValueList};
use crate::error::{Warning, code};
use crate::suggest::replace;

/// `age IN (25, 35)` is two ages; where the tag is a number, an interval may have been meant.
///
/// None if `expr` is anything but `IN` with a list of exactly two numbers, the first below the second. `text` is the whole
/// text that `expr` was read from.
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
    use super::two_numbers;

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
