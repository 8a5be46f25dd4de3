//! Reading a file by its mapping, block by block.

use std::path::Path;

use muster_engine::Result;
use muster_engine::catalog::TagKind;
use muster_engine::columns::LoadBlock;
use muster_engine::ids::TagId;

use crate::input::Input;
use crate::mapping::Mapping;
use crate::reject::Reject;

/// Bounds of a reader.
#[derive(Clone, Debug)]
pub struct ReadOptions {
    /// The most rows of a block.
    pub block_rows_max: usize,
    /// The bytes of keys and values after which a block ends early.
    pub block_bytes_max: usize,
    /// The longest key, in bytes; a row with a longer one is rejected.
    pub key_bytes_max: usize,
    /// The longest value of a choice or set, in bytes; a row with a longer one is rejected.
    pub value_bytes_max: usize,
    /// The longest CSV record, in bytes; a longer one is rejected and not kept.
    pub record_bytes_max: usize,
}

impl Default for ReadOptions {
    fn default() -> Self {
        ReadOptions {
            block_rows_max: 1 << 18,
            block_bytes_max: 256 << 20,
            key_bytes_max: 1024,
            value_bytes_max: 64 << 10,
            record_bytes_max: 16 << 20,
        }
    }
}

/// What a column of the mapping became in the catalog. One for each of [`Mapping::loaded_columns`], in any order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedColumn {
    /// The column's name as the mapping has it.
    pub column: String,
    /// The tag that it sets.
    pub tag: TagId,
    /// The tag's kind, which must be the mapping's.
    pub kind: TagKind,
}

/// Some rows of the file.
#[derive(Clone, Debug)]
pub struct Block {
    /// The rows that are loaded, in file order.
    pub load: LoadBlock,
    /// Line or row number (as in [`Reject::line`]) of the first row that was read for this block.
    pub first_row_line: u64,
    /// How many rows were read for this block: those loaded and those rejected.
    pub rows_read: u64,
    /// The rows that are not loaded, by line.
    pub rejected: Vec<Reject>,
}

/// How far a reader is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Progress {
    /// The rows read so far.
    pub rows_read: u64,
    /// All rows, where the format says it.
    pub rows_total: Option<u64>,
    /// The bytes read so far, packed as they are; 0 for formats that say `rows_total`.
    pub bytes_read: u64,
    /// The size of the file, unknown for a stream.
    pub bytes_total: Option<u64>,
}
