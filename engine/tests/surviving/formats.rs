//! Files that a newer program wrote, and a newest manifest that does not verify: the store is refused with a reason and
//! stays as it is, byte for byte.

use muster_engine::storage::sim::{CrashPolicy, Keep};
use muster_engine::{Error, ErrorKind, Options};

use super::damage::Store;
use super::workload::open;

/// A file, and what becomes of it.
type Changed<'c> = (&'c str, &'c dyn Fn(&mut Vec<u8>));

/// Opens the store with some files changed; it must be refused, also when damage is to be given up.
fn refused(store: &Store, changes: &[Changed<'_>]) -> Error {
    let everything = CrashPolicy { names: Keep::Everything, data: Keep::Everything };
    let image = store.sim.crash_with(everything, 0);
    for (path, change) in changes {
        image.corrupt(path, change).expect("the file is there");
    }
    let without_lock = || image.files().into_iter().filter(|(path, _)| path != "LOCK").collect::<Vec<_>>();
    let before = without_lock();
    let lenient = Options { discard_damaged_tail: true, ..store.options.clone() };
    let given_up = open(&image, &lenient).err().expect("it is refused");
    let error = open(&image, &store.options).err().expect("it is refused");
    assert_eq!(given_up.to_string(), error.to_string());
    assert!(without_lock() == before, "a file has changed: {error}");
    error
}

/// Makes a file one of format version `version`, its header true.
fn of_version(bytes: &mut [u8], version: u8, crc_offset: usize) {
    bytes[8] = version;
    let crc = crc32fast::hash(&bytes[..crc_offset]);
    bytes[crc_offset..crc_offset + 4].copy_from_slice(&crc.to_le_bytes());
}

#[test]
fn a_newer_format_is_refused_and_left_untouched() {
    let store = Store::new(3);
    for (dir, end, crc_offset, name, version) in [
        ("log/", ".log", 84, "log", 3),
        ("manifest/", ".manifest", 60, "manifest", 3),
        ("parts/", ".part", 60, "part", 2),
        ("parts/", ".names", 60, "names", 2),
    ] {
        let path = store.newest(dir, end);
        let error = refused(&store, &[(&path, &|bytes| of_version(bytes, version, crc_offset))]);
        assert_eq!(error.kind(), ErrorKind::Invalid, "{path}: {error}");
        let message = error.message();
        let known = version - 1;
        let told = format!("use a newer muster: it has {name} format version {version}, this one reads up to {known}");
        assert!(message.contains(&told), "{path}: {message}");
        assert!(message.contains(&path), "{path}: {message}");
    }
}

#[test]
fn newer_audiences_are_refused_and_left_untouched() {
    let store = Store::new(3);
    let (audiences, manifest) = (store.newest("parts/", ".audiences"), store.newest("manifest/", ".manifest"));
    let old_crc = crc32fast::hash(&store.files[&audiences]).to_le_bytes();
    let newer = |bytes: &mut Vec<u8>| {
        bytes[8] += 1;
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&bytes[..12]);
        hasher.update(&bytes[16..]);
        let crc = hasher.finalize();
        bytes[12..16].copy_from_slice(&crc.to_le_bytes());
    };
    let mut changed = store.files[&audiences].clone();
    newer(&mut changed);
    let new_crc = crc32fast::hash(&changed).to_le_bytes();
    // The manifest names the checksum of the whole file.
    let renamed = |bytes: &mut Vec<u8>| {
        let at = bytes.windows(4).position(|found| found == old_crc).expect("the manifest names the file");
        bytes[at..at + 4].copy_from_slice(&new_crc);
        let body = crc32fast::hash(&bytes[64..]);
        bytes[48..52].copy_from_slice(&body.to_le_bytes());
        let header = crc32fast::hash(&bytes[..60]);
        bytes[60..64].copy_from_slice(&header.to_le_bytes());
    };
    let error = refused(&store, &[(&audiences, &newer), (&manifest, &renamed)]);
    assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
    let told = "it has audiences format version 2, this one reads up to 1";
    assert!(error.message().contains(told) && error.message().contains(&audiences), "{error}");
}

