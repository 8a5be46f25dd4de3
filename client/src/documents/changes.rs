//! Acknowledgements of changes: batches, what was dropped, and how far a flush, a compaction or a sync came.

use muster_proto::v1::WriteReply;
use serde_json::{Value, json};

use super::Document;

/// A batch that was applied.
pub fn write(reply: &WriteReply) -> Document {
    let new_values: Vec<Value> = reply
        .new_values
        .iter()
        .map(|new| {
            let nearest = (!new.nearest.is_empty()).then_some(&new.nearest);
            json!({"tag": new.tag, "value": new.value, "nearest": nearest})
        })
        .collect();
    Document::object(json!({
        "version": reply.version,
        "durable_version": reply.durable_version,
        "new_entities": reply.new_entities,
        "unknown_entities": reply.unknown_entities,
        "new_values": new_values,
    }))
}

/// A type, a tag or an audience that is gone as of a version.
pub fn dropped(name: &str, version: u64) -> Document {
    Document::object(json!({"name": name, "version": version}))
}

/// The version up to which a flush or a compaction came.
pub fn reached(version: u64) -> Document {
    Document::object(json!({"version": version}))
}

/// The version up to which everything is on disk.
pub fn durable(version: u64) -> Document {
    Document::object(json!({"durable_version": version}))
}
