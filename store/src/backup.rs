//! Backup of a running server's spaces, and restore of a backup into a directory that does not exist yet.
//!
//! Both make their directory under a temporary name beside the final one, verify it to the last byte, and only then
//! rename it; so a directory under its final name is whole.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use muster_engine::Options;
use muster_engine::backup::{self, Copied};
use muster_engine::catalog::Catalog;
use muster_engine::write::{Batch, Change, EntityChanges};
use muster_engine::{Clock, Disk, Storage, SystemClock};
use muster_engine::{Engine, Error, ErrorKind, Result};

use crate::access::Access;
use crate::check::{Place, space_places};
use crate::folder::SPACES_FOLDER;
use crate::holder::hold_unchanged;
use crate::known;
use crate::ledger::{self, Erasure, LEDGER_FILE, Ledger};
use crate::space::Space;

/// The end of the name of a directory that is not complete.
const UNFINISHED_SUFFIX: &str = ".unfinished";
/// Erasures of one batch when they are applied again.
const ERASURES_PER_BATCH: usize = 1_000;

/// What was restored of one space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestoredSpace {
    /// The space.
    pub space: String,
    /// What the backup held, under its new epoch.
    pub copied: Copied,
    /// Its version now; above the backup's where erasures were applied again.
    pub version: u64,
    /// How many entities of the ledger were erased again.
    pub erased: u64,
}

/// What was restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The spaces of the backup.
    pub spaces: Vec<RestoredSpace>,
    /// What the ledger names and the backup does not have; a message for people each.
    pub notes: Vec<String>,
}

/// Backs `spaces` of the store in `from` up into the directory `to`.
///
/// Errors: conflict, when it holds something or lies in the store; those of each backup.
pub(crate) fn back_up(spaces: &[Arc<Space>], from: &Path, to: &Path) -> Result<Vec<(String, Copied)>> {
    require_outside(to, from)?;
    let unfinished = Unfinished::begin(to)?;
    let mut copies = Vec::new();
    for space in spaces {
        let folder = unfinished.space_folder(space.name());
        let target: Arc<dyn Storage> = Arc::new(Disk::create(&folder)?);
        let copied = space.back_up(&target).map_err(|error| error.within(format_args!("space {}", space.name())))?;
        copies.push((space.name().to_owned(), copied));
    }
    known::write_list(&unfinished.path, copies.iter().map(|(space, _)| space.clone()))?;
    unfinished.finish()?;
    Ok(copies)
}

/// Restores the backup in `from` into `to`, which does not exist or is empty, and applies what `ledger` holds of later
/// erasures. Every space gets a new id epoch.
///
/// Errors: corrupt, when a byte of the backup is not what was written; conflict, when `to` holds something or lies in
/// `from`, or a server holds `from`; invalid, when the ledger cannot be read.
pub fn restore_dir(from: &Path, to: &Path, ledger: Option<&Path>) -> Result<Restored> {
    let _held = hold_unchanged(from)?;
    let names = names_of_backup(from)?;
    if let Some(ledger) = ledger.filter(|ledger| !ledger.is_file()) {
        return Err(Error::not_found(format!("name the ledger of erasures: there is no file {}", ledger.display())));
    }
    require_outside(to, from)?;
    let unfinished = Unfinished::begin(to)?;
    let clock = SystemClock::new();
    let applied = Ledger::new(unfinished.path.join(LEDGER_FILE), Access::Private);
    let mut restored = Restored { spaces: Vec::new(), notes: Vec::new() };
    if let Some(ledger) = ledger {
        restored.notes = unknown_spaces(ledger, &names)?;
        copy_ledger(ledger, &applied)?;
    }
    for name in names {
        let place = |error: Error| error.within(format_args!("space {name}"));
        let folder = unfinished.space_folder(&name);
        let source: Arc<dyn Storage> = Arc::new(Disk::open(from.join(SPACES_FOLDER).join(&name))?);
        let target: Arc<dyn Storage> = Arc::new(Disk::create(&folder)?);
        let copied = backup::restore(&source, &target, clock.now_unix_ms()).map_err(place)?;
        let later = match ledger {
            Some(ledger) => later_erasures(ledger, &name, &copied)?,
            None => Vec::new(),
        };
        let named = later.len() as u64;
        let (erased, version) = erase_again(&folder, &name, later, &applied, &clock).map_err(place)?;
        if erased < named {
            restored.notes.push(format!(
                "space {name}: {} later lines of the ledger are about keys that the backup does not have",
                named - erased
            ));
        }
        let version = version.unwrap_or(copied.version.0);
        restored.spaces.push(RestoredSpace { space: name, copied, version, erased });
    }
    known::write_list(&unfinished.path, restored.spaces.iter().map(|it| it.space.clone()))?;
    unfinished.finish()?;
    Ok(restored)
}

