//! The syntax tree: what a query says, before any name is looked up.
//!
//! The tree knows no catalog. A bare word on the right of a comparison is a [`TermKind::Path`]; whether it means a
//! value or a tag is decided by the kind of the tag on the left ([`Arith::value_text`] gives it as a value). Every node
//! carries the bytes of the original text it was read from, for carets.
//!
//! `AND`, `OR` and `EXCEPT` are lists as they were written: `a AND b AND c` is one node of three, `(a AND b) AND c` is
//! two nodes. Parentheses that change nothing leave no trace. Trees that come out of the parser are at most
//! [`DEPTH_MAX`](crate::limits::DEPTH_MAX) nodes high, so recursion over them is safe.

mod arith;
mod spans;
mod tags;

use std::borrow::Cow;

pub use arith::{Arith, Date, DateTime, Duration, DurationUnit, Number, Term, TermKind};

/// A range of bytes in the text of the query, on character boundaries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// The first byte.
    pub start: u32,
    /// The byte after the last; equal to `start` for a place between two characters.
    pub end: u32,
}

impl Span {
    /// The range from `start` up to, not including, `end`.
    pub fn new(start: u32, end: u32) -> Span {
        debug_assert!(start <= end, "a span ends after it starts");
        Span { start, end }
    }

    /// The smallest range that holds both.
    pub fn to(self, other: Span) -> Span {
        Span { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// The piece of `text` that was read; empty if `text` is not the text of this span.
    pub fn of(self, text: &str) -> &str {
        text.get(self.start as usize..self.end as usize).unwrap_or("")
    }
}

/// A condition, and where it stands in the text.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// What it says.
    pub kind: ExprKind,
    /// Where it says it, without the parentheses around it.
    pub span: Span,
}

/// What a condition says.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// `ALL`: every live entity.
    All,
    /// `NONE`: no entity.
    None,
    /// A bare path: a flag, or with `.*` the union of the flags below it.
    Flag(Path),
    /// `path IS MISSING`, negated `path IS NOT MISSING`. The path has no wildcard.
    Missing {
        /// The tag.
        path: Path,
        /// `IS NOT MISSING`.
        negated: bool,
    },
    /// `left op right`. A literal may stand on the left (`18 <= age`), a lone quoted text may not.
    Compare {
        /// The left side.
        left: Arith,
        /// The sign.
        op: CompareOp,
        /// The right side.
        right: Arith,
    },
    /// `path [NOT] IN ...`.
    In {
        /// The tag, without a wildcard.
        path: Path,
        /// `NOT IN`.
        negated: bool,
        /// What it is looked up in.
        source: InSource,
    },
    /// `path [NOT] BETWEEN low AND high`, both ends included.
    Between {
        /// The tag, without a wildcard.
        path: Path,
        /// `NOT BETWEEN`.
        negated: bool,
        /// The lower end.
        low: Arith,
        /// The upper end.
        high: Arith,
    },
    /// `path [NOT] LIKE 'pattern'`.
    Like {
        /// The tag, without a wildcard.
        path: Path,
        /// `NOT LIKE`.
        negated: bool,
        /// The pattern.
        pattern: Text,
    },
    /// `path HAS ...`.
    Has {
        /// The set tag, without a wildcard.
        path: Path,
        /// What it has.
        test: HasTest,
    },
    /// `AT LEAST n OF ...`, `AT MOST n OF ...`, `EXACTLY n OF ...`.
    Threshold {
        /// Which of the three.
        mode: ThresholdMode,
        /// The number; never more than the number of listed terms, and at least one for `AT LEAST`.
        count: u32,
        /// What is counted.
        of: ThresholdTerms,
    },
    /// `@path` or `@path:v12`: a saved audience.
    Audience {
        /// Its name, without a wildcard.
        path: Path,
        /// The pinned version; the latest if none.
        version: Option<u64>,
    },
    /// `$name` alone: a bitmap that comes with the request.
    Param(Param),
    /// `split(salt, [from, to))`.
    Split {
        /// The salt.
        salt: Text,
        /// The first bucket, in hundredths of a percent, at most 10,000.
        from_bp: u32,
        /// The bucket after the last, in hundredths of a percent, at most 10,000.
        to_bp: u32,
    },
    /// `sample(percent, seed)`.
    Sample {
        /// The share in hundredths of a percent, at most 10,000.
        bp: u32,
        /// The seed; 0 if none was written.
        seed: u64,
    },
    /// `ids(...)`: entities by key.
    Ids(ValueList),
    /// Two terms or more, all of which hold.
    And(Vec<Expr>),
    /// Two terms or more, one of which holds.
    Or(Vec<Expr>),
    /// Two terms or more: the first without the others.
    Except(Vec<Expr>),
    /// The live entities outside.
    Not(Box<Expr>),
}

/// A name made of parts: `interests.sport.*`.
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    /// The parts, at least one.
    pub names: Vec<Name>,
    /// Whether `.*` follows.
    pub wildcard: bool,
    /// The whole path.
    pub span: Span,
}

impl Path {
    /// The parts joined by dots, without the wildcard; borrowed if there is only one.
    pub fn dotted(&self) -> Cow<'_, str> {
        match self.names.as_slice() {
            [name] => Cow::Borrowed(&name.text),
            names => Cow::Owned(names.iter().map(|name| name.text.as_str()).collect::<Vec<_>>().join(".")),
        }
    }

    /// Whether any part was written in backticks, which forces a name where a value could stand.
    pub fn is_quoted(&self) -> bool {
        self.names.iter().any(|name| name.quoted)
    }
}

/// One part of a path.
#[derive(Debug, Clone, PartialEq)]
pub struct Name {
    /// The name with full-width letters folded, not yet NFKC; byte for byte what stood in backticks.
    pub text: String,
    /// Whether it was written in backticks.
    pub quoted: bool,
    /// Where, with the backticks.
    pub span: Span,
}

