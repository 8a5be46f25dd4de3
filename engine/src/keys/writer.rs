//! Writing a dictionary part front to back, scope by scope.
//!
//! A scope's entries are walked several times, once for each section, instead of being held: only their order by hash
//! (16 bytes an entry, one scope at a time) lies in memory. Duplicates are found in that order, where equal hashes
//! are neighbours.

use std::collections::HashMap;

use crate::codec::{Writer, crc32};
use crate::error::{Error, Result};
use crate::ids::TagId;
use crate::keys::format::{
    Footer, GROUP_NAMES, NAME_BYTES_MAX, PAGE_BYTES, SECTION_ALIGNMENT, ScopeEntry, Tail, VARYING, bucket_bits,
    bucket_of, encode_header, fingerprint, hash_of, sort_key,
};

/// An entry of a scope that is about to be written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    pub(super) number: u32,
    pub(super) hash: u64,
    /// Of two entries with one name, the one of greater age counts; then that of the greater number.
    pub(super) age: u32,
    /// Where its source finds its name.
    pub(super) place: u32,
}

/// Entries of one scope.
pub(super) trait Source {
    /// How many candidates there are.
    fn count(&self) -> usize;

    /// Hands over the candidates by rising number, the same ones on every walk.
    fn walk(&self, each: &mut dyn FnMut(Candidate) -> Result<()>) -> Result<()>;

    /// The name of a candidate.
    fn name(&self, candidate: &Candidate) -> Result<&[u8]>;
}

/// What was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct NamesSummary {
    /// The checksum that the manifest keeps.
    pub(crate) footer_crc: u32,
    /// The length of the part.
    pub(crate) bytes: u64,
    /// Scopes with at least one entry.
    pub(crate) scope_count: u32,
    /// Entries of all scopes.
    pub(crate) entry_count: u64,
}

/// Writes one part into a sink.
pub(super) struct PartWriter<'a> {
    sink: &'a mut dyn FnMut(&[u8]) -> Result<()>,
    page: Vec<u8>,
    page_crcs: Vec<u32>,
    scopes: Vec<ScopeEntry>,
    entry_count: u64,
}

