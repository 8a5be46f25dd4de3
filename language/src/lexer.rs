//! The lexer: from text to tokens, each with its bytes of the original text.
//!
//! It never fails: what it cannot read is a token of its own, so that the parser can say what it would have been and
//! the shell can colour a line that is still being typed. Tokens hold no text; whoever needs it takes the slice.

use crate::ast::{CompareOp, Span};
use crate::fold::{continues_name, fold, fold_text, may_fold, starts_name};
use crate::words::{self, Word};

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// A bare name, and the word it spells if any.
    Name(Option<Word>),
    /// A name in backticks.
    QuotedName,
    /// A string in quotes.
    Text,
    Number,
    /// Digits with a unit.
    Duration,
    Date,
    DateTime,
    /// Digits that run on into letters: `3XL`.
    BadNumber,
    /// `$name`.
    Param,
    Compare(CompareOp),
    LeftParen,
    RightParen,
    LeftBracket,
    RightBracket,
    Comma,
    Dot,
    DotDot,
    Colon,
    At,
    Percent,
    Star,
    Slash,
    Plus,
    Minus,
    /// From `--` to the end of the line.
    Comment,
    /// A quote that is never closed, to the end of the text.
    Unclosed,
    /// Two backticks with nothing between them.
    EmptyName,
    /// `$` without a name.
    BareDollar,
    /// A sign of another language with a counterpart here, like `==`, or any other character.
    Unknown,
    /// The end of the text.
    End,
}

/// A token and its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) span: Span,
}

impl Token {
    /// The word a bare name spells.
    pub(crate) fn word(&self) -> Option<Word> {
        match self.kind {
            TokenKind::Name(word) => word,
            _ => None,
        }
    }
}

/// All tokens but comments, closed by one [`TokenKind::End`].
pub(crate) fn tokenize(text: &str) -> Vec<Token> {
    let mut tokens = Vec::with_capacity(text.len() / 3 + 2);
    tokens.extend(Lexer::new(text).filter(|token| token.kind != TokenKind::Comment));
    let end = text.len() as u32;
    tokens.push(Token { kind: TokenKind::End, span: Span::new(end, end) });
    tokens
}

