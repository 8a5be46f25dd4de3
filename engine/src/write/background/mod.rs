//! The work beside the writer: flush, compaction, the sweep of what has expired, and the moments that backups copy.

mod compact;
pub(crate) mod flush;
pub(crate) mod freeze;
pub(crate) mod maintain;
pub(crate) mod status;
pub(crate) mod sweep;
