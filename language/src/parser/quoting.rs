//! Values and names that should have been quoted: how far they seem to go, and the text with the quotes set.

use crate::ast::Span;
use crate::error::{Error, code};
use crate::fold::fold_text;
use crate::lexer::{Token, TokenKind, tokenize};
use crate::suggest;
use crate::words::{self, Word};

use super::Parser;
use super::remedy::foreign;

/// How many places are tried where a quote may close.
const QUOTE_ENDS_MAX: usize = 3;

impl Parser<'_> {
    /// Whether the value read last goes on with a word or sign, as if it were quoted.
    pub(super) fn value_goes_on(&self) -> bool {
        if self.value.is_empty() || self.value.end != self.at {
            return false;
        }
        let tokens = &self.tokens[self.value.clone()];
        let is_quoted =
            tokens.iter().any(|token| matches!(token.kind, TokenKind::Text | TokenKind::QuotedName | TokenKind::Param));
        let is_spaced = tokens.windows(2).any(|pair| pair[0].span.end != pair[1].span.start);
        if is_quoted || is_spaced {
            return false;
        }
        let token = self.peek();
        let is_glued = tokens[tokens.len() - 1].span.end == token.span.start;
        match token.kind {
            TokenKind::Name(word) if !word.is_some_and(Word::is_reserved) => {
                // A number is whole; a word behind it is likelier a condition of its own.
                let is_word = matches!(tokens[0].kind, TokenKind::Name(_));
                let is_later = matches!(word, Some(Word::As | Word::Then | Word::Within | Word::Times));
                let goes_on_as_path = self.peek_after(1).kind == TokenKind::Dot;
                (is_word || is_glued) && !is_later && !goes_on_as_path && !self.is_tested(self.at)
            }
            TokenKind::Number | TokenKind::BadNumber | TokenKind::Duration | TokenKind::Date => {
                !self.is_tested(self.at)
            }
            TokenKind::Unknown => is_glued && foreign(&fold_text(self.slice(token))).is_none_or(|(_, keeps)| keeps),
            TokenKind::Slash | TokenKind::Star | TokenKind::Dot | TokenKind::Colon | TokenKind::At => is_glued,
            _ => false,
        }
    }

    /// Whether the token at an index is a tag that a comparison or another test follows.
    fn is_tested(&self, index: usize) -> bool {
        let next = self.tokens[(index + 1).min(self.tokens.len() - 1)];
        let is_arith = matches!(next.kind, TokenKind::Plus | TokenKind::Minus | TokenKind::Star | TokenKind::Slash);
        !is_arith && self.begins_predicate(index + 1)
    }

    /// The error of something that follows a value in a list.
    pub(super) fn after_value(&self) -> Error {
        let first = self.value.start;
        let is_quoted = self.tokens[first].kind == TokenKind::Text;
        if let Some(error) =
            self.missing_comma("values").filter(|_| is_quoted || self.peek().kind == TokenKind::Unknown)
        {
            return error;
        }
        let goes_on = matches!(
            self.peek().kind,
            TokenKind::Name(_)
                | TokenKind::Number
                | TokenKind::BadNumber
                | TokenKind::Duration
                | TokenKind::Date
                | TokenKind::DateTime
                | TokenKind::Minus
                | TokenKind::Plus
                | TokenKind::Star
                | TokenKind::Slash
                | TokenKind::Dot
                | TokenKind::Colon
                | TokenKind::Percent
                | TokenKind::Unknown
                | TokenKind::Compare(_)
                | TokenKind::At
        );
        if goes_on && !is_quoted {
            let list_end = self.tokens[self.at..]
                .iter()
                .position(|token| {
                    matches!(
                        token.kind,
                        TokenKind::Comma
                            | TokenKind::LeftParen
                            | TokenKind::RightParen
                            | TokenKind::RightBracket
                            | TokenKind::Text
                            | TokenKind::QuotedName
                            | TokenKind::Unclosed
                            | TokenKind::End
                    )
                })
                .map_or(self.at, |count| self.at + count);
            return self.quote_error(first, list_end);
        }
        self.expected("`,` or `)`")
    }

    /// The error of two values or terms with another sign than a comma between them, or with nothing.
    pub(super) fn missing_comma(&self, what: &str) -> Option<Error> {
        let token = self.peek();
        let corrected = match token.kind {
            TokenKind::Unknown if fold_text(self.slice(token)) == ";" => suggest::replace(self.text, token.span, ","),
            TokenKind::Name(word) if word.is_some_and(Word::is_reserved) => return None,
            // A quote that closes too late: `'u1) AND level = 'gold'`.
            _ if self.tokens[self.at - 1].span.end == token.span.start => return None,
            TokenKind::Name(_) | TokenKind::QuotedName | TokenKind::Text | TokenKind::At => {
                let end = self.tokens[self.at - 1].span.end;
                suggest::replace(self.text, Span::new(end, end), ",")
            }
            _ => return None,
        };
        let remedy = format!("put a comma between the {what}");
        Some(Error::new(code::SYNTAX, token.span, remedy, "a comma is missing").suggest(corrected))
    }

    /// The error of a value that must be quoted; it begins at token `first` and goes on as far as it seems to.
    pub(super) fn must_quote(&self, first: usize) -> Error {
        let mut end = first + 1;
        loop {
            let token = self.tokens[end.min(self.tokens.len() - 1)];
            let is_glued = self.tokens[end - 1].span.end == token.span.start;
            let goes_on = match token.kind {
                TokenKind::Name(Some(word)) if word.is_reserved() => is_glued,
                TokenKind::Name(_) => is_glued || !self.is_tested(end),
                TokenKind::Number
                | TokenKind::BadNumber
                | TokenKind::Duration
                | TokenKind::Date
                | TokenKind::DateTime
                | TokenKind::Minus
                | TokenKind::Plus
                | TokenKind::Star
                | TokenKind::Slash
                | TokenKind::Dot
                | TokenKind::Colon
                | TokenKind::Percent
                | TokenKind::Unknown => true,
                TokenKind::At => is_glued,
                _ => false,
            };
            if !goes_on || token.kind == TokenKind::End {
                break;
            }
            end += 1;
        }
        self.quote_error(first, end)
    }

    /// The error of a value that must be quoted, from token `first` up to token `end`.
    fn quote_error(&self, first: usize, end: usize) -> Error {
        let last = (end - 1).min(self.tokens.len() - 1);
        let span = self.tokens[first].span.to(self.tokens[last].span);
        let value = span.of(self.text);
        let quoted = suggest::quoted(value);
        let detail = if words::lookup(&fold_text(value)).is_some() {
            format!("`{value}` is a word of the language; a value that is a word must be quoted")
        } else if value.contains(char::is_whitespace) {
            "a value that holds a space must be quoted".to_owned()
        } else {
            "a value that holds a sign, or begins with a digit and is no number, must be quoted; a number stands \
             without its unit"
                .to_owned()
        };
        Error::new(code::MUST_QUOTE, span, format!("put quotes around the value: {quoted}"), detail)
            .suggest(suggest::replace(self.text, span, &quoted))
    }

    /// The error of a quote that nothing closes.
    pub(super) fn unclosed_quote(&self, token: Token) -> Error {
        let opening = self.slice(token).chars().next().unwrap_or('\'');
        let closing = match opening {
            '“' => '”',
            '‘' => '’',
            same => same,
        };
        let start = token.span.start;
        let before = self.at.checked_sub(1).map(|before| self.tokens[before]);
        let glued = before.filter(|before| matches!(before.kind, TokenKind::Name(_)) && before.span.end == start);
        let behind = self.text[start as usize + opening.len_utf8()..].chars().next();
        let closes_word = behind.is_none_or(|c| c.is_whitespace() || matches!(c, ')' | ',' | ']'));
        if let (Some(before), true) = (glued, closes_word) {
            let fixed = suggest::quoted(self.slice(before));
            let place = Span::new(before.span.start, start + opening.len_utf8() as u32);
            return Error::new(
                code::UNCLOSED,
                place,
                format!("put quotes on both sides: {fixed}"),
                "the quote behind the value has none before it",
            )
            .suggest(suggest::replace(self.text, place, &fixed));
        }
        if let (Some(before), '\'' | '’') = (glued, opening) {
            // An apostrophe: `O'Neil`.
            let first = before.span.start;
            let rest = &self.text[first as usize..];
            let word = rest.split(|c: char| c.is_whitespace() || matches!(c, ')' | ',')).next().unwrap_or(rest);
            let fixed = suggest::quoted(&word.replace('’', "'"));
            let place = Span::new(first, first + word.len() as u32);
            return Error::new(
                code::UNCLOSED,
                place,
                format!("put the value in quotes, the quote inside doubled: {fixed}"),
                "a quote inside a word begins a text that nothing closes",
            )
            .suggest(suggest::replace(self.text, place, &fixed));
        }
        let span = Span::new(start, start + opening.len_utf8() as u32);
        let at_end = self
            .unclosed(span, &closing.to_string())
            .with_remedy(format!("close the quote with {closing}; a quote inside is doubled"));
        match self.closed_early(start as usize, opening) {
            Some(early) => Error { others: vec![at_end.clone()], ..at_end.suggest(early) },
            None => at_end,
        }
    }

    /// The text with a quote closed before the first word or sign that may not belong to the value.
    fn closed_early(&self, start: usize, opening: char) -> Option<String> {
        let inside = &self.text[start + opening.len_utf8()..];
        let ends = |token: &Token| {
            matches!(token.kind, TokenKind::RightParen | TokenKind::Comma)
                || matches!(token.word(), Some(Word::And | Word::Or | Word::Except))
        };
        let is_quote = |c: char| matches!(c, '\'' | '"' | '`' | '‘' | '’' | '“' | '”');
        // Another quote inside would hide what stands behind it.
        let plain: String =
            inside.chars().map(|c| if is_quote(c) { " ".repeat(c.len_utf8()) } else { c.to_string() }).collect();
        tokenize(&plain).iter().filter(|token| ends(token)).take(QUOTE_ENDS_MAX).find_map(|token| {
            let end = token.span.start as usize;
            let value = inside[..end].trim_end();
            let blank = &inside[value.len()..end];
            let value = value.trim_end_matches(is_quote);
            let quoted = suggest::quoted(value);
            let closed = [&self.text[..start], &quoted, blank, &inside[end..]].concat();
            (!value.is_empty() && super::parse_as_written(&closed).is_ok()).then_some(closed)
        })
    }

    /// The error of a name that must stand in backticks.
    pub(super) fn must_backtick(&self, token: Token) -> Error {
        if token.kind == TokenKind::BadNumber
            && let Some(error) = self.number_and_word(token)
        {
            return error;
        }
        let name = self.slice(token);
        let quoted = format!("`{name}`");
        let detail = match token.word() {
            Some(_) => {
                format!("{name} is a word of the language; a tag of that name stands in backticks")
            }
            None => "a name begins with a letter; other names stand in backticks".to_owned(),
        };
        Error::new(code::MUST_QUOTE, token.span, format!("put backticks around the name: {quoted}"), detail)
            .suggest(suggest::replace(self.text, token.span, &quoted))
    }
}
