//! Intersections of two sorted arrays.
//!
//! Blocks of eight are compared all with all, and the block with the lower maximum makes way for
//! its successor (Lemire, Boytsov and Kurz). Which one that is becomes known only after its
//! entries were loaded, so one walk waits most of the time; two walks through the two halves of
//! the arrays go side by side instead.

use super::isa::Isa;

/// Entries that are compared all with all.
pub(super) const BLOCK: usize = 8;

/// How many times longer an array must be so that searching in it beats walking through it.
const SEARCH_RATIO: usize = 64;

/// Entries of the shorter array from which two walks are worth the search for the middle.
const TWO_WALKS_MIN: usize = 48;

/// Entries of an array in which a few ids are looked for by comparing all of them.
const FIND_MAX: usize = 128;

/// Comparisons of whole blocks.
pub(super) trait Blocks: Isa {
    /// One bit per pair of equal entries; bit `i` of every byte stands for entry `i` of `a`.
    fn hits(self, a: &[u16; BLOCK], b: &[u16; BLOCK]) -> u32;
    /// Packs the entries of `block` that `mask` selects to the front of `out`.
    fn compress(self, block: &[u16; BLOCK], mask: u8, out: &mut [u16; BLOCK]);
    /// Calls `visit` with ids of `few`, and whether `many` has them; every common id is visited
    /// with `true` once, and these ascend.
    fn find(self, few: &[u16], many: &[u16], visit: impl FnMut(u16, bool));
}

/// One walk: blocks of both arrays, and how many of each are behind it.
struct Walk<'a> {
    a: &'a [u16],
    b: &'a [u16],
    a_blocks: &'a [[u16; BLOCK]],
    b_blocks: &'a [[u16; BLOCK]],
    a_done: usize,
    b_done: usize,
}

impl<'a> Walk<'a> {
    #[inline(always)]
    fn new(a: &'a [u16], b: &'a [u16]) -> Self {
        let (a_blocks, b_blocks) = (a.as_chunks().0, b.as_chunks().0);
        Walk {
            a,
            b,
            a_blocks,
            b_blocks,
            a_done: 0,
            b_done: 0,
        }
    }

    /// Two walks that see every common id once together, the lower ones first.
    #[inline(always)]
    fn halves(a: &'a [u16], b: &'a [u16]) -> (Self, Self) {
        let middle = a.len() / 2 / BLOCK * BLOCK;
        let pivot = a[middle];
        let split = b.partition_point(|&id| id < pivot);
        (
            Walk::new(&a[..middle], &b[..split]),
            Walk::new(&a[middle..], &b[split..]),
        )
    }

    #[inline(always)]
    fn has_next(&self) -> bool {
        self.a_done < self.a_blocks.len() && self.b_done < self.b_blocks.len()
    }

    /// The next block of `a` and its hits. REQUIRES: [`Walk::has_next`].
    #[inline(always)]
    fn next<B: Blocks>(&mut self, isa: B) -> (&'a [u16; BLOCK], u32) {
        let (a, b) = (&self.a_blocks[self.a_done], &self.b_blocks[self.b_done]);
        let (a_last, b_last) = (a[BLOCK - 1], b[BLOCK - 1]);
        self.a_done += usize::from(a_last <= b_last);
        self.b_done += usize::from(b_last <= a_last);
        (a, isa.hits(a, b))
    }

    /// Visits what is left when one array has no whole block any more.
    #[inline(always)]
    fn finish<B: Blocks>(&self, isa: B, visit: impl FnMut(u16, bool)) {
        let (a, b) = (
            &self.a[self.a_done * BLOCK..],
            &self.b[self.b_done * BLOCK..],
        );
        let (few, many) = if a.len() <= b.len() { (a, b) } else { (b, a) };
        if many.len() <= FIND_MAX {
            isa.find(few, many, visit);
        } else {
            search(few, many, visit);
        }
    }
}

