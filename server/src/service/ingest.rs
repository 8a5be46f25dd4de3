//! `Ingest`: batches and loads.

use std::collections::HashMap;
use std::sync::Arc;

use muster_engine::query::Run;
use muster_engine::write::Change;
use muster_proto::v1;
use tonic::{Request, Response, Status, Streaming};
use tonic_types::{ErrorDetails, StatusExt};

use super::{OrStatus, Shared, service};
use crate::convert::{batch, error};
use crate::erasures::Erasure;
use crate::loads;
use crate::spaces::open_for_questions;
use crate::work::Kind;

service! {
    v1::ingest_server::Ingest {}

    async fn write(&self, request: Request<v1::WriteRequest>) -> Result<Response<v1::WriteReply>, Status> {
        let (call, batch) = self.begin(request);
        let _cancel = call.cancel_on_drop();
        call.settle(batch::held_bytes(&batch));
        let shared = Arc::clone(&self.shared);
        self.shared.work.run(Kind::Write, &call, move |run: &Run| write(&shared, batch, run)).await.map(Response::new)
    }

    async fn write_stream(
        &self,
        request: Request<Streaming<v1::WriteRequest>>,
    ) -> Result<Response<v1::WriteStreamReply>, Status> {
        let (call, mut batches) = self.begin(request);
        let _cancel = call.cancel_on_drop();
        let mut sum = v1::WriteStreamReply::default();
        loop {
            let batch = match batches.message().await {
                Ok(Some(batch)) => batch,
                Ok(None) => return Ok(Response::new(sum)),
                Err(status) => return Err(after(&sum, status)),
            };
            call.settle(batch::held_bytes(&batch));
            let shared = Arc::clone(&self.shared);
            let job = move |run: &Run| write(&shared, batch, run);
            match self.shared.work.run(Kind::Write, &call, job).await {
                Ok(written) => batch::add_written(&mut sum, &written),
                Err(status) => return Err(after(&sum, status)),
            }
        }
    }

    async fn infer_load(
        &self,
        request: Request<Streaming<v1::InferLoadRequest>>,
    ) -> Result<Response<v1::InferLoadReply>, Status> {
        let (call, stream) = self.begin(request);
        let _cancel = call.cancel_on_drop();
        loads::infer(&self.shared, stream, &call).await.map(Response::new)
    }

    type LoadStream = loads::LoadEvents;

    async fn load(&self, request: Request<Streaming<v1::LoadRequest>>) -> Result<Response<Self::LoadStream>, Status> {
        let (call, stream) = self.begin(request);
        loads::begin(&self.shared, call, stream).map(Response::new)
    }
}

fn write(shared: &Shared, request: v1::WriteRequest, _: &Run) -> Result<v1::WriteReply, Status> {
    let allowed = shared.config.limits.batch_changes_max;
    let changes = batch::change_count(&request);
    if changes > allowed {
        return Err(error::over_limit("batch_changes_max", changes, allowed));
    }
    let space = shared.spaces.get(&request.space).or_status()?;
    let snapshot = space.engine.snapshot();
    let zone = space.zone_of(&request.zone).or_status()?;
    let tell_new_values = request.tell_new_values;
    let batch = batch::batch_from_wire(snapshot.catalog(), request, &zone).or_status()?;
    let type_id = snapshot.catalog().require_type(&batch.type_name).or_status()?.id;
    let erased = batch.entities.iter().filter(|entity| entity.changes.contains(&Change::Erase));
    let mut erased: Vec<Erasure> = erased
        .map(|entity| Erasure {
            space: space.name.clone(),
            type_name: batch.type_name.clone(),
            type_id,
            key: entity.key.clone(),
            id_epoch: snapshot.id_epoch(),
            version: 0,
            time_unix_ms: shared.now_unix_ms(),
        })
        .collect();
    if erased.is_empty() {
        let written = space.engine.write(batch).or_status()?;
        let mut reply = batch::written_to_wire(&written);
        if tell_new_values {
            reply.new_values = batch::new_values(&space.engine.snapshot(), &written).or_status()?;
        }
        return Ok(reply);
    }
    // A server that only reads does not touch the ledger either.
    let room = match shared.config.read_only {
        true => return Err(error::status(&open_for_questions())),
        false => shared.ledger.make_room(&erased).or_status()?,
    };
    let written = space.engine.write(batch).or_status()?;
    erased.iter_mut().for_each(|erasure| erasure.version = written.seq.0);
    shared.ledger.append(room, &erased).or_status()?;
    Ok(batch::written_to_wire(&written))
}

/// The status of a stream that failed after some batches, which stay applied.
fn after(sum: &v1::WriteStreamReply, status: Status) -> Status {
    let mut details: ErrorDetails = status.get_error_details();
    let mut reason = "STREAM_BROKEN".to_owned();
    let mut metadata = HashMap::new();
    if let Some(info) = details.error_info() {
        reason = info.reason.clone();
        metadata = info.metadata.clone();
    }
    metadata.insert("batches_applied".to_owned(), sum.batches.to_string());
    metadata.insert("version_applied".to_owned(), sum.version.to_string());
    details.set_error_info(reason, error::DOMAIN, metadata);
    let message = format!("batch {}: {}", sum.batches + 1, status.message());
    Status::with_error_details(status.code(), message, details)
}
