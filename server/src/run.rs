//! Serving a directory on a listener until told to stop.

use std::fmt;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use muster_proto::FILE_DESCRIPTOR_SET;
use muster_proto::v1::admin_server::AdminServer;
use muster_proto::v1::catalog_server::CatalogServer;
use muster_proto::v1::ingest_server::IngestServer;
use muster_proto::v1::query_server::QueryServer;
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::oneshot;
use tonic::server::NamedService;
use tonic::service::Routes;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use crate::config::Config;
use crate::incoming::Incoming;
use crate::lingering::Patience;
use crate::receiving::Receiving;
use crate::service::Service;
use crate::serving;
use crate::shared::Shared;

/// How long requests that were cancelled may take to say so, and how long closing may take after that.
const LAST_WORDS: Duration = Duration::from_millis(250);

/// Where requests come from.
#[derive(Debug)]
pub enum Listener {
    /// A TCP port.
    Tcp(TcpListener),
    /// A socket in the file system; whoever may open it may do everything.
    Unix(UnixListener),
}

impl Listener {
    /// Errors: an address that others than this machine's users can reach, unless `config` allows it.
    fn check(&self, config: &Config) -> Result<(), ServeError> {
        let Listener::Tcp(listener) = self else { return Ok(()) };
        let address = listener.local_addr().map_err(ServeError::Listener)?;
        match config.insecure_listen || is_loopback(address.ip()) {
            true => Ok(()),
            false => Err(ServeError::Open(address)),
        }
    }
}

/// Whether only this machine can connect to `ip`.
pub fn is_loopback(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
}

/// Why a server stopped in another way than it was told to.
#[derive(Debug)]
pub enum ServeError {
    /// The directory cannot be used, or a space did not close.
    Store(muster_engine::Error),
    /// Others than this machine's users could connect there, and nobody said that they may.
    Open(SocketAddr),
    /// The listener cannot be used.
    Listener(std::io::Error),
    /// The reflection service does not understand the descriptors, which a test excludes.
    Reflection(String),
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ServeError::Store(error) => write!(f, "{error:#}"),
            ServeError::Open(address) => write!(f, "{}", open_listener(address)),
            ServeError::Listener(error) => write!(f, "cannot use the listener: {error}"),
            ServeError::Reflection(error) => write!(f, "reflection cannot be served: {error}"),
        }
    }
}

impl std::error::Error for ServeError {}

/// Why a server does not begin to listen at `address`, which others can reach.
pub fn open_listener(address: impl fmt::Display) -> String {
    format!(
        "listen on 127.0.0.1 or unix:/path, or add --insecure-listen: whoever can reach {address} could read and \
         change everything, for muster does not ask yet who calls"
    )
}

/// A directory that is open and served to nobody yet, so that what is wrong with it is told before anybody connects.
pub struct Opened {
    shared: Arc<Shared>,
}

impl Opened {
    /// Opens `config.store.data_dir`. The caller sees to it that no other server holds it (see
    /// [`muster_store::Holder`]).
    ///
    /// Errors: the directory cannot be used, or an option is wrong.
    pub fn new(config: Config) -> Result<Opened, ServeError> {
        muster_exchange::quiet_decoders();
        Ok(Opened { shared: Arc::new(Shared::open(config).map_err(ServeError::Store)?) })
    }

    /// Serves it on `listener` until `shutdown` is ready, as [`run`] does.
    pub async fn serve(
        self,
        listener: Listener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), ServeError> {
        listener.check(&self.shared.config)?;
        serve(self.shared, listener, shutdown).await
    }
}

/// Serves `config.store.data_dir` on `listener` until `shutdown` is ready; then shuts down gracefully. Health says not
/// serving, no new connection is made (a socket in the file system goes), running requests may go on for `config.drain`
/// and are cancelled after it, and all spaces are flushed and closed. What does not end half a second after that is
/// left: nothing acknowledged is lost, its log is replayed by the next open. A client whose request was not begun is
/// told so by the end of its connection, and may ask elsewhere.
///
/// The caller sees to it that no other server holds the directory (see [`muster_store::Holder`]).
pub async fn run(
    config: Config,
    listener: Listener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    listener.check(&config)?;
    serve(Opened::new(config)?.shared, listener, shutdown).await
}

