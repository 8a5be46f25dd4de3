//! Arithmetic: sums of numbers, dates, durations, moments, tags with a literal factor, parameters.

use crate::ast::{Arith, Duration, Number, Span, Term, TermKind};
use crate::dates::{date, date_time, other_date};
use crate::error::{Error, code};
use crate::lexer::{Token, TokenKind, unquote};
use crate::limits::NUMBER_DIGITS_MAX;
use crate::suggest;
use crate::words::Word;

use super::Parser;
use super::number;

impl Parser<'_> {
    /// A sum. `value` is the token where a value may begin, which should have been quoted if no sum can be read there.
    pub(super) fn arith(&mut self, value: Option<usize>) -> Result<Arith, Error> {
        let first = self.at;
        let start = self.peek().span.start;
        let mut terms = Vec::with_capacity(1);
        loop {
            let negative = self.signs();
            terms.push(self.term(negative, value)?);
            match self.peek().kind {
                TokenKind::Plus | TokenKind::Minus => {}
                TokenKind::Star | TokenKind::Slash => return Err(self.not_linear(value)),
                _ => break,
            }
        }
        let span = self.span_from(start);
        if terms.len() == 3 {
            self.check_not_a_date(first, span)?;
        }
        Ok(Arith { terms, span })
    }

    /// Takes plus and minus signs; whether they come to a minus.
    pub(super) fn signs(&mut self) -> bool {
        let mut negative = false;
        loop {
            match self.peek().kind {
                TokenKind::Minus => negative = !negative,
                TokenKind::Plus => {}
                _ => return negative,
            }
            self.bump();
        }
    }

    fn term(&mut self, negative: bool, value: Option<usize>) -> Result<Term, Error> {
        let token = self.peek();
        let start = token.span.start;
        let mut negative = negative;
        let kind = match token.kind {
            TokenKind::Number => self.number_term(value)?,
            TokenKind::Duration => {
                self.bump();
                TermKind::Duration(self.duration_of(token)?)
            }
            TokenKind::Date => {
                self.bump();
                TermKind::Date(date(self.slice(token)).ok_or_else(|| no_such_day(token.span))?)
            }
            TokenKind::DateTime => {
                self.bump();
                let time = date_time(self.slice(token));
                TermKind::DateTime(time.ok_or_else(|| no_such_day(token.span))?)
            }
            TokenKind::Text => {
                self.bump();
                TermKind::Text(unquote(self.slice(token)))
            }
            TokenKind::Param => TermKind::Param(self.param()),
            TokenKind::QuotedName => self.path_term(&mut negative, value)?,
            TokenKind::Name(word) => match word {
                Some(Word::Today | Word::Now | Word::Yesterday) => {
                    self.bump();
                    match word {
                        Some(Word::Today) => TermKind::Today,
                        Some(Word::Now) => TermKind::Now,
                        _ => TermKind::Yesterday,
                    }
                }
                Some(word) if word.is_reserved() => return Err(self.reserved_value(value)),
                _ => self.path_term(&mut negative, value)?,
            },
            TokenKind::BadNumber => return Err(self.bad_number(value)),
            _ => return Err(self.missing_value(value)),
        };
        Ok(Term { negative, kind, span: self.span_from(start) })
    }

    /// A number alone, with a unit behind a space, or as the factor of a tag.
    fn number_term(&mut self, value: Option<usize>) -> Result<TermKind, Error> {
        let token = self.bump();
        let next = self.peek();
        if let Some(Word::Unit(unit)) = next.word() {
            let digits = self.slice(token);
            if !digits.contains(['.', '．', '。', '万', '亿']) {
                self.bump();
                let span = token.span.to(next.span);
                let duration = number::duration(digits, unit).ok_or_else(|| too_long(span))?;
                return Ok(TermKind::Duration(duration));
            }
        }
        let factor = self.number_of(token)?;
        if next.kind != TokenKind::Star {
            return Ok(TermKind::Number(factor));
        }
        if !self.is_name(self.peek_after(1)) {
            return Err(self.not_linear(value));
        }
        self.bump();
        let path = self.path()?;
        if path.wildcard {
            return Err(self.not_linear(value));
        }
        Ok(TermKind::Product { path, factor })
    }

    /// A tag, alone or with its factor or divisor behind it.
    fn path_term(&mut self, negative: &mut bool, value: Option<usize>) -> Result<TermKind, Error> {
        let path = self.path()?;
        if path.wildcard {
            return Err(Error::new(
                code::WILDCARD,
                path.span,
                "name one tag",
                "a path with `.*` is the union of the flags below it, and has no value",
            ));
        }
        let sign = self.peek().kind;
        if !matches!(sign, TokenKind::Star | TokenKind::Slash) {
            return Ok(TermKind::Path(path));
        }
        let mut ahead = 1;
        while matches!(self.peek_after(ahead).kind, TokenKind::Minus | TokenKind::Plus) {
            ahead += 1;
        }
        if self.peek_after(ahead).kind != TokenKind::Number {
            return Err(self.not_linear(value));
        }
        self.bump();
        *negative ^= self.signs();
        let token = self.bump();
        let number = self.number_of(token)?;
        if sign == TokenKind::Star {
            return Ok(TermKind::Product { path, factor: number });
        }
        if number.digits == 0 {
            return Err(Error::new(
                code::NOT_LINEAR,
                token.span,
                "divide by a number other than zero",
                "a division by zero has no value",
            ));
        }
        Ok(TermKind::Quotient { path, divisor: number })
    }

    /// Whether a token can begin a path.
    pub(super) fn is_name(&self, token: Token) -> bool {
        match token.kind {
            TokenKind::QuotedName => true,
            TokenKind::Name(word) => word.is_none_or(|word| !word.is_reserved() && !word.is_moment()),
            _ => false,
        }
    }

    /// A single term without a sign.
    pub(super) fn arith_term_only(&mut self) -> Result<Term, Error> {
        self.term(false, None)
    }

    /// The number of a token.
    pub(super) fn number_of(&self, token: Token) -> Result<Number, Error> {
        number::number(self.slice(token)).ok_or_else(|| {
            let quoted = suggest::quoted(self.slice(token));
            Error::new(
                code::BAD_NUMBER,
                token.span,
                format!("write fewer digits, or put it in quotes if it is a code: {quoted}"),
                format!("a number has at most {NUMBER_DIGITS_MAX} digits that count"),
            )
            .suggest(suggest::replace(self.text, token.span, &quoted))
        })
    }

    /// The duration of a token.
    pub(super) fn duration_of(&self, token: Token) -> Result<Duration, Error> {
        number::duration_token(self.slice(token)).ok_or_else(|| too_long(token.span))
    }

    /// At a `*` or `/` that has no literal on its other side, or is one too many.
    fn not_linear(&self, value: Option<usize>) -> Error {
        let sign = self.peek().span;
        if let Some(first) = value {
            let before = self.tokens[self.at - 1].span.end;
            if before == sign.start && self.peek_after(1).span.start == sign.end {
                return self.must_quote(first);
            }
        }
        Error::new(
            code::NOT_LINEAR,
            sign,
            "give each tag one literal factor (tag * 0.5) or one literal divisor (tag / 2)",
            "arithmetic is linear: tags are added and subtracted, and multiplied or divided by a literal only",
        )
    }

    /// `2024-1-5` is a date to everybody but the grammar.
    fn check_not_a_date(&self, first: usize, span: Span) -> Result<(), Error> {
        let text = span.of(self.text);
        let is_pattern = self.tokens[first].kind == TokenKind::Number && text.len() <= 10;
        match is_pattern.then(|| other_date(text)).flatten() {
            Some(date) if !text.contains(char::is_whitespace) => {
                Err(Error::new(code::BAD_DATE, span, format!("write {date}"), "a date has the form YYYY-MM-DD")
                    .suggest(suggest::replace(self.text, span, &date)))
            }
            _ => Ok(()),
        }
    }
}

pub(super) fn no_such_day(span: Span) -> Error {
    Error::new(
        code::BAD_DATE,
        span,
        "write a day that exists, as YYYY-MM-DD, with a time as YYYY-MM-DDTHH:MM",
        "there is no such day or time",
    )
}

fn too_long(span: Span) -> Error {
    Error::new(
        code::BAD_NUMBER,
        span,
        "write a shorter duration",
        format!("a duration counts at most {} of its unit", u32::MAX),
    )
}
