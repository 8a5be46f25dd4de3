//! Members: who, a page at a time, or as one portable bitmap.

use roaring::RoaringBitmap;

use super::prepared::Prepared;
use crate::bitmap::{Container, append_page};
use crate::error::{Error, Result};
use crate::ids::{ChunkId, LocalId};
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
    limit: usize,
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
        let next = append_page(members, low, room, chunk.first().0, &mut page.ids);
        page.has_more = next.is_some();
        Ok(!page.has_more)
    }
}

struct WantBitmap {
    bytes_max: u64,
}

impl Want for WantBitmap {
    type Partial = RoaringBitmap;

    fn nothing(&self) -> RoaringBitmap {
        RoaringBitmap::new()
    }

    fn add(
        &self,
        bitmap: &mut RoaringBitmap,
        chunk: ChunkId,
        members: Container<'_>,
        scratch: &mut Scratch,
    ) -> Result<bool> {
        let ids = scratch.ids();
        ids.clear();
        crate::bitmap::append_ids(members, chunk.first().0, ids);
        bitmap.append(ids.iter().copied()).map_err(|_| Error::internal("chunks came out of order"))?;
        match bitmap.serialized_size() as u64 > self.bytes_max {
            true => Err(Error::limit(format!(
                "the members take more than {} bytes (memory_bytes_max); ask for pages of ids instead",
                self.bytes_max
            ))),
            false => Ok(true),
        }
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
        let want = WantPage { from, limit };
        let chunks = u32::from(from.chunk().0)..u32::MAX;
        let page = Scratch::lend(|scratch| evaluate(&self.bound, chunks, &want, run, scratch))?;
        Ok(MembersPage { ids: page.ids.into_iter().map(LocalId).collect(), has_more: page.has_more })
    }

    /// All members in the portable roaring format, as local ids. Errors: limit, where they take more memory than the
    /// request allows; corrupt, cancelled, deadline.
    pub fn bitmap(&self, run: &Run) -> Result<Vec<u8>> {
        let want = WantBitmap { bytes_max: self.memory_bytes_max };
        let mut bitmap = Scratch::lend(|scratch| evaluate(&self.bound, 0..u32::MAX, &want, run, scratch))?;
        bitmap.optimize();
        let mut bytes = Vec::with_capacity(bitmap.serialized_size());
        bitmap
            .serialize_into(&mut bytes)
            .map_err(|error| Error::internal("cannot write to memory").with_source(error))?;
        Ok(bytes)
    }
}
