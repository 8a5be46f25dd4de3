//! The audience kept once, for answers that look at it several times.
//!
//! It becomes a part in memory, so that it is read by the same evaluator as everything else.

use std::sync::Arc;

use super::prepared::Prepared;
use crate::bitmap::Container;
use crate::error::Result;
use crate::ids::{BitmapId, ChunkId};
use crate::part::{KeptBitmap, Part, Role};
use crate::query::bind::BoundBitmap;
use crate::query::budget::Budget;
use crate::query::evaluate::{Run, Scratch, Want, evaluate};

struct WantKept {
    budget: Budget,
}

/// While it becomes a part, a kept audience stands there as a draft and as bytes that double as they grow.
const KEPT_TIMES: u64 = 4;

impl Want for WantKept {
    type Partial = KeptBitmap;

    fn nothing(&self) -> KeptBitmap {
        KeptBitmap::default()
    }

    fn add(&self, kept: &mut KeptBitmap, chunk: ChunkId, members: Container<'_>, _: &mut Scratch) -> Result<bool> {
        kept.push(chunk, members);
        self.budget.check(KEPT_TIMES * kept.byte_len(), "the audience, kept to be read several times,")?;
        Ok(true)
    }
}

impl Prepared {
    /// The members as one bitmap. Errors: limit, corrupt, cancelled, deadline.
    pub(super) fn keep(&self, run: &Run) -> Result<BoundBitmap> {
        let want = WantKept { budget: self.budget };
        let bound = self.asked(run)?;
        let kept = Scratch::lend(|scratch| evaluate(bound, 0..u32::MAX, &want, run, scratch))?;
        let bitmap = BitmapId::default();
        let part = Arc::new(Part::open(kept.finish(bitmap)?, "a kept audience", None)?);
        let view = part.bitmap(bitmap, Role::Added)?;
        Ok(BoundBitmap::of_part(part, view))
    }
}
