//! Building a plan: each expression once, in normal form.
//!
//! Every node gets a digest of what it means, which does not depend on the order or repetition of operands. Equal
//! digests (128 bits) are taken as equal nodes; the digest of the root is the core of the fingerprint. The normal form
//! is written at [`Node`]; constants are folded, a negation stays in its And except a double one.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_128;

use super::context::PlanContext;
use super::digest::{DigestHasher, write_node};
use super::node::{Comparison, GivenIds, Node, NodeId, Plan, Split, Term, ThresholdMode};
use super::ranges;
use crate::ids::{BitmapId, TagId, ValueId};

/// What a choice or set tag is for the arena: how to put two of its values together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct ValuedTag {
    /// The tag.
    pub tag: TagId,
    /// Whether its values exclude each other (a choice).
    pub disjoint: bool,
}

/// Nodes under construction.
pub(super) struct Arena<'a> {
    nodes: Vec<Node>,
    /// What it takes to evaluate the node, in members looked at.
    work: Vec<u64>,
    digests: Vec<u128>,
    /// Empty as long as there are [`FEW`] nodes or less.
    by_digest: HashMap<u128, NodeId, BuildHasherDefault<DigestHasher>>,
    scratch: Vec<u8>,
    /// Choice tags met so far, rising.
    choices: Vec<TagId>,
    context: &'a dyn PlanContext,
    live: u64,
    /// What the lists of values of all nodes take.
    list_bytes: u64,
}

const NOTHING: NodeId = NodeId(0);
const EVERYONE: NodeId = NodeId(1);

/// Nodes that most queries do not exceed.
const FEW: usize = 20;
/// How many bit slices a number has when nobody counts them.
const SLICES_GUESS: u64 = 16;
/// How many values of a long list are asked for their members.
const VALUES_SAMPLED: usize = 32;

