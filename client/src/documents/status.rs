//! The status of a space: version, bytes, types.

use muster_proto::Words;
use muster_proto::v1::StatusReply;
use serde_json::{Value, json};

use super::Document;
use super::types::key_word;
use crate::hex::hex;

/// How a space is.
pub fn status(reply: &StatusReply) -> Document {
    let types: Vec<Value> = reply
        .types
        .iter()
        .map(|found| {
            json!({
                "name": found.name,
                "key": key_word(found.key_kind()),
                "live": found.live,
                "tags": found.tags,
                "audiences": found.audiences,
            })
        })
        .collect();
    Document::object(json!({
        "space": reply.space,
        "version": reply.version,
        "durable_version": reply.durable_version,
        "flushed_version": reply.flushed_version,
        "store_id": hex(&reply.store_id),
        "id_epoch": reply.id_epoch,
        "manifest": reply.manifest,
        "parts": reply.parts,
        "part_bytes": reply.part_bytes,
        "names_files": reply.names_files,
        "names_bytes": reply.names_bytes,
        "memory_parts": reply.memory_parts,
        "memory_bytes": reply.memory_bytes,
        "merged_bitmaps": reply.merged_bitmaps,
        "merged_bytes": reply.merged_bytes,
        "merged_refused": reply.merged_refused,
        "log_bytes": reply.log_bytes,
        "open_ns": reply.open_ns,
        "recovered_records": reply.recovered_records,
        "loads": reply.loads,
        "leases": reply.leases,
        "read_only_reason": reply.read_only_reason,
        "background_error": reply.background_error,
        "dropped_at_open": reply.dropped_at_open,
        "given_up_at_open": reply.given_up_at_open,
        "server_version": reply.server_version,
        "uptime_ms": reply.uptime_ms,
        "durability": reply.durability().word(),
        "sync_interval_ms": reply.sync_interval_ms,
        "zone": reply.zone,
        "types": types,
    }))
}
