//! Months and years where a day belongs: `2025-06`, `2025年6月`, `2025`.

use crate::dates::days_in_month;
use crate::fold::fold_text;
use crate::lexer::{Token, TokenKind};

/// The years that a bare number of four digits may be.
const YEARS: std::ops::RangeInclusive<u16> = 1900..=2099;
/// The most tokens of a month: `2025 - 06`.
const TOKENS_MAX: usize = 4;

/// The first and the last day of a month or a year as people write it. None for anything else.
///
/// ```
/// use muster_language::suggest::period;
///
/// assert_eq!(period("2024-02"), Some(("2024-02-01".into(), "2024-02-29".into())));
/// assert_eq!(period("2025年"), Some(("2025-01-01".into(), "2025-12-31".into())));
/// assert_eq!(period("30"), None);
/// ```
pub fn period(text: &str) -> Option<(String, String)> {
    let folded = fold_text(text);
    let plain = folded.trim_end_matches(['年', '月']);
    let mut parts = plain.split(['-', '/', '.', '年']);
    let (year, month) = (parts.next()?, parts.next());
    let is_number =
        |part: &str, lengths: &[usize]| lengths.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    if parts.next().is_some() || !is_number(year, &[4]) || folded.contains('月') && month.is_none() {
        return None;
    }
    let year = year.parse().ok().filter(|year| YEARS.contains(year))?;
    let (first, last) = match month {
        Some(month) if !is_number(month, &[1, 2]) => return None,
        Some(month) => (month.parse().ok()?, month.parse().ok()?),
        None => (1, 12),
    };
    let days = days_in_month(year, last);
    (days > 0).then(|| (format!("{year}-{first:02}-01"), format!("{year}-{last:02}-{days}")))
}

/// How many tokens a month or year takes that begins at a token; nothing where it goes on.
pub(crate) fn period_tokens(text: &str, tokens: &[Token], at: usize) -> Option<usize> {
    let is_glued = |index: usize| {
        tokens
            .get(index)
            .is_some_and(|token| token.kind != TokenKind::End && token.span.start == tokens[index - 1].span.end)
    };
    let mut count = 1;
    while is_glued(at + count) && !matches!(tokens[at + count].kind, TokenKind::RightParen | TokenKind::Comma) {
        count += 1;
        if count > TOKENS_MAX {
            return None;
        }
    }
    let span = tokens[at].span.to(tokens[at + count - 1].span);
    period(span.of(text)).map(|_| count)
}
