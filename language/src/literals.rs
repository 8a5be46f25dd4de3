//! Numbers and days of other customs: `30岁`, `10k`, `1万元`, `3e1`, `40%`, `2026/1/5`.

use crate::ast::{CompareOp, Span};
use crate::dates::other_date;
use crate::fold::fold_text;
use crate::lexer::{Token, TokenKind, unquote};
use crate::limits::NUMBER_DIGITS_MAX;
use crate::suggest;
use crate::words::{self, Word};

/// What stands behind a number, and what the number and it may be here; `#` is the number.
const UNITS: &[(&str, &[&str])] = &[
    ("%", &[]),
    ("岁", &["#"]),
    ("元", &["#"]),
    ("块", &["#"]),
    ("块钱", &["#"]),
    ("人民币", &["#"]),
    ("人", &["#"]),
    ("个", &["#"]),
    ("次", &["#"]),
    ("分", &["#"]),
    ("美元", &["#"]),
    ("欧元", &["#"]),
    ("usd", &["#"]),
    ("gbp", &["#"]),
    ("$", &["#"]),
    ("£", &["#"]),
    ("eur", &["#"]),
    ("rmb", &["#"]),
    ("cny", &["#"]),
    ("€", &["#"]),
    ("yo", &["#"]),
    ("百", &["#e2"]),
    ("千", &["#e3"]),
    ("k", &["#e3"]),
    ("m", &["#min", "#mo", "#e6"]),
    ("mil", &["#e6"]),
    ("mm", &["#e6"]),
    ("b", &["#e9"]),
    ("w", &["#万"]),
    ("mon", &["#mo"]),
    ("mth", &["#mo"]),
    ("yr", &["#y"]),
    ("yrs", &["#y"]),
    ("hr", &["#h"]),
    ("hrs", &["#h"]),
    ("天前", &["today - #d"]),
    ("日前", &["today - #d"]),
    ("周前", &["today - #w"]),
    ("个月前", &["today - #mo"]),
    ("年前", &["today - #y"]),
    ("小时前", &["now - #h"]),
    ("分钟前", &["now - #min"]),
    ("星期", &["#w"]),
];
/// Units of a window that are days and months of a calendar elsewhere.
const WINDOW_UNITS: &[(&str, &str)] = &[("日", "d"), ("月", "mo")];

/// A length of a window as people write it: `7日`.
pub(crate) fn window_length(text: &str) -> Option<String> {
    let (digits, unit) = WINDOW_UNITS.iter().find_map(|(unit, ours)| Some((text.strip_suffix(unit)?, ours)))?;
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| format!("{digits}{unit}"))
}

/// What a text that is no number or day here may be, the likeliest first; nothing where it is one, or like none. Quotes
/// around it are looked through.
///
/// ```
/// use muster_language::suggest::literals;
///
/// assert_eq!(literals("30岁"), ["30"]);
/// assert_eq!(literals("2026/1/5"), ["2026-01-05"]);
/// assert_eq!(literals("soon"), [""; 0]);
/// ```
pub fn literals(text: &str) -> Vec<String> {
    let text = text.trim();
    if text.starts_with(['\'', '"', '‘', '’', '“', '”']) {
        let inside = unquote(text);
        let inside = inside.trim();
        return match words::lookup(inside).is_some_and(Word::is_moment) {
            true => vec![inside.to_owned()],
            // A time with an offset stands in quotes already.
            false if is_time_with_offset(inside) => Vec::new(),
            false => match unquoted_literals(inside) {
                none if none.is_empty() => point_of_comma(inside).into_iter().collect(),
                found => found,
            },
        };
    }
    match is_time_with_offset(text) {
        true => vec![suggest::quoted(&fold_text(text))],
        false => unquoted_literals(text),
    }
}

fn unquoted_literals(text: &str) -> Vec<String> {
    match other_date(text).filter(|date| date != text) {
        Some(date) => vec![date],
        None => number_and_unit(&fold_text(text).to_lowercase()).unwrap_or_default(),
    }
}

/// `2024-05-01T18:30:00Z`, `2024-05-01T18:30+0800`
fn is_time_with_offset(text: &str) -> bool {
    let folded = fold_text(text);
    let Some((day, rest)) = folded.split_once(['T', 't', ' ']) else {
        return false;
    };
    let is_day = day.len() == 10 && other_date(day).is_some();
    let offset = rest.find(['Z', 'z', '+', '-']);
    let is_clock =
        |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b':' | b'.'));
    is_day
        && offset.is_some_and(|at| {
            let (clock, zone) = rest.split_at(at);
            let hours = zone[1..].replace(':', "");
            let is_utc = matches!(zone, "Z" | "z");
            is_clock(clock) && (is_utc || matches!(hours.len(), 2 | 4) && hours.bytes().all(|b| b.is_ascii_digit()))
        })
}

