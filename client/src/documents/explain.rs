//! Query plans (EXPLAIN): the steps of an expression, parents before children.

use muster_proto::v1::{ExplainReply, ExplainStep};
use serde_json::{Value, json};

use super::Document;
use super::info::with_info;

/// A plan, with what each step came to where it was evaluated.
pub fn explain(reply: &ExplainReply) -> Document {
    let steps: Vec<Value> = reply.steps.iter().map(step).collect();
    let mut answer = json!({"live": reply.live, "steps": steps});
    if let Some(count) = reply.count {
        answer["count"] = json!(count);
    }
    let time = reply.info.as_ref().and_then(|info| info.engine_time).unwrap_or_default();
    answer["times"] = json!({
        "parse_ns": time.parse_ns,
        "plan_ns": time.plan_ns,
        "bind_ns": time.bind_ns,
        "evaluate_ns": time.evaluate_ns,
    });
    Document::object(with_info(answer, reply.info.as_ref()))
}

fn step(step: &ExplainStep) -> Value {
    json!({
        "depth": step.depth,
        "text": step.text,
        "estimate": step.estimate,
        "count": step.count,
        "without": step.without,
        "evaluate_ns": step.evaluate_ns,
        "bytes": step.bytes,
        "operation": step.operation,
        "path": step.path,
    })
}
