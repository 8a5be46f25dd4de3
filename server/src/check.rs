//! Checks every byte of a directory that nobody serves.

use std::fs::{File, TryLockError};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use muster_engine::check::{Progress, Report, check};
use muster_engine::storage::lock::LOCK_BYTES_MAX;
use muster_engine::storage::{Disk, LockHolder, Storage};
use muster_engine::{Error, Result};

use crate::holder::hold_unchanged;
use crate::spaces::{SPACES_FOLDER, check_name};

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
    for name in space_names(data_dir)?.into_iter().filter(|name| space.is_none_or(|wanted| wanted == name)) {
        let folder = data_dir.join(SPACES_FOLDER).join(&name);
        let _lock = lock_unchanged(&folder)?;
        let storage: Arc<dyn Storage> = Arc::new(Disk::open(&folder)?);
        let report = check(&storage, &mut |at| progress(&name, at))
            .map_err(|error| error.within(format_args!("space {name}")))?;
        reports.push(SpaceReport { space: name, report });
    }
    match (reports.is_empty(), space) {
        (true, Some(name)) => Err(Error::not_found(format!("there is no space `{name}` in {}", data_dir.display()))),
        _ => Ok(reports),
    }
}

/// The spaces of a directory, in order. Errors: not found, when it holds no store.
pub(crate) fn space_names(data_dir: &Path) -> Result<Vec<String>> {
    let folder = data_dir.join(SPACES_FOLDER);
    if !folder.is_dir() {
        return Err(Error::not_found(format!(
            "name the directory of a store: there is none in {}",
            data_dir.display()
        )));
    }
    let failed = |error| Error::io(format!("cannot list {}", folder.display())).with_source(error);
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        if let Some(name) = name.to_str().filter(|name| check_name(name).is_ok() && entry.path().is_dir()) {
            names.push(name.to_owned());
        }
    }
    names.sort_unstable();
    Ok(names)
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
