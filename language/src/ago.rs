//! So long ago: a length of time as people say it, and the moment that it stands for.

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
