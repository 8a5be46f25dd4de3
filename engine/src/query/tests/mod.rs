//! Laws of the evaluators: equal to a naive oracle, on random layers and random plans, whatever was merged.

mod model;
mod plans;
mod values;

use model::{History, TAGS};
use plans::{holds, random_plan, wide_plan};

use super::bind::{Bound, Means, SCRATCH_BYTES_FREE};
use super::budget::Budget;
use super::evaluate::{Columns, Entities, Run, Scratch, Want, count, evaluate};
use super::pace::Stop;
use super::plan::{Node, NodeId, Plan, ThresholdMode};
use crate::bitmap::{Container, append_ids};
use crate::error::{ErrorKind, Result};
use crate::ids::{ChunkId, LocalId};
use crate::snapshot::Snapshot;
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

fn bind(snapshot: &Snapshot, plan: &Plan) -> Bound {
    let (mut budget, stop) = (Budget::new(u64::MAX), Stop::default());
    Bound::new(snapshot, TAGS.type_id, plan, &[], &mut Means::new(&mut budget, &stop)).unwrap()
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
        let bound = bind(&snapshot, &plan);
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
        check_columns(&bound, history.id_end(), &expected, random);
    }
}

/// Some entities at once: the columns of one query, asked twice.
fn check_columns(bound: &Bound, id_end: u32, expected: &[u32], random: &mut Random) {
    let count = [0, 1, 63, 64, 65, 300][random.below(6) as usize];
    let ids: Vec<LocalId> = (0..count).map(|_| LocalId(random.below(u64::from(id_end)) as u32)).collect();
    let entities = Entities::new(ids.clone());
    let run = Run::default();
    let mut columns = Columns::new(&entities, Budget::new(1 << 20), &run);
    for asked in 0..2 {
        let column = columns.of(bound).unwrap();
        for id in &ids {
            let found = column.contains(entities.place_of(*id).unwrap());
            assert_eq!(
                found,
                expected.binary_search(&id.0).is_ok(),
                "entity {id} as a column, asked {asked}: {bound:?}"
            );
        }
    }
}

#[test]
fn all_evaluators_equal_the_oracle_through_layers_and_merges() {
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
fn long_lists_of_operands_equal_the_oracle_and_keep_to_their_scratch() {
    for seed in 0..3 {
        let mut random = Random::seeded(70 + seed);
        let mut history = History::begin(&mut random);
        history.change(&mut random);
        let snapshot = history.snapshot();
        for number in 0..4 {
            let plan = wide_plan(&mut random, history.id_end());
            let expected: Vec<u32> =
                (0..history.id_end()).filter(|&id| holds(&history.model, &plan, plan.root, id)).collect();
            let bound = bind(&snapshot, &plan);
            let place = format!("seed {seed}, plan {number}");
            let mut scratch = Scratch::default();
            let found = evaluate(&bound, 0..u32::MAX, &WantIds, &Run::default(), &mut scratch).unwrap();
            assert!(found == expected, "members differ, {} against {}, {place}", found.len(), expected.len());
            let counted = count(&bound, 0..u32::MAX, &Run::default(), &mut scratch).unwrap();
            assert_eq!(counted, expected.len() as u64, "count differs, {place}");
            check_columns(&bound, history.id_end(), &expected, &mut random);
            let (held, said) = (scratch.bytes(), bound.scratch_bytes());
            assert!(held <= said, "{held} bytes of scratch where {said} were charged, {place}");
        }
    }
}

#[test]
fn threads_that_do_not_fit_the_budget_do_not_help() {
    let mut random = Random::seeded(7);
    let history = History::begin(&mut random);
    let snapshot = history.snapshot();
    // All of them are held at once: each is asked for twice.
    let mut nodes: Vec<Node> = Vec::new();
    let terms: Vec<NodeId> = (0..400)
        .map(|n| {
            nodes.push(Node::Number { tag: TAGS.age, ranges: [(n % 90, 95)].into() });
            NodeId(n as u32)
        })
        .collect();
    nodes.push(Node::Or(terms.clone().into()));
    nodes.push(Node::Threshold { mode: ThresholdMode::AtLeast, k: 3, of: terms.into() });
    nodes.push(Node::Or([NodeId(400), NodeId(401)].into()));
    let plan = Plan { nodes, root: NodeId(402) };
    let needed = bind(&snapshot, &plan).scratch_bytes();
    assert!(needed > 400 * 32_768, "{needed}");
    let threads = |bytes_max: u64| {
        let (mut budget, stop) = (Budget::new(bytes_max), Stop::default());
        let means = &mut Means::new(&mut budget, &stop);
        Bound::new(&snapshot, TAGS.type_id, &plan, &[], means).map(|bound| bound.threads_max)
    };
    assert_eq!(threads(needed - (4 << 20)).unwrap_err().kind(), ErrorKind::Limit, "not even one fits");
    assert_eq!(threads(needed).unwrap(), 1);
    // What is charged for each thread, and a little for the plan itself.
    let charged = needed - SCRATCH_BYTES_FREE;
    assert_eq!(threads(4 * charged + charged / 2).unwrap(), 4);
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
        let bound = bind(&snapshot, &plan);
        let mut counted = |chunks| count(&bound, chunks, &Run::default(), &mut scratch).unwrap();
        let split = 1 + random.below(u64::from(bound.chunk_end)) as u32;
        assert_eq!(counted(0..split) + counted(split..u32::MAX), counted(0..u32::MAX));
    }
}
