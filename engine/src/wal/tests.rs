//! The promises of the log, against a simulator that loses power.

mod crash;

use super::*;
use crate::dump::Dump;
use crate::error::ErrorKind;
use crate::storage::sim::{CrashPolicy, Failure, Fault, Keep, Operation};
use crate::storage::{Disk, Random, Sim, Storage};
use proptest::prelude::*;

const STORE: [u8; 16] = *b"0123456789abcdef";
const START: LogStart = LogStart { floor: FileNumber(1), after: Seq(0) };
const STRICT: RecoveryOptions = RecoveryOptions { discard_damaged_tail: false };
const LENIENT: RecoveryOptions = RecoveryOptions { discard_damaged_tail: true };

fn config(sim: &Sim) -> WalConfig {
    let storage: Arc<dyn Storage> = Arc::new(sim.clone());
    WalConfig { storage, fence: Arc::default(), store_id: STORE, file_bytes: 1024 }
}

/// A record whose payload depends on `seq` and `salt`.
fn record(seq: u64, salt: u64) -> Record {
    let mut random = Random::seeded(seq << 32 | salt);
    let payload = (0..1 + random.below(150)).map(|_| random.next_u64() as u8).collect();
    Record { seq: Seq(seq), kind: 1 + (seq % 3) as u8, payload }
}

fn append(wal: &mut Wal, records: &[Record]) -> Result<()> {
    let group: Vec<LogRecord<'_>> = records.iter().map(Record::as_log_record).collect();
    wal.append_group(&group, wal.durable())
}

/// A log of five synced groups, of which the last is not marked.
fn small_log(sim: &Sim) -> (Wal, Vec<Record>) {
    let mut wal = Wal::create(config(sim), FileNumber(1), Seq(0)).unwrap();
    let records: Vec<Record> = (1..=9).map(|seq| Record { payload: vec![seq as u8; 5], ..record(seq, 0) }).collect();
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
    for storage in [Arc::new(Disk::open(dir.path()).unwrap()) as Arc<dyn Storage>, Arc::new(Sim::new(0))] {
        let config = WalConfig { storage, fence: Arc::default(), store_id: STORE, file_bytes: 1024 };
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
        assert_eq!(Wal::open(config.clone(), START, STRICT).unwrap().1.records, records);
        let after = LogStart { floor: FileNumber(1), after: Seq(150) };
        assert_eq!(Wal::open(config, after, STRICT).unwrap().1.records, records[150..]);
    }
}

#[test]
fn the_layout_is_the_one_on_paper() {
    let sim = Sim::new(0);
    let mut wal = Wal::create(config(&sim), FileNumber(1), Seq(0)).unwrap();
    let records = [
        Record { seq: Seq(1), kind: 1, payload: b"one".to_vec() },
        Record { seq: Seq(2), kind: 7, payload: b"two, 8 by".to_vec() },
    ];
    append(&mut wal, &records).unwrap();
    wal.mark().unwrap();
    wal.roll().unwrap();
    let bytes = sim.read("log/000001.log", 1024).unwrap();
    let mut dump = Dump::new(&bytes);
    for (len, field) in [
        (8, "magic"),
        (4, "format version"),
        (4, "flags"),
        (16, "store id"),
        (8, "number"),
        (8, "first seq"),
        (8, "durable seq"),
        (8, "newest manifest"),
        (8, "length until a closing record ends it"),
        (12, "salt"),
        (4, "crc32 of the header"),
    ] {
        dump.field(len, field);
    }
    for (payload_bytes, padding, name) in [(3, 5, "record"), (9, 7, "record"), (8, 0, "mark"), (8, 0, "closing record")]
    {
        dump.field(4, &format!("{name}: crc32 of its header"));
        for (len, field) in [
            (4, "  length of the payload"),
            (1, "  kind"),
            (3, "  first bytes of the salt"),
            (4, "  crc32 of payload and padding"),
            (8, "  seq"),
            (8, "  durable seq"),
            (payload_bytes, "  payload"),
            (padding, "  padding"),
        ] {
            dump.field(len, field);
        }
    }
    let fixture = dump.check("log.v2.txt");
    let image = sim.crash_with(CrashPolicy { names: Keep::Everything, data: Keep::Everything }, 0);
    image.corrupt("log/000001.log", |bytes| *bytes = fixture).unwrap();
    assert_eq!(open(&image, STRICT).unwrap().records, records);
}

