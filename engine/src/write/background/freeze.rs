//! A checkpoint for a backup: a moment of the store that lies whole in files, or where the disk has no room for that,
//! in files and records of the log.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::manifest::{self, Manifest};
use crate::storage::{HeldFile, Storage};
use crate::wal::{LogStart, Record};

use crate::write::commit::manifest::file_kind;
use crate::write::commit::state::State;
use crate::write::files::stack::files_of;
use crate::write::writer::Writer;

/// How often it is tried again when a load commits between a flush and the look at its manifest.
const TRIES_MAX: usize = 16;

/// A manifest, the files that it names, which stay as long as this value, and what its log is to hold.
pub(crate) struct Frozen {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) manifest: Manifest,
    pub(crate) files: Vec<Arc<HeldFile>>,
    /// The batches that came after the manifest; none where all lie in the files.
    pub(crate) records: Vec<Record>,
}

impl Writer {
    /// Flushes, and holds on to what the manifest then names. Writers go on meanwhile; what they write is not in it. On
    /// a full disk nothing is flushed, and the latest batches are taken from the log.
    ///
    /// Errors: those of a flush; busy, when loads commit faster than this can flush; read-only, behind the fence,
    /// unless all that is visible lies in files, or nothing was written since the open.
    pub(crate) fn freeze(&self) -> Result<Frozen> {
        for _ in 0..TRIES_MAX {
            if let Some(reason) = self.files.fence.reason() {
                return self.freeze_fenced(reason);
            }
            match self.flush() {
                Err(error) if error.kind() == ErrorKind::Limit => {
                    return self.commit.alone(|state| self.frozen_with_log(state));
                }
                flushed => flushed?,
            }
            if let Some(frozen) = self.commit.alone(|state| self.frozen(state))? {
                return Ok(frozen);
            }
        }
        Err(Error::busy("try again when fewer loads run: one committed after each flush"))
    }

    /// Behind the fence nothing is flushed. What the last manifest names was synced before the fence tripped.
    fn freeze_fenced(&self, reason: &str) -> Result<Frozen> {
        let frozen = self.commit.alone(|state| {
            match state.seq == state.base.seq {
                true => self.frozen(state),
                // The log is as the open found it.
                false if state.wal.is_as_read() => self.frozen_with_log(state).map(Some),
                false => Ok(None),
            }
        })?;
        frozen.ok_or_else(|| {
            Error::read_only(format!(
                "restart before a backup: the latest batches lie in the log, and cannot be flushed since an earlier \
                 write failed ({reason})"
            ))
        })
    }

    /// The newest manifest, if the log behind it holds nothing that its files rely on.
    fn frozen(&self, state: &State) -> Result<Option<Frozen>> {
        let layers = state.stack.layers.iter().filter(|layer| layer.parts.iter().all(|part| part.file.is_some()));
        let highest = layers.map(|layer| layer.last_seq).chain(state.loads.values().map(|loaded| loaded.seq)).max();
        if highest.is_some_and(|highest| highest > state.base.seq) {
            return Ok(None);
        }
        self.frozen_with(state, Vec::new()).map(Some)
    }

    /// The newest manifest and all that came after it, as a crash would leave them.
    fn frozen_with_log(&self, state: &State) -> Result<Frozen> {
        let records = match &state.unwritten {
            Some(records) => records.clone(),
            None => state.wal.read(LogStart { floor: state.base.log_floor, after: state.base.seq })?,
        };
        self.frozen_with(state, records)
    }

    fn frozen_with(&self, state: &State, records: Vec<Record>) -> Result<Frozen> {
        let manifest = manifest::load(&*self.files.storage, state.manifest)?;
        let held: BTreeMap<&str, &Arc<HeldFile>> = files_of(&state.stack.layers)
            .chain(files_of(&state.stack.names))
            .chain(&state.base.audiences)
            .map(|file| (file.held.path(), &file.held))
            .collect();
        let files = manifest.parts.iter().map(|record| {
            let path = file_kind(record.kind)?.path(record.id);
            let file = held.get(path.as_str()).copied().map(Arc::clone);
            file.ok_or_else(|| Error::internal(format!("{path} is named by the manifest and not held")))
        });
        let files = files.collect::<Result<Vec<_>>>()?;
        Ok(Frozen { storage: Arc::clone(&self.files.storage), manifest, files, records })
    }
}
