//! One id in a sorted array, and merges of two that keep more than the intersection.

/// Where `id` stands in `ids` if they are spread evenly over the chunk; behind the last where there are none.
#[inline]
pub(crate) fn expected_place(ids: &[u16], id: u16) -> usize {
    (usize::from(id) * ids.len()) >> 16
}

/// Whether `ids` has `id`: looked for from the expected place outwards in steps that double, so that it takes a cache
/// line or two where ids are spread evenly, and never longer than two binary searches.
#[inline]
pub(crate) fn contains(ids: &[u16], id: u16) -> bool {
    const STEP: usize = 8;
    let at = expected_place(ids, id);
    let Some(&expected) = ids.get(at) else { return false };
    let mut step = STEP;
    let near = if expected <= id {
        while at + step < ids.len() && ids[at + step] <= id {
            step *= 2;
        }
        let from = if step == STEP { at } else { at + step / 2 };
        &ids[from..ids.len().min(at + step)]
    } else {
        while step <= at && ids[at - step] > id {
            step *= 2;
        }
        let to = if step == STEP { at } else { at - step / 2 };
        &ids[at.saturating_sub(step)..to]
    };
    near.binary_search(&id).is_ok()
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
