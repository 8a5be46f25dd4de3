//! Bind: a plan on one snapshot. Every node knows where its bitmaps stand; nothing is read yet.

mod bitmap;
mod number;
mod room;
mod values;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(in crate::query) use bitmap::{BoundBitmap, Found};
pub(in crate::query) use number::{BoundNumber, DigitWords, Digits, SLICES_MAX};
pub(in crate::query) use room::OPERANDS_MAX;
pub(in crate::query) use values::{HeldChunks, TagValues, ValueWalk};

use super::budget::Budget;
use super::pace::{Pace, Stop};
use super::plan::{Comparison, GivenIds, Node, NodeId, Plan, Split, Term, ThresholdMode};
use crate::bitmap::{ChunkBuffer, Container, and_into};
use crate::catalog::{KeyKind, TagKind};
use crate::error::{Error, Result};
use crate::ids::{BitmapId, ChunkId, LocalId, TagId, TypeId, ValueId};
use crate::part::{KeptBitmap, Part, Source, UNIT_BYTES};
use crate::snapshot::{Snapshot, doubtful, taken};

/// A plan whose bitmaps are found: the unit that is evaluated.
#[derive(Debug)]
pub(in crate::query) struct Bound {
    /// The version that it reads.
    pub(in crate::query) snapshot: Snapshot,
    /// Whose entities it selects.
    pub(in crate::query) type_id: TypeId,
    /// Who lives.
    pub(in crate::query) live: BoundBitmap,
    /// One more than the last chunk.
    pub(in crate::query) chunk_end: u32,
    /// By [`NodeId`]; only what is reachable from `root` is bound.
    pub(in crate::query) nodes: Vec<BoundNode>,
    /// The number tags, each once.
    pub(in crate::query) numbers: Vec<Arc<BoundNumber>>,
    /// What the whole is.
    pub(in crate::query) root: NodeId,
    /// Whether chunks of any bitmap must be folded.
    pub(in crate::query) is_unmerged: bool,
    /// In a large plan, by [`NodeId`]: whether several nodes ask for it; none where no node is shared.
    pub(in crate::query) is_shared: Option<Box<[bool]>>,
    /// Whether what a node came to is let go as soon as nobody asks for it any more: in a large plan.
    pub(in crate::query) releases: bool,
    /// Threads for which its budget has room.
    pub(in crate::query) threads_max: usize,
}

/// Nodes of a plan up to which each keeps a buffer of its own.
const KEEPING_NODES_MAX: usize = 32;

/// What a thread may take without being counted: more than a plan of [`KEEPING_NODES_MAX`] nodes and
/// [`FREE_NUMBERS_MAX`] numbers needs.
pub(in crate::query) const SCRATCH_BYTES_FREE: u64 = 4 << 20;
const FREE_NUMBERS_MAX: usize = 2;

/// One operation, bound.
#[derive(Debug)]
pub(in crate::query) enum BoundNode {
    /// No entity, or a node that nobody asks for.
    Nothing,
    /// A bitmap as it stands.
    Bitmap(BoundBitmap),
    /// Who has a set tag: `present` is an upper bound where somebody lost a value.
    SetPresence(Box<SetPresence>),
    /// Any of several values of one tag.
    Values { values: Vec<BoundBitmap>, disjoint: bool },
    /// A number within ranges.
    Number { number: usize, ranges: Arc<[(i64, i64)]> },
    /// A linear comparison of numbers.
    Linear(Box<Linear>),
    /// A share of the entities by the hash of their keys.
    Split(SplitKeys),
    /// All positive and no negated terms.
    And(Box<BoundAnd>),
    /// Any.
    Or(Arc<[NodeId]>),
    /// So many.
    Threshold { mode: ThresholdMode, k: u32, of: Arc<[NodeId]> },
}

/// See [`BoundNode::SetPresence`].
#[derive(Debug)]
pub(in crate::query) struct SetPresence {
    pub(in crate::query) present: BoundBitmap,
    /// Who lost a value, by layer.
    pub(in crate::query) doubtful: Vec<Source>,
    /// The values, for those.
    pub(in crate::query) values: TagValues,
}

