//! What planning hands back: the plan, and everything that is said about it.

use std::sync::Arc;

use muster_language::ast::{Expr, Span};
use muster_language::print;

use super::node::{NodeId, Plan, ThresholdMode};
use crate::ids::{AudienceId, TagId, TypeId};

/// A query bound to a catalog: ids only, days and instants resolved.
#[derive(Clone, Debug)]
pub struct Planned {
    /// What to evaluate.
    pub plan: Plan,
    /// The type whose entities are asked for.
    pub type_id: TypeId,
    /// What was read, with today's names.
    pub(super) expr: Expr,
    /// A hash of the bound form: equal for queries that differ only in order, repetition or wording.
    pub fingerprint: u128,
    /// What the caller should know beside the answer.
    pub warnings: Vec<Warning>,
    /// Negated forms, for which the answer warns how many entities fall out because their tag is missing.
    pub missing_checks: Vec<MissingCheck>,
    /// What the words for days and instants meant: `LAST 7d` and `2026-11-15..2026-11-21`, in order of appearance.
    pub resolved: Vec<(String, String)>,
    /// The zone in which days were resolved.
    pub zone: String,
    /// The query as it was written, each condition with its node.
    pub conditions: Condition,
    /// The texts that conditions point into: the query, then each audience that it names.
    pub sources: Vec<Arc<str>>,
    /// First and last reading of the clock, in milliseconds since the epoch, with which the query means the same.
    pub(super) same_between: (i64, i64),
    /// The audiences that were expanded, each with its version.
    pub audiences_used: Vec<(AudienceId, u64)>,
}

impl Planned {
    /// The canonical text, with today's names. It is printed each time that it is asked for.
    pub fn canonical(&self) -> String {
        print(&self.expr)
    }

    /// Whether the query means the same at that time, on the same version.
    pub(in crate::query) fn holds_at(&self, now_unix_ms: i64) -> bool {
        (self.same_between.0..=self.same_between.1).contains(&now_unix_ms)
    }

    /// The words of `condition`, as they stand in the query or in the audience that it is part of.
    pub fn text_of(&self, condition: &Condition) -> &str {
        condition.span.of(&self.sources[condition.source as usize])
    }
}

/// One condition as it was written, for *why* and *explain*.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// What it is.
    pub kind: ConditionKind,
    /// Which entities meet it.
    pub node: NodeId,
    /// The only tag that it looks at, if there is one only.
    pub tag: Option<TagId>,
    /// Where it stands in its source.
    pub span: Span,
    /// Which of [`Planned::sources`] it stands in; 0 is the query.
    pub source: u32,
    /// What it is made of. An audience that was expanded before has no children here.
    pub children: Vec<Condition>,
}

/// What a condition is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ConditionKind {
    /// It is made of no other conditions.
    Leaf,
    /// All children hold.
    And,
    /// One child holds.
    Or,
    /// Its child does not hold.
    Not,
    /// Its first child holds and no other.
    Except,
    /// So many of its children hold. Over a wildcard it is a leaf.
    Threshold {
        /// How `k` bounds the number.
        mode: ThresholdMode,
        /// The bound.
        k: u32,
    },
    /// A saved audience; its child is the audience's query.
    Audience {
        /// Which of its versions.
        version: u64,
    },
}

/// Something that the caller should know.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Warning {
    /// A stable word for programs: `unknown_value`, `reversed_interval`.
    pub code: &'static str,
    /// What it is, for people.
    pub message: String,
    /// Where in the query.
    pub span: Option<Span>,
    /// A whole text that avoids it.
    pub suggestion: Option<String>,
}

impl From<muster_language::Warning> for Warning {
    fn from(warning: muster_language::Warning) -> Warning {
        Warning {
            code: warning.code,
            message: warning.message,
            span: Some(warning.span),
            suggestion: warning.suggestion,
        }
    }
}

/// A negated form, which holds only where its tag is present.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MissingCheck {
    /// The tag that must be present.
    pub tag: TagId,
    /// Where the form stands in the query; an audience's form stands where the audience is named.
    pub span: Span,
    /// The form written so that entities without the tag stay: `(city != 'A' OR city IS MISSING)`. It takes the place
    /// of the form, which for an audience's form is in the audience.
    pub keep: String,
}