impl<'a> Arena<'a> {
    /// An arena with Nothing and Everyone, for the entities of a type.
    pub(super) fn new(context: &'a dyn PlanContext, population: TagId) -> Arena<'a> {
        let mut arena = Arena {
            nodes: Vec::with_capacity(FEW),
            work: Vec::with_capacity(FEW),
            digests: Vec::with_capacity(FEW),
            by_digest: HashMap::default(),
            scratch: Vec::with_capacity(256),
            choices: Vec::new(),
            context,
            live: context.members_estimate(BitmapId::live(population)),
            list_bytes: 0,
        };
        let nothing = arena.intern(Node::Nothing);
        let everyone = arena.intern(Node::Everyone);
        debug_assert_eq!((nothing, everyone), (NOTHING, EVERYONE));
        arena
    }

    pub(super) fn nothing(&self) -> NodeId {
        NOTHING
    }

    pub(super) fn everyone(&self) -> NodeId {
        EVERYONE
    }

    pub(super) fn flag(&mut self, tag: TagId) -> NodeId {
        self.intern(Node::Bitmap(BitmapId::flag(tag)))
    }

    pub(super) fn present(&mut self, tag: TagId) -> NodeId {
        self.intern(Node::Present(tag))
    }

    pub(super) fn value(&mut self, tag: ValuedTag, value: ValueId) -> NodeId {
        self.remember_kind(tag);
        self.intern(Node::Bitmap(BitmapId::value(tag.tag, value)))
    }

    /// At least one of the values.
    pub(super) fn values(&mut self, tag: ValuedTag, mut values: Vec<ValueId>) -> NodeId {
        values.sort_unstable();
        values.dedup();
        self.remember_kind(tag);
        match values.as_slice() {
            [] => NOTHING,
            [value] => self.value(tag, *value),
            _ => self.intern(Node::Values { tag: tag.tag, values: values.into(), disjoint: tag.disjoint }),
        }
    }

    fn remember_kind(&mut self, tag: ValuedTag) {
        if let (true, Err(place)) = (tag.disjoint, self.choices.binary_search(&tag.tag)) {
            self.choices.insert(place, tag.tag);
        }
    }

    /// A number in one of the ranges, which are in the form of a set.
    pub(super) fn number(&mut self, tag: TagId, ranges: ranges::Ranges) -> NodeId {
        if ranges.is_empty() {
            NOTHING
        } else if ranges::is_everything(&ranges) {
            self.present(tag)
        } else {
            self.intern(Node::Number { tag, ranges: ranges.into() })
        }
    }

    pub(super) fn linear(&mut self, terms: Vec<(TagId, i128)>, constant: i128, op: Comparison) -> NodeId {
        self.intern(Node::Linear { terms: terms.into(), constant, op })
    }

    pub(super) fn split(&mut self, split: Split) -> NodeId {
        if split.from >= split.to {
            NOTHING
        } else if (split.from, split.to) == (0, Split::BUCKETS) {
            EVERYONE
        } else {
            self.intern(Node::Split(split))
        }
    }

    pub(super) fn given(&mut self, ids: GivenIds) -> NodeId {
        if ids.ids().is_empty() { NOTHING } else { self.intern(Node::Given(Arc::new(ids))) }
    }

    /// The live entities outside `node`.
    pub(super) fn not(&mut self, node: NodeId) -> NodeId {
        self.and(vec![Term { negated: true, node }])
    }

    /// All of `nodes`.
    pub(super) fn all(&mut self, nodes: &[NodeId]) -> NodeId {
        self.and(nodes.iter().map(|&node| Term { negated: false, node }).collect())
    }

    /// In every positive term and in no negated one; no term is everyone.
    pub(super) fn and(&mut self, terms: Vec<Term>) -> NodeId {
        let mut flat = Vec::with_capacity(terms.len() + 1);
        for term in terms {
            self.flatten_term(term, &mut flat);
        }
        self.meet_numbers(&mut flat);
        if flat.iter().any(|term| !term.negated && term.node == NOTHING)
            || flat.iter().any(|term| term.negated && term.node == EVERYONE)
        {
            return NOTHING;
        }
        flat.retain(|term| term.node != NOTHING && term.node != EVERYONE);
        // By node, then positive before negated: both signs of one node stand side by side.
        flat.sort_unstable_by_key(|term| (term.node, term.negated));
        flat.dedup();
        if flat.windows(2).any(|pair| pair[0].node == pair[1].node) {
            return NOTHING;
        }
        if flat.iter().all(|term| term.negated) {
            flat.push(Term { negated: false, node: EVERYONE });
        }
        if let [only] = flat.as_slice() {
            return only.node;
        }
        flat.sort_by_key(|term| (term.negated, self.work[term.node.index()], term.node));
        self.intern(Node::And(flat.into()))
    }

    /// Adds the terms that `term` consists of: an And in an And is one And, `NOT NOT x` is x.
    fn flatten_term(&self, term: Term, flat: &mut Vec<Term>) {
        match (&self.nodes[term.node.index()], term.negated) {
            (Node::And(inner), false) => flat.extend_from_slice(inner),
            (Node::And(inner), true) if inner.len() == 2 && inner[0].node == EVERYONE => {
                let within = Term { negated: false, node: inner[1].node };
                self.flatten_term(within, flat);
            }
            _ => flat.push(term),
        }
    }

    /// Puts the ranges of one tag in one And together: `age >= 18 AND age < 30` is one range.
    fn meet_numbers(&mut self, flat: &mut Vec<Term>) {
        let mut tags: Vec<TagId> = flat.iter().filter_map(|term| self.number_tag(*term)).collect();
        tags.sort_unstable();
        if tags.windows(2).all(|pair| pair[0] != pair[1]) {
            return;
        }
        let mut met: Vec<(TagId, ranges::Ranges)> = Vec::new();
        flat.retain(|term| {
            if term.negated {
                return true;
            }
            let Node::Number { tag, ranges } = &self.nodes[term.node.index()] else {
                return true;
            };
            met.push((*tag, ranges.to_vec()));
            false
        });
        met.sort_by_key(|(tag, _)| *tag);
        let mut met = met.into_iter().peekable();
        while let Some((tag, mut both)) = met.next() {
            while let Some((_, other)) = met.next_if(|(next, _)| *next == tag) {
                both = ranges::intersect(&both, &other);
            }
            let node = self.number(tag, both);
            flat.push(Term { negated: false, node });
        }
    }

    /// The tag of a term that is a number in ranges.
    fn number_tag(&self, term: Term) -> Option<TagId> {
        match &self.nodes[term.node.index()] {
            Node::Number { tag, .. } if !term.negated => Some(*tag),
            _ => None,
        }
    }

    /// In at least one of `nodes`.
    pub(super) fn or(&mut self, nodes: Vec<NodeId>) -> NodeId {
        let mut flat = Vec::with_capacity(nodes.len());
        for node in nodes {
            match &self.nodes[node.index()] {
                Node::Or(inner) => flat.extend_from_slice(inner),
                Node::Nothing => {}
                _ => flat.push(node),
            }
        }
        if flat.contains(&EVERYONE) {
            return EVERYONE;
        }
        flat.sort_unstable();
        flat.dedup();
        self.join_tags(&mut flat);
        match flat.as_slice() {
            [] => return NOTHING,
            [only] => return *only,
            _ => {}
        }
        flat.sort_by_key(|node| (self.work[node.index()], *node));
        self.intern(Node::Or(flat.into()))
    }

    /// Puts the values, and the ranges, of one tag in one Or together.
    fn join_tags(&mut self, flat: &mut Vec<NodeId>) {
        let mut by_tag: Vec<(TagId, bool, NodeId)> = Vec::new();
        for &node in flat.iter() {
            match &self.nodes[node.index()] {
                Node::Bitmap(id) if id.slot() != BitmapId::FLAG_SLOT => {
                    by_tag.push((id.tag(), false, node));
                }
                Node::Values { tag, .. } => by_tag.push((*tag, false, node)),
                Node::Number { tag, .. } => by_tag.push((*tag, true, node)),
                _ => {}
            }
        }
        by_tag.sort_unstable();
        if !by_tag.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return;
        }
        flat.retain(|node| {
            !matches!(&self.nodes[node.index()], Node::Values { .. } | Node::Number { .. })
                && !matches!(&self.nodes[node.index()], Node::Bitmap(id) if id.slot() != BitmapId::FLAG_SLOT)
        });
        for group in by_tag.chunk_by(|left, right| left.0 == right.0) {
            let joined = match group {
                [(_, _, node)] => *node,
                [(tag, true, _), ..] => self.join_ranges(*tag, group),
                [(tag, false, _), ..] => self.join_values(*tag, group),
                [] => continue,
            };
            flat.push(joined);
        }
        // What was joined may be there already: all numbers of a tag are its present.
        flat.retain(|node| *node != NOTHING);
        flat.sort_unstable();
        flat.dedup();
    }

