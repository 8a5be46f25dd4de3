//! Entity types (populations): what is said about each, and lists of them.

use muster_proto::Words;
use muster_proto::v1::{EntityType, KeyKind, ListTypesReply};
use serde_json::{Value, json};

use super::Document;

/// What the keys of a type are. Nothing said means text, as where a type is made.
pub fn key_word(kind: KeyKind) -> &'static str {
    kind.said().unwrap_or(KeyKind::String.word())
}

/// A type that was made or changed, as of a version.
pub fn entity_type(entity_type: &EntityType, version: u64) -> Document {
    let mut document = document(entity_type);
    document["version"] = json!(version);
    Document::object(document)
}

/// The types of a space.
pub fn types(reply: &ListTypesReply) -> Document {
    let types: Vec<Value> = reply.types.iter().map(document).collect();
    let document = json!({"version": reply.version, "types": types});
    Document::list(document, "types", &["name", "key", "tags", "live", "label", "description"])
}

fn document(entity_type: &EntityType) -> Value {
    json!({
        "name": entity_type.name,
        "key": key_word(entity_type.key_kind()),
        "tags": entity_type.tags,
        "live": entity_type.live,
        "label": entity_type.label,
        "description": entity_type.description,
    })
}
