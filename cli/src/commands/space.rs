//! `muster space`: tenants of a server.

use clap::{Args, Subcommand};
use muster_client::v1::{self, ChangeSpaceRequest, CreateSpaceRequest, DropSpaceRequest, ListSpacesRequest};
use muster_client::{Words, documents};

use crate::args::words::durability;
use crate::ask::Asker;
use crate::exit::Failure;
use crate::output::Answer;
use crate::output::table::Table;

/// Create, change, list and drop spaces: each has its own catalog, keys and log.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster space create brand_b
  muster space create clicks --durability interval --zone Asia/Shanghai
  muster space change clicks --zone Europe/Paris   # an empty text takes it away: the server's counts
  muster space list
  muster backup --space brand_b --to ./brand_b-last && muster space drop brand_b --yes brand_b
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
        #[arg(long, value_parser = durability())]
        durability: Option<v1::Durability>,
    },
    /// Give a space the zone of --zone for what is written, asked and shown; an empty text takes it away
    Change {
        /// Its name
        name: String,
    },
    /// The spaces
    List,
    /// Drop a space with all that it holds; back it up first
    Drop {
        /// Its name
        name: String,
        /// Its name once more
        #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
        yes: String,
    },
}

impl SpaceArgs {
    /// Whether the command says the zone of a space.
    pub(crate) fn reads_zone(&self) -> bool {
        matches!(self.action, Action::Create { .. } | Action::Change { .. })
    }

    /// Whether the command may make a store.
    pub(crate) fn creates(&self) -> bool {
        matches!(self.action, Action::Create { .. })
    }
}

/// Runs the command.
pub(crate) async fn run(args: &SpaceArgs, asker: &Asker) -> Result<(), Failure> {
    match &args.action {
        Action::Create { name, durability } => {
            if asker.settings.zone_said().is_some_and(str::is_empty) {
                return Err(Failure::usage("name a zone, as in --zone Asia/Shanghai, or leave --zone out"));
            }
            let durability = durability.unwrap_or_default().into();
            let reply = asker
                .client
                .create_space(CreateSpaceRequest { name: name.clone(), durability, zone: asker.zone() })
                .await?;
            let space = reply.space.unwrap_or_default();
            let line =
                format!("created {}, durability {}, zone {}\n", space.name, space.durability().word(), space.zone);
            asker.print(&Answer::new(documents::changed_space(&space), line))
        }
        Action::Change { name } => {
            let zone = asker
                .settings
                .zone_said()
                .ok_or_else(|| Failure::usage("say what to change: --zone ZONE, or --zone '' for the server's own"))?;
            let request = ChangeSpaceRequest { name: name.clone(), zone: Some(zone.to_owned()) };
            let space = asker.client.change_space(request).await?.space.unwrap_or_default();
            let line = format!("changed {}, zone {}\n", space.name, space.zone);
            asker.print(&Answer::new(documents::changed_space(&space), line))
        }
        Action::Drop { name, yes } => {
            if yes != name {
                let drop = asker.settings.store_command(&["space", "drop", name, "--yes", name]);
                let backup = asker.settings.store_command(&["backup", "--space", name, "--to", "DIR"]);
                return Err(Failure::usage(format!(
                    "repeat the name to drop the space with all that it holds: {drop}; before that, \
                     {backup} keeps a copy"
                )));
            }
            let request = DropSpaceRequest { name: name.clone(), repeated_name: yes.clone() };
            asker.client.drop_space(request).await?;
            asker.print(&Answer::new(documents::dropped_space(name), format!("dropped {name}\n")))
        }
        Action::List => {
            let reply = asker.client.list_spaces(ListSpacesRequest {}).await?;
            let mut table = Table::new(&["space", "open", "durability", "zone"]);
            for space in &reply.spaces {
                table.row([
                    space.name.as_str(),
                    match space.missing {
                        true => "missing",
                        false if space.open => "yes",
                        false => "no",
                    },
                    space.durability().word(),
                    &space.zone,
                ]);
            }
            asker.print(&Answer::new(documents::spaces(&reply), table.render()))
        }
    }
}
