//! Errors and warnings (diagnostics): what the parser answers to a text it cannot read ([`Error`]), or reads in a way
//! that may surprise ([`Warning`]).
//!
//! The remedy comes first, then the place, then the detail: the same text on every face of muster.

use crate::ast::Span;
use crate::render;
use crate::visible::is_acted_upon;

/// The codes of errors and warnings: stable names for programs.
pub mod code {
    /// A text that is no query, in a way that no other code names.
    pub const SYNTAX: &str = "syntax";
    /// Two conditions with nothing between them.
    pub const MISSING_AND: &str = "missing_and";
    /// A value or name that is a word, or holds a sign or space, without quotes.
    pub const MUST_QUOTE: &str = "must_quote";
    /// `25 < age < 35`.
    pub const CHAINED_COMPARISON: &str = "chained_comparison";
    /// A word of the language inside a name: `女且城市`.
    pub const GLUED_WORD: &str = "glued_word";
    /// A threshold over fewer than two terms.
    pub const TOO_FEW_TERMS: &str = "too_few_terms";
    /// A threshold that counts below one or above its terms.
    pub const BAD_THRESHOLD: &str = "bad_threshold";
    /// A list without values: the command shell has probably eaten `$name`.
    pub const EMPTY_LIST: &str = "empty_list";
    /// A word of stage 2.
    pub const NOT_AVAILABLE: &str = "not_available";
    /// A sign or word of SQL or another language, with its counterpart here.
    pub const FOREIGN: &str = "foreign";
    /// A parenthesis, bracket or quote that is not closed.
    pub const UNCLOSED: &str = "unclosed";
    /// A number that cannot be one, or has too many digits.
    pub const BAD_NUMBER: &str = "bad_number";
    /// A day or time of day that does not exist.
    pub const BAD_DATE: &str = "bad_date";
    /// A percentage outside 0% to 100%, or with more than two decimals.
    pub const BAD_PERCENT: &str = "bad_percent";
    /// Arithmetic that is not linear.
    pub const NOT_LINEAR: &str = "not_linear";
    /// `.*` where one tag is needed.
    pub const WILDCARD: &str = "wildcard";
    /// The text is longer than its limit.
    pub const TEXT_TOO_LONG: &str = "text_too_long";
    /// More leaves than their limit.
    pub const TOO_MANY_LEAVES: &str = "too_many_leaves";
    /// Nested deeper than the limit.
    pub const TOO_DEEP: &str = "too_deep";
    /// Warning: two operators of different strength without parentheses.
    pub const MIXED_OPERATORS: &str = "mixed_operators";
    /// Warning: an interval whose lower end is above its upper end.
    pub const REVERSED_INTERVAL: &str = "reversed_interval";
    /// Warning: a list of two numbers, which may have been meant as an interval.
    pub const TWO_NUMBERS: &str = "two_numbers";
    /// Commas in a list stand inside what looks like one number.
    pub const GLUED_COMMAS: &str = "glued_commas";
}

/// The longest remedy and the longest detail.
const MESSAGE_CHARS_MAX: usize = 240;

/// A text that cannot be read as a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// What kind of error: one of [`code`].
    pub code: &'static str,
    /// What to do about it.
    pub remedy: String,
    /// Where.
    pub span: Span,
    /// Why.
    pub detail: Box<str>,
    /// The whole text corrected, if there is a likely correction. It always parses.
    pub suggestion: Option<String>,
    /// The same text read otherwise, the likeliest first, each with its suggestion: for who knows the catalog, and can
    /// tell which of them works.
    pub others: Vec<Error>,
    /// Where the fault lies in a saved text that the query names at `span`: that text is shown instead of the query.
    pub within: Option<Box<Within>>,
}

/// A saved text, and the place in it that is at fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Within {
    /// The text.
    pub text: String,
    /// Where in it.
    pub span: Span,
}

impl Error {
    /// An error without a suggestion.
    pub fn new(code: &'static str, span: Span, remedy: impl Into<String>, detail: impl Into<String>) -> Error {
        let (remedy, detail) = (shorten(remedy.into()), shorten(detail.into()).into_boxed_str());
        Error { code, remedy, span, detail, suggestion: None, others: Vec::new(), within: None }
    }

