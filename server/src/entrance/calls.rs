//! All calls under way, so that a server that stops can cancel what its drain (graceful shutdown) did not wait for.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

/// See the module.
#[derive(Default)]
pub(super) struct Calls {
    under_way: Mutex<UnderWay>,
}

#[derive(Default)]
struct UnderWay {
    flags: HashMap<u64, Arc<AtomicBool>>,
    next: u64,
    /// Set when all are cancelled: who comes later is cancelled from the start.
    is_over: bool,
}

impl Calls {
    /// Notes a call by the flag that cancels it, and gives it the number by which it leaves.
    pub(super) fn enter(&self, flag: Arc<AtomicBool>) -> u64 {
        let mut under_way = self.under_way.lock();
        let number = under_way.next;
        under_way.next += 1;
        flag.store(under_way.is_over, Ordering::Relaxed);
        under_way.flags.insert(number, flag);
        number
    }

    /// A call is over.
    pub(super) fn leave(&self, number: u64) {
        self.under_way.lock().flags.remove(&number);
    }

    /// Cancels all, and all that come.
    pub(super) fn cancel_all(&self) {
        let mut under_way = self.under_way.lock();
        under_way.is_over = true;
        under_way.flags.values().for_each(|flag| flag.store(true, Ordering::Relaxed));
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.under_way.lock().flags.len()
    }
}
