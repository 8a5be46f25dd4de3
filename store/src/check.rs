//! The integrity check (scrub): every byte of a directory that nobody serves.

use std::fs::{File, TryLockError};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use muster_engine::check::{Fault, Progress, Report, check};
use muster_engine::{Disk, LockHolder, Storage};
use muster_engine::{Error, ErrorKind, Result};

use crate::access::Access;
use crate::folder::{SPACES_FOLDER, folders_in, remedy_of_missing};
use crate::holder::hold_unchanged;
use crate::known::Known;
use crate::ledger::{LEDGER_FILE, Reading};

/// After how many faults the rest of a ledger is not read.
const LEDGER_FAULTS_MAX: usize = 100;

/// What a check of one space found.
#[derive(Clone, Debug)]
pub struct SpaceReport {
    /// The space.
    pub space: String,
    /// What was found; files are relative to the folder of the space.
    pub report: Report,
}

/// What a check of a directory found.
#[derive(Clone, Debug)]
pub struct DirReport {
    /// What was found in the ledger of erasures beside the spaces; files are relative to the directory.
    pub ledger: Report,
    /// The spaces, in order.
    pub spaces: Vec<SpaceReport>,
}

impl DirReport {
    /// All reports, each with its space; the ledger has none.
    pub fn all(&self) -> impl Iterator<Item = (Option<&str>, &Report)> {
        std::iter::once((None, &self.ledger)).chain(self.spaces.iter().map(|it| (Some(it.space.as_str()), &it.report)))
    }
}

/// Checks all spaces of `data_dir` and the ledger of erasures that lies in it, or the one with this name, and changes
/// nothing. The locks are held meanwhile, so no server begins to write.
///
/// Errors: conflict, when a server or another process holds the directory; not found, when there is no store.
pub fn check_dir(data_dir: &Path, space: Option<&str>, progress: &mut dyn FnMut(&str, Progress)) -> Result<DirReport> {
    let _held = hold_unchanged(data_dir)?;
    let mut reports = Vec::new();
    for (name, place) in space_places(data_dir)?.into_iter().filter(|(name, _)| space.is_none_or(|it| it == name)) {
        let report = match place {
            Place::Folder => check_space(&data_dir.join(SPACES_FOLDER).join(&name), &mut |at| progress(&name, at))
                .map_err(|error| error.within(format_args!("space {name}")))?,
            place => not_there(&name, place, data_dir),
        };
        reports.push(SpaceReport { space: name, report });
    }
    match (reports.is_empty(), space) {
        (true, Some(name)) => Err(Error::not_found(format!("there is no space `{name}` in {}", data_dir.display()))),
        (_, Some(_)) => Ok(DirReport { ledger: Report::default(), spaces: reports }),
        (_, None) => Ok(DirReport { ledger: check_ledger(&data_dir.join(LEDGER_FILE))?, spaces: reports }),
    }
}

/// Errors: io.
fn check_ledger(path: &Path) -> Result<Report> {
    let bytes = match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Report::default()),
        about => about.map_err(|error| Error::of_system(format_args!("cannot read {}", path.display()), error))?.len(),
    };
    let mut report = Report { files: 1, bytes, ..Report::default() };
    let fault = |what: String| Fault { file: LEDGER_FILE.to_owned(), bytes: None, concerns: Vec::new(), what };
    let mut reading = Reading::new(path);
    loop {
        match reading.next_erasure() {
            Ok(Some(_)) => {}
            Ok(None) => break,
            Err(error) if error.kind() == ErrorKind::Io => return Err(error),
            Err(error) => report.faults.push(fault(error.to_string())),
        }
        if report.faults.len() == LEDGER_FAULTS_MAX {
            report.faults.push(fault("what follows was not read".to_owned()));
            return Ok(report);
        }
    }
    if let Some(line) = reading.torn() {
        report.faults.push(fault(format!(
            "line {line}, the last, has no end: complete it from a copy, or take it away if a crash tore it"
        )));
    }
    Ok(report)
}

fn check_space(folder: &Path, progress: &mut dyn FnMut(Progress)) -> Result<Report> {
    let _lock = lock_unchanged(folder)?;
    let storage: Arc<dyn Storage> = Arc::new(Disk::open(folder)?);
    check(&storage, progress)
}

/// A space without a folder is a fault, for everything in it is lost.
fn not_there(space: &str, place: Place, data_dir: &Path) -> Report {
    let what = match place {
        Place::Link => "its folder is a link: put the folder itself in its place, or mount it there".to_owned(),
        _ => format!("its folder is missing: {}", remedy_of_missing(space, data_dir)),
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

/// The spaces of a directory, in order. Errors: not found, when it holds no store and knows of no space; corrupt, when
/// the list of spaces is damaged.
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
    let path = folder.join(LockHolder::FILE);
    let failed = |error| Error::of_system(format_args!("cannot lock {}", path.display()), error);
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
            let _ = Read::by_ref(&mut file).take(LockHolder::BYTES_MAX).read_to_end(&mut bytes);
            let holder = LockHolder::parse(&bytes).map_or_else(|| "another process".to_owned(), |it| it.to_string());
            Err(Error::conflict(format!("end it first: {} is held by {holder}", folder.display())))
        }
    }
}
