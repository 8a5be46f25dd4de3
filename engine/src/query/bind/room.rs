//! The memory that one thread needs to evaluate a bound plan: buffers of nodes, digits of numbers, counters.
//!
//! It is an upper bound. A node of up to [`OPERANDS_MAX`] operands has all of them at hand, a longer one reads one
//! after the other, a threshold a batch of them; what several nodes share is kept until the chunk ends.

use super::{Bound, BoundNode};
use crate::bitmap::{AlignedWords, BATCH, ChunkBuffer, Counters};
use crate::query::plan::NodeId;

/// Operands that an And or an Or has at hand at once.
pub(in crate::query) const OPERANDS_MAX: usize = 16;

/// Buffers that no node owns, in the operation of one node.
const BUFFERS_OF_A_NODE: u64 = 3;

/// Rooms for a presence, a sign and candidates.
const ROOMS: u64 = 3;

impl Bound {
    /// How many bytes one thread needs at most.
    pub(in crate::query) fn scratch_bytes(&self) -> u64 {
        let mut needs: Vec<u64> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let need = needs_of(node, &needs);
            needs.push(need);
        }
        let buffer = ChunkBuffer::BYTES as u64;
        let kept = match self.releases {
            true => self.is_shared.iter().flatten().filter(|is_shared| **is_shared).count() as u64,
            false => self.nodes.len() as u64,
        };
        let digits: usize = self.numbers.iter().map(|number| number.slices.len()).sum();
        let words = size_of::<AlignedWords>() as u64;
        let numbers = self.numbers.len() as u64 * buffer + (digits as u64 + ROOMS) * words;
        buffer.saturating_mul(kept).saturating_add(needs[self.root.index()]).saturating_add(numbers)
    }
}

/// What is held while a node is evaluated, its result included. Children stand before their parents.
fn needs_of(node: &BoundNode, needs: &[u64]) -> u64 {
    let buffer = ChunkBuffer::BYTES as u64;
    let most = |children: &mut dyn Iterator<Item = &NodeId>| children.map(|id| needs[id.index()]).max().unwrap_or(0);
    let own = (1 + BUFFERS_OF_A_NODE) * buffer;
    let (at_hand, most, beside) = match node {
        BoundNode::And(and) => {
            let operands = and.positive.len() + and.negative.len() + and.unions.len();
            let at_hand = if and.is_long() { 1 } else { operands };
            (at_hand, most(&mut and.positive.iter().chain(&and.negative).chain(&and.unions)), 0)
        }
        BoundNode::Or(children) => {
            let at_hand = if children.len() > OPERANDS_MAX { 1 } else { children.len() };
            (at_hand, most(&mut children.iter()), 0)
        }
        BoundNode::Threshold { of, .. } => {
            let beside = Counters::bytes_of(of.len()) as u64;
            (of.len().min(BATCH), most(&mut of.iter()), beside)
        }
        BoundNode::Linear(linear) => (0, 0, linear.terms.len() as u64 * 2 * size_of::<AlignedWords>() as u64),
        _ => (0, 0, 0),
    };
    own.saturating_add(at_hand as u64 * buffer).saturating_add(most).saturating_add(beside)
}
