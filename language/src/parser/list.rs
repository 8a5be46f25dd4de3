//! Values, lists of values, intervals and windows.

use std::cmp::Ordering;

use crate::ast::{
    Arith, Duration, InSource, IntervalEnds, Literal, LiteralKind, Number, Span, Term, TermKind, ValueList, Window,
};
use crate::dates::{date, date_time};
use crate::error::{Error, Warning, code};
use crate::fold::fold_name;
use crate::lexer::{Token, TokenKind, unquote};
use crate::suggest;
use crate::words::Word;

use super::Parser;
use super::arith::no_such_day;

impl Parser<'_> {
    /// `(value, ...)` or `$name`, behind the words `what`.
    pub(super) fn value_list(&mut self, what: &str) -> Result<ValueList, Error> {
        let opening = self.peek();
        match opening.kind {
            TokenKind::Param => return Ok(ValueList::Param(self.param())),
            TokenKind::LeftParen => self.bump(),
            TokenKind::End => return Err(self.empty_list(opening.span)),
            _ => return Err(self.expected(&format!("a list: {what} (a, b) or {what} $name"))),
        };
        if self.peek().kind == TokenKind::RightParen {
            return Err(self.empty_list(opening.span.to(self.peek().span)));
        }
        if self.peek().kind == TokenKind::Param && self.peek_after(1).kind == TokenKind::RightParen {
            return Err(self.list_in_parens(opening.span));
        }
        let mut values = Vec::with_capacity(4);
        loop {
            values.push(self.literal()?);
            match self.peek().kind {
                TokenKind::Comma => {
                    let comma = self.bump().span;
                    if self.peek().kind == TokenKind::RightParen {
                        return Err(self.closing_comma(comma));
                    }
                }
                TokenKind::RightParen => {
                    self.bump();
                    return Ok(ValueList::Values(values));
                }
                TokenKind::End => return Err(self.unclosed(opening.span, ")")),
                _ => return Err(self.after_value()),
            }
        }
    }

    /// One value.
    pub(super) fn literal(&mut self) -> Result<Literal, Error> {
        let first = self.at;
        let token = self.peek();
        let kind = match token.kind {
            TokenKind::Text => LiteralKind::Text(unquote(self.slice(token))),
            TokenKind::Name(word) if !word.is_some_and(Word::is_reserved) => {
                LiteralKind::Word(fold_name(self.slice(token)))
            }
            TokenKind::Number => LiteralKind::Number { negative: false, number: self.number_of(token)? },
            TokenKind::Minus if self.peek_after(1).kind == TokenKind::Number => {
                self.bump();
                let number = self.number_of(self.peek())?;
                LiteralKind::Number { negative: true, number }
            }
            TokenKind::Date => LiteralKind::Date(date(self.slice(token)).ok_or_else(|| no_such_day(token.span))?),
            TokenKind::DateTime => {
                LiteralKind::DateTime(date_time(self.slice(token)).ok_or_else(|| no_such_day(token.span))?)
            }
            TokenKind::Name(_) | TokenKind::Duration => return Err(self.must_quote(first)),
            TokenKind::BadNumber => return Err(self.bad_number(Some(first))),
            TokenKind::QuotedName => {
                let value = suggest::value(&unquote(self.slice(token)));
                return Err(Error::new(
                    code::SYNTAX,
                    token.span,
                    format!("write the value {value}"),
                    "backticks hold names of tags, quotes hold values",
                )
                .suggest(suggest::replace(self.text, token.span, &value)));
            }
            TokenKind::Param => {
                return Err(Error::new(
                    code::SYNTAX,
                    token.span,
                    "let the parameter be the whole list: IN $name",
                    "a list holds values; a parameter beside them cannot be mixed in",
                ));
            }
            _ => return Err(self.missing_value(Some(first))),
        };
        self.bump();
        self.value = first..self.at;
        Ok(Literal { kind, span: self.span_from(token.span.start) })
    }

    /// `($name)`, at the parameter.
    fn list_in_parens(&self, opening: Span) -> Error {
        let param = self.peek();
        let span = opening.to(self.peek_after(1).span);
        let bare = self.slice(param);
        Error::new(code::SYNTAX, span, format!("write {bare} without parentheses"), "a parameter is a whole list")
            .suggest(suggest::replace_word(self.text, span, bare))
    }

    fn closing_comma(&self, comma: Span) -> Error {
        Error::new(code::SYNTAX, comma, "remove the last comma", "a value is missing behind it")
            .suggest(suggest::replace(self.text, comma, ""))
    }

    /// A list with nothing in it. `span` is where it is missed.
    pub(super) fn empty_list(&self, span: Span) -> Error {
        let here = self.peek();
        let closes = here.kind == TokenKind::RightParen && self.text[span.start as usize..].starts_with(['(', '（']);
        let place = if closes { span } else { Span::new(here.span.start, here.span.start) };
        Error::new(
            code::EMPTY_LIST,
            place,
            "write the values, or put the query in single quotes, so that the command shell leaves $name alone",
            "the list is empty; the command shell has probably eaten the $name that stood here",
        )
        .suggest(match self.is_call(place) {
            true => suggest::replace(self.text, place, "($name)"),
            false => suggest::replace_word(self.text, place, "$name"),
        })
    }

    /// Whether the parentheses at a place are those of a function.
    fn is_call(&self, place: Span) -> bool {
        self.tokens[..self.at]
            .iter()
            .any(|token| token.span.end == place.start && token.word().is_some_and(Word::is_function))
    }

    /// Whether the `(` here is closed by `]`.
    pub(super) fn list_closes_as_interval(&self) -> bool {
        let closes = |kind| {
            matches!(
                kind,
                TokenKind::LeftParen | TokenKind::LeftBracket | TokenKind::RightParen | TokenKind::RightBracket
            )
        };
        let closing = self.tokens[self.at + 1..].iter().find(|token| closes(token.kind));
        closing.is_some_and(|token| token.kind == TokenKind::RightBracket)
    }

    /// `[low, high)`, `[low, high]` or `(low, high]`.
    pub(super) fn interval(&mut self) -> Result<InSource, Error> {
        let opening = self.bump();
        let low = self.arith(Some(self.at))?;
        self.expect(TokenKind::Comma, "`,` and the upper end of the interval")?;
        let high = self.arith(Some(self.at))?;
        let span = low.span.to(high.span);
        let closing = self.peek();
        let ends = match (opening.kind, closing.kind) {
            (TokenKind::LeftBracket, TokenKind::RightBracket) => IntervalEnds::Both,
            (TokenKind::LeftBracket, TokenKind::RightParen) => IntervalEnds::Low,
            (_, TokenKind::RightBracket) => IntervalEnds::High,
            (_, TokenKind::End) => {
                let error = self.unclosed(opening.span, "]");
                // Either bracket may be meant, unless it is a list of words.
                return Err(match low.as_path() {
                    Some(_) => error,
                    None => Error { suggestion: None, ..error },
                });
            }
            _ => return Err(self.expected("`]` or `)`")),
        };
        self.bump();
        self.note_reversed(&low, &high, span);
        if ends != IntervalEnds::Both && compare_literals(&low, &high) == Some(Ordering::Equal) {
            let closed = format!("[{}]", span.of(self.text));
            self.warn_of_no_length(opening.span.to(closing.span), &closed);
        }
        Ok(InSource::Interval { low, high, ends })
    }

    /// `low..high`
    pub(super) fn dotted_interval(&mut self) -> Result<InSource, Error> {
        let first = self.at;
        let low = self.arith(Some(first))?;
        if self.eat(TokenKind::DotDot).is_none() {
            return Err(self.no_parens(&low));
        }
        let high = self.arith(Some(self.at))?;
        let span = low.span.to(high.span);
        self.note_reversed(&low, &high, span);
        Ok(InSource::Interval { low, high, ends: IntervalEnds::Both })
    }

    /// `IN a, b`, behind the first value.
    fn no_parens(&mut self, first: &Arith) -> Error {
        if let Some(error) = self.unreadable(self.peek()) {
            return error;
        }
        let mut span = first.span;
        while self.peek().kind == TokenKind::Comma {
            self.bump();
            match self.literal() {
                Ok(literal) => span = span.to(literal.span),
                Err(_) => break,
            }
        }
        // A `)` that nothing else opens closes the list.
        let closing = if self.depth == 0 && self.peek().kind == TokenKind::RightParen { "" } else { ")" };
        let values = format!("({}", span.of(self.text));
        let list = format!("{values})");
        Error::new(
            code::SYNTAX,
            span,
            format!("put the values in parentheses: IN {list}"),
            "IN takes a list (a, b), an interval [a, b) or a..b, a window LAST 7d, or $name",
        )
        .suggest(suggest::replace(self.text, span, &format!("{values}{closing}")))
    }

    /// Whether the sign of a sum or interval stands at an index.
    pub(super) fn goes_on_as_arith(&self, index: usize) -> bool {
        let kind = self.tokens[index.min(self.tokens.len() - 1)].kind;
        matches!(kind, TokenKind::DotDot | TokenKind::Plus | TokenKind::Minus | TokenKind::Star | TokenKind::Slash)
    }

    /// Whether a window stands here, not a tag of the name `last`.
    pub(super) fn begins_window(&self) -> bool {
        let next = self.peek_after(1);
        match self.peek().word() {
            Some(Word::Last | Word::Previous) => {
                matches!(next.kind, TokenKind::Number | TokenKind::Duration)
                    || matches!(next.word(), Some(Word::Unit(_)))
                    || self.has_signed_length()
            }
            // A minus begins a day here; a tag named `since` may stand in brackets or backticks.
            Some(Word::Since) => {
                let is_name = matches!(
                    next.kind,
                    TokenKind::DotDot | TokenKind::Dot | TokenKind::Star | TokenKind::Slash | TokenKind::End
                );
                !is_name && !next.word().is_some_and(Word::is_reserved)
            }
            _ => false,
        }
    }

    /// Whether the word here is followed by a sign and a length, and nothing makes a sum or interval of them.
    fn has_signed_length(&self) -> bool {
        let end = match (self.peek_after(2).kind, self.peek_after(3).word()) {
            (TokenKind::Duration, _) => 3,
            (TokenKind::Number, Some(Word::Unit(_))) => 4,
            _ => return false,
        };
        matches!(self.peek_after(1).kind, TokenKind::Minus | TokenKind::Plus) && !self.goes_on_as_arith(self.at + end)
    }

    /// `LAST duration [ENDING day]`, `PREV duration`, `SINCE day`
    pub(super) fn window(&mut self) -> Result<Window, Error> {
        match self.bump().word() {
            Some(Word::Previous) => Ok(Window::Previous { duration: self.duration()? }),
            Some(Word::Since) => Ok(Window::Since(self.arith(None)?)),
            _ => {
                let duration = self.duration()?;
                let ending = self.eat_word(Word::Ending).then(|| self.arith(None)).transpose()?;
                Ok(Window::Last { duration, ending })
            }
        }
    }

    /// `7d` or `7 days`, more than none of them.
    fn duration(&mut self) -> Result<Duration, Error> {
        let token = self.peek();
        if matches!(token.kind, TokenKind::Minus | TokenKind::Plus) {
            return Err(self.signed_duration(token));
        }
        let unit = self.peek_after(1);
        let duration = match (token.kind, unit.word()) {
            (TokenKind::Duration, _) => {
                self.bump();
                self.duration_of(token)?
            }
            (TokenKind::Number, Some(Word::Unit(_))) => {
                let arith = self.arith_term_only()?;
                match arith.kind {
                    TermKind::Duration(duration) => duration,
                    _ => return Err(self.expected("a duration like 7d")),
                }
            }
            (TokenKind::Number, _) => {
                let days = format!("{}d", self.slice(token));
                return Err(Error::new(
                    code::SYNTAX,
                    token.span,
                    format!("write the unit: {days}"),
                    "units are min, h, d, w, mo and y",
                )
                .suggest(suggest::replace(self.text, token.span, &days)));
            }
            _ => return Err(self.expected("a duration like 7d")),
        };
        if duration.count == 0 {
            return Err(Error::new(
                code::BAD_NUMBER,
                token.span,
                "let the window be at least one of its unit long",
                "a window of no length holds nobody",
            ));
        }
        Ok(duration)
    }

    /// `LAST -7d`
    #[cold]
    fn signed_duration(&mut self, sign: Token) -> Error {
        let detail = "a window goes back by itself, and a length has no sign";
        let length = self.peek_after(1).span;
        let error = Error::new(code::FOREIGN, sign.span, "write the length without a sign", detail);
        error.suggest(suggest::replace(self.text, sign.span.to(length), length.of(self.text)))
    }

    /// Warns of an interval at `span` whose ends are the same and do not both belong to it.
    fn warn_of_no_length(&mut self, span: Span, closed: &str) {
        self.warn(Warning {
            code: code::REVERSED_INTERVAL,
            message: "both ends are the same and one of them is left out: nobody is selected".to_owned(),
            span,
            suggestion: Some(suggest::replace(self.text, span, closed)),
        });
    }

    /// Warns of literal ends in the wrong order.
    pub(super) fn note_reversed(&mut self, low: &Arith, high: &Arith, span: Span) {
        if compare_literals(low, high) != Some(Ordering::Greater) {
            return;
        }
        let [low, high] = [low.span, high.span];
        let between = Span::new(low.end, high.start).of(self.text);
        let swapped = [high.of(self.text), between, low.of(self.text)].concat();
        self.warn(Warning {
            code: code::REVERSED_INTERVAL,
            message: "the lower end is above the upper end: nobody is selected".to_owned(),
            span,
            suggestion: Some(suggest::replace(self.text, span, &swapped)),
        });
    }
}

