//! Where the file of a load lies, and what it is called.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use muster_engine::Error;
use muster_exchange::NamedFile;
use rustix::fs::OFlags;
use tonic::{Code, Status};

use crate::shared::Shared;
use crate::spool::Spooled;
use crate::status;

/// A file that can be read: one that the caller named, or one that has arrived.
pub(super) struct Source {
    path: PathBuf,
    /// What messages call it.
    pub(super) name: String,
    /// Deletes the file of a caller when the load is over.
    _spooled: Option<Spooled>,
    /// Keeps the path of a file of an import directory good.
    _held: Option<File>,
}

impl Source {
    pub(super) fn file(&self) -> NamedFile<'_> {
        NamedFile { path: &self.path, name: &self.name }
    }

    /// The name of the file without folders and endings, as a name for a type.
    pub(super) fn stem(&self) -> Option<String> {
        let file = Path::new(&self.name).file_name()?.to_str()?;
        let stem = file.split('.').next().unwrap_or_default();
        (!stem.is_empty()).then(|| stem.to_owned())
    }
}

#[cfg(test)]
impl Source {
    /// A file of this machine.
    pub(super) fn of(path: &Path) -> Source {
        Source { path: path.to_owned(), name: path.display().to_string(), _spooled: None, _held: None }
    }
}

/// The file that is named by its path, if the caller may name it; none where no path is given.
pub(super) fn named(shared: &Shared, name: &str) -> Result<Option<Source>, Status> {
    if name.is_empty() {
        return Ok(None);
    }
    let path = Path::new(name);
    let config = &shared.config;
    let resolved = path.canonicalize();
    let allowed = config.local_files
        || resolved.as_ref().is_ok_and(|path| {
            let inside = |folder: &PathBuf| folder.canonicalize().is_ok_and(|folder| path.starts_with(folder));
            config.import_dirs.iter().any(inside)
        });
    if !allowed || !path.is_absolute() {
        // Whether the file exists is nobody's business outside the import directories.
        let message = format!("send the bytes of {name}, or put it into an import directory and name its whole path");
        return Err(status::refuse(Code::PermissionDenied, "PATH_NOT_ALLOWED", message));
    }
    let path = resolved.map_err(|fault| {
        let message = format!("cannot read {name}");
        status::of(&match fault.kind() {
            std::io::ErrorKind::NotFound => Error::not_found(format!("there is no file {name}")),
            _ => Error::of_system(message, fault),
        })
    })?;
    let (path, held) = if config.local_files { (path, None) } else { hold(&path, name)? };
    Ok(Some(Source { path, name: name.to_owned(), _spooled: None, _held: held }))
}

/// Holds a file of an import directory open, and gives a path that leads to it and to no other that takes its place.
/// Errors: invalid, when it is a pipe or a device, which is not waited for.
fn hold(path: &Path, name: &str) -> Result<(PathBuf, Option<File>), Status> {
    let flags = OFlags::NONBLOCK | OFlags::NOFOLLOW;
    let opened = File::options().read(true).custom_flags(flags.bits() as i32).open(path);
    let failed = |fault| status::of(&Error::of_system(format_args!("cannot read {name}"), fault));
    let file = opened.map_err(failed)?;
    let about = file.metadata().map_err(failed)?;
    if !about.is_file() && !about.is_dir() {
        let message = format!("name a file, or send the bytes: {name} is a pipe or a device");
        return Err(status::of(&Error::invalid(message)));
    }
    Ok((PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd())), Some(file)))
}

/// The file of a caller, as soon as all of it is there.
pub(super) fn arrived(spooled: muster_engine::Result<Spooled>, name: String) -> Result<Source, Status> {
    let spooled = spooled.map_err(|fault| status::of(&fault))?;
    Ok(Source {
        path: spooled.path().to_owned(),
        name: if name.is_empty() { "the stream".to_owned() } else { name },
        _spooled: Some(spooled),
        _held: None,
    })
}