/// Digits, perhaps with a point or an exponent, and what follows them.
fn number_and_unit(text: &str) -> Option<Vec<String>> {
    let has_currency = text.starts_with(['¥', '$', '€', '£', '₹']);
    let text = text.trim_start_matches(['¥', '$', '€', '£', '₹']).trim_start();
    let plain = ungrouped(text);
    let (is_other, text) = (plain.is_some() || text.starts_with('.'), plain.as_deref().unwrap_or(text));
    let text = if text.starts_with('.') { format!("0{text}") } else { text.to_owned() };
    let text = text.as_str();
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_')).unwrap_or(text.len());
    let digits = text[..end].replace('_', "");
    if digits.is_empty() || !digits.starts_with(|c: char| c.is_ascii_digit()) || digits.ends_with('.') {
        return None;
    }
    let mut rest = text[end..].trim_start();
    if rest.is_empty() {
        return (digits.len() < end || is_other || has_currency).then(|| vec![digits]);
    }
    if let Some(exponent) = rest.strip_prefix('e').and_then(|rest| rest.parse::<i32>().ok()) {
        return shifted(&digits, exponent).map(|number| vec![number]);
    }
    let multiplied = rest.find(|c| c != '万' && c != '亿').unwrap_or(rest.len());
    let number = format!("{digits}{}", &rest[..multiplied]);
    rest = &rest[multiplied..];
    if rest.is_empty() && text[end..].starts_with(char::is_whitespace) {
        // A blank stands before the unit.
        return Some(vec![number]);
    }
    if rest == "%" {
        return shifted(&digits, -2).map(|share| vec![share, digits]);
    }
    let (_, meant) = UNITS.iter().find(|(unit, _)| *unit == rest)?;
    Some(meant.iter().filter_map(|template| filled(template, &digits, &number)).collect())
}

/// A number without what stands between its thousands: `1,000.50`, `1.000,50`, `1 000`.
fn ungrouped(text: &str) -> Option<String> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || matches!(c, ',' | '.' | ' '))).unwrap_or(text.len());
    let (number, unit) = (text[..end].trim_end(), &text[end..]);
    let grouped = |separator: char, point: char| {
        let (whole, part) = number.split_once(point).unwrap_or((number, ""));
        let mut groups = whole.split(separator);
        let first = groups.next().filter(|first| (1..=3).contains(&first.len()) && is_digits(first))?;
        let rest: Vec<&str> = groups.collect();
        let is_grouped = !rest.is_empty() && rest.iter().all(|group| group.len() == 3 && is_digits(group));
        let is_whole = part.is_empty() || is_digits(part);
        (is_grouped && is_whole).then(|| match part {
            "" => format!("{first}{}{unit}", rest.concat()),
            part => format!("{first}{}.{part}{unit}", rest.concat()),
        })
    };
    let of_points = || grouped('.', ',').filter(|_| number.contains(','));
    grouped(',', '.').or_else(of_points).or_else(|| grouped(' ', '.'))
}

/// `12,5` as `12.5`; three digits behind the comma may be thousands.
pub(crate) fn point_of_comma(text: &str) -> Option<String> {
    let folded = fold_text(text);
    let (whole, part) = folded.split_once(',')?;
    (is_digits(whole) && is_digits(part) && part.len() != 3).then(|| format!("{whole}.{part}"))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn filled(template: &str, digits: &str, number: &str) -> Option<String> {
    match template.strip_prefix("#e") {
        Some(zeros) => shifted(digits, zeros.parse().ok()?),
        None => Some(template.replace('#', number)),
    }
}

/// `digits * 10^places` without an exponent; none where it is too long.
fn shifted(digits: &str, places: i32) -> Option<String> {
    if places.unsigned_abs() as usize > NUMBER_DIGITS_MAX {
        return None;
    }
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let all = format!("{whole}{part}");
    let point = whole.len() as i64 + i64::from(places);
    let (whole, part) = match point {
        ..=0 => ("0".to_owned(), format!("{}{all}", "0".repeat(point.unsigned_abs() as usize))),
        _ if point as usize >= all.len() => (format!("{all}{}", "0".repeat(point as usize - all.len())), String::new()),
        _ => (all[..point as usize].to_owned(), all[point as usize..].to_owned()),
    };
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    let part = part.trim_end_matches('0');
    let is_short = whole.len() + part.len() <= NUMBER_DIGITS_MAX;
    is_short.then(|| if part.is_empty() { whole.to_owned() } else { format!("{whole}.{part}") })
}

/// The truth that a word says of a flag.
pub fn truth(word: &str) -> Option<bool> {
    const YES: &[&str] = &["1", "true", "yes", "y", "on", "是", "有", "对", "真"];
    const NO: &[&str] = &["0", "false", "no", "n", "off", "否", "无", "没有", "错", "假"];
    let is_one_of = |words: &[&str]| words.iter().any(|known| known.eq_ignore_ascii_case(word));
    match (is_one_of(YES), is_one_of(NO)) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    }
}

