//! The spilling dictionary of a load: names that nobody knew when a load began, of keys and of values, and the numbers
//! that they were given.
//!
//! The newest stand in memory, all others in files of names that no manifest knows: however many a load brings, it
//! holds few of them. Small writes beside the load ask here too, so that one name has one number.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use crate::error::Result;
use crate::ids::TagId;
use crate::keys::{NamesBuilder, NamesPart};
use crate::write::files::NamesFile;
use crate::write::files::stack::StoredFile;

/// Files of one level are merged into one of the next when they are so many: a new name is looked for in each file.
const FILES_OF_LEVEL_MAX: usize = 8;

/// What a merge of files holds of each name.
const MERGING_NAME_BYTES: u64 = 16;

/// What a name in memory takes beside its characters: its places in a list and a map with room to grow, and in the two
/// orders in which it is written into a file.
const NAME_BYTES: u64 = 112;

/// How often its characters stand in memory, with room to grow.
const NAME_TIMES: u64 = 2;

/// See the module. A name belongs to a scope: a tag, or the population of a type.
#[derive(Default)]
pub(crate) struct YoungNames {
    recent: Recent,
    /// Those that are being written into a file.
    leaving: Option<Arc<Recent>>,
    /// Oldest first; levels never rise.
    written: Vec<Written>,
}

/// Names in memory.
#[derive(Default)]
pub(crate) struct Recent {
    /// The first of those with this hash, of the scope and the name.
    by_hash: HashMap<u64, u32, IdentityHash>,
    /// Those whose hash another had first.
    collisions: Vec<u32>,
    pub(crate) names: NamesBuilder,
}

struct Written {
    file: NamesFile,
    /// How often its names have been merged.
    level: u32,
    count: u64,
}

impl YoungNames {
    /// The number of a name. Errors: corrupt.
    pub(crate) fn find(&self, scope: TagId, hash: u64, name: &[u8]) -> Result<Option<u32>> {
        match self.find_recent(scope, hash, name) {
            Some(number) => Ok(Some(number)),
            None => self.find_written(scope, hash, name),
        }
    }

    /// The same among those in memory.
    pub(crate) fn find_recent(&self, scope: TagId, hash: u64, name: &[u8]) -> Option<u32> {
        let leaving = || self.leaving.as_ref()?.find(scope, hash, name);
        self.recent.find(scope, hash, name).or_else(leaving)
    }

    /// The same among those in files. Errors: corrupt.
    pub(crate) fn find_written(&self, scope: TagId, hash: u64, name: &[u8]) -> Result<Option<u32>> {
        for written in self.written.iter().rev() {
            if let Some(number) = written.file.0.find(scope, hash, name)? {
                return Ok(Some(number));
            }
        }
        Ok(None)
    }

    /// Notes the number of a name that is not here yet.
    pub(crate) fn insert(&mut self, scope: TagId, hash: u64, name: &[u8], number: u32) {
        self.recent.insert(scope, hash, name, number);
    }

    /// What those in memory take, with what writing them into a file will.
    pub(crate) fn held_bytes(&self) -> u64 {
        let of =
            |recent: &Recent| NAME_TIMES * recent.names.name_bytes() as u64 + NAME_BYTES * recent.names.len() as u64;
        of(&self.recent) + self.leaving.as_deref().map_or(0, of)
    }

    /// Those in memory, for a file; they are found as before until [`YoungNames::wrote`] says that it is there.
    pub(crate) fn leave(&mut self) -> Arc<Recent> {
        debug_assert!(self.leaving.is_none(), "a load that could not write names is over");
        let leaving = Arc::new(std::mem::take(&mut self.recent));
        self.leaving = Some(Arc::clone(&leaving));
        leaving
    }

    /// What left memory stands in this file from now on.
    pub(crate) fn wrote(&mut self, file: Option<NamesFile>) {
        let count = self.leaving.take().map_or(0, |leaving| leaving.names.len() as u64);
        self.written.extend(file.map(|file| Written { file, level: 0, count }));
    }

    /// How many of the last files are to be merged, where that holds no more than `bytes_max`; else none.
    pub(crate) fn to_merge(&self, bytes_max: u64) -> Option<usize> {
        let level = self.written.last()?.level;
        let of_level = self.written.iter().rev().take_while(|written| written.level == level);
        let (files, names) = of_level.fold((0, 0), |(files, names), written| (files + 1, names + written.count));
        (files >= FILES_OF_LEVEL_MAX && names * MERGING_NAME_BYTES <= bytes_max).then_some(files)
    }

