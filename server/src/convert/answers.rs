//! What the engine answers, as the wire says it.

use muster_engine::Result;
use muster_engine::TagId;
use muster_engine::catalog::{Tag, TagKind, Value, Zone};
use muster_engine::query::plan::Condition;
use muster_engine::query::{Breakdown, Explained, Group, GroupKey, ProfileValue, Stats, Why};
use muster_proto::v1;
use tonic::Status;

use super::problem::problem;
use super::span;
use super::value::{kind_to_wire, value_to_wire};
use crate::asked::Asked;
use crate::status;
use crate::view::View;

/// What a tag says about an entity.
pub(crate) fn profile_value(tag: &Tag, said: ProfileValue) -> v1::Value {
    value_to_wire(match said {
        ProfileValue::True => Value::Flag(true),
        ProfileValue::Number(number) => tag.kind.number_value(number),
        ProfileValue::Values(mut values) => match (tag.kind, values.pop()) {
            (TagKind::Choice, Some(only)) => Value::Text(only),
            (_, last) => Value::List(values.into_iter().chain(last).collect()),
        },
    })
}

/// What the tags that may be seen say about an entity, by name.
pub(crate) fn profile(view: &View, said: Vec<(TagId, ProfileValue)>) -> Vec<v1::TagValue> {
    let mut tags = Vec::new();
    for (id, said) in said {
        if let Some(tag) = view.tag_of(id) {
            tags.push(v1::TagValue {
                tag: tag.name.clone(),
                kind: kind_to_wire(tag.kind).into(),
                value: Some(profile_value(tag, said)),
            });
        }
    }
    tags.sort_by(|a, b| a.tag.cmp(&b.tag));
    tags
}

/// The count of one query of several, or what is wrong with it.
pub(crate) fn count_item(name: String, counted: Result<v1::CountReply>) -> v1::CountBatchItem {
    let outcome = match counted {
        Ok(count) => v1::count_batch_item::Outcome::Count(count),
        Err(error) => v1::count_batch_item::Outcome::Problem(problem(&error)),
    };
    v1::CountBatchItem { name, outcome: Some(outcome) }
}

/// What a tag says about an entity, for people, value by value.
fn own_values(tag: &Tag, said: &ProfileValue, zone: &Zone) -> Vec<String> {
    match said {
        ProfileValue::True => vec![true.to_string()],
        ProfileValue::Number(number) => vec![tag.kind.format_number_in(*number, zone)],
        ProfileValue::Values(values) => values.clone(),
    }
}

/// The conditions of a query for one entity, parents before children.
pub(crate) fn why(asked: &Asked, text: &str, why: &Why, condition: &Condition) -> Vec<v1::WhyCondition> {
    let mut conditions = Vec::new();
    let mut waiting = vec![(0, why, condition)];
    while let Some((depth, why, condition)) = waiting.pop() {
        let tag = why.tag.and_then(|id| asked.view.tag_of(id));
        let said = tag.zip(why.own_value.as_ref());
        conditions.push(v1::WhyCondition {
            depth,
            text: why.text.clone(),
            holds: why.holds,
            tag: tag.map(|tag| tag.name.clone()).unwrap_or_default(),
            own_values: said.map(|(tag, said)| own_values(tag, said, &asked.zone)).unwrap_or_default(),
            span: place(text, condition),
        });
        let children = why.children.iter().zip(&condition.children).rev();
        waiting.extend(children.map(|(why, condition)| (depth + 1, why, condition)));
    }
    conditions
}

/// The steps of a plan, parents before children.
pub(crate) fn explained(text: &str, explained: &Explained, condition: &Condition) -> Vec<v1::ExplainStep> {
    let mut steps = Vec::new();
    let mut waiting = vec![(0, explained, condition)];
    while let Some((depth, step, condition)) = waiting.pop() {
        steps.push(v1::ExplainStep {
            depth,
            text: step.text.clone(),
            estimate: step.estimate,
            count: step.count,
            without: step.without,
            evaluate_ns: step.evaluate_ns,
            span: place(text, condition),
            operation: step.operation.clone(),
            bytes: step.bytes,
            path: step.path.clone(),
        });
        let children = step.children.iter().zip(&condition.children).rev();
        waiting.extend(children.map(|(step, condition)| (depth + 1, step, condition)));
    }
    steps
}

/// Where a condition stands in the query; one of an audience that it names does not.
fn place(text: &str, condition: &Condition) -> Option<v1::Span> {
    (condition.source == 0).then(|| span::span(text, condition.span))
}

/// The numbers of a tag, without the reply's info.
pub(crate) fn stats(tag: &Tag, stats: &Stats, zone: &Zone) -> v1::StatsReply {
    let written = |number: i64| tag.kind.format_number_in(number, zone);
    let quantile =
        |(q, value): &(f64, Option<i64>)| v1::Quantile { q: *q, value: value.map(written).unwrap_or_default() };
    let is_amount = matches!(tag.kind, TagKind::Int | TagKind::Decimal { .. });
    v1::StatsReply {
        info: None,
        tag: tag.name.clone(),
        kind: kind_to_wire(tag.kind).into(),
        count: stats.count,
        missing: stats.members - stats.count,
        sum: if is_amount { format_sum(tag, stats.sum) } else { String::new() },
        min: stats.min.map(written).unwrap_or_default(),
        max: stats.max.map(written).unwrap_or_default(),
        mean: stats.mean(),
        quantiles: stats.quantiles.iter().map(quantile).collect(),
        unit: tag.unit.clone(),
    }
}

/// A sum of unscaled numbers, which may be larger than any one of them.
fn format_sum(tag: &Tag, sum: i128) -> String {
    let scale = usize::from(tag.kind.scale());
    if scale == 0 {
        return sum.to_string();
    }
    let digits = format!("{:0>width$}", sum.unsigned_abs(), width = scale + 1);
    let (whole, part) = digits.split_at(digits.len() - scale);
    format!("{}{whole}.{part}", if sum < 0 { "-" } else { "" })
}

/// How a request wants its groups ordered.
pub(crate) fn group_order(order: i32) -> std::result::Result<v1::GroupOrder, Status> {
    v1::GroupOrder::try_from(order).map_err(|_| status::bad_field("order", "order groups by count or by value"))
}

/// An audience divided by a tag, without the reply's info.
pub(crate) fn breakdown(
    tag: &Tag,
    breakdown: Breakdown,
    order: v1::GroupOrder,
    groups_max: usize,
    zone: &Zone,
) -> v1::BreakdownReply {
    let mut groups = breakdown.groups;
    match order {
        v1::GroupOrder::Value => groups.sort_by(|a, b| a.key.cmp(&b.key)),
        v1::GroupOrder::Unspecified | v1::GroupOrder::Count => {
            groups.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.key.cmp(&b.key)));
        }
    }
    let left_out = groups.len().saturating_sub(groups_max);
    groups.truncate(groups_max);
    let group = |group: Group| v1::Group { label: group_label(tag, group.key, zone), count: group.count };
    v1::BreakdownReply {
        info: None,
        tag: tag.name.clone(),
        kind: kind_to_wire(tag.kind).into(),
        groups: groups.into_iter().map(group).collect(),
        groups_left_out: left_out as u64,
        missing: breakdown.missing,
        total: breakdown.members,
    }
}

fn group_label(tag: &Tag, key: GroupKey, zone: &Zone) -> String {
    match key {
        GroupKey::True => true.to_string(),
        GroupKey::Value(text) => text,
        GroupKey::Number(number) => tag.kind.format_number_in(number, zone),
    }
}
