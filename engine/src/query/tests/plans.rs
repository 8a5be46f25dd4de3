//! Random plans, and what they mean.

use std::sync::Arc;

use roaring::RoaringBitmap;

use super::model::{CHOICES, CITIES, Entity, ITEMS, Model, TAGS};
use crate::catalog::EntityKey;
use crate::ids::{BitmapId, TagId, ValueId};
use crate::query::pace::Stop;
use crate::query::plan::{Comparison, GivenIds, Node, NodeId, Plan, Split, Term, ThresholdMode};
use crate::storage::Random;

/// A plan of up to four levels.
pub(super) fn random_plan(random: &mut Random, id_end: u32) -> Plan {
    let mut nodes = Vec::new();
    let root = grow(random, id_end, 3, &mut nodes);
    Plan { nodes, root }
}

/// A plan with lists longer than what is combined at once: nodes of their own, shared ones, and some listed twice.
pub(super) fn wide_plan(random: &mut Random, id_end: u32) -> Plan {
    let mut nodes = Vec::new();
    let count = 20 + random.below(120);
    let mut of: Vec<NodeId> = (0..count).map(|_| grow(random, id_end, 1, &mut nodes)).collect();
    of.push(of[0]);
    // The longer the list, the fewer are in all of it.
    let negated = |place: usize| place >= 2;
    let terms = of.iter().take(40).enumerate().map(|(place, &node)| Term { negated: negated(place), node });
    nodes.push(Node::And(terms.collect()));
    nodes.push(Node::Or(of[..of.len() / 2].into()));
    of.extend([NodeId(nodes.len() as u32 - 2), NodeId(nodes.len() as u32 - 1)]);
    let k = 1 + random.below(of.len() as u64 / 2) as u32;
    let mode = [ThresholdMode::AtLeast, ThresholdMode::AtMost, ThresholdMode::Exactly][random.below(3) as usize];
    nodes.push(Node::Threshold { mode, k, of: of.into() });
    let threshold = NodeId(nodes.len() as u32 - 1);
    let root = match random.below(3) {
        0 => Node::And([Term { negated: false, node: threshold }, Term { negated: true, node: NodeId(0) }].into()),
        1 => Node::Or([threshold, NodeId(1)].into()),
        _ => return Plan { nodes, root: threshold },
    };
    nodes.push(root);
    Plan { root: NodeId(nodes.len() as u32 - 1), nodes }
}

fn grow(random: &mut Random, id_end: u32, depth: u32, nodes: &mut Vec<Node>) -> NodeId {
    let node = match if depth == 0 { 0 } else { random.below(6) } {
        0..2 => leaf(random, id_end),
        2..4 => {
            let mut terms: Vec<Term> = (0..2 + random.below(4))
                .map(|place| Term {
                    negated: place > 0 && random.below(3) == 0,
                    node: grow(random, id_end, depth - 1, nodes),
                })
                .collect();
            terms.sort_by_key(|term| term.negated);
            Node::And(terms.into())
        }
        4 => Node::Or((0..2 + random.below(20)).map(|_| grow(random, id_end, depth.min(2) - 1, nodes)).collect()),
        _ => {
            let of: Arc<[NodeId]> = (0..2 + random.below(5)).map(|_| grow(random, id_end, depth - 1, nodes)).collect();
            let modes = [ThresholdMode::AtLeast, ThresholdMode::AtMost, ThresholdMode::Exactly];
            let mode = modes[random.below(3) as usize];
            let at_least_one = u32::from(mode == ThresholdMode::AtLeast);
            Node::Threshold { mode, k: at_least_one + random.below(of.len() as u64) as u32, of }
        }
    };
    nodes.push(node);
    NodeId(nodes.len() as u32 - 1)
}

