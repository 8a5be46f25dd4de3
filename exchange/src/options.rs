//! What a reader may take.

/// Bounds of a reader.
#[derive(Clone, Debug)]
pub struct ReadOptions {
    /// The most rows of a block.
    pub block_rows_max: usize,
    /// The bytes of keys and values after which a block ends early.
    pub block_bytes_max: usize,
    /// The most bytes of a Parquet or Arrow file that are held at once, unpacked: a footer, pages, dictionaries, a batch
    /// of rows. A file that needs more is refused.
    pub held_bytes_max: usize,
    /// The longest CSV record, in bytes; a longer one is rejected and not kept.
    pub record_bytes_max: usize,
    /// The most rows that are read, rejected ones included; the file ends there.
    pub rows_max: u64,
}

impl Default for ReadOptions {
    fn default() -> Self {
        ReadOptions {
            block_rows_max: 1 << 18,
            block_bytes_max: 256 << 20,
            held_bytes_max: 256 << 20,
            record_bytes_max: 16 << 20,
            rows_max: u64::MAX,
        }
    }
}
