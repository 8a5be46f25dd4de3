//! One id in a sorted array, and merges of two that keep more than the intersection.

/// Where `id` stands in `ids` if they are spread evenly over the chunk; behind the last where there are none.
#[inline]
pub(crate) fn expected_place(ids: &[u16], id: u16) -> usize {
    (usize::from(id) * ids.len()) >> 16
}

/// Ids around the expected place that are compared all at once, without a branch on any of them: three deviations of
/// evenly random ids in an array of a thousand.
const NEAR: usize = 96;

/// Whether `ids` has `id`: looked for where it should stand, and searched where it cannot stand there.
#[inline]
pub(crate) fn contains(ids: &[u16], id: u16) -> bool {
    let from = expected_place(ids, id).saturating_sub(NEAR / 2).min(ids.len().saturating_sub(NEAR));
    let Some(near) = ids[from..].first_chunk::<NEAR>() else { return has(ids, id) };
    if id < near[0] {
        return ids[..from].binary_search(&id).is_ok();
    }
    if near[NEAR - 1] < id {
        return ids[from + NEAR..].binary_search(&id).is_ok();
    }
    has(near, id)
}

/// Compares all.
#[inline]
fn has(ids: &[u16], id: u16) -> bool {
    ids.iter().fold(false, |has, &one| has | (one == id))
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
