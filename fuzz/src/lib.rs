//! Fuzzing on stable Rust: inputs from a corpus, changed at random by a seed that is printed, fed to everything that
//! reads bytes from outside. An input is wrong or right, but it never makes the reader panic.

pub mod mutate;
pub mod targets;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use muster_engine::storage::Random;
use mutate::mutate;
use targets::Target;

/// What a run of one target came to.
#[derive(Debug)]
pub struct Outcome {
    /// Inputs tried.
    pub inputs: u64,
    /// The first input that made the reader panic.
    pub crash: Option<Vec<u8>>,
}

/// Feeds changed inputs of `target` to it for `time`, starting from its own seeds and `corpus`.
pub fn fuzz(target: &Target, corpus: &[Vec<u8>], seed: u64, time: Duration) -> Outcome {
    let mut random = Random::seeded(seed);
    let seeds: Vec<Vec<u8>> = (target.seeds)().into_iter().chain(corpus.iter().cloned()).collect();
    let start = Instant::now();
    let mut inputs = 0;
    while start.elapsed() < time {
        let mut input = seeds[random.below(seeds.len() as u64) as usize].clone();
        let other = &seeds[random.below(seeds.len() as u64) as usize];
        if inputs >= seeds.len() as u64 {
            mutate(&mut random, &mut input, other);
        }
        inputs += 1;
        if catch_unwind(AssertUnwindSafe(|| (target.run)(&input))).is_err() {
            return Outcome { inputs, crash: Some(input) };
        }
    }
    Outcome { inputs, crash: None }
}