/// What begins at a token and is a number or day of another custom: its place, and what it may be here.
pub(crate) fn literal_at(text: &str, tokens: &[Token], first: usize) -> Option<(Span, Vec<String>)> {
    let start = tokens[first].span;
    if !matches!(
        tokens[first].kind,
        TokenKind::Number
            | TokenKind::BadNumber
            | TokenKind::Duration
            | TokenKind::Date
            | TokenKind::DateTime
            | TokenKind::Text
            | TokenKind::BareDollar
            | TokenKind::Unknown
            | TokenKind::Dot
    ) {
        return None;
    }
    // Between two ends or behind `=` a comma may part values.
    let is_ordered = first.checked_sub(1).is_some_and(|sign| {
        use CompareOp::{Greater, GreaterOrEqual, Less, LessOrEqual};
        matches!(tokens[sign].kind, TokenKind::Compare(Less | LessOrEqual | Greater | GreaterOrEqual))
    });
    let mut longest = None;
    for token in tokens[first..].iter().take(LITERAL_TOKENS_MAX) {
        if token.kind == TokenKind::End {
            break;
        }
        let span = start.to(token.span);
        if span.end - span.start > LITERAL_BYTES_MAX {
            break;
        }
        let mut found = literals(span.of(text));
        if is_ordered && found.is_empty() {
            found.extend(point_of_comma(span.of(text)));
        }
        let is_cut = tokens.iter().any(|next| next.kind == TokenKind::Percent && next.span.start == span.end);
        if !found.is_empty() && !is_cut {
            longest = Some((span, found));
        }
        if tokens[first].kind == TokenKind::Text {
            break;
        }
    }
    longest
}

/// The longest number or day that is looked at.
const LITERAL_BYTES_MAX: u32 = 64;
/// The most tokens of a number or day: `2024-05-01T18:30:00+08:00`, `$1,234,567.50 USD`.
const LITERAL_TOKENS_MAX: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_days_of_other_customs_are_written_as_here() {
        for (text, expected) in [
            ("30岁", "30"),
            ("1万元", "1万"),
            ("10k", "10000"),
            ("1.5k", "1500"),
            ("3e1", "30"),
            ("1.25e1", "12.5"),
            ("5e-3", "0.005"),
            ("40%", "0.4 40"),
            ("12.5%", "0.125 12.5"),
            ("1m", "1min 1mo 1000000"),
            ("2026/1/5", "2026-01-05"),
            ("2026年1月5日", "2026-01-05"),
            ("2024-05-01T18:30:00+0800", "'2024-05-01T18:30:00+0800'"),
            ("2024-05-01T18:30Z", "'2024-05-01T18:30Z'"),
            ("7天前", "today - 7d"),
            ("'yesterday'", "yesterday"),
            ("'昨天'", "昨天"),
            ("'2026/1/5'", "2026-01-05"),
            ("1_000", "1000"),
            ("1.5 万", "1.5万"),
            ("$12.5", "12.5"),
            ("￥10000", "10000"),
            ("€ 5", "5"),
            ("1,000.50", "1000.50"),
            ("$1,234,567.5", "1234567.5"),
            ("1.000,50", "1000.50"),
            ("10,000元", "10000"),
            ("1 000", "1000"),
            ("'12,5'", "12.5"),
            (".5", "0.5"),
            ("12,5", ""),
            ("1,2,3", ""),
            ("1.000", ""),
            ("6月", ""),
            ("6日", ""),
            ("30", ""),
            ("2026-01-05", ""),
            ("3XL", ""),
            ("1e99", ""),
            ("soon", ""),
            ("", ""),
            ("9e", ""),
        ] {
            assert_eq!(literals(text).join(" "), expected, "{text}");
        }
    }
}
