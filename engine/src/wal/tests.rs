//! The promises of the log, against a simulator that loses power.

use super::*;
use crate::error::ErrorKind;
use crate::storage::sim::{CrashPolicy, Failure, Fault, Keep, Operation};
use crate::storage::{Disk, Random, Sim};

const STORE: [u8; 16] = *b"0123456789abcdef";
const START: LogStart = LogStart {
    floor: FileNumber(1),
    after: Seq(0),
};
const STRICT: RecoveryOptions = RecoveryOptions {
    discard_damaged_tail: false,
};
const LENIENT: RecoveryOptions = RecoveryOptions {
    discard_damaged_tail: true,
};

fn config(sim: &Sim) -> WalConfig {
    let storage: Arc<dyn Storage> = Arc::new(sim.clone());
    WalConfig {
        storage,
        fence: Arc::default(),
        store_id: STORE,
        file_bytes: 1024,
    }
}

/// A record whose payload depends on `seq` and `salt`.
fn record(seq: u64, salt: u64) -> Record {
    let mut random = Random::seeded(seq << 32 | salt);
    let payload = (0..1 + random.below(150))
        .map(|_| random.next_u64() as u8)
        .collect();
    Record {
        seq: Seq(seq),
        kind: 1 + (seq % 3) as u8,
        payload,
    }
}

fn append(wal: &mut Wal, records: &[Record]) -> Result<()> {
    let group: Vec<LogRecord<'_>> = records.iter().map(Record::as_log_record).collect();
    wal.append_group(&group, wal.durable())
}

/// A log of five synced groups, of which the last is not marked.
fn small_log(sim: &Sim) -> (Wal, Vec<Record>) {
    let mut wal = Wal::create(config(sim), FileNumber(1), Seq(0)).unwrap();
    let records: Vec<Record> = (1..=9)
        .map(|seq| Record {
            payload: vec![seq as u8; 5],
            ..record(seq, 0)
        })
        .collect();
    for group in records.chunks(2) {
        append(&mut wal, group).unwrap();
        wal.sync().unwrap();
    }
    (wal, records)
}

fn open(sim: &Sim, options: RecoveryOptions) -> Result<Recovery> {
    Wal::open(config(sim), START, options).map(|(_, recovery)| recovery)
}

fn kind<T>(result: Result<T>) -> Option<ErrorKind> {
    result.err().map(|error| error.kind())
}

#[test]
fn what_is_appended_comes_back_across_files() {
    let dir = tempfile::tempdir().unwrap();
    for storage in [
        Arc::new(Disk::open(dir.path()).unwrap()) as Arc<dyn Storage>,
        Arc::new(Sim::new(0)),
    ] {
        let config = WalConfig {
            storage,
            fence: Arc::default(),
            store_id: STORE,
            file_bytes: 1024,
        };
        let mut wal = Wal::create(config.clone(), FileNumber(1), Seq(0)).unwrap();
        let mut records: Vec<Record> = (1..200).map(|seq| record(seq, 0)).collect();
        records[50].payload = vec![7; 5000];
        for group in records.chunks(3) {
            append(&mut wal, group).unwrap();
        }
        wal.mark().unwrap();
        assert!(wal.file_number() > FileNumber(10));
        let (mut wal, recovery) = Wal::open(config.clone(), START, STRICT).unwrap();
        assert_eq!(recovery.records, records);
        assert_eq!((recovery.last_seq, recovery.durable), (Seq(199), Seq(199)));
        wal.rewrite(&recovery.records, Seq(0)).unwrap();
        assert_eq!(config.storage.list(LOG_DIR).unwrap().len(), 1);
        let next = record(205, 0);
        append(&mut wal, std::slice::from_ref(&next)).unwrap();
        wal.sync().unwrap();
        records.push(next);
        assert_eq!(
            Wal::open(config.clone(), START, STRICT).unwrap().1.records,
            records
        );
        let after = LogStart {
            floor: FileNumber(1),
            after: Seq(150),
        };
        assert_eq!(
            Wal::open(config, after, STRICT).unwrap().1.records,
            records[150..]
        );
    }
}

