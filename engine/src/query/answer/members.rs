//! Members: who, a page at a time, or as one portable bitmap.

use roaring::RoaringBitmap;

use super::prepared::Prepared;
use crate::bitmap::{Container, IDS_SLACK, append_page};
use crate::error::{Error, Result};
use crate::ids::{ChunkId, LocalId};
use crate::query::budget::Budget;
use crate::query::evaluate::{Run, Scratch, Want, evaluate};

/// Some members, in rising order of their ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MembersPage {
    /// The ids.
    pub ids: Vec<LocalId>,
    /// Whether more follow the last of them.
    pub has_more: bool,
}

struct WantPage {
    from: LocalId,
    /// Behind the last chunk.
    chunk_end: u32,
    limit: usize,
    budget: Budget,
}

#[derive(Default)]
struct PartialPage {
    ids: Vec<u32>,
    has_more: bool,
}

impl Want for WantPage {
    type Partial = PartialPage;

    fn nothing(&self) -> PartialPage {
        PartialPage::default()
    }

    fn add(&self, page: &mut PartialPage, chunk: ChunkId, members: Container<'_>, _: &mut Scratch) -> Result<bool> {
        let low = if chunk == self.from.chunk() { self.from.low() } else { 0 };
        let room = self.limit - page.ids.len();
        self.make_room(page, chunk, room.min(members.cardinality() as usize));
        let next = append_page(members, low, room, chunk.first().0, &mut page.ids);
        page.has_more = next.is_some();
        self.budget.check(4 * page.ids.capacity() as u64, "a page of so many members")?;
        Ok(!page.has_more)
    }
}

/// A page is expected to go on as it began when one in so many of its chunks has been seen.
const CHUNKS_PER_GUESS: u32 = 16;

impl WantPage {
    /// Makes room for `more` members of `chunk`, and when the list must move, for as many as the chunks to come are
    /// going to have if they have as many as those before: a list that doubles is copied as often as it is written.
    fn make_room(&self, page: &mut PartialPage, chunk: ChunkId, more: usize) {
        let needed = page.ids.len() + more + IDS_SLACK;
        if needed <= page.ids.capacity() {
            return;
        }
        let first = u32::from(self.from.chunk().0);
        let (seen, all) = (u32::from(chunk.0) + 1 - first, self.chunk_end - first);
        let guess = match seen >= all / CHUNKS_PER_GUESS {
            true => (needed as u64 * u64::from(all) / u64::from(seen)) as usize,
            false => 2 * needed,
        };
        // A little more, because chance has it so half of the time; never more than anybody may have.
        let wanted = (guess + guess / 16).min(self.limit.saturating_add(IDS_SLACK)).min(self.budget.room_for(4));
        page.ids.reserve_exact(wanted.max(needed) - page.ids.len());
    }
}

struct WantBitmap {
    budget: Budget,
}

/// The members as one bitmap, and what it takes with its portable form.
#[derive(Default)]
struct PartialBitmap {
    bitmap: RoaringBitmap,
    bytes: u64,
}

/// What a chunk takes beside its members in the bitmap (whose list of chunks doubles as it grows) and in its bytes.
const BITMAP_CHUNK_BYTES: u64 = 160;
/// The members of a chunk take no more than this, once in the bitmap and once in its bytes.
const BITMAP_MEMBERS_BYTES_MAX: u64 = 8_192;

impl Want for WantBitmap {
    type Partial = PartialBitmap;

    fn nothing(&self) -> PartialBitmap {
        PartialBitmap::default()
    }

    fn add(
        &self,
        partial: &mut PartialBitmap,
        chunk: ChunkId,
        members: Container<'_>,
        scratch: &mut Scratch,
    ) -> Result<bool> {
        let ids = scratch.ids();
        ids.clear();
        crate::bitmap::append_ids(members, chunk.first().0, ids);
        // A list of members doubles as it grows.
        let members_bytes = 2 * ids.len() as u64;
        partial.bytes += (2 * members_bytes).min(BITMAP_MEMBERS_BYTES_MAX)
            + members_bytes.min(BITMAP_MEMBERS_BYTES_MAX)
            + BITMAP_CHUNK_BYTES;
        self.budget.check(partial.bytes, "the members as one bitmap, instead of pages of ids,")?;
        let appended = partial.bitmap.append(ids.iter().copied());
        appended.map(|_| true).map_err(|_| Error::internal("chunks came out of order"))
    }
}

impl Prepared {
    /// Up to `limit` members with ids above `after`; a page resumes where the last one ended without evaluating what
    /// was before. Errors: corrupt, cancelled, deadline.
    pub fn members(&self, run: &Run, after: Option<LocalId>, limit: usize) -> Result<MembersPage> {
        let from = match after {
            None => LocalId(0),
            Some(after) if after >= LocalId::MAX => return Ok(MembersPage::default()),
            Some(after) => LocalId(after.0 + 1),
        };
        let bound = self.asked(run)?;
        let want = WantPage { from, chunk_end: bound.chunk_end, limit, budget: self.budget };
        let chunks = u32::from(from.chunk().0)..u32::MAX;
        let page = Scratch::lend(|scratch| evaluate(bound, chunks, &want, run, scratch))?;
        Ok(MembersPage { ids: page.ids.into_iter().map(LocalId).collect(), has_more: page.has_more })
    }

    /// All members in the portable roaring format, as local ids. Errors: limit, where they take more memory than the
    /// request allows; corrupt, cancelled, deadline.
    pub fn bitmap(&self, run: &Run) -> Result<Vec<u8>> {
        let want = WantBitmap { budget: self.budget };
        let bound = self.asked(run)?;
        let PartialBitmap { mut bitmap, .. } =
            Scratch::lend(|scratch| evaluate(bound, 0..u32::MAX, &want, run, scratch))?;
        bitmap.optimize();
        let mut bytes = Vec::with_capacity(bitmap.serialized_size());
        bitmap
            .serialize_into(&mut bytes)
            .map_err(|error| Error::internal("cannot write to memory").with_source(error))?;
        Ok(bytes)
    }
}
