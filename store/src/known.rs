//! The spaces that a directory has: a line each in a file beside them, so that a folder that is gone is missed instead
//! of being made anew.
//!
//! A directory that an older program made has no such file: then its folders are those, and the spaces that the ledger
//! of erasures speaks of. A folder that somebody puts there becomes known when it is opened.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use muster_engine::{Error, Result};
use parking_lot::{Mutex, MutexGuard};

use crate::access::Access;
use crate::folder::check_name;
use crate::ledger;

/// The file in the directory.
pub(crate) const KNOWN_FILE: &str = "spaces.txt";
/// The longest such file: a hundred thousand names.
const KNOWN_BYTES_MAX: u64 = 16 << 20;

/// See the module.
pub(crate) struct Known {
    path: PathBuf,
    access: Access,
    names: Mutex<BTreeSet<String>>,
    /// All of them stood in the file when it was read.
    is_written: bool,
}

impl Known {
    /// The spaces of `data_dir`. Errors: corrupt, when the file holds anything but names; invalid, when a line of the
    /// ledger was changed.
    pub(crate) fn open(data_dir: &Path, folders: &[String], ledger: &Path, access: Access) -> Result<Known> {
        let path = data_dir.join(KNOWN_FILE);
        let mut names = match read(&path)? {
            Some(names) => names,
            None => {
                let mut names = BTreeSet::new();
                ledger::read(ledger, &mut |erasure| {
                    names.insert(erasure.space);
                    Ok(())
                })?;
                names
            }
        };
        let is_written = path.exists() && folders.iter().all(|name| names.contains(name));
        names.extend(folders.iter().cloned());
        Ok(Known { path, access, names: Mutex::new(names), is_written })
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.names.lock()
    }

    /// All of them, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        self.lock().iter().cloned().collect()
    }

    /// Whether there is, or was, a space of this name that was not dropped.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.lock().contains(name)
    }

    /// Remembers a space that is there.
    pub(crate) fn add(&self, name: &str) {
        let mut names = self.lock();
        names.insert(name.to_owned());
        self.try_to_write(&names);
    }

    /// Writes down what is known only from the folders and the ledger so far.
    pub(crate) fn write_down(&self) {
        let names = self.lock();
        if !self.is_written && !names.is_empty() {
            self.try_to_write(&names);
        }
    }

    /// What cannot be written now is written with the next one: until then its folder tells of it.
    fn try_to_write(&self, names: &BTreeSet<String>) {
        if let Err(error) = self.write(names) {
            tracing::warn!(%error, path = %self.path.display(), "the names of the spaces cannot be written");
        }
    }

    /// Forgets a space that was dropped, durably. Errors: io; it is still known.
    pub(crate) fn forget(&self, name: &str) -> Result<()> {
        let mut names = self.lock();
        let without: BTreeSet<String> = names.iter().filter(|known| *known != name).cloned().collect();
        self.write(&without)
            .map_err(|error| Error::of_system(format_args!("cannot write {}", self.path.display()), error))?;
        *names = without;
        Ok(())
    }

    fn write(&self, names: &BTreeSet<String>) -> io::Result<()> {
        let temporary = self.path.with_extension("tmp");
        match std::fs::remove_file(&temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = self.access.open_options().write(true).create_new(true).open(&temporary)?;
        let text: String = names.iter().map(|name| format!("{name}\n")).collect();
        file.write_all(text.as_bytes())?;
        file.sync_data()?;
        std::fs::rename(&temporary, &self.path)?;
        File::open(self.path.parent().unwrap_or(Path::new(".")))?.sync_all()
    }
}

/// Writes the list of a directory that is made, durably. Errors: io.
pub(crate) fn write_list(data_dir: &Path, names: impl Iterator<Item = String>) -> Result<()> {
    let known =
        Known { path: data_dir.join(KNOWN_FILE), access: Access::Private, names: Mutex::default(), is_written: false };
    known
        .write(&names.collect())
        .map_err(|error| Error::of_system(format_args!("cannot write {}", known.path.display()), error))
}

fn read(path: &Path) -> Result<Option<BTreeSet<String>>> {
    let failed = |error| Error::of_system(format_args!("cannot read {}", path.display()), error);
    let file = match Access::Private.open_options().read(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file.map_err(failed)?,
    };
    let mut text = String::new();
    file.take(KNOWN_BYTES_MAX).read_to_string(&mut text).map_err(failed)?;
    let mut names = BTreeSet::new();
    for (index, line) in text.lines().enumerate() {
        check_name(line).map_err(|_| {
            Error::corrupt(format!("write the name of a space or nothing in {}, line {}", path.display(), index + 1))
        })?;
        names.insert(line.to_owned());
    }
    Ok(Some(names))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_space_is_known_until_it_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = folder.path().join("ledger");
        let line = r#"{"id_epoch":3,"key":7,"space":"gone","time_unix_ms":-5,"type":"t","type_id":1,"version":9}"#;
        std::fs::write(&ledger, format!("{line}\n")).unwrap();
        let open = |folders: &[&str]| {
            let folders: Vec<String> = folders.iter().map(|&name| name.to_owned()).collect();
            Known::open(folder.path(), &folders, &ledger, Access::Private).unwrap()
        };
        let known = open(&["main"]);
        assert!(known.has("main") && known.has("gone") && !known.has("other"));
        known.add("other");
        known.forget("gone").unwrap();
        let known = open(&["copied"]);
        assert!(known.has("main") && known.has("other") && known.has("copied"));
        assert!(!known.has("gone"), "the ledger is asked only where there is no list");
        std::fs::write(folder.path().join(KNOWN_FILE), "a/b\n").unwrap();
        assert!(Known::open(folder.path(), &[], &ledger, Access::Private).is_err());
    }
}
