//! Who serves a directory: a locked file with the address of its server.
//!
//! The lock is the operating system's and goes with the process, so a file that a dead server left means nothing. The
//! address is written after the lock is taken; whoever finds the file locked and empty looks again a little later.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// The file in the directory.
const HOLDER_FILE: &str = "server.lock";
/// The longest address that is read.
const ADDRESS_BYTES_MAX: u64 = 4096;

/// The right to serve a directory, for as long as this value lives.
#[derive(Debug)]
pub struct Holder {
    file: File,
}

impl Holder {
    /// Takes the directory, which is created if need be. None if another server holds it.
    pub fn take(data_dir: &Path) -> io::Result<Option<Holder>> {
        std::fs::create_dir_all(data_dir)?;
        let file = open(data_dir, true)?;
        match file.try_lock() {
            Ok(()) => {
                file.set_len(0)?;
                Ok(Some(Holder { file }))
            }
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Tells where this server listens, as a client's address reads it.
    pub fn announce(&mut self, address: &str) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        self.file.set_len(0)?;
        self.file.write_all(address.as_bytes())?;
        self.file.flush()
    }
}

/// Where the server listens that holds a directory: none if no server holds it, an empty text if it has not said yet.
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
            let mut address = String::new();
            Read::by_ref(&mut file).take(ADDRESS_BYTES_MAX).read_to_string(&mut address)?;
            Ok(Some(address))
        }
    }
}

/// Keeps servers from a directory without writing into it, as long as the file lives; none where no server ever was.
///
/// Errors: conflict, naming the server that holds it.
pub(crate) fn hold_unchanged(data_dir: &Path) -> muster_engine::Result<Option<File>> {
    let failed = |error: io::Error| {
        muster_engine::Error::io(format!("cannot lock the directory {}", data_dir.display())).with_source(error)
    };
    let file = match open(data_dir, false) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file.map_err(failed)?,
    };
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::Error(error)) => Err(failed(error)),
        Err(TryLockError::WouldBlock) => {
            let address = holder_of(data_dir).map_err(failed)?.unwrap_or_default();
            let address = if address.is_empty() { "an address that it has not said yet" } else { &address };
            Err(muster_engine::Error::conflict(format!(
                "end the server first: {} is held by the one at {address}",
                data_dir.display()
            )))
        }
    }
}

fn open(data_dir: &Path, create: bool) -> io::Result<File> {
    OpenOptions::new().read(true).write(create).create(create).truncate(false).open(data_dir.join(HOLDER_FILE))
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
        drop(holder);
        assert_eq!(holder_of(&data_dir).unwrap(), None);
        assert!(Holder::take(&data_dir).unwrap().is_some());
    }
}
