//! What a guess looks at, and what it may assume.

use super::known::KnownType;
use crate::mapping::CsvOptions;
use crate::options::ReadOptions;

/// What to look at, and what to assume.
#[derive(Clone, Debug)]
pub struct InferOptions {
    /// The entity type; the file's name without its endings unless given.
    pub type_name: Option<String>,
    /// That type, where it exists: its key and the kinds of its tags are kept.
    pub known: Option<KnownType>,
    /// The column that is the key; guessed unless given.
    pub key_column: Option<String>,
    /// How a CSV file is written; guessed unless given.
    pub csv: Option<CsvOptions>,
    /// The label of a CSV file's encoding, where only the rest of `csv` is to be guessed.
    pub encoding: Option<String>,
    /// The most rows that are looked at.
    pub rows_max: u64,
    /// The most cells that are looked at, so that a wide file takes no longer than a narrow one.
    pub cells_max: u64,
    /// The most bytes of long texts in the rows that are looked at, as often as they stand in them.
    pub text_bytes_max: u64,
    /// Bounds of the reader that looks at them and tries the proposal out.
    pub limits: ReadOptions,
}

impl Default for InferOptions {
    fn default() -> Self {
        InferOptions {
            type_name: None,
            known: None,
            key_column: None,
            csv: None,
            encoding: None,
            rows_max: 1_000_000,
            cells_max: 8_000_000,
            text_bytes_max: 2 << 30,
            limits: ReadOptions { block_bytes_max: 32 << 20, ..ReadOptions::default() },
        }
    }
}
