//! All calls under way, so that a server that stops can cancel what its drain did not wait for.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

/// See the module.
#[derive(Default)]
pub(crate) struct Calls {
    under_way: Mutex<UnderWay>,
}

#[derive(Default)]
struct UnderWay {
    flags: HashMap<u64, Arc<AtomicBool>>,
    next: u64,
    /// Set when all are cancelled: who comes later is cancelled from the start.
    is_over: bool,
}

/// One call among them, until it is dropped.
pub(crate) struct Entry {
    calls: Arc<Calls>,
    number: u64,
}

impl Calls {
    /// Notes a call and the flag that cancels it.
    pub(super) fn enter(self: &Arc<Self>, flag: Arc<AtomicBool>) -> Entry {
        let mut under_way = self.under_way.lock();
        let number = under_way.next;
        under_way.next += 1;
        flag.store(under_way.is_over, Ordering::Relaxed);
        under_way.flags.insert(number, flag);
        Entry { calls: Arc::clone(self), number }
    }

    /// Cancels all, and all that come.
    pub(crate) fn cancel_all(&self) {
        let mut under_way = self.under_way.lock();
        under_way.is_over = true;
        under_way.flags.values().for_each(|flag| flag.store(true, Ordering::Relaxed));
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.under_way.lock().flags.len()
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.calls.under_way.lock().flags.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_under_way_and_what_comes_is_cancelled_together() {
        let calls: Arc<Calls> = Arc::default();
        let flag = || Arc::new(AtomicBool::new(false));
        let (first, late) = (flag(), flag());
        let entry = calls.enter(Arc::clone(&first));
        assert_eq!(calls.count(), 1);
        calls.cancel_all();
        let _late = calls.enter(Arc::clone(&late));
        assert!(first.load(Ordering::Relaxed) && late.load(Ordering::Relaxed));
        drop(entry);
        assert_eq!(calls.count(), 1);
    }
}
