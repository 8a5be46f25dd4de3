//! The file system of the machine: the files of a space in a directory of the machine.

use std::collections::BTreeMap;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use rustix::fs::{FallocateFlags, FlockOperation, OFlags};
use rustix::io::Errno;

use super::counters::LiveCounters;
use super::lock::LOCK_BYTES_MAX;
use super::mmap::FileMap;
use super::random::system_random_bytes;
use super::{
    AlignedBytes, Counters, LockGuard, LockHolder, Mapped, SCAN_PIECE_BYTES, SECRET_BYTES, Storage, WriteFile,
};
use super::{check_dir, check_path, check_rename};
use crate::error::{Error, ErrorKind, Result};

/// Who may read what is made: the owner alone, or whoever the process's mask allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Modes {
    file: u32,
    dir: u32,
}

const PRIVATE: Modes = Modes { file: 0o600, dir: 0o700 };
const SHARED: Modes = Modes { file: 0o666, dir: 0o777 };

/// A directory on disk. What is made in it belongs to its owner alone, unless [`Disk::shared`] says otherwise.
pub struct Disk {
    root: PathBuf,
    modes: Modes,
    /// Directories that are kept open, so that syncing them needs no descriptor.
    dirs: Mutex<BTreeMap<String, File>>,
    counters: Arc<LiveCounters>,
}

impl Disk {
    /// The space in the directory `root`. Errors: not found, when there is none.
    pub fn open(root: impl Into<PathBuf>) -> Result<Disk> {
        let root = root.into();
        match std::fs::metadata(&root) {
            Ok(metadata) if metadata.is_dir() => {
                Ok(Disk { root, modes: PRIVATE, dirs: Mutex::default(), counters: Arc::default() })
            }
            Ok(_) => Err(Error::invalid(format!("{} is not a directory", root.display()))),
            Err(error) => Err(failure("open", &root, error)),
        }
    }

    /// The space in the directory `root`, which is made, durably, if it does not exist.
    pub fn create(root: impl Into<PathBuf>) -> Result<Disk> {
        let root = root.into();
        let absolute = std::path::absolute(&root).map_err(|error| failure("find", &root, error))?;
        // Each directory that is made needs its own name in the one above to be durable.
        let mut missing: Vec<&Path> = absolute.ancestors().take_while(|dir| !dir.exists()).collect();
        while let Some(dir) = missing.pop() {
            match DirBuilder::new().mode(PRIVATE.dir).create(dir) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(failure("create", dir, error));
                }
                _ => sync_directory(dir.parent().unwrap_or(dir))?,
            }
        }
        Disk::open(root)
    }

    /// The same, where what is made may be read by whoever the mask of the process allows.
    pub fn shared(self) -> Disk {
        Disk { modes: SHARED, ..self }
    }

    /// The directory of the space.
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn path(&self, path: &str) -> Result<PathBuf> {
        check_path(path)?;
        Ok(self.root.join(path))
    }

    fn dir(&self, dir: &str) -> Result<PathBuf> {
        check_dir(dir)?;
        Ok(self.root.join(dir))
    }
}

impl Storage for Disk {
    fn create(&self, path: &str) -> Result<Box<dyn WriteFile>> {
        let path = self.path(path)?;
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(self.modes.file)
            .open(&path)
            .map_err(|error| failure("create", &path, error))?;
        Ok(Box::new(DiskFile { file, path, written: 0, counters: Arc::clone(&self.counters) }))
    }

    fn reopen(&self, path: &str) -> Result<Box<dyn WriteFile>> {
        let path = self.path(path)?;
        let file = OpenOptions::new()
            .write(true)
            .custom_flags(NO_LINK)
            .open(&path)
            .map_err(|error| failure("open", &path, error))?;
        Ok(Box::new(DiskFile { file, path, written: 0, counters: Arc::clone(&self.counters) }))
    }

    fn read(&self, path: &str, len_max: u64) -> Result<Vec<u8>> {
        let path = self.path(path)?;
        let file = File::open(&path).map_err(|error| failure("read", &path, error))?;
        let mut bytes = Vec::new();
        file.take(len_max.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| failure("read", &path, error))?;
        if bytes.len() as u64 > len_max {
            return Err(Error::corrupt(format!("{} is longer than {len_max} bytes", path.display())));
        }
        self.counters.read(bytes.len());
        Ok(bytes)
    }

