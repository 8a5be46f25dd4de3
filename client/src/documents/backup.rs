//! Backups: what was copied of each space.

use muster_proto::v1::BackupReply;
use serde_json::{Value, json};

use super::Document;
use crate::hex::hex;

/// A backup.
pub fn backup(reply: &BackupReply) -> Document {
    let spaces: Vec<Value> = reply
        .spaces
        .iter()
        .map(|it| {
            json!({
                "space": it.space,
                "version": it.version,
                "store_id": hex(&it.store_id),
                "id_epoch": it.id_epoch,
                "files": it.files,
                "bytes": it.bytes,
                "linked": it.linked,
            })
        })
        .collect();
    Document::list(
        json!({"directory": reply.directory, "elapsed_ms": reply.elapsed_ms, "spaces": spaces}),
        "spaces",
        &["space", "version", "store_id", "id_epoch", "files", "bytes", "linked"],
    )
}
