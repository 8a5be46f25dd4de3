//! `Ingest`: batches and loads.

use std::collections::HashMap;
use std::sync::Arc;

use muster_engine::query::Run;
use muster_proto::v1;
use tonic::{Request, Response, Status, Streaming};
use tonic_types::{ErrorDetails, StatusExt};

use super::service;
use crate::convert::error::OrStatus;
use crate::convert::{batch, error};
use crate::loads;
use crate::shared::Shared;
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
    let space = shared.store.space(&request.space).or_status()?;
    let snapshot = space.snapshot();
    let zone = space.zone_of(&request.zone).or_status()?;
    let tell_new_values = request.tell_new_values;
    let batch = batch::batch_from_wire(snapshot.catalog(), request, &zone).or_status()?;
    let written = space.write(batch, shared.now_unix_ms()).or_status()?;
    let mut reply = batch::written_to_wire(&written);
    if tell_new_values {
        reply.new_values = batch::new_values(&space.snapshot(), &written).or_status()?;
    }
    Ok(reply)
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