    fn scan(&self, path: &str, visit: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let path = self.path(path)?;
        let mut file = File::open(&path).map_err(|error| failure("read", &path, error))?;
        let mut piece = vec![0; SCAN_PIECE_BYTES];
        let mut offset = 0;
        loop {
            match file.read(&mut piece) {
                Ok(0) => return Ok(()),
                Ok(len) => {
                    self.counters.read(len);
                    offset += len as u64;
                    visit(&piece[..len])?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(failure(&format!("read behind byte {offset} of"), &path, error)),
            }
        }
    }

    fn map(&self, path: &str) -> Result<Mapped> {
        let path = self.path(path)?;
        let file = File::open(&path).map_err(|error| failure("map", &path, error))?;
        let metadata = file.metadata().map_err(|error| failure("map", &path, error))?;
        if !metadata.is_file() {
            return Err(Error::io(format!("cannot map {}: it is not a file", path.display())));
        }
        if metadata.len() == 0 {
            return Ok(Mapped::from_bytes(AlignedBytes::new()));
        }
        FileMap::new(&file).map(Mapped::from_file).map_err(|error| failure("map", &path, error))
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        check_rename(from, to)?;
        let (from, to) = (self.path(from)?, self.path(to)?);
        std::fs::rename(&from, &to).map_err(|error| failure("rename", &from, error))
    }

    fn hard_link(&self, from: &str, to: &str) -> Result<()> {
        let (from, to) = (self.path(from)?, self.path(to)?);
        std::fs::hard_link(&from, &to).map_err(|error| failure("link", &to, error))
    }

    fn link_from(&self, source: &dyn Storage, path: &str) -> Result<bool> {
        let Some(directory) = source.directory() else {
            return Ok(false);
        };
        let to = self.path(path)?;
        match std::fs::hard_link(directory.join(path), &to) {
            Ok(()) => Ok(true),
            Err(error) if is_unlinkable(&error) => Ok(false),
            Err(error) => Err(failure("link", &to, error)),
        }
    }

    fn directory(&self) -> Option<&Path> {
        Some(&self.root)
    }

    fn remove(&self, path: &str) -> Result<()> {
        let path = self.path(path)?;
        std::fs::remove_file(&path).map_err(|error| failure("remove", &path, error))
    }

    fn keep_open(&self, dir: &str) -> Result<()> {
        let path = self.dir(dir)?;
        let file = File::open(&path).map_err(|error| failure("open", &path, error))?;
        self.dirs.lock().insert(dir.to_owned(), file);
        Ok(())
    }

    fn sync_dir(&self, dir: &str) -> Result<()> {
        self.counters.dir_synced();
        let path = self.dir(dir)?;
        match self.dirs.lock().get(dir) {
            Some(file) => rustix::fs::fsync(file).map_err(|error| sync_failure(&path, error.into())),
            None => sync_directory(&path),
        }
    }

    fn list(&self, dir: &str) -> Result<Vec<String>> {
        let dir = self.dir(dir)?;
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&dir).map_err(|error| failure("list", &dir, error))? {
            let entry = entry.map_err(|error| failure("list", &dir, error))?;
            let kind = entry.file_type().map_err(|error| failure("list", &entry.path(), error))?;
            // A name that is not UTF-8 was not given by this program.
            if let (true, Ok(name)) = (kind.is_file(), entry.file_name().into_string()) {
                names.push(name);
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    fn create_dir(&self, dir: &str) -> Result<()> {
        let path = self.path(dir)?;
        match DirBuilder::new().mode(self.modes.dir).create(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
            result => result.map_err(|error| failure("create", &path, error)),
        }
    }

    fn file_len(&self, path: &str) -> Result<u64> {
        let path = self.path(path)?;
        let metadata = std::fs::metadata(&path).map_err(|error| failure("find", &path, error))?;
        Ok(metadata.len())
    }

    fn available_bytes(&self) -> Result<u64> {
        let stat = rustix::fs::statvfs(&self.root).map_err(|error| failure("find", &self.root, error.into()))?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }

    fn lock(&self, path: &str, address: &str) -> Result<Box<dyn LockGuard>> {
        let full = self.path(path)?;
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(self.modes.file)
            .custom_flags(NO_LINK)
            .open(&full)
            .map_err(|error| failure("lock", &full, error))?;
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => {
                let mut bytes = Vec::new();
                // The holder is named if its name can be read; that it holds is known either way.
                let _ = (&file).take(LOCK_BYTES_MAX).read_to_end(&mut bytes);
                return Err(LockHolder::conflict(path, &bytes));
            }
            Err(error) => return Err(failure("lock", &full, error.into())),
        }
        let guard = DiskLock { file, path: full };
        guard.announce(address)?;
        Ok(Box::new(guard))
    }

    fn lock_shared(&self, path: &str) -> Result<Option<Box<dyn LockGuard>>> {
        let full = self.path(path)?;
        let mut file = match OpenOptions::new().read(true).custom_flags(NO_LINK).open(&full) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file.map_err(|error| failure("lock", &full, error))?,
        };
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockShared) {
            Ok(()) => Ok(Some(Box::new(SharedLock { _file: file }))),
            Err(Errno::WOULDBLOCK) => {
                let mut bytes = Vec::new();
                // The holder is named if its name can be read; that it holds is known either way.
                let _ = Read::by_ref(&mut file).take(LOCK_BYTES_MAX).read_to_end(&mut bytes);
                Err(LockHolder::conflict(path, &bytes))
            }
            Err(error) => Err(failure("lock", &full, error.into())),
        }
    }

