//! The virtual file system: the only door to the disk.
//!
//! [`Storage`] is what the engine knows of files: whole files are created once, written front to back, synced, given
//! their final name and never touched again. Two implementations stand behind it: [`disk::Disk`] and the simulator
//! [`sim::Sim`], which forgets on a crash whatever was not synced and can fail any call.
//!
//! Paths are relative to the directory of one space, with `/` between components: `parts/000123.part`. Failures come
//! back by kind: what exists already is a conflict, what does not exist is not found, a full disk and a process without
//! descriptors to spare are a limit, all else is io. A failed sync is always io, whatever its cause, because what it
//! left behind is unknown.

mod aligned_writer;
mod bytes;
mod clock;
mod counters;
mod disk;
mod fence;
mod held;
mod lock;
#[cfg(any(test, feature = "simulator"))]
mod manual_clock;
mod mapped;
mod mmap;
pub(crate) mod publish;
mod random;
#[cfg(any(test, feature = "simulator"))]
mod seeded;
#[cfg(any(test, feature = "simulator"))]
pub mod sim;
#[cfg(test)]
mod tests;
pub(crate) mod transfer;

pub(crate) use aligned_writer::AlignedWriter;
pub(crate) use bytes::AlignedBytes;
pub use clock::{Clock, SystemClock};
pub use counters::Counters;
pub use disk::Disk;
pub(crate) use fence::Fence;
pub(crate) use held::HeldFile;
pub use lock::{LockGuard, LockHolder};
#[cfg(any(test, feature = "simulator"))]
pub use manual_clock::ManualClock;
pub use mapped::{Access, Mapped};
#[cfg(feature = "simulator")]
pub use seeded::Random;
#[cfg(any(test, feature = "simulator"))]
pub use sim::Sim;

use crate::error::{Error, Result};

/// The length of [`Storage::secret`].
pub const SECRET_BYTES: usize = 12;

/// The longest piece that [`Storage::scan`] gives at once, in bytes.
pub const SCAN_PIECE_BYTES: usize = 1 << 20;

/// The files of one space.
pub trait Storage: Send + Sync {
    /// Creates an empty file. Errors: conflict, when `path` exists.
    fn create(&self, path: &str) -> Result<Box<dyn WriteFile>>;

    /// Opens a file that exists, to be written over from its first byte. Errors: not found.
    fn reopen(&self, path: &str) -> Result<Box<dyn WriteFile>>;

    /// The whole content of a small file. Errors: corrupt, when it is longer than `len_max`.
    fn read(&self, path: &str, len_max: u64) -> Result<Vec<u8>>;

    /// Reads a file front to back in pieces of at most [`SCAN_PIECE_BYTES`], each given to `visit`. Unlike a mapping, a
    /// device that fails is an error here; it names the byte.
    fn scan(&self, path: &str, visit: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()>;

    /// The content of a file that nobody changes any more, mapped into memory.
    fn map(&self, path: &str) -> Result<Mapped>;

    /// Gives the file another name in the same directory, replacing what had that name.
    fn rename(&self, from: &str, to: &str) -> Result<()>;

    /// Gives the file a second name. Errors: conflict, when `to` exists.
    fn hard_link(&self, from: &str, to: &str) -> Result<()>;

    /// Gives a file of another storage the same path here, without moving a byte; false where the two cannot share a
    /// file. REQUIRES: nobody changes it any more. Errors: conflict, when the path exists here.
    fn link_from(&self, source: &dyn Storage, path: &str) -> Result<bool>;

    /// The directory of this machine behind the storage, if it is one.
    fn directory(&self) -> Option<&std::path::Path>;

    /// Takes a name away.
    fn remove(&self, path: &str) -> Result<()>;

    /// Keeps `dir` open from now on, so that [`Storage::sync_dir`] needs no descriptor later.
    fn keep_open(&self, dir: &str) -> Result<()>;

    /// Makes the names of `dir` durable; `""` is the directory of the space.
    fn sync_dir(&self, dir: &str) -> Result<()>;

    /// The names of the files in `dir`, sorted; directories are left out.
    fn list(&self, dir: &str) -> Result<Vec<String>>;

    /// Makes a directory; one that exists is left as it is.
    fn create_dir(&self, dir: &str) -> Result<()>;

    /// The length of a file in bytes.
    fn file_len(&self, path: &str) -> Result<u64>;

    /// How many bytes can still be written.
    fn available_bytes(&self) -> Result<u64>;

    /// Takes the lock at `path` for this process, which answers at `address`; it is held until the guard is dropped.
    /// Errors: conflict, when another holds it; the message says who.
    fn lock(&self, path: &str, address: &str) -> Result<Box<dyn LockGuard>>;

    /// Shares the lock at `path` with others that only read, without writing into it; none where nobody ever held it.
    /// Errors: conflict, when somebody holds it who may write.
    fn lock_shared(&self, path: &str) -> Result<Option<Box<dyn LockGuard>>>;

    /// Bytes that whoever chooses the content of files cannot foresee.
    fn secret(&self) -> Result<[u8; SECRET_BYTES]>;

    /// What was done so far.
    fn counters(&self) -> Counters;
}

/// A file that is being written, front to back. Dropping it closes it; nothing is synced by that.
pub trait WriteFile: Send {
    /// Writes `bytes` behind what was written. After an error an unknown prefix of them may have been written.
    fn write_all(&mut self, bytes: &[u8]) -> Result<()>;

    /// Makes everything written durable. After an error nothing may be assumed about any byte written since the last
    /// success, and a repeated call proves nothing.
    fn sync_data(&mut self) -> Result<()>;

    /// Takes room for `len` bytes in all, so that the file reads as zeros up to there. Errors: limit, when the disk
    /// has no room.
    fn preallocate(&mut self, len: u64) -> Result<()>;

    /// Cuts the file at `len`, at most its length, and writes on from there: it takes back room or a half-written end.
    fn trim(&mut self, len: u64) -> Result<()>;

    /// Zeros everything that was written behind `end`, also by a write that failed, and writes on from there; the
    /// length stays. It asks for no room, though a file system that copies what it changes may need some.
    fn retract(&mut self, end: u64) -> Result<()>;

    /// How many bytes were written; room taken in advance does not count.
    fn written_bytes(&self) -> u64;
}

/// Checks that `path` names something inside the space's directory.
fn check_path(path: &str) -> Result<()> {
    let is_plain = |name: &str| !name.is_empty() && name != "." && name != ".." && !name.contains('\0');
    if !path.split('/').all(is_plain) {
        return Err(Error::invalid(format!("\"{path}\" is not a path inside a space")));
    }
    Ok(())
}

/// The same as [`check_path`] for a directory, where `""` is the space's own.
fn check_dir(dir: &str) -> Result<()> {
    if dir.is_empty() { Ok(()) } else { check_path(dir) }
}

/// The directory of `path`.
fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(dir, _)| dir)
}

/// Checks that both paths lie in one directory, so that a rename is one change of one directory.
fn check_rename(from: &str, to: &str) -> Result<()> {
    check_path(from)?;
    check_path(to)?;
    if parent(from) != parent(to) {
        return Err(Error::invalid(format!("\"{from}\" and \"{to}\" lie in different directories")));
    }
    Ok(())
}
