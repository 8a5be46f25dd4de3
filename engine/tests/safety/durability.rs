//! What a reply promises, and what a power cut or the end of the process takes.

use std::sync::Arc;

use muster_engine::Durability;
use muster_engine::storage::sim::{CrashPolicy, Keep};
use muster_engine::storage::{ManualClock, Sim};
use muster_engine::{Engine, Options};

use crate::store::{fill, open, options, shared, write};

/// Batches before and behind the sync that a test asks for.
const BATCHES: i64 = 20;

#[test]
fn a_power_cut_takes_what_was_not_promised_and_only_the_youngest() {
    for durability in [Durability::Commit, Durability::Interval, Durability::None] {
        let sim = Sim::new(1);
        let options = Options { durability, ..options() };
        let engine = Engine::open(Arc::new(sim.clone()), options, Arc::new(ManualClock::new(0))).unwrap();
        fill(&engine);
        let forgetful = CrashPolicy { names: Keep::Nothing, data: Keep::Nothing };
        let mut synced = engine.sync(engine.snapshot().version()).unwrap();
        let base = synced.0;
        for n in 0..2 * BATCHES {
            let written = write(&engine, &format!("late {n}"), n);
            match durability {
                Durability::Commit => assert_eq!(written.durable, written.seq),
                _ => assert_eq!(written.durable, synced, "nobody has synced since"),
            }
            if n == BATCHES {
                synced = engine.sync(written.seq).unwrap();
                assert_eq!(synced, written.seq);
            }
            let after = open(&sim.crash_with(forgetful, n as u64)).unwrap();
            let promised = written.durable.max(synced);
            assert_eq!(after.snapshot().version(), promised, "{durability:?}");
            let type_id = after.snapshot().catalog().type_named("users").unwrap().id;
            assert_eq!(after.snapshot().live_count(type_id).unwrap(), 70 + promised.0 - base, "{durability:?}");
            // Whatever else the disk kept, it is a prefix.
            let lucky = open(&sim.crash(n as u64)).unwrap();
            let version = lucky.snapshot().version();
            assert!(version >= promised && version <= written.seq, "{durability:?}: {version}");
            assert_eq!(lucky.snapshot().live_count(type_id).unwrap(), 70 + version.0 - base, "{durability:?}");
        }
        let newest = engine.snapshot().version();
        drop(engine);
        assert_eq!(
            open(&sim).unwrap().snapshot().version(),
            newest,
            "{durability:?}: the process ended, nothing is lost"
        );
    }
}

#[test]
fn a_space_says_its_durability_in_a_file_that_no_bit_turns_into_another() {
    use muster_engine::storage::Storage;
    use muster_engine::write::SpaceSettings;
    for durability in [Durability::Commit, Durability::Interval, Durability::None] {
        let sim = Sim::new(1);
        assert_eq!(SpaceSettings(&sim).durability().unwrap(), None);
        SpaceSettings(&sim).set_durability(durability).unwrap();
        assert_eq!(SpaceSettings(&sim).durability().unwrap(), Some(durability));
        for bit in 0..sim.file_len("DURABILITY").unwrap() as usize * 8 {
            sim.corrupt("DURABILITY", |bytes| bytes[bit / 8] ^= 1 << (bit % 8)).unwrap();
            assert!(SpaceSettings(&sim).durability().is_err(), "bit {bit} of {durability:?}");
            sim.corrupt("DURABILITY", |bytes| bytes[bit / 8] ^= 1 << (bit % 8)).unwrap();
        }
    }
}

#[test]
fn a_space_says_its_zone_in_a_file_that_no_bit_turns_into_another() {
    use muster_engine::backup::restore;
    use muster_engine::catalog::Zone;
    use muster_engine::check::check;
    use muster_engine::storage::Storage;
    use muster_engine::write::SpaceSettings;
    let (sim, backup, restored) = (Sim::new(1), Sim::new(2), Sim::new(3));
    let engine = open(&sim).unwrap();
    fill(&engine);
    assert_eq!(SpaceSettings(&sim).zone().unwrap(), None);
    let zone = Zone::named("Asia/Shanghai").unwrap();
    SpaceSettings(&sim).set_zone(Some(&zone)).unwrap();
    engine.back_up(&shared(&backup)).unwrap();
    restore(&shared(&backup), &shared(&restored), 0).unwrap();
    for sim in [&sim, &backup, &restored] {
        assert_eq!(SpaceSettings(sim).zone().unwrap(), Some(zone.clone()));
    }
    for bit in 0..restored.file_len("ZONE").unwrap() as usize * 8 {
        restored.corrupt("ZONE", |bytes| bytes[bit / 8] ^= 1 << (bit % 8)).unwrap();
        assert!(SpaceSettings(&restored).zone().is_err(), "bit {bit}");
        assert_eq!(check(&shared(&restored), &mut |_| ()).unwrap().faults[0].file, "ZONE");
        restored.corrupt("ZONE", |bytes| bytes[bit / 8] ^= 1 << (bit % 8)).unwrap();
    }
    SpaceSettings(&restored).set_zone(None).unwrap();
    SpaceSettings(&restored).set_zone(None).unwrap();
    assert_eq!(SpaceSettings(&restored).zone().unwrap(), None);
}