    /// What is in the last `files` stands in this one from now on; they are left to the caller.
    pub(crate) fn merged(&mut self, files: usize, file: Option<NamesFile>) -> Vec<NamesFile> {
        let old = self.written.split_off(self.written.len() - files);
        let (level, count) = old.iter().fold((0, 0), |(level, count), old| (old.level.max(level), count + old.count));
        self.written.extend(file.map(|file| Written { file, level: level + 1, count }));
        old.into_iter().map(|written| written.file).collect()
    }

    /// The last `files`, oldest first.
    pub(crate) fn last_parts(&self, files: usize) -> Vec<Arc<NamesPart>> {
        self.written[self.written.len() - files..].iter().map(|written| Arc::clone(&written.file.0)).collect()
    }

    /// The file, if there is one and no other: it is the caller's from now on.
    pub(crate) fn take_only(&mut self) -> Option<NamesFile> {
        match self.written.len() {
            1 => self.written.pop().map(|written| written.file),
            _ => None,
        }
    }

    /// All files, oldest first.
    pub(crate) fn parts(&self) -> Vec<Arc<NamesPart>> {
        self.last_parts(self.written.len())
    }

    /// The same as they are stored.
    pub(crate) fn files(&self) -> impl Iterator<Item = &StoredFile> {
        self.written.iter().map(|written| &written.file.1)
    }
}

impl Recent {
    fn find(&self, scope: TagId, hash: u64, name: &[u8]) -> Option<u32> {
        let first = *self.by_hash.get(&with_scope(hash, scope))?;
        let all = std::iter::once(first).chain(self.collisions.iter().copied());
        all.into_iter().find_map(|index| self.names.number_if(index, scope, hash, name))
    }

    fn insert(&mut self, scope: TagId, hash: u64, name: &[u8], number: u32) {
        let index = self.names.len() as u32;
        self.names.add(scope, number, hash, name);
        match self.by_hash.entry(with_scope(hash, scope)) {
            std::collections::hash_map::Entry::Vacant(slot) => {
                slot.insert(index);
            }
            std::collections::hash_map::Entry::Occupied(_) => self.collisions.push(index),
        }
    }
}

/// Tags often share texts; their hashes must not be alike for that.
fn with_scope(hash: u64, scope: TagId) -> u64 {
    hash ^ u64::from(scope.0).wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// For maps whose keys are hashes already.
type IdentityHash = BuildHasherDefault<Identity>;

/// See [`IdentityHash`].
#[derive(Clone, Copy, Debug, Default)]
struct Identity(u64);

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
    use xxhash_rust::xxh3::xxh3_64;

    use super::*;
    use crate::storage::Mapped;

    fn name(number: u32) -> String {
        format!("value {}", number % 500)
    }

    fn find(names: &YoungNames, scope: TagId, name: &str) -> Option<u32> {
        names.find(scope, xxh3_64(name.as_bytes()), name.as_bytes()).unwrap()
    }

    #[test]
    fn a_name_keeps_its_number_in_memory_while_it_leaves_and_in_files() {
        let mut names = YoungNames::default();
        for number in 0..1_000 {
            let scope = TagId(1 + number / 500);
            assert_eq!(find(&names, scope, &name(number)), None);
            names.insert(scope, xxh3_64(name(number).as_bytes()), name(number).as_bytes(), number + 1);
        }
        assert_eq!(names.recent.collisions, Vec::<u32>::new(), "scopes with the same names do not collide");
        let is_whole = |names: &YoungNames| {
            (0..1_000).all(|number| find(names, TagId(1 + number / 500), &name(number)) == Some(number + 1))
        };
        assert!(is_whole(&names));
        assert_eq!(find(&names, TagId(3), "value 1"), None);
        let held = names.held_bytes();
        let leaving = names.leave();
        assert!(is_whole(&names) && names.held_bytes() == held);
        // One that comes meanwhile stays when the others have gone.
        names.insert(TagId(3), xxh3_64(b"late"), b"late", 7);
        let part = NamesPart::open(Mapped::from_bytes(leaving.names.build().unwrap()), None).unwrap();
        assert_eq!(part.find(TagId(2), xxh3_64(b"value 7"), b"value 7").unwrap(), Some(508));
        names.wrote(None);
        assert!(!is_whole(&names), "the test sees what is lost");
        assert_eq!(find(&names, TagId(3), "late"), Some(7));
        assert_eq!(names.held_bytes(), NAME_BYTES + NAME_TIMES * 4);
    }
}
