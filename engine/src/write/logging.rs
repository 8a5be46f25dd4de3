//! How records get into the log, and when a reply may promise them.

use std::sync::atomic::Ordering::Relaxed;

use crate::error::{ErrorKind, Result};
use crate::ids::Seq;
use crate::wal::LogRecord;

use super::settings::Durability;
use super::state::State;
use super::wakeups::Work;
use super::writer::Writer;

/// Appends records, and syncs them where a reply promises that.
pub(super) type Log = fn(&Writer, &mut State, &[LogRecord<'_>]) -> Result<()>;

/// The way of records that only delete, or that of all others.
pub(super) fn log_of(only_deletes: bool) -> Log {
    match only_deletes {
        true => Writer::log_deletes,
        false => Writer::log,
    }
}

impl Writer {
    /// Appends to the log, and syncs it where a reply promises that.
    pub(super) fn log(&self, state: &mut State, records: &[LogRecord<'_>]) -> Result<()> {
        rewrite_recovered(state)?;
        let durable = state.wal.durable();
        state.wal.append_group(records, durable)?;
        self.logged(state, records)
    }

    /// The same for records that only delete, which goes on when the disk is full.
    fn log_deletes(&self, state: &mut State, records: &[LogRecord<'_>]) -> Result<()> {
        rewrite_recovered(state)?;
        let durable = state.wal.durable();
        state.wal.append_deletes(records, durable)?;
        self.logged(state, records)
    }

    /// Notes what was appended, and syncs it where a reply promises that.
    fn logged(&self, state: &mut State, records: &[LogRecord<'_>]) -> Result<()> {
        let bytes: usize = records.iter().map(|record| record.payload.len()).sum();
        self.log_tail_bytes.fetch_add(bytes as u64, Relaxed);
        if self.settings.durability == Durability::Commit {
            self.sync_log(state)?;
        }
        self.wakeups.groups_logged.fetch_add(1, Relaxed);
        self.wake(Work::Log);
        Ok(())
    }

    /// Writes down what is durable, so that damage to it is known as damage. Nothing before recovery is written anew: what
    /// it read is as it was.
    pub(crate) fn mark(&self) -> Result<()> {
        self.gate.alone(|| {
            let mut state = self.state.lock();
            if state.unwritten.is_some() {
                return Ok(());
            }
            let result = state.wal.mark();
            self.durable.store(state.wal.durable().0, Relaxed);
            result
        })
    }

    /// How many groups were logged so far.
    pub(crate) fn groups_logged(&self) -> u64 {
        self.wakeups.groups_logged.load(Relaxed)
    }

    /// Syncs the log and says so to everybody.
    pub(super) fn sync_log(&self, state: &mut State) -> Result<Seq> {
        rewrite_recovered(state)?;
        let result = state.wal.sync();
        self.durable.store(state.wal.durable().0, Relaxed);
        result.map(|()| state.wal.durable())
    }
}

/// Writes anew what recovery read, if that is still to be done; while the disk is full, the log goes on where it was, for
/// what only deletes. Errors: limit, where that too needs room.
fn rewrite_recovered(state: &mut State) -> Result<()> {
    let Some(records) = &state.unwritten else {
        return Ok(());
    };
    match state.wal.rewrite(records, state.base.seq) {
        Err(error) if error.kind() == ErrorKind::Limit && !state.gave_up => {
            // The first error is the one to tell.
            if state.wal.resume().is_err() {
                return Err(error);
            }
        }
        result => result?,
    }
    state.unwritten = None;
    Ok(())
}
