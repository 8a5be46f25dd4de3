//! What the messages of an Arrow file or stream claim, checked against the bytes that are there.
//!
//! A decoder takes room for what a message claims before it has seen the bytes, and room that is not there ends the
//! process. So no message reaches a decoder before its lengths lie inside of the file, what its buffers unpack to is
//! what so many packed bytes can become, and it is held, with all dictionaries, within the budget of the reader.
//! Whether the values are lawful is the decoder's to say.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};

use arrow_ipc::{Block, CompressionType, Message, RecordBatch};
use muster_engine::{Error, Result};

use super::described;

/// Of so many parts of what may be held a description takes one at most: it names each buffer of each column in some
/// dozens of bytes, and becomes some times more.
const METADATA_PARTS: u64 = 16;
/// What one byte can unpack to: LZ4 adds at most 255 bytes for one; a block of zstd has 128 KiB and takes four.
const LZ4_TIMES: u64 = 255;
const ZSTD_TIMES: u64 = (128 << 10) / 4;
/// What of it is looked at in one go.
const LZ4_BUFFER_BYTES: usize = 16 << 10;
/// What an unpacked buffer may have beyond that.
const UNPACKED_SLACK: u64 = 1 << 10;
/// The magic at both ends of a file.
const MAGIC: &[u8] = b"ARROW1";
/// In front of an unpacked length that says that the buffer is not packed.
const NOT_PACKED: i64 = -1;

/// Checks all messages of an Arrow file; returns what it takes.
pub(super) fn check_file(name: &str, file: &File, held_bytes_max: u64) -> Result<u64> {
    let mut source = Source::open(name, file, held_bytes_max)?;
    let trailer = source.bytes.checked_sub(10).ok_or_else(|| source.damaged("it ends early"))?;
    let end = source.read(trailer, 10)?;
    let footer_bytes = i32::from_le_bytes([end[0], end[1], end[2], end[3]]);
    let footer_bytes = u64::try_from(footer_bytes).map_err(|_| source.damaged("its footer has a negative length"))?;
    if &end[4..] != MAGIC || footer_bytes > trailer {
        return Err(source.damaged("its end is cut off"));
    }
    let footer = source.read(trailer - footer_bytes, footer_bytes)?;
    let footer = described::footer(&footer).ok_or_else(|| source.damaged("its footer cannot be read"))?;
    let blocks = [footer.dictionaries(), footer.recordBatches()];
    let mut places: Vec<(u64, u64, u64)> = Vec::new();
    for block in blocks.into_iter().flatten().flatten() {
        places.push(source.place_of(block, trailer - footer_bytes)?);
    }
    places.sort_unstable();
    // A batch that the footer names a thousand times would be read a thousand times.
    if places.windows(2).any(|pair| pair[0].0 + pair[0].1 + pair[0].2 > pair[1].0) {
        return Err(source.damaged("two of its messages overlap"));
    }
    for (start, metadata_bytes, body_bytes) in places {
        let metadata = source.read(start, metadata_bytes)?;
        let prefix = if metadata.starts_with(&[0xFF; 4]) { 8 } else { 4 };
        let flat = metadata.get(prefix..).unwrap_or_default();
        let message = described::message(flat).ok_or_else(|| source.damaged("a message cannot be read"))?;
        source.check_message(message, start + metadata_bytes, body_bytes)?;
    }
    Ok(source.held_bytes())
}

