//! Keys of one type that became known since its running load began.
//!
//! The load and the small writes beside it both ask here before they give a key an id, so one key gets one id whoever
//! comes first, and nothing has to be moved when the load commits. A small write *takes* the id that it used. A key that
//! was taken and then erased is dead; when it returns in a small write it gets an id of its own, while the load's older
//! row stays with the dead one and vanishes below the erasure.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use roaring::RoaringBitmap;

use crate::error::Result;
use crate::ids::LocalId;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct YoungKeys {
    by_hash: HashMap<u64, u32, IdentityHash>,
    /// Keys whose 64-bit hash another key had first.
    collisions: Vec<u32>,
    entries: Vec<Entry>,
    bytes: Vec<u8>,
    taken: RoaringBitmap,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    hash: u64,
    end: u64,
    local: LocalId,
}

/// One key and its id.
#[derive(Clone, Copy, Debug)]
pub(crate) struct YoungKey<'a> {
    pub(crate) hash: u64,
    pub(crate) canonical: &'a [u8],
    pub(crate) local: LocalId,
}

impl YoungKeys {
    /// The load's id of a key that was unknown when it began.
    pub(crate) fn for_load(
        &mut self,
        hash: u64,
        canonical: &[u8],
        fresh: impl FnOnce() -> Result<LocalId>,
    ) -> Result<LocalId> {
        if let Some(local) = self.find(hash, canonical) {
            return Ok(local);
        }
        let local = fresh()?;
        self.insert(hash, canonical, local);
        Ok(local)
    }

    /// The id under which a small write makes an unknown key known. It counts as taken unless the write fails and
    /// [`untake`](Self::untake) says so.
    pub(crate) fn for_small_write(
        &mut self,
        hash: u64,
        canonical: &[u8],
        fresh: impl FnOnce() -> Result<LocalId>,
    ) -> Result<LocalId> {
        match self.find(hash, canonical) {
            Some(local) if self.taken.insert(local.0) => Ok(local),
            Some(_) => fresh(),
            None => {
                let local = fresh()?;
                self.insert(hash, canonical, local);
                self.taken.insert(local.0);
                Ok(local)
            }
        }
    }

    /// The write that took `local` did not happen.
    pub(crate) fn untake(&mut self, local: LocalId) {
        self.taken.remove(local.0);
    }

    /// All keys, in the order in which they came.
    pub(crate) fn iter(&self) -> impl Iterator<Item = YoungKey<'_>> {
        (0..self.entries.len()).map(|index| YoungKey {
            hash: self.entries[index].hash,
            canonical: self.canonical(index),
            local: self.entries[index].local,
        })
    }

    fn canonical(&self, index: usize) -> &[u8] {
        let start = if index == 0 { 0 } else { self.entries[index - 1].end };
        &self.bytes[start as usize..self.entries[index].end as usize]
    }

    fn find(&self, hash: u64, canonical: &[u8]) -> Option<LocalId> {
        let first = *self.by_hash.get(&hash)? as usize;
        if self.canonical(first) == canonical {
            return Some(self.entries[first].local);
        }
        self.collisions
            .iter()
            .map(|&index| index as usize)
            .find(|&index| self.entries[index].hash == hash && self.canonical(index) == canonical)
            .map(|index| self.entries[index].local)
    }

    fn insert(&mut self, hash: u64, canonical: &[u8], local: LocalId) {
        let index = self.entries.len() as u32;
        self.bytes.extend_from_slice(canonical);
        self.entries.push(Entry { hash, end: self.bytes.len() as u64, local });
        match self.by_hash.entry(hash) {
            std::collections::hash_map::Entry::Vacant(slot) => {
                slot.insert(index);
            }
            std::collections::hash_map::Entry::Occupied(_) => self.collisions.push(index),
        }
    }
}

/// For maps whose keys are hashes already.
pub(super) type IdentityHash = BuildHasherDefault<Identity>;

/// See [`IdentityHash`].
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Identity(u64);

impl Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_key_has_one_id_whoever_comes_first() {
        let mut young = YoungKeys::default();
        let mut next = 0;
        let mut fresh = || {
            next += 1;
            Ok(LocalId(next))
        };
        let loaded = young.for_load(7, b"a", &mut fresh).unwrap();
        assert_eq!(young.for_small_write(7, b"a", &mut fresh).unwrap(), loaded);
        let collided = young.for_small_write(7, b"b", &mut fresh).unwrap();
        assert_ne!(collided, loaded);
        assert_eq!(young.for_load(7, b"b", &mut fresh).unwrap(), collided);
        assert_eq!(young.iter().map(|key| key.canonical.to_vec()).collect::<Vec<_>>(), [b"a", b"b"]);
    }

    #[test]
    fn a_key_that_was_taken_returns_under_another_id() {
        let mut young = YoungKeys::default();
        let mut next = 0;
        let mut fresh = || {
            next += 1;
            Ok(LocalId(next))
        };
        let first = young.for_small_write(7, b"a", &mut fresh).unwrap();
        let second = young.for_small_write(7, b"a", &mut fresh).unwrap();
        assert_ne!(first, second);
        assert_eq!(young.for_load(7, b"a", &mut fresh).unwrap(), first);
        young.untake(first);
        assert_eq!(young.for_small_write(7, b"a", &mut fresh).unwrap(), first);
    }
}
