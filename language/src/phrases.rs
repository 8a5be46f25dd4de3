//! Synonyms: what people type for what the language says: one table of phrases, and of units behind numbers.
//!
//! It is no grammar. It is looked at only where a text was refused, by the parser or by who knows the catalog; a phrase
//! is rewritten where it stands, and what comes out is offered only if it is a query, and by the planner only if it can
//! be planned. So a row may be wrong about some texts: it is then of no use to them, but does no harm.

mod table;

use crate::ago;
use crate::ast::Span;
use crate::error::{Error, code};
use crate::fold::fold_text;
use crate::lexer::{Token, TokenKind, tokenize, unquote};
use crate::literals::{literal_at, window_length};
use crate::periods::{period, period_tokens};
use crate::sentence;
use crate::spaced::spaced;
use crate::suggest;
use crate::words::Word;
use table::PHRASES;

/// What a word in capitals stands for in a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    /// The beginning of the text: no token.
    Start,
    /// A path.
    Tag,
    /// A text in quotes: in a replacement the name.
    Quoted,
    /// Values with commas between them, two at least.
    List,
    /// A comparison.
    Sign,
    /// A value, a number, a day: one token, with a sign before it, or a word for a moment.
    Value,
    /// The same, and no length of time: that may be how long ago something is, which turns a comparison around.
    Fixed,
    /// So long ago, `7 days`, `7 days ago`, `7天前`: in a replacement the moment.
    Age,
    /// The same with the word for it, where it is compared with a sign.
    Point,
    /// A month or a year: in a replacement its first or last day.
    Period,
    /// The same as [`Piece::Value`], and no comparison of its own.
    Other,
    /// A day: as [`Piece::Value`], or a moment and a duration.
    Day,
    /// A number.
    Number,
    /// A duration: `7d`, `7 days`.
    Length,
    /// A length, where its tag counts in such a unit: in a replacement the number.
    Counted,
    /// A unit of time.
    Unit,
    /// `$name`.
    Param,
    /// AND or OR.
    Join,
    /// OR.
    Either,
    /// The end of the text, or of what stands in parentheses.
    End,
}

const PIECES: &[(&str, Piece)] = &[
    ("START", Piece::Start),
    ("TAG", Piece::Tag),
    ("QUOTED", Piece::Quoted),
    ("LIST", Piece::List),
    ("COUNTED", Piece::Counted),
    ("SIGN", Piece::Sign),
    ("SIGN2", Piece::Sign),
    ("VALUE", Piece::Value),
    ("OTHER", Piece::Other),
    ("FIXED", Piece::Fixed),
    ("AGE", Piece::Age),
    ("POINT", Piece::Point),
    ("PERIOD", Piece::Period),
    ("DAY", Piece::Day),
    ("NUMBER", Piece::Number),
    ("NUMBER2", Piece::Number),
    ("LENGTH", Piece::Length),
    ("LENGTH2", Piece::Length),
    ("UNIT", Piece::Unit),
    ("PARAM", Piece::Param),
    ("JOIN", Piece::Join),
    ("EITHER", Piece::Either),
    ("END", Piece::End),
];

/// How many texts are read in search of other readings of one.
const READS_MAX: usize = 48;
/// How many readings are given.
const READINGS_MAX: usize = 8;
/// How many phrases of one text are rewritten.
const STEPS_MAX: usize = 6;
/// Longer texts are not looked through: a person types a phrase, a program a list.
const TEXT_BYTES_MAX: usize = 8 * 1024;
/// The most tokens of a text that is looked through.
const TOKENS_MAX: usize = 512;

