//! Merges of two sorted arrays that keep more than the intersection.

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
