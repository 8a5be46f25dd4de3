//! Crash images: what a power cut may leave at each call of a store at work, of its recovery, and of the recovery of
//! that one, opened and compared with the oracle.

use std::collections::HashSet;
use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use muster_engine::Options;
use muster_engine::storage::sim::{CrashPolicy, Keep};
use muster_engine::storage::{Random, Sim};
use muster_engine::write::Durability;
use xxhash_rust::xxh3::Xxh3;

use super::backups::Backups;
use super::survivor::{Survivor, calmly, check};
use super::workload::{BACK_UP, Shown, Work, tiny_options};

const DURABILITIES: [Durability; 3] = [Durability::Commit, Durability::Interval, Durability::None];
/// How many acts a run has.
const ACTS: usize = 60;
/// How often power is cut in a row.
pub(crate) const DEPTH: usize = 3;
/// How many images of each point are chosen by chance, beside the plain ones.
const RANDOM_IMAGES: u64 = 3;
/// Of how many images one is crashed again while it recovers.
const AGAIN: [u64; DEPTH] = [40, 60, u64::MAX];
/// When only the process ends, everything is kept.
const PROCESS_END: CrashPolicy = CrashPolicy { names: Keep::Everything, data: Keep::Everything };
const PLAIN: [CrashPolicy; 4] = [
    PROCESS_END,
    CrashPolicy { names: Keep::Nothing, data: Keep::Nothing },
    CrashPolicy { names: Keep::Everything, data: Keep::Lengths },
    CrashPolicy { names: Keep::Nothing, data: Keep::Everything },
];

/// What was tried so far.
pub(crate) struct Tally {
    goal: u64,
    /// Images that were opened and compared, by depth.
    pub(crate) images: [u64; DEPTH],
    /// How many of them held a backup that was done, and one under way.
    backups: u64,
    cut_backups: u64,
    /// Images that were the same as an earlier one with the same promise.
    repeated: u64,
    seen: HashSet<u64>,
    started: Instant,
    told: Instant,
    /// What every simulated disk is made to do wrong, to test the test.
    pub(crate) misdeed: fn(&Sim),
}

impl Tally {
    pub(crate) fn new(goal: u64, misdeed: fn(&Sim)) -> Tally {
        let now = Instant::now();
        Tally {
            goal,
            images: [0; DEPTH],
            backups: 0,
            cut_backups: 0,
            repeated: 0,
            seen: HashSet::new(),
            started: now,
            told: now,
            misdeed,
        }
    }

    pub(crate) fn total(&self) -> u64 {
        self.images.iter().sum()
    }

    fn is_done(&self) -> bool {
        self.total() >= self.goal
    }

    /// Whether this image was not yet seen with this promise.
    fn is_new(&mut self, image: &Sim, allowed: &[Arc<Shown>]) -> bool {
        let mut hash = Xxh3::new();
        for (path, bytes) in image.files().iter().filter(|(path, _)| *path != "LOCK") {
            hash.update(path.as_bytes());
            hash.update(bytes);
        }
        for state in allowed {
            hash.update(&state.version.0.to_le_bytes());
        }
        let is_new = self.seen.insert(hash.digest());
        self.repeated += u64::from(!is_new);
        is_new
    }

    fn tell(&mut self, seed: u64) {
        if self.told.elapsed() > Duration::from_secs(5) {
            self.told = Instant::now();
            // Not captured, so that it is seen while the test runs.
            let _ = writeln!(std::io::stderr(), "seed {seed}: {}", self.line());
        }
    }

    fn line(&self) -> String {
        let seconds = self.started.elapsed().as_secs_f64();
        let [first, second, third] = self.images;
        format!(
            "{} of {} crash images ({first} of a store at work, {second} of its recovery, {third} of the recovery of \
             that) in {seconds:.0} s, {:.0} a second; {} more were the same; {} held a backup, {} one under way",
            self.total(),
            self.goal,
            self.total() as f64 / seconds.max(0.001),
            self.repeated,
            self.backups,
            self.cut_backups
        )
    }
}

/// One space in the life of a store, and what may be found there later.
struct Point<'s> {
    sim: &'s Sim,
    /// After a power cut.
    durable: &'s [Arc<Shown>],
    /// When only the process ends.
    acknowledged: &'s [Arc<Shown>],
    backups: Backups<'s>,
    depth: usize,
}

