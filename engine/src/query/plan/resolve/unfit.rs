//! Refusals of comparisons whose sides do not fit: another kind, another unit, too large.

use muster_language::ast::{Span, TermKind};
use muster_language::suggest;

use super::super::fault;
use super::super::moments::parse_day;
use super::super::rename::written;
use super::arithmetic::{Item, ItemKind, Measured, Side};
use super::{Resolver, with_article};
use crate::catalog::{Tag, TagKind};
use crate::error::{Error, ErrorKind, Result};

impl Resolver<'_> {
    /// An error of the calendar as an error of the query.
    pub(super) fn located<T>(&self, result: Result<T>, span: Span) -> Result<T> {
        result.map_err(|error| {
            self.refuse(fault::OUT_OF_RANGE, span, "use a day between 0000-01-01 and 9999-12-31", error.message())
        })
    }

    #[cold]
    pub(super) fn too_large(&self, span: Span) -> Error {
        let fault = self.refuse(
            fault::OUT_OF_RANGE,
            span,
            "use fewer tags, or factors with fewer digits",
            "the sum cannot be computed exactly in 128 bits",
        );
        fault.of_kind(ErrorKind::Limit)
    }

    /// A number that comes as text is longer than one in a query may be.
    #[cold]
    pub(super) fn too_many_digits(&self, span: Span) -> Error {
        self.refuse(
            fault::OUT_OF_RANGE,
            span,
            "use fewer digits",
            format!("a number has at most {} digits that count", muster_language::limits::NUMBER_DIGITS_MAX),
        )
        .of_kind(ErrorKind::Limit)
    }

    /// The value is none for the tag: `age = 'young'`.
    #[cold]
    pub(super) fn wrong_value(&self, subject: &Tag, span: Span) -> Error {
        let expected = match subject.kind {
            TagKind::Date => "a date such as 2024-02-29 or today - 30d",
            TagKind::Time => "a date, or a time such as 2024-02-29T08:30",
            _ => "a number",
        };
        let detail = format!("`{}` is {}", subject.name, with_article(subject.kind));
        let written = span.of(&self.frame.text);
        let counted = match subject.kind {
            TagKind::Int | TagKind::Decimal { .. } => suggest::counted(&subject.name, written),
            _ => None,
        };
        let mut meant = suggest::literals(written);
        if let Some(counted) = counted {
            meant.insert(0, counted);
        }
        if subject.kind == TagKind::Time {
            meant.extend(self.clock.written_epoch(written));
        }
        match meant.is_empty() {
            true => {
                self.refuse(fault::WRONG_VALUE, span, format!("compare `{}` with {expected}", subject.name), detail)
            }
            false => self.refuse_among(fault::WRONG_VALUE, span, detail, &meant),
        }
    }

    /// Hours beside a date tag.
    #[cold]
    pub(super) fn finer(&self, subject: &Tag, span: Span, day: String) -> Error {
        self.refuse_with(
            fault::WRONG_UNIT,
            span,
            format!("write the day: `{day}`"),
            format!("`{}` is a date, it has no hours and minutes", subject.name),
            Some((span, day)),
        )
    }

    #[cold]
    pub(super) fn no_number(&self, tag: &Tag, span: Span) -> Error {
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
            format!("`{}` is {}, there is no arithmetic with it", tag.name, with_article(tag.kind)),
        )
    }

    #[cold]
    pub(super) fn unlike_tags(&self, span: Span, first: &Tag, second: &Tag) -> Error {
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
    pub(super) fn unlike(
        &self,
        subject: &Tag,
        left: &Side<'_, '_>,
        right: &Side<'_, '_>,
        left_measured: &Measured,
        right_measured: &Measured,
    ) -> Error {
        let what = with_article(subject.kind);
        if left_measured.points == 1 && right_measured.points == 0 {
            let detail = format!("`{}` is {what}, and the other side is a number of days", subject.name);
            return match self.as_point(right) {
                Some(point) => self.refuse_with(
                    fault::WRONG_VALUE,
                    right.span,
                    format!("compare it with a day: `{point}`"),
                    detail,
                    Some((right.span, point)),
                ),
                None => {
                    self.refuse(fault::WRONG_VALUE, right.span, "compare it with a day: `today`, `2025-06-01`", detail)
                }
            };
        }
        let span = if left_measured.points == 0 { left.span } else { right.span };
        self.refuse(
            fault::WRONG_VALUE,
            span,
            "compare a date with a date, or the difference of two with days",
            format!("`{}` is {what}; dates cannot be added", subject.name),
        )
    }

    /// The point that was probably meant by a number: 20240115, seconds or milliseconds since 1970, or so many days
    /// ago.
    pub(super) fn as_point(&self, side: &Side<'_, '_>) -> Option<String> {
        let text = side.span.of(&self.frame.text).trim();
        if let Some(moment) = self.clock.written_epoch(text) {
            return Some(moment);
        }
        if text.len() == 8 && text.is_ascii() {
            let day = format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..]);
            if parse_day(&day).is_some() {
                return Some(day);
            }
        }
        let [Item { kind: ItemKind::Literal(literal), span, .. }] = side.items.as_slice() else {
            return None;
        };
        // `signup > 90d` may ask for those who are older, or for the days behind that moment: with a sign it is a
        // place.
        let sign = match text.chars().next()? {
            '+' | '＋' => '+',
            '-' | '－' | '−' => '-',
            _ => return None,
        };
        let length = span.of(&self.frame.text);
        // A year, not so many days or years back.
        if suggest::period(text).is_some() {
            return None;
        }
        match &**literal {
            TermKind::Duration(_) => Some(format!("{} {sign} {length}", suggest::counted_from(length))),
            TermKind::Number(number) if number.scale == 0 => Some(format!("today {sign} {length}d")),
            _ => None,
        }
    }
}
