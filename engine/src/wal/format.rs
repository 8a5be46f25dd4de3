//! The layout of a file of the write-ahead log; the text is docs/formats/log.md.

use crate::codec::{Reader, Writer, align_up, crc32, crc32_seeded, is_zero};
use crate::error::{Error, Result};
use crate::formats::LOG;
use crate::ids::{FileNumber, Seq};
use crate::storage::SECRET_BYTES;

/// The directory of the log files.
pub(crate) const LOG_DIR: &str = "log";
/// The longest payload of a record, in bytes.
pub(crate) const RECORD_BYTES_MAX: usize = 64 << 20;
/// The longest encoded group, in bytes.
pub(crate) const GROUP_BYTES_MAX: usize = 256 << 20;
/// The kind of the record that carries no batch, only the durable seq.
pub(super) const KIND_MARK: u8 = 255;
/// The kind of the record that ends a file and names the next one.
pub(super) const KIND_CLOSE: u8 = 254;
/// The highest kind that a caller may use; 0 is illegal.
pub(crate) const KIND_MAX: u8 = 253;

pub(super) const MAGIC: [u8; 8] = *b"MUSTRLOG";
/// The version that is written.
pub(super) const VERSION: u32 = LOG.newest();
/// The version whose header does not say how long the file is; it is still read.
const VERSION_WITHOUT_ROOM: u32 = 1;
/// The file begins the log anew: files with lower numbers no longer count.
const FLAG_RESTART: u32 = 1;

pub(super) const FILE_HEADER_BYTES: usize = 88;
/// The length of the header in [`VERSION_WITHOUT_ROOM`].
const FILE_HEADER_BYTES_WITHOUT_ROOM: usize = 80;
/// The length of the checksum at the end of a header.
const CRC_BYTES: usize = 4;
pub(super) const RECORD_HEADER_BYTES: usize = 32;
/// Records begin on multiples of this.
pub(super) const RECORD_ALIGNMENT: usize = 8;
/// How much of a file's salt stands in each record header.
const TAG_BYTES: usize = 3;
/// What a mark carries: the durable seq once more, because a length of 0 is illegal. What a closing record carries: the
/// number of the next file.
const NOTE_PAYLOAD_BYTES: usize = 8;
/// The length of a mark or a closing record.
pub(super) const NOTE_BYTES: u64 = (RECORD_HEADER_BYTES + NOTE_PAYLOAD_BYTES) as u64;

const _: () = assert!(FILE_HEADER_BYTES == 72 + SECRET_BYTES + CRC_BYTES);
const _: () = assert!(FILE_HEADER_BYTES.is_multiple_of(RECORD_ALIGNMENT));
const _: () = assert!(FILE_HEADER_BYTES_WITHOUT_ROOM + 8 == FILE_HEADER_BYTES);
const _: () = assert!(RECORD_HEADER_BYTES.is_multiple_of(RECORD_ALIGNMENT));
const _: () = assert!(NOTE_PAYLOAD_BYTES.is_multiple_of(RECORD_ALIGNMENT));
const _: () = assert!(RECORD_BYTES_MAX + RECORD_HEADER_BYTES <= GROUP_BYTES_MAX);

/// The path of a log file.
pub(super) fn path(number: FileNumber) -> String {
    format!("{LOG_DIR}/{:06}.log", number.0)
}

/// The number that a name in [`LOG_DIR`] gives; `None` for names that are not those of log files.
pub(super) fn number_of(name: &str) -> Option<FileNumber> {
    let number = name.strip_suffix(".log")?.parse().ok().filter(|&number| is_given(number))?;
    // Only the one way to write a number counts, so no two names have one number.
    (format!("{number:06}.log") == name).then_some(FileNumber(number))
}

/// Whether a seq or the number of a file can have been given: it is not 0, and another can follow it.
fn is_given(number: u64) -> bool {
    number != 0 && number != u64::MAX
}

/// The first bytes of a log file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct FileHeader {
    pub(super) store_id: [u8; 16],
    pub(super) number: FileNumber,
    pub(super) is_restart: bool,
    /// The lowest seq that may stand in this file; the file before ends right below it.
    pub(super) first_seq: Seq,
    /// What was durable when the file got its name.
    pub(super) durable: Seq,
    /// The newest manifest when the file got its name, 0 before the first: no older one is the store.
    pub(super) manifest: FileNumber,
    /// How long the file is until a closing record ends it: one that is shorter was cut. None in a file of the version
    /// that did not say it.
    pub(super) room_bytes: Option<u64>,
    /// Unknown to whoever chooses payloads; see [`Seal`].
    pub(super) salt: [u8; SECRET_BYTES],
}

