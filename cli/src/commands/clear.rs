//! `muster clear`: whole tags of one entity.

use clap::Args;
use muster_client::v1::{ClearTag, TagKind, change};

use super::change::{apply, assignment, bare, change, tag_named};
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
    for text in &args.tags {
        refuse_value(&args.key, text, asker).await?;
    }
    let clear = |tag: &String| change(change::Change::Clear(ClearTag { tag: bare(tag).to_owned() }));
    apply(vec![(args.key.clone(), args.tags.iter().map(clear).collect())], asker).await
}

/// Errors: usage, where a text says a value of a tag: the command takes whole tags.
async fn refuse_value(key: &str, text: &str, asker: &Asker) -> Result<(), Failure> {
    let Ok((name, _)) = assignment(text) else { return Ok(()) };
    // A name may have the sign in it.
    if text.starts_with('`') || tag_named(text, asker).await.is_some() {
        return Ok(());
    }
    let Some(tag) = tag_named(name, asker).await else { return Ok(()) };
    let whole = asker.settings.command(&["clear", key, &tag.name]);
    Err(Failure::usage(match tag.kind() {
        TagKind::Set => {
            let one = asker.settings.command(&["remove", key, text]);
            format!("take one value away: `{one}`, or the whole tag: `{whole}`")
        }
        _ => format!("name the tag alone: `{whole}`"),
    }))
}
