//! Files of parts, names and audiences (an LSM tree's sorted tables): written whole under a number of their own, then
//! opened for reading.
//!
//! A file that no manifest names is garbage: what fails halfway retires what it wrote, and the next open removes what a
//! crash left.

pub(crate) mod forms;
pub(crate) mod stack;

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::catalog::Catalog;
use crate::catalog::limits::DAY_MS;
use crate::error::{Error, ErrorKind, Result};
use crate::ids::{PartId, TagId};
use crate::keys::{NamesBuilder, NamesPart, NamesSummary, merge_names};
use crate::part::{Merge, Part, PartLimits, PartSink, PartSummary};
use crate::storage::publish;
use crate::storage::{AlignedWriter, Clock, Fence, HeldFile, Storage};

use self::forms::describe;
use self::stack::{Content, StackPart, StoredFile};
use super::settings::WriteSettings;

/// The directory of all files that a manifest names.
pub(crate) const PARTS_DIR: &str = "parts";

/// What a flush or a compaction holds in memory of the part that it writes; beyond it the next part begins.
const MERGE_HELD_BYTES_MAX: u64 = 128 << 20;

/// What a file holds; it stands in its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum FileKind {
    /// Bitmaps.
    Part,
    /// Keys and values.
    Names,
    /// Saved audiences.
    Audiences,
}

impl FileKind {
    /// The name of file number `id` in [`PARTS_DIR`].
    pub(crate) fn file_name(self, id: PartId) -> String {
        let extension = match self {
            FileKind::Part => "part",
            FileKind::Names => "names",
            FileKind::Audiences => "audiences",
        };
        format!("{:012}.{extension}", id.0)
    }

    /// The path of file number `id`.
    pub(crate) fn path(self, id: PartId) -> String {
        format!("{PARTS_DIR}/{}", self.file_name(id))
    }
}

/// A file of names, as it is stored.
pub(crate) type NamesFile = (Arc<NamesPart>, StoredFile);

/// Where files are written, and what they are given: the only way of the writer to the disk beside the log.
pub(crate) struct Files {
    pub(crate) storage: Arc<dyn Storage>,
    /// After a failed write or sync it refuses all later ones.
    pub(crate) fence: Arc<Fence>,
    clock: Arc<dyn Clock>,
    next_part: AtomicU64,
    part_bytes_max: u64,
    /// How many manifests are kept beside the newest.
    pub(crate) manifests_kept: usize,
}

impl Files {
    /// Files whose next one gets the number `next_part`.
    pub(crate) fn new(
        storage: Arc<dyn Storage>,
        fence: Arc<Fence>,
        clock: Arc<dyn Clock>,
        next_part: PartId,
        settings: &WriteSettings,
    ) -> Files {
        Files {
            storage,
            fence,
            clock,
            next_part: AtomicU64::new(next_part.0),
            part_bytes_max: settings.part_bytes_max,
            manifests_kept: settings.manifests_kept,
        }
    }

    /// The number that the next file gets.
    pub(crate) fn next_part(&self) -> PartId {
        PartId(self.next_part.load(Relaxed))
    }

    /// Today's date in UTC, as a date tag keeps it.
    pub(crate) fn today(&self) -> i64 {
        self.clock.now_unix_ms().div_euclid(DAY_MS)
    }

    /// How far a part file may grow.
    pub(crate) fn part_limits(&self) -> PartLimits {
        PartLimits { bytes_max: self.part_bytes_max, held_bytes_max: MERGE_HELD_BYTES_MAX }
    }

    /// Merges `layers`, oldest first, into part files. On an error no file stays.
    pub(crate) fn write_parts(
        &self,
        layers: &[Vec<Arc<Part>>],
        bottom: bool,
        catalog: &Catalog,
        limits: PartLimits,
    ) -> Result<Vec<StackPart<Part>>> {
        let describe = describe(catalog);
        let mut merge = Merge::new(layers, bottom, &describe)?;
        let mut written = Vec::new();
        while !merge.is_done() {
            match self.write_part(&mut merge, limits) {
                Ok(Some(part)) => written.push(part),
                Ok(None) => {}
                Err(error) => {
                    retire(written.iter().filter_map(|part: &StackPart<Part>| part.file.as_ref()));
                    return Err(error);
                }
            }
        }
        Ok(written)
    }

    /// Writes the next part of `merge`; none when it came out without bitmaps.
    fn write_part(&self, merge: &mut Merge<'_>, limits: PartLimits) -> Result<Option<StackPart<Part>>> {
        let mut summary: Option<PartSummary> = None;
        let (id, bytes, held) = self.write_file(FileKind::Part, |sink| {
            summary = Some(merge.write_part(sink, limits)?);
            Ok(())
        })?;
        let summary = summary.ok_or_else(|| Error::internal("a part was published before it was written"))?;
        let file = StoredFile { id, footer_crc: summary.footer_crc, bytes, held };
        let part: Part = open(&*self.storage, &file)?;
        if part.is_empty() {
            file.held.retire();
            return Ok(None);
        }
        Ok(Some(StackPart { part: Arc::new(part), file: Some(file) }))
    }

