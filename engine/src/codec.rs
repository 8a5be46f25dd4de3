//! Bytes: bounded little-endian reading and writing, and the checksum.
//!
//! A [`Reader`] never panics and never reads beyond its slice: every call says how much it needs and gets it or a
//! corrupt error that names the offset. Formats are laid out for little-endian hosts and mapped as they are, so other
//! hosts are refused when the engine is compiled.

use crate::error::{Error, Result};

#[cfg(target_endian = "big")]
compile_error!("muster maps its files as they are and needs a little-endian host");

/// The crc32 (IEEE) of `bytes`.
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    crc32_seeded(0, bytes)
}

/// The crc32 of `bytes`, continued from `seed`, which is the crc32 of what comes before.
pub(crate) fn crc32_seeded(seed: u32, bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(seed);
    hasher.update(bytes);
    hasher.finalize()
}

/// Whether all `bytes` are zero; by words, because a log file can end in many of them.
pub(crate) fn is_zero(bytes: &[u8]) -> bool {
    let (words, rest) = bytes.as_chunks::<8>();
    let is_zero_piece = |piece: &[[u8; 8]]| piece.iter().fold(0, |any, &word| any | u64::from_ne_bytes(word)) == 0;
    words.chunks(32).all(is_zero_piece) && rest.iter().all(|&byte| byte == 0)
}

/// `len` rounded up to a multiple of `alignment`, or `None` when that does not fit.
pub(crate) const fn align_up(len: usize, alignment: usize) -> Option<usize> {
    len.checked_next_multiple_of(alignment)
}

/// Reads fixed-width little-endian values from a slice, front to back.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    /// A reader at the start of `bytes`.
    pub(crate) fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes, offset: 0 }
    }

    /// A reader of the whole `bytes` that stands at `offset`. Errors: corrupt, when `offset` lies outside.
    pub(crate) fn at(bytes: &'a [u8], offset: usize) -> Result<Reader<'a>> {
        if offset > bytes.len() {
            return Err(Error::corrupt(format!("offset {offset} lies outside {} bytes", bytes.len())));
        }
        Ok(Reader { bytes, offset })
    }

    /// How many bytes were read.
    pub(crate) fn offset(&self) -> usize {
        self.offset
    }

    /// How many bytes are left.
    pub(crate) fn remaining(&self) -> usize {
        self.bytes.len() - self.offset
    }

    /// Whether nothing is left.
    pub(crate) fn is_empty(&self) -> bool {
        self.remaining() == 0
    }

    /// The next `len` bytes.
    pub(crate) fn bytes(&mut self, len: usize) -> Result<&'a [u8]> {
        if len > self.remaining() {
            return Err(self.corrupt(format_args!("expected {len} bytes, found {}", self.remaining())));
        }
        let start = self.offset;
        self.offset += len;
        Ok(&self.bytes[start..self.offset])
    }

    /// The next `N` bytes.
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut array = [0; N];
        array.copy_from_slice(self.bytes(N)?);
        Ok(array)
    }

    pub(crate) fn u8(&mut self) -> Result<u8> {
        Ok(self.array::<1>()?[0])
    }

    pub(crate) fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(crate) fn u64(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    pub(crate) fn i64(&mut self) -> Result<i64> {
        Ok(i64::from_le_bytes(self.array()?))
    }

    /// A byte that must be 0 or 1.
    pub(crate) fn bool(&mut self) -> Result<bool> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(self.corrupt(format_args!("expected 0 or 1, found {other}"))),
        }
    }

    /// An unsigned number of 7 bits a byte, lowest first, in its shortest form.
    pub(crate) fn varint(&mut self) -> Result<u64> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            let digits = u64::from(byte & 0x7F);
            if shift == 63 && digits > 1 {
                break;
            }
            number |= digits << shift;
            if byte & 0x80 == 0 {
                if byte == 0 && shift > 0 {
                    return Err(self.corrupt(format_args!("a varint is longer than it needs to be")));
                }
                return Ok(number);
            }
        }
        Err(self.corrupt(format_args!("a varint does not fit 64 bits")))
    }

    /// A `u32` length, at most `len_max`, and that many bytes.
    pub(crate) fn blob(&mut self, len_max: usize) -> Result<&'a [u8]> {
        let len = self.u32()? as usize;
        if len > len_max {
            return Err(self.corrupt(format_args!("expected at most {len_max} bytes, found a length of {len}")));
        }
        self.bytes(len)
    }

    /// A [`blob`](Self::blob) that must be UTF-8.
    pub(crate) fn str(&mut self, len_max: usize) -> Result<&'a str> {
        let bytes = self.blob(len_max)?;
        std::str::from_utf8(bytes).map_err(|_| self.corrupt(format_args!("the text before is not UTF-8")))
    }

    /// A `u32` count of things that take at least `each_bytes_min` bytes each, so that the count is bounded by the
    /// bytes that are left before anything is allocated for it.
    pub(crate) fn count(&mut self, each_bytes_min: usize) -> Result<usize> {
        let count = self.u32()? as usize;
        if count > self.remaining() / each_bytes_min.max(1) {
            return Err(self.corrupt(format_args!("a count of {count} does not fit {} bytes", self.remaining())));
        }
        Ok(count)
    }

    /// `len` bytes that must be zero.
    pub(crate) fn zeros(&mut self, len: usize) -> Result<()> {
        if !is_zero(self.bytes(len)?) {
            return Err(self.corrupt(format_args!("the {len} reserved bytes before are not zero")));
        }
        Ok(())
    }

    /// Ends the reading. Errors: corrupt, when bytes are left.
    pub(crate) fn finish(&self) -> Result<()> {
        if !self.is_empty() {
            return Err(self.corrupt(format_args!("{} bytes too many", self.remaining())));
        }
        Ok(())
    }

    /// A corrupt error that names the place of this reader.
    #[cold]
    pub(crate) fn corrupt(&self, what: std::fmt::Arguments<'_>) -> Error {
        Error::corrupt(format!("at byte {}: {what}", self.offset))
    }
}

