//! The scrub of the log: checks every byte of one that nobody writes to, without changing any.

use std::ops::Range;

use super::format::{self, FILE_HEADER_BYTES, LOG_DIR};
use super::recovery::{find_chain, list_numbers, recover};
use super::{LogStart, Record, RecoveryOptions, WalConfig, reader};
use crate::error::{Error, ErrorKind, Result};
use crate::ids::{FileNumber, Seq};

/// What is wrong with a log file, or to be known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogFault {
    /// The file.
    pub(crate) path: String,
    /// Where in it; none where the whole file is meant.
    pub(crate) bytes: Option<Range<u64>>,
    /// What is wrong.
    pub(crate) what: String,
}

/// What a look at the whole log found.
#[derive(Debug, Default)]
pub(crate) struct LogCheck {
    /// What an open would refuse.
    pub(crate) faults: Vec<LogFault>,
    /// What an open would drop or remove, because nothing of it was ever promised or it no longer counts.
    pub(crate) notes: Vec<LogFault>,
    /// The records that no part holds yet.
    pub(crate) records: Vec<Record>,
    /// The last batch in parts or log.
    pub(crate) last_seq: Seq,
    /// The newest manifest that the files know of; 0 where they cannot be read in a row.
    pub(crate) manifest: FileNumber,
}

/// Looks at all log files from `start` on. Errors: those of a storage that cannot even list them.
pub(crate) fn check_log(config: &WalConfig, start: LogStart) -> Result<LogCheck> {
    let mut found = LogCheck { last_seq: start.after, ..LogCheck::default() };
    let numbers = match list_numbers(config) {
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        numbers => numbers?,
    };
    let counting = &numbers[numbers.partition_point(|&number| number < start.floor)..];
    let (first, chain) = match find_chain(config, start.floor, counting) {
        Ok(found) => found,
        Err(error) => {
            found.faults.push(LogFault { path: LOG_DIR.to_owned(), bytes: None, what: told(&error) });
            return Ok(found);
        }
    };
    for &number in numbers.iter().filter(|&&number| number < first) {
        let what = "no longer counts; the next open removes it".to_owned();
        found.notes.push(LogFault { path: format::path(number), bytes: None, what });
    }
    for (number, file) in chain {
        match file {
            Err(error) => {
                let bytes = Some(0..FILE_HEADER_BYTES as u64);
                found.faults.push(LogFault { path: format::path(number), bytes, what: told(&error) });
            }
            Ok(file) => {
                let content = reader::read_file(&file.bytes, &file.header);
                found.judge(number, &content, file.bytes.len() as u64);
            }
        }
    }
    match recover(config, start, RecoveryOptions::default()) {
        Ok(recovery) => {
            found.last_seq = recovery.last_seq;
            found.manifest = recovery.manifest;
            found.records = recovery.records;
        }
        // What is wrong between the files is seen only by who reads them in a row.
        Err(error) if found.faults.is_empty() => {
            found.faults.push(LogFault { path: LOG_DIR.to_owned(), bytes: None, what: told(&error) });
        }
        Err(_) => {}
    }
    Ok(found)
}

impl LogCheck {
    fn judge(&mut self, number: FileNumber, content: &reader::FileContent, len: u64) {
        let path = format::path(number);
        let bytes = content.damage.map(|damage| damage.offset as u64..len);
        if content.durable > content.last_seq {
            let what = format!(
                "everything up to batch {} was durable, but nothing behind batch {} can be read",
                content.durable, content.last_seq
            );
            self.faults.push(LogFault { path, bytes: bytes.or(Some(len..len)), what });
        } else if let Some(room_bytes) = content.cut_from {
            let what = format!(
                "the file was cut behind batch {}: its header says that it has {room_bytes} bytes, and no record says \
                 that it ends here",
                content.last_seq
            );
            self.faults.push(LogFault { path, bytes: Some(len..room_bytes), what });
        } else if bytes.is_some() {
            let what = format!(
                "what follows batch {} is no whole record, and nothing says that it was durable: the end of a write \
                 that was never answered, or of one that was in the last moment and is damaged; the next open drops it",
                content.last_seq
            );
            self.notes.push(LogFault { path, bytes, what });
        }
    }
}

fn told(error: &Error) -> String {
    format!("{error:#}")
}
