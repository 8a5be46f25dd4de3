//! Lists of runs against lists of runs and against arrays.

use super::Run;

/// Calls `visit` with every gap between `runs`, and with those before the first and after the last.
pub(crate) fn for_each_gap(runs: &[Run], mut visit: impl FnMut(Run)) {
    let mut first = 0u32;
    for run in runs {
        if u32::from(run.first) > first {
            visit(Run { first: first as u16, last: run.first - 1 });
        }
        first = u32::from(run.last) + 1;
    }
    if first <= u32::from(u16::MAX) {
        visit(Run { first: first as u16, last: u16::MAX });
    }
}

/// Calls `visit` with every run that lies in both lists, ascending.
pub(crate) fn for_each_common(a: &[Run], b: &[Run], mut visit: impl FnMut(Run)) {
    let (mut i, mut j) = (0, 0);
    while i < a.len() && j < b.len() {
        let first = a[i].first.max(b[j].first);
        let last = a[i].last.min(b[j].last);
        if first <= last {
            visit(Run { first, last });
        }
        let (a_last, b_last) = (a[i].last, b[j].last);
        i += usize::from(a_last <= b_last);
        j += usize::from(b_last <= a_last);
    }
}

/// The ids that lie in both lists.
pub(crate) fn common_count(a: &[Run], b: &[Run]) -> u32 {
    let mut count = 0;
    for_each_common(a, b, |run| count += run.cardinality());
    count
}

/// Appends the union of both lists to `out`. REQUIRES: `out` is empty.
pub(crate) fn union(a: &[Run], b: &[Run], out: &mut Vec<Run>) {
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        let take_a = j == b.len() || (i < a.len() && a[i].first <= b[j].first);
        let next = if take_a { a[i] } else { b[j] };
        i += usize::from(take_a);
        j += usize::from(!take_a);
        match out.last_mut() {
            Some(open) if u32::from(next.first) <= u32::from(open.last) + 1 => {
                open.last = open.last.max(next.last);
            }
            _ => out.push(next),
        }
    }
}

/// Appends what is in `a` and not in `b` to `out`.
pub(crate) fn difference(a: &[Run], b: &[Run], out: &mut Vec<Run>) {
    let mut j = 0;
    for run in a {
        let mut first = u32::from(run.first);
        let last = u32::from(run.last);
        while j < b.len() && b[j].last < run.first {
            j += 1;
        }
        let mut cut = j;
        while cut < b.len() && u32::from(b[cut].first) <= last {
            if u32::from(b[cut].first) > first {
                out.push(Run { first: first as u16, last: b[cut].first - 1 });
            }
            first = u32::from(b[cut].last) + 1;
            cut += 1;
        }
        if first <= last {
            out.push(Run { first: first as u16, last: last as u16 });
        }
    }
}

/// The ids in all of `runs`.
pub(crate) fn cardinality(runs: &[Run]) -> u32 {
    runs.iter().map(|run| run.cardinality()).sum()
}

/// Runs against ids above which walking through the runs beats searching each of them.
pub(crate) const SEARCH_RATIO: usize = 8;

/// How many of `ids` lie inside of `runs`, each searched by itself.
pub(crate) fn searched_count(ids: &[u16], runs: &[Run]) -> u32 {
    ids.iter().map(|&id| u32::from(contains(runs, id))).sum()
}

/// Whether one of `runs` has `id`.
pub(crate) fn contains(runs: &[Run], id: u16) -> bool {
    let after = runs.partition_point(|run| run.first <= id);
    after > 0 && id <= runs[after - 1].last
}

/// Calls `visit` with every stretch of `ids` that lies inside one run.
pub(crate) fn for_each_stretch<'i>(ids: &'i [u16], runs: &[Run], mut visit: impl FnMut(&'i [u16])) {
    let (Some(&lowest), Some(&highest)) = (ids.first(), ids.last()) else {
        return;
    };
    let from = runs.partition_point(|run| run.last < lowest);
    let mut rest = ids;
    if ids.len() * SEARCH_RATIO < runs.len() {
        for (index, &id) in ids.iter().enumerate() {
            if contains(runs, id) {
                visit(&ids[index..=index]);
            }
        }
        return;
    }
    for run in &runs[from..] {
        if run.first > highest {
            return;
        }
        rest = &rest[advance(rest, |id| id < run.first)..];
        let inside = advance(rest, |id| id <= run.last);
        if inside > 0 {
            visit(&rest[..inside]);
        }
        rest = &rest[inside..];
        if rest.is_empty() {
            return;
        }
    }
}

/// The length of the prefix of `ids` that fulfils `is_before`, found in steps that double.
fn advance(ids: &[u16], is_before: impl Fn(u16) -> bool) -> usize {
    let mut step = 4;
    while step < ids.len() && is_before(ids[step]) {
        step *= 2;
    }
    let from = if step == 4 { 0 } else { step / 2 };
    let to = ids.len().min(step);
    from + ids[from..to].partition_point(|&id| is_before(id))
}