    fn secret(&self) -> Result<[u8; SECRET_BYTES]> {
        system_random_bytes()
    }

    fn counters(&self) -> Counters {
        self.counters.totals()
    }
}

/// A file of the directory while it is written.
struct DiskFile {
    file: File,
    path: PathBuf,
    written: u64,
    counters: Arc<LiveCounters>,
}

impl WriteFile for DiskFile {
    fn write_all(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(|error| failure("write", &self.path, error))?;
        self.written += bytes.len() as u64;
        self.counters.written(bytes.len());
        Ok(())
    }

    fn sync_data(&mut self) -> Result<()> {
        self.counters.file_synced();
        self.file.sync_data().map_err(|error| sync_failure(&self.path, error))
    }

    fn preallocate(&mut self, len: u64) -> Result<()> {
        match rustix::fs::fallocate(&self.file, FallocateFlags::empty(), 0, len) {
            // A file system that cannot promise room still gets the zeros behind the end.
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => self
                .file
                .metadata()
                .and_then(|metadata| if metadata.len() < len { self.file.set_len(len) } else { Ok(()) })
                .map_err(|error| failure("preallocate", &self.path, error)),
            result => result.map_err(|error| failure("preallocate", &self.path, error.into())),
        }
    }

    fn trim(&mut self, len: u64) -> Result<()> {
        let found = self.file.metadata().map_err(|error| failure("trim", &self.path, error))?.len();
        if len > found {
            return Err(Error::invalid(format!("{} has {found} bytes, not {len}", self.path.display())));
        }
        self.file
            .set_len(len)
            .and_then(|()| self.file.seek(SeekFrom::Start(len)))
            .map_err(|error| failure("trim", &self.path, error))?;
        self.written = len;
        Ok(())
    }

    fn retract(&mut self, end: u64) -> Result<()> {
        // A write that fails half-way leaves the place where it stopped.
        let reached = self.file.stream_position().and_then(|reached| {
            self.file.seek(SeekFrom::Start(end))?;
            let zeros = vec![0; SCAN_PIECE_BYTES.min(reached.saturating_sub(end) as usize)];
            let mut at = end;
            while at < reached {
                let piece = zeros.len().min((reached - at) as usize);
                self.file.write_all(&zeros[..piece])?;
                at += piece as u64;
            }
            self.file.seek(SeekFrom::Start(end))
        });
        reached.map_err(|error| failure("zero the end of", &self.path, error))?;
        self.written = end;
        Ok(())
    }

    fn written_bytes(&self) -> u64 {
        self.written
    }
}

/// The operating system lets go of the lock when the file is closed, whatever happens to the process.
struct DiskLock {
    file: File,
    path: PathBuf,
}

impl LockGuard for DiskLock {
    fn announce(&self, address: &str) -> Result<()> {
        // Written over what stands there before it is cut, so that a file that has room needs no more of it.
        let text = LockHolder::here(address).to_bytes();
        let written = self.file.write_all_at(&text, 0).and_then(|()| self.file.set_len(text.len() as u64));
        match written.map_err(|error| failure("write", &self.path, error)) {
            // Who comes second is told that somebody holds the store, and not who.
            Err(error) if error.kind() == ErrorKind::Limit => Ok(()),
            result => result,
        }
    }
}

/// A lock that others share.
struct SharedLock {
    _file: File,
}

impl LockGuard for SharedLock {
    /// Who only reads answers nobody that comes second.
    fn announce(&self, _: &str) -> Result<()> {
        Ok(())
    }
}

/// A name that was made a link is not followed.
const NO_LINK: i32 = OFlags::NOFOLLOW.bits() as i32;

fn sync_directory(dir: &Path) -> Result<()> {
    let file = File::open(dir).map_err(|error| failure("open", dir, error))?;
    rustix::fs::fsync(&file).map_err(|error| sync_failure(dir, error.into()))
}

/// Whether a link is refused because of where the two ends lie, so that a copy may do: another file system, one without
/// links, a file with as many as it can have, or one of another owner.
fn is_unlinkable(error: &io::Error) -> bool {
    use io::ErrorKind::*;
    matches!(error.kind(), CrossesDevices | Unsupported | TooManyLinks | PermissionDenied)
}

/// A refusal of the operating system by what a caller can do about it.
fn failure(action: &str, path: &Path, error: io::Error) -> Error {
    let kind = error.kind();
    let refused = Error::of_system(format_args!("cannot {action} {}", path.display()), error);
    match kind {
        io::ErrorKind::AlreadyExists => refused.of_kind(ErrorKind::Conflict),
        io::ErrorKind::NotFound => refused.of_kind(ErrorKind::NotFound),
        _ => refused,
    }
}

/// A failed sync leaves unknown bytes behind, so it is never a mere full disk.
fn sync_failure(path: &Path, error: io::Error) -> Error {
    Error::io(format!("cannot sync {}", path.display())).with_source(error)
}
