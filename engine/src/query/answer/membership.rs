//! One entity in many queries, or some entities: who asks for an audience of one person asks for hundreds of audiences.

use std::borrow::Borrow;

use super::prepared::Prepared;
use crate::error::Result;
use crate::ids::LocalId;
use crate::part::Spot;
use crate::query::bind::BoundNode;
use crate::query::budget::Budget;
use crate::query::evaluate::{Column, Columns, Entities, Run};

/// Queries that are looked at side by side.
const GROUP: usize = 32;

/// Whether each of `prepared` selects one entity, in their order; corrupt where one cannot be told.
///
/// What the answers need lies far apart in memory, and waiting for it is most of the time. So a group of queries takes
/// each step together, and the processor waits for all of their memory at once: first for the entries of directories,
/// then for members.
pub fn contains_each<P: Borrow<Prepared>>(prepared: &[P], id: LocalId) -> Vec<Result<bool>> {
    let mut answers = Vec::with_capacity(prepared.len());
    for group in prepared.chunks(GROUP) {
        let mut spots = [None; GROUP];
        for (spot, one) in spots.iter_mut().zip(group) {
            *spot = one.borrow().spot(id);
        }
        spots.iter().flatten().for_each(Spot::prefetch_entry);
        let mut containers = [None; GROUP];
        for (container, spot) in containers.iter_mut().zip(&spots) {
            if let Some(Ok(found)) = spot.as_ref().map(Spot::container) {
                found.prefetch(id.low());
                *container = Some(found);
            }
        }
        answers.extend(containers.iter().zip(group).map(|(container, one)| match container {
            Some(container) => Ok(container.contains(id.low())),
            None => one.borrow().contains(id),
        }));
    }
    answers
}

/// Which of some entities several queries select.
pub struct Memberships<'e> {
    columns: Columns<'e>,
}

impl<'e> Memberships<'e> {
    /// About `entities`; what is found out about them is kept within `memory_bytes_max`.
    pub fn new(entities: &'e Entities, memory_bytes_max: u64, run: &'e Run) -> Memberships<'e> {
        Memberships { columns: Columns::new(entities, Budget::new(memory_bytes_max), run) }
    }

    /// Whom `prepared` selects. Errors: limit, corrupt, cancelled, deadline.
    pub fn of(&mut self, prepared: &Prepared) -> Result<Column> {
        self.columns.of(&prepared.bound)
    }
}

impl Prepared {
    /// Whether the query is one bitmap as it stands. Such a query takes little memory, so that many can be kept to be
    /// asked together.
    pub fn is_one_bitmap(&self) -> bool {
        matches!(self.bound.node(self.bound.root), BoundNode::Bitmap(_))
    }

    /// Where the members in the chunk of `id` stand, if they stand in one part.
    #[inline(always)]
    fn spot(&self, id: LocalId) -> Option<Spot<'_>> {
        match self.bound.node(self.bound.root) {
            BoundNode::Bitmap(bitmap) => bitmap.spot(id.chunk()),
            _ => None,
        }
    }
}
