//! A store: a directory of spaces (tenants), each opened by the first who asks for it, and the ledger of erasures.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use muster_engine::Disk;
use muster_engine::Engine;
use muster_engine::Options;
use muster_engine::backup::Copied;
use muster_engine::catalog::Zone;
use muster_engine::write::{Durability, SpaceSettings, Status};
use muster_engine::{Error, Result, ThreadPool};
use parking_lot::Mutex;

use crate::access::Access;
use crate::backup;
use crate::folder::{MAIN, SPACES_FOLDER, check_name, folders_in, refuse_link, remedy_of_missing};
use crate::holder::{Holder, held_by_another};
use crate::known::Known;
use crate::leases::Leases;
use crate::ledger::{Ledger, Reading};
use crate::options::{StoreOptions, open_for_questions};
use crate::space::{Found, Space};

/// What the name of the folder of a space begins with that was dropped and is not yet removed.
const DROPPED_PREFIX: &str = ".dropped-";
/// How long to wait between two looks whether requests still use a space that is to be closed.
const CLOSE_POLL: Duration = Duration::from_millis(5);

/// See the module.
pub struct Store {
    data_dir: PathBuf,
    folder: PathBuf,
    ledger: Arc<Ledger>,
    access: Access,
    /// Nothing is made and nothing changed.
    read_only: bool,
    tell: fn(&str),
    known: Known,
    spaces_max: usize,
    options: Options,
    /// The zone of spaces that have none of their own.
    zone: Zone,
    leases_max: usize,
    lease: Duration,
    slots: Mutex<BTreeMap<String, Arc<Slot>>>,
    /// The last to go, after all spaces; none where the caller holds the directory.
    _holder: Option<Holder>,
}

/// The place of one space. Its lock is held while the space opens, so that it is opened once and others are not held
/// up.
#[derive(Default)]
struct Slot(Mutex<Option<Arc<Space>>>);

impl Store {
    /// Whether a directory has what every store makes there. A folder of other things is no store.
    pub fn is_in(dir: &Path) -> bool {
        dir.join(SPACES_FOLDER).is_dir()
    }

    /// Takes the directory `options.data_dir` as long as the store lives; none of its spaces is open yet.
    ///
    /// Errors: conflict, when another process holds it; those of [`Store::open_held`].
    pub fn open(options: StoreOptions) -> Result<Store> {
        let dir = &options.data_dir;
        let failed = |error| Error::of_system(format_args!("cannot use the directory {}", dir.display()), error);
        let taken = if options.read_only { Holder::share(dir) } else { Holder::take(dir) };
        match taken.map_err(failed)? {
            Some(holder) => Ok(Store { _holder: Some(holder), ..Store::open_held(options)? }),
            None => Err(held_by_another(dir).map_err(failed)?),
        }
    }

    /// The same for a caller that holds the directory itself (see [`Holder`]), to announce where its server listens.
    ///
    /// Errors: not found, when the directory of the ledger does not exist; io; corrupt, when the list of spaces is.
    pub fn open_held(options: StoreOptions) -> Result<Store> {
        let folder = options.data_dir.join(SPACES_FOLDER);
        let access = Access::of(options.engine.shared_files);
        if !options.read_only {
            access
                .create_folders(&folder)
                .map_err(|error| Error::of_system(format_args!("cannot create {}", folder.display()), error))?;
        }
        let known = Known::open(&options.data_dir, &folders_in(&folder)?, &options.ledger_path(), access)?;
        if !options.read_only {
            known.write_down();
            finish_drops(&folder, &known)?;
        }
        let ledger = match options.read_only {
            true => Ledger::new(options.ledger_path(), access),
            false => Ledger::open(options.ledger_path(), access)?,
        };
        Ok(Store {
            folder,
            access,
            known,
            ledger: Arc::new(ledger),
            _holder: None,
            zone: options.zone()?,
            data_dir: options.data_dir,
            read_only: options.read_only,
            tell: options.tell,
            spaces_max: options.spaces_max,
            options: Options {
                threads: 0,
                thread_pool: Some(ThreadPool::start(options.engine.threads)?),
                ..options.engine
            },
            leases_max: options.leases_max,
            lease: options.lease,
            slots: Mutex::default(),
        })
    }

