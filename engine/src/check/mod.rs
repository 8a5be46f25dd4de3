//! Checks every byte of every file of a space, without changing any.
//!
//! [`check`] follows the manifest as an open does, but to the end: each part with all its pages, units and padding,
//! each names part, the audiences, every older manifest, and the log with the content of its records. It stops at
//! nothing: what is wrong becomes a [`Fault`], what is odd and harmless a [`Note`]. It promises that a store without
//! faults opens and that every query finds bytes that verify. REQUIRES: nobody writes to the space meanwhile.

mod files;
mod log;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use crate::catalog::Catalog;
use crate::error::{Error, ErrorKind, Result};
use crate::formats::Format;
use crate::ids::{Seq, TagId};
use crate::manifest::{self, MANIFEST_DIR, Manifest, path as manifest_path};
use crate::storage::publish::TEMPORARY_SUFFIX;
use crate::storage::{LockHolder, Storage};
use crate::wal::LOG_DIR;
use crate::write::{DURABILITY_FILE, PARTS_DIR, SpaceSettings, ZONE_FILE};

/// The length of the header of a manifest, which has a checksum of its own.
const MANIFEST_HEADER_BYTES: u64 = 64;

/// What keeps a space from being whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file, relative to the folder of the space.
    pub file: String,
    /// The bytes at fault; none where a file is missing or not to be read.
    pub bytes: Option<Range<u64>>,
    /// What needs these bytes, such as "tag `age` of `users`"; empty where that cannot be known.
    pub concerns: Vec<String>,
    /// What is wrong.
    pub what: String,
}

/// Something odd that no answer depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The file, relative to the folder of the space.
    pub file: String,
    /// The bytes that are meant; none where the whole file is.
    pub bytes: Option<Range<u64>>,
    /// What is odd.
    pub what: String,
}

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The identity of the store; zeros where no manifest verifies.
    pub store_id: [u8; 16],
    /// The epoch of its ids.
    pub id_epoch: u64,
    /// The last batch that is in parts or log.
    pub version: Seq,
    /// The files that were read through.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// By format: the oldest and the newest version of its files, so that an operator knows on which rung a store is.
    pub formats: BTreeMap<&'static str, (u32, u32)>,
    /// What is wrong.
    pub faults: Vec<Fault>,
    /// What is odd.
    pub notes: Vec<Note>,
}

/// How far a check is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Bytes read.
    pub bytes: u64,
    /// All bytes that will be read.
    pub bytes_total: u64,
}

/// See the module. Errors: those of a storage that cannot list its files; what is wrong with files is in the report.
pub fn check(storage: &Arc<dyn Storage>, progress: &mut dyn FnMut(Progress)) -> Result<Report> {
    let mut checker = Checker {
        storage,
        report: Report::default(),
        progress: Progress::default(),
        tell: progress,
        catalog: Catalog::empty(),
    };
    checker.run()?;
    Ok(checker.report)
}

/// A check under way.
struct Checker<'c> {
    storage: &'c Arc<dyn Storage>,
    report: Report,
    progress: Progress,
    tell: &'c mut dyn FnMut(Progress),
    /// The names for what is at fault; empty until the newest manifest is read.
    catalog: Catalog,
}

