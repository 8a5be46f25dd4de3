//! Tests of the test: a disk that lies, a name that nobody makes durable and a checksum that nobody computes must be
//! found out by the crash images, or the images prove nothing.

use muster_engine::storage::Sim;

use super::images::{Tally, crash_everywhere};

/// Images that are tried for each.
const IMAGES: u64 = 20_000;
/// Runs that are tried for each.
const SEEDS: u64 = 12;

/// What the crash images say of disks that do `misdeed`.
fn found(misdeed: fn(&Sim)) -> Option<String> {
    let mut tally = Tally::new(IMAGES, misdeed);
    let found = (0..SEEDS).find_map(|seed| crash_everywhere(seed, &mut tally).err());
    println!("{} images, found: {found:?}", tally.total());
    found
}

#[test]
fn the_images_find_nothing_where_nothing_is_wrong() {
    let mut tally = Tally::new(500, |_| {});
    assert_eq!(crash_everywhere(0, &mut tally), Ok(()));
}

#[test]
fn a_sync_that_lies_is_found_out() {
    assert!(found(|sim| sim.lie_in_sync(true)).is_some());
}

#[test]
fn a_rename_without_a_sync_of_its_directory_is_found_out() {
    assert!(found(|sim| sim.lie_in_sync_of("parts")).is_some(), "of a part");
    assert!(found(|sim| sim.lie_in_sync_of("log")).is_some(), "of a log file");
}

#[test]
fn a_hard_link_without_a_sync_of_its_directory_is_found_out() {
    assert!(found(|sim| sim.lie_in_sync_of("manifest")).is_some());
}

#[test]
fn a_directory_without_a_sync_of_the_one_above_is_found_out() {
    assert!(found(|sim| sim.lie_in_sync_of("")).is_some());
}

#[test]
fn a_backup_without_a_sync_of_its_directories_is_found_out() {
    assert!(found(|sim| sim.lie_in_sync_of("backup 0/parts")).is_some(), "of its parts");
    assert!(found(|sim| sim.lie_in_sync_of("backup 0/log")).is_some(), "of its log");
    assert!(found(|sim| sim.lie_in_sync_of("backup 0/manifest")).is_some(), "of its manifest");
    assert!(found(|sim| sim.lie_in_sync_of("backup 0")).is_some(), "of itself");
}

#[test]
fn a_checksum_that_is_skipped_is_found_out() {
    assert!(found(|sim| sim.read_through(skip_payload_checksums)).is_some());
}

const RECORD_HEADER_BYTES: usize = 32;

/// Makes the checksum of each payload in a log file right, whatever the payload is: as if nobody looked at it.
pub(crate) fn skip_payload_checksums(path: &str, bytes: &mut [u8]) {
    each_record(path, bytes, |seed, record| {
        let (header, payload) = record.split_at_mut(RECORD_HEADER_BYTES);
        header[12..16].copy_from_slice(&crc(seed, payload).to_le_bytes());
        let crc = crc(seed, &header[4..]);
        header[..4].copy_from_slice(&crc.to_le_bytes());
    });
}

/// Shows each record of a log file whose header is true, and the seed of its checksums. The layout is that of
/// docs/formats/log.md.
pub(crate) fn each_record(path: &str, bytes: &mut [u8], mut change: impl FnMut(u32, &mut [u8])) {
    const HEADER_BYTES: usize = 88;
    if !path.starts_with("log/") || bytes.len() < HEADER_BYTES {
        return;
    }
    let seed = crc(crc(crc(0, &bytes[16..32]), &bytes[32..40]), &bytes[72..84]);
    let number = |bytes: &[u8], at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
    let mut at = HEADER_BYTES;
    while at + RECORD_HEADER_BYTES <= bytes.len() {
        let header_end = at + RECORD_HEADER_BYTES;
        let end = header_end + (number(bytes, at + 4) as usize).next_multiple_of(8);
        if end == header_end || end > bytes.len() || crc(seed, &bytes[at + 4..header_end]) != number(bytes, at) {
            return;
        }
        change(seed, &mut bytes[at..end]);
        at = end;
    }
}

fn crc(seed: u32, bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(seed);
    hasher.update(bytes);
    hasher.finalize()
}
