//! The spaces of a server: a directory each, opened by the first request that names it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use muster_engine::catalog::Zone;
use muster_engine::engine::Engine;
use muster_engine::options::Options;
use muster_engine::storage::Disk;
use muster_engine::write::{Durability, Status, read_durability, read_zone, write_durability, write_zone};
use muster_engine::{Error, Result};

use crate::config::Config;
use crate::files::Access;
use crate::leases::Leases;

/// The space that a request without one means; it exists from the start.
pub(crate) const MAIN: &str = "main";
/// The folder of all spaces.
pub(crate) const SPACES_FOLDER: &str = "spaces";
/// The longest name of a space, in characters.
const NAME_CHARS_MAX: usize = 100;
/// How long to wait between two looks whether requests still use a space that is to be closed.
const CLOSE_POLL: Duration = Duration::from_millis(5);

/// An open space.
pub(crate) struct Space {
    pub(crate) name: String,
    pub(crate) engine: Engine,
    /// What a reply to a batch promises.
    pub(crate) durability: Durability,
    /// The zone of requests that name none.
    zone: Mutex<Zone>,
    pub(crate) leases: Leases,
    /// Held while an audience is checked and saved.
    pub(crate) saving: Mutex<()>,
}

impl Space {
    /// The zone of requests that name none: the space's own, else the server's.
    pub(crate) fn zone(&self) -> Zone {
        lock(&self.zone).clone()
    }

    /// The zone of a request that names `name`, or none.
    pub(crate) fn zone_of(&self, name: &str) -> Result<Zone> {
        match name {
            "" => Ok(self.zone()),
            name => Zone::named(name),
        }
    }
}

/// All spaces of a directory.
pub(crate) struct Spaces {
    folder: PathBuf,
    access: Access,
    /// Nothing is made and nothing changed.
    read_only: bool,
    tell: fn(&str),
    options: Options,
    /// The zone of spaces that have none of their own.
    zone: Zone,
    leases_max: usize,
    lease: Duration,
    slots: Mutex<BTreeMap<String, Arc<Slot>>>,
}

/// The place of one space. Its lock is held while the space opens, so that it is opened once and others are not held up.
#[derive(Default)]
struct Slot(Mutex<Option<Arc<Space>>>);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic elsewhere cannot leave a map or an option half changed.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Spaces {
    /// The spaces of `config.data_dir`, none of them open.
    pub(crate) fn new(config: &Config) -> Result<Spaces> {
        let folder = config.data_dir.join(SPACES_FOLDER);
        let access = Access::of(config.engine.shared_files);
        if !config.read_only {
            access
                .create_folders(&folder)
                .map_err(|error| Error::io(format!("cannot create {}", folder.display())).with_source(error))?;
        }
        Ok(Spaces {
            folder,
            access,
            read_only: config.read_only,
            tell: config.tell,
            options: config.engine.clone(),
            zone: config.zone.as_deref().map_or_else(|| Ok(Zone::utc()), Zone::named)?,
            leases_max: config.limits.leases_max,
            lease: config.limits.lease,
            slots: Mutex::default(),
        })
    }

    /// The space with this name, `main` if it is empty, opened if need be.
    ///
    /// Errors: not found, naming the spaces there are.
    pub(crate) fn get(&self, name: &str) -> Result<Arc<Space>> {
        let name = if name.is_empty() { MAIN } else { name };
        check_name(name)?;
        let slot = Arc::clone(lock(&self.slots).entry(name.to_owned()).or_default());
        let mut place = lock(&slot.0);
        if let Some(space) = &*place {
            return Ok(Arc::clone(space));
        }
        let folder = self.folder.join(name);
        let is_made = name == MAIN && !self.read_only;
        if !is_made && !folder.is_dir() {
            drop(place);
            lock(&self.slots).remove(name);
            return Err(self.unknown(name));
        }
        let space = Arc::new(self.open(name, &folder)?);
        *place = Some(Arc::clone(&space));
        Ok(space)
    }

    fn open(&self, name: &str, folder: &Path) -> Result<Space> {
        let place = |error: Error| error.within(format_args!("space {name}"));
        refuse_link(folder).map_err(place)?;
        if !self.read_only {
            // Durably, with its name in the folder above.
            Disk::create(folder).map_err(place)?;
        }
        let disk = Disk::open(folder).map_err(place)?;
        let durability = read_durability(&disk).map_err(place)?.unwrap_or(self.options.durability);
        let zone = read_zone(&disk).map_err(place)?.unwrap_or_else(|| self.zone.clone());
        let options = Options { durability, ..self.options.clone() };
        let engine = match self.read_only {
            true => Engine::open_dir_for_reading(folder, options),
            false => Engine::open_dir(folder, options),
        };
        let engine = engine.map_err(place)?;
        self.tell_loss(name, &engine.status());
        Ok(Space {
            name: name.to_owned(),
            engine,
            durability,
            zone: Mutex::new(zone),
            leases: Leases::new(self.leases_max, self.lease),
            saving: Mutex::default(),
        })
    }

    /// Says what an open left out.
    fn tell_loss(&self, space: &str, status: &Status) {
        for what in &status.dropped {
            (self.tell)(&format!("dropped when space {space} was opened: {what}"));
        }
        if let Some(what) = &status.discarded {
            (self.tell)(&format!("given up when space {space} was opened, as discard_damaged_tail says: {what}"));
        }
    }

