//! `AT LEAST n OF`, `AT MOST n OF`, `EXACTLY n OF`.

use crate::ast::{Expr, ExprKind, Span, ThresholdMode, ThresholdTerms};
use crate::error::{Error, code};
use crate::lexer::TokenKind;
use crate::limits::DEPTH_MAX;
use crate::suggest;
use crate::words::Word;

use super::{Node, Parser, too_deep};

impl Parser<'_> {
    /// The whole condition; the next token begins the words of a threshold.
    pub(super) fn threshold(&mut self) -> Result<Node, Error> {
        let start = self.peek().span.start;
        let mode = match self.bump().word() {
            Some(Word::AtLeast) => ThresholdMode::AtLeast,
            Some(Word::AtMost) => ThresholdMode::AtMost,
            Some(Word::Exactly) => ThresholdMode::Exactly,
            _ if self.bump().word() == Some(Word::Least) => ThresholdMode::AtLeast,
            _ => ThresholdMode::AtMost,
        };
        let (count, span) = self.threshold_count()?;
        if self.peek().kind != TokenKind::LeftParen {
            return self.threshold_of_path(start, mode, count, span);
        }
        let opening = self.bump().span;
        self.descend(opening)?;
        let mut height = 0;
        let mut terms = Vec::new();
        loop {
            let node = self.or()?;
            height = height.max(node.height + 1);
            terms.push(node.expr);
            if self.eat(TokenKind::Comma).is_some() {
                continue;
            }
            match self.peek().kind {
                TokenKind::RightParen => self.bump(),
                TokenKind::End => return Err(self.unclosed(opening, ")")),
                _ => return Err(self.missing_comma("terms").unwrap_or_else(|| self.after_condition())),
            };
            break;
        }
        self.depth -= 1;
        let whole = self.span_from(start);
        if let [term] = terms.as_slice() {
            return Err(self.one_term(term, mode, count, self.span_from(opening.start), whole));
        }
        self.check_count(mode, count, Some(terms.len()), span)?;
        if height > DEPTH_MAX {
            return Err(too_deep(whole));
        }
        let kind = ExprKind::Threshold { mode, count, of: ThresholdTerms::Terms(terms) };
        Ok(Node { expr: Expr { kind, span: whole }, height, grouped: false })
    }

    fn threshold_of_path(&mut self, start: u32, mode: ThresholdMode, count: u32, span: Span) -> Result<Node, Error> {
        if !self.is_name(self.peek()) {
            return Err(self.expected("terms in parentheses, or a path like `items.*`"));
        }
        let path = self.path()?;
        if !path.wildcard {
            let corrected = format!("{}.*", path.span.of(self.text));
            if self.peek().kind == TokenKind::Comma {
                return Err(Error::new(
                    code::SYNTAX,
                    path.span,
                    "put the terms in parentheses: OF (a, b)",
                    "a threshold counts terms in parentheses, or what lies below a path",
                ));
            }
            return Err(Error::new(
                code::TOO_FEW_TERMS,
                path.span,
                format!("write {corrected}, or two terms at least in parentheses"),
                "a threshold counts terms in parentheses, or what lies below a path",
            )
            .suggest(suggest::replace(self.text, path.span, &corrected)));
        }
        self.check_count(mode, count, None, span)?;
        let of = ThresholdTerms::Wildcard(path);
        self.leaf(start, ExprKind::Threshold { mode, count, of })
    }

    /// `n OF`
    pub(super) fn threshold_count(&mut self) -> Result<(u32, Span), Error> {
        let token = self.expect(TokenKind::Number, "a number")?;
        let number = self.number_of(token)?;
        let count = number.as_integer().and_then(|digits| u32::try_from(digits).ok());
        let Some(count) = count else {
            return Err(Error::new(
                code::BAD_THRESHOLD,
                token.span,
                "write a small whole number",
                "terms are counted in whole numbers",
            ));
        };
        if !self.eat_word(Word::Of) {
            let place = Span::new(token.span.end, token.span.end);
            let error = self.expected("OF");
            return Err(match self.peek().kind {
                TokenKind::LeftParen | TokenKind::Name(None) | TokenKind::QuotedName => {
                    error.suggest(suggest::replace_word(self.text, place, "OF"))
                }
                _ => error,
            });
        }
        Ok((count, token.span))
    }

    /// Refuses a count that no or every term reaches by its number alone; `listed` is the number of terms if it is
    /// known.
    pub(super) fn check_count(
        &self,
        mode: ThresholdMode,
        count: u32,
        listed: Option<usize>,
        span: Span,
    ) -> Result<(), Error> {
        let least = u32::from(mode == ThresholdMode::AtLeast);
        let is_fitting = count >= least && listed.is_none_or(|listed| count as usize <= listed);
        if is_fitting {
            return Ok(());
        }
        let detail = match listed {
            Some(listed) => format!("there are {listed} terms"),
            None => "everybody has at least none of them".to_owned(),
        };
        let remedy = match listed {
            Some(listed) => format!("write a number from {least} to {listed}"),
            None => format!("write {least} or more"),
        };
        // Another number would be another question.
        Err(Error::new(code::BAD_THRESHOLD, span, remedy, detail))
    }

    /// A threshold over a single term in the parentheses `list`.
    fn one_term(&self, term: &Expr, mode: ThresholdMode, count: u32, list: Span, whole: Span) -> Error {
        let written = term.span.of(self.text);
        let error = Error::new(
            code::TOO_FEW_TERMS,
            list,
            "list two terms at least",
            "a threshold counts several terms; one term stands alone",
        );
        match &term.kind {
            // Several things are wanted of one path: what lies below it is meant.
            ExprKind::Flag(path) if count != 1 || path.wildcard => {
                let below = if path.wildcard { written.to_owned() } else { format!("{written}.*") };
                error.suggest(suggest::replace(self.text, list, &below))
            }
            // Parentheses keep the term together whatever stands around it.
            _ if count == 1 && mode != ThresholdMode::AtMost => {
                error.suggest(suggest::replace(self.text, whole, &format!("({written})")))
            }
            _ => error,
        }
    }
}
