//! Statistics of a number tag: sum, least, greatest, mean and quantiles.

use muster_proto::Words;
use muster_proto::v1::StatsReply;
use serde_json::{Value, json};

use super::Document;
use super::info::with_info;
use super::value::written;

/// The numbers of a tag within an audience.
pub fn stats(reply: &StatsReply) -> Document {
    let kind = reply.kind();
    let quantiles: Vec<Value> = reply
        .quantiles
        .iter()
        .map(|quantile| json!({"q": quantile.q, "value": written(&quantile.value, kind)}))
        .collect();
    let answer = json!({
        "tag": reply.tag,
        "kind": kind.word(),
        "unit": reply.unit,
        "count": reply.count,
        "missing": reply.missing,
        "sum": written(&reply.sum, kind),
        "min": written(&reply.min, kind),
        "max": written(&reply.max, kind),
        "mean": reply.mean,
        "quantiles": quantiles,
    });
    Document::object(with_info(answer, reply.info.as_ref()))
}
