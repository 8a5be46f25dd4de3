//! The four services: what comes in, which lane it takes, what goes out.

mod admin;
mod asked;
mod audience;
mod catalog;
mod ingest;
mod members;
mod membership;
mod query;

use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use muster_engine::query::Run;
use tonic::{Request, Response, Status};

use crate::config::Config;
use crate::convert::error;
use crate::erasures::Ledger;
use crate::files::Access;
use crate::spaces::Spaces;
use crate::spool::Spool;
use crate::work::{self, Lane, Work};

pub(crate) use asked::Asked;

/// What all requests share.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) spaces: Spaces,
    pub(crate) spool: Spool,
    pub(crate) ledger: Ledger,
    pub(crate) work: Work,
    pub(crate) started: Instant,
}

impl Shared {
    pub(crate) fn open(config: Config) -> muster_engine::Result<Shared> {
        let access = Access::of(config.engine.shared_files);
        let (data_dir, upload_bytes_max) = (&config.data_dir, config.limits.upload_bytes_max);
        let ledger = config.ledger_path();
        // They make the directory, if need be, in which the others lie.
        let spaces = Spaces::new(&config)?;
        let (spool, ledger) = match config.read_only {
            true => (Spool::unused(data_dir, upload_bytes_max, access), Ledger::new(ledger, access)),
            false => (Spool::new(data_dir, upload_bytes_max, access)?, Ledger::open(ledger, access)?),
        };
        Ok(Shared { spaces, spool, ledger, work: Work::new(&config.limits), started: Instant::now(), config })
    }

    /// Milliseconds since 1970-01-01T00:00:00Z. Each request reads the clock once.
    pub(crate) fn now_unix_ms(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }
}

/// The services of one server. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Service {
    shared: Arc<Shared>,
}

impl Service {
    pub(crate) fn new(shared: Arc<Shared>) -> Service {
        Service { shared }
    }

    /// Answers a unary request in `lane`.
    async fn answer<Q, R>(
        &self,
        lane: Lane,
        request: Request<Q>,
        answer: impl FnOnce(&Shared, Q, &Run) -> Result<R, Status> + Send + 'static,
    ) -> Result<Response<R>, Status>
    where
        Q: Send + 'static,
        R: Send + 'static,
    {
        let deadline = work::deadline(request.metadata());
        let shared = Arc::clone(&self.shared);
        let message = request.into_inner();
        let job = move |run: &Run| answer(&shared, message, run);
        self.shared.work.run(lane, deadline, job).await.map(Response::new)
    }
}

/// An engine's result as a service's.
trait OrStatus<T> {
    fn or_status(self) -> Result<T, Status>;
}

impl<T> OrStatus<T> for muster_engine::Result<T> {
    fn or_status(self) -> Result<T, Status> {
        self.map_err(|error| error::status(&error))
    }
}

/// A service whose unary methods are functions of the same name beside it; what is not unary follows as it is.
macro_rules! service {
    ($service:path { $($name:ident($request:ident) -> $reply:ident in $lane:ident;)* } $($streams:tt)*) => {
        #[tonic::async_trait]
        impl $service for $crate::service::Service {
            $(async fn $name(
                &self,
                request: tonic::Request<v1::$request>,
            ) -> Result<tonic::Response<v1::$reply>, tonic::Status> {
                self.answer($crate::work::Lane::$lane, request, $name).await
            })*
            $($streams)*
        }
    };
}
use service;