#[inline(always)]
pub(super) fn intersect_count<B: Blocks>(isa: B, a: &[u16], b: &[u16]) -> u32 {
    let (few, many) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    let mut count = 0;
    if few.len() * SEARCH_RATIO < many.len() {
        search(few, many, |_, hit| count += u32::from(hit));
        return count;
    }
    if few.len() < TWO_WALKS_MIN {
        return walk_count(isa, Walk::new(few, many));
    }
    let (mut low, mut high) = Walk::halves(few, many);
    while low.has_next() && high.has_next() {
        count += low.next(isa).1.count_ones();
        count += high.next(isa).1.count_ones();
    }
    count + walk_count(isa, low) + walk_count(isa, high)
}

#[inline(always)]
fn walk_count<B: Blocks>(isa: B, mut walk: Walk<'_>) -> u32 {
    let mut count = 0;
    while walk.has_next() {
        count += walk.next(isa).1.count_ones();
    }
    walk.finish(isa, |_, hit| count += u32::from(hit));
    count
}

#[inline(always)]
pub(super) fn intersect_into<B: Blocks>(isa: B, a: &[u16], b: &[u16], out: &mut [u16]) -> usize {
    let (few, many) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if few.len() * SEARCH_RATIO < many.len() {
        let mut length = 0;
        search(few, many, |id, hit| {
            out[length] = id;
            length += usize::from(hit);
        });
        return length;
    }
    if few.len() < TWO_WALKS_MIN {
        return walk_into(isa, Walk::new(few, many), out, 0);
    }
    let (mut low, mut high) = Walk::halves(few, many);
    // The upper half is written behind all that the lower one can become, then moved down.
    let high_from = low.a.len().min(low.b.len()) + BLOCK;
    let (mut low_length, mut high_length) = (0, high_from);
    while low.has_next() && high.has_next() {
        store_hits(isa, low.next(isa), out, &mut low_length);
        store_hits(isa, high.next(isa), out, &mut high_length);
    }
    let low_length = walk_into(isa, low, out, low_length);
    let high_length = walk_into(isa, high, out, high_length);
    out.copy_within(high_from..high_length, low_length);
    low_length + high_length - high_from
}

#[inline(always)]
fn walk_into<B: Blocks>(isa: B, mut walk: Walk<'_>, out: &mut [u16], from: usize) -> usize {
    let mut length = from;
    while walk.has_next() {
        store_hits(isa, walk.next(isa), out, &mut length);
    }
    walk.finish(isa, |id, hit| {
        out[length] = id;
        length += usize::from(hit);
    });
    length
}

#[inline(always)]
fn store_hits<B: Blocks>(
    isa: B,
    (block, hits): (&[u16; BLOCK], u32),
    out: &mut [u16],
    length: &mut usize,
) {
    let half = hits | hits >> 16;
    let mask = (half | half >> 8) as u8;
    if let Some(place) = out[*length..].first_chunk_mut() {
        isa.compress(block, mask, place);
    }
    *length += mask.count_ones() as usize;
}

/// Calls `visit` with ids of the shorter array, ascending, and whether the other one has them;
/// every common id is visited exactly once with `true`.
#[inline(always)]
pub(super) fn merge(a: &[u16], b: &[u16], mut visit: impl FnMut(u16, bool)) {
    let (a, b) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if a.len() * SEARCH_RATIO < b.len() {
        search(a, b, visit);
        return;
    }
    let (mut i, mut j) = (0, 0);
    while i < a.len() && j < b.len() {
        let (x, y) = (a[i], b[j]);
        visit(x, x == y);
        i += usize::from(x <= y);
        j += usize::from(y <= x);
    }
}

/// The same for an array that is much shorter: each of its ids is searched from where the last one
/// was found, in steps that double.
#[inline(always)]
fn search(few: &[u16], many: &[u16], mut visit: impl FnMut(u16, bool)) {
    let mut rest = many;
    for &id in few {
        let mut step = 1;
        while step < rest.len() && rest[step] < id {
            step *= 2;
        }
        let (from, to) = (step / 2, rest.len().min(step + 1));
        let at = from + rest[from.min(to)..to].partition_point(|&other| other < id);
        rest = &rest[at.min(rest.len())..];
        let Some(&found) = rest.first() else { return };
        visit(id, found == id);
    }
}
