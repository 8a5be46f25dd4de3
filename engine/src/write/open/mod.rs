//! Opening a store (recovery, replay of the write-ahead log): from the newest manifest and the log to a writer.
//!
//! The manifest names the parts, which are opened but not read through; the log holds the rest, which becomes memory
//! parts again. What was read from the log is written anew and synced before anything is acknowledged. Files that the
//! manifest does not name are removed only once everything it names is there.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use crate::catalog::{Catalog, CatalogRecord};
use crate::error::{Error, ErrorKind, Result, ResultExt};
use crate::ids::{FileNumber, PartId, Seq, ValueId};
use crate::manifest::{self, Manifest, PartRecord};
use crate::storage::{Clock, Fence, HeldFile, LockGuard, LockHolder, Storage, publish};
use crate::wal::{LOG_DIR, LogStart, Record, Recovery, RecoveryOptions, Wal, WalConfig, with_remedy};

use crate::write::commit::Commit;
use crate::write::commit::allocate::Allocator;
use crate::write::commit::apply::{Changes, note_numbers};
use crate::write::commit::built::open_built;
use crate::write::commit::logging::{KIND_BATCH, KIND_CATALOG, KIND_CATALOG_DATED, KIND_PLACE};
use crate::write::commit::manifest::{file_kind, read_sources};
use crate::write::commit::record::BatchRecord;
use crate::write::commit::reply::Loaded;
use crate::write::commit::state::{Base, SourceMark, State};
use crate::write::files::Files;
use crate::write::files::stack::{
    Content, Piece, Pile, Stack, StackLayer, StackPart, StoredFile, insert_by_seq, is_lawful,
};
use crate::write::files::{FileKind, PARTS_DIR, missing_is_corrupt, open as open_file};
use crate::write::pace::Pace;
use crate::write::settings::WriteSettings;
use crate::write::writer::{Opening, Writer};

/// Replayed batches become a memory part when they reach this many bytes of log.
const REPLAY_PART_BYTES: usize = 8 << 20;
/// The longest file of audiences.
pub(crate) const AUDIENCES_BYTES_MAX: u64 = 1 << 30;

/// What a store is opened with.
pub(crate) struct Place {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: WriteSettings,
    pub(crate) lock_text: String,
    /// The identity of a store that is created.
    pub(crate) new_store_id: [u8; 16],
}

impl Writer {
    /// Opens the store at `place`, or creates it there. Errors: conflict, when another process holds it; corrupt.
    pub(crate) fn open(place: Place) -> Result<Writer> {
        let started_ns = place.clock.monotonic_ns();
        let lock = place.storage.lock(LockHolder::FILE, &place.lock_text)?;
        let fence = Arc::new(Fence::new());
        let writer = match manifest::load_newest(&*place.storage)? {
            Some(manifest) => open_existing(place, fence, lock, manifest, started_ns)?,
            None => create(place, fence, lock, started_ns)?,
        };
        writer.show();
        Ok(writer)
    }

    /// Opens the store at `place` for questions only: nothing is written, nothing is removed, and no room is needed.
    /// Others may do so too meanwhile. Errors: conflict, when a process holds it that may write; not found, when there
    /// is none; corrupt.
    pub(crate) fn open_for_reading(place: Place) -> Result<Writer> {
        let started_ns = place.clock.monotonic_ns();
        let lock = place.storage.lock_shared(LockHolder::FILE)?;
        let manifest = manifest::load_newest(&*place.storage)?
            .ok_or_else(|| Error::not_found("there is no store to read: no manifest, and nothing may be made"))?;
        let read = read_existing(&place, &Arc::new(Fence::for_reading()), &manifest)?;
        let writer = read.open(place, manifest.next_part, lock, started_ns);
        writer.show();
        Ok(writer)
    }

    /// Shows what was read.
    fn show(&self) {
        self.commit.alone(|state| {
            self.commit.merge_memory(&self.pace, state);
            self.commit.publish(&self.pace, state);
        });
    }
}

fn wal_config(place: &Place, fence: &Arc<Fence>, store_id: [u8; 16]) -> WalConfig {
    WalConfig {
        storage: Arc::clone(&place.storage),
        fence: Arc::clone(fence),
        store_id,
        file_bytes: place.settings.log_file_bytes,
    }
}

