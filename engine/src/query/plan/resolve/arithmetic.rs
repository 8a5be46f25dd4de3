//! The two sides of a comparison of numbers, and what they come to in days, milliseconds or plain numbers.
//!
//! A date or instant is a *point* and counts one; a number of days, a duration or the difference of two points counts
//! none. Both sides must count the same, zero or one: so a date is compared with a date and a difference with days.

use std::borrow::Cow;

use muster_language::ast::{Arith, Span, TermKind};

use super::super::fault;
use super::super::moments::Moment;
use super::super::node::Comparison;
use super::super::ranges::{self, Ranges};
use super::Resolver;
use super::linear::{Fraction, Solved, Sum, solve};
use super::number::{Outcome, Shape};
use crate::catalog::{Tag, TagKind};
use crate::error::Result;
use crate::ids::TagId;

/// The most different tags in one comparison.
const SUM_TAGS_MAX: usize = 64;
/// The most digits of a number that comes as text.
const DIGITS_MAX: usize = muster_language::limits::NUMBER_DIGITS_MAX;

/// One side of a comparison, its tags found.
pub(super) struct Side<'a, 't> {
    pub items: Vec<Item<'a, 't>>,
    pub span: Span,
}

/// One term of a side.
pub(super) struct Item<'a, 't> {
    pub negative: bool,
    pub span: Span,
    pub kind: ItemKind<'a, 't>,
}

/// What a term is.
pub(super) enum ItemKind<'a, 't> {
    Tag(&'a Tag, Fraction),
    Literal(Cow<'t, TermKind>),
}

impl<'a> Item<'a, 'static> {
    /// A tag alone.
    pub(super) fn tag(tag: &'a Tag, span: Span) -> Item<'a, 'static> {
        Item { negative: false, span, kind: ItemKind::Tag(tag, Fraction::whole(1)) }
    }
}

impl<'t> Item<'static, 't> {
    /// A literal.
    pub(super) fn literal(negative: bool, kind: Cow<'t, TermKind>, span: Span) -> Item<'static, 't> {
        Item { negative, span, kind: ItemKind::Literal(kind) }
    }
}

impl<'a> Side<'a, '_> {
    fn tags(&self) -> impl Iterator<Item = (&'a Tag, Span)> {
        self.items.iter().filter_map(|item| match item.kind {
            ItemKind::Tag(tag, _) => Some((tag, item.span)),
            ItemKind::Literal(_) => None,
        })
    }

    /// The tag, when the side is nothing else.
    fn only_tag(&self) -> Option<&'a Tag> {
        match self.items.as_slice() {
            [Item { negative: false, kind: ItemKind::Tag(tag, factor), .. }] if *factor == Fraction::whole(1) => {
                Some(tag)
            }
            _ => None,
        }
    }

    pub(super) fn has_tags(&self) -> bool {
        self.tags().next().is_some()
    }
}

/// What the tags of a comparison measure.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Measure {
    Plain,
    Days,
    Instants,
}

/// A side in numbers of its measure.
pub(super) struct Measured {
    pub sum: Sum,
    /// How many points it counts.
    pub points: i128,
    /// The side as a day or instant, when it is a constant point.
    pub moment: Option<Moment>,
}

