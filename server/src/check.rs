//! Checks every byte of a directory that nobody serves.

use std::fs::{File, TryLockError};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use muster_engine::check::{Fault, Progress, Report, check};
use muster_engine::storage::lock::LOCK_BYTES_MAX;
use muster_engine::storage::{Disk, LockHolder, Storage};
use muster_engine::{Error, Result};

use crate::erasures::LEDGER_FILE;
use crate::files::Access;
use crate::holder::hold_unchanged;
use crate::known::Known;
use crate::spaces::{SPACES_FOLDER, folders_in, remedy_of_missing};

/// The lock file of a space.
const SPACE_LOCK: &str = "LOCK";

/// What a check of one space found.
#[derive(Clone, Debug)]
pub struct SpaceReport {
    /// The space.
    pub space: String,
    /// What was found; files are relative to the folder of the space.
    pub report: Report,
}

/// Checks all spaces of `data_dir`, or the one with this name, and changes nothing. The locks are held meanwhile, so no
/// server begins to write.
///
/// Errors: conflict, when a server or another process holds the directory; not found, when there is no store.
pub fn check_dir(
    data_dir: &Path,
    space: Option<&str>,
    progress: &mut dyn FnMut(&str, Progress),
) -> Result<Vec<SpaceReport>> {
    let _held = hold_unchanged(data_dir)?;
    let mut reports = Vec::new();
    for (name, place) in space_places(data_dir)?.into_iter().filter(|(name, _)| space.is_none_or(|it| it == name)) {
        let report = match place {
            Place::Folder => check_space(&data_dir.join(SPACES_FOLDER).join(&name), &mut |at| progress(&name, at))
                .map_err(|error| error.within(format_args!("space {name}")))?,
            place => not_there(&name, place),
        };
        reports.push(SpaceReport { space: name, report });
    }
    match (reports.is_empty(), space) {
        (true, Some(name)) => Err(Error::not_found(format!("there is no space `{name}` in {}", data_dir.display()))),
        _ => Ok(reports),
    }
}

fn check_space(folder: &Path, progress: &mut dyn FnMut(Progress)) -> Result<Report> {
    let _lock = lock_unchanged(folder)?;
    let storage: Arc<dyn Storage> = Arc::new(Disk::open(folder)?);
    check(&storage, progress)
}

/// A space without a folder is a fault, for everything in it is lost.
fn not_there(space: &str, place: Place) -> Report {
    let what = match place {
        Place::Link => "its folder is a link: put the folder itself in its place, or mount it there".to_owned(),
        _ => format!("its folder is missing: {}", remedy_of_missing(space)),
    };
    let fault = Fault { file: String::new(), bytes: None, concerns: Vec::new(), what };
    Report { faults: vec![fault], ..Report::default() }
}

/// What stands where the folder of a space belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Its folder.
    Folder,
    /// A link, which is refused.
    Link,
    /// Nothing, or something else; but the list of spaces or the ledger of erasures knows it.
    Missing,
}

/// The spaces of a directory, in order. Errors: not found, when it holds no store and knows of no space; corrupt, when the
/// list of spaces is damaged.
pub(crate) fn space_places(data_dir: &Path) -> Result<Vec<(String, Place)>> {
    let folder = data_dir.join(SPACES_FOLDER);
    let known = Known::open(data_dir, &folders_in(&folder)?, &data_dir.join(LEDGER_FILE), Access::Private)?.names();
    if known.is_empty() && !folder.is_dir() {
        return Err(Error::not_found(format!(
            "name the directory of a store: there is none in {}",
            data_dir.display()
        )));
    }
    let place_of = |name: &str| match std::fs::symlink_metadata(folder.join(name)) {
        Ok(about) if about.is_symlink() => Place::Link,
        Ok(about) if about.is_dir() => Place::Folder,
        _ => Place::Missing,
    };
    Ok(known.into_iter().map(|name| (name.clone(), place_of(&name))).collect())
}

/// Takes the lock of a space without writing into it; none where nobody ever opened the space here.
fn lock_unchanged(folder: &Path) -> Result<Option<File>> {
    let path = folder.join(SPACE_LOCK);
    let failed = |error| Error::io(format!("cannot lock {}", path.display())).with_source(error);
    let mut file = match File::open(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        file => file.map_err(failed)?,
    };
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::Error(error)) => Err(failed(error)),
        Err(TryLockError::WouldBlock) => {
            let mut bytes = Vec::new();
            // The holder is named if its name can be read; that it holds is known either way.
            let _ = Read::by_ref(&mut file).take(LOCK_BYTES_MAX).read_to_end(&mut bytes);
            let holder = LockHolder::parse(&bytes).map_or_else(|| "another process".to_owned(), |it| it.to_string());
            Err(Error::conflict(format!("end it first: {} is held by {holder}", folder.display())))
        }
    }
}
