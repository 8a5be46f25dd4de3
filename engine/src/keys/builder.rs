//! Builds a small dictionary part in memory: the names that a commit group or a block of a load brought.

use crate::error::Result;
use crate::ids::TagId;
use crate::keys::writer::{Candidate, NamesSummary, PartWriter, Source};
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
    /// Where its name ends, which begins where that of the entry before ends.
    end: usize,
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
        assert!(self.entries.len() < u32::MAX as usize, "a builder takes less than 2^32 names");
        self.bytes.extend_from_slice(name);
        self.entries.push(Entry { scope, number, hash, end: self.bytes.len() });
    }

    /// Whether nothing was added.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many names were added.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// How many bytes all names have.
    pub(crate) fn name_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The number of the name that was added as the `index`th, from 0, if it is this one.
    pub(crate) fn number_if(&self, index: u32, scope: TagId, hash: u64, name: &[u8]) -> Option<u32> {
        let entry = &self.entries[index as usize];
        let is_it = (entry.hash, entry.scope) == (hash, scope) && self.name(index) == name;
        is_it.then_some(entry.number)
    }

    /// The bytes of the part, for [`NamesPart::open`](super::NamesPart::open). Errors: limit, when a name is too long.
    pub(crate) fn build(&self) -> Result<AlignedBytes> {
        let mut built = AlignedBytes::new();
        self.write(&mut |bytes| {
            built.extend_from_slice(bytes);
            Ok(())
        })?;
        Ok(built)
    }

    /// Writes the part into `sink`, front to back; holds 20 bytes for each name of the largest scope meanwhile. Errors:
    /// limit, when a name is too long, and those of the sink.
    pub(crate) fn write(&self, sink: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<NamesSummary> {
        let mut order: Vec<u32> = (0..self.entries.len() as u32).collect();
        let scope = |index: u32| self.entries[index as usize].scope;
        let by_number = |&index: &u32| (scope(index), self.entries[index as usize].number, index);
        if !order.is_sorted_by_key(by_number) {
            order.sort_unstable_by_key(by_number);
        }
        let mut writer = PartWriter::new(sink);
        for order in order.chunk_by(|&one, &next| scope(one) == scope(next)) {
            writer.scope(scope(order[0]), &Entries { names: self, order }, &|_| true)?;
        }
        writer.finish()
    }

    fn name(&self, index: u32) -> &[u8] {
        let index = index as usize;
        let start = if index == 0 { 0 } else { self.entries[index - 1].end };
        &self.bytes[start..self.entries[index].end]
    }
}

/// The entries of one scope.
struct Entries<'a> {
    names: &'a NamesBuilder,
    /// By number, and those of one number as they came.
    order: &'a [u32],
}

impl Source for Entries<'_> {
    fn count(&self) -> usize {
        self.order.len()
    }

    fn walk(&self, each: &mut dyn FnMut(Candidate) -> Result<()>) -> Result<()> {
        for (at, &index) in self.order.iter().enumerate() {
            let entry = &self.names.entries[index as usize];
            let next = self.order.get(at + 1).map(|&next| self.names.entries[next as usize].number);
            if next == Some(entry.number) {
                continue;
            }
            each(Candidate { number: entry.number, hash: entry.hash, age: index, place: index })?;
        }
        Ok(())
    }

    fn name(&self, candidate: &Candidate) -> Result<&[u8]> {
        Ok(self.names.name(candidate.place))
    }
}