/// Other readings of a text that was refused, each with a suggestion that is a query; the likeliest first.
///
/// ```
/// let readings = muster_language::readings("city = a or b");
/// assert_eq!(readings[0].suggestion.as_deref(), Some("city = a or city = b"));
/// ```
pub fn readings(text: &str) -> Vec<Error> {
    let mut found = Vec::new();
    if text.len() > TEXT_BYTES_MAX {
        return found;
    }
    let mut waiting = std::collections::VecDeque::from([(text.to_owned(), None::<Error>, 0)]);
    let mut seen = vec![text.to_owned()];
    while let Some((text, first, steps)) = waiting.pop_front() {
        for rewritten in rewrite(&text) {
            if seen.len() > READS_MAX || found.len() >= READINGS_MAX {
                return found;
            }
            if seen.contains(&rewritten.text) {
                continue;
            }
            seen.push(rewritten.text.clone());
            // What is said is about the first phrase: its place is one of the text that was typed.
            let error = first.clone().unwrap_or(rewritten.error);
            if crate::parser::parse_as_written(&rewritten.text).is_ok() && !stands_for_nobody(&rewritten.text) {
                let told = match steps {
                    0 => error.clone(),
                    // What is said of the first phrase alone could not be written so.
                    _ => error.clone().with_whole(&rewritten.text),
                };
                found.push(told.suggest(rewritten.text.clone()));
            }
            if steps + 1 < STEPS_MAX {
                waiting.push_back((rewritten.text, Some(error), steps + 1));
            }
        }
    }
    found
}

/// Whether a corrected text holds NONE as a condition. Whoever typed `level = a or None` meant a value, and not nobody.
pub(crate) fn stands_for_nobody(text: &str) -> bool {
    let tokens = tokenize(text);
    tokens.iter().enumerate().any(|(place, token)| {
        let before = place.checked_sub(1).map(|before| tokens[before]);
        let begins = before.is_none_or(|before| {
            before.kind == TokenKind::LeftParen
                || matches!(before.word(), Some(Word::And | Word::Or | Word::Not | Word::Except))
        });
        token.word() == Some(Word::None) && begins && tokens[place + 1].kind != TokenKind::LeftParen
    })
}

/// A text with one phrase rewritten.
struct Rewritten {
    text: String,
    error: Error,
}

/// The text with each of its phrases rewritten, one at a time.
fn rewrite(text: &str) -> Vec<Rewritten> {
    let tokens = tokenize(text);
    let mut rewritten = Vec::new();
    if tokens.len() > TOKENS_MAX {
        return rewritten;
    }
    let whole = Span::new(0, text.len() as u32);
    let put_whole = |other: String| Rewritten::new(text, whole, &other, other.clone());
    rewritten.extend(sentence::rewritten(text, &tokens).into_iter().map(put_whole));
    let put_spaces = |spaced: String| Rewritten::new(text, whole, spaced.trim(), spaced.clone());
    rewritten.extend(spaced(text, &tokens, phrase_words()).into_iter().map(put_spaces));
    let folded = fold_text(text).to_lowercase();
    for (pattern, meant) in PHRASES.iter().filter(|(pattern, _)| can_match(&folded, pattern)) {
        for first in 0..tokens.len() {
            let Some(pieces) = matched(text, &tokens, first, pattern) else {
                continue;
            };
            let span = span_of(&pieces);
            for template in *meant {
                let mut instead = fill(text, template, &pieces);
                if template.matches("TAG").count() > 1 && is_negated(text, &tokens, first) {
                    instead = format!("({instead})");
                }
                let replaced = match instead.is_empty() {
                    true => suggest::replace(text, span, ""),
                    false => suggest::replace_word(text, span, &instead),
                };
                rewritten.push(Rewritten::new(text, span, &instead, replaced));
            }
            break;
        }
    }
    for first in 0..tokens.len() {
        let is_window = first.checked_sub(1).is_some_and(|before| is_window_word(text, tokens[before]));
        if let (true, Some(length)) = (is_window, window_length(tokens[first].span.of(text))) {
            let span = tokens[first].span;
            rewritten.push(Rewritten::new(text, span, &length, suggest::replace(text, span, &length)));
        }
        if let Some((span, literals)) = literal_at(text, &tokens, first) {
            // What is so long ago may be compared with words that look from now: those are asked first.
            let is_moment = literals.iter().any(|literal| ago::is_moment_back(literal));
            if is_moment && !ago::may_stand(&tokens, first) {
                continue;
            }
            let put = |instead: &String| Rewritten::new(text, span, instead, suggest::replace(text, span, instead));
            rewritten.extend(literals.iter().map(put));
        }
    }
    rewritten
}

