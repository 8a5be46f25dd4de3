//! What a text that is no query was meant to be.
//!
//! The parser stops at the first token that fits nowhere; here the tokens around it are looked at once more. A corrected
//! text is offered only if it is a query: [`complete`] corrects on where a first correction uncovers a second error.

use crate::ast::{CompareOp, Span};
use crate::error::{Error, code};
use crate::fold::fold_text;
use crate::lexer::{Token, TokenKind, tokenize};
use crate::suggest;
use crate::words::{self, Word};

use super::{Parser, number, parse_as_written};

/// How many errors of one text are corrected in a row.
const CORRECTIONS_MAX: usize = 8;
/// Words that may be misspelt between names, where nothing else can stand.
const JOINING_WORDS: &[&str] = &["AND", "NOT", "EXCEPT", "BETWEEN", "LIKE", "HAS", "EXACTLY"];
/// A shorter name is near to too many words.
const MISSPELT_CHARS_MIN: usize = 3;

/// The error with a suggestion that parses, or with none.
pub(super) fn complete(text: &str, mut error: Error) -> Error {
    if error.is_limit() {
        return error;
    }
    if let Some(error) = glued_words(text, &error).or_else(|| misspelt_word(text, &error)) {
        return error;
    }
    for _ in 0..CORRECTIONS_MAX {
        let Some(suggestion) = error.suggestion.take() else {
            return error;
        };
        match parse_as_written(&suggestion) {
            Ok(_) => return error.suggest(suggestion),
            Err(next) => error.suggestion = next.suggestion,
        }
    }
    error.suggestion = None;
    error
}

