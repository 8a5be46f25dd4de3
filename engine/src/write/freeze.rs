//! A moment of the store that lies whole in files, for a backup.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::manifest::{self, Manifest};
use crate::storage::{HeldFile, Storage};

use super::publish::file_kind;
use super::stack::StackLayer;
use super::state::State;
use super::writer::Writer;

/// How often it is tried again when a load commits between a flush and the look at its manifest.
const TRIES_MAX: usize = 16;

/// A manifest of which nothing but its log is missing, and the files that it names, which stay as long as this value.
pub(crate) struct Frozen {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) manifest: Manifest,
    pub(crate) files: Vec<Arc<HeldFile>>,
}

impl Writer {
    /// Flushes, and holds on to what the manifest then names. Writers go on meanwhile; what they write is not in it.
    ///
    /// Errors: those of a flush; busy, when loads commit faster than this can flush; read-only, behind the fence, unless
    /// all that is visible lies in files.
    pub(crate) fn freeze(&self) -> Result<Frozen> {
        for _ in 0..TRIES_MAX {
            if let Some(reason) = self.fence.reason() {
                return self.freeze_fenced(reason);
            }
            self.flush()?;
            if let Some(frozen) = self.gate.alone(|| self.frozen(&self.state.lock()))? {
                return Ok(frozen);
            }
        }
        Err(Error::busy("try again when fewer loads run: one committed after each flush"))
    }

    /// Behind the fence nothing is flushed. What the last manifest names was synced before the fence tripped.
    fn freeze_fenced(&self, reason: &str) -> Result<Frozen> {
        let frozen = self.gate.alone(|| {
            let state = self.state.lock();
            if state.seq == state.base.seq { self.frozen(&state) } else { Ok(None) }
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
        let manifest = manifest::load(&*self.storage, state.manifest)?;
        let layer_files = state.stack.layers.iter().flat_map(StackLayer::files);
        let names_files = state.stack.names.iter().filter_map(|names| names.file.as_ref());
        let held: BTreeMap<&str, &Arc<HeldFile>> = layer_files
            .chain(names_files)
            .chain(&state.base.audiences)
            .map(|file| (file.held.path(), &file.held))
            .collect();
        let files = manifest.parts.iter().map(|record| {
            let path = file_kind(record.kind)?.path(record.id);
            let file = held.get(path.as_str()).copied().map(Arc::clone);
            file.ok_or_else(|| Error::internal(format!("{path} is named by the manifest and not held")))
        });
        let files = files.collect::<Result<Vec<_>>>()?;
        Ok(Some(Frozen { storage: Arc::clone(&self.storage), manifest, files }))
    }
}
