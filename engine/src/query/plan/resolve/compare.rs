//! Comparisons, IN and BETWEEN: by the kind of the tag on the left.

use muster_language::ast::{Arith, CompareOp, InSource, Path, Span, TermKind, ValueList};
use muster_language::{code, suggest};

use super::super::fault;
use super::super::node::NodeId;
use super::super::rename::written;
use super::{Resolver, with_article};
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
        if let Some((path, op, other)) = subject
            && let Some(error) = self.time_beside_date(span, path, op, other)?
        {
            return Err(error);
        }
        let outcome = self.numeric(span, left, op, right)?;
        if op == CompareOp::NotEqual {
            self.check_missing(span, &outcome.tags);
        }
        Ok(self.made_number(outcome))
    }

    /// `date < 2026-01-01T10:00`: a day begins before a time in it, so the comparison with the day has another sign.
    fn time_beside_date(&mut self, span: Span, path: &Path, op: CompareOp, other: &Arith) -> Result<Option<Error>> {
        let tag = self.tag(path)?;
        let sign = match op {
            CompareOp::Less => "<=",
            CompareOp::GreaterOrEqual => ">",
            _ => return Ok(None),
        };
        let day = match other.as_single() {
            Some(TermKind::Now) => "today".to_owned(),
            Some(TermKind::DateTime(time)) => time.date.to_string(),
            _ => return Ok(None),
        };
        if tag.kind != TagKind::Date {
            return Ok(None);
        }
        let fixed = format!("{} {sign} {day}", written(&tag.name));
        Ok(Some(self.refuse_with(
            fault::WRONG_UNIT,
            span,
            format!("write the day: `{fixed}`"),
            format!("`{}` is a date, it has no hours and minutes", tag.name),
            Some((span, fixed)),
        )))
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
            _ => return Err(self.flag_compared(span, tag, op, text.as_deref())),
        };
        Ok((self.flag_truth(tag.id, wanted), Some(tag.id)))
    }

    /// A flag beside something that is not its truth: `vip = yes`, `vip > 0`.
    #[cold]
    fn flag_compared(&self, span: Span, tag: &Tag, op: CompareOp, text: Option<&str>) -> Error {
        let name = written(&tag.name);
        let truth = text.and_then(suggest::truth);
        let meant = match (op, truth) {
            (CompareOp::Equal, Some(truth)) | (CompareOp::NotEqual, Some(truth)) => {
                Some(truth == (op == CompareOp::Equal))
            }
            (CompareOp::Greater, Some(false)) | (CompareOp::GreaterOrEqual, Some(true)) => Some(true),
            (CompareOp::Less, Some(true)) | (CompareOp::LessOrEqual, Some(false)) => Some(false),
            _ => None,
        };
        let meant = meant.map(|truth| if truth { name.clone() } else { format!("NOT {name}") });
        self.refuse_with(
            fault::WRONG_KIND,
            span,
            meant
                .as_ref()
                .map_or_else(|| format!("write `{name}`, or `NOT {name}`"), |meant| format!("write `{meant}`")),
            format!("`{}` is a flag, it is true or false", tag.name),
            meant.map(|meant| (span, meant)),
        )
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
        let piece = other.span.of(&self.frame.text);
        let value = suggest::quoted(&other.value_text().unwrap_or_else(|| piece.into()));
        let fixed = match (op, other.as_single()) {
            (CompareOp::Equal, Some(TermKind::Param(param))) => format!("{name} HAS ANY ${}", param.name),
            (CompareOp::NotEqual, Some(TermKind::Param(param))) => format!("{name} HAS NONE ${}", param.name),
            (CompareOp::Equal, _) => format!("{name} HAS {value}"),
            (CompareOp::NotEqual, _) => format!("{name} HAS NONE ({value})"),
            _ => {
                return self.refuse(
                    fault::WRONG_KIND,
                    span,
                    format!("ask for its values: `{name} HAS 'value'`"),
                    format!("`{}` is a set, its values have no order", tag.name),
                );
            }
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
            _ => Err(self.no_range(span, tag, in_list(&self.frame.text, tag, negated, source))),
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
            return Err(self.no_range(span, tag, None));
        }
        let ends = muster_language::ast::IntervalEnds::Both;
        let mut outcome = self.interval(span, path, low, high, ends)?;
        if negated {
            outcome = self.negated(outcome);
            self.check_missing(span, &outcome.tags);
        }
        Ok(self.made_number(outcome))
    }

    /// An interval, a window or a list beside a tag that has none; `fixed` is the condition that may be meant.
    #[cold]
    fn no_range(&self, span: Span, tag: &Tag, fixed: Option<String>) -> Error {
        let name = written(&tag.name);
        let remedy = match tag.kind {
            _ if fixed.is_some() => format!("write `{}`", fixed.as_deref().unwrap_or_default()),
            TagKind::Flag => format!("write `{name}`, or `NOT {name}`"),
            TagKind::Choice => "list its values: IN ('a', 'b')".to_owned(),
            _ => "list its values: HAS ANY ('a', 'b')".to_owned(),
        };
        self.refuse_with(
            fault::WRONG_KIND,
            span,
            remedy,
            format!("`{}` is {}, it has no range", tag.name, with_article(tag.kind)),
            fixed.map(|fixed| (span, fixed)),
        )
    }
}

/// What may be meant by `IN` beside a tag without a range: the two values in brackets as a list, those in
/// order between two others as comparisons, the truths of a flag. `text` is the whole text.
fn in_list(text: &str, tag: &Tag, negated: bool, source: &InSource) -> Option<String> {
    let name = written(&tag.name);
    match (tag.kind, source) {
        (TagKind::Choice | TagKind::Set, InSource::Interval { low, high, .. }) => {
            let [low_value, high_value] = [low.value_text()?, high.value_text()?].map(|value| suggest::quoted(&value));
            let is_dotted = Span::new(low.span.end, high.span.start).of(text).contains("..");
            let verb = match (tag.kind, negated) {
                // The two ends alone would drop what lies between them.
                (TagKind::Choice, false) if is_dotted && tag.ordered_values => {
                    return Some(format!("({name} >= {low_value} AND {name} <= {high_value})"));
                }
                _ if is_dotted => return None,
                (TagKind::Choice, false) => "IN",
                (TagKind::Choice, true) => "NOT IN",
                (_, false) => "HAS ANY",
                (_, true) => "HAS NONE",
            };
            Some(format!("{name} {verb} ({low_value}, {high_value})"))
        }
        (TagKind::Flag, InSource::Values(ValueList::Values(values))) => {
            let mut truths = values.iter().map(|value| suggest::truth(&value.text()));
            let first = truths.next()??;
            let is_one = truths.all(|truth| truth == Some(first));
            is_one.then(|| if first != negated { name } else { format!("NOT {name}") })
        }
        _ => None,
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