    /// Merges `parts`, oldest first, into one names file without the names that `keep` does not want; none when no name
    /// is left.
    pub(crate) fn write_names(
        &self,
        parts: &[Arc<NamesPart>],
        keep: &mut dyn FnMut(TagId, u32) -> Result<bool>,
    ) -> Result<Option<NamesFile>> {
        let parts: Vec<&NamesPart> = parts.iter().map(|part| &**part).collect();
        let keep = Chooser { keep: RefCell::new(keep), failure: RefCell::new(None) };
        self.write_names_file(|sink| {
            let summary = merge_names(&parts, &|tag, number| keep.keeps(tag, number), &mut |bytes| sink.write(bytes))?;
            keep.failure.take().map_or(Ok(summary), Err)
        })
    }

    /// Writes `names` into a names file; none when there are none.
    pub(crate) fn write_new_names(&self, names: &NamesBuilder) -> Result<Option<NamesFile>> {
        match names.is_empty() {
            true => Ok(None),
            false => self.write_names_file(|sink| names.write(&mut |bytes| sink.write(bytes))),
        }
    }

    fn write_names_file(
        &self,
        fill: impl FnOnce(&mut FileSink<'_>) -> Result<NamesSummary>,
    ) -> Result<Option<NamesFile>> {
        let mut summary = None;
        let (id, bytes, held) = self.write_file(FileKind::Names, |sink| {
            summary = Some(fill(sink)?);
            Ok(())
        })?;
        let summary = summary.ok_or_else(|| Error::internal("names were published before they were written"))?;
        let file = StoredFile { id, footer_crc: summary.footer_crc, bytes, held };
        if summary.entry_count == 0 {
            file.held.retire();
            return Ok(None);
        }
        let part: NamesPart = open(&*self.storage, &file)?;
        Ok(Some((Arc::new(part), file)))
    }

    /// Publishes what `fill` writes as a file with the next number.
    pub(crate) fn write_file(
        &self,
        kind: FileKind,
        fill: impl FnOnce(&mut FileSink<'_>) -> Result<()>,
    ) -> Result<(PartId, u64, Arc<HeldFile>)> {
        let id = PartId(self.next_part.fetch_add(1, Relaxed));
        let path = kind.path(id);
        // A source that turns out to be corrupt says nothing about the disk that is written to: only what the sink
        // itself refuses may trip the fence, so such an error goes around it.
        let mut source_error = None;
        let published = publish::by_rename(&*self.storage, &self.fence, &path, |writer| {
            let mut sink = FileSink { writer, has_failed: false };
            match fill(&mut sink) {
                Err(error) if !sink.has_failed => {
                    source_error = Some(error);
                    Err(Error::limit("the sources of the file cannot be read"))
                }
                result => result,
            }
        });
        if let Some(error) = source_error {
            return Err(error);
        }
        let held = HeldFile::new(Arc::clone(&self.storage), path);
        Ok((id, published?, Arc::new(held)))
    }
}

/// Opens a published file, which is then held by whoever reads it. Errors: corrupt, when it is missing or not what the
/// manifest names.
pub(crate) fn open<T: Content>(storage: &dyn Storage, file: &StoredFile) -> Result<T> {
    T::open(map(storage, file)?, file)
}

fn map(storage: &dyn Storage, file: &StoredFile) -> Result<crate::storage::Mapped> {
    let path = file.held.path();
    let mapped = storage.map(path).map_err(|error| missing_is_corrupt(path, error))?;
    if mapped.len() as u64 != file.bytes {
        return Err(Error::corrupt(format!(
            "{path}: expected {} bytes as the manifest says, found {}",
            file.bytes,
            mapped.len()
        )));
    }
    Ok(mapped.holding(Arc::clone(&file.held)))
}

/// A file that the manifest names and that is not there is damage.
pub(crate) fn missing_is_corrupt(path: &str, error: Error) -> Error {
    match error.kind() {
        ErrorKind::NotFound => {
            Error::corrupt(format!("{path}: the manifest names this file and it is missing")).with_source(error)
        }
        _ => error,
    }
}

/// Lets files go that no manifest names.
pub(crate) fn retire<'a>(files: impl IntoIterator<Item = &'a StoredFile>) {
    for file in files {
        file.held.retire();
    }
}

/// A choice of names that can fail, for a merge that asks a plain question.
struct Chooser<'k> {
    keep: RefCell<&'k mut dyn FnMut(TagId, u32) -> Result<bool>>,
    failure: RefCell<Option<Error>>,
}

impl Chooser<'_> {
    fn keeps(&self, tag: TagId, number: u32) -> bool {
        let mut keep = self.keep.borrow_mut();
        keep(tag, number).unwrap_or_else(|error| {
            self.failure.replace(Some(error));
            true
        })
    }
}

/// Bytes on their way to a file.
pub(crate) struct FileSink<'w> {
    writer: &'w mut AlignedWriter,
    has_failed: bool,
}

impl PartSink for FileSink<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let result = self.writer.write_all(bytes);
        self.has_failed |= result.is_err();
        result
    }
}
