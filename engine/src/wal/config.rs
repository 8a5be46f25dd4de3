//! Where a log lives, where it begins, and what recovery may do: what whoever opens one says.

use std::sync::Arc;

use crate::ids::{FileNumber, Seq};
use crate::storage::{Fence, Storage};

/// The length of a log file at which the next one begins, in bytes.
pub(crate) const FILE_BYTES_DEFAULT: u64 = 64 << 20;
/// The length of the first file after an open, a flush or a load: a space that is hardly written to takes no more.
const FILE_BYTES_FIRST: u64 = 1 << 20;

/// Where a log lives.
#[derive(Clone)]
pub(crate) struct WalConfig {
    /// The files of the space; the log lies in its directory [`LOG_DIR`](super::LOG_DIR).
    pub(crate) storage: Arc<dyn Storage>,
    /// Shared with all that writes to the space.
    pub(crate) fence: Arc<Fence>,
    /// Whose log it is.
    pub(crate) store_id: [u8; 16],
    /// The length that files grow to, see [`FILE_BYTES_DEFAULT`]; a group longer than this gets a file of its own
    /// length.
    pub(crate) file_bytes: u64,
}

impl WalConfig {
    /// The length of the first file.
    pub(super) fn first_bytes(&self) -> u64 {
        FILE_BYTES_FIRST.min(self.file_bytes)
    }
}

/// Where the log begins, as the manifest says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct LogStart {
    /// The lowest log file that counts.
    pub(crate) floor: FileNumber,
    /// Everything up to here is in parts.
    pub(crate) after: Seq,
}

/// What recovery may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct RecoveryOptions {
    /// Give up everything behind the first damage instead of refusing to open, even if it was durable.
    pub(crate) discard_damaged_tail: bool,
}
