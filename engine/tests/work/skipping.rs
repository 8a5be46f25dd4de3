//! What a query does not need is not read: counted by the bytes of the parts that were checked, since nothing is used
//! before it was.

use muster_engine::query::Run;

use crate::store::Store;

/// Bytes of a chunk as a bitset.
const BITSET_BYTES: u64 = 8_192;
/// Small containers share a checksum, and so are read together: a group is closed when it has reached 8 KiB.
const UNIT_BYTES_MAX: u64 = 2 * 8_192;

/// How many bytes a count reads of a store that has just been opened, and the count.
fn touched(text: &str) -> (u64, u64) {
    let store = Store::loaded();
    let prepared = store.prepare(text);
    assert_eq!(prepared.snapshot().touched_bytes().unwrap(), 0, "nothing is read before the count of {text}");
    let count = prepared.count(&Run::default()).unwrap().count;
    (prepared.snapshot().touched_bytes().unwrap(), count)
}

#[test]
fn the_count_of_one_bitmap_stands_in_the_directory() {
    assert_eq!(touched("first"), (0, 100));
    assert_eq!(touched("first OR first").0, 0);
}

#[test]
fn chunks_that_an_operand_leaves_out_are_not_read() {
    // Of the seven chunks of `half` only the first is: one bitset, and the unit of `first`.
    let (bytes, count) = touched("first AND half");
    assert!(count > 20, "{count}");
    assert!((BITSET_BYTES..=BITSET_BYTES + UNIT_BYTES_MAX).contains(&bytes), "{bytes} bytes");
    // `even` has two chunks, `half` eight: two of each.
    let (bytes, _) = touched("even AND half");
    assert!((3 * BITSET_BYTES..=4 * BITSET_BYTES + UNIT_BYTES_MAX).contains(&bytes), "{bytes} bytes");
}

#[test]
fn operands_that_never_meet_are_not_read_at_all() {
    assert_eq!(touched("first AND last AND half"), (0, 0));
    assert_eq!(touched("first AND last"), (0, 0));
}

#[test]
fn the_union_of_sparse_bitmaps_reads_their_units_only() {
    // The units of the two lists, and nothing of the six chunks between them.
    let (bytes, count) = touched("first OR last");
    assert_eq!(count, 200);
    assert!(bytes <= 2 * UNIT_BYTES_MAX, "{bytes} bytes");
    assert_eq!(touched("(first OR last) AND NOT even").1, 150);
}

#[test]
fn a_number_is_read_only_where_candidates_are() {
    let (bytes, _) = touched("first AND age BETWEEN 20 AND 40");
    // Seven slices of one chunk, and the unit of `first`; presence and sign take no bytes where all or nobody are in.
    assert!(bytes <= 7 * BITSET_BYTES + 2 * UNIT_BYTES_MAX, "{bytes} bytes");
}

#[test]
fn a_page_of_members_reads_no_further_than_its_end() {
    let store = Store::loaded();
    let prepared = store.prepare("half AND NOT tenth");
    let page = prepared.members(&Run::default(), None, 10).unwrap();
    assert_eq!(page.ids.len(), 10);
    let bytes = prepared.snapshot().touched_bytes().unwrap();
    assert!(bytes <= 2 * BITSET_BYTES + UNIT_BYTES_MAX, "{bytes} bytes");
}

/// Flags of half of all: some 56 KiB each, and 4 MiB of what nobody has checked are little.
const FLAGS: u32 = 80;

/// What nobody has checked since the store was opened makes a count long only where there is much of it.
#[test]
fn a_first_count_is_short_where_little_is_still_to_be_checked() {
    let store = Store::loaded();
    let names: Vec<String> = (0..FLAGS).map(|flag| format!("flag{flag}")).collect();
    store.load_flags(&names);
    let store = store.reopened();
    let is_short = |text: &str| store.prepare(text).is_short(&Run::default()).unwrap();
    let all = names.join(" OR ");
    let many = format!("first AND ({all})");
    assert!(is_short("first AND half"));
    assert!(!is_short(&many), "eighty bitmaps of seven dense chunks");
    store.prepare(&all).count(&Run::default()).unwrap();
    assert!(is_short(&many), "all of it is checked, and of a hundred members little is read");
}
