//! `muster type`: entity types.

use clap::{Args, Subcommand};
use muster_client::Words;
use muster_client::documents::{self, key_word};
use muster_client::v1::{CreateTypeRequest, DropTypeRequest, EntityType, KeyKind, ListTypesRequest, RenameTypeRequest};

use crate::args::words::key_kind;
use crate::ask::Asker;
use crate::exit::Failure;
use crate::output::Answer;
use crate::output::numbers::grouped;
use crate::output::table::Table;

/// Create, list, rename and drop entity types.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster type create shoppers
  muster type create bookings --key u64 --description 'one row of the bookings table'
  muster type list
  muster type rename shoppers customers
  muster type drop customers --force")]
pub(crate) struct TypeArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make an entity type
    Create(CreateArgs),
    /// The entity types
    List,
    /// Give an entity type another name
    Rename {
        /// Today's name
        name: String,
        /// The new name
        new_name: String,
    },
    /// Drop an entity type
    Drop {
        /// Its name
        name: String,
        /// Also with tags and entities, which are gone then
        #[arg(long)]
        force: bool,
    },
}

#[derive(Debug, Args)]
struct CreateArgs {
    /// Its name
    name: String,
    /// What its keys are
    #[arg(long, value_parser = key_kind(), default_value = KeyKind::String.word())]
    key: KeyKind,
    /// Another way to write its name
    #[arg(long, default_value = "")]
    label: String,
    /// What it is
    #[arg(long, default_value = "")]
    description: String,
}

impl TypeArgs {
    /// Whether the command may make a store.
    pub(crate) fn creates(&self) -> bool {
        matches!(self.action, Action::Create(_))
    }
}

/// Runs the command.
pub(crate) async fn run(args: &TypeArgs, asker: &Asker) -> Result<(), Failure> {
    let space = asker.space();
    match &args.action {
        Action::Create(args) => create(args, asker).await,
        Action::List => list(asker).await,
        Action::Rename { name, new_name } => {
            let request = RenameTypeRequest { space, name: name.clone(), new_name: new_name.clone() };
            let reply = asker.client.rename_type(request).await?;
            let made = reply.entity_type.unwrap_or_default();
            asker.print(&changed(&made, reply.version, format!("{name} is now {}\n", made.name)))
        }
        Action::Drop { name, force } => {
            let request = DropTypeRequest { space, name: name.clone(), force: *force };
            let reply = asker.client.drop_type(request).await?;
            asker.print(&Answer::new(documents::dropped(name, reply.version), format!("dropped {name}\n")))
        }
    }
}

async fn create(args: &CreateArgs, asker: &Asker) -> Result<(), Failure> {
    let request = CreateTypeRequest {
        space: asker.space(),
        name: args.name.clone(),
        key_kind: args.key.into(),
        description: args.description.clone(),
        label: args.label.clone(),
    };
    let reply = asker.client.create_type(request).await?;
    let made = reply.entity_type.unwrap_or_default();
    let line = format!("created {} with {} keys\n", made.name, key_word(made.key_kind()));
    asker.print(&changed(&made, reply.version, line))
}

/// Lists types.
pub(crate) async fn list(asker: &Asker) -> Result<(), Failure> {
    let reply = asker.client.list_types(ListTypesRequest { space: asker.space() }).await?;
    let mut table = Table::new(&["type", "key", ">tags", ">live", "description"]);
    for found in &reply.types {
        let live = found.live.map(grouped).unwrap_or_default();
        table.row([&found.name, key_word(found.key_kind()), &grouped(found.tags.into()), &live, &found.description]);
    }
    asker.print(&Answer::new(documents::types(&reply), table.render()))
}

fn changed(entity_type: &EntityType, version: u64, line: String) -> Answer {
    Answer::new(documents::entity_type(entity_type, version), line)
}
