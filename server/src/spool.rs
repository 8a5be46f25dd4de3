//! Files that arrive by stream, kept on disk until their load has read them.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use muster_engine::{Error, Result};
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

use muster_store::Access;

/// The folder of the files.
const SPOOL_FOLDER: &str = "spool";

/// The folder in which files arrive, which together have so many bytes and no more. Each is deleted as soon as its load
/// is over or given up, what is left by a server that stops, and what one left that died by the next; the folder stays,
/// so that a server starts where there is no room to make it.
pub(crate) struct Spool {
    folder: PathBuf,
    access: Access,
    next: AtomicU64,
    bytes_max: u64,
    /// The bytes of all files that are there.
    bytes: Arc<AtomicU64>,
}

impl Spool {
    pub(crate) fn new(data_dir: &Path, bytes_max: u64, access: Access) -> Result<Spool> {
        let folder = data_dir.join(SPOOL_FOLDER);
        let failed = |error| Error::of_system(format_args!("cannot prepare {}", folder.display()), error);
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
        let (next, bytes) = (AtomicU64::new(0), Arc::default());
        Spool { folder: data_dir.join(SPOOL_FOLDER), access, next, bytes_max, bytes }
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
            .map_err(|error| Error::of_system(format_args!("cannot create {}", path.display()), error))?;
        let spooled = Spooled { path, bytes: 0, all_bytes: Arc::clone(&self.bytes) };
        Ok(Incoming { file: File::from_std(file), bytes_max: self.bytes_max, spooled })
    }

    /// Deletes what loads still hold that did not end before the server does. Nothing arrives after it.
    pub(crate) fn end(&self) {
        if self.next.load(Ordering::Relaxed) > 0 {
            // What cannot be deleted is left to the next start.
            let _ = clear(&self.folder);
        }
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
    bytes_max: u64,
    spooled: Spooled,
}

impl Incoming {
    /// How many bytes have arrived.
    pub(crate) fn bytes(&self) -> u64 {
        self.spooled.bytes
    }

    /// Errors: limit when there are too many bytes or the disk is full, io when the disk refuses otherwise.
    pub(crate) async fn append(&mut self, bytes: &[u8]) -> Result<()> {
        let len = bytes.len() as u64;
        self.spooled.bytes += len;
        if self.spooled.all_bytes.fetch_add(len, Ordering::Relaxed) + len > self.bytes_max {
            return Err(Error::limit(format!(
                "put the file into an import directory of the server and name its path there, or send a smaller one, \
                 or come again when other loads have ended: files that are sent may have {} bytes together \
                 (spool_bytes_max)",
                self.bytes_max
            )));
        }
        self.file.write_all(bytes).await.map_err(not_kept)
    }

    /// The whole file.
    pub(crate) async fn finish(mut self) -> Result<Spooled> {
        self.file.flush().await.map_err(not_kept)?;
        Ok(self.spooled)
    }
}

/// A full disk is a limit: the load can be sent again when there is room.
fn not_kept(error: std::io::Error) -> Error {
    Error::of_system("cannot keep the file that is sent", error)
}

/// A file that has arrived; deleted when this goes.
pub(crate) struct Spooled {
    path: PathBuf,
    bytes: u64,
    /// Those of all files, this one's among them.
    all_bytes: Arc<AtomicU64>,
}

impl Spooled {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Spooled {
    fn drop(&mut self) {
        self.all_bytes.fetch_sub(self.bytes, Ordering::Relaxed);
        if let Err(error) = std::fs::remove_file(&self.path)
            && error.kind() != ErrorKind::NotFound
        {
            tracing::warn!(%error, path = %self.path.display(), "an uploaded file stays behind");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_goes_with_its_value() {
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

        assert_eq!(spool.bytes.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn all_files_together_are_bounded_and_given_up_ones_do_not_count() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::new(folder.path(), 4, Access::Private).unwrap();
        let (mut one, mut two) = (spool.begin().await.unwrap(), spool.begin().await.unwrap());
        one.append(b"abc").await.unwrap();
        let error = two.append(b"de").await.unwrap_err();
        assert_eq!(error.kind(), muster_engine::ErrorKind::Limit);
        assert!(error.message().contains("spool_bytes_max"), "{error}");
        drop(two);
        one.append(b"d").await.unwrap();
        let count = || std::fs::read_dir(folder.path().join(SPOOL_FOLDER)).unwrap().count();
        assert_eq!(count(), 1);
        let kept = one.finish().await.unwrap();
        spool.end();
        assert_eq!(count(), 0, "a server that ends leaves nothing");
        drop(kept);
        let mut next = spool.begin().await.unwrap();
        next.append(b"abcd").await.unwrap();
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
