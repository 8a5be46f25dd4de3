//! Whether two paths lead to one file, so that nothing is written over what is read.

use std::ffi::OsString;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Whether both lead to one file, by whatever spelling, symbolic or hard link; also to one that is still to be made.
pub(super) fn is_same(one: &Path, other: &Path) -> bool {
    match (identity(one), identity(other)) {
        (Some(one), Some(other)) => one == other,
        (None, None) => place(one).is_some_and(|one| place(other) == Some(one)),
        _ => false,
    }
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    // A device or a pipe, such as /dev/null, keeps nothing that could be overwritten.
    let about = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
    Some((about.dev(), about.ino()))
}

/// The folder that a file to be made stands in, and its name there.
fn place(path: &Path) -> Option<(PathBuf, OsString)> {
    if path.exists() {
        return None;
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Some((folder.canonicalize().ok()?, path.file_name()?.to_owned()))
}
