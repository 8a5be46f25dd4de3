//! Error correction: a second look at a whole text that is no query.
//!
//! A corrected text is offered only if it is a query: [`complete`] corrects on where a first correction uncovers a
//! second error, and gives up the suggestion where that does not lead to a query.

use crate::ast::Span;
use crate::error::{Error, code};
use crate::lexer::{Token, TokenKind, tokenize};
use crate::phrases;
use crate::suggest;

use super::parse_as_written;

/// What is so near to a place is about the same words.
const BESIDE_BYTES: u32 = 24;
/// How many errors of one text are corrected in a row.
const CORRECTIONS_MAX: usize = 8;
/// Words that may be misspelt between names, where nothing else can stand.
const JOINING_WORDS: &[&str] = &["AND", "NOT", "EXCEPT", "BETWEEN", "LIKE", "HAS", "EXACTLY"];
/// Words of other languages that mean something else than the word they are near to: RLIKE finds a part, LIKE the
/// whole.
const FOREIGN_WORDS: &[&str] = &["rlike", "ilike", "nand", "nor", "xor", "xnor"];
/// A shorter name is near to too many words.
const MISSPELT_CHARS_MIN: usize = 3;

/// The error with a suggestion that parses, or with none; beside it the other readings of the text.
pub(super) fn complete(text: &str, error: Error) -> Error {
    if error.is_limit() {
        return error;
    }
    if error.code == code::NOT_AVAILABLE {
        // `signup within 7 days` is a phrase as well, where `signup` is a tag that has days.
        return Error { others: phrases::readings(text), ..error };
    }
    let mut own = corrected(text, error);
    let mut beside = std::mem::take(&mut own.others);
    beside.retain(|other| other.suggestion.as_deref().is_some_and(|text| parse_as_written(text).is_ok()));
    let mut all = phrases::readings(text);
    all.retain(|reading| reading.suggestion != own.suggestion);
    let place = if is_first(text, &own) { 0 } else { all.len() };
    all.insert(place, own);
    all.splice(place + 1..place + 1, beside);
    let mut first = all.remove(0);
    first.others = all;
    first
}

/// Whether an error is likelier than what the table of phrases says.
fn is_first(text: &str, own: &Error) -> bool {
    match own.code {
        // One token, such as `3XL` or `None`; what is longer may be a phrase.
        code::MUST_QUOTE => tokenize(own.span.of(text)).len() == 2,
        // `'DEU' = country`, `a NOT b`
        code::SYNTAX if own.span.of(text).starts_with(['\'', '"']) => own.suggestion.is_some(),
        code::MISSING_AND if own.span.of(text).eq_ignore_ascii_case("not") => {
            let behind = text[own.span.end as usize..].trim_start();
            let word = behind.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
            let asks_presence = ["missing", "null", "empty"].iter().any(|known| known.eq_ignore_ascii_case(word));
            own.suggestion.is_some() && !asks_presence
        }
        code::SYNTAX | code::MISSING_AND | code::BAD_NUMBER | code::NOT_LINEAR => own.is_incomplete(text),
        _ => true,
    }
}

/// The error with a suggestion that parses, or with none.
fn corrected(text: &str, mut error: Error) -> Error {
    if let Some(error) = glued_words(text, &error).or_else(|| misspelt_word(text, &error)) {
        return error;
    }
    for _ in 0..CORRECTIONS_MAX {
        let Some(suggestion) = error.suggestion.take() else {
            return error;
        };
        match parse_as_written(&suggestion) {
            Ok(_) if phrases::stands_for_nobody(&suggestion) => return error.without_offer(),
            Ok(_) => return error.suggest(suggestion),
            Err(next) if next.suggestion.is_none() => return refused_again(error, &next),
            Err(next) => error.suggestion = next.suggestion,
        }
    }
    error.without_offer()
}

/// An error whose correction is refused: where that is about what stands beside it, the correction was none.
fn refused_again(error: Error, next: &Error) -> Error {
    let is_beside =
        next.span.start <= error.span.end + BESIDE_BYTES && error.span.start <= next.span.end + BESIDE_BYTES;
    if is_beside { error.without_offer() } else { error }
}

/// The error of words glued into names, if setting them apart makes a query of the text.
fn glued_words(text: &str, error: &Error) -> Option<Error> {
    let mut spaced = String::with_capacity(text.len() + 16);
    let mut copied = 0;
    let mut first = None;
    for token in tokenize(text) {
        let splits = matches!(token.kind, TokenKind::Name(None) | TokenKind::BadNumber);
        // Behind the error a name may be what it seems; it is split only if the text must be.
        let Some(apart) = splits.then(|| suggest::split_glued(token.span.of(text))).flatten() else {
            continue;
        };
        if first.is_none() && token.span.start >= error.span.end {
            return None;
        }
        first.get_or_insert((token.span, apart.clone()));
        spaced.push_str(&text[copied..token.span.start as usize]);
        suggest::push_split(&mut spaced, &apart, &text[token.span.end as usize..]);
        copied = token.span.end as usize;
    }
    let (span, apart) = first?;
    spaced.push_str(&text[copied..]);
    parse_as_written(&spaced).ok()?;
    let name = span.of(text);
    Some(
        Error::new(
            code::GLUED_WORD,
            span,
            format!("put spaces around the words of the language: {apart}"),
            format!("`{name}` is read as one name; words need a space or a sign around them"),
        )
        .suggest(spaced),
    )
}

/// The error of a word that is misspelt, if ours makes a query of the text.
fn misspelt_word(text: &str, error: &Error) -> Option<Error> {
    if !matches!(error.code, code::MISSING_AND | code::MUST_QUOTE) {
        return None;
    }
    let is_candidate = |token: &Token| {
        token.kind == TokenKind::Name(None) && token.span.start >= error.span.start && token.span.end <= error.span.end
    };
    tokenize(text).iter().filter(|token| is_candidate(token)).take(CORRECTIONS_MAX).find_map(|token| {
        let written = token.span.of(text);
        if FOREIGN_WORDS.iter().any(|word| word.eq_ignore_ascii_case(written)) {
            return None;
        }
        // 万 before AND is a number's, no typing error.
        let is_long = written.chars().count() >= MISSPELT_CHARS_MIN && written.is_ascii();
        let word = is_long.then(|| suggest::nearest(written, JOINING_WORDS.iter().copied())).flatten()?;
        let corrected = suggest::replace_word(text, token.span, word);
        parse_as_written(&corrected).ok()?;
        let detail = format!("`{written}` is no word of the language");
        let remedy = format!("did you mean {word}?");
        Some(Error::new(code::SYNTAX, token.span, remedy, detail).suggest(corrected))
    })
}

/// The whole text with the name at `span` split by [`suggest::split_glued`], if what comes out is a query.
pub fn suggest_split(text: &str, span: Span) -> Option<String> {
    let before = text.get(..span.start as usize)?;
    let behind = text.get(span.end as usize..)?;
    let mut corrected = before.to_owned();
    suggest::push_split(&mut corrected, &suggest::split_glued(span.of(text))?, behind);
    corrected.push_str(behind);
    super::parse(&corrected).is_ok().then_some(corrected)
}
