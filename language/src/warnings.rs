//! Warnings about what was read that need to know the kind of a tag: whoever knows it asks here.

use crate::ast::{Expr, ExprKind, InSource, LiteralKind, ValueList};
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
    let (LiteralKind::Number { .. }, LiteralKind::Number { .. }) = (&low.kind, &high.kind) else {
        return None;
    };
    let [a, b]: [f64; 2] = [low.text().parse().ok()?, high.text().parse().ok()?];
    if a >= b {
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
