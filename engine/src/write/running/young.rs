//! Dictionary entries of a running load: keys and values that became known since a running load of their type began.
//!
//! The load and the small writes beside it both ask here before they give a name a number, so one name gets one number
//! whoever comes first, and nothing has to be moved when the load commits. A small write *takes* the id of the key that
//! it used. A key that was taken and then erased is dead; when it returns in a small write it gets an id of its own,
//! while the load's older row stays with the dead one and vanishes below the erasure.

use roaring::RoaringBitmap;
use xxhash_rust::xxh3::xxh3_64;

use super::names::YoungNames;
use crate::error::Result;
use crate::ids::{LocalId, TagId, ValueId};

/// See the module.
#[derive(Default)]
pub(crate) struct Young {
    pub(crate) names: YoungNames,
    /// Ids of keys that small writes took.
    taken: RoaringBitmap,
    /// Whether a small write brought a name.
    is_shared: bool,
    /// Values that the load made known.
    pub(crate) new_values: u64,
}

/// A key that nobody knew when the load began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct YoungKey<'a> {
    /// The population of its type.
    pub(crate) population: TagId,
    pub(crate) hash: u64,
    pub(crate) canonical: &'a [u8],
}

impl Young {
    /// The load's id of a key that was unknown when it began. Errors: corrupt, and those of `fresh`.
    pub(crate) fn key_for_load(
        &mut self,
        key: YoungKey<'_>,
        fresh: impl FnOnce() -> Result<LocalId>,
    ) -> Result<LocalId> {
        if let Some(local) = self.find_key(key)? {
            return Ok(local);
        }
        let local = fresh()?;
        self.names.insert(key.population, key.hash, key.canonical, local.0);
        Ok(local)
    }

    /// The id under which a small write makes an unknown key known. It counts as taken unless the write fails and
    /// [`give_back`](Self::give_back) says so. Errors: corrupt, and those of `fresh`.
    pub(crate) fn key_for_small_write(
        &mut self,
        key: YoungKey<'_>,
        fresh: impl FnOnce() -> Result<LocalId>,
    ) -> Result<LocalId> {
        match self.find_key(key)? {
            Some(local) if self.taken.insert(local.0) => Ok(local),
            Some(_) => fresh(),
            None => {
                let local = fresh()?;
                self.names.insert(key.population, key.hash, key.canonical, local.0);
                self.is_shared = true;
                self.taken.insert(local.0);
                Ok(local)
            }
        }
    }

    /// The write that took `local` did not happen.
    pub(crate) fn give_back(&mut self, local: LocalId) {
        self.taken.remove(local.0);
    }

    /// Whether all names are the load's.
    pub(crate) fn is_of_load_alone(&self) -> bool {
        !self.is_shared
    }

    /// The number of a value that the load made known. Errors: corrupt.
    pub(crate) fn value(&self, tag: TagId, text: &str) -> Result<Option<ValueId>> {
        Ok(self.names.find(tag, xxh3_64(text.as_bytes()), text.as_bytes())?.map(ValueId))
    }

    /// The same where it is in memory.
    pub(crate) fn recent_value(&self, tag: TagId, text: &str) -> Option<ValueId> {
        self.names.find_recent(tag, xxh3_64(text.as_bytes()), text.as_bytes()).map(ValueId)
    }

    /// The same where it is in a file. Errors: corrupt.
    pub(crate) fn written_value(&self, tag: TagId, text: &str) -> Result<Option<ValueId>> {
        Ok(self.names.find_written(tag, xxh3_64(text.as_bytes()), text.as_bytes())?.map(ValueId))
    }

    /// Notes the number that the load gave a value.
    pub(crate) fn insert_value(&mut self, tag: TagId, text: &str, value: ValueId) {
        self.names.insert(tag, xxh3_64(text.as_bytes()), text.as_bytes(), value.0);
        self.new_values += 1;
    }

    fn find_key(&self, key: YoungKey<'_>) -> Result<Option<LocalId>> {
        Ok(self.names.find(key.population, key.hash, key.canonical)?.map(LocalId))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(canonical: &[u8]) -> YoungKey<'_> {
        // Keys may share a hash.
        YoungKey { population: TagId(1), hash: 7, canonical }
    }

    fn numbers() -> impl FnMut() -> Result<LocalId> {
        let mut next = 0;
        move || {
            next += 1;
            Ok(LocalId(next))
        }
    }

    #[test]
    fn one_key_has_one_id_whoever_comes_first() {
        let mut young = Young::default();
        let mut fresh = numbers();
        let loaded = young.key_for_load(key(b"a"), &mut fresh).unwrap();
        assert_eq!(young.key_for_small_write(key(b"a"), &mut fresh).unwrap(), loaded);
        let collided = young.key_for_small_write(key(b"b"), &mut fresh).unwrap();
        assert_ne!(collided, loaded);
        assert_eq!(young.key_for_load(key(b"b"), &mut fresh).unwrap(), collided);
        let other = YoungKey { population: TagId(2), ..key(b"a") };
        assert_ne!(young.key_for_load(other, &mut fresh).unwrap(), loaded);
    }

    #[test]
    fn a_key_that_was_taken_returns_under_another_id() {
        let mut young = Young::default();
        let mut fresh = numbers();
        let first = young.key_for_small_write(key(b"a"), &mut fresh).unwrap();
        let second = young.key_for_small_write(key(b"a"), &mut fresh).unwrap();
        assert_ne!(first, second);
        assert_eq!(young.key_for_load(key(b"a"), &mut fresh).unwrap(), first);
        young.give_back(first);
        assert_eq!(young.key_for_small_write(key(b"a"), &mut fresh).unwrap(), first);
    }
}
