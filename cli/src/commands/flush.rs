//! `muster flush`: from memory to parts.

use clap::Args;
use muster_client::documents;
use muster_client::v1::FlushRequest;

use crate::ask::Asker;
use crate::exit::Failure;
use crate::output::Answer;

/// Write what is in memory to parts.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster flush --addr 127.0.0.1:7411")]
pub(crate) struct FlushArgs {}

/// Flushes.
pub(crate) async fn run(asker: &Asker) -> Result<(), Failure> {
    let reply = asker.client.flush(FlushRequest { space: asker.space() }).await?;
    let line = format!("flushed up to version {}\n", reply.version);
    asker.print(&Answer::new(documents::reached(reply.version), line))
}