/// `sum(factor * number) + constant op 0`.
#[derive(Debug)]
pub(in crate::query) struct Linear {
    pub(in crate::query) terms: Vec<(usize, i128)>,
    pub(in crate::query) constant: i128,
    pub(in crate::query) op: Comparison,
}

/// A split and where the hashes of keys are found.
#[derive(Debug)]
pub(in crate::query) struct SplitKeys {
    pub(in crate::query) split: Split,
    pub(in crate::query) population: TagId,
    pub(in crate::query) is_dense: bool,
}

/// The terms of an And by how they are evaluated: plain ones first, unions of values and tests on what is left.
#[derive(Debug, Default)]
pub(in crate::query) struct BoundAnd {
    pub(in crate::query) positive: Vec<NodeId>,
    pub(in crate::query) negative: Vec<NodeId>,
    /// Those of `positive` that are bitmaps with chunks left out: they say which chunk comes next.
    pub(in crate::query) skipping: Vec<NodeId>,
    /// Positive values of one tag.
    pub(in crate::query) unions: Vec<NodeId>,
    /// Numbers, linear comparisons and splits.
    pub(in crate::query) tests: Vec<Term>,
}

impl Bound {
    /// Binds what the root of `plan` and the nodes in `also` need, within `budget`. Errors: not found, limit, corrupt,
    /// cancelled, deadline.
    pub(in crate::query) fn new(
        snapshot: &Snapshot,
        type_id: TypeId,
        plan: &Plan,
        also: &[NodeId],
        means: &mut Means<'_>,
    ) -> Result<Bound> {
        let mut bound = Bound {
            live: BoundBitmap::live(snapshot, type_id)?,
            chunk_end: snapshot.chunk_end(type_id)?,
            snapshot: snapshot.clone(),
            type_id,
            nodes: Vec::with_capacity(plan.nodes.len()),
            numbers: Vec::new(),
            root: plan.root,
            is_unmerged: false,
            is_shared: None,
            releases: plan.nodes.len() > KEEPING_NODES_MAX,
            threads_max: 1,
        };
        let needed = needed_nodes(plan, also, |child| {
            if bound.releases {
                bound.is_shared.get_or_insert_with(|| vec![false; plan.nodes.len()].into())[child.index()] = true;
            }
        });
        means.budget.charge((plan.nodes.len() * size_of::<BoundNode>()) as u64, QUERY)?;
        let mut binder = Binder {
            bound: &mut bound,
            population: snapshot.entity_type(type_id)?.population,
            taken: BTreeMap::new(),
            number_of: BTreeMap::new(),
            means,
        };
        for (node, needed) in plan.nodes.iter().zip(needed) {
            let node = if needed { binder.node(node)? } else { BoundNode::Nothing };
            binder.means.budget.charge(node.heap_bytes(), QUERY)?;
            binder.bound.nodes.push(node);
        }
        let is_small = !bound.releases && bound.numbers.len() <= FREE_NUMBERS_MAX;
        let scratch_bytes = if is_small { 0 } else { bound.scratch_bytes().saturating_sub(SCRATCH_BYTES_FREE) };
        means.budget.charge(scratch_bytes, "evaluating so many conditions at once")?;
        bound.threads_max = means.budget.room_for(scratch_bytes).saturating_add(1);
        let is_unmerged = bound.all_bitmaps().any(|bitmap| bitmap.unmerged().is_some());
        bound.is_unmerged = is_unmerged;
        Ok(bound)
    }

    /// The node at `id`.
    #[inline]
    pub(in crate::query) fn node(&self, id: NodeId) -> &BoundNode {
        &self.nodes[id.index()]
    }
}

/// What binding may take, and what ends it.
pub(in crate::query) struct Means<'a> {
    /// The memory of the query.
    pub(in crate::query) budget: &'a mut Budget,
    /// Who asks may go away.
    stop: &'a Stop,
    pace: Pace,
}

impl<'a> Means<'a> {
    /// All of `budget`, until `stop`.
    pub(in crate::query) fn new(budget: &'a mut Budget, stop: &'a Stop) -> Means<'a> {
        Means { budget, stop, pace: Pace::default() }
    }

    /// Tells of a unit of work, and looks whether to go on. Errors: cancelled, deadline.
    #[inline]
    pub(in crate::query) fn work(&mut self) -> Result<()> {
        self.pace.work(1, self.stop.cancelled.as_deref(), self.stop.deadline)
    }
}

