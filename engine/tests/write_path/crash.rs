//! Power cuts at storage calls: whatever was acknowledged is there afterwards, whole batches, nothing else but the one
//! act that was under way.

use std::sync::Arc;

use muster_engine::ids::TypeId;
use muster_engine::storage::sim::{Failure, Fault};
use muster_engine::storage::{Clock, ManualClock, Sim};
use muster_engine::write::{Durability, Load};
use muster_engine::{Engine, Options};

use super::history::{History, check};
use super::oracle::Oracle;
use super::smoke::{open, quiet_options};

/// A run of acts that may be cut at any call.
struct Run {
    history: History,
    load: Option<(TypeId, Load)>,
    /// What else may be found after a cut: the act under way, done.
    under_way: Option<Oracle>,
    /// A change of the catalog is under way, so a tag that was acknowledged may be gone.
    is_catalog_moving: bool,
    next_load: u64,
    /// A sweep is under way: some of its batches may be there. Another one does the rest.
    is_sweeping: bool,
    clock: Arc<ManualClock>,
    /// The truth after each act.
    past: Vec<Oracle>,
}

const KEYS: u64 = 10;
const DAY_MS: u64 = 86_400_000;

impl Run {
    fn new(seed: u64) -> Run {
        Run {
            history: History::new(seed, KEYS),
            load: None,
            under_way: None,
            is_catalog_moving: true,
            next_load: 0,
            is_sweeping: false,
            clock: Arc::new(ManualClock::new(0)),
            past: Vec::new(),
        }
    }

    fn open(&self, sim: &Sim, options: &Options) -> muster_engine::Result<Engine> {
        Engine::open(Arc::new(sim.clone()), options.clone(), Arc::clone(&self.clock) as Arc<dyn Clock>)
    }

    /// Opens a store on `sim` and acts on it until `acts` are done or the storage fails.
    fn go(&mut self, sim: &Sim, options: &Options, acts: usize) -> Option<Engine> {
        let engine = self.open(sim, options).ok()?;
        self.history.set_up(&engine).ok()?;
        self.is_catalog_moving = false;
        for _ in 0..acts {
            self.past.push(self.history.oracle.clone());
            self.act(&engine)?;
        }
        self.past.push(self.history.oracle.clone());
        self.load = None;
        Some(engine)
    }

    /// The next act; none when the storage failed in it.
    fn act(&mut self, engine: &Engine) -> Option<()> {
        match self.history.random.below(20) {
            0..11 => {
                let batch = self.history.any_batch();
                let mut after = self.history.clone();
                after.apply(&batch);
                self.under_way = Some(after.oracle.clone());
                engine.write(batch).ok()?;
                self.history.oracle = after.oracle;
            }
            11 | 12 => engine.flush().ok()?,
            13 => self.sweep(|| engine.compact())?,
            19 => {
                self.clock.advance_ms(DAY_MS * 2);
                self.history.oracle.day = self.clock.now_unix_ms().div_euclid(DAY_MS as i64);
                self.sweep(|| engine.sweep().map(drop))?;
            }
            14 if self.history.random.one_in(2) => {
                self.is_catalog_moving = true;
                self.history.change_time_to_live(engine).ok()?;
                self.is_catalog_moving = false;
            }
            14 => {
                self.is_catalog_moving = true;
                self.history.replace_tag(engine).ok()?;
                self.is_catalog_moving = false;
            }
            15..=17 => match &mut self.load {
                None => {
                    let type_id = self.history.idle_type()?;
                    self.next_load += 1;
                    let load_id = format!("load {}", self.next_load);
                    self.load = Some((type_id, self.history.begin_load(engine, type_id, &load_id).ok()?));
                }
                Some((type_id, load)) => self.history.append(load, *type_id).ok()?,
            },
            _ => {
                if let Some((type_id, load)) = self.load.take() {
                    let mut after = self.history.oracle.clone();
                    after.commit_load(type_id);
                    self.under_way = Some(after.clone());
                    load.commit().ok()?;
                    self.history.oracle = after;
                }
            }
        }
        self.under_way = None;
        Some(())
    }

    /// Runs what sweeps.
    fn sweep(&mut self, run: impl FnOnce() -> muster_engine::Result<()>) -> Option<()> {
        let mut after = self.history.oracle.clone();
        after.sweep();
        self.under_way = Some(after.clone());
        self.is_sweeping = true;
        run().ok()?;
        self.is_sweeping = false;
        self.history.oracle = after;
        Some(())
    }

