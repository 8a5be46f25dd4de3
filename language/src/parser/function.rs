//! `split`, `sample` and `ids`.

use crate::ast::{ExprKind, Span, Text, ValueList};
use crate::error::{Error, code};
use crate::fold::fold_text;
use crate::lexer::{TokenKind, unquote};
use crate::suggest;
use crate::words::Word;

use super::number::basis_points;
use super::{Node, Parser};

impl Parser<'_> {
    /// The call of a function; the next tokens are its name and `(`.
    pub(super) fn function(&mut self, word: Word) -> Result<Node, Error> {
        let name = self.peek();
        if word.is_later_function() {
            return Err(self.not_available(name));
        }
        let start = self.bump().span.start;
        if word == Word::Ids {
            let keys = self.keys()?;
            return self.leaf(start, ExprKind::Ids(keys));
        }
        let opening = self.bump().span;
        let kind = if word == Word::Split { self.split()? } else { self.sample()? };
        self.close(opening)?;
        self.leaf(start, kind)
    }

    /// `(key, ...)` or `($name)`
    fn keys(&mut self) -> Result<ValueList, Error> {
        let is_param = self.peek_after(1).kind == TokenKind::Param && self.peek_after(2).kind == TokenKind::RightParen;
        if !is_param {
            return self.value_list("ids");
        }
        self.bump();
        let param = self.param();
        self.bump();
        Ok(ValueList::Param(param))
    }

    /// `salt, [from, to)`
    fn split(&mut self) -> Result<ExprKind, Error> {
        let token = self.peek();
        let text = match token.kind {
            TokenKind::Text => unquote(self.slice(token)),
            TokenKind::Name(_) | TokenKind::Number => fold_text(self.slice(token)),
            _ => return Err(self.expected("a salt in quotes")),
        };
        self.bump();
        let salt = Text { text, span: token.span };
        self.expect(TokenKind::Comma, "`,` and the buckets, like [0%, 50%)")?;
        self.expect(TokenKind::LeftBracket, "the buckets, like [0%, 50%)")?;
        let (from_bp, from_span) = self.percent()?;
        self.expect(TokenKind::Comma, "`,` and the upper end of the buckets")?;
        let (to_bp, to_span) = self.percent()?;
        let closing = self.peek();
        if closing.kind == TokenKind::RightBracket {
            return Err(Error::new(
                code::SYNTAX,
                closing.span,
                "close the buckets with `)`",
                "the upper end does not belong to the buckets, so that neighbours share nobody",
            )
            .suggest(suggest::replace(self.text, closing.span, ")")));
        }
        self.expect(TokenKind::RightParen, "`)` behind the buckets")?;
        if from_bp > to_bp {
            self.note_reversed_buckets(from_span, to_span);
        }
        Ok(ExprKind::Split { salt, from_bp, to_bp })
    }

    fn note_reversed_buckets(&mut self, from: Span, to: Span) {
        let span = from.to(to);
        let swapped = format!("{}, {}", to.of(self.text), from.of(self.text));
        self.warn(crate::error::Warning {
            code: code::REVERSED_INTERVAL,
            message: "the lower end is above the upper end: nobody is selected".to_owned(),
            span,
            suggestion: Some(suggest::replace(self.text, span, &swapped)),
        });
    }

    /// `percent [, seed]`
    fn sample(&mut self) -> Result<ExprKind, Error> {
        let (bp, _) = self.percent()?;
        if self.eat(TokenKind::Comma).is_none() {
            return Ok(ExprKind::Sample { bp, seed: 0 });
        }
        let token = self.expect(TokenKind::Number, "a seed: a whole number")?;
        let number = self.number_of(token)?;
        let seed = number.as_integer().and_then(|digits| u64::try_from(digits).ok());
        let Some(seed) = seed else {
            return Err(Error::new(
                code::BAD_NUMBER,
                token.span,
                "write a whole number as the seed",
                format!("a seed is a whole number up to {}", u64::MAX),
            ));
        };
        Ok(ExprKind::Sample { bp, seed })
    }

    /// `12.5%` in basis points.
    fn percent(&mut self) -> Result<(u32, Span), Error> {
        let token = self.peek();
        if token.kind == TokenKind::Minus {
            return Err(bad_percent(token.span));
        }
        self.expect(TokenKind::Number, "a percentage like 10%")?;
        if self.eat(TokenKind::Percent).is_none() {
            let corrected = format!("{}%", self.slice(token));
            let points = self.number_of(token).ok().filter(|number| basis_points(number).is_some());
            let Some(number) = points else {
                return Err(bad_percent(token.span));
            };
            // 0.5 may be a half: nothing is guessed.
            if number.text.contains('.') && number.digits <= 10u128.pow(u32::from(number.scale)) {
                return Err(Error::new(
                    code::BAD_PERCENT,
                    token.span,
                    "write a percentage with its sign: 50% is half, 0.5% one in 200",
                    "shares are percentages, with their sign",
                ));
            }
            return Err(Error::new(
                code::BAD_PERCENT,
                token.span,
                format!("write {corrected}"),
                "shares are percentages, with their sign",
            )
            .suggest(suggest::replace(self.text, token.span, &corrected)));
        }
        let span = self.span_from(token.span.start);
        let number = self.number_of(token).map_err(|_| bad_percent(span))?;
        basis_points(&number).map(|bp| (bp, span)).ok_or_else(|| bad_percent(span))
    }
}

fn bad_percent(span: Span) -> Error {
    Error::new(
        code::BAD_PERCENT,
        span,
        "write a percentage from 0% to 100% with at most two decimals",
        "entities fall into 10,000 buckets of one hundredth of a percent each",
    )
}
