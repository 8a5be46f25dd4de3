//! `muster remove`: values from set tags.

use clap::Args;
use muster_client::v1::{RemoveValue, change};

use super::change::{apply, assignment, change, instead};
use crate::ask::Asker;
use crate::exit::Failure;

/// Take values from set tags of one entity.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster remove u0042137 兴趣=滑雪
  muster remove u0042137 interests=ski interests=golf

muster clear takes a whole tag away.")]
pub(crate) struct RemoveArgs {
    /// The entity's key
    key: String,
    /// What to remove
    #[arg(value_name = "TAG=VALUE", required = true)]
    values: Vec<String>,
}

/// Removes values.
pub(crate) async fn run(args: &RemoveArgs, asker: &Asker) -> Result<(), Failure> {
    let mut changes = Vec::with_capacity(args.values.len());
    for text in &args.values {
        let whole = asker.settings.command(&["clear", &args.key, text]);
        let (tag, value) = assignment(text).map_err(|_| instead(text, &whole))?;
        changes.push(change(change::Change::Remove(RemoveValue { tag: tag.to_owned(), value: value.to_owned() })));
    }
    apply(vec![(args.key.clone(), changes)], asker).await
}