    /// Whether the reopened store shows what was acknowledged, or that and the act under way.
    fn check(&self, engine: &Engine) -> Result<(), String> {
        if self.is_sweeping {
            engine.sweep().map_err(|error| format!("does not sweep: {error:?}"))?;
            let mut after = self.history.oracle.clone();
            after.sweep();
            return check(&after, &engine.snapshot());
        }
        let snapshot = engine.snapshot();
        if !self.is_catalog_moving {
            self.history.check_catalog(&snapshot)?;
        }
        match (check(&self.history.oracle, &snapshot), &self.under_way) {
            (Err(_), Some(after)) => check(after, &snapshot),
            (result, _) => result,
        }
    }
}

/// Cuts the power at call `call` of a run, and again in the middle of the recovery; returns whether the call was
/// reached.
fn cut(seed: u64, call: u64, acts: usize, options: &Options) -> Result<bool, String> {
    let sim = Sim::new(seed);
    sim.fail(Failure::for_good(call, Fault::Io));
    let mut run = Run::new(seed);
    let engine = run.go(&sim, options, acts);
    let is_reached = sim.has_failed();
    drop(engine);
    run.load = None;
    run.history.oracle.loads.clear();
    let mut image = sim.crash(seed ^ call);
    for depth in 0..2 {
        // Recovery takes a few dozen calls.
        image.fail(Failure::for_good(1 + (call.wrapping_mul(31) + depth * 7) % 40, Fault::Io));
        drop(run.open(&image, options));
        image = image.crash(seed + call + depth);
    }
    let engine = run.open(&image, options).map_err(|error| format!("does not open again: {error:?}"))?;
    run.check(&engine)?;
    // What recovery kept is durable: a second cut loses nothing, and work goes on.
    drop(engine);
    let image = image.crash(seed + call);
    let engine = run.open(&image, options).map_err(|error| format!("does not open a last time: {error:?}"))?;
    run.check(&engine)?;
    if !run.is_catalog_moving && run.under_way.is_none() {
        for _ in 0..3 {
            run.history.write(&engine).map_err(|error| format!("does not write again: {error:?}"))?;
        }
        engine.flush().map_err(|error| format!("does not flush again: {error:?}"))?;
        run.check(&engine)?;
    }
    Ok(is_reached)
}

/// Every `stride`-th call of a run with this seed.
fn cut_everywhere(seed: u64, stride: u64, acts: usize, options: &Options) -> u64 {
    println!("seed {seed}");
    let mut cuts = 0;
    let mut call = 1 + seed % stride;
    while cut(seed, call, acts, options).unwrap_or_else(|found| panic!("seed {seed}, call {call}: {found}")) {
        cuts += 1;
        call += stride;
    }
    cuts
}

#[test]
fn a_power_cut_at_any_call_loses_nothing_acknowledged() {
    let cuts: u64 = (0..4).map(|seed| cut_everywhere(seed, 13, 40, &quiet_options())).sum();
    assert!(cuts > 100, "only {cuts} cuts");
}

#[test]
fn without_syncs_a_power_cut_leaves_a_prefix() {
    for durability in [Durability::Interval, Durability::None] {
        let options = Options { durability, ..quiet_options() };
        for seed in 50..58 {
            println!("seed {seed}");
            let sim = Sim::new(seed);
            let mut run = Run::new(seed);
            let engine = run.go(&sim, &options, 30).expect("nothing fails");
            let image = sim.crash(seed);
            drop(engine);
            let engine = open(&image, &options).unwrap();
            let snapshot = engine.snapshot();
            let is_prefix = run.past.iter().any(|oracle| check(oracle, &snapshot).is_ok());
            // Before the first act there is only the catalog, of which any prefix may be left.
            assert!(is_prefix, "seed {seed}: not a prefix");
        }
    }
}

#[test]
fn a_disk_that_lies_about_syncs_is_found_out() {
    let found = (0..10).any(|seed| {
        let sim = Sim::new(seed);
        sim.lie_in_sync(true);
        let mut run = Run::new(seed);
        drop(run.go(&sim, &quiet_options(), 40));
        run.load = None;
        match open(&sim.crash(seed), &quiet_options()) {
            Ok(engine) => run.check(&engine).is_err(),
            Err(_) => true,
        }
    });
    assert!(found, "the test cannot see lost data");
}
