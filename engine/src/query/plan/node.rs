//! The plan: an arena of nodes, each expression once, children before parents.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use roaring::RoaringBitmap;

use crate::error::Result;
use crate::ids::{BitmapId, TagId, ValueId};
use crate::query::pace::Stop;

/// The place of a node in its [`Plan`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct NodeId(pub u32);

impl NodeId {
    /// The place as an index into [`Plan::nodes`].
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A bound boolean expression. Equal expressions are one node, a node's children have lower ids than itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    /// All nodes. Some may be reachable only from the conditions of [`super::Planned`], not from `root`.
    pub nodes: Vec<Node>,
    /// The node that the whole query is.
    pub root: NodeId,
}

impl Plan {
    /// The node at `id`.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    /// What the ids take that came with the query: as a bitmap, as the part made of it, and room for both to grow.
    pub(in crate::query) fn given_bytes(&self) -> u64 {
        let given = self.nodes.iter().filter_map(|node| match node {
            Node::Given(given) => Some(3 * given.ids().serialized_size() as u64),
            _ => None,
        });
        given.sum()
    }
}

/// One operation on sets of entities. Every leaf is within the present of its tags, and presents are within the live;
/// the two exceptions are [`Node::Split`] and [`Node::Given`], which the evaluator meets with the live.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Node {
    /// No entity.
    Nothing,
    /// The live entities of the type.
    Everyone,
    /// A flag, or one value of a choice or set tag.
    Bitmap(BitmapId),
    /// Entities that have at least one of the values; two values at least.
    Values {
        /// The choice or set tag.
        tag: TagId,
        /// The values, rising, each once.
        values: Arc<[ValueId]>,
        /// Whether no entity has two of them (a choice tag).
        disjoint: bool,
    },
    /// Entities that have the tag at all; never of a flag.
    Present(TagId),
    /// Entities whose number lies in one of the ranges.
    Number {
        /// The int, decimal, date or time tag.
        tag: TagId,
        /// Both ends inclusive; rising, disjoint, not adjacent, not empty, never all of `i64` (that is `Present`).
        ranges: Arc<[(i64, i64)]>,
    },
    /// Entities that have all the tags, where `sum(factor * tag) + constant op 0`. Exact: the planner has checked that
    /// no sum over any `i64` values leaves `i128`.
    Linear {
        /// Tags by rising id, each once, no factor zero. Two tags at least, or one in a form that ranges cannot say.
        terms: Arc<[(TagId, i128)]>,
        /// What is added.
        constant: i128,
        /// How the sum compares to zero.
        op: Comparison,
    },
    /// Live entities whose bucket lies in `from..to`.
    Split(Split),
    /// Ids that came with the query; those that are not live do not count.
    Given(Arc<GivenIds>),
    /// Entities in all positive terms and in no negated one. At least two terms or one negated one beside a positive
    /// one; positives first, in each half cheapest first; never an And as a positive term.
    And(Arc<[Term]>),
    /// Entities in at least one of two or more nodes, cheapest first; never an Or directly inside. A NOT below is
    /// `And[Everyone, not x]`.
    Or(Arc<[NodeId]>),
    /// Entities in so many of the nodes; a node may be listed twice and then counts twice.
    Threshold {
        /// How `k` bounds the number.
        mode: ThresholdMode,
        /// The bound, at most `of.len()`.
        k: u32,
        /// Two nodes at least.
        of: Arc<[NodeId]>,
    },
}

/// One operand of an And.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Term {
    /// Whether the members of `node` are taken away.
    pub negated: bool,
    /// The operand.
    pub node: NodeId,
}

