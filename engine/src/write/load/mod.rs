//! Bulk loads: many rows become visible at once, as if they had been written when the load began.
//!
//! A load takes its place in the order (its seq) when it begins. Its blocks are built into parts beside the writer, in
//! memory up to a bound and in files beyond it, and merged into one layer when it commits; the layer is put at the
//! load's place, below all batches since, which win. Keys are looked up as of the beginning; what became known since is
//! shared with the small writes (see [`Running`]), so no id ever has to be moved. Nothing of a load is in the log but
//! its place: until the manifest names its files it did not happen, and dropping it leaves holes in the ids and no
//! files.

mod block;
mod commit;
mod keys;
mod memory;
mod prepared;
mod rows;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use roaring::RoaringBitmap;

use crate::catalog::EntityType;
use crate::columns::LoadBlock;
use crate::error::{Error, Result};
use crate::ids::{LocalId, Seq, TagId};
use crate::part::{BitmapStack, Part};
use crate::snapshot::Snapshot;
use crate::wal::LogRecord;

use self::memory::LoadMemory;
pub use self::prepared::PreparedLoad;
use crate::write::commit::logging::{KIND_PLACE, Room};
use crate::write::commit::reply::{LoadMode, LoadSpec, Loaded};
use crate::write::commit::state::State;
use crate::write::files::retire;
use crate::write::files::stack::StackPart;
use crate::write::running::Running;
use crate::write::writer::Writer;

/// The longest load id, in bytes.
pub(super) const LOAD_ID_BYTES_MAX: usize = 256;
/// The most rows of one block.
pub(super) const BLOCK_ROWS_MAX: usize = 1 << 22;

/// One bulk load. Dropping it aborts it.
pub struct Load {
    writer: Arc<Writer>,
    stage: Stage,
}

enum Stage {
    /// A load of this id was committed before: rows are ignored and the first result is repeated.
    Repeated(Loaded),
    Running(Begun),
}

/// A load that runs, and ends for everybody else when this is dropped.
struct Begun {
    writer: Arc<Writer>,
    spec: LoadSpec,
    work: Box<Work>,
}

impl Drop for Begun {
    fn drop(&mut self) {
        self.work.forget(&self.writer);
    }
}

/// The state of a load that runs.
struct Work {
    running: Arc<Running>,
    entity_type: EntityType,
    /// The store as it was when the load began.
    snapshot: Snapshot,
    live: BitmapStack,
    /// Entities that an earlier row named.
    seen: RoaringBitmap,
    /// Those of them that were known when the load began.
    known: RoaringBitmap,
    /// Ids reserved and not yet given.
    reserved: Vec<LocalId>,
    /// What is done with tags that are not upserted.
    modes: BTreeMap<TagId, LoadMode>,
    tags: BTreeSet<TagId>,
    rows: u64,
    /// The day on which it began, which is that of its place in the order.
    today: i64,
    /// Blocks in memory, oldest first.
    blocks: Vec<Arc<Part>>,
    memory: LoadMemory,
    /// Blocks that were merged into files, oldest first.
    spilled: Vec<Vec<StackPart<Part>>>,
}

impl Writer {
    /// What the load of this id came to, where it was committed. Errors: conflict, where it had other content.
    pub(crate) fn loaded(&self, load_id: &str, content: Option<[u8; 16]>) -> Result<Option<Loaded>> {
        let loaded = self.commit.state.lock().loads.get(load_id).copied();
        loaded.map(|loaded| earlier(load_id, content, loaded)).transpose()
    }
}

impl Load {
    /// See `Engine::begin_load`.
    pub(crate) fn begin(writer: &Arc<Writer>, spec: LoadSpec) -> Result<Load> {
        writer.check_open()?;
        if spec.load_id.is_empty() || spec.load_id.len() > LOAD_ID_BYTES_MAX {
            return Err(Error::invalid(format!(
                "a load id has 1 to {LOAD_ID_BYTES_MAX} bytes, not {}",
                spec.load_id.len()
            )));
        }
        // What the rows refer to (keys, values, tags) then lies in files like the load itself, so that a log that was
        // damaged and given up does not leave a load without names.
        if writer.commit.alone(|state| !state.loads.contains_key(&spec.load_id)) {
            writer.flush()?;
        }
        let stage = match writer.commit.alone(|state| begin(writer, state, &spec))? {
            Ok(loaded) => Stage::Repeated(loaded),
            Err(work) => Stage::Running(Begun { writer: Arc::clone(writer), spec, work }),
        };
        Ok(Load { writer: Arc::clone(writer), stage })
    }

    /// The result of an earlier load with this id, where there is one: then there is nothing to append.
    pub fn earlier_result(&self) -> Option<Loaded> {
        match &self.stage {
            Stage::Repeated(loaded) => Some(*loaded),
            Stage::Running(_) => None,
        }
    }

