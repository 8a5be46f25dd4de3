//! Laws of values by id: the same as the oracle, whether a part keeps them as pairs or by value, through every layer.

use std::collections::BTreeMap;

use super::model::{Entity, History, TAGS};
use crate::bitmap::{Container, for_each_id};
use crate::ids::{ChunkId, LocalId, TagId, ValueId};
use crate::query::bind::{HeldChunks, Means, TagValues, ValueWalk};
use crate::query::budget::Budget;
use crate::query::pace::Stop;
use crate::snapshot::Snapshot;
use crate::storage::Random;

fn said(entity: Option<&Entity>, tag: TagId) -> Vec<ValueId> {
    let Some(entity) = entity else { return Vec::new() };
    match tag == TAGS.set {
        true => entity.items.iter().map(|&item| ValueId(item)).collect(),
        false => entity.choices.get(&tag).map(|&value| ValueId(value)).into_iter().collect(),
    }
}

fn bind(snapshot: &Snapshot, tag: TagId) -> TagValues {
    let (mut budget, stop) = (Budget::new(u64::MAX), Stop::default());
    TagValues::new(snapshot, tag, TAGS.population, &mut Means::new(&mut budget, &stop)).unwrap()
}

/// Checks some entities, or a stretch of them, by point, and all chunk by chunk.
fn check(history: &History, snapshot: &Snapshot, tag: TagId, ids: impl Iterator<Item = u32>, place: &str) {
    let values = bind(snapshot, tag);
    let (mut held, mut walk) = (HeldChunks::default(), ValueWalk::default());
    for id in ids {
        let expected = said(history.model.get(&id), tag);
        assert_eq!(
            values.of(LocalId(id), &mut held, u64::MAX, &mut walk).unwrap(),
            expected,
            "entity {id}, {tag:?}, {place}"
        );
        assert_eq!(values.any(LocalId(id)).unwrap(), !expected.is_empty(), "entity {id}, {tag:?}, {place}");
    }
    let mut found: BTreeMap<u32, Vec<ValueId>> = BTreeMap::new();
    for chunk in 0..history.id_end().div_ceil(ChunkId::IDS) {
        let chunk = ChunkId(chunk as u16);
        let mut last = None;
        let mut visit = |value: ValueId, members: Container<'_>| {
            assert!(last < Some(value) && !members.is_empty(), "values do not rise, {tag:?}, {place}");
            last = Some(value);
            for_each_id(members, |low| found.entry(chunk.first().0 + u32::from(low)).or_default().push(value));
            Ok(true)
        };
        values.visit_chunk(chunk, &mut |_| Ok(()), &mut visit).unwrap();
    }
    let expected: BTreeMap<u32, Vec<ValueId>> = history
        .model
        .iter()
        .map(|(&id, entity)| (id, said(Some(entity), tag)))
        .filter(|(_, values)| !values.is_empty())
        .collect();
    assert!(found == expected, "chunks differ, {tag:?}, {place}");
}

fn check_all(history: &History, random: &mut Random, place: &str) {
    for bytes_max in [0, 40_000, u64::MAX] {
        let snapshot = history.snapshot_keeping(bytes_max);
        for tag in [TAGS.choice, TAGS.city, TAGS.set] {
            let end = u64::from(history.id_end());
            let scattered: Vec<u32> = (0..40).map(|_| random.below(end) as u32).collect();
            // So many of one chunk that its pairs are sorted by id.
            let start = random.below(end - 3_000) as u32;
            let ids = scattered.into_iter().chain(start..start + 3_000).chain(66_000..66_300);
            check(history, &snapshot, tag, ids, &format!("{place}, room for {bytes_max}"));
        }
    }
}

#[test]
fn values_by_id_equal_the_oracle_through_layers_and_merges() {
    for seed in 0..4 {
        let mut random = Random::seeded(900 + seed);
        let mut history = History::begin(&mut random);
        check_all(&history, &mut random, &format!("seed {seed}, the load"));
        for step in 0..4 {
            history.change(&mut random);
            if random.below(2) == 0 {
                history.merge_some(&mut random);
            }
            check_all(&history, &mut random, &format!("seed {seed}, step {step}"));
        }
        history.merge_all();
        check_all(&history, &mut random, &format!("seed {seed}, merged"));
    }
}

#[test]
fn a_directory_of_values_is_made_once_and_goes_with_its_part() {
    let mut random = Random::seeded(5);
    let mut history = History::begin(&mut random);
    let snapshot = history.snapshot_keeping(u64::MAX);
    let counts = || snapshot.value_indexes().counts();
    for round in 0..3 {
        bind(&snapshot, TAGS.city);
        assert_eq!((counts().made, counts().kept), (1, 1), "round {round}");
    }
    let empty = counts().bytes;
    // Four hundred values in a chunk are not asked one by one for long.
    let values = bind(&snapshot, TAGS.city);
    let mut walk = ValueWalk::default();
    for id in 0..3_000 {
        values.of(LocalId(id), &mut HeldChunks::default(), u64::MAX, &mut walk).unwrap();
    }
    assert!(counts().bytes > empty + 6 * 30_000, "a chunk by id is kept");
    drop(values);
    history.change(&mut random);
    let next = history.snapshot();
    snapshot.value_indexes().publish_parts_of(&next);
    assert_eq!(counts().kept, 1, "the part is still there");
    history.merge_all();
    snapshot.value_indexes().publish_parts_of(&history.snapshot());
    assert_eq!((counts().kept, counts().bytes), (0, 0));
}
