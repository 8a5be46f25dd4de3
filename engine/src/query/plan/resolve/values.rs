//! Values of choice and set tags: found, compared, listed, matched by a pattern.

use std::borrow::Cow;

use muster_language::ast::{CompareOp, Literal, Param, Span, Text, ValueList};
use muster_language::suggest;

use super::super::fault;
use super::super::like::Pattern;
use super::super::node::NodeId;
use super::super::rename::written;
use super::super::request::{Parameter, UnknownValues};
use super::{Resolver, with_article};
use crate::catalog::{Tag, TagKind};
use crate::error::{Error, ErrorKind, Result};
use crate::ids::ValueId;
use crate::query::budget::over;
use crate::query::pace::SMALL_PER_UNIT;

/// More values than these are not compared for a suggestion.
const NEAREST_VALUES_MAX: usize = 100_000;
/// Nor are more bytes of them.
const NEAREST_BYTES_MAX: usize = 16 << 20;
/// How many values the patterns of one text may be compared with, each pattern with each value of its tag.
pub(in crate::query) const LIKE_VALUES_MAX: u64 = 50_000_000;
/// More unknown values of a parameter are only counted.
const UNKNOWN_SHOWN: usize = 3;

impl<'a> Resolver<'a> {
    /// Adds the values that `text` stands for: the value itself, or by its label, and what it contains as a parent.
    /// Whether there are any.
    fn find_value(&self, tag: &Tag, text: &str, found: &mut Vec<ValueId>) -> Result<bool> {
        let before = found.len();
        let value = tag.value_written(text);
        found.extend(self.context.value_id(tag.id, value)?);
        if tag.values.iter().any(|declared| declared.parent.is_some()) {
            let mut inside = vec![value];
            let mut next = 0;
            while next < inside.len() && next <= tag.values.len() {
                for declared in &tag.values {
                    if declared.parent.as_deref() == Some(inside[next]) && !inside.contains(&declared.value.as_str()) {
                        found.extend(self.context.value_id(tag.id, &declared.value)?);
                        inside.push(&declared.value);
                    }
                }
                next += 1;
            }
        }
        let is_declared = || tag.values.iter().any(|declared| declared.value == value);
        Ok(found.len() > before || is_declared())
    }

    /// The node of those who have the value written as `text`. Errors: the nearest value, in an ad-hoc query.
    pub(super) fn value_node(&mut self, tag: &Tag, text: &str, span: Span) -> Result<NodeId> {
        let mut found = Vec::with_capacity(1);
        self.require_value(tag, text, span, &mut found)?;
        self.values_node(tag, found)
    }

    /// Adds the values that `text` stands for; what an unknown one means is up to the request.
    fn require_value(&mut self, tag: &Tag, text: &str, span: Span, found: &mut Vec<ValueId>) -> Result<()> {
        if self.find_value(tag, text, found)? {
            return Ok(());
        }
        if self.frame.audience.is_some() || self.request.unknown_values == UnknownValues::Empty {
            let message = format!("nobody has `{text}` in `{}`: the tag does not know this value", tag.name);
            self.warn(fault::UNKNOWN_VALUE, span, message);
            return Ok(());
        }
        Err(self.unknown_value(tag, text, span)?)
    }

    #[cold]
    fn unknown_value(&self, tag: &Tag, text: &str, span: Span) -> Result<Error> {
        // Of very many, the first are compared and the others counted.
        let (mut first, mut first_bytes, mut count) = (Vec::new(), 0, 0_u64);
        self.context.visit_values(tag.id, &self.request.stop, &mut |_, name| {
            count += 1;
            if first.len() < NEAREST_VALUES_MAX && first_bytes + name.len() <= NEAREST_BYTES_MAX {
                first_bytes += name.len();
                first.push(name.to_owned());
            }
            Ok(())
        })?;
        let labels = tag.values.iter().filter_map(|declared| declared.label.as_deref());
        let known = first.iter().map(String::as_str);
        let detail = format!("`{}` has no value `{text}`", tag.name);
        Ok(match suggest::nearest(text, known.chain(labels)) {
            Some(near) => {
                let near = suggest::quoted(near);
                self.refuse_with(
                    fault::UNKNOWN_VALUE,
                    span,
                    format!("did you mean {near}?"),
                    detail,
                    Some((span, near)),
                )
            }
            None => {
                let some: Vec<&str> = first.iter().take(5).map(String::as_str).collect();
                let known = if count == 0 {
                    "; it has no values yet".to_owned()
                } else {
                    format!("; it has {count} values such as {}", some.join(", "))
                };
                self.refuse(fault::UNKNOWN_VALUE, span, "use a value that the tag has", format!("{detail}{known}"))
            }
        })
    }

