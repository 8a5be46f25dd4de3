//! The whole engine against a naive oracle: random histories of batches, loads, flushes, compactions and reopenings,
//! and after each of them random query texts, answered by chunk, by point, as members and as statistics.

mod expression;
mod hundreds;
mod population;

use std::collections::BTreeSet;

use expression::{Expression, random_expression};
use muster_engine::catalog::EntityKey;
use muster_engine::query::plan::QueryRequest;
use muster_engine::query::{GroupKey, Prepared, Run};
use muster_engine::snapshot::MergedCounts;
use muster_engine::storage::Random;
use population::{MERGED_BYTES_MAX, NOW_UNIX_MS, World};

fn check(world: &World, random: &mut Random, count: usize, place: &str) {
    for number in 0..count {
        let expression = random_expression(random, 3);
        let text = expression.text();
        let place = format!("{place}, expression {number}: {text}");
        let snapshot = world.engine.snapshot();
        let request = QueryRequest::at(NOW_UNIX_MS);
        let prepared = match snapshot.prepare(world.type_id, &text, &request) {
            Ok(prepared) => prepared,
            Err(error) => panic!("{place}: {error:#}"),
        };
        let expected: BTreeSet<&str> = world.population.members(&expression);
        check_members(&prepared, world, &expected, &place);
        check_points(&prepared, world, &expression, random, &place);
        check_statistics(&prepared, world, &expected, &place);
        // Meanwhile what stands in several layers is merged, for this query and for others.
        assert_eq!(prepared.count(&Run::default()).unwrap().count, expected.len() as u64, "asked again, {place}");
        let again = snapshot.prepare(world.type_id, &prepared.planned().canonical(), &request).unwrap();
        assert_eq!(again.planned().canonical(), prepared.planned().canonical(), "canonical print, {place}");
        assert_eq!(again.planned().fingerprint, prepared.planned().fingerprint, "fingerprint, {place}");
        check_members(&again, world, &expected, &format!("{place}, asked by another"));
        check_points(&again, world, &expression, random, &format!("{place}, asked by another"));
    }
}

fn check_members(prepared: &Prepared, world: &World, expected: &BTreeSet<&str>, place: &str) {
    let run = Run::default();
    let counted = prepared.count(&run).unwrap();
    assert_eq!(counted.count, expected.len() as u64, "count, {place}");
    assert_eq!(counted.live, world.population.entities.len() as u64, "live, {place}");
    let mut found = BTreeSet::new();
    let mut after = None;
    loop {
        let page = prepared.members(&run, after, 37).unwrap();
        for &id in &page.ids {
            match prepared.snapshot().key(world.type_id, id).unwrap() {
                Some(EntityKey::Text(key)) => assert!(found.insert(key), "a member twice, {place}"),
                other => panic!("member {id} has the key {other:?}, {place}"),
            }
        }
        if !page.has_more {
            break;
        }
        after = page.ids.last().copied();
    }
    assert!(found.iter().map(String::as_str).eq(expected.iter().copied()), "members, {place}");
}

fn check_points(prepared: &Prepared, world: &World, expression: &Expression, random: &mut Random, place: &str) {
    for (key, entity) in &world.population.entities {
        if !random.one_in(4) {
            continue;
        }
        let id = prepared.snapshot().entity(world.type_id, &EntityKey::Text(key.clone())).unwrap().unwrap();
        let holds = expression.holds(key, entity);
        assert_eq!(prepared.contains(id).unwrap(), holds, "{key} by point, {place}");
        assert_eq!(prepared.why(&Run::default(), id).unwrap().holds, holds, "why {key}, {place}");
    }
}

