//! How tags are made and changed.

use std::str::FromStr;

use clap::Args;
use muster_client::Words;
use muster_client::documents::{self, kind_text};
use muster_client::v1::{
    self, ChangeTagRequest, CreateTagRequest, DeclaredValue, DeclaredValues, DropTagRequest, ListValuesRequest,
    RenameTagRequest, Tag, TagKind,
};

use crate::args::lists;
use crate::args::words::{layer, sensitivity};
use crate::ask::Asker;
use crate::exit::Failure;
use crate::output::Answer;
use crate::output::numbers::grouped;

/// The most digits behind the point of a decimal, in the numbers of the wire.
const SCALE_MAX: u32 = muster_store::engine::TagKind::SCALE_MAX as u32;

/// What `tag create` takes.
#[derive(Debug, Args)]
pub(super) struct CreateArgs {
    /// Its dotted name, such as interests.sport.football
    name: String,
    /// flag, choice, set, int, decimal(SCALE), date or time; never changes
    kind: Kind,
    #[command(flatten)]
    about: About,
}

/// What can be said about a tag.
#[derive(Debug, Args)]
pub(super) struct About {
    /// Another way to write its name
    #[arg(long)]
    label: Option<String>,
    /// What it means
    #[arg(long)]
    description: Option<String>,
    /// Which system it comes from
    #[arg(long)]
    source: Option<String>,
    /// The unit of its numbers
    #[arg(long)]
    unit: Option<String>,
    /// Who answers for it
    #[arg(long)]
    owner: Option<String>,
    /// Where it comes from
    #[arg(long, value_parser = layer())]
    layer: Option<v1::Layer>,
    /// Who may see it
    #[arg(long, value_parser = sensitivity())]
    sensitivity: Option<v1::Sensitivity>,
    /// How long a value is kept after its last write, in days such as 30d; none for ever
    #[arg(long, value_name = "DAYS", allow_hyphen_values = true)]
    ttl: Option<TimeToLive>,
    /// The values that a choice or set tag declares, in their order
    #[arg(long, value_name = "VALUE,VALUE", value_parser = lists::values)]
    values: Option<Vec<Vec<String>>>,
    /// Refuse values that it does not declare
    #[arg(long, conflicts_with = "open")]
    closed: bool,
    /// Take any value
    #[arg(long)]
    open: bool,
}

impl About {
    /// Whether the list of values is closed from now on; none where nothing was said.
    fn closed_values(&self) -> Option<bool> {
        (self.closed || self.open).then_some(self.closed)
    }

    /// Whether nothing is said.
    fn is_empty(&self) -> bool {
        let texts = [&self.label, &self.description, &self.source, &self.unit, &self.owner];
        texts.iter().all(|text| text.is_none())
            && self.layer.is_none()
            && self.sensitivity.is_none()
            && self.ttl.is_none()
            && self.values.is_none()
            && self.closed_values().is_none()
    }

    fn declared_values(&self) -> Option<DeclaredValues> {
        let declared = |value: &String| DeclaredValue { value: value.clone(), ..DeclaredValue::default() };
        self.values.as_ref().map(|values| DeclaredValues { values: values.iter().flatten().map(declared).collect() })
    }
}

/// A number of whole days, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct TimeToLive(Option<u32>);

impl FromStr for TimeToLive {
    type Err = String;

    fn from_str(text: &str) -> Result<TimeToLive, String> {
        if text == "none" {
            return Ok(TimeToLive(None));
        }
        let days = text.strip_suffix('d').unwrap_or(text).parse().ok().filter(|days| *days > 0);
        match days {
            Some(days) => Ok(TimeToLive(Some(days))),
            None => Err("write a number of days above 0 as in 30d, or none".to_owned()),
        }
    }
}

/// A kind and the digits behind the point, which count for decimals only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Kind {
    kind: TagKind,
    scale: u32,
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Kind, String> {
        let scale =
            text.strip_prefix(TagKind::Decimal.word()).and_then(|rest| rest.strip_prefix('(')?.strip_suffix(')'));
        let is_whole = |kind: &TagKind| *kind != TagKind::Decimal;
        match (TagKind::of_word(text).filter(is_whole), scale.and_then(|scale| scale.parse().ok())) {
            (Some(kind), _) => Ok(Kind { kind, scale: 0 }),
            (None, Some(scale)) if scale <= SCALE_MAX => Ok(Kind { kind: TagKind::Decimal, scale }),
            _ => Err(format!("write {}", kinds())),
        }
    }
}

/// The kinds that there are, as a sentence lists them.
fn kinds() -> String {
    let words: Vec<String> = TagKind::WORDS
        .iter()
        .map(|(kind, word)| match kind {
            TagKind::Decimal => format!("{word}(SCALE) with a scale up to {SCALE_MAX}"),
            _ => (*word).to_owned(),
        })
        .collect();
    match words.split_last() {
        Some((last, words)) => format!("{} or {last}", words.join(", ")),
        None => String::new(),
    }
}

