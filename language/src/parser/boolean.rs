//! Sets and the operators between them, loosest first: EXCEPT, OR, AND, NOT; and what a condition may begin with.

use crate::ast::{Expr, ExprKind, Path};
use crate::error::{Error, code};
use crate::lexer::TokenKind;
use crate::limits::DEPTH_MAX;
use crate::words::Word;

use super::{Node, Parser, too_deep};

/// Tokens that are looked through for more of an operator, so that a list of usual length is never moved.
const TOKENS_AHEAD: usize = 64;

impl Parser<'_> {
    /// `or { EXCEPT or }`
    pub(super) fn set(&mut self) -> Result<Node, Error> {
        let first = self.or()?;
        self.chain(first, Word::Except, Parser::or, |kind| matches!(kind, ExprKind::Or(_)), ExprKind::Except)
    }

    /// `and { OR and }`
    pub(super) fn or(&mut self) -> Result<Node, Error> {
        let first = self.and()?;
        self.chain(first, Word::Or, Parser::and, |kind| matches!(kind, ExprKind::And(_)), ExprKind::Or)
    }

    /// `not { AND not }`
    fn and(&mut self) -> Result<Node, Error> {
        let first = self.not()?;
        self.chain(first, Word::And, Parser::not, |_| false, ExprKind::And)
    }

    /// `first { word term }`, behind the first; a term that `is_other` mixes operators.
    fn chain(
        &mut self,
        first: Node,
        word: Word,
        term: fn(&mut Self) -> Result<Node, Error>,
        is_other: fn(&ExprKind) -> bool,
        kind: fn(Vec<Expr>) -> ExprKind,
    ) -> Result<Node, Error> {
        if self.peek().word() != Some(word) {
            return Ok(first);
        }
        let ahead = &self.tokens[self.at..self.tokens.len().min(self.at + TOKENS_AHEAD)];
        let more = ahead.iter().filter(|token| token.word() == Some(word)).count();
        let mut terms = Vec::with_capacity(1 + more);
        let mut mixed = None;
        let mut height = 0;
        let mut node = first;
        loop {
            if mixed.is_none() && !node.grouped && is_other(&node.expr.kind) {
                mixed = Some(node.expr.span);
            }
            height = height.max(node.height + 1);
            terms.push(node.expr);
            if !self.eat_word(word) {
                break;
            }
            node = term(self)?;
        }
        self.mixed = self.mixed.or(mixed);
        let span = terms[0].span.to(terms[terms.len() - 1].span);
        if height > DEPTH_MAX {
            return Err(too_deep(span));
        }
        Ok(Node { expr: Expr { kind: kind(terms), span }, height, grouped: false })
    }

    /// `NOT not | primary`
    fn not(&mut self) -> Result<Node, Error> {
        let token = self.peek();
        if token.word() != Some(Word::Not) {
            return self.primary();
        }
        self.bump();
        self.descend(token.span)?;
        let inner = self.not()?;
        self.depth -= 1;
        let height = inner.height + 1;
        let span = self.span_from(token.span.start);
        if height > DEPTH_MAX {
            return Err(too_deep(span));
        }
        let expr = Expr { kind: ExprKind::Not(Box::new(inner.expr)), span };
        Ok(Node { expr, height, grouped: false })
    }

    fn primary(&mut self) -> Result<Node, Error> {
        let token = self.peek();
        match token.kind {
            TokenKind::LeftParen => self.group(),
            TokenKind::At => self.audience(),
            TokenKind::QuotedName => self.path_condition(),
            TokenKind::Name(None) => self.path_condition(),
            TokenKind::Name(Some(word)) => self.word_condition(word),
            TokenKind::Param => match self.peek_after(1).kind {
                TokenKind::Compare(_) | TokenKind::Plus | TokenKind::Minus => self.arith_condition(),
                _ => {
                    let param = self.param();
                    self.leaf(token.span.start, ExprKind::Param(param))
                }
            },
            TokenKind::Number
            | TokenKind::Duration
            | TokenKind::Date
            | TokenKind::DateTime
            | TokenKind::Minus
            | TokenKind::Plus => self.arith_condition(),
            TokenKind::Text => Err(self.text_first()),
            TokenKind::End if self.at == 0 => Err(Error::new(
                code::SYNTAX,
                token.span,
                "write a condition, or ALL for everybody",
                "the query is empty",
            )
            .suggest("ALL")),
            TokenKind::BadNumber => Err(self.must_backtick(token)),
            _ => Err(self.expected("a condition")),
        }
    }

    fn group(&mut self) -> Result<Node, Error> {
        let opening = self.bump().span;
        self.descend(opening)?;
        let mut node = self.set()?;
        match self.peek().kind {
            TokenKind::RightParen => self.bump(),
            TokenKind::End => return Err(self.unclosed(opening, ")")),
            _ => return Err(self.after_condition()),
        };
        self.depth -= 1;
        node.grouped = true;
        Ok(node)
    }

    /// `@path [:v12]`
    fn audience(&mut self) -> Result<Node, Error> {
        let start = self.bump().span.start;
        let path = self.path()?;
        if path.wildcard {
            return Err(Error::new(
                code::WILDCARD,
                path.span,
                "name one audience",
                "`.*` joins the flags below a path; audiences are joined with OR",
            ));
        }
        let mut version = None;
        if self.eat(TokenKind::Colon).is_some() {
            let token = self.peek();
            let digits = match token.kind {
                TokenKind::Name(_) => crate::fold::fold_text(self.slice(token)),
                _ => String::new(),
            };
            version = digits.strip_prefix(['v', 'V']).and_then(|digits| digits.parse().ok());
            if version.is_none() {
                return Err(self.expected("a version like `v12`"));
            }
            self.bump();
        }
        self.leaf(start, ExprKind::Audience { path, version })
    }

    /// A condition that begins with a word, which may also be the name of a tag.
    fn word_condition(&mut self, word: Word) -> Result<Node, Error> {
        let token = self.peek();
        let next = self.peek_after(1);
        match word {
            Word::All | Word::None if !self.begins_predicate(self.at + 1) => {
                self.bump();
                let kind = if word == Word::All { ExprKind::All } else { ExprKind::None };
                self.leaf(token.span.start, kind)
            }
            Word::At if matches!(next.word(), Some(Word::Least | Word::Most)) => self.threshold(),
            Word::AtLeast | Word::AtMost | Word::Exactly if next.kind == TokenKind::Number => self.threshold(),
            _ if word.is_function() && next.kind == TokenKind::LeftParen => self.function(word),
            _ if word.is_later_start() && self.begins_later(next) => Err(self.not_available(token)),
            _ if word.is_moment() => match next.kind {
                TokenKind::Compare(_) | TokenKind::Plus | TokenKind::Minus => self.arith_condition(),
                _ => Err(self.must_backtick(token)),
            },
            _ if word.is_reserved() && self.begins_predicate(self.at + 1) => Err(self.must_backtick(token)),
            _ if word.is_reserved() => Err(self.expected("a condition")),
            _ => self.path_condition(),
        }
    }

    /// A condition that begins with a tag.
    fn path_condition(&mut self) -> Result<Node, Error> {
        if self.begins_sum() {
            return self.arith_condition();
        }
        let path = self.path()?;
        let start = path.span.start;
        if self.begins_predicate(self.at) {
            if path.wildcard {
                return Err(self.wildcard_compared(&path));
            }
            return self.predicate(path);
        }
        self.leaf(start, ExprKind::Flag(path))
    }

    /// Whether a comparison or a sign of arithmetic stands behind the path here, which then is part of a sum.
    fn begins_sum(&self) -> bool {
        let is_part = |count| matches!(self.peek_after(count).kind, TokenKind::Name(_) | TokenKind::QuotedName);
        let mut behind = 1;
        while self.peek_after(behind).kind == TokenKind::Dot && is_part(behind + 1) {
            behind += 2;
        }
        let next = self.peek_after(behind);
        next.word().is_none() && self.begins_predicate(self.at + behind)
    }

    fn wildcard_compared(&self, path: &Path) -> Error {
        Error::new(
            code::WILDCARD,
            path.span,
            "compare one tag, or use the path alone",
            "a path with `.*` is the union of the flags below it, and has no value to compare",
        )
    }
}
