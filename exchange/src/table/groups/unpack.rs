//! Decompression: pages unpacked, into no more bytes than they say: some decoders go on as long as there is something
//! to unpack.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;
use parquet::basic::Compression;

/// What one packed byte becomes at most. Brotli has no bound, and only the budget bounds it.
const SNAPPY_TIMES: u64 = 22;
const LZ4_TIMES: u64 = 255;
const GZIP_TIMES: u64 = 1_032;
const ZSTD_TIMES: u64 = (128 << 10) / 4;
/// What an unpacked page may have beyond that.
const SLACK_BYTES: u64 = 1 << 10;
/// The buffer in front of brotli.
const BROTLI_BUFFER_BYTES: usize = 4096;

/// Unpacks the pages of one column.
pub(super) struct Unpacker {
    codec: Codec,
}

enum Codec {
    Snappy,
    Gzip,
    Brotli,
    Lz4,
    Lz4Raw,
    Zstd(zstd::bulk::Decompressor<'static>),
}

impl Unpacker {
    /// `None` for what is not packed. Errors: a codec that is not read.
    pub(super) fn of(compression: Compression) -> io::Result<Option<Unpacker>> {
        let codec = match compression {
            Compression::UNCOMPRESSED => return Ok(None),
            Compression::SNAPPY => Codec::Snappy,
            Compression::GZIP(_) => Codec::Gzip,
            Compression::BROTLI(_) => Codec::Brotli,
            Compression::LZ4 => Codec::Lz4,
            Compression::LZ4_RAW => Codec::Lz4Raw,
            Compression::ZSTD(_) => Codec::Zstd(zstd::bulk::Decompressor::new()?),
            Compression::LZO => return Err(io::Error::other("LZO is not supported")),
        };
        Ok(Some(Unpacker { codec }))
    }

    /// The most bytes that so many packed ones can become.
    pub(super) fn unpacked_bytes_max(&self, packed: u64) -> u64 {
        let times = match self.codec {
            Codec::Snappy => SNAPPY_TIMES,
            Codec::Gzip => GZIP_TIMES,
            Codec::Brotli => return u64::MAX,
            Codec::Lz4 | Codec::Lz4Raw => LZ4_TIMES,
            Codec::Zstd(_) => ZSTD_TIMES,
        };
        packed.saturating_mul(times).saturating_add(SLACK_BYTES)
    }

    /// Appends what `packed` becomes. Errors: it does not become `bytes`.
    pub(super) fn unpack(&mut self, packed: &[u8], bytes: usize, page: &mut Vec<u8>) -> io::Result<()> {
        let start = page.len();
        match &mut self.codec {
            Codec::Gzip => read_all(MultiGzDecoder::new(packed), bytes, page)?,
            Codec::Brotli => read_all(brotli::Decompressor::new(packed, BROTLI_BUFFER_BYTES), bytes, page)?,
            Codec::Lz4 => unpack_lz4(packed, bytes, page)?,
            Codec::Snappy => {
                page.resize(start + bytes, 0);
                let written = snap::raw::Decoder::new().decompress(packed, &mut page[start..])?;
                page.truncate(start + written);
            }
            Codec::Lz4Raw => unpack_block(packed, bytes, page)?,
            Codec::Zstd(decoder) => {
                page.resize(start + bytes, 0);
                let written = decoder.decompress_to_buffer(packed, &mut page[start..])?;
                page.truncate(start + written);
            }
        }
        match page.len() - start {
            written if written == bytes => Ok(()),
            written => Err(io::Error::other(format!("it becomes {written} bytes and not {bytes}"))),
        }
    }
}

/// Reads a byte more than there may be, which shows that there are too many.
fn read_all(unpacked: impl Read, bytes: usize, page: &mut Vec<u8>) -> io::Result<()> {
    page.reserve_exact(bytes + 1);
    unpacked.take(bytes as u64 + 1).read_to_end(page).map(drop)
}

fn unpack_block(packed: &[u8], bytes: usize, page: &mut Vec<u8>) -> io::Result<()> {
    let start = page.len();
    page.resize(start + bytes, 0);
    let written = lz4_flex::block::decompress_into(packed, &mut page[start..]).map_err(io::Error::other)?;
    page.truncate(start + written);
    Ok(())
}

/// What Parquet calls LZ4 is in blocks as Hadoop writes them, in a frame, or one block, by whom wrote it.
fn unpack_lz4(packed: &[u8], bytes: usize, page: &mut Vec<u8>) -> io::Result<()> {
    let start = page.len();
    if unpack_hadoop(packed, bytes, page).is_some() {
        return Ok(());
    }
    page.truncate(start);
    if read_all(lz4_flex::frame::FrameDecoder::new(packed), bytes, page).is_ok() && page.len() == start + bytes {
        return Ok(());
    }
    page.truncate(start);
    unpack_block(packed, bytes, page)
}

/// Blocks behind their lengths, unpacked and packed, with the high byte first.
fn unpack_hadoop(mut packed: &[u8], bytes: usize, page: &mut Vec<u8>) -> Option<()> {
    let end = page.len() + bytes;
    while !packed.is_empty() {
        let (unpacked_bytes, rest) = packed.split_first_chunk()?;
        let (packed_bytes, rest) = rest.split_first_chunk()?;
        let (unpacked_bytes, packed_bytes) = (u32::from_be_bytes(*unpacked_bytes), u32::from_be_bytes(*packed_bytes));
        let (block, rest) = rest.split_at_checked(packed_bytes as usize)?;
        let at = page.len();
        if unpacked_bytes as usize > end - at {
            return None;
        }
        unpack_block(block, unpacked_bytes as usize, page).ok()?;
        if page.len() != at + unpacked_bytes as usize {
            return None;
        }
        packed = rest;
    }
    (page.len() == end).then_some(())
}
