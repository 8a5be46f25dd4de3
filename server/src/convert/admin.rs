//! The state of a server and its spaces, backups, the ledger.

use std::sync::atomic::Ordering;

use muster_engine::Result;
use muster_engine::backup::Copied;
use muster_proto::v1;
use muster_store::Erasure;

use super::catalog::{key_kind_to_wire, saturated};
use super::{durability, value};
use crate::shared::Shared;
use crate::view::View;
use crate::work::Kind;

/// The state of the space of `view`, and of the server.
pub(crate) fn status(shared: &Shared, view: &View) -> Result<v1::StatusReply> {
    let space = view.space();
    let status = space.status();
    let mut types = Vec::new();
    for entity_type in view.types() {
        types.push(v1::TypeStatus {
            name: entity_type.name.clone(),
            key_kind: key_kind_to_wire(entity_type.key).into(),
            live: view.snapshot().live_count(entity_type.id)?,
            tags: saturated(view.tags_of(entity_type.id).count()),
            audiences: saturated(view.audiences_of(entity_type.id).count()),
        });
    }
    Ok(v1::StatusReply {
        space: space.name().to_owned(),
        version: status.version.0,
        durable_version: status.durable.0,
        store_id: status.store_id.to_vec(),
        id_epoch: status.id_epoch,
        parts: status.part_files as u64,
        part_bytes: status.part_bytes,
        memory_parts: status.memory_layers as u64,
        memory_bytes: status.memory_bytes,
        merged_bitmaps: status.merged.bitmaps,
        merged_bytes: status.merged.bytes,
        merged_refused: status.merged.refused,
        dropped_at_open: status.dropped,
        given_up_at_open: status.discarded.unwrap_or_default(),
        zone: space.zone().name().to_owned(),
        log_bytes: status.log_bytes,
        open_ns: status.open_ns,
        read_only_reason: status.fenced.unwrap_or_default(),
        types,
        server_version: env!("CARGO_PKG_VERSION").to_owned(),
        uptime_ms: u64::try_from(shared.started.elapsed().as_millis()).unwrap_or(u64::MAX),
        leases: space.leases().count() as u64,
        now_unix_ms: shared.now_unix_ms(),
        flushed_version: status.flushed.0,
        manifest: status.manifest,
        names_files: status.names_files as u64,
        names_bytes: status.names_bytes,
        loads: status.loads as u64,
        recovered_records: status.recovered_records,
        background_error: status.background_error.unwrap_or_default(),
        durability: durability::to_wire(space.durability()).into(),
        sync_interval_ms: space.sync_interval_ms(),
        server: Some(server_load(shared)),
    })
}

fn server_load(shared: &Shared) -> v1::ServerLoad {
    let (running, waiting) = shared.work.lane(Kind::Long).load();
    v1::ServerLoad {
        connections: shared.connections.count() as u64,
        calls: shared.entrance.count() as u64,
        queries_running: running as u64,
        queries_waiting: waiting as u64,
        loads_open: shared.loads_open.load(Ordering::Relaxed) as u64,
        memory_bytes: shared.memory.taken(),
    }
}

/// The copy of one space.
pub(crate) fn backup_to_wire(space: String, copied: Copied) -> v1::SpaceBackup {
    v1::SpaceBackup {
        space,
        version: copied.version.0,
        store_id: copied.store_id.to_vec(),
        id_epoch: copied.id_epoch,
        files: copied.files,
        bytes: copied.bytes,
        linked: copied.linked,
    }
}

/// A line of the ledger.
pub(crate) fn erasure_to_wire(erasure: Erasure) -> v1::Erasure {
    v1::Erasure {
        key: Some(value::key_to_wire(&erasure.key)),
        space: erasure.space,
        entity_type: erasure.type_name,
        type_id: erasure.type_id.0,
        id_epoch: erasure.id_epoch,
        version: erasure.version,
        time_unix_ms: erasure.time_unix_ms,
    }
}
