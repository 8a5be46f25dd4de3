//! Backup and restore: consistent at one version, verified, and never mistaken for whole.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use muster_engine::backup::restore;
use muster_engine::check::check;
use muster_engine::ids::Seq;
use muster_engine::storage::sim::{CrashPolicy, Failure, Fault, Keep, Operation};
use muster_engine::storage::{Disk, ManualClock, Sim, Storage};
use muster_engine::write::Change;
use muster_engine::{Engine, ErrorKind};

use crate::store::{fill, one, open, options, shared, write};

fn living(engine: &Engine) -> u64 {
    let snapshot = engine.snapshot();
    snapshot.live_count(snapshot.catalog().type_named("users").unwrap().id).unwrap()
}

fn filled(sim: &Sim) -> Engine {
    let engine = open(sim).unwrap();
    fill(&engine);
    engine
}

#[test]
fn a_backup_holds_what_was_written_before_it_and_nothing_since() {
    let engine = filled(&Sim::new(1));
    let before = engine.snapshot().version();
    let target = Sim::new(2);
    let copied = engine.back_up(&shared(&target)).unwrap();
    assert_eq!((copied.version, copied.linked, copied.id_epoch), (before, 0, 1));
    write(&engine, "since", 3);
    engine.flush().unwrap();
    engine.compact().unwrap();
    let opened = open(&target).unwrap();
    assert_eq!((living(&opened), opened.snapshot().version()), (70, before));
    assert_eq!(living(&engine), 71);
    assert_eq!(engine.back_up(&shared(&target)).unwrap_err().kind(), ErrorKind::Conflict);
}

#[test]
fn a_backup_of_files_is_made_of_links_and_outlives_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::open_dir(folder.path().join("store"), options()).unwrap();
    fill(&engine);
    let target: Arc<dyn Storage> = Arc::new(Disk::create(folder.path().join("backup")).unwrap());
    let copied = engine.back_up(&target).unwrap();
    let parts = target.list("parts").unwrap().len() as u64;
    assert_eq!(copied.linked, parts);
    assert_eq!(copied.files, parts + 2, "a manifest and a log");
    engine.compact().unwrap();
    drop(engine);
    std::fs::remove_dir_all(folder.path().join("store")).unwrap();
    assert!(check(&target, &mut |_| ()).unwrap().is_whole());
    let restored: Arc<dyn Storage> = Arc::new(Disk::create(folder.path().join("restored")).unwrap());
    assert_eq!(restore(&target, &restored, 5).unwrap().linked, 0);
    assert_eq!(living(&Engine::open_dir(folder.path().join("restored"), options()).unwrap()), 70);
}

#[test]
fn writers_go_on_during_backups_and_each_is_a_prefix() {
    let engine = filled(&Sim::new(1));
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // One entity a batch, so a backup's version says how many it must hold.
            let mut n = 1000;
            while !done.load(Ordering::Relaxed) {
                write(&engine, &format!("user {n}"), n);
                n += 1;
                if n % 100 == 0 {
                    engine.compact().unwrap();
                }
            }
        });
        let base = 126 + 10;
        for seed in 0..12 {
            let target = Sim::new(seed);
            let copied = engine.back_up(&shared(&target)).unwrap();
            let opened = open(&target).unwrap();
            assert_eq!(opened.snapshot().version(), copied.version);
            assert_eq!(living(&opened), 70 + (copied.version.0 - base), "at {}", copied.version);
        }
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_backup_that_fails_at_any_call_is_no_store_and_one_that_ends_survives_a_power_cut() {
    let engine = filled(&Sim::new(1));
    engine.flush().unwrap();
    for call in 1.. {
        let target = Sim::new(call);
        target.fail(Failure::for_good(call, if call % 2 == 0 { Fault::Io } else { Fault::NoSpace }));
        let result = engine.back_up(&shared(&target));
        let forgetful = CrashPolicy { names: Keep::Nothing, data: Keep::Nothing };
        let is_done = result.is_ok();
        for image in [target.crash(call), target.crash_with(forgetful, call)] {
            let report = check(&shared(&image), &mut |_| ()).unwrap();
            let has_manifest =
                image.list("manifest").is_ok_and(|names| names.iter().any(|it| it.ends_with(".manifest")));
            // Whatever has a manifest is whole, and what was reported done has one.
            assert!(!has_manifest || report.is_whole(), "call {call}: {report:?}");
            assert!(!is_done || has_manifest && living(&open(&image).unwrap()) == 70, "call {call}");
        }
        if is_done {
            assert!(call > 20, "{call}");
            break;
        }
    }
    write(&engine, "the store itself is not fenced", 3);
}