/// The order of two literal numbers or two literal dates.
fn compare_literals(low: &Arith, high: &Arith) -> Option<Ordering> {
    let ([low], [high]) = (low.terms.as_slice(), high.terms.as_slice()) else {
        return None;
    };
    match (&low.kind, &high.kind) {
        (TermKind::Number(a), TermKind::Number(b)) => Some(compare_numbers((low, a), (high, b))),
        (TermKind::Date(a), TermKind::Date(b)) => Some(a.cmp(b)),
        (TermKind::DateTime(a), TermKind::DateTime(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

fn compare_numbers(low: (&Term, &Number), high: (&Term, &Number)) -> Ordering {
    let is_negative = |(term, number): (&Term, &Number)| term.negative && number.digits > 0;
    match (is_negative(low), is_negative(high)) {
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => compare_magnitudes(low.1, high.1),
        (true, true) => compare_magnitudes(high.1, low.1),
    }
}

fn compare_magnitudes(left: &Number, right: &Number) -> Ordering {
    let scale = left.scale.max(right.scale);
    let brought = |number: &Number| number.digits.checked_mul(10u128.checked_pow(u32::from(scale - number.scale))?);
    // Only the one with fewer digits behind the point is brought to more; where it cannot be held it is the larger.
    match (brought(left), brought(right)) {
        (Some(left), Some(right)) => left.cmp(&right),
        (None, _) => Ordering::Greater,
        (_, None) => Ordering::Less,
    }
}
