//! The ledger of erasures (suppression list): who was erased, so that a restored backup does not bring them back.
//!
//! One JSON object a line, appended and synced before the erasure is acknowledged. Each ends with a checksum of what
//! stands before it, so a line that was changed is known; people may take lines away. A backup knows the epoch and
//! version at which it was made; the lines above those are applied again when it is restored. The file may lie on
//! another disk than the store, and be moved away at any time: the next erasure begins a new one. Whether to keep old
//! lines is the operator's choice; those older than the oldest backup serve nobody.
//!
//! People can be erased while the disk is full: room behind the end of the file is taken in advance, and an erasure for
//! which there is none is refused before it is applied.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use muster_engine::TypeId;
use muster_engine::catalog::EntityKey;
use muster_engine::{Error, Result};
use parking_lot::{Mutex, MutexGuard};
use rustix::fs::{FallocateFlags, OFlags};
use rustix::io::Errno;
use serde_json::{Value, json};

use crate::access::Access;

/// The ledger in the directory of a store, where no other place is configured.
pub(crate) const LEDGER_FILE: &str = "erasures.ndjson";
/// The longest line that is read; a key has at most 1,024 bytes.
const LINE_BYTES_MAX: u64 = 64 << 10;
/// Room that is kept behind the end of the file: over a thousand erasures.
const ROOM_BYTES: u64 = 256 << 10;

/// One entity that was erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// The space.
    pub space: String,
    /// The name of the entity type at that time.
    pub type_name: String,
    /// Its number, which stays.
    pub type_id: TypeId,
    /// The entity.
    pub key: EntityKey,
    /// The epoch of the ids at that time.
    pub id_epoch: u64,
    /// The version that the erasure made.
    pub version: u64,
    /// When, in milliseconds since 1970-01-01T00:00:00Z.
    pub time_unix_ms: i64,
}

/// The file, for one server. It is opened for each erasure, so that it may be moved away.
pub(crate) struct Ledger {
    path: PathBuf,
    access: Access,
    /// Bytes that were promised to lines still to come; locked while the file is used.
    promised: Mutex<u64>,
}

/// A promise that some lines fit into the ledger, until it is dropped.
pub(crate) struct Room<'a> {
    ledger: &'a Ledger,
    bytes: u64,
    /// Open until the lines are written, which then needs no descriptor.
    file: File,
}

impl Drop for Room<'_> {
    fn drop(&mut self) {
        *self.ledger.lock() -= self.bytes;
    }
}

impl Room<'_> {
    /// Errors: invalid, where the last line is torn: only people know whether a crash tore what was never acknowledged,
    /// or a copy lost what was.
    fn check_end(&mut self) -> Result<()> {
        // Another request may be in the middle of its line.
        let _one = self.ledger.lock();
        let place = self.ledger.path.display();
        match is_torn(&mut self.file) {
            Ok(false) => Ok(()),
            Ok(true) => Err(Error::invalid(format!(
                "complete the last line of {place} from a copy, or take it away if a crash tore it, and erase again: \
                 it has no end, and nothing was erased"
            ))),
            Err(error) => {
                Err(Error::of_system(format_args!("nothing was erased: the ledger {place} cannot be read"), error))
            }
        }
    }
}

impl Ledger {
    /// The ledger at `path`, which need not exist.
    pub(crate) fn new(path: PathBuf, access: Access) -> Ledger {
        Ledger { path, access, promised: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, u64> {
        self.promised.lock()
    }

    /// The ledger of a server that starts.
    /// Errors: not found, when its directory does not exist; invalid, when it is one itself: better now than at the
    /// first erasure.
    pub(crate) fn open(path: PathBuf, access: Access) -> Result<Ledger> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if path.is_dir() {
            return Err(Error::invalid(format!(
                "name a file for the ledger of erasures, which need not exist: {} is a directory",
                path.display()
            )));
        }
        match folder.is_dir() {
            true => {
                let ledger = Ledger::new(path, access);
                // A disk that is full now may have room later; each erasure asks again.
                let _ = ledger.reserve(0);
                Ok(ledger)
            }
            false => Err(Error::not_found(format!(
                "make the directory of the ledger of erasures first: there is none for {}",
                path.display()
            ))),
        }
    }

    /// Where it lies.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Takes room for `erasures`, whose versions need not be known yet. Errors: limit, when the disk is full; io.
    /// Either way they are not to be applied.
    pub(crate) fn make_room(&self, erasures: &[Erasure]) -> Result<Room<'_>> {
        let longest = |erasure: &Erasure| Erasure { version: u64::MAX, ..erasure.clone() }.to_line().len() as u64;
        let bytes = erasures.iter().map(longest).sum();
        let file = self.reserve(bytes).map_err(|error| {
            let place = self.path.display();
            Error::of_system(format_args!("nothing was erased: the ledger {place} cannot be written"), error)
        })?;
        let mut room = Room { ledger: self, bytes, file };
        room.check_end()?;
        Ok(room)
    }

