//! What a query means, read from the syntax tree and the table alone: the other half of *plan = naive plan*.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned};
use muster_language::ast::{
    self, Arith, CompareOp, DurationUnit, Expr, ExprKind, HasTest, InSource, IntervalEnds, Literal, LiteralKind, Path,
    TermKind, ThresholdTerms, ValueList, Window,
};

use super::world::{Cell, NOW_MS, World};
use crate::catalog::{EntityKey, Tag, TagKind};
use crate::ids::ValueId;

/// A number during naive evaluation: `numerator / denominator`.
type Ratio = (i128, i128);

/// What a constant or tag is worth.
#[derive(Clone, Copy, Debug)]
enum Worth {
    Ratio(Ratio),
    Day(Date),
    Instant(i64),
}

pub(super) struct Naive<'w> {
    pub world: &'w World,
    pub zone: TimeZone,
}

impl Naive<'_> {
    fn now(&self) -> Zoned {
        Timestamp::from_millisecond(NOW_MS).unwrap().to_zoned(self.zone.clone())
    }

    fn tag(&self, path: &Path) -> &Tag {
        self.world.catalog.tag_named(self.world.type_id, &path.dotted()).unwrap()
    }

    fn cell(&self, tag: &Tag, entity: usize) -> Option<&Cell> {
        self.world.entities[entity].cells.get(&tag.id)
    }

    fn names(&self, tag: &Tag, entity: usize) -> Vec<&str> {
        match self.cell(tag, entity) {
            Some(Cell::Values(values)) => {
                values.iter().map(|ValueId(value)| self.world.values[&tag.id][*value as usize - 1].as_str()).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Whether the entity meets the condition.
    pub(super) fn holds(&self, expr: &Expr, entity: usize) -> bool {
        match &expr.kind {
            ExprKind::All => true,
            ExprKind::None => false,
            ExprKind::And(terms) => terms.iter().all(|term| self.holds(term, entity)),
            ExprKind::Or(terms) => terms.iter().any(|term| self.holds(term, entity)),
            ExprKind::Except(terms) => {
                self.holds(&terms[0], entity) && !terms[1..].iter().any(|term| self.holds(term, entity))
            }
            ExprKind::Not(inner) => !self.holds(inner, entity),
            ExprKind::Flag(path) if path.wildcard => self.below(path, entity).contains(&true),
            ExprKind::Flag(path) => self.cell(self.tag(path), entity).is_some(),
            ExprKind::Missing { path, negated } => self.cell(self.tag(path), entity).is_some() == *negated,
            ExprKind::Threshold { mode, count, of } => self.threshold(*mode, *count, of, entity),
            ExprKind::Compare { left, op, right } => self.compare(left, *op, right, entity),
            ExprKind::In { path, negated, source } => {
                self.member(self.tag(path), path, source, entity).is_some_and(|inside| inside != *negated)
            }
            ExprKind::Between { path, negated, low, high } => {
                let above = self.path_compare(path, CompareOp::GreaterOrEqual, low, entity);
                let below = self.path_compare(path, CompareOp::LessOrEqual, high, entity);
                matches!((above, below), (Some(above), Some(below)) if (above && below) != *negated)
            }
            ExprKind::Like { path, negated, pattern } => {
                let names = self.names(self.tag(path), entity);
                names.first().is_some_and(|name| like(&pattern.text, name) != *negated)
            }
            ExprKind::Has { path, test } => self.has(self.tag(path), test, entity),
            ExprKind::Ids(ValueList::Values(keys)) => {
                keys.iter().any(|key| key.text() == self.world.entities[entity].key)
            }
            ExprKind::Split { salt, from_bp, to_bp } => {
                let hash = EntityKey::Text(self.world.entities[entity].key.clone()).hash();
                let seed = xxhash_rust::xxh3::xxh3_64(salt.text.as_bytes());
                let bucket = xxhash_rust::xxh3::xxh3_64_with_seed(&hash.to_le_bytes(), seed) % 10_000;
                (u64::from(*from_bp)..u64::from(*to_bp)).contains(&bucket)
            }
            other => panic!("no naive meaning of {other:?}"),
        }
    }

    fn threshold(&self, mode: ast::ThresholdMode, count: u32, of: &ThresholdTerms, entity: usize) -> bool {
        let truths = match of {
            ThresholdTerms::Terms(terms) => terms.iter().map(|term| self.holds(term, entity)).collect(),
            ThresholdTerms::Wildcard(path) => self.below(path, entity),
        };
        let held = truths.iter().filter(|truth| **truth).count() as u32;
        match mode {
            ast::ThresholdMode::AtLeast => held >= count,
            ast::ThresholdMode::AtMost => held <= count,
            ast::ThresholdMode::Exactly => held == count,
        }
    }

    /// The truths of what lies below a path.
    fn below(&self, path: &Path, entity: usize) -> Vec<bool> {
        let name = path.dotted();
        let catalog = &self.world.catalog;
        if let Some(tag) = catalog.tag_named(self.world.type_id, &name)
            && tag.kind == TagKind::Set
        {
            let names = self.names(tag, entity);
            return self.world.values[&tag.id].iter().map(|value| names.contains(&value.as_str())).collect();
        }
        catalog
            .tags_of(self.world.type_id)
            .filter(|tag| tag.kind == TagKind::Flag && tag.name.starts_with(&format!("{name}.")))
            .map(|tag| self.cell(tag, entity).is_some())
            .collect()
    }

    fn has(&self, tag: &Tag, test: &HasTest, entity: usize) -> bool {
        let names = self.names(tag, entity);
        let count = |list: &ValueList| {
            let ValueList::Values(values) = list else { panic!("no parameters here") };
            let held = values.iter().filter(|value| names.contains(&&*value.text())).count();
            (held, values.len())
        };
        match test {
            HasTest::One(literal) => names.contains(&&*literal.text()),
            HasTest::Any(list) => count(list).0 > 0,
            HasTest::All(list) => count(list).0 == count(list).1,
            HasTest::None(list) => self.cell(tag, entity).is_some() && count(list).0 == 0,
            HasTest::Like(pattern) => names.iter().any(|name| like(&pattern.text, name)),
            HasTest::AtLeast { count: k, values } => count(values).0 >= *k as usize,
        }
    }

    fn compare(&self, left: &Arith, op: CompareOp, right: &Arith, entity: usize) -> bool {
        let subject = match (left.as_path(), right.as_path()) {
            (Some(path), _) => Some((path, op, right)),
            (None, Some(path)) => Some((path, op.mirrored(), left)),
            _ => None,
        };
        if let Some((path, op, other)) = subject {
            let tag = self.tag(path);
            match tag.kind {
                TagKind::Flag => {
                    let wanted = matches!(other.value_text().as_deref(), Some("1" | "true"));
                    let truth = self.cell(tag, entity).is_some();
                    return (truth == wanted) == (op == CompareOp::Equal);
                }
                TagKind::Choice => {
                    let value = other.value_text().unwrap();
                    let names = self.names(tag, entity);
                    return names.first().is_some_and(|name| (*name == value) == (op == CompareOp::Equal));
                }
                _ => {}
            }
        }
        self.arith_compare(left, op, right, entity) == Some(true)
    }

    fn path_compare(&self, path: &Path, op: CompareOp, right: &Arith, entity: usize) -> Option<bool> {
        let left = Arith {
            terms: vec![ast::Term { negative: false, kind: TermKind::Path(path.clone()), span: path.span }],
            span: path.span,
        };
        self.arith_compare(&left, op, right, entity)
    }

    /// None where a tag is missing.
    fn arith_compare(&self, left: &Arith, op: CompareOp, right: &Arith, entity: usize) -> Option<bool> {
        let left = self.worth(left, entity)?;
        let right = self.worth(right, entity)?;
        Some(self.worth_compare(left, op, right))
    }

    fn worth_compare(&self, left: Worth, op: CompareOp, right: Worth) -> bool {
        let order = match (left, right) {
            (Worth::Ratio((a, b)), Worth::Ratio((c, d))) => (a * d).cmp(&(c * b)),
            (Worth::Day(left), Worth::Day(right)) => left.cmp(&right),
            (Worth::Instant(left), Worth::Instant(right)) => left.cmp(&right),
            // An instant beside a day: the day that clocks in the zone show.
            (Worth::Instant(left), Worth::Day(right)) => self.shown(left).cmp(&right),
            (Worth::Day(left), Worth::Instant(right)) => left.cmp(&self.shown(right)),
            (left, right) => panic!("{left:?} beside {right:?}"),
        };
        match op {
            CompareOp::Equal => order.is_eq(),
            CompareOp::NotEqual => order.is_ne(),
            CompareOp::Less => order.is_lt(),
            CompareOp::LessOrEqual => order.is_le(),
            CompareOp::Greater => order.is_gt(),
            CompareOp::GreaterOrEqual => order.is_ge(),
        }
    }

    fn shown(&self, ms: i64) -> Date {
        Timestamp::from_millisecond(ms).unwrap().to_zoned(self.zone.clone()).date()
    }

    fn worth(&self, arith: &Arith, entity: usize) -> Option<Worth> {
        let mut ratio: Ratio = (0, 1);
        let mut days: Vec<(i64, Date)> = Vec::new();
        let mut instants: Vec<(i64, i64)> = Vec::new();
        let mut spans: Vec<(i64, ast::Duration)> = Vec::new();
        for term in &arith.terms {
            let sign = if term.negative { -1 } else { 1 };
            let mut number = |(a, b): Ratio| ratio = (ratio.0 * b + i128::from(sign) * a * ratio.1, ratio.1 * b);
            match &term.kind {
                TermKind::Number(value) => number(ratio_of(value)),
                TermKind::Date(date) => days.push((sign, date_of(*date))),
                TermKind::DateTime(time) => {
                    let civil: DateTime = time.to_string().parse().unwrap();
                    let zoned = civil.to_zoned(self.zone.clone()).unwrap();
                    instants.push((sign, zoned.timestamp().as_millisecond()));
                }
                TermKind::Today => days.push((sign, self.now().date())),
                TermKind::Yesterday => days.push((sign, self.now().date().yesterday().unwrap())),
                TermKind::Now => instants.push((sign, NOW_MS)),
                TermKind::Duration(duration) => spans.push((sign, *duration)),
                TermKind::Text(text) => days.push((sign, text.parse().unwrap())),
                TermKind::Path(path) | TermKind::Product { path, .. } | TermKind::Quotient { path, .. } => {
                    let tag = self.tag(path);
                    let Some(Cell::Number(cell)) = self.cell(tag, entity) else {
                        return None;
                    };
                    match tag.kind {
                        TagKind::Date => days.push((sign, day(*cell))),
                        TagKind::Time => instants.push((sign, *cell)),
                        kind => {
                            let unscaled = (i128::from(*cell), 10i128.pow(u32::from(kind.scale())));
                            number(match &term.kind {
                                TermKind::Product { factor, .. } => times(unscaled, ratio_of(factor)),
                                TermKind::Quotient { divisor, .. } => {
                                    let (a, b) = ratio_of(divisor);
                                    times(unscaled, (b, a))
                                }
                                _ => unscaled,
                            });
                        }
                    }
                }
                TermKind::Param(_) => panic!("no parameters here"),
            }
        }
        Some(self.sum(ratio, &days, &instants, &spans))
    }

    fn sum(
        &self,
        ratio: Ratio,
        days: &[(i64, Date)],
        instants: &[(i64, i64)],
        spans: &[(i64, ast::Duration)],
    ) -> Worth {
        let day_count: i128 = spans
            .iter()
            .filter(|(_, span)| matches!(span.unit, DurationUnit::Day | DurationUnit::Week))
            .map(|(sign, span)| {
                let unit = if span.unit == DurationUnit::Week { 7 } else { 1 };
                i128::from(*sign) * i128::from(span.count) * unit
            })
            .sum();
        match (days, instants) {
            ([], []) if spans.iter().any(|(_, span)| matches!(span.unit, DurationUnit::Hour)) => {
                let hours: i64 = spans.iter().map(|(sign, span)| sign * i64::from(span.count)).sum();
                Worth::Ratio((i128::from(hours) * 3_600_000, 1))
            }
            ([], []) => Worth::Ratio((ratio.0 + day_count * ratio.1, ratio.1)),
            ([(1, first)], []) => {
                let clock: Vec<_> = spans.iter().filter(|(_, span)| matches!(span.unit, DurationUnit::Hour)).collect();
                if clock.is_empty() {
                    let mut date = *first;
                    for (sign, span) in spans {
                        date = date.checked_add(span_of(*sign, *span)).unwrap();
                    }
                    Worth::Day(date)
                } else {
                    let start = first.to_zoned(self.zone.clone()).unwrap();
                    Worth::Instant(self.moved(start, spans))
                }
            }
            ([(1, first), (-1, second)], []) => {
                let between = i128::from(first.duration_since(*second).as_secs() / 86_400);
                Worth::Ratio((between + day_count, 1))
            }
            ([], [(1, first)]) => {
                let start = Timestamp::from_millisecond(*first).unwrap().to_zoned(self.zone.clone());
                Worth::Instant(self.moved(start, spans))
            }
            ([], [(1, first), (-1, second)]) => Worth::Ratio((i128::from(first - second), 1)),
            other => panic!("no naive sum of {other:?}"),
        }
    }

    fn moved(&self, start: Zoned, spans: &[(i64, ast::Duration)]) -> i64 {
        let mut at = start;
        for (sign, span) in spans {
            at = at.checked_add(span_of(*sign, *span)).unwrap();
        }
        at.timestamp().as_millisecond()
    }

    /// None where the tag is missing.
    fn member(&self, tag: &Tag, path: &Path, source: &InSource, entity: usize) -> Option<bool> {
        let cell = self.cell(tag, entity);
        match source {
            InSource::Values(ValueList::Values(values)) => {
                cell?;
                if tag.kind == TagKind::Choice {
                    let names = self.names(tag, entity);
                    return Some(values.iter().any(|value| names.contains(&&*value.text())));
                }
                Some(values.iter().any(|value| {
                    self.path_compare(path, CompareOp::Equal, &literal_arith(value), entity) == Some(true)
                }))
            }
            InSource::Values(ValueList::Param(_)) => panic!("no parameters here"),
            InSource::Interval { low, high, ends } => {
                let (above, below) = match ends {
                    IntervalEnds::Both => (CompareOp::GreaterOrEqual, CompareOp::LessOrEqual),
                    IntervalEnds::Low => (CompareOp::GreaterOrEqual, CompareOp::Less),
                    IntervalEnds::High => (CompareOp::Greater, CompareOp::LessOrEqual),
                };
                let above = self.path_compare(path, above, low, entity)?;
                let below = self.path_compare(path, below, high, entity)?;
                Some(above && below)
            }
            InSource::Window(window) => {
                let Some(Cell::Number(number)) = cell else {
                    return None;
                };
                Some(self.in_window(tag, *number, window, entity))
            }
        }
    }

    fn in_window(&self, tag: &Tag, number: i64, window: &Window, entity: usize) -> bool {
        let today = self.now().date();
        let back =
            |from: Date, duration: ast::Duration| from.tomorrow().unwrap().checked_add(span_of(-1, duration)).unwrap();
        if let Window::Last { duration, ending: None } = window
            && duration.unit == DurationUnit::Hour
        {
            let length = i64::from(duration.count) * 3_600_000;
            return NOW_MS - length < number && number <= NOW_MS;
        }
        let (first, last) = match window {
            Window::Last { duration, ending } => {
                let last = match ending.as_ref().map(|ending| self.worth(ending, entity)) {
                    None => today,
                    Some(Some(Worth::Day(day))) => day,
                    other => panic!("no naive ending {other:?}"),
                };
                (back(last, *duration), last)
            }
            Window::Previous { duration } => {
                let next = back(today, *duration);
                let first = next.checked_add(span_of(-1, *duration)).unwrap();
                (first, next.yesterday().unwrap())
            }
            Window::Since(start) => match self.worth(start, entity) {
                Some(Worth::Day(day)) => (day, today),
                other => panic!("no naive start {other:?}"),
            },
        };
        let shown = match tag.kind {
            TagKind::Date => day(number),
            _ => self.shown(number),
        };
        first <= shown && shown <= last
    }
}

fn literal_arith(literal: &Literal) -> Arith {
    let (negative, kind) = match &literal.kind {
        LiteralKind::Number { negative, number } => (*negative, TermKind::Number(number.clone())),
        LiteralKind::Date(date) => (false, TermKind::Date(*date)),
        LiteralKind::Text(text) => (false, TermKind::Text(text.clone())),
        other => panic!("no naive value {other:?}"),
    };
    Arith { terms: vec![ast::Term { negative, kind, span: literal.span }], span: literal.span }
}

/// LIKE by trying everything.
fn like(pattern: &str, value: &str) -> bool {
    let mut rest = pattern.chars();
    match rest.next() {
        None => value.is_empty(),
        Some('%') => {
            (0..=value.len()).filter(|cut| value.is_char_boundary(*cut)).any(|cut| like(rest.as_str(), &value[cut..]))
        }
        Some(first) => {
            let wanted = match first {
                '_' => None,
                '\\' => Some(rest.next().unwrap_or('\\')),
                other => Some(other),
            };
            let mut characters = value.chars();
            match characters.next() {
                Some(found) if wanted.is_none_or(|wanted| wanted == found) => like(rest.as_str(), characters.as_str()),
                _ => false,
            }
        }
    }
}

fn times((a, b): Ratio, (c, d): Ratio) -> Ratio {
    (a * c, b * d)
}

fn ratio_of(number: &ast::Number) -> Ratio {
    (number.digits as i128, 10i128.pow(u32::from(number.scale)))
}

fn date_of(written: ast::Date) -> Date {
    written.to_string().parse().unwrap()
}

fn day(number: i64) -> Date {
    jiff::civil::date(1970, 1, 1).checked_add(Span::new().days(number)).unwrap()
}

fn span_of(sign: i64, duration: ast::Duration) -> Span {
    let count = sign * i64::from(duration.count);
    match duration.unit {
        DurationUnit::Minute => Span::new().minutes(count),
        DurationUnit::Hour => Span::new().hours(count),
        DurationUnit::Day => Span::new().days(count),
        DurationUnit::Week => Span::new().weeks(count),
        DurationUnit::Month => Span::new().months(count),
        DurationUnit::Year => Span::new().years(count),
    }
}