    /// The load's place in the order.
    pub fn seq(&self) -> Seq {
        match &self.stage {
            Stage::Repeated(loaded) => loaded.load_seq,
            Stage::Running(begun) => begun.work.running.seq,
        }
    }

    /// What who reads the next block may hold meanwhile, of the `wanted` bytes: a share of `load_bytes_max`, for which
    /// blocks make room.
    ///
    /// Errors: those of writing blocks into files.
    pub fn room_for_reading(&mut self, wanted: u64) -> Result<u64> {
        self.writer.check_open()?;
        match &mut self.stage {
            Stage::Repeated(_) => Ok(wanted),
            Stage::Running(begun) => begun.work.room_for_reading(&self.writer, wanted),
        }
    }

    /// Says what is held by who has read the block that comes next, so that the rest is the load's.
    pub fn read_with(&mut self, held: u64) {
        if let Stage::Running(begun) = &mut self.stage {
            begun.work.memory.read(held);
        }
    }

    /// Takes the next rows, in file order. After an error the load can only be dropped.
    ///
    /// Errors: invalid, naming column and row, for values that the tag cannot hold; not found for an unknown tag.
    pub fn append(&mut self, block: LoadBlock) -> Result<()> {
        self.writer.check_open()?;
        match &mut self.stage {
            Stage::Repeated(_) => Ok(()),
            Stage::Running(begun) => begun.work.append(&self.writer, block),
        }
    }

    /// Writes all rows into files, which nobody sees yet, and shows what would be if they were committed.
    ///
    /// Errors: conflict, for the repeat of an earlier load; limit, when the disk is full: nothing has happened.
    pub fn prepare(self) -> Result<PreparedLoad> {
        self.writer.check_open()?;
        match self.stage {
            Stage::Repeated(loaded) => {
                Err(Error::conflict(format!("there is nothing to prepare: it was committed at {} before", loaded.seq)))
            }
            Stage::Running(begun) => PreparedLoad::of(begun),
        }
    }

    /// Makes all rows visible at once, durably. Errors: not found, when the type was dropped meanwhile; limit, when the
    /// disk is full: nothing has happened.
    pub fn commit(self) -> Result<Loaded> {
        match self.earlier_result() {
            Some(loaded) => {
                self.writer.check_open()?;
                Ok(Loaded { repeated: true, ..loaded })
            }
            None => self.prepare()?.commit(),
        }
    }
}

/// The result of an earlier load of the same id, or the work of this one.
fn begin(writer: &Writer, state: &mut State, spec: &LoadSpec) -> Result<std::result::Result<Loaded, Box<Work>>> {
    let Writer { commit, files, pace, .. } = writer;
    if let Some(loaded) = state.loads.get(&spec.load_id) {
        return earlier(&spec.load_id, spec.content, *loaded).map(Ok);
    }
    files.fence.check()?;
    let entity_type = state
        .catalog
        .entity_type(spec.type_id)
        .cloned()
        .ok_or_else(|| Error::not_found("load again: the entity type was dropped meanwhile"))?;
    if commit.is_loading(spec.type_id) {
        return Err(Error::busy(format!("wait until it ends: another load of `{}` is running", entity_type.name)));
    }
    let seq = state.seq.next();
    commit.log(pace, state, &[LogRecord { seq, kind: KIND_PLACE, payload: &PLACE_PAYLOAD }], Room::Ordinary)?;
    state.seq = seq;
    commit.publish(pace, state);
    let snapshot = commit.snapshot();
    let live = snapshot.live(entity_type.id)?;
    let running = commit.begin_load(seq, spec.type_id);
    Ok(Err(Box::new(Work {
        running,
        entity_type,
        snapshot,
        live,
        seen: RoaringBitmap::new(),
        known: RoaringBitmap::new(),
        reserved: Vec::new(),
        modes: spec.modes.clone(),
        tags: BTreeSet::new(),
        rows: 0,
        today: files.today(),
        blocks: Vec::new(),
        memory: LoadMemory::new(pace.settings.load_bytes_max),
        spilled: Vec::new(),
    })))
}

/// The result of the committed load of this id. Errors: conflict, where it is known to have read something else.
fn earlier(load_id: &str, content: Option<[u8; 16]>, loaded: Loaded) -> Result<Loaded> {
    match (content, loaded.content) {
        (Some(content), Some(before)) if content != before => Err(Error::conflict(format!(
            "give this load an id of its own: `{load_id}` was committed at {} with another file, mapping or mode",
            loaded.seq
        ))),
        _ => Ok(loaded),
    }
}

/// The layout of a place in the log: a version and nothing else.
pub(super) const PLACE_PAYLOAD: [u8; 1] = [1];

impl Work {
    /// Ends the load for everybody else: files go, its place is no barrier any more. What was committed is held by the
    /// published version.
    fn forget(&self, writer: &Writer) {
        for layer in &self.spilled {
            retire(layer.iter().filter_map(|part| part.file.as_ref()));
        }
        retire(self.running.young.lock().names.files());
        writer.commit.end_load(&self.running);
    }
}
