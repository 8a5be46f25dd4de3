//! `muster erase`: entities from everything.

use clap::Args;
use muster_client::v1::{Erase, change};

use super::change::{apply, change};
use crate::ask::Asker;
use crate::exit::Failure;

/// Remove entities from everything; their keys are unknown afterwards.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster erase u0042137
  muster erase 4711 4712 4713 --type bookings

All of them go in one batch, or none.")]
pub(crate) struct EraseArgs {
    /// The entities' keys
    #[arg(value_name = "KEY", required = true)]
    keys: Vec<String>,
}

/// Erases entities.
pub(crate) async fn run(args: &EraseArgs, asker: &Asker) -> Result<(), Failure> {
    let erase = |key: &String| (key.clone(), vec![change(change::Change::Erase(Erase {}))]);
    apply(args.keys.iter().map(erase).collect(), asker).await
}
