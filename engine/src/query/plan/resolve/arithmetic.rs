//! The two sides of a comparison of numbers, and what they come to in days, milliseconds or plain numbers.
//!
//! A date or instant is a *point* and counts one; a number of days, a duration or the difference of two points counts
//! none. Both sides must count the same, zero or one: so a date is compared with a date and a difference with days.

use std::borrow::Cow;

use muster_language::ast::{Arith, Duration, DurationUnit, Span, TermKind};
use muster_language::code;

use super::super::fault;
use super::super::moments::{DAY_MS, Moment, day_written, parse_day};
use super::super::node::Comparison;
use super::super::ranges::{self, Ranges};
use super::linear::{Fraction, Solved, Sum, solve};
use super::number::{Outcome, Shape};
use super::{Resolver, with_article, written};
use crate::catalog::{Tag, TagKind};
use crate::error::{Error, Result};
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
    negative: bool,
    span: Span,
    kind: ItemKind<'a, 't>,
}

enum ItemKind<'a, 't> {
    Tag(&'a Tag, Fraction),
    Literal(Cow<'t, TermKind>),
}

impl<'a> Item<'a, 'static> {
    /// A tag alone.
    pub(super) fn tag(tag: &'a Tag, span: Span) -> Item<'a, 'static> {
        Item {
            negative: false,
            span,
            kind: ItemKind::Tag(tag, Fraction::whole(1)),
        }
    }
}

impl<'t> Item<'static, 't> {
    /// A literal.
    pub(super) fn literal(
        negative: bool,
        kind: Cow<'t, TermKind>,
        span: Span,
    ) -> Item<'static, 't> {
        Item {
            negative,
            span,
            kind: ItemKind::Literal(kind),
        }
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
            [
                Item {
                    negative: false,
                    kind: ItemKind::Tag(tag, factor),
                    ..
                },
            ] if *factor == Fraction::whole(1) => Some(tag),
            _ => None,
        }
    }

    fn has_tags(&self) -> bool {
        self.tags().next().is_some()
    }
}

/// What the tags of a comparison measure.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Measure {
    Plain,
    Days,
    Instants,
}

