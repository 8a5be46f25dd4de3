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
    /// Stores 16 positions plus `base` (32-bit lanes): those from `16 * group` on.
    fn store_u32(self, positions: Self::Positions, group: usize, base: Self::Line, out: &mut [MaybeUninit<u32>; 16]);
    /// Stores 32 positions plus `base` (16-bit lanes): those from `32 * group` on.
    fn store_u16(self, positions: Self::Positions, group: usize, base: Self::Line, out: &mut [u16; 32]);
    /// Adds in lanes of 32 bits.
    fn add_u32(self, a: Self::Line, b: Self::Line) -> Self::Line;
    /// Adds in lanes of 16 bits.
    fn add_u16(self, a: Self::Line, b: Self::Line) -> Self::Line;
}

/// Appends the ids of `words` plus `base` to `out`; `cardinality` tells how much room to make.
#[inline(always)]
pub(super) fn append_ids<C: Compress>(isa: C, words: &Words, cardinality: u32, base: u32, out: &mut Vec<u32>) {
    /// Ids of a line, and what its last word stores beyond them.
    const ROOM: usize = 64 * LINE_WORDS + 64;
    out.reserve(cardinality as usize + ROOM);
    // The mean of the ids of a word and three deviations of evenly random ones.
    let usual = match cardinality as usize / CHUNK_LINES / LINE_WORDS {
        0..=8 => 1,
        9..=20 => 2,
        21..=36 => 3,
        _ => 4,
    };
    // Counting up in a register is cheaper than spreading a number over the lanes.
    let mut bases = isa.splat(u64::from(base) << 32 | u64::from(base));
    for line in lines(words) {
        if out.capacity() - out.len() < ROOM {
            out.reserve(ROOM);
        }
        let room = out.spare_capacity_mut();
        let length = match usual {
            1 => line_ids::<1, C>(isa, line, &mut bases, room),
            2 => line_ids::<2, C>(isa, line, &mut bases, room),
            3 => line_ids::<3, C>(isa, line, &mut bases, room),
            _ => line_ids::<4, C>(isa, line, &mut bases, room),
        };
        let length = out.len() + length;
        // SAFETY: so many entries were just written, and they fit the room.
        unsafe { out.set_len(length) };
    }
}

/// Writes the ids of one line to `room`; returns how many. `USUAL` vectors are stored per word
/// before a branch. `bases` goes on from word to word.
#[inline(always)]
fn line_ids<const USUAL: usize, C: Compress>(
    isa: C,
    line: &[u64; LINE_WORDS],
    bases: &mut C::Line,
    room: &mut [MaybeUninit<u32>],
) -> usize {
    let mut length = 0;
    for &word in line {
        let positions = isa.positions(word);
        let count = word.count_ones() as usize;
        let (groups, _) = room[length..].as_chunks_mut::<16>();
        for (group, place) in groups[..USUAL].iter_mut().enumerate() {
            isa.store_u32(positions, group, *bases, place);
        }
        if USUAL < 4 && count > 16 * USUAL {
            for (group, place) in groups[..4].iter_mut().enumerate().skip(USUAL) {
                isa.store_u32(positions, group, *bases, place);
            }
        }
        length += count;
        *bases = isa.add_u32(*bases, isa.splat(64 << 32 | 64));
    }
    length
}

/// Writes the ids of `words` to `out`; returns how many.
#[inline(always)]
pub(super) fn words_to_array<C: Compress>(isa: C, words: &Words, out: &mut [u16]) -> usize {
    let mut length = 0;
    let mut bases = isa.splat(0);
    for &word in words {
        let positions = isa.positions(word);
        let count = word.count_ones() as usize;
        let (groups, _) = out[length..].as_chunks_mut::<32>();
        isa.store_u16(positions, 0, bases, &mut groups[0]);
        if count > 32 {
            isa.store_u16(positions, 1, bases, &mut groups[1]);
        }
        length += count;
        bases = isa.add_u16(bases, isa.splat(0x0040_0040_0040_0040));
    }
    length
}