/// What a bound query is called in a refusal.
const QUERY: &str = "a query of so many conditions";

/// What a binding of all values of a tag is called in a refusal.
pub(in crate::query) const VALUES: &str = "reading all values of a tag";

/// Which nodes the root and `also` need; `share` is told of those that several nodes ask for.
fn needed_nodes(plan: &Plan, also: &[NodeId], mut share: impl FnMut(NodeId)) -> Vec<bool> {
    let mut needed = vec![false; plan.nodes.len()];
    for root in also.iter().chain([&plan.root]) {
        needed[root.index()] = true;
    }
    // Children stand before their parents, so one pass from the end finds all that are needed.
    for index in (0..plan.nodes.len()).rev() {
        if needed[index] {
            for_each_child(&plan.nodes[index], |child| {
                if std::mem::replace(&mut needed[child.index()], true) {
                    share(child);
                }
            });
        }
    }
    needed
}

/// Calls `visit` with every direct child.
fn for_each_child(node: &Node, mut visit: impl FnMut(NodeId)) {
    match node {
        Node::And(terms) => terms.iter().for_each(|term| visit(term.node)),
        Node::Or(children) | Node::Threshold { of: children, .. } => children.iter().copied().for_each(visit),
        _ => {}
    }
}

struct Binder<'b, 'm> {
    bound: &'b mut Bound,
    population: TagId,
    /// What the layers take from each tag, looked up once a tag.
    taken: BTreeMap<TagId, Vec<Source>>,
    number_of: BTreeMap<TagId, usize>,
    means: &'b mut Means<'m>,
}

impl Binder<'_, '_> {
    fn node(&mut self, node: &Node) -> Result<BoundNode> {
        Ok(match node {
            Node::Nothing => BoundNode::Nothing,
            Node::Everyone => BoundNode::Bitmap(BoundBitmap::live(&self.bound.snapshot, self.bound.type_id)?),
            Node::Bitmap(bitmap) => BoundNode::Bitmap(self.bitmap(*bitmap)?),
            Node::Values { tag, values, disjoint } => {
                self.means.budget.check((values.len() * size_of::<BoundBitmap>()) as u64, QUERY)?;
                let mut bound = Vec::with_capacity(values.len());
                for value in values.iter() {
                    let value = self.bitmap(BitmapId::value(*tag, *value))?;
                    if !value.is_nobody() {
                        bound.push(value);
                    }
                }
                BoundNode::Values { values: bound, disjoint: *disjoint }
            }
            Node::Present(tag) => self.present(*tag)?,
            Node::Number { tag, ranges } => {
                BoundNode::Number { number: self.number(*tag)?, ranges: Arc::clone(ranges) }
            }
            Node::Linear { terms, constant, op } => {
                let terms = terms.iter().map(|(tag, factor)| Ok((self.number(*tag)?, *factor)));
                BoundNode::Linear(Box::new(Linear {
                    terms: terms.collect::<Result<_>>()?,
                    constant: *constant,
                    op: *op,
                }))
            }
            Node::Split(split) => BoundNode::Split(SplitKeys {
                split: *split,
                population: self.population,
                is_dense: self.bound.snapshot.entity_type(self.bound.type_id)?.key == KeyKind::Dense,
            }),
            Node::Given(ids) => BoundNode::Bitmap(given(ids, &self.bound.live, self.means)?),
            Node::And(terms) => BoundNode::And(Box::new(self.and(terms))),
            Node::Or(children) => BoundNode::Or(Arc::clone(children)),
            Node::Threshold { mode, k, of } => BoundNode::Threshold { mode: *mode, k: *k, of: Arc::clone(of) },
        })
    }

    fn bitmap(&mut self, bitmap: BitmapId) -> Result<BoundBitmap> {
        self.means.work()?;
        let snapshot = &self.bound.snapshot;
        let layers = snapshot.layers();
        // The oldest layer takes from nothing.
        if let [_] = layers {
            return BoundBitmap::new(snapshot, bitmap, &[]);
        }
        let taken = match self.taken.entry(bitmap.tag()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(taken(layers, bitmap.tag(), self.population)?),
        };
        BoundBitmap::new(snapshot, bitmap, taken)
    }

