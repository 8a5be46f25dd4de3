//! Reading one file of the write-ahead log: its whole records, and what the bytes behind them prove.

use super::Record;
use super::format::{
    FileHeader, KIND_CLOSE, KIND_MARK, KIND_MAX, RECORD_ALIGNMENT, RECORD_HEADER_BYTES, RecordHeader, Seal,
};
use crate::codec::is_zero;
use crate::ids::Seq;

/// What one log file holds.
pub(super) struct FileContent {
    /// The whole records, in order.
    pub(super) records: Vec<Record>,
    /// The seq of the last whole record, or the one below the file's first seq.
    pub(super) last_seq: Seq,
    /// The highest durable seq that any true header in the file knows of, also behind a broken record.
    pub(super) durable: Seq,
    /// The file ends with a closing record: the next one had its name.
    pub(super) is_closed: bool,
    /// Where the whole records end.
    pub(super) end: usize,
    /// The length that the header says, of a file that is shorter and does not end with a closing record.
    pub(super) cut_from: Option<u64>,
    /// What follows the whole records, unless it is nothing but zeros.
    pub(super) damage: Option<Damage>,
}

/// A place where whole records end and something else follows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Damage {
    pub(super) offset: usize,
    /// The highest seq of a true record header at or behind `offset`.
    pub(super) seq_seen: Option<Seq>,
}

/// Reads the records of a file whose header was read.
pub(super) fn read_file(bytes: &[u8], header: &FileHeader) -> FileContent {
    let seal = header.seal();
    let mut content = FileContent {
        records: Vec::new(),
        last_seq: Seq(header.first_seq.0 - 1),
        durable: header.durable,
        is_closed: false,
        end: header.header_bytes(),
        cut_from: None,
        damage: None,
    };
    let mut offset = header.header_bytes();
    while !content.is_closed
        && let Some((record, payload)) = record_at(&bytes[offset..], seal, content.last_seq)
    {
        content.durable = content.durable.max(record.durable);
        match record.kind {
            KIND_MARK => {}
            // No other number than the next one is ever given here.
            KIND_CLOSE if payload != header.number.next().0.to_le_bytes() => break,
            KIND_CLOSE => content.is_closed = true,
            kind => {
                content.last_seq = record.seq;
                content.records.push(Record { seq: record.seq, kind, payload: payload.to_vec() });
            }
        }
        offset += record.record_bytes();
    }
    content.end = offset;
    let is_whole = content.is_closed && offset == bytes.len();
    content.cut_from = header.room_bytes.filter(|&room_bytes| (bytes.len() as u64) < room_bytes && !is_whole);
    if !is_zero(&bytes[offset..]) {
        let (durable, seq_seen) = search_headers(&bytes[offset..], seal);
        content.durable = content.durable.max(durable);
        content.damage = Some(Damage { offset, seq_seen });
    }
    content
}

fn record_at(bytes: &[u8], seal: Seal, last_seq: Seq) -> Option<(RecordHeader, &[u8])> {
    let header = RecordHeader::decode(bytes, seal)?;
    let in_order = if header.kind > KIND_MAX { header.seq == last_seq } else { header.seq > last_seq };
    let payload = header.payload(bytes, seal)?;
    in_order.then_some((header, payload))
}

/// Looks for record headers at every place where one could begin. Each true one was written, so what it says was
/// durable was durable, whatever became of the records between. Returns that and the highest seq seen.
fn search_headers(bytes: &[u8], seal: Seal) -> (Seq, Option<Seq>) {
    let (mut durable, mut seq_seen) = (Seq(0), None);
    for offset in (0..bytes.len().saturating_sub(RECORD_HEADER_BYTES - 1)).step_by(RECORD_ALIGNMENT) {
        if let Some(header) = RecordHeader::decode(&bytes[offset..], seal) {
            durable = durable.max(header.durable);
            seq_seen = seq_seen.max(Some(header.seq));
        }
    }
    (durable, seq_seen)
}
