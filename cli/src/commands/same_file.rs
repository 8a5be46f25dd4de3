//! File identity: whether two paths lead to one file, so that nothing is written over what is read, and nothing into a
//! store.

use std::ffi::OsString;
use std::fs::{File, Metadata};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::args::input;
use crate::ask::Settings;
use crate::exit::Failure;

/// A path and the words that name it: an option, or what the file is.
pub(super) type Named<'a> = (&'a str, &'a Path);

/// Looks at the files that a command would write, before it writes the first.
///
/// Errors: usage, where one of them is read by the command (also by `--param` or as standard input), is to be written
/// twice, or lies inside the store.
pub(super) fn check_outputs(outputs: &[Named<'_>], inputs: &[Named<'_>], settings: &Settings) -> Result<(), Failure> {
    let parameters = settings.parameter_files().map(|path| ("the file of --param", path));
    let mut taken: Vec<Named<'_>> = inputs.iter().copied().chain(parameters).collect();
    taken.retain(|(_, path)| *path != Path::new(input::STANDARD_INPUT));
    for &(option, path) in outputs {
        if path == Path::new(input::STANDARD_INPUT) {
            return Err(Failure::usage(format!(
                "name a file with {option}: - stands for standard input, and what is printed goes to standard output"
            )));
        }
        let other = match is_standard_input(path) {
            true => Some("standard input"),
            false => taken.iter().find(|(_, other)| is_same(path, other)).map(|(other, _)| *other),
        };
        if let Some(other) = other {
            return Err(Failure::usage(format!(
                "give {option} another path: {} is {other} too, and would be overwritten",
                path.display()
            )));
        }
        if let Some(store) = settings.store.as_deref().filter(|store| real(path).starts_with(real(store))) {
            return Err(Failure::usage(format!(
                "give {option} a path outside the store: {} lies in {}",
                path.display(),
                store.display()
            )));
        }
        taken.push((option, path));
    }
    Ok(())
}

/// Whether a path leads to the file that standard input reads.
fn is_standard_input(path: &Path) -> bool {
    let Ok(input) = std::io::stdin().as_fd().try_clone_to_owned() else { return false };
    let input = File::from(input).metadata().ok().and_then(|about| identity_of(&about));
    input.is_some() && identity(path) == input
}

/// A path without links, as far as it leads to something that is there.
fn real(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let there =
        path.ancestors().find_map(|folder| Some((folder.canonicalize().ok()?, path.strip_prefix(folder).ok()?)));
    match there {
        Some((folder, rest)) if rest.as_os_str().is_empty() => folder,
        Some((folder, rest)) => folder.join(rest),
        None => path,
    }
}

/// Whether both lead to one file, by whatever spelling, symbolic or hard link; also to one that is still to be made.
fn is_same(one: &Path, other: &Path) -> bool {
    match (identity(one), identity(other)) {
        (Some(one), Some(other)) => one == other,
        (None, None) => place(one).is_some_and(|one| place(other) == Some(one)),
        _ => false,
    }
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    identity_of(&std::fs::metadata(path).ok()?)
}

/// A device or a pipe, such as /dev/null, keeps nothing that could be overwritten.
fn identity_of(about: &Metadata) -> Option<(u64, u64)> {
    about.is_file().then(|| (about.dev(), about.ino()))
}

/// The folder that a file to be made stands in, and its name there.
fn place(path: &Path) -> Option<(PathBuf, OsString)> {
    if path.exists() {
        return None;
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Some((folder.canonicalize().ok()?, path.file_name()?.to_owned()))
}