/// An iterator over the tokens of a text, comments included, that ends with the text.
pub(crate) struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    /// REQUIRES: `text` is shorter than 4 GiB.
    pub(crate) fn new(text: &'a str) -> Lexer<'a> {
        Lexer { text, at: 0 }
    }

    /// The folded character at a byte, and its length there; length 0 at the end.
    fn char_at(&self, at: usize) -> (char, usize) {
        match self.text.as_bytes().get(at) {
            None => ('\0', 0),
            Some(&byte) if byte < 0x80 => (byte as char, 1),
            Some(_) => match self.text[at..].chars().next() {
                Some(c) => (fold(c), c.len_utf8()),
                None => ('\0', 0),
            },
        }
    }

    /// Steps over the next character if it is `wanted`.
    fn eat(&mut self, wanted: char) -> bool {
        let (c, length) = self.char_at(self.at);
        let found = length > 0 && c == wanted;
        if found {
            self.at += length;
        }
        found
    }

    /// Steps over characters as long as they are `wanted`; how many they were.
    fn eat_while(&mut self, wanted: impl Fn(char) -> bool) -> usize {
        let mut count = 0;
        loop {
            let (c, length) = self.char_at(self.at);
            if length == 0 || !wanted(c) {
                return count;
            }
            self.at += length;
            count += 1;
        }
    }

    /// Steps over exactly `count` digits, or stays.
    fn eat_digits(&mut self, count: usize) -> bool {
        let start = self.at;
        for _ in 0..count {
            let (c, length) = self.char_at(self.at);
            if !c.is_ascii_digit() {
                self.at = start;
                return false;
            }
            self.at += length;
        }
        true
    }

    fn runs_on(&self) -> bool {
        let (c, length) = self.char_at(self.at);
        length > 0 && continues_name(c)
    }

    /// The token that begins with `c`, which has been stepped over.
    fn token(&mut self, start: usize, c: char) -> TokenKind {
        match c {
            'a'..='z' | 'A'..='Z' | '_' => self.name(start),
            '0'..='9' => self.number(start),
            '(' => TokenKind::LeftParen,
            ')' => TokenKind::RightParen,
            '[' => TokenKind::LeftBracket,
            ']' => TokenKind::RightBracket,
            ',' => TokenKind::Comma,
            ':' => TokenKind::Colon,
            '@' => TokenKind::At,
            '%' => TokenKind::Percent,
            '*' => TokenKind::Star,
            '/' => TokenKind::Slash,
            '+' => TokenKind::Plus,
            '~' => TokenKind::DotDot,
            '.' if self.eat('.') => TokenKind::DotDot,
            '.' => TokenKind::Dot,
            '-' if self.eat('-') => {
                self.eat_while(|c| c != '\n');
                TokenKind::Comment
            }
            '-' => TokenKind::Minus,
            '`' => self.quoted_name(),
            '\'' | '"' | '‘' | '’' | '“' | '”' => self.string(start),
            '$' => self.param(),
            '=' | '<' | '>' | '!' | '≤' | '≥' | '≠' => self.sign(c),
            '&' | '|' => {
                self.eat(c);
                TokenKind::Unknown
            }
            _ if starts_name(c) => self.name(start),
            _ => TokenKind::Unknown,
        }
    }

    fn sign(&mut self, c: char) -> TokenKind {
        TokenKind::Compare(match c {
            '≤' => CompareOp::LessOrEqual,
            '≥' => CompareOp::GreaterOrEqual,
            '≠' => CompareOp::NotEqual,
            '<' if self.eat('=') => CompareOp::LessOrEqual,
            '<' if self.eat('>') => CompareOp::NotEqual,
            '<' => CompareOp::Less,
            '>' if self.eat('=') => CompareOp::GreaterOrEqual,
            '>' => CompareOp::Greater,
            '!' if self.eat('=') => CompareOp::NotEqual,
            '=' if !(self.eat('=') || self.eat('<') || self.eat('>')) => CompareOp::Equal,
            // `!`, `==`, `=<` and `=>`: the parser names what they are here.
            _ => return TokenKind::Unknown,
        })
    }

    fn name(&mut self, start: usize) -> TokenKind {
        let bytes = self.text.as_bytes();
        while self.at < bytes.len() && (bytes[self.at].is_ascii_alphanumeric() || bytes[self.at] == b'_') {
            self.at += 1;
        }
        // It may go on behind its ASCII letters, but not with ASCII.
        if bytes.get(self.at).is_some_and(|byte| !byte.is_ascii()) {
            self.eat_while(continues_name);
        }
        TokenKind::Name(self.word(start))
    }

    fn word(&self, start: usize) -> Option<Word> {
        let text = &self.text[start..self.at];
        if may_fold(text) { words::lookup(&fold_text(text)) } else { words::lookup(text) }
    }

    /// A number, a date or a duration; `start` is where its first digit is.
    fn number(&mut self, start: usize) -> TokenKind {
        self.at = start;
        if let Some(kind) = self.date() {
            return kind;
        }
        self.eat_while(|c| c.is_ascii_digit());
        let mut is_plain = true;
        let (point, point_bytes) = self.char_at(self.at);
        if point == '.' && self.char_at(self.at + point_bytes).0.is_ascii_digit() {
            is_plain = false;
            self.at += point_bytes;
            self.eat_while(|c| c.is_ascii_digit());
        }
        if self.eat_while(|c| c == '万' || c == '亿') > 0 {
            is_plain = false;
        }
        if !self.runs_on() {
            return TokenKind::Number;
        }
        let suffix = self.at;
        self.eat_while(continues_name);
        match self.word(suffix) {
            Some(Word::Unit(_)) if is_plain => TokenKind::Duration,
            // The counters 项 and 次 follow their number without a space.
            Some(Word::Of | Word::Times) if !self.text.as_bytes()[suffix].is_ascii() => {
                self.at = suffix;
                TokenKind::Number
            }
            _ => TokenKind::BadNumber,
        }
    }

    /// `YYYY-MM-DD` with or without a time; stays where it is if there is none.
    fn date(&mut self) -> Option<TokenKind> {
        let start = self.at;
        let is_date = self.eat_digits(4) && self.eat('-') && self.eat_digits(2) && self.eat('-') && self.eat_digits(2);
        if !is_date {
            self.at = start;
            return None;
        }
        if !self.runs_on() {
            return Some(TokenKind::Date);
        }
        let is_time = (self.eat('T') || self.eat('t')) && self.eat_digits(2) && self.eat(':') && self.eat_digits(2);
        if is_time {
            let minutes_end = self.at;
            if !(self.eat(':') && self.eat_digits(2)) {
                self.at = minutes_end;
            }
            if !self.runs_on() {
                return Some(TokenKind::DateTime);
            }
        }
        self.eat_while(continues_name);
        Some(TokenKind::BadNumber)
    }

    fn quoted_name(&mut self) -> TokenKind {
        match self.close(|c| fold(c) == '`') {
            None => TokenKind::Unclosed,
            Some(0) => TokenKind::EmptyName,
            Some(_) => TokenKind::QuotedName,
        }
    }

    fn string(&mut self, start: usize) -> TokenKind {
        // The quote as written: a full-width quote is closed by a full-width one.
        let opening = self.text[start..].chars().next().unwrap_or('"');
        match self.close(|c| closes(opening, c)) {
            None => TokenKind::Unclosed,
            Some(_) => TokenKind::Text,
        }
    }

    /// Steps behind the closing quote, where two in a row stand for one; the bytes between the quotes.
    fn close(&mut self, is_closing: impl Fn(char) -> bool) -> Option<usize> {
        let inside = self.at;
        let mut chars = self.text[inside..].char_indices().peekable();
        while let Some((offset, c)) = chars.next() {
            if !is_closing(c) {
                continue;
            }
            match chars.peek() {
                Some(&(_, next)) if is_closing(next) => {
                    chars.next();
                }
                _ => {
                    self.at = inside + offset + c.len_utf8();
                    return Some(offset);
                }
            }
        }
        self.at = self.text.len();
        None
    }

    fn param(&mut self) -> TokenKind {
        let (c, length) = self.char_at(self.at);
        if length == 0 || !starts_name(c) {
            return TokenKind::BareDollar;
        }
        self.eat_while(continues_name);
        TokenKind::Param
    }
}

