//! Relative time, so long ago: a length of time as people say it, and the moment that it stands for.

use crate::ast::DurationUnit;
use crate::lexer::{Token, TokenKind, tokenize};
use crate::literals::{literal_at, literals};
use crate::words::{Word, lookup};

/// The words behind a length that make it a moment.
const AGO: &[&str] = &["ago", "前", "以前", "之前"];

/// A length of time, with or without the word that makes it a moment.
pub(crate) struct Age {
    /// How many tokens it takes.
    pub tokens: usize,
    /// Whether the word is there.
    pub is_said: bool,
}

/// The length of time that begins at a token.
pub(crate) fn age(text: &str, tokens: &[Token], at: usize) -> Option<Age> {
    if let Some(length) = length_tokens(tokens, at) {
        let behind = tokens.get(at + length).is_some_and(|token| is_ago(token.span.of(text)));
        return Some(Age { tokens: length + usize::from(behind), is_said: behind });
    }
    let (span, found) = literal_at(text, tokens, at)?;
    found.first().filter(|literal| is_moment_back(literal))?;
    let count =
        tokens[at..].iter().take_while(|token| token.span.end <= span.end && token.kind != TokenKind::End).count();
    Some(Age { tokens: count, is_said: true })
}

/// Whether what begins at a token is, or may be read as, a length of time.
pub(crate) fn is_length(text: &str, tokens: &[Token], at: usize) -> bool {
    let is_duration =
        |literal: &String| tokenize(literal).first().is_some_and(|token| token.kind == TokenKind::Duration);
    let at = if tokens[at].kind == TokenKind::Minus && at + 1 < tokens.len() { at + 1 } else { at };
    age(text, tokens, at).is_some()
        || literal_at(text, tokens, at).is_some_and(|(_, found)| found.iter().any(is_duration))
}

/// The moment of a length as it was written: days from today, hours and minutes from now.
pub(crate) fn moment(written: &str) -> Option<String> {
    if let Some(moment) = literals(written).into_iter().find(|literal| is_moment_back(literal)) {
        return Some(moment);
    }
    let tokens = tokenize(written);
    let count = length_tokens(&tokens, 0)?;
    let length = tokens[0].span.to(tokens[count - 1].span).of(written);
    Some(format!("{} - {length}", base(length)))
}

/// The number that a length is for a tag of that name: `7d` is 7 beside a tag that counts days, and so is `1w`. None
/// where the name says another unit, or none and the length counts no days.
pub fn counted(name: &str, length: &str) -> Option<String> {
    let tokens = tokenize(length.trim());
    let is_whole = length_tokens(&tokens, 0).is_some_and(|count| tokens[count].kind == TokenKind::End);
    let length = length.trim();
    let digits = &length[..length.find(|c: char| !c.is_ascii_digit())?];
    let Some(Word::Unit(unit)) = lookup(length[digits.len()..].trim_start()).filter(|_| is_whole) else {
        return None;
    };
    let count: u64 = digits.parse().ok()?;
    match (unit_of_name(name).unwrap_or(DurationUnit::Day), unit) {
        (named, unit) if named == unit => Some(count.to_string()),
        (DurationUnit::Day, DurationUnit::Week) if unit_of_name(name).is_some() => {
            count.checked_mul(7).map(|days| days.to_string())
        }
        _ => None,
    }
}

/// The unit that a name says its numbers count in.
fn unit_of_name(name: &str) -> Option<DurationUnit> {
    const CHINESE: &[(&str, DurationUnit)] = &[
        ("天", DurationUnit::Day),
        ("周", DurationUnit::Week),
        ("月", DurationUnit::Month),
        ("年", DurationUnit::Year),
        ("龄", DurationUnit::Year),
        ("小时", DurationUnit::Hour),
        ("分钟", DurationUnit::Minute),
    ];
    let words = name.split(|c: char| !c.is_ascii_alphabetic());
    let mut found = words.filter_map(|word| match lookup(word) {
        Some(Word::Unit(unit)) if word.len() > 2 => Some(unit),
        _ => word.eq_ignore_ascii_case("age").then_some(DurationUnit::Year),
    });
    found.next().or_else(|| CHINESE.iter().find(|(word, _)| name.contains(word)).map(|&(_, unit)| unit))
}

/// What a length is counted back from.
pub fn base(length: &str) -> &'static str {
    let unit = length.trim_start_matches(|c: char| !c.is_alphabetic());
    match lookup(unit) {
        Some(Word::Unit(DurationUnit::Minute | DurationUnit::Hour)) => "now",
        _ => "today",
    }
}

/// `today - 7d`, `now - 2h`
pub(crate) fn is_moment_back(literal: &str) -> bool {
    literal.starts_with("today - ") || literal.starts_with("now - ")
}

/// Whether a moment at a token is compared as it stands: behind a sign or a word of the language, not behind `at least`
/// or 超过, which may look from now.
pub(crate) fn may_stand(tokens: &[Token], at: usize) -> bool {
    at.checked_sub(1).is_some_and(|before| match tokens[before].kind {
        TokenKind::Name(word) => word.is_some_and(|word| word.is_reserved() || matches!(word, Word::To | Word::Since)),
        TokenKind::QuotedName => false,
        _ => true,
    })
}

fn length_tokens(tokens: &[Token], at: usize) -> Option<usize> {
    let is_unit = |token: &Token| matches!(token.word(), Some(Word::Unit(_)));
    match tokens[at].kind {
        TokenKind::Duration => Some(1),
        TokenKind::Number if tokens.get(at + 1).is_some_and(is_unit) => Some(2),
        _ => None,
    }
}

fn is_ago(word: &str) -> bool {
    AGO.iter().any(|ago| ago.eq_ignore_ascii_case(word))
}
