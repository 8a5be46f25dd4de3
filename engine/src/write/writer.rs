//! The writer: from queued batches to the log, to a part in memory, to the version that readers see.
//!
//! One caller at a time leads a commit group through these steps: resolve names, build the memory part, append to the
//! log, sync if the space promises it, publish, reply. Everything that can be refused is refused before the log is
//! touched, so whatever the log promises becomes visible. After a failed write or sync the fence refuses all later
//! writes; readers are not concerned, they hold versions.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use arc_swap::ArcSwap;
use parking_lot::Mutex;

use crate::catalog::CatalogChange;
use crate::error::{Error, ErrorKind, Result};
use crate::ids::{Seq, TypeId};
use crate::snapshot::{MergedBitmaps, Snapshot, Version};
use crate::storage::{Clock, Fence, LockGuard, Storage};
use crate::wal::LogRecord;

use super::allocate::Allocator;
use super::apply::Changes;
use super::batch::Batch;
use super::built::open_built;
use super::gate::Gate;
use super::load::Running;
use super::load::Young;
use super::logging::{Log, log_of};
use super::record::BatchRecord;
use super::reply::{Changed, Written, new_values};
use super::resolve::{Numbers, Resolver, batch_changes, untake};
use super::settings::{Durability, WriteSettings};
use super::state::{SourceMark, State};
use super::sweep::Swept;
use super::wakeups::{Wakeups, Work};

/// Kinds of records in the log.
pub(crate) const KIND_BATCH: u8 = 1;
/// A change of the catalog.
pub(crate) const KIND_CATALOG: u8 = 2;
/// A place in the order without changes: a load begins or becomes visible here.
pub(crate) const KIND_PLACE: u8 = 3;
/// A change of the catalog that a program cannot read which does not know of the dates of writes.
pub(crate) const KIND_CATALOG_DATED: u8 = 4;

/// A commit group is ended when its records reach this many bytes.
const GROUP_BYTES_TARGET: usize = 32 << 20;
/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

/// What waits at the gate.
pub(crate) enum Request {
    Batch(Box<Batch>),
    Catalog(Box<CatalogChange>),
}

/// What comes back from it.
pub(crate) enum Reply {
    Written(Written),
    Changed(Changed),
}

/// See the module.
pub(crate) struct Writer {
    pub(super) storage: Arc<dyn Storage>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) settings: WriteSettings,
    pub(super) fence: Arc<Fence>,
    pub(super) gate: Gate<Request, Reply>,
    /// Locked only by who leads at the gate, so nobody ever waits for it.
    pub(super) state: Mutex<State>,
    /// Shared with running loads; held while numbers are given, never across I/O of the log.
    pub(super) allocator: Mutex<Allocator>,
    pub(super) loads: Mutex<Vec<Arc<Running>>>,
    published: ArcSwap<Version>,
    /// What readers share of bitmaps in several layers.
    pub(super) merged: Arc<MergedBitmaps>,
    /// One flush at a time; a compaction may run beside it, because it touches only what lies in files already.
    pub(super) flushing: Mutex<()>,
    /// One compaction at a time.
    pub(super) compacting: Mutex<()>,
    /// One sweep at a time, and what the last whole one went through.
    pub(super) sweeping: Mutex<Option<Swept>>,
    pub(super) next_part: AtomicU64,
    pub(super) memory_bytes: AtomicU64,
    /// Bytes of records above what is in files: what a crash now would replay.
    pub(super) log_tail_bytes: AtomicU64,
    pub(super) durable: AtomicU64,
    pub(super) wakeups: Wakeups,
    pub(super) recovered_records: u64,
    pub(super) open_ns: u64,
    pub(super) discarded: Option<String>,
    pub(super) dropped: Vec<String>,
    closed: AtomicBool,
    /// None where nobody ever held the store, and it is only read.
    lock: Option<Box<dyn LockGuard>>,
}

/// What recovery hands over to a new writer.
pub(super) struct Opened {
    pub(super) storage: Arc<dyn Storage>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) settings: WriteSettings,
    pub(super) fence: Arc<Fence>,
    pub(super) state: State,
    pub(super) allocator: Allocator,
    pub(super) next_part: u64,
    pub(super) recovered_records: u64,
    pub(super) log_tail_bytes: u64,
    pub(super) open_ns: u64,
    pub(super) discarded: Option<String>,
    pub(super) dropped: Vec<String>,
    pub(super) lock: Option<Box<dyn LockGuard>>,
}

