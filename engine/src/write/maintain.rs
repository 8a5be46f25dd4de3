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

impl Failing {
    fn of(work: Work) -> Failing {
        match work {
            Work::Flush => Failing::Flush,
            Work::Compact => Failing::Compact,
        }
    }
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
        self.wakeups.work_lock.lock()[work as usize] = true;
        self.wakeups.work.notify_all();
    }

    /// Waits until somebody says that there is `work`.
    pub(crate) fn wait_for(&self, work: Work) {
        let mut waiting = self.wakeups.work_lock.lock();
        while !waiting[work as usize] {
            self.wakeups.work.wait(&mut waiting);
        }
        waiting[work as usize] = false;
    }

    /// Flushes if that is due, or compacts as long as it pays; nothing behind the fence. After an error the work is
    /// still to be done.
    pub(crate) fn work(&self, work: Work) -> Result<()> {
        if self.fence.reason().is_some() {
            return Ok(());
        }
        let result = match work {
            Work::Flush if self.is_flush_due() => self.flush(),
            Work::Flush => Ok(()),
            Work::Compact => self.compact_while_it_pays(),
        };
        self.note(Failing::of(work), &result);
        if result.is_err() {
            self.wake(work);
        }
        result
    }

    /// Remembers why something failed, until it succeeds.
    pub(super) fn note(&self, failing: Failing, outcome: &Result<()>) {
        self.wakeups.failures.lock()[failing as usize] = outcome.as_ref().err().map(|error| match failing {
            Failing::MergeMemory => format!("merging in memory: {error:#}"),
            Failing::Flush | Failing::Compact => format!("{error:#}"),
        });
    }

    fn compact_while_it_pays(&self) -> Result<()> {
        while self.compact_by_size()? {}
        Ok(())
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
