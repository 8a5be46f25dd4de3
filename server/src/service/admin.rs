//! `Admin`: the state of a server and its spaces.

use muster_engine::ids::Seq;
use muster_engine::query::Run;
use muster_proto::v1;
use tonic::Status;

use super::{OrStatus, Shared, service};
use crate::convert::catalog;

service! {
    v1::admin_server::Admin {
        status(StatusRequest) -> StatusReply in Query;
        flush(FlushRequest) -> FlushReply in Write;
        compact(CompactRequest) -> CompactReply in Write;
        sync(SyncRequest) -> SyncReply in Write;
    }
}

fn status(shared: &Shared, request: v1::StatusRequest, _: &Run) -> Result<v1::StatusReply, Status> {
    let space = shared.spaces.get(&request.space).or_status()?;
    let status = space.engine.status();
    let snapshot = space.engine.snapshot();
    let names = snapshot.catalog();
    let mut types = Vec::new();
    for entity_type in names.types() {
        types.push(v1::TypeStatus {
            name: entity_type.name.clone(),
            key_kind: catalog::key_kind_to_wire(entity_type.key).into(),
            live: snapshot.live_count(entity_type.id).or_status()?,
            tags: catalog::saturated(names.tags_of(entity_type.id).count()),
            audiences: catalog::saturated(names.audiences_of(entity_type.id).count()),
        });
    }
    Ok(v1::StatusReply {
        space: space.name.clone(),
        version: status.version.0,
        durable_version: status.durable.0,
        store_id: status.store_id.to_vec(),
        id_epoch: status.id_epoch,
        parts: status.part_files as u64,
        part_bytes: status.part_bytes,
        memory_parts: status.memory_layers as u64,
        memory_bytes: status.memory_bytes,
        log_bytes: status.log_bytes,
        open_ns: status.open_ns,
        read_only_reason: status.fenced.unwrap_or_default(),
        types,
        server_version: env!("CARGO_PKG_VERSION").to_owned(),
        uptime_ms: u64::try_from(shared.started.elapsed().as_millis()).unwrap_or(u64::MAX),
        leases: space.leases.count() as u64,
        now_unix_ms: shared.now_unix_ms(),
        flushed_version: status.flushed.0,
        manifest: status.manifest,
        names_files: status.names_files as u64,
        names_bytes: status.names_bytes,
        loads: status.loads as u64,
        recovered_records: status.recovered_records,
        background_error: status.background_error.unwrap_or_default(),
    })
}

fn flush(shared: &Shared, request: v1::FlushRequest, _: &Run) -> Result<v1::FlushReply, Status> {
    let space = shared.spaces.get(&request.space).or_status()?;
    space.engine.flush().or_status()?;
    Ok(v1::FlushReply { version: space.engine.snapshot().version().0 })
}

fn compact(shared: &Shared, request: v1::CompactRequest, _: &Run) -> Result<v1::CompactReply, Status> {
    let space = shared.spaces.get(&request.space).or_status()?;
    space.engine.compact().or_status()?;
    Ok(v1::CompactReply { version: space.engine.snapshot().version().0 })
}

fn sync(shared: &Shared, request: v1::SyncRequest, _: &Run) -> Result<v1::SyncReply, Status> {
    let space = shared.spaces.get(&request.space).or_status()?;
    let version = request.version.map_or_else(|| space.engine.snapshot().version(), Seq);
    let durable = space.engine.sync(version).or_status()?;
    Ok(v1::SyncReply { durable_version: durable.0 })
}
