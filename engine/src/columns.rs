//! Columns of changes: what a bulk load hands to the engine, a block of rows at a time.
//!
//! Plain data without behaviour, so that readers of file formats need to know nothing else of the engine. Rows stand
//! in file order; of two rows with one key the later wins, tag by tag.

use crate::ids::TagId;

/// The code of a row without a value in [`ColumnValues::Choice`].
pub(crate) const NULL_CODE: u32 = u32::MAX;

/// The keys of a block, one a row, of the kind that the entity type declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyColumn {
    /// Keys of a type with string keys, byte for byte.
    Text(Vec<String>),
    /// Keys of a type with u64 or dense keys.
    Number(Vec<u64>),
}

impl KeyColumn {
    /// The number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Text(keys) => keys.len(),
            Self::Number(keys) => keys.len(),
        }
    }

    /// Whether the block has no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The values of one tag, one a row. Every vector is as long as the block's keys unless it says otherwise.
#[derive(Clone, Debug, PartialEq)]
pub enum ColumnValues {
    /// `true` sets the flag, `false` clears it, a null row follows the column's null rule.
    Flag {
        /// One truth a row; what stands in a null row is not looked at.
        values: Vec<bool>,
        /// `false` where the row is null; absent when no row is.
        valid: Option<Vec<bool>>,
    },
    /// At most one value a row, as a code into a dictionary of distinct values.
    Choice {
        /// The distinct values, byte for byte.
        dictionary: Vec<String>,
        /// An index into `dictionary`, or [`ColumnValues::NULL_CODE`].
        codes: Vec<u32>,
    },
    /// A list a row, which replaces the entity's set.
    Set {
        /// The distinct values, byte for byte.
        dictionary: Vec<String>,
        /// Row `r` holds `codes[offsets[r]..offsets[r + 1]]`; one longer than the rows.
        offsets: Vec<u32>,
        /// Indices into `dictionary`.
        codes: Vec<u32>,
        /// `false` where the row is null (an empty list is not); absent when no row is.
        valid: Option<Vec<bool>>,
    },
    /// Ints, unscaled decimals of the tag's scale, days or milliseconds since 1970-01-01.
    Number {
        /// One number a row; `i64::MIN` is refused; what stands in a null row is not looked at.
        values: Vec<i64>,
        /// `false` where the row is null; absent when no row is.
        valid: Option<Vec<bool>>,
    },
}

impl ColumnValues {
    /// The code of a row without a value in [`ColumnValues::Choice`].
    pub const NULL_CODE: u32 = NULL_CODE;
}

/// One tag's column in a block.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadColumn {
    /// The tag, whose kind must match the values.
    pub tag: TagId,
    /// The values.
    pub values: ColumnValues,
    /// Whether a null clears the tag; otherwise it keeps what was there.
    pub null_clears: bool,
}

/// A block of rows of one load.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadBlock {
    /// The keys, which also make the entities known where all tags are null.
    pub keys: KeyColumn,
    /// The columns, each tag at most once.
    pub columns: Vec<LoadColumn>,
}
