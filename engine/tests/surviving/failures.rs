//! A disk that fails or is full at each call of a store at work, once or from then on: reads go on, what the store
//! refuses has not happened, and what it acknowledged is there when it is opened again.

use std::collections::BTreeSet;
use std::sync::Arc;

use muster_engine::storage::Sim;
use muster_engine::storage::sim::{Call, CrashPolicy, Failure, Fault, Keep, Operation};
use muster_engine::write::{Batch, Durability, LoadSpec};
use muster_engine::{Engine, ErrorKind, Options};

use super::survivor::{calmly, check};
use super::workload::{Act, Shown, Work, tiny_options};

const ACTS: usize = 40;

/// A run in which nothing fails, to know what would have come.
struct Reference {
    seed: u64,
    options: Options,
    acts: Vec<Act>,
    states: Arc<Vec<Arc<Shown>>>,
    calls: Vec<Call>,
}

impl Reference {
    fn new(seed: u64, durability: Durability) -> Reference {
        let options = tiny_options(durability);
        let sim = Sim::new(seed);
        sim.trace();
        let mut work = Work::new(seed, &sim, &options);
        let acts = work.go(ACTS);
        work.stop();
        Reference { seed, options, acts, states: Arc::new(work.states), calls: sim.take_trace() }
    }

    fn act_of(&self, call: u64) -> Option<&Act> {
        self.acts.iter().find(|act| act.calls.0 < call && call <= act.calls.1)
    }
}

/// Lets call `call` of the same work fail; returns whether it did.
fn fail_at(reference: &Reference, call: u64, fault: Fault, for_good: bool) -> Result<bool, String> {
    let Some(act) = reference.act_of(call) else { return Ok(false) };
    let (seed, options) = (reference.seed, &reference.options);
    let sim = Sim::new(seed);
    sim.trace();
    sim.fail(Failure { for_good, ..Failure::once(call, fault) });
    let mut work = Work::again(seed, &sim, options, &reference.states);
    let mut refused = None;
    while !sim.has_failed() {
        if sim.calls() >= call {
            // A call that needs no room, on a full disk.
            return Ok(false);
        }
        refused = work.next().err();
    }
    let trace = sim.take_trace();
    let failed = trace.iter().position(|call| call.failed).ok_or("no call failed")?;
    let operation = trace[failed].operation;
    let is_fenced = work.engine.as_ref().is_some_and(|engine| engine.status().fenced.is_some());
    match fault {
        Fault::Io if writes(operation) => {
            if work.engine.is_some() && !is_fenced {
                return Err(format!("it is not fenced; it said {refused:?}"));
            }
            stays_refused(&work, &sim, &trace[failed + 1..])?;
        }
        Fault::Io => {}
        _ if is_fenced => return Err(format!("a full disk has fenced it; it said {refused:?}")),
        _ => {
            if let Some(error) = refused.filter(|error| error.kind() != ErrorKind::Limit) {
                return Err(format!("it does not say that the disk is full: {error:?}"));
            }
            full_for_a_while(&mut work)?;
        }
    }
    sim.heal();
    if !is_fenced {
        for _ in 0..6 {
            work.next().map_err(|error| format!("it does not go on: {error:?}"))?;
        }
    }
    work.stop();
    let (durable, acknowledged, states) = match is_fenced {
        true => (act.promise.durable, act.promise.acknowledged, &reference.states[..act.promise.end]),
        false => (work.durable(), work.states.len() - 1, &work.states[..]),
    };
    let (image, allowed) = match call % 2 {
        0 => (sim.crash(call), &states[durable..]),
        _ => (sim, &states[acknowledged..]),
    };
    let survivor = check(&image, allowed, options).map_err(|found| format!("opened again: {found}"))?;
    let forgotten = CrashPolicy { names: Keep::Nothing, data: Keep::Nothing };
    check(&image.crash_with(forgotten, 0), &survivor.states[survivor.durable..], options)
        .map_err(|found| format!("opened again after a power cut: {found}"))?;
    Ok(true)
}

/// Whether a failure of the operation leaves a file or a directory in an unknown state.
fn writes(operation: Operation) -> bool {
    use Operation::*;
    matches!(operation, Create | Write | SyncData | Preallocate | Trim | Rename | HardLink | SyncDir | CreateDir)
}

/// Behind the fence every way to write is refused, and nothing was or is written or synced: names are taken away at
/// most.
fn stays_refused(work: &Work, sim: &Sim, since: &[Call]) -> Result<(), String> {
    if let Some(engine) = &work.engine {
        refuses(engine)?;
    }
    let later = sim.take_trace();
    let written = since.iter().chain(&later).find(|call| writes(call.operation));
    written.map_or(Ok(()), |call| Err(format!("after the failure it did {call:?}")))
}

fn refuses(engine: &Engine) -> Result<(), String> {
    let batch = Batch { type_name: "users".into(), source: None, entities: Vec::new() };
    let spec = engine.snapshot().catalog().types().next().map(|found| found.id);
    let load = spec.map(|type_id| engine.begin_load(LoadSpec::new(type_id, "late")).err());
    let version = engine.snapshot().version();
    let durable = engine.status().durable;
    let errors = [
        ("write", engine.write(batch).err()),
        ("flush", engine.flush().err()),
        ("begin a load", load.flatten()),
        ("sync", engine.sync(version).err().filter(|_| durable < version)),
    ];
    for (name, error) in errors {
        let is_excused = (name == "sync" && durable >= version) || (name == "begin a load" && spec.is_none());
        if !is_excused && error.as_ref().map(|error| error.kind()) != Some(ErrorKind::ReadOnly) {
            return Err(format!("behind the fence {name} says {error:?}"));
        }
    }
    Ok(())
}

/// While the disk is full work is done or refused for that reason.
fn full_for_a_while(work: &mut Work) -> Result<(), String> {
    for _ in 0..4 {
        match work.next() {
            Err(error) if error.kind() != ErrorKind::Limit => return Err(format!("while the disk is full: {error:?}")),
            _ => {}
        }
        if work.engine.as_ref().is_some_and(|engine| engine.status().fenced.is_some()) {
            return Err("the full disk has fenced it".into());
        }
    }
    Ok(())
}

#[test]
fn a_failure_at_any_call_is_refused_or_fenced_and_forgets_nothing() {
    let started = std::time::Instant::now();
    let (mut failures, mut sites) = (0, BTreeSet::new());
    for (seed, durability) in [(0, Durability::Commit), (1, Durability::Interval), (2, Durability::None)] {
        println!("seed {seed}");
        let reference = Reference::new(seed, durability);
        for call in 1..=reference.calls.len() as u64 {
            for (fault, for_good) in [(Fault::Io, false), (Fault::Io, true), (Fault::Full, false), (Fault::Full, true)]
            {
                let failed = calmly(|| fail_at(&reference, call, fault, for_good)).unwrap_or_else(|found| {
                    let act = reference.act_of(call).map(|act| act.name);
                    let made = &reference.calls[call as usize - 1];
                    panic!("seed {seed}, {fault:?}, for good: {for_good}, call {call} in {act:?}, {made:?}: {found}")
                });
                if failed {
                    failures += 1;
                    let made = &reference.calls[call as usize - 1];
                    let dir = made.path.split('/').next().unwrap_or_default().to_owned();
                    let act = reference.act_of(call).map_or("", |act| act.name);
                    sites.insert((act, format!("{:?}", made.operation), dir));
                }
            }
        }
    }
    println!("{failures} failures at {} kinds of call sites in {:?}", sites.len(), started.elapsed());
    assert!(sites.len() > 60, "{sites:#?}");
}