/// What every record of one file bears, and no byte that was written elsewhere or chosen by a user: where its checksums
/// start from, and a piece of the file's salt. A checksum alone could be guessed: a payload has room for millions of
/// headers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Seal {
    seed: u32,
    tag: [u8; TAG_BYTES],
}

impl FileHeader {
    /// REQUIRES: its length is known; no other version is written.
    pub(super) fn encode(&self, writer: &mut Writer) {
        let start = writer.len();
        writer.bytes(&MAGIC);
        writer.u32(VERSION);
        writer.u32(if self.is_restart { FLAG_RESTART } else { 0 });
        writer.bytes(&self.store_id);
        writer.u64(self.number.0);
        writer.u64(self.first_seq.0);
        writer.u64(self.durable.0);
        writer.u64(self.manifest.0);
        writer.u64(self.room_bytes.expect("a file that is made has a length"));
        writer.bytes(&self.salt);
        let crc = crc32(&writer.as_bytes()[start..]);
        writer.u32(crc);
    }

    /// Reads the header of file `number`. Errors: corrupt; invalid, when a newer program wrote it.
    pub(super) fn decode(bytes: &[u8], store_id: &[u8; 16], number: FileNumber) -> Result<FileHeader> {
        let header = &bytes[..bytes.len().min(FILE_HEADER_BYTES)];
        let mut reader = Reader::new(header);
        if reader.array().ok() != Some(MAGIC) {
            return Err(Error::corrupt("it does not begin as a log file does (wrong magic)"));
        }
        let version = reader.u32()?;
        let header_bytes = header_bytes_of(version);
        let header = header.get(..header_bytes).ok_or_else(|| {
            Error::corrupt(format!("expected a header of {header_bytes} bytes, found {}", bytes.len()))
        })?;
        let crc_offset = header_bytes - CRC_BYTES;
        if crc32(&header[..crc_offset]) != Reader::at(header, crc_offset)?.u32()? {
            return Err(Error::corrupt(format!("the checksum of its header (version {version}) is wrong")));
        }
        LOG.check(version)?;
        let flags = reader.u32()?;
        let found = FileHeader {
            is_restart: flags == FLAG_RESTART,
            store_id: reader.array()?,
            number: FileNumber(reader.u64()?),
            first_seq: Seq(reader.u64()?),
            durable: Seq(reader.u64()?),
            manifest: FileNumber(reader.u64()?),
            room_bytes: if version == VERSION_WITHOUT_ROOM { None } else { Some(reader.u64()?) },
            salt: reader.array()?,
        };
        if flags & !FLAG_RESTART != 0 {
            return Err(Error::corrupt(format!("reserved flags of its header are set ({flags:#x})")));
        }
        if !is_given(found.first_seq.0) {
            return Err(Error::corrupt(format!(
                "its header names {} as its first batch, a number that no batch has",
                found.first_seq
            )));
        }
        if found.store_id != *store_id {
            return Err(Error::corrupt("it belongs to another store"));
        }
        if found.number != number {
            return Err(Error::corrupt(format!("it was written as log file {}", found.number)));
        }
        Ok(found)
    }

    /// Where the first record begins.
    pub(super) fn header_bytes(&self) -> usize {
        header_bytes_of(if self.room_bytes.is_some() { VERSION } else { VERSION_WITHOUT_ROOM })
    }

    /// What the records of this file bear.
    pub(super) fn seal(&self) -> Seal {
        let file = crc32_seeded(crc32(&self.store_id), &self.number.0.to_le_bytes());
        let [first, second, third, ..] = self.salt;
        Seal { seed: crc32_seeded(file, &self.salt), tag: [first, second, third] }
    }
}

/// The length of the header of a file of `version`; of one that nobody knows yet, that of the newest.
fn header_bytes_of(version: u32) -> usize {
    if version == VERSION_WITHOUT_ROOM { FILE_HEADER_BYTES_WITHOUT_ROOM } else { FILE_HEADER_BYTES }
}

/// Where the records of a file begin whose header need not verify.
pub(super) fn records_offset(bytes: &[u8]) -> usize {
    let version = Reader::at(bytes, MAGIC.len()).and_then(|mut reader| reader.u32());
    header_bytes_of(version.unwrap_or(VERSION))
}

