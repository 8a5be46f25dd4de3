//! LAST, PREV and SINCE: stretches of days, or of hours beside a time tag.
//!
//! A stretch of n units that ends with a day begins n units before the day after it: `LAST 1mo ENDING 2024-02-29` is
//! the whole February.

use muster_language::ast::{Arith, Duration, DurationUnit, Span, Window};

use super::super::fault;
use super::super::moments::{Moment, shift_day, show_day};
use super::super::ranges::{self, Ranges};
use super::super::rename::written;
use super::number::{Outcome, Shape};
use super::{Resolver, with_article};
use crate::catalog::{Tag, TagKind};
use crate::error::Result;

/// A stretch from one end to the other.
enum Stretch {
    /// Both days belong to it.
    Days(i64, i64),
    /// The first instant and the last belong to it.
    Instants(i64, i64),
}

impl<'a> Resolver<'a> {
    /// `path IN LAST 7d` and its kin.
    pub(super) fn window(&mut self, span: Span, tag: &'a Tag, window: &Window) -> Result<Outcome> {
        if !matches!(tag.kind, TagKind::Date | TagKind::Time) {
            return Err(self.refuse(
                fault::WRONG_KIND,
                span,
                "use LAST, PREV and SINCE with a date or a time",
                format!("`{}` is {}", tag.name, with_article(tag.kind)),
            ));
        }
        let stretch = match window {
            Window::Last { duration, ending } => self.last(span, tag, *duration, ending.as_ref())?,
            Window::Previous { duration } => self.previous(span, tag, *duration)?,
            Window::Since(start) => self.since(tag, start)?,
        };
        let words = self.window_words(window);
        let (shown, found) = match stretch {
            Stretch::Days(first, last) => {
                let shown = format!("{}..{}", show_day(first), show_day(last));
                (shown, self.days_range(span, tag, first, last)?)
            }
            Stretch::Instants(first, last) => {
                let first_shown = self.clock.show(Moment::Instant(first));
                let shown = format!("{first_shown}..{}", self.clock.show(Moment::Instant(last)));
                (shown, ranges::between(i128::from(first), i128::from(last)))
            }
        };
        self.remember(words, shown);
        if found.is_empty() {
            self.warn_reversed(span, "the stretch holds no day: it begins after its end");
        }
        Ok(Outcome { tags: vec![tag.id], shape: Shape::Ranges(tag.id, found) })
    }

    fn days_range(&self, span: Span, tag: &Tag, first: i64, last: i64) -> Result<Ranges> {
        if tag.kind == TagKind::Date {
            return Ok(ranges::between(i128::from(first), i128::from(last)));
        }
        let start = self.located(self.clock.start_of(first), span)?;
        let next = self.located(self.clock.end_of(last), span)?;
        Ok(ranges::between(i128::from(start), i128::from(next) - 1))
    }

    fn last(&mut self, span: Span, tag: &'a Tag, duration: Duration, ending: Option<&Arith>) -> Result<Stretch> {
        let ending = match ending {
            Some(arith) => Some(self.window_end(tag, arith)?),
            None => None,
        };
        if is_clock(duration) {
            self.check_clock(span, tag, duration)?;
            let end = match ending {
                None => self.clock.now(),
                Some(Moment::Instant(ms)) => ms,
                Some(Moment::Day(day)) => self.located(self.clock.end_of(day), span)? - 1,
            };
            let Moment::Instant(before) = self.located(self.clock.shift(Moment::Instant(end), duration, -1), span)?
            else {
                return Err(crate::error::Error::internal("an instant moved by hours is an instant"));
            };
            return Ok(Stretch::Instants(before + 1, end));
        }
        match ending {
            Some(Moment::Instant(end)) => {
                let before = self.located(self.clock.shift(Moment::Instant(end), duration, -1), span)?;
                match before {
                    Moment::Instant(before) => Ok(Stretch::Instants(before + 1, end)),
                    Moment::Day(day) => Ok(Stretch::Days(day, day)),
                }
            }
            Some(Moment::Day(last)) => self.days_ending(span, last, duration),
            None => {
                let today = self.clock.today()?;
                self.days_ending(span, today, duration)
            }
        }
    }

    fn days_ending(&self, span: Span, last: i64, duration: Duration) -> Result<Stretch> {
        let first = shift_day(last + 1, duration.unit, -i64::from(duration.count));
        Ok(Stretch::Days(self.located(first, span)?, last))
    }

    fn previous(&mut self, span: Span, tag: &Tag, duration: Duration) -> Result<Stretch> {
        if is_clock(duration) {
            self.check_clock(span, tag, duration)?;
            let now = Moment::Instant(self.clock.now());
            let end = self.located(self.clock.shift(now, duration, -1), span)?;
            let before = self.located(self.clock.shift(end, duration, -1), span)?;
            return match (before, end) {
                (Moment::Instant(before), Moment::Instant(end)) => Ok(Stretch::Instants(before + 1, end)),
                _ => Err(crate::error::Error::internal("an instant moved by hours is an instant")),
            };
        }
        let today = self.clock.today()?;
        let count = i64::from(duration.count);
        let next = self.located(shift_day(today + 1, duration.unit, -count), span)?;
        let first = self.located(shift_day(next, duration.unit, -count), span)?;
        Ok(Stretch::Days(first, next - 1))
    }

    fn since(&mut self, tag: &'a Tag, start: &Arith) -> Result<Stretch> {
        let today = self.clock.today()?;
        match self.window_end(tag, start)? {
            Moment::Day(first) => Ok(Stretch::Days(first, today)),
            Moment::Instant(first) => {
                let next = self.located(self.clock.end_of(today), start.span)?;
                Ok(Stretch::Instants(first, next - 1))
            }
        }
    }

    /// The constant day or instant that `arith` is.
    fn window_end(&mut self, tag: &'a Tag, arith: &Arith) -> Result<Moment> {
        let side = self.side(arith)?;
        self.constant_moment(&side, tag)
    }

    fn check_clock(&self, span: Span, tag: &Tag, duration: Duration) -> Result<()> {
        if tag.kind == TagKind::Time {
            return Ok(());
        }
        let minutes = match duration.unit {
            DurationUnit::Hour => u64::from(duration.count) * 60,
            _ => u64::from(duration.count),
        };
        let days = format!("{}d", minutes.div_ceil(24 * 60).max(1));
        let name = written(&tag.name);
        Err(self.refuse_with(
            fault::WRONG_UNIT,
            span,
            format!("count days: `LAST {days}`"),
            format!("`{}` is a date, it has no hours and minutes", tag.name),
            Some((span, format!("{name} IN LAST {days}"))),
        ))
    }

    /// The window as it is written.
    fn window_words(&self, window: &Window) -> String {
        let show = |duration: &Duration| format!("{}{}", duration.count, duration.unit.suffix());
        match window {
            Window::Last { duration, ending: None } => format!("LAST {}", show(duration)),
            Window::Last { duration, ending: Some(ending) } => {
                format!("LAST {} ENDING {}", show(duration), ending.span.of(&self.frame.text))
            }
            Window::Previous { duration } => format!("PREV {}", show(duration)),
            Window::Since(start) => format!("SINCE {}", start.span.of(&self.frame.text)),
        }
    }
}

fn is_clock(duration: Duration) -> bool {
    matches!(duration.unit, DurationUnit::Minute | DurationUnit::Hour)
}
