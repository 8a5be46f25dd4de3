//! The writer: the commit, the files and the pace of one open store, and what needs several of them.
//!
//! Each has methods of its own. The way of a batch is group commit (`commit/group.rs`); what moves data out of memory
//! and keeps layers few runs beside it (`background/`). Readers are not concerned: they hold versions.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use crate::catalog::CatalogChange;
use crate::error::{Error, Result};
use crate::ids::Seq;
use crate::snapshot::Snapshot;
use crate::storage::LockGuard;

use super::commit::batch::Batch;
use super::commit::reply::{Changed, Reply, Written};
use super::commit::resolve::batch_changes;
use super::commit::{Commit, Request};
use super::files::Files;
use super::pace::Pace;
use super::settings::Durability;
use super::turns::Turns;

/// See the module.
pub(crate) struct Writer {
    pub(crate) commit: Commit,
    pub(crate) files: Files,
    pub(crate) pace: Pace,
    pub(crate) turns: Turns,
    pub(crate) opening: Opening,
    closed: AtomicBool,
    /// None where nobody ever held the store, and it is only read.
    lock: Option<Box<dyn LockGuard>>,
}

/// How the last open went.
#[derive(Clone, Debug, Default)]
pub(crate) struct Opening {
    pub(crate) recovered_records: u64,
    pub(crate) open_ns: u64,
    /// What it gave up of a damaged log.
    pub(crate) discarded: Option<String>,
    /// What it dropped from the end of the log.
    pub(crate) dropped: Vec<String>,
}

impl Writer {
    /// A writer of what was opened, held by `lock`.
    pub(crate) fn new(
        commit: Commit,
        files: Files,
        pace: Pace,
        opening: Opening,
        lock: Option<Box<dyn LockGuard>>,
    ) -> Writer {
        Writer { commit, files, pace, turns: Turns::default(), opening, closed: AtomicBool::new(false), lock }
    }

    /// The newest version, pinned.
    pub(crate) fn snapshot(&self) -> Snapshot {
        self.commit.snapshot()
    }

    /// See `Engine::write`.
    pub(crate) fn write(&self, batch: Batch) -> Result<Written> {
        self.check_open()?;
        self.pace.wait_for_room()?;
        let weight = batch_changes(&batch);
        match self.commit.submit(&self.files, &self.pace, Request::Batch(Box::new(batch)), weight)? {
            Reply::Written(written) => Ok(written),
            Reply::Changed(_) => Err(Error::internal("a batch was answered as a change of the catalog")),
        }
    }

    /// See `Engine::change_catalog`.
    pub(crate) fn change_catalog(&self, change: CatalogChange) -> Result<Changed> {
        self.check_open()?;
        match self.commit.submit(&self.files, &self.pace, Request::Catalog(Box::new(change)), 1)? {
            Reply::Changed(changed) => Ok(changed),
            Reply::Written(_) => Err(Error::internal("a change of the catalog was answered as a batch")),
        }
    }

    /// See `Engine::sync`.
    pub(crate) fn sync(&self, seq: Seq) -> Result<Seq> {
        if self.commit.durable() >= seq {
            return Ok(self.commit.durable());
        }
        let newest = self.commit.visible();
        if seq > newest {
            return Err(Error::invalid(format!("batch {seq} does not exist; the newest is {newest}")));
        }
        let durable = self.commit.alone(|state| self.commit.sync_log(state))?;
        if self.pace.settings.durability == Durability::None {
            // Nobody else does it there.
            self.commit.mark()?;
        }
        Ok(durable)
    }

    /// See `Engine::announce`.
    pub(crate) fn announce(&self, address: &str) -> Result<()> {
        self.lock.as_ref().map_or(Ok(()), |lock| lock.announce(address))
    }

    /// Marks the writer closed: nothing is written any more.
    pub(crate) fn set_closed(&self) {
        self.closed.store(true, Relaxed);
    }

    pub(crate) fn check_open(&self) -> Result<()> {
        match self.closed.load(Relaxed) {
            true => Err(Error::read_only("the store is closed")),
            false => self.files.fence.check(),
        }
    }
}