/// Whether NOT stands before a token: it was meant of the whole phrase, and would take the first of two conditions.
fn is_negated(text: &str, tokens: &[Token], first: usize) -> bool {
    let before = first.checked_sub(1).map(|before| tokens[before]);
    before.is_some_and(|token| token.word() == Some(Word::Not) || matches!(token.span.of(text), "!" | "！" | "¬" | "~"))
}

/// Whether a length follows a word of windows: 近 7日 are seven days, and > 7日 the seventh of a month.
fn is_window_word(text: &str, token: Token) -> bool {
    matches!(token.word(), Some(Word::Last | Word::Previous)) || matches!(token.span.of(text), "近" | "过去" | "past")
}

/// The words of all patterns that stand for themselves.
fn phrase_words() -> impl Iterator<Item = &'static str> {
    PHRASES.iter().flat_map(|(pattern, _)| pattern.split([' ', '|']))
}

/// Whether a text holds every word of a pattern somewhere: most texts hold none, which is told soon.
fn can_match(folded: &str, pattern: &str) -> bool {
    pattern.split(' ').all(|word| {
        PIECES.iter().any(|(name, _)| *name == word)
            || word.split('|').any(|word| word == "''" || folded.contains(word))
    })
}

impl Rewritten {
    fn new(text: &str, span: Span, instead: &str, rewritten: String) -> Rewritten {
        let written = span.of(text);
        let remedy = match instead {
            "" => "remove it".to_owned(),
            instead => format!("did you mean {instead}?"),
        };
        let error = Error::new(code::FOREIGN, span, remedy, format!("`{written}` is said otherwise in this language"));
        Rewritten { text: rewritten.trim().to_owned(), error }
    }
}

/// A piece of a pattern and the tokens that it stands for.
struct Matched<'p> {
    name: &'p str,
    span: Span,
}

/// From the first piece to the last; the end of the text is no part of it.
fn span_of(pieces: &[Matched<'_>]) -> Span {
    let last = pieces.iter().rev().find(|piece| piece.name != "END").unwrap_or(&pieces[0]);
    pieces[0].span.to(last.span)
}

/// The pieces of a pattern that begins at a token.
fn matched<'p>(text: &str, tokens: &[Token], first: usize, pattern: &'p str) -> Option<Vec<Matched<'p>>> {
    let mut at = first;
    let mut pieces: Vec<Matched<'p>> = Vec::new();
    for word in pattern.split(' ') {
        let count = match PIECES.iter().find(|(name, _)| *name == word) {
            Some((_, piece)) => piece_tokens(text, tokens, at, *piece)?,
            None => word.split('|').any(|word| is_word(text, tokens[at], word)).then_some(1)?,
        };
        let end = tokens[at + count.saturating_sub(1)].span;
        pieces.push(Matched { name: word, span: tokens[at].span.to(end) });
        at += count;
        if at >= tokens.len() {
            at = tokens.len() - 1;
        }
    }
    // `2024` of `2024-05` is no value of its own.
    let is_cut = matches!(tokens[at].kind, TokenKind::Minus | TokenKind::Slash)
        && tokens[at].span.start > 0
        && pieces.last().is_some_and(|last| last.name != "END" && last.span.end == tokens[at].span.start);
    (!is_cut).then_some(pieces)
}

fn is_word(text: &str, token: Token, word: &str) -> bool {
    let written = token.span.of(text);
    !matches!(token.kind, TokenKind::Text | TokenKind::QuotedName | TokenKind::End)
        && fold_text(written).eq_ignore_ascii_case(word)
        || token.kind == TokenKind::Text && unquote(written).is_empty() && word == "''"
}

