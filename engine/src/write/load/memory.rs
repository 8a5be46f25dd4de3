//! What a load takes in memory: its blocks, the block at hand while it becomes a part, and the names of new values. All
//! together stay within `load_bytes_max`, as far as a single block allows.

use crate::columns::{ColumnValues, KeyColumn, LoadBlock};
use crate::error::{Error, Result};
use crate::part::PartLimits;

/// How often the bytes of a block stand in memory while it becomes a part: as columns, as drafts, and as the part.
const AT_HAND_TIMES: u64 = 3;

/// Of so many parts of what the names leave, one is for what a merge of blocks holds of the part that it writes.
const MERGING_PARTS: u64 = 4;

/// How much more than the blocks themselves a merge of them holds at most: pairs with room to grow.
const MERGING_TIMES: u64 = 3;

/// What a new name takes beside its characters: its places among the known ones of the load, among the new ones, among
/// those that small writes share, and in the dictionary that is made of them.
const NAME_BYTES: u64 = 288;

/// How often its characters stand in memory then.
const NAME_TIMES: u64 = 4;

/// Of four parts the names of new values may take so many.
const NAMES_QUARTERS: u64 = 3;

/// See the module.
#[derive(Debug)]
pub(super) struct LoadMemory {
    bytes_max: u64,
    blocks: u64,
    names: u64,
}

impl LoadMemory {
    pub(super) fn new(bytes_max: u64) -> LoadMemory {
        LoadMemory { bytes_max, blocks: 0, names: 0 }
    }

    /// Whether the blocks have to go to make room for `block`.
    pub(super) fn is_full_with(&self, block: &LoadBlock) -> bool {
        self.blocks + self.names + AT_HAND_TIMES * bytes_of(block) > self.bytes_max || self.is_full()
    }

    /// How far a part may grow into which blocks are merged.
    pub(super) fn part_limits(&self, limits: PartLimits) -> PartLimits {
        PartLimits { held_bytes_max: self.merging_bytes_max().min(limits.held_bytes_max), ..limits }
    }

    fn merging_bytes_max(&self) -> u64 {
        self.bytes_max.saturating_sub(self.names) / MERGING_PARTS
    }

    /// A block has become a part of so many bytes.
    pub(super) fn keep(&mut self, part_bytes: u64) {
        self.blocks += part_bytes;
    }

    /// Whether the blocks, and what merging them takes, are more than there is room for.
    pub(super) fn is_full(&self) -> bool {
        let merging = (MERGING_TIMES * self.blocks).min(self.merging_bytes_max());
        self.blocks + merging + self.names > self.bytes_max
    }

    /// The blocks have gone into files.
    pub(super) fn spilled(&mut self) {
        self.blocks = 0;
    }

    /// A value has got a name that nobody knew. Errors: limit, where the names would leave no room for blocks.
    pub(super) fn name(&mut self, text: &str) -> Result<()> {
        self.names += NAME_TIMES * text.len() as u64 + NAME_BYTES;
        if self.names > self.bytes_max / 4 * NAMES_QUARTERS && self.names > NAMES_BYTES_FREE {
            return Err(Error::limit(format!(
                "load fewer new values at once, or raise load_bytes_max: the names of new values may take three quarters \
                 of {} bytes",
                self.bytes_max
            )));
        }
        Ok(())
    }
}

/// Names of a load that are always taken: a bound that is set very low is meant for blocks.
const NAMES_BYTES_FREE: u64 = 16 << 20;

/// What a block takes.
fn bytes_of(block: &LoadBlock) -> u64 {
    let texts = |texts: &[String]| texts.iter().map(|text| text.capacity() + size_of::<String>()).sum::<usize>();
    let keys = match &block.keys {
        KeyColumn::Text(keys) => texts(keys),
        KeyColumn::Number(keys) => size_of_val(&keys[..]),
    };
    let columns = block.columns.iter().map(|column| match &column.values {
        ColumnValues::Flag { values, valid } => values.len() + valid.as_ref().map_or(0, Vec::len),
        ColumnValues::Choice { dictionary, codes } => texts(dictionary) + size_of_val(&codes[..]),
        ColumnValues::Set { dictionary, offsets, codes, valid } => {
            texts(dictionary) + size_of_val(&codes[..]) + size_of_val(&offsets[..]) + valid.as_ref().map_or(0, Vec::len)
        }
        ColumnValues::Number { values, valid } => size_of_val(&values[..]) + valid.as_ref().map_or(0, Vec::len),
    });
    (keys + columns.sum::<usize>()) as u64
}
