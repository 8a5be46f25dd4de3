//! `check` against bits that flip, ends that are gone, and files that are missing or too many.

use muster_engine::catalog::EntityKey;
use muster_engine::check::{Report, check};
use muster_engine::storage::{Sim, Storage};
use muster_engine::write::{Batch, Change, EntityChanges};

use crate::store::{fill, open, shared, write};

const DIRECTORIES: [&str; 3] = ["manifest", "parts", "log"];

fn look(sim: &Sim) -> Report {
    check(&shared(sim), &mut |_| ()).unwrap()
}

/// A store whose last batches lie in the log, as after a crash that followed a rest: all of them are marked as durable.
fn store() -> Sim {
    let sim = Sim::new(1);
    let engine = open(&sim).unwrap();
    fill(&engine);
    engine.mark().unwrap();
    drop(engine);
    sim
}

fn files(sim: &Sim) -> Vec<(String, u64)> {
    let in_dir = |dir: &&str| -> Vec<String> {
        sim.list(dir).unwrap().into_iter().map(|name| format!("{dir}/{name}")).collect()
    };
    let paths = DIRECTORIES.iter().flat_map(in_dir);
    paths.map(|path| (path.clone(), sim.file_len(&path).unwrap())).collect()
}

fn names(report: &Report, path: &str) -> bool {
    report.faults.iter().any(|fault| fault.file == path)
}

/// Where in a log file the mark begins that says what is durable; behind it lies room that is all zeros.
fn mark_start(sim: &Sim, path: &str) -> usize {
    const MARK_BYTES: usize = 40;
    let bytes = sim.read(path, u64::MAX).unwrap();
    let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    used.saturating_sub(MARK_BYTES)
}

/// What is found from the mark on may be the end of a write that was never promised: a note is enough.
fn notes(report: &Report, path: &str) -> bool {
    report.notes.iter().any(|note| note.file == path)
}

fn contents(sim: &Sim) -> Vec<Vec<u8>> {
    files(sim).iter().map(|(path, _)| sim.read(path, u64::MAX).unwrap()).collect()
}

#[test]
fn a_whole_store_is_read_to_the_last_byte_and_not_changed() {
    let sim = store();
    assert!(files(&sim).iter().any(|(path, _)| path.ends_with(".audiences")), "{:?}", files(&sim));
    let (before, written) = (contents(&sim), sim.counters().written_bytes);
    let mut last = Default::default();
    let report = check(&shared(&sim), &mut |at| last = at).unwrap();
    assert_eq!((&report.faults, &report.notes), (&vec![], &vec![]));
    let all: u64 = before.iter().map(|bytes| bytes.len() as u64).sum();
    assert_eq!((report.bytes, last.bytes, last.bytes_total), (all, all, all));
    assert_eq!(contents(&sim), before);
    assert_eq!(sim.counters().written_bytes, written);
    assert_eq!(report.version, open(&sim).unwrap().snapshot().version());
}

#[test]
fn every_flipped_bit_is_named_with_its_file() {
    let sim = store();
    let mut flips = 0;
    for (path, len) in files(&sim) {
        // Most of a log file is room taken in advance, all alike.
        let is_log = path.ends_with(".log");
        let step = if is_log { 61 } else { 7 };
        let mark = mark_start(&sim, &path);
        for bit in (0..len * 8).step_by(step) {
            let (at, mask) = ((bit / 8) as usize, 1 << (bit % 8));
            sim.corrupt(&path, |bytes| bytes[at] ^= mask).unwrap();
            let report = look(&sim);
            let is_unmarked = is_log && at >= mark;
            assert!(names(&report, &path) || is_unmarked && notes(&report, &path), "bit {bit} of {path}: {report:?}");
            for fault in report.faults.iter().filter(|fault| fault.file == path) {
                let bytes = fault.bytes.clone().expect("a place");
                assert!(bytes.contains(&(at as u64)), "bit {bit} of {path} is not in {fault}");
            }
            sim.corrupt(&path, |bytes| bytes[at] ^= mask).unwrap();
            flips += 1;
        }
    }
    assert!(flips > 10_000, "{flips}");
    assert!(look(&sim).is_whole());
}

