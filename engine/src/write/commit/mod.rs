//! The commit: what one writer at a time changes, and the version that readers pin (MVCC) when it has.
//!
//! Callers queue at the gate, and one of them leads (group commit). Only who leads, or works alone, touches the state.
//! What a step needs of the files or of the pace comes to it as an argument.

pub(crate) mod allocate;
pub(crate) mod apply;
pub(crate) mod batch;
pub(crate) mod built;
mod change;
mod gate;
mod group;
pub(crate) mod logging;
pub(crate) mod manifest;
mod memory;
pub(crate) mod record;
pub(crate) mod reply;
pub(crate) mod resolve;
pub(crate) mod state;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use arc_swap::ArcSwap;
use parking_lot::Mutex;

use crate::catalog::CatalogChange;
use crate::error::Result;
use crate::ids::{LocalId, Seq, TagId, TypeId, ValueId};
use crate::snapshot::{MergedBitmaps, Snapshot, Version};

use self::allocate::Allocator;
use self::batch::Batch;
use self::gate::Gate;
use self::reply::Reply;
use self::state::State;
use super::pace::{Pace, Work};
use super::running::Running;

/// See the module.
pub(crate) struct Commit {
    gate: Gate<Request, Reply>,
    /// Locked only by who leads at the gate, so nobody ever waits for it.
    pub(crate) state: Mutex<State>,
    /// Shared with running loads; held while numbers are given, never across I/O of the log.
    allocator: Mutex<Allocator>,
    loads: Mutex<Vec<Arc<Running>>>,
    published: ArcSwap<Version>,
    /// What readers share of bitmaps in several layers.
    pub(crate) merged: Arc<MergedBitmaps>,
    durable: AtomicU64,
}

/// What waits at the gate.
pub(crate) enum Request {
    Batch(Box<Batch>),
    Catalog(Box<CatalogChange>),
}

impl Commit {
    /// What was read when the store was opened. Readers see it as it is, until the first publication.
    pub(crate) fn new(state: State, allocator: Allocator, merged_bytes_max: u64) -> Commit {
        let merged = Arc::new(MergedBitmaps::new(merged_bytes_max));
        let version = Arc::new(state.version(&merged));
        merged.publish(&version);
        Commit {
            gate: Gate::new(),
            allocator: Mutex::new(allocator),
            loads: Mutex::new(Vec::new()),
            published: ArcSwap::new(version),
            merged,
            durable: AtomicU64::new(state.wal.durable().0),
            state: Mutex::new(state),
        }
    }

    /// Runs `work` while nobody else writes, ahead of the next group.
    pub(crate) fn alone<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        self.gate.alone(|| work(&mut self.state.lock()))
    }

    /// The newest version, pinned.
    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot::new(self.published.load_full())
    }

    /// The last seq that readers see.
    pub(crate) fn visible(&self) -> Seq {
        self.published.load().seq
    }

    /// Everything up to here survives a power cut.
    pub(crate) fn durable(&self) -> Seq {
        Seq(self.durable.load(Relaxed))
    }

    /// Shows `state` to readers.
    pub(crate) fn publish(&self, pace: &Pace, state: &State) {
        pace.memory_bytes.store(state.memory_bytes(), Relaxed);
        let version = Arc::new(state.version(&self.merged));
        self.published.store(Arc::clone(&version));
        self.merged.publish(&version);
        if pace.is_flush_due() {
            pace.wake(Work::Flush);
        }
    }

    /// The first of `count` new ids. Errors: limit, when the type is full.
    pub(crate) fn locals(&self, population: TagId, count: u32) -> Result<LocalId> {
        self.allocator.lock().locals(population, count)
    }

    /// The number of a value that a running load brings. Errors: limit.
    pub(crate) fn value_for_load(&self, tag: TagId, text: &str) -> Result<ValueId> {
        self.allocator.lock().value_for_load(tag, text)
    }

    /// How many loads run.
    pub(crate) fn load_count(&self) -> usize {
        self.loads.lock().len()
    }

    /// Whether a load of the type runs.
    pub(crate) fn is_loading(&self, type_id: TypeId) -> bool {
        self.loads.lock().iter().any(|load| load.type_id == type_id)
    }

    /// The places of running loads, across which nothing is merged.
    pub(crate) fn barriers(&self) -> Vec<Seq> {
        self.loads.lock().iter().map(|load| load.seq).collect()
    }

    /// A load of the type begins at `seq`. REQUIRES: nobody else writes.
    pub(crate) fn begin_load(&self, seq: Seq, type_id: TypeId) -> Arc<Running> {
        let running = Arc::new(Running { seq, type_id, young: Mutex::default() });
        let mut loads = self.loads.lock();
        if loads.is_empty() {
            self.allocator.lock().note_young_values();
        }
        loads.push(Arc::clone(&running));
        running
    }

    /// The load has ended: its place is no barrier any more.
    pub(crate) fn end_load(&self, running: &Arc<Running>) {
        let mut loads = self.loads.lock();
        loads.retain(|load| !Arc::ptr_eq(load, running));
        if loads.is_empty() {
            self.allocator.lock().forget_young_values();
        }
    }
}

impl Drop for Commit {
    fn drop(&mut self) {
        // What is kept of a version keeps the version.
        self.merged.end();
    }
}
