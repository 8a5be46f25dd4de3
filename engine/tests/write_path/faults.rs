//! Failing syncs, full disks and damaged files.

use muster_engine::catalog::EntityKey;
use muster_engine::storage::sim::{CrashPolicy, Failure, Fault, Keep, Operation};
use muster_engine::storage::{Sim, Storage};
use muster_engine::write::{Batch, Change, EntityChanges};
use muster_engine::{Engine, ErrorKind, Options};

use super::history::{History, check};
use super::reading::read;
use super::smoke::{open, quiet_options};

fn started(seed: u64, options: &Options) -> (Sim, Engine, History) {
    let sim = Sim::new(seed);
    let engine = open(&sim, options).unwrap();
    let mut history = History::new(seed, 12);
    history.set_up(&engine).unwrap();
    for _ in 0..10 {
        history.write(&engine).unwrap();
    }
    (sim, engine, history)
}

#[test]
fn a_failed_sync_fences_writes_and_leaves_reads() {
    let options = quiet_options();
    let (sim, engine, mut history) = started(1, &options);
    let before = engine.snapshot().version();
    sim.fail(Failure::once(1, Fault::Io).only(Operation::SyncData));
    let batch = history.any_batch();
    assert_eq!(engine.write(batch.clone()).unwrap_err().kind(), ErrorKind::Io);
    assert!(sim.has_failed());
    for _ in 0..3 {
        assert_eq!(engine.write(batch.clone()).unwrap_err().kind(), ErrorKind::ReadOnly);
    }
    assert_eq!(engine.flush().unwrap_err().kind(), ErrorKind::ReadOnly);
    assert!(engine.status().fenced.is_some());
    assert_eq!(engine.snapshot().version(), before);
    check(&history.oracle, &engine.snapshot()).unwrap();
    drop(engine);
    // The batch was never acknowledged, so a power cut may keep it or lose it.
    let engine = open(&sim.crash(3), &options).unwrap();
    let without = check(&history.oracle, &engine.snapshot());
    history.apply(&batch);
    let with = check(&history.oracle, &engine.snapshot());
    assert!(without.is_ok() || with.is_ok(), "{without:?} {with:?}");
}

#[test]
fn a_full_disk_refuses_and_recovers_by_itself() {
    let options = Options { log_file_bytes: 4096, ..quiet_options() };
    for seed in 0..2 {
        println!("seed {seed}");
        let (sim, engine, mut history) = started(seed, &options);
        for round in 0..3 {
            sim.set_space(Some(0));
            let mut refused = 0;
            for _ in 0..150 {
                let batch = history.any_batch();
                match engine.write(batch.clone()) {
                    Ok(_) => drop(history.apply(&batch)),
                    Err(error) => {
                        assert_eq!(error.kind(), ErrorKind::Limit, "{error:?}");
                        refused += 1;
                    }
                }
            }
            assert!(refused > 0, "the disk was never full");
            assert_eq!(engine.flush().unwrap_err().kind(), ErrorKind::Limit);
            check(&history.oracle, &engine.snapshot()).unwrap_or_else(|found| panic!("seed {seed}: {found}"));
            sim.set_space(None);
            history.write(&engine).unwrap();
            if round % 2 == 0 {
                engine.flush().unwrap();
            }
            check(&history.oracle, &engine.snapshot()).unwrap_or_else(|found| panic!("seed {seed}: {found}"));
        }
        assert_eq!(engine.status().fenced, None);
        drop(engine);
        let engine = open(&sim, &options).unwrap();
        check(&history.oracle, &engine.snapshot()).unwrap_or_else(|found| panic!("seed {seed}: {found}"));
    }
}

#[test]
fn a_store_opens_on_a_full_disk_and_writes_when_there_is_room() {
    let options = quiet_options();
    let (sim, engine, mut history) = started(4, &options);
    drop(engine);
    sim.set_space(Some(0));
    let engine = open(&sim, &options).unwrap();
    check(&history.oracle, &engine.snapshot()).unwrap();
    // The log goes on in the file that it has, until that is full.
    let batch = loop {
        let batch = history.any_batch();
        match engine.write(batch.clone()) {
            Ok(_) => drop(history.apply(&batch)),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Limit);
                break batch;
            }
        }
    };
    check(&history.oracle, &engine.snapshot()).unwrap();
    let image = sim.crash(2);
    image.set_space(Some(0));
    let again = open(&image, &options).unwrap();
    check(&history.oracle, &again.snapshot()).unwrap();
    sim.set_space(None);
    engine.write(batch.clone()).unwrap();
    history.apply(&batch);
    drop(engine);
    let engine = open(&sim.crash(1), &options).unwrap();
    check(&history.oracle, &engine.snapshot()).unwrap();
}

#[test]
fn a_load_that_dies_leaves_no_files() {
    let options = quiet_options();
    let (sim, engine, mut history) = started(6, &options);
    let type_id = engine.snapshot().catalog().type_named("users").unwrap().id;
    let mut load = history.begin_load(&engine, type_id, "a").unwrap();
    let before = sim.list("parts").unwrap();
    assert_eq!(
        engine.begin_load(muster_engine::write::LoadSpec::new(type_id, "b")).err().map(|e| e.kind()),
        Some(ErrorKind::Busy)
    );
    for _ in 0..20 {
        history.append(&mut load, type_id).unwrap();
    }
    assert!(sim.list("parts").unwrap().len() > before.len(), "the load never spilled");
    drop(load);
    history.oracle.loads.clear();
    assert_eq!(sim.list("parts").unwrap(), before);
    check(&history.oracle, &engine.snapshot()).unwrap();
    assert_eq!(engine.status().loads, 0);
}