/// How many tokens a piece takes; none where it does not fit.
fn piece_tokens(text: &str, tokens: &[Token], at: usize, piece: Piece) -> Option<usize> {
    let token = tokens[at];
    let kind_after = |count: usize| tokens.get(at + count).map_or(TokenKind::End, |token| token.kind);
    match piece {
        Piece::Start => (at == 0).then_some(0),
        Piece::Tag => path_tokens(tokens, at),
        Piece::Quoted => (token.kind == TokenKind::Text).then_some(1),
        Piece::List => list_tokens(text, tokens, at),
        Piece::Sign => matches!(token.kind, TokenKind::Compare(_)).then_some(1),
        Piece::Value if period_tokens(text, tokens, at).is_some_and(|count| count > 1) => {
            period_tokens(text, tokens, at)
        }
        Piece::Value if token.kind == TokenKind::Minus => {
            matches!(kind_after(1), TokenKind::Number | TokenKind::Duration).then_some(2)
        }
        Piece::Value => match token.kind {
            TokenKind::Name(Some(Word::And | Word::Or | Word::Not | Word::Except)) => None,
            TokenKind::Name(_) if is_moment(token) => Some(1),
            TokenKind::Name(_) | TokenKind::QuotedName => path_tokens(tokens, at),
            _ => literal_at(text, tokens, at)
                .map(|(span, _)| tokens[at..].iter().take_while(|token| token.span.end <= span.end).count())
                .filter(|count| *count > 0)
                .or_else(|| is_plain_value(token.kind).then_some(1)),
        },
        Piece::Fixed if ago::is_length(text, tokens, at) => None,
        Piece::Fixed => piece_tokens(text, tokens, at, Piece::Value),
        Piece::Age => ago::age(text, tokens, at).map(|age| age.tokens),
        Piece::Point if !ago::may_stand(tokens, at) => None,
        Piece::Point => ago::age(text, tokens, at).filter(|age| age.is_said).map(|age| age.tokens),
        Piece::Period => period_tokens(text, tokens, at),
        Piece::Other => piece_tokens(text, tokens, at, Piece::Value)
            .filter(|count| !matches!(kind_after(*count), TokenKind::Compare(_) | TokenKind::LeftParen)),
        Piece::Day if is_moment(token) => {
            let is_moved =
                matches!(kind_after(1), TokenKind::Minus | TokenKind::Plus) && kind_after(2) == TokenKind::Duration;
            Some(if is_moved { 3 } else { 1 })
        }
        Piece::Day => matches!(token.kind, TokenKind::Date | TokenKind::DateTime | TokenKind::Text).then_some(1),
        Piece::Number => matches!(token.kind, TokenKind::Number).then_some(1),
        Piece::Counted | Piece::Length => match token.kind {
            TokenKind::Duration => Some(1),
            TokenKind::Number if matches!(kind_after(1), TokenKind::Name(Some(Word::Unit(_)))) => Some(2),
            _ => None,
        },
        Piece::Unit => matches!(token.word(), Some(Word::Unit(_))).then_some(1),
        Piece::Param => matches!(token.kind, TokenKind::Param).then_some(1),
        Piece::Join => matches!(token.word(), Some(Word::And | Word::Or)).then_some(1),
        Piece::Either => (token.word() == Some(Word::Or) || token.span.of(text) == "或者").then_some(1),
        Piece::End => matches!(token.kind, TokenKind::End | TokenKind::RightParen).then_some(1),
    }
}

fn is_moment(token: Token) -> bool {
    token.word().is_some_and(Word::is_moment)
}

fn is_plain_value(kind: TokenKind) -> bool {
    use TokenKind::*;
    matches!(kind, Number | BadNumber | Duration | Date | DateTime | Text | Param)
}

