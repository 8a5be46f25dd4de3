//! Fuzzes one reader, or each in turn, for some seconds.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use muster_fuzz::fuzz;
use muster_fuzz::targets::TARGETS;

/// Feeds changed inputs to the readers of bytes from outside; exits with 1 when one panics.
#[derive(Parser)]
struct Arguments {
    /// The reader: query, part, log, manifest, roaring, batch or csv; all of them if none is given.
    target: Option<String>,
    /// Seconds for each reader.
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// The seed of the changes.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// A folder of inputs for each reader; what made one panic is written there.
    #[arg(long, default_value = "fuzz/corpus")]
    corpus: PathBuf,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut crashed = false;
    for target in &TARGETS {
        if arguments.target.as_ref().is_some_and(|name| name != target.name) {
            continue;
        }
        let folder = arguments.corpus.join(target.name);
        let outcome = fuzz(target, &inputs(&folder), arguments.seed, Duration::from_secs(arguments.seconds));
        println!("{}: {} inputs from seed {}", target.name, outcome.inputs, arguments.seed);
        if let Some(input) = outcome.crash {
            crashed = true;
            let path = folder.join(format!("crash-{}-{}", arguments.seed, outcome.inputs));
            let written = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&path, input));
            println!("{}: PANIC; the input is {} ({written:?})", target.name, path.display());
        }
    }
    if crashed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// The inputs that a folder holds; none where there is no folder.
fn inputs(folder: &Path) -> Vec<Vec<u8>> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    entries.filter_map(|entry| std::fs::read(entry.ok()?.path()).ok()).collect()
}
