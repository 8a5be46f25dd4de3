//! Putting other names into a syntax tree: ids for what is stored, today's names for what is shown.

use muster_language::ast::{
    Arith, Expr, ExprKind, HasTest, InSource, Literal, LiteralKind, Name, Path, Span, TermKind, ThresholdTerms,
    ValueList, Window,
};
use muster_language::suggest;

use crate::catalog::TagKind;
use crate::error::Result;
use crate::ids::TagId;

/// What stands for what. Every method may leave things as they are.
pub(super) trait Names {
    /// Renames a path to a tag; what the tag is, when that is known.
    fn tag(&mut self, path: &mut Path) -> Result<Option<(TagId, TagKind)>>;
    /// Renames a path with a wildcard.
    fn below(&mut self, path: &mut Path) -> Result<()>;
    /// Renames an audience.
    fn audience(&mut self, path: &mut Path, version: Option<u64>) -> Result<()>;
    /// Another text for a value of a choice or set tag.
    fn value(&mut self, tag: TagId, text: &str) -> Result<Option<String>>;
}

/// A tag's dotted name as the language writes it.
pub(super) fn written(name: &str) -> String {
    let parts: Vec<String> = name.split('.').map(suggest::name).collect();
    parts.join(".")
}

/// The path with this dotted name, its parts put in backticks if `quoted`.
pub(super) fn set_path(path: &mut Path, dotted: &str) {
    let span = path.span;
    path.names = dotted
        .split('.')
        .map(|part| Name { text: part.to_owned(), quoted: suggest::name(part) != part, span })
        .collect();
}

/// Puts other names into `expr`.
pub(super) fn rename(expr: &mut Expr, names: &mut dyn Names) -> Result<()> {
    match &mut expr.kind {
        ExprKind::And(terms) | ExprKind::Or(terms) | ExprKind::Except(terms) => {
            terms.iter_mut().try_for_each(|term| rename(term, names))
        }
        ExprKind::Not(inner) => rename(inner, names),
        ExprKind::Threshold { of, .. } => match of {
            ThresholdTerms::Terms(terms) => terms.iter_mut().try_for_each(|term| rename(term, names)),
            ThresholdTerms::Wildcard(path) => names.below(path),
        },
        ExprKind::Flag(path) if path.wildcard => names.below(path),
        ExprKind::Flag(path) | ExprKind::Missing { path, .. } | ExprKind::Like { path, .. } => {
            names.tag(path).map(drop)
        }
        ExprKind::Compare { left, right, .. } => compare(left, right, names),
        ExprKind::In { path, source, .. } => {
            let tag = names.tag(path)?;
            match source {
                InSource::Values(list) => values(list, tag, names),
                InSource::Interval { low, high, .. } => {
                    paths(low, names)?;
                    paths(high, names)
                }
                InSource::Window(Window::Last { ending: Some(arith), .. }) | InSource::Window(Window::Since(arith)) => {
                    paths(arith, names)
                }
                InSource::Window(_) => Ok(()),
            }
        }
        ExprKind::Between { path, low, high, .. } => {
            names.tag(path)?;
            paths(low, names)?;
            paths(high, names)
        }
        ExprKind::Has { path, test } => {
            let tag = names.tag(path)?;
            match test {
                HasTest::One(literal) => value(literal, tag, names),
                HasTest::Any(list)
                | HasTest::All(list)
                | HasTest::None(list)
                | HasTest::AtLeast { values: list, .. } => values(list, tag, names),
                HasTest::Like(_) => Ok(()),
            }
        }
        ExprKind::Audience { path, version } => names.audience(path, *version),
        ExprKind::All
        | ExprKind::None
        | ExprKind::Param(_)
        | ExprKind::Split { .. }
        | ExprKind::Sample { .. }
        | ExprKind::Ids(_) => Ok(()),
    }
}

/// The side that is a lone path is the tag; beside a choice or set tag the other is a value.
fn compare(left: &mut Arith, right: &mut Arith, names: &mut dyn Names) -> Result<()> {
    let (subject, other) = if left.as_path().is_some() { (left, right) } else { (right, left) };
    let Some(path) = lone_path(subject) else {
        paths(subject, names)?;
        return paths(other, names);
    };
    match names.tag(path)? {
        Some((tag, kind)) if kind.has_values() => {
            let Some(text) = other.value_text() else {
                return Ok(());
            };
            if let Some(new) = names.value(tag, &text)? {
                let span = other.span;
                let kind = match is_bare(&new) {
                    true => TermKind::Path(bare_path(&new, span)),
                    false => TermKind::Text(new),
                };
                other.terms = vec![muster_language::ast::Term { negative: false, kind, span }];
            }
            Ok(())
        }
        Some((_, TagKind::Flag)) => Ok(()),
        _ => paths(other, names),
    }
}

fn lone_path(arith: &mut Arith) -> Option<&mut Path> {
    arith.as_path()?;
    match &mut arith.terms.first_mut()?.kind {
        TermKind::Path(path) => Some(path),
        _ => None,
    }
}

fn paths(arith: &mut Arith, names: &mut dyn Names) -> Result<()> {
    for term in &mut arith.terms {
        match &mut term.kind {
            TermKind::Path(path) | TermKind::Product { path, .. } | TermKind::Quotient { path, .. } => {
                names.tag(path)?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn values(list: &mut ValueList, tag: Option<(TagId, TagKind)>, names: &mut dyn Names) -> Result<()> {
    match list {
        ValueList::Values(literals) => literals.iter_mut().try_for_each(|literal| value(literal, tag, names)),
        ValueList::Param(_) => Ok(()),
    }
}

fn value(literal: &mut Literal, tag: Option<(TagId, TagKind)>, names: &mut dyn Names) -> Result<()> {
    let Some((tag, kind)) = tag else {
        return Ok(());
    };
    if kind.has_values()
        && let Some(new) = names.value(tag, &literal.text())?
    {
        literal.kind = match is_bare(&new) {
            true => LiteralKind::Word(new),
            false => LiteralKind::Text(new),
        };
    }
    Ok(())
}

/// Whether a value needs no quotes.
fn is_bare(text: &str) -> bool {
    suggest::value(text) == text
}

fn bare_path(text: &str, span: Span) -> Path {
    Path { names: vec![Name { text: text.to_owned(), quoted: false, span }], wildcard: false, span }
}