/// Checks all messages of an Arrow stream; returns what it takes.
pub(super) fn check_stream(name: &str, file: &File, held_bytes_max: u64) -> Result<u64> {
    let mut source = Source::open(name, file, held_bytes_max)?;
    let mut at = 0;
    while at < source.bytes {
        // What is behind the last message is a length to the decoder.
        if at + 8 > source.bytes {
            let rest = source.read(at, source.bytes - at)?;
            return match rest.iter().all(|byte| *byte == 0) {
                true => Ok(source.held_bytes()),
                false => Err(source.damaged("its last message is cut off")),
            };
        }
        let head = source.read(at, 8)?;
        let (metadata_bytes, prefix) = match head.first_chunk::<4>() {
            Some([0xFF, 0xFF, 0xFF, 0xFF]) => (i32::from_le_bytes([head[4], head[5], head[6], head[7]]), 8),
            _ => (i32::from_le_bytes([head[0], head[1], head[2], head[3]]), 4),
        };
        let metadata_bytes =
            u64::try_from(metadata_bytes).map_err(|_| source.damaged("a message has a negative length"))?;
        if metadata_bytes == 0 {
            break;
        }
        let metadata = source.read(at + prefix, metadata_bytes)?;
        let message = described::message(&metadata).ok_or_else(|| source.damaged("a message cannot be read"))?;
        let body = at + prefix + metadata_bytes;
        let body_bytes =
            u64::try_from(message.bodyLength()).map_err(|_| source.damaged("a message has a negative length"))?;
        if body_bytes > source.bytes - body {
            return Err(source.damaged("a message claims more bytes than follow"));
        }
        source.check_message(message, body, body_bytes)?;
        at = body + body_bytes;
    }
    Ok(source.held_bytes())
}

/// What is said of a file whose batches take too much.
pub(super) fn too_large(name: &str, bytes: u64, bytes_max: u64) -> Error {
    Error::limit(format!(
        "write the file in smaller batches and with smaller dictionaries, or raise load_bytes_max: {name}: one batch \
         takes {bytes} bytes with the dictionaries, at most {bytes_max} are read at once"
    ))
}

/// A file whose places are read one by one.
struct Source<'a> {
    name: &'a str,
    file: BufReader<File>,
    bytes: u64,
    held_bytes_max: u64,
    /// What the dictionaries so far take, and the largest batch.
    dictionary_bytes: u64,
    batch_bytes: u64,
}

