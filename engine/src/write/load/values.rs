//! Values that nobody knew when a load began, and the numbers that the load gave them.
//!
//! The newest stand in memory, all others in files of names that no manifest knows: however many values a load brings,
//! it holds few of them. Small writes beside the load ask here too, so that one value has one number.

use std::collections::HashMap;
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64;

use super::young::IdentityHash;
use crate::error::Result;
use crate::ids::{TagId, ValueId};
use crate::keys::{NamesBuilder, NamesPart};
use crate::write::stack::StoredFile;

/// See the module.
#[derive(Default)]
pub(crate) struct YoungValues {
    /// The first of those in memory with this hash, of the tag and the text.
    by_hash: HashMap<u64, u32, IdentityHash>,
    /// Those whose hash another had first.
    collisions: Vec<u32>,
    entries: Vec<Entry>,
    texts: Vec<u8>,
    /// Files, oldest first.
    written: Vec<(Arc<NamesPart>, StoredFile)>,
    count: u64,
}

#[derive(Clone, Copy)]
struct Entry {
    /// Of the text alone.
    hash: u64,
    /// Where its text ends, which begins where that of the entry before ends.
    end: usize,
    tag: TagId,
    value: ValueId,
}

impl YoungValues {
    /// The number of a value. Errors: corrupt.
    pub(crate) fn find(&self, tag: TagId, text: &str) -> Result<Option<ValueId>> {
        match self.find_recent(tag, text) {
            Some(value) => Ok(Some(value)),
            None => self.find_written(tag, text),
        }
    }

    /// The same among those in memory.
    pub(super) fn find_recent(&self, tag: TagId, text: &str) -> Option<ValueId> {
        let hash = xxh3_64(text.as_bytes());
        let is_it = |index: usize| {
            let entry = &self.entries[index];
            (entry.hash, entry.tag) == (hash, tag) && self.text(index) == text.as_bytes()
        };
        let first = *self.by_hash.get(&with_tag(hash, tag))? as usize;
        let others = || self.collisions.iter().map(|&index| index as usize);
        std::iter::once(first).chain(others()).find(|&index| is_it(index)).map(|index| self.entries[index].value)
    }

    /// The same among those in files. Errors: corrupt.
    pub(super) fn find_written(&self, tag: TagId, text: &str) -> Result<Option<ValueId>> {
        let hash = xxh3_64(text.as_bytes());
        for (part, _) in self.written.iter().rev() {
            if let Some(number) = part.find(tag, hash, text.as_bytes())? {
                return Ok(Some(ValueId(number)));
            }
        }
        Ok(None)
    }

    /// Notes the number of a value that is not here yet.
    pub(super) fn insert(&mut self, tag: TagId, text: &str, value: ValueId) {
        let hash = xxh3_64(text.as_bytes());
        let index = self.entries.len() as u32;
        self.texts.extend_from_slice(text.as_bytes());
        self.entries.push(Entry { hash, end: self.texts.len(), tag, value });
        self.count += 1;
        match self.by_hash.entry(with_tag(hash, tag)) {
            std::collections::hash_map::Entry::Vacant(slot) => {
                slot.insert(index);
            }
            std::collections::hash_map::Entry::Occupied(_) => self.collisions.push(index),
        }
    }

    /// How many there are, in memory and in files.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Adds those in memory to `names`.
    pub(super) fn add_recent_to(&self, names: &mut NamesBuilder) {
        for (index, entry) in self.entries.iter().enumerate() {
            names.add(entry.tag, entry.value.0, entry.hash, self.text(index));
        }
    }

    /// Those in memory stand in this file from now on.
    pub(super) fn wrote_recent(&mut self, file: Option<(Arc<NamesPart>, StoredFile)>) {
        self.written.extend(file);
        (self.by_hash, self.collisions, self.entries, self.texts) = Default::default();
    }

    /// What is in files stands in this one from now on; the others are left to the caller.
    pub(super) fn merged(&mut self, file: Option<(Arc<NamesPart>, StoredFile)>) -> Vec<(Arc<NamesPart>, StoredFile)> {
        std::mem::replace(&mut self.written, file.into_iter().collect())
    }

    /// The files, oldest first.
    pub(super) fn parts(&self) -> Vec<Arc<NamesPart>> {
        self.written.iter().map(|(part, _)| Arc::clone(part)).collect()
    }

    /// The same as they are stored.
    pub(super) fn files(&self) -> impl Iterator<Item = &StoredFile> {
        self.written.iter().map(|(_, file)| file)
    }

    fn text(&self, index: usize) -> &[u8] {
        let start = if index == 0 { 0 } else { self.entries[index - 1].end };
        &self.texts[start..self.entries[index].end]
    }
}

/// Tags often share texts; their hashes must not be alike for that.
fn with_tag(hash: u64, tag: TagId) -> u64 {
    hash ^ u64::from(tag.0).wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::Mapped;

    #[test]
    fn a_value_keeps_its_number_in_memory_and_in_files() {
        let mut values = YoungValues::default();
        let name = |number: u32| format!("value {}", number % 500);
        for number in 0..1_000 {
            let tag = TagId(1 + number / 500);
            assert_eq!(values.find(tag, &name(number)).unwrap(), None);
            values.insert(tag, &name(number), ValueId(number + 1));
        }
        assert_eq!(values.collisions, Vec::<u32>::new(), "tags with the same texts do not collide");
        let is_whole = |values: &YoungValues| {
            (0..1_000).all(|number| {
                let found = values.find(TagId(1 + number / 500), &name(number)).unwrap();
                found == Some(ValueId(number + 1))
            })
        };
        assert!(is_whole(&values));
        assert_eq!(values.find(TagId(3), "value 1").unwrap(), None);
        let mut names = NamesBuilder::new();
        values.add_recent_to(&mut names);
        let part = NamesPart::open(Mapped::from_bytes(names.build().unwrap()), None).unwrap();
        values.by_hash.clear();
        assert!(!is_whole(&values), "the test sees what is lost");
        assert_eq!(part.find(TagId(2), xxh3_64(b"value 7"), b"value 7").unwrap(), Some(508));
        assert_eq!(values.count(), 1_000);
    }
}
