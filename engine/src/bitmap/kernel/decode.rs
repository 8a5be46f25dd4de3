//! From bits to ids where an instruction packs the positions of set bits.
//!
//! Every word stores as many whole vectors as its ids usually need, without a branch; what the
//! last vector holds too much is overwritten by the next word. Only a word with unusually many
//! ids branches.

use std::mem::MaybeUninit;

use super::super::{CHUNK_WORDS, Words};
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
    /// The 32-bit lanes that all hold `id`.
    fn splat_u32(self, id: u32) -> Self::Line;
    /// The 16-bit lanes that all hold `id`.
    fn splat_u16(self, id: u16) -> Self::Line;
    /// Writes the indices of the words that are not zero to the front of `out`, counted from
    /// `first`; returns how many.
    fn occupied(self, line: &[u64; LINE_WORDS], first: u16, out: &mut [u16; LINE_WORDS]) -> usize;
    /// Asks for the line of memory at `place`, which may lie anywhere: it is not read.
    fn expect(self, place: *const MaybeUninit<u32>);
    /// Adds in lanes of 32 bits.
    fn add_u32(self, a: Self::Line, b: Self::Line) -> Self::Line;
}

/// Ids of a line, and what its last word stores beyond them.
pub(super) const ROOM: usize = 64 * LINE_WORDS + 64;

/// Ids ahead of the place where the next ones are stored at which memory is asked for. Stores wait for their lines one
/// after the other, and nobody else asks early enough: a third of the time, whether memory or the caches have them.
const AHEAD: usize = 128;

/// Appends the ids of `words` plus `base` to `out`; `cardinality` tells how much room to make.
#[inline(always)]
pub(super) fn append_ids<C: Compress>(isa: C, words: &Words, cardinality: u32, base: u32, out: &mut Vec<u32>) {
    out.reserve(cardinality as usize + ROOM);
    if (cardinality as usize) < SPARSE_MAX {
        append_sparse(isa, words, base, out);
        return;
    }
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
        isa.expect(room.as_ptr().wrapping_add(length + AHEAD));
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

/// Ids of a chunk below which so many words are zero that finding the others first pays.
const SPARSE_MAX: usize = CHUNK_WORDS;

/// Indices of the words that are not zero, found without a branch.
struct Occupied {
    indices: [u16; CHUNK_WORDS + LINE_WORDS],
    count: usize,
}

impl Occupied {
    #[inline(always)]
    fn of<C: Compress>(isa: C, words: &Words) -> Self {
        let mut indices = [0; CHUNK_WORDS + LINE_WORDS];
        let mut count = 0;
        for (index, line) in lines(words).iter().enumerate() {
            let place = indices[count..].first_chunk_mut().expect("a line behind the last index");
            count += isa.occupied(line, (index * LINE_WORDS) as u16, place);
        }
        Occupied { indices, count }
    }

    /// The words that are not zero, with their index.
    #[inline(always)]
    fn words<'a>(&'a self, words: &'a Words) -> impl Iterator<Item = (u16, u64)> + 'a {
        let indices = self.indices[..self.count].iter();
        indices.map(|&index| (index, words[usize::from(index) % CHUNK_WORDS]))
    }
}

/// Appends ids when most words are zero.
#[inline(always)]
fn append_sparse<C: Compress>(isa: C, words: &Words, base: u32, out: &mut Vec<u32>) {
    for (index, word) in Occupied::of(isa, words).words(words) {
        if out.capacity() - out.len() < 64 {
            out.reserve(64);
        }
        let positions = isa.positions(word);
        let bases = isa.splat_u32(base + 64 * u32::from(index));
        let count = word.count_ones() as usize;
        let (groups, _) = out.spare_capacity_mut().as_chunks_mut::<16>();
        isa.store_u32(positions, 0, bases, &mut groups[0]);
        if count > 16 {
            for (group, place) in groups[..4].iter_mut().enumerate().skip(1) {
                isa.store_u32(positions, group, bases, place);
            }
        }
        let length = out.len() + count;
        // SAFETY: so many entries were just written, and they fit the room.
        unsafe { out.set_len(length) };
    }
}

/// Writes the ids of `words` to `out`; returns how many. What fits an array leaves words zero.
#[inline(always)]
pub(super) fn words_to_array<C: Compress>(isa: C, words: &Words, out: &mut [u16]) -> usize {
    let mut length = 0;
    for (index, word) in Occupied::of(isa, words).words(words) {
        let positions = isa.positions(word);
        let bases = isa.splat_u16(64 * index);
        let count = word.count_ones() as usize;
        let (groups, _) = out[length..].as_chunks_mut::<32>();
        isa.store_u16(positions, 0, bases, &mut groups[0]);
        if count > 32 {
            isa.store_u16(positions, 1, bases, &mut groups[1]);
        }
        length += count;
    }
    length
}
