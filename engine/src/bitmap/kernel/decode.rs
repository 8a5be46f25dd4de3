//! From bits to ids where an instruction packs the positions of set bits.
//!
//! Every word stores as many whole vectors as its ids usually need, without a branch; what the
//! last vector holds too much is overwritten by the next word. Only a word with unusually many
//! ids branches.

use std::mem::MaybeUninit;

use super::super::Words;
use super::isa::{CHUNK_LINES, Isa, LINE_WORDS, lines};

/// Packs positions of set bits and widens them to ids.
pub(super) trait Compress: Isa {
    /// Up to 64 positions in ascending order.
    type Positions: Copy;

    fn positions(self, word: u64) -> Self::Positions;
    /// Stores 16 positions plus `base`: those from `16 * group` on.
    fn store_u32(
        self,
        positions: Self::Positions,
        group: usize,
        base: u32,
        out: &mut [MaybeUninit<u32>; 16],
    );
    /// Stores 32 positions plus `base`: those from `32 * group` on.
    fn store_u16(self, positions: Self::Positions, group: usize, base: u16, out: &mut [u16; 32]);
}

/// Appends the ids of `words` plus `base` to `out`; `cardinality` tells how much room to make.
#[inline(always)]
pub(super) fn append_ids<C: Compress>(
    isa: C,
    words: &Words,
    cardinality: u32,
    base: u32,
    out: &mut Vec<u32>,
) {
    /// Ids of a line, and what its last word stores beyond them.
    const ROOM: usize = 64 * LINE_WORDS + 64;
    out.reserve(cardinality as usize + ROOM);
    let usual = match cardinality as usize / CHUNK_LINES / LINE_WORDS {
        0..=7 => 1,
        8..=21 => 2,
        _ => 4,
    };
    for (index, line) in lines(words).iter().enumerate() {
        if out.capacity() - out.len() < ROOM {
            out.reserve(ROOM);
        }
        let line_base = base + (64 * LINE_WORDS * index) as u32;
        let room = out.spare_capacity_mut();
        let length = match usual {
            1 => line_ids::<1, C>(isa, line, line_base, room),
            2 => line_ids::<2, C>(isa, line, line_base, room),
            _ => line_ids::<4, C>(isa, line, line_base, room),
        };
        let length = out.len() + length;
        // SAFETY: so many entries were just written, and they fit the room.
        unsafe { out.set_len(length) };
    }
}

/// Writes the ids of one line to `room`; returns how many. `USUAL` vectors are stored per word
/// before a branch.
#[inline(always)]
fn line_ids<const USUAL: usize, C: Compress>(
    isa: C,
    line: &[u64; LINE_WORDS],
    line_base: u32,
    room: &mut [MaybeUninit<u32>],
) -> usize {
    let mut length = 0;
    for (index, &word) in line.iter().enumerate() {
        let word_base = line_base + 64 * index as u32;
        let positions = isa.positions(word);
        let count = word.count_ones() as usize;
        let (groups, _) = room[length..].as_chunks_mut::<16>();
        for (group, place) in groups[..USUAL].iter_mut().enumerate() {
            isa.store_u32(positions, group, word_base, place);
        }
        if USUAL < 4 && count > 16 * USUAL {
            for (group, place) in groups[..4].iter_mut().enumerate().skip(USUAL) {
                isa.store_u32(positions, group, word_base, place);
            }
        }
        length += count;
    }
    length
}

/// Writes the ids of `words` to `out`; returns how many.
#[inline(always)]
pub(super) fn words_to_array<C: Compress>(isa: C, words: &Words, out: &mut [u16]) -> usize {
    let mut length = 0;
    for (index, &word) in words.iter().enumerate() {
        let word_base = 64 * index as u16;
        let positions = isa.positions(word);
        let count = word.count_ones() as usize;
        let (groups, _) = out[length..].as_chunks_mut::<32>();
        isa.store_u16(positions, 0, word_base, &mut groups[0]);
        if count > 32 {
            isa.store_u16(positions, 1, word_base, &mut groups[1]);
        }
        length += count;
    }
    length
}
