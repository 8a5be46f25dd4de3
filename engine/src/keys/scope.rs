//! One scope of a dictionary part: the keys of one type, or the values of one tag.
//!
//! Lookup by name goes through a bucket of the entries' order by hash: a bucket holds a few entries, a byte of each
//! one's hash tells strangers apart, and the name decides. So a lookup touches four or five places, however many names
//! there are; the full hash is kept for splits and merges and is not looked at.

use std::ops::Range;

use crate::error::Result;
use crate::ids::TagId;
use crate::keys::format::{GROUP_NAMES, ScopeEntry, Sections, VARYING, bucket_of, fingerprint, sort_key};
use crate::keys::part::NamesPart;

/// The keys of one type, or the values of one tag, in one part. Positions count the entries by rising number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope<'a> {
    part: &'a NamesPart,
    entry: ScopeEntry,
    sections: Sections,
}

impl<'a> Scope<'a> {
    pub(super) fn new(part: &'a NamesPart, entry: ScopeEntry, sections: Sections) -> Scope<'a> {
        Scope { part, entry, sections }
    }

    /// The tag that is the scope.
    pub(crate) fn tag(&self) -> TagId {
        self.entry.scope
    }

    /// Where its sections stand in the part.
    pub(super) fn bytes(&self) -> Range<u64> {
        self.entry.start..self.sections.end
    }

    /// How many entries it has; at least one.
    pub(crate) fn count(&self) -> u32 {
        self.entry.count
    }

    /// The highest number.
    pub(crate) fn last(&self) -> u32 {
        self.entry.last
    }

    /// The number of a name. Errors: corrupt.
    pub(crate) fn find(&self, hash: u64, name: &[u8]) -> Result<Option<u32>> {
        let bucket = u64::from(bucket_of(sort_key(hash), self.entry.bucket_bits));
        let place = self.sections.buckets + 4 * bucket;
        let (start, end) = (self.part.u32_at(place)?, self.part.u32_at(place + 4)?);
        if start > end || end > self.entry.count {
            return Err(self.corrupt(format_args!("bucket {bucket} is {start}..{end}")));
        }
        let prints = self.part.bytes_at(self.sections.fingerprints + u64::from(start), u64::from(end - start))?;
        for (index, print) in (start..end).zip(prints) {
            if *print != fingerprint(hash) {
                continue;
            }
            let position = self.part.u32_at(self.sections.order + 4 * u64::from(index))?;
            if self.name_at(position)? == name {
                return self.number_at(position).map(Some);
            }
        }
        Ok(None)
    }

    /// The name of a number. Errors: corrupt.
    pub(crate) fn name(&self, number: u32) -> Result<Option<&'a [u8]>> {
        match self.position_of(number)? {
            Some(position) => self.name_at(position).map(Some),
            None => Ok(None),
        }
    }

    /// The hash of a number's name. Errors: corrupt.
    pub(crate) fn hash(&self, number: u32) -> Result<Option<u64>> {
        match self.position_of(number)? {
            Some(position) => self.hash_at(position).map(Some),
            None => Ok(None),
        }
    }

