//! Ten deltas on top: what reading through young layers costs, beside the same store without them, and with them
//! compacted.

use muster_engine::Snapshot;
use muster_engine::catalog::{EntityKey, TagKind, Value};
use muster_engine::ids::TypeId;
use muster_engine::query::{Prepared, Run};
use muster_engine::write::{Batch, Change, EntityChanges};
use muster_engine::{Engine, Result};

use crate::cases::{Ask, Case};
use crate::data::Random;
use crate::fair::{Contender, medians, repeats_of};

/// Deltas.
const DELTAS: u32 = 10;
/// How often a query is asked before it is timed: once to fold, once to merge, once to be sure.
const ASKED: usize = 3;
/// Changes of each, spread evenly over tags and ids.
const CHANGES: u32 = 10_000;

/// Writes the deltas and prints how much longer each query takes through them: asked for the first time, which folds
/// the layers, and from then on, when they are merged. The second is also compared with the deltas compacted away,
/// because sparse tags have grown by the changes.
pub(crate) fn measure(cases: &[&Case], engine: &Engine, type_id: TypeId, entities: u32, rounds: usize) -> Result<()> {
    let before = engine.snapshot();
    let mut random = Random::seeded(3);
    for _ in 0..DELTAS {
        engine.write(delta(&before, type_id, entities, &mut random))?;
    }
    let after = engine.snapshot();
    println!(
        "{DELTAS} deltas of {CHANGES} changes; {} layers, {} before\n",
        after.layers().len(),
        before.layers().len()
    );
    let run = &Run { threads: 1, ..Run::default() };
    let mut merged = Vec::new();
    for case in cases {
        let prepared = case.prepare(&after, type_id)?;
        for _ in 0..ASKED {
            case.answer(&prepared, &after, type_id, run)?;
        }
        let [_, ratio] = beside(case, &before, [(&prepared, &after)], type_id, (run, rounds))?;
        merged.push(ratio);
    }
    println!("{:?}\n", engine.status().merged);
    engine.compact()?;
    let compacted = engine.snapshot();
    println!(
        "| query through deltas | µs without | first, of without | merged, of without | merged, of compacted |\n\
         | --- | ---: | ---: | ---: | ---: |"
    );
    for (case, merged) in cases.iter().zip(merged) {
        // Of a version that is no longer the newest nothing is merged any more.
        let (first, small) = (case.prepare(&after, type_id)?, case.prepare(&compacted, type_id)?);
        let others = [(&first, &after), (&small, &compacted)];
        let [without, first, compacted] = beside(case, &before, others, type_id, (run, rounds))?;
        let (micros, of_compacted) = (without / 1000.0, merged / compacted);
        println!("| {} | {micros:.2} | {first:.2} | {merged:.2} | {of_compacted:.2} |", case.name);
    }
    println!();
    Ok(())
}

/// How many nanoseconds a case takes on `before`, and how many times as long elsewhere, round by round.
fn beside<const N: usize, const M: usize>(
    case: &Case,
    before: &Snapshot,
    others: [(&Vec<Prepared>, &Snapshot); N],
    type_id: TypeId,
    (run, rounds): (&Run, usize),
) -> Result<[f64; M]> {
    let prepared = case.prepare(before, type_id)?;
    let ask = |prepared, snapshot| move || case.answer(prepared, snapshot, type_id, run).expect("an answer");
    let mut without = ask(&prepared, before);
    let mut others = others.map(|(prepared, snapshot)| ask(prepared, snapshot));
    if !matches!(case.ask, Ask::Contains) {
        let answers: Vec<u64> = others.iter_mut().map(|other| other()).collect();
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{}: {answers:?}", case.name);
    }
    let repeats = repeats_of(&mut without);
    let mut contenders: Vec<Contender<'_>> = vec![&mut without];
    contenders.extend(others.iter_mut().map(|other| other as Contender<'_>));
    let times = medians(rounds, repeats, &mut contenders);
    Ok(std::array::from_fn(|index| if index == 0 { times[0] } else { times[index] / times[0] }))
}

/// Changes of random entities, each of a random tag.
fn delta(snapshot: &Snapshot, type_id: TypeId, entities: u32, random: &mut Random) -> Batch {
    let tags: Vec<(String, TagKind)> =
        snapshot.catalog().tags_of(type_id).map(|tag| (tag.name.to_string(), tag.kind)).collect();
    let changed = (0..CHANGES).map(|_| {
        let (name, kind) = &tags[random.below(tags.len() as u64) as usize];
        let value = match kind {
            TagKind::Flag => Value::Flag(random.below(2) == 0),
            TagKind::Choice => Value::Text(format!("{name}{}", random.below(2))),
            _ => Value::Int(random.below(101) as i64),
        };
        let key = EntityKey::Number(random.below(entities.into()));
        EntityChanges::new(key, vec![Change::set(name.clone(), value)])
    });
    Batch { type_name: "users".into(), source: None, entities: changed.collect() }
}