    /// What the ledger holds, from its beginning; nothing is read yet.
    pub fn erasures(&self) -> Reading {
        Reading::new(self.ledger.path())
    }

    /// Backs the spaces with these names up into the directory `to`, all where there is none.
    ///
    /// Errors: not found; conflict, when `to` holds something or lies in the store; those of each backup.
    pub fn back_up(&self, names: &[String], to: &Path) -> Result<Vec<(String, Copied)>> {
        let names = match names.is_empty() {
            true => self.list()?.into_iter().map(|(name, _)| name).collect(),
            false => names.to_vec(),
        };
        let spaces = names.iter().map(|name| self.space(name)).collect::<Result<Vec<_>>>()?;
        backup::back_up(&spaces, &self.data_dir, to)
    }

    /// The space with this name, `main` if it is empty, opened if need be.
    ///
    /// Errors: not found, naming the spaces there are.
    pub fn space(&self, name: &str) -> Result<Arc<Space>> {
        let name = if name.is_empty() { MAIN } else { name };
        check_name(name)?;
        let slot = self.slot(name);
        let mut place = slot.0.lock();
        if let Some(space) = &*place {
            space.touch();
            return Ok(Arc::clone(space));
        }
        let folder = self.folder.join(name);
        let is_made = name == MAIN && !self.read_only && !self.known.has(name);
        let is_there = folder.is_dir();
        if !is_there && self.known.has(name) {
            return Err(missing(name, &folder));
        }
        if !is_made && !is_there {
            drop(place);
            self.give_up(name, &slot);
            return Err(self.unknown(name));
        }
        let space = Arc::new(self.open_space(name, &folder)?);
        if !self.read_only && !self.known.has(name) {
            self.known.add(name);
        }
        *place = Some(Arc::clone(&space));
        Ok(space)
    }

    fn open_space(&self, name: &str, folder: &Path) -> Result<Space> {
        let place = |error: Error| error.within(format_args!("space {name}"));
        refuse_link(folder).map_err(place)?;
        if !self.read_only && !folder.is_dir() {
            self.make_folder(folder)
                .map_err(|error| Error::of_system(format_args!("cannot create {}", folder.display()), error))?;
        }
        let disk = Disk::open(folder).map_err(place)?;
        let durability = SpaceSettings(&disk).durability().map_err(place)?.unwrap_or(self.options.durability);
        let zone = SpaceSettings(&disk).zone().map_err(place)?.unwrap_or_else(|| self.zone.clone());
        let options = Options { durability, ..self.options.clone() };
        let engine = match self.read_only {
            true => Engine::open_dir_for_reading(folder, options),
            false => Engine::open_dir(folder, options),
        };
        let engine = engine.map_err(place)?;
        self.tell_loss(name, &engine.status());
        let ledger = (!self.read_only).then(|| Arc::clone(&self.ledger));
        let leases = Leases::new(self.leases_max, self.lease);
        Ok(Space::new(Found { name: name.to_owned(), engine, durability, zone, ledger, leases }))
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

    /// Makes a space and opens it; what it does not say is as for the store's others. Errors: conflict if there is one
    /// of that name.
    pub fn create_space(&self, name: &str, durability: Option<Durability>, zone: Option<&Zone>) -> Result<Arc<Space>> {
        check_name(name)?;
        let folder = self.folder.join(name);
        if self.read_only {
            return Err(open_for_questions());
        }
        let count = self.list()?.len();
        if count >= self.spaces_max {
            return Err(Error::limit(format!(
                "drop a space first, or raise spaces_max: there are {count}, at most {} may be",
                self.spaces_max
            )));
        }
        if !folder.exists() && self.known.has(name) {
            return Err(missing(name, &folder));
        }
        let slot = self.slot(name);
        // Held to the end, so that nobody opens it half made.
        let mut place = slot.0.lock();
        self.make_folder(&folder).map_err(|error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => Error::conflict(format!("there is a space `{name}` already")),
            _ => Error::of_system(format_args!("cannot create the space `{name}`"), error),
        })?;
        match self.fill(name, &folder, durability, zone) {
            Ok(space) => {
                self.known.add(name);
                Ok(Arc::clone(place.insert(Arc::new(space))))
            }
            Err(error) => {
                // Nobody has used it. What cannot be removed now is an empty space at the next start.
                let _ = std::fs::remove_dir_all(&folder);
                drop(place);
                self.give_up(name, &slot);
                Err(error)
            }
        }
    }

