//! Upkeep: what the background asks of the writer, and what an operator does.

use std::sync::atomic::Ordering::Relaxed;

use crate::error::{ErrorKind, Result};
use crate::formats::{self, Format};
use crate::write::commit::state::State;

use crate::write::background::status::Status;
use crate::write::files::stack::{Piece, files_of};
use crate::write::pace::{Failing, Work};
use crate::write::writer::{Opening, Writer};

impl Writer {
    /// Flushes if that is due, or compacts one step if it pays; nothing behind the fence. Returns whether another step
    /// may be due. After an error the work is still to be done.
    pub(crate) fn work(&self, work: Work) -> Result<bool> {
        if self.files.fence.reason().is_some() {
            return Ok(false);
        }
        let (failing, result) = match work {
            Work::Flush if self.pace.is_flush_due() => (Failing::Flush, self.flush().map(|()| false)),
            Work::Flush => (Failing::Flush, Ok(false)),
            Work::Compact => (Failing::Compact, self.compact_by_size()),
            Work::Log => return self.commit.mark().map(|()| false),
        };
        self.pace.note(failing, &result);
        result
    }

    /// Flushes, and refuses everything from now on. A full disk does not keep a store from being closed: the log holds
    /// what could not be flushed.
    pub(crate) fn close(&self) -> Result<()> {
        if self.files.fence.reason().is_some() {
            self.set_closed();
            return Ok(());
        }
        let flushed = self.flush();
        let result = match flushed {
            Err(error) if error.kind() != ErrorKind::Limit => Err(error),
            _ => self.commit.alone(|state| {
                if state.unwritten.is_some() {
                    // Nothing was written since the store was opened.
                    return Ok(());
                }
                match self.commit.sync_log(state) {
                    Err(error) if error.kind() != ErrorKind::Limit => Err(error),
                    Err(_) => Ok(()),
                    Ok(_) => state.wal.mark(),
                }
            }),
        };
        self.set_closed();
        result
    }

    /// See `Engine::status`.
    pub(crate) fn status(&self) -> Status {
        let loads = self.commit.load_count();
        let background_error = self.pace.failure();
        let Opening { recovered_records, open_ns, discarded, dropped } = self.opening.clone();
        let merged = &self.commit.merged;
        self.commit.alone(|state| {
            let layers = &state.stack.layers;
            let part_files = || files_of(layers);
            let names_files = || files_of(&state.stack.names);
            Status {
                version: state.seq,
                durable: self.commit.durable(),
                flushed: state.base.seq,
                store_id: state.store_id,
                id_epoch: state.id_epoch,
                formats: written_formats(state),
                manifest: state.manifest.0,
                memory_layers: layers.iter().filter(|layer| layer.in_memory()).count(),
                memory_bytes: state.memory_bytes(),
                merged: merged.counts(),
                value_indexes: merged.values().counts(),
                kept_queries: merged.kept().counts(),
                file_layers: layers.iter().filter(|layer| !layer.in_memory()).count(),
                part_files: part_files().count(),
                part_bytes: part_files().map(|file| file.bytes).sum(),
                names_files: names_files().count(),
                names_bytes: names_files().map(|file| file.bytes).sum(),
                log_bytes: self.pace.log_tail_bytes.load(Relaxed),
                loads,
                recovered_records,
                open_ns,
                discarded,
                dropped,
                fenced: self.files.fence.reason().map(str::to_owned),
                background_error,
            }
        })
    }
}

/// The versions that a store in this state is written in.
fn written_formats(state: &State) -> Vec<(&'static str, u32)> {
    let version = |format: &Format| match format.name {
        name if name == formats::CATALOG.name => state.catalog.format_version(),
        name if name == formats::MANIFEST.name && !state.has_contents() => 1,
        _ => format.newest(),
    };
    formats::ALL.iter().map(|format| (format.name, version(format))).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::catalog::{CatalogChange, EntityKey, KeyKind};
    use crate::options::Options;
    use crate::storage::{ManualClock, Sim};
    use crate::write::Place;
    use crate::write::{Batch, Change, EntityChanges};

    #[test]
    fn what_failed_in_the_background_is_forgotten_when_it_succeeds() {
        let sim = Sim::new(1);
        let options = Options { background: false, flush_bytes: 1, ..Options::default() };
        let writer = Writer::open(Place {
            storage: Arc::new(sim.clone()),
            clock: Arc::new(ManualClock::new(0)),
            settings: options.write_settings(),
            lock_text: String::new(),
            new_store_id: [7; 16],
        })
        .unwrap();
        let (label, description) = (None, String::new());
        let create = CatalogChange::CreateType { name: "users".into(), key: KeyKind::String, label, description };
        writer.change_catalog(create).unwrap();
        let entities = vec![EntityChanges::new(EntityKey::Text("ann".into()), vec![Change::Touch])];
        writer.write(Batch { type_name: "users".into(), source: None, entities }).unwrap();
        sim.set_space(Some(0));
        assert_eq!(writer.work(Work::Flush).unwrap_err().kind(), ErrorKind::Limit);
        let background_error = || writer.status().background_error;
        assert!(background_error().is_some_and(|error| error.contains("disk full")), "{:?}", background_error());
        writer.work(Work::Compact).unwrap();
        assert!(background_error().is_some(), "something else that succeeds hides nothing");
        sim.set_space(None);
        writer.work(Work::Flush).unwrap();
        assert_eq!(background_error(), None);
    }
}