    /// The hashes of all numbers within `first..=last`. Errors: corrupt.
    pub(crate) fn hashes(&self, first: u32, last: u32) -> Result<Hashes<'a>> {
        let start = self.position_from(first)?;
        let end = match last.checked_add(1) {
            Some(behind) => self.position_from(behind)?,
            None => self.entry.count,
        };
        if start >= end {
            return Ok(Hashes::none());
        }
        let (at, count) = (u64::from(start), u64::from(end - start));
        let numbers = match self.entry.is_listed {
            true => Numbers::Listed(self.part.bytes_at(self.sections.numbers + 4 * at, 4 * count)?),
            false => Numbers::From(self.entry.first + start),
        };
        let hashes = self.part.bytes_at(self.sections.hashes + 8 * at, 8 * count)?;
        Ok(Hashes { numbers, hashes })
    }

    /// Hands over number, hash and name of every entry by rising number. Errors: corrupt, and those of `each`.
    #[cfg(test)]
    pub(crate) fn visit(&self, mut each: impl FnMut(u32, u64, &'a [u8]) -> Result<()>) -> Result<()> {
        for position in 0..self.entry.count {
            let number = self.number_at(position)?;
            each(number, self.hash_at(position)?, self.name_at(position)?)?;
        }
        Ok(())
    }

    pub(super) fn number_at(&self, position: u32) -> Result<u32> {
        self.check_position(position)?;
        match self.entry.is_listed {
            true => self.part.u32_at(self.sections.numbers + 4 * u64::from(position)),
            false => Ok(self.entry.first + position),
        }
    }

    pub(super) fn hash_at(&self, position: u32) -> Result<u64> {
        self.check_position(position)?;
        self.part.u64_at(self.sections.hashes + 8 * u64::from(position))
    }

    pub(super) fn name_at(&self, position: u32) -> Result<&'a [u8]> {
        self.check_position(position)?;
        let (start, end) = match self.entry.name_bytes_each {
            VARYING => self.varying_name(position)?,
            each => {
                let start = u64::from(position) * u64::from(each);
                (start, start + u64::from(each))
            }
        };
        if start > end || end > self.entry.names_bytes {
            return Err(self.corrupt(format_args!("name {position} is {start}..{end}")));
        }
        self.part.bytes_at(self.sections.names + start, end - start)
    }

    /// Begin and end of a name among the names, unchecked.
    fn varying_name(&self, position: u32) -> Result<(u64, u64)> {
        let group = u64::from(position / GROUP_NAMES);
        let base_place = self.sections.bases + 8 * group;
        let offset_place = self.sections.offsets + 4 * u64::from(position);
        let base = self.part.u64_at(base_place)?;
        let start = base.saturating_add(u64::from(self.part.u32_at(offset_place)?));
        let next = position + 1;
        let end = if next == self.entry.count || next.is_multiple_of(GROUP_NAMES) {
            self.part.u64_at(base_place + 8)?
        } else {
            base.saturating_add(u64::from(self.part.u32_at(offset_place + 4)?))
        };
        Ok((start, end))
    }

    /// The position of a number, if it has a name here.
    fn position_of(&self, number: u32) -> Result<Option<u32>> {
        if number < self.entry.first || number > self.entry.last {
            return Ok(None);
        }
        if !self.entry.is_listed {
            return Ok(Some(number - self.entry.first));
        }
        let position = self.position_from(number)?;
        let is_here = position < self.entry.count && self.number_at(position)? == number;
        Ok(is_here.then_some(position))
    }

    /// The first position whose number is at least `number`.
    fn position_from(&self, number: u32) -> Result<u32> {
        let entry = &self.entry;
        if number <= entry.first {
            return Ok(0);
        }
        if number > entry.last {
            return Ok(entry.count);
        }
        let before = number - entry.first;
        if !entry.is_listed {
            return Ok(before);
        }
        // Numbers rise by at least one, so they hold the position from both sides; few holes leave little to search.
        let mut high = before.min(entry.count - 1);
        let mut low = (entry.count - 1).saturating_sub(entry.last - number).min(high);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.number_at(middle)? < number {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }

    fn check_position(&self, position: u32) -> Result<()> {
        if position >= self.entry.count {
            let count = self.entry.count;
            return Err(self.corrupt(format_args!("position {position} is not below {count}")));
        }
        Ok(())
    }

    /// What reading in order finds when the listed numbers are wrong.
    #[cold]
    pub(super) fn numbers_do_not_rise(&self, position: u32) -> crate::error::Error {
        self.corrupt(format_args!("the number at position {position} does not rise"))
    }

    #[cold]
    fn corrupt(&self, what: std::fmt::Arguments<'_>) -> crate::error::Error {
        self.part.corrupt(format_args!("tag {}: {what}", self.entry.scope))
    }
}

/// The hashes of a run of numbers, in place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hashes<'a> {
    numbers: Numbers<'a>,
    hashes: &'a [u8],
}

#[derive(Clone, Copy, Debug)]
enum Numbers<'a> {
    /// This number and those behind it.
    From(u32),
    /// Four bytes each.
    Listed(&'a [u8]),
}

impl<'a> Hashes<'a> {
    /// No hashes.
    pub(crate) const fn none() -> Hashes<'a> {
        Hashes { numbers: Numbers::From(0), hashes: &[] }
    }

    /// How many there are.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.hashes.len() / 8
    }

    /// The first number and all hashes from it on without a hole, when there is no hole.
    pub(crate) fn contiguous(&self) -> Option<(u32, impl ExactSizeIterator<Item = u64> + use<'a>)> {
        match self.numbers {
            Numbers::From(first) => Some((first, self.values())),
            Numbers::Listed(_) => None,
        }
    }

    /// Every number with its hash, rising.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, u64)> + use<'a> {
        let numbers = self.numbers;
        self.values().enumerate().map(move |(index, hash)| {
            let number = match numbers {
                Numbers::From(first) => first + index as u32,
                Numbers::Listed(bytes) => word(&bytes[4 * index..]),
            };
            (number, hash)
        })
    }

    fn values(&self) -> impl ExactSizeIterator<Item = u64> + use<'a> {
        let whole = self.hashes.as_chunks::<8>().0;
        whole.iter().map(|bytes| u64::from_le_bytes(*bytes))
    }
}

fn word(bytes: &[u8]) -> u32 {
    bytes.first_chunk::<4>().map_or(0, |four| u32::from_le_bytes(*four))
}
