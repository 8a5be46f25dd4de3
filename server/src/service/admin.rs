//! `Admin`: the state of a server and its spaces.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use muster_engine::Seq;
use muster_proto::v1;
use muster_store::Reading;
use prost::Message;
use tonic::{Code, Request, Response, Status};

use super::service;
use crate::convert::admin as convert;
use crate::entrance::Call;
use crate::shared::Shared;
use crate::status::{self, OrStatus};
use crate::view::{View, find_space};
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
        let reading = self.shared.store.erasures();
        Ok(self.stream("erasures", Kind::Admin, request, |request| Erased { request, reading }))
    }
}

/// What the ledger holds, as far as it is asked for.
struct Erased {
    request: v1::ErasuresRequest,
    reading: Reading,
}

impl Source for Erased {
    type Message = v1::ErasuresReply;

    fn next(&mut self, call: &Call) -> Result<Option<Weighed<v1::ErasuresReply>>, Status> {
        let mut found = Vec::new();
        let mut bytes = 0;
        while found.len() < MESSAGE_ERASURES_MAX
            && let Some(erasure) = self.reading.next_erasure().or_status()?
        {
            call.look()?;
            let is_of_space = self.request.space.is_empty() || self.request.space == erasure.space;
            if erasure.version > self.request.since && is_of_space {
                let erasure = convert::erasure_to_wire(erasure);
                bytes += (size_of_val(&erasure) + erasure.encoded_len()) as u64;
                found.push(erasure);
            }
        }
        let message = (!found.is_empty()).then_some(v1::ErasuresReply { erasures: found });
        Ok(message.map(|message| Weighed { message, bytes }))
    }
}

fn status(shared: &Shared, request: v1::StatusRequest, call: &Call) -> Result<v1::StatusReply, Status> {
    convert::status(shared, &View::of(shared, call, &request.space)?).or_status()
}

fn flush(shared: &Shared, request: v1::FlushRequest, call: &Call) -> Result<v1::FlushReply, Status> {
    let space = find_space(shared, call, &request.space)?;
    space.flush().or_status()?;
    Ok(v1::FlushReply { version: View::new(space, call).snapshot().version().0 })
}

fn compact(shared: &Shared, request: v1::CompactRequest, call: &Call) -> Result<v1::CompactReply, Status> {
    let space = find_space(shared, call, &request.space)?;
    space.compact().or_status()?;
    Ok(v1::CompactReply { version: View::new(space, call).snapshot().version().0 })
}

fn sync(shared: &Shared, request: v1::SyncRequest, call: &Call) -> Result<v1::SyncReply, Status> {
    let space = find_space(shared, call, &request.space)?;
    let newest = || View::new(Arc::clone(&space), call).snapshot().version();
    let version = request.version.map_or_else(newest, Seq);
    let durable = space.sync(version).or_status()?;
    Ok(v1::SyncReply { durable_version: durable.0 })
}

fn backup(shared: &Shared, request: v1::BackupRequest, _: &Call) -> Result<v1::BackupReply, Status> {
    let started = Instant::now();
    let to = Path::new(&request.directory);
    if !to.is_absolute() || !may_write(shared, to) {
        let whole = shared.config.backup_dirs.first().filter(|_| to.is_relative()).map(|dir| dir.join(to));
        let whole = whole.map(|path| format!(", such as {}", path.display())).unwrap_or_default();
        let message = format!(
            "name a directory below one that the server was given with --backup-dir, by its whole path{whole}, not {}",
            request.directory
        );
        return Err(status::refuse(Code::PermissionDenied, "PATH_NOT_ALLOWED", message));
    }
    let copies = shared.store.back_up(&request.spaces, to).or_status()?;
    Ok(v1::BackupReply {
        directory: request.directory,
        spaces: copies.into_iter().map(|(space, copied)| convert::backup_to_wire(space, copied)).collect(),
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
