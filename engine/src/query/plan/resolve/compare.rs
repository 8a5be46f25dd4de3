//! Comparisons, IN and BETWEEN: by the kind of the tag on the left.

use muster_language::ast::{Arith, CompareOp, InSource, Path, Span, TermKind};
use muster_language::{code, suggest};

use super::super::fault;
use super::super::node::NodeId;
use super::{Resolver, with_article, written};
use crate::catalog::{Tag, TagKind};
use crate::error::{Error, Result};
use crate::ids::TagId;

impl<'a> Resolver<'a> {
    /// `left op right`.
    pub(super) fn compare(
        &mut self,
        span: Span,
        left: &Arith,
        op: CompareOp,
        right: &Arith,
    ) -> Result<(NodeId, Option<TagId>)> {
        let subject = match (left.as_path(), right.as_path()) {
            (Some(path), _) => Some((path, op, right)),
            (None, Some(path)) if !mentions_tag(left) => Some((path, op.mirrored(), left)),
            _ => None,
        };
        if let Some((path, op, other)) = subject {
            let tag = self.tag(path)?;
            match tag.kind {
                TagKind::Flag => return self.flag_compare(span, tag, op, other),
                TagKind::Choice => return self.choice(span, tag, op, other),
                TagKind::Set => return Err(self.set_compare(span, tag, op, other)),
                _ => {}
            }
        }
        let outcome = self.numeric(span, left, op, right)?;
        if op == CompareOp::NotEqual {
            self.check_missing(span, &outcome.tags);
        }
        Ok(self.made_number(outcome))
    }

    /// `flag = true`, `flag = 0`: the flag, or everyone outside it.
    fn flag_compare(&mut self, span: Span, tag: &Tag, op: CompareOp, other: &Arith) -> Result<(NodeId, Option<TagId>)> {
        let text = match other.as_single() {
            Some(TermKind::Param(param)) => Some(self.scalar_of(param)?.into()),
            _ => other.value_text(),
        };
        let truth = text.as_deref().and_then(truth_written);
        let wanted = match (op, truth) {
            (CompareOp::Equal, Some(truth)) => truth,
            (CompareOp::NotEqual, Some(truth)) => !truth,
            _ => {
                let name = written(&tag.name);
                return Err(self.refuse_with(
                    fault::WRONG_KIND,
                    span,
                    format!("write `{name}`, or `NOT {name}`"),
                    format!("`{}` is a flag, it is true or false", tag.name),
                    Some((span, name)),
                ));
            }
        };
        Ok((self.flag_truth(tag.id, wanted), Some(tag.id)))
    }

    /// `choice op value`.
    fn choice(&mut self, span: Span, tag: &Tag, op: CompareOp, other: &Arith) -> Result<(NodeId, Option<TagId>)> {
        let text = match other.as_single() {
            Some(TermKind::Param(param)) => Some(self.scalar_of(param)?.into()),
            _ => other.value_text(),
        };
        let Some(text) = text else {
            return Err(self.no_value(tag, other));
        };
        let node = self.choice_compare(span, tag, op, &text, other.span)?;
        Ok((node, Some(tag.id)))
    }

    /// What stands beside a choice or set tag is no value: a name in backticks, a sum, a word of time.
    #[cold]
    fn no_value(&self, tag: &Tag, other: &Arith) -> Error {
        let piece = match other.as_path() {
            Some(path) => path.dotted().into_owned(),
            None => other.span.of(&self.frame.text).to_owned(),
        };
        let fixed = suggest::quoted(&piece);
        self.refuse_with(
            code::MUST_QUOTE,
            other.span,
            format!("put the value in quotes: {fixed}"),
            format!(
                "`{}` is {} and is compared with a value, not with a tag, a sum or a date word",
                tag.name,
                with_article(tag.kind)
            ),
            Some((other.span, fixed)),
        )
    }

