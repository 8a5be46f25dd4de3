//! `muster space`: tenants of a server.

use clap::{Args, Subcommand};
use muster_client::v1::{CreateSpaceRequest, ListSpacesRequest};
use serde_json::{Value, json};

use crate::ask::Asker;
use crate::exit::Failure;
use crate::output::Answer;
use crate::output::table::Table;

/// Create and list spaces: each has its own catalog, keys and log.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster space create brand_b
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
        Action::Create { name } => {
            let reply = asker.client.create_space(CreateSpaceRequest { name: name.clone() }).await?;
            let name = reply.space.unwrap_or_default().name;
            asker.print(&Answer::object(json!({"name": name}), format!("created {name}\n")))
        }
        Action::List => {
            let reply = asker.client.list_spaces(ListSpacesRequest {}).await?;
            let mut table = Table::new(&["space", "open"]);
            for space in &reply.spaces {
                table.row([space.name.as_str(), if space.open { "yes" } else { "no" }]);
            }
            let spaces: Vec<Value> =
                reply.spaces.iter().map(|space| json!({"name": space.name, "open": space.open})).collect();
            asker.print(&Answer::list(json!({"spaces": spaces}), "spaces", &["name", "open"], table.render()))
        }
    }
}
