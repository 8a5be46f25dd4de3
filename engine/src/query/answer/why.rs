//! Why an entity is in, or why not: each condition with its truth and the entity's own value.

use super::prepared::Prepared;
use super::profile::{ProfileValue, Profiler};
use crate::error::Result;
use crate::ids::{LocalId, TagId};
use crate::query::bind::{Bound, Means};
use crate::query::evaluate::Run;
use crate::query::plan::{Condition, ConditionKind, NodeId};

/// One condition, judged for one entity.
#[derive(Clone, Debug, PartialEq)]
pub struct Why {
    /// Whether it holds.
    pub holds: bool,
    /// The words of the query, or of the audience that it is part of.
    pub text: String,
    /// What kind of condition it is.
    pub kind: ConditionKind,
    /// The tag it looks at, if it is only one.
    pub tag: Option<TagId>,
    /// What the entity says under that tag; none where the tag is missing.
    pub own_value: Option<ProfileValue>,
    /// What it is made of.
    pub children: Vec<Why>,
}

impl Prepared {
    /// Judges every condition of the query for one entity. Errors: limit, corrupt, cancelled, deadline.
    pub fn why(&self, run: &Run, entity: LocalId) -> Result<Why> {
        let mut nodes = Vec::new();
        collect_nodes(&self.planned.conditions, &mut nodes);
        let (mut budget, stop) = (self.budget, run.stop());
        let means = &mut Means::new(&mut budget, &stop);
        let bound = Bound::new(&self.snapshot, self.planned.type_id, &self.planned.plan, &nodes, means)?;
        let mut profiler = Profiler::new(&self.snapshot, self.planned.type_id, self.memory_bytes_max, run)?;
        self.judge(&self.planned.conditions, &bound, &mut profiler, entity)
    }

    fn judge(&self, condition: &Condition, bound: &Bound, profiler: &mut Profiler, entity: LocalId) -> Result<Why> {
        profiler.look()?;
        let tag = condition.tag.and_then(|tag| self.snapshot.catalog().tag(tag));
        let own_value = match tag {
            Some(tag) if condition.children.is_empty() => profiler.value(tag, entity)?,
            _ => None,
        };
        let children = condition.children.iter().map(|child| self.judge(child, bound, profiler, entity));
        Ok(Why {
            holds: bound.contains(condition.node, entity)?,
            text: self.planned.text_of(condition).to_owned(),
            kind: condition.kind,
            tag: condition.tag,
            own_value,
            children: children.collect::<Result<_>>()?,
        })
    }
}

/// The nodes of all conditions.
pub(super) fn collect_nodes(condition: &Condition, nodes: &mut Vec<NodeId>) {
    nodes.push(condition.node);
    condition.children.iter().for_each(|child| collect_nodes(child, nodes));
}
