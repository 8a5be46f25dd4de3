//! `Admin`: the state of a server and its spaces.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Instant;

use muster_engine::Seq;
use muster_engine::query::Run;
use muster_proto::v1;
use muster_store::{Erasure, Reading};
use prost::Message;
use tonic::{Code, Request, Response, Status};

use super::service;
use crate::convert::error::OrStatus;
use crate::convert::{catalog, durability, error, value};
use crate::shared::Shared;
use crate::work::{Feed, Kind, Source, Weighed};

/// Erasures of one message.
const MESSAGE_ERASURES_MAX: usize = 1_000;

service! {
    v1::admin_server::Admin {
        status(StatusRequest) -> StatusReply in Short;
        flush(FlushRequest) -> FlushReply in Admin;
        compact(CompactRequest) -> CompactReply in Admin;
        sync(SyncRequest) -> SyncReply in Admin;
        backup(BackupRequest) -> BackupReply in Admin;
    }

    type ErasuresStream = Feed<v1::ErasuresReply>;

    async fn erasures(
        &self,
        request: Request<v1::ErasuresRequest>,
    ) -> Result<Response<Self::ErasuresStream>, Status> {
        let (call, request) = self.begin(request);
        let reading = self.shared.store.erasures();
        let source = Erased { request, reading };
        Ok(Response::new(self.shared.work.feed(Kind::Admin, call, source)))
    }
}

/// What the ledger holds, as far as it is asked for.
struct Erased {
    request: v1::ErasuresRequest,
    reading: Reading,
}

impl Source for Erased {
    type Message = v1::ErasuresReply;

    fn next(&mut self, run: &Run) -> Result<Option<Weighed<v1::ErasuresReply>>, Status> {
        let mut found = Vec::new();
        let mut bytes = 0;
        while found.len() < MESSAGE_ERASURES_MAX
            && let Some(erasure) = self.reading.next_erasure().or_status()?
        {
            run.look().or_status()?;
            let is_of_space = self.request.space.is_empty() || self.request.space == erasure.space;
            if erasure.version > self.request.since && is_of_space {
                let erasure = erasure_to_wire(erasure);
                bytes += (size_of::<v1::Erasure>() + erasure.encoded_len()) as u64;
                found.push(erasure);
            }
        }
        let message = (!found.is_empty()).then_some(v1::ErasuresReply { erasures: found });
        Ok(message.map(|message| Weighed { message, bytes }))
    }
}

fn status(shared: &Shared, request: v1::StatusRequest, _: &Run) -> Result<v1::StatusReply, Status> {
    let space = shared.store.space(&request.space).or_status()?;
    let status = space.status();
    let snapshot = space.snapshot();
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
        calls: shared.work.calls.count() as u64,
        queries_running: running as u64,
        queries_waiting: waiting as u64,
        loads_open: shared.loads_open.load(Ordering::Relaxed) as u64,
        memory_bytes: shared.memory.taken(),
    }
}

fn flush(shared: &Shared, request: v1::FlushRequest, _: &Run) -> Result<v1::FlushReply, Status> {
    let space = shared.store.space(&request.space).or_status()?;
    space.flush().or_status()?;
    Ok(v1::FlushReply { version: space.snapshot().version().0 })
}

fn compact(shared: &Shared, request: v1::CompactRequest, _: &Run) -> Result<v1::CompactReply, Status> {
    let space = shared.store.space(&request.space).or_status()?;
    space.compact().or_status()?;
    Ok(v1::CompactReply { version: space.snapshot().version().0 })
}

fn sync(shared: &Shared, request: v1::SyncRequest, _: &Run) -> Result<v1::SyncReply, Status> {
    let space = shared.store.space(&request.space).or_status()?;
    let version = request.version.map_or_else(|| space.snapshot().version(), Seq);
    let durable = space.sync(version).or_status()?;
    Ok(v1::SyncReply { durable_version: durable.0 })
}

fn backup(shared: &Shared, request: v1::BackupRequest, _: &Run) -> Result<v1::BackupReply, Status> {
    let started = Instant::now();
    let to = Path::new(&request.directory);
    if !to.is_absolute() || !may_write(shared, to) {
        let whole = shared.config.backup_dirs.first().filter(|_| to.is_relative()).map(|dir| dir.join(to));
        let whole = whole.map(|path| format!(", such as {}", path.display())).unwrap_or_default();
        let message = format!(
            "name a directory below one that the server was given with --backup-dir, by its whole path{whole}, not {}",
            request.directory
        );
        return Err(error::refuse(Code::PermissionDenied, "PATH_NOT_ALLOWED", message));
    }
    let copies = shared.store.back_up(&request.spaces, to).or_status()?;
    let spaces = copies.into_iter().map(|(space, copied)| v1::SpaceBackup {
        space,
        version: copied.version.0,
        store_id: copied.store_id.to_vec(),
        id_epoch: copied.id_epoch,
        files: copied.files,
        bytes: copied.bytes,
        linked: copied.linked,
    });
    Ok(v1::BackupReply {
        directory: request.directory,
        spaces: spaces.collect(),
        elapsed_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
    })
}

/// Whether a backup may go to `to`: its nearest directory that exists lies in a backup directory, links resolved.
fn may_write(shared: &Shared, to: &Path) -> bool {
    let config = &shared.config;
    let is_plain = to.components().all(|it| it != std::path::Component::ParentDir);
    let nearest = to.ancestors().skip(1).find_map(|parent| parent.canonicalize().ok());
    let is_inside = nearest.is_some_and(|nearest| {
        config.backup_dirs.iter().any(|dir| dir.canonicalize().is_ok_and(|dir| nearest.starts_with(dir)))
    });
    config.local_files || is_plain && is_inside
}

fn erasure_to_wire(erasure: Erasure) -> v1::Erasure {
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
