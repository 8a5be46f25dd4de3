//! What the caches of a store's snapshots share: how they know a version or a part again, and when an entry is idle.

use std::sync::Arc;

/// Looks into a cache after which an entry that nobody looked for is idle, and one that was refused is tried again.
pub(super) const IDLE_LOOKS: u64 = 4096;

/// What tells it from all others that live at the same time.
pub(super) fn address<T>(shared: &Arc<T>) -> usize {
    Arc::as_ptr(shared) as usize
}
