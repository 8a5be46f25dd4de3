//! Writes: what the verbs that change one entity have in common.

use muster_client::v1::{Change, EntityChanges, GetTagRequest, ProfileRequest, Tag, WriteReply, WriteRequest, change};
use muster_client::{documents, text_key};

use crate::ask::Asker;
use crate::exit::Failure;
use crate::output::Answer;

/// `TAG=VALUE` in its two parts.
pub(super) fn assignment(text: &str) -> Result<(&str, &str), Failure> {
    match text.split_once('=') {
        Some((tag, value)) if !tag.is_empty() => Ok((bare(tag), value)),
        _ => Err(Failure::usage(format!("write TAG=VALUE instead of '{text}'"))),
    }
}

/// The tag of this name or label; none where there is none, or it cannot be asked.
pub(super) async fn tag_named(name: &str, asker: &Asker) -> Option<Tag> {
    let request = GetTagRequest { space: asker.space(), entity_type: asker.entity_type(), name: name.to_owned() };
    asker.client.get_tag(request).await.ok()?.tag
}

/// Errors: usage, where the key of a `command` is one more of the `texts` that stand behind it, and no entity has it.
pub(super) async fn check_key(command: &str, key: &str, texts: &[String], asker: &Asker) -> Result<(), Failure> {
    let Ok((name, _)) = assignment(key) else { return Ok(()) };
    if tag_named(name, asker).await.is_none() {
        return Ok(());
    }
    let request = ProfileRequest {
        space: asker.space(),
        entity_type: asker.entity_type(),
        key: Some(text_key(key.to_owned())),
        zone: asker.zone(),
    };
    if asker.client.profile(request).await.is_ok() {
        return Ok(());
    }
    let words: Vec<&str> = [command, "KEY", key].into_iter().chain(texts.iter().map(String::as_str)).collect();
    Err(Failure::usage(format!(
        "give the key first, as in `{}`: `{name}` is a tag, and no entity has the key `{key}`",
        asker.settings.command(&words)
    )))
}

/// A tag's name without the backticks that it has in expressions.
pub(super) fn bare(tag: &str) -> &str {
    tag.strip_prefix('`').and_then(|tag| tag.strip_suffix('`')).unwrap_or(tag)
}

/// A change of one kind.
pub(super) fn change(change: change::Change) -> Change {
    Change { change: Some(change) }
}

/// Applies changes as one batch and says what came of it.
pub(super) async fn apply(entities: Vec<(String, Vec<Change>)>, asker: &Asker) -> Result<(), Failure> {
    let entities =
        entities.into_iter().map(|(key, changes)| EntityChanges { key: Some(text_key(key)), changes }).collect();
    let request = WriteRequest {
        space: asker.space(),
        entity_type: asker.entity_type(),
        source: None,
        entities,
        zone: asker.zone(),
        tell_new_values: true,
    };
    let reply = asker.client.write(request).await?;
    for new in &reply.new_values {
        let nearest = match new.nearest.as_str() {
            "" => String::new(),
            nearest => format!("; nearest: `{nearest}`"),
        };
        asker.note(&format!("`{}` has a new value `{}`{nearest}", new.tag, new.value));
    }
    asker.print(&Answer::new(documents::write(&reply), line(&reply)))
}

fn line(reply: &WriteReply) -> String {
    let mut line = format!("version {}", reply.version);
    if reply.new_entities > 0 {
        line.push_str(&format!(", {} new", reply.new_entities));
    }
    if reply.unknown_entities > 0 {
        line.push_str(&format!(", {} unknown and unchanged", reply.unknown_entities));
    }
    line.push('\n');
    line
}