    /// The nodes of listed values, one for each as written. An unknown value of a parameter is nobody and is counted.
    pub(super) fn value_nodes(&mut self, tag: &Tag, list: &ValueList) -> Result<Vec<NodeId>> {
        match list {
            ValueList::Values(values) => {
                values.iter().map(|literal| self.value_node(tag, &literal.text(), literal.span)).collect()
            }
            ValueList::Param(param) => {
                let mut nodes = Vec::new();
                let mut unknown = Unknown::default();
                for (place, text) in self.list_of(param)?.iter().enumerate() {
                    self.look_at(place)?;
                    let mut found = Vec::with_capacity(1);
                    if !self.find_value(tag, text, &mut found)? {
                        unknown.add(text);
                    }
                    nodes.push(self.values_node(tag, found)?);
                }
                self.warn_unknown(tag, param, &unknown);
                Ok(nodes)
            }
        }
    }

    /// Those who have any of the listed values. A long list makes no node per value.
    pub(super) fn any_value(&mut self, tag: &Tag, list: &ValueList) -> Result<NodeId> {
        let mut found = Vec::new();
        match list {
            ValueList::Values(values) => {
                found.reserve(values.len());
                for literal in values {
                    self.require_value(tag, &literal.text(), literal.span, &mut found)?;
                }
            }
            ValueList::Param(param) => {
                let mut unknown = Unknown::default();
                for (place, text) in self.list_of(param)?.iter().enumerate() {
                    self.look_at(place)?;
                    if !self.find_value(tag, text, &mut found)? {
                        unknown.add(text);
                    }
                }
                self.warn_unknown(tag, param, &unknown);
            }
        }
        self.values_node(tag, found)
    }

    /// Whether to go on at this place of a list. Errors: cancelled, deadline.
    pub(super) fn look_at(&self, place: usize) -> Result<()> {
        match place.is_multiple_of(SMALL_PER_UNIT) {
            true => self.request.stop.look(),
            false => Ok(()),
        }
    }

    /// The node of those who have one of the values. Errors: limit, where the lists of the query take too much.
    fn values_node(&mut self, tag: &Tag, found: Vec<ValueId>) -> Result<NodeId> {
        let node = self.arena.values(Self::valued(tag), found);
        match self.arena.list_bytes() > self.request.memory_bytes_max {
            true => Err(over(self.request.memory_bytes_max, "so many values in lists and patterns")),
            false => Ok(node),
        }
    }

    fn warn_unknown(&mut self, tag: &Tag, param: &Param, unknown: &Unknown<'_>) {
        if unknown.count > 0 {
            let message = format!(
                "nobody has {} of the values of ${} in `{}`, such as {}",
                unknown.count,
                param.name,
                tag.name,
                unknown.some.join(", ")
            );
            self.warn(fault::UNKNOWN_VALUE, param.span, message);
        }
    }

