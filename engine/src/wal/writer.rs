//! Writing one log file.

use super::format::{self, FILE_HEADER_BYTES, FileHeader, NOTE_BYTES, Seal};
use super::{LogRecord, WalConfig};
use crate::codec::Writer;
use crate::error::{ErrorKind, Result};
use crate::ids::{FileNumber, Seq};
use crate::storage::publish::{TEMPORARY_SUFFIX, remove_if_there};
use crate::storage::{Fence, Storage, WriteFile};

/// A log file that takes groups at its end.
pub(super) struct LogFile {
    file: Box<dyn WriteFile>,
    number: FileNumber,
    seal: Seal,
    /// How far room was taken in advance.
    room_bytes: u64,
    /// No group may follow, because the disk was full in the middle of one.
    is_closed: bool,
    /// The highest durable seq that stands in the file.
    marked: Seq,
    buffer: Writer,
}

/// A log file under its temporary name, whole and synced.
pub(super) struct PreparedFile {
    file: LogFile,
    temporary: String,
}

impl PreparedFile {
    /// Writes a file with `records` and room for `room_bytes` in all, under a temporary name. Nothing is left behind
    /// when the disk has no room for it.
    pub(super) fn write(
        config: &WalConfig,
        header: FileHeader,
        records: &[LogRecord<'_>],
        room_bytes: u64,
    ) -> Result<PreparedFile> {
        let temporary = format!("{}{TEMPORARY_SUFFIX}", format::path(header.number));
        let result = fill_temporary(&*config.storage, &temporary, &header, records, room_bytes);
        if result.is_err() {
            // The first error is the one to tell; the name is free again at the next attempt.
            let _ = config.storage.remove(&temporary);
        }
        let file = config.fence.guard(result)?;
        Ok(PreparedFile { file, temporary })
    }

    /// Gives the file its final name, durably. After a limit error the name is not given.
    pub(super) fn publish(self, config: &WalConfig) -> Result<LogFile> {
        let renamed = config.fence.guard(config.storage.rename(&self.temporary, &format::path(self.file.number)));
        if renamed.is_err() {
            // The first error is the one to tell; the name is free again at the next attempt.
            let _ = config.storage.remove(&self.temporary);
        }
        renamed?;
        config.fence.guard(config.storage.sync_dir(format::LOG_DIR))?;
        Ok(self.file)
    }
}

fn fill_temporary(
    storage: &dyn Storage,
    temporary: &str,
    header: &FileHeader,
    records: &[LogRecord<'_>],
    room_bytes: u64,
) -> Result<LogFile> {
    remove_if_there(storage, temporary)?;
    let mut file = storage.create(temporary)?;
    let records_bytes: u64 = records.iter().map(|record| format::record_bytes(record.payload.len()) as u64).sum();
    let room_bytes = room_bytes.max(FILE_HEADER_BYTES as u64 + records_bytes + NOTE_BYTES);
    file.preallocate(room_bytes)?;
    let mut buffer = Writer::new();
    header.encode(&mut buffer);
    file.write_all(buffer.as_bytes())?;
    for record in records {
        buffer.clear();
        encode(&mut buffer, header.seal(), record, Seq(header.first_seq.0 - 1));
        file.write_all(buffer.as_bytes())?;
    }
    file.sync_data()?;
    let (number, seal, marked) = (header.number, header.seal(), header.durable);
    Ok(LogFile { file, number, seal, room_bytes, is_closed: false, marked, buffer })
}

fn encode(buffer: &mut Writer, seal: Seal, record: &LogRecord<'_>, durable: Seq) {
    format::encode_record(buffer, seal, record.kind, (record.seq, durable), record.payload);
}

impl LogFile {
    pub(super) fn number(&self) -> FileNumber {
        self.number
    }

    pub(super) fn marked(&self) -> Seq {
        self.marked
    }

    /// Whether `bytes` more can be written here without running out of room. The room of the closing record is kept.
    pub(super) fn has_room(&self, bytes: u64) -> bool {
        !self.is_closed && self.file.written_bytes().saturating_add(bytes).saturating_add(NOTE_BYTES) <= self.room_bytes
    }

    /// Writes a group in one call. After a limit error nothing of it is in the file and the file takes no more.
    pub(super) fn append(&mut self, records: &[LogRecord<'_>], durable: Seq, fence: &Fence) -> Result<()> {
        self.buffer.clear();
        for record in records {
            encode(&mut self.buffer, self.seal, record, durable);
        }
        self.write_buffer(fence)?;
        self.marked = self.marked.max(durable);
        Ok(())
    }

    /// Writes a mark that everything up to `durable` is durable; `last` is the last record's seq.
    pub(super) fn append_mark(&mut self, last: Seq, durable: Seq, fence: &Fence) -> Result<()> {
        self.buffer.clear();
        format::encode_mark(&mut self.buffer, self.seal, last, durable);
        self.write_buffer(fence)?;
        self.marked = durable;
        Ok(())
    }

    /// Says durably that file `next` has its name; `last` is the last record's seq, and durable. Nothing may follow. After
    /// a limit error nothing of it is in the file, and it may be tried again.
    pub(super) fn append_close(&mut self, last: Seq, next: FileNumber, fence: &Fence) -> Result<()> {
        self.buffer.clear();
        format::encode_close(&mut self.buffer, self.seal, last, next);
        self.write_buffer(fence)?;
        self.marked = last;
        self.close(fence)
    }

    fn write_buffer(&mut self, fence: &Fence) -> Result<()> {
        let end = self.file.written_bytes();
        let result = fence.guard(self.file.write_all(self.buffer.as_bytes()));
        if result.as_ref().is_err_and(|error| error.kind() == ErrorKind::Limit) {
            self.is_closed = true;
            if let Err(error) = self.file.trim(end).and_then(|()| self.file.sync_data()) {
                // A piece of the refused group may still be there, and the next file would begin below its end.
                fence.trip(format!("{error:#}"));
                return Err(error);
            }
        }
        result
    }

    pub(super) fn sync(&mut self, fence: &Fence) -> Result<()> {
        fence.guard(self.file.sync_data())
    }

    /// Gives unused room back and makes the file durable as it is.
    pub(super) fn close(&mut self, fence: &Fence) -> Result<()> {
        if !self.is_closed {
            let end = self.file.written_bytes();
            fence.guard(self.file.trim(end))?;
            self.is_closed = true;
        }
        fence.guard(self.file.sync_data())
    }
}