impl<'a> PartWriter<'a> {
    pub(super) fn new(sink: &'a mut dyn FnMut(&[u8]) -> Result<()>) -> PartWriter<'a> {
        let mut page = Vec::with_capacity(PAGE_BYTES);
        page.extend_from_slice(&encode_header());
        PartWriter { sink, page, page_crcs: Vec::new(), scopes: Vec::new(), entry_count: 0 }
    }

    /// Writes the entries of a scope that `keep` admits. Scopes come rising.
    pub(super) fn scope(&mut self, scope: TagId, source: &dyn Source, keep: &dyn Fn(u32) -> bool) -> Result<()> {
        debug_assert!(self.scopes.last().is_none_or(|last| last.scope < scope));
        let selection = Selection::new(source, keep)?;
        if selection.order.is_empty() {
            return Ok(());
        }
        let shape = Shape::measure(source, &selection)?;
        let entry = ScopeEntry {
            scope,
            is_listed: shape.is_listed,
            bucket_bits: bucket_bits(shape.count),
            count: shape.count,
            first: shape.first,
            last: shape.last,
            name_bytes_each: shape.name_bytes_each,
            start: self.position(),
            names_bytes: shape.names_bytes,
        };
        self.sections(&entry, source, &selection, &shape)?;
        self.entry_count += u64::from(entry.count);
        self.scopes.push(entry);
        Ok(())
    }

    fn sections(
        &mut self,
        entry: &ScopeEntry,
        source: &dyn Source,
        selection: &Selection,
        shape: &Shape,
    ) -> Result<()> {
        if entry.is_listed {
            selection.walk(source, &mut |candidate| self.put(&candidate.number.to_le_bytes()))?;
            self.align()?;
        }
        selection.walk(source, &mut |candidate| self.put(&candidate.hash.to_le_bytes()))?;
        self.buckets(entry, &selection.order)?;
        for (_, position) in &selection.order {
            self.put(&position.to_le_bytes())?;
        }
        self.align()?;
        for (key, _) in &selection.order {
            self.put(&[fingerprint(hash_of(*key))])?;
        }
        self.align()?;
        if entry.name_bytes_each == VARYING {
            for base in &shape.bases {
                self.put(&base.to_le_bytes())?;
            }
            let (mut position, mut offset) = (0, 0);
            selection.walk(source, &mut |candidate| {
                if position % GROUP_NAMES == 0 {
                    offset = 0;
                }
                self.put(&u32::to_le_bytes(offset))?;
                offset += source.name(&candidate)?.len() as u32;
                position += 1;
                Ok(())
            })?;
            self.align()?;
        }
        selection.walk(source, &mut |candidate| self.put(source.name(&candidate)?))?;
        self.align()?;
        debug_assert_eq!(entry.sections().map(|sections| sections.end), Some(self.position()));
        Ok(())
    }

    /// Where each bucket begins in the order, and the end of the last one.
    fn buckets(&mut self, entry: &ScopeEntry, order: &[(u64, u32)]) -> Result<()> {
        let mut index = 0;
        for bucket in 0..1u32 << entry.bucket_bits {
            while index < order.len() && bucket_of(order[index].0, entry.bucket_bits) < bucket {
                index += 1;
            }
            self.put(&(index as u32).to_le_bytes())?;
        }
        self.put(&entry.count.to_le_bytes())?;
        self.align()
    }

    /// Writes directory, checksums and footer.
    pub(super) fn finish(mut self) -> Result<NamesSummary> {
        let mut directory = Writer::new();
        for entry in &self.scopes {
            entry.encode(&mut directory);
        }
        self.put(directory.as_bytes())?;
        let data_bytes = self.position();
        if !self.page.is_empty() {
            self.flush_page()?;
        }
        let too_long = || Error::limit("a dictionary part is too long");
        let tail = Tail::behind(data_bytes).ok_or_else(too_long)?;
        let mut table = Writer::new();
        for crc in &self.page_crcs {
            table.u32(*crc);
        }
        table.align(SECTION_ALIGNMENT as usize);
        let mut roots = Writer::new();
        for page in table.as_bytes().chunks(PAGE_BYTES) {
            roots.u32(crc32(page));
        }
        roots.align(SECTION_ALIGNMENT as usize);
        let footer = Footer {
            scope_count: self.scopes.len() as u32,
            entry_count: self.entry_count,
            data_bytes,
            roots_crc: crc32(roots.as_bytes()),
        };
        let bytes = tail.file_bytes().ok_or_else(too_long)?;
        let footer_bytes = footer.encode(bytes);
        (self.sink)(table.as_bytes())?;
        (self.sink)(roots.as_bytes())?;
        (self.sink)(&footer_bytes)?;
        let (_, _, footer_crc) = Footer::decode(&footer_bytes, bytes)?;
        Ok(NamesSummary { footer_crc, bytes, scope_count: footer.scope_count, entry_count: footer.entry_count })
    }

    fn position(&self) -> u64 {
        self.page_crcs.len() as u64 * PAGE_BYTES as u64 + self.page.len() as u64
    }

    fn put(&mut self, mut bytes: &[u8]) -> Result<()> {
        while self.page.len() + bytes.len() >= PAGE_BYTES {
            let (head, rest) = bytes.split_at(PAGE_BYTES - self.page.len());
            self.page.extend_from_slice(head);
            self.flush_page()?;
            bytes = rest;
        }
        self.page.extend_from_slice(bytes);
        Ok(())
    }

    fn align(&mut self) -> Result<()> {
        let position = self.position();
        let padding = position.next_multiple_of(SECTION_ALIGNMENT) - position;
        self.put(&[0; SECTION_ALIGNMENT as usize][..padding as usize])
    }

    fn flush_page(&mut self) -> Result<()> {
        self.page_crcs.push(crc32(&self.page));
        (self.sink)(&self.page)?;
        self.page.clear();
        Ok(())
    }
}

/// Which candidates are written, and their order by hash.
struct Selection {
    /// One bit a candidate, in the order of the walk.
    dropped: Vec<u64>,
    /// Sort key and position of what is written, rising.
    order: Vec<(u64, u32)>,
}

impl Selection {
    fn new(source: &dyn Source, keep: &dyn Fn(u32) -> bool) -> Result<Selection> {
        let mut dropped = Vec::new();
        let mut order = Vec::with_capacity(source.count());
        let mut index = 0u32;
        source.walk(&mut |candidate| {
            if index.is_multiple_of(64) {
                dropped.push(0u64);
            }
            match keep(candidate.number) {
                true => order.push((sort_key(candidate.hash), index)),
                false => set(&mut dropped, index),
            }
            index = index.checked_add(1).ok_or_else(|| Error::limit("a scope has more than 2^32 names"))?;
            Ok(())
        })?;
        order.sort_unstable();
        let mut selection = Selection { dropped, order };
        selection.drop_older_of_one_name(source)?;
        selection.close_ranks();
        Ok(selection)
    }

