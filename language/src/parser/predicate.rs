//! What is asked of one tag: comparison, IN, BETWEEN, LIKE, HAS, IS MISSING.

use crate::ast::{Arith, CompareOp, ExprKind, HasTest, InSource, Path, Span, Term, TermKind, ThresholdMode, ValueList};
use crate::error::{Error, code};
use crate::lexer::TokenKind;
use crate::suggest;
use crate::words::Word;

use super::{Node, Parser};

impl Parser<'_> {
    /// Whether the token at an index goes on from a tag to a condition about it.
    pub(super) fn begins_predicate(&self, index: usize) -> bool {
        let last = self.tokens.len() - 1;
        let token = self.tokens[index.min(last)];
        match token.kind {
            TokenKind::Compare(_) | TokenKind::Plus | TokenKind::Minus | TokenKind::Star | TokenKind::Slash => true,
            TokenKind::Name(Some(Word::Not)) => matches!(
                self.tokens[(index + 1).min(last)].word(),
                Some(Word::In | Word::Between | Word::Like | Word::Has | Word::HasAny | Word::HasAll)
            ),
            TokenKind::Name(Some(word)) => matches!(
                word,
                Word::In
                    | Word::NotIn
                    | Word::Between
                    | Word::Like
                    | Word::Has
                    | Word::HasAny
                    | Word::HasAll
                    | Word::HasNone
                    | Word::Is
                    | Word::IsMissing
                    | Word::IsNotMissing
            ),
            _ => false,
        }
    }

    /// The condition about `path`. REQUIRES: [`Parser::begins_predicate`] here, and no sign of a sum.
    pub(super) fn predicate(&mut self, path: Path) -> Result<Node, Error> {
        let start = path.span.start;
        let Some(word) = self.peek().word() else {
            return Err(self.expected("a condition"));
        };
        let word_span = self.bump().span;
        let (word, negated) = match word {
            Word::Not => (self.bump().word().unwrap_or(word), true),
            Word::NotIn => (Word::In, true),
            word => (word, false),
        };
        let kind = match word {
            Word::In => {
                let source = self.in_source(&path)?;
                ExprKind::In { path, negated, source }
            }
            Word::Between => self.between(path, negated)?,
            Word::Like => {
                let pattern = self.string("a pattern in quotes")?;
                ExprKind::Like { path, negated, pattern }
            }
            Word::Is => self.is_missing(path, word_span)?,
            Word::IsMissing => ExprKind::Missing { path, negated: false },
            Word::IsNotMissing => ExprKind::Missing { path, negated: true },
            _ if negated => return Err(self.not_has(&path, word_span)),
            word => {
                let test = self.has_test(word)?;
                ExprKind::Has { path, test }
            }
        };
        self.leaf(start, kind)
    }

    /// `arith cmp arith`
    pub(super) fn arith_condition(&mut self) -> Result<Node, Error> {
        let first = self.at;
        let left = self.arith(None)?;
        if matches!(&left.terms[0], Term { negative: false, kind: TermKind::Text(_), .. }) {
            self.at = first;
            self.signs();
            return Err(self.text_first());
        }
        let sign = self.peek();
        let TokenKind::Compare(op) = sign.kind else {
            return Err(self.no_comparison(&left));
        };
        self.bump();
        if let TokenKind::Compare(_) = self.peek().kind {
            return Err(self.two_signs(sign.span));
        }
        let is_value = left.as_path().is_some();
        let value_first = self.at;
        let right = self.arith(is_value.then_some(value_first))?;
        if is_value {
            self.value = value_first..self.at;
        }
        if let TokenKind::Compare(next) = self.peek().kind {
            return Err(self.chained(&left, op, &right, next));
        }
        let start = left.span.start;
        self.leaf(start, ExprKind::Compare { left, op, right })
    }

    /// `25 < age < 35`, at the second sign.
    fn chained(&mut self, left: &Arith, op: CompareOp, middle: &Arith, next: CompareOp) -> Error {
        self.bump();
        let error = |span| {
            Error::new(
                code::CHAINED_COMPARISON,
                span,
                "write two comparisons and join them with AND",
                "a comparison has one sign",
            )
        };
        let Ok(right) = self.arith(None) else {
            return error(left.span.to(middle.span));
        };
        let span = left.span.to(right.span);
        let [a, b, c] = [left.span, middle.span, right.span].map(|span| span.of(self.text));
        let (op, next, mirrored) = (op.sign(), next.sign(), op.mirrored().sign());
        let is_tag_first = left.as_path().is_some() && middle.as_path().is_none();
        let pair = match is_tag_first {
            true => format!("{a} {op} {b} AND {a} {next} {c}"),
            false => format!("{b} {mirrored} {a} AND {b} {next} {c}"),
        };
        error(span).suggest(suggest::replace(self.text, span, &pair)).with_remedy(format!("write {pair}"))
    }

    /// Two signs in a row: `> =`. Behind `=` a `>` is meant alone, or with its end.
    fn two_signs(&self, first: Span) -> Error {
        let second = self.peek().span;
        let span = first.to(second);
        let error = Error::new(code::SYNTAX, span, "write one sign: =, !=, <, <=, > or >=", "two signs stand in a row");
        let joined = match (first.of(self.text), second.of(self.text)) {
            (">", "=") => ">=",
            ("<", "=") => "<=",
            ("<", ">") => "!=",
            _ => return error,
        };
        error.suggest(suggest::replace(self.text, span, joined))
    }

    /// A sum that nothing is compared with.
    fn no_comparison(&self, left: &Arith) -> Error {
        let next = self.peek();
        if let Some(error) = self.unreadable(next) {
            return error;
        }
        if self.depth > 0 && next.kind == TokenKind::RightParen && left.terms.len() > 1 {
            return Error::new(
                code::NOT_LINEAR,
                left.span,
                "write the sum without parentheses, each tag with its own factor",
                "parentheses stand around conditions, not in arithmetic",
            );
        }
        if next.word().is_some_and(|word| word.is_reserved()) && self.begins_predicate(self.at) {
            return Error::new(
                code::SYNTAX,
                left.span,
                "compare a sum with =, !=, <, <=, > or >=",
                "IN, BETWEEN, HAS, LIKE and IS are asked of one tag",
            );
        }
        Error::new(
            code::SYNTAX,
            left.span,
            "compare it with something: =, !=, <, <=, > or >=",
            format!("`{}` alone is no condition", left.span.of(self.text)),
        )
    }

    /// A condition that begins with a quoted text: the tag stands on the left.
    pub(super) fn text_first(&mut self) -> Error {
        let text = self.bump();
        let error = Error::new(
            code::SYNTAX,
            text.span,
            "put the tag on the left and the quoted value on the right",
            "single and double quotes hold values; a name with spaces or signs stands in backticks",
        );
        let TokenKind::Compare(op) = self.peek().kind else {
            // "VIP level" IN (...): the quotes of SQL around a name.
            let name = crate::lexer::unquote(self.slice(text));
            let backticked = suggest::name(&name);
            return error.suggest(suggest::replace(self.text, text.span, &backticked));
        };
        self.bump();
        let Ok(right) = self.arith(None) else {
            return error;
        };
        if right.as_path().is_none() {
            let name = crate::lexer::unquote(self.slice(text));
            return error.suggest(suggest::replace(self.text, text.span, &suggest::name(&name)));
        }
        let span = text.span.to(right.span);
        let tag = right.span.of(self.text);
        let flipped = format!("{tag} {} {}", op.mirrored().sign(), self.slice(text));
        error.suggest(suggest::replace(self.text, span, &flipped))
    }

    /// `BETWEEN low AND high`; 到 and 和 may join the ends.
    fn between(&mut self, path: Path, negated: bool) -> Result<ExprKind, Error> {
        let first = self.at;
        let low = self.arith(Some(first))?;
        if !(self.eat_word(Word::And) || self.eat_word(Word::To)) {
            if let Some(error) = self.unreadable(self.peek()) {
                return Err(error);
            }
            if self.peek().kind == TokenKind::Comma {
                let span = self.peek().span;
                return Err(Error::new(
                    code::SYNTAX,
                    span,
                    "write AND between the two ends",
                    "BETWEEN has the form BETWEEN low AND high",
                )
                .suggest(suggest::replace_word(self.text, span, "AND")));
            }
            return Err(self.expected("AND and the upper end of BETWEEN"));
        }
        let first = self.at;
        let high = self.arith(Some(first))?;
        self.value = first..self.at;
        let span = low.span.to(high.span);
        self.note_reversed(&low, &high, span);
        Ok(ExprKind::Between { path, negated, low, high })
    }

    /// What follows `IS`: `[NOT] MISSING`.
    fn is_missing(&mut self, path: Path, is: Span) -> Result<ExprKind, Error> {
        let negated = self.eat_word(Word::Not);
        let token = self.peek();
        if self.eat_word(Word::Missing) {
            return Ok(ExprKind::Missing { path, negated });
        }
        let not = if negated { "NOT " } else { "" };
        let span = is.to(token.span);
        let remedy = format!("write IS {not}MISSING");
        let is_null =
            ["null", "empty", "unknown", "空", "缺失"].iter().any(|word| self.slice(token).eq_ignore_ascii_case(word));
        // A tag may well have the value `None`: who knows its values asks for that first.
        if self.slice(token).eq_ignore_ascii_case("none") {
            let sign = if negated { "!=" } else { "=" };
            let compared = format!("{sign} {}", suggest::quoted(self.slice(token)));
            return Err(Error::new(
                code::FOREIGN,
                span,
                format!("write {compared}, or IS {not}MISSING"),
                "IS asks only whether the tag is there",
            )
            .suggest(suggest::replace(self.text, span, &compared)));
        }
        if is_null {
            let missing = suggest::replace(self.text, token.span, "MISSING");
            return Err(Error::new(
                code::FOREIGN,
                span,
                remedy,
                "a tag is there or missing; no value stands for its absence",
            )
            .suggest(missing));
        }
        let error = Error::new(
            code::SYNTAX,
            span,
            format!("{remedy}, or compare with ="),
            "IS asks only whether the tag is there",
        );
        Err(match token.kind {
            TokenKind::End => error,
            _ => {
                let sign = if negated { "!=" } else { "=" };
                let compared = Span::new(is.start, token.span.start);
                error.suggest(suggest::replace(self.text, compared, &format!("{sign} ")))
            }
        })
    }

    /// `path NOT HAS`, at the token behind.
    fn not_has(&self, path: &Path, not: Span) -> Error {
        let name = path.span.of(self.text);
        let span = Span::new(path.span.start, not.end);
        Error::new(
            code::SYNTAX,
            not,
            format!("write NOT {name} HAS ..., or {name} HAS NONE (...)"),
            "NOT stands before the whole condition",
        )
        .suggest(suggest::replace(self.text, span, &format!("NOT {name}")))
    }

    /// What follows `HAS` or its Chinese forms.
    fn has_test(&mut self, word: Word) -> Result<HasTest, Error> {
        match word {
            Word::HasAny => return Ok(HasTest::Any(self.value_list("HAS ANY")?)),
            Word::HasAll => return Ok(HasTest::All(self.value_list("HAS ALL")?)),
            Word::HasNone => return Ok(HasTest::None(self.value_list("HAS NONE")?)),
            _ => {}
        }
        let next = self.peek_after(1).kind;
        let is_list = matches!(next, TokenKind::LeftParen | TokenKind::Param);
        let token = self.peek();
        match token.word() {
            Some(Word::Any) if is_list => {
                self.bump();
                Ok(HasTest::Any(self.value_list("HAS ANY")?))
            }
            Some(Word::All) if is_list => {
                self.bump();
                Ok(HasTest::All(self.value_list("HAS ALL")?))
            }
            Some(Word::None) if is_list => {
                self.bump();
                Ok(HasTest::None(self.value_list("HAS NONE")?))
            }
            Some(Word::Any) => Err(self.must_quote(self.at)),
            Some(Word::Like) if next == TokenKind::Text => {
                self.bump();
                Ok(HasTest::Like(self.string("a pattern in quotes")?))
            }
            Some(Word::At) if self.peek_after(1).word() == Some(Word::Least) => {
                self.bump();
                self.bump();
                self.has_at_least()
            }
            Some(Word::AtLeast) if next == TokenKind::Number => {
                self.bump();
                self.has_at_least()
            }
            _ if token.kind == TokenKind::LeftParen => Err(Error::new(
                code::SYNTAX,
                token.span,
                "write HAS ANY (...), HAS ALL (...) or HAS NONE (...)",
                "HAS alone takes one value",
            )
            .suggest(suggest::replace_word(
                self.text,
                Span::new(token.span.start, token.span.start),
                "ANY",
            ))),
            _ => Ok(HasTest::One(self.literal()?)),
        }
    }

    /// `n OF values`
    fn has_at_least(&mut self) -> Result<HasTest, Error> {
        let (count, span) = self.threshold_count()?;
        let values = self.value_list("HAS AT LEAST n OF")?;
        let listed = match &values {
            ValueList::Values(values) => Some(values.len()),
            ValueList::Param(_) => None,
        };
        self.check_count(ThresholdMode::AtLeast, count, listed, span)?;
        Ok(HasTest::AtLeast { count, values })
    }

    /// What follows `IN`.
    fn in_source(&mut self, path: &Path) -> Result<InSource, Error> {
        let token = self.peek();
        match token.kind {
            TokenKind::LeftParen if self.list_closes_as_interval() => self.interval(),
            TokenKind::LeftParen => Ok(InSource::Values(self.value_list("IN")?)),
            TokenKind::LeftBracket => self.interval(),
            TokenKind::Param if !self.goes_on_as_arith(self.at + 1) => Ok(InSource::Values(self.value_list("IN")?)),
            TokenKind::End | TokenKind::RightParen | TokenKind::Comma => Err(self.empty_list(path.span)),
            TokenKind::Name(Some(Word::And | Word::Or | Word::Except)) => Err(self.empty_list(path.span)),
            TokenKind::Name(Some(Word::Last | Word::Previous | Word::Since))
                if self.ends_condition(self.peek_after(1)) =>
            {
                Err(self.no_length(token))
            }
            _ if self.begins_window() => Ok(InSource::Window(self.window()?)),
            _ => self.dotted_interval(),
        }
    }
}
