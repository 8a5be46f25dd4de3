//! `muster set`: tags of one entity.

use clap::Args;
use muster_client::Words;
use muster_client::v1::{GetTagRequest, SetTag, TagKind, Touch, Value, change, value};

use super::change::{apply, assignment, bare, change, check_key, tag_named};
use crate::ask::Asker;
use crate::exit::Failure;

/// Set tags of one entity; a new key makes a new entity.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster set u0042137 性别=女 age=30 vip        # a tag without a value is a flag
  muster set u0042137 vip=false 注册日期=2026-11-01
  muster set 4711 interests=ski --type users     # adds to a set tag, replaces any other
  muster set u0042138                            # only makes the entity known")]
pub(crate) struct SetArgs {
    /// The entity's key
    key: String,
    /// What to set: TAG=VALUE, or a flag
    #[arg(value_name = "TAG=VALUE")]
    tags: Vec<String>,
}

/// Sets tags.
pub(crate) async fn run(args: &SetArgs, asker: &Asker) -> Result<(), Failure> {
    check_key("set", &args.key, &args.tags, asker).await?;
    check_once(&args.tags, asker).await?;
    let mut changes = Vec::with_capacity(args.tags.len());
    for text in &args.tags {
        let (tag, written) = if text.contains('=') { assignment(text)? } else { (flag(text, asker).await?, "true") };
        let value = Value { value: Some(value::Value::Written(written.to_owned())) };
        changes.push(change(change::Change::Set(SetTag { tag: tag.to_owned(), value: Some(value) })));
    }
    if changes.is_empty() {
        changes.push(change(change::Change::Touch(Touch {})));
    }
    apply(vec![(args.key.clone(), changes)], asker).await
}

/// Errors: usage, where a tag that holds one value is given another too, by its name or by its label.
async fn check_once(texts: &[String], asker: &Asker) -> Result<(), Failure> {
    if texts.len() < 2 {
        return Ok(());
    }
    let mut said: Vec<(String, &str)> = Vec::with_capacity(texts.len());
    for text in texts {
        let name = text.split_once('=').map_or(text.as_str(), |(tag, _)| tag);
        // Of a tag that does not exist the change says so.
        let Some(tag) = tag_named(bare(name), asker).await.filter(|tag| tag.kind() != TagKind::Set) else { continue };
        if let Some((_, other)) = said.iter().find(|(said, _)| *said == tag.name) {
            return Err(Failure::usage(format!(
                "leave out `{other}` or `{text}`: both set `{}`, which holds one value",
                tag.name
            )));
        }
        said.push((tag.name, text));
    }
    Ok(())
}

/// A tag that stands without a value. Errors: usage, unless it is a flag; `true` is a value of every list like any
/// other.
async fn flag<'a>(text: &'a str, asker: &Asker) -> Result<&'a str, Failure> {
    let name = bare(text);
    let request = GetTagRequest { space: asker.space(), entity_type: asker.entity_type(), name: name.to_owned() };
    let kind = asker.client.get_tag(request).await?.tag.unwrap_or_default().kind();
    match kind {
        TagKind::Flag => Ok(name),
        kind => Err(Failure::usage(format!(
            "write {name}=VALUE: only a flag stands without a value, and `{name}` is of the kind {}",
            kind.word()
        ))),
    }
}
