//! The parser: from tokens to the syntax tree, by recursive descent with bounded depth.
//!
//! It knows the grammar and no catalog. One file per kind of thing: `boolean` (sets and their operators), `predicate`
//! (what is asked of one tag), `arith`, `list` (values, intervals, windows), `function`, `threshold`, `number`; and
//! `remedy`, `quoting` and `correct`, which find out what a text that is no query was meant to be.

mod arith;
mod boolean;
mod correct;
mod function;
mod list;
mod number;
mod predicate;
mod quoting;
mod remedy;
mod threshold;

pub use correct::suggest_split;

use crate::ast::{Expr, Name, Param, Path, Span, Text};
use crate::error::{Error, Warning, code};
use crate::fold::fold_name;
use crate::lexer::{Token, TokenKind, tokenize, unquote};
use crate::limits::{DEPTH_MAX, LEAVES_MAX, TEXT_BYTES_MAX, WARNINGS_MAX};
use crate::print::print;
use crate::words::Word;

/// A query as read.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// What it says.
    pub expr: Expr,
    /// What may surprise in how it was read.
    pub warnings: Vec<Warning>,
}

/// Reads a query.
///
/// Errors: the first thing in the text that is no query, with its remedy. A suggestion in it always parses.
pub fn parse(text: &str) -> Result<Parsed, Error> {
    parse_as_written(text).map_err(|error| correct::complete(text, error))
}

/// [`parse`] without a second look at errors.
pub(crate) fn parse_as_written(text: &str) -> Result<Parsed, Error> {
    if text.len() > TEXT_BYTES_MAX {
        let end = text.len().min(u32::MAX as usize) as u32;
        return Err(Error::new(
            code::TEXT_TOO_LONG,
            Span::new(end, end),
            "shorten the query, or send its values as a parameter: IN $name",
            format!("the text has {} bytes, the limit is {TEXT_BYTES_MAX}", text.len()),
        ));
    }
    let mut parser = Parser::new(text);
    let node = parser.set()?;
    if parser.peek().kind != TokenKind::End {
        return Err(parser.after_condition());
    }
    let mut warnings = parser.warnings;
    if let Some(span) = parser.mixed {
        let canonical = print(&node.expr);
        warnings.push(Warning {
            code: code::MIXED_OPERATORS,
            message: format!("read as {canonical}"),
            span,
            suggestion: Some(canonical),
        });
    }
    Ok(Parsed { expr: node.expr, warnings })
}

/// A condition that was read, and what the operators around it must know.
struct Node {
    expr: Expr,
    /// Operators above one another in it.
    height: usize,
    /// Whether parentheses stand around it.
    grouped: bool,
}

