//! One id in a sorted array, and merges of two that keep more than the intersection.

use super::kernel;

/// Ids around the expected place that are compared all at once, without a branch on any of them: three deviations of
/// evenly random ids in an array of a thousand.
const NEAR: usize = 96;

/// Ids of a line of memory.
const LINE: usize = 32;

/// Where the ids begin around the place where `id` stands if they are spread evenly over the chunk.
#[inline(always)]
fn near_from(ids: &[u16], id: u16) -> usize {
    let expected = (usize::from(id) * ids.len()) >> 16;
    expected.saturating_sub(NEAR / 2).min(ids.len().saturating_sub(NEAR))
}

/// Prefetches the lines of what [`contains`] compares.
#[inline(always)]
pub(crate) fn prefetch(ids: &[u16], id: u16) {
    let Some(last) = ids.len().checked_sub(1) else { return };
    let from = near_from(ids, id);
    for place in [0, LINE, 2 * LINE, NEAR - 1] {
        kernel::prefetch(&ids[(from + place).min(last)]);
    }
}

/// Whether `ids` has `id`: looked for where it should stand, and searched where it cannot stand there.
#[inline(always)]
pub(crate) fn contains(ids: &[u16], id: u16) -> bool {
    let from = near_from(ids, id);
    let to = ids.len().min(from + NEAR);
    let near = &ids[from..to];
    if kernel::current().array_has(near, id) {
        return true;
    }
    match (near.first(), near.last()) {
        (Some(&first), _) if id < first => ids[..from].binary_search(&id).is_ok(),
        (_, Some(&last)) if last < id => ids[to..].binary_search(&id).is_ok(),
        _ => false,
    }
}

/// Writes the union to `out`; returns its length. REQUIRES: `out` holds both lengths together.
pub(crate) fn union(a: &[u16], b: &[u16], out: &mut [u16]) -> usize {
    let (mut i, mut j, mut length) = (0, 0, 0);
    while i < a.len() && j < b.len() {
        let (x, y) = (a[i], b[j]);
        out[length] = x.min(y);
        length += 1;
        i += usize::from(x <= y);
        j += usize::from(y <= x);
    }
    length = append(&a[i..], out, length);
    append(&b[j..], out, length)
}

/// Writes what is in exactly one to `out`; returns its length. REQUIRES: as for [`union`].
pub(crate) fn symmetric_difference(a: &[u16], b: &[u16], out: &mut [u16]) -> usize {
    let (mut i, mut j, mut length) = (0, 0, 0);
    while i < a.len() && j < b.len() {
        let (x, y) = (a[i], b[j]);
        out[length] = x.min(y);
        length += usize::from(x != y);
        i += usize::from(x <= y);
        j += usize::from(y <= x);
    }
    length = append(&a[i..], out, length);
    append(&b[j..], out, length)
}

/// Writes what is in `a` and not in `b` to `out`; returns its length. REQUIRES: `out` holds `a`.
pub(crate) fn difference(a: &[u16], b: &[u16], out: &mut [u16]) -> usize {
    let (mut i, mut j, mut length) = (0, 0, 0);
    while i < a.len() && j < b.len() {
        let (x, y) = (a[i], b[j]);
        out[length] = x;
        length += usize::from(x < y);
        i += usize::from(x <= y);
        j += usize::from(y <= x);
    }
    append(&a[i..], out, length)
}

fn append(rest: &[u16], out: &mut [u16], length: usize) -> usize {
    out[length..length + rest.len()].copy_from_slice(rest);
    length + rest.len()
}