    /// The list that came for `$name`; one value is a list of one.
    pub(super) fn list_of(&self, param: &Param) -> Result<&'a [String]> {
        match self.parameter(param)? {
            Parameter::List(values) => Ok(values),
            Parameter::Scalar(value) => Ok(std::slice::from_ref(value)),
            Parameter::Bitmap { .. } => Err(self.refuse(
                fault::PARAMETER,
                param.span,
                format!("let ${} stand alone", param.name),
                "a bitmap came where a list of values stands",
            )),
        }
    }

    /// What came for `$name`.
    pub(super) fn parameter(&self, param: &Param) -> Result<&'a Parameter> {
        self.request.parameters.get(&param.name).ok_or_else(|| {
            let names = self.request.parameters.keys().map(String::as_str);
            let hint = suggest::nearest(&param.name, names).map_or_else(String::new, |near| format!("; ${near} did"));
            self.refuse(
                fault::PARAMETER,
                param.span,
                format!("send a value for ${}", param.name),
                format!("none came with the request{hint}"),
            )
        })
    }

    /// The single value that came for `$name`.
    pub(super) fn scalar_of(&self, param: &Param) -> Result<&'a str> {
        match self.parameter(param)? {
            Parameter::Scalar(text) => Ok(text),
            _ => Err(self.refuse(
                fault::PARAMETER,
                param.span,
                format!("send ${} as one value", param.name),
                "a list or bitmap came where one value stands",
            )),
        }
    }

    /// `choice op value`, the value already as text.
    pub(super) fn choice_compare(
        &mut self,
        span: Span,
        tag: &Tag,
        op: CompareOp,
        text: &str,
        value_span: Span,
    ) -> Result<NodeId> {
        match op {
            CompareOp::Equal => self.value_node(tag, text, value_span),
            CompareOp::NotEqual => {
                let node = self.value_node(tag, text, value_span)?;
                self.check_missing(span, &[tag.id]);
                Ok(self.within_present(&[tag.id], node, true))
            }
            _ if tag.ordered_values => self.ordered(tag, op, text, value_span),
            _ => Err(self.refuse(
                fault::WRONG_KIND,
                span,
                "compare a choice with = or !=, or list its values with IN",
                format!("the values of `{}` have no order", tag.name),
            )),
        }
    }

    /// The declared values on one side of another.
    fn ordered(&mut self, tag: &Tag, op: CompareOp, text: &str, span: Span) -> Result<NodeId> {
        let value = tag.value_written(text);
        let place = tag.values.iter().position(|declared| declared.value == value);
        let Some(place) = place else {
            let known: Vec<&str> = tag.values.iter().map(|declared| declared.value.as_str()).collect();
            let near = suggest::nearest(text, known.iter().copied()).map(suggest::quoted);
            return Err(self.refuse_with(
                fault::UNKNOWN_VALUE,
                span,
                "compare with a value of its declared order",
                format!("`{text}` has no place in the order of `{}`", tag.name),
                near.map(|near| (span, near)),
            ));
        };
        let side = match op {
            CompareOp::Less => &tag.values[..place],
            CompareOp::LessOrEqual => &tag.values[..=place],
            CompareOp::Greater => &tag.values[place + 1..],
            _ => &tag.values[place..],
        };
        let mut found = Vec::with_capacity(side.len());
        for declared in side {
            found.extend(self.context.value_id(tag.id, &declared.value)?);
        }
        self.values_node(tag, found)
    }

    /// Those whose value fits the pattern.
    pub(super) fn like_node(&mut self, tag: &Tag, pattern: &Text) -> Result<NodeId> {
        let matcher = Pattern::new(&pattern.text);
        let mut found = Vec::new();
        let mut compared = self.compared;
        let visited = self.context.visit_values(tag.id, &self.request.stop, &mut |value, name| {
            compared += 1;
            if compared > LIKE_VALUES_MAX {
                return Err(Error::limit("enough"));
            }
            if matcher.matches(name) {
                found.push(value);
            }
            Ok(())
        });
        if compared > LIKE_VALUES_MAX {
            let reason =
                format!("the patterns of a text are compared with at most {LIKE_VALUES_MAX} values (LIKE_VALUES_MAX)");
            let remedy = "use fewer patterns, or name the values with IN";
            let refused = self.refuse(fault::TOO_MUCH, pattern.span, remedy, reason);
            return Err(refused.of_kind(ErrorKind::Limit));
        }
        visited?;
        self.compared = compared;
        if found.is_empty() && pattern.text.contains('*') && !pattern.text.contains(['%', '_']) {
            let message = "`*` is itself in a pattern, and no value has it; % stands for any characters";
            self.warn(fault::EMPTY, pattern.span, message.to_owned());
        }
        self.values_node(tag, found)
    }

    /// `path [NOT] LIKE pattern`.
    pub(super) fn like(
        &mut self,
        span: Span,
        path: &muster_language::ast::Path,
        negated: bool,
        pattern: &Text,
    ) -> Result<(NodeId, Option<crate::ids::TagId>)> {
        let tag = self.tag(path)?;
        match tag.kind {
            TagKind::Choice => {}
            TagKind::Set => {
                let has = format!("{} HAS LIKE {}", written(&tag.name), suggest::quoted(&pattern.text));
                let fixed = if negated { format!("NOT {has}") } else { has };
                return Err(self.refuse_with(
                    fault::WRONG_KIND,
                    span,
                    format!("write `{fixed}`"),
                    format!("`{}` is a set, an entity may have several of its values", tag.name),
                    Some((span, fixed)),
                ));
            }
            kind => {
                return Err(self.refuse(
                    fault::WRONG_KIND,
                    span,
                    "use LIKE with a choice, or HAS LIKE with a set",
                    format!("`{}` is {}", tag.name, with_article(kind)),
                ));
            }
        }
        let mut node = self.like_node(tag, pattern)?;
        if negated {
            self.check_missing(span, &[tag.id]);
            node = self.within_present(&[tag.id], node, true);
        }
        Ok((node, Some(tag.id)))
    }

    /// The values of a list as the text shows them.
    pub(super) fn shown_list(list: &ValueList) -> String {
        match list {
            ValueList::Param(param) => format!("${}", param.name),
            ValueList::Values(values) => {
                let quoted: Vec<Cow<'_, str>> = values.iter().map(shown_literal).collect();
                format!("({})", quoted.join(", "))
            }
        }
    }
}

fn shown_literal(literal: &Literal) -> Cow<'_, str> {
    Cow::Owned(suggest::quoted(&literal.text()))
}

/// Values of a parameter that nobody has.
#[derive(Default)]
struct Unknown<'t> {
    count: usize,
    some: Vec<&'t str>,
}

impl<'t> Unknown<'t> {
    fn add(&mut self, text: &'t str) {
        self.count += 1;
        if self.some.len() < UNKNOWN_SHOWN {
            self.some.push(text);
        }
    }
}
