//! What the background asks of the writer, and what an operator does.

use std::sync::atomic::Ordering::Relaxed;

use crate::error::{ErrorKind, Result};

use super::stack::Piece;
use super::status::Status;
use super::writer::{Work, Writer};

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
        if let Err(error) = &result {
            *self.wakeups.failure.lock() = Some(format!("{error:#}"));
            self.wake(work);
        }
        result
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
        let background_error = self.wakeups.failure.lock().clone();
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
