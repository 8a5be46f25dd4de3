//! Intersections of two sorted arrays.
//!
//! Blocks of eight are compared all with all, and the block with the lower maximum makes way for
//! its successor (Lemire, Boytsov and Kurz). Which one that is becomes known only after its
//! entries were loaded, so one walk waits most of the time; several walks through parts of the
//! arrays go side by side instead.

use std::hint::select_unpredictable;

use super::isa::{Isa, LINE_WORDS};

/// Entries that are compared all with all.
pub(super) const BLOCK: usize = 8;

/// How many times longer an array must be so that searching in it beats walking through it.
const SEARCH_RATIO: usize = 24;

/// How many times longer an array must be so that it usually is the one that moves on.
const RUSH_RATIO: usize = 6;

/// Walks that go side by side.
const WALKS: usize = 3;

/// Entries of the shorter array from which they are worth the search for where each begins.
const WALKS_MIN: usize = 16 * WALKS;

/// Entries of an array in which a few ids are looked for by comparing all of them.
const FIND_MAX: usize = 128;

/// Comparisons of whole blocks.
pub(super) trait Blocks: Isa {
    /// One bit per pair of equal entries; bit `i` of every byte stands for entry `i` of `a`.
    fn hits(self, a: &[u16; BLOCK], b: &[u16; BLOCK]) -> u32;
    /// All rotations of `block`.
    fn rotations(self, block: &[u16; BLOCK]) -> [Self::Line; 2];
    /// Adds the number of entries of `block` that are among those that were rotated to the
    /// sixteen-bit counters of `tally`.
    fn tally(self, tally: Self::Line, rotations: [Self::Line; 2], block: &[u16; BLOCK]) -> Self::Line;
    /// Packs the entries of `block` that `mask` selects to the front of `out`.
    fn compress(self, block: &[u16; BLOCK], mask: u8, out: &mut [u16; BLOCK]);
    /// Calls `visit` with ids of `few`, and whether `many` has them; every common id is visited
    /// with `true` once, and these ascend. For a few ids in a short array.
    fn find(self, few: &[u16], many: &[u16], visit: impl FnMut(u16, bool));
    /// How many times longer an array must be so that searching in it beats walking through it.
    const SEARCH_RATIO: usize = SEARCH_RATIO;
    /// Calls `visit` with up to sixteen ids of `few`, and a bit for each that says whether `many`
    /// has it.
    #[inline(always)]
    fn search(self, few: &[u16], many: &[u16], mut visit: impl FnMut(&[u16], u16)) {
        for id in few {
            visit(std::slice::from_ref(id), u16::from(many.binary_search(id).is_ok()));
        }
    }
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
        Walk { a, b, a_at, b_at, a_end, b_end }
    }

    /// Walks that see every common id once together, the lower ones first. REQUIRES: `a` has a
    /// block for each.
    #[inline(always)]
    fn side_by_side(a: &'a [u16], b: &'a [u16]) -> [Self; WALKS] {
        let (mut a, mut b) = (a, b);
        let mut left = WALKS;
        [(); WALKS].map(|()| {
            let at = if left == 1 { a.len() } else { a.len() / left / BLOCK * BLOCK };
            let split = a.get(at).map_or(b.len(), |pivot| b.partition_point(|id| id < pivot));
            // Up to a whole block, `b` reaches into what the next walk sees. That equals nothing in
            // this `a`, and so no walk but the last one ends with a rest.
            let walk = Walk::new(&a[..at], &b[..b.len().min(split + BLOCK - 1)]);
            (a, b, left) = (&a[at..], &b[split..], left - 1);
            walk
        })
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
        let done = |slice: &[u16], at: *const [u16; BLOCK]| (at.addr() - slice.as_ptr().addr()) / size_of::<u16>();
        let (a_done, b_done) = (done(self.a, self.a_at), done(self.b, self.b_at));
        finish(isa, &self.a[a_done..], &self.b[b_done..], visit);
    }
}

/// Visits the rests of both arrays, one of which is shorter than a block.
#[inline(always)]
fn finish<B: Blocks>(isa: B, a: &[u16], b: &[u16], visit: impl FnMut(u16, bool)) {
    let (few, many) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if many.len() <= FIND_MAX {
        isa.find(few, many, visit);
    } else {
        search(few, many, visit);
    }
}