    /// A set tag is not compared: the same with HAS.
    #[cold]
    fn set_compare(&self, span: Span, tag: &Tag, op: CompareOp, other: &Arith) -> Error {
        let name = written(&tag.name);
        let value = match other.as_single() {
            Some(TermKind::Param(param)) => format!("(${})", param.name),
            _ => {
                let piece = other.span.of(&self.frame.text);
                suggest::quoted(&other.value_text().unwrap_or_else(|| piece.into()))
            }
        };
        let fixed = match op {
            CompareOp::NotEqual => format!("{name} HAS NONE ({value})"),
            _ => format!("{name} HAS {value}"),
        };
        self.refuse_with(
            fault::WRONG_KIND,
            span,
            format!("write `{fixed}`"),
            format!("`{}` is a set, an entity may have several of its values", tag.name),
            Some((span, fixed)),
        )
    }

    /// `path [NOT] IN ...`.
    pub(super) fn member(
        &mut self,
        span: Span,
        path: &Path,
        negated: bool,
        source: &InSource,
    ) -> Result<(NodeId, Option<TagId>)> {
        let tag = self.tag(path)?;
        match (tag.kind, source) {
            (TagKind::Choice, InSource::Values(list)) => {
                let mut node = self.any_value(tag, list)?;
                if negated {
                    self.check_missing(span, &[tag.id]);
                    node = self.within_present(&[tag.id], node, true);
                }
                Ok((node, Some(tag.id)))
            }
            (TagKind::Set, InSource::Values(list)) => {
                let verb = if negated { "HAS NONE" } else { "HAS ANY" };
                let fixed = format!("{} {verb} {}", written(&tag.name), Self::shown_list(list));
                Err(self.refuse_with(
                    fault::WRONG_KIND,
                    span,
                    format!("write `{fixed}`"),
                    format!("`{}` is a set, an entity may have several of its values", tag.name),
                    Some((span, fixed)),
                ))
            }
            (kind, source) if kind.is_number() => {
                let mut outcome = match source {
                    InSource::Values(list) => self.number_list(tag, path, list)?,
                    InSource::Interval { low, high, ends } => self.interval(span, path, low, high, *ends)?,
                    InSource::Window(window) => self.window(span, tag, window)?,
                };
                if negated {
                    outcome = self.negated(outcome);
                    self.check_missing(span, &outcome.tags);
                }
                Ok(self.made_number(outcome))
            }
            _ => Err(self.no_range(span, tag)),
        }
    }

    /// `path [NOT] BETWEEN low AND high`.
    pub(super) fn between(
        &mut self,
        span: Span,
        path: &Path,
        negated: bool,
        low: &Arith,
        high: &Arith,
    ) -> Result<(NodeId, Option<TagId>)> {
        let tag = self.tag(path)?;
        if !tag.kind.is_number() {
            return Err(self.no_range(span, tag));
        }
        let ends = muster_language::ast::IntervalEnds::Both;
        let mut outcome = self.interval(span, path, low, high, ends)?;
        if negated {
            outcome = self.negated(outcome);
            self.check_missing(span, &outcome.tags);
        }
        Ok(self.made_number(outcome))
    }

    /// An interval, a window or a list beside a tag that has none.
    #[cold]
    fn no_range(&self, span: Span, tag: &Tag) -> Error {
        let name = written(&tag.name);
        let fixed = match tag.kind {
            TagKind::Flag => name,
            _ => format!("{name} IS NOT MISSING"),
        };
        let remedy = match tag.kind {
            TagKind::Flag => format!("write `{fixed}`, or `NOT {fixed}`"),
            TagKind::Choice => "list its values: IN ('a', 'b')".to_owned(),
            _ => "list its values: HAS ANY ('a', 'b')".to_owned(),
        };
        self.refuse_with(
            fault::WRONG_KIND,
            span,
            remedy,
            format!("`{}` is {}, it has no range", tag.name, with_article(tag.kind)),
            Some((span, fixed)),
        )
    }
}

/// Whether any term names a tag.
fn mentions_tag(arith: &Arith) -> bool {
    arith
        .terms
        .iter()
        .any(|term| matches!(term.kind, TermKind::Path(_) | TermKind::Product { .. } | TermKind::Quotient { .. }))
}

/// The truth of `true`, `false`, `1`, `0`.
fn truth_written(text: &str) -> Option<bool> {
    if text == "1" || text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text == "0" || text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}
