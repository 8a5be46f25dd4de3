//! The memory budget of a load: its blocks, the block at hand while it becomes a part, the names of new keys and
//! values, and what is held by who reads the file. All together stay within `load_bytes_max`, as far as a single block
//! allows.

use crate::columns::{ColumnValues, KeyColumn, LoadBlock};
use crate::part::PartLimits;

/// How often the bytes of a block stand in memory while it becomes a part: as columns, as drafts, and as the part.
const AT_HAND_TIMES: u64 = 3;

/// Of so many parts of what the names leave, one is for what a merge of blocks holds of the part that it writes.
const MERGING_PARTS: u64 = 4;

/// How much more than the blocks themselves a merge of them holds at most: pairs with room to grow.
const MERGING_TIMES: u64 = 3;

/// Of so many parts the names of new keys and values may take one, before they go into a file.
const NAMES_PARTS: u64 = 3;

/// Of so many parts of the whole a block is meant to take one, and as much is always left to who reads.
const BLOCK_PARTS: u64 = 16;

/// See the module.
#[derive(Debug)]
pub(super) struct LoadMemory {
    bytes_max: u64,
    /// What is held, or may be, by who reads the file.
    reading: u64,
    blocks: u64,
    names: u64,
}

impl LoadMemory {
    pub(super) fn new(bytes_max: u64) -> LoadMemory {
        LoadMemory { bytes_max, reading: 0, blocks: 0, names: 0 }
    }

    /// So much of what is wanted who reads the next block may hold. Names of new values leave less.
    pub(super) fn room_for_reading(&mut self, wanted: u64) -> u64 {
        let free = self.bytes_max.saturating_sub(self.names + self.at_hand_bytes());
        self.reading = wanted.min(free.max(self.bytes_max / BLOCK_PARTS));
        self.reading
    }

    /// So much is held after the block was read.
    pub(super) fn read(&mut self, held: u64) {
        self.reading = held;
    }

    /// What a block at hand is meant to take.
    fn at_hand_bytes(&self) -> u64 {
        self.bytes_max / BLOCK_PARTS * AT_HAND_TIMES
    }

    /// What is left for the load itself. A reader that must hold more than half, as is told to it, leaves half.
    fn own_bytes_max(&self) -> u64 {
        self.bytes_max - self.reading.min(self.bytes_max / 2)
    }

    /// Whether the blocks have to go to make room for `block`.
    pub(super) fn is_full_with(&self, block: &LoadBlock) -> bool {
        self.blocks + self.names + at_hand_of(block) > self.own_bytes_max() || self.is_full()
    }

    /// How far a part may grow into which blocks are merged.
    pub(super) fn part_limits(&self, limits: PartLimits) -> PartLimits {
        PartLimits { held_bytes_max: self.merging_bytes_max().min(limits.held_bytes_max), ..limits }
    }

    fn merging_bytes_max(&self) -> u64 {
        self.own_bytes_max().saturating_sub(self.names) / MERGING_PARTS
    }

    /// A block has become a part of so many bytes.
    pub(super) fn keep(&mut self, part_bytes: u64) {
        self.blocks += part_bytes;
    }

    /// Whether the blocks, and what merging them takes, are more than there is room for.
    pub(super) fn is_full(&self) -> bool {
        let merging = (MERGING_TIMES * self.blocks).min(self.merging_bytes_max());
        self.blocks + merging + self.names > self.own_bytes_max()
    }

    /// The blocks have gone into files.
    pub(super) fn spilled(&mut self) {
        self.blocks = 0;
    }

    /// So much is held of names that nobody knew.
    pub(super) fn hold_names(&mut self, bytes: u64) {
        self.names = bytes;
    }

    /// What a merge of files of names may hold.
    pub(super) fn names_merging_bytes_max(&self) -> u64 {
        self.own_bytes_max() / NAMES_PARTS
    }

    /// Whether the names have to go to make room for more.
    pub(super) fn are_names_full(&self) -> bool {
        self.names > (self.own_bytes_max() / NAMES_PARTS).max(NAMES_BYTES_FREE)
    }
}

/// Names of a load that are always kept: a bound that is set very low is meant for blocks.
const NAMES_BYTES_FREE: u64 = 1 << 20;

/// What a block takes while it becomes a part. Numbers become a set of ids for each of their bits, of which half are
/// set: more than the numbers themselves where few rows have many columns.
fn at_hand_of(block: &LoadBlock) -> u64 {
    let sliced = |values: &[i64]| {
        let bits = u64::BITS - values.iter().fold(0, |bits, value| bits | value.unsigned_abs()).leading_zeros();
        values.len() * bits as usize * size_of::<u16>() / 2
    };
    let of_numbers = block.columns.iter().map(|column| match &column.values {
        ColumnValues::Number { values, .. } => sliced(values),
        _ => 0,
    });
    let sliced_bytes = of_numbers.sum::<usize>() as u64;
    let bytes = bytes_of(block);
    (AT_HAND_TIMES * bytes).max(bytes + (AT_HAND_TIMES - 1) * sliced_bytes)
}

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
