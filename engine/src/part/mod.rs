//! A part, the sorted table of this LSM tree: an immutable run of bitmaps, the same bytes in memory and in a mapped
//! file.
//!
//! Per bitmap it holds `added` and `removed` ids, per tag `cleared`, per entity type `erased`. What a stack of parts
//! says is one line: `bitmap = (below - erased - cleared(tag) - removed(bitmap)) + added(bitmap)`. This module knows
//! how one part is built, written, read and merged with others; it does not know names, snapshots or the disk.

mod check;
mod columns;
mod cursor;
mod directory;
mod drafts;
mod format;
#[cfg(test)]
mod format_tests;
mod group;
mod merge;
mod merged;
mod owned;
mod read;
mod small;
mod sources;
mod spot;
mod stack;
mod values;
mod verified;
mod walk;
mod writer;

pub(crate) use check::unopened_bytes;
pub use columns::ColumnBuilder;
pub use cursor::{Alone, Cursor, Holder, Holders};
pub use drafts::KeptBitmap;
pub(crate) use format::UNIT_BYTES;
pub use group::PartBuilder;
pub use merge::{Merge, MergeTag, PartLimits};
pub use merged::MergedBitmap;
pub use read::{BitmapView, PairBlock, PairsView, Part, TagBitmap};
pub use sources::Sources;
pub use spot::Spot;
#[cfg(feature = "internals")]
pub use stack::folded_chunks;
pub use stack::{BitmapStack, NOBODY, SEVERAL, Source};
pub use values::{DerivedRoom, HeldChunk, Reading, ValueIndex, ValueStream};
pub use writer::{PartSink, PartSummary};

/// What a bitmap in a part does to the one below.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Role {
    /// Its ids are members from here on. `cleared` and `erased` are kept in this role too.
    Added = 0,
    /// Its ids are no longer members. On the `present` bitmap of a set tag: ids that lost a value here, so that whether
    /// any is left must be looked up value by value.
    Removed = 1,
}

/// What the layers need to know of a tag's kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TagForm {
    /// One bitmap; also the population tag of a type, whose bitmap is `live`.
    Flag,
    /// A bitmap per value, which exclude each other, and `present`.
    Choice,
    /// A bitmap per value and `present`, an upper bound.
    Set,
    /// Bit slices, `negative` and `present`.
    Number,
}
