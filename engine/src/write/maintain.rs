//! What the background asks of the writer, and what an operator does.

use std::sync::atomic::Ordering::Relaxed;

use crate::error::{ErrorKind, Result};

use super::stack::Piece;
use super::status::Status;
use super::writer::Writer;

impl Writer {
    /// Says that there is something to flush or to compact.
    pub(crate) fn wake_background(&self) {
        *self.wakeups.work_lock.lock() = true;
        self.wakeups.work.notify_all();
    }

    /// Waits until somebody says that there is work.
    pub(crate) fn wait_for_work(&self) {
        let mut has_work = self.wakeups.work_lock.lock();
        while !*has_work {
            self.wakeups.work.wait(&mut has_work);
        }
        *has_work = false;
    }

    /// Flushes if memory is full enough, then compacts as long as it pays.
    pub(crate) fn maintain(&self) -> Result<()> {
        let result = self.try_maintain();
        *self.wakeups.failure.lock() = result.as_ref().err().map(|error| format!("{error:#}"));
        if result.is_err() && self.is_flush_due() {
            // The work is still to be done.
            *self.wakeups.work_lock.lock() = true;
        }
        result
    }

    fn try_maintain(&self) -> Result<()> {
        if self.is_flush_due() {
            self.flush()?;
        }
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
                    Ok(_) => state.wal.end(),
                }
            }),
        };
        self.set_closed();
        result
    }

    /// See [`Engine::status`](crate::engine::Engine::status).
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
                fenced: self.fence.reason().map(str::to_owned),
                background_error,
            }
        })
    }
}
