//! `Ingest`: batches and loads.

use std::collections::HashMap;
use std::sync::Arc;

use muster_proto::v1;
use tonic::{Request, Response, Status, Streaming};
use tonic_types::{ErrorDetails, StatusExt};

use super::{Service, service};
use crate::convert::batch;
use crate::entrance::Call;
use crate::loads;
use crate::shared::Shared;
use crate::status::{self, OrStatus};
use crate::view::View;
use crate::work::Kind;

service! {
    v1::ingest_server::Ingest {}

    async fn write(&self, request: Request<v1::WriteRequest>) -> Result<Response<v1::WriteReply>, Status> {
        self.shared.entrance.answer("write", request, |call, batch| self.write_batch(call, batch)).await
    }

    async fn write_stream(
        &self,
        request: Request<Streaming<v1::WriteRequest>>,
    ) -> Result<Response<v1::WriteStreamReply>, Status> {
        self.shared.entrance.answer("write_stream", request, |call, batches| self.write_batches(call, batches)).await
    }

    async fn infer_load(
        &self,
        request: Request<Streaming<v1::InferLoadRequest>>,
    ) -> Result<Response<v1::InferLoadReply>, Status> {
        let entrance = &self.shared.entrance;
        entrance.answer("infer_load", request, |call, stream| loads::infer(&self.shared, stream, call)).await
    }

    type LoadStream = loads::LoadEvents;

    async fn load(&self, request: Request<Streaming<v1::LoadRequest>>) -> Result<Response<Self::LoadStream>, Status> {
        let (call, stream) = self.shared.entrance.admit("load", request);
        loads::begin(&self.shared, call, stream).map(Response::new)
    }
}

impl Service {
    async fn write_batch(&self, call: Call, batch: v1::WriteRequest) -> Result<v1::WriteReply, Status> {
        call.settle(batch::held_bytes(&batch));
        let shared = Arc::clone(&self.shared);
        self.shared.work.run(Kind::Write, &call, move |call| write(&shared, batch, call)).await
    }

    async fn write_batches(
        &self,
        call: Call,
        mut batches: Streaming<v1::WriteRequest>,
    ) -> Result<v1::WriteStreamReply, Status> {
        let mut sum = v1::WriteStreamReply::default();
        loop {
            let batch = match batches.message().await {
                Ok(Some(batch)) => batch,
                Ok(None) => return Ok(sum),
                Err(status) => return Err(after(&sum, status)),
            };
            match self.write_batch(call.clone(), batch).await {
                Ok(written) => batch::add_written(&mut sum, &written),
                Err(status) => return Err(after(&sum, status)),
            }
        }
    }
}

fn write(shared: &Shared, request: v1::WriteRequest, call: &Call) -> Result<v1::WriteReply, Status> {
    let allowed = call.limits().batch_changes_max;
    let changes = batch::change_count(&request);
    if changes > allowed {
        return Err(status::over_limit("batch_changes_max", changes, allowed));
    }
    let view = View::of(shared, call, &request.space)?;
    let zone = view.space().zone_of(&request.zone).or_status()?;
    let tell_new_values = request.tell_new_values;
    let batch = batch::batch_from_wire(&view, request, &zone).or_status()?;
    let written = view.space().write(batch, shared.now_unix_ms()).or_status()?;
    let mut reply = batch::written_to_wire(&written);
    if tell_new_values {
        reply.new_values = batch::new_values(&view.renewed(), &written).or_status()?;
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
    details.set_error_info(reason, status::DOMAIN, metadata);
    let message = format!("batch {}: {}", sum.batches + 1, status.message());
    Status::with_error_details(status.code(), message, details)
}