impl Source<'_> {
    fn open<'a>(name: &'a str, file: &File, held_bytes_max: u64) -> Result<Source<'a>> {
        let fault = |error| Error::of_system(format_args!("cannot read {name}"), error);
        let bytes = file.metadata().map_err(fault)?.len();
        let file = again(file).map_err(fault)?;
        Ok(Source { name, file, bytes, held_bytes_max, dictionary_bytes: 0, batch_bytes: 0 })
    }

    fn damaged(&self, why: &str) -> Error {
        Error::invalid(format!("{} is damaged: {why}", self.name))
    }

    /// Some bytes, which lie inside of the file and are no more than a description has.
    fn read(&mut self, at: u64, bytes: u64) -> Result<Vec<u8>> {
        if at.checked_add(bytes).is_none_or(|end| end > self.bytes) {
            return Err(self.damaged("a message claims more bytes than follow"));
        }
        let bytes_max = self.held_bytes_max / METADATA_PARTS;
        if bytes > bytes_max {
            return Err(Error::limit(format!(
                "write fewer columns, or raise load_bytes_max: {}: a message describes itself in {bytes} bytes, at \
                 most {bytes_max} are read",
                self.name
            )));
        }
        let mut buffer = vec![0; bytes as usize];
        self.file
            .seek(SeekFrom::Start(at))
            .and_then(|_| self.file.read_exact(&mut buffer))
            .map_err(|error| Error::of_system(format_args!("cannot read {}", self.name), error))?;
        Ok(buffer)
    }

    /// Where a block lies: its start, the bytes of its description and of its body.
    fn place_of(&self, block: &Block, end: u64) -> Result<(u64, u64, u64)> {
        let place = u64::try_from(block.offset()).ok().zip(u64::try_from(block.metaDataLength()).ok());
        let place = place.zip(u64::try_from(block.bodyLength()).ok());
        match place {
            Some(((start, metadata), body))
                if start.checked_add(metadata).and_then(|at| at.checked_add(body)).is_some_and(|at| at <= end) =>
            {
                Ok((start, metadata, body))
            }
            _ => Err(self.damaged("a message lies outside of it")),
        }
    }

    fn check_message(&mut self, message: Message<'_>, body: u64, body_bytes: u64) -> Result<()> {
        if let Some(batch) = message.header_as_record_batch() {
            let bytes = self.bytes_of(batch, body, body_bytes)?;
            self.batch_bytes = self.batch_bytes.max(bytes);
        }
        match message.header_as_dictionary_batch().map(|dictionary| dictionary.data()) {
            // What adds to a dictionary is joined with it, so that it is there twice for a moment.
            Some(Some(batch)) => {
                let bytes = self.bytes_of(batch, body, body_bytes)?;
                self.dictionary_bytes = self.dictionary_bytes.saturating_add(bytes);
            }
            Some(None) => return Err(self.damaged("a dictionary has no values")),
            None => {}
        }
        match self.held_bytes() {
            bytes if bytes > self.held_bytes_max => Err(too_large(self.name, bytes, self.held_bytes_max)),
            _ => Ok(()),
        }
    }

    /// What the file takes at most: all dictionaries and one batch.
    fn held_bytes(&self) -> u64 {
        self.dictionary_bytes.saturating_add(self.batch_bytes)
    }

    /// What a batch takes: its body as it stands in the file, and its buffers unpacked.
    fn bytes_of(&mut self, batch: RecordBatch<'_>, body: u64, body_bytes: u64) -> Result<u64> {
        if batch.length() < 0 || batch.nodes().iter().flatten().any(|node| node.length() < 0 || node.null_count() < 0) {
            return Err(self.damaged("a column has a negative length"));
        }
        let codec = batch.compression().map(|compression| compression.codec());
        let mut bytes_held = body_bytes;
        for buffer in batch.buffers().iter().flatten() {
            let place = u64::try_from(buffer.offset()).ok().zip(u64::try_from(buffer.length()).ok());
            let inside = place.filter(|(at, bytes)| at.checked_add(*bytes).is_some_and(|end| end <= body_bytes));
            let Some((at, bytes)) = inside else {
                return Err(self.damaged("a buffer lies outside of its message"));
            };
            if let Some(codec) = codec.filter(|_| bytes > 0) {
                bytes_held = bytes_held.saturating_add(self.unpacked(body + at, bytes, codec)?);
            }
        }
        Ok(bytes_held)
    }

    /// What a packed buffer takes while and after it is unpacked.
    fn unpacked(&mut self, at: u64, bytes: u64, codec: CompressionType) -> Result<u64> {
        let times = if codec == CompressionType::LZ4_FRAME { LZ4_TIMES } else { ZSTD_TIMES };
        let Some(packed) = bytes.checked_sub(8) else {
            return Err(self.damaged("a packed buffer is too short"));
        };
        let claim = self.read(at, 8)?;
        let claim = i64::from_le_bytes(claim.try_into().map_err(|_| self.damaged("a buffer is cut off"))?);
        let unpacked = match u64::try_from(claim) {
            Ok(unpacked) if unpacked <= packed.saturating_mul(times).saturating_add(UNPACKED_SLACK) => unpacked,
            // It is a part of the body.
            Err(_) if claim == NOT_PACKED => return Ok(0),
            _ => return Err(self.damaged(&format!("{packed} packed bytes claim to become {claim}"))),
        };
        // The decoder of LZ4 goes on behind the claim, as far as there is something to unpack.
        if codec == CompressionType::LZ4_FRAME && self.lz4_bytes(at + 8, packed, unpacked)? > unpacked {
            return Err(self.damaged(&format!("{packed} packed bytes claim to become {claim}, and become more")));
        }
        Ok(unpacked)
    }

    /// What a frame becomes, as far as a byte beyond `unpacked`. One that is damaged becomes less.
    fn lz4_bytes(&mut self, at: u64, packed: u64, unpacked: u64) -> Result<u64> {
        self.file
            .seek(SeekFrom::Start(at))
            .map_err(|error| Error::of_system(format_args!("cannot read {}", self.name), error))?;
        let frame = lz4_flex::frame::FrameDecoder::new((&mut self.file).take(packed));
        let mut becomes = 0;
        let mut limited = frame.take(unpacked + 1);
        let mut buffer = [0; LZ4_BUFFER_BYTES];
        loop {
            match limited.read(&mut buffer) {
                Ok(0) | Err(_) => return Ok(becomes),
                Ok(bytes) => becomes += bytes as u64,
            }
        }
    }
}

/// The file from its beginning, buffered.
pub(super) fn again(file: &File) -> std::io::Result<BufReader<File>> {
    let mut file = file.try_clone()?;
    file.seek(SeekFrom::Start(0))?;
    Ok(BufReader::new(file))
}