#[test]
fn retired_files_are_gone_and_not_missed() {
    let sim = Sim::new(0);
    let (mut wal, _) = small_log(&sim);
    let floor = wal.roll().unwrap();
    append(&mut wal, &[record(10, 0)]).unwrap();
    wal.retire_below(floor).unwrap();
    assert_eq!(sim.list(LOG_DIR).unwrap(), ["000002.log"]);
    let start = LogStart {
        floor,
        after: Seq(9),
    };
    assert_eq!(
        Wal::open(config(&sim), start, STRICT).unwrap().1.records,
        [record(10, 0)]
    );
    wal.retire_below(FileNumber(99)).unwrap();
    assert_eq!(sim.list(LOG_DIR).unwrap(), ["000002.log"]);
    // The parts hold less than the log leaves out.
    let early = LogStart {
        floor,
        after: Seq(8),
    };
    assert_eq!(
        kind(Wal::open(config(&sim), early, STRICT)),
        Some(ErrorKind::Corrupt)
    );
}

/// Opens a changed log and checks that it is refused or gives a prefix that holds everything up to `durable`.
fn check_prefix(sim: &Sim, records: &[Record], durable: usize, place: &str) -> bool {
    match open(sim, STRICT) {
        Err(error) => {
            assert!(
                matches!(error.kind(), ErrorKind::Corrupt | ErrorKind::Invalid),
                "{place}: {error}"
            );
            let given_up = open(sim, LENIENT);
            if error.kind() == ErrorKind::Corrupt {
                let given_up = given_up.unwrap();
                assert!(
                    given_up.discarded.is_some() && records.starts_with(&given_up.records),
                    "{place}"
                );
            }
            true
        }
        Ok(recovery) => {
            assert!(records.starts_with(&recovery.records), "{place}");
            assert!(
                recovery.records.len() >= durable,
                "{place}: {} records",
                recovery.records.len()
            );
            false
        }
    }
}

#[test]
fn every_flipped_bit_is_found_or_without_effect() {
    let sim = Sim::new(0);
    let (mut wal, records) = small_log(&sim);
    for is_marked in [false, true] {
        if is_marked {
            wal.mark().unwrap();
        }
        let len = sim.file_len("log/000001.log").unwrap() as usize;
        let mut refused = 0;
        for bit in 0..len * 8 {
            let flipped = sim.crash_with(
                CrashPolicy {
                    names: Keep::Everything,
                    data: Keep::Everything,
                },
                0,
            );
            flipped
                .corrupt("log/000001.log", |bytes| bytes[bit / 8] ^= 1 << (bit % 8))
                .unwrap();
            let durable = if is_marked { records.len() } else { 8 };
            refused += usize::from(check_prefix(
                &flipped,
                &records,
                durable,
                &format!("bit {bit}"),
            ));
        }
        assert!(refused > 64 * 8);
    }
}

#[test]
fn a_log_cut_at_any_length_gives_whole_records() {
    let sim = Sim::new(0);
    let (_, records) = small_log(&sim);
    let len = sim.file_len("log/000001.log").unwrap();
    let mut counts = std::collections::BTreeSet::new();
    for cut in 0..len {
        let image = sim.crash(0);
        image
            .corrupt("log/000001.log", |bytes| bytes.truncate(cut as usize))
            .unwrap();
        if !check_prefix(&image, &records, 0, &format!("cut at {cut}")) {
            counts.insert(open(&image, STRICT).unwrap().records.len());
        }
        // The same with the tail filled with zeros.
        let image = sim.crash(0);
        image
            .corrupt("log/000001.log", |bytes| bytes[cut as usize..].fill(0))
            .unwrap();
        check_prefix(&image, &records, 0, &format!("zeros from {cut}"));
    }
    assert!(counts.iter().copied().eq(0..=records.len()));
}

