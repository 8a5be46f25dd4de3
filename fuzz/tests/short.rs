//! Each reader for a moment, and every input that is kept: a longer run is
//! `cargo run --release -p muster-fuzz -- --seconds 3600`.

use std::time::Duration;

use muster_fuzz::targets::{TARGETS, Target};
use muster_fuzz::{corpus, fuzz, run};

#[test]
fn no_input_makes_a_reader_panic() {
    for target in &TARGETS {
        let outcome = fuzz(target, &[], 1, Duration::from_secs(1));
        assert!(outcome.crash.is_none(), "{} panics on {:?}", target.name, outcome.crash);
        assert!(outcome.inputs > 10, "{} came to {} inputs only", target.name, outcome.inputs);
    }
}

#[test]
fn no_input_that_is_kept_makes_a_reader_panic() {
    for target in &TARGETS {
        let kept = corpus::inputs(&corpus::home().join("corpus").join(target.name));
        assert!(!kept.is_empty(), "{} has no corpus", target.name);
        for input in kept.iter().chain(&corpus::inputs(&corpus::home().join("crashes").join(target.name))) {
            assert!(run(target, input).is_some(), "{} panics on {input:?}", target.name);
        }
    }
}

#[test]
fn a_reader_that_panics_is_found() {
    let careless = Target {
        name: "careless",
        seeds: || vec![b"right".to_vec()],
        run: |bytes, _| assert!(bytes.starts_with(b"r"), "the first byte changed"),
    };
    let outcome = fuzz(&careless, &[], 1, Duration::from_secs(20));
    assert!(outcome.crash.is_some(), "{} inputs and no panic", outcome.inputs);
}

#[test]
fn what_leads_to_something_new_is_cut_short_and_built_upon() {
    let deep = Target {
        name: "deep",
        seeds: || vec![b"....................".to_vec()],
        run: |bytes, trace| {
            let zeros = bytes.iter().filter(|&&byte| byte == 0).count();
            trace.note(format!("{} zeros", zeros.min(9)));
        },
    };
    let outcome = fuzz(&deep, &[], 1, Duration::from_secs(2));
    assert!(outcome.news.iter().any(|input| input.len() < 20 && input.iter().all(|&byte| byte == 0)), "{outcome:?}");
    assert!(outcome.news.iter().any(|input| input.len() >= 9), "{outcome:?}");
}
