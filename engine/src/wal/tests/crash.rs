//! A working log that loses power or runs out of space at any call, again and again.

use super::*;

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
                1 => sim.fail(Failure::once(1 + random.below(3), Fault::NoSpace).only(Operation::Preallocate)),
                2 => sim.fail(Failure::once(1 + random.below(2), Fault::NoSpace).only(Operation::Rename)),
                _ => sim.heal(),
            }
            let group = [record(written.len() as u64 + 1, round), record(written.len() as u64 + 2, round)];
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
                assert_eq!(open(&image, STRICT).unwrap().records, written, "seed {seed}");
            }
        }
        wal.config.fence.check().unwrap();
        assert!(refusals > 0);
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
    let mut wal = Wal::create(config(&sim), FileNumber(1), Seq(0)).map_err(|error| error.to_string())?;
    let mut oracle = Oracle { records: Vec::new(), start: START, synced: Seq(0) };
    sim.lie_in_sync(lies);
    for depth in 0..4 {
        let fault = if random.one_in(3) { Fault::NoSpace } else { Fault::Io };
        sim.fail(Failure::for_good(1 + random.below(60), fault));
        // Every error is the planned one; what it left behind is judged after the crash.
        let _ = work(&mut wal, &mut oracle, &mut random);
        sim = sim.crash(random.next_u64());
        sim.lie_in_sync(lies);
        for attempt in 0.. {
            let complain = |what: &str| Err(format!("seed {seed}, crash {depth}.{attempt}: {what}"));
            let (opened, recovery) = match Wal::open(config(&sim), oracle.start, STRICT) {
                Err(error) => return complain(error.message()),
                Ok(opened) => opened,
            };
            if !oracle.records.starts_with(&recovery.records) {
                return complain("what came back is no prefix");
            }
            let synced = oracle.records.partition_point(|record| record.seq <= oracle.synced);
            if recovery.records.len() < synced {
                return complain(&format!("{} of {synced} synced came back", recovery.records.len()));
            }
            // A crash of the recovery must give back what was read, or what was there before.
            wal = opened;
            if random.one_in(2) && attempt < 3 {
                sim.fail(Failure::for_good(1 + random.below(10), fault));
            }
            let rewritten = match random.one_in(3) {
                // As on a full disk.
                true => wal.resume(),
                false => wal.rewrite(&recovery.records, oracle.start.after),
            };
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

/// A power cut at any call of a rotation, and then the newest file deleted behind the log's back: nothing is missed
/// that was synced, or it is missed aloud.
#[test]
fn a_newest_file_that_is_lost_is_missed_once_anything_stands_in_it() {
    let (mut silent, mut told) = (0, 0);
    for seed in 0..50 {
        let sim = Sim::new(seed);
        let mut wal = Wal::create(config(&sim), FileNumber(1), Seq(0)).unwrap();
        sim.record();
        let mut records = Vec::new();
        for seq in 1..=20 {
            let synced = records.len();
            records.push(record(seq, seed));
            append(&mut wal, &records[synced..]).unwrap();
            wal.sync().unwrap();
            let calls = sim.take_recorded();
            for (call, sim) in calls.iter().enumerate() {
                let image = sim.crash(seed * 1000 + seq * 50 + call as u64);
                let newest = recovery::list_numbers(&config(&image)).unwrap().pop().unwrap();
                image.remove(&format::path(newest)).unwrap();
                // The last copy is of after the reply.
                let synced = if call + 1 == calls.len() { records.len() } else { synced };
                match open(&image, STRICT) {
                    Ok(recovery) => {
                        let place = format!("seed {seed}, batch {seq}, call {call}");
                        assert!(records.starts_with(&recovery.records), "{place}");
                        assert!(recovery.records.len() >= synced, "{place}: {} came back", recovery.records.len());
                        silent += 1;
                    }
                    Err(error) => {
                        assert!(error.message().contains("missing"), "{error}");
                        told += 1;
                    }
                }
            }
        }
    }
    assert!(silent > 100 && told > 1000, "{silent} silent, {told} told");
}

#[test]
fn a_file_that_could_not_be_closed_is_closed_before_anything_follows() {
    let sim = Sim::new(0);
    let (mut wal, mut records) = small_log(&sim);
    // The first write of a rotation is the header of the next file, the second the closing record.
    sim.fail(Failure::once(2, Fault::NoSpace).only(Operation::Write));
    assert_eq!(kind(wal.roll()), Some(ErrorKind::Limit));
    assert_eq!(sim.list(LOG_DIR).unwrap().len(), 2);
    sim.fail(Failure::for_good(1, Fault::NoSpace).only(Operation::Write));
    assert_eq!(kind(append(&mut wal, &[record(10, 0)])), Some(ErrorKind::Limit));
    sim.heal();
    records.push(record(10, 0));
    append(&mut wal, &records[9..]).unwrap();
    wal.sync().unwrap();
    let image = sim.crash(0);
    assert_eq!(open(&image, STRICT).unwrap().records, records);
    image.remove("log/000002.log").unwrap();
    assert!(open(&image, STRICT).unwrap_err().message().contains("log/000002.log is missing"));
}

#[test]
fn a_crash_keeps_a_prefix_with_everything_synced() {
    for seed in 0..3000 {
        crash_run(seed, false).unwrap();
    }
}

#[test]
fn the_crash_test_notices_a_sync_that_lies() {
    let noticed = (0..200).filter(|&seed| crash_run(seed, true).is_err()).count();
    assert!(noticed > 100, "{noticed}");
}