/// The spaces of a backup. Errors: corrupt, when the folder of one is not there.
fn names_of_backup(from: &Path) -> Result<Vec<String>> {
    let places = space_places(from)?;
    if let Some((name, _)) = places.iter().find(|(_, place)| *place != Place::Folder) {
        return Err(Error::corrupt(format!(
            "take another backup: {} lists the space `{name}`, and its folder is missing",
            from.display()
        )));
    }
    Ok(places.into_iter().map(|(name, _)| name).collect())
}

/// Errors: conflict, when `to` lies in the directory `from`, whose reader would take it for a part of it.
fn require_outside(to: &Path, from: &Path) -> Result<()> {
    let failed = |error| Error::of_system(format_args!("cannot find {}", to.display()), error);
    let place = resolved(&std::path::absolute(to).map_err(failed)?);
    match from.canonicalize() {
        Ok(from) if place.starts_with(&from) => Err(Error::conflict(format!(
            "name a directory outside of {}, not {}: what lies in it belongs to it",
            from.display(),
            to.display()
        ))),
        _ => Ok(()),
    }
}

/// A path without links, as far as it exists; what does not exist yet has none.
fn resolved(path: &Path) -> PathBuf {
    let existing = path.ancestors().find_map(|it| it.canonicalize().ok().map(|place| (it, place)));
    let Some((existing, mut place)) = existing else { return path.to_path_buf() };
    for component in path.strip_prefix(existing).into_iter().flat_map(Path::components) {
        match component {
            Component::ParentDir => {
                place.pop();
            }
            component => place.push(component),
        }
    }
    place
}

/// The spaces that the ledger speaks of and the backup does not have, each with how many lines.
fn unknown_spaces(ledger: &Path, names: &[String]) -> Result<Vec<String>> {
    let mut unknown: BTreeMap<String, u64> = BTreeMap::new();
    ledger::read(ledger, &mut |erasure| {
        if !names.contains(&erasure.space) {
            *unknown.entry(erasure.space).or_default() += 1;
        }
        Ok(())
    })?;
    let told = |(space, lines)| {
        format!("{lines} lines of the ledger are about the space `{space}`, which the backup does not have")
    };
    Ok(unknown.into_iter().map(told).collect())
}

/// Begins the ledger of the new store with all that the old one holds: whoever was erased before this backup may stand
/// in an older one, which is restored by the new ledger.
fn copy_ledger(from: &Path, to: &Ledger) -> Result<()> {
    let mut some = Vec::new();
    let write = |some: &mut Vec<Erasure>| -> Result<()> {
        to.append(to.make_room(some)?, some)?;
        some.clear();
        Ok(())
    };
    ledger::read(from, &mut |erasure| {
        some.push(erasure);
        if some.len() < ERASURES_PER_BATCH { Ok(()) } else { write(&mut some) }
    })?;
    if some.is_empty() { Ok(()) } else { write(&mut some) }
}

fn later_erasures(ledger: &Path, space: &str, backup: &Copied) -> Result<Vec<Erasure>> {
    let mut later = Vec::new();
    let torn = ledger::read(ledger, &mut |erasure| {
        if erasure.space == space && erasure.is_after(backup.source_epoch, backup.version.0) {
            later.push(erasure);
        }
        Ok(())
    })?;
    match torn {
        None => Ok(later),
        Some(line) => Err(Error::invalid(format!(
            "complete the ledger, or take its last line away: {}, line {line} is cut, and whoever it names would be \
             back",
            ledger.display()
        ))),
    }
}

/// Erases what `later` names, as far as it is known here. Returns how many entities that were, and the version then.
fn erase_again(
    folder: &Path,
    space: &str,
    later: Vec<Erasure>,
    applied: &Ledger,
    clock: &SystemClock,
) -> Result<(u64, Option<u64>)> {
    if later.is_empty() {
        return Ok((0, None));
    }
    let engine = Engine::open_dir(folder, Options { background: false, ..Options::default() })?;
    let snapshot = engine.snapshot();
    let (mut erased, id_epoch) = (0, snapshot.id_epoch());
    for run in later.chunk_by(|a, b| a.type_id == b.type_id) {
        // A type that the backup does not have had no entities then.
        let Some(type_name) = type_name(snapshot.catalog(), &run[0]) else { continue };
        for some in run.chunks(ERASURES_PER_BATCH) {
            let erase = |erasure: &Erasure| EntityChanges::new(erasure.key.clone(), vec![Change::Erase]);
            let entities = some.iter().map(erase).collect();
            let written = engine.write(Batch { type_name: type_name.clone(), source: None, entities })?;
            erased += some.len() as u64 - written.unknown_entities;
            let again: Vec<Erasure> = some
                .iter()
                .map(|erasure| Erasure {
                    space: space.to_owned(),
                    type_name: type_name.clone(),
                    id_epoch,
                    version: written.seq.0,
                    time_unix_ms: clock.now_unix_ms(),
                    ..erasure.clone()
                })
                .collect();
            applied.append(applied.make_room(&again)?, &again)?;
        }
    }
    drop(snapshot);
    let version = engine.snapshot().version().0;
    engine.close()?;
    let storage: Arc<dyn Storage> = Arc::new(Disk::open(folder)?);
    muster_engine::check::check(&storage, &mut |_| ())?.require_whole()?;
    Ok((erased, Some(version)))
}

