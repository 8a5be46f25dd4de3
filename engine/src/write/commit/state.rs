//! The writer's mutable state: what it knows beyond the published version; only who leads at the gate touches it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::catalog::Catalog;
use crate::error::{Error, Result};
use crate::ids::{FileNumber, Seq};
use crate::keys::Names;
use crate::part::Part;
use crate::snapshot::{Derived, Layer, MergedBitmaps, Version};
use crate::wal::{Record, Wal};

use crate::write::commit::batch::{SOURCE_BYTES_MAX, SOURCES_MAX};
use crate::write::commit::reply::{Loaded, Written};
use crate::write::files::stack::{Piece, Stack, StackLayer, StoredFile, memory_bytes_of};

/// The last sequence of one source, and its first reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SourceMark {
    pub(crate) sequence: u64,
    pub(crate) seq: Seq,
    pub(crate) unknown_entities: u64,
    pub(crate) new_entities: u64,
}

/// All sources; cheap to clone while nothing changes.
pub(crate) type Sources = Arc<BTreeMap<String, SourceMark>>;

/// The store as its part files have it: what the newest manifest says beside the files.
#[derive(Clone)]
pub(crate) struct Base {
    /// Everything up to here is in files; the log holds the rest.
    pub(crate) seq: Seq,
    pub(crate) catalog: Catalog,
    pub(crate) sources: Sources,
    /// The lowest log file that counts.
    pub(crate) log_floor: FileNumber,
    /// The file of the audiences, where there are any.
    pub(crate) audiences: Option<StoredFile>,
}

/// See the module.
pub(crate) struct State {
    pub(crate) store_id: [u8; 16],
    pub(crate) id_epoch: u64,
    pub(crate) wal: Wal,
    /// What recovery read from the log and could not yet write anew, because the disk is full; nothing is written
    /// before that.
    pub(crate) unwritten: Option<Vec<Record>>,
    /// The last open gave up a part of the log, so the files that it read cannot go on.
    pub(crate) gave_up: bool,
    /// The last seq that was given, and is visible.
    pub(crate) seq: Seq,
    pub(crate) catalog: Catalog,
    pub(crate) stack: Stack,
    pub(crate) sources: Sources,
    /// Results of committed loads by load id; [`LOADS_REMEMBERED_MAX`] of them.
    pub(crate) loads: BTreeMap<String, Loaded>,
    pub(crate) base: Base,
    /// A flush of everything up to here is under way or done; nothing at or below it is merged in memory.
    pub(crate) frozen: Seq,
    pub(crate) manifest: FileNumber,
}

/// The most committed loads whose results are remembered; the oldest is forgotten first.
pub(crate) const LOADS_REMEMBERED_MAX: usize = 10_000;

impl State {
    /// What readers pin: the catalog, layers and names of now, and what is kept merged of them.
    pub(crate) fn version(&self, merged: &Arc<MergedBitmaps>) -> Version {
        Version {
            seq: self.seq,
            catalog: self.catalog.clone(),
            layers: self.stack.layers.iter().map(layer).collect(),
            names: Names::new(self.stack.names.iter().flat_map(StackLayer::readers).collect()),
            store_id: self.store_id,
            id_epoch: self.id_epoch,
            merged: Arc::clone(merged),
            derived: Derived::default(),
        }
    }

    /// The bytes of layers and names in memory.
    pub(crate) fn memory_bytes(&self) -> u64 {
        memory_bytes_of(&self.stack.layers) + memory_bytes_of(&self.stack.names)
    }

    /// The answer that a batch with this source and sequence already has; none for one that is new.
    ///
    /// Errors: conflict for a sequence below the last one, limit for a source too many.
    pub(crate) fn earlier_reply(&self, source: &Option<(String, u64)>) -> Result<Option<Written>> {
        let Some((name, sequence)) = source else {
            return Ok(None);
        };
        if name.is_empty() || name.len() > SOURCE_BYTES_MAX {
            return Err(Error::invalid(format!(
                "a source's name has 1 to {SOURCE_BYTES_MAX} bytes, not {}",
                name.len()
            )));
        }
        let Some(mark) = self.sources.get(name) else {
            if self.sources.len() >= SOURCES_MAX {
                return Err(Error::limit(format!(
                    "reuse the names of sources: this space already remembers {SOURCES_MAX} of them"
                )));
            }
            return Ok(None);
        };
        if *sequence < mark.sequence {
            return Err(Error::conflict(format!(
                "already applied: source `{name}` has sent sequence {} since {sequence}",
                mark.sequence
            )));
        }
        if *sequence > mark.sequence {
            return Ok(None);
        }
        Ok(Some(Written {
            seq: mark.seq,
            durable: self.wal.durable(),
            repeated: true,
            unknown_entities: mark.unknown_entities,
            new_entities: mark.new_entities,
            new_values: Vec::new(),
        }))
    }

    /// Remembers the reply to a batch.
    pub(crate) fn note_source(&mut self, source: &Option<(String, u64)>, mark: SourceMark) {
        if let Some((name, _)) = source {
            Arc::make_mut(&mut self.sources).insert(name.clone(), mark);
        }
    }

    /// Whether a load is remembered by a digest of what it read.
    pub(crate) fn has_contents(&self) -> bool {
        self.loads.values().any(|loaded| loaded.content.is_some())
    }

    /// Remembers the result of a load.
    pub(crate) fn note_load(&mut self, load_id: &str, loaded: Loaded) {
        self.loads.insert(load_id.to_owned(), loaded);
        while self.loads.len() > LOADS_REMEMBERED_MAX {
            let oldest = self.loads.iter().min_by_key(|(_, loaded)| loaded.seq).map(|(id, _)| id.clone());
            oldest.and_then(|id| self.loads.remove(&id));
        }
    }
}

fn layer(layer: &StackLayer<Part>) -> Layer {
    Layer { first_seq: layer.first_seq, last_seq: layer.last_seq, parts: layer.readers(), in_memory: layer.in_memory() }
}
