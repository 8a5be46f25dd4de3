//! No question takes more memory than its budget: every allocation of the thread that asks is counted.
//!
//! The store lies in memory, so what it takes itself is counted before the question begins. A question either answers
//! within the budget or is refused with the name of the limit.

mod counting;
mod loading;
mod population;
mod trees;

use std::sync::OnceLock;

use counting::peak_of;
use muster_engine::query::plan::{Parameter, QueryRequest};
use muster_engine::query::{Prepared, Profiler, Run, profile};
use muster_engine::{ErrorKind, Result};
use population::{Population, VALUES};

/// What a question takes beside what grows with data: scratch of its thread, a few structures of the snapshot.
const FIXED_BYTES: usize = 3 << 20;
/// From far too little to plenty.
const BUDGETS: [u64; 6] = [1 << 14, 1 << 17, 1 << 19, 1 << 21, 1 << 23, 1 << 26];

/// Asks with every budget: each must keep to it, the smallest must be refused and the largest must answer.
fn law<T>(name: &str, population: &Population, ask: impl Fn(&Population, &QueryRequest) -> Result<T>) {
    let outcomes = keeps(name, population, ask);
    assert!(!outcomes[0], "{name} is answered within {} bytes", BUDGETS[0]);
}

/// Asks with every budget: each must keep to it, and the largest must answer.
fn keeps<T>(name: &str, population: &Population, ask: impl Fn(&Population, &QueryRequest) -> Result<T>) -> Vec<bool> {
    // The first question makes the scratch of its thread, which stays.
    let _ = ask(population, &QueryRequest::at(0));
    let mut outcomes = Vec::new();
    for budget in BUDGETS {
        let request = QueryRequest { memory_bytes_max: budget, ..QueryRequest::at(0) };
        let (outcome, peak) = peak_of(|| ask(population, &request));
        assert!(peak <= budget as usize + FIXED_BYTES, "{name} took {peak} bytes with a budget of {budget}");
        if let Err(error) = &outcome {
            assert_eq!(error.kind(), ErrorKind::Limit, "{name}: {error}");
            assert!(error.message().contains("query_memory_bytes"), "{name}: {error}");
        }
        outcomes.push(outcome.is_ok());
    }
    assert!(outcomes[BUDGETS.len() - 1], "{name} is refused with {} bytes", BUDGETS[BUDGETS.len() - 1]);
    assert!(outcomes.is_sorted(), "{name}: more memory, less answer: {outcomes:?}");
    outcomes
}

fn prepare(population: &Population, text: &str, request: &QueryRequest) -> Result<Prepared> {
    population.snapshot().prepare(population.type_id(), text, request)
}

/// One store for all questions; making it costs more than asking them.
fn population() -> &'static Population {
    static SHARED: OnceLock<Population> = OnceLock::new();
    SHARED.get_or_init(Population::new)
}

#[test]
fn breakdowns_keep_to_their_budget() {
    let run = Run::default();
    for tag in ["code", "number"] {
        law(&format!("a breakdown by {tag}"), population(), |it, request| {
            prepare(it, "ALL", request)?.breakdown(&run, it.tag(tag)).map(drop)
        });
    }
}

#[test]
fn quantiles_of_a_kept_audience_keep_to_their_budget() {
    law("quantiles", population(), |it, request| {
        // Half of them, in no order that runs would keep in few bytes.
        let prepared = prepare(it, "split('x', [0%, 50%))", request)?;
        prepared.stats(&Run::default(), it.tag("number"), &[0.5]).map(drop)
    });
}

#[test]
fn members_keep_to_their_budget() {
    let run = Run::default();
    law("the members as roaring bytes", population(), |it, request| {
        prepare(it, "number > 7", request)?.bitmap(&run).map(drop)
    });
    law("a page of all members", population(), |it, request| {
        prepare(it, "ALL", request)?.members(&run, None, usize::MAX).map(drop)
    });
}

#[test]
fn a_pattern_over_all_values_keeps_to_its_budget() {
    law("a pattern", population(), |it, request| {
        prepare(it, "code LIKE '%77'", request)?.count(&Run::default()).map(drop)
    });
}

#[test]
fn a_list_of_keys_keeps_to_its_budget() {
    law("a list of keys", population(), |it, request| {
        let keys = (0..VALUES / 3).map(|n| format!("user {n}")).collect();
        let mut request = request.clone();
        request.parameters.insert("keys".to_owned(), Parameter::List(keys));
        prepare(it, "ids($keys)", &request)?.count(&Run::default()).map(drop)
    });
}

#[test]
fn questions_about_one_entity_keep_to_their_budget() {
    keeps("a profile", population(), |it, request| {
        profile(it.snapshot(), it.type_id(), it.entity(), request.memory_bytes_max, &Run::default()).map(drop)
    });
    keeps("a reader of single entities", population(), |it, request| {
        let mut profiler = Profiler::new(it.snapshot(), it.type_id(), request.memory_bytes_max, &Run::default())?;
        let tag = it.snapshot().catalog().tag(it.tag("code")).expect("a tag");
        profiler.value(tag, it.entity()).map(drop)
    });
    keeps("why", population(), |it, request| {
        prepare(it, "code = 'c5' AND number > 3", request)?.why(&Run::default(), it.entity()).map(drop)
    });
}

#[test]
fn a_bitmap_from_outside_is_bounded_before_it_is_read() {
    let run = Run::default();
    for step in [1, 3, 700] {
        let ids: roaring::RoaringBitmap = (0..3_000_000u32).step_by(step).collect();
        let mut bytes = Vec::new();
        ids.serialize_into(&mut bytes).unwrap();
        let outcomes = keeps("a bitmap from outside", population(), |it, request| {
            let mut request = request.clone();
            let given = Parameter::Bitmap { bytes: bytes.clone(), id_epoch: None, store_id: None };
            request.parameters.insert("given".to_owned(), given);
            prepare(it, "$given", &request)?.count(&run).map(drop)
        });
        // Of those that are there, few of the scattered ones remain.
        assert_eq!(outcomes[0], step == 700, "every {step}th");
    }
}

#[test]
fn the_default_is_what_the_documents_say() {
    assert_eq!(QueryRequest::at(0).memory_bytes_max, 256 << 20);
}
