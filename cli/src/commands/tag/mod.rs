//! `muster tag`: the tags of an entity type.

mod edit;
mod fill;

use clap::{Args, Subcommand};
use muster_client::Words;
use muster_client::documents::{self, kind_text};
use muster_client::v1::{GetTagRequest, ListTagsRequest, ListValuesRequest, Tag, TagKind};

use self::edit::{About, CreateArgs};
use self::fill::FillArgs;
use crate::ask::Asker;
use crate::exit::Failure;
use crate::output::Answer;
use crate::output::table::Align::Left;
use crate::output::table::Table;

/// How many values `tag show` shows.
const VALUES_SHOWN: u32 = 20;

/// Create, list, show, change, rename and drop tags.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster tag create 年龄 int --label age --unit years
  muster tag create spend 'decimal(2)' --layer behaviour --source warehouse
  muster tag list 兴趣
  muster tag show 城市
  muster tag create level choice --closed --values silver,gold,platinum --ttl 30d
  muster tag change level --open --ttl none
  muster tag change 年龄 --description 'by the register' --sensitivity internal
  muster tag fill vip --keys vips.txt --mode replace    # who is not in the list is none any more
  muster tag fill 城市 --keys movers.txt --value 上海
  muster tag rename spend 消费金额
  muster tag drop 消费金额 --force

Kinds: flag, choice (at most one value), set (any number of values), int, decimal(SCALE), date, time.")]
pub(crate) struct TagArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a tag
    Create(CreateArgs),
    /// The tags in the order of their names
    List {
        /// Only names that begin with this
        #[arg(default_value = "")]
        prefix: String,
    },
    /// One tag with its values
    Show {
        /// Name or label
        name: String,
    },
    /// Change what is said about a tag; an empty text takes away
    Change {
        /// Name or label
        name: String,
        #[command(flatten)]
        about: About,
    },
    /// Give a tag to a list of keys, or take it from them, in one commit
    Fill(FillArgs),
    /// Give a tag another name; saved audiences follow
    Rename {
        /// Today's name
        name: String,
        /// The new name
        new_name: String,
    },
    /// Drop a tag with its data
    Drop {
        /// Name or label
        name: String,
        /// Also if a saved audience uses it
        #[arg(long)]
        force: bool,
    },
}

/// Runs the command.
pub(crate) async fn run(args: &TagArgs, asker: &Asker) -> Result<(), Failure> {
    match &args.action {
        Action::Create(args) => edit::create(args, asker).await,
        Action::List { prefix } => list(prefix, asker).await,
        Action::Show { name } => show(name, asker).await,
        Action::Change { name, about } => edit::change(name, about, asker).await,
        Action::Fill(args) => fill::run(args, asker).await,
        Action::Rename { name, new_name } => edit::rename(name, new_name, asker).await,
        Action::Drop { name, force } => edit::drop(name, *force, asker).await,
    }
}

/// Lists tags.
pub(crate) async fn list(prefix: &str, asker: &Asker) -> Result<(), Failure> {
    let request = ListTagsRequest { space: asker.space(), entity_type: asker.entity_type(), prefix: prefix.to_owned() };
    let reply = asker.client.list_tags(request).await?;
    let mut table = Table::new(&["tag", "kind", "label", "unit", "description"]);
    for tag in &reply.tags {
        table.row([&tag.name, &kind_text(tag), &tag.label, &tag.unit, &tag.description]);
    }
    asker.print(&Answer::new(documents::tags(&reply), table.render()))
}

async fn show(name: &str, asker: &Asker) -> Result<(), Failure> {
    let request = GetTagRequest { space: asker.space(), entity_type: asker.entity_type(), name: name.to_owned() };
    let reply = asker.client.get_tag(request).await?;
    let tag = reply.tag.clone().unwrap_or_default();
    let (values, truncated) = match tag.kind() {
        TagKind::Choice | TagKind::Set => values(&tag.name, asker).await?,
        _ => (Vec::new(), false),
    };
    let shown = documents::tag_with_values(&reply, &values, truncated);
    let mut table = Table::named([(tag.name.as_str(), Left), (kind_text(&tag).as_str(), Left)]);
    let facts = [
        ("label", tag.label.as_str()),
        ("description", &tag.description),
        ("unit", &tag.unit),
        ("source", &tag.source),
        ("owner", &tag.owner),
        ("layer", tag.layer().word()),
        ("sensitivity", tag.sensitivity().word()),
        ("time to live", &time_to_live(&tag)),
        (if tag.closed_values { "closed values" } else { "declared values" }, &declared_values(&tag)),
    ];
    for (fact, text) in facts.into_iter().filter(|(_, text)| !text.is_empty()) {
        table.row([fact, text]);
    }
    if !reply.audiences.is_empty() {
        table.row(["used by", &reply.audiences.join(", ")]);
    }
    if !values.is_empty() {
        let more = if truncated { ", …" } else { "" };
        table.row(["values", &format!("{}{more}", values.join(", "))]);
    }
    asker.print(&Answer::new(shown, table.render()))
}

async fn values(tag: &str, asker: &Asker) -> Result<(Vec<String>, bool), Failure> {
    let request = ListValuesRequest {
        space: asker.space(),
        entity_type: asker.entity_type(),
        tag: tag.to_owned(),
        prefix: String::new(),
        limit: VALUES_SHOWN,
    };
    let reply = asker.client.list_values(request).await?;
    Ok((reply.values.into_iter().map(|value| value.name).collect(), reply.truncated))
}

/// For how long a value is kept; empty for ever.
fn time_to_live(tag: &Tag) -> String {
    match tag.time_to_live_days {
        None => String::new(),
        Some(1) => "1 day after the last write".to_owned(),
        Some(days) => format!("{days} days after the last write"),
    }
}

fn declared_values(tag: &Tag) -> String {
    let values: Vec<String> = tag
        .declared_values
        .iter()
        .map(|it| if it.label.is_empty() { it.value.clone() } else { format!("{} ({})", it.value, it.label) })
        .collect();
    values.join(", ")
}