impl Writer {
    pub(super) fn new(opened: Opened) -> Writer {
        let merged = Arc::new(MergedBitmaps::new(opened.settings.merged_bytes_max));
        let version = Arc::new(opened.state.version(&merged));
        merged.publish(&version);
        Writer {
            storage: opened.storage,
            clock: opened.clock,
            settings: opened.settings,
            fence: opened.fence,
            gate: Gate::new(),
            allocator: Mutex::new(opened.allocator),
            loads: Mutex::new(Vec::new()),
            published: ArcSwap::new(version),
            merged,
            flushing: Mutex::new(()),
            compacting: Mutex::new(()),
            sweeping: Mutex::new(None),
            next_part: AtomicU64::new(opened.next_part),
            memory_bytes: AtomicU64::new(opened.state.memory_bytes()),
            log_tail_bytes: AtomicU64::new(opened.log_tail_bytes),
            durable: AtomicU64::new(opened.state.wal.durable().0),
            state: Mutex::new(opened.state),
            wakeups: Wakeups::default(),
            recovered_records: opened.recovered_records,
            open_ns: opened.open_ns,
            discarded: opened.discarded,
            dropped: opened.dropped,
            closed: AtomicBool::new(false),
            lock: opened.lock,
        }
    }

    /// The newest version, pinned.
    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot::new(self.published.load_full())
    }

    /// Everything up to here survives a power cut.
    pub(crate) fn durable(&self) -> Seq {
        Seq(self.durable.load(Relaxed))
    }

    /// See `Engine::write`.
    pub(crate) fn write(&self, batch: Batch) -> Result<Written> {
        self.check_open()?;
        self.wait_for_room()?;
        let weight = batch_changes(&batch);
        match self.gate.submit(Request::Batch(Box::new(batch)), weight, |requests| self.commit(requests))? {
            Reply::Written(written) => Ok(written),
            Reply::Changed(_) => Err(Error::internal("a batch was answered as a change of the catalog")),
        }
    }

    /// See `Engine::change_catalog`.
    pub(crate) fn change_catalog(&self, change: CatalogChange) -> Result<Changed> {
        self.check_open()?;
        match self.gate.submit(Request::Catalog(Box::new(change)), 1, |requests| self.commit(requests))? {
            Reply::Changed(changed) => Ok(changed),
            Reply::Written(_) => Err(Error::internal("a change of the catalog was answered as a batch")),
        }
    }

    /// See `Engine::sync`.
    pub(crate) fn sync(&self, seq: Seq) -> Result<Seq> {
        if self.durable() >= seq {
            return Ok(self.durable());
        }
        if seq > self.published.load().seq {
            return Err(Error::invalid(format!(
                "batch {seq} does not exist; the newest is {}",
                self.published.load().seq
            )));
        }
        let durable = self.gate.alone(|| self.sync_log(&mut self.state.lock()))?;
        if self.settings.durability == Durability::None {
            // Nobody else does it there.
            self.mark()?;
        }
        Ok(durable)
    }

    /// See `Engine::announce`.
    pub(crate) fn announce(&self, address: &str) -> Result<()> {
        self.lock.as_ref().map_or(Ok(()), |lock| lock.announce(address))
    }

    /// Marks the writer closed: nothing is written any more.
    pub(crate) fn set_closed(&self) {
        self.closed.store(true, Relaxed);
    }

    pub(super) fn check_open(&self) -> Result<()> {
        match self.closed.load(Relaxed) {
            true => Err(Error::read_only("the store is closed")),
            false => self.fence.check(),
        }
    }

    /// Today's date in UTC, as a date tag keeps it.
    pub(super) fn today(&self) -> i64 {
        self.clock.now_unix_ms().div_euclid(DAY_MS)
    }

    /// Waits until memory has room. Errors: busy, when it stays full.
    pub(super) fn wait_for_room(&self) -> Result<()> {
        let is_full = || self.memory_bytes.load(Relaxed) >= self.settings.delta_bytes_max;
        if !is_full() {
            return Ok(());
        }
        self.wake(Work::Flush);
        let mut guard = self.wakeups.drained_lock.lock();
        let wait = match self.settings.background {
            true => Duration::from_millis(self.settings.busy_wait_ms),
            // Nobody flushes unasked, so waiting would not help.
            false => Duration::ZERO,
        };
        self.wakeups.drained.wait_while_for(&mut guard, |()| is_full(), wait);
        match is_full() {
            false => Ok(()),
            true => Err(Error::busy(format!(
                "try again later: {} bytes of changes wait to be flushed, at most {} may",
                self.memory_bytes.load(Relaxed),
                self.settings.delta_bytes_max
            ))),
        }
    }

    /// Commits one group, whoever asked for what.
    fn commit(&self, requests: Vec<Request>) -> Vec<Result<Reply>> {
        let mut state = self.state.lock();
        let mut replies = Vec::with_capacity(requests.len());
        let mut batches = Vec::new();
        for request in requests {
            match request {
                Request::Batch(batch) => batches.push(*batch),
                Request::Catalog(change) => {
                    self.commit_batches(&mut state, std::mem::take(&mut batches), &mut replies);
                    replies.push(self.commit_catalog(&mut state, &change).map(Reply::Changed));
                }
            }
        }
        self.commit_batches(&mut state, batches, &mut replies);
        replies
    }

    fn commit_batches(&self, state: &mut State, batches: Vec<Batch>, replies: &mut Vec<Result<Reply>>) {
        let mut rest = &batches[..];
        while !rest.is_empty() {
            let mut answers = self.commit_run(state, rest);
            self.commit_deletes(state, &rest[..answers.len()], &mut answers);
            rest = &rest[answers.len()..];
            replies.extend(answers.into_iter().map(|answer| answer.map(Reply::Written)));
        }
    }

    /// Commits what only deletes by itself where the disk was too full for the run that it was part of.
    fn commit_deletes(&self, state: &mut State, batches: &[Batch], answers: &mut [Result<Written>]) {
        if batches.iter().all(Batch::only_deletes) {
            return;
        }
        for (batch, answer) in batches.iter().zip(answers) {
            let is_refused = answer.as_ref().is_err_and(|error| error.kind() == ErrorKind::Limit);
            if is_refused && batch.only_deletes() {
                *answer = self.commit_run(state, std::slice::from_ref(batch)).remove(0);
            }
        }
    }

    /// Commits as many of `batches` together as can be, at least one; returns their answers.
    fn commit_run(&self, state: &mut State, batches: &[Batch]) -> Vec<Result<Written>> {
        if let Err(error) = self.fence.check() {
            return batches.iter().map(|_| Err(copy(&error))).collect();
        }
        let mut run = self.resolve_run(state, batches);
        let only_deletes = batches[..run.answers.len()].iter().all(Batch::only_deletes);
        if run.records.is_empty() {
            return run.answers;
        }
        if let Err(error) = self.promise(state, &run.records, log_of(only_deletes)) {
            self.give_back(&run);
            for &index in &run.places {
                run.answers[index] = Err(copy(&error));
            }
        } else {
            for answer in run.answers.iter_mut().flatten() {
                answer.durable = self.durable();
            }
        }
        run.answers
    }

    /// Resolves batches from the front until the group is large enough, or a source comes a second time, whose answer
    /// depends on whether the first is committed.
    fn resolve_run(&self, state: &State, batches: &[Batch]) -> Run {
        let snapshot = self.snapshot();
        let mut resolver = Resolver::new(&snapshot, self.today());
        let mut run = Run { answers: Vec::new(), places: Vec::new(), records: Vec::new() };
        let (mut sources, mut bytes) = (Vec::new(), 0);
        let loads = self.loads.lock().clone();
        let mut young: Vec<_> = loads.iter().map(|load| (load.type_id, load.young.lock())).collect();
        let mut allocator = self.allocator.lock();
        let mut numbers = Numbers {
            allocator: &mut allocator,
            young: young.iter_mut().map(|(type_id, young)| (*type_id, &mut **young)).collect(),
        };
        for (index, batch) in batches.iter().enumerate() {
            if let Some((name, _)) = &batch.source {
                if sources.contains(&name) {
                    break;
                }
                sources.push(name);
            }
            if bytes >= GROUP_BYTES_TARGET {
                break;
            }
            let answer = match state.earlier_reply(&batch.source) {
                Ok(Some(reply)) => Ok(reply),
                Err(error) => Err(error),
                Ok(None) => resolver.resolve(batch, &mut numbers).map(|(record, encoded)| {
                    let seq = Seq(state.seq.0 + 1 + run.records.len() as u64);
                    let written = Written {
                        seq,
                        durable: self.durable(),
                        repeated: false,
                        unknown_entities: record.unknown_entities,
                        new_entities: record.new_entities,
                        new_values: new_values(&state.catalog, &record),
                    };
                    bytes += encoded.len();
                    run.places.push(index);
                    run.records.push(Resolved { seq, record, bytes: encoded });
                    written
                }),
            };
            run.answers.push(answer);
        }
        run
    }

    /// Makes the run's records durable as the space promises, and visible. An error leaves everything as it was, or
    /// the fence has tripped.
    pub(super) fn promise(&self, state: &mut State, run: &[Resolved], log: Log) -> Result<()> {
        let mut changes = Changes::new(state.seq.next());
        for Resolved { seq, record, .. } in run {
            changes.add(record, *seq, &state.catalog)?;
        }
        let built = changes.finish()?;
        let opened = open_built(&built)?;
        let records: Vec<LogRecord<'_>> =
            run.iter().map(|one| LogRecord { seq: one.seq, kind: KIND_BATCH, payload: &one.bytes }).collect();
        log(self, state, &records)?;
        state.seq = built.last_seq;
        for Resolved { seq, record, .. } in run {
            let mark = SourceMark {
                sequence: record.source.as_ref().map_or(0, |(_, sequence)| *sequence),
                seq: *seq,
                unknown_entities: record.unknown_entities,
                new_entities: record.new_entities,
            };
            state.note_source(&record.source, mark);
        }
        state.stack.layers.extend(opened.0);
        state.stack.names.extend(opened.1);
        self.merge_memory(state);
        self.publish(state);
        Ok(())
    }

    /// Shows `state` to readers.
    pub(super) fn publish(&self, state: &State) {
        self.memory_bytes.store(state.memory_bytes(), Relaxed);
        let version = Arc::new(state.version(&self.merged));
        self.published.store(Arc::clone(&version));
        self.merged.publish(&version);
        if self.is_flush_due() {
            self.wake(Work::Flush);
        }
    }

    /// Whether memory or the log's tail is long enough. Changes of the same entities over and over grow only the log,
    /// which the next open would replay.
    pub(super) fn is_flush_due(&self) -> bool {
        let longest = self.memory_bytes.load(Relaxed).max(self.log_tail_bytes.load(Relaxed));
        longest >= self.settings.flush_bytes
    }

    /// Gives running loads back what a run took that is not committed.
    fn give_back(&self, run: &Run) {
        let loads = self.loads.lock().clone();
        let mut young: Vec<_> = loads.iter().map(|load| (load.type_id, load.young.lock())).collect();
        let mut allocator = self.allocator.lock();
        let young: HashMap<TypeId, &mut Young> =
            young.iter_mut().map(|(type_id, young)| (*type_id, &mut **young)).collect();
        let mut numbers = Numbers { allocator: &mut allocator, young };
        for resolved in &run.records {
            untake(&resolved.record, &mut numbers);
        }
    }
}

/// Batches on their way: an answer for each, and the records of those that are new.
struct Run {
    answers: Vec<Result<Written>>,
    /// By record: the place of its answer.
    places: Vec<usize>,
    records: Vec<Resolved>,
}

/// A batch that only has to be promised.
pub(super) struct Resolved {
    pub(super) seq: Seq,
    pub(super) record: BatchRecord,
    /// The record as the log keeps it.
    pub(super) bytes: Vec<u8>,
}

/// The same error for another caller of the group.
fn copy(error: &Error) -> Error {
    Error::new(error.kind(), error.message())
}