/// The error of words glued into names, if setting them apart makes a query of the text.
fn glued_words(text: &str, error: &Error) -> Option<Error> {
    let mut spaced = String::with_capacity(text.len() + 16);
    let mut copied = 0;
    let mut first = None;
    for token in tokenize(text) {
        let splits = matches!(token.kind, TokenKind::Name(None) | TokenKind::BadNumber);
        // Behind the error a name may be what it seems; it is split only if the text must be.
        let Some(apart) = splits
            .then(|| suggest::split_glued(token.span.of(text)))
            .flatten()
        else {
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

/// The error of a misspelt word between two conditions or inside one, if the word makes a query of the text.
fn misspelt_word(text: &str, error: &Error) -> Option<Error> {
    if !matches!(error.code, code::MISSING_AND | code::MUST_QUOTE) {
        return None;
    }
    let is_candidate = |token: &Token| {
        token.kind == TokenKind::Name(None)
            && token.span.start >= error.span.start
            && token.span.end <= error.span.end
            && token.span.of(text).chars().count() >= MISSPELT_CHARS_MIN
    };
    tokenize(text)
        .iter()
        .filter(|token| is_candidate(token))
        .take(CORRECTIONS_MAX)
        .find_map(|token| {
            let word = suggest::nearest(token.span.of(text), JOINING_WORDS.iter().copied())?;
            let corrected = suggest::replace(text, token.span, word);
            parse_as_written(&corrected).ok()?;
            let detail = format!("`{}` is no word of the language", token.span.of(text));
            let remedy = format!("did you mean {word}?");
            Some(Error::new(code::SYNTAX, token.span, remedy, detail).suggest(corrected))
        })
}

impl Parser<'_> {
    /// The error at a place where `what` belongs.
    pub(super) fn expected(&self, what: &str) -> Error {
        let token = self.peek();
        if let Some(error) = self.unreadable(token) {
            return error;
        }
        let detail = match token.kind {
            TokenKind::End => "the query ends too early".to_owned(),
            _ => format!("`{}` cannot stand here", self.slice(token)),
        };
        Error::new(
            code::SYNTAX,
            token.span,
            format!("write {what} here"),
            detail,
        )
    }

    /// The error of something that follows a whole condition.
    pub(super) fn after_condition(&self) -> Error {
        let token = self.peek();
        let next = self.peek_after(1);
        if self.value_goes_on() {
            return self.must_quote(self.value.start);
        }
        if let Some(error) = self.unreadable(token) {
            return error;
        }
        match (token.kind, token.word()) {
            (_, Some(Word::As)) if next.word() == Some(Word::Of) => {
                self.not_available_span(token.span.to(next.span))
            }
            (_, Some(Word::Then | Word::Within | Word::Times)) => self.not_available(token),
            (TokenKind::LeftParen, _) if self.follows_name(token) => self.unknown_function(token),
            (TokenKind::Comma, _) => self.comma(token),
            (TokenKind::RightParen, _) => Error::new(
                code::SYNTAX,
                token.span,
                "remove this `)`",
                "it closes nothing",
            )
            .suggest(suggest::replace(self.text, token.span, "")),
            (TokenKind::Percent, _) => Error::new(
                code::SYNTAX,
                token.span,
                "write a plain number",
                "percentages stand only in split and sample",
            ),
            _ if self.begins_condition(token, next) => self.missing_and(token),
            _ => Error::new(
                code::SYNTAX,
                token.span,
                "join whole conditions with AND, OR or EXCEPT",
                format!("`{}` cannot follow a condition", self.slice(token)),
            ),
        }
    }

    fn begins_condition(&self, token: Token, next: Token) -> bool {
        match token.kind {
            TokenKind::Name(Some(word)) if word.is_reserved() => {
                matches!(word, Word::Not | Word::All | Word::None)
                    || matches!(next.word(), Some(Word::Least | Word::Most))
            }
            TokenKind::Name(_)
            | TokenKind::QuotedName
            | TokenKind::At
            | TokenKind::Param
            | TokenKind::LeftParen => true,
            TokenKind::Number | TokenKind::Duration | TokenKind::Date | TokenKind::DateTime => {
                matches!(next.kind, TokenKind::Compare(_))
            }
            _ => false,
        }
    }

    fn missing_and(&self, token: Token) -> Error {
        let place = Span::new(token.span.start, token.span.start);
        let before = &self.text[..place.start as usize];
        let joined = if before.ends_with(char::is_whitespace) {
            "AND "
        } else {
            " AND "
        };
        Error::new(
            code::MISSING_AND,
            token.span,
            "put AND or OR between the two conditions",
            format!("AND is missing before `{}`", self.slice(token)),
        )
        .suggest(suggest::replace(self.text, place, joined))
    }

    /// A comma between conditions, or between values that no list holds.
    fn comma(&self, token: Token) -> Error {
        let behind = self.peek_after(1);
        let is_condition =
            self.begins_condition(behind, self.peek_after(2)) && self.begins_predicate(self.at + 2);
        if is_condition || self.value.end != self.at {
            let joined = suggest::replace(self.text, token.span, " AND ");
            return Error::new(
                code::MISSING_AND,
                token.span,
                "put AND or OR between the two conditions",
                "commas stand between values, not between conditions",
            )
            .suggest(joined);
        }
        Error::new(
            code::SYNTAX,
            token.span,
            "to ask for one of several values write IN (a, b)",
            "a comparison has one value",
        )
    }

    fn follows_name(&self, token: Token) -> bool {
        self.at > 0 && {
            let before = self.tokens[self.at - 1];
            matches!(before.kind, TokenKind::Name(_)) && before.span.end == token.span.start
        }
    }

    fn unknown_function(&self, token: Token) -> Error {
        let name = self.tokens[self.at - 1];
        Error::new(
            code::SYNTAX,
            name.span.to(token.span),
            "the functions are split, sample and ids",
            format!("`{}` is no function", self.slice(name)),
        )
    }

    /// At digits that run on into letters, where a number or value belongs.
    pub(super) fn bad_number(&self, value: Option<usize>) -> Error {
        let token = self.peek();
        let text = self.slice(token);
        if let Some(date) = number::other_date(text) {
            return Error::new(
                code::BAD_DATE,
                token.span,
                format!("write {date}"),
                "a date has the form YYYY-MM-DD",
            )
            .suggest(suggest::replace(self.text, token.span, &date));
        }
        if let Some(error) = self.number_and_word(token) {
            return error;
        }
        if let Some(first) = value {
            return self.must_quote(first);
        }
        Error::new(
            code::BAD_NUMBER,
            token.span,
            "write a number, or a duration with min, h, d, w, mo or y",
            format!("`{text}` is no number"),
        )
    }

    /// `30AND`: the space is missing.
    pub(super) fn number_and_word(&self, token: Token) -> Option<Error> {
        let text = self.slice(token);
        let word_start = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (digits, rest) = text.split_at(word_start);
        let is_word = words::lookup(rest).is_some_and(Word::is_reserved);
        is_word.then(|| {
            let spaced = format!("{digits} {rest}");
            Error::new(
                code::GLUED_WORD,
                token.span,
                format!("put a space between number and word: {spaced}"),
                "words need a space or a sign around them",
            )
            .suggest(suggest::replace(self.text, token.span, &spaced))
        })
    }

    /// At a reserved word where a value or sum belongs.
    pub(super) fn reserved_value(&self, value: Option<usize>) -> Error {
        let Some(first) = value else {
            return self.expected("a number, a date or a tag");
        };
        let is_join = matches!(
            self.peek().word(),
            Some(Word::And | Word::Or | Word::Except)
        );
        let next = self.peek_after(1);
        let ends = matches!(
            next.kind,
            TokenKind::End | TokenKind::RightParen | TokenKind::Comma
        ) || matches!(next.word(), Some(Word::And | Word::Or | Word::Except));
        if first == self.at && is_join && !ends {
            return self.expected("a value");
        }
        self.must_quote(first)
    }

    /// At a sign or the end, where a value or sum belongs.
    pub(super) fn missing_value(&self, value: Option<usize>) -> Error {
        let token = self.peek();
        match (token.kind, value) {
            (TokenKind::Unknown, Some(first)) => self.must_quote(first),
            (TokenKind::LeftParen | TokenKind::LeftBracket, Some(first)) if first == self.at => {
                self.list_behind_sign()
            }
            (TokenKind::LeftParen, _) => Error::new(
                code::NOT_LINEAR,
                token.span,
                "write the sum without parentheses, each tag with its own factor",
                "parentheses stand around conditions and lists, not in arithmetic",
            ),
            _ => self.expected("a value"),
        }
    }

    /// `city = (a, b)`
    fn list_behind_sign(&self) -> Error {
        let error = Error::new(
            code::SYNTAX,
            self.peek().span,
            "to ask for one of several values write IN (a, b)",
            "a comparison has one value, without parentheses",
        );
        let sign = self.tokens[self.at.saturating_sub(1)];
        let word = match sign.kind {
            TokenKind::Compare(CompareOp::Equal) => " IN ",
            TokenKind::Compare(CompareOp::NotEqual) => " NOT IN ",
            _ => return error,
        };
        let place = Span::new(sign.span.start, self.peek().span.start);
        error.suggest(suggest::replace(self.text, place, word))
    }

    /// A parenthesis or bracket that the text does not close.
    pub(super) fn unclosed(&self, opening: Span, closing: &str) -> Error {
        let end = self.text.trim_end().len() as u32;
        let place = Span::new(end, end);
        Error::new(
            code::UNCLOSED,
            opening,
            format!("close this with `{closing}`"),
            "it is open at the end of the query",
        )
        .suggest(suggest::replace(self.text, place, closing))
    }

    /// The error of a token that fits nowhere, whatever stands around it.
    pub(super) fn unreadable(&self, token: Token) -> Option<Error> {
        match token.kind {
            TokenKind::Unclosed => Some(self.unclosed_quote(token)),
            TokenKind::EmptyName => Some(Error::new(
                code::SYNTAX,
                token.span,
                "write a name between the backticks",
                "a name has at least one character",
            )),
            TokenKind::BareDollar => Some(Error::new(
                code::SYNTAX,
                token.span,
                "write the name of a parameter behind the sign: $name",
                "put the query in single quotes, so that the command shell leaves $name alone",
            )),
            TokenKind::BadNumber => Some(self.bad_number(None)),
            TokenKind::Unknown => Some(self.unknown_sign(token)),
            _ => None,
        }
    }

    fn unclosed_quote(&self, token: Token) -> Error {
        let opening = self.slice(token).chars().next().unwrap_or('\'');
        let closing = match opening {
            '“' => '”',
            '‘' => '’',
            same => same,
        };
        let start = token.span.start;
        let span = Span::new(start, start + opening.len_utf8() as u32);
        self.unclosed(span, &closing.to_string())
            .with_remedy(format!(
                "close the quote with {closing}; a quote inside is doubled"
            ))
    }

    fn unknown_sign(&self, token: Token) -> Error {
        let text = self.slice(token);
        match foreign(&fold_text(text)) {
            Some((ours, _)) => {
                let remedy = match ours.trim() {
                    "" => "remove it".to_owned(),
                    ours => format!("write {ours}"),
                };
                Error::new(
                    code::FOREIGN,
                    token.span,
                    remedy,
                    format!("`{text}` is no sign of this language"),
                )
                .suggest(suggest::replace(self.text, token.span, ours))
            }
            None => Error::new(
                code::SYNTAX,
                token.span,
                "remove it, or quote the value (' ') or name (` `) it belongs to",
                format!("`{text}` is no sign of this language"),
            ),
        }
    }

    /// Whether what follows a word of stage 2 makes it that word, not the name of a tag.
    pub(super) fn begins_later(&self, next: Token) -> bool {
        self.is_name(next)
    }

    /// The error of a word of stage 2.
    pub(super) fn not_available(&self, token: Token) -> Error {
        self.not_available_span(token.span)
    }

    fn not_available_span(&self, span: Span) -> Error {
        Error::new(
            code::NOT_AVAILABLE,
            span,
            format!("not available yet: {}", span.of(self.text)),
            "events, sequences, ranking functions and AS OF belong to a later release",
        )
    }
}

/// The counterpart of a sign of other languages, and whether the sign may also be part of a value: `R&D`.
pub(super) fn foreign(sign: &str) -> Option<(&'static str, bool)> {
    Some(match sign {
        "==" => ("=", false),
        "=<" => ("<=", false),
        "=>" => (">=", false),
        "&&" => (" AND ", false),
        "||" => (" OR ", false),
        ";" => ("", false),
        "&" => (" AND ", true),
        "|" => (" OR ", true),
        "!" => (" NOT ", true),
        "{" => ("(", false),
        "}" => (")", false),
        _ => return None,
    })
}
