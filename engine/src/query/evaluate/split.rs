//! Shares of the entities by the hash of their keys: a test of every candidate.

use super::scratch::Scratch;
use crate::bitmap::{ChunkBuffer, Container, Ids, for_each_id};
use crate::catalog::EntityKey;
use crate::error::Result;
use crate::ids::{ChunkId, LocalId};
use crate::query::bind::{Bound, SplitKeys};

impl SplitKeys {
    /// Whether the entity belongs to the share. Errors: corrupt.
    pub(in crate::query) fn contains(&self, bound: &Bound, id: LocalId) -> Result<bool> {
        if self.is_dense {
            return Ok(self.split.contains(EntityKey::Number(u64::from(id.0)).hash()));
        }
        let hash = bound.snapshot.names().hash(self.population, id.0)?;
        Ok(hash.is_some_and(|hash| self.split.contains(hash)))
    }
}

/// Candidates of a chunk above which the hashes of all its ids are read at once: a look-up by id searches every
/// dictionary, a run of ids is one pass over a column.
const LOOK_UP_MAX: u32 = 256;

impl Bound {
    /// Fills `result` with the candidates that belong to the share. Errors: corrupt.
    pub(super) fn split_into(
        &self,
        keys: &SplitKeys,
        candidates: Container<'_>,
        chunk: ChunkId,
        scratch: &mut Scratch,
        result: &mut ChunkBuffer,
    ) -> Result<()> {
        result.clear();
        let words = result.words_mut();
        let mut insert = |low: u16| words[usize::from(low) / 64] |= 1 << (low % 64);
        if keys.is_dense || candidates.cardinality() <= LOOK_UP_MAX {
            for low in Ids::from(candidates, 0) {
                if keys.contains(self, LocalId::from_parts(chunk, low))? {
                    insert(low);
                }
            }
        } else {
            let hashes = &mut scratch.hashes;
            hashes.resize(ChunkId::IDS as usize, 0);
            self.snapshot.names().hashes_into(keys.population, chunk.first().0, hashes)?;
            for_each_id(candidates, |low| {
                if keys.split.contains(hashes[usize::from(low)]) {
                    insert(low);
                }
            });
        }
        result.recount();
        result.normalise();
        Ok(())
    }
}
