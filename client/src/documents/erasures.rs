//! Erasures, with the keys of the ledger: what is written as JSON lines is read by a restore.

use muster_proto::v1::Erasure;
use serde_json::{Value, json};

use super::Document;
use super::value::key;

/// Some erasures.
pub fn erasures(erasures: &[Erasure]) -> Document {
    Document::list(
        json!({"erasures": erasures.iter().map(document).collect::<Vec<Value>>()}),
        "erasures",
        &["space", "type", "type_id", "key", "id_epoch", "version", "time_unix_ms"],
    )
}

fn document(it: &Erasure) -> Value {
    json!({
        "space": it.space,
        "type": it.entity_type,
        "type_id": it.type_id,
        "key": it.key.as_ref().map_or(Value::Null, key),
        "id_epoch": it.id_epoch,
        "version": it.version,
        "time_unix_ms": it.time_unix_ms,
    })
}
