//! Laws of the two evaluators: equal to a naive oracle, on random layers and random plans, whatever was merged.

mod model;
mod plans;

use model::{History, TAGS};
use plans::{holds, random_plan};

use super::bind::Bound;
use super::evaluate::{Run, Scratch, Want, count, evaluate};
use crate::bitmap::{Container, append_ids};
use crate::error::Result;
use crate::ids::{ChunkId, LocalId};
use crate::storage::Random;

struct WantIds;

impl Want for WantIds {
    type Partial = Vec<u32>;

    fn nothing(&self) -> Vec<u32> {
        Vec::new()
    }

    fn add(&self, ids: &mut Vec<u32>, chunk: ChunkId, members: Container<'_>, _: &mut Scratch) -> Result<bool> {
        append_ids(members, chunk.first().0, ids);
        Ok(true)
    }
}

/// Checks random plans against the oracle on what `history` has come to.
fn check(history: &History, random: &mut Random, plan_count: usize, seed: u64) {
    let snapshot = history.snapshot();
    let run = Run::default();
    let mut scratch = Scratch::default();
    for number in 0..plan_count {
        let plan = random_plan(random, history.id_end());
        let expected: Vec<u32> =
            (0..history.id_end()).filter(|&id| holds(&history.model, &plan, plan.root, id)).collect();
        let bound = Bound::new(&snapshot, TAGS.type_id, &plan, &[], u64::MAX).unwrap();
        let place = format!("seed {seed}, plan {number}: {plan:?}");
        let found = evaluate(&bound, 0..u32::MAX, &WantIds, &run, &mut scratch).unwrap();
        assert!(found == expected, "members differ, {} against {}, {place}", found.len(), expected.len());
        let counted = count(&bound, 0..u32::MAX, &run, &mut scratch).unwrap();
        assert_eq!(counted, expected.len() as u64, "count differs, {place}");
        for _ in 0..30 {
            let id = random.below(u64::from(history.id_end())) as u32;
            let found = bound.contains(bound.root, LocalId(id)).unwrap();
            assert_eq!(found, expected.binary_search(&id).is_ok(), "entity {id} by point, {place}");
        }
    }
}

#[test]
fn both_evaluators_equal_the_oracle_through_layers_and_merges() {
    for seed in 0..12 {
        let mut random = Random::seeded(seed);
        let mut history = History::begin(&mut random);
        check(&history, &mut random, 6, seed);
        for _ in 0..1 + random.below(5) {
            history.change(&mut random);
            if random.below(3) == 0 {
                history.merge_some(&mut random);
            }
            check(&history, &mut random, 4, seed);
        }
        history.merge_all();
        check(&history, &mut random, 6, seed);
    }
}

#[test]
fn ranges_of_chunks_add_up_to_the_whole() {
    let mut random = Random::seeded(7);
    let mut history = History::begin(&mut random);
    history.change(&mut random);
    let snapshot = history.snapshot();
    let mut scratch = Scratch::default();
    for _ in 0..50 {
        let plan = random_plan(&mut random, history.id_end());
        let bound = Bound::new(&snapshot, TAGS.type_id, &plan, &[], u64::MAX).unwrap();
        let mut counted = |chunks| count(&bound, chunks, &Run::default(), &mut scratch).unwrap();
        let split = 1 + random.below(u64::from(bound.chunk_end)) as u32;
        assert_eq!(counted(0..split) + counted(split..u32::MAX), counted(0..u32::MAX));
    }
}
