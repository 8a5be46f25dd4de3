//! Questions about single entities, where tags have very many values and audiences are many: what `get`, `members
//! --with`, a breakdown and membership cost in the engine.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use muster_engine::Snapshot;
use muster_engine::catalog::{CatalogChange, KeyKind, TagKind, TagSpec};
use muster_engine::columns::{ColumnValues, KeyColumn, LoadBlock, LoadColumn};
use muster_engine::ids::{LocalId, TagId, TypeId};
use muster_engine::query::plan::QueryRequest;
use muster_engine::query::{Entities, Memberships, Prepared, Profiler, Run, contains_each, profile};
use muster_engine::write::LoadSpec;
use muster_engine::{Engine, Options, Result};

use crate::data::Random;

/// Entities, and as many values of `name`; three of them share each of `near`.
const ENTITIES: u32 = 1_000_000;
const NEAR: u32 = 3;
/// Tags beside: flags, numbers and choices of ten values.
const TAGS_BESIDE: u32 = 198;
const AUDIENCES: u32 = 200;
const ROWS: u32 = 1 << 18;
const PAGE: usize = 8_192;
const MEMORY_BYTES: u64 = 256 << 20;

/// Makes a store in `dir` and prints what each question takes.
pub(crate) fn measure(dir: &Path, rounds: usize) -> Result<()> {
    let (engine, type_id) = build(dir)?;
    let snapshot = engine.snapshot();
    let mut random = Random::seeded(9);
    let mut entities = || LocalId(random.below(u64::from(ENTITIES)) as u32);
    println!("{ENTITIES} entities, {} tags, {:?}\n", TAGS_BESIDE + 2, engine.status().value_indexes);

    // The first asks find out what is kept then.
    let ids: Vec<LocalId> = (0..1_000).map(|_| entities()).collect();
    for round in 0..rounds.min(5) {
        let start = Instant::now();
        for &id in &ids {
            std::hint::black_box(profile(&snapshot, type_id, id, MEMORY_BYTES, &Run::default())?);
        }
        println!("get, all tags, round {round}: {:.1} µs", micros(start) / ids.len() as f64);
    }
    let start = Instant::now();
    let cells = members_with(&snapshot, type_id)?;
    println!("members with three tags, {cells} cells: {:.0} ms", micros(start) / 1_000.0);
    for name in ["name", "near", "c200"] {
        let prepared = snapshot.prepare(type_id, "ALL", &QueryRequest::at(0))?;
        let start = Instant::now();
        let groups = prepared.breakdown(&Run::default(), tag(&snapshot, type_id, name))?.groups.len();
        println!("breakdown by {name}, {groups} groups: {:.0} ms", micros(start) / 1_000.0);
    }
    audiences(&snapshot, type_id, rounds, &ids)
}

fn audiences(snapshot: &Snapshot, type_id: TypeId, rounds: usize, ids: &[LocalId]) -> Result<()> {
    let texts: Vec<String> = (0..AUDIENCES).map(audience).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let prepare =
        || -> Result<Vec<_>> { snapshot.prepare_kept(type_id, &texts, &QueryRequest::at(0)).into_iter().collect() };
    for round in 0..rounds.min(5) {
        for ids in [&ids[..1], ids] {
            let start = Instant::now();
            let mut members = 0;
            for &id in ids {
                let prepared = prepare()?;
                members += contains_each(&prepared, id).into_iter().filter(|is_in| matches!(is_in, Ok(true))).count();
            }
            let (count, micros) = (ids.len(), micros(start));
            println!("{AUDIENCES} audiences, {count} asks, round {round}: {micros:.0} µs ({members} members)");
        }
        let start = Instant::now();
        let members = members_of_all(&prepare()?, ids)?;
        let (count, micros) = (ids.len(), micros(start));
        println!("{AUDIENCES} audiences, {count} entities at once, round {round}: {micros:.0} µs ({members} members)");
    }
    Ok(())
}

/// How many memberships `ids` have in all audiences, asked together.
fn members_of_all(audiences: &[Arc<Prepared>], ids: &[LocalId]) -> Result<usize> {
    let (entities, run) = (Entities::new(ids.to_vec()), Run::default());
    let places: Vec<usize> = ids.iter().filter_map(|&id| entities.place_of(id)).collect();
    let mut memberships = Memberships::new(&entities, MEMORY_BYTES, &run);
    let mut members = 0;
    for audience in audiences {
        let column = memberships.of(audience)?;
        members += places.iter().filter(|&&place| column.contains(place)).count();
    }
    Ok(members)
}

