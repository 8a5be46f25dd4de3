//! `muster space`: tenants of a server.

use clap::{Args, Subcommand};
use muster_client::v1::{self, CreateSpaceRequest, ListSpacesRequest};
use serde_json::{Value, json};

use crate::args::durability::{DurabilityWord, word};
use crate::ask::Asker;
use crate::exit::Failure;
use crate::output::Answer;
use crate::output::table::Table;

/// Create and list spaces: each has its own catalog, keys and log.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster space create brand_b
  muster space create clicks --durability interval
  muster space list
  muster count 'vip' --space brand_b")]
pub(crate) struct SpaceArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a space
    Create {
        /// Its name
        name: String,
        /// What a reply to a batch promises [default: what the server's other spaces promise]
        #[arg(long, value_enum, hide_default_value = true)]
        durability: Option<DurabilityWord>,
    },
    /// The spaces
    List,
}

impl SpaceArgs {
    /// Whether the command may make a store.
    pub(crate) fn creates(&self) -> bool {
        matches!(self.action, Action::Create { .. })
    }
}

/// Runs the command.
pub(crate) async fn run(args: &SpaceArgs, asker: &Asker) -> Result<(), Failure> {
    match &args.action {
        Action::Create { name, durability } => {
            let durability = durability.map_or(v1::Durability::Unspecified, Into::into).into();
            let reply = asker.client.create_space(CreateSpaceRequest { name: name.clone(), durability }).await?;
            let space = reply.space.unwrap_or_default();
            let (name, durability) = (&space.name, word(space.durability()));
            let line = format!("created {name}, durability {durability}\n");
            asker.print(&Answer::object(json!({"name": name, "durability": durability}), line))
        }
        Action::List => {
            let reply = asker.client.list_spaces(ListSpacesRequest {}).await?;
            let mut table = Table::new(&["space", "open", "durability"]);
            for space in &reply.spaces {
                table.row([space.name.as_str(), if space.open { "yes" } else { "no" }, word(space.durability())]);
            }
            let spaces: Vec<Value> = reply
                .spaces
                .iter()
                .map(|it| json!({"name": it.name, "open": it.open, "durability": word(it.durability())}))
                .collect();
            asker.print(&Answer::list(
                json!({"spaces": spaces}),
                "spaces",
                &["name", "open", "durability"],
                table.render(),
            ))
        }
    }
}
