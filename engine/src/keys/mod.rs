//! The dictionaries (string interning): which number has which name, for the keys of types and the values of tags.
//!
//! [`Names`] is the stack of immutable parts that a snapshot holds: young ones in memory, older ones mapped, all of the
//! same bytes and with the same reader. The newest part that knows a name, or a number, answers. The dictionaries do
//! not know who lives: a number may be that of an entity that was erased since.

mod builder;
mod check;
mod format;
mod merge;
mod part;
mod scope;
mod writer;

#[cfg(test)]
mod tests;

use std::sync::Arc;

pub(crate) use builder::NamesBuilder;
pub(crate) use check::unopened_bytes;
pub(crate) use merge::merge_names;
pub(crate) use part::NamesPart;
pub(crate) use writer::NamesSummary;

use crate::error::Result;
use crate::ids::TagId;
use crate::keys::merge::Layers;
use crate::keys::writer::Source;

/// A stack of dictionary parts. A clone shares them.
#[derive(Clone, Default, Debug)]
pub(crate) struct Names {
    /// The newest is the last.
    pub(crate) parts: Vec<Arc<NamesPart>>,
}

impl Names {
    /// A stack of these parts, the newest last.
    pub(crate) fn new(parts: Vec<Arc<NamesPart>>) -> Names {
        Names { parts }
    }

    /// The number of a name. `hash` is that of the name. Errors: corrupt.
    pub(crate) fn find(&self, scope: TagId, hash: u64, name: &[u8]) -> Result<Option<u32>> {
        for part in self.parts.iter().rev() {
            if let Some(number) = part.find(scope, hash, name)? {
                return Ok(Some(number));
            }
        }
        Ok(None)
    }

    /// The name of a number. Errors: corrupt.
    pub(crate) fn name(&self, scope: TagId, number: u32) -> Result<Option<&[u8]>> {
        for part in self.parts.iter().rev() {
            if let Some(name) = part.name(scope, number)? {
                return Ok(Some(name));
            }
        }
        Ok(None)
    }

    /// The hash of a number's name. Errors: corrupt.
    pub(crate) fn hash(&self, scope: TagId, number: u32) -> Result<Option<u64>> {
        for part in self.parts.iter().rev() {
            if let Some(hash) = part.hash(scope, number)? {
                return Ok(Some(hash));
            }
        }
        Ok(None)
    }

    /// Fills `hashes[i]` with the hash of the name of `first + i`; what no name has stays as it was.
    ///
    /// Errors: corrupt.
    pub(crate) fn hashes_into(&self, scope: TagId, first: u32, hashes: &mut [u64]) -> Result<()> {
        let Some(behind) = hashes.len().checked_sub(1) else {
            return Ok(());
        };
        let last = first.saturating_add(u32::try_from(behind).unwrap_or(u32::MAX));
        for part in &self.parts {
            let run = part.hashes(scope, first, last)?;
            if let Some((start, values)) = run.contiguous() {
                let start = start.saturating_sub(first) as usize;
                for (hash, value) in hashes.iter_mut().skip(start).zip(values) {
                    *hash = value;
                }
                continue;
            }
            for (number, value) in run.iter() {
                let index = number.wrapping_sub(first) as usize;
                if let Some(hash) = hashes.get_mut(index) {
                    *hash = value;
                }
            }
        }
        Ok(())
    }

    /// Hands over number and name of all entries of a scope by rising number. Errors: corrupt, and those of `each`.
    pub(crate) fn visit(&self, scope: TagId, mut each: impl FnMut(u32, &[u8]) -> Result<()>) -> Result<()> {
        let layers = Layers::of(self.parts.iter().map(|part| &**part), scope)?;
        layers.walk(&mut |candidate| each(candidate.number, layers.name_of(&candidate)?))
    }

    /// The highest number of a scope. Errors: corrupt.
    #[cfg(test)]
    pub(crate) fn last(&self, scope: TagId) -> Result<Option<u32>> {
        let mut last = None;
        for part in &self.parts {
            last = last.max(part.scope(scope)?.map(|scope| scope.last()));
        }
        Ok(last)
    }
}