fn check_statistics(prepared: &Prepared, world: &World, expected: &BTreeSet<&str>, place: &str) {
    let catalog = prepared.snapshot().catalog().clone();
    let members = || expected.iter().map(|key| &world.population.entities[*key]);
    for name in ["age", "spend", "joined"] {
        let tag = catalog.tag_named(world.type_id, name).unwrap().id;
        let mut numbers: Vec<i64> = members().filter_map(|entity| entity.number(name)).collect();
        numbers.sort_unstable();
        let stats = prepared.stats(&Run::default(), tag, &[0.0, 0.25, 0.5, 0.07, 0.55, 0.99, 1.0]).unwrap();
        assert_eq!(stats.members, expected.len() as u64, "members of stats, {place}");
        assert_eq!(stats.count, numbers.len() as u64, "count of {name}, {place}");
        assert_eq!(stats.sum, numbers.iter().map(|&number| i128::from(number)).sum::<i128>(), "sum of {name}, {place}");
        assert_eq!((stats.min, stats.max), (numbers.first().copied(), numbers.last().copied()), "{name}, {place}");
        for (quantile, found) in stats.quantiles {
            // The least v with at least ceil(q * n) numbers <= v; the first number for q = 0.
            let hundredths = (quantile * 100.0).round() as usize;
            let rank = (hundredths * numbers.len()).div_ceil(100).max(1);
            assert_eq!(found, numbers.get(rank - 1).copied(), "quantile {quantile} of {name}, {place}");
        }
        let breakdown = prepared.breakdown(&Run::default(), tag).unwrap();
        assert_eq!(breakdown.missing, (expected.len() - numbers.len()) as u64, "missing {name}, {place}");
        assert_eq!(breakdown.groups.iter().map(|group| group.count).sum::<u64>(), numbers.len() as u64, "{place}");
        for group in breakdown.groups {
            let GroupKey::Number(number) = group.key else { panic!("{:?}, {place}", group.key) };
            let count = numbers.iter().filter(|&&other| other == number).count();
            assert_eq!(group.count, count as u64, "{name} = {number}, {place}");
        }
    }
    for name in ["city", "likes", "vip"] {
        let tag = catalog.tag_named(world.type_id, name).unwrap().id;
        let breakdown = prepared.breakdown(&Run::default(), tag).unwrap();
        let missing = members().filter(|entity| entity.values(name).is_empty()).count();
        assert_eq!(breakdown.missing, missing as u64, "missing {name}, {place}");
        for group in breakdown.groups {
            let value = match &group.key {
                GroupKey::Value(value) => value.as_str(),
                _ => "true",
            };
            let count = members().filter(|entity| entity.values(name).contains(value)).count();
            assert_eq!(group.count, count as u64, "{name} = {value}, {place}");
        }
    }
}

/// How many histories: `MUSTER_SEEDS`, or as many as fit a test that everybody runs.
fn seed_count() -> u64 {
    std::env::var("MUSTER_SEEDS").ok().and_then(|count| count.parse().ok()).unwrap_or(60)
}

#[test]
fn answers_equal_the_oracle_after_every_act() {
    let mut sums = [MergedCounts::default(); MERGED_BYTES_MAX.len()];
    for seed in 0..seed_count() {
        let mut random = Random::seeded(seed);
        let mut world = World::new(seed);
        let sum = &mut sums[seed as usize % MERGED_BYTES_MAX.len()];
        for act in 0..14 {
            let what = world.act(&mut random);
            let before = world.engine.status().merged;
            check(&world, &mut random, 6, &format!("seed {seed}, act {act} ({what})"));
            let after = world.engine.status().merged;
            assert!(after.bytes <= MERGED_BYTES_MAX[seed as usize % MERGED_BYTES_MAX.len()]);
            sum.made += after.made - before.made;
            sum.found += after.found - before.found;
            sum.refused += after.refused - before.refused;
        }
    }
    // What is merged was read, and was not where there is no room.
    let [none, little, plenty] = sums;
    assert_eq!(none, MergedCounts::default());
    assert!(little.made > 0 && little.found > 0 && little.refused > 0, "{little:?}");
    assert!(plenty.made > little.made && plenty.found > little.found && plenty.refused == 0, "{plenty:?}");
}

#[test]
fn a_snapshot_answers_the_same_whatever_happens_later() {
    for seed in 100..110 {
        let mut random = Random::seeded(seed);
        let mut world = World::new(seed);
        for _ in 0..4 {
            world.act(&mut random);
        }
        let texts: Vec<String> = (0..8).map(|_| random_expression(&mut random, 2).text()).collect();
        let snapshot = world.engine.snapshot();
        let type_id = world.type_id;
        let counts = || -> Vec<u64> {
            let prepare = |text: &String| snapshot.prepare(type_id, text, &QueryRequest::at(NOW_UNIX_MS)).unwrap();
            texts.iter().map(|text| prepare(text).count(&Run::default()).unwrap().count).collect()
        };
        let before = counts();
        assert_eq!(before, counts(), "seed {seed}, asked again");
        for _ in 0..6 {
            let what = world.act_in_place(&mut random);
            // The newest version is asked, and merged, beside the old one.
            check(&world, &mut random, 3, &format!("seed {seed} ({what})"));
            assert_eq!(before, counts(), "seed {seed} after {what}");
        }
    }
}
