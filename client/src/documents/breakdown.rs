//! Breakdowns (group-by): an audience divided by a tag.

use muster_proto::Words;
use muster_proto::v1::BreakdownReply;
use serde_json::{Value, json};

use super::Document;
use super::count::share;
use super::info::with_info;

/// A breakdown.
pub fn breakdown(reply: &BreakdownReply) -> Document {
    let groups: Vec<Value> = reply
        .groups
        .iter()
        .map(|group| json!({"label": group.label, "count": group.count, "share": share(group.count, reply.total)}))
        .collect();
    let answer = json!({
        "tag": reply.tag,
        "kind": reply.kind().word(),
        "total": reply.total,
        "missing": reply.missing,
        "groups_left_out": reply.groups_left_out,
        "groups": groups,
    });
    Document::list(with_info(answer, reply.info.as_ref()), "groups", &["label", "count", "share"])
}