    fn join_ranges(&mut self, tag: TagId, group: &[(TagId, bool, NodeId)]) -> NodeId {
        let mut joined = ranges::Ranges::new();
        for (_, _, node) in group {
            if let Node::Number { ranges, .. } = &self.nodes[node.index()] {
                joined.extend_from_slice(ranges);
            }
        }
        self.number(tag, ranges::normalize(joined))
    }

    fn join_values(&mut self, tag: TagId, group: &[(TagId, bool, NodeId)]) -> NodeId {
        let mut joined = Vec::with_capacity(group.len());
        for (_, _, node) in group {
            match &self.nodes[node.index()] {
                Node::Bitmap(id) => joined.push(ValueId(id.slot())),
                Node::Values { values, .. } => joined.extend_from_slice(values),
                _ => {}
            }
        }
        let disjoint = self.choices.binary_search(&tag).is_ok();
        self.values(ValuedTag { tag, disjoint }, joined)
    }

    /// So many of `nodes`, which are counted as listed.
    pub(super) fn threshold(&mut self, mode: ThresholdMode, k: u32, mut nodes: Vec<NodeId>) -> NodeId {
        let everyone = nodes.iter().filter(|node| **node == EVERYONE).count() as u32;
        nodes.retain(|node| *node != NOTHING && *node != EVERYONE);
        let count = nodes.len() as u32;
        let Some(k) = k.checked_sub(everyone) else {
            return match mode {
                ThresholdMode::AtLeast => EVERYONE,
                ThresholdMode::AtMost | ThresholdMode::Exactly => NOTHING,
            };
        };
        match mode {
            ThresholdMode::AtLeast if k == 0 => EVERYONE,
            ThresholdMode::AtMost if k >= count => EVERYONE,
            ThresholdMode::AtLeast | ThresholdMode::Exactly if k > count => NOTHING,
            ThresholdMode::AtLeast if k == 1 => self.or(nodes),
            ThresholdMode::AtLeast | ThresholdMode::Exactly if k == count => {
                if k == 0 {
                    return EVERYONE;
                }
                self.all(&nodes)
            }
            ThresholdMode::AtMost | ThresholdMode::Exactly if k == 0 => {
                let any = self.or(nodes);
                self.not(any)
            }
            _ => {
                nodes.sort_by_key(|node| (self.work[node.index()], *node));
                self.intern(Node::Threshold { mode, k, of: nodes.into() })
            }
        }
    }