/// An audience of three conditions.
fn audience(number: u32) -> String {
    let (flag, age, city) = (3 * (number % 60), 3 * (number % 60) + 1, 3 * (number % 60) + 2);
    format!("c{flag} AND c{age} > {} OR c{city} IN (v1, v{})", number % 90, number % 9)
}

fn members_with(snapshot: &Snapshot, type_id: TypeId) -> Result<u64> {
    let prepared = snapshot.prepare(type_id, "ALL", &QueryRequest::at(0))?;
    let run = Run::default();
    let mut profiler = Profiler::new(snapshot, type_id, MEMORY_BYTES, &run)?;
    let tags = ["name", "near", "c2"].map(|name| snapshot.catalog().tag(tag(snapshot, type_id, name)));
    let (mut after, mut cells) = (None, 0);
    loop {
        let page = prepared.members(&run, after, PAGE)?;
        for &id in &page.ids {
            for tag in tags.iter().flatten() {
                cells += u64::from(profiler.value(tag, id)?.is_some());
            }
        }
        after = page.ids.last().copied();
        if !page.has_more {
            return Ok(cells);
        }
    }
}

fn tag(snapshot: &Snapshot, type_id: TypeId, name: &str) -> TagId {
    snapshot.catalog().tag_named(type_id, name).map_or(TagId(0), |tag| tag.id)
}

fn micros(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e6
}

fn build(dir: &Path) -> Result<(Engine, TypeId)> {
    let engine = Engine::open_dir(dir, Options::default())?;
    let changed = engine.change_catalog(CatalogChange::CreateType {
        name: "users".into(),
        key: KeyKind::Dense,
        label: None,
        description: String::new(),
    })?;
    let type_id = changed.type_id.expect("a type was created");
    let create = |name: &str, kind| -> Result<TagId> {
        let create = CatalogChange::CreateTag(Box::new(TagSpec::new("users", name, kind)));
        Ok(engine.change_catalog(create)?.tag_id.expect("a tag was created"))
    };
    let (name, near) = (create("name", TagKind::Choice)?, create("near", TagKind::Choice)?);
    let mut beside = Vec::new();
    for number in 0..TAGS_BESIDE + 3 {
        let kind = [TagKind::Flag, TagKind::Int, TagKind::Choice][number as usize % 3];
        beside.push((create(&format!("c{number}"), kind)?, kind));
    }
    let mut random = Random::seeded(8);
    let mut load = engine.begin_load(LoadSpec::new(type_id, "all"))?;
    for start in (0..ENTITIES).step_by(ROWS as usize) {
        let rows = start..(start + ROWS).min(ENTITIES);
        let count = rows.len() as u32;
        let names = rows.clone().map(|id| format!("name {id}")).collect();
        let first = start / NEAR;
        let nears = (first..=(rows.end - 1) / NEAR).map(|value| format!("near {value}")).collect();
        let mut columns = vec![
            (name, ColumnValues::Choice { dictionary: names, codes: (0..count).collect() }),
            (
                near,
                ColumnValues::Choice { dictionary: nears, codes: rows.clone().map(|id| id / NEAR - first).collect() },
            ),
        ];
        for &(tag, kind) in &beside {
            let mut below = |bound: u64| (0..count).map(|_| random.below(bound)).collect::<Vec<u64>>();
            let values = match kind {
                TagKind::Flag => {
                    ColumnValues::Flag { values: below(10).into_iter().map(|n| n == 0).collect(), valid: None }
                }
                TagKind::Choice => ColumnValues::Choice {
                    dictionary: (0..10).map(|value| format!("v{value}")).collect(),
                    codes: below(10).into_iter().map(|n| n as u32).collect(),
                },
                _ => ColumnValues::Number { values: below(100).into_iter().map(|n| n as i64).collect(), valid: None },
            };
            columns.push((tag, values));
        }
        let columns = columns.into_iter().map(|(tag, values)| LoadColumn { tag, values, null_clears: false });
        load.append(LoadBlock { keys: KeyColumn::Number(rows.map(u64::from).collect()), columns: columns.collect() })?;
    }
    load.commit()?;
    Ok((engine, type_id))
}
