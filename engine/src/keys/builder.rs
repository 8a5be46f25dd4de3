//! Builds a small dictionary part in memory: the names that a commit group or a block of a load brought.

use crate::error::Result;
use crate::ids::TagId;
use crate::keys::writer::{Candidate, PartWriter, Source};
use crate::storage::AlignedBytes;

/// Collects names in any order. Of two with one number, or with one name, in one scope the later counts.
#[derive(Default, Debug)]
pub(crate) struct NamesBuilder {
    entries: Vec<Entry>,
    bytes: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    scope: TagId,
    number: u32,
    hash: u64,
    start: usize,
    len: u32,
    age: u32,
}

impl NamesBuilder {
    /// No names.
    pub(crate) fn new() -> NamesBuilder {
        NamesBuilder::default()
    }

    /// Adds a name and its hash.
    ///
    /// # Panics
    /// When 2^32 names were added; a part in memory stays far below.
    pub(crate) fn add(&mut self, scope: TagId, number: u32, hash: u64, name: &[u8]) {
        let age = u32::try_from(self.entries.len()).expect("a builder takes less than 2^32 names");
        self.entries.push(Entry {
            scope,
            number,
            hash,
            start: self.bytes.len(),
            len: u32::try_from(name.len()).unwrap_or(u32::MAX),
            age,
        });
        self.bytes.extend_from_slice(name);
    }

    /// Whether nothing was added.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many names were added.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The bytes of the part, for [`NamesPart::open`](super::NamesPart::open). Errors: limit, when a name is too long.
    pub(crate) fn build(mut self) -> Result<AlignedBytes> {
        let by_number = |entry: &Entry| (entry.scope, entry.number, entry.age);
        if !self.entries.is_sorted_by_key(by_number) {
            self.entries.sort_unstable_by_key(by_number);
        }
        let mut built = AlignedBytes::new();
        let mut sink = |bytes: &[u8]| {
            built.extend_from_slice(bytes);
            Ok(())
        };
        let mut writer = PartWriter::new(&mut sink);
        for entries in self.entries.chunk_by(|one, next| one.scope == next.scope) {
            let source = Entries { entries, bytes: &self.bytes };
            writer.scope(entries[0].scope, &source, &|_| true)?;
        }
        writer.finish()?;
        Ok(built)
    }
}

/// The entries of one scope, by number and age.
struct Entries<'a> {
    entries: &'a [Entry],
    bytes: &'a [u8],
}

impl Source for Entries<'_> {
    fn count(&self) -> usize {
        self.entries.len()
    }

    fn walk(&self, each: &mut dyn FnMut(Candidate) -> Result<()>) -> Result<()> {
        for (place, entry) in self.entries.iter().enumerate() {
            let next = self.entries.get(place + 1);
            if next.is_some_and(|next| next.number == entry.number) {
                continue;
            }
            each(Candidate { number: entry.number, hash: entry.hash, age: entry.age, place: place as u32 })?;
        }
        Ok(())
    }

    fn name(&self, candidate: &Candidate) -> Result<&[u8]> {
        let entry = &self.entries[candidate.place as usize];
        Ok(&self.bytes[entry.start..entry.start + entry.len as usize])
    }
}
