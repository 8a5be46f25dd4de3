//! The write-ahead log: the promised batches, in order.
//!
//! The write path appends a group of records, syncs, and only then acknowledges; when a store is opened, everything
//! above what the parts hold comes back from here. What it promises:
//!
//! - A record comes back whole or not at all, and what comes back is a prefix of what was appended that holds
//!   everything that was synced.
//! - A group that is refused for want of space leaves nothing behind, and the next one finds its way when there is
//!   space again. After any other failure the fence trips and nothing more is written.
//! - A file is as long as its header says until a closing record ends it, so one that was cut is noticed.
//! - A file is written front to back. Its last record says that the next file has its name; only then is anything
//!   appended there, so a newest file that is lost is missed. What recovery read is written anew and synced
//!   ([`Wal::rewrite`]) before anything is appended.
//!
//! It does not know what a payload means.

mod check;
mod config;
mod format;
mod reader;
mod record;
mod recovery;
#[cfg(test)]
mod tests;
mod writer;

use std::fmt;
use std::sync::Arc;

pub(crate) use self::check::check_log;
pub(crate) use self::config::{FILE_BYTES_DEFAULT, LogStart, RecoveryOptions, WalConfig};
pub(crate) use self::format::{GROUP_BYTES_MAX, KIND_MAX, LOG_DIR, RECORD_BYTES_MAX};
pub(crate) use self::record::{LogRecord, Record};
pub(crate) use self::recovery::{Recovery, with_remedy};

use self::format::{FILE_HEADER_BYTES, FileHeader};
use self::writer::{LogFile, NOTES_BYTES, PreparedFile};
use crate::error::{Error, ErrorKind, Result};
use crate::ids::{FileNumber, Seq};
use crate::storage::publish::remove_temporaries;

/// How much longer the next file is than one that became full, up to [`WalConfig::file_bytes`].
const FILE_GROWTH: u64 = 4;

/// The part of a log file that only deletes may use, so that they go on when the disk is full.
const RESERVE_SHARE: u64 = 8;
/// That part is never longer than this, in bytes.
const RESERVE_BYTES_MAX: u64 = 1 << 20;

/// The bytes of a log file of `room_bytes` that only deletes may use.
fn reserve_bytes(room_bytes: u64) -> u64 {
    (room_bytes / RESERVE_SHARE).min(RESERVE_BYTES_MAX)
}

/// The log of one space. There is one writer.
pub(crate) struct Wal {
    config: WalConfig,
    /// `None` after recovery, until what it read is written anew.
    current: Option<LogFile>,
    /// The file before, as long as it does not say that the current one exists: nothing is appended before it does.
    closing: Option<LogFile>,
    highest: FileNumber,
    last_seq: Seq,
    durable: Seq,
    /// See [`Wal::note_manifest`].
    manifest: FileNumber,
    /// The files that recovery read; none in a new store.
    read: Option<LogStart>,
}

impl Wal {
    /// Begins the log of a new store, whose first batch comes after `after`. The file is durable when this returns, so
    /// the manifest that names it as its floor comes after.
    ///
    /// Errors: corrupt, when there are log files with batches already: a store that lost its manifests is not new.
    pub(crate) fn create(config: WalConfig, number: FileNumber, after: Seq) -> Result<Wal> {
        config.fence.check()?;
        let mut wal = Wal {
            config,
            current: None,
            closing: None,
            highest: number,
            last_seq: after,
            durable: after,
            manifest: FileNumber(0),
            read: None,
        };
        let header = wal.header(number, after.next(), false)?;
        make_dir(&wal.config)?;
        recovery::refuse_batches(&wal.config)?;
        let file = PreparedFile::write(&wal.config, header, &[], wal.config.first_bytes())?;
        wal.current = Some(file.publish(&wal.config)?);
        Ok(wal)
    }

