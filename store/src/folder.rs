//! The folders of spaces in the directory of a store: their names, and what stands in their place.

use std::path::Path;

use muster_engine::{Error, Result};
use muster_language::shell_word;

/// The space that a request without one means; it exists from the start.
pub(crate) const MAIN: &str = "main";
/// The folder of all spaces.
pub(crate) const SPACES_FOLDER: &str = "spaces";
/// The longest name of a space, in characters.
const NAME_CHARS_MAX: usize = 100;

/// The names of the folders of spaces; none where the folder of all is missing.
pub(crate) fn folders_in(folder: &Path) -> Result<Vec<String>> {
    let failed = |error| Error::of_system(format_args!("cannot list {}", folder.display()), error);
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed)?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.map_err(failed)?.file_name();
        names.extend(name.to_str().filter(|name| check_name(name).is_ok()).map(str::to_owned));
    }
    Ok(names)
}

/// Errors: invalid, when the folder of a space is a link: what it leads to may change, or be another space.
pub(crate) fn refuse_link(folder: &Path) -> Result<()> {
    match std::fs::symlink_metadata(folder) {
        Ok(about) if about.file_type().is_symlink() => Err(Error::invalid(format!(
            "put the folder itself in its place, or mount it there: {} is a link",
            folder.display()
        ))),
        _ => Ok(()),
    }
}

/// A name that is the same folder on every file system that tells case apart.
pub(crate) fn check_name(name: &str) -> Result<()> {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if name.is_empty() || name.len() > NAME_CHARS_MAX || name.starts_with('.') || !name.chars().all(good) {
        return Err(Error::invalid(format!(
            "name a space with 1 to {NAME_CHARS_MAX} letters (a-z, A-Z), digits, `_`, `-` or `.`, not beginning with \
             `.`"
        )));
    }
    Ok(())
}

/// What to do about a space whose folder is missing.
pub(crate) fn remedy_of_missing(name: &str, data_dir: &Path) -> String {
    format!(
        "restore the space `{name}` from a backup, mount its disk, or give it up with muster space drop {name} --yes \
         {name} --data {}",
        shell_word(&data_dir.display().to_string())
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_the_folder() {
        for name in ["", ".", "..", "../x", "a/b", ".hidden", "空间", "a b", &"x".repeat(101)] {
            assert!(check_name(name).is_err(), "{name}");
        }
        for name in ["main", "a.b-c_9", &"x".repeat(100)] {
            assert!(check_name(name).is_ok(), "{name}");
        }
    }
}
