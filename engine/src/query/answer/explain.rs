//! Explain: the conditions with estimates; and analyzed, with counts, what each one costs the audience, and times.

use std::sync::Arc;
use std::time::Instant;

use super::prepared::{Prepared, nanoseconds_since};
use crate::error::Result;
use crate::query::evaluate::{Run, Trace};
use crate::query::plan::{Condition, ConditionKind, Node, NodeId, Plan, PlanContext, Term};

/// One condition, explained.
#[derive(Clone, Debug, PartialEq)]
pub struct Explained {
    /// The words of the query, or of the audience that it is part of.
    pub text: String,
    /// What kind of condition it is.
    pub kind: ConditionKind,
    /// The node of the plan that it became, in words.
    pub operation: String,
    /// Members at most, as the directories of the parts say; the live where nothing is known.
    pub estimate: u64,
    /// Members of this condition alone; only when analyzed.
    pub count: Option<u64>,
    /// Members of the whole query if this condition were not there; only when analyzed, and only for conditions that
    /// narrow the whole.
    pub without: Option<u64>,
    /// How long its own count took, in nanoseconds; only when analyzed.
    pub evaluate_ns: Option<u64>,
    /// Bytes of members in the chunks that its own count looked at; a chunk that was decided early is counted whole.
    /// Only when analyzed.
    pub bytes: Option<u64>,
    /// Which ways its own count took: of the whole by name, of chunks with their number. Empty unless analyzed.
    pub path: String,
    /// What it is made of.
    pub children: Vec<Explained>,
}

/// What an analysis came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Analyzed {
    /// The conditions.
    pub explained: Explained,
    /// Counts for which there was no time.
    pub left_out: usize,
}

/// One analysis under way.
struct Analysis<'a> {
    prepared: &'a Prepared,
    /// The query's plan, whose root is moved from condition to condition.
    plan: Plan,
    run: &'a Run,
    until: Option<Instant>,
    left_out: usize,
}

impl Analysis<'_> {
    /// Whether there is time for one more count.
    fn has_time(&mut self) -> bool {
        let has_time = self.until.is_none_or(|until| Instant::now() < until);
        self.left_out += usize::from(!has_time);
        has_time
    }

    fn count_each(&mut self, condition: &Condition, explained: &mut Explained) -> Result<()> {
        if self.has_time() {
            let trace = Arc::new(Trace::default());
            let run_traced = Run { trace: Some(Arc::clone(&trace)), ..self.run.clone() };
            let start = Instant::now();
            self.plan.root = condition.node;
            explained.count = Some(self.prepared.count_of(&self.plan, &run_traced)?);
            explained.evaluate_ns = Some(nanoseconds_since(start));
            explained.bytes = Some(trace.bytes());
            explained.path = trace.text();
        }
        for (child, explained) in condition.children.iter().zip(&mut explained.children) {
            self.count_each(child, explained)?;
        }
        Ok(())
    }

    fn count_without(&mut self, explained: &mut Explained) -> Result<()> {
        let mut conjuncts = Vec::new();
        collect_conjuncts(&self.prepared.planned.conditions, false, &mut Vec::new(), &mut conjuncts);
        if conjuncts.len() < 2 {
            return Ok(());
        }
        let own_nodes = self.plan.nodes.len();
        for (index, conjunct) in conjuncts.iter().enumerate() {
            if !self.has_time() {
                continue;
            }
            let others = conjuncts.iter().enumerate().filter(|(other, _)| *other != index);
            self.plan.nodes.truncate(own_nodes);
            conjoin(&mut self.plan, others.map(|(_, other)| other.term).collect());
            let count = self.prepared.count_of(&self.plan, self.run)?;
            at_path(explained, &conjunct.path).without = Some(count);
        }
        Ok(())
    }
}

impl Prepared {
    /// The conditions with estimates; nothing is evaluated. Errors: corrupt.
    pub fn explain(&self) -> Result<Explained> {
        let live = self.snapshot.live_count(self.planned.type_id)?;
        Ok(self.explained(&self.planned.conditions, live))
    }

    /// The conditions with the count of each alone, of the audience without it, and the time of each count, which are
    /// runs of their own beside the query's. What is not begun `until` then is left out. Errors: limit, corrupt,
    /// cancelled, deadline.
    pub fn analyze(&self, run: &Run, until: Option<Instant>) -> Result<Analyzed> {
        let mut analysis = Analysis {
            prepared: self,
            plan: Plan { nodes: self.planned.plan.nodes.clone(), root: self.planned.plan.root },
            run,
            until,
            left_out: 0,
        };
        let mut explained = self.explain()?;
        analysis.count_each(&self.planned.conditions, &mut explained)?;
        analysis.count_without(&mut explained)?;
        Ok(Analyzed { explained, left_out: analysis.left_out })
    }

