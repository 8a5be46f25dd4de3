//! Number tags: what comparisons select, put together and negated; intervals and lists.

use std::borrow::Cow;

use muster_language::ast::{Arith, CompareOp, IntervalEnds, LiteralKind, Path, Span, TermKind, ValueList};
use muster_language::words::{self, Word};
use muster_language::{code, suggest};

use super::super::fault;
use super::super::node::{Comparison, NodeId};
use super::super::ranges::{self, Ranges};
use super::arithmetic::{Item, Side};
use super::{Resolver, with_article};
use crate::catalog::Tag;
use crate::error::Result;
use crate::ids::TagId;

/// Who meets a condition on numbers.
pub(super) struct Outcome {
    /// The tags that must be present, each once, in order of appearance.
    pub tags: Vec<TagId>,
    /// What else must hold.
    pub shape: Shape,
}

/// What holds for those who have the tags.
pub(super) enum Shape {
    /// One of the tags lies in ranges.
    Ranges(TagId, Ranges),
    /// They are in a node, which is within the present of all the tags.
    Node(NodeId),
}

impl<'a> Resolver<'a> {
    /// `left op right` where numbers, dates or times stand.
    pub(super) fn numeric(&mut self, span: Span, left: &Arith, op: CompareOp, right: &Arith) -> Result<Outcome> {
        let left = self.side(left)?;
        let right = self.side(right)?;
        self.compare_sides(span, &left, comparison(op), &right)
    }

    /// The node of an outcome, and its only tag.
    pub(super) fn made_number(&mut self, outcome: Outcome) -> (NodeId, Option<TagId>) {
        let only = match outcome.tags.as_slice() {
            [tag] => Some(*tag),
            _ => None,
        };
        let node = match outcome.shape {
            Shape::Node(node) => node,
            Shape::Ranges(tag, ranges) => {
                let node = self.arena.number(tag, ranges);
                if only.is_some() { node } else { self.within_present(&outcome.tags, node, false) }
            }
        };
        (node, only)
    }

    /// Those who have the tags too, but do not meet the condition.
    pub(super) fn negated(&mut self, outcome: Outcome) -> Outcome {
        let shape = match outcome.shape {
            Shape::Ranges(tag, ranges) => Shape::Ranges(tag, ranges::complement(&ranges)),
            Shape::Node(node) => Shape::Node(self.within_present(&outcome.tags, node, true)),
        };
        Outcome { tags: outcome.tags, shape }
    }

    /// Those who meet both.
    fn both(&mut self, left: Outcome, right: Outcome) -> Outcome {
        let mut tags = left.tags.clone();
        tags.extend(right.tags.iter().filter(|tag| !left.tags.contains(tag)));
        let shape = match (left.shape, right.shape) {
            (Shape::Ranges(tag, low), Shape::Ranges(other, high)) if tag == other => {
                Shape::Ranges(tag, ranges::intersect(&low, &high))
            }
            (low, high) => {
                let low = Outcome { tags: left.tags, shape: low };
                let high = Outcome { tags: right.tags, shape: high };
                let (low, _) = self.made_number(low);
                let (high, _) = self.made_number(high);
                Shape::Node(self.arena.all(&[low, high]))
            }
        };
        Outcome { tags, shape }
    }

    /// `path IN [low, high)` and its kin.
    pub(super) fn interval(
        &mut self,
        span: Span,
        path: &Path,
        low: &Arith,
        high: &Arith,
        ends: IntervalEnds,
    ) -> Result<Outcome> {
        let tag = self.tag(path)?;
        let subject = Side::of_tag(tag, path.span);
        let low_side = self.side(low)?;
        let high_side = self.side(high)?;
        let (above, below) = match ends {
            IntervalEnds::Both => (Comparison::GreaterOrEqual, Comparison::LessOrEqual),
            IntervalEnds::Low => (Comparison::GreaterOrEqual, Comparison::Less),
            IntervalEnds::High => (Comparison::Greater, Comparison::LessOrEqual),
        };
        let above = self.compare_sides(span, &subject, above, &low_side)?;
        let below = self.compare_sides(span, &subject, below, &high_side)?;
        let is_full = |outcome: &Outcome| matches!(&outcome.shape, Shape::Ranges(_, ranges) if !ranges.is_empty());
        let both_full = is_full(&above) && is_full(&below);
        let outcome = self.both(above, below);
        let is_empty = matches!(&outcome.shape, Shape::Ranges(_, ranges) if ranges.is_empty());
        if both_full && is_empty && outcome.tags.len() == 1 {
            if low.span.of(&self.frame.text) == high.span.of(&self.frame.text) {
                let message = "the interval holds nothing: its ends are the same, and one of them is left out";
                self.warn_reversed(span, message);
            } else {
                self.warn_reversed(span, "the interval holds nothing: its lower end is above its upper end");
                self.offer_swapped(span, low.span, high.span);
            }
        }
        Ok(outcome)
    }

