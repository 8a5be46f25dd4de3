//! Loads: a file arrives, or is named by its path, and is read on a thread of its own.

mod events;
mod guess;
mod job;
mod source;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use muster_engine::Error;
use muster_proto::v1;
use tonic::{Status, Streaming};

use crate::convert::loads as convert;
use crate::entrance::Call;
use crate::shared::Shared;
use crate::status::{self, OrStatus};
use crate::view::View;
use crate::work::{Kind, Place, on_thread};
use events::Events;
pub(crate) use events::LoadEvents;
use guess::Wish;
use job::Job;
#[cfg(test)]
use source::Source;
use source::{arrived, named};

/// Bytes between two reports of how much has arrived.
const REPORT_BYTES: u64 = 16 << 20;

/// One of the loads that are open at once, from its first message to the last event that is read.
struct Opened(Arc<Shared>);

impl Opened {
    /// Errors: busy, when there are too many: each holds a file or a thread.
    fn new(shared: &Arc<Shared>, call: &Call) -> Result<Opened, Status> {
        let allowed = call.limits().loads_open_max;
        if shared.loads_open.fetch_add(1, Ordering::Relaxed) >= allowed {
            shared.loads_open.fetch_sub(1, Ordering::Relaxed);
            let message = format!("ask again when another load has ended: {allowed} are open (loads_open_max)");
            return Err(status::of(&Error::busy(message)));
        }
        Ok(Opened(Arc::clone(shared)))
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.0.loads_open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Proposes a mapping.
pub(crate) async fn infer(
    shared: &Arc<Shared>,
    mut stream: Streaming<v1::InferLoadRequest>,
    call: Call,
) -> Result<v1::InferLoadReply, Status> {
    let _opened = Opened::new(shared, &call)?;
    let header = convert::infer_header(stream.message().await?)?;
    let file = header.file.clone().unwrap_or_default();
    let source = match named(shared, &file.path)? {
        Some(source) => source,
        None => {
            let mut incoming = shared.spool.begin().await.or_status()?;
            while let Some(bytes) = convert::infer_bytes(stream.message().await?)? {
                incoming.append(&bytes).await.or_status()?;
            }
            arrived(incoming.finish().await, file.name)?
        }
    };
    let owned = Arc::clone(shared);
    let job = move |call: &Call| {
        let view = View::of(&owned, call, &header.space)?;
        let wish = Wish {
            entity_type: &header.entity_type,
            key_column: &header.key_column,
            encoding: &header.encoding,
            load_bytes_max: owned.config.store.engine.load_bytes_max,
        };
        guess::guess(&view, &source, wish, call).map(|inference| convert::inference_to_wire(&inference))
    };
    shared.work.run(Kind::Load, &call, job).await
}

/// How many rows a guess looks at in a file of this machine.
#[cfg(test)]
pub(crate) fn guessed(view: &View, path: &std::path::Path, call: &Call) -> Result<u64, Status> {
    let wish = Wish { entity_type: "", key_column: "", encoding: "", load_bytes_max: 1 << 29 };
    guess::guess(view, &Source::of(path), wish, call).map(|inference| inference.rows_looked_at)
}

/// Begins a load, and gives what it says up to its result.
pub(crate) fn begin(
    shared: &Arc<Shared>,
    call: Call,
    stream: Streaming<v1::LoadRequest>,
) -> Result<LoadEvents, Status> {
    let opened = Opened::new(shared, &call).inspect_err(|refused| call.ended::<()>(&Err(refused.clone())))?;
    let (events, heard) = events::channel(&call);
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        let outcome = load(&shared, stream, &call, &events).await;
        call.ended(&outcome);
        if let Err(status) = outcome {
            events.fail(status);
        }
        drop(opened);
    });
    Ok(heard)
}

async fn load(
    shared: &Arc<Shared>,
    mut stream: Streaming<v1::LoadRequest>,
    call: &Call,
    events: &Events,
) -> Result<(), Status> {
    let started = Instant::now();
    let header = convert::load_header(stream.message().await?)?;
    let file = header.file.clone().unwrap_or_default();
    let source = match named(shared, &file.path)? {
        Some(source) => source,
        None => {
            let mut incoming = shared.spool.begin().await.or_status()?;
            let mut reported = 0;
            // A caller that went away leaves the stream with an error.
            while let Some(bytes) = convert::load_bytes(stream.message().await?)? {
                incoming.append(&bytes).await.or_status()?;
                if incoming.bytes() - reported >= REPORT_BYTES {
                    reported = incoming.bytes();
                    events.offer(convert::receiving(reported, file.bytes_total, started));
                }
            }
            arrived(incoming.finish().await, file.name)?
        }
    };
    let events = events.clone();
    let owned = Arc::clone(shared);
    let lane = shared.work.lane(Kind::Load).clone();
    let place = lane.enter(call.caller().number(), call.deadline()).await?;
    let job = move |call: &Call, place: &mut Option<Place>| {
        let events = events.in_lane(lane, call, place);
        Job::new(&owned, header, &source, started, events).run()
    };
    on_thread(call.clone(), place, job).await
}
