//! What the background asks of the writer, and what an operator does.

use std::sync::atomic::Ordering::Relaxed;

use crate::error::{ErrorKind, Result};

use super::stack::Piece;
use super::status::Status;
use super::wakeups::Work;
use super::writer::Writer;

/// What can fail in the background.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failing {
    Flush,
    Compact,
    MergeMemory,
}

impl Drop for Writer {
    fn drop(&mut self) {
        // What is kept of a version keeps the version.
        self.merged.end();
    }
}

impl Writer {
    /// Says that there is `work`.
    pub(crate) fn wake(&self, work: Work) {
        self.wakeups.bell.lock().ring(work);
    }

    /// From now on has `ring` told of work; at once of what there was before.
    pub(crate) fn heed(&self, ring: impl Fn(Work) + Send + Sync + 'static) {
        let mut bell = self.wakeups.bell.lock();
        bell.ring = Some(Box::new(ring));
        let unheard = std::mem::take(&mut bell.unheard);
        for work in [Work::Flush, Work::Compact, Work::Log] {
            if unheard[work as usize] {
                bell.ring(work);
            }
        }
    }

    /// Nobody is told of work any more.
    pub(crate) fn heed_nobody(&self) {
        self.wakeups.bell.lock().ring = None;
    }

    /// Flushes if that is due, or compacts one step if it pays; nothing behind the fence. Returns whether another step may
    /// be due. After an error the work is still to be done.
    pub(crate) fn work(&self, work: Work) -> Result<bool> {
        if self.fence.reason().is_some() {
            return Ok(false);
        }
        let (failing, result) = match work {
            Work::Flush if self.is_flush_due() => (Failing::Flush, self.flush().map(|()| false)),
            Work::Flush => (Failing::Flush, Ok(false)),
            Work::Compact => (Failing::Compact, self.compact_by_size()),
            Work::Log => return self.mark().map(|()| false),
        };
        self.note(failing, &result);
        result
    }

    /// Remembers why something failed, until it succeeds.
    pub(super) fn note<T>(&self, failing: Failing, outcome: &Result<T>) {
        self.wakeups.failures.lock()[failing as usize] = outcome.as_ref().err().map(|error| match failing {
            Failing::MergeMemory => format!("merging in memory: {error:#}"),
            Failing::Flush | Failing::Compact => format!("{error:#}"),
        });
    }

    /// Flushes, and refuses everything from now on. A full disk does not keep a store from being closed: the log holds
    /// what could not be flushed.
    pub(crate) fn close(&self) -> Result<()> {
        if self.fence.reason().is_some() {
            self.set_closed();
            return Ok(());
        }
        let flushed = self.flush();
        let result = match flushed {
            Err(error) if error.kind() != ErrorKind::Limit => Err(error),
            _ => self.gate.alone(|| {
                let mut state = self.state.lock();
                if state.unwritten.is_some() {
                    // Nothing was written since the store was opened.
                    return Ok(());
                }
                match self.sync_log(&mut state) {
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
        let loads = self.loads.lock().len();
        let background_error = self.wakeups.failures.lock().iter().flatten().next().cloned();
        self.gate.alone(|| {
            let state = self.state.lock();
            let layers = &state.stack.layers;
            let part_files = || layers.iter().flat_map(|layer| layer.files());
            let names_files = || state.stack.names.iter().filter_map(|names| names.file.as_ref());
            Status {
                version: state.seq,
                durable: self.durable(),
                flushed: state.base.seq,
                store_id: state.store_id,
                id_epoch: state.id_epoch,
                manifest: state.manifest.0,
                memory_layers: layers.iter().filter(|layer| layer.in_memory()).count(),
                memory_bytes: state.memory_bytes(),
                merged: self.merged.counts(),
                value_indexes: self.merged.values().counts(),
                kept_queries: self.merged.kept().counts(),
                file_layers: layers.iter().filter(|layer| !layer.in_memory()).count(),
                part_files: part_files().count(),
                part_bytes: part_files().map(|file| file.bytes).sum(),
                names_files: names_files().count(),
                names_bytes: names_files().map(|file| file.bytes).sum(),
                log_bytes: self.log_tail_bytes.load(Relaxed),
                loads,
                recovered_records: self.recovered_records,
                open_ns: self.open_ns,
                discarded: self.discarded.clone(),
                dropped: self.dropped.clone(),
                fenced: self.fence.reason().map(str::to_owned),
                background_error,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::catalog::{CatalogChange, EntityKey, KeyKind};
    use crate::options::Options;
    use crate::storage::{ManualClock, Sim};
    use crate::write::recover::Place;
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
