//! The k-way merge of dictionary parts into one, for flush and compaction.

use std::collections::BTreeSet;

use crate::error::Result;
use crate::ids::TagId;
use crate::keys::part::NamesPart;
use crate::keys::scope::Scope;
use crate::keys::writer::{Candidate, NamesSummary, PartWriter, Source};

/// Writes the names of `parts`, oldest first, as one part into `sink`, front to back. Of one name, or one number, in
/// several parts the newest counts; what `keep` refuses is left out. Only the order of one scope lies in memory, not
/// the names. Errors: corrupt, limit, and those of the sink.
pub(crate) fn merge_names(
    parts: &[&NamesPart],
    keep: &dyn Fn(TagId, u32) -> bool,
    sink: &mut dyn FnMut(&[u8]) -> Result<()>,
) -> Result<NamesSummary> {
    let mut tags = BTreeSet::new();
    for part in parts {
        tags.extend(part.scopes()?);
    }
    let mut writer = PartWriter::new(sink);
    for tag in tags {
        let layers = Layers::of(parts.iter().copied(), tag)?;
        writer.scope(tag, &layers, &|number| keep(tag, number))?;
    }
    writer.finish()
}

/// One scope in several parts, the oldest first.
pub(super) struct Layers<'a> {
    scopes: Vec<Scope<'a>>,
}

#[derive(Clone, Copy)]
struct Cursor {
    position: u32,
    /// The number at the position; `None` at the end.
    number: Option<u32>,
}

impl<'a> Layers<'a> {
    pub(super) fn of(parts: impl Iterator<Item = &'a NamesPart>, tag: TagId) -> Result<Layers<'a>> {
        let mut scopes = Vec::new();
        for part in parts {
            scopes.extend(part.scope(tag)?);
        }
        Ok(Layers { scopes })
    }

    /// The name of a candidate, as long as the parts live.
    pub(super) fn name_of(&self, candidate: &Candidate) -> Result<&'a [u8]> {
        self.scopes[candidate.age as usize].name_at(candidate.place)
    }

    fn cursor(&self, layer: usize, position: u32) -> Result<Cursor> {
        let scope = &self.scopes[layer];
        let number = match position < scope.count() {
            true => Some(scope.number_at(position)?),
            false => None,
        };
        Ok(Cursor { position, number })
    }

    /// The cursor behind `cursor`. Errors: corrupt, when its number does not rise.
    fn advanced(&self, layer: usize, cursor: Cursor) -> Result<Cursor> {
        let next = self.cursor(layer, cursor.position + 1)?;
        if next.number.is_some() && next.number <= cursor.number {
            return Err(self.scopes[layer].numbers_do_not_rise(next.position));
        }
        Ok(next)
    }
}

impl Source for Layers<'_> {
    fn count(&self) -> usize {
        self.scopes.iter().map(|scope| scope.count() as usize).sum()
    }

    fn walk(&self, each: &mut dyn FnMut(Candidate) -> Result<()>) -> Result<()> {
        let mut cursors = Vec::with_capacity(self.scopes.len());
        for layer in 0..self.scopes.len() {
            cursors.push(self.cursor(layer, 0)?);
        }
        while let Some(number) = cursors.iter().filter_map(|cursor| cursor.number).min() {
            let mut newest = None;
            for (layer, cursor) in cursors.iter_mut().enumerate() {
                if cursor.number == Some(number) {
                    newest = Some((layer, cursor.position));
                    *cursor = self.advanced(layer, *cursor)?;
                }
            }
            if let Some((layer, position)) = newest {
                each(Candidate {
                    number,
                    hash: self.scopes[layer].hash_at(position)?,
                    age: layer as u32,
                    place: position,
                })?;
            }
        }
        Ok(())
    }

    fn name(&self, candidate: &Candidate) -> Result<&[u8]> {
        self.name_of(candidate)
    }
}
