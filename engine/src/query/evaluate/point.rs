//! The second evaluator: one entity, by point. A law keeps it equal to the one by chunk.

use super::number::in_ranges;
use crate::error::Result;
use crate::ids::LocalId;
use crate::query::bind::{Bound, BoundAnd, BoundNode, Linear, SetPresence};
use crate::query::plan::{NodeId, ThresholdMode};

impl Bound {
    /// Whether the node selects the entity. Errors: corrupt.
    pub(in crate::query) fn contains(&self, id: NodeId, entity: LocalId) -> Result<bool> {
        match self.node(id) {
            BoundNode::Nothing => Ok(false),
            BoundNode::Bitmap(bitmap) => bitmap.contains(entity),
            BoundNode::SetPresence(presence) => presence.contains(entity),
            BoundNode::Values { values, .. } => any(values.iter().map(|value| value.contains(entity))),
            BoundNode::Number { number, ranges } => {
                let value = self.numbers[*number].value(entity)?;
                Ok(value.is_some_and(|value| in_ranges(ranges, value)))
            }
            BoundNode::Linear(linear) => self.linear_holds(linear, entity),
            BoundNode::Split(keys) => Ok(self.live.contains(entity)? && keys.contains(self, entity)?),
            BoundNode::And(and) => self.and_holds(and, entity),
            BoundNode::Or(children) => any(children.iter().map(|&child| self.contains(child, entity))),
            BoundNode::Threshold { mode, k, of } => {
                let mut count = 0;
                for &child in of.iter() {
                    count += u32::from(self.contains(child, entity)?);
                }
                let holds = match mode {
                    ThresholdMode::AtLeast => count >= *k,
                    ThresholdMode::AtMost => count <= *k,
                    ThresholdMode::Exactly => count == *k,
                };
                Ok(holds && self.live.contains(entity)?)
            }
        }
    }

    fn and_holds(&self, and: &BoundAnd, entity: LocalId) -> Result<bool> {
        for &positive in and.positive.iter().chain(&and.unions) {
            if !self.contains(positive, entity)? {
                return Ok(false);
            }
        }
        for &negative in &and.negative {
            if self.contains(negative, entity)? {
                return Ok(false);
            }
        }
        for test in &and.tests {
            if self.contains(test.node, entity)? == test.negated {
                return Ok(false);
            }
        }
        // Without a positive term the live are what the others are taken from.
        let has_positive = !and.positive.is_empty() || !and.unions.is_empty();
        Ok(has_positive || and.tests.iter().any(|test| !test.negated) || self.live.contains(entity)?)
    }

    fn linear_holds(&self, linear: &Linear, entity: LocalId) -> Result<bool> {
        let mut sum = linear.constant;
        for &(number, factor) in &linear.terms {
            match self.numbers[number].value(entity)? {
                Some(value) => sum += factor * i128::from(value),
                None => return Ok(false),
            }
        }
        Ok(linear.op.holds(&sum, &0))
    }
}

impl SetPresence {
    /// Whether the entity has the tag. Errors: corrupt.
    pub(super) fn contains(&self, entity: LocalId) -> Result<bool> {
        if !self.present.contains(entity)? {
            return Ok(false);
        }
        for source in &self.doubtful {
            if source.contains(entity.chunk(), entity.low())? {
                return self.values.any(entity);
            }
        }
        Ok(true)
    }
}

/// Whether any is true, up to the first that is.
fn any(mut answers: impl Iterator<Item = Result<bool>>) -> Result<bool> {
    answers
        .find_map(|answer| match answer {
            Ok(false) => None,
            other => Some(other),
        })
        .unwrap_or(Ok(false))
}
