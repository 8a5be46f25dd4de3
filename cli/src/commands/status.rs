//! `muster status`: the health and the sizes of a store.

use clap::Args;
use muster_client::documents::key_word;
use muster_client::v1::{StatusReply, StatusRequest};
use muster_client::{Words, documents};

use crate::ask::Asker;
use crate::exit::Failure;
use crate::output::Answer;
use crate::output::numbers::{bytes, grouped, nanoseconds};
use crate::output::table::Table;

/// How a store is: version, bytes, types.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster status --data ./store
  muster status --addr 127.0.0.1:7411 --format json")]
pub(crate) struct StatusArgs {}

/// Shows how a store is.
pub(crate) async fn run(asker: &Asker) -> Result<(), Failure> {
    let reply = asker.client.status(StatusRequest { space: asker.space() }).await?;
    asker.print(&Answer::new(documents::status(&reply), table(&reply)))
}

fn table(reply: &StatusReply) -> String {
    let mut table = Table::new(&[&format!("space {}", reply.space), ""]);
    let versions = format!("{} (on disk {}, in parts {})", reply.version, reply.durable_version, reply.flushed_version);
    table.row(["version", &versions]);
    let promise = match reply.sync_interval_ms {
        0 => reply.durability().word().to_owned(),
        interval => format!("{}: on disk within {interval} ms", reply.durability().word()),
    };
    table.row(["durability", &promise]);
    table.row(["zone", &reply.zone]);
    table.row(["parts", &format!("{} with {}", grouped(reply.parts), bytes(reply.part_bytes))]);
    table.row(["keys and values", &format!("{} with {}", grouped(reply.names_files), bytes(reply.names_bytes))]);
    table.row(["in memory", &format!("{} with {}", grouped(reply.memory_parts), bytes(reply.memory_bytes))]);
    if reply.merged_bitmaps + reply.merged_refused > 0 {
        let refused = match reply.merged_refused {
            0 => String::new(),
            refused => format!(", {} times no room", grouped(refused)),
        };
        let merged = format!("{} with {}{refused}", grouped(reply.merged_bitmaps), bytes(reply.merged_bytes));
        table.row(["merged bitmaps", &merged]);
    }
    table.row(["log", &bytes(reply.log_bytes)]);
    let replayed = format!("{}, {} log records", nanoseconds(reply.open_ns), grouped(reply.recovered_records));
    table.row(["opened in", &replayed]);
    if reply.loads > 0 {
        table.row(["running loads", &grouped(reply.loads)]);
    }
    for (fact, text) in [("writes refused", &reply.read_only_reason), ("background failed", &reply.background_error)] {
        if !text.is_empty() {
            table.row([fact, text]);
        }
    }
    for what in &reply.dropped_at_open {
        table.row(["dropped when opened", what]);
    }
    if !reply.given_up_at_open.is_empty() {
        table.row(["given up when opened", &reply.given_up_at_open]);
    }
    let mut types = Table::new(&["type", "key", ">live", ">tags", ">audiences"]);
    for found in &reply.types {
        types.row([
            found.name.as_str(),
            key_word(found.key_kind()),
            &grouped(found.live),
            &grouped(found.tags.into()),
            &grouped(found.audiences.into()),
        ]);
    }
    format!("{}\n{}", table.render(), types.render())
}