/// A side in numbers of its measure.
struct Measured {
    sum: Sum,
    points: i128,
    /// The side as a day or instant, when it is a constant point.
    moment: Option<Moment>,
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
                    ItemKind::Tag(
                        self.tag(path)?,
                        factor.ok_or_else(|| self.too_large(term.span))?,
                    )
                }
                literal => ItemKind::Literal(Cow::Borrowed(literal)),
            };
            items.push(Item {
                negative: term.negative,
                span: term.span,
                kind,
            });
        }
        Ok(Side {
            items,
            span: arith.span,
        })
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
        if left_measured.points != right_measured.points || !(0..=1).contains(&left_measured.points)
        {
            return Err(self.unlike(subject, left, right, &left_measured, &right_measured));
        }
        if measure == Measure::Instants {
            let day = match (left.only_tag(), right.only_tag()) {
                (Some(tag), _) => right_measured.moment.map(|moment| (tag, op, moment)),
                (_, Some(tag)) => left_measured
                    .moment
                    .map(|moment| (tag, op.flipped(), moment)),
                _ => None,
            };
            if let Some((tag, op, Moment::Day(day))) = day {
                let ranges = self.whole_day(day, op)?;
                return Ok(Outcome {
                    tags,
                    shape: Shape::Ranges(tag.id, ranges),
                });
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
                let ranges = if truth {
                    ranges::everything()
                } else {
                    Ranges::new()
                };
                Shape::Ranges(tags[0], ranges)
            }
            Solved::Ranges(tag, ranges) => Shape::Ranges(tag, ranges),
            Solved::Terms(terms, constant, op) => {
                let gone: Vec<TagId> = tags
                    .iter()
                    .copied()
                    .filter(|tag| terms.iter().all(|(kept, _)| kept != tag))
                    .collect();
                let node = self.arena.linear(terms, constant, op);
                Shape::Node(self.within_present(&gone, node, false))
            }
        };
        Outcome { tags, shape }
    }

    /// Instants that lie before, in or behind a day of the zone.
    fn whole_day(&self, day: i64, op: Comparison) -> Result<Ranges> {
        let start = i128::from(self.clock.start_of(day)?);
        let next = i128::from(self.clock.start_of(day + 1)?);
        let inside = ranges::between(start, next - 1);
        Ok(match op {
            Comparison::Equal => inside,
            Comparison::NotEqual => ranges::complement(&inside),
            Comparison::Less => ranges::between(i128::MIN, start - 1),
            Comparison::LessOrEqual => ranges::between(i128::MIN, next - 1),
            Comparison::Greater => ranges::between(next, i128::MAX),
            Comparison::GreaterOrEqual => ranges::between(start, i128::MAX),
        })
    }

    /// What the tags measure, and the tag that says so.
    fn measure<'s>(
        &self,
        span: Span,
        left: &Side<'s, '_>,
        right: &Side<'s, '_>,
    ) -> Result<(Measure, &'s Tag)> {
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
                Some((Measure::Days, first)) if tag.kind == TagKind::Int => {
                    Some((Measure::Days, first))
                }
                Some((Measure::Plain, _)) if measure == Measure::Days && all_int(left, right) => {
                    Some((Measure::Days, tag))
                }
                Some((_, first)) => return Err(self.unlike_tags(span, first, tag)),
            };
        }
        found.ok_or_else(|| {
            self.refuse(
                fault::WRONG_VALUE,
                span,
                "name a tag on one side",
                "two constants are compared",
            )
        })
    }

    fn measured(
        &mut self,
        side: &Side<'_, '_>,
        measure: Measure,
        subject: &Tag,
    ) -> Result<Measured> {
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
        Ok(Measured {
            sum,
            points: 0,
            moment: None,
        })
    }

    /// A literal as a plain number; none inside when it is too large.
    fn number_literal(
        &self,
        literal: &TermKind,
        span: Span,
        subject: &Tag,
    ) -> Result<Option<Fraction>> {
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
            None => Err(self.wrong_value(subject, span)),
        }
    }

    /// The only point of a side without tags, when it is not subtracted.
    fn point_place(&self, side: &Side<'_, '_>, measure: Measure) -> Option<usize> {
        if side.has_tags() {
            return None;
        }
        let mut places = side
            .items
            .iter()
            .enumerate()
            .filter(|(_, item)| self.is_point(item, measure));
        match (places.next(), places.next()) {
            (Some((place, item)), None) if !item.negative => Some(place),
            _ => None,
        }
    }

    fn is_point(&self, item: &Item<'_, '_>, measure: Measure) -> bool {
        let ItemKind::Literal(literal) = &item.kind else {
            return false;
        };
        match &**literal {
            TermKind::Number(_) | TermKind::Duration(_) => false,
            TermKind::Text(text) => measure == Measure::Instants || parse_number(text).is_none(),
            TermKind::Param(param) => {
                let text = self.scalar_of(param).unwrap_or("");
                measure == Measure::Instants || parse_number(text).is_none()
            }
            _ => true,
        }
    }

    /// A constant day or instant, moved by durations as a calendar moves.
    fn constant_point(
        &mut self,
        side: &Side<'_, '_>,
        place: usize,
        measure: Measure,
        subject: &Tag,
    ) -> Result<Measured> {
        let point = &side.items[place];
        let (mut moment, mut is_relative) = self.point(point, measure, subject)?;
        for (other, item) in side.items.iter().enumerate() {
            if other == place {
                continue;
            }
            is_relative = true;
            let sign = if item.negative { -1 } else { 1 };
            let duration = self.duration(item, measure, subject)?;
            moment = self.located(self.clock.shift(moment, duration, sign), item.span)?;
        }
        if is_relative {
            let shown = self.clock.show(moment);
            self.remember(side.span.of(&self.frame.text).to_owned(), shown);
        }
        let number = match moment {
            Moment::Day(day) if measure == Measure::Days => day,
            Moment::Day(day) => self.located(self.clock.start_of(day), side.span)?,
            Moment::Instant(ms) => ms,
        };
        let mut sum = Sum::zero();
        sum.constant = Fraction::whole(i128::from(number));
        Ok(Measured {
            sum,
            points: 1,
            moment: Some(moment),
        })
    }

    /// The day or instant that a side without tags is.
    pub(super) fn constant_moment(&mut self, side: &Side<'_, '_>, tag: &Tag) -> Result<Moment> {
        let measure = match tag.kind {
            TagKind::Date => Measure::Days,
            _ => Measure::Instants,
        };
        let found = match self.point_place(side, measure) {
            Some(place) => self.constant_point(side, place, measure, tag)?.moment,
            None => None,
        };
        found.ok_or_else(|| {
            self.refuse_with(
                fault::WRONG_VALUE,
                side.span,
                "write a fixed day, such as yesterday or 2024-02-29",
                "a window begins or ends with a fixed day",
                Some((side.span, "yesterday".to_owned())),
            )
        })
    }

    /// A side with tags, or a difference: days and hours have a fixed length here, months have none.
    fn moving(&mut self, side: &Side<'_, '_>, measure: Measure, subject: &Tag) -> Result<Measured> {
        let mut sum = Sum::zero();
        let mut points = 0;
        for item in &side.items {
            let sign = if item.negative { -1 } else { 1 };
            let added = match &item.kind {
                ItemKind::Tag(tag, factor) if tag.kind == TagKind::Int => {
                    signed(*factor, item.negative).and_then(|factor| sum.add_tag(tag.id, factor))
                }
                ItemKind::Tag(tag, factor) => {
                    if *factor != Fraction::whole(1) {
                        return Err(self.refuse(
                            code::NOT_LINEAR,
                            item.span,
                            "subtract two dates, and compare the difference with days",
                            format!(
                                "`{}` is {}, it cannot be multiplied",
                                tag.name,
                                with_article(tag.kind)
                            ),
                        ));
                    }
                    points += sign;
                    signed(*factor, item.negative).and_then(|factor| sum.add_tag(tag.id, factor))
                }
                ItemKind::Literal(_) if self.is_point(item, measure) => {
                    points += sign;
                    let (moment, _) = self.point(item, measure, subject)?;
                    let number = match moment {
                        Moment::Day(day) if measure == Measure::Instants => {
                            self.located(self.clock.start_of(day), item.span)?
                        }
                        Moment::Day(number) | Moment::Instant(number) => number,
                    };
                    sum.add(Fraction::whole(i128::from(sign) * i128::from(number)))
                }
                ItemKind::Literal(_) => {
                    let duration = self.duration(item, measure, subject)?;
                    let length = self.fixed_length(duration, measure, item)?;
                    sum.add(Fraction::whole(i128::from(sign) * i128::from(length)))
                }
            };
            added.ok_or_else(|| self.too_large(item.span))?;
        }
        Ok(Measured {
            sum,
            points: i128::from(points),
            moment: None,
        })
    }

    /// A point as a day or instant, and whether it depends on the clock.
    fn point(
        &mut self,
        item: &Item<'_, '_>,
        measure: Measure,
        subject: &Tag,
    ) -> Result<(Moment, bool)> {
        let ItemKind::Literal(literal) = &item.kind else {
            return Err(Error::internal("a tag is no literal"));
        };
        let in_days = measure == Measure::Days;
        Ok(match &**literal {
            TermKind::Date(date) => (
                Moment::Day(self.located(day_written(*date), item.span)?),
                false,
            ),
            TermKind::Today => (Moment::Day(self.clock.today()?), true),
            TermKind::Yesterday => (Moment::Day(self.clock.today()? - 1), true),
            TermKind::Now if in_days => return Err(self.finer(subject, item.span, "today".into())),
            TermKind::Now => (Moment::Instant(self.clock.now()), true),
            TermKind::DateTime(time) if in_days => {
                return Err(self.finer(subject, item.span, time.date.to_string()));
            }
            TermKind::DateTime(time) => {
                let instant = self.located(self.clock.instant_written(*time), item.span)?;
                (Moment::Instant(instant), false)
            }
            TermKind::Text(text) => (self.parsed_point(text, item.span, measure, subject)?, false),
            TermKind::Param(param) => {
                let text = self.scalar_of(param)?;
                (self.parsed_point(text, item.span, measure, subject)?, false)
            }
            _ => return Err(self.wrong_value(subject, item.span)),
        })
    }

    fn parsed_point(
        &self,
        text: &str,
        span: Span,
        measure: Measure,
        subject: &Tag,
    ) -> Result<Moment> {
        if let Some(day) = parse_day(text) {
            return Ok(Moment::Day(day));
        }
        match self.clock.parse(text) {
            Some(moment) if measure == Measure::Instants => self.located(moment, span),
            Some(_) => Err(self.finer(subject, span, text.get(..10).unwrap_or("today").to_owned())),
            None => Err(self.wrong_value(subject, span)),
        }
    }

    /// A literal that is no point, as a duration; a whole number beside dates counts days.
    fn duration(&self, item: &Item<'_, '_>, measure: Measure, subject: &Tag) -> Result<Duration> {
        let ItemKind::Literal(literal) = &item.kind else {
            return Err(Error::internal("a tag is no duration"));
        };
        let days = |count: u32| Duration {
            count,
            unit: DurationUnit::Day,
        };
        let found = match &**literal {
            TermKind::Duration(duration) => Some(*duration),
            TermKind::Number(number) if measure == Measure::Days => number
                .as_integer()
                .and_then(|count| u32::try_from(count).ok())
                .map(days),
            TermKind::Text(text) if measure == Measure::Days => text.parse().ok().map(days),
            TermKind::Param(param) if measure == Measure::Days => {
                self.scalar_of(param)?.parse().ok().map(days)
            }
            _ => None,
        };
        let Some(duration) = found else {
            return Err(self.wrong_value(subject, item.span));
        };
        let is_clock = matches!(duration.unit, DurationUnit::Minute | DurationUnit::Hour);
        if is_clock && measure == Measure::Days {
            let minutes = match duration.unit {
                DurationUnit::Hour => u64::from(duration.count) * 60,
                _ => u64::from(duration.count),
            };
            let days = format!("{}d", minutes.div_ceil(24 * 60));
            return Err(self.refuse_with(
                fault::WRONG_UNIT,
                item.span,
                format!("count days: `{days}`"),
                format!("`{}` is a date, it has no hours and minutes", subject.name),
                Some((item.span, days)),
            ));
        }
        Ok(duration)
    }

    fn fixed_length(
        &self,
        duration: Duration,
        measure: Measure,
        item: &Item<'_, '_>,
    ) -> Result<i64> {
        let count = i64::from(duration.count);
        let days = match duration.unit {
            DurationUnit::Minute => return Ok(count * 60_000),
            DurationUnit::Hour => return Ok(count * 3_600_000),
            DurationUnit::Day => count,
            DurationUnit::Week => count * 7,
            DurationUnit::Month | DurationUnit::Year => {
                let days = match duration.unit {
                    DurationUnit::Month => format!("{}d", count * 30),
                    _ => format!("{}d", count * 365),
                };
                return Err(self.refuse_with(
                    fault::WRONG_UNIT,
                    item.span,
                    format!("count days: `{days}`"),
                    "months and years differ in length; they can only move a fixed date",
                    Some((item.span, days)),
                ));
            }
        };
        Ok(if measure == Measure::Instants {
            days * DAY_MS
        } else {
            days
        })
    }

    /// Remembers what words for time meant, for the reply.
    pub(super) fn remember(&mut self, words: String, meaning: String) {
        let entry = (words, meaning);
        if !self.resolved.contains(&entry) && self.resolved.len() < 100 {
            self.resolved.push(entry);
        }
    }

    /// An error of the calendar as an error of the query.
    pub(super) fn located<T>(&self, result: Result<T>, span: Span) -> Result<T> {
        result.map_err(|error| {
            self.refuse(
                fault::OUT_OF_RANGE,
                span,
                "use a day between 0000-01-01 and 9999-12-31",
                error.message(),
            )
        })
    }

    #[cold]
    fn too_large(&self, span: Span) -> Error {
        let fault = self.refuse(
            fault::OUT_OF_RANGE,
            span,
            "use fewer tags, or factors with fewer digits",
            "the sum cannot be computed exactly in 128 bits",
        );
        fault.of_kind(crate::error::ErrorKind::Limit)
    }

    /// The value is none for the tag: `age = 'young'`.
    #[cold]
    fn wrong_value(&self, subject: &Tag, span: Span) -> Error {
        let (example, expected) = match subject.kind {
            TagKind::Date => ("today", "a date such as 2024-02-29 or today - 30d"),
            TagKind::Time => ("now", "a date, or a time such as 2024-02-29T08:30"),
            _ => ("0", "a number"),
        };
        self.refuse_with(
            fault::WRONG_VALUE,
            span,
            format!("compare `{}` with {expected}", subject.name),
            format!("`{}` is {}", subject.name, with_article(subject.kind)),
            Some((span, example.to_owned())),
        )
    }

    /// Hours beside a date tag.
    #[cold]
    fn finer(&self, subject: &Tag, span: Span, day: String) -> Error {
        self.refuse_with(
            fault::WRONG_UNIT,
            span,
            format!("write the day: `{day}`"),
            format!("`{}` is a date, it has no hours and minutes", subject.name),
            Some((span, day)),
        )
    }

    #[cold]
    fn no_number(&self, tag: &Tag, span: Span) -> Error {
        let name = written(&tag.name);
        let remedy = match tag.kind {
            TagKind::Flag => format!("write `{name}`, or `NOT {name}`"),
            TagKind::Choice => format!("compare it with a value: {name} = 'value'"),
            _ => format!("ask for a value: {name} HAS 'value'"),
        };
        self.refuse(
            fault::WRONG_KIND,
            span,
            remedy,
            format!(
                "`{}` is {}, there is no arithmetic with it",
                tag.name,
                with_article(tag.kind)
            ),
        )
    }

    #[cold]
    fn unlike_tags(&self, span: Span, first: &Tag, second: &Tag) -> Error {
        self.refuse(
            fault::WRONG_KIND,
            span,
            "compare tags of one kind",
            format!(
                "`{}` is {} and `{}` is {}",
                first.name,
                with_article(first.kind),
                second.name,
                with_article(second.kind)
            ),
        )
    }

    /// A date beside a number of days, or dates that are added.
    #[cold]
    fn unlike(
        &self,
        subject: &Tag,
        left: &Side<'_, '_>,
        right: &Side<'_, '_>,
        left_measured: &Measured,
        right_measured: &Measured,
    ) -> Error {
        let what = with_article(subject.kind);
        if left_measured.points == 1 && right_measured.points == 0 {
            let replacement = self.as_point(right);
            return self.refuse_with(
                fault::WRONG_VALUE,
                right.span,
                format!("compare it with a day: `{replacement}`"),
                format!(
                    "`{}` is {what}, and the other side is a number of days",
                    subject.name
                ),
                Some((right.span, replacement)),
            );
        }
        let span = if left_measured.points == 0 {
            left.span
        } else {
            right.span
        };
        self.refuse(
            fault::WRONG_VALUE,
            span,
            "compare a date with a date, or the difference of two with days",
            format!("`{}` is {what}; dates cannot be added", subject.name),
        )
    }

    /// The point that was probably meant by a number: 20240115, or so many days ago.
    fn as_point(&self, side: &Side<'_, '_>) -> String {
        let text = side.span.of(&self.frame.text).trim();
        if text.len() == 8 && text.is_ascii() {
            let day = format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..]);
            if parse_day(&day).is_some() {
                return day;
            }
        }
        match side.items.as_slice() {
            [
                Item {
                    kind: ItemKind::Literal(literal),
                    negative: false,
                    ..
                },
            ] => match &**literal {
                TermKind::Duration(_) => format!("today - {text}"),
                TermKind::Number(number) if number.scale == 0 => format!("today - {text}d"),
                _ => "today".to_owned(),
            },
            _ => "today".to_owned(),
        }
    }
}

fn all_int(left: &Side<'_, '_>, right: &Side<'_, '_>) -> bool {
    left.tags()
        .chain(right.tags())
        .all(|(tag, _)| matches!(tag.kind, TagKind::Int | TagKind::Date))
}

fn signed(number: Fraction, negative: bool) -> Option<Fraction> {
    if negative {
        number.negated()
    } else {
        Some(number)
    }
}

/// `[+-]digits[.digits]` as sign, digits and scale; none for anything else or too many digits.
fn parse_number(text: &str) -> Option<(bool, u128, u8)> {
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
