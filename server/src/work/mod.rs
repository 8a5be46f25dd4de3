//! The way from the server's few threads, which must not wait, to the engine, which does: a thread pool in lanes.
//!
//! Each kind of work has a lane of its own, so that none waits behind another kind: what is short, what is long, what
//! writes, loads, and the care of a store. A request waits for a place no longer than its deadline; when its caller
//! goes away, the future is dropped and the engine's flag raised. Nobody waits for a reader with a place in a lane.

mod feed;
mod lane;
mod reader;

use std::time::Duration;

use tonic::Status;

use feed::Feeding;
#[cfg(test)]
pub(crate) use feed::MESSAGES_WAITING;
pub(crate) use feed::{Feed, Source, Weighed};
use lane::Bounds;
pub(crate) use lane::{Lane, Place};
pub(crate) use reader::ReadBy;

use crate::entrance::Call;
use crate::limits::Limits;
use crate::status;

/// A kind of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Bounded by what one entity, the catalog or a short count takes.
    Short,
    /// May look at everything.
    Long,
    /// Batches and changes of the catalog: they wait for the disk together.
    Write,
    /// Loads, and the inference of their mappings.
    Load,
    /// Flush, compaction, sync, backup, the ledger.
    Admin,
}

/// The lanes.
pub(crate) struct Work {
    short: Lane,
    long: Lane,
    write: Lane,
    load: Lane,
    admin: Lane,
    stream_idle: Duration,
}

impl Work {
    pub(crate) fn new(limits: &Limits) -> Work {
        // A lane of `NAME_running_max` and `NAME_waiting_max`.
        macro_rules! lane {
            ($running:ident, $waiting:ident, $share:expr) => {
                Lane::new(Bounds {
                    places: limits.$running,
                    share: $share(limits.$running),
                    waiting_max: limits.$waiting,
                    places_limit: stringify!($running),
                    waiting_limit: stringify!($waiting),
                })
            };
        }
        // Writes share syncs and are short: one caller may have them all but one.
        let all_but_one = |places: usize| places.saturating_sub(1);
        Work {
            short: lane!(short_running_max, short_waiting_max, all_but_one),
            long: lane!(queries_running_max, queries_waiting_max, |_| limits.caller_queries_max),
            write: lane!(writes_running_max, writes_waiting_max, all_but_one),
            load: lane!(loads_running_max, loads_waiting_max, |places| places),
            admin: lane!(admin_running_max, admin_waiting_max, all_but_one),
            stream_idle: limits.stream_idle,
        }
    }

    /// The lane of a kind.
    pub(crate) fn lane(&self, kind: Kind) -> &Lane {
        match kind {
            Kind::Short => &self.short,
            Kind::Long => &self.long,
            Kind::Write => &self.write,
            Kind::Load => &self.load,
            Kind::Admin => &self.admin,
        }
    }

    /// Begins a stream among those of its kind.
    pub(crate) fn feed<S: Source>(&self, kind: Kind, call: Call, source: S) -> Feed<S::Message> {
        let lane = self.lane(kind).clone();
        Feeding { lane, idle: self.stream_idle }.feed(call, source)
    }

    /// Runs `job` on a thread that may wait, when its lane has room. A call may have several jobs.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        kind: Kind,
        call: &Call,
        job: impl FnOnce(&Call) -> Result<T, Status> + Send + 'static,
    ) -> Result<T, Status> {
        let place = self.lane(kind).enter(call.caller().number(), call.deadline()).await?;
        on_thread(call.clone(), place, |call, _| job(call)).await
    }
}

/// Runs `job` on a thread that may wait, with a place that it may give back.
pub(crate) async fn on_thread<T: Send + 'static>(
    call: Call,
    place: Place,
    job: impl FnOnce(&Call, &mut Option<Place>) -> Result<T, Status> + Send + 'static,
) -> Result<T, Status> {
    let task = tokio::task::spawn_blocking(move || {
        let mut place = Some(place);
        job(&call, &mut place)
    });
    task.await.unwrap_or_else(|panic| Err(panicked(&panic)))
}

/// The status of a request that failed by our own fault.
fn panicked(panic: &tokio::task::JoinError) -> Status {
    tracing::error!(%panic, "a request panicked");
    status::of(&muster_engine::Error::internal("the request failed inside the server"))
}
