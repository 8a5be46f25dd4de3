//! File permissions: files and folders of a store are made for its owner alone, and never through a link that somebody
//! put in their place.

use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;

/// Who may read what is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// The owner alone.
    Private,
    /// Whoever the mask of the process allows.
    Shared,
}

impl Access {
    /// What the option `shared_files` says.
    pub fn of(shared_files: bool) -> Access {
        if shared_files { Access::Shared } else { Access::Private }
    }

    fn file_mode(self) -> u32 {
        match self {
            Access::Private => 0o600,
            Access::Shared => 0o666,
        }
    }

    fn folder_mode(self) -> u32 {
        match self {
            Access::Private => 0o700,
            Access::Shared => 0o777,
        }
    }

    /// How a file is opened: a link in its place is an error.
    pub fn open_options(self) -> OpenOptions {
        let mut options = OpenOptions::new();
        options.mode(self.file_mode()).custom_flags(OFlags::NOFOLLOW.bits() as i32);
        options
    }

    /// Makes a folder, and those above it that are missing; one that exists is left as it is.
    pub fn create_folders(self, path: &Path) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(self.folder_mode()).create(path)
    }

    /// Makes a folder that does not exist.
    pub fn create_folder(self, path: &Path) -> io::Result<()> {
        DirBuilder::new().mode(self.folder_mode()).create(path)
    }
}
