//! Counts: of one expression, and of many at one version.

use muster_proto::v1::count_batch_item::Outcome;
use muster_proto::v1::{CountBatchItem, CountBatchReply, CountReply, NamedQuery};
use serde_json::{Value, json};

use super::Document;
use super::info::{problem, with_info};

/// The columns of CSV.
const COLUMNS: &[&str] = &["line", "name", "text", "count", "live", "share", "engine_ns", "error"];

/// The part of a whole from 0 to 1; nothing has no parts.
pub fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// A count.
pub fn count(reply: &CountReply) -> Document {
    Document::object(document(reply))
}

/// The counts of `asked` expressions, each with the number of the line that it stands on.
pub fn count_batch(asked: impl Iterator<Item = (usize, NamedQuery)>, reply: &CountBatchReply) -> Document {
    let results: Vec<Value> = asked.zip(&reply.items).map(|((line, query), item)| result(line, query, item)).collect();
    Document::list(json!({"version": reply.version, "live": reply.live, "results": results}), "results", COLUMNS)
}

fn result(line: usize, query: NamedQuery, item: &CountBatchItem) -> Value {
    let mut result = json!({"line": line, "name": query.name, "text": query.text});
    let more = match &item.outcome {
        Some(Outcome::Count(reply)) => document(reply),
        Some(Outcome::Problem(refused)) => json!({"error": problem(refused)}),
        None => json!({"error": {"reason": "INTERNAL", "message": "the server gave no answer"}}),
    };
    if let (Value::Object(result), Value::Object(more)) = (&mut result, more) {
        result.extend(more);
    }
    result
}

fn document(reply: &CountReply) -> Value {
    let answer = json!({
        "count": reply.count,
        "live": reply.live,
        "share": share(reply.count, reply.live),
    });
    with_info(answer, reply.info.as_ref())
}
