//! `muster compact`: a full compaction, all parts to the bottom.

use clap::Args;
use muster_client::documents;
use muster_client::v1::CompactRequest;

use crate::ask::Asker;
use crate::exit::Failure;
use crate::output::Answer;

/// Merge all parts.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster compact --data ./store --timeout 10m")]
pub(crate) struct CompactArgs {}

/// Compacts.
pub(crate) async fn run(asker: &Asker) -> Result<(), Failure> {
    let reply = asker.client.compact(CompactRequest { space: asker.space() }).await?;
    let line = format!("merged up to version {}\n", reply.version);
    asker.print(&Answer::new(documents::reached(reply.version), line))
}