/// Makes an empty store. The manifest comes last, so a crash before it leaves a directory that counts as empty.
fn create(place: Place, fence: Arc<Fence>, lock: Box<dyn LockGuard>, started_ns: u64) -> Result<Writer> {
    let storage = &*place.storage;
    storage.create_dir(PARTS_DIR)?;
    storage.create_dir(LOG_DIR)?;
    storage.sync_dir("")?;
    if let Some(name) = storage.list(PARTS_DIR)?.first() {
        return Err(Error::corrupt(format!("{PARTS_DIR}/{name} exists, but no manifest does")));
    }
    let mut wal = Wal::create(wal_config(&place, &fence, place.new_store_id), FileNumber(1), Seq(0))?;
    let catalog = Catalog::empty();
    let first = Manifest { catalog: catalog.encode(), ..Manifest::first(place.new_store_id, 1) };
    manifest::publish(storage, &fence, &first)?;
    wal.note_manifest(first.number);
    let state = State {
        store_id: first.store_id,
        id_epoch: first.id_epoch,
        wal,
        unwritten: None,
        gave_up: false,
        seq: Seq(0),
        catalog: catalog.clone(),
        stack: Stack::default(),
        sources: Arc::default(),
        loads: BTreeMap::new(),
        base: Base { seq: Seq(0), catalog, sources: Arc::default(), log_floor: first.log_floor, audiences: None },
        frozen: Seq(0),
        manifest: first.number,
    };
    keep_open(storage)?;
    let read = Read { fence, state, allocator: Allocator::default(), recovery: Recovery::default() };
    Ok(read.open(place, first.next_part, Some(lock), started_ns))
}

fn open_existing(
    place: Place,
    fence: Arc<Fence>,
    lock: Box<dyn LockGuard>,
    manifest: Manifest,
    started_ns: u64,
) -> Result<Writer> {
    // Its name may be known to the page cache alone: whoever gave it may have failed to sync the directory. Nothing is
    // shown that a power cut could still take back.
    place.storage.sync_dir(manifest::MANIFEST_DIR)?;
    let mut read = read_existing(&place, &fence, &manifest)?;
    // Nothing on disk is changed before all of it is understood.
    read.state.unwritten = write_anew(&mut read.state.wal, &read.recovery, manifest.seq)?;
    remove_unnamed(&*place.storage, &manifest)?;
    keep_open(&*place.storage)?;
    Ok(read.open(place, manifest.next_part, Some(lock), started_ns))
}

/// Keeps the directories of a space open, so that a process that runs out of descriptors can still say whether a name
/// is durable. The log's may be missing until it is written anew.
fn keep_open(storage: &dyn Storage) -> Result<()> {
    for dir in ["", PARTS_DIR, LOG_DIR, manifest::MANIFEST_DIR] {
        match storage.keep_open(dir) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            result => result?,
        }
    }
    Ok(())
}

/// What stands on disk, understood, and not yet changed.
struct Read {
    fence: Arc<Fence>,
    state: State,
    allocator: Allocator,
    recovery: Recovery,
}

impl Read {
    fn open(self, place: Place, next_part: PartId, lock: Option<Box<dyn LockGuard>>, started_ns: u64) -> Writer {
        let Place { storage, clock, settings, .. } = place;
        let Recovery { records, discarded, dropped, .. } = self.recovery;
        let opening = Opening {
            recovered_records: records.len() as u64,
            open_ns: clock.monotonic_ns().saturating_sub(started_ns),
            discarded,
            dropped,
        };
        let log_tail_bytes = records.iter().map(|record| record.payload.len() as u64).sum();
        let files = Files::new(storage, self.fence, clock, next_part, &settings);
        let memory_bytes = self.state.memory_bytes();
        let commit = Commit::new(self.state, self.allocator, settings.merged_bytes_max);
        Writer::new(commit, files, Pace::new(settings, memory_bytes, log_tail_bytes), opening, lock)
    }
}

fn read_existing(place: &Place, fence: &Arc<Fence>, manifest: &Manifest) -> Result<Read> {
    let (stack, audiences) = open_files(&place.storage, manifest)?;
    let catalog = read_catalog(&*place.storage, manifest, audiences.as_ref())?;
    let start = LogStart { floor: manifest.log_floor, after: manifest.seq };
    let options = RecoveryOptions { discard_damaged_tail: place.settings.discard_damaged_tail };
    let (mut wal, recovery) = Wal::open(wal_config(place, fence, manifest.store_id), start, options)?;
    wal.note_manifest(manifest.number);
    let (sources, loads) = read_sources(&manifest.sources)?;
    let load_reached = load_reached(&loads);
    if !options.discard_damaged_tail {
        check_one_time(recovery.manifest, recovery.last_seq, manifest)?;
    }
    let base = Base {
        seq: manifest.seq,
        catalog: catalog.clone(),
        sources: Arc::clone(&sources),
        log_floor: manifest.log_floor,
        audiences,
    };
    let mut state = State {
        store_id: manifest.store_id,
        id_epoch: manifest.id_epoch,
        wal,
        unwritten: None,
        gave_up: recovery.discarded.is_some(),
        seq: manifest.seq,
        catalog,
        stack,
        sources,
        loads,
        base,
        frozen: manifest.seq,
        manifest: manifest.number,
    };
    let mut allocator = Allocator::default();
    note_values(&state.stack, &mut allocator)?;
    replay(&recovery.records, &mut state, &mut allocator)?;
    // Where a damaged log was given up, loads may be newer than what is left of it; their places stay given.
    let highest = state.stack.layers.iter().map(|layer| layer.last_seq).max().unwrap_or(Seq(0));
    state.seq = state.seq.max(load_reached).max(highest);
    note_locals(manifest, &state.catalog, &mut allocator);
    Ok(Read { fence: Arc::clone(fence), state, allocator, recovery })
}