#[test]
fn a_newer_catalog_is_refused_and_left_untouched() {
    let store = Store::new(3);
    let manifest = store.newest("manifest/", ".manifest");
    let newer = |bytes: &mut Vec<u8>| {
        let at = bytes.windows(8).position(|found| found == b"MUSTRCAT").expect("the manifest holds a catalog");
        bytes[at + 8..at + 12].copy_from_slice(&3u32.to_le_bytes());
        let len = u64::from_le_bytes(bytes[at + 16..at + 24].try_into().unwrap()) as usize;
        let crc = crc32fast::hash(&[&bytes[at..at + 12], &bytes[at + 16..at + 24 + len]].concat());
        bytes[at + 12..at + 16].copy_from_slice(&crc.to_le_bytes());
        let body = crc32fast::hash(&bytes[64..]);
        bytes[48..52].copy_from_slice(&body.to_le_bytes());
        let header = crc32fast::hash(&bytes[..60]);
        bytes[60..64].copy_from_slice(&header.to_le_bytes());
    };
    let error = refused(&store, &[(&manifest, &newer)]);
    assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
    assert!(error.message().contains("it has catalog format version 3, this one reads up to 2"), "{error}");
}

#[test]
fn a_newer_record_of_a_batch_is_refused_and_left_untouched() {
    let store = Store::new(3);
    let log = store.newest("log/", ".log");
    let newer = |bytes: &mut Vec<u8>| {
        // The first record of a batch; seed and layout are those of docs/formats/log.md.
        let seed = crc32fast::hash(&[&bytes[16..40], &bytes[72..84]].concat());
        let seeded = |covered: &[u8]| {
            let mut hasher = crc32fast::Hasher::new_with_initial(seed);
            hasher.update(covered);
            hasher.finalize().to_le_bytes()
        };
        let mut at = 88;
        loop {
            let len = u32::from_le_bytes(bytes[at + 4..at + 8].try_into().unwrap()) as usize;
            let end = at + 32 + len.next_multiple_of(8);
            if bytes[at + 8] == 1 {
                bytes[at + 32] += 1;
                let payload = seeded(&bytes[at + 32..end]);
                bytes[at + 12..at + 16].copy_from_slice(&payload);
                let header = seeded(&bytes[at + 4..at + 32]);
                bytes[at..at + 4].copy_from_slice(&header);
                return;
            }
            at = end;
        }
    };
    let error = refused(&store, &[(&log, &newer)]);
    assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
    assert!(error.message().contains("it has batch record format version 2, this one reads up to 1"), "{error}");
}

#[test]
fn a_check_says_on_which_rungs_a_store_is() {
    let store = Store::new(3);
    let image = store.sim.crash_with(CrashPolicy { names: Keep::Everything, data: Keep::Everything }, 0);
    let report = muster_engine::check::check(&(std::sync::Arc::new(image) as _), &mut |_| ()).expect("it is read");
    let found = |name: &str| report.formats.get(name).copied();
    assert_eq!(found("log"), Some((2, 2)));
    for name in ["manifest", "audiences", "part", "names"] {
        assert_eq!(found(name), Some((1, 1)), "{name}");
    }
    assert!(found("catalog").is_some());
}

#[test]
fn a_record_that_a_newer_program_wrote_leaves_the_log_as_it_is() {
    let store = Store::new(3);
    let log = store.newest("log/", ".log");
    let strange = |bytes: &mut Vec<u8>| {
        // The kind of the first record; seed and layout are those of docs/formats/log.md.
        bytes[88 + 8] = 200;
        let seed = crc32fast::hash(&[&bytes[16..40], &bytes[72..84]].concat());
        let mut hasher = crc32fast::Hasher::new_with_initial(seed);
        hasher.update(&bytes[88 + 4..88 + 32]);
        let crc = hasher.finalize();
        bytes[88..92].copy_from_slice(&crc.to_le_bytes());
    };
    let error = refused(&store, &[(&log, &strange)]);
    assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
    assert!(error.message().contains("a record of kind 200"), "{error}");
}

#[test]
fn a_newest_manifest_that_does_not_verify_is_refused_with_what_an_older_one_would_lose() {
    let store = Store::new(3);
    let newest = store.newest("manifest/", ".manifest");
    let older: Vec<&String> = store.files.keys().filter(|path| path.starts_with("manifest/")).collect();
    assert_eq!(older.len(), 2, "one older manifest is kept");
    for at in [0, 20, 40, 60, 70, store.files[&newest].len() - 1] {
        let error = refused(&store, &[(&newest, &|bytes| bytes[at] ^= 1)]);
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        let message = error.message();
        assert!(message.starts_with(&newest), "byte {at}: {message}");
        assert!(
            message.contains(older[0].as_str()) && message.contains("would lose everything"),
            "byte {at}: {message}"
        );
    }
}