#[test]
fn a_fault_in_a_clean_log_is_never_passed_over() {
    let sim = Sim::new(1);
    let engine = open(&sim).unwrap();
    fill(&engine);
    engine.close().unwrap();
    let (path, len) = files(&sim).into_iter().find(|(path, _)| path.ends_with(".log")).unwrap();
    let mark = mark_start(&sim, &path);
    for at in 0..len as usize {
        sim.corrupt(&path, |bytes| bytes[at] ^= 0x10).unwrap();
        let report = look(&sim);
        assert!(names(&report, &path) || at >= mark && notes(&report, &path), "byte {at} of {len}");
        sim.corrupt(&path, |bytes| bytes[at] ^= 0x10).unwrap();
    }
}

#[test]
fn a_fault_says_which_tags_it_concerns() {
    let sim = Sim::new(1);
    let engine = open(&sim).unwrap();
    fill(&engine);
    // So many keys that their names take several pages.
    let touch = |n: u32| EntityChanges::new(EntityKey::Text(format!("another user {n}")), vec![Change::Touch]);
    engine.write(Batch { type_name: "users".into(), source: None, entities: (0..3000).map(touch).collect() }).unwrap();
    engine.flush().unwrap();
    drop(engine);
    let (mut tags, mut keys) = (0, 0);
    for (path, len) in files(&sim).into_iter().filter(|(path, _)| path.starts_with("parts/")) {
        for at in (64..len as usize).step_by(1 + len as usize / 300) {
            sim.corrupt(&path, |bytes| bytes[at] ^= 2).unwrap();
            let report = look(&sim);
            let concerns: Vec<&String> = report.faults.iter().flat_map(|fault| &fault.concerns).collect();
            tags += usize::from(concerns.iter().any(|it| it.as_str() == "tag `age` of `users`"));
            keys += usize::from(concerns.iter().any(|it| it.as_str() == "keys of `users`"));
            sim.corrupt(&path, |bytes| bytes[at] ^= 2).unwrap();
        }
    }
    assert!(tags > 10 && keys > 10, "{tags} {keys}");
}

#[test]
fn short_long_missing_and_extra_files_are_told() {
    let whole = store();
    for (path, len) in files(&whole) {
        for cut in [0, 1, 63, 64, 65, len / 2, len - 1] {
            let sim = store();
            sim.corrupt(&path, |bytes| bytes.truncate(cut as usize)).unwrap();
            let report = look(&sim);
            assert!(names(&report, &path), "{path} cut at {cut}: {report:?}");
        }
        let sim = store();
        sim.corrupt(&path, |bytes| bytes.push(1)).unwrap();
        let report = look(&sim);
        assert!(names(&report, &path) || report.notes.iter().any(|note| note.file == path), "{path} too long");
        let sim = store();
        sim.remove(&path).unwrap();
        let report = look(&sim);
        let is_older_manifest = path.starts_with("manifest/") && path != newest(&whole);
        match is_older_manifest {
            true => assert!(report.is_whole(), "{path}: {report:?}"),
            false => assert!(!report.is_whole(), "{path} is missing"),
        }
        if path.starts_with("parts/") {
            assert!(names(&report, &path), "{path} is missing: {report:?}");
        }
    }
}

fn newest(sim: &Sim) -> String {
    format!("manifest/{}", sim.list("manifest").unwrap().pop().unwrap())
}

#[test]
fn what_nothing_names_is_noted_and_no_fault() {
    let sim = store();
    let strays =
        ["parts/000000000999.part", "parts/000000000999.part.tmp", "manifest/x", "log/000001.log.tmp", "notes.txt"];
    for path in strays {
        sim.create(path).unwrap().write_all(b"?").unwrap();
    }
    let report = look(&sim);
    assert!(report.is_whole(), "{report:?}");
    let mut noted: Vec<&str> = report.notes.iter().map(|note| note.file.as_str()).collect();
    noted.sort_unstable();
    let mut expected = strays;
    expected.sort_unstable();
    assert_eq!(noted, expected);
}

#[test]
fn a_device_that_fails_is_a_fault_with_its_place() {
    use muster_engine::storage::sim::{Failure, Fault, Operation};
    let sim = store();
    sim.fail(Failure::once(1, Fault::Io).only(Operation::Read));
    let report = look(&sim);
    assert_eq!(report.faults.len(), 1, "{report:?}");
    assert!(report.faults[0].bytes.is_some());
}

#[test]
fn a_store_of_nothing_is_whole_and_one_without_manifests_is_not() {
    assert!(look(&Sim::new(1)).is_whole());
    let sim = store();
    let engine = open(&sim).unwrap();
    write(&engine, "last", 5);
    drop(engine);
    for name in sim.list("manifest").unwrap() {
        sim.remove(&format!("manifest/{name}")).unwrap();
    }
    assert!(!look(&sim).is_whole());
}