/// Compares the newest manifest with the one that the log knows of, and with where the log ends. Errors: corrupt, when
/// they are not of one time: one of them is older than the store.
pub(crate) fn check_one_time(known: FileNumber, last_seq: Seq, manifest: &Manifest) -> Result<()> {
    if known > manifest.number {
        return Err(with_remedy(Error::corrupt(format!(
            "{} is missing: the log knows of it, and {} is an older one, which lacks what it brought",
            manifest::path(known),
            manifest::path(manifest.number)
        ))));
    }
    let load_reached = load_reached(&read_sources(&manifest.sources)?.1);
    if last_seq < load_reached {
        return Err(with_remedy(Error::corrupt(format!(
            "the log ends at batch {last_seq}, but a load was committed at {load_reached}"
        ))));
    }
    Ok(())
}

/// Where the last load was committed.
fn load_reached(loads: &BTreeMap<String, Loaded>) -> Seq {
    loads.values().map(|loaded| loaded.seq).max().unwrap_or(Seq(0))
}

/// Writes anew what the log gave back, before anybody sees it. What is still to be written before the first change
/// comes back: all of it while the disk is full, and where nothing was read, as after a clean end, an empty log, which
/// need not delay the opening. What was given up is given up for good.
fn write_anew(wal: &mut Wal, recovery: &Recovery, after: Seq) -> Result<Option<Vec<Record>>> {
    if recovery.records.is_empty() && recovery.discarded.is_none() && recovery.dropped.is_empty() {
        return Ok(Some(Vec::new()));
    }
    match wal.rewrite(&recovery.records, after) {
        Err(error) if error.kind() == ErrorKind::Limit => Ok(Some(recovery.records.clone())),
        result => result.map(|()| None),
    }
}

/// Opens all files that the manifest names. Errors: corrupt, when one is missing or is not the one that is named.
fn open_files(storage: &Arc<dyn Storage>, manifest: &Manifest) -> Result<(Stack, Option<StoredFile>)> {
    let (mut stack, mut audiences) = (Stack::default(), None);
    for record in &manifest.parts {
        let kind = file_kind(record.kind)?;
        let file = stored_file(storage, kind, record);
        match kind {
            FileKind::Part => put_file(&**storage, &mut stack.layers, record, file)?,
            FileKind::Names => put_file(&**storage, &mut stack.names, record, file)?,
            FileKind::Audiences => audiences = Some(file),
        }
    }
    match is_lawful(&stack.layers) && is_lawful(&stack.names) {
        true => Ok((stack, audiences)),
        false => Err(Error::corrupt(format!(
            "manifest {}: its parts do not lie in the order of their batches",
            manifest.number
        ))),
    }
}

/// Opens a file and puts it on its pile, into the last layer where that has its seqs.
fn put_file<T: Content>(
    storage: &dyn Storage,
    pile: &mut Pile<T>,
    record: &PartRecord,
    file: StoredFile,
) -> Result<()> {
    let (first_seq, last_seq) = (record.first_seq, record.last_seq);
    let part = StackPart::stored((Arc::new(open_file(storage, &file)?), file));
    match pile.last_mut() {
        Some(layer) if layer.seqs() == (first_seq, last_seq) => layer.parts.push(part),
        _ => pile.push(StackLayer { first_seq, last_seq, parts: vec![part] }),
    }
    Ok(())
}

fn stored_file(storage: &Arc<dyn Storage>, kind: FileKind, record: &PartRecord) -> StoredFile {
    StoredFile {
        id: record.id,
        footer_crc: record.footer_crc,
        bytes: record.bytes,
        held: Arc::new(HeldFile::new(Arc::clone(storage), kind.path(record.id))),
    }
}