/// `value , value { , value }`
fn list_tokens(text: &str, tokens: &[Token], at: usize) -> Option<usize> {
    let mut count = piece_tokens(text, tokens, at, Piece::Value)?;
    let mut is_list = false;
    while tokens.get(at + count).is_some_and(|token| token.kind == TokenKind::Comma) {
        // A comma inside of digits belongs to one number.
        let comma = tokens[at + count].span;
        let is_digit = |place: usize| tokens[place].kind == TokenKind::Number;
        let is_glued = tokens[at + count - 1].span.end == comma.start && tokens[at + count + 1].span.start == comma.end;
        if is_glued && is_digit(at + count - 1) && is_digit(at + count + 1) {
            return None;
        }
        count += 1 + piece_tokens(text, tokens, at + count + 1, Piece::Value)?;
        is_list = true;
    }
    is_list.then_some(count)
}

/// `name { . name }`
fn path_tokens(tokens: &[Token], at: usize) -> Option<usize> {
    let is_name = |token: &Token| match token.kind {
        TokenKind::QuotedName => true,
        TokenKind::Name(word) => word.is_none_or(|word| !word.is_reserved() && !word.is_moment()),
        _ => false,
    };
    if !is_name(&tokens[at]) {
        return None;
    }
    let mut count = 1;
    while tokens[at + count].kind == TokenKind::Dot && is_name(&tokens[at + count + 1]) {
        count += 2;
    }
    Some(count)
}

/// A replacement with the pieces in the place of their names.
fn fill(text: &str, template: &str, pieces: &[Matched<'_>]) -> String {
    let mut filled = String::with_capacity(template.len() + 16);
    let mut rest = template;
    while !rest.is_empty() {
        let is_inside = rest.starts_with('#');
        let name = &rest[usize::from(is_inside)..];
        let length = name.find(|c: char| !c.is_ascii_uppercase() && !c.is_ascii_digit()).unwrap_or(name.len());
        let is_edge = matches!(&name[..length], "FIRSTDAY" | "FINALDAY");
        let wanted = if is_edge { "PERIOD" } else { &name[..length] };
        match pieces.iter().find(|piece| piece.name == wanted) {
            Some(piece) if is_edge => {
                let (first, last) = period(piece.span.of(text)).unwrap_or_default();
                filled.push_str(if name.starts_with("FIRST") { &first } else { &last });
                rest = &name[length..];
            }
            Some(piece) if length > 0 => {
                let written = piece.span.of(text);
                let age = matches!(piece.name, "AGE" | "POINT").then(|| ago::moment(written)).flatten();
                let named = (piece.name == "QUOTED").then(|| suggest::name(&unquote(written)));
                let counted = (piece.name == "COUNTED").then(|| counted(text, pieces, written)).flatten();
                let written = age.or(named).or(counted).unwrap_or_else(|| written.to_owned());
                let written = written.as_str();
                match is_inside {
                    true => filled.push_str(&inside_quotes(written)),
                    false => filled.push_str(written),
                }
                rest = &name[length..];
            }
            _ if length > 0 => {
                filled.push_str(&name[..length]);
                rest = &name[length..];
            }
            _ => {
                let next = rest.chars().next().map_or(1, char::len_utf8);
                filled.push_str(&rest[..next]);
                rest = &rest[next..];
            }
        }
    }
    filled
}

/// The number of a length for the tag of a phrase, or what no query holds.
fn counted(text: &str, pieces: &[Matched<'_>], written: &str) -> Option<String> {
    let tag = pieces.iter().find(|piece| piece.name == "TAG")?;
    Some(ago::counted(tag.span.of(text), written).unwrap_or_else(|| "?".to_owned()))
}

/// A value as a part of a pattern in single quotes.
fn inside_quotes(written: &str) -> String {
    let value = match written.chars().next() {
        Some('\'' | '"' | '“' | '‘' | '”' | '’' | '`') => unquote(written),
        _ => written.to_owned(),
    };
    value.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_").replace('\'', "''")
}
