//! Which ways an evaluation took, noted for whoever explains it; everybody else pays a look at an empty pointer.

use std::fmt::Write;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

/// A way to evaluate: of a whole query, or of one chunk of one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::query) enum Way {
    /// Directories alone: no member was read.
    Directory,
    /// Directories walked side by side, their containers counted in place.
    SideBySide,
    /// A calendar of who has which chunk.
    Calendar,
    /// A chunk whose operands were combined where they stand.
    InPlace,
    /// A chunk of bitsets in one pass over their words, ranges of numbers included.
    Fused,
    /// A chunk of values that exclude each other: their counts were added up.
    AddedUp,
    /// A chunk whose plain operands were combined first, and what costs more looked at who was left.
    Narrowed,
    /// A chunk of a number, for few candidates: their digits were gathered.
    Gathered,
    /// A chunk of a number in a pass over its slices.
    Slices,
    /// A chunk of a bitmap that several layers speak of.
    Folded,
}

const WAYS: [(Way, &str); 10] = [
    (Way::Directory, "directory alone"),
    (Way::SideBySide, "directories side by side"),
    (Way::Calendar, "calendar of chunks"),
    (Way::InPlace, "in place"),
    (Way::Fused, "one pass"),
    (Way::AddedUp, "added up"),
    (Way::Narrowed, "narrowed"),
    (Way::Gathered, "digits gathered"),
    (Way::Slices, "pass over slices"),
    (Way::Folded, "layers folded"),
];

/// How often each way was taken, and what was looked at.
#[derive(Debug, Default)]
pub struct Trace {
    ways: [AtomicU32; WAYS.len()],
    bytes: AtomicU64,
    looks: AtomicU64,
}

impl Trace {
    pub(super) fn note(&self, way: Way) {
        self.ways[way as usize].fetch_add(1, Relaxed);
    }

    /// Somebody looked whether to go on.
    pub(super) fn note_look(&self) {
        self.looks.fetch_add(1, Relaxed);
    }

    /// How often anybody looked whether the caller is still there.
    pub fn looks(&self) -> u64 {
        self.looks.load(Relaxed)
    }

    pub(super) fn note_bytes(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Relaxed);
    }

    /// Bytes of the operands in the chunks that were looked at; a chunk that was decided early is counted whole.
    pub(in crate::query) fn bytes(&self) -> u64 {
        self.bytes.load(Relaxed)
    }

    /// The ways that were taken: those of the whole query by name, those of chunks with their number.
    pub(in crate::query) fn text(&self) -> String {
        let mut text = String::new();
        for ((way, name), count) in WAYS.iter().zip(&self.ways) {
            let between = if text.is_empty() { "" } else { ", " };
            match (way, count.load(Relaxed)) {
                (_, 0) => continue,
                (Way::Directory | Way::SideBySide | Way::Calendar, _) => write!(text, "{between}{name}"),
                (_, count) => write!(text, "{between}{name} {count}"),
            }
            .expect("a string takes all");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_is_told_by_its_own_name() {
        for (place, (way, name)) in WAYS.into_iter().enumerate() {
            assert_eq!(way as usize, place);
            let trace = Trace::default();
            trace.note(way);
            assert!(trace.text().starts_with(name), "{}", trace.text());
        }
        let trace = Trace::default();
        [Way::Fused, Way::Folded, Way::Fused].into_iter().for_each(|way| trace.note(way));
        assert_eq!(trace.text(), "one pass 2, layers folded 1");
    }
}