fn leaf(random: &mut Random, id_end: u32) -> Node {
    let mut value = |count: u32| ValueId(1 + random.below(u64::from(count)) as u32);
    let (choice, city, item) = (value(CHOICES), value(CITIES), value(ITEMS));
    match random.below(14) {
        0 => Node::Everyone,
        1 => Node::Bitmap(BitmapId::flag(TAGS.flag)),
        2 => Node::Bitmap(BitmapId::flag(TAGS.rare)),
        3 => Node::Bitmap(BitmapId::value(TAGS.choice, choice)),
        4 => Node::Bitmap(BitmapId::value(TAGS.city, city)),
        5 => Node::Bitmap(BitmapId::value(TAGS.set, item)),
        6 => values(random, TAGS.choice, CHOICES, true),
        7 => values(random, TAGS.city, CITIES, true),
        8 => values(random, TAGS.set, ITEMS, false),
        9 => {
            let tags = [TAGS.choice, TAGS.city, TAGS.set, TAGS.age, TAGS.amount];
            Node::Present(tags[random.below(5) as usize])
        }
        10 => number(random),
        11 => Node::Linear {
            terms: [(TAGS.age, random.below(20_000) as i128 - 10_000), (TAGS.amount, 1 + random.below(3) as i128)]
                .into(),
            constant: random.below(1000) as i128 - 500,
            op: [Comparison::Less, Comparison::Equal, Comparison::GreaterOrEqual][random.below(3) as usize],
        },
        12 => {
            let from = random.below(9_000) as u16;
            Node::Split(Split { seed: random.next_u64(), from, to: from + 1 + random.below(1_000) as u16 })
        }
        _ => {
            let mut ids = RoaringBitmap::new();
            for _ in 0..random.below(2_000) {
                ids.insert(random.below(u64::from(id_end)) as u32);
            }
            Node::Given(Arc::new(GivenIds::new(ids, &Stop::default()).unwrap()))
        }
    }
}

fn values(random: &mut Random, tag: TagId, count: u32, disjoint: bool) -> Node {
    let mut values: Vec<ValueId> =
        (0..2 + random.below(20)).map(|_| ValueId(1 + random.below(u64::from(count)) as u32)).collect();
    values.sort_unstable();
    values.dedup();
    Node::Values { tag, values: values.into(), disjoint }
}

fn number(random: &mut Random) -> Node {
    let (tag, span, shift) = [(TAGS.age, 120, 10), (TAGS.amount, 1 << 21, 1 << 19)][random.below(2) as usize];
    let mut ends: Vec<i64> = (0..2 * (1 + random.below(3))).map(|_| random.below(span) as i64 - shift).collect();
    ends.sort_unstable();
    ends.dedup();
    let mut ranges: Vec<(i64, i64)> = ends.chunks_exact(2).map(|ends| (ends[0], ends[1])).collect();
    ranges.dedup_by(|next, before| next.0 <= before.1 + 1);
    if ranges.is_empty() || random.below(8) == 0 {
        ranges = vec![(i64::MIN + 1, -1)];
    }
    Node::Number { tag, ranges: ranges.into() }
}

/// Whether the node selects the entity, by its definition.
pub(super) fn holds(model: &Model, plan: &Plan, node: NodeId, id: u32) -> bool {
    let Some(entity) = model.get(&id) else {
        return false;
    };
    match plan.node(node) {
        Node::Nothing => false,
        Node::Everyone => true,
        Node::Bitmap(bitmap) => match bitmap.slot() {
            BitmapId::FLAG_SLOT => entity.flags.contains(&bitmap.tag()),
            value => has_value(entity, bitmap.tag(), value),
        },
        Node::Values { tag, values, .. } => values.iter().any(|value| has_value(entity, *tag, value.0)),
        Node::Present(tag) if *tag == TAGS.set => !entity.items.is_empty(),
        Node::Present(tag) => entity.choices.contains_key(tag) || entity.numbers.contains_key(tag),
        Node::Number { tag, ranges } => {
            let number = entity.numbers.get(tag);
            number.is_some_and(|number| ranges.iter().any(|(low, high)| (low..=high).contains(&number)))
        }
        Node::Linear { terms, constant, op } => {
            let mut sum = *constant;
            for (tag, factor) in terms.iter() {
                match entity.numbers.get(tag) {
                    Some(number) => sum += factor * i128::from(*number),
                    None => return false,
                }
            }
            op.holds(&sum, &0)
        }
        Node::Split(split) => split.contains(EntityKey::Number(u64::from(id)).hash()),
        Node::Given(ids) => ids.ids().contains(id),
        Node::And(terms) => terms.iter().all(|term| holds(model, plan, term.node, id) != term.negated),
        Node::Or(children) => children.iter().any(|child| holds(model, plan, *child, id)),
        Node::Threshold { mode, k, of } => {
            let count = of.iter().filter(|child| holds(model, plan, **child, id)).count() as u32;
            match mode {
                ThresholdMode::AtLeast => count >= *k,
                ThresholdMode::AtMost => count <= *k,
                ThresholdMode::Exactly => count == *k,
            }
        }
    }
}

fn has_value(entity: &Entity, tag: TagId, value: u32) -> bool {
    match tag == TAGS.set {
        true => entity.items.contains(&value),
        false => entity.choices.get(&tag) == Some(&value),
    }
}
