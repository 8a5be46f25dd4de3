//! One entity in many queries: who asks for an audience of one person asks for hundreds of audiences.

use super::prepared::Prepared;
use crate::bitmap::Container;
use crate::error::Result;
use crate::ids::LocalId;
use crate::query::bind::BoundNode;

/// Queries that are looked at side by side.
const GROUP: usize = 32;

/// Whether each of `prepared` selects one entity, in their order; corrupt where one cannot be told.
///
/// What the answers need lies far apart in memory, and waiting for it is most of the time. So a group of queries takes
/// each step together, and the processor waits for all of their memory at once: first for the entries of directories,
/// then for members.
pub fn contains_each(prepared: &[Prepared], id: LocalId) -> Vec<Result<bool>> {
    let mut answers = Vec::with_capacity(prepared.len());
    for group in prepared.chunks(GROUP) {
        let mut containers = [None; GROUP];
        for (container, one) in containers.iter_mut().zip(group) {
            *container = one.in_place(id);
        }
        let mut near = [0; GROUP];
        for (near, container) in near.iter_mut().zip(&containers) {
            *near = container.map_or(0, |container| container.look_near(id.low()));
        }
        // What was looked at is in the cache from here on; nothing else is wanted of it.
        std::hint::black_box(&near);
        answers.extend(containers.iter().zip(group).map(|(container, one)| match container {
            Some(container) => Ok(container.contains(id.low())),
            None => one.contains(id),
        }));
    }
    answers
}

impl Prepared {
    /// Whether the query is one bitmap as it stands. Such a query takes little memory, so that many can be kept to be
    /// asked together.
    pub fn is_one_bitmap(&self) -> bool {
        matches!(self.bound.node(self.bound.root), BoundNode::Bitmap(_))
    }

    /// The members in the chunk of `id`, where they stand in one part and can be read.
    fn in_place(&self, id: LocalId) -> Option<Container<'_>> {
        match self.bound.node(self.bound.root) {
            BoundNode::Bitmap(bitmap) => bitmap.in_place(id.chunk()).ok().flatten(),
            _ => None,
        }
    }
}
