//! Files that are deleted whole behind the store's back, at any time of its life: it is as before, or it says so.

use std::sync::Arc;
use std::time::Instant;

use muster_engine::check::check;
use muster_engine::storage::sim::{CrashPolicy, Keep};
use muster_engine::storage::{Random, Sim, Storage};
use muster_engine::write::Durability;
use muster_engine::{ErrorKind, Options};

use super::damage::{Fate, Fates, Store, tell};
use super::liars::each_record;
use super::survivor::{calmly, compare};
use super::workload::{Promise, Shown, Work, open, tiny_options};

const DURABILITIES: [Durability; 3] = [Durability::Commit, Durability::Interval, Durability::None];
const ACTS: usize = 60;

/// Opens an image without one of its files, which must be refused, or must show one of `allowed`. Where it is a log
/// file that is missed, the store can be had without it by the flag, for good.
fn without(image: &Sim, path: &str, allowed: &[Arc<Shown>], options: &Options) -> Result<Fate, String> {
    image.remove(path).expect("it is there");
    let storage: Arc<dyn Storage> = Arc::new(image.clone());
    let is_noticed = check(&storage, &mut |_| ()).is_ok_and(|report| !report.is_whole());
    calmly(|| match open(image, options) {
        Err(error) if !is_noticed => Err(format!("a check does not notice {error:?}")),
        Ok(engine) => compare(&engine, allowed).map(|_| Fate::Harmless),
        Err(error) if error.kind() != ErrorKind::Corrupt => Err(format!("{error:?}")),
        Err(error) if path.starts_with("log/") => {
            let lenient = Options { discard_damaged_tail: true, ..options.clone() };
            let opened = open(image, &lenient).map_err(|error| format!("it cannot be given up: {error:?}"))?;
            let given_up = opened.status().discarded.unwrap_or_default();
            let is_told = error.message().contains("discard_damaged_tail=true") && error.message().contains("missing");
            if given_up.is_empty() || !error.message().ends_with(&given_up) || !is_told {
                return Err(format!("it gave up {given_up:?}, but said {:?}", error.message()));
            }
            opened.close().and_then(|()| open(image, options)).map_err(|error| format!("it comes back: {error:?}"))?;
            Ok(Fate::Refused)
        }
        Err(_) => Ok(Fate::Refused),
    })
    .map_err(|found| format!("without {path}: {found}"))
}

/// What became of stores without a file.
#[derive(Default)]
struct Missing {
    fates: Fates,
    /// Of newest log files: how many were without effect, and how many were missed.
    newest_logs: [u64; 2],
}

/// Takes files away from a store that works by `seed`: at each call the newest log file, before and behind a power cut,
/// and after each act every file. Returns what was wrong.
fn take_away(seed: u64, misdeed: fn(&Sim), missing: &mut Missing) -> Result<(), String> {
    let options = tiny_options(DURABILITIES[(seed % 3) as usize]);
    let sim = Sim::new(seed);
    sim.record();
    let mut random = Random::seeded(seed);
    let mut work = Work::new(seed, &sim, &options);
    for act in work.go(ACTS) {
        let Promise { durable, acknowledged, end } = act.promise;
        for (call, sim) in act.recorded.iter().enumerate() {
            let is_last = call + 1 == act.recorded.len();
            // Behind the last call what was under way is acknowledged.
            let acknowledged = if is_last { end - 1 } else { acknowledged };
            let everything = CrashPolicy { names: Keep::Everything, data: Keep::Everything };
            let place = |found| format!("seed {seed}, {}, change {call}: {found}", act.name);
            let mut take = |image: Sim, is_each: bool, since: usize| {
                let files = image.files();
                let newest = files.keys().rfind(|path| path.starts_with("log/") && path.ends_with(".log"));
                for path in files.keys().filter(|path| (is_each && *path != "LOCK") || Some(*path) == newest) {
                    let image = image.crash_with(everything, 0);
                    misdeed(&image);
                    let fate = without(&image, path, &work.states[since..end], &options).map_err(place)?;
                    missing.fates.add(fate);
                    if Some(path) == newest {
                        missing.newest_logs[usize::from(fate == Fate::Refused)] += 1;
                    }
                }
                Ok::<(), String>(())
            };
            take(sim.crash_with(everything, 0), is_last, acknowledged)?;
            take(sim.crash(random.next_u64()), false, durable)?;
        }
    }
    Ok(())
}

#[test]
fn a_missing_file_is_found_or_without_effect() {
    for seed in 3..9 {
        let store = Store::new(seed);
        for path in store.files.keys() {
            let fate = without(&store.image(), path, std::slice::from_ref(&store.shown), &store.options);
            let fate = fate.unwrap_or_else(|found| panic!("{found}"));
            let is_old = path.starts_with("manifest/") && *path != store.newest("manifest/", "");
            assert_eq!(fate == Fate::Harmless, is_old, "without {path}");
        }
    }
}

#[test]
fn a_file_that_goes_missing_at_any_time_is_found_or_without_effect() {
    let started = Instant::now();
    let mut missing = Missing::default();
    for seed in 0..9 {
        println!("seed {seed}");
        take_away(seed, |_| {}, &mut missing).unwrap_or_else(|found| panic!("{found}"));
    }
    tell("files that went missing", &missing.fates, started);
    println!("newest log files: {:?} without effect and missed", missing.newest_logs);
    assert!(missing.newest_logs.iter().all(|&count| count > 50), "{:?}", missing.newest_logs);
}

#[test]
fn a_newest_log_file_is_not_missed_where_no_closing_record_names_it() {
    let hide = |sim: &Sim| sim.read_through(hide_closing_records);
    let found = (0..9).find_map(|seed| take_away(seed, hide, &mut Missing::default()).err());
    let found = found.expect("the test cannot see that a file is missing");
    assert!(found.contains("without log/"), "{found}");
}

/// Reads log files as if nobody had ended them, and they had been made as long as they are: else each would pass for
/// cut.
fn hide_closing_records(path: &str, bytes: &mut [u8]) {
    const CLOSE: u8 = 254;
    let mut is_hidden = false;
    each_record(path, bytes, |_, record| {
        if record[8] == CLOSE {
            record.fill(0);
            is_hidden = true;
        }
    });
    if is_hidden {
        let len = bytes.len() as u64;
        bytes[64..72].copy_from_slice(&len.to_le_bytes());
        let crc = crc32fast::hash(&bytes[..84]);
        bytes[84..88].copy_from_slice(&crc.to_le_bytes());
    }
}
