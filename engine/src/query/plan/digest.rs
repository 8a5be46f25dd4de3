//! The bytes whose hash a node is known by: the same for operands in another order, and on every machine.
//!
//! They are part of what a fingerprint is, so they never change.

use std::hash::Hasher;

use super::node::{Node, NodeId, Term};

/// A digest is its own hash.
#[derive(Default)]
pub(super) struct DigestHasher(u64);

impl Hasher for DigestHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u128(&mut self, digest: u128) {
        self.0 = digest as u64;
    }
}

/// Writes what a node means, its operands by digest and in the order of their digests.
pub(super) fn write_node(node: &Node, digests: &[u128], bytes: &mut Vec<u8>) {
    let mut put = |number: u128| bytes.extend_from_slice(&number.to_le_bytes());
    match node {
        Node::Nothing => put(0),
        Node::Everyone => put(1),
        Node::Bitmap(id) => {
            put(2);
            put(u128::from(id.0));
        }
        Node::Values { tag, values, .. } => {
            put(3);
            put(u128::from(tag.0));
            for value in values.iter() {
                bytes.extend_from_slice(&value.0.to_le_bytes());
            }
        }
        Node::Present(tag) => {
            put(4);
            put(u128::from(tag.0));
        }
        Node::Number { tag, ranges } => {
            put(5);
            put(u128::from(tag.0));
            for (low, high) in ranges.iter() {
                bytes.extend_from_slice(&low.to_le_bytes());
                bytes.extend_from_slice(&high.to_le_bytes());
            }
        }
        Node::Linear { terms, constant, op } => {
            put(6);
            put(*op as u128);
            put(*constant as u128);
            for (tag, factor) in terms.iter() {
                put(u128::from(tag.0));
                put(*factor as u128);
            }
        }
        Node::Split(split) => {
            put(7);
            put(u128::from(split.seed));
            put(u128::from(split.from) << 16 | u128::from(split.to));
        }
        Node::Given(ids) => {
            put(8);
            put(ids.digest());
        }
        Node::And(terms) => {
            put(9);
            put_terms(terms, digests, bytes);
        }
        Node::Or(nodes) => {
            put(10);
            put_sorted(nodes, digests, bytes);
        }
        Node::Threshold { mode, k, of } => {
            put(11);
            put((*mode as u128) << 32 | u128::from(*k));
            put_sorted(of, digests, bytes);
        }
    }
}

fn put_sorted(nodes: &[NodeId], digests: &[u128], bytes: &mut Vec<u8>) {
    let mut operands: Vec<u128> = nodes.iter().map(|node| digests[node.index()]).collect();
    operands.sort_unstable();
    for digest in operands {
        bytes.extend_from_slice(&digest.to_le_bytes());
    }
}

fn put_terms(terms: &[Term], digests: &[u128], bytes: &mut Vec<u8>) {
    let mut operands: Vec<(bool, u128)> = terms.iter().map(|term| (term.negated, digests[term.node.index()])).collect();
    operands.sort_unstable();
    for (negated, digest) in operands {
        bytes.extend_from_slice(&u128::from(negated).to_le_bytes());
        bytes.extend_from_slice(&digest.to_le_bytes());
    }
}
