//! What questions that look at many entities read: bitmaps of several layers are merged when they are asked for again.
//!
//! A query that is asked once folds; asked for the second time, its bitmaps are merged and it is bound once more. What
//! is bound never changes, so all threads of a question read the same. Questions about one entity merge nothing.

use std::sync::Arc;

use super::prepared::Prepared;
use crate::error::{ErrorKind, Result};
use crate::ids::TagId;
use crate::query::bind::{Bound, BoundBitmap, BoundNumber, Means};
use crate::query::evaluate::Run;
use crate::query::plan::Plan;
use crate::snapshot::{Lookup, Snapshot};

/// What came of asking for some bitmaps.
struct Merged {
    /// Binding again finds some of them merged.
    any: bool,
    /// None of them will be merged when it is asked for again.
    all: bool,
}

impl Prepared {
    /// What the query reads when it is asked now. Errors: not found, limit, corrupt, cancelled, deadline.
    #[inline]
    pub(super) fn asked(&self, run: &Run) -> Result<&Arc<Bound>> {
        match self.bound.is_unmerged {
            false => Ok(&self.bound),
            true => self.asked_unmerged(run),
        }
    }

    fn asked_unmerged(&self, run: &Run) -> Result<&Arc<Bound>> {
        if let Some(merged) = self.merged.get() {
            return Ok(merged);
        }
        match merge(&self.snapshot, self.bound.all_bitmaps(), run)? {
            Merged { any: true, all: true } => {
                match self.bind(&self.planned.plan, run) {
                    Ok(again) => Ok(self.merged.get_or_init(|| Arc::new(again))),
                    // Who has no room for it twice reads the layers.
                    Err(error) if error.kind() == ErrorKind::Limit => Ok(&self.bound),
                    Err(error) => Err(error),
                }
            }
            _ => Ok(&self.bound),
        }
    }

    /// Binds another plan, to be asked once.
    pub(super) fn bind_asked(&self, plan: &Plan, run: &Run) -> Result<Bound> {
        let bound = self.bind(plan, run)?;
        match bound.is_unmerged && merge(&self.snapshot, bound.all_bitmaps(), run)?.any {
            true => {
                drop(bound);
                self.bind(plan, run)
            }
            false => Ok(bound),
        }
    }

    /// Binds a number tag, to be asked once.
    pub(super) fn bind_number(&self, tag: TagId, run: &Run) -> Result<Arc<BoundNumber>> {
        let population = self.snapshot.entity_type(self.planned.type_id)?.population;
        let bind = || BoundNumber::new(&self.snapshot, tag, population);
        let number = bind()?;
        match merge(&self.snapshot, number.bitmaps(), run)?.any {
            true => bind(),
            false => Ok(number),
        }
    }

    /// Binds one bitmap by `bind`, to be asked once.
    pub(super) fn bind_bitmap(&self, run: &Run, bind: impl Fn() -> Result<BoundBitmap>) -> Result<BoundBitmap> {
        let bitmap = bind()?;
        match merge(&self.snapshot, [&bitmap], run)?.any {
            true => bind(),
            false => Ok(bitmap),
        }
    }

    /// Binds beside the query itself, within what that leaves of the budget.
    fn bind(&self, plan: &Plan, run: &Run) -> Result<Bound> {
        let (mut budget, stop) = (self.budget, run.stop());
        Bound::new(&self.snapshot, self.planned.type_id, plan, &[], &mut Means::new(&mut budget, &stop))
    }
}

/// Counts a use of each of `bitmaps` that must be folded, and merges those whose time has come. Errors: cancelled,
/// deadline.
fn merge<'a>(snapshot: &Snapshot, bitmaps: impl IntoIterator<Item = &'a BoundBitmap>, run: &Run) -> Result<Merged> {
    let mut merged = Merged { any: false, all: true };
    for (bitmap, stack) in bitmaps.into_iter().filter_map(BoundBitmap::unmerged) {
        match snapshot.ask(bitmap, stack) {
            Lookup::Once => merged.all = false,
            Lookup::Refused => {}
            Lookup::Found => merged.any = true,
            Lookup::Again => {
                merged.any |= snapshot.merge(bitmap, stack, &mut || run.look()).is_some();
                run.look()?;
            }
        }
    }
    Ok(merged)
}
