//! Values and names that should have been quoted: how far they seem to go, and the text with the quotes set.

use crate::error::{Error, code};
use crate::fold::fold_text;
use crate::lexer::{Token, TokenKind};
use crate::suggest;
use crate::words::{self, Word};

use super::Parser;
use super::remedy::foreign;

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
            "a value that holds a sign, or begins with a digit and is no number, must be quoted; a number stands without its unit"
                .to_owned()
        };
        Error::new(code::MUST_QUOTE, span, format!("put quotes around the value: {quoted}"), detail)
            .suggest(suggest::replace(self.text, span, &quoted))
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