    fn unknown(&self, name: &str) -> Error {
        let names: Vec<String> = self.list().unwrap_or_default().into_iter().map(|(name, _)| name).collect();
        Error::not_found(format!("there is no space `{name}`; there are: {}", names.join(", ")))
    }

    /// Makes a space and opens it; what it does not say is as for the server's others. Errors: conflict if there is one of
    /// that name.
    pub(crate) fn create(&self, name: &str, durability: Option<Durability>, zone: Option<&Zone>) -> Result<Arc<Space>> {
        check_name(name)?;
        let folder = self.folder.join(name);
        if self.read_only {
            return Err(Error::read_only("serve the directory without --read-only to make a space"));
        }
        match self.access.create_folder(&folder) {
            Ok(()) => {
                if let Some(durability) = durability {
                    write_durability(&Disk::open(&folder)?, durability)?;
                }
                if zone.is_some() {
                    write_zone(&Disk::open(&folder)?, zone)?;
                }
                self.get(name)
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                Err(Error::conflict(format!("there is a space `{name}` already")))
            }
            Err(error) => Err(Error::io(format!("cannot create the space `{name}`")).with_source(error)),
        }
    }

    /// Gives a space a zone of its own, or takes it away. Requests that run go on with the zone that they began with.
    pub(crate) fn set_zone(&self, name: &str, zone: Option<&Zone>) -> Result<Arc<Space>> {
        if self.read_only {
            return Err(Error::read_only("serve the directory without --read-only to change a space"));
        }
        let space = self.get(name)?;
        let mut current = lock(&space.zone);
        write_zone(&Disk::open(self.folder.join(&space.name))?, zone)?;
        *current = zone.unwrap_or(&self.zone).clone();
        drop(current);
        Ok(space)
    }

    /// The zone of a space, be it open or not. Errors: corrupt.
    pub(crate) fn zone(&self, name: &str) -> Result<Zone> {
        let folder = self.folder.join(name);
        let own = if folder.is_dir() { read_zone(&Disk::open(folder)?)? } else { None };
        Ok(own.unwrap_or_else(|| self.zone.clone()))
    }

    /// The names of all spaces in order, each with whether it is open.
    pub(crate) fn list(&self) -> Result<Vec<(String, bool)>> {
        let failed = |error| Error::io(format!("cannot list {}", self.folder.display())).with_source(error);
        let mut names = BTreeMap::from([(MAIN.to_owned(), false)]);
        for entry in std::fs::read_dir(&self.folder).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            if let Some(name) = name.to_str().filter(|name| check_name(name).is_ok()) {
                names.insert(name.to_owned(), false);
            }
        }
        let slots = lock(&self.slots);
        for (name, open) in &mut names {
            // A slot whose lock is held is being opened.
            *open = slots.get(name).is_some_and(|slot| slot.0.try_lock().is_ok_and(|place| place.is_some()));
        }
        Ok(names.into_iter().collect())
    }

    /// What a space promises, be it open or not. Errors: corrupt.
    pub(crate) fn durability(&self, name: &str) -> Result<Durability> {
        let folder = self.folder.join(name);
        match folder.is_dir() {
            true => Ok(read_durability(&Disk::open(folder)?)?.unwrap_or(self.options.durability)),
            false => Ok(self.options.durability),
        }
    }

    /// Flushes and closes all spaces. One that a request still uses after `wait` is let go without: its log is replayed
    /// by the next open.
    pub(crate) fn close(&self, wait: Duration) -> Result<()> {
        let started = Instant::now();
        let slots = std::mem::take(&mut *lock(&self.slots));
        let mut outcome = Ok(());
        for (name, slot) in slots {
            let Some(mut space) = lock(&slot.0).take() else {
                continue;
            };
            let alone = loop {
                match Arc::try_unwrap(space) {
                    Ok(space) => break Some(space),
                    Err(shared) if started.elapsed() < wait => {
                        space = shared;
                        std::thread::sleep(CLOSE_POLL);
                    }
                    Err(_) => break None,
                }
            };
            match alone {
                Some(space) => {
                    drop(space.leases);
                    outcome =
                        outcome.and(space.engine.close().map_err(|error| error.within(format_args!("space {name}"))));
                }
                None => tracing::warn!(space = name, "left open: a request still uses it"),
            }
        }
        outcome
    }
}

/// Errors: invalid, when the folder of a space is a link: what it leads to may change, or be another space.
fn refuse_link(folder: &Path) -> Result<()> {
    match std::fs::symlink_metadata(folder) {
        Ok(about) if about.file_type().is_symlink() => Err(Error::invalid(format!(
            "put the folder itself in its place, or mount it there: {} is a link",
            folder.display()
        ))),
        _ => Ok(()),
    }
}

/// A name that is the same folder on every file system that tells case apart.
pub(crate) fn check_name(name: &str) -> Result<()> {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if name.is_empty() || name.len() > NAME_CHARS_MAX || name.starts_with('.') || !name.chars().all(good) {
        return Err(Error::invalid(format!(
            "name a space with 1 to {NAME_CHARS_MAX} letters (a-z, A-Z), digits, `_`, `-` or `.`, not beginning with `.`"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_the_folder() {
        for name in ["", ".", "..", "../x", "a/b", ".hidden", "空间", "a b", &"x".repeat(101)] {
            assert!(check_name(name).is_err(), "{name}");
        }
        for name in ["main", "a.b-c_9", &"x".repeat(100)] {
            assert!(check_name(name).is_ok(), "{name}");
        }
    }
}
