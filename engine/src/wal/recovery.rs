//! Crash recovery: reading the whole log when a store is opened.
//!
//! The files that count are those from the last one that begins the log anew, or else from the floor, up to the highest
//! number. Their records must follow each other without a hole: the whole records of a file reach exactly the first seq
//! of the next. Behind them a torn tail is legal, as long as no true header anywhere says that something in it was
//! durable. The last of them does not end with a closing record, because the file that such a record names exists.

use super::format::{self, FileHeader, LOG_DIR};
use super::reader::{self, FileContent};
use super::{LogStart, Record, RecoveryOptions, WalConfig};
use crate::codec::is_zero;
use crate::error::{Error, ErrorKind, Result};
use crate::ids::{FileNumber, Seq};
use crate::storage::Mapped;

/// What the log gave back.
#[derive(Debug, Default)]
pub(crate) struct Recovery {
    /// The records above the seq that parts already hold, in order.
    pub(crate) records: Vec<Record>,
    /// The seq of the last batch in parts or log.
    pub(crate) last_seq: Seq,
    /// What is known to have been durable.
    pub(crate) durable: Seq,
    /// What was given up because the caller allowed it; a message for people.
    pub(crate) discarded: Option<String>,
    /// What stood behind the whole records and proves nothing, a message for people for each file: the end of a write
    /// that was never answered, or of one that was answered in the last moment and is damaged since.
    pub(crate) dropped: Vec<String>,
    /// The newest manifest that the files know of.
    pub(crate) manifest: FileNumber,
    /// The highest number among all log files that exist.
    pub(super) highest: FileNumber,
}

/// A file that counts, with its header read.
pub(super) struct OpenFile {
    pub(super) header: FileHeader,
    pub(super) bytes: Mapped,
}

/// Reads the log from `start` on. Errors: corrupt, when something durable is missing; invalid, when a newer program
/// wrote it.
pub(super) fn recover(config: &WalConfig, start: LogStart, options: RecoveryOptions) -> Result<Recovery> {
    let numbers = match list_numbers(config) {
        // Without its directory the log has no files, and the first one that is missing is named below.
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        numbers => numbers?,
    };
    let highest = numbers.last().copied().unwrap_or(FileNumber(0));
    let mut recovery = Recovery {
        records: Vec::new(),
        last_seq: start.after,
        durable: start.after,
        discarded: None,
        dropped: Vec::new(),
        manifest: FileNumber(0),
        highest: highest.max(start.floor),
    };
    match read_chain(config, start, &numbers, &mut recovery) {
        Err(error) if error.kind() == ErrorKind::Corrupt && options.discard_damaged_tail => {
            recovery.discarded = Some(error.message().to_owned());
        }
        result => result.map_err(with_remedy)?,
    }
    Ok(recovery)
}