    /// Gives the new folder of a space what it says of itself, and opens it.
    fn fill(&self, name: &str, folder: &Path, durability: Option<Durability>, zone: Option<&Zone>) -> Result<Space> {
        let disk = Disk::open(folder)?;
        let disk = if self.options.shared_files { disk.shared() } else { disk };
        if let Some(durability) = durability {
            SpaceSettings(&disk).set_durability(durability)?;
        }
        if zone.is_some() {
            SpaceSettings(&disk).set_zone(zone)?;
        }
        self.open_space(name, folder)
    }

    /// The place of the space with this name.
    fn slot(&self, name: &str) -> Arc<Slot> {
        Arc::clone(self.slots.lock().entry(name.to_owned()).or_default())
    }

    /// Forgets the place of a space that does not exist, unless somebody waits for it who may make it.
    fn give_up(&self, name: &str, slot: &Arc<Slot>) {
        let mut slots = self.slots.lock();
        // The map's and the caller's.
        if Arc::strong_count(slot) == 2 {
            slots.remove(name);
        }
    }

    /// Gives a space a zone of its own, or takes it away. Requests that run go on with the zone that they began with.
    ///
    /// Errors: read-only, where the store is open for questions only; as [`Store::space`]; limit, on a full disk.
    pub fn set_zone(&self, name: &str, zone: Option<&Zone>) -> Result<Arc<Space>> {
        if self.read_only {
            return Err(open_for_questions());
        }
        let space = self.space(name)?;
        space.set_zone(zone.unwrap_or(&self.zone).clone(), || {
            SpaceSettings(&Disk::open(self.folder.join(space.name()))?).set_zone(zone)
        })?;
        Ok(space)
    }

    /// The zone of a space, be it open or not. Errors: corrupt.
    pub fn zone(&self, name: &str) -> Result<Zone> {
        let folder = self.folder.join(name);
        let own = if folder.is_dir() { SpaceSettings(&Disk::open(folder)?).zone()? } else { None };
        Ok(own.unwrap_or_else(|| self.zone.clone()))
    }

    /// Makes the folder of a space, with a name that survives a power cut. Errors: as it exists.
    fn make_folder(&self, folder: &Path) -> std::io::Result<()> {
        self.access.create_folder(folder)?;
        std::fs::File::open(&self.folder)?.sync_all()
    }