async fn serve(
    shared: Arc<Shared>,
    listener: Listener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let drain = shared.config.drain;
    let (mut health, service) = service(&shared).await?;
    let connections = Arc::clone(&shared.connections);
    let patience = Patience { preface: shared.config.limits.preface, idle: shared.config.limits.idle };
    let idle = tokio::spawn(close_idle_spaces(Arc::clone(&shared)));
    let (stopping, waiting) = oneshot::channel::<()>();
    let stopped = async move {
        shutdown.await;
        for name in SERVICE_NAMES {
            say_not_serving(&mut health, name).await;
        }
        let _ = stopping.send(());
    };
    // What ends the server is the end of its connections, after the last that was made in time.
    let limits = &shared.config.limits;
    let serving = async {
        match listener {
            Listener::Tcp(listener) => {
                serving::serve(Incoming::new(listener, connections, patience, stopped), service, limits).await;
            }
            Listener::Unix(listener) => {
                serving::serve(Incoming::new(listener, connections, patience, stopped), service, limits).await;
            }
        }
    };
    let entrance = shared.entrance.clone();
    let drained = async {
        if waiting.await.is_err() {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(drain).await;
        entrance.cancel_all();
        // Who was cancelled can still be told.
        tokio::time::sleep(LAST_WORDS).await;
    };
    let patience = tokio::select! {
        () = serving => drain + LAST_WORDS,
        () = drained => LAST_WORDS,
    };
    idle.abort();
    close(shared, patience).await
}

/// What health is told of: the server, and each of its services.
const SERVICE_NAMES: [&str; 5] = [
    "",
    CatalogServer::<Service>::NAME,
    IngestServer::<Service>::NAME,
    QueryServer::<Service>::NAME,
    AdminServer::<Service>::NAME,
];

/// Says it to who asks, and to who watches; the streams of these end with it, so that they do not hold up the stop.
async fn say_not_serving(health: &mut HealthReporter, name: &str) {
    health.set_service_status(name, ServingStatus::NotServing).await;
    health.clear_service_status(name).await;
    health.set_service_status(name, ServingStatus::NotServing).await;
}

/// Flushes and closes all spaces, as far as that goes within about `patience`.
async fn close(shared: Arc<Shared>, patience: Duration) -> Result<(), ServeError> {
    let closing = tokio::task::spawn_blocking(move || {
        shared.spool.end();
        shared.store.close(patience)
    });
    match tokio::time::timeout(patience + LAST_WORDS, closing).await {
        Ok(closed) => closed
            .unwrap_or_else(|panic| Err(muster_engine::Error::internal(format!("closing failed: {panic}"))))
            .map_err(ServeError::Store),
        Err(_) => {
            tracing::warn!("ended without flushing everything: the next open replays the log");
            Ok(())
        }
    }
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
        let _ = tokio::task::spawn_blocking(move || shared.store.close_idle(idle)).await;
    }
}

async fn service(shared: &Arc<Shared>) -> Result<(HealthReporter, Receiving<Routes>), ServeError> {
    let service = Service::new(Arc::clone(shared));
    let limits = &shared.config.limits;
    // Longer ones are refused before they come so far, in words that name the limit.
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
    let routes = Routes::new(health_service)
        .add_service(reflection)
        .add_service(reflection_of_old)
        .add_service(CatalogServer::new(service.clone()).max_decoding_message_size(other_bytes))
        .add_service(IngestServer::new(service.clone()).max_decoding_message_size(bytes))
        .add_service(QueryServer::new(service.clone()).max_decoding_message_size(other_bytes))
        .add_service(AdminServer::new(service).max_decoding_message_size(other_bytes))
        .prepare();
    Ok((health, Receiving::new(routes, Arc::clone(&shared.memory), limits.clone())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_out_of_others_reach() {
        for near in ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"] {
            assert!(is_loopback(near.parse().unwrap()), "{near}");
        }
        for far in ["0.0.0.0", "::", "10.0.0.1", "192.168.1.2", "fe80::1", "::ffff:10.0.0.1"] {
            assert!(!is_loopback(far.parse().unwrap()), "{far}");
        }
    }

    #[tokio::test]
    async fn a_listener_that_others_can_reach_is_refused_unless_it_is_wanted() {
        let folder = tempfile::tempdir().unwrap();
        let bind = || TcpListener::bind("0.0.0.0:0");
        let config = Config::new(folder.path());
        let refused = run(config.clone(), Listener::Tcp(bind().await.unwrap()), std::future::pending()).await;
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains("--insecure-listen"), "{refused}");
        assert!(!folder.path().join("spaces").exists(), "the store was touched before the refusal");
        let wanted = Config { insecure_listen: true, ..config };
        run(wanted, Listener::Tcp(bind().await.unwrap()), std::future::ready(())).await.unwrap();
    }
}
