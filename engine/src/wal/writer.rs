//! Appending to one file of the write-ahead log.

use super::format::{self, FILE_HEADER_BYTES, FileHeader, NOTE_BYTES, Seal};
use super::reader::FileContent;
use super::{LogRecord, WalConfig};
use crate::codec::Writer;
use crate::error::{ErrorKind, Result};
use crate::ids::{FileNumber, Seq};
use crate::storage::publish::{TEMPORARY_SUFFIX, remove_if_there};
use crate::storage::{Fence, SCAN_PIECE_BYTES, Storage, WriteFile};

/// What stays free behind the last group: room for a mark, so that what is durable can always be written down, and for
/// the closing record.
pub(super) const NOTES_BYTES: u64 = 2 * NOTE_BYTES;

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
        let records_bytes: u64 = records.iter().map(|record| format::record_bytes(record.payload.len()) as u64).sum();
        let room_bytes = room_bytes.max(FILE_HEADER_BYTES as u64 + records_bytes + NOTES_BYTES);
        let header = FileHeader { room_bytes: Some(room_bytes), ..header };
        let temporary = format!("{}{TEMPORARY_SUFFIX}", format::path(header.number));
        let result = fill_temporary(&*config.storage, &temporary, &header, records);
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
) -> Result<LogFile> {
    remove_if_there(storage, temporary)?;
    let mut file = storage.create(temporary)?;
    let room_bytes = header.room_bytes.unwrap_or_default();
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
    /// Goes on with a file that recovery read, where the disk has no room for another: its bytes are written over
    /// themselves and synced, because what was read may have come from the page cache, which proves nothing about the
    /// disk; and what stands behind its records is zeroed before anything takes its place, so that no old record can
    /// follow a new one.
    pub(super) fn resume(config: &WalConfig, header: &FileHeader, content: &FileContent) -> Result<LogFile> {
        let path = format::path(header.number);
        let room_bytes = config.storage.file_len(&path)?;
        let mut file = affirm(config, &path)?;
        let emptied = file.retract(content.end as u64).and_then(|()| file.sync_data());
        config.fence.guard(emptied)?;
        Ok(LogFile {
            file,
            number: header.number,
            seal: header.seal(),
            room_bytes,
            is_closed: content.is_closed,
            marked: content.durable,
            buffer: Writer::new(),
        })
    }

    pub(super) fn number(&self) -> FileNumber {
        self.number
    }

    /// How far the file reaches.
    pub(super) fn room_bytes(&self) -> u64 {
        self.room_bytes
    }

    pub(super) fn marked(&self) -> Seq {
        self.marked
    }

    /// Whether a group of `bytes` can be written here without running out of room. That of the notes is kept.
    pub(super) fn has_room(&self, bytes: u64) -> bool {
        self.reaches(bytes.saturating_add(NOTES_BYTES))
    }

    /// Whether a mark can be written here; the room of the closing record is kept.
    pub(super) fn has_room_for_mark(&self) -> bool {
        self.reaches(NOTES_BYTES)
    }

    fn reaches(&self, bytes: u64) -> bool {
        !self.is_closed && self.file.written_bytes().saturating_add(bytes) <= self.room_bytes
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

    /// Says durably that file `next` has its name; `last` is the last record's seq, and durable. Nothing may follow.
    /// After a limit error nothing of it is in the file, and it may be tried again.
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
            if let Err(error) = self.file.retract(end).and_then(|()| self.file.sync_data()) {
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

    /// Makes the closing record durable, and gives unused room back. In this order: a file that is shorter than its
    /// header says is lawful only where such a record ends it.
    fn close(&mut self, fence: &Fence) -> Result<()> {
        self.sync(fence)?;
        let end = self.file.written_bytes();
        self.is_closed = true;
        fence.guard(self.file.trim(end))
    }
}

/// Writes the bytes of a file that recovery read over themselves, durably; the file comes back at its end.
pub(super) fn affirm(config: &WalConfig, path: &str) -> Result<Box<dyn WriteFile>> {
    let storage = &*config.storage;
    let written = storage.reopen(path).and_then(|mut file| {
        let mut zeros = 0;
        storage.scan(path, &mut |piece| {
            // Zeros at the end of the file may be room that was never given, so they are not written.
            let used = piece.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
            if used > 0 {
                write_zeros(&mut *file, zeros)?;
                file.write_all(&piece[..used])?;
                zeros = 0;
            }
            zeros += piece.len() - used;
            Ok(())
        })?;
        file.sync_data()?;
        Ok(file)
    });
    config.fence.guard(written)
}

fn write_zeros(file: &mut dyn WriteFile, mut bytes: usize) -> Result<()> {
    let zeros = vec![0; bytes.min(SCAN_PIECE_BYTES)];
    while bytes > 0 {
        let piece = bytes.min(zeros.len());
        file.write_all(&zeros[..piece])?;
        bytes -= piece;
    }
    Ok(())
}
