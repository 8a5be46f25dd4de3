//! `muster add`: values to set tags.

use clap::Args;
use muster_client::v1::{SetTag, TextList, Value, change, value};

use super::change::{apply, change, check_key};
use super::set_values::{Verb, read};
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
    check_key("add", &args.key, &args.values, asker).await?;
    let values = read(Verb::Add, &args.key, &args.values, asker).await?;
    let add = |(tag, added): (&str, &str)| {
        // A list is refused for every other kind, so that `add` never replaces anything.
        let list = TextList { values: vec![added.to_owned()] };
        let value = Value { value: Some(value::Value::List(list)) };
        change(change::Change::Set(SetTag { tag: tag.to_owned(), value: Some(value) }))
    };
    apply(vec![(args.key.clone(), values.into_iter().map(add).collect())], asker).await
}