    /// Closes the space with this name and removes all of it. A space that is missing is no longer missed.
    ///
    /// Errors: not found; busy, when requests still use it after `wait`; invalid for `main`, unless it is missing.
    pub fn drop_space(&self, name: &str, wait: Duration) -> Result<()> {
        check_name(name)?;
        if self.read_only {
            return Err(open_for_questions());
        }
        let folder = self.folder.join(name);
        let slot = self.slot(name);
        // Held to the end, so that nobody opens it meanwhile.
        let mut place = slot.0.lock();
        refuse_link(&folder)?;
        if !folder.is_dir() {
            drop(place);
            self.give_up(name, &slot);
            return match self.known.has(name) {
                true => self.known.forget(name),
                false => Err(self.unknown(name)),
            };
        }
        if name == MAIN {
            return Err(Error::invalid("drop its types instead: the space `main` is always there"));
        }
        if let Some(space) = place.take()
            && let Err(space) = sole(space, wait)
        {
            *place = Some(space);
            return Err(Error::busy(format!("try again later: requests still use the space `{name}`")));
        }
        let failed = |error| Error::of_system(format_args!("cannot drop the space `{name}`"), error);
        let dropped = self.folder.join(format!("{DROPPED_PREFIX}{name}"));
        if dropped.exists() {
            std::fs::remove_dir_all(&dropped).map_err(failed)?;
        }
        // From here on it is dropped: what is left of it is removed by the next start.
        std::fs::rename(&folder, &dropped).map_err(failed)?;
        std::fs::File::open(&self.folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
        self.known.forget(name)?;
        std::fs::remove_dir_all(&dropped).map_err(failed)
    }

    /// Closes the spaces that nobody used for `idle`, one after the other; they are opened again when they are asked
    /// for.
    pub fn close_idle(&self, idle: Duration) {
        let slots: Vec<(String, Arc<Slot>)> =
            self.slots.lock().iter().map(|(name, slot)| (name.clone(), Arc::clone(slot))).collect();
        for (name, slot) in slots {
            let mut place = slot.0.lock();
            let Some(space) = place.take_if(|space| space.is_idle(idle)) else {
                continue;
            };
            // Whoever asks for it now waits until it is closed, and opens it again.
            match sole(space, Duration::ZERO).map(Space::close) {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    tracing::warn!(
                        %error,
                        space = name,
                        "an idle space did not close well; its log is replayed next time"
                    );
                }
                Err(space) => *place = Some(space),
            }
        }
    }

    /// The names of all spaces in order, those among them whose folder is missing, each with whether it is open.
    /// Errors: io.
    pub fn list(&self) -> Result<Vec<(String, bool)>> {
        let mut names = BTreeMap::from([(MAIN.to_owned(), false)]);
        names.extend(self.known.names().into_iter().map(|name| (name, false)));
        names.extend(folders_in(&self.folder)?.into_iter().map(|name| (name, false)));
        let slots = self.slots.lock();
        for (name, open) in &mut names {
            // A slot whose lock is held is being opened.
            *open = slots.get(name).is_some_and(|slot| slot.0.try_lock().is_some_and(|place| place.is_some()));
        }
        Ok(names.into_iter().collect())
    }

    /// Whether there was a space of this name that was not dropped, and its folder is gone.
    pub fn is_missing(&self, name: &str) -> bool {
        self.known.has(name) && !self.folder.join(name).is_dir()
    }

    /// What a space promises, be it open or not. Errors: corrupt.
    pub fn durability(&self, name: &str) -> Result<Durability> {
        let folder = self.folder.join(name);
        match folder.is_dir() {
            true => Ok(SpaceSettings(&Disk::open(folder)?).durability()?.unwrap_or(self.options.durability)),
            false => Ok(self.options.durability),
        }
    }

    /// Flushes and closes all spaces. One that a request still uses after `wait` is let go without: its log is replayed
    /// by the next open.
    ///
    /// Errors: the first of a space, which it names; the others are closed all the same.
    pub fn close(&self, wait: Duration) -> Result<()> {
        let started = Instant::now();
        let slots = std::mem::take(&mut *self.slots.lock());
        let mut outcome = Ok(());
        for (name, slot) in slots {
            let Some(space) = slot.0.lock().take() else {
                continue;
            };
            match sole(space, wait.saturating_sub(started.elapsed())) {
                Ok(space) => {
                    outcome = outcome.and(space.close().map_err(|error| error.within(format_args!("space {name}"))));
                }
                Err(_) => tracing::warn!(space = name, "left open: a request still uses it"),
            }
        }
        outcome
    }
}

