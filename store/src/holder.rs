//! The lock file of a directory: who serves it, and at which address.
//!
//! The lock is the operating system's and goes with the process, so a file that a dead server left means nothing. The
//! address is written after the lock is taken; whoever finds the file locked and empty looks again a little later. It
//! is written over what stands there, so that a full disk, where the file exists, does not keep a server from saying
//! it. Servers that only read share the lock, write nothing, and are found by nobody.

use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use muster_engine::is_full;

use crate::access::Access;

/// The file in the directory.
const HOLDER_FILE: &str = "server.lock";
/// The longest address that is read.
const ADDRESS_BYTES_MAX: u64 = 4096;
/// The file is at least this long, so that most addresses take no other room than an empty one.
const FILE_BYTES_MIN: usize = 256;

/// The right to serve a directory, for as long as this value lives.
#[derive(Debug)]
pub struct Holder {
    /// None where nobody ever wrote to the directory, which is only read.
    file: Option<File>,
    may_write: bool,
}

impl Holder {
    /// Takes the directory, which is created if need be. None if another server holds it.
    pub fn take(data_dir: &Path) -> io::Result<Option<Holder>> {
        Access::Private.create_folders(data_dir)?;
        let file = open(data_dir, true)?;
        match file.try_lock() {
            Ok(()) => {
                let mut holder = Holder { file: Some(file), may_write: true };
                holder.announce("")?;
                Ok(Some(holder))
            }
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Shares the directory with others that only read it, and changes nothing in it. None if a server holds it that
    /// may write.
    pub fn share(data_dir: &Path) -> io::Result<Option<Holder>> {
        let file = match open(data_dir, false) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            file => Some(file?),
        };
        match file.as_ref().map_or(Ok(()), File::try_lock_shared) {
            Ok(()) => Ok(Some(Holder { file, may_write: false })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Tells where this server listens, as a client's address reads it. One that shares the directory tells nobody.
    pub fn announce(&mut self, address: &str) -> io::Result<()> {
        let Some(file) = self.file.as_mut().filter(|_| self.may_write) else {
            return Ok(());
        };
        // A line, and spaces to the end of what stood there.
        let len = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX).min(ADDRESS_BYTES_MAX as usize);
        let mut text = format!("{address}\n");
        let padding = len.max(FILE_BYTES_MIN).saturating_sub(text.len());
        text.extend(std::iter::repeat_n(' ', padding));
        file.seek(SeekFrom::Start(0))?;
        match file.write_all(text.as_bytes()).and_then(|()| file.flush()) {
            // It serves all the same; who looks for it finds that somebody does.
            Err(error) if is_full(&error) => Ok(()),
            result => result,
        }
    }
}

/// Where the server listens that holds a directory: none if no server holds it that may write, an empty text if it has
/// not said yet.
pub fn holder_of(data_dir: &Path) -> io::Result<Option<String>> {
    let mut file = match open(data_dir, false) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            Read::by_ref(&mut file).take(ADDRESS_BYTES_MAX).read_to_string(&mut text)?;
            Ok(Some(text.lines().next().unwrap_or_default().trim_end().to_owned()))
        }
    }
}

/// Keeps servers from a directory without writing into it, as long as the file lives; none where no server ever was.
///
/// Errors: conflict, naming the server that holds it.
pub(crate) fn hold_unchanged(data_dir: &Path) -> muster_engine::Result<Option<File>> {
    let failed = |error: io::Error| {
        muster_engine::Error::of_system(format_args!("cannot lock the directory {}", data_dir.display()), error)
    };
    let file = match open(data_dir, false) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file.map_err(failed)?,
    };
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::Error(error)) => Err(failed(error)),
        Err(TryLockError::WouldBlock) => Err(held_by_another(data_dir).map_err(failed)?),
    }
}

/// The conflict of whoever wants a directory that another process holds, naming where its server listens.
pub(crate) fn held_by_another(data_dir: &Path) -> io::Result<muster_engine::Error> {
    let address = holder_of(data_dir)?.unwrap_or_default();
    let address = if address.is_empty() { "an address that it has not said yet" } else { &address };
    let data_dir = data_dir.display();
    Ok(muster_engine::Error::conflict(format!("end the server first: {data_dir} is held by the one at {address}")))
}

fn open(data_dir: &Path, create: bool) -> io::Result<File> {
    let mut options = Access::Private.open_options();
    options.read(true).write(create).create(create).truncate(false).open(data_dir.join(HOLDER_FILE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_server_holds_a_directory_and_says_where() {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = folder.path().join("store");
        assert_eq!(holder_of(&data_dir).unwrap(), None);
        let mut holder = Holder::take(&data_dir).unwrap().unwrap();
        assert!(Holder::take(&data_dir).unwrap().is_none());
        assert_eq!(holder_of(&data_dir).unwrap().as_deref(), Some(""));
        holder.announce("unix:/run/a.sock").unwrap();
        assert_eq!(holder_of(&data_dir).unwrap().as_deref(), Some("unix:/run/a.sock"));
        holder.announce("a").unwrap();
        assert_eq!(holder_of(&data_dir).unwrap().as_deref(), Some("a"));
        assert!(Holder::share(&data_dir).unwrap().is_none());
        drop(holder);
        assert_eq!(holder_of(&data_dir).unwrap(), None);
        assert!(Holder::take(&data_dir).unwrap().is_some());
    }

    #[test]
    fn those_that_only_read_share_a_directory_and_keep_others_out() {
        let folder = tempfile::tempdir().unwrap();
        // Nothing is made where nobody wrote.
        assert!(Holder::share(folder.path()).unwrap().is_some());
        assert!(!folder.path().join(HOLDER_FILE).exists());
        drop(Holder::take(folder.path()).unwrap());
        let readers = [Holder::share(folder.path()).unwrap(), Holder::share(folder.path()).unwrap()];
        assert!(readers.iter().all(Option::is_some));
        assert!(Holder::take(folder.path()).unwrap().is_none());
        assert_eq!(holder_of(folder.path()).unwrap(), None);
        drop(readers);
        assert!(Holder::take(folder.path()).unwrap().is_some());
    }

    #[test]
    fn a_link_in_place_of_the_lock_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let other = folder.path().join("other");
        std::fs::write(&other, "precious").unwrap();
        std::os::unix::fs::symlink(&other, folder.path().join(HOLDER_FILE)).unwrap();
        assert!(Holder::take(folder.path()).is_err());
        assert_eq!(std::fs::read_to_string(&other).unwrap(), "precious");
    }
}