    fn explained(&self, condition: &Condition, live: u64) -> Explained {
        Explained {
            text: self.planned.text_of(condition).to_owned(),
            kind: condition.kind,
            operation: operation(self.planned.plan.node(condition.node)).to_owned(),
            estimate: self.estimate(condition.node, live),
            count: None,
            without: None,
            evaluate_ns: None,
            bytes: None,
            path: String::new(),
            children: condition.children.iter().map(|child| self.explained(child, live)).collect(),
        }
    }

    /// Members at most.
    fn estimate(&self, id: NodeId, live: u64) -> u64 {
        use crate::ids::BitmapId;
        let estimate = match self.planned.plan.node(id) {
            Node::Nothing => 0,
            Node::Everyone => live,
            Node::Bitmap(bitmap) => self.snapshot.members_estimate(*bitmap),
            Node::Values { tag, values, .. } => {
                let each = values.iter().map(|value| self.snapshot.members_estimate(BitmapId::value(*tag, *value)));
                each.fold(0, u64::saturating_add)
            }
            Node::Present(tag) | Node::Number { tag, .. } => self.snapshot.members_estimate(BitmapId::present(*tag)),
            Node::Linear { terms, .. } => {
                let each = terms.iter().map(|(tag, _)| self.snapshot.members_estimate(BitmapId::present(*tag)));
                each.min().unwrap_or(live)
            }
            Node::Split(split) => live.saturating_mul(u64::from(split.to - split.from)) / 10_000,
            Node::Given(ids) => ids.ids().len(),
            Node::And(terms) => {
                let positive = terms.iter().filter(|term| !term.negated);
                positive.map(|term| self.estimate(term.node, live)).min().unwrap_or(live)
            }
            Node::Or(children) => {
                let each = children.iter().map(|child| self.estimate(*child, live));
                each.fold(0, u64::saturating_add)
            }
            Node::Threshold { .. } => live,
        };
        estimate.min(live)
    }
}

/// A condition that narrows the whole query, and the way to it from the root.
struct Conjunct {
    term: Term,
    path: Vec<usize>,
}

/// Flattens the top of the tree: what is under AND, under the left of EXCEPT, and in an audience that stands there.
fn collect_conjuncts(condition: &Condition, negated: bool, path: &mut Vec<usize>, conjuncts: &mut Vec<Conjunct>) {
    let opens = !negated && !condition.children.is_empty();
    let goes_down = match condition.kind {
        ConditionKind::And | ConditionKind::Except | ConditionKind::Audience { .. } => opens,
        _ => false,
    };
    if !goes_down {
        conjuncts.push(Conjunct { term: Term { negated, node: condition.node }, path: path.clone() });
        return;
    }
    for (index, child) in condition.children.iter().enumerate() {
        path.push(index);
        let is_taken = condition.kind == ConditionKind::Except && index > 0;
        collect_conjuncts(child, is_taken, path, conjuncts);
        path.pop();
    }
}

/// Makes an And of `terms`, over its own nodes, the root of `plan`.
fn conjoin(plan: &mut Plan, mut terms: Vec<Term>) {
    let nodes = &mut plan.nodes;
    let mut add = |node| {
        nodes.push(node);
        NodeId(nodes.len() as u32 - 1)
    };
    if terms.iter().all(|term| term.negated) {
        let everyone = add(Node::Everyone);
        terms.insert(0, Term { negated: false, node: everyone });
    }
    terms.sort_by_key(|term| term.negated);
    plan.root = match terms.as_slice() {
        [only] => only.node,
        _ => add(Node::And(terms.into())),
    };
}

fn at_path<'a>(root: &'a mut Explained, path: &[usize]) -> &'a mut Explained {
    path.iter().fold(root, |explained, &index| &mut explained.children[index])
}

/// What a node does, in words.
fn operation(node: &Node) -> &'static str {
    match node {
        Node::Nothing => "nothing",
        Node::Everyone => "everyone",
        Node::Bitmap(_) => "bitmap",
        Node::Values { disjoint: true, .. } => "union of values that exclude each other",
        Node::Values { .. } => "union of values",
        Node::Present(_) => "presence",
        Node::Number { .. } => "number range over bit slices",
        Node::Linear { .. } => "exact arithmetic on bit slices",
        Node::Split(_) => "share by key hash",
        Node::Given(_) => "ids given with the query",
        Node::And(_) => "intersection",
        Node::Or(_) => "union",
        Node::Threshold { .. } => "counters",
    }
}
