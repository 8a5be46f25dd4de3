//! `muster remove`: values from set tags.

use clap::Args;
use muster_client::v1::{RemoveValue, UnknownValues, ValidateRequest, change};
use muster_language::suggest;

use super::change::{apply, change};
use super::set_values::{Verb, read};
use crate::ask::Asker;
use crate::exit::Failure;

/// The reason of a query that asks for a value that nobody has.
const REASON_UNKNOWN_VALUE: &str = "QUERY_UNKNOWN_VALUE";

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
    let values = read(Verb::Remove, &args.key, &args.values, asker).await?;
    for (tag, value) in &values {
        note_unknown(tag, value, asker).await;
    }
    let remove = |(tag, value): (&str, &str)| {
        change(change::Change::Remove(RemoveValue { tag: tag.to_owned(), value: value.to_owned() }))
    };
    apply(vec![(args.key.clone(), values.into_iter().map(remove).collect())], asker).await
}

/// Says of a value that its tag never had that nothing is removed, and what may be meant.
async fn note_unknown(tag: &str, value: &str, asker: &Asker) {
    let name: Vec<String> = tag.split('.').map(suggest::name).collect();
    let mut context = asker.context().unwrap_or_default();
    context.set_unknown_values(UnknownValues::Refuse);
    let text = format!("{} HAS {}", name.join("."), suggest::quoted(value));
    let asked = ValidateRequest { context: Some(context), text };
    let Err(error) = asker.client.validate(asked).await else { return };
    if error.reason == REASON_UNKNOWN_VALUE {
        let remedy = error.message.lines().next().unwrap_or_default();
        asker.note(&format!("`{tag}` has no value `{value}` to remove: {remedy}"));
    }
}
