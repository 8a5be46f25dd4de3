//! Key lookup of a bulk load: the ids of a block's rows.

use super::Work;
use crate::catalog::key::{append_canonical_text, canonical_number, hash_number, hash_text};
use crate::catalog::{EntityKey, KeyKind};
use crate::columns::KeyColumn;
use crate::error::{Error, Result, ResultExt};
use crate::ids::LocalId;
use crate::write::running::young::YoungKey;
use crate::write::writer::Writer;

/// How many keys are given ids before small writes get their turn.
const YOUNG_KEYS_AT_ONCE: usize = 4096;

/// A key that the store did not know when the load began.
struct Unknown {
    row: usize,
    hash: u64,
    canonical: Vec<u8>,
}

impl Work {
    /// The id of every row; new keys get new ids. The entities count as known or not in `self.known`.
    pub(super) fn resolve_keys(&mut self, writer: &Writer, keys: &KeyColumn) -> Result<Vec<u32>> {
        let kind = self.entity_type.key;
        match (kind, keys) {
            (KeyKind::String, KeyColumn::Text(texts)) => {
                let rows = texts.iter().enumerate().map(|(row, text)| {
                    check_text(kind, row, text)?;
                    let mut canonical = Vec::with_capacity(text.len() + 1);
                    append_canonical_text(text, &mut canonical);
                    Ok((hash_text(text), canonical))
                });
                self.resolve_named(writer, texts.len(), rows)
            }
            (KeyKind::U64, KeyColumn::Number(numbers)) => {
                let rows = numbers.iter().map(|&number| Ok((hash_number(number), canonical_number(number).to_vec())));
                self.resolve_named(writer, numbers.len(), rows)
            }
            (KeyKind::Dense, KeyColumn::Number(numbers)) => self.resolve_dense(numbers),
            (kind, _) => Err(Error::invalid(format!(
                "type `{}` has {kind} keys, the rows have {}",
                self.entity_type.name,
                match keys {
                    KeyColumn::Text(_) => "texts",
                    KeyColumn::Number(_) => "numbers",
                }
            ))),
        }
    }

    fn resolve_dense(&mut self, numbers: &[u64]) -> Result<Vec<u32>> {
        let mut ids = Vec::with_capacity(numbers.len());
        for (row, &number) in numbers.iter().enumerate() {
            self.entity_type.key.check_key(&EntityKey::Number(number)).context(|| format!("row {}", row + 1))?;
            let id = LocalId(number as u32);
            if !self.seen.contains(id.0) && self.live.contains(id.chunk(), id.low())? {
                self.known.insert(id.0);
            }
            ids.push(id.0);
        }
        Ok(ids)
    }

    /// Looks the keys up as of the load's beginning, then asks for the rest among those that came since.
    fn resolve_named(
        &mut self,
        writer: &Writer,
        rows: usize,
        keys: impl Iterator<Item = Result<(u64, Vec<u8>)>>,
    ) -> Result<Vec<u32>> {
        let population = self.entity_type.population;
        let mut ids = vec![0; rows];
        let mut unknown = Vec::new();
        for (row, key) in keys.enumerate() {
            let (hash, canonical) = key?;
            match self.find_live(hash, &canonical)? {
                Some(id) => {
                    ids[row] = id.0;
                    self.known.insert(id.0);
                }
                None => unknown.push(Unknown { row, hash, canonical }),
            }
        }
        for some in unknown.chunks(YOUNG_KEYS_AT_ONCE) {
            if self.reserved.len() < some.len() {
                // Handed out from the end, lowest first.
                let count = some.len() - self.reserved.len();
                let first = writer.commit.locals(population, count as u32)?;
                let fresh = (first.0..first.0 + count as u32).rev().map(LocalId);
                self.reserved.splice(0..0, fresh);
            }
            if self.memory.are_names_full() {
                self.spill_names(writer)?;
            }
            let mut young = self.running.young.lock();
            for Unknown { row, hash, canonical } in some {
                let reserved = &mut self.reserved;
                let fresh = || reserved.pop().ok_or_else(|| Error::internal("too few ids were reserved"));
                ids[*row] = young.key_for_load(YoungKey { population, hash: *hash, canonical }, fresh)?.0;
            }
            self.memory.hold_names(young.names.held_bytes());
        }
        Ok(ids)
    }

    fn find_live(&self, hash: u64, canonical: &[u8]) -> Result<Option<LocalId>> {
        let Some(number) = self.snapshot.names().find(self.entity_type.population, hash, canonical)? else {
            return Ok(None);
        };
        let id = LocalId(number);
        Ok(self.live.contains(id.chunk(), id.low())?.then_some(id))
    }
}

fn check_text(kind: KeyKind, row: usize, text: &str) -> Result<()> {
    // The common case needs no key of its own.
    if !text.is_empty() && text.len() <= crate::catalog::limits::KEY_BYTES_MAX {
        return Ok(());
    }
    kind.check_key(&EntityKey::Text(text.to_owned())).context(|| format!("row {}", row + 1))
}
