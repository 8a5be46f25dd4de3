//! Options of a reader: what it may take, and who may stop it.

use std::fmt;
use std::sync::Arc;

use muster_engine::Result;

/// So much of a file may always be held: less makes no sense.
pub const HELD_BYTES_MIN: usize = 32 << 20;
/// Of so many parts of a load's memory a block may take one, and what is held of its file.
const BLOCK_PARTS: u64 = 16;
const HELD_PARTS: u64 = 2;
/// A block may always take so much.
const BLOCK_BYTES_MIN: usize = 1 << 20;

/// Bounds of a reader.
#[derive(Clone, Debug)]
pub struct ReadOptions {
    /// The most rows of a block.
    pub block_rows_max: usize,
    /// The bytes of keys and values after which a block ends early.
    pub block_bytes_max: usize,
    /// The most bytes of a Parquet or Arrow file that are held at once, unpacked: a footer, pages, dictionaries, a
    /// batch of rows. A file that needs more is refused.
    pub held_bytes_max: usize,
    /// The longest CSV record, in bytes; a longer one is rejected and not kept.
    pub record_bytes_max: usize,
    /// The most rows that are read, rejected ones included; the file ends there.
    pub rows_max: u64,
    /// Asked between two pieces of a text and between two runs of rows.
    pub look: Look,
}

/// Whether to go on: asked again and again by a reader, which ends with the error that it is given.
#[derive(Clone)]
pub struct Look(Arc<dyn Fn() -> Result<()> + Send + Sync>);

impl Look {
    /// One that asks `look`.
    pub fn new(look: impl Fn() -> Result<()> + Send + Sync + 'static) -> Look {
        Look(Arc::new(look))
    }

    /// Errors: those of whoever is asked.
    pub(crate) fn look(&self) -> Result<()> {
        (self.0)()
    }
}

impl Default for Look {
    /// Goes on.
    fn default() -> Look {
        Look::new(|| Ok(()))
    }
}

impl fmt::Debug for Look {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Look")
    }
}

impl Default for ReadOptions {
    fn default() -> Self {
        ReadOptions {
            block_rows_max: 1 << 18,
            block_bytes_max: 256 << 20,
            held_bytes_max: 256 << 20,
            record_bytes_max: 16 << 20,
            rows_max: u64::MAX,
            look: Look::default(),
        }
    }
}

impl ReadOptions {
    /// The bounds for a load that may take `load_bytes_max`.
    pub fn for_load(load_bytes_max: u64) -> ReadOptions {
        let options = ReadOptions::default();
        let share = |parts: u64| usize::try_from(load_bytes_max / parts).unwrap_or(usize::MAX);
        ReadOptions {
            block_bytes_max: options.block_bytes_max.min(share(BLOCK_PARTS).max(BLOCK_BYTES_MIN)),
            held_bytes_max: share(HELD_PARTS).max(HELD_BYTES_MIN),
            ..options
        }
    }
}
