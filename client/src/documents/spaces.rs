//! Spaces (tenants) of a server.

use muster_proto::Words;
use muster_proto::v1::{ListSpacesReply, Space};
use serde_json::{Value, json};

use super::Document;

/// A space that was made or changed.
pub fn changed_space(space: &Space) -> Document {
    Document::object(json!({"name": space.name, "durability": space.durability().word(), "zone": space.zone}))
}

/// A space that is gone.
pub fn dropped_space(name: &str) -> Document {
    Document::object(json!({"name": name}))
}

/// The spaces of a server.
pub fn spaces(reply: &ListSpacesReply) -> Document {
    let spaces: Vec<Value> = reply
        .spaces
        .iter()
        .map(|it| {
            json!({
                "name": it.name, "open": it.open, "durability": it.durability().word(), "zone": it.zone,
                "missing": it.missing,
            })
        })
        .collect();
    Document::list(json!({"spaces": spaces}), "spaces", &["name", "open", "durability", "zone", "missing"])
}
