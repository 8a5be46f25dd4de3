//! A buffered writer of large aligned writes.
//!
//! The size of a write call decides whether the page cache holds the file in huge pages, so a part is written in pieces
//! of [`WRITE_BYTES_MIN`] or a multiple of it; only the last piece is shorter.

use super::WriteFile;
use crate::error::Result;

/// The size of the smallest write call but the last, and the alignment of its offset.
pub(super) const WRITE_BYTES_MIN: usize = 2 << 20;

/// Collects what is written and hands it on in pieces of at least [`WRITE_BYTES_MIN`].
pub(crate) struct AlignedWriter {
    file: Box<dyn WriteFile>,
    buffer: Vec<u8>,
}

impl AlignedWriter {
    /// A writer at the start of the empty `file`.
    pub(crate) fn new(file: Box<dyn WriteFile>) -> AlignedWriter {
        assert_eq!(file.written_bytes(), 0, "an aligned writer starts with an empty file");
        AlignedWriter { file, buffer: Vec::new() }
    }

    /// Writes `bytes` behind what was written.
    pub(crate) fn write_all(&mut self, mut bytes: &[u8]) -> Result<()> {
        if !self.buffer.is_empty() {
            let (head, rest) = bytes.split_at(bytes.len().min(WRITE_BYTES_MIN - self.buffer.len()));
            self.buffer.extend_from_slice(head);
            bytes = rest;
            if self.buffer.len() < WRITE_BYTES_MIN {
                return Ok(());
            }
            self.file.write_all(&self.buffer)?;
            self.buffer.clear();
        }
        let (direct, rest) = bytes.split_at(bytes.len() - bytes.len() % WRITE_BYTES_MIN);
        if !direct.is_empty() {
            self.file.write_all(direct)?;
        }
        self.buffer.extend_from_slice(rest);
        Ok(())
    }

    /// Writes the rest, cuts off unused room and makes everything durable; returns the length of the file.
    pub(crate) fn finish(mut self) -> Result<u64> {
        if !self.buffer.is_empty() {
            self.file.write_all(&self.buffer)?;
        }
        let len = self.file.written_bytes();
        self.file.trim(len)?;
        self.file.sync_data()?;
        Ok(len)
    }
}
