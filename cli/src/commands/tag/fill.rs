//! `muster tag fill`: one tag of many entities from a list of their keys, in one commit.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use muster_client::v1::{GetTagRequest, KeyKind, ListTypesRequest, LoadHeader, Tag, TagKind};
use muster_client::{LoadEvent, Words, documents};

use crate::ask::Asker;
use crate::commands::load::source;
use crate::commands::loaded::summary;
use crate::commands::progress::Progress;
use crate::exit::Failure;
use crate::output::{Answer, note};

/// How many lines that hold no key are shown.
const REJECTS_SHOWN: usize = 10;

/// The tag, and who gets it.
#[derive(Debug, Args)]
pub(super) struct FillArgs {
    /// Name or label
    name: String,
    /// The keys, one a line; - reads standard input
    #[arg(long, value_name = "FILE")]
    keys: PathBuf,
    /// What happens to them, and to all others
    #[arg(long, value_name = "MODE", default_value = "add")]
    mode: FillMode,
    /// The value that they get; a flag needs none
    #[arg(long, value_name = "VALUE")]
    value: Option<String>,
}

/// What a list of keys does to a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FillMode {
    /// They get the value
    Add,
    /// They get the value, and all others lose the tag
    Replace,
    /// They lose the tag
    Remove,
}

impl FillMode {
    fn word(self) -> &'static str {
        match self {
            FillMode::Add => "add",
            FillMode::Replace => "replace",
            FillMode::Remove => "remove",
        }
    }
}

/// Fills it.
pub(super) async fn run(args: &FillArgs, asker: &Asker) -> Result<(), Failure> {
    let request = GetTagRequest { space: asker.space(), entity_type: asker.entity_type(), name: args.name.clone() };
    let tag = asker.client.get_tag(request).await?.tag.unwrap_or_default();
    let (entity_type, key) = entity_type(asker).await?;
    let constant = constant(args, &tag)?;
    let mode = if args.mode == FillMode::Replace { ", mode = \"replace\"" } else { "" };
    let mapping_toml = format!(
        "type = {}\nkey = {{ column = \"column_1\", kind = \"{}\" }}\ncsv = {{ delimiter = \"\\t\", header = false }}\n\
         columns = [{{ {constant}, tag = {}, kind = \"{}\"{mode} }}]\n",
        toml(&entity_type),
        key.word(),
        toml(&tag.name),
        documents::kind_text(&tag),
    );
    let (file, upload) = source(&args.keys, asker)?;
    let header = LoadHeader {
        file: Some(file),
        space: asker.space(),
        mapping_toml,
        zone: asker.zone(),
        ..LoadHeader::default()
    };
    let mut progress = Progress::new(asker);
    let mut shown = 0;
    let outcome = asker.client.load(header, upload, |event| match event {
        LoadEvent::Progress(report) => progress.show(&report),
        LoadEvent::Rejects(rows) => {
            for row in rows.iter().take(REJECTS_SHOWN - shown) {
                shown += 1;
                progress.aside(|| note(&format!("line {} holds no key: {}: {}", row.line, row.reason, row.raw)));
            }
        }
        _ => {}
    });
    let outcome = outcome.await;
    progress.end();
    let result = outcome?;
    asker.print(&Answer::new(documents::load(&result), summary(&result)))
}

/// The type whose tag it is, and its keys. There is one, or the command has said which: the tag was found.
async fn entity_type(asker: &Asker) -> Result<(String, KeyKind), Failure> {
    let said = asker.entity_type();
    let types = asker.client.list_types(ListTypesRequest { space: asker.space() }).await?.types;
    let found = types.into_iter().find(|known| said.is_empty() || known.name == said || known.label == said);
    let found = found.ok_or_else(|| Failure::refused(format!("say the type by its name, not as {said}")))?;
    Ok((found.name.clone(), found.key_kind()))
}

/// The settings of the column that no file has. Errors: usage, where the tag needs a value and none is said, or the
/// other way round.
fn constant(args: &FillArgs, tag: &Tag) -> Result<String, Failure> {
    let (name, mode) = (&tag.name, args.mode.word());
    if args.mode == FillMode::Remove {
        return match args.value {
            Some(_) => Err(Failure::usage("leave out --value: --mode remove takes the tag, whatever its value is")),
            None => Ok("constant = \"\", null_words = [\"\"], null = \"clear\"".to_owned()),
        };
    }
    match (&args.value, tag.kind()) {
        (None, TagKind::Flag) => Ok("constant = \"true\"".to_owned()),
        (None, kind) => {
            let kind = kind.word();
            Err(Failure::usage(format!(
                "say the value with --value: {name} is a {kind}, and --mode {mode} gives it one"
            )))
        }
        (Some(_), TagKind::Set) if args.mode == FillMode::Add => Err(Failure::usage(format!(
            "use --mode replace, or load lists: {name} is a set, whose values a fill would replace and not add to"
        ))),
        (Some(value), _) => Ok(format!("constant = {}", toml(value))),
    }
}

/// A text as TOML writes it: JSON's strings are its basic strings, but for one character.
fn toml(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('\u{7F}', "\\u007F")
}