    fn present(&mut self, tag: TagId) -> Result<BoundNode> {
        let snapshot = self.bound.snapshot.clone();
        let kind = snapshot.catalog().tag(tag).map(|tag| tag.kind);
        let present = self.bitmap(BitmapId::present(tag))?;
        if kind != Some(TagKind::Set) {
            return Ok(BoundNode::Bitmap(present));
        }
        let doubtful = doubtful(snapshot.layers(), tag)?;
        if doubtful.is_empty() {
            return Ok(BoundNode::Bitmap(present));
        }
        let values = TagValues::new(&snapshot, tag, self.population, self.means)?;
        self.means.budget.charge(values.heap_bytes(), VALUES)?;
        Ok(BoundNode::SetPresence(Box::new(SetPresence { present, doubtful, values })))
    }

    fn number(&mut self, tag: TagId) -> Result<usize> {
        if let Some(&index) = self.number_of.get(&tag) {
            return Ok(index);
        }
        let index = self.bound.numbers.len();
        let number = BoundNumber::new(&self.bound.snapshot, tag, self.population)?;
        self.bound.numbers.push(number);
        self.number_of.insert(tag, index);
        Ok(index)
    }

    fn and(&self, terms: &[Term]) -> BoundAnd {
        let mut and = BoundAnd::default();
        for term in terms {
            match (self.bound.node(term.node), term.negated) {
                (BoundNode::Number { .. } | BoundNode::Linear(_) | BoundNode::Split(_), _) => and.tests.push(*term),
                (BoundNode::Values { .. }, false) => and.unions.push(term.node),
                (BoundNode::Bitmap(bitmap), false) => {
                    and.positive.push(term.node);
                    if bitmap.may_skip(self.bound.chunk_end) {
                        and.skipping.push(term.node);
                    }
                }
                (_, false) => and.positive.push(term.node),
                (_, true) => and.negative.push(term.node),
            }
        }
        and
    }
}

/// Bytes that come from memory together.
const LINE_BYTES: u64 = 64;

impl Bound {
    /// How many bytes hold what an evaluation of one chunk may look at. Errors: corrupt.
    pub(in crate::query) fn payload_bytes_in(&self, chunk: ChunkId) -> Result<u64> {
        self.bitmaps().map(|bitmap| bitmap.payload_bytes_in(chunk)).sum()
    }

    /// About how many bytes an evaluation of everything reads.
    pub(in crate::query) fn payload_bytes(&self) -> u64 {
        let most = self.members_max().map_or(u64::MAX, |members| members.saturating_mul(LINE_BYTES));
        self.bitmaps().map(|bitmap| bitmap.payload_bytes().min(most)).sum()
    }

    /// Whether an evaluation takes at most `units_max` steps of a node in a chunk. Shares by hash and values in doubt
    /// look at more than their bitmaps say.
    pub(in crate::query) fn is_short(&self, units_max: u64) -> bool {
        let is_plain = |node: &BoundNode| !matches!(node, BoundNode::Split(_) | BoundNode::SetPresence(_));
        let units = self.bitmaps().count().max(self.nodes.len()) as u64 * u64::from(self.chunk_end);
        units <= units_max && self.nodes.iter().all(is_plain)
    }

    /// How many bytes a count checks at most before it reads them, because nobody has since the store was opened.
    pub(in crate::query) fn unchecked_bytes_max(&self) -> u64 {
        let unchecked = self.bitmaps().filter(|bitmap| !bitmap.is_verified());
        unchecked.map(|bitmap| bitmap.payload_bytes() + u64::from(self.chunk_end) * UNIT_BYTES as u64).sum()
    }

    /// How many members it has at most, where it is an And with a bitmap whose directory says how many that has. Of any
    /// other operand no more lines are looked at than this.
    fn members_max(&self) -> Option<u64> {
        let BoundNode::And(and) = self.node(self.root) else { return None };
        let members = and.positive.iter().filter_map(|&id| match self.node(id) {
            BoundNode::Bitmap(bitmap) => bitmap.cardinality_of_all(),
            _ => None,
        });
        members.min()
    }

