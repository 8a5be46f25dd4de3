//! `muster add`: values to set tags.

use clap::Args;
use muster_client::v1::{GetTagRequest, SetTag, TagKind, TextList, Value, change, value};

use super::change::{apply, assignment, change, instead};
use crate::ask::Asker;
use crate::exit::Failure;

/// Add values to set tags of one entity.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster add u0042137 兴趣=滑雪
  muster add u0042137 interests=ski interests=golf --type users")]
pub(crate) struct AddArgs {
    /// The entity's key
    key: String,
    /// What to add
    #[arg(value_name = "TAG=VALUE", required = true)]
    values: Vec<String>,
}

/// Adds values.
pub(crate) async fn run(args: &AddArgs, asker: &Asker) -> Result<(), Failure> {
    let mut changes = Vec::with_capacity(args.values.len());
    for text in &args.values {
        let flag = asker.settings.command(&["set", &args.key, text]);
        let (tag, added) = assignment(text).map_err(|_| instead(text, &flag))?;
        // A list is refused for every other kind, so that `add` never replaces anything.
        let list = TextList { values: vec![added.to_owned()] };
        let value = Value { value: Some(value::Value::List(list)) };
        changes.push(change(change::Change::Set(SetTag { tag: tag.to_owned(), value: Some(value) })));
    }
    match apply(vec![(args.key.clone(), changes)], asker).await {
        Err(failure) => Err(of_one_value(args, asker).await.unwrap_or(failure)),
        added => added,
    }
}

/// What to do instead where one of the tags holds one value only; none where that is not what was wrong.
async fn of_one_value(args: &AddArgs, asker: &Asker) -> Option<Failure> {
    for text in &args.values {
        let (name, value) = assignment(text).ok()?;
        let request = GetTagRequest { space: asker.space(), entity_type: asker.entity_type(), name: name.to_owned() };
        let tag = asker.client.get_tag(request).await.ok()?.tag?;
        if tag.kind() != TagKind::Set {
            let command = asker.settings.command(&["set", &args.key, &format!("{name}={value}")]);
            return Some(Failure::refused(format!("`{}` holds one value: `{command}`", tag.name)));
        }
    }
    None
}