/// What stands before a payload.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct RecordHeader {
    pub(super) payload_bytes: usize,
    pub(super) kind: u8,
    payload_crc: u32,
    pub(super) seq: Seq,
    /// What was known to be durable when the record was written.
    pub(super) durable: Seq,
}

impl RecordHeader {
    /// Reads the header at the start of `bytes`; `None` when no whole and true header stands there.
    pub(super) fn decode(bytes: &[u8], seal: Seal) -> Option<RecordHeader> {
        let mut reader = Reader::new(bytes.get(..RECORD_HEADER_BYTES)?);
        let crc = reader.u32().ok()?;
        let payload_bytes = reader.u32().ok()? as usize;
        // Zeros never decode, and most other bytes are refused before the checksum is computed.
        if payload_bytes == 0 || payload_bytes > RECORD_BYTES_MAX {
            return None;
        }
        let kind = reader.u8().ok()?;
        if reader.array().ok()? != seal.tag {
            return None;
        }
        let header = RecordHeader {
            payload_bytes,
            kind,
            payload_crc: reader.u32().ok()?,
            seq: Seq(reader.u64().ok()?),
            durable: Seq(reader.u64().ok()?),
        };
        let is_lawful = header.seq.0 != u64::MAX
            && match kind {
                0 => false,
                KIND_MARK => header.durable <= header.seq && payload_bytes == NOTE_PAYLOAD_BYTES,
                KIND_CLOSE => header.durable == header.seq && payload_bytes == NOTE_PAYLOAD_BYTES,
                _ => header.durable < header.seq,
            };
        (is_lawful && crc32_seeded(seal.seed, &bytes[4..RECORD_HEADER_BYTES]) == crc).then_some(header)
    }

    /// The payload, which stands behind the header in `bytes`; `None` when it is not whole and true.
    pub(super) fn payload<'a>(&self, bytes: &'a [u8], seal: Seal) -> Option<&'a [u8]> {
        let padded = bytes.get(RECORD_HEADER_BYTES..self.record_bytes())?;
        let (payload, padding) = padded.split_at(self.payload_bytes);
        let is_whole = crc32_seeded(seal.seed, padded) == self.payload_crc && is_zero(padding);
        is_whole.then_some(payload)
    }

    /// The length of the whole record.
    pub(super) fn record_bytes(&self) -> usize {
        record_bytes(self.payload_bytes)
    }
}

/// The length of a record with a payload of `payload_bytes`, which is at most [`RECORD_BYTES_MAX`].
pub(super) fn record_bytes(payload_bytes: usize) -> usize {
    align_up(RECORD_HEADER_BYTES + payload_bytes, RECORD_ALIGNMENT).expect("a payload is bounded")
}

/// Appends a record. The caller has checked kind and length.
pub(super) fn encode_record(writer: &mut Writer, seal: Seal, kind: u8, seqs: (Seq, Seq), payload: &[u8]) {
    let start = writer.len();
    let (seq, durable) = seqs;
    writer.u32(0);
    writer.u32(u32::try_from(payload.len()).expect("a payload is bounded"));
    writer.u8(kind);
    writer.bytes(&seal.tag);
    writer.u32(0);
    writer.u64(seq.0);
    writer.u64(durable.0);
    writer.bytes(payload);
    writer.zeros(record_bytes(payload.len()) - RECORD_HEADER_BYTES - payload.len());
    let payload_crc = crc32_seeded(seal.seed, &writer.as_bytes()[start + RECORD_HEADER_BYTES..]);
    writer.patch_u32(start + 12, payload_crc);
    let crc = crc32_seeded(seal.seed, &writer.as_bytes()[start + 4..start + RECORD_HEADER_BYTES]);
    writer.patch_u32(start, crc);
}

/// Appends a mark: everything up to `durable` is durable, `last` is the seq of the record before.
pub(super) fn encode_mark(writer: &mut Writer, seal: Seal, last: Seq, durable: Seq) {
    encode_record(writer, seal, KIND_MARK, (last, durable), &durable.0.to_le_bytes());
}

/// Appends the last record of a file: everything up to `last` is durable, and file `next` exists.
pub(super) fn encode_close(writer: &mut Writer, seal: Seal, last: Seq, next: FileNumber) {
    encode_record(writer, seal, KIND_CLOSE, (last, last), &next.0.to_le_bytes());
}
