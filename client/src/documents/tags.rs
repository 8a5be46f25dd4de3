//! Tags (attributes): what is said about each, and lists of them.

use muster_proto::Words;
use muster_proto::v1::{GetTagReply, ListTagsReply, Tag, TagKind};
use serde_json::{Value, json};

use super::Document;

/// The columns of CSV.
const COLUMNS: &[&str] = &["name", "kind", "label", "unit", "description", "source", "owner", "layer", "sensitivity"];

/// A kind as commands write it: a decimal with its scale.
pub fn kind_text(tag: &Tag) -> String {
    match tag.kind() {
        TagKind::Decimal => format!("{}({})", TagKind::Decimal.word(), tag.scale),
        kind => kind.word().to_owned(),
    }
}

/// A tag that was made or changed, as of a version.
pub fn tag(tag: &Tag, version: u64) -> Document {
    let mut document = document(tag);
    document["version"] = json!(version);
    Document::object(document)
}

/// A tag with the audiences that use it and some of its values.
pub fn tag_with_values(reply: &GetTagReply, values: &[String], is_truncated: bool) -> Document {
    let mut shown = reply.tag.as_ref().map_or_else(|| document(&Tag::default()), document);
    shown["audiences"] = json!(reply.audiences);
    shown["values"] = json!(values);
    shown["values_truncated"] = json!(is_truncated);
    shown["version"] = json!(reply.version);
    Document::object(shown)
}

/// The tags of a type.
pub fn tags(reply: &ListTagsReply) -> Document {
    let tags: Vec<Value> = reply.tags.iter().map(document).collect();
    Document::list(json!({"version": reply.version, "type": reply.entity_type, "tags": tags}), "tags", COLUMNS)
}

fn document(tag: &Tag) -> Value {
    json!({
        "name": tag.name,
        "kind": kind_text(tag),
        "label": tag.label,
        "unit": tag.unit,
        "description": tag.description,
        "source": tag.source,
        "owner": tag.owner,
        "layer": tag.layer().said(),
        "sensitivity": tag.sensitivity().said(),
        "time_to_live_days": tag.time_to_live_days,
        "closed_values": tag.closed_values,
        "declared_values": tag.declared_values.iter().map(|it| &it.value).collect::<Vec<_>>(),
    })
}
