//! The pretty-printer: the canonical text of a syntax tree: English words, every parenthesis, quotes where they are
//! needed.
//!
//! Reading what is printed gives the same tree but for its spans. Whoever wants other names or values in the text
//! (today's names of a saved audience) changes the tree and prints it.

use std::fmt::{self, Display, Write};

use crate::ast::{
    Arith, Expr, ExprKind, HasTest, InSource, IntervalEnds, Literal, LiteralKind, Path, Term, TermKind, ThresholdTerms,
    ValueList, Window,
};
use crate::fold::is_bare_name;
use crate::suggest::quoted;
use crate::words;

/// The canonical text.
pub fn print(expr: &Expr) -> String {
    expr.to_string()
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ExprKind::All => f.write_str("ALL"),
            ExprKind::None => f.write_str("NONE"),
            ExprKind::Flag(path) => path.fmt(f),
            ExprKind::Missing { path, negated } => {
                write!(f, "{path} IS {}MISSING", if *negated { "NOT " } else { "" })
            }
            ExprKind::Compare { left, op, right } => write!(f, "{left} {} {right}", op.sign()),
            ExprKind::In { path, negated, source } => {
                write!(f, "{path} {}IN {source}", not(*negated))
            }
            ExprKind::Between { path, negated, low, high } => {
                write!(f, "{path} {}BETWEEN {low} AND {high}", not(*negated))
            }
            ExprKind::Like { path, negated, pattern } => {
                write!(f, "{path} {}LIKE {}", not(*negated), quoted(&pattern.text))
            }
            ExprKind::Has { path, test } => write!(f, "{path} HAS {test}"),
            ExprKind::Threshold { mode, count, of } => {
                write!(f, "{} {count} OF {of}", mode.words())
            }
            ExprKind::Audience { path, version } => {
                f.write_char('@')?;
                write_path(f, path, false)?;
                version.map_or(Ok(()), |version| write!(f, ":v{version}"))
            }
            ExprKind::Param(param) => write!(f, "${}", param.name),
            ExprKind::Split { salt, from_bp, to_bp } => {
                let salt = quoted(&salt.text);
                write!(f, "split({salt}, [{}, {}))", Percent(*from_bp), Percent(*to_bp))
            }
            ExprKind::Sample { bp, seed } => write!(f, "sample({}, {seed})", Percent(*bp)),
            ExprKind::Ids(ValueList::Param(param)) => write!(f, "ids(${})", param.name),
            ExprKind::Ids(keys) => write!(f, "ids{keys}"),
            ExprKind::And(terms) => write_joined(f, terms, " AND "),
            ExprKind::Or(terms) => write_joined(f, terms, " OR "),
            ExprKind::Except(terms) => write_joined(f, terms, " EXCEPT "),
            ExprKind::Not(inner) => {
                f.write_str("NOT ")?;
                write_operand(f, inner)
            }
        }
    }
}

fn not(negated: bool) -> &'static str {
    if negated { "NOT " } else { "" }
}

fn write_joined(f: &mut fmt::Formatter<'_>, terms: &[Expr], operator: &str) -> fmt::Result {
    for (index, term) in terms.iter().enumerate() {
        if index > 0 {
            f.write_str(operator)?;
        }
        write_operand(f, term)?;
    }
    Ok(())
}

/// An operator inside another stands in parentheses, even where precedence says the same.
fn write_operand(f: &mut fmt::Formatter<'_>, expr: &Expr) -> fmt::Result {
    match expr.kind {
        ExprKind::And(_) | ExprKind::Or(_) | ExprKind::Except(_) => write!(f, "({expr})"),
        _ => write!(f, "{expr}"),
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_path(f, self, true)
    }
}

/// `words_count` says whether the first name must not be a reserved word; behind a dot or `@` every word is a name.
fn write_path(f: &mut fmt::Formatter<'_>, path: &Path, words_count: bool) -> fmt::Result {
    for (index, name) in path.names.iter().enumerate() {
        if index > 0 {
            f.write_char('.')?;
        }
        let is_word = words_count && index == 0 && is_never_a_name(&name.text);
        if name.quoted || is_word || !is_bare_name(&name.text) {
            write!(f, "`{}`", name.text.replace('`', "``"))?;
        } else {
            f.write_str(&name.text)?;
        }
    }
    if path.wildcard { f.write_str(".*") } else { Ok(()) }
}