fn type_name(catalog: &Catalog, erasure: &Erasure) -> Option<String> {
    catalog.entity_type(erasure.type_id).map(|entity_type| entity_type.name.clone())
}

/// A directory under a temporary name; it goes away unless it is finished.
struct Unfinished {
    path: PathBuf,
    to: PathBuf,
    is_finished: bool,
    /// Says to others that somebody is at work; it goes with the process.
    _lock: File,
}

impl Unfinished {
    /// Errors: conflict, when `to` holds something, or an earlier attempt left its directory behind.
    fn begin(to: &Path) -> Result<Unfinished> {
        let to = std::path::absolute(to)
            .map_err(|error| Error::of_system(format_args!("cannot find {}", to.display()), error))?;
        let is_free = match std::fs::read_dir(&to) {
            Ok(mut entries) => entries.next().is_none(),
            Err(error) => error.kind() == std::io::ErrorKind::NotFound,
        };
        let name = to.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if !is_free || name.is_empty() {
            return Err(Error::conflict(format!(
                "name a directory that does not exist or is empty, not {}",
                to.display()
            )));
        }
        let path = to.with_file_name(format!("{name}{UNFINISHED_SUFFIX}"));
        clear_dead(&path)?;
        // Makes what is missing above it too, durably.
        Disk::create(&path)?;
        let lock = lock_folder(&path)?;
        Ok(Unfinished { path, to, is_finished: false, _lock: lock })
    }

    fn space_folder(&self, space: &str) -> PathBuf {
        self.path.join(SPACES_FOLDER).join(space)
    }

    /// Gives the directory its final name, durably.
    fn finish(mut self) -> Result<()> {
        let failed = |error| Error::of_system(format_args!("cannot rename {}", self.path.display()), error);
        std::fs::create_dir_all(self.path.join(SPACES_FOLDER)).map_err(failed)?;
        std::fs::rename(&self.path, &self.to).map_err(|error| match error.kind() {
            std::io::ErrorKind::DirectoryNotEmpty => {
                Error::new(ErrorKind::Conflict, format!("{} was filled meanwhile", self.to.display()))
            }
            _ => failed(error),
        })?;
        self.is_finished = true;
        let parent = self.to.parent().unwrap_or(&self.to);
        std::fs::File::open(parent).and_then(|parent| parent.sync_all()).map_err(failed)
    }
}

/// Removes what a command left that was killed. Errors: conflict, when somebody is at work there.
fn clear_dead(path: &Path) -> Result<()> {
    let failed = |error| Error::of_system(format_args!("cannot clear {}", path.display()), error);
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(failed(error)),
        Ok(about) if !about.is_dir() => {
            Err(Error::conflict(format!("move {} away: it is in the way of what is made", path.display())))
        }
        Ok(_) => {
            let _lock = lock_folder(path)?;
            std::fs::remove_dir_all(path).map_err(failed)
        }
    }
}

fn lock_folder(path: &Path) -> Result<File> {
    let failed = |error| Error::of_system(format_args!("cannot lock {}", path.display()), error);
    let folder = File::open(path).map_err(failed)?;
    match folder.try_lock() {
        Ok(()) => Ok(folder),
        Err(TryLockError::WouldBlock) => {
            Err(Error::conflict(format!("wait for the other command: it is at work in {}", path.display())))
        }
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.is_finished {
            // It was made by this value, so nothing else is in it; what cannot be removed is named by the next attempt.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_made_inside_of_what_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        std::fs::create_dir_all(store.join("spaces")).unwrap();
        std::os::unix::fs::symlink(&store, folder.path().join("link")).unwrap();
        for inside in
            ["store", "store/x", "store/spaces/y", "link/x", "new/../store/x", "store/a/b/c", "link/../store/x"]
        {
            let error = require_outside(&folder.path().join(inside), &store).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Conflict, "{inside}");
            assert!(error.message().starts_with("name a directory outside of"), "{inside}");
        }
        for outside in ["copy", "store2/x", "store/../copy", "link/../copy", "a/b"] {
            assert!(require_outside(&folder.path().join(outside), &store).is_ok(), "{outside}");
        }
    }
}
