//! Bulk loads: what one came to, and the mapping that is proposed for a file.

use muster_proto::Words;
use muster_proto::v1::{InferLoadReply, LoadNote, LoadResult, RejectKind, TagEffect};
use serde_json::{Value, json};

use super::Document;

/// What a load came to.
pub fn load(result: &LoadResult) -> Document {
    Document::object(json!({
        "type": result.entity_type,
        "load_id": result.load_id,
        "version": result.version,
        "rows": result.rows,
        "rows_written": result.rows_written,
        "new_entities": result.new_entities,
        "rejected": result.rejected,
        "repeated": result.repeated,
        "dry_run": result.dry_run,
        "new_tags": result.new_tags,
        "elapsed_ms": result.elapsed_ms,
        "effects": result.effects.iter().map(effect).collect::<Vec<_>>(),
        "notes": notes(&result.notes),
    }))
}

fn effect(effect: &TagEffect) -> Value {
    json!({
        "tag": effect.tag,
        "mode": effect.mode().word(),
        "before": effect.before,
        "after": effect.after,
        "set": effect.set,
        "kept": effect.kept,
        "removed": effect.removed,
    })
}

/// A mapping that is proposed, and what the first rows come to with it.
pub fn proposal(reply: &InferLoadReply) -> Document {
    Document::object(json!({
        "mapping_toml": reply.mapping_toml,
        "rows_sampled": reply.rows_sampled,
        "rows_total": reply.rows_total,
        "rows_loaded": reply.rows_loaded,
        "rows_rejected": reply.rows_rejected,
        "rejects": reply.reject_kinds.iter().map(reject_kind).collect::<Vec<_>>(),
        "key_doubt": (!reply.key_doubt.is_empty()).then_some(&reply.key_doubt),
        "encoding_doubt": (!reply.encoding_doubt.is_empty()).then_some(&reply.encoding_doubt),
        "notes": notes(&reply.notes),
    }))
}

fn notes(notes: &[LoadNote]) -> Value {
    notes.iter().map(|note| json!({"column": note.column, "message": note.message})).collect()
}

fn reject_kind(kind: &RejectKind) -> Value {
    let example = kind.example.clone().unwrap_or_default();
    json!({
        "column": kind.column,
        "reason": kind.reason,
        "rows": kind.rows,
        "line": example.line,
        "raw": example.raw,
    })
}
