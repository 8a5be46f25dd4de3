//! Sets of the ids of one chunk, and everything that is computed with them.
//!
//! A [`Container`] borrows the members of one bitmap in one chunk in one of five forms; a
//! [`ChunkBuffer`] owns such a set and never allocates after it was made. Every operation exists
//! for every pair of forms. Loops over machine words live in [`kernel`]; what stands outside of it
//! knows nothing of instruction sets.
//!
//! The module trusts its input: arrays and runs are sorted, cardinalities are right. Bytes from
//! outside pass [`Container::is_valid`] first; after that no function here panics.

mod arrays;
mod buffer;
mod combine;
mod container;
mod ids;
pub mod kernel;
mod many;
mod pairs;
mod runs;
mod slices;
#[cfg(test)]
mod tests;
mod threshold;
mod union;
mod words;

pub(crate) use buffer::write_words;
pub use buffer::{AlignedWords, ChunkBuffer};
pub use combine::{and_into, and_not_into, or_into};
pub use container::{Container, Run};
pub use ids::{IDS_SLACK, Ids, append_ids, append_page, for_each_id};
pub use kernel::Fused;
pub(crate) use kernel::prefetch;
pub use many::{conjunction_count, conjunction_into, fused_count, or_many_count};
pub use pairs::{and_count, and_not_count, or_count};
pub use slices::{
    SLICES_MAX, Slices, gather_values, slices_max, slices_min, slices_range_fused_count, slices_range_fused_into,
    slices_range_into, slices_sum,
};
pub use threshold::{BATCH, Counters, Counting, OPERANDS_MAX, Threshold, threshold_into};
pub use union::{disjoint_union_count, intersect_disjoint_union_count, union_count, union_into, union_more};

/// Ids in one chunk.
pub const CHUNK_IDS: u32 = 65_536;

/// Words of one chunk as a bitset.
pub const CHUNK_WORDS: usize = 1024;

/// Entries of an array above which a bitset is smaller and faster.
pub const ARRAY_MAX: usize = 4096;

/// Runs that a [`ChunkBuffer`] holds as runs; a set of more runs becomes a bitset in it.
pub const RUNS_MAX: usize = 2048;

/// One chunk as a bitset: id `i` is bit `i % 64` of word `i / 64`. Aligned to 64 bytes where it
/// comes from a part or from a buffer; no kernel depends on that, all are faster with it.
pub type Words = [u64; CHUNK_WORDS];
