//! `muster clear`: whole tags of one entity.

use clap::Args;
use muster_client::v1::{ClearTag, change};

use super::change::{apply, bare, change};
use crate::ask::Asker;
use crate::exit::Failure;

/// Take whole tags from one entity.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster clear u0042137 手机号 邮箱
  muster clear u0042137 interests --type users")]
pub(crate) struct ClearArgs {
    /// The entity's key
    key: String,
    /// The tags
    #[arg(value_name = "TAG", required = true)]
    tags: Vec<String>,
}

/// Clears tags.
pub(crate) async fn run(args: &ClearArgs, asker: &Asker) -> Result<(), Failure> {
    let clear = |tag: &String| change(change::Change::Clear(ClearTag { tag: bare(tag).to_owned() }));
    apply(vec![(args.key.clone(), args.tags.iter().map(clear).collect())], asker).await
}