    /// Promises `bytes` behind what is promised already, and takes more than that while there is enough.
    fn reserve(&self, bytes: u64) -> io::Result<File> {
        let mut promised = self.lock();
        let mut options = self.access.open_options();
        let file = options.read(true).write(true).create(true).truncate(false).open(&self.path)?;
        require_file(&file)?;
        let end = file.metadata()?.len();
        let needed = *promised + bytes;
        if allocate(&file, end, needed + ROOM_BYTES).is_err() && needed > 0 {
            allocate(&file, end, needed)?;
        }
        *promised = needed;
        Ok(file)
    }

    /// Appends `erasures` durably, for which there is `room`. Errors: io; they are applied and must be sent again.
    pub(crate) fn append(&self, mut room: Room<'_>, erasures: &[Erasure]) -> Result<()> {
        let written = self.append_lines(&mut room.file, erasures);
        drop(room);
        // What was used is taken anew for the next one, if the disk has it.
        let _ = self.reserve(0);
        written
    }

    fn append_lines(&self, file: &mut File, erasures: &[Erasure]) -> Result<()> {
        let _one = self.lock();
        append(file, &self.path, erasures).map_err(|error| {
            Error::io(format!(
                "send the erasure again: it is applied, but the ledger {} cannot be written",
                self.path.display()
            ))
            .with_source(error)
        })
    }
}