#[test]
fn rewritten_records_are_durable_to_the_last() {
    let sim = Sim::new(0);
    let (_, records) = small_log(&sim);
    let (mut wal, recovery) = Wal::open(config(&sim), START, STRICT).unwrap();
    wal.rewrite(&recovery.records, Seq(0)).unwrap();
    assert_eq!(sim.list(LOG_DIR).unwrap(), ["000002.log"]);
    for bit in 0..sim.file_len("log/000002.log").unwrap() as usize * 8 {
        let flipped = sim.crash(0);
        flipped
            .corrupt("log/000002.log", |bytes| bytes[bit / 8] ^= 1 << (bit % 8))
            .unwrap();
        check_prefix(&flipped, &records, records.len(), &format!("bit {bit}"));
    }
}

#[test]
fn a_record_lost_below_the_durable_mark_is_named() {
    let sim = Sim::new(0);
    let (_, records) = small_log(&sim);
    let image = sim.crash(0);
    // Records are 40 bytes here: the fourth is zeroed, those behind it know that it was durable.
    image
        .corrupt("log/000001.log", |bytes| bytes[64 + 120..64 + 160].fill(0))
        .unwrap();
    let error = open(&image, STRICT).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(
        error
            .message()
            .contains("log/000001.log is damaged at byte 184"),
        "{error}"
    );
    assert!(
        error.message().contains("the batches 4 to 9 would be lost"),
        "{error}"
    );
    let recovery = open(&image, LENIENT).unwrap();
    assert_eq!(recovery.records, records[..3]);
    assert_eq!(recovery.last_seq, Seq(3));
    assert_eq!(recovery.discarded.as_deref(), Some(error.message()));
}

#[test]
fn files_that_are_missing_foreign_or_newer_are_refused() {
    let sim = Sim::new(0);
    let (mut wal, records) = small_log(&sim);
    wal.roll().unwrap();
    append(&mut wal, &[record(10, 0)]).unwrap();
    wal.roll().unwrap();
    let all = CrashPolicy {
        names: Keep::Everything,
        data: Keep::Everything,
    };
    for path in ["log/000001.log", "log/000002.log"] {
        let image = sim.crash_with(all, 0);
        image.remove(path).unwrap();
        let error = open(&image, STRICT).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        assert!(
            error.message().contains(&format!("{path} is missing")),
            "{error}"
        );
        let kept = if path == "log/000001.log" {
            0
        } else {
            records.len()
        };
        assert_eq!(open(&image, LENIENT).unwrap().records, records[..kept]);
    }
    let image = sim.crash_with(all, 0);
    image.hard_link("log/000002.log", "log/000004.log").unwrap();
    assert!(
        open(&image, STRICT)
            .unwrap_err()
            .message()
            .contains("was written as log file 2")
    );
    let foreign = WalConfig {
        store_id: [9; 16],
        ..config(&sim)
    };
    let error = Wal::open(foreign, START, STRICT).unwrap_err();
    assert!(error.message().contains("another store"), "{error}");
    let newer = |bytes: &mut Vec<u8>| {
        bytes[8] = 2;
        let crc = crate::codec::crc32(&bytes[..60]);
        bytes[60..64].copy_from_slice(&crc.to_le_bytes());
    };
    sim.corrupt("log/000002.log", newer).unwrap();
    assert_eq!(kind(open(&sim, LENIENT)), Some(ErrorKind::Invalid));
    assert_eq!(kind(open(&Sim::new(0), STRICT)), Some(ErrorKind::Corrupt));
}

#[test]
fn nothing_is_appended_after_recovery_before_it_is_written_anew() {
    let sim = Sim::new(0);
    small_log(&sim);
    let (mut wal, recovery) = Wal::open(config(&sim), START, STRICT).unwrap();
    assert_eq!(
        kind(append(&mut wal, &[record(10, 0)])),
        Some(ErrorKind::Internal)
    );
    sim.set_space(Some(1200));
    assert_eq!(
        kind(wal.rewrite(&recovery.records, Seq(0))),
        Some(ErrorKind::Limit)
    );
    sim.set_space(None);
    wal.rewrite(&recovery.records, Seq(0)).unwrap();
    append(&mut wal, &[record(10, 0)]).unwrap();
    // Everything before is on disk although nothing was synced since.
    let image = sim.crash_with(
        CrashPolicy {
            names: Keep::Nothing,
            data: Keep::Nothing,
        },
        0,
    );
    assert_eq!(open(&image, STRICT).unwrap().records, recovery.records);
}