#[inline(always)]
pub(super) fn intersect_count<B: Blocks>(isa: B, a: &[u16], b: &[u16]) -> u32 {
    let (few, many) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if few.len() * B::SEARCH_RATIO < many.len() {
        let mut count = 0;
        isa.search(few, many, |_, hits| count += hits.count_ones());
        return count;
    }
    if few.len() * RUSH_RATIO < many.len() {
        return rush_count(isa, few, many);
    }
    if few.len() < WALKS_MIN {
        return walk_count(isa, Walk::new(few, many));
    }
    let mut walks = Walk::side_by_side(few, many);
    let mut tally = isa.splat(0);
    while walks.iter().all(Walk::has_next) {
        for walk in &mut walks {
            // SAFETY: the condition of the loop.
            let (a, b) = unsafe { walk.next() };
            tally = isa.tally(tally, isa.rotations(b), a);
        }
    }
    let mut count = tallied(isa, tally);
    for walk in walks {
        count += walk_count(isa, walk);
    }
    count
}

/// Counts where `many` moves on most of the time. That is easily predicted, so a branch decides and
/// nothing waits for it, and the rotations of a block of `few` serve many blocks.
#[inline(always)]
fn rush_count<B: Blocks>(isa: B, few: &[u16], many: &[u16]) -> u32 {
    let (few_blocks, many_blocks) = (few.as_chunks::<BLOCK>().0, many.as_chunks::<BLOCK>().0);
    let (mut few_done, mut many_done) = (0, 0);
    let mut tally = isa.splat(0);
    'few: for block in few_blocks {
        let rotations = isa.rotations(block);
        loop {
            let Some(other) = many_blocks.get(many_done) else {
                break 'few;
            };
            tally = isa.tally(tally, rotations, other);
            if other[BLOCK - 1] >= block[BLOCK - 1] {
                break;
            }
            many_done += 1;
        }
        few_done += 1;
    }
    let mut count = tallied(isa, tally);
    let (few, many) = (&few[few_done * BLOCK..], &many[many_done * BLOCK..]);
    finish(isa, few, many, |_, hit| count += u32::from(hit));
    count
}

/// The sum of the counters. None overflows: a chunk has fewer blocks than a counter has values,
/// and an entry of a block is equal to one other at most.
#[inline(always)]
fn tallied<B: Blocks>(isa: B, tally: B::Line) -> u32 {
    let mut counters = [0; LINE_WORDS];
    isa.store(&mut counters, tally);
    let counters: &[u16; 4 * LINE_WORDS] = bytemuck::cast_ref(&counters);
    counters.iter().map(|&counter| u32::from(counter)).sum()
}

/// The hits of what is left of a walk.
#[inline(always)]
fn walk_count<B: Blocks>(isa: B, mut walk: Walk<'_>) -> u32 {
    let mut tally = isa.splat(0);
    while walk.has_next() {
        // SAFETY: the condition of the loop.
        let (a, b) = unsafe { walk.next() };
        tally = isa.tally(tally, isa.rotations(b), a);
    }
    let mut count = tallied(isa, tally);
    walk.finish(isa, |_, hit| count += u32::from(hit));
    count
}

#[inline(always)]
pub(super) fn intersect_into<B: Blocks>(isa: B, a: &[u16], b: &[u16], out: &mut [u16]) -> usize {
    let (few, many) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if few.len() * B::SEARCH_RATIO < many.len() {
        let mut length = 0;
        isa.search(few, many, |ids, hits| {
            let mut left = hits;
            while left != 0 {
                out[length] = ids[left.trailing_zeros() as usize];
                length += 1;
                left &= left - 1;
            }
        });
        return length;
    }
    if few.len() < WALKS_MIN {
        return walk_into(isa, Walk::new(few, many), out, 0);
    }
    let mut walks = Walk::side_by_side(few, many);
    // Each walk writes behind all that the ones below it can become; in the end all move down.
    let mut from = [0; WALKS];
    for index in 1..WALKS {
        let below = &walks[index - 1];
        from[index] = from[index - 1] + below.a.len().min(below.b.len()) + BLOCK;
    }
    let mut length = from;
    while walks.iter().all(Walk::has_next) {
        for (walk, length) in walks.iter_mut().zip(&mut length) {
            // SAFETY: the condition of the loop.
            let blocks = unsafe { walk.next() };
            store_hits(isa, blocks, out, length);
        }
    }
    let mut total = 0;
    for ((walk, from), length) in walks.into_iter().zip(from).zip(length) {
        let to = walk_into(isa, walk, out, length);
        out.copy_within(from..to, total);
        total += to - from;
    }
    total
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
fn store_hits<B: Blocks>(isa: B, (block, other): (&[u16; BLOCK], &[u16; BLOCK]), out: &mut [u16], length: &mut usize) {
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
