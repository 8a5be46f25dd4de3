//! Audiences (saved filters): one with its versions, and lists of them.

use muster_proto::v1::{Audience, GetAudienceReply, ListAudiencesReply, SaveAudienceReply};
use serde_json::{Value, json};

use super::Document;
use super::info::warning;

/// An audience that was saved, with what was warned about.
pub fn saved_audience(reply: &SaveAudienceReply) -> Document {
    let mut saved = document(reply.audience.as_ref());
    saved["version"] = json!(reply.version);
    saved["warnings"] = reply.warnings.iter().map(warning).collect();
    Document::object(saved)
}

/// One audience.
pub fn audience(reply: &GetAudienceReply) -> Document {
    let mut shown = document(reply.audience.as_ref());
    shown["version"] = json!(reply.version);
    Document::object(shown)
}

/// The audiences of a type.
pub fn audiences(reply: &ListAudiencesReply) -> Document {
    let audiences: Vec<Value> = reply.audiences.iter().map(|it| document(Some(it))).collect();
    let document = json!({"version": reply.version, "audiences": audiences});
    Document::list(document, "audiences", &["name", "audience_version", "text", "description", "owner", "type"])
}

fn document(audience: Option<&Audience>) -> Value {
    let none = Audience::default();
    let audience = audience.unwrap_or(&none);
    json!({
        "name": audience.name,
        "audience_version": audience.version,
        "text": audience.text,
        "description": audience.description,
        "owner": audience.owner,
        "created_unix_ms": audience.created_unix_ms,
        "type": audience.entity_type,
        "versions": audience.versions,
    })
}