impl<'a> Resolver<'a> {
    /// A side with its tags found.
    pub(super) fn side<'t>(&mut self, arith: &'t Arith) -> Result<Side<'a, 't>> {
        let mut items = Vec::with_capacity(arith.terms.len());
        for term in &arith.terms {
            let kind = match &term.kind {
                TermKind::Path(path) => ItemKind::Tag(self.tag(path)?, Fraction::whole(1)),
                TermKind::Product { path, factor } => {
                    let factor = Fraction::decimal(factor.digits, factor.scale);
                    let factor = factor.ok_or_else(|| self.too_large(term.span))?;
                    ItemKind::Tag(self.tag(path)?, factor)
                }
                TermKind::Quotient { path, divisor } => {
                    let divisor = Fraction::decimal(divisor.digits, divisor.scale);
                    let factor = divisor.and_then(Fraction::inverse);
                    ItemKind::Tag(self.tag(path)?, factor.ok_or_else(|| self.too_large(term.span))?)
                }
                literal => ItemKind::Literal(Cow::Borrowed(literal)),
            };
            items.push(Item { negative: term.negative, span: term.span, kind });
        }
        Ok(Side { items, span: arith.span })
    }

    /// `left op right`.
    pub(super) fn compare_sides(
        &mut self,
        span: Span,
        left: &Side<'_, '_>,
        op: Comparison,
        right: &Side<'_, '_>,
    ) -> Result<Outcome> {
        let mut tags: Vec<TagId> = Vec::with_capacity(2);
        for (tag, _) in left.tags().chain(right.tags()) {
            if !tags.contains(&tag.id) {
                tags.push(tag.id);
            }
            if tags.len() > SUM_TAGS_MAX {
                return Err(self.too_large(span));
            }
        }
        let (measure, subject) = self.measure(span, left, right)?;
        let left_measured = self.measured(left, measure, subject)?;
        let right_measured = self.measured(right, measure, subject)?;
        if left_measured.points != right_measured.points || !(0..=1).contains(&left_measured.points) {
            return Err(self.unlike(subject, left, right, &left_measured, &right_measured));
        }
        if measure == Measure::Instants {
            let day = match (left.only_tag(), right.only_tag()) {
                (Some(tag), _) => right_measured.moment.map(|moment| (tag, op, moment)),
                (_, Some(tag)) => left_measured.moment.map(|moment| (tag, op.flipped(), moment)),
                _ => None,
            };
            if let Some((tag, op, Moment::Day(day))) = day {
                let ranges = self.whole_day(day, op)?;
                return Ok(Outcome { tags, shape: Shape::Ranges(tag.id, ranges) });
            }
        }
        let sum = left_measured.sum.minus(&right_measured.sum);
        let solved = sum.and_then(|sum| solve(&sum, op));
        let solved = solved.ok_or_else(|| self.too_large(span))?;
        Ok(self.outcome(tags, solved))
    }

    fn outcome(&mut self, tags: Vec<TagId>, solved: Solved) -> Outcome {
        let shape = match solved {
            Solved::Decided(truth) => {
                let ranges = if truth { ranges::everything() } else { Ranges::new() };
                Shape::Ranges(tags[0], ranges)
            }
            Solved::Ranges(tag, ranges) => Shape::Ranges(tag, ranges),
            Solved::Terms(terms, constant, op) => {
                let gone: Vec<TagId> =
                    tags.iter().copied().filter(|tag| terms.iter().all(|(kept, _)| kept != tag)).collect();
                let node = self.arena.linear(terms, constant, op);
                Shape::Node(self.within_present(&gone, node, false))
            }
        };
        Outcome { tags, shape }
    }

    /// What the tags measure, and the tag that says so.
    fn measure<'s>(&self, span: Span, left: &Side<'s, '_>, right: &Side<'s, '_>) -> Result<(Measure, &'s Tag)> {
        let mut found: Option<(Measure, &'s Tag)> = None;
        for (tag, tag_span) in left.tags().chain(right.tags()) {
            let measure = match tag.kind {
                TagKind::Int | TagKind::Decimal { .. } => Measure::Plain,
                TagKind::Date => Measure::Days,
                TagKind::Time => Measure::Instants,
                _ => return Err(self.no_number(tag, tag_span)),
            };
            found = match found {
                None => Some((measure, tag)),
                Some((known, first)) if known == measure => Some((known, first)),
                // A whole number beside dates is a number of days.
                Some((Measure::Days, first)) if tag.kind == TagKind::Int => Some((Measure::Days, first)),
                Some((Measure::Plain, _)) if measure == Measure::Days && all_int(left, right) => {
                    Some((Measure::Days, tag))
                }
                Some((_, first)) => return Err(self.unlike_tags(span, first, tag)),
            };
        }
        found.ok_or_else(|| {
            self.refuse(fault::WRONG_VALUE, span, "name a tag on one side", "two constants are compared")
        })
    }

    fn measured(&mut self, side: &Side<'_, '_>, measure: Measure, subject: &Tag) -> Result<Measured> {
        match measure {
            Measure::Plain => self.plain(side, subject),
            Measure::Days | Measure::Instants => match self.point_place(side, measure) {
                Some(place) => self.constant_point(side, place, measure, subject),
                None => self.moving(side, measure, subject),
            },
        }
    }

    /// A side of plain numbers.
    fn plain(&mut self, side: &Side<'_, '_>, subject: &Tag) -> Result<Measured> {
        let mut sum = Sum::zero();
        for item in &side.items {
            let added = match &item.kind {
                ItemKind::Tag(tag, factor) => Fraction::decimal(1, tag.kind.scale())
                    .and_then(|unit| unit.times(*factor))
                    .and_then(|factor| signed(factor, item.negative))
                    .and_then(|factor| sum.add_tag(tag.id, factor)),
                ItemKind::Literal(literal) => self
                    .number_literal(literal, item.span, subject)?
                    .and_then(|number| signed(number, item.negative))
                    .and_then(|number| sum.add(number)),
            };
            added.ok_or_else(|| self.too_large(item.span))?;
        }
        Ok(Measured { sum, points: 0, moment: None })
    }

    /// A literal as a plain number; none inside when it is too large.
    fn number_literal(&self, literal: &TermKind, span: Span, subject: &Tag) -> Result<Option<Fraction>> {
        let text = match literal {
            TermKind::Number(number) => return Ok(Fraction::decimal(number.digits, number.scale)),
            TermKind::Text(text) => text.as_str(),
            TermKind::Param(param) => self.scalar_of(param)?,
            _ => return Err(self.wrong_value(subject, span)),
        };
        match parse_number(text) {
            Some((negative, digits, scale)) => {
                Ok(Fraction::decimal(digits, scale).and_then(|number| signed(number, negative)))
            }
            None if is_number_written(text) => Err(self.too_many_digits(span)),
            None => Err(self.wrong_value(subject, span)),
        }
    }
}

fn all_int(left: &Side<'_, '_>, right: &Side<'_, '_>) -> bool {
    left.tags().chain(right.tags()).all(|(tag, _)| matches!(tag.kind, TagKind::Int | TagKind::Date))
}

pub(super) fn signed(number: Fraction, negative: bool) -> Option<Fraction> {
    if negative { number.negated() } else { Some(number) }
}

/// Whether a text has the shape of a number, however many digits it has.
fn is_number_written(text: &str) -> bool {
    let text = text.trim();
    let (whole, part) = text.strip_prefix(['-', '+']).unwrap_or(text).split_once('.').unwrap_or((text, "0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_digits(whole.trim_start_matches(['-', '+'])) && is_digits(part)
}

/// `[+-]digits[.digits]` as sign, digits and scale; none for anything else or too many digits.
pub(super) fn parse_number(text: &str) -> Option<(bool, u128, u8)> {
    let text = text.trim();
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, part) = rest.split_once('.').unwrap_or((rest, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_digits(whole) || !is_digits(part) || rest.ends_with('.') {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    let part = part.trim_end_matches('0');
    if whole.len() + part.len() > DIGITS_MAX {
        return None;
    }
    let mut digits = 0u128;
    for byte in whole.bytes().chain(part.bytes()) {
        digits = digits * 10 + u128::from(byte - b'0');
    }
    Some((negative, digits, part.len() as u8))
}
