//! Serving a directory on a listener until told to stop.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use muster_proto::FILE_DESCRIPTOR_SET;
use muster_proto::v1::admin_server::AdminServer;
use muster_proto::v1::catalog_server::CatalogServer;
use muster_proto::v1::ingest_server::IngestServer;
use muster_proto::v1::query_server::QueryServer;
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::oneshot;
use tonic::transport::Server;
use tonic::transport::server::Router;

use crate::config::Config;
use crate::incoming::Incoming;
use crate::service::{Service, Shared};

/// The window of a stream, so that a load is not held up by round trips.
const STREAM_WINDOW_BYTES: u32 = 8 << 20;

/// Where requests come from.
#[derive(Debug)]
pub enum Listener {
    /// A TCP port.
    Tcp(TcpListener),
    /// A socket in the file system; whoever may open it may do everything.
    Unix(UnixListener),
}

/// Why a server stopped in another way than it was told to.
#[derive(Debug)]
pub enum ServeError {
    /// The directory cannot be used, or a space did not close.
    Store(muster_engine::Error),
    /// The network failed.
    Transport(tonic::transport::Error),
    /// The reflection service does not understand the descriptors, which a test excludes.
    Reflection(String),
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ServeError::Store(error) => write!(f, "{error:#}"),
            ServeError::Transport(error) => write!(f, "the network failed: {error}"),
            ServeError::Reflection(error) => write!(f, "reflection cannot be served: {error}"),
        }
    }
}

impl std::error::Error for ServeError {}

/// Serves `config.data_dir` on `listener` until `shutdown` is ready. Then no new connection is made (a socket in the
/// file system goes), running requests may go on for `config.shutdown_wait`, and all spaces are flushed and closed.
/// A client whose request was not begun is told so by the end of its connection, and may ask elsewhere.
///
/// The caller sees to it that no other server holds the directory (see [`Holder`](crate::Holder)).
pub async fn run(
    config: Config,
    listener: Listener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let shutdown_wait = config.shutdown_wait;
    let shared = Arc::new(Shared::open(config).map_err(ServeError::Store)?);
    let (health, router) = router(&shared).await?;
    let idle = tokio::spawn(close_idle_spaces(Arc::clone(&shared)));
    let (stopping, waiting) = oneshot::channel::<()>();
    let stopped = async move {
        shutdown.await;
        health.set_service_status("", tonic_health::ServingStatus::NotServing).await;
        let _ = stopping.send(());
    };
    // What ends the server is the end of its connections, after the last that was made in time; the signal that tonic
    // wants only makes it wait for the requests that run then.
    let never = std::future::pending();
    let serving = async {
        match listener {
            Listener::Tcp(listener) => {
                router.serve_with_incoming_shutdown(Incoming::new(listener, stopped), never).await
            }
            Listener::Unix(listener) => {
                router.serve_with_incoming_shutdown(Incoming::new(listener, stopped), never).await
            }
        }
    };
    let too_late = async {
        if waiting.await.is_ok() {
            tokio::time::sleep(shutdown_wait).await;
        } else {
            std::future::pending::<()>().await;
        }
    };
    let served = tokio::select! {
        served = serving => served.map_err(ServeError::Transport),
        () = too_late => Ok(()),
    };
    idle.abort();
    let closed = tokio::task::spawn_blocking(move || shared.spaces.close(shutdown_wait))
        .await
        .unwrap_or_else(|panic| Err(muster_engine::Error::internal(format!("closing failed: {panic}"))));
    served.and(closed.map_err(ServeError::Store))
}

/// Closes spaces that nobody uses, again and again.
async fn close_idle_spaces(shared: Arc<Shared>) {
    let idle = shared.config.limits.space_idle;
    if idle.is_zero() {
        return;
    }
    loop {
        tokio::time::sleep(idle.div_f32(2.0)).await;
        let shared = Arc::clone(&shared);
        // A panic has told of itself; the next round tries again.
        let _ = tokio::task::spawn_blocking(move || shared.spaces.close_idle(idle)).await;
    }
}

async fn router(shared: &Arc<Shared>) -> Result<(tonic_health::server::HealthReporter, Router), ServeError> {
    let service = Service::new(Arc::clone(shared));
    let limits = &shared.config.limits;
    let (bytes, other_bytes) = (limits.message_bytes_max, limits.query_message_bytes_max);
    let (health, health_service) = tonic_health::server::health_reporter();
    health.set_serving::<CatalogServer<Service>>().await;
    health.set_serving::<IngestServer<Service>>().await;
    health.set_serving::<QueryServer<Service>>().await;
    health.set_serving::<AdminServer<Service>>().await;
    let described = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let failed = |error: tonic_reflection::server::Error| ServeError::Reflection(error.to_string());
    let reflection = described().build_v1().map_err(failed)?;
    // Clients of several languages still ask in the older form alone.
    let reflection_of_old = described().build_v1alpha().map_err(failed)?;
    let router = Server::builder()
        .tcp_nodelay(true)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(STREAM_WINDOW_BYTES)
        .max_concurrent_streams(limits.streams_max)
        .add_service(health_service)
        .add_service(reflection)
        .add_service(reflection_of_old)
        .add_service(CatalogServer::new(service.clone()).max_decoding_message_size(other_bytes))
        .add_service(IngestServer::new(service.clone()).max_decoding_message_size(bytes))
        .add_service(QueryServer::new(service.clone()).max_decoding_message_size(other_bytes))
        .add_service(AdminServer::new(service).max_decoding_message_size(other_bytes));
    Ok((health, router))
}
