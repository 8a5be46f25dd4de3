//! What higher layers found out about a version and keep with it, so that the next question need not find it again.
//!
//! It goes when the version goes. What is kept must not change while the version lives.

use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;

use crate::ids::TagId;

/// Tags for which something is kept; there are seldom more numbers in use, and each takes some kilobytes.
const TAGS_MAX: usize = 64;

/// By tag: one thing of a type that only whoever keeps it knows.
#[derive(Debug, Default)]
pub(crate) struct Derived(RwLock<HashMap<TagId, Arc<dyn Any + Send + Sync>>>);

impl Derived {
    /// What is kept of `tag`, if it is a `T`.
    pub(super) fn find<T: Any + Send + Sync>(&self, tag: TagId) -> Option<Arc<T>> {
        Arc::clone(self.0.read().get(&tag)?).downcast().ok()
    }

    /// Keeps `derived`, unless there is no room.
    pub(super) fn keep<T: Any + Send + Sync>(&self, tag: TagId, derived: &Arc<T>) {
        let mut kept = self.0.write();
        if kept.len() < TAGS_MAX {
            kept.insert(tag, Arc::clone(derived) as Arc<dyn Any + Send + Sync>);
        }
    }
}
