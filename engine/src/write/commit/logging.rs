//! The write-ahead log as the commit uses it: how records get into it, and when a reply may promise them.

use std::sync::atomic::Ordering::Relaxed;

use crate::error::{ErrorKind, Result};
use crate::ids::Seq;
use crate::wal::LogRecord;
use crate::write::commit::Commit;
use crate::write::commit::state::State;
use crate::write::pace::Pace;
use crate::write::settings::Durability;

/// Kinds of records in the log.
pub(crate) const KIND_BATCH: u8 = 1;
/// A change of the catalog.
pub(crate) const KIND_CATALOG: u8 = 2;
/// A place in the order without changes: a load begins or becomes visible here.
pub(crate) const KIND_PLACE: u8 = 3;
/// A change of the catalog that a program cannot read which does not know of the dates of writes.
pub(crate) const KIND_CATALOG_DATED: u8 = 4;

/// Where records may go when the disk is full.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Room {
    /// Nowhere.
    Ordinary,
    /// Into what is kept for records that only delete.
    Reserved,
}

impl Room {
    /// The room of records that only delete, or of all others.
    pub(crate) fn of(only_deletes: bool) -> Room {
        if only_deletes { Room::Reserved } else { Room::Ordinary }
    }
}

impl Commit {
    /// Appends to the log, and syncs it where a reply promises that.
    pub(crate) fn log(&self, pace: &Pace, state: &mut State, records: &[LogRecord<'_>], room: Room) -> Result<()> {
        rewrite_recovered(state)?;
        let durable = state.wal.durable();
        match room {
            Room::Ordinary => state.wal.append_group(records, durable)?,
            Room::Reserved => state.wal.append_deletes(records, durable)?,
        }
        let bytes: usize = records.iter().map(|record| record.payload.len()).sum();
        pace.log_tail_bytes.fetch_add(bytes as u64, Relaxed);
        if pace.settings.durability == Durability::Commit {
            self.sync_log(state)?;
        }
        pace.note_group();
        Ok(())
    }

    /// Writes down what is durable, so that damage to it is known as damage. Nothing before recovery is written anew:
    /// what it read is as it was.
    pub(crate) fn mark(&self) -> Result<()> {
        self.alone(|state| {
            if state.unwritten.is_some() {
                return Ok(());
            }
            let result = state.wal.mark();
            self.durable.store(state.wal.durable().0, Relaxed);
            result
        })
    }

    /// Syncs the log and says so to everybody.
    pub(crate) fn sync_log(&self, state: &mut State) -> Result<Seq> {
        rewrite_recovered(state)?;
        let result = state.wal.sync();
        self.durable.store(state.wal.durable().0, Relaxed);
        result.map(|()| state.wal.durable())
    }
}

/// Writes anew what recovery read, if that is still to be done; while the disk is full, the log goes on where it was,
/// for what only deletes. Errors: limit, where that too needs room.
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