/// The state of reading one text.
struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    /// The index of the token that is read next.
    at: usize,
    /// Open parentheses and `NOT`s.
    depth: usize,
    leaves: usize,
    /// The indexes of the tokens of the value read last: if it goes on, it should have been quoted.
    value: std::ops::Range<usize>,
    warnings: Vec<Warning>,
    /// The first place that mixes operators without parentheses.
    mixed: Option<Span>,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Parser<'a> {
        Parser {
            text,
            tokens: tokenize(text),
            at: 0,
            depth: 0,
            leaves: 0,
            value: 0..0,
            warnings: Vec::new(),
            mixed: None,
        }
    }

    /// The next token; the end of the text again and again.
    fn peek(&self) -> Token {
        self.peek_after(0)
    }

    /// The token `count` behind the next.
    fn peek_after(&self, count: usize) -> Token {
        let last = self.tokens.len() - 1;
        self.tokens[(self.at + count).min(last)]
    }

    /// Takes the next token.
    fn bump(&mut self) -> Token {
        let token = self.peek();
        if token.kind != TokenKind::End {
            self.at += 1;
        }
        token
    }

    fn eat(&mut self, kind: TokenKind) -> Option<Token> {
        (self.peek().kind == kind).then(|| self.bump())
    }

    fn eat_word(&mut self, word: Word) -> bool {
        let found = self.peek().word() == Some(word);
        if found {
            self.bump();
        }
        found
    }

    /// Takes a token that must be there; `what` is its name in the error.
    fn expect(&mut self, kind: TokenKind, what: &str) -> Result<Token, Error> {
        self.eat(kind).ok_or_else(|| self.expected(what))
    }

    /// Takes a `)` that must be there.
    fn close(&mut self, opening: Span) -> Result<Token, Error> {
        if self.peek().kind == TokenKind::End {
            return Err(self.unclosed(opening, ")"));
        }
        self.expect(TokenKind::RightParen, "`)`")
    }

    fn slice(&self, token: Token) -> &'a str {
        token.span.of(self.text)
    }

    /// From a byte to the end of the token taken last.
    fn span_from(&self, start: u32) -> Span {
        let end = match self.at {
            0 => start,
            at => self.tokens[at - 1].span.end,
        };
        Span::new(start, end.max(start))
    }

    /// Goes one level down; REQUIRES: `self.depth` is taken back by the caller when it comes up without an error.
    fn descend(&mut self, span: Span) -> Result<(), Error> {
        self.depth += 1;
        if self.depth > DEPTH_MAX { Err(too_deep(span)) } else { Ok(()) }
    }

    fn leaf(&mut self, start: u32, kind: crate::ast::ExprKind) -> Result<Node, Error> {
        let span = self.span_from(start);
        self.leaves += 1;
        if self.leaves > LEAVES_MAX {
            return Err(Error::new(
                code::TOO_MANY_LEAVES,
                span,
                "join comparisons of one tag into one IN (...), or save parts as audiences",
                format!("the query has more than {LEAVES_MAX} conditions"),
            ));
        }
        Ok(Node { expr: Expr { kind, span }, height: 0, grouped: false })
    }

    /// A path; the next token is a name.
    fn path(&mut self) -> Result<Path, Error> {
        let first = self.name_part()?;
        let start = first.span.start;
        let mut names = vec![first];
        let mut wildcard = false;
        while !wildcard && self.eat(TokenKind::Dot).is_some() {
            match self.eat(TokenKind::Star) {
                Some(_) => wildcard = true,
                None => names.push(self.name_part()?),
            }
        }
        Ok(Path { names, wildcard, span: self.span_from(start) })
    }

    fn name_part(&mut self) -> Result<Name, Error> {
        let token = self.peek();
        let text = match token.kind {
            TokenKind::Name(_) => fold_name(self.slice(token)),
            TokenKind::QuotedName => unquote(self.slice(token)),
            TokenKind::Number | TokenKind::BadNumber | TokenKind::Duration | TokenKind::Date => {
                return Err(self.must_backtick(token));
            }
            _ => return Err(self.expected("a name")),
        };
        self.bump();
        Ok(Name { text, quoted: token.kind == TokenKind::QuotedName, span: token.span })
    }

    /// A parameter; the next token is one.
    fn param(&mut self) -> Param {
        let token = self.bump();
        let sign_bytes = self.slice(token).chars().next().map_or(0, char::len_utf8);
        Param { name: fold_name(&self.slice(token)[sign_bytes..]), span: token.span }
    }

    /// Keeps a warning; each may carry a copy of the text, so their number is bounded.
    fn warn(&mut self, warning: Warning) {
        if self.warnings.len() < WARNINGS_MAX {
            self.warnings.push(warning);
        }
    }

    fn string(&mut self, what: &str) -> Result<Text, Error> {
        let token = self.peek();
        let is_bare =
            matches!(token.kind, TokenKind::Name(None) | TokenKind::Number | TokenKind::BadNumber | TokenKind::Percent);
        if is_bare {
            return Err(self.must_quote(self.at));
        }
        self.expect(TokenKind::Text, what)?;
        Ok(Text { text: unquote(self.slice(token)), span: token.span })
    }
}

fn too_deep(span: Span) -> Error {
    Error::new(
        code::TOO_DEEP,
        span,
        "save an inner part as an audience and name it with @",
        format!("the query is nested deeper than {DEPTH_MAX}"),
    )
}