/// The space, as soon as no request uses it; or as it is, when one still does after `wait`.
fn sole(mut space: Arc<Space>, wait: Duration) -> std::result::Result<Space, Arc<Space>> {
    let started = Instant::now();
    loop {
        match Arc::try_unwrap(space) {
            Ok(space) => return Ok(space),
            Err(shared) if started.elapsed() < wait => {
                space = shared;
                std::thread::sleep(CLOSE_POLL);
            }
            Err(shared) => return Err(shared),
        }
    }
}

fn missing(name: &str, folder: &Path) -> Error {
    let data_dir = folder.ancestors().nth(2).unwrap_or(folder);
    Error::corrupt(format!("{}: its folder {} is missing", remedy_of_missing(name, data_dir), folder.display()))
}

/// Removes what is left of spaces that were dropped, and forgets them, where the server ended in between.
fn finish_drops(folder: &Path, known: &Known) -> Result<()> {
    let failed = |error| Error::of_system(format_args!("cannot clear {}", folder.display()), error);
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        if let Some(name) = name.to_str().and_then(|name| name.strip_prefix(DROPPED_PREFIX)) {
            // Its name may have been given again since.
            if known.has(name) && !folder.join(name).is_dir() {
                known.forget(name)?;
            }
            std::fs::remove_dir_all(entry.path()).map_err(failed)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use muster_engine::catalog::{CatalogChange, EntityKey, KeyKind};
    use muster_engine::write::{Batch, Change, EntityChanges};

    use super::*;

    #[test]
    fn a_directory_has_one_store_that_writes() {
        let folder = tempfile::tempdir().unwrap();
        let options = StoreOptions::new(folder.path());
        let read_only = StoreOptions { read_only: true, ..options.clone() };
        let store = Store::open(options.clone()).unwrap();
        for other in [&options, &read_only] {
            let refused = Store::open(other.clone()).err().unwrap();
            assert_eq!(refused.kind(), muster_engine::ErrorKind::Conflict, "{refused}");
        }
        drop(store.space(MAIN).unwrap());
        store.close(Duration::from_secs(1)).unwrap();
        drop(store);
        let readers = [Store::open(read_only.clone()).unwrap(), Store::open(read_only).unwrap()];
        let written = readers[0].space(MAIN).unwrap().change_catalog(users());
        assert_eq!(written.unwrap_err().kind(), muster_engine::ErrorKind::ReadOnly);
    }

    #[test]
    fn whoever_cannot_be_written_down_is_not_erased() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(StoreOptions::new(folder.path())).unwrap();
        let space = store.space(MAIN).unwrap();
        space.change_catalog(users()).unwrap();
        let batch = |change: Change| {
            let entities = vec![EntityChanges::new(EntityKey::Number(7), vec![change])];
            Batch { type_name: "users".into(), source: None, entities }
        };
        space.write(batch(Change::Touch), 0).unwrap();
        let live =
            || space.snapshot().live_count(space.snapshot().catalog().require_type("users").unwrap().id).unwrap();
        // A torn line: only people know what it was.
        std::fs::write(folder.path().join("erasures.ndjson"), "{").unwrap();
        assert!(space.write(batch(Change::Erase), 0).unwrap_err().message().contains("nothing was erased"));
        assert_eq!(live(), 1);
        std::fs::write(folder.path().join("erasures.ndjson"), "").unwrap();
        let version = space.write(batch(Change::Erase), -5).unwrap().seq.0;
        assert_eq!(live(), 0);
        let erasure = store.erasures().next_erasure().unwrap().unwrap();
        assert_eq!((erasure.key, erasure.version, erasure.time_unix_ms), (EntityKey::Number(7), version, -5));
    }

    fn users() -> CatalogChange {
        CatalogChange::CreateType { name: "users".into(), key: KeyKind::U64, label: None, description: String::new() }
    }
}