#[test]
fn groups_out_of_bounds_are_refused() {
    let sim = Sim::new(0);
    let (mut wal, _) = small_log(&sim);
    let with = |seq, kind, len| Record {
        seq: Seq(seq),
        kind,
        payload: vec![1; len],
    };
    for (record, expected) in [
        (with(9, 1, 1), ErrorKind::Internal),
        (with(10, 0, 1), ErrorKind::Internal),
        (with(10, 255, 1), ErrorKind::Internal),
        (with(10, 1, 0), ErrorKind::Limit),
        (with(10, 1, RECORD_BYTES_MAX + 1), ErrorKind::Limit),
    ] {
        assert_eq!(kind(append(&mut wal, &[record])), Some(expected));
    }
    let ten = record(10, 0);
    assert_eq!(
        kind(wal.append_group(&[ten.as_log_record()], Seq(10))),
        Some(ErrorKind::Internal)
    );
    append(&mut wal, &[ten]).unwrap();
}

#[test]
fn a_full_disk_refuses_a_group_and_recovers_by_itself() {
    for seed in 0..200 {
        let sim = Sim::new(seed);
        let mut random = Random::seeded(seed);
        let mut wal = Wal::create(config(&sim), FileNumber(1), Seq(0)).unwrap();
        let (mut written, mut refusals) = (Vec::new(), 0);
        for round in 0..40 {
            match random.below(4) {
                0 => sim.fail(Failure::once(1, Fault::NoSpace).only(Operation::Write)),
                1 => sim.fail(
                    Failure::once(1 + random.below(3), Fault::NoSpace).only(Operation::Preallocate),
                ),
                2 => sim.fail(
                    Failure::once(1 + random.below(2), Fault::NoSpace).only(Operation::Rename),
                ),
                _ => sim.heal(),
            }
            let group = [
                record(written.len() as u64 + 1, round),
                record(written.len() as u64 + 2, round),
            ];
            match append(&mut wal, &group) {
                Ok(()) => written.extend(group),
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::Limit, "seed {seed}: {error}");
                    refusals += 1;
                }
            }
            if random.one_in(3) {
                wal.sync().unwrap();
                let image = sim.crash(random.next_u64());
                assert_eq!(
                    open(&image, STRICT).unwrap().records,
                    written,
                    "seed {seed}"
                );
            }
        }
        wal.config.fence.check().unwrap();
        assert!(refusals > 0);
    }
}

#[test]
fn any_other_failure_is_the_last_write() {
    for operation in [
        Operation::Write,
        Operation::SyncData,
        Operation::Rename,
        Operation::SyncDir,
        Operation::Trim,
    ] {
        let sim = Sim::new(0);
        let (mut wal, _) = small_log(&sim);
        sim.fail(Failure::once(1, Fault::Io).only(operation));
        let failed = append(&mut wal, &[record(10, 0)])
            .and_then(|()| wal.sync())
            .and_then(|()| wal.roll());
        assert_eq!(kind(failed), Some(ErrorKind::Io), "{operation:?}");
        assert!(sim.has_failed());
        let calls = sim.calls();
        assert_eq!(
            kind(append(&mut wal, &[record(11, 0)])),
            Some(ErrorKind::ReadOnly)
        );
        assert_eq!(kind(wal.sync()), Some(ErrorKind::ReadOnly));
        assert_eq!(kind(wal.roll()), Some(ErrorKind::ReadOnly));
        assert_eq!(sim.calls(), calls, "nothing is tried again");
    }
}

/// What a log must give back after a crash.
struct Oracle {
    /// Every record above `start.after` that may come back, in order.
    records: Vec<Record>,
    start: LogStart,
    synced: Seq,
}

