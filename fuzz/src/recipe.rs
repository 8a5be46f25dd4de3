//! Bytes that say how a file is put together. Where they end, they go on as zeros.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::forge::{
    CODES, Column, DELTA_LENGTHS, DELTA_TEXTS, Forged, GZIP, LZ4_RAW, OPTIONAL, PLAIN, REPEATED, REQUIRED, UNPACKED,
    ZSTD, codes, deltas, file, ids, levels, plain, run, texts,
};

/// Numbers that decoders get wrong.
const TELLING: [i64; 12] =
    [0, 1, -1, 1 << 16, 1 << 20, 1 << 24, 1 << 30, i32::MAX as i64, i32::MIN as i64, 1 << 40, i64::MAX, i64::MIN];
/// What a page of a recipe has at most.
const TEXT_BYTES_MAX: i64 = 64 << 10;

pub(crate) struct Recipe<'a> {
    bytes: &'a [u8],
}

impl Recipe<'_> {
    pub(crate) fn new(bytes: &[u8]) -> Recipe<'_> {
        Recipe { bytes }
    }

    fn byte(&mut self) -> u8 {
        match self.bytes.split_first() {
            Some((byte, rest)) => {
                self.bytes = rest;
                *byte
            }
            None => 0,
        }
    }

    fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::from(self.byte()) % choices.len()]
    }

    /// Mostly what is right, else a telling number or any.
    fn claim(&mut self, right: i64) -> i64 {
        match self.byte() % 8 {
            0..5 => right,
            5 => self.one_of(&TELLING),
            6 => right + i64::from(self.byte()) - 128,
            _ => i64::from(i32::from_le_bytes([self.byte(), self.byte(), self.byte(), self.byte()])),
        }
    }

    /// A count that stays a count of what is made here.
    fn count(&mut self) -> u64 {
        match self.byte() {
            small @ 0..200 => u64::from(small),
            large => 1 << (large % 25),
        }
    }

    /// A Parquet file of a column of keys and one of texts or lists.
    pub(crate) fn parquet(mut self) -> Vec<u8> {
        let rows = self.count().min(1 << 12);
        let repetition = match self.byte() {
            odd if odd % 2 == 1 => REPEATED,
            0..128 => REQUIRED,
            _ => OPTIONAL,
        };
        let (codec, pack) = self.one_of(&[
            (UNPACKED, none as fn(&[u8]) -> Vec<u8>),
            (ZSTD, zstd),
            (GZIP, gzip),
            (LZ4_RAW, lz4_flex::block::compress),
        ]);
        let mut pages = Vec::new();
        for _ in 0..1 + self.byte() % 4 {
            let page = self.page(rows, repetition);
            let right = page.bytes.len() as i64;
            pages.push(Forged { unpacked: self.claim(right), ..page.packed(pack) });
        }
        let column = Column { repetition, codec, ..texts(pages) };
        let claimed = self.claim(rows as i64);
        let mut bytes = file(&[ids(rows), column], claimed);
        // A change or none behind all that.
        let place = usize::from(self.byte()) << 8 | usize::from(self.byte());
        let change = self.byte();
        if let Some(byte) = bytes.get_mut(place) {
            *byte ^= change;
        }
        bytes
    }

    fn page(&mut self, rows: u64, repetition: i64) -> Forged {
        if self.byte().is_multiple_of(4) {
            let values = self.count().min(1_000);
            let bytes = self.texts(values);
            return Forged::dictionary(self.claim(values as i64), bytes);
        }
        let mut values = rows;
        let mut bytes = Vec::new();
        if repetition == REPEATED {
            let runs: Vec<(u64, u8)> = (0..self.byte() % 6).map(|_| (self.count(), self.byte() % 3)).collect();
            values = runs.iter().map(|(length, _)| length).sum();
            let runs: Vec<Vec<u8>> = runs.iter().map(|(length, level)| run(*length, *level)).collect();
            bytes.extend(levels(&runs));
            let level = self.byte() % 3;
            bytes.extend(levels(&[run(self.claim(values as i64).unsigned_abs(), level)]));
        }
        if repetition == OPTIONAL {
            let nulls = self.claim(values as i64 / 2).unsigned_abs();
            bytes.extend(levels(&[run(nulls, 0), run(self.claim(values as i64).unsigned_abs(), self.byte() % 3)]));
        }
        let encoding = self.one_of(&[PLAIN, CODES, CODES, DELTA_LENGTHS, DELTA_TEXTS]);
        let made = self.count().min(values);
        bytes.extend(match encoding {
            PLAIN => self.texts(made.min(1_000)),
            CODES => codes(values, self.byte() % 3),
            DELTA_LENGTHS => [self.lengths(values), self.texts(8)].concat(),
            _ => [self.lengths(values), self.lengths(values), self.texts(8)].concat(),
        });
        Forged::data(self.claim(values as i64), encoding, bytes)
    }

    fn lengths(&mut self, values: u64) -> Vec<u8> {
        let count = self.claim(values as i64).unsigned_abs().min(1 << 22);
        let (first, rest) = (self.claim(3) as i32 >> 1, self.claim(2) as i32 >> 1);
        deltas(count, first, rest)
    }

    fn texts(&mut self, values: u64) -> Vec<u8> {
        let text = match self.byte() % 4 {
            0 => vec![b'a'; self.claim(40).clamp(0, TEXT_BYTES_MAX) as usize],
            1 => vec![self.byte()],
            _ => b"Berlin".to_vec(),
        };
        let values = values.min(TEXT_BYTES_MAX as u64 / (text.len() as u64 + 4) + 1);
        plain(&text).repeat(values as usize)
    }

    /// One of the files with some of its aligned numbers changed.
    pub(crate) fn changed(mut self, files: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = files[usize::from(self.byte()) % files.len()].clone();
        for _ in 0..1 + self.byte() % 4 {
            let place = (usize::from(self.byte()) << 8 | usize::from(self.byte())) * 4 % bytes.len();
            let width = self.one_of(&[4, 8, 8, 2, 1]);
            let now = bytes[place..].iter().take(8).rev().fold(0, |number, byte| number << 8 | i64::from(*byte));
            let number = self.claim(now.wrapping_add(1)).to_le_bytes();
            let end = bytes.len().min(place + width);
            bytes[place..end].copy_from_slice(&number[..end - place]);
        }
        bytes
    }
}

fn none(bytes: &[u8]) -> Vec<u8> {
    bytes.to_vec()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(bytes, 1).expect("packed")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(bytes).and_then(|()| packer.finish()).expect("packed")
}