proptest! {
    #[test]
    fn any_bytes_behind_a_header_are_read_without_panic(tail: Vec<u8>, first_seq: u64, seq: u64, kind: u8) {
        let header = FileHeader {
            store_id: STORE,
            number: FileNumber(1),
            is_restart: true,
            first_seq: Seq(first_seq),
            durable: Seq(seq),
            manifest: FileNumber(0),
            room_bytes: Some(1024),
            salt: *b"unforeseen!!",
        };
        let mut writer = crate::codec::Writer::new();
        header.encode(&mut writer);
        format::encode_record(&mut writer, header.seal(), kind, (Seq(seq), Seq(first_seq)), b"payload");
        writer.bytes(&tail);
        let sim = Sim::new(0);
        small_log(&sim);
        sim.corrupt("log/000001.log", |bytes| *bytes = writer.into_bytes()).unwrap();
        let start = LogStart { floor: FileNumber(1), after: Seq(seq.min(u64::MAX - 1)) };
        prop_assert!(Wal::open(config(&sim), start, LENIENT).is_ok());
    }
}

#[test]
fn a_log_with_batches_is_not_begun_again() {
    let sim = Sim::new(0);
    Wal::create(config(&sim), FileNumber(1), Seq(0)).unwrap();
    let (_, records) = small_log(&sim);
    let error = Wal::create(config(&sim), FileNumber(1), Seq(0)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert_eq!(open(&sim, STRICT).unwrap().records, records);
}

#[test]
fn retired_files_are_gone_and_not_missed() {
    let sim = Sim::new(0);
    let (mut wal, _) = small_log(&sim);
    let floor = wal.roll().unwrap();
    append(&mut wal, &[record(10, 0)]).unwrap();
    wal.retire_below(floor).unwrap();
    assert_eq!(sim.list(LOG_DIR).unwrap(), ["000002.log"]);
    let start = LogStart { floor, after: Seq(9) };
    assert_eq!(Wal::open(config(&sim), start, STRICT).unwrap().1.records, [record(10, 0)]);
    wal.retire_below(FileNumber(99)).unwrap();
    assert_eq!(sim.list(LOG_DIR).unwrap(), ["000002.log"]);
    // The parts hold less than the log leaves out.
    let early = LogStart { floor, after: Seq(8) };
    assert_eq!(kind(Wal::open(config(&sim), early, STRICT)), Some(ErrorKind::Corrupt));
}

/// Opens a changed log and checks that it is refused or gives a prefix that holds everything up to `durable`.
fn check_prefix(sim: &Sim, records: &[Record], durable: usize, place: &str) -> bool {
    match open(sim, STRICT) {
        Err(error) => {
            assert!(matches!(error.kind(), ErrorKind::Corrupt | ErrorKind::Invalid), "{place}: {error}");
            let given_up = open(sim, LENIENT);
            if error.kind() == ErrorKind::Corrupt {
                let given_up = given_up.unwrap();
                assert!(given_up.discarded.is_some() && records.starts_with(&given_up.records), "{place}");
            }
            true
        }
        Ok(recovery) => {
            assert!(records.starts_with(&recovery.records), "{place}");
            assert!(recovery.records.len() >= durable, "{place}: {} records", recovery.records.len());
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
            let flipped = sim.crash_with(CrashPolicy { names: Keep::Everything, data: Keep::Everything }, 0);
            flipped.corrupt("log/000001.log", |bytes| bytes[bit / 8] ^= 1 << (bit % 8)).unwrap();
            let durable = if is_marked { records.len() } else { 8 };
            refused += usize::from(check_prefix(&flipped, &records, durable, &format!("bit {bit}")));
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
        image.corrupt("log/000001.log", |bytes| bytes.truncate(cut as usize)).unwrap();
        assert!(check_prefix(&image, &records, 0, &format!("cut at {cut}")), "cut at {cut}");
        // The same with the tail filled with zeros, as a disk that forgot it would.
        let image = sim.crash(0);
        image.corrupt("log/000001.log", |bytes| bytes[cut as usize..].fill(0)).unwrap();
        if !check_prefix(&image, &records, 0, &format!("zeros from {cut}")) {
            counts.insert(open(&image, STRICT).unwrap().records.len());
        }
    }
    assert!(counts.iter().copied().eq(0..=records.len()));
}

#[test]
fn a_file_that_ended_is_refused_when_it_is_cut_or_loses_its_last_record() {
    let sim = Sim::new(0);
    let (mut wal, records) = small_log(&sim);
    wal.mark().unwrap();
    wal.roll().unwrap();
    let len = sim.file_len("log/000001.log").unwrap();
    assert!(len < 1024, "what is not needed is given back");
    assert_eq!(open(&sim, STRICT).unwrap().records, records);
    for cut in 0..len {
        let image = sim.crash(0);
        image.corrupt("log/000001.log", |bytes| bytes.truncate(cut as usize)).unwrap();
        let error = open(&image, STRICT).unwrap_err();
        assert!(error.message().contains("log/000001.log"), "cut at {cut}: {error}");
    }
}

#[test]
fn what_is_dropped_is_told_and_what_is_marked_is_not_dropped() {
    let sim = Sim::new(0);
    let (mut wal, records) = small_log(&sim);
    // Records are 40 bytes here: a bit of the last one.
    let flip = |sim: &Sim| sim.corrupt("log/000001.log", |bytes| bytes[88 + 8 * 40 + 33] ^= 4).unwrap();
    let image = sim.crash_with(CrashPolicy { names: Keep::Everything, data: Keep::Everything }, 0);
    flip(&image);
    let recovery = open(&image, STRICT).unwrap();
    assert_eq!(recovery.records, records[..8]);
    let told = recovery.dropped.concat();
    assert!(told.contains("log/000001.log, bytes 408..1024") && told.contains("follows batch 8"), "{told}");
    wal.mark().unwrap();
    let image = sim.crash(0);
    assert!(open(&image, STRICT).unwrap().dropped.is_empty());
    flip(&image);
    let error = open(&image, STRICT).unwrap_err();
    assert!(error.message().contains("everything up to batch 9 was durable"), "{error}");
}

#[test]
fn a_full_file_keeps_room_for_a_mark() {
    let sim = Sim::new(0);
    let mut wal = Wal::create(config(&sim), FileNumber(1), Seq(0)).unwrap();
    for seq in 1..=30 {
        append(&mut wal, &[Record { payload: vec![1; 5], ..record(seq, 0) }]).unwrap();
        let number = wal.file_number();
        wal.mark().unwrap();
        assert_eq!(wal.file_number(), number);
        let path = format::path(number);
        let image = sim.crash(seq);
        // The mark ends with its payload, here a byte; 40 bytes before stands that of the record.
        let last = image.files()[&path].iter().rposition(|&byte| byte != 0).unwrap();
        image.corrupt(&path, |bytes| bytes[last - 40] ^= 1).unwrap();
        assert_eq!(kind(open(&image, STRICT)), Some(ErrorKind::Corrupt), "batch {seq}");
    }
}

#[test]
fn a_log_of_the_first_version_is_read_and_goes_on_in_the_newest() {
    let sim = Sim::new(0);
    small_log(&sim);
    let image = sim.crash_with(CrashPolicy { names: Keep::Everything, data: Keep::Everything }, 0);
    image.corrupt("log/000001.log", |bytes| *bytes = crate::dump::fixture("log.v1.txt")).unwrap();
    let (mut wal, recovery) = Wal::open(config(&image), LogStart { ..START }, LENIENT).unwrap();
    let payloads: Vec<&[u8]> = recovery.records.iter().map(|record| &record.payload[..]).collect();
    assert_eq!(payloads, [&b"one"[..], b"two, 8 by"]);
    wal.rewrite(&recovery.records, Seq(0)).unwrap();
    assert_eq!(image.read("log/000003.log", 1024).unwrap()[8], 2, "the version of its header");
    assert_eq!(open(&image, STRICT).unwrap().records, recovery.records);
}

#[test]
fn a_log_goes_on_where_it_was_when_the_disk_has_no_room_to_begin_it_anew() {
    let sim = Sim::new(0);
    let (_, records) = small_log(&sim);
    let (mut wal, recovery) = Wal::open(config(&sim), START, STRICT).unwrap();
    sim.set_space(Some(1));
    assert_eq!(kind(wal.rewrite(&recovery.records, Seq(0))), Some(ErrorKind::Limit));
    wal.resume().unwrap();
    let ten = record(10, 0);
    let durable = wal.durable();
    assert_eq!(durable, Seq(9));
    wal.append_deletes(&[ten.as_log_record()], durable).unwrap();
    wal.sync().unwrap();
    let image = sim.crash_with(CrashPolicy { names: Keep::Nothing, data: Keep::Nothing }, 0);
    assert_eq!(open(&image, STRICT).unwrap().records, [&records[..], &[ten]].concat());
    // Far more than fits: refused, and nothing of it comes back.
    let long = Record { payload: vec![1; 900], ..record(11, 0) };
    assert_eq!(kind(wal.append_deletes(&[long.as_log_record()], Seq(10))), Some(ErrorKind::Limit));
    wal.config.fence.check().unwrap();
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
        flipped.corrupt("log/000002.log", |bytes| bytes[bit / 8] ^= 1 << (bit % 8)).unwrap();
        check_prefix(&flipped, &records, records.len(), &format!("bit {bit}"));
    }
}

#[test]
fn a_record_lost_below_the_durable_mark_is_named() {
    let sim = Sim::new(0);
    let (_, records) = small_log(&sim);
    let image = sim.crash(0);
    // Records are 40 bytes here: the fourth is zeroed, those behind it know that it was durable.
    image.corrupt("log/000001.log", |bytes| bytes[88 + 120..88 + 160].fill(0)).unwrap();
    let error = open(&image, STRICT).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(error.message().contains("log/000001.log is damaged at byte 208"), "{error}");
    assert!(error.message().contains("the batches 4 to 9 would be lost"), "{error}");
    let recovery = open(&image, LENIENT).unwrap();
    assert_eq!(recovery.records, records[..3]);
    assert_eq!(recovery.last_seq, Seq(3));
    assert!(error.message().contains("discard_damaged_tail=true"), "{error}");
    assert!(recovery.discarded.is_some_and(|given_up| error.message().ends_with(&given_up)));
}

/// What opening says when a record, whose payload holds a record that calls batch 5 durable, lost its own header.
fn open_with_forged(salt_of: impl Fn(&[u8]) -> [u8; 12]) -> Result<Recovery> {
    let sim = Sim::new(0);
    let mut wal = Wal::create(config(&sim), FileNumber(1), Seq(0)).unwrap();
    let first = record(1, 0);
    append(&mut wal, std::slice::from_ref(&first)).unwrap();
    wal.sync().unwrap();
    let offset = FILE_HEADER_BYTES + format::record_bytes(first.payload.len());
    let header = FileHeader {
        salt: salt_of(&sim.read("log/000001.log", 1024).unwrap()),
        ..wal.header(FileNumber(1), Seq(1), false).unwrap()
    };
    let mut forged = crate::codec::Writer::new();
    format::encode_record(&mut forged, header.seal(), 1, (Seq(9), Seq(5)), b"forged");
    append(&mut wal, &[Record { seq: Seq(2), kind: 1, payload: forged.into_bytes() }]).unwrap();
    drop(wal);
    let torn = sim.crash_with(CrashPolicy { names: Keep::Everything, data: Keep::Everything }, 0);
    torn.corrupt("log/000001.log", |bytes| bytes[offset..offset + format::RECORD_HEADER_BYTES].fill(0)).unwrap();
    let recovery = open(&torn, STRICT)?;
    assert_eq!(recovery.records, [first]);
    Ok(recovery)
}

#[test]
fn a_record_inside_a_payload_is_not_taken_for_a_promise() {
    // Store and number of the file may be known to whoever writes the payload; the salt is not.
    let recovery = open_with_forged(|_| [0; 12]).unwrap();
    assert_eq!(recovery.durable, Seq(0));
    open_with_forged(|_| *b"a mere guess").unwrap();
    // With it the same bytes are a promise, so the two above prove something.
    let error = open_with_forged(|file| file[72..84].try_into().unwrap()).unwrap_err();
    assert!(error.message().contains("everything up to batch 5 was durable"), "{error}");
}

#[test]
fn each_file_has_a_salt_of_its_own() {
    let sim = Sim::new(0);
    let (mut wal, _) = small_log(&sim);
    wal.roll().unwrap();
    let salt = |path| sim.read(path, 1024).unwrap()[72..84].to_vec();
    assert_ne!(salt("log/000001.log"), salt("log/000002.log"));
    assert_ne!(salt("log/000001.log"), [0; 12]);
}

#[test]
fn files_that_are_missing_foreign_or_newer_are_refused() {
    let sim = Sim::new(0);
    let (mut wal, records) = small_log(&sim);
    wal.roll().unwrap();
    append(&mut wal, &[record(10, 0)]).unwrap();
    wal.roll().unwrap();
    let all = CrashPolicy { names: Keep::Everything, data: Keep::Everything };
    for path in ["log/000001.log", "log/000002.log", "log/000003.log"] {
        let image = sim.crash_with(all, 0);
        image.remove(path).unwrap();
        let error = open(&image, STRICT).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        assert!(error.message().contains(&format!("{path} is missing")), "{error}");
        let recovery = open(&image, LENIENT).unwrap();
        let kept = ["log/000001.log", "log/000002.log"].iter().position(|lost| *lost == path).map_or(10, |at| at * 9);
        assert_eq!(recovery.records, [&records[..], &[record(10, 0)]].concat()[..kept]);
        assert_eq!(recovery.highest, FileNumber(3), "without {path}: a number is given twice");
    }
    let image = sim.crash_with(all, 0);
    image.hard_link("log/000002.log", "log/000004.log").unwrap();
    assert!(open(&image, STRICT).unwrap_err().message().contains("was written as log file 2"));
    let foreign = WalConfig { store_id: [9; 16], ..config(&sim) };
    let error = Wal::open(foreign, START, STRICT).unwrap_err();
    assert!(error.message().contains("another store"), "{error}");
    let newer = |bytes: &mut Vec<u8>| {
        bytes[8] = 3;
        let crc = crate::codec::crc32(&bytes[..84]);
        bytes[84..88].copy_from_slice(&crc.to_le_bytes());
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
    assert_eq!(kind(append(&mut wal, &[record(10, 0)])), Some(ErrorKind::Internal));
    sim.set_space(Some(1200));
    assert_eq!(kind(wal.rewrite(&recovery.records, Seq(0))), Some(ErrorKind::Limit));
    sim.set_space(None);
    wal.rewrite(&recovery.records, Seq(0)).unwrap();
    append(&mut wal, &[record(10, 0)]).unwrap();
    // Everything before is on disk although nothing was synced since.
    let image = sim.crash_with(CrashPolicy { names: Keep::Nothing, data: Keep::Nothing }, 0);
    assert_eq!(open(&image, STRICT).unwrap().records, recovery.records);
}

#[test]
fn groups_out_of_bounds_are_refused() {
    let sim = Sim::new(0);
    let (mut wal, _) = small_log(&sim);
    let with = |seq, kind, len| Record { seq: Seq(seq), kind, payload: vec![1; len] };
    for (record, expected) in [
        (with(9, 1, 1), ErrorKind::Internal),
        (with(10, 0, 1), ErrorKind::Internal),
        (with(10, 254, 1), ErrorKind::Internal),
        (with(10, 255, 1), ErrorKind::Internal),
        (with(10, 1, 0), ErrorKind::Limit),
        (with(10, 1, RECORD_BYTES_MAX + 1), ErrorKind::Limit),
    ] {
        assert_eq!(kind(append(&mut wal, &[record])), Some(expected));
    }
    let ten = record(10, 0);
    assert_eq!(kind(wal.append_group(&[ten.as_log_record()], Seq(10))), Some(ErrorKind::Internal));
    append(&mut wal, &[ten]).unwrap();
}

#[test]
fn any_other_failure_is_the_last_write() {
    for operation in [Operation::Write, Operation::SyncData, Operation::Rename, Operation::SyncDir, Operation::Trim] {
        let sim = Sim::new(0);
        let (mut wal, _) = small_log(&sim);
        sim.fail(Failure::once(1, Fault::Io).only(operation));
        let failed = append(&mut wal, &[record(10, 0)]).and_then(|()| wal.sync()).and_then(|()| wal.roll());
        assert_eq!(kind(failed), Some(ErrorKind::Io), "{operation:?}");
        assert!(sim.has_failed());
        let calls = sim.calls();
        assert_eq!(kind(append(&mut wal, &[record(11, 0)])), Some(ErrorKind::ReadOnly));
        assert_eq!(kind(wal.sync()), Some(ErrorKind::ReadOnly));
        assert_eq!(kind(wal.roll()), Some(ErrorKind::ReadOnly));
        assert_eq!(sim.calls(), calls, "nothing is tried again");
    }
}