fn is_never_a_name(text: &str) -> bool {
    words::lookup(text).is_some_and(|word| word.is_reserved() || word.is_moment())
}

impl fmt::Display for Arith {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, term) in self.terms.iter().enumerate() {
            f.write_str(match (index, term.negative) {
                (0, false) => "",
                (0, true) => "-",
                (_, false) => " + ",
                (_, true) => " - ",
            })?;
            write_term(f, term)?;
        }
        Ok(())
    }
}

/// The term without its sign.
fn write_term(f: &mut fmt::Formatter<'_>, term: &Term) -> fmt::Result {
    match &term.kind {
        TermKind::Number(number) => f.write_str(&number.text),
        TermKind::Date(date) => date.fmt(f),
        TermKind::DateTime(time) => time.fmt(f),
        TermKind::Duration(duration) => duration.fmt(f),
        TermKind::Today => f.write_str("today"),
        TermKind::Yesterday => f.write_str("yesterday"),
        TermKind::Now => f.write_str("now"),
        TermKind::Path(path) => path.fmt(f),
        TermKind::Text(text) => f.write_str(&quoted(text)),
        TermKind::Param(param) => write!(f, "${}", param.name),
        TermKind::Product { path, factor } => write!(f, "{path} * {}", factor.text),
        TermKind::Quotient { path, divisor } => write!(f, "{path} / {}", divisor.text),
    }
}

impl fmt::Display for InSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InSource::Values(values) => values.fmt(f),
            InSource::Interval { low, high, ends } => match ends {
                IntervalEnds::Both => write!(f, "[{low}, {high}]"),
                IntervalEnds::Low => write!(f, "[{low}, {high})"),
                IntervalEnds::High => write!(f, "({low}, {high}]"),
            },
            InSource::Window(Window::Last { duration, ending: None }) => write!(f, "LAST {duration}"),
            InSource::Window(Window::Last { duration, ending: Some(day) }) => {
                write!(f, "LAST {duration} ENDING {day}")
            }
            InSource::Window(Window::Previous { duration }) => write!(f, "PREV {duration}"),
            InSource::Window(Window::Since(day)) => write!(f, "SINCE {day}"),
        }
    }
}

impl fmt::Display for HasTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HasTest::One(value) => value.fmt(f),
            HasTest::Any(values) => write!(f, "ANY {values}"),
            HasTest::All(values) => write!(f, "ALL {values}"),
            HasTest::None(values) => write!(f, "NONE {values}"),
            HasTest::Like(pattern) => write!(f, "LIKE {}", quoted(&pattern.text)),
            HasTest::AtLeast { count, values } => write!(f, "AT LEAST {count} OF {values}"),
        }
    }
}

impl fmt::Display for ValueList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values = match self {
            ValueList::Param(param) => return write!(f, "${}", param.name),
            ValueList::Values(values) => values,
        };
        f.write_char('(')?;
        for (index, value) in values.iter().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            value.fmt(f)?;
        }
        f.write_char(')')
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            LiteralKind::Text(text) => f.write_str(&quoted(text)),
            LiteralKind::Word(text) => {
                let is_reserved = words::lookup(text).is_some_and(words::Word::is_reserved);
                let is_bare = is_bare_name(text) && !is_reserved;
                if is_bare { f.write_str(text) } else { f.write_str(&quoted(text)) }
            }
            LiteralKind::Number { negative, number } => {
                write!(f, "{}{}", if *negative { "-" } else { "" }, number.text)
            }
            LiteralKind::Date(date) => date.fmt(f),
            LiteralKind::DateTime(time) => time.fmt(f),
        }
    }
}

impl fmt::Display for ThresholdTerms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let terms = match self {
            ThresholdTerms::Wildcard(path) => return path.fmt(f),
            ThresholdTerms::Terms(terms) => terms,
        };
        f.write_char('(')?;
        for (index, term) in terms.iter().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            match term.kind {
                ExprKind::Except(_) => write!(f, "({term})")?,
                _ => term.fmt(f)?,
            }
        }
        f.write_char(')')
    }
}

/// Basis points as a percentage: 1250 is `12.5%`.
struct Percent(u32);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0 / 100, self.0 % 100);
        match part {
            0 => write!(f, "{whole}%"),
            part if part % 10 == 0 => write!(f, "{whole}.{}%", part / 10),
            part => write!(f, "{whole}.{part:02}%"),
        }
    }
}
