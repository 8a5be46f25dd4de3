//! An open space (a tenant): an engine, and what belongs to a space beside it.
//!
//! The engine is private to it, so that nobody erases past the ledger of erasures.

use std::sync::Arc;
use std::time::{Duration, Instant};

use muster_engine::Engine;
use muster_engine::Seq;
use muster_engine::Snapshot;
use muster_engine::Storage;
use muster_engine::catalog::{CatalogChange, Zone};
use muster_engine::write::{Batch, Change, Changed, Durability, Load, LoadSpec, Loaded, Status, Written};
use muster_engine::{Result, backup::Copied};
use parking_lot::{Mutex, MutexGuard};

use crate::leases::Leases;
use crate::ledger::{Erasure, Ledger};
use crate::options::open_for_questions;

/// See the module.
pub struct Space {
    name: String,
    engine: Engine,
    durability: Durability,
    /// None where the store is only read.
    ledger: Option<Arc<Ledger>>,
    zone: Mutex<Zone>,
    leases: Leases,
    saving: Mutex<()>,
    /// When somebody last asked for it.
    used: Mutex<Instant>,
}

/// What is found in the folder of a space, and what its store gives it.
pub(crate) struct Found {
    pub(crate) name: String,
    pub(crate) engine: Engine,
    pub(crate) durability: Durability,
    pub(crate) zone: Zone,
    pub(crate) ledger: Option<Arc<Ledger>>,
    pub(crate) leases: Leases,
}

impl Space {
    pub(crate) fn new(found: Found) -> Space {
        Space {
            name: found.name,
            engine: found.engine,
            durability: found.durability,
            ledger: found.ledger,
            zone: Mutex::new(found.zone),
            leases: found.leases,
            saving: Mutex::default(),
            used: Mutex::new(Instant::now()),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What a reply to a batch promises.
    pub fn durability(&self) -> Durability {
        self.durability
    }

    /// How often a log is synced that promises no more than that, in milliseconds; 0 where it promises more, or less.
    pub fn sync_interval_ms(&self) -> u64 {
        match self.durability {
            Durability::Interval => self.engine.options().sync_interval_ms,
            _ => 0,
        }
    }

    /// The zone of requests that name none: the space's own, else the store's.
    pub fn zone(&self) -> Zone {
        self.zone.lock().clone()
    }

    /// The zone of a request that names `name`, or none. Errors: invalid, where there is none of that name.
    pub fn zone_of(&self, name: &str) -> Result<Zone> {
        match name {
            "" => Ok(self.zone()),
            name => Zone::named(name),
        }
    }

    /// The newest version, pinned.
    pub fn snapshot(&self) -> Snapshot {
        self.engine.snapshot()
    }

    /// The snapshots that are leased, for pages to come.
    pub fn leases(&self) -> &Leases {
        &self.leases
    }

    /// How it is.
    pub fn status(&self) -> Status {
        self.engine.status()
    }

    /// Held while an audience is checked and saved, which nobody else may change in between.
    pub fn saving(&self) -> MutexGuard<'_, ()> {
        self.saving.lock()
    }

    /// Applies a batch, and writes whom it erases into the ledger before it is acknowledged; `now_unix_ms` is the time
    /// there. Room in the ledger is taken before anything is applied.
    ///
    /// Errors: those of [`Engine::write`]; limit and io, where the ledger cannot be written; read-only.
    pub fn write(&self, batch: Batch, now_unix_ms: i64) -> Result<Written> {
        let is_erased = |changes: &[Change]| changes.contains(&Change::Erase);
        let mut erased = Vec::new();
        if batch.entities.iter().any(|entity| is_erased(&entity.changes)) {
            let snapshot = self.engine.snapshot();
            let type_id = snapshot.catalog().require_type(&batch.type_name)?.id;
            let entities = batch.entities.iter().filter(|entity| is_erased(&entity.changes));
            erased.extend(entities.map(|entity| Erasure {
                space: self.name.clone(),
                type_name: batch.type_name.clone(),
                type_id,
                key: entity.key.clone(),
                id_epoch: snapshot.id_epoch(),
                version: 0,
                time_unix_ms: now_unix_ms,
            }));
        }
        if erased.is_empty() {
            return self.engine.write(batch);
        }
        // A store that is only read does not touch the ledger either.
        let ledger = self.ledger.as_ref().ok_or_else(open_for_questions)?;
        let room = ledger.make_room(&erased)?;
        let written = self.engine.write(batch)?;
        erased.iter_mut().for_each(|erasure| erasure.version = written.seq.0);
        ledger.append(room, &erased)?;
        Ok(written)
    }

    /// Changes the catalog. Errors: those of [`Engine::change_catalog`].
    pub fn change_catalog(&self, change: CatalogChange) -> Result<Changed> {
        self.engine.change_catalog(change)
    }

    /// Begins a load; it cannot erase. Errors: those of [`Engine::begin_load`].
    pub fn begin_load(&self, spec: LoadSpec) -> Result<Load> {
        self.engine.begin_load(spec)
    }

    /// What the load with this id came to, if it has committed. Errors: conflict, where it read something else.
    pub fn loaded(&self, load_id: &str, content: Option<[u8; 16]>) -> Result<Option<Loaded>> {
        self.engine.loaded(load_id, content)
    }

    /// Writes what is in memory into files. Errors: those of [`Engine::flush`].
    pub fn flush(&self) -> Result<()> {
        self.engine.flush()
    }

    /// Merges layers of files as far as that goes. Errors: those of [`Engine::compact`].
    pub fn compact(&self) -> Result<()> {
        self.engine.compact()
    }

    /// Makes everything up to `version` survive a power cut; returns the last one that does. Errors: those of
    /// [`Engine::sync`].
    pub fn sync(&self, version: Seq) -> Result<Seq> {
        self.engine.sync(version)
    }

    pub(crate) fn back_up(&self, target: &Arc<dyn Storage>) -> Result<Copied> {
        self.engine.back_up(target)
    }

    /// Gives it another zone, after `write` has written it down; requests that run go on with the one they began with.
    pub(crate) fn set_zone(&self, zone: Zone, write: impl FnOnce() -> Result<()>) -> Result<()> {
        let mut current = self.zone.lock();
        write()?;
        *current = zone;
        Ok(())
    }

    /// Somebody asked for it now.
    pub(crate) fn touch(&self) {
        *self.used.lock() = Instant::now();
    }

    /// Whether nobody asked for it for `idle`, no lease keeps a snapshot of it, and nobody uses it.
    pub(crate) fn is_idle(self: &Arc<Space>, idle: Duration) -> bool {
        self.used.lock().elapsed() >= idle && self.leases.count() == 0 && Arc::strong_count(self) == 1
    }

    /// Flushes and closes it. Errors: those of [`Engine::close`].
    pub(crate) fn close(self) -> Result<()> {
        drop(self.leases);
        self.engine.close()
    }
}