/// A quoted string, its quotes removed.
#[derive(Debug, Clone, PartialEq)]
pub struct Text {
    /// What it says.
    pub text: String,
    /// Where, with the quotes.
    pub span: Span,
}

/// `$name`.
#[derive(Debug, Clone, PartialEq)]
pub struct Param {
    /// The name without the sign.
    pub name: String,
    /// Where, with the sign.
    pub span: Span,
}

/// The sign of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CompareOp {
    /// `=`
    Equal,
    /// `!=` or `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl CompareOp {
    /// How it is written.
    pub fn sign(self) -> &'static str {
        match self {
            CompareOp::Equal => "=",
            CompareOp::NotEqual => "!=",
            CompareOp::Less => "<",
            CompareOp::LessOrEqual => "<=",
            CompareOp::Greater => ">",
            CompareOp::GreaterOrEqual => ">=",
        }
    }

    /// The sign that says the same with the sides exchanged.
    pub fn mirrored(self) -> CompareOp {
        match self {
            CompareOp::Less => CompareOp::Greater,
            CompareOp::LessOrEqual => CompareOp::GreaterOrEqual,
            CompareOp::Greater => CompareOp::Less,
            CompareOp::GreaterOrEqual => CompareOp::LessOrEqual,
            same => same,
        }
    }
}

/// What stands after `IN`.
#[derive(Debug, Clone, PartialEq)]
pub enum InSource {
    /// `(a, b)` or `$name`.
    Values(ValueList),
    /// `[a, b)`, `[a, b]`, `(a, b]` or `a..b`.
    Interval {
        /// The lower end.
        low: Arith,
        /// The upper end.
        high: Arith,
        /// Which ends belong to it.
        ends: IntervalEnds,
    },
    /// `LAST 7d`, `PREV 7d`, `SINCE 2024-01-01`.
    Window(Window),
}

/// Which ends belong to an interval. One without both ends cannot be written: it would be a list of two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IntervalEnds {
    /// `[a, b]` and `a..b`.
    Both,
    /// `[a, b)`.
    Low,
    /// `(a, b]`.
    High,
}

/// Values in parentheses, or the list that comes with the request.
#[derive(Debug, Clone, PartialEq)]
pub enum ValueList {
    /// At least one value.
    Values(Vec<Literal>),
    /// `$name`.
    Param(Param),
}

/// One value of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Literal {
    /// What it says.
    pub kind: LiteralKind,
    /// Where.
    pub span: Span,
}

impl Literal {
    /// The value as text, as a choice or set tag reads it: `007` stays `007`.
    pub fn text(&self) -> Cow<'_, str> {
        match &self.kind {
            LiteralKind::Text(text) | LiteralKind::Word(text) => Cow::Borrowed(text),
            LiteralKind::Number { negative: false, number } => Cow::Borrowed(&number.text),
            LiteralKind::Number { negative: true, number } => Cow::Owned(format!("-{}", number.text)),
            LiteralKind::Date(date) => Cow::Owned(date.to_string()),
            LiteralKind::DateTime(time) => Cow::Owned(time.to_string()),
        }
    }
}

/// What a value says.
#[derive(Debug, Clone, PartialEq)]
pub enum LiteralKind {
    /// In quotes: a value, never a name; a quoted date is a date beside a date tag.
    Text(String),
    /// A bare word.
    Word(String),
    /// A number.
    Number {
        /// Whether a minus stands before it.
        negative: bool,
        /// Its magnitude.
        number: Number,
    },
    /// `2024-02-29`.
    Date(Date),
    /// `2024-02-29T08:30`.
    DateTime(DateTime),
}

/// A stretch of days that ends today, or at a named day.
#[derive(Debug, Clone, PartialEq)]
pub enum Window {
    /// `LAST 7d [ENDING yesterday]`: that many days up to and with the last.
    Last {
        /// How long.
        duration: Duration,
        /// Its last day; today if none.
        ending: Option<Arith>,
    },
    /// `PREV 7d`: the stretch just before `LAST 7d`.
    Previous {
        /// How long.
        duration: Duration,
    },
    /// `SINCE day`: from that day through today.
    Since(Arith),
}

/// What stands after `HAS`.
#[derive(Debug, Clone, PartialEq)]
pub enum HasTest {
    /// `HAS value`.
    One(Literal),
    /// `HAS ANY (...)`.
    Any(ValueList),
    /// `HAS ALL (...)`.
    All(ValueList),
    /// `HAS NONE (...)`.
    None(ValueList),
    /// `HAS LIKE 'pattern'`.
    Like(Text),
    /// `HAS AT LEAST n OF (...)`.
    AtLeast {
        /// The number: at least one, at most the number of listed values.
        count: u32,
        /// What is counted.
        values: ValueList,
    },
}

/// Which of the three thresholds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ThresholdMode {
    /// `AT LEAST`
    AtLeast,
    /// `AT MOST`; admits those with none.
    AtMost,
    /// `EXACTLY`
    Exactly,
}

impl ThresholdMode {
    /// How it is written.
    pub fn words(self) -> &'static str {
        match self {
            ThresholdMode::AtLeast => "AT LEAST",
            ThresholdMode::AtMost => "AT MOST",
            ThresholdMode::Exactly => "EXACTLY",
        }
    }
}

/// What a threshold counts.
#[derive(Debug, Clone, PartialEq)]
pub enum ThresholdTerms {
    /// Two terms or more, counted as written.
    Terms(Vec<Expr>),
    /// `path.*`: the flags below a path, or the values of a set tag. The path's `wildcard` is set.
    Wildcard(Path),
}
