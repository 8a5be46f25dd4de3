//! Every example of docs/query-language.md is what the page says it is.

use std::path::Path;
use std::sync::Arc;

use muster_engine::catalog::{CatalogChange, EntityKey, KeyKind, TagKind, TagSpec, Value};
use muster_engine::query::plan::QueryRequest;
use muster_engine::storage::{ManualClock, Sim};
use muster_engine::write::{Batch, Change, EntityChanges};
use muster_engine::{Engine, Options};
use muster_language::{parse, print};

/// The examples of the blocks with this name: what stands before ` =>`, and what behind it.
fn examples(block: &str) -> Vec<(String, Option<String>)> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/query-language.md");
    let page = std::fs::read_to_string(page).expect("the page is there");
    let mut inside = false;
    let mut found = Vec::new();
    for line in page.lines() {
        if let Some(name) = line.strip_prefix("```") {
            inside = name == block;
        } else if inside && !line.trim().is_empty() {
            let (left, right) = match line.split_once(" =>") {
                Some((left, right)) => (left, Some(right.trim().to_owned())),
                None => (line, None),
            };
            found.push((left.to_owned(), right));
        }
    }
    assert!(found.len() > 3, "the page has blocks named {block}");
    found
}

#[test]
fn accepted_examples_are_read_and_printed_the_same_twice() {
    for (text, _) in examples("muster") {
        let parsed = parse(&text).unwrap_or_else(|error| panic!("{}", error.render(&text)));
        let printed = print(&parsed.expr);
        let again = parse(&printed).unwrap_or_else(|error| panic!("{}", error.render(&printed)));
        assert_eq!(print(&again.expr), printed, "{text}");
    }
}

#[test]
fn canonical_examples_are_printed_as_shown() {
    for (text, printed) in examples("canonical") {
        let parsed = parse(&text).unwrap_or_else(|error| panic!("{}", error.render(&text)));
        assert_eq!(Some(print(&parsed.expr)), printed, "{text}");
    }
}

#[test]
fn refused_examples_are_refused_with_the_text_shown() {
    for (text, corrected) in examples("refused") {
        let error = parse(&text).expect_err(&text);
        assert!(!error.remedy.is_empty(), "{text}");
        let corrected = corrected.filter(|text| !text.is_empty());
        assert_eq!(error.suggestion, corrected, "{text}");
        if let Some(corrected) = corrected {
            parse(&corrected).unwrap_or_else(|error| panic!("{}", error.render(&corrected)));
        } else {
            assert!(error.remedy.contains("not available yet"), "{text}: {}", error.remedy);
        }
    }
}

#[test]
fn windows_resolve_to_the_days_shown() {
    const DAY_MS: i64 = 86_400_000;
    let engine = engine();
    let snapshot = engine.snapshot();
    let type_id = snapshot.catalog().type_named("users").expect("it was made").id;
    for (question, days) in examples("windows") {
        let (window, today) = question.split_once(" on ").expect("a window and the day it is asked on");
        let noon = QueryRequest::at(days_since_1970(today) * DAY_MS + DAY_MS / 2);
        let prepared = snapshot.prepare(type_id, &format!("signup IN {window}"), &noon).expect("a window");
        let resolved: Vec<&str> = prepared.planned().resolved.iter().map(|(_, days)| days.as_str()).collect();
        assert_eq!(resolved, [days.expect("the days shown")], "{question}");
    }
}

/// The days from 1970-01-01 to a day written `YYYY-MM-DD`, counted month by month.
fn days_since_1970(day: &str) -> i64 {
    let parts: Vec<i64> = day.split('-').map(|part| part.parse().expect("a number")).collect();
    let is_leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let months = [31, if is_leap(parts[0]) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let years: i64 = (1970..parts[0]).map(|year| if is_leap(year) { 366 } else { 365 }).sum();
    years + months[..parts[1] as usize - 1].iter().sum::<i64>() + parts[2] - 1
}

/// An engine with the tags that the page speaks of.
fn engine() -> Engine {
    let options = Options { background: false, ..Options::default() };
    let engine = Engine::open(Arc::new(Sim::new(1)), options, Arc::new(ManualClock::new(0))).expect("a new store");
    let change = |change| {
        engine.change_catalog(change).expect("a lawful change");
    };
    change(CatalogChange::CreateType {
        name: "users".to_owned(),
        key: KeyKind::String,
        label: None,
        description: String::new(),
    });
    let tags = [
        ("age", TagKind::Int),
        ("is_canceled", TagKind::Int),
        ("interests", TagKind::Set),
        ("country", TagKind::Choice),
        ("signup", TagKind::Date),
        ("level", TagKind::Choice),
    ];
    for (name, kind) in tags {
        change(CatalogChange::CreateTag(Box::new(TagSpec::new("users", name, kind))));
    }
    let set = |tag: &str, value: &str| Change::Set { tag: tag.to_owned(), value: Value::Text(value.to_owned()) };
    let entities = [("u1", "DEU", "ski", "黑 卡"), ("u2", "PRT", "golf", "金卡")]
        .map(|(key, country, interest, level)| EntityChanges {
            key: EntityKey::Text(key.to_owned()),
            changes: vec![set("country", country), set("interests", interest), set("level", level)],
        })
        .to_vec();
    engine.write(Batch { type_name: "users".to_owned(), source: None, entities }).expect("a lawful batch");
    engine
}

#[test]
fn examples_that_the_catalog_refuses_are_refused_with_the_text_shown() {
    let engine = engine();
    let snapshot = engine.snapshot();
    let type_id = snapshot.catalog().type_named("users").expect("it was made").id;
    let mut others = Vec::new();
    for (text, corrected) in examples("refused-by-catalog") {
        let Err(error) = snapshot.prepare(type_id, &text, &QueryRequest::at(0)) else {
            panic!("{text} was accepted");
        };
        let fault = error.query_fault().unwrap_or_else(|| panic!("{text}: {error}"));
        let corrected = corrected.filter(|text| !text.is_empty());
        assert!(!fault.error.remedy.is_empty(), "{text}");
        if fault.error.suggestion != corrected {
            others.push(format!("{text} => {:?}: {}", fault.error.suggestion, fault.error.remedy));
        }
    }
    assert!(others.is_empty(), "suggested is\n{}", others.join("\n"));
}