/// Appends fixed-width little-endian values to a vector.
#[derive(Clone, Debug, Default)]
pub(crate) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// An empty writer.
    pub(crate) fn new() -> Writer {
        Writer::default()
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// What was written so far.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Forgets what was written and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub(crate) fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    pub(crate) fn u32(&mut self, value: u32) {
        self.bytes(&value.to_le_bytes());
    }

    pub(crate) fn u64(&mut self, value: u64) {
        self.bytes(&value.to_le_bytes());
    }

    pub(crate) fn i64(&mut self, value: i64) {
        self.bytes(&value.to_le_bytes());
    }

    pub(crate) fn bool(&mut self, value: bool) {
        self.u8(u8::from(value));
    }

    /// The counterpart of [`Reader::varint`].
    pub(crate) fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.u8(value as u8 | 0x80);
            value >>= 7;
        }
        self.u8(value as u8);
    }

    /// A `u32` count or length. Errors: limit, when it does not fit.
    pub(crate) fn count(&mut self, count: usize) -> Result<()> {
        let count =
            u32::try_from(count).map_err(|_| Error::limit(format!("a count of {count} does not fit 32 bits")))?;
        self.u32(count);
        Ok(())
    }

    /// `len` zero bytes.
    pub(crate) fn zeros(&mut self, len: usize) {
        self.bytes.resize(self.bytes.len() + len, 0);
    }

    /// Zero bytes up to the next multiple of `alignment`.
    pub(crate) fn align(&mut self, alignment: usize) {
        self.zeros(self.bytes.len().next_multiple_of(alignment) - self.bytes.len());
    }

    /// Overwrites the four bytes at `offset`, which were written before.
    pub(crate) fn patch_u32(&mut self, offset: usize, value: u32) {
        self.bytes[offset..offset + 4].copy_from_slice(&value.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(a: u8, c: u32, d: u64, e: i64, f: bool, g: u64, text: String) {
            let mut writer = Writer::new();
            writer.u8(a);
            writer.u32(c);
            writer.u64(d);
            writer.i64(e);
            writer.bool(f);
            writer.varint(g);
            writer.u32(text.len() as u32);
            writer.bytes(text.as_bytes());
            writer.align(8);
            let bytes = writer.into_bytes();
            prop_assert_eq!(bytes.len() % 8, 0);
            let mut reader = Reader::new(&bytes);
            prop_assert_eq!(reader.u8().unwrap(), a);
            prop_assert_eq!(reader.u32().unwrap(), c);
            prop_assert_eq!(reader.u64().unwrap(), d);
            prop_assert_eq!(reader.i64().unwrap(), e);
            prop_assert_eq!(reader.bool().unwrap(), f);
            prop_assert_eq!(reader.varint().unwrap(), g);
            prop_assert_eq!(reader.str(text.len()).unwrap(), text.as_str());
            reader.zeros(reader.remaining()).unwrap();
            reader.finish().unwrap();
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes: Vec<u8>) {
            let mut reader = Reader::new(&bytes);
            while reader.varint().is_ok() {}
            let mut reader = Reader::new(&bytes);
            while reader.blob(9).is_ok() {}
            prop_assert!(reader.offset() <= bytes.len());
        }
    }

    #[test]
    fn an_error_names_the_offset() {
        let mut reader = Reader::new(&[1, 2, 3]);
        reader.u8().unwrap();
        assert_eq!(reader.u32().unwrap_err().message(), "at byte 1: expected 4 bytes, found 2");
    }

    #[test]
    fn a_length_beyond_its_bound_is_refused() {
        assert!(Reader::new(&[9, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1]).blob(8).is_err());
        assert!(Reader::new(&[0xFF, 0xFF, 0xFF, 0xFF, 0]).count(1).is_err());
    }

    #[test]
    fn a_varint_has_one_form() {
        assert!(Reader::new(&[0x80, 0x00]).varint().is_err());
        assert!(Reader::new(&[0xFF; 10]).varint().is_err());
        let longest = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01];
        assert_eq!(Reader::new(&longest).varint().unwrap(), u64::MAX);
    }

    #[test]
    fn one_bit_is_not_zero_wherever_it_is() {
        let mut bytes = vec![0; 1000];
        assert!(is_zero(&bytes) && is_zero(&[]));
        for at in 0..bytes.len() {
            bytes[at] = 0x80;
            assert!(!is_zero(&bytes));
            bytes[at] = 0;
        }
    }

    #[test]
    fn a_seed_continues_a_checksum() {
        assert_eq!(crc32_seeded(crc32(b"mus"), b"ter"), crc32(b"muster"));
    }
}
