//! The arguments of `muster demo`.

use std::path::PathBuf;

use clap::Args;

/// A million shoppers, a dozen questions, and a crash.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster demo
  muster demo --rows 100000 --seed 7
  muster demo --keep ./shop          # keep the store, and print the command that opens it

Makes a population from a seed, loads it through the ordinary load into a temporary store, asks what a marketer would
ask, kills its own server with -9 in the middle of a load and opens the store again. On a terminal it ends in the
shell.")]
pub(crate) struct DemoArgs {
    /// How many shoppers
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    #[arg(value_parser = clap::value_parser!(u64).range(1_000..=100_000_000))]
    pub(crate) rows: u64,
    /// What the population follows from
    #[arg(long, value_name = "N", default_value_t = 11)]
    pub(crate) seed: u64,
    /// Keep the store in this directory, which must be new or empty
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: Option<PathBuf>,
}