impl Iterator for Lexer<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        loop {
            let start = self.at;
            let (c, length) = self.char_at(start);
            if length == 0 {
                return None;
            }
            self.at += length;
            if c.is_whitespace() {
                continue;
            }
            let kind = self.token(start, c);
            return Some(Token { kind, span: Span::new(start as u32, self.at as u32) });
        }
    }
}

/// Whether `c` closes a string opened by `opening`. Curly quotes close each other, whichever way they lean, because
/// input methods give them in turn.
fn closes(opening: char, c: char) -> bool {
    match opening {
        '“' | '”' => matches!(c, '“' | '”'),
        '‘' | '’' => matches!(c, '‘' | '’'),
        same => c == same,
    }
}

/// The text between the quotes of a string or a name in backticks, doubled quotes made one.
///
/// REQUIRES: `text` is the whole of a [`TokenKind::Text`] or [`TokenKind::QuotedName`] token.
pub(crate) fn unquote(text: &str) -> String {
    let mut chars = text.chars();
    let (Some(opening), Some(_)) = (chars.next(), chars.next_back()) else {
        return String::new();
    };
    let is_quote = |c: char| match fold(opening) {
        '`' => fold(c) == '`',
        _ => closes(opening, c),
    };
    let inside = chars.as_str();
    if !inside.contains(is_quote) {
        return inside.to_owned();
    }
    let mut unquoted = String::with_capacity(inside.len());
    let mut chars = inside.chars();
    while let Some(c) = chars.next() {
        unquoted.push(c);
        if is_quote(c) {
            chars.next();
        }
    }
    unquoted
}