    /// Reads the log of a store. Nothing on disk is changed, and nothing can be appended before [`Wal::rewrite`].
    ///
    /// Errors: corrupt, when something that was durable cannot be read, the message says what would be lost; invalid,
    /// when a newer program wrote it.
    pub(crate) fn open(config: WalConfig, start: LogStart, options: RecoveryOptions) -> Result<(Wal, Recovery)> {
        let recovery = recovery::recover(&config, start, options)?;
        let wal = Wal {
            config,
            current: None,
            closing: None,
            highest: recovery.highest,
            last_seq: recovery.last_seq,
            durable: recovery.durable,
            manifest: recovery.manifest,
            read: Some(start),
        };
        Ok((wal, recovery))
    }

    /// Begins the log anew with `records`, which are those that recovery gave back and that no part holds. They are
    /// synced when this returns; older files no longer count and are removed. `after` is what the parts hold.
    ///
    /// What recovery read may have come from the page cache, which proves nothing about the disk; so this comes before
    /// the first acknowledgement. On a full disk less room is taken in advance; it can be tried again, and what only
    /// deletes can go on by [`Wal::resume`].
    pub(crate) fn rewrite(&mut self, records: &[Record], after: Seq) -> Result<()> {
        self.config.fence.check()?;
        let records: Vec<LogRecord<'_>> = records.iter().map(Record::as_log_record).collect();
        let last_seq = check_group(&records, after)?;
        let number = self.highest.next();
        let header = FileHeader { durable: last_seq, ..self.header(number, after.next(), true)? };
        make_dir(&self.config)?;
        let (first_bytes, group_bytes) = (self.config.first_bytes(), group_bytes(&records));
        let room_bytes = room_bytes(first_bytes, group_bytes);
        let file = match PreparedFile::write(&self.config, header, &records, room_bytes) {
            Err(error) if error.kind() == ErrorKind::Limit => {
                let room_bytes = FILE_HEADER_BYTES as u64 + group_bytes + reserve_bytes(first_bytes) + NOTES_BYTES;
                PreparedFile::write(&self.config, header, &records, room_bytes)?
            }
            result => result?,
        };
        let file = file.publish(&self.config)?;
        self.highest = number;
        // No file before says that this one exists. What tells of its loss is that they are gone: the manifest names
        // them.
        let fence = Arc::clone(&self.config.fence);
        fence.guard(self.retire_below(number).and_then(|()| self.config.storage.sync_dir(LOG_DIR)))?;
        self.current = Some(file);
        self.last_seq = last_seq;
        self.durable = last_seq;
        let _ = remove_temporaries(&*self.config.storage, LOG_DIR);
        Ok(())
    }

    /// Goes on in the newest file that recovery read, where the disk has no room to begin the log anew: what only
    /// deletes finds the room there that was kept for it. All files that count are written over themselves first, and
    /// older ones removed, so that everything read is as durable as by [`Wal::rewrite`].
    ///
    /// Errors: limit, when even that needs room. REQUIRES: nothing of what was read was given up.
    pub(crate) fn resume(&mut self) -> Result<()> {
        self.config.fence.check()?;
        let start = self.read.ok_or_else(|| Error::internal("nothing was read that could go on"))?;
        let numbers = recovery::list_numbers(&self.config)?;
        let counting = &numbers[numbers.partition_point(|&number| number < start.floor)..];
        let (first, mut chain) = recovery::find_chain(&self.config, start.floor, counting)?;
        let Some((_, newest)) = chain.pop() else {
            return Err(Error::internal("a log without files was read"));
        };
        for (number, _) in &chain {
            writer::affirm(&self.config, &format::path(*number))?;
        }
        let recovery::OpenFile { header, bytes } = newest?;
        let content = reader::read_file(&bytes, &header);
        drop(bytes);
        let file = LogFile::resume(&self.config, &header, &content)?;
        // Their names may be known to the page cache alone.
        let fence = Arc::clone(&self.config.fence);
        fence.guard(self.retire_below(first).and_then(|()| self.config.storage.sync_dir(LOG_DIR)))?;
        self.current = Some(file);
        self.durable = self.last_seq;
        Ok(())
    }