/// Works on a log until a planned failure or the end of the round.
fn work(wal: &mut Wal, oracle: &mut Oracle, random: &mut Random) -> Result<()> {
    for _ in 0..random.below(30) {
        match random.below(8) {
            0..4 => {
                let mut seq = wal.last_seq();
                let group: Vec<Record> = (0..1 + random.below(4))
                    .map(|_| {
                        seq = Seq(seq.0 + 1 + random.below(2));
                        record(seq.0, random.below(1000))
                    })
                    .collect();
                // A failed group may come back; it was not acknowledged, so it need not.
                let before = oracle.records.len();
                oracle.records.extend(group.iter().cloned());
                if let Err(error) = append(wal, &group) {
                    if error.kind() == ErrorKind::Limit && wal.config.fence.check().is_ok() {
                        oracle.records.truncate(before);
                    }
                    return Err(error);
                }
            }
            4 | 5 => {
                wal.sync()?;
                oracle.synced = wal.last_seq();
            }
            6 => {
                wal.mark()?;
                oracle.synced = wal.last_seq();
            }
            _ => {
                // A flush: everything is in parts, a manifest says so, old files go.
                let last = wal.last_seq();
                let floor = wal.roll()?;
                oracle.synced = last;
                oracle.start = LogStart { floor, after: last };
                oracle.records.clear();
                wal.retire_below(floor)?;
            }
        }
    }
    Ok(())
}

/// Crashes a working log `depth` times, also while it recovers; returns what was wrong.
fn crash_run(seed: u64, lies: bool) -> std::result::Result<(), String> {
    let mut random = Random::seeded(seed);
    let mut sim = Sim::new(seed);
    let mut wal =
        Wal::create(config(&sim), FileNumber(1), Seq(0)).map_err(|error| error.to_string())?;
    let mut oracle = Oracle {
        records: Vec::new(),
        start: START,
        synced: Seq(0),
    };
    sim.lie_in_sync(lies);
    for depth in 0..4 {
        let fault = if random.one_in(3) {
            Fault::NoSpace
        } else {
            Fault::Io
        };
        sim.fail(Failure::for_good(1 + random.below(60), fault));
        // Every error is the planned one; what it left behind is judged after the crash.
        let _ = work(&mut wal, &mut oracle, &mut random);
        sim = sim.crash(random.next_u64());
        sim.lie_in_sync(lies);
        for attempt in 0.. {
            let complain =
                |what: &str| Err(format!("seed {seed}, crash {depth}.{attempt}: {what}"));
            let (opened, recovery) = match Wal::open(config(&sim), oracle.start, STRICT) {
                Err(error) => return complain(error.message()),
                Ok(opened) => opened,
            };
            if !oracle.records.starts_with(&recovery.records) {
                return complain("what came back is no prefix");
            }
            let synced = oracle
                .records
                .partition_point(|record| record.seq <= oracle.synced);
            if recovery.records.len() < synced {
                return complain(&format!(
                    "{} of {synced} synced came back",
                    recovery.records.len()
                ));
            }
            // A crash of the recovery must give back what was read, or what was there before.
            wal = opened;
            if random.one_in(2) && attempt < 3 {
                sim.fail(Failure::for_good(1 + random.below(10), fault));
            }
            let rewritten = wal.rewrite(&recovery.records, oracle.start.after);
            if rewritten.is_ok() {
                oracle.records = recovery.records;
                oracle.synced = wal.last_seq();
                sim.heal();
                break;
            }
            sim = sim.crash(random.next_u64());
            sim.lie_in_sync(lies);
        }
    }
    Ok(())
}

#[test]
fn a_crash_keeps_a_prefix_with_everything_synced() {
    for seed in 0..3000 {
        crash_run(seed, false).unwrap();
    }
}

#[test]
fn the_crash_test_notices_a_sync_that_lies() {
    let noticed = (0..200)
        .filter(|&seed| crash_run(seed, true).is_err())
        .count();
    assert!(noticed > 100, "{noticed}");
}