fn append(file: &mut File, path: &Path, erasures: &[Erasure]) -> io::Result<()> {
    let end = file.seek(SeekFrom::End(0))?;
    let lines: String = erasures.iter().map(Erasure::to_line).collect();
    if let Err(error) = file.write_all(lines.as_bytes()).and_then(|()| file.sync_data()) {
        // What was not acknowledged goes again, so that the next erasure finds whole lines.
        let _ = file.set_len(end);
        return Err(error);
    }
    if end == 0 {
        // Its name may be new.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// Errors: invalid input, where a pipe or a device stands in place of the file.
fn require_file(file: &File) -> io::Result<()> {
    match file.metadata()?.is_file() {
        true => Ok(()),
        false => Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file")),
    }
}

/// Takes `bytes` of room from `end` on without making the file longer. Where the file system cannot do that, the room
/// is found when it is written.
fn allocate(file: &File, end: u64, bytes: u64) -> io::Result<()> {
    match rustix::fs::fallocate(file, FallocateFlags::KEEP_SIZE, end, bytes.max(1)) {
        Err(Errno::OPNOTSUPP | Errno::NOSYS) | Ok(()) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

/// Whether the last line has no end.
fn is_torn(file: &mut File) -> io::Result<bool> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

/// Calls `visit` with each erasure of a ledger, in its order; a file that does not exist has none.
///
/// Returns the number of a last line that is torn and was passed over: a crash tears only what was never acknowledged,
/// but a copy may be cut anywhere. Errors: invalid, naming the line.
pub(crate) fn read(path: &Path, visit: &mut dyn FnMut(Erasure) -> Result<()>) -> Result<Option<u64>> {
    let mut reading = Reading::new(path);
    while let Some(erasure) = reading.next_erasure()? {
        visit(erasure)?;
    }
    Ok(reading.torn)
}

/// A ledger that is read line by line, with any time between two of them.
pub struct Reading {
    path: PathBuf,
    file: Option<BufReader<File>>,
    line: u64,
    is_over: bool,
    /// The last line, where it is torn.
    torn: Option<u64>,
}

impl Reading {
    /// The number of a last line that is torn; none before the end is reached.
    pub fn torn(&self) -> Option<u64> {
        self.torn
    }

    /// Nothing is read or opened yet.
    pub(crate) fn new(path: &Path) -> Reading {
        Reading { path: path.to_owned(), file: None, line: 0, is_over: false, torn: None }
    }

    /// The next erasure; none after the last. Errors: io; invalid, naming the line.
    pub fn next_erasure(&mut self) -> Result<Option<Erasure>> {
        while !self.is_over {
            let (line, is_whole) = self.next_line()?;
            self.is_over = !is_whole;
            let (remedy, fault) = match Line::read(&line) {
                Line::Erasure(erasure) => return Ok(Some(erasure)),
                Line::Changed | Line::None if !is_whole => {
                    self.torn = (!line.is_empty()).then_some(self.line);
                    continue;
                }
                Line::None if line.is_empty() => continue,
                Line::Changed => {
                    ("restore the line or take it away", "was changed since it was written, its checksum is another")
                }
                Line::None => ("repair the ledger first", "is no erasure"),
            };
            return Err(Error::invalid(format!("{remedy}: {}, line {} {fault}", self.path.display(), self.line)));
        }
        Ok(None)
    }

    /// A line without its end, and whether it had one.
    fn next_line(&mut self) -> Result<(Vec<u8>, bool)> {
        let failed = |error: io::Error| Error::of_system(format_args!("cannot read {}", self.path.display()), error);
        let file = match &mut self.file {
            Some(file) => file,
            None => {
                // A pipe is not waited for.
                let opened = File::options().read(true).custom_flags(OFlags::NONBLOCK.bits() as i32).open(&self.path);
                match opened {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((Vec::new(), false)),
                    file => {
                        let file = file.and_then(|file| require_file(&file).map(|()| file)).map_err(failed)?;
                        self.file.insert(BufReader::new(file))
                    }
                }
            }
        };
        self.line += 1;
        let mut line = Vec::new();
        file.take(LINE_BYTES_MAX).read_until(b'\n', &mut line).map_err(failed)?;
        let is_whole = line.pop_if(|last| *last == b'\n').is_some();
        if !is_whole && line.len() as u64 >= LINE_BYTES_MAX {
            return Err(Error::invalid(format!(
                "repair the ledger first: {}, line {} is longer than {LINE_BYTES_MAX} bytes",
                self.path.display(),
                self.line
            )));
        }
        Ok((line, is_whole))
    }
}

/// What a line says.
enum Line {
    Erasure(Erasure),
    /// Its checksum is not that of its other bytes.
    Changed,
    /// No erasure.
    None,
}

/// The last field of a line and all before its value: the crc32 of every byte of the line before this.
const SEAL: &str = ",\"crc32\":\"";
/// The digits of a checksum.
const SEAL_DIGITS: usize = 8;
/// The fields of a line without a checksum.
const FIELDS_WITHOUT_SEAL: usize = 7;
/// What ends a line.
const SEAL_END: &str = "\"}";

/// The line of an object, with its checksum as the last field.
fn sealed(object: &str) -> String {
    let open = object.strip_suffix('}').expect("an object ends with a brace");
    format!("{open}{SEAL}{:08x}{SEAL_END}\n", crc32fast::hash(open.as_bytes()))
}

impl Line {
    fn read(line: &[u8]) -> Line {
        let seal_bytes = SEAL.len() + SEAL_DIGITS + SEAL_END.len();
        let (open, seal) = line.split_at(line.len().saturating_sub(seal_bytes));
        let digits = seal.strip_prefix(SEAL.as_bytes()).and_then(|rest| rest.strip_suffix(SEAL_END.as_bytes()));
        match (digits, Erasure::from_line(line)) {
            (Some(digits), erasure) => {
                let is_true = format!("{:08x}", crc32fast::hash(open)).as_bytes() == digits;
                erasure.filter(|_| is_true).map_or(Line::Changed, Line::Erasure)
            }
            // Of the form before lines had one, which has no other field: one that lost its checksum was changed.
            (None, Some(erasure)) if fields(line) == FIELDS_WITHOUT_SEAL => Line::Erasure(erasure),
            (None, Some(_)) => Line::Changed,
            (None, None) => Line::None,
        }
    }
}

/// How many fields an object has.
fn fields(line: &[u8]) -> usize {
    serde_json::from_slice::<Value>(line).ok().and_then(|value| value.as_object().map(|it| it.len())).unwrap_or(0)
}

impl Erasure {
    /// Whether it came after a backup of this epoch and version. Epochs rise, so one of a later epoch came later.
    pub(crate) fn is_after(&self, id_epoch: u64, version: u64) -> bool {
        (self.id_epoch, self.version) > (id_epoch, version)
    }

    fn to_line(&self) -> String {
        let key = match &self.key {
            EntityKey::Text(text) => json!(text),
            EntityKey::Number(number) => json!(number),
        };
        let line = json!({
            "space": self.space,
            "type": self.type_name,
            "type_id": self.type_id.0,
            "key": key,
            "id_epoch": self.id_epoch,
            "version": self.version,
            "time_unix_ms": self.time_unix_ms,
        });
        sealed(&line.to_string())
    }

    fn from_line(line: &[u8]) -> Option<Erasure> {
        let value: Value = serde_json::from_slice(line).ok()?;
        Some(Erasure {
            space: value.get("space")?.as_str()?.to_owned(),
            type_name: value.get("type")?.as_str()?.to_owned(),
            type_id: TypeId(u32::try_from(value.get("type_id")?.as_u64()?).ok()?),
            key: match value.get("key")? {
                Value::String(text) => EntityKey::Text(text.clone()),
                number => EntityKey::Number(number.as_u64()?),
            },
            id_epoch: value.get("id_epoch")?.as_u64()?,
            version: value.get("version")?.as_u64()?,
            time_unix_ms: value.get("time_unix_ms")?.as_i64()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn erasure(version: u64) -> Erasure {
        Erasure {
            space: "main".into(),
            type_name: "用户".into(),
            type_id: TypeId(1),
            key: EntityKey::Text(format!("u\n\"{version}")),
            id_epoch: 3,
            version,
            time_unix_ms: -5,
        }
    }

    fn all(path: &Path) -> Result<Vec<u64>> {
        let mut versions = Vec::new();
        read(path, &mut |erasure| {
            versions.push(erasure.version);
            Ok(())
        })?;
        Ok(versions)
    }

    #[test]
    fn what_is_appended_is_read_and_a_torn_end_is_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger");
        assert_eq!(all(&path).unwrap(), Vec::<u64>::new());
        let ledger = Ledger::new(path.clone(), Access::Private);
        let append = |erasures: &[Erasure]| ledger.append(ledger.make_room(erasures).unwrap(), erasures).unwrap();
        append(&[erasure(1), erasure(2)]);
        append(&[Erasure { key: EntityKey::Number(u64::MAX), ..erasure(3) }]);
        let whole = std::fs::read(&path).unwrap();
        let third = whole[..whole.len() - 1].iter().rposition(|&byte| byte == b'\n').unwrap() + 1;
        for cut in third..whole.len() - 1 {
            std::fs::write(&path, &whole[..cut]).unwrap();
            assert_eq!(all(&path).unwrap(), [1, 2], "cut at {cut}");
            let torn = read(&path, &mut |_| Ok(())).unwrap();
            assert_eq!(torn, (cut > third).then_some(3), "cut at {cut}");
            if cut > third {
                let refused = ledger.make_room(&[erasure(4)]).err().expect("a torn line stays").to_string();
                assert!(refused.contains("complete the last line"), "{refused}");
                assert_eq!(std::fs::read(&path).unwrap(), whole[..cut], "cut at {cut}");
            }
            std::fs::write(&path, &whole[..third]).unwrap();
            append(&[erasure(4)]);
            assert_eq!(all(&path).unwrap(), [1, 2, 4], "cut at {cut}");
        }
        std::fs::write(&path, [b"?\n", &whole[..]].concat()).unwrap();
        assert!(all(&path).unwrap_err().message().contains("line 1"));
    }

    #[test]
    fn a_line_that_was_changed_is_refused_by_its_number_and_one_may_be_taken_away() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger");
        let ledger = Ledger::new(path.clone(), Access::Private);
        let erasures: Vec<Erasure> = (1..=3).map(erasure).collect();
        ledger.append(ledger.make_room(&erasures).unwrap(), &erasures).unwrap();
        let whole = std::fs::read(&path).unwrap();
        let lines: Vec<&[u8]> = whole.split_inclusive(|&byte| byte == b'\n').collect();
        std::fs::write(&path, [lines[0], lines[2]].concat()).unwrap();
        assert_eq!(all(&path).unwrap(), [1, 3]);
        let start = lines[0].len();
        let mut refused = 0;
        for bit in start * 8..(start + lines[1].len() - 1) * 8 {
            let mut changed = whole.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            std::fs::write(&path, &changed).unwrap();
            let error = all(&path).expect_err("a changed line");
            // A line feed in the middle of a line makes two of one.
            assert!(error.message().contains("line 2"), "bit {bit}: {error}");
            refused += 1;
        }
        assert_eq!(refused, (lines[1].len() - 1) * 8);
    }

    #[test]
    fn lines_without_a_checksum_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger");
        let old = r#"{"id_epoch":3,"key":7,"space":"main","time_unix_ms":-5,"type":"t","type_id":1,"version":9}"#;
        std::fs::write(&path, format!("{old}\n\n")).unwrap();
        let ledger = Ledger::new(path.clone(), Access::Private);
        ledger.append(ledger.make_room(&[erasure(10)]).unwrap(), &[erasure(10)]).unwrap();
        assert_eq!(all(&path).unwrap(), [9, 10]);
    }

    #[test]
    fn a_ledger_is_for_its_owner_and_neither_a_link_nor_a_pipe() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger");
        let ledger = Ledger::open(path.clone(), Access::Private).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::rename(&path, folder.path().join("elsewhere")).unwrap();
        std::os::unix::fs::symlink(folder.path().join("elsewhere"), &path).unwrap();
        assert!(ledger.make_room(&[erasure(1)]).is_err());
        std::fs::remove_file(&path).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        assert!(all(&path).is_err());
    }

    #[test]
    fn later_means_a_later_epoch_or_version() {
        let it = erasure(10);
        assert!(it.is_after(3, 9) && it.is_after(2, 99));
        assert!(!it.is_after(3, 10) && !it.is_after(4, 1));
    }
}
