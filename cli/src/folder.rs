//! A private temporary folder, gone when nobody needs it any more.

use std::fs::{File, Metadata, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use crate::exit::Failure;

/// Only the owner may look.
const PRIVATE: u32 = 0o700;
/// The letters and digits that end a name.
const RANDOM_LETTERS: usize = 6;

/// How long a process may take between the making of a folder and its lock.
const LOCK_WAIT: Duration = Duration::from_secs(60);

/// A folder that is removed with everything in it.
pub(crate) struct Folder {
    folder: TempDir,
    /// Says that the folder is in use, and goes with the process.
    _lock: File,
}

impl Folder {
    /// Makes a folder whose name begins with `prefix`.
    pub(crate) fn new(prefix: &str) -> Result<Folder, Failure> {
        let parent = std::env::temp_dir();
        clear_dead(&parent, prefix);
        let folder = tempfile::Builder::new()
            .prefix(&format!("{prefix}-{}-", std::process::id()))
            .rand_bytes(RANDOM_LETTERS)
            .permissions(Permissions::from_mode(PRIVATE))
            .tempdir_in(&parent)
            .map_err(|error| {
                let parent = parent.display();
                Failure::refused(format!(
                    "set TMPDIR to a folder that can be written: cannot create in {parent}: {error}"
                ))
            })?;
        let locked = File::open(folder.path()).and_then(|lock| lock.try_lock().map(|()| lock).map_err(Into::into));
        let lock = locked.map_err(|error| {
            let path = folder.path().display();
            Failure::refused(format!("set TMPDIR to a folder with locks: cannot lock {path}: {error}"))
        })?;
        Ok(Folder { folder, _lock: lock })
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Removes the folders that commands left that were killed: of this user, with our names, and in use by nobody. What
/// cannot be removed stays.
fn clear_dead(parent: &Path, prefix: &str) {
    let Ok(entries) = std::fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        let is_named = entry.file_name().to_str().is_some_and(|name| is_of_ours(name, prefix));
        let is_old = entry.metadata().is_ok_and(|about| about.is_dir() && is_settled(&about));
        if is_named && is_old && File::open(entry.path()).is_ok_and(|lock| lock.try_lock().is_ok()) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// Whether a name is one that [`Folder::new`] gives: the prefix, the number of a process, and letters by chance. Older
/// versions gave a number in their place.
fn is_of_ours(name: &str, prefix: &str) -> bool {
    let parts = name.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('-')).and_then(|rest| rest.split_once('-'));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_random = |text: &str| text.len() == RANDOM_LETTERS && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    parts.is_some_and(|(process, end)| is_number(process) && (is_number(end) || is_random(end)))
}

/// Whether a folder was made so long ago that whoever made it has locked it.
fn is_settled(about: &Metadata) -> bool {
    about.modified().is_ok_and(|made| made.elapsed().is_ok_and(|age| age > LOCK_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_folders_of_ours_are_cleared() {
        for name in ["muster-1-0", "muster-123456-999", "muster-123456-aB3xYz"] {
            assert!(is_of_ours(name, "muster"), "{name}");
        }
        for name in [
            "muster",
            "muster-1",
            "muster--0",
            "muster-1-",
            "muster-none-1-0",
            "muster-1-0x",
            "other-1-0",
            "muster-1-0-2",
            "muster-1-aB3xYz7",
        ] {
            assert!(!is_of_ours(name, "muster"), "{name}");
        }
    }

    #[test]
    fn a_folder_that_nobody_uses_is_cleared_and_one_in_use_is_not() {
        let parent = tempfile::tempdir().unwrap();
        let [dead, used] = ["muster-1-0", "muster-2-0"].map(|name| parent.path().join(name));
        for folder in [&dead, &used] {
            std::fs::create_dir(folder).unwrap();
            let long_ago = std::time::SystemTime::now() - 2 * LOCK_WAIT;
            File::open(folder).unwrap().set_modified(long_ago).unwrap();
        }
        let lock = File::open(&used).unwrap();
        lock.try_lock().unwrap();
        clear_dead(parent.path(), "muster");
        assert!(!dead.exists() && used.exists());
    }
}