    /// Writes `records`, whose seqs rise, behind all others; `durable` is what the caller knows to be durable. They
    /// are promised only after [`Wal::sync`].
    ///
    /// Errors: limit, when the disk is full: nothing was written, later groups may be tried; read-only, after an
    /// earlier failure; any other error trips the fence.
    pub(crate) fn append_group(&mut self, records: &[LogRecord<'_>], durable: Seq) -> Result<()> {
        let reserve_bytes = self.current.as_ref().map_or(0, |file| reserve_bytes(file.room_bytes()));
        self.append(records, durable, reserve_bytes)
    }

    /// The same for records that only delete: they may use the end of the file, which is kept for them.
    pub(crate) fn append_deletes(&mut self, records: &[LogRecord<'_>], durable: Seq) -> Result<()> {
        self.append(records, durable, 0)
    }

    /// Appends where `reserve_bytes` behind the group stay free.
    fn append(&mut self, records: &[LogRecord<'_>], durable: Seq, reserve_bytes: u64) -> Result<()> {
        self.config.fence.check()?;
        let last_seq = check_group(records, self.last_seq)?;
        if durable > self.last_seq {
            return Err(Error::internal(format!("batch {durable} cannot be durable before it is written")));
        }
        let group_bytes = group_bytes(records);
        if group_bytes > GROUP_BYTES_MAX as u64 {
            return Err(Error::limit(format!("a group of {group_bytes} bytes is longer than {GROUP_BYTES_MAX}")));
        }
        if self.current()?.has_room(group_bytes.saturating_add(reserve_bytes)) {
            self.finish_closing()?;
        } else {
            let grown = self.current()?.room_bytes().saturating_mul(FILE_GROWTH).min(self.config.file_bytes);
            self.roll_with_room(room_bytes(grown, group_bytes))?;
        }
        let fence = Arc::clone(&self.config.fence);
        self.current()?.append(records, durable, &fence)?;
        self.last_seq = last_seq;
        Ok(())
    }

    /// Makes everything appended durable. Errors: io, and the fence has tripped; it is not tried again.
    pub(crate) fn sync(&mut self) -> Result<()> {
        self.config.fence.check()?;
        if self.durable < self.last_seq {
            let fence = Arc::clone(&self.config.fence);
            self.current()?.sync(&fence)?;
            self.durable = self.last_seq;
        }
        Ok(())
    }

    /// Makes everything appended durable and writes down that it is, so that damage to the last group is known as
    /// damage and not taken for a torn tail. For a clean end, and whenever there is nothing else to do.
    pub(crate) fn mark(&mut self) -> Result<()> {
        self.sync()?;
        let (last_seq, durable) = (self.last_seq, self.durable);
        let fence = Arc::clone(&self.config.fence);
        let Some(current) = &mut self.current else {
            return Ok(());
        };
        if current.marked() < durable && current.has_room_for_mark() {
            current.append_mark(last_seq, durable, &fence)?;
            current.sync(&fence)?;
        }
        Ok(())
    }

    /// Closes the current file, durably, and begins the next; returns its number. Errors: limit, when the disk is
    /// full: the log goes on in whichever file it was.
    pub(crate) fn roll(&mut self) -> Result<FileNumber> {
        self.roll_with_room(self.config.first_bytes())?;
        Ok(self.highest)
    }

    /// Files that get their name from now on say that manifest `number` exists, so that its loss is noticed.
    pub(crate) fn note_manifest(&mut self, number: FileNumber) {
        self.manifest = number;
    }

    /// Removes the files below `number`, once a manifest names it as its floor.
    pub(crate) fn retire_below(&mut self, number: FileNumber) -> Result<()> {
        let keep = self.current.as_ref().map_or(number, |current| current.number().min(number));
        for old in recovery::list_numbers(&self.config)?.into_iter().filter(|&old| old < keep) {
            self.config.storage.remove(&format::path(old))?;
        }
        Ok(())
    }

    /// Whether nothing was written since the open.
    pub(crate) fn is_as_read(&self) -> bool {
        self.current.is_none()
    }

    /// The records behind `start`, as they stand in the files, whether they are durable yet or not. Errors: corrupt.
    pub(crate) fn read(&self, start: LogStart) -> Result<Vec<Record>> {
        let recovery = recovery::recover(&self.config, start, RecoveryOptions::default())?;
        match recovery.last_seq == self.last_seq {
            true => Ok(recovery.records),
            false => Err(Error::corrupt(format!(
                "the log holds batches up to {} where {} were written",
                recovery.last_seq, self.last_seq
            ))),
        }
    }

    /// The file that groups go to.
    #[cfg(test)]
    pub(crate) fn file_number(&self) -> FileNumber {
        self.highest
    }

    /// The seq of the last record.
    #[cfg(test)]
    pub(crate) fn last_seq(&self) -> Seq {
        self.last_seq
    }

    /// Up to here everything is durable.
    pub(crate) fn durable(&self) -> Seq {
        self.durable
    }

    fn current(&mut self) -> Result<&mut LogFile> {
        self.current.as_mut().ok_or_else(|| Error::internal("the log is appended to before it was written anew"))
    }

    fn header(&self, number: FileNumber, first_seq: Seq, is_restart: bool) -> Result<FileHeader> {
        let (store_id, durable) = (self.config.store_id, self.durable);
        let salt = self.config.fence.guard(self.config.storage.secret())?;
        let (manifest, room_bytes) = (self.manifest, None);
        Ok(FileHeader { store_id, number, is_restart, first_seq, durable, manifest, room_bytes, salt })
    }

    /// The next file is prepared first, so that a full disk refuses it while the current one is as it was; then the
    /// current one is made durable, because no record may be on disk while one before it is not; then the next one
    /// gets its name; then the one before says so, in room that it kept.
    fn roll_with_room(&mut self, room_bytes: u64) -> Result<()> {
        self.config.fence.check()?;
        self.current()?;
        self.finish_closing()?;
        let number = self.highest.next();
        let header = FileHeader { durable: self.last_seq, ..self.header(number, self.last_seq.next(), false)? };
        let next = PreparedFile::write(&self.config, header, &[], room_bytes)?;
        let fence = Arc::clone(&self.config.fence);
        self.current()?.sync(&fence)?;
        self.durable = self.last_seq;
        self.closing = self.current.replace(next.publish(&self.config)?);
        self.highest = number;
        self.finish_closing()
    }

    /// Makes the file before say that the current one exists. Errors: limit, when the disk is full: it is tried again
    /// before anything is appended.
    fn finish_closing(&mut self) -> Result<()> {
        if let Some(before) = &mut self.closing {
            // Nothing was appended since it ended.
            before.append_close(self.last_seq, self.highest, &self.config.fence)?;
            self.closing = None;
        }
        Ok(())
    }
}

/// The directory may be missing in a new store, or in one whose damage is to be given up.
fn make_dir(config: &WalConfig) -> Result<()> {
    let made = config.storage.create_dir(LOG_DIR).and_then(|()| config.storage.sync_dir(""));
    config.fence.guard(made)
}

/// The length of a file that is to be `target` bytes long, or longer where a group of `group_bytes` needs it.
fn room_bytes(target: u64, group_bytes: u64) -> u64 {
    target.max(FILE_HEADER_BYTES as u64 + group_bytes + reserve_bytes(target) + NOTES_BYTES)
}

/// How many bytes a group takes in a file.
fn group_bytes(records: &[LogRecord<'_>]) -> u64 {
    records.iter().map(|record| format::record_bytes(record.payload.len()) as u64).sum()
}

/// Checks what can be wrong with a group behind `last_seq`; returns the seq of its last record.
fn check_group(records: &[LogRecord<'_>], mut last_seq: Seq) -> Result<Seq> {
    for record in records {
        if record.seq <= last_seq {
            return Err(Error::internal(format!("batch {} cannot follow batch {last_seq}", record.seq)));
        }
        if record.kind == 0 || record.kind > KIND_MAX {
            return Err(Error::internal(format!("{} is not a kind of log record", record.kind)));
        }
        if record.payload.is_empty() || record.payload.len() > RECORD_BYTES_MAX {
            let len = record.payload.len();
            return Err(Error::limit(format!("a batch of {len} bytes is not within 1 to {RECORD_BYTES_MAX}")));
        }
        last_seq = record.seq;
    }
    Ok(last_seq)
}

impl fmt::Debug for Wal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Wal(file {}, batch {}, durable {})", self.highest, self.last_seq, self.durable)
    }
}