    /// All that are merged when they are asked for again.
    pub(in crate::query) fn all_bitmaps(&self) -> impl Iterator<Item = &BoundBitmap> {
        self.bitmaps().chain([&self.live])
    }

    /// The bitmaps that an evaluation of everything reads; who lives, and values in doubt, are not among them.
    fn bitmaps(&self) -> impl Iterator<Item = &BoundBitmap> {
        self.nodes.iter().flat_map(BoundNode::bitmaps).chain(self.numbers.iter().flat_map(|number| number.bitmaps()))
    }
}

impl BoundNode {
    /// What it takes beside its own size, in bytes.
    fn heap_bytes(&self) -> u64 {
        let bitmaps: u64 = self.bitmaps().iter().map(BoundBitmap::heap_bytes).sum();
        let own = match self {
            BoundNode::Values { values, .. } => values.capacity() * size_of::<BoundBitmap>(),
            BoundNode::And(and) => {
                let ids = and.positive.len() + and.negative.len() + and.skipping.len() + and.unions.len();
                size_of::<BoundAnd>() + 2 * (ids * size_of::<NodeId>() + and.tests.len() * size_of::<Term>())
            }
            _ => 0,
        };
        bitmaps + own as u64
    }

    /// The bitmaps that it reads by itself.
    pub(in crate::query) fn bitmaps(&self) -> &[BoundBitmap] {
        match self {
            BoundNode::Bitmap(bitmap) => std::slice::from_ref(bitmap),
            BoundNode::SetPresence(presence) => std::slice::from_ref(&presence.present),
            BoundNode::Values { values, .. } => values,
            _ => &[],
        }
    }
}

/// Every value of `tag` that any layer has, rising; none where there are more than `values_max`. Errors: corrupt.
pub(in crate::query) fn values_in_layers(
    snapshot: &Snapshot,
    tag: TagId,
    values_max: usize,
) -> Result<Option<Vec<ValueId>>> {
    let mut values = BTreeSet::new();
    for part in snapshot.layers().iter().flat_map(|layer| layer.parts_of(tag)) {
        let is_few = part.visit_values_of(tag, |value| {
            values.insert(value);
            values.len() <= values_max
        })?;
        if !is_few {
            return Ok(None);
        }
    }
    Ok(Some(values.into_iter().collect()))
}

/// Ids that came with the query become a part of their own, so that they are read like everything else; those who do
/// not live are left out.
fn given(ids: &GivenIds, live: &BoundBitmap, means: &mut Means<'_>) -> Result<BoundBitmap> {
    let bitmap = BitmapId::default();
    let mut kept = KeptBitmap::default();
    let (mut members, mut fold) = (ChunkBuffer::new(), ChunkBuffer::new());
    let mut lows = Vec::new();
    let mut ids = ids.ids().iter().peekable();
    while let Some(chunk) = ids.peek().map(|&id| LocalId(id).chunk()) {
        means.work()?;
        lows.clear();
        while let Some(id) = ids.next_if(|&id| LocalId(id).chunk() == chunk) {
            lows.push(id as u16);
        }
        and_into(Container::Array(&lows), live.read(chunk, &mut fold)?, &mut members);
        kept.push(chunk, members.as_container());
    }
    let part = Arc::new(Part::open(kept.finish(bitmap)?, "ids given with the query", None)?);
    let view = part.bitmap(bitmap, crate::part::Role::Added)?;
    Ok(BoundBitmap::of_part(part, view))
}

/// The kind of a number tag. Errors: invalid, where the tag holds no numbers.
pub(in crate::query) fn require_number(snapshot: &Snapshot, tag: TagId) -> Result<TagKind> {
    let found = snapshot.catalog().tag(tag);
    let found = found.ok_or_else(|| Error::not_found("the tag was dropped"))?;
    match found.kind.is_number() {
        true => Ok(found.kind),
        false => Err(Error::invalid(format!(
            "name an int, decimal, date or time tag, or ask for a breakdown of `{}`: it is a {} and holds no numbers",
            found.name, found.kind
        ))),
    }
}