#[test]
fn a_committed_load_answers_its_repeat_across_restarts() {
    let options = quiet_options();
    let (sim, engine, mut history) = started(7, &options);
    let type_id = engine.snapshot().catalog().type_named("users").unwrap().id;
    let mut load = history.begin_load(&engine, type_id, "a").unwrap();
    history.append(&mut load, type_id).unwrap();
    history.write(&engine).unwrap();
    let first = load.commit().unwrap();
    history.oracle.commit_load(type_id);
    drop(engine);
    let engine = open(&sim.crash(2), &options).unwrap();
    let spec = muster_engine::write::LoadSpec::new(type_id, "a");
    let again = engine.begin_load(spec).unwrap();
    assert_eq!(again.earlier_result(), Some(first));
    let again = again.commit().unwrap();
    assert!(again.repeated);
    assert_eq!((again.seq, again.rows, again.new_entities), (first.seq, first.rows, first.new_entities));
    check(&history.oracle, &engine.snapshot()).unwrap();
}

#[test]
fn a_manifest_whose_name_was_not_synced_is_kept_once_it_is_shown() {
    let options = quiet_options();
    let commit = |removal: Option<u64>| {
        let (sim, engine, mut history) = started(9, &options);
        let type_id = engine.snapshot().catalog().type_named("users").unwrap().id;
        let mut load = history.begin_load(&engine, type_id, "a").unwrap();
        history.append(&mut load, type_id).unwrap();
        sim.trace();
        if let Some(removal) = removal {
            sim.fail(Failure::once(removal, Fault::Io).only(Operation::Remove));
        }
        let committed = load.commit();
        (sim, engine, committed)
    };
    // When the temporary name goes, the manifest has its own, and the directory is not yet synced.
    let trace = commit(None).0.take_trace();
    let linked = trace.iter().position(|call| call.operation == Operation::HardLink).unwrap();
    let removals = trace[..linked].iter().filter(|call| call.operation == Operation::Remove).count();
    let (sim, engine, committed) = commit(Some(removals as u64 + 1));
    assert_eq!(committed.unwrap_err().kind(), ErrorKind::Io);
    assert!(engine.status().fenced.is_some());
    drop(engine);
    let engine = open(&sim, &options).unwrap();
    let (version, shown) = (engine.snapshot().version(), read(&engine.snapshot()).unwrap());
    drop(engine);
    let forgotten = CrashPolicy { names: Keep::Nothing, data: Keep::Nothing };
    let engine = open(&sim.crash_with(forgotten, 0), &options).unwrap();
    assert_eq!(engine.snapshot().version(), version);
    assert_eq!(read(&engine.snapshot()).unwrap(), shown);
}

#[test]
fn a_missing_or_damaged_part_is_corruption() {
    let options = quiet_options();
    let (sim, engine, _) = started(8, &options);
    engine.close().unwrap();
    let files = sim.list("parts").unwrap();
    assert!(files.len() >= 2);
    for file in &files {
        let path = format!("parts/{file}");
        let image = sim.crash(1);
        image.remove(&path).unwrap();
        let error = open(&image, &options).err().expect("a part is missing");
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{error:?}");
        assert!(error.message().contains(file.as_str()), "{error}");
        let image = sim.crash(1);
        image.corrupt(&path, |bytes| *bytes.last_mut().unwrap() ^= 1).unwrap();
        let error = open(&image, &options).err().expect("a footer is damaged");
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{error:?}");
        assert!(error.message().contains(file.as_str()), "{error}");
    }
}

#[test]
fn damage_to_the_acknowledged_log_is_given_up_only_when_told() {
    let options = quiet_options();
    for seed in 20..24 {
        println!("seed {seed}");
        let (sim, engine, mut history) = started(seed, &options);
        let type_id = engine.snapshot().catalog().type_named("users").unwrap().id;
        engine.flush().unwrap();
        let flushed = history.oracle.clone();
        for _ in 0..10 {
            history.write(&engine).unwrap();
        }
        let mut load = history.begin_load(&engine, type_id, "a").unwrap();
        history.append(&mut load, type_id).unwrap();
        let loaded = load.commit().unwrap();
        history.oracle.commit_load(type_id);
        history.write(&engine).unwrap();
        drop(engine);
        // The file before the one that the commit began.
        let log = sim.list("log").unwrap().swap_remove(0);
        // Behind the header and the header of the first record.
        sim.corrupt(&format!("log/{log}"), |bytes| bytes[116] ^= 1).unwrap();
        let error = open(&sim, &options).err().expect("the log is damaged");
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        assert!(error.message().contains(&log), "{error}");
        let lenient = Options { discard_damaged_tail: true, ..options.clone() };
        let engine = open(&sim, &lenient).unwrap();
        assert!(engine.status().discarded.is_some());
        // What was flushed and the load are left; the load's rows name some of the lost batches' keys.
        assert!(engine.snapshot().version() >= loaded.seq);
        assert!(engine.snapshot().live_count(type_id).unwrap() >= flushed.types[&type_id].keys.len() as u64);
        let batch = Batch {
            type_name: "users".into(),
            source: None,
            entities: vec![EntityChanges::new(EntityKey::Text("after".into()), vec![Change::Touch])],
        };
        let written = engine.write(batch).unwrap();
        assert!(written.seq > loaded.seq);
        // Reading checks that every living entity has its key.
        read(&engine.snapshot()).unwrap();
        drop(engine);
        let engine = open(&sim.crash(seed), &options).unwrap();
        assert_eq!(engine.snapshot().version(), written.seq);
        let key = EntityKey::Text("after".into());
        assert!(engine.snapshot().entity(type_id, &key).unwrap().is_some());
        engine.compact().unwrap();
        assert!(engine.snapshot().entity(type_id, &key).unwrap().is_some());
    }
}
