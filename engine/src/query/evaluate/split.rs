//! Shares of the entities by the hash of their keys: a test of every candidate.

use crate::bitmap::{ChunkBuffer, Container, for_each_id};
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

impl Bound {
    /// Fills `result` with the candidates that belong to the share. Errors: corrupt.
    pub(super) fn split_into(
        &self,
        keys: &SplitKeys,
        candidates: Container<'_>,
        chunk: ChunkId,
        result: &mut ChunkBuffer,
    ) -> Result<()> {
        result.clear();
        let mut failure = None;
        let words = result.words_mut();
        for_each_id(candidates, |low| match keys.contains(self, LocalId::from_parts(chunk, low)) {
            Ok(true) => words[usize::from(low) / 64] |= 1 << (low % 64),
            Ok(false) => {}
            Err(error) => failure = Some(error),
        });
        if let Some(error) = failure {
            return Err(error);
        }
        result.recount();
        result.normalise();
        Ok(())
    }
}
