//! `muster erasures`: who was erased, for the restore of an older backup.

use clap::Args;
use muster_client::documents::{self, DataFormat};
use muster_client::v1::{Erasure, ErasuresRequest};

use crate::ask::Asker;
use crate::exit::Failure;
use crate::output::table::Table;
use crate::output::{Answer, Format, emit_data};

/// Who was erased, from the ledger of the server.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster erasures --since 4711 --addr 127.0.0.1:7411
  muster erasures --format jsonl > /elsewhere/erasures.ndjson  # for `muster restore --erasures`

All spaces, unless --space names one. A backup prints its version; erasures above it are applied again by a restore.")]
pub(crate) struct ErasuresArgs {
    /// Only erasures above this version
    #[arg(long, value_name = "VERSION", default_value_t = 0)]
    since: u64,
}

/// Lists erasures.
pub(crate) async fn run(args: &ErasuresArgs, asker: &Asker) -> Result<(), Failure> {
    let request = ErasuresRequest { space: asker.space(), since: args.since };
    let mut stream = asker.client.erasures(request).await?;
    let mut erasures = Vec::new();
    while let Some(reply) = stream.next().await? {
        match asker.settings.format {
            // A ledger may be long, and is written as it comes.
            Format::Jsonl => {
                emit_data(&documents::erasures(&reply.erasures).text(DataFormat::Jsonl))?;
            }
            _ => erasures.extend(reply.erasures),
        }
    }
    if asker.settings.format == Format::Jsonl {
        return Ok(());
    }
    asker.print(&Answer::new(documents::erasures(&erasures), table(&erasures)))
}

fn table(erasures: &[Erasure]) -> String {
    let mut table = Table::new(&["space", "type", "key", "version"]);
    for it in erasures {
        let key = it.key.as_ref().map(muster_client::key_text).unwrap_or_default();
        table.row([it.space.as_str(), &it.entity_type, &key, &it.version.to_string()]);
    }
    table.render()
}