/// Lets the log of `sim` fail while a batch is written.
fn trip(sim: &Sim, engine: &Engine) {
    sim.fail(Failure::once(1, Fault::Io).only(Operation::SyncData));
    assert_eq!(engine.write(one("refused", vec![Change::Touch])).unwrap_err().kind(), ErrorKind::Io);
    assert!(engine.status().fenced.is_some());
}

#[test]
fn behind_the_fence_a_backup_holds_all_or_is_refused() {
    let sim = Sim::new(1);
    let engine = filled(&sim);
    engine.flush().unwrap();
    let before = engine.snapshot().version();
    trip(&sim, &engine);
    let target = Sim::new(2);
    assert_eq!(engine.back_up(&shared(&target)).unwrap().version, before);
    assert_eq!(living(&open(&target).unwrap()), 70);

    let sim = Sim::new(3);
    let engine = filled(&sim);
    engine.flush().unwrap();
    write(&engine, "in the log alone", 3);
    trip(&sim, &engine);
    let target = Sim::new(4);
    let error = engine.back_up(&shared(&target)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ReadOnly);
    assert!(error.message().starts_with("restart before a backup"), "{error}");
    assert!(target.files().is_empty(), "the target is as it was");
    drop(engine);
    let engine = open(&sim).unwrap();
    engine.back_up(&shared(&target)).unwrap();
    assert!(living(&open(&target).unwrap()) >= 71, "what was acknowledged");
}

#[test]
fn what_does_not_verify_is_neither_backed_up_nor_restored() {
    let sim = Sim::new(1);
    let engine = filled(&sim);
    let whole = Sim::new(2);
    engine.back_up(&shared(&whole)).unwrap();
    for dir in ["parts", "manifest"] {
        for name in whole.list(dir).unwrap() {
            let path = format!("{dir}/{name}");
            let len = whole.file_len(&path).unwrap();
            for at in (0..len as usize).step_by(1 + len as usize / 20) {
                whole.corrupt(&path, |bytes| bytes[at] ^= 4).unwrap();
                let error = restore(&shared(&whole), &shared(&Sim::new(3)), 5).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Corrupt);
                assert!(error.message().contains(&path), "{error}");
                whole.corrupt(&path, |bytes| bytes[at] ^= 4).unwrap();
            }
        }
    }
    let part = format!("parts/{}", sim.list("parts").unwrap()[0]);
    sim.corrupt(&part, |bytes| bytes[70] ^= 4).unwrap();
    let error = engine.back_up(&shared(&Sim::new(4))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(error.message().contains(&part), "{error}");
}

#[test]
fn a_restored_store_has_another_epoch_and_goes_on_from_the_backup() {
    let engine = filled(&Sim::new(1));
    let backup = Sim::new(2);
    let copied = engine.back_up(&shared(&backup)).unwrap();
    let target = Sim::new(3);
    let restored = restore(&shared(&backup), &shared(&target), 1_000).unwrap();
    assert_eq!((restored.version, restored.id_epoch, restored.store_id), (copied.version, 1_000, copied.store_id));
    let again = open(&target).unwrap();
    assert_eq!((again.status().id_epoch, living(&again)), (1_000, 70));
    assert_eq!(write(&again, "new", 3).seq, Seq(copied.version.0 + 1));
    drop(again);
    // The clock may stand still; the epoch does not.
    let later = restore(&shared(&target), &shared(&Sim::new(4)), 7).unwrap();
    assert_eq!((later.id_epoch, later.version.0), (1_001, copied.version.0 + 1));
    let error = restore(&shared(&backup), &shared(&target), 9).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    let nothing = restore(&shared(&Sim::new(5)), &shared(&Sim::new(6)), 9).unwrap_err();
    assert_eq!(nothing.kind(), ErrorKind::NotFound);
    let opened = Engine::open(shared(&backup), options(), Arc::new(ManualClock::new(0))).unwrap();
    assert_eq!(living(&opened), 70, "the backup is as it was");
}
