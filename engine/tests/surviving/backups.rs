//! Backups on the disk of the store that they are of: after a power cut each is whole, or known not to be one.

use std::sync::Arc;

use muster_engine::check::check;
use muster_engine::storage::sim::{CrashPolicy, Keep};
use muster_engine::storage::{Counters, LockGuard, Mapped, SECRET_BYTES, Sim, Storage, WriteFile};
use muster_engine::{Options, Result};

use super::survivor::compare;
use super::workload::{Shown, open};

/// A folder of a simulated disk, as a space of its own.
#[derive(Clone)]
pub(crate) struct Folder {
    sim: Sim,
    name: String,
}

impl Folder {
    /// Makes the folder, durably.
    pub(crate) fn create(sim: &Sim, name: &str) -> Result<Folder> {
        sim.create_dir(name)?;
        sim.sync_dir("")?;
        Ok(Folder { sim: sim.clone(), name: name.to_owned() })
    }

    fn at(&self, path: &str) -> String {
        if path.is_empty() { self.name.clone() } else { format!("{}/{path}", self.name) }
    }
}

impl Storage for Folder {
    fn create(&self, path: &str) -> Result<Box<dyn WriteFile>> {
        self.sim.create(&self.at(path))
    }

    fn reopen(&self, path: &str) -> Result<Box<dyn WriteFile>> {
        self.sim.reopen(&self.at(path))
    }

    fn read(&self, path: &str, len_max: u64) -> Result<Vec<u8>> {
        self.sim.read(&self.at(path), len_max)
    }

    fn scan(&self, path: &str, visit: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        self.sim.scan(&self.at(path), visit)
    }

    fn map(&self, path: &str) -> Result<Mapped> {
        self.sim.map(&self.at(path))
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        self.sim.rename(&self.at(from), &self.at(to))
    }

    fn hard_link(&self, from: &str, to: &str) -> Result<()> {
        self.sim.hard_link(&self.at(from), &self.at(to))
    }

    /// The other storage is the whole disk.
    fn link_from(&self, _: &dyn Storage, path: &str) -> Result<bool> {
        self.sim.hard_link(path, &self.at(path)).map(|()| true)
    }

    fn directory(&self) -> Option<&std::path::Path> {
        None
    }

    fn remove(&self, path: &str) -> Result<()> {
        self.sim.remove(&self.at(path))
    }

    fn keep_open(&self, dir: &str) -> Result<()> {
        self.sim.keep_open(&self.at(dir))
    }

    fn sync_dir(&self, dir: &str) -> Result<()> {
        self.sim.sync_dir(&self.at(dir))
    }

    fn list(&self, dir: &str) -> Result<Vec<String>> {
        self.sim.list(&self.at(dir))
    }

    fn create_dir(&self, dir: &str) -> Result<()> {
        self.sim.create_dir(&self.at(dir))
    }

    fn file_len(&self, path: &str) -> Result<u64> {
        self.sim.file_len(&self.at(path))
    }

    fn available_bytes(&self) -> Result<u64> {
        self.sim.available_bytes()
    }

    fn lock(&self, path: &str, address: &str) -> Result<Box<dyn LockGuard>> {
        self.sim.lock(&self.at(path), address)
    }

    fn lock_shared(&self, path: &str) -> Result<Option<Box<dyn LockGuard>>> {
        self.sim.lock_shared(&self.at(path))
    }

    fn secret(&self) -> Result<[u8; SECRET_BYTES]> {
        self.sim.secret()
    }

    fn counters(&self) -> Counters {
        self.sim.counters()
    }
}

/// A backup that was reported done.
pub(crate) struct Backup {
    pub(crate) name: String,
    /// What the store showed then.
    pub(crate) state: Arc<Shown>,
}

/// What backups there may be on a disk.
#[derive(Clone, Copy)]
pub(crate) struct Backups<'s> {
    /// The last one that was done.
    pub(crate) done: Option<&'s Backup>,
    /// One under way, and what it may hold.
    pub(crate) under_way: Option<(&'s str, &'s [Arc<Shown>])>,
}

impl Backups<'_> {
    /// Looks at the backups that `image` holds; returns what was wrong.
    pub(crate) fn check(&self, image: &Sim, options: &Options) -> std::result::Result<(), String> {
        if self.done.is_none() && self.under_way.is_none() {
            return Ok(());
        }
        // Opened they change.
        let copy = image.crash_with(CrashPolicy { names: Keep::Everything, data: Keep::Everything }, 0);
        if let Some(done) = self.done
            && !is_whole(&copy, &done.name, std::slice::from_ref(&done.state), options)?
        {
            return Err(format!("{} was done and is none", done.name));
        }
        match self.under_way {
            Some((name, states)) => is_whole(&copy, name, states, options).map(|_| ()),
            None => Ok(()),
        }
    }
}

/// Whether the folder holds a backup, which is then whole and shows one of `states`.
fn is_whole(disk: &Sim, name: &str, states: &[Arc<Shown>], options: &Options) -> std::result::Result<bool, String> {
    let folder = Folder { sim: disk.clone(), name: name.to_owned() };
    let manifests = folder.list("manifest").unwrap_or_default();
    if !manifests.iter().any(|name| name.ends_with(".manifest")) {
        return Ok(false);
    }
    let place = |found: String| format!("{name}: {found}");
    let storage: Arc<dyn Storage> = Arc::new(folder.clone());
    let report = check(&storage, &mut |_| ()).map_err(|error| place(format!("{error:?}")))?;
    if !report.is_whole() {
        return Err(place(format!("it does not verify: {report:?}")));
    }
    let engine = open(&folder, options).map_err(|error| place(format!("it does not open: {error:?}")))?;
    let state = compare(&engine, states).map_err(place)?;
    if report.version != state.version {
        return Err(place(format!("it says {} and shows {}", report.version, state.version)));
    }
    Ok(true)
}