fn read_catalog(storage: &dyn Storage, manifest: &Manifest, audiences: Option<&StoredFile>) -> Result<Catalog> {
    let catalog = Catalog::decode(&manifest.catalog).context(|| format!("manifest {}", manifest.number))?;
    let Some(file) = audiences else {
        return Ok(catalog);
    };
    let path = file.held.path();
    let read = storage.read(path, AUDIENCES_BYTES_MAX.min(file.bytes));
    let bytes = read.map_err(|error| missing_is_corrupt(path, error))?;
    if bytes.len() as u64 != file.bytes || crate::codec::crc32(&bytes) != file.footer_crc {
        return Err(Error::corrupt(format!("{path}: length or checksum is not what the manifest says")));
    }
    catalog.decode_audiences(&bytes).context(|| path.to_owned())
}

/// Raises the counters of values over all that the names files hold.
fn note_values(stack: &Stack, allocator: &mut Allocator) -> Result<()> {
    for names in stack.names.iter().flat_map(StackLayer::readers) {
        for tag in names.scopes()? {
            // Keys stand there too; what is noted for a population tag is never asked.
            let last = names.scope(tag)?.map_or(0, |scope| scope.last());
            allocator.saw_value(tag, ValueId(last.min(ValueId::MAX.0)));
        }
    }
    Ok(())
}

/// Raises the counters of ids: those that a load gave stand in no record, only in the manifest.
fn note_locals(manifest: &Manifest, catalog: &Catalog, allocator: &mut Allocator) {
    for &(type_id, next) in &manifest.next_local_ids {
        if let Some(entity_type) = catalog.entity_type(type_id) {
            allocator.raise_local(entity_type.population, next);
        }
    }
}

/// Makes memory parts of the log again. No part spans the place of a layer that lies between its batches.
fn replay(records: &[Record], state: &mut State, allocator: &mut Allocator) -> Result<()> {
    let mut places: Vec<Seq> = state.stack.layers.iter().map(|layer| layer.first_seq).collect();
    places.extend(state.stack.names.iter().map(|names| names.first_seq));
    places.sort_unstable();
    let mut changes: Option<(Changes, Seq)> = None;
    let mut bytes = 0;
    for record in records {
        let is_apart =
            |last: Seq| places.partition_point(|&at| at <= last) != places.partition_point(|&at| at <= record.seq);
        if let Some((_, last)) = &changes
            && (bytes > REPLAY_PART_BYTES || is_apart(*last))
        {
            put(changes.take(), state)?;
            bytes = 0;
        }
        match record.kind {
            KIND_BATCH => {
                let batch = BatchRecord::decode(&record.payload).context(|| format!("batch {}", record.seq))?;
                let (run, last) = changes.get_or_insert_with(|| (Changes::new(record.seq), record.seq));
                run.add(&batch, record.seq, &state.catalog).context(|| format!("batch {}", record.seq))?;
                *last = record.seq;
                bytes += record.payload.len();
                note_numbers(&batch, allocator);
                let mark = SourceMark {
                    sequence: batch.source.as_ref().map_or(0, |(_, sequence)| *sequence),
                    seq: record.seq,
                    unknown_entities: batch.unknown_entities,
                    new_entities: batch.new_entities,
                };
                state.note_source(&batch.source, mark);
            }
            KIND_CATALOG | KIND_CATALOG_DATED => {
                let change = CatalogRecord::decode(&record.payload).context(|| format!("change {}", record.seq))?;
                state.catalog = state.catalog.apply(&change)?;
            }
            KIND_PLACE => {}
            other => {
                return Err(Error::invalid(format!(
                    "the log holds a record of kind {other} at {}, which a newer program wrote",
                    record.seq
                )));
            }
        }
        state.seq = record.seq;
    }
    put(changes, state)
}

fn put(changes: Option<(Changes, Seq)>, state: &mut State) -> Result<()> {
    let Some((changes, _)) = changes else {
        return Ok(());
    };
    let (layer, names) = open_built(&changes.finish()?)?;
    if let Some(layer) = layer {
        insert_by_seq(&mut state.stack.layers, layer);
    }
    if let Some(names) = names {
        insert_by_seq(&mut state.stack.names, names);
    }
    Ok(())
}

/// Removes what a crash left: temporary names, and files that the manifest does not name.
fn remove_unnamed(storage: &dyn Storage, manifest: &Manifest) -> Result<()> {
    publish::remove_temporaries(storage, PARTS_DIR)?;
    publish::remove_temporaries(storage, LOG_DIR)?;
    publish::remove_temporaries(storage, manifest::MANIFEST_DIR)?;
    let mut named = HashSet::new();
    for record in &manifest.parts {
        named.insert(file_kind(record.kind)?.file_name(record.id));
    }
    for name in storage.list(PARTS_DIR)? {
        if !named.contains(&name) {
            storage.remove(&format!("{PARTS_DIR}/{name}"))?;
        }
    }
    Ok(())
}