/// The numbers of the log files that exist, rising.
pub(super) fn list_numbers(config: &WalConfig) -> Result<Vec<FileNumber>> {
    let mut numbers: Vec<FileNumber> =
        config.storage.list(LOG_DIR)?.iter().filter_map(|name| format::number_of(name)).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// Errors: corrupt, when a log file has more than a header. Those that have only one are left over from the making of
/// a store that never had a manifest.
pub(super) fn refuse_batches(config: &WalConfig) -> Result<()> {
    for number in list_numbers(config)? {
        let path = format::path(number);
        let bytes = config.storage.map(&path)?;
        if !bytes.get(format::records_offset(&bytes)..).is_some_and(is_zero) {
            return Err(Error::corrupt(format!(
                "log file {path} holds batches, but there is no manifest: this was a store, and a new one in its \
                 place would lose them"
            )));
        }
    }
    Ok(())
}

/// Reads file after file into `recovery`. An error leaves in it what was read before the damage.
fn read_chain(config: &WalConfig, start: LogStart, numbers: &[FileNumber], recovery: &mut Recovery) -> Result<()> {
    let numbers = &numbers[numbers.partition_point(|&number| number < start.floor)..];
    let (first, files) = find_chain(config, start.floor, numbers)?;
    let mut expected = first;
    let mut reached: Option<Seq> = None;
    let mut is_closed = false;
    for (number, file) in files {
        if number != expected {
            // What is damaged may be the file that begins the log anew, and no other is missing.
            return Err(file.err().map_or_else(|| missing(expected, recovery), |error| beyond(error, recovery)));
        }
        expected = number.next();
        let OpenFile { header, bytes } = file.map_err(|error| beyond(error, recovery))?;
        recovery.manifest = recovery.manifest.max(header.manifest);
        check_first_seq(&header, reached, start.after, recovery)?;
        let content = reader::read_file(&bytes, &header);
        let last_seq = content.last_seq;
        is_closed = content.is_closed;
        let cut_from = content.cut_from;
        let dropped = dropped(&content, number, bytes.len());
        take(content, number, start.after, recovery)?;
        recovery.dropped.extend(dropped);
        if let Some(room_bytes) = cut_from {
            return Err(beyond(was_cut(number, bytes.len(), room_bytes), recovery));
        }
        reached = Some(last_seq);
    }
    if is_closed || reached.is_none() {
        // Its number is not given again.
        recovery.highest = recovery.highest.max(expected);
        return Err(match reached {
            Some(_) => missing(expected, recovery),
            None => beyond(no_file(first), recovery),
        });
    }
    Ok(())
}

pub(super) type Chain = Vec<(FileNumber, Result<OpenFile>)>;

/// Opens the files from the highest number down until one begins the log anew. Returns where the log begins and the
/// files that count, rising.
pub(super) fn find_chain(config: &WalConfig, floor: FileNumber, numbers: &[FileNumber]) -> Result<(FileNumber, Chain)> {
    let mut files = Vec::new();
    let mut first = floor;
    for &number in numbers.iter().rev() {
        let file = open_file(config, number);
        if let Err(error) = &file
            && error.kind() != ErrorKind::Corrupt
        {
            return file.map(|_| (first, Vec::new()));
        }
        let is_restart = file.as_ref().is_ok_and(|file| file.header.is_restart);
        files.push((number, file));
        if is_restart {
            first = number;
            break;
        }
    }
    files.reverse();
    Ok((first, files))
}

fn open_file(config: &WalConfig, number: FileNumber) -> Result<OpenFile> {
    let path = format::path(number);
    let bytes = config.storage.map(&path)?;
    let header = FileHeader::decode(&bytes, &config.store_id, number)
        .map_err(|error| error.context(format_args!("log file {path}")))?;
    Ok(OpenFile { header, bytes })
}

/// The file must begin right behind the one before, and the first one at or below what the parts hold.
fn check_first_seq(header: &FileHeader, reached: Option<Seq>, after: Seq, recovery: &Recovery) -> Result<()> {
    let first = header.first_seq;
    let is_joined = match reached {
        Some(last) => last.next() == first,
        None => first <= after.next(),
    };
    if is_joined {
        return Ok(());
    }
    let last = reached.unwrap_or(after);
    let error = Error::corrupt(format!(
        "log file {} begins at batch {first}, but what comes before ends at batch {last}",
        format::path(header.number)
    ));
    Err(beyond(error, recovery))
}

/// Takes over the records of one file and refuses damage that reaches into what was durable.
fn take(content: FileContent, number: FileNumber, after: Seq, recovery: &mut Recovery) -> Result<()> {
    recovery.records.extend(content.records.into_iter().filter(|record| record.seq > after));
    recovery.last_seq = recovery.last_seq.max(content.last_seq);
    recovery.durable = recovery.durable.max(content.durable.min(content.last_seq));
    if content.durable <= content.last_seq {
        return Ok(());
    }
    let path = format::path(number);
    let lost_to = content.damage.and_then(|damage| damage.seq_seen).unwrap_or(content.durable).max(content.durable);
    let place = match content.damage {
        Some(damage) => format!("is damaged at byte {}", damage.offset),
        None => "ends too early".to_owned(),
    };
    Err(Error::corrupt(format!(
        "log file {path} {place}: everything up to batch {} was durable, but nothing behind batch {} can be read; \
         without the damaged tail at least the batches {} to {lost_to} would be lost",
        content.durable,
        content.last_seq,
        content.last_seq.next(),
    )))
}

/// What an open drops of a file, if anything.
fn dropped(content: &FileContent, number: FileNumber, len: usize) -> Option<String> {
    content.damage.map(|damage| {
        format!(
            "log file {}, bytes {}..{len}: what follows batch {} is no whole record, and nothing says that it was \
             durable: the end of a write that was never answered, or of one that was in the last moment and is damaged",
            format::path(number),
            damage.offset,
            content.last_seq
        )
    })
}

/// A file that is shorter than it was made. A crash does not do that: its length is synced before it has its name.
fn was_cut(number: FileNumber, len: usize, room_bytes: u64) -> Error {
    Error::corrupt(format!(
        "log file {} was cut: it has {len} bytes, its header says {room_bytes}, and no record says that it ends here",
        format::path(number)
    ))
}

/// The first file is gone, and so is a later one if there was any that began the log anew.
fn no_file(floor: FileNumber) -> Error {
    Error::corrupt(format!("log file {} and all behind it are missing", format::path(floor)))
}

/// Says what a person can do about it.
pub(crate) fn with_remedy(error: Error) -> Error {
    match error.kind() {
        ErrorKind::Corrupt => Error::corrupt(format!(
            "restore a copy, or open once with discard_damaged_tail=true to go on without what is lost: {}",
            error.message()
        )),
        _ => error,
    }
}

fn missing(number: FileNumber, recovery: &Recovery) -> Error {
    beyond(Error::corrupt(format!("log file {} is missing", format::path(number))), recovery)
}

/// Says what an error costs when everything behind it is given up.
fn beyond(error: Error, recovery: &Recovery) -> Error {
    if error.kind() != ErrorKind::Corrupt {
        return error;
    }
    let message = error.message();
    Error::corrupt(format!("{message}; without it all batches behind {} would be lost", recovery.last_seq))
}
