//! A private folder among the temporary ones, gone when nobody needs it any more.

use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::exit::Failure;

/// How many names are tried.
const NAMES_MAX: u32 = 1_000;
/// Only the owner may look.
const PRIVATE: u32 = 0o700;

/// A folder that is removed with everything in it.
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// Makes a folder whose name begins with `prefix`.
    pub(crate) fn new(prefix: &str) -> Result<Folder, Failure> {
        let parent = std::env::temp_dir();
        for number in 0..NAMES_MAX {
            let path = parent.join(format!("{prefix}-{}-{number}", std::process::id()));
            match std::fs::DirBuilder::new().mode(PRIVATE).create(&path) {
                Ok(()) => return Ok(Folder(path)),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => {
                    return Err(Failure::refused(format!(
                        "set TMPDIR to a folder that can be written: cannot create {}: {error}",
                        path.display()
                    )));
                }
            }
        }
        Err(Failure::refused(format!("remove old folders {prefix}-* from {}", parent.display())))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed stays for the system's own cleaning.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
