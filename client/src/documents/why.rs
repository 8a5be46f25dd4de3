//! Why one entity is in an audience, or why not: the conditions, parents before children.

use muster_proto::v1::WhyReply;
use serde_json::{Value, json};

use super::Document;
use super::info::with_info;

/// Why the entity of this key is in, or not.
pub fn why(key: &str, reply: &WhyReply) -> Document {
    let conditions: Vec<Value> = reply
        .conditions
        .iter()
        .map(|condition| {
            json!({
                "depth": condition.depth,
                "text": condition.text,
                "holds": condition.holds,
                "tag": if condition.tag.is_empty() { Value::Null } else { json!(condition.tag) },
                "own_values": condition.own_values,
            })
        })
        .collect();
    let answer = json!({"key": key, "member": reply.member, "conditions": conditions});
    Document::object(with_info(answer, reply.info.as_ref()))
}
