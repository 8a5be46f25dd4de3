//! A record of the log: a batch as it is promised, and as it comes back.

use crate::ids::Seq;

/// A record that came back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Record {
    pub(crate) seq: Seq,
    pub(crate) kind: u8,
    pub(crate) payload: Vec<u8>,
}

/// A record to write: `kind` is `1..=KIND_MAX`, the payload `1..=RECORD_BYTES_MAX` bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct LogRecord<'a> {
    pub(crate) seq: Seq,
    pub(crate) kind: u8,
    pub(crate) payload: &'a [u8],
}

impl Record {
    /// The same record, to be written.
    pub(crate) fn as_log_record(&self) -> LogRecord<'_> {
        LogRecord { seq: self.seq, kind: self.kind, payload: &self.payload }
    }
}
