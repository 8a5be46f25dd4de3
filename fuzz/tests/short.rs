//! Each reader for a moment: a longer run is `cargo run --release -p muster-fuzz -- --seconds 3600`.

use std::time::Duration;

use muster_fuzz::fuzz;
use muster_fuzz::targets::{TARGETS, Target};

#[test]
fn no_input_makes_a_reader_panic() {
    for target in &TARGETS {
        let outcome = fuzz(target, &[], 1, Duration::from_millis(1500));
        assert!(outcome.crash.is_none(), "{} panics on {:?}", target.name, outcome.crash);
        assert!(outcome.inputs > 10, "{} came to {} inputs only", target.name, outcome.inputs);
    }
}

#[test]
fn a_reader_that_panics_is_found() {
    let careless = Target {
        name: "careless",
        seeds: || vec![b"right".to_vec()],
        run: |bytes| assert!(bytes.starts_with(b"r"), "the first byte changed"),
    };
    let outcome = fuzz(&careless, &[], 1, Duration::from_secs(20));
    assert!(outcome.crash.is_some(), "{} inputs and no panic", outcome.inputs);
}
