//! The members of a container as ids: all at once, one by one, or a page at a time.

use super::{Container, Run, Words, kernel, words};

/// Room behind the last id with which [`append_ids`] does not have to move the list.
pub const IDS_SLACK: usize = kernel::IDS_SLACK;

/// Appends every id of `container` plus `base`, ascending.
pub fn append_ids(container: Container<'_>, base: u32, out: &mut Vec<u32>) {
    let range = |run: Run| base + u32::from(run.first)..=base + u32::from(run.last);
    match container {
        Container::Empty => {}
        Container::Full => out.extend(range(Run { first: 0, last: u16::MAX })),
        Container::Array(ids) => out.extend(ids.iter().map(|&id| base + u32::from(id))),
        Container::Bitset { words, cardinality } => {
            kernel::current().append_ids(words, cardinality, base, out);
        }
        Container::Runs { runs, cardinality } => {
            out.reserve(cardinality as usize);
            runs.iter().for_each(|&run| out.extend(range(run)));
        }
    }
}

/// Appends up to `limit` ids at or above `low`, plus `base`; returns the id with which the next
/// page begins, or `None` if no id is left.
pub fn append_page(container: Container<'_>, low: u16, limit: usize, base: u32, out: &mut Vec<u32>) -> Option<u16> {
    if low == 0 && container.cardinality() as usize <= limit {
        append_ids(container, base, out);
        return None;
    }
    let mut ids = Ids::from(container, low);
    out.extend(ids.by_ref().take(limit).map(|id| base + u32::from(id)));
    ids.next()
}

/// Calls `visit` with every id, ascending.
pub fn for_each_id(container: Container<'_>, mut visit: impl FnMut(u16)) {
    match container {
        Container::Empty => {}
        Container::Full => (0..=u16::MAX).for_each(visit),
        Container::Array(ids) => ids.iter().copied().for_each(visit),
        Container::Runs { runs, .. } => {
            runs.iter().for_each(|run| (run.first..=run.last).for_each(&mut visit));
        }
        Container::Bitset { words, .. } => {
            for (index, &word) in words.iter().enumerate() {
                let mut bits = word;
                while bits != 0 {
                    visit(64 * index as u16 + bits.trailing_zeros() as u16);
                    bits &= bits - 1;
                }
            }
        }
    }
}

/// The ids of a container, ascending, from any id on.
pub struct Ids<'a> {
    rest: Rest<'a>,
}

enum Rest<'a> {
    Array(&'a [u16]),
    /// The words and the lowest id that has not been looked at; 65,536 at the end.
    Bits(&'a Words, u32),
    /// The runs, the first of which is cut off below the id.
    Runs(&'a [Run], u32),
}

impl<'a> Ids<'a> {
    /// All ids of `container` at or above `low`.
    pub fn from(container: Container<'a>, low: u16) -> Self {
        static EVERYBODY: [Run; 1] = [Run { first: 0, last: u16::MAX }];
        let rest = match container {
            Container::Empty => Rest::Array(&[]),
            Container::Full => Rest::Runs(&EVERYBODY, u32::from(low)),
            Container::Array(ids) => Rest::Array(&ids[ids.partition_point(|&id| id < low)..]),
            Container::Bitset { words, .. } => Rest::Bits(words, u32::from(low)),
            Container::Runs { runs, .. } => {
                let from = runs.partition_point(|run| run.last < low);
                Rest::Runs(&runs[from..], u32::from(low))
            }
        };
        Ids { rest }
    }
}

impl Iterator for Ids<'_> {
    type Item = u16;

    fn next(&mut self) -> Option<u16> {
        match &mut self.rest {
            Rest::Array(ids) => {
                let (&id, rest) = ids.split_first()?;
                *ids = rest;
                Some(id)
            }
            Rest::Bits(bits, low) => {
                let from = u16::try_from(*low).ok()?;
                let next = words::next_set(bits, from);
                *low = next.map_or(super::CHUNK_IDS, |id| u32::from(id) + 1);
                next
            }
            Rest::Runs(runs, low) => {
                let (&run, rest) = runs.split_first()?;
                let id = u32::from(run.first).max(*low);
                *low = id + 1;
                if id == u32::from(run.last) {
                    *runs = rest;
                }
                Some(id as u16)
            }
        }
    }
}