/// Crashes a store that works by `seed` at every call; returns what was wrong.
pub(crate) fn crash_everywhere(seed: u64, tally: &mut Tally) -> Result<(), String> {
    let options = tiny_options(DURABILITIES[(seed % 3) as usize]);
    let sim = Sim::new(seed);
    (tally.misdeed)(&sim);
    sim.record();
    let mut work = Work::new(seed, &sim, &options).with_backups();
    let acts = work.go(ACTS);
    work.stop();
    let mut random = Random::seeded(seed);
    for (index, act) in acts.iter().enumerate() {
        let promise = act.promise;
        let (durable, acknowledged) =
            (&work.states[promise.durable..promise.end], &work.states[promise.acknowledged..promise.end]);
        for (call, sim) in act.recorded.iter().enumerate() {
            // Behind its last call a backup is done.
            let is_done = call + 1 == act.recorded.len() || act.name != BACK_UP;
            let done = if act.name == BACK_UP && is_done { act.backups + 1 } else { act.backups };
            let backups = Backups {
                done: work.backups[..done].last(),
                under_way: (!is_done).then(|| (work.backups[act.backups].name.as_str(), durable)),
            };
            let point = Point { sim, durable, acknowledged, backups, depth: 0 };
            crash(&point, &options, &mut random, tally)
                .map_err(|found| format!("seed {seed}, act {index} ({}), change {call}: {found}", act.name))?;
            tally.tell(seed);
            if tally.is_done() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Checks the images of one point, and crashes some of them again.
fn crash(point: &Point<'_>, options: &Options, random: &mut Random, tally: &mut Tally) -> Result<(), String> {
    // A deeper point is one of many of the same recovery.
    let policies = if point.depth == 0 { PLAIN.to_vec() } else { vec![PLAIN[random.below(4) as usize]] };
    let chances = if point.depth == 0 { RANDOM_IMAGES } else { 1 };
    let plain = policies.into_iter().map(Some);
    for policy in plain.chain((0..chances).map(|_| None)) {
        let seed = random.next_u64();
        let image = match policy {
            Some(policy) => point.sim.crash_with(policy, seed),
            None => point.sim.crash(seed),
        };
        let allowed = if policy == Some(PROCESS_END) { point.acknowledged } else { point.durable };
        if !tally.is_new(&image, allowed) {
            continue;
        }
        tally.images[point.depth] += 1;
        let again = point.depth + 1 < DEPTH && random.one_in(AGAIN[point.depth]);
        if again {
            image.record();
        }
        let place = |found| format!("{policy:?} by {seed}: {found}");
        calmly(|| point.backups.check(&image, options)).map_err(place)?;
        tally.backups += u64::from(point.backups.done.is_some());
        tally.cut_backups += u64::from(point.backups.under_way.is_some());
        let survivor = check(&image, allowed, options).map_err(place)?;
        if again {
            crash_again(&survivor, point, options, random, tally).map_err(place)?;
        }
    }
    Ok(())
}

/// Crashes a store at each call of its recovery, and of the acts behind it.
fn crash_again(
    survivor: &Survivor,
    before: &Point<'_>,
    options: &Options,
    random: &mut Random,
    tally: &mut Tally,
) -> Result<(), String> {
    // Nothing of what was found may be lost by a crash while it is recovered, and nothing else may appear.
    let found = &survivor.states[..1];
    let (depth, backups) = (before.depth + 1, before.backups);
    for (call, sim) in survivor.recovering.iter().enumerate() {
        let point = Point { sim, durable: found, acknowledged: found, backups, depth };
        crash(&point, options, random, tally).map_err(|found| format!("recovery, change {call}: {found}"))?;
    }
    for (call, sim) in survivor.acting.iter().enumerate() {
        let point = Point { sim, durable: &survivor.states, acknowledged: &survivor.states, backups, depth };
        crash(&point, options, random, tally).map_err(|found| format!("acts behind it, change {call}: {found}"))?;
    }
    if let Some(last) = survivor.acting.last() {
        let states = &survivor.states;
        let point =
            Point { sim: last, durable: &states[survivor.durable..], acknowledged: &states[1..], backups, depth };
        crash(&point, options, random, tally).map_err(|found| format!("after it: {found}"))?;
    }
    Ok(())
}

#[test]
fn a_power_cut_at_any_call_and_in_any_recovery_keeps_what_was_promised() {
    let goal = std::env::var("MUSTER_CRASH_IMAGES").map_or(20_000, |text| text.parse().expect("a number of images"));
    let mut tally = Tally::new(goal, |_| {});
    let first = std::env::var("MUSTER_SEED").map_or(0, |text| text.parse().expect("a seed"));
    let mut seed = first;
    while !tally.is_done() {
        println!("seed {seed}");
        crash_everywhere(seed, &mut tally).unwrap_or_else(|found| panic!("{found}"));
        seed += 1;
    }
    println!("{}", tally.line());
    assert!(tally.images.iter().all(|&images| images > 0));
    assert!(tally.backups > 0 && tally.cut_backups > 0);
    let _ = writeln!(std::io::stderr(), "{} runs: {}", seed - first, tally.line());
}
