//! An explanation tells what was looked at, and how: the figures follow from how the store was made.

use muster_engine::query::Run;

use crate::store::Store;

/// Bytes of a chunk as a bitset.
const BITSET: u64 = 8_192;
/// Bytes of a run.
const RUN: u64 = 4;

#[test]
fn analyze_tells_bytes_and_ways() {
    let store = Store::loaded();
    let told = |text: &str| {
        let explained = store.prepare(text).analyze(&Run { threads: 1, ..Run::default() }, None).unwrap().explained;
        (explained.path, explained.bytes.unwrap())
    };
    assert_eq!(told("half"), ("directory alone".into(), 0));
    // `first` is one run in chunk 0, where `half` is a bitset; the other chunks are not looked at.
    assert_eq!(told("half AND first"), ("directories side by side".into(), BITSET + RUN));
    assert_eq!(told("half AND NOT first"), ("directories side by side".into(), BITSET + RUN));
    assert_eq!(told("half AND tenth AND first"), ("directories side by side".into(), 2 * BITSET + RUN));
    // All of each: a run at each end, and two bitsets.
    assert_eq!(told("first OR last OR even"), ("calendar of chunks".into(), 2 * BITSET + 2 * RUN));
    // Seven chunks of bitsets, and one of arrays: 1,000 entities.
    let (path, bytes) = told("city IN (city1, city2) AND half");
    assert_eq!(path, "one pass 7, added up 1");
    assert!((7 * 3 * BITSET..7 * 3 * BITSET + 2 * 1_000).contains(&bytes), "{bytes}");
    let (path, bytes) = told("age BETWEEN 20 AND 40 AND half");
    assert_eq!(path, "one pass 7, narrowed 1, pass over slices 1");
    // Seven slices in each of eight chunks: those of the last have 1,000 ids at most.
    assert!((7 * 8 * BITSET..7 * 8 * BITSET + 8 * 2 * 1_000).contains(&bytes), "{bytes}");
    // Ten candidates of a chunk or so: their digits are gathered.
    let (path, _) = told("last AND age BETWEEN 20 AND 40");
    assert_eq!(path, "narrowed 1, digits gathered 1");
}

#[test]
fn analyze_tells_which_chunks_had_to_be_folded() {
    let store = Store::loaded();
    store.change_some();
    let explained =
        store.prepare("half AND tenth").analyze(&Run { threads: 1, ..Run::default() }, None).unwrap().explained;
    assert_eq!(explained.path, "in place 8, layers folded 8");
    assert!(explained.bytes.unwrap() > 2 * 7 * BITSET, "{:?}", explained.bytes);
}