    /// The digest of a node: equal for equal meaning up to the order of operands.
    pub(super) fn digest(&self, node: NodeId) -> u128 {
        self.digests[node.index()]
    }

    /// The plan with this root.
    pub(super) fn finish(self, root: NodeId) -> Plan {
        Plan { nodes: self.nodes, root }
    }

    /// What the lists of values of all nodes take.
    pub(super) fn list_bytes(&self) -> u64 {
        self.list_bytes
    }

    fn intern(&mut self, node: Node) -> NodeId {
        let digest = self.digest_of(&node);
        if let Some(known) = self.known(digest) {
            return known;
        }
        let id = NodeId(self.nodes.len() as u32);
        if let Node::Values { values, .. } = &node {
            self.list_bytes += size_of_val(&values[..]) as u64;
        }
        self.work.push(self.work_of(&node));
        self.digests.push(digest);
        self.nodes.push(node);
        if id.index() >= FEW {
            // The first that is beyond the few brings all of them.
            let place = if self.by_digest.is_empty() { 0 } else { id.index() };
            let new = (place as u32..).map(NodeId);
            self.by_digest.extend(self.digests[place..].iter().copied().zip(new));
        }
        id
    }

    /// The node with this digest. Looking through a few is faster than to hash.
    fn known(&self, digest: u128) -> Option<NodeId> {
        if self.by_digest.is_empty() {
            return self.digests.iter().position(|known| *known == digest).map(|place| NodeId(place as u32));
        }
        self.by_digest.get(&digest).copied()
    }

    fn digest_of(&mut self, node: &Node) -> u128 {
        let mut bytes = std::mem::take(&mut self.scratch);
        bytes.clear();
        write_node(node, &self.digests, &mut bytes);
        let digest = xxh3_128(&bytes);
        self.scratch = bytes;
        digest
    }

    fn work_of(&self, node: &Node) -> u64 {
        let of = |id: &NodeId| self.work[id.index()];
        let members = |id: BitmapId| self.context.members_estimate(id).min(self.live).max(1);
        match node {
            Node::Nothing => 0,
            Node::Everyone => self.live,
            Node::Bitmap(id) => members(*id),
            Node::Values { tag, values, .. } => {
                let sample = &values[..values.len().min(VALUES_SAMPLED)];
                let sampled =
                    sample.iter().map(|value| members(BitmapId::value(*tag, *value))).fold(0, u64::saturating_add);
                (sampled / sample.len() as u64).saturating_mul(values.len() as u64)
            }
            Node::Present(tag) => members(BitmapId::present(*tag)),
            Node::Number { tag, ranges } => {
                members(BitmapId::present(*tag)).saturating_mul(SLICES_GUESS).saturating_mul(ranges.len() as u64)
            }
            Node::Linear { terms, .. } => terms.iter().fold(self.live, |work, (tag, _)| {
                let tag = members(BitmapId::present(*tag)).saturating_mul(SLICES_GUESS * 4);
                work.saturating_add(tag)
            }),
            Node::Split(_) => self.live.saturating_mul(SLICES_GUESS),
            Node::Given(ids) => ids.ids().len(),
            Node::And(terms) => terms.iter().fold(1, |work, term| work.saturating_add(of(&term.node))),
            Node::Or(nodes) => nodes.iter().map(of).fold(1, u64::saturating_add),
            Node::Threshold { of: nodes, .. } => nodes.iter().map(of).fold(self.live, u64::saturating_add),
        }
    }
}
