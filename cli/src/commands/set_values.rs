//! What `muster add` and `muster remove` have in common: values of set tags. The kind of each tag is looked at first,
//! so that one that is no set is told its own command, with a value or without.

use muster_client::v1::{Tag, TagKind};

use super::change::{assignment, bare, tag_named};
use crate::ask::Asker;
use crate::exit::Failure;

/// Which of the two it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Add,
    Remove,
}

/// The tags and values of the `texts` of a command about `key`. Errors: usage, where one says no value; refused, where
/// its tag is no set.
pub(super) async fn read<'t>(
    verb: Verb,
    key: &str,
    texts: &'t [String],
    asker: &Asker,
) -> Result<Vec<(&'t str, &'t str)>, Failure> {
    let mut read = Vec::with_capacity(texts.len());
    for text in texts {
        let (name, value) = match assignment(text) {
            Ok((name, value)) => (name, Some(value)),
            Err(_) => (bare(text), None),
        };
        // Of a tag that does not exist the change says so.
        let tag = tag_named(name, asker).await;
        match (tag, value) {
            (Some(tag), _) if tag.kind() != TagKind::Set => return Err(of_one_value(verb, key, value, &tag, asker)),
            (_, Some(value)) => read.push((name, value)),
            (tag, None) => return Err(without_value(verb, key, text, tag.as_ref(), asker)),
        }
    }
    Ok(read)
}

/// What to do with a tag that is no set.
fn of_one_value(verb: Verb, key: &str, value: Option<&str>, tag: &Tag, asker: &Asker) -> Failure {
    let set = match (verb, value, tag.kind()) {
        (Verb::Remove, ..) => None,
        (Verb::Add, None, TagKind::Flag) => Some(tag.name.clone()),
        (Verb::Add, value, _) => Some(format!("{}={}", tag.name, value.unwrap_or("VALUE"))),
    };
    let command = match &set {
        Some(word) => asker.settings.command(&["set", key, word]),
        None => asker.settings.command(&["clear", key, &tag.name]),
    };
    let message = format!("`{}` holds one value: `{command}`", tag.name);
    match value {
        Some(_) => Failure::refused(message),
        None => Failure::usage(message),
    }
}

/// What to do about a text that names a set, or nothing that there is, and no value.
fn without_value(verb: Verb, key: &str, text: &str, tag: Option<&Tag>, asker: &Asker) -> Failure {
    let Some(tag) = tag else { return Failure::usage(format!("write TAG=VALUE instead of '{text}'")) };
    let whole = match verb {
        Verb::Add => String::new(),
        Verb::Remove => {
            format!(", or take all its values away: `{}`", asker.settings.command(&["clear", key, &tag.name]))
        }
    };
    Failure::usage(format!("write {}=VALUE instead of '{text}'{whole}", tag.name))
}
