//! What higher layers found out about a version and keep with it, so that the next question need not find it again.
//!
//! It goes when the version goes. What is kept must not change while the version lives.

use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;

use crate::ids::TagId;

/// What is kept with one version, in bytes: a flag takes some hundred, a number some thousand. Leased versions keep
/// theirs, and no budget counts it, so it is little.
const DERIVED_BYTES_MAX: u64 = 1 << 20;

/// By tag: one thing of a type that only whoever keeps it knows.
#[derive(Debug, Default)]
pub(crate) struct Derived(RwLock<Kept>);

#[derive(Debug, Default)]
struct Kept {
    by_tag: HashMap<TagId, Arc<dyn Any + Send + Sync>>,
    bytes: u64,
}

impl Derived {
    /// What is kept of `tag`, if it is a `T`.
    pub(super) fn find<T: Any + Send + Sync>(&self, tag: TagId) -> Option<Arc<T>> {
        Arc::clone(self.0.read().by_tag.get(&tag)?).downcast().ok()
    }

    /// Keeps `derived`, which takes about `bytes`, unless there is no room or something is kept of the tag already.
    pub(super) fn keep<T: Any + Send + Sync>(&self, tag: TagId, derived: &Arc<T>, bytes: u64) {
        let mut kept = self.0.write();
        if kept.bytes + bytes > DERIVED_BYTES_MAX || kept.by_tag.contains_key(&tag) {
            return;
        }
        kept.bytes += bytes;
        kept.by_tag.insert(tag, Arc::clone(derived) as Arc<dyn Any + Send + Sync>);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_found_by_its_type_and_takes_no_more_than_the_bound() {
        let derived = Derived::default();
        derived.keep(TagId(1), &Arc::new(7u32), DERIVED_BYTES_MAX / 2);
        derived.keep(TagId(1), &Arc::new(8u32), 1);
        assert_eq!(derived.find::<u32>(TagId(1)).as_deref(), Some(&7));
        assert!(derived.find::<u64>(TagId(1)).is_none());
        derived.keep(TagId(2), &Arc::new(9u32), DERIVED_BYTES_MAX / 2 + 1);
        assert!(derived.find::<u32>(TagId(2)).is_none(), "there is no room");
        derived.keep(TagId(3), &Arc::new(9u32), DERIVED_BYTES_MAX / 2);
        assert!(derived.find::<u32>(TagId(3)).is_some());
    }
}