    /// The same error with another remedy.
    pub(crate) fn with_remedy(mut self, remedy: String) -> Error {
        self.remedy = shorten(remedy);
        self
    }

    /// The same error, its remedy the whole text that it comes to: for a correction of several steps.
    pub fn with_whole(self, text: &str) -> Error {
        match text.len() <= MESSAGE_CHARS_MAX / 2 {
            true => self.with_remedy(format!("did you mean {text}?")),
            false => self.with_remedy("did you mean the text below?".to_owned()),
        }
    }

    /// The same error with a corrected text.
    pub fn suggest(mut self, suggestion: impl Into<String>) -> Error {
        self.suggestion = Some(suggestion.into());
        self
    }

    /// The same error, shown at `span` of a saved `text`, which is at fault.
    pub fn inside(mut self, text: impl Into<String>, span: Span) -> Error {
        self.within = Some(Box::new(Within { text: text.into(), span }));
        self
    }

    /// The same error when nothing that it offers works: it shows no text that would be refused when it is written.
    pub fn without_offer(mut self) -> Error {
        self.suggestion = None;
        if self.within.is_some() {
            // Its remedy is about the saved text.
            return self;
        }
        let shows = self.remedy.contains(['`', '\'', '?', ':']) || self.remedy.starts_with("write ");
        if !shows && self.code != code::MISSING_AND {
            return self;
        }
        let remedy = match self.code {
            code::MUST_QUOTE => "put a value in single quotes, a name in backticks",
            code::CHAINED_COMPARISON => "write two comparisons and join them with AND",
            code::GLUED_WORD => "put spaces around the words of the language",
            _ => "write a condition: a tag, then =, !=, <, >, IN, BETWEEN, HAS, LIKE or IS MISSING, then a value",
        };
        self.with_remedy(remedy.to_owned())
    }

    /// Whether a limit was exceeded: the text may be right, but is too large.
    pub fn is_limit(&self) -> bool {
        matches!(self.code, code::TEXT_TOO_LONG | code::TOO_MANY_LEAVES | code::TOO_DEEP)
    }

    /// Whether the text may become a query when more of it is typed: a shell then asks for another line.
    pub fn is_incomplete(&self, text: &str) -> bool {
        self.code == code::UNCLOSED || self.span.start as usize >= text.trim_end().len()
    }

    /// Several lines: the remedy, the line of the query with carets, the detail, and the corrected text if there is
    /// one.
    pub fn render(&self, text: &str) -> String {
        let (text, span) = match &self.within {
            Some(within) => (within.text.as_str(), within.span),
            None => (text, self.span),
        };
        let notice = render::Notice {
            headline: &self.remedy,
            span,
            detail: &self.detail,
            suggestion: self.suggestion.as_deref(),
        };
        render::render(text, &notice)
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.remedy, self.detail)
    }
}

impl std::error::Error for Error {}

/// A message repeats pieces of the query, which may be long or hold what a terminal would act upon.
fn shorten(message: String) -> String {
    let is_tidy = message.len() <= MESSAGE_CHARS_MAX && !message.contains(is_acted_upon);
    if is_tidy {
        return message;
    }
    let mut chars = message.chars();
    let mut short: String =
        chars.by_ref().take(MESSAGE_CHARS_MAX).map(|c| if is_acted_upon(c) { ' ' } else { c }).collect();
    if chars.next().is_some() {
        short.push('…');
    }
    short
}

/// A query that was read, perhaps not as it was meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// What kind of warning: one of [`code`].
    pub code: &'static str,
    /// What may surprise.
    pub message: String,
    /// Where.
    pub span: Span,
    /// The whole text as it may have been meant, or without doubt.
    pub suggestion: Option<String>,
}

impl Warning {
    /// Several lines: the message, the line of the query with carets, and the suggestion if there is one.
    pub fn render(&self, text: &str) -> String {
        let notice = render::Notice {
            headline: &self.message,
            span: self.span,
            detail: "",
            suggestion: self.suggestion.as_deref(),
        };
        render::render(text, &notice)
    }
}

impl std::fmt::Display for Warning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}
