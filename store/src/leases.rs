//! Leases (cursors): snapshots that are kept for a while, so that the next page is of the same version.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use muster_engine::Seq;
use muster_engine::Snapshot;
use parking_lot::Mutex;

/// The snapshots of one space that are kept, by version.
pub struct Leases {
    kept: Mutex<BTreeMap<Seq, Lease>>,
    count_max: usize,
    duration: Duration,
}

struct Lease {
    snapshot: Snapshot,
    until: Instant,
}

impl Leases {
    pub(crate) fn new(count_max: usize, duration: Duration) -> Leases {
        Leases { kept: Mutex::default(), count_max, duration }
    }

    /// Keeps `snapshot` for the full time from now. If there are too many, the one that would go first goes now.
    pub fn keep(&self, snapshot: &Snapshot) {
        let now = Instant::now();
        let mut kept = self.kept.lock();
        kept.retain(|_, lease| lease.until > now);
        let lease = Lease { snapshot: snapshot.clone(), until: now + self.duration };
        kept.insert(snapshot.version(), lease);
        while kept.len() > self.count_max {
            let first = kept.iter().min_by_key(|(_, lease)| lease.until).map(|(version, _)| *version);
            first.and_then(|version| kept.remove(&version));
        }
    }

    /// The snapshot of `version`, if it is still kept.
    pub fn find(&self, version: Seq) -> Option<Snapshot> {
        let now = Instant::now();
        let mut kept = self.kept.lock();
        kept.retain(|_, lease| lease.until > now);
        kept.get(&version).map(|lease| lease.snapshot.clone())
    }

    /// How many are kept.
    pub fn count(&self) -> usize {
        let now = Instant::now();
        let mut kept = self.kept.lock();
        kept.retain(|_, lease| lease.until > now);
        kept.len()
    }
}