/// Makes a tag.
pub(super) async fn create(args: &CreateArgs, asker: &Asker) -> Result<(), Failure> {
    let about = &args.about;
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let tag = Tag {
        name: args.name.clone(),
        kind: args.kind.kind.into(),
        scale: args.kind.scale,
        label: text(&about.label),
        description: text(&about.description),
        source: text(&about.source),
        unit: text(&about.unit),
        owner: text(&about.owner),
        layer: about.layer.unwrap_or_default().into(),
        sensitivity: about.sensitivity.unwrap_or_default().into(),
        time_to_live_days: about.ttl.and_then(|ttl| ttl.0),
        closed_values: about.closed,
        declared_values: about.declared_values().unwrap_or_default().values,
        ..Tag::default()
    };
    let request = CreateTagRequest { space: asker.space(), entity_type: asker.entity_type(), tag: Some(tag) };
    let reply = asker.client.create_tag(request).await?;
    let made = reply.tag.unwrap_or_default();
    let line = format!("created {} ({})\n", made.name, kind_text(&made));
    asker.print(&changed(&made, reply.version, line))
}

/// Changes what is said about a tag.
pub(super) async fn change(name: &str, about: &About, asker: &Asker) -> Result<(), Failure> {
    if about.is_empty() {
        let rename = asker.settings.command(&["tag", "rename", name, "NAME"]);
        return Err(Failure::usage(format!(
            "say what to change: --label, --description, --source, --unit, --owner, --layer, --sensitivity, --ttl, \
             --values, --closed or --open; {rename} gives another name, and the kind never changes"
        )));
    }
    let request = ChangeTagRequest {
        space: asker.space(),
        entity_type: asker.entity_type(),
        name: name.to_owned(),
        label: about.label.clone(),
        description: about.description.clone(),
        source: about.source.clone(),
        unit: about.unit.clone(),
        owner: about.owner.clone(),
        layer: about.layer.map(Into::into),
        sensitivity: about.sensitivity.map(Into::into),
        time_to_live_days: about.ttl.map(|ttl| ttl.0.unwrap_or(0)),
        closed_values: about.closed_values(),
        declared_values: about.declared_values(),
    };
    let reply = asker.client.change_tag(request).await?;
    let tag = reply.tag.unwrap_or_default();
    if tag.closed_values && (about.closed || about.values.is_some()) {
        note_undeclared(&tag, asker).await?;
    }
    asker.print(&changed(&tag, reply.version, format!("changed {}\n", tag.name)))
}

/// Says how many values a closed tag has beside those that it declares.
async fn note_undeclared(tag: &Tag, asker: &Asker) -> Result<(), Failure> {
    let request = ListValuesRequest {
        space: asker.space(),
        entity_type: asker.entity_type(),
        tag: tag.name.clone(),
        ..ListValuesRequest::default()
    };
    let reply = asker.client.list_values(request).await?;
    let is_declared = |name: &str| tag.declared_values.iter().any(|declared| declared.value == name);
    let mut others = reply.values.iter().filter(|value| !is_declared(&value.name));
    if let Some(first) = others.next() {
        let (count, least) = (1 + others.count(), if reply.truncated { "at least " } else { "" });
        asker.note(&format!(
            "`{}` has {least}{} that it does not declare, such as `{}`: who has one keeps it, and nobody gets \
             one any more",
            tag.name,
            if count == 1 { "1 value".to_owned() } else { format!("{} values", grouped(count as u64)) },
            first.name
        ));
    }
    Ok(())
}

/// Gives a tag another name.
pub(super) async fn rename(name: &str, new_name: &str, asker: &Asker) -> Result<(), Failure> {
    let request = RenameTagRequest {
        space: asker.space(),
        entity_type: asker.entity_type(),
        name: name.to_owned(),
        new_name: new_name.to_owned(),
    };
    let reply = asker.client.rename_tag(request).await?;
    let tag = reply.tag.unwrap_or_default();
    asker.print(&changed(&tag, reply.version, format!("{name} is now {}\n", tag.name)))
}

/// Drops a tag.
pub(super) async fn drop(name: &str, force: bool, asker: &Asker) -> Result<(), Failure> {
    let request =
        DropTagRequest { space: asker.space(), entity_type: asker.entity_type(), name: name.to_owned(), force };
    let reply = asker.client.drop_tag(request).await?;
    asker.print(&Answer::new(documents::dropped(name, reply.version), format!("dropped {name}\n")))
}

fn changed(tag: &Tag, version: u64, line: String) -> Answer {
    Answer::new(documents::tag(tag, version), line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_read_with_their_scale() {
        assert_eq!("decimal(2)".parse(), Ok(Kind { kind: TagKind::Decimal, scale: 2 }));
        assert_eq!("set".parse(), Ok(Kind { kind: TagKind::Set, scale: 0 }));
        let wanted = "write flag, choice, set, int, decimal(SCALE) with a scale up to 18, date or time";
        assert_eq!("bool".parse::<Kind>(), Err(wanted.to_owned()));
        for wrong in ["decimal", "decimal(19)", "decimal(-1)", "bool", ""] {
            assert!(wrong.parse::<Kind>().is_err(), "{wrong}");
        }
    }
}
