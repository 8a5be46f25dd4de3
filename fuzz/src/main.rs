//! Fuzzes one reader, or all of them, for some seconds each.

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use clap::Parser;
use muster_fuzz::targets::{TARGETS, Target};
use muster_fuzz::{corpus, fuzz};

/// Feeds changed inputs to the readers of bytes from outside; exits with 1 when one panics.
#[derive(Parser)]
struct Arguments {
    /// The reader: query, part, log, manifest, roaring, batch, csv, arrow, arrow-recipe, parquet or parquet-recipe; all
    /// of them if none is given.
    target: Option<String>,
    /// Seconds for each reader.
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// The seed of the changes.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Readers at the same time.
    #[arg(long, default_value_t = std::thread::available_parallelism().map_or(2, usize::from))]
    jobs: usize,
    /// Add the inputs that led to something new to fuzz/corpus.
    #[arg(long)]
    grow: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let is_asked = |target: &&Target| arguments.target.as_ref().is_none_or(|name| name == target.name);
    let targets: Vec<&Target> = TARGETS.iter().filter(is_asked).collect();
    if targets.is_empty() {
        eprintln!("name one of {}", TARGETS.each_ref().map(|target| target.name).join(", "));
        return ExitCode::from(2);
    }
    let (next, crashed) = (AtomicUsize::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for _ in 0..arguments.jobs.clamp(1, targets.len()) {
            scope.spawn(|| {
                while let Some(target) = targets.get(next.fetch_add(1, SeqCst)) {
                    if !passes(target, &arguments) {
                        crashed.store(true, SeqCst);
                    }
                }
            });
        }
    });
    if crashed.load(SeqCst) { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Fuzzes one reader and says how that went; false if an input made it panic.
fn passes(target: &Target, arguments: &Arguments) -> bool {
    let folder = corpus::home().join("corpus").join(target.name);
    let kept = corpus::inputs(&folder);
    let outcome = fuzz(target, &kept, arguments.seed, Duration::from_secs(arguments.seconds));
    println!(
        "{}: {} inputs in {} s from seed {} and {} kept ones; {} came to something new",
        target.name,
        outcome.inputs,
        arguments.seconds,
        arguments.seed,
        kept.len(),
        outcome.news.len()
    );
    if arguments.grow {
        let added = corpus::grow(&folder, &outcome.news).expect("the corpus can be written");
        println!("{}: {added} of them are kept in {}", target.name, folder.display());
    }
    let Some(input) = outcome.crash else { return true };
    let path = corpus::keep(&corpus::home().join("crashes").join(target.name), &input).expect("it can be written");
    println!("{}: PANIC, or too slow; the input is {}", target.name, path.display());
    false
}
