//! The locks of the work beside the writer: one flush, one compaction, one sweep at a time.

use parking_lot::Mutex;

use crate::ids::TagId;

/// Who works beside the writer: one of each kind at a time.
#[derive(Default)]
pub(crate) struct Turns {
    /// A compaction may run beside a flush, because it touches only what lies in files already.
    pub(crate) flushing: Mutex<()>,
    pub(crate) compacting: Mutex<()>,
    /// With what the last whole sweep went through.
    pub(crate) sweeping: Mutex<Option<Swept>>,
}

/// What a sweep went through to its end: nothing of it expires before the next day.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Swept {
    pub(crate) day: i64,
    /// The dates of each tag with a time to live, and how many days it is.
    pub(crate) tags: Vec<(TagId, u32)>,
}
