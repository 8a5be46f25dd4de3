//! Suggestions: what a text that is no query was meant to be, seen from the token that fits nowhere: the tokens around
//! it are looked at once more.

use crate::ast::{CompareOp, Span};
use crate::dates::other_date;
use crate::error::{Error, code};
use crate::fold::fold_text;
use crate::lexer::{Token, TokenKind};
use crate::suggest;
use crate::words::{self, Word};

use super::Parser;

impl Parser<'_> {
    /// The error at a place where `what` belongs.
    pub(super) fn expected(&self, what: &str) -> Error {
        let token = self.peek();
        if let Some(error) = self.unreadable(token) {
            return error;
        }
        let detail = match token.kind {
            TokenKind::End => "the query ends too early".to_owned(),
            _ => format!("`{}` cannot stand here", self.slice(token)),
        };
        Error::new(code::SYNTAX, token.span, format!("write {what} here"), detail)
    }

    /// The error of something that follows a whole condition.
    pub(super) fn after_condition(&self) -> Error {
        let token = self.peek();
        let next = self.peek_after(1);
        if self.value_goes_on() {
            return self.must_quote(self.value.start);
        }
        if let Some(error) = self.unreadable(token) {
            return error;
        }
        match (token.kind, token.word()) {
            (_, Some(Word::As)) if next.word() == Some(Word::Of) => self.not_available_span(token.span.to(next.span)),
            (_, Some(Word::Then | Word::Within | Word::Times)) => self.not_available(token),
            (TokenKind::DotDot, _) if self.follows_equals() => self.interval_behind_sign(),
            (TokenKind::Colon, _) if matches!(self.peek_after(2).kind, TokenKind::Compare(_)) => {
                Error::new(code::FOREIGN, token.span, "put a name with a sign in backticks", "a colon compares nothing")
            }
            // With a = in its place, `:>` would be `>=`.
            (TokenKind::Colon, _) if matches!(next.kind, TokenKind::Compare(_)) => {
                Error::new(code::FOREIGN, token.span, "leave out the colon", "a colon compares nothing")
                    .suggest(suggest::replace(self.text, token.span, ""))
            }
            (TokenKind::Colon, _) => Error::new(code::FOREIGN, token.span, "write =", "a colon compares nothing")
                .suggest(suggest::replace_word(self.text, token.span, "=")),
            (_, Some(Word::Last | Word::Previous | Word::Since))
                if matches!(next.kind, TokenKind::Number | TokenKind::Duration | TokenKind::Date) =>
            {
                let place = Span::new(token.span.start, token.span.start);
                Error::new(code::SYNTAX, token.span, "write IN before a window", "IN is missing")
                    .suggest(suggest::replace_word(self.text, place, "IN"))
            }
            (_, Some(Word::Last | Word::Previous | Word::Since)) if self.ends_condition(next) => self.no_length(token),
            (TokenKind::LeftParen, _) if self.follows_name(token) => self.unknown_function(token),
            (TokenKind::Comma, _) => self.comma(token),
            (TokenKind::RightParen, _) => self.closes_nothing(token, next),
            (TokenKind::Percent, _) => Error::new(
                code::SYNTAX,
                token.span,
                "write a plain number",
                "percentages stand only in split and sample",
            ),
            _ if self.begins_condition(token, next) => self.missing_and(token),
            _ => Error::new(
                code::SYNTAX,
                token.span,
                "join whole conditions with AND, OR or EXCEPT",
                format!("`{}` cannot follow a condition", self.slice(token)),
            ),
        }
    }

    /// A `)` that nothing opens: where more follows it, what stands before it was meant as one.
    fn closes_nothing(&self, token: Token, next: Token) -> Error {
        let (remedy, corrected) = match next.kind {
            TokenKind::End | TokenKind::RightParen => ("remove this `)`", suggest::replace(self.text, token.span, "")),
            _ => ("open what this `)` closes", format!("({}", self.text.trim_start())),
        };
        Error::new(code::SYNTAX, token.span, remedy, "it closes nothing").suggest(corrected)
    }

    /// Whether a condition ends before a token.
    pub(super) fn ends_condition(&self, token: Token) -> bool {
        matches!(token.kind, TokenKind::End | TokenKind::RightParen | TokenKind::Comma)
            || matches!(token.word(), Some(Word::And | Word::Or | Word::Except))
    }

    /// `LAST`, `PREV` or `SINCE` without what it needs. No length is offered: it would be a guess.
    pub(super) fn no_length(&self, token: Token) -> Error {
        let word = self.slice(token);
        let (remedy, detail) = match token.word() {
            Some(Word::Since) => (format!("write the first day: {word} 2024-01-01"), "SINCE goes from a day to today"),
            _ => (format!("write how long: {word} 7d, {word} 3mo"), "a window has a length with its unit"),
        };
        Error::new(code::SYNTAX, token.span, remedy, detail)
    }

    fn begins_condition(&self, token: Token, next: Token) -> bool {
        match token.kind {
            TokenKind::Name(Some(word)) if word.is_reserved() => {
                matches!(word, Word::Not | Word::All | Word::None)
                    || matches!(next.word(), Some(Word::Least | Word::Most))
            }
            TokenKind::Name(_) | TokenKind::QuotedName | TokenKind::At | TokenKind::Param | TokenKind::LeftParen => {
                true
            }
            TokenKind::Number | TokenKind::Duration | TokenKind::Date | TokenKind::DateTime => {
                matches!(next.kind, TokenKind::Compare(_))
            }
            _ => false,
        }
    }

    fn missing_and(&self, token: Token) -> Error {
        let place = Span::new(token.span.start, token.span.start);
        let before = self.tokens[self.at.saturating_sub(1)];
        if self.at == 1 && self.slice(before).eq_ignore_ascii_case("where") {
            return Error::new(code::FOREIGN, before.span, "leave it out", "a query is the condition alone")
                .suggest(self.text[place.start as usize..].to_owned());
        }
        if before.kind == TokenKind::Text && before.span.end == token.span.start {
            let quote = Span::new(place.start, place.start);
            let closing = self.slice(before).chars().next_back().unwrap_or('\'');
            return Error::new(
                code::SYNTAX,
                token.span,
                "double a quote that belongs to the value",
                "the value ends at the quote before this",
            )
            .suggest(suggest::replace(self.text, quote, &closing.to_string()));
        }
        let written = self.slice(token);
        let glued =
            ["AND", "OR", "EXCEPT"].into_iter().find(|word| written.len() > word.len() && written.starts_with(word));
        if let Some(word) = glued.filter(|_| token.kind == TokenKind::Name(None)) {
            let apart = format!("{word} {}", &written[word.len()..]);
            return Error::new(
                code::GLUED_WORD,
                token.span,
                format!("put spaces around the words of the language: {apart}"),
                format!("`{written}` is read as one name"),
            )
            .suggest(suggest::replace(self.text, token.span, &apart));
        }
        Error::new(
            code::MISSING_AND,
            token.span,
            "put AND or OR between the two conditions",
            format!("AND is missing before `{}`", self.slice(token)),
        )
        .suggest(suggest::replace_word(self.text, place, "AND"))
    }

    /// Whether the value read last follows `=`.
    fn follows_equals(&self) -> bool {
        self.value.end == self.at
            && self
                .value
                .start
                .checked_sub(1)
                .is_some_and(|sign| self.tokens[sign].kind == TokenKind::Compare(CompareOp::Equal))
    }

    /// `age = 25..35`, at the dots.
    fn interval_behind_sign(&self) -> Error {
        let sign = self.tokens[self.value.start - 1].span;
        Error::new(code::SYNTAX, sign, "write IN before an interval", "= compares with one value")
            .suggest(suggest::replace_word(self.text, sign, "IN"))
    }

    /// A comma between conditions, or between values that no list holds.
    fn comma(&self, token: Token) -> Error {
        let behind = self.peek_after(1);
        let is_condition = self.begins_condition(behind, self.peek_after(2)) && self.begins_predicate(self.at + 2);
        if is_condition || self.value.end != self.at {
            let joined = suggest::replace_word(self.text, token.span, "AND");
            return Error::new(
                code::MISSING_AND,
                token.span,
                "put AND or OR between the two conditions",
                "commas stand between values, not between conditions",
            )
            .suggest(joined);
        }
        let before = self.tokens[self.at.saturating_sub(1)];
        let sign = self.value.start.checked_sub(1).map(|sign| self.tokens[sign].kind);
        let is_ordered = matches!(
            sign,
            Some(TokenKind::Compare(
                CompareOp::Less | CompareOp::LessOrEqual | CompareOp::Greater | CompareOp::GreaterOrEqual
            ))
        );
        let is_grouped = before.kind == TokenKind::Number
            && behind.kind == TokenKind::Number
            && before.span.end == token.span.start
            && behind.span.start == token.span.end
            && self.slice(behind).len() == 3;
        if is_grouped {
            return Error::new(
                code::BAD_NUMBER,
                token.span,
                "write the number without commas",
                "commas stand between values",
            )
            .suggest(suggest::replace(self.text, token.span, ""));
        }
        let remedy = match is_ordered {
            true => "write one number, with a point before its fraction and nothing between its thousands",
            false => "to ask for one of several values write IN (a, b)",
        };
        Error::new(code::SYNTAX, token.span, remedy, "a comparison has one value")
    }

    fn follows_name(&self, token: Token) -> bool {
        self.at > 0 && {
            let before = self.tokens[self.at - 1];
            matches!(before.kind, TokenKind::Name(_)) && before.span.end == token.span.start
        }
    }

    fn unknown_function(&self, token: Token) -> Error {
        let name = self.tokens[self.at - 1];
        Error::new(
            code::SYNTAX,
            name.span.to(token.span),
            "the functions are split, sample and ids",
            format!("`{}` is no function", self.slice(name)),
        )
    }

    /// At digits that run on into letters, where a number or value belongs.
    pub(super) fn bad_number(&self, value: Option<usize>) -> Error {
        let token = self.peek();
        let text = self.slice(token);
        if let Some(date) = other_date(text) {
            return Error::new(code::BAD_DATE, token.span, format!("write {date}"), "a date has the form YYYY-MM-DD")
                .suggest(suggest::replace(self.text, token.span, &date));
        }
        if let Some(error) = self.number_and_word(token) {
            return error;
        }
        if let Some(first) = value {
            return self.must_quote(first);
        }
        Error::new(
            code::BAD_NUMBER,
            token.span,
            "write a number, or a duration with min, h, d, w, mo or y",
            format!("`{text}` is no number"),
        )
    }

    /// `30AND`: the space is missing.
    pub(super) fn number_and_word(&self, token: Token) -> Option<Error> {
        let text = self.slice(token);
        let word_start = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (digits, rest) = text.split_at(word_start);
        let is_word = words::lookup(rest).is_some_and(Word::is_reserved);
        is_word.then(|| {
            let spaced = format!("{digits} {rest}");
            Error::new(
                code::GLUED_WORD,
                token.span,
                format!("put a space between number and word: {spaced}"),
                "words need a space or a sign around them",
            )
            .suggest(suggest::replace(self.text, token.span, &spaced))
        })
    }

    /// At a reserved word where a value or sum belongs.
    pub(super) fn reserved_value(&self, value: Option<usize>) -> Error {
        let Some(first) = value else {
            return self.expected("a number, a date or a tag");
        };
        let is_join = matches!(self.peek().word(), Some(Word::And | Word::Or | Word::Except));
        let next = self.peek_after(1);
        let ends = self.ends_condition(next);
        if first == self.at && is_join && !ends {
            return self.expected("a value");
        }
        self.must_quote(first)
    }

    /// At a sign or the end, where a value or sum belongs.
    pub(super) fn missing_value(&self, value: Option<usize>) -> Error {
        let token = self.peek();
        match (token.kind, value) {
            (TokenKind::Unknown, Some(first)) => self.must_quote(first),
            (TokenKind::LeftParen | TokenKind::LeftBracket, Some(first)) if first == self.at => self.list_behind_sign(),
            (TokenKind::LeftParen, _) => Error::new(
                code::NOT_LINEAR,
                token.span,
                "write the sum without parentheses, each tag with its own factor",
                "parentheses stand around conditions and lists, not in arithmetic",
            ),
            _ => self.expected("a value"),
        }
    }

    /// `city = (a, b)`
    fn list_behind_sign(&self) -> Error {
        let error = Error::new(
            code::SYNTAX,
            self.peek().span,
            "to ask for one of several values write IN (a, b)",
            "a comparison has one value, without parentheses",
        );
        let sign = self.tokens[self.at.saturating_sub(1)];
        let word = match sign.kind {
            TokenKind::Compare(CompareOp::Equal) => "IN",
            TokenKind::Compare(CompareOp::NotEqual) => "NOT IN",
            _ => return error,
        };
        let place = Span::new(sign.span.start, self.peek().span.start);
        error.suggest(suggest::replace_word(self.text, place, word))
    }

    /// A parenthesis or bracket that the text does not close.
    pub(super) fn unclosed(&self, opening: Span, closing: &str) -> Error {
        let end = self.text.trim_end().len() as u32;
        let place = Span::new(end, end);
        let error = Error::new(
            code::UNCLOSED,
            opening,
            format!("close this with `{closing}`"),
            "it is open at the end of the query",
        );
        match closing == ")" && self.may_close_before_end(opening) {
            true => error,
            false => error.suggest(suggest::replace(self.text, place, closing)),
        }
    }

    /// Whether the `)` may be missing before the end, which would mean something else: behind a list, or between words
    /// that bind differently.
    fn may_close_before_end(&self, opening: Span) -> bool {
        let inside = self.tokens.iter().skip_while(|token| token.span.start < opening.end);
        let mut depth = 0_usize;
        let mut joins = Vec::new();
        let mut is_list = false;
        for token in inside {
            match token.kind {
                TokenKind::LeftParen => depth += 1,
                TokenKind::RightParen => depth = depth.saturating_sub(1),
                TokenKind::Comma if depth == 0 => is_list = true,
                _ => {}
            }
            let join = token.word().filter(|word| matches!(word, Word::And | Word::Or | Word::Except));
            joins.extend(join.filter(|_| depth == 0));
        }
        joins.dedup();
        joins.len() > 1 || is_list && !joins.is_empty()
    }

    /// The error of a token that fits nowhere, whatever stands around it.
    pub(super) fn unreadable(&self, token: Token) -> Option<Error> {
        match token.kind {
            TokenKind::Unclosed => Some(self.unclosed_quote(token)),
            TokenKind::EmptyName => Some(Error::new(
                code::SYNTAX,
                token.span,
                "write a name between the backticks",
                "a name has at least one character",
            )),
            TokenKind::BareDollar => Some(Error::new(
                code::SYNTAX,
                token.span,
                "write the name of a parameter behind the sign: $name",
                "put the query in single quotes, so that the command shell leaves $name alone",
            )),
            TokenKind::BadNumber => Some(self.bad_number(None)),
            TokenKind::Unknown => Some(self.unknown_sign(token)),
            _ => None,
        }
    }

    fn unknown_sign(&self, token: Token) -> Error {
        let text = self.slice(token);
        let behind = self.peek_after(1).kind;
        let folded = fold_text(text);
        let joins = folded == ";" && behind != TokenKind::End && behind != TokenKind::RightParen;
        match joins.then_some(("AND", false)).or_else(|| foreign(&folded)) {
            Some((ours, _)) => {
                let remedy = match ours {
                    "" => "remove it".to_owned(),
                    ours => format!("write {ours}"),
                };
                Error::new(code::FOREIGN, token.span, remedy, format!("`{text}` is no sign of this language")).suggest(
                    match ours {
                        ours if ours.starts_with(char::is_alphabetic) => {
                            suggest::replace_word(self.text, token.span, ours)
                        }
                        ours => suggest::replace(self.text, token.span, ours),
                    },
                )
            }
            None => Error::new(
                code::SYNTAX,
                token.span,
                "remove it, or quote the value (' ') or name (` `) it belongs to",
                format!("`{text}` is no sign of this language"),
            ),
        }
    }

    /// Whether what follows a word of stage 2 makes it that word, not the name of a tag.
    pub(super) fn begins_later(&self, next: Token) -> bool {
        self.is_name(next)
    }

    /// The error of a word of stage 2.
    pub(super) fn not_available(&self, token: Token) -> Error {
        self.not_available_span(token.span)
    }

    fn not_available_span(&self, span: Span) -> Error {
        Error::new(
            code::NOT_AVAILABLE,
            span,
            format!("not available yet: {}", span.of(self.text)),
            "events, sequences, ranking functions and AS OF belong to a later release",
        )
    }
}

/// The counterpart of a sign of other languages, and whether the sign may also be part of a value: `R&D`.
pub(super) fn foreign(sign: &str) -> Option<(&'static str, bool)> {
    Some(match sign {
        "==" => ("=", false),
        "=<" => ("<=", false),
        "=>" => (">=", false),
        "&&" => ("AND", false),
        "||" => ("OR", false),
        ";" => ("", false),
        "&" => ("AND", true),
        "|" => ("OR", true),
        "!" => ("NOT", true),
        "∧" => ("AND", false),
        "∨" => ("OR", false),
        "¬" => ("NOT", false),
        "∈" => ("IN", false),
        "∉" => ("NOT IN", false),
        "{" => ("(", false),
        "}" => (")", false),
        _ => return None,
    })
}
