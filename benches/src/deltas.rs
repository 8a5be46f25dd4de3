//! Ten deltas on top: what reading through young layers costs, beside the same store without them.

use muster_engine::catalog::{EntityKey, TagKind, Value};
use muster_engine::query::Run;
use muster_engine::snapshot::Snapshot;
use muster_engine::write::{Batch, Change, EntityChanges};
use muster_engine::{Engine, Result};

use crate::data::Random;
use crate::{Case, TypeId, answer, median, prepare, repeats_of, time};

/// Deltas.
const DELTAS: u32 = 10;
/// Changes of each, spread evenly over tags and ids.
const CHANGES: u32 = 10_000;

/// Writes the deltas and prints how much longer each query takes through them.
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
    println!("| query through deltas | µs without | times as long |\n| --- | ---: | ---: |");
    let run = Run { threads: 1, ..Run::default() };
    for case in cases {
        let (without, with) = (prepare(case, &before, type_id)?, prepare(case, &after, type_id)?);
        let mut without = || answer(case, &without, &before, type_id, &run).expect("muster answers");
        let mut with = || answer(case, &with, &after, type_id, &run).expect("muster answers");
        let repeats = repeats_of(&mut without);
        let mut times = [const { Vec::new() }; 2];
        for _ in 0..rounds {
            times[0].push(time(repeats, &mut without));
            times[1].push(time(repeats, &mut with));
        }
        let [without, with] = times.map(|mut times| median(&mut times));
        println!("| {} | {:.2} | {:.2} |", case.name, without / 1000.0, with / without);
    }
    println!();
    Ok(())
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
