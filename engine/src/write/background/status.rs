//! Metrics: what an operator wants to know about an open store.

use crate::ids::Seq;
use crate::snapshot::{KeptQueryCounts, MergedCounts, ValueIndexCounts};

/// A picture of an open store at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// The newest visible version.
    pub version: Seq,
    /// Everything up to here survives a power cut.
    pub durable: Seq,
    /// Everything up to here lies in part files; the log holds the rest.
    pub flushed: Seq,
    /// The identity of the store.
    pub store_id: [u8; 16],
    /// The epoch of its ids.
    pub id_epoch: u64,
    /// By format: the version in which the store is written from now on. Files of older ones are read as they are.
    pub formats: Vec<(&'static str, u32)>,
    /// The number of the newest manifest.
    pub manifest: u64,
    /// Layers in memory.
    pub memory_layers: usize,
    /// Bytes of parts and names in memory.
    pub memory_bytes: u64,
    /// What is kept merged of bitmaps in several layers.
    pub merged: MergedCounts,
    /// Directories of values that are kept for questions about entities.
    pub value_indexes: ValueIndexCounts,
    /// Queries that are kept prepared.
    pub kept_queries: KeptQueryCounts,
    /// Layers in files.
    pub file_layers: usize,
    /// Part files and their bytes.
    pub part_files: usize,
    /// Bytes of all part files.
    pub part_bytes: u64,
    /// Files of names (keys and values).
    pub names_files: usize,
    /// Bytes of all names files.
    pub names_bytes: u64,
    /// Bytes of the log that a crash now would replay.
    pub log_bytes: u64,
    /// Running loads.
    pub loads: usize,
    /// How many log records the last open replayed.
    pub recovered_records: u64,
    /// How long the last open took, in nanoseconds.
    pub open_ns: u64,
    /// What the last open gave up of a damaged log, because its options allowed it.
    pub discarded: Option<String>,
    /// What the last open dropped from the end of the log, because nothing says that it was durable.
    pub dropped: Vec<String>,
    /// Why writes are refused, if they are.
    pub fenced: Option<String>,
    /// Why a flush or compaction in the background failed, the last one that did.
    pub background_error: Option<String>,
}