impl Checker<'_> {
    fn run(&mut self) -> Result<()> {
        let present = [MANIFEST_DIR, PARTS_DIR, LOG_DIR].map(|dir| (dir, self.list(dir)));
        for (dir, names) in present {
            for name in names? {
                let path = format!("{dir}/{name}");
                self.progress.bytes_total += self.storage.file_len(&path).unwrap_or(0);
            }
        }
        for file in [DURABILITY_FILE, ZONE_FILE] {
            self.progress.bytes_total += self.storage.file_len(file).unwrap_or(0);
        }
        self.other_files()?;
        let Some(manifest) = self.manifests()? else {
            return Ok(());
        };
        self.report.store_id = manifest.store_id;
        self.report.id_epoch = manifest.id_epoch;
        self.report.version = manifest.seq;
        self.note_format(Format::of_head(&manifest.catalog));
        match Catalog::decode(&manifest.catalog) {
            Ok(catalog) => self.catalog = catalog,
            Err(error) => self.fault(manifest_path(manifest.number), None, format!("its catalog: {error:#}")),
        }
        self.parts(&manifest)?;
        self.log(&manifest)
    }

    /// The names in `dir`; none where it does not exist.
    fn list(&self, dir: &str) -> Result<Vec<String>> {
        match self.storage.list(dir) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            names => names,
        }
    }

    /// The newest manifest; none where there is none that counts. Older ones must verify too.
    fn manifests(&mut self) -> Result<Option<Manifest>> {
        let numbers = manifest::list_numbers(&**self.storage)?;
        for name in self.list(MANIFEST_DIR)? {
            let path = format!("{MANIFEST_DIR}/{name}");
            if !numbers.iter().any(|&number| manifest_path(number) == path) {
                self.stray(path);
            }
        }
        let mut newest = None;
        for &number in &numbers {
            let path = manifest_path(number);
            if !self.read_through(&path) {
                newest = None;
                continue;
            }
            match manifest::load(&**self.storage, number) {
                Ok(manifest) => newest = Some(manifest),
                Err(error) => {
                    // Only the newest says what the store consists of; without it nothing else can be judged.
                    newest = None;
                    let bytes = self.manifest_range(&path, error.message());
                    self.fault(path, bytes, format!("{error:#}"));
                }
            }
        }
        if numbers.is_empty() && self.holds_anything()? {
            self.fault(
                MANIFEST_DIR.to_owned(),
                None,
                "there is no manifest, but there are files that need one".to_owned(),
            );
        }
        Ok(newest)
    }

    fn manifest_range(&self, path: &str, message: &str) -> Option<Range<u64>> {
        let len = self.storage.file_len(path).ok()?;
        let is_header = message.contains("header") || len < MANIFEST_HEADER_BYTES || message.contains("begin as");
        Some(if is_header { 0..len.min(MANIFEST_HEADER_BYTES) } else { MANIFEST_HEADER_BYTES..len })
    }

    /// Whether there is a part, or a log file with more than its header.
    fn holds_anything(&self) -> Result<bool> {
        let is_log = |name: &String| name.ends_with(".log");
        Ok(!self.list(PARTS_DIR)?.is_empty() || self.list(LOG_DIR)?.iter().any(is_log))
    }

    /// Files outside the directories.
    fn other_files(&mut self) -> Result<()> {
        for name in self.storage.list("")? {
            match name.as_str() {
                LockHolder::FILE => {}
                DURABILITY_FILE => self.word(DURABILITY_FILE, |storage| SpaceSettings(storage).durability().map(drop)),
                ZONE_FILE => self.word(ZONE_FILE, |storage| SpaceSettings(storage).zone().map(drop)),
                _ => self.stray(name),
            }
        }
        Ok(())
    }

    /// What the space says of itself in a word that no flipped bit turns into another.
    fn word(&mut self, file: &str, read: impl Fn(&dyn Storage) -> Result<()>) {
        if self.read_through(file)
            && let Err(error) = read(&**self.storage)
        {
            self.fault(file.to_owned(), None, format!("{error:#}"));
        }
    }

    /// Reads a file front to back, so that a device that cannot give it is a fault and not the end. Returns whether the
    /// file could be read.
    fn read_through(&mut self, path: &str) -> bool {
        let (mut read, before) = (0u64, self.progress.bytes);
        let mut head = None;
        let (tell, progress) = (&mut *self.tell, &mut self.progress);
        let result = self.storage.scan(path, &mut |piece| {
            head.get_or_insert_with(|| Format::of_head(piece));
            read += piece.len() as u64;
            progress.bytes = before + read;
            tell(*progress);
            Ok(())
        });
        match result {
            Ok(()) => {
                self.report.files += 1;
                self.report.bytes += read;
                self.note_format(head.flatten());
                true
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.fault(path.to_owned(), None, "the file is missing".to_owned());
                false
            }
            Err(error) => {
                let len = self.storage.file_len(path).unwrap_or(read);
                self.fault(path.to_owned(), Some(read..len.max(read)), format!("{error:#}"));
                false
            }
        }
    }

    /// A file that nothing names.
    fn stray(&mut self, file: String) {
        let what = match file.ends_with(TEMPORARY_SUFFIX) {
            true => "left over from a crash or a full disk; the next open removes it",
            false => "nothing names this file; no answer depends on it",
        };
        self.report.notes.push(Note { file, bytes: None, what: what.to_owned() });
    }

    /// Notes the version of a file.
    fn note_format(&mut self, found: Option<(&'static Format, u32)>) {
        if let Some((format, version)) = found {
            let range = self.report.formats.entry(format.name).or_insert((version, version));
            *range = (range.0.min(version), range.1.max(version));
        }
    }

    fn fault(&mut self, file: String, bytes: Option<Range<u64>>, what: String) {
        self.report.faults.push(Fault { file, bytes, concerns: Vec::new(), what });
    }

    /// What a tag number stands for, in the words of a user. `names` says that its names are meant, not its members.
    fn meaning(&self, tag: TagId, names: bool) -> String {
        let type_name = |id| self.catalog.entity_type(id).map_or("?", |entity_type| entity_type.name.as_str());
        match (self.catalog.tag(tag), self.catalog.owner_of(tag)) {
            (Some(found), _) if names => format!("values of tag `{}` of `{}`", found.name, type_name(found.type_id)),
            (Some(found), _) => format!("tag `{}` of `{}`", found.name, type_name(found.type_id)),
            (None, Some(_)) if let Some(dated) = self.catalog.tag_dated_by(tag) => {
                format!("when tag `{}` of `{}` was written", dated.name, type_name(dated.type_id))
            }
            (None, Some(owner)) if names => format!("keys of `{}`", type_name(owner)),
            (None, Some(owner)) => format!("who lives in `{}`", type_name(owner)),
            (None, None) => "a tag that is dropped".to_owned(),
        }
    }

    fn meanings(&self, tags: impl IntoIterator<Item = TagId>, names: bool) -> Vec<String> {
        tags.into_iter().map(|tag| self.meaning(tag, names)).collect()
    }
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_whole(&self) -> bool {
        self.faults.is_empty()
    }

    /// Errors: corrupt, naming the first fault and how many there are.
    pub fn require_whole(&self) -> Result<()> {
        match self.faults.first() {
            None => Ok(()),
            Some(first) => Err(Error::corrupt(format!("{first} ({} in all)", self.faults.len()))),
        }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.file)?;
        if let Some(bytes) = &self.bytes {
            write!(f, ", bytes {}..{}", bytes.start, bytes.end)?;
        }
        write!(f, ": {}", self.what)?;
        if !self.concerns.is_empty() {
            write!(f, "; concerns {}", self.concerns.join(", "))?;
        }
        Ok(())
    }
}

/// What the files of a manifest are, by path.
type Named = BTreeMap<String, crate::manifest::PartRecord>;
