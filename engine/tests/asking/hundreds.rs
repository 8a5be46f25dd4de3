//! Hundreds of bitmaps of every shape, far apart and close together: their unions, pairs of them, and one entity in
//! all.

use std::sync::Arc;

use muster_engine::catalog::{CatalogChange, KeyKind, TagKind, TagSpec};
use muster_engine::columns::{ColumnValues, KeyColumn, LoadBlock, LoadColumn};
use muster_engine::ids::{LocalId, TypeId};
use muster_engine::query::plan::QueryRequest;
use muster_engine::query::{Prepared, Run, contains_each};
use muster_engine::storage::{ManualClock, Random, Sim};
use muster_engine::write::LoadSpec;
use muster_engine::{Engine, Options};

/// Five chunks, and a bit of a sixth.
const ENTITIES: u32 = 5 * 65_536 + 777;
const FLAGS: usize = 180;

struct Flags {
    engine: Engine,
    type_id: TypeId,
    /// By flag: who has it.
    has: Vec<Vec<bool>>,
}

/// Nobody, a few in some chunks, scattered thinly or densely, runs, or whole chunks.
fn shape(random: &mut Random) -> Vec<bool> {
    let (kind, share) = (random.below(6), 1 + random.below(400));
    let chunks: Vec<bool> = (0..6).map(|_| random.one_in(2)).collect();
    let mut in_run = false;
    let one = |id: u32| {
        let chunk = chunks[id as usize / 65_536];
        match kind {
            0 => false,
            1 => chunk && random.one_in(5_000 * share),
            2 => random.one_in(share),
            3 => random.below(400) < share,
            4 => {
                in_run ^= random.one_in(20 * share);
                in_run
            }
            _ => chunk,
        }
    };
    (0..ENTITIES).map(one).collect()
}

impl Flags {
    fn loaded(random: &mut Random) -> Flags {
        let options = Options { background: false, threads: 3, ..Options::default() };
        let engine = Engine::open(Arc::new(Sim::new(1)), options, Arc::new(ManualClock::new(0))).unwrap();
        let create = CatalogChange::CreateType {
            name: "users".into(),
            key: KeyKind::Dense,
            label: None,
            description: String::new(),
        };
        let type_id = engine.change_catalog(create).unwrap().type_id.unwrap();
        let has: Vec<Vec<bool>> = (0..FLAGS).map(|_| shape(random)).collect();
        let columns = has.iter().enumerate().map(|(index, values)| {
            let create = CatalogChange::CreateTag(Box::new(TagSpec::new("users", format!("f{index}"), TagKind::Flag)));
            LoadColumn {
                tag: engine.change_catalog(create).unwrap().tag_id.unwrap(),
                values: ColumnValues::Flag { values: values.clone(), valid: None },
                null_clears: false,
            }
        });
        let columns = columns.collect();
        let keys = KeyColumn::Number((0..u64::from(ENTITIES)).collect());
        let mut load = engine.begin_load(LoadSpec::new(type_id, "flags")).unwrap();
        load.append(LoadBlock { keys, columns }).unwrap();
        load.commit().unwrap();
        Flags { engine, type_id, has }
    }

    fn prepare(&self, text: &str) -> Prepared {
        self.engine.snapshot().prepare(self.type_id, text, &QueryRequest::at(0)).unwrap()
    }

    /// Asks `text` with several numbers of threads; `holds` says who is in.
    fn check(&self, text: &str, holds: impl Fn(usize) -> bool) {
        let prepared = self.prepare(text);
        let expected = (0..ENTITIES as usize).filter(|&id| holds(id)).count() as u64;
        for threads in [1, 3] {
            let run = Run { threads, ..Run::default() };
            assert_eq!(prepared.count(&run).unwrap().count, expected, "{text} with {threads} threads");
        }
    }
}

#[test]
fn unions_and_pairs_of_hundreds_of_bitmaps_equal_the_oracle() {
    let seed = 31;
    println!("seed {seed}");
    let mut random = Random::seeded(seed);
    let flags = Flags::loaded(&mut random);
    let has = |flag: usize, id: usize| flags.has[flag][id];
    for _ in 0..60 {
        let (a, b) = (random.below(FLAGS as u64) as usize, random.below(FLAGS as u64) as usize);
        flags.check(&format!("f{a} AND f{b}"), |id| has(a, id) && has(b, id));
        flags.check(&format!("f{a} OR f{b}"), |id| has(a, id) || has(b, id));
        flags.check(&format!("f{a} AND NOT f{b}"), |id| has(a, id) && !has(b, id));
    }
    for count in [3, 5, 20, 64, 65, 129, FLAGS] {
        let mut chosen: Vec<usize> = (0..FLAGS).collect();
        (0..FLAGS).for_each(|place| chosen.swap(place, random.below(FLAGS as u64) as usize));
        chosen.truncate(count);
        let text: Vec<String> = chosen.iter().map(|flag| format!("f{flag}")).collect();
        flags.check(&text.join(" OR "), |id| chosen.iter().any(|&flag| has(flag, id)));
    }
    // Only small ones, so that the union of a chunk is a short list.
    let few = |flag: &usize| flags.has[*flag].iter().filter(|has| **has).count() < 60;
    let chosen: Vec<usize> = (0..FLAGS).filter(few).collect();
    assert!(chosen.len() > 10, "{} small bitmaps", chosen.len());
    let text: Vec<String> = chosen.iter().map(|flag| format!("f{flag}")).collect();
    flags.check(&text.join(" OR "), |id| chosen.iter().any(|&flag| has(flag, id)));
}

#[test]
fn one_entity_in_hundreds_of_queries_equals_the_oracle() {
    let seed = 32;
    println!("seed {seed}");
    let mut random = Random::seeded(seed);
    let flags = Flags::loaded(&mut random);
    let mut prepared: Vec<Prepared> = (0..FLAGS).map(|flag| flags.prepare(&format!("f{flag}"))).collect();
    prepared.push(flags.prepare("NOT f1"));
    prepared.push(flags.prepare("f2 AND (f3 OR f4)"));
    for _ in 0..3_000 {
        let id = random.below(u64::from(ENTITIES)) as usize;
        let has = |flag: usize| flags.has[flag][id];
        let answers = contains_each(&prepared, LocalId(id as u32));
        let answers: Vec<bool> = answers.into_iter().map(Result::unwrap).collect();
        assert!((0..FLAGS).all(|flag| answers[flag] == has(flag)), "entity {id}");
        assert_eq!(answers[FLAGS..], [!has(1), has(2) && (has(3) || has(4))], "entity {id}");
    }
}
