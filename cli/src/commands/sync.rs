//! `muster sync`: waits until the disk has everything (fsync).

use clap::Args;
use muster_client::documents;
use muster_client::v1::SyncRequest;

use crate::ask::Asker;
use crate::exit::Failure;
use crate::output::Answer;

/// Wait until everything written so far survives a power cut.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster sync --addr 127.0.0.1:7411
  muster sync --version-at-least 4711 --space events")]
pub(crate) struct SyncArgs {
    /// Only up to this version, as a write answered it
    #[arg(long, value_name = "VERSION")]
    version_at_least: Option<u64>,
}

/// Syncs.
pub(crate) async fn run(args: &SyncArgs, asker: &Asker) -> Result<(), Failure> {
    let request = SyncRequest { space: asker.space(), version: args.version_at_least };
    let durable = asker.client.sync(request).await?.durable_version;
    let line = format!("everything up to version {durable} is on disk\n");
    asker.print(&Answer::new(documents::durable(durable), line))
}
