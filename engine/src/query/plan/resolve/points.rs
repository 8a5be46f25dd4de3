//! Days and instants inside a comparison: constant ones are moved as a calendar moves, differences count fixed lengths.

use muster_language::ast::{Duration, DurationUnit, Span, TermKind};
use muster_language::{code, suggest};

use super::super::fault;
use super::super::moments::{Moment, day_written, is_finer_than_ms, parse_day};
use super::super::node::Comparison;
use super::super::ranges::{self, Ranges};
use super::arithmetic::{Item, ItemKind, Measure, Measured, Side, parse_number, signed};
use super::linear::{Fraction, Sum};
use super::{Resolver, with_article};
use crate::catalog::limits::DAY_MS;
use crate::catalog::{Tag, TagKind};
use crate::error::{Error, ErrorKind, Result};

impl Resolver<'_> {
    /// Instants that lie before, in or behind a day of the zone.
    pub(super) fn whole_day(&self, day: i64, op: Comparison) -> Result<Ranges> {
        let start = i128::from(self.clock.start_of(day)?);
        let next = i128::from(self.clock.end_of(day)?);
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

    /// The only point of a side without tags, when it is not subtracted.
    pub(super) fn point_place(&self, side: &Side<'_, '_>, measure: Measure) -> Option<usize> {
        if side.has_tags() {
            return None;
        }
        let mut places = side.items.iter().enumerate().filter(|(_, item)| self.is_point(item, measure));
        match (places.next(), places.next()) {
            (Some((place, item)), None) if !item.negative => Some(place),
            _ => None,
        }
    }

    pub(super) fn is_point(&self, item: &Item<'_, '_>, measure: Measure) -> bool {
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
    pub(super) fn constant_point(
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
        Ok(Measured { sum, points: 1, moment: Some(moment) })
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
            let meant = suggest::literals(side.span.of(&self.frame.text));
            let detail = "a window begins or ends with a fixed day";
            match meant.is_empty() {
                true => self.refuse(
                    fault::WRONG_VALUE,
                    side.span,
                    "write a fixed day, such as yesterday or 2024-02-29",
                    detail,
                ),
                false => self.refuse_among(fault::WRONG_VALUE, side.span, detail.to_owned(), &meant),
            }
        })
    }

    /// A side with tags, or a difference: days and hours have a fixed length here, months have none.
    pub(super) fn moving(&mut self, side: &Side<'_, '_>, measure: Measure, subject: &Tag) -> Result<Measured> {
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
                            format!("`{}` is {}, it cannot be multiplied", tag.name, with_article(tag.kind)),
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
        Ok(Measured { sum, points: i128::from(points), moment: None })
    }

    /// A point as a day or instant, and whether it depends on the clock.
    pub(super) fn point(&mut self, item: &Item<'_, '_>, measure: Measure, subject: &Tag) -> Result<(Moment, bool)> {
        let ItemKind::Literal(literal) = &item.kind else {
            return Err(Error::internal("a tag is no literal"));
        };
        let in_days = measure == Measure::Days;
        Ok(match &**literal {
            TermKind::Date(date) => (Moment::Day(self.located(day_written(*date), item.span)?), false),
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

    pub(super) fn parsed_point(&self, text: &str, span: Span, measure: Measure, subject: &Tag) -> Result<Moment> {
        if let Some(day) = parse_day(text) {
            return Ok(Moment::Day(day));
        }
        match self.clock.parse(text) {
            _ if is_finer_than_ms(text) => Err(self.refuse(
                fault::WRONG_VALUE,
                span,
                "write at most three digits behind the second",
                format!("`{}` is a time, it counts milliseconds", subject.name),
            )),
            Some(Err(error)) if error.kind() == ErrorKind::Invalid => Err(self.refuse(
                fault::WRONG_VALUE,
                span,
                "write a time of a day that there is",
                format!("`{text}` {}", error.message()),
            )),
            Some(moment) if measure == Measure::Instants => self.located(moment, span),
            Some(_) => Err(self.finer(subject, span, text.get(..10).unwrap_or("today").to_owned())),
            None => Err(self.wrong_value(subject, span)),
        }
    }

    /// A literal that is no point, as a duration; a whole number beside dates counts days.
    pub(super) fn duration(&self, item: &Item<'_, '_>, measure: Measure, subject: &Tag) -> Result<Duration> {
        let ItemKind::Literal(literal) = &item.kind else {
            return Err(Error::internal("a tag is no duration"));
        };
        let days = |count: u32| Duration { count, unit: DurationUnit::Day };
        let found = match &**literal {
            TermKind::Duration(duration) => Some(*duration),
            TermKind::Number(number) if measure == Measure::Days => {
                number.as_integer().and_then(|count| u32::try_from(count).ok()).map(days)
            }
            TermKind::Text(text) if measure == Measure::Days => text.parse().ok().map(days),
            TermKind::Param(param) if measure == Measure::Days => self.scalar_of(param)?.parse().ok().map(days),
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

    pub(super) fn fixed_length(&self, duration: Duration, measure: Measure, item: &Item<'_, '_>) -> Result<i64> {
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
        Ok(if measure == Measure::Instants { days * DAY_MS } else { days })
    }

    /// Remembers what words for time meant, for the reply.
    pub(super) fn remember(&mut self, words: String, meaning: String) {
        let entry = (words, meaning);
        if !self.resolved.contains(&entry) && self.resolved.len() < 100 {
            self.resolved.push(entry);
        }
    }
}
