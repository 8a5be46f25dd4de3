//! `muster audience`: expressions with names.

use clap::{Args, Subcommand};
use muster_client::documents;
use muster_client::v1::{DropAudienceRequest, GetAudienceRequest, ListAudiencesRequest, SaveAudienceRequest};

use crate::ask::Asker;
use crate::ask::text::query_text;
use crate::exit::Failure;
use crate::output::table::Table;
use crate::output::{self, Answer};

/// Save, show, list and drop audiences.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster audience save dormant \"最近交易日 <= today - 90d\" --description 'no order for 90 days'
  muster count '@dormant AND 城市 = 北京'
  muster audience show dormant --version 2
  muster audience list
  muster audience drop dormant

Saving again makes the next version; @dormant is the latest one, @dormant:v1 the first.")]
pub(crate) struct AudienceArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Save an expression under a name
    Save(SaveArgs),
    /// One audience
    Show {
        /// The name
        name: String,
        /// Which version; the latest if it is not given
        #[arg(long = "version", id = "audience_version", value_name = "N")]
        version: Option<u64>,
    },
    /// The audiences in the order of their names
    List {
        /// Only names that begin with this
        #[arg(default_value = "")]
        prefix: String,
    },
    /// Drop an audience with all its versions
    Drop {
        /// The name
        name: String,
        /// Also if another audience uses it
        #[arg(long)]
        force: bool,
    },
}

#[derive(Debug, Args)]
struct SaveArgs {
    /// The name, with or without @
    name: String,
    /// The expression; - reads it from standard input
    #[arg(value_name = "EXPRESSION", allow_negative_numbers = true)]
    text: Vec<String>,
    /// What it is for
    #[arg(long, default_value = "")]
    description: String,
    /// Who answers for it
    #[arg(long, default_value = "")]
    owner: String,
    /// Refuse unless the latest version is this one; 0: unless there is none
    #[arg(long, value_name = "N")]
    expected_version: Option<u64>,
}

/// Runs the command.
pub(crate) async fn run(args: &AudienceArgs, asker: &Asker) -> Result<(), Failure> {
    match &args.action {
        Action::Save(args) => save(args, asker).await,
        Action::Show { name, version } => show(name, *version, asker).await,
        Action::List { prefix } => list(prefix, asker).await,
        Action::Drop { name, force } => drop(name, *force, asker).await,
    }
}

fn bare(name: &str) -> String {
    name.strip_prefix('@').unwrap_or(name).to_owned()
}

async fn save(args: &SaveArgs, asker: &Asker) -> Result<(), Failure> {
    let text = query_text(&args.text, &["audience", "save", &args.name], &asker.settings).await?;
    let request = SaveAudienceRequest {
        space: asker.space(),
        entity_type: asker.entity_type(),
        name: bare(&args.name),
        text: text.clone(),
        description: args.description.clone(),
        owner: args.owner.clone(),
        expected_version: args.expected_version,
    };
    let reply = asker.client.save_audience(request).await?;
    let saved = documents::saved_audience(&reply);
    let audience = reply.audience.unwrap_or_default();
    let line = format!("saved @{} version {}: {}\n", audience.name, audience.version, audience.text);
    asker.print(&Answer::new(saved, line))?;
    if asker.for_people() && !asker.settings.quiet {
        output::warn(&reply.warnings, &text);
    }
    Ok(())
}

async fn show(name: &str, version: Option<u64>, asker: &Asker) -> Result<(), Failure> {
    let request = GetAudienceRequest {
        space: asker.space(),
        entity_type: asker.entity_type(),
        name: bare(name),
        audience_version: version,
    };
    let reply = asker.client.get_audience(request).await?;
    let shown = documents::audience(&reply);
    let audience = reply.audience.unwrap_or_default();
    let mut table = Table::new(&[&format!("@{}", audience.name), &format!("version {}", audience.version)]);
    table.row(["expression", &audience.text]);
    for (fact, text) in [("description", &audience.description), ("owner", &audience.owner)] {
        if !text.is_empty() {
            table.row([fact, text]);
        }
    }
    let versions: Vec<String> = audience.versions.iter().map(u64::to_string).collect();
    table.row(["versions", &versions.join(", ")]);
    asker.print(&Answer::new(shown, table.render()))
}

/// Lists audiences.
pub(crate) async fn list(prefix: &str, asker: &Asker) -> Result<(), Failure> {
    let request = ListAudiencesRequest { space: asker.space(), entity_type: asker.entity_type(), prefix: bare(prefix) };
    let reply = asker.client.list_audiences(request).await?;
    let mut table = Table::new(&["audience", ">version", "expression", "description"]);
    for audience in &reply.audiences {
        let version = audience.version.to_string();
        table.row([&format!("@{}", audience.name), &version, &audience.text, &audience.description]);
    }
    asker.print(&Answer::new(documents::audiences(&reply), table.render()))
}

async fn drop(name: &str, force: bool, asker: &Asker) -> Result<(), Failure> {
    let name = bare(name);
    let request =
        DropAudienceRequest { space: asker.space(), entity_type: asker.entity_type(), name: name.clone(), force };
    let reply = asker.client.drop_audience(request).await?;
    asker.print(&Answer::new(documents::dropped(&name, reply.version), format!("dropped @{name}\n")))
}
