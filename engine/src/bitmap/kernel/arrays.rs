//! Intersections of two sorted arrays.
//!
//! Blocks of eight are compared all with all, and the block with the lower maximum makes way for
//! its successor (Lemire, Boytsov and Kurz). Which one that is becomes known only after its
//! entries were loaded, so one walk waits most of the time; two walks through the two halves of
//! the arrays go side by side instead.

use std::hint::select_unpredictable;

use super::isa::{Isa, LINE_WORDS};

/// Entries that are compared all with all.
pub(super) const BLOCK: usize = 8;

/// How many times longer an array must be so that searching in it beats walking through it.
const SEARCH_RATIO: usize = 24;

/// Entries of the shorter array from which two walks are worth the search for the middle.
const TWO_WALKS_MIN: usize = 48;

/// Entries of an array in which a few ids are looked for by comparing all of them.
const FIND_MAX: usize = 128;

/// Comparisons of whole blocks.
pub(super) trait Blocks: Isa {
    /// One bit per pair of equal entries; bit `i` of every byte stands for entry `i` of `a`.
    fn hits(self, a: &[u16; BLOCK], b: &[u16; BLOCK]) -> u32;
    /// Adds the number of pairs of equal entries to the sixteen-bit counters of `tally`.
    fn tally(self, tally: Self::Line, a: &[u16; BLOCK], b: &[u16; BLOCK]) -> Self::Line;
    /// Packs the entries of `block` that `mask` selects to the front of `out`.
    fn compress(self, block: &[u16; BLOCK], mask: u8, out: &mut [u16; BLOCK]);
    /// Calls `visit` with ids of `few`, and whether `many` has them; every common id is visited
    /// with `true` once, and these ascend.
    fn find(self, few: &[u16], many: &[u16], visit: impl FnMut(u16, bool));
}

/// One walk through both arrays, block by block.
///
/// Invariant: `a_at` to `a_end` are whole blocks inside of `a`, and likewise for `b`.
struct Walk<'a> {
    a: &'a [u16],
    b: &'a [u16],
    a_at: *const [u16; BLOCK],
    b_at: *const [u16; BLOCK],
    a_end: *const [u16; BLOCK],
    b_end: *const [u16; BLOCK],
}

impl<'a> Walk<'a> {
    #[inline(always)]
    fn new(a: &'a [u16], b: &'a [u16]) -> Self {
        let a_blocks = a.as_chunks::<BLOCK>().0.as_ptr_range();
        let b_blocks = b.as_chunks::<BLOCK>().0.as_ptr_range();
        let (a_at, a_end) = (a_blocks.start, a_blocks.end);
        let (b_at, b_end) = (b_blocks.start, b_blocks.end);
        Walk {
            a,
            b,
            a_at,
            b_at,
            a_end,
            b_end,
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
        self.a_at < self.a_end && self.b_at < self.b_end
    }

    /// The next two blocks to compare.
    ///
    /// # Safety
    /// [`Walk::has_next`] holds.
    #[inline(always)]
    unsafe fn next(&mut self) -> (&'a [u16; BLOCK], &'a [u16; BLOCK]) {
        // SAFETY: a whole block of `a` lies there, because its end is not reached.
        let a = unsafe { &*self.a_at };
        // SAFETY: likewise for `b`.
        let b = unsafe { &*self.b_at };
        let (a_last, b_last) = (a[BLOCK - 1], b[BLOCK - 1]);
        let (a_next, b_next) = (self.a_at.wrapping_add(1), self.b_at.wrapping_add(1));
        self.a_at = select_unpredictable(b_last >= a_last, a_next, self.a_at);
        self.b_at = select_unpredictable(a_last >= b_last, b_next, self.b_at);
        (a, b)
    }

    /// Visits what is left when one array has no whole block any more.
    #[inline(always)]
    fn finish<B: Blocks>(&self, isa: B, visit: impl FnMut(u16, bool)) {
        let done = |slice: &[u16], at: *const [u16; BLOCK]| {
            (at.addr() - slice.as_ptr().addr()) / size_of::<u16>()
        };
        let (a, b) = (
            &self.a[done(self.a, self.a_at)..],
            &self.b[done(self.b, self.b_at)..],
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
        return walk_count(isa, Walk::new(few, many), isa.splat(0));
    }
    let (mut low, mut high) = Walk::halves(few, many);
    let mut tally = isa.splat(0);
    while low.has_next() && high.has_next() {
        // SAFETY: the condition of the loop.
        let (a, b) = unsafe { low.next() };
        tally = isa.tally(tally, a, b);
        // SAFETY: the condition of the loop.
        let (a, b) = unsafe { high.next() };
        tally = isa.tally(tally, a, b);
    }
    walk_count(isa, low, tally) + walk_count(isa, high, isa.splat(0))
}

/// The hits of the rest of a walk and those in `tally`. No counter overflows: a chunk has fewer
/// blocks than a counter has values, and an entry of a block is equal to one other at most.
#[inline(always)]
fn walk_count<B: Blocks>(isa: B, mut walk: Walk<'_>, mut tally: B::Line) -> u32 {
    while walk.has_next() {
        // SAFETY: the condition of the loop.
        let (a, b) = unsafe { walk.next() };
        tally = isa.tally(tally, a, b);
    }
    let mut counters = [0; LINE_WORDS];
    isa.store(&mut counters, tally);
    let counters: &[u16; 4 * LINE_WORDS] = bytemuck::cast_ref(&counters);
    let mut count = counters.iter().map(|&counter| u32::from(counter)).sum();
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
        // SAFETY: the condition of the loop.
        let blocks = unsafe { low.next() };
        store_hits(isa, blocks, out, &mut low_length);
        // SAFETY: the condition of the loop.
        let blocks = unsafe { high.next() };
        store_hits(isa, blocks, out, &mut high_length);
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
        // SAFETY: the condition of the loop.
        let blocks = unsafe { walk.next() };
        store_hits(isa, blocks, out, &mut length);
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
    (block, other): (&[u16; BLOCK], &[u16; BLOCK]),
    out: &mut [u16],
    length: &mut usize,
) {
    let hits = isa.hits(block, other);
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

/// The same for an array that is much shorter: its ids are searched one by one. The searches do
/// not wait for each other, so starting each where the last one ended would be slower.
#[inline(always)]
fn search(few: &[u16], many: &[u16], mut visit: impl FnMut(u16, bool)) {
    for &id in few {
        visit(id, many.binary_search(&id).is_ok());
    }
}