    /// Says that an interval is empty, unless the parser has said it of a piece of `span`.
    pub(super) fn warn_reversed(&mut self, span: Span, message: &str) {
        let is_said = self.frame.audience.is_none()
            && self.warnings.iter().any(|warning| {
                warning.code == code::REVERSED_INTERVAL
                    && warning.span.is_some_and(|said| span.start <= said.start && said.end <= span.end)
            });
        if !is_said {
            self.warn(code::REVERSED_INTERVAL, span, message.to_owned());
        }
    }

    /// Puts the text with the ends of a reversed interval in their order beside its warning.
    fn offer_swapped(&mut self, span: Span, low: Span, high: Span) {
        if self.frame.audience.is_some() {
            return;
        }
        let text = &self.frame.text;
        let between = Span::new(low.end, high.start).of(text);
        let swapped = suggest::replace(text, low.to(high), &[high.of(text), between, low.of(text)].concat());
        let warning = self.warnings.iter_mut().find(|warning| {
            warning.code == code::REVERSED_INTERVAL && warning.span == Some(span) && warning.suggestion.is_none()
        });
        if let Some(warning) = warning {
            warning.suggestion = Some(swapped);
        }
    }

    /// `path IN (1, 2, 3)`.
    pub(super) fn number_list(&mut self, tag: &'a Tag, path: &Path, list: &ValueList) -> Result<Outcome> {
        let subject = Side::of_tag(tag, path.span);
        let mut found = Ranges::new();
        match list {
            ValueList::Values(values) => {
                found.reserve(values.len());
                for literal in values {
                    let (negative, kind) = match &literal.kind {
                        LiteralKind::Number { negative, number } => {
                            (*negative, Cow::Owned(TermKind::Number(number.clone())))
                        }
                        LiteralKind::Text(text) => (false, Cow::Owned(TermKind::Text(text.clone()))),
                        LiteralKind::Date(date) => (false, Cow::Owned(TermKind::Date(*date))),
                        LiteralKind::DateTime(time) => (false, Cow::Owned(TermKind::DateTime(*time))),
                        LiteralKind::Word(word) => (false, Cow::Owned(self.word(tag, word, literal.span)?)),
                    };
                    let side = Side::of_literal(negative, kind, literal.span);
                    self.collect_equal(literal.span, &subject, &side, &mut found)?;
                }
            }
            ValueList::Param(param) => {
                for (place, text) in self.list_of(param)?.iter().enumerate() {
                    self.look_at(place)?;
                    let kind = Cow::Owned(TermKind::Text(text.clone()));
                    let side = Side::of_literal(false, kind, param.span);
                    self.collect_equal(param.span, &subject, &side, &mut found)?;
                }
            }
        }
        Ok(Outcome { tags: vec![tag.id], shape: Shape::Ranges(tag.id, ranges::normalize(found)) })
    }

    fn collect_equal(
        &mut self,
        span: Span,
        subject: &Side<'_, '_>,
        side: &Side<'_, '_>,
        found: &mut Ranges,
    ) -> Result<()> {
        let outcome = self.compare_sides(span, subject, Comparison::Equal, side)?;
        if let Shape::Ranges(_, ranges) = outcome.shape {
            found.extend(ranges);
        }
        Ok(())
    }

    /// A bare word in a list beside a number tag: only a word for a moment can be meant.
    fn word(&self, tag: &Tag, word: &str, span: Span) -> Result<TermKind> {
        match words::lookup(word) {
            Some(Word::Today) => Ok(TermKind::Today),
            Some(Word::Yesterday) => Ok(TermKind::Yesterday),
            Some(Word::Now) => Ok(TermKind::Now),
            _ => Err(self.refuse(
                fault::WRONG_VALUE,
                span,
                "list numbers or dates; compare with another tag by =",
                format!("`{word}` is a word, and `{}` is {}", tag.name, with_article(tag.kind)),
            )),
        }
    }
}

impl<'a> Side<'a, '_> {
    /// A side that is one tag.
    pub(super) fn of_tag(tag: &'a Tag, span: Span) -> Side<'a, 'static> {
        Side { items: vec![Item::tag(tag, span)], span }
    }
}

impl<'t> Side<'static, 't> {
    /// A side that is one literal.
    pub(super) fn of_literal(negative: bool, kind: Cow<'t, TermKind>, span: Span) -> Side<'static, 't> {
        Side { items: vec![Item::literal(negative, kind, span)], span }
    }
}

fn comparison(op: CompareOp) -> Comparison {
    match op {
        CompareOp::Equal => Comparison::Equal,
        CompareOp::NotEqual => Comparison::NotEqual,
        CompareOp::Less => Comparison::Less,
        CompareOp::LessOrEqual => Comparison::LessOrEqual,
        CompareOp::Greater => Comparison::Greater,
        CompareOp::GreaterOrEqual => Comparison::GreaterOrEqual,
    }
}