    /// Walks through what is written.
    fn walk(&self, source: &dyn Source, each: &mut dyn FnMut(Candidate) -> Result<()>) -> Result<()> {
        let mut index = 0;
        source.walk(&mut |candidate| {
            let is_dropped = is_set(&self.dropped, index);
            index += 1;
            match is_dropped {
                true => Ok(()),
                false => each(candidate),
            }
        })
    }

    fn drop_older_of_one_name(&mut self, source: &dyn Source) -> Result<()> {
        let mut twins: HashMap<u32, Option<Candidate>> = HashMap::new();
        let same_hash = |two: &(u64, u32), other: &(u64, u32)| two.0 == other.0;
        for run in self.order.chunk_by(same_hash).filter(|run| run.len() > 1) {
            twins.extend(run.iter().map(|(_, index)| (*index, None)));
        }
        if twins.is_empty() {
            return Ok(());
        }
        let mut index = 0;
        source.walk(&mut |candidate| {
            if let Some(twin) = twins.get_mut(&index) {
                *twin = Some(candidate);
            }
            index += 1;
            Ok(())
        })?;
        for run in self.order.chunk_by(same_hash).filter(|run| run.len() > 1) {
            let mut newest_first: Vec<(u32, Candidate)> =
                run.iter().filter_map(|(_, index)| Some((*index, (*twins.get(index)?)?))).collect();
            newest_first.sort_unstable_by_key(|(_, twin)| std::cmp::Reverse((twin.age, twin.number)));
            let mut names: Vec<&[u8]> = Vec::new();
            for (index, twin) in &newest_first {
                let name = source.name(twin)?;
                match names.contains(&name) {
                    true => set(&mut self.dropped, *index),
                    false => names.push(name),
                }
            }
        }
        Ok(())
    }

    /// Turns walk indices into positions among what is written.
    fn close_ranks(&mut self) {
        let mut before = Vec::with_capacity(self.dropped.len());
        let mut sum = 0;
        for word in &self.dropped {
            before.push(sum);
            sum += word.count_ones();
        }
        if sum == 0 {
            return;
        }
        let dropped = &self.dropped;
        self.order.retain(|(_, index)| !is_set(dropped, *index));
        for (_, index) in &mut self.order {
            let word = (*index / 64) as usize;
            let below = dropped[word] & ((1u64 << (*index % 64)) - 1);
            *index -= before[word] + below.count_ones();
        }
    }
}

fn set(bits: &mut [u64], index: u32) {
    bits[(index / 64) as usize] |= 1 << (index % 64);
}

fn is_set(bits: &[u64], index: u32) -> bool {
    bits[(index / 64) as usize] >> (index % 64) & 1 == 1
}

/// What the directory says of a scope.
struct Shape {
    count: u32,
    first: u32,
    last: u32,
    is_listed: bool,
    name_bytes_each: u32,
    names_bytes: u64,
    /// Where the names of each group begin, and the end of the last.
    bases: Vec<u64>,
}

impl Shape {
    fn measure(source: &dyn Source, selection: &Selection) -> Result<Shape> {
        let mut shape = Shape {
            count: 0,
            first: 0,
            last: 0,
            is_listed: false,
            name_bytes_each: 0,
            names_bytes: 0,
            bases: Vec::new(),
        };
        selection.walk(source, &mut |candidate| {
            let name_bytes = source.name(&candidate)?.len();
            if name_bytes > NAME_BYTES_MAX {
                return Err(Error::limit(format!(
                    "a name has {name_bytes} bytes, at most {NAME_BYTES_MAX} are allowed"
                )));
            }
            if shape.count == 0 {
                shape.first = candidate.number;
                shape.name_bytes_each = name_bytes as u32;
            } else if shape.name_bytes_each != name_bytes as u32 {
                shape.name_bytes_each = VARYING;
            }
            if shape.count.is_multiple_of(GROUP_NAMES) {
                shape.bases.push(shape.names_bytes);
            }
            shape.last = candidate.number;
            shape.count += 1;
            shape.names_bytes += name_bytes as u64;
            Ok(())
        })?;
        shape.bases.push(shape.names_bytes);
        shape.is_listed = shape.last - shape.first != shape.count - 1;
        Ok(shape)
    }
}
