//! Fuzzing on stable Rust: inputs from a corpus, changed at random by a seed that is printed, fed to everything that
//! reads bytes from outside. An input is wrong or right, but it never makes the reader panic or think for long.
//!
//! A reader notes what it comes to: the kinds of its errors, the shapes of what it accepts. An input that leads to
//! something new is cut as short as it can be and becomes material for further ones.

pub mod corpus;
mod files;
/// Shared with the tests of the readers, of which each uses its own part.
#[allow(dead_code)]
#[path = "../../exchange/tests/lying/forge.rs"]
mod forge;
pub mod mutate;
mod recipe;
pub mod seal;
pub mod targets;
pub mod trace;
mod wire;

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use muster_engine::storage::Random;
use mutate::{mutate, mutate_in_place};
use seal::{Seal, seal, seals_of};
use targets::Target;
use trace::Trace;

/// An input that takes longer is a fault, like one that makes the reader panic.
const SLOW: Duration = Duration::from_secs(10);
/// The most inputs that one run finds new.
const NEWS_MAX: usize = 300;
/// How often one input is tried shorter.
const CUTS_MAX: usize = 300;

/// What a run of one target came to.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Inputs tried.
    pub inputs: u64,
    /// The first input that made the reader panic or take too long.
    pub crash: Option<Vec<u8>>,
    /// Inputs that led to something which neither the seeds nor the corpus lead to.
    pub news: Vec<Vec<u8>>,
}

/// Feeds changed inputs of `target` to it for `time`, starting from its own seeds and `corpus`, which are tried first.
pub fn fuzz(target: &Target, corpus: &[Vec<u8>], seed: u64, time: Duration) -> Outcome {
    let mut random = Random::seeded(seed);
    let mut pool: Vec<Vec<u8>> = (target.seeds)().into_iter().chain(corpus.iter().cloned()).collect();
    let given = pool.len();
    let sealed: Vec<(Vec<u8>, Vec<Seal>)> =
        pool.iter().map(|input| (input.clone(), seals_of(input))).filter(|(_, seals)| !seals.is_empty()).collect();
    let (mut seen, mut outcome) = (HashSet::new(), Outcome::default());
    let start = Instant::now();
    while start.elapsed() < time || outcome.inputs < given as u64 {
        let is_given = outcome.inputs < given as u64;
        let input = match is_given {
            true => pool[outcome.inputs as usize].clone(),
            false if !sealed.is_empty() && random.one_in(2) => changed_behind_seals(&mut random, &sealed),
            false => changed(&mut random, &pool),
        };
        outcome.inputs += 1;
        let Some(trace) = run(target, &input) else {
            outcome.crash = Some(input);
            return outcome;
        };
        let news: Vec<String> = trace.into_notes().filter(|note| !seen.contains(note)).collect();
        if !news.is_empty() && !is_given && outcome.news.len() < NEWS_MAX {
            match shortened(target, input, &news, &mut outcome.inputs) {
                Ok(short) => {
                    pool.push(short.clone());
                    outcome.news.push(short);
                }
                Err(crash) => {
                    outcome.crash = Some(crash);
                    return outcome;
                }
            }
        }
        seen.extend(news);
    }
    outcome
}

/// What `target` notes of `input`; nothing if it panics or takes too long.
pub fn run(target: &Target, input: &[u8]) -> Option<Trace> {
    let started = Instant::now();
    let trace = catch_unwind(AssertUnwindSafe(|| {
        let mut trace = Trace::default();
        (target.run)(input, &mut trace);
        trace
    }));
    trace.ok().filter(|_| started.elapsed() < SLOW)
}

fn changed(random: &mut Random, pool: &[Vec<u8>]) -> Vec<u8> {
    let mut input = pool[random.below(pool.len() as u64) as usize].clone();
    let other = &pool[random.below(pool.len() as u64) as usize];
    mutate(random, &mut input, other);
    input
}

/// A change that no checksum tells of.
fn changed_behind_seals(random: &mut Random, sealed: &[(Vec<u8>, Vec<Seal>)]) -> Vec<u8> {
    let (input, seals) = &sealed[random.below(sealed.len() as u64) as usize];
    let mut input = input.clone();
    mutate_in_place(random, &mut input);
    seal(&mut input, seals);
    input
}

/// `input` without the pieces that it does not need to lead to `news`; what is tried for it is added to `inputs`.
/// Errors: one that makes the reader panic.
fn shortened(target: &Target, mut input: Vec<u8>, news: &[String], inputs: &mut u64) -> Result<Vec<u8>, Vec<u8>> {
    let mut cuts = 0;
    let mut piece = input.len() / 2;
    while piece > 0 && cuts < CUTS_MAX {
        let mut at = 0;
        while at < input.len() && cuts < CUTS_MAX {
            let mut shorter = input.clone();
            shorter.drain(at..(at + piece).min(input.len()));
            cuts += 1;
            *inputs += 1;
            match run(target, &shorter) {
                Some(trace) if trace.has_all(news) => input = shorter,
                Some(_) => at += piece,
                None => return Err(shorter),
            }
        }
        piece /= 2;
    }
    Ok(input)
}
