//! Heap bytes that start on a cache line, so that memory parts have the alignment of mapped files.

use std::fmt;
use std::ops::{Deref, DerefMut};

use bytemuck::{Pod, Zeroable};

/// The alignment of the first byte, in bytes.
pub(super) const ALIGNMENT: usize = 64;

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C, align(64))]
struct Block([u8; ALIGNMENT]);

const _: () = assert!(align_of::<Block>() == ALIGNMENT && size_of::<Block>() == ALIGNMENT);

/// A growing run of bytes whose first one is aligned to [`ALIGNMENT`].
///
/// The bytes between its length and the end of its last block are zero.
#[derive(Clone, Default)]
pub struct AlignedBytes {
    blocks: Vec<Block>,
    len: usize,
}

impl AlignedBytes {
    /// No bytes.
    pub fn new() -> AlignedBytes {
        AlignedBytes::default()
    }

    /// No bytes, with room for `capacity`.
    pub fn with_capacity(capacity: usize) -> AlignedBytes {
        AlignedBytes { blocks: Vec::with_capacity(capacity.div_ceil(ALIGNMENT)), len: 0 }
    }

    /// `len` zero bytes.
    pub fn zeroed(len: usize) -> AlignedBytes {
        AlignedBytes { blocks: vec![Block::zeroed(); len.div_ceil(ALIGNMENT)], len }
    }

    /// Appends `bytes`.
    pub fn extend_from_slice(&mut self, bytes: &[u8]) {
        let start = self.len;
        self.resize(start + bytes.len());
        self[start..].copy_from_slice(bytes);
    }

    /// Makes the length `len`; new bytes are zero.
    pub fn resize(&mut self, len: usize) {
        if len < self.len {
            self[len..].fill(0);
        }
        self.blocks.resize(len.div_ceil(ALIGNMENT), Block::zeroed());
        self.len = len;
    }

    /// Appends zero bytes up to the next multiple of `alignment`.
    pub fn align(&mut self, alignment: usize) {
        self.resize(self.len.next_multiple_of(alignment));
    }

    /// How many bytes of memory it takes.
    pub fn capacity_bytes(&self) -> usize {
        self.blocks.capacity() * ALIGNMENT
    }
}

impl From<&[u8]> for AlignedBytes {
    fn from(bytes: &[u8]) -> AlignedBytes {
        let mut aligned = AlignedBytes::zeroed(bytes.len());
        aligned.copy_from_slice(bytes);
        aligned
    }
}

impl Deref for AlignedBytes {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        &bytemuck::cast_slice(&self.blocks)[..self.len]
    }
}

impl DerefMut for AlignedBytes {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut bytemuck::cast_slice_mut(&mut self.blocks)[..self.len]
    }
}

impl fmt::Debug for AlignedBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AlignedBytes({} bytes)", self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_grow_like_a_vector_and_stay_aligned() {
        let (mut aligned, mut plain) = (AlignedBytes::new(), Vec::new());
        for round in 0..300usize {
            let piece = vec![round as u8 | 1; round % 70];
            aligned.extend_from_slice(&piece);
            plain.extend_from_slice(&piece);
            if round % 7 == 0 {
                aligned.resize(plain.len() / 2);
                plain.truncate(plain.len() / 2);
                aligned.resize(plain.len() + 9);
                plain.resize(plain.len() + 9, 0);
            }
            assert_eq!(&aligned[..], &plain[..]);
            assert_eq!(aligned.as_ptr() as usize % ALIGNMENT, 0);
        }
        aligned.align(64);
        assert_eq!(aligned.len() % 64, 0);
        assert_eq!(&AlignedBytes::from(&plain[..])[..], &plain[..]);
    }
}