/// How a number compares to zero.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[allow(missing_docs)]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    /// Whether `left op right`.
    pub fn holds<T: Ord>(self, left: &T, right: &T) -> bool {
        match self {
            Comparison::Equal => left == right,
            Comparison::NotEqual => left != right,
            Comparison::Less => left < right,
            Comparison::LessOrEqual => left <= right,
            Comparison::Greater => left > right,
            Comparison::GreaterOrEqual => left >= right,
        }
    }

    /// The comparison with both sides exchanged (or multiplied by -1).
    pub fn flipped(self) -> Comparison {
        match self {
            Comparison::Equal | Comparison::NotEqual => self,
            Comparison::Less => Comparison::Greater,
            Comparison::LessOrEqual => Comparison::GreaterOrEqual,
            Comparison::Greater => Comparison::Less,
            Comparison::GreaterOrEqual => Comparison::LessOrEqual,
        }
    }

    /// The sign as the language writes it.
    pub const fn sign(self) -> &'static str {
        match self {
            Comparison::Equal => "=",
            Comparison::NotEqual => "!=",
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
        }
    }
}

/// How a threshold bounds the number of its terms that hold.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[allow(missing_docs)]
pub enum ThresholdMode {
    AtLeast,
    AtMost,
    Exactly,
}

/// A stable share of the entities, by the hash of their keys.
///
/// The bucket of an entity is `xxh3_64(little-endian bytes of the 64-bit hash of its key, seed) mod BUCKETS`, fixed for
/// ever.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Split {
    /// `xxh3_64` of the salt.
    pub seed: u64,
    /// The first bucket.
    pub from: u16,
    /// One beyond the last bucket, more than `from`.
    pub to: u16,
}

impl Split {
    /// How many buckets there are: hundredths of a percent.
    pub const BUCKETS: u16 = 10_000;

    /// The seed of a salt.
    pub fn seed(salt: &str) -> u64 {
        xxhash_rust::xxh3::xxh3_64(salt.as_bytes())
    }

    /// The bucket of the key with this stored hash.
    pub fn bucket(self, key_hash: u64) -> u16 {
        let hash = xxhash_rust::xxh3::xxh3_64_with_seed(&key_hash.to_le_bytes(), self.seed);
        (hash % u64::from(Self::BUCKETS)) as u16
    }

    /// Whether the key with this stored hash belongs to the share.
    pub fn contains(self, key_hash: u64) -> bool {
        (self.from..self.to).contains(&self.bucket(key_hash))
    }
}

/// Local ids that came with a query, with a digest so that equal ones are found without comparing them.
#[derive(Clone, PartialEq, Debug)]
pub struct GivenIds {
    ids: RoaringBitmap,
    digest: u128,
}

impl GivenIds {
    /// The ids in `ids`, which may name entities that are not live. Looks at `stop` as it goes. Errors: cancelled,
    /// deadline.
    pub fn new(ids: RoaringBitmap, stop: &Stop) -> Result<GivenIds> {
        let mut hasher = xxhash_rust::xxh3::Xxh3::new();
        let mut rest = ids.iter();
        let mut runs = 0;
        // A run that goes on in the next container of 65,536 ids is one, however the bitmap was made.
        let mut before: Option<(u32, u32)> = None;
        while let Some(run) = rest.next_range() {
            if runs % RUNS_PER_LOOK == 0 {
                stop.look()?;
            }
            runs += 1;
            let (first, last) = run.into_inner();
            before = match before {
                Some((start, end)) if end.checked_add(1) == Some(first) => Some((start, last)),
                other => {
                    other.into_iter().for_each(|run| add_run(&mut hasher, run));
                    Some((first, last))
                }
            };
        }
        before.into_iter().for_each(|run| add_run(&mut hasher, run));
        Ok(GivenIds { digest: hasher.digest128(), ids })
    }

    /// The ids.
    pub fn ids(&self) -> &RoaringBitmap {
        &self.ids
    }

    /// A hash of the ids, the same on every machine.
    pub fn digest(&self) -> u128 {
        self.digest
    }
}

/// Runs of ids between two looks.
const RUNS_PER_LOOK: u32 = 4_096;

fn add_run(hasher: &mut xxhash_rust::xxh3::Xxh3, (first, last): (u32, u32)) {
    hasher.update(&first.to_le_bytes());
    hasher.update(&last.to_le_bytes());
}

impl Eq for GivenIds {}

impl Hash for GivenIds {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.digest.hash(state);
    }
}
