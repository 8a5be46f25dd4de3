//! A query that is planned and bound once and can be asked again and again.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use crate::error::{Error, Result};
use crate::ids::{BitmapId, LocalId, Seq, TagId, TypeId};
use crate::query::bind::{Bound, Means};
use crate::query::budget::Budget;
use crate::query::evaluate::{Run, count_spread};
use crate::query::plan::{Node, NodeId, Plan, PlanContext, Planned, QueryRequest, Warning, checked, plan_parsed};
use crate::snapshot::Snapshot;
use muster_language::parse;

/// Payload of a count that takes well under a millisecond.
const SHORT_BYTES: u64 = 1 << 20;
/// What it may have to check that nobody has read since the store was opened: some milliseconds, unless a disk is slow.
const SHORT_UNCHECKED_BYTES: u64 = 4 << 20;
/// Nodes times chunks of such a count: each is looked at once.
const SHORT_UNITS: u64 = 1 << 14;

/// A query on one snapshot. Asking it does not parse, plan or bind again.
pub struct Prepared {
    pub(super) snapshot: Snapshot,
    pub(super) planned: Planned,
    pub(super) bound: Arc<Bound>,
    /// The same, bound again when its bitmaps were merged.
    pub(super) merged: OnceLock<Arc<Bound>>,
    /// About how many bytes an evaluation reads.
    pub(super) payload_bytes: u64,
    pub(super) budget: Budget,
    pub(super) memory_bytes_max: u64,
    timing: Timing,
    live_count: OnceLock<u64>,
}

/// How long it took to make a [`Prepared`], in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// Reading the text.
    pub parse_ns: u64,
    /// Finding names and values in the catalog.
    pub plan_ns: u64,
    /// Finding the bitmaps in the parts.
    pub bind_ns: u64,
}

/// How many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Entities that the query selects.
    pub count: u64,
    /// Entities of the type.
    pub live: u64,
}

impl Snapshot {
    /// Plans and binds a query over the entities of a type.
    ///
    /// Errors: invalid and limit, with [`crate::Error::query_fault`] where the text is at fault, whose suggestion can
    /// be prepared; not found; corrupt.
    pub fn prepare(&self, type_id: TypeId, text: &str, request: &QueryRequest) -> Result<Prepared> {
        let prepared = |text: &str| self.prepare_as_written(type_id, text, request);
        prepared(text).map_err(|error| {
            checked(error, PlanContext::catalog(self), type_id, &|text| prepared(text).map(|prepared| prepared.planned))
        })
    }

    fn prepare_as_written(&self, type_id: TypeId, text: &str, request: &QueryRequest) -> Result<Prepared> {
        let start = Instant::now();
        let parsed = parse(text).map_err(|error| Error::query(text, error))?;
        let parse_ns = nanoseconds_since(start);
        let start = Instant::now();
        let planned = plan_parsed(self, type_id, text, parsed, request)?;
        let plan_ns = nanoseconds_since(start);
        let start = Instant::now();
        let memory_bytes_max = request.memory_bytes_max;
        let mut budget = Budget::new(memory_bytes_max);
        budget.charge(planned.plan.given_bytes(), "the ids given with the query")?;
        let means = &mut Means::new(&mut budget, &request.stop);
        let bound = Bound::new(self, type_id, &planned.plan, &[], means)?;
        Ok(Prepared {
            snapshot: self.clone(),
            planned,
            payload_bytes: bound.payload_bytes(),
            bound: Arc::new(bound),
            merged: OnceLock::new(),
            budget,
            memory_bytes_max,
            timing: Timing { parse_ns, plan_ns, bind_ns: nanoseconds_since(start) },
            live_count: OnceLock::new(),
        })
    }
}

impl Prepared {
    /// How many entities it selects. Errors: corrupt, cancelled, deadline.
    pub fn count(&self, run: &Run) -> Result<Counted> {
        let count = count_spread(self.asked(run)?, self.payload_bytes, run)?;
        Ok(Counted { count, live: self.live_count()? })
    }

    /// Whether a count, with its warnings, is foreseen to take less than a millisecond: little is read, and little is
    /// looked at. Some milliseconds come to this where what is read was not checked since the store was opened; there
    /// is little of that too. Errors: cancelled, deadline.
    pub fn is_short(&self, run: &Run) -> Result<bool> {
        let missing = self.planned.missing_checks.iter();
        let missing = missing.map(|check| 2 * self.snapshot.members_estimate(BitmapId::present(check.tag)));
        let missing = missing.fold(0, u64::saturating_add);
        let bound = self.merged.get().unwrap_or(&self.bound);
        let read = match bound.count_of_directory(run)? {
            Some(_) => 0,
            _ if bound.is_short(SHORT_UNITS) && bound.unchecked_bytes_max() <= SHORT_UNCHECKED_BYTES => {
                self.payload_bytes
            }
            _ => u64::MAX,
        };
        Ok(read.saturating_add(missing) <= SHORT_BYTES)
    }

    /// How many entities of the type live, counted once.
    fn live_count(&self) -> Result<u64> {
        if let Some(count) = self.live_count.get() {
            return Ok(*count);
        }
        let count = self.snapshot.live_count(self.planned.type_id)?;
        Ok(*self.live_count.get_or_init(|| count))
    }

    /// Whether it selects one entity. Errors: corrupt.
    pub fn contains(&self, id: LocalId) -> Result<bool> {
        self.bound.contains(self.bound.root, id)
    }

    /// The snapshot it was prepared on.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// The last seq that it sees.
    pub fn version(&self) -> Seq {
        self.snapshot.version()
    }

    /// Whose entities it selects.
    pub fn type_id(&self) -> TypeId {
        self.planned.type_id
    }

    /// What planning found out: canonical text, fingerprint, resolved dates, conditions.
    pub fn planned(&self) -> &Planned {
        &self.planned
    }

    /// How long it took to prepare.
    pub fn timing(&self) -> Timing {
        self.timing
    }

    /// What the caller should know: the planner's warnings, and who falls out because a tag is missing. Counts, so it
    /// costs about as much as the query. Errors: corrupt, cancelled, deadline.
    pub fn warnings(&self, run: &Run) -> Result<Vec<Warning>> {
        let mut warnings = self.planned.warnings.clone();
        let mut told: Vec<TagId> = Vec::new();
        for check in &self.planned.missing_checks {
            if told.contains(&check.tag) {
                continue;
            }
            told.push(check.tag);
            let missing = self.count_of(&missing_plan(check.tag), run)?;
            if missing > 0 {
                let name = self.snapshot.catalog().tag(check.tag).map_or("", |tag| tag.name.as_str());
                warnings.push(Warning {
                    code: "missing_left_out",
                    message: format!("{missing} without `{name}` are left out; to keep them write {}", check.keep),
                    span: Some(check.span),
                    suggestion: None,
                });
            }
        }
        Ok(warnings)
    }

    /// Counts another plan on the same snapshot.
    pub(super) fn count_of(&self, plan: &Plan, run: &Run) -> Result<u64> {
        let bound = self.bind_asked(plan, run)?;
        let bytes = bound.payload_bytes();
        count_spread(&Arc::new(bound), bytes, run)
    }
}

/// The live entities without a tag.
fn missing_plan(tag: TagId) -> Plan {
    use crate::query::plan::Term;
    let term = |node, negated| Term { negated, node: NodeId(node) };
    Plan {
        nodes: vec![Node::Everyone, Node::Present(tag), Node::And([term(0, false), term(1, true)].into())],
        root: NodeId(2),
    }
}

/// Nanoseconds since `start`.
pub(super) fn nanoseconds_since(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX)
}
