//! Files that arrive by stream, kept on disk until their load has read them.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use muster_engine::{Error, Result};
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

use crate::files::{Access, is_full};

/// The folder of the files.
const SPOOL_FOLDER: &str = "spool";

/// The folder in which files arrive. What a server that died left there is deleted by the next; the folder stays, so that a
/// server starts where there is no room to make it.
pub(crate) struct Spool {
    folder: PathBuf,
    access: Access,
    next: AtomicU64,
    bytes_max: u64,
}

impl Spool {
    pub(crate) fn new(data_dir: &Path, bytes_max: u64, access: Access) -> Result<Spool> {
        let folder = data_dir.join(SPOOL_FOLDER);
        let failed = |error| Error::io(format!("cannot prepare {}", folder.display())).with_source(error);
        match std::fs::symlink_metadata(&folder) {
            Ok(about) if about.is_dir() => clear(&folder).map_err(failed)?,
            Ok(_) => std::fs::remove_file(&folder).map_err(failed)?,
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
        Ok(Spool::unused(data_dir, bytes_max, access))
    }

    /// The spool of a server that only reads, and takes no files.
    pub(crate) fn unused(data_dir: &Path, bytes_max: u64, access: Access) -> Spool {
        Spool { folder: data_dir.join(SPOOL_FOLDER), access, next: AtomicU64::new(0), bytes_max }
    }

    /// A new empty file.
    pub(crate) async fn begin(&self) -> Result<Incoming> {
        let path = self.folder.join(self.next.fetch_add(1, Ordering::Relaxed).to_string());
        let (folder, access, name) = (self.folder.clone(), self.access, path.clone());
        let made = move || {
            access.create_folders(&folder)?;
            access.open_options().write(true).create_new(true).open(name)
        };
        let file = tokio::task::spawn_blocking(made)
            .await
            .map_err(|panic| Error::internal(format!("making a file failed: {panic}")))?
            .map_err(|error| refused(format!("cannot create {}", path.display()), error))?;
        Ok(Incoming { file: File::from_std(file), bytes: 0, bytes_max: self.bytes_max, spooled: Spooled { path } })
    }
}

fn clear(folder: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => std::fs::remove_dir_all(entry.path())?,
            false => std::fs::remove_file(entry.path())?,
        }
    }
    Ok(())
}

/// A file that is arriving.
pub(crate) struct Incoming {
    file: File,
    bytes: u64,
    bytes_max: u64,
    spooled: Spooled,
}

impl Incoming {
    /// How many bytes have arrived.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Errors: limit when the file is too large or the disk full, io when the disk refuses otherwise.
    pub(crate) async fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.bytes += bytes.len() as u64;
        if self.bytes > self.bytes_max {
            return Err(Error::limit(format!("send a file of at most {} bytes (upload_bytes_max)", self.bytes_max)));
        }
        self.file.write_all(bytes).await.map_err(not_kept)
    }

    /// The whole file.
    pub(crate) async fn finish(mut self) -> Result<Spooled> {
        self.file.flush().await.map_err(not_kept)?;
        Ok(self.spooled)
    }
}

fn not_kept(error: std::io::Error) -> Error {
    refused("cannot keep the file that is sent".to_owned(), error)
}

/// A full disk is a limit: the load can be sent again when there is room.
fn refused(message: String, error: std::io::Error) -> Error {
    match is_full(&error) {
        true => Error::limit(format!("disk full: {message}")),
        false => Error::io(message),
    }
    .with_source(error)
}

/// A file that has arrived; deleted when this goes.
pub(crate) struct Spooled {
    path: PathBuf,
}

impl Spooled {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Spooled {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::warn!(%error, path = %self.path.display(), "an uploaded file stays behind");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_goes_with_its_value_and_is_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::new(folder.path(), 4, Access::Private).unwrap();
        let mut incoming = spool.begin().await.unwrap();
        incoming.append(b"ab").await.unwrap();
        incoming.append(b"cd").await.unwrap();
        let spooled = incoming.finish().await.unwrap();
        let path = spooled.path().to_owned();
        assert_eq!(std::fs::read(&path).unwrap(), b"abcd");
        drop(spooled);
        assert!(!path.exists());

        let mut incoming = spool.begin().await.unwrap();
        incoming.append(b"abc").await.unwrap();
        let error = incoming.append(b"de").await.unwrap_err();
        assert_eq!(error.kind(), muster_engine::ErrorKind::Limit);
    }

    #[test]
    fn what_a_dead_server_left_is_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let spool = folder.path().join(SPOOL_FOLDER);
        std::fs::create_dir(&spool).unwrap();
        let left = spool.join("7");
        std::fs::write(&left, "x").unwrap();
        Spool::new(folder.path(), 1, Access::Private).unwrap();
        assert!(!left.exists() && spool.exists());
        // A link is taken away, and what it leads to stays.
        std::fs::remove_dir(&spool).unwrap();
        let other = tempfile::tempdir().unwrap();
        let kept = other.path().join("kept");
        std::fs::write(&kept, "x").unwrap();
        std::os::unix::fs::symlink(other.path(), &spool).unwrap();
        Spool::new(folder.path(), 1, Access::Private).unwrap();
        assert!(kept.exists() && !spool.exists());
    }
}
