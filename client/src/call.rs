//! One connection (channel) and the calls over it: each with a deadline, and retries where they are safe.

use std::future::Future;
use std::time::{Duration, Instant};

use muster_proto::v1::admin_client::AdminClient;
use muster_proto::v1::catalog_client::CatalogClient;
use muster_proto::v1::ingest_client::IngestClient;
use muster_proto::v1::query_client::QueryClient;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Response, Status};

use crate::address::Address;
use crate::error::{ClientError, Delivery};
use crate::options::ClientOptions;
use crate::stream::{Connector, Stream};

/// The most bytes of headers that a reply may have: a refusal carries its details there.
const HEADER_BYTES_MAX: u32 = 256 << 10;
/// The window of a stream, so that a load is not held up by round trips.
const STREAM_WINDOW_BYTES: u32 = 2 << 20;
/// The window of a connection: streams that nobody reads leave room for other calls.
const CONNECTION_WINDOW_BYTES: u32 = 32 << 20;

/// The longest wait that a server is told; gRPC has eight digits for it, and nobody waits that long.
const TIMEOUT_MAX: Duration = Duration::from_hours(30 * 24);

/// Whether a call may be made twice.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// It changes nothing, or its repeat is recognised.
    Safe,
    /// A second one might change something again.
    Never,
}

/// The server's name in requests whose connections are made elsewhere; nobody looks it up.
const AUTHORITY: &str = "http://muster.invalid";

/// A connection to a server. Cheap to clone; the clones share it. All calls may run at once.
#[derive(Clone, Debug)]
pub struct Client {
    channel: Channel,
    options: ClientOptions,
}

impl Client {
    /// Connects to a server at one address.
    ///
    /// Errors: unreachable when nobody listens there, usage when it is no address.
    pub async fn connect(address: Address, options: ClientOptions) -> Result<Client, ClientError> {
        address.checked()?;
        let target = address.clone();
        Client::over(options, move || {
            let address = target.clone();
            async move { Stream::connect(&address).await }
        })
        .await
    }

    /// Connects through `connect`, now and again whenever the connection has ended: what serves the data may have
    /// moved. A call that the old connection surely never passed on is made again over the new one.
    ///
    /// Errors: those of `connect`; unreachable when it takes longer than the options allow.
    pub async fn over<F, Fut>(options: ClientOptions, connect: F) -> Result<Client, ClientError>
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Stream, ClientError>> + Send + 'static,
    {
        let endpoint = Endpoint::from_static(AUTHORITY)
            .tcp_nodelay(true)
            .initial_stream_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .http2_max_header_list_size(HEADER_BYTES_MAX);
        let connecting = connect_first(&endpoint, &options, Connector::new(connect));
        let channel = tokio::time::timeout(options.connect_timeout, connecting)
            .await
            .map_err(|_| ClientError::unreachable("the server does not answer"))??;
        Ok(Client { channel, options })
    }

    /// How the client behaves.
    pub fn options(&self) -> &ClientOptions {
        &self.options
    }

    /// The same connection with another deadline for its calls, streams and loads as a whole included.
    pub fn with_deadline(&self, deadline: Option<Duration>) -> Client {
        let mut client = self.clone();
        client.options.deadline = deadline;
        client.options.stream_deadline = deadline;
        client
    }

    /// The request of a stream, and until when it may take. The server is told, too: it must not go on for nobody.
    pub(crate) fn stream_request<Q>(&self, message: Q) -> (Request<Q>, Option<Instant>) {
        let mut request = Request::new(message);
        let deadline = self.options.stream_deadline;
        if let Some(deadline) = deadline {
            request.set_timeout(deadline.min(TIMEOUT_MAX));
        }
        (request, deadline.map(|deadline| Instant::now() + deadline))
    }

    pub(crate) fn catalog(&self) -> CatalogClient<Channel> {
        CatalogClient::new(self.channel.clone()).max_decoding_message_size(self.options.message_bytes_max)
    }

    pub(crate) fn ingest(&self) -> IngestClient<Channel> {
        IngestClient::new(self.channel.clone()).max_decoding_message_size(self.options.message_bytes_max)
    }

    pub(crate) fn query(&self) -> QueryClient<Channel> {
        QueryClient::new(self.channel.clone()).max_decoding_message_size(self.options.message_bytes_max)
    }

    pub(crate) fn admin(&self) -> AdminClient<Channel> {
        AdminClient::new(self.channel.clone()).max_decoding_message_size(self.options.message_bytes_max)
    }

    /// Makes a unary call. One deadline covers all tries and the waits between them.
    pub(crate) async fn unary<Q, R, F, Fut>(&self, repeat: Repeat, message: Q, call: F) -> Result<R, ClientError>
    where
        Q: Clone,
        F: Fn(Request<Q>) -> Fut,
        Fut: Future<Output = Result<Response<R>, Status>>,
    {
        let started = Instant::now();
        let mut wait = self.options.retry_wait;
        let mut tries_left = self.options.retries_max;
        loop {
            let mut request = Request::new(message.clone());
            if let Some(deadline) = self.options.deadline {
                let left = deadline.saturating_sub(started.elapsed());
                // A quick server would answer before the timers notice.
                if left.is_zero() {
                    return Err(deadline_over());
                }
                request.set_timeout(left.min(TIMEOUT_MAX));
            }
            let mut error = match call(request).await {
                Ok(response) => return Ok(response.into_inner()),
                Err(status) => ClientError::from(status),
            };
            // Both ends cut a call off when its time is over, and each names that in its own way.
            let is_over = |deadline| started.elapsed() >= deadline;
            let cut_off = error.code == Code::Cancelled || error.delivery != Delivery::Answered;
            if cut_off && self.options.deadline.is_some_and(is_over) {
                error = deadline_over();
            }
            let pause = with_jitter(wait, fastrand::f64());
            let in_time = self.options.deadline.is_none_or(|deadline| started.elapsed() + pause < deadline);
            let again = match error.delivery {
                Delivery::Unsent => true,
                Delivery::Unknown => repeat == Repeat::Safe,
                Delivery::Answered => repeat == Repeat::Safe && error.code == Code::Unavailable,
            };
            if !again || tries_left == 0 || !in_time {
                return Err(error);
            }
            tokio::time::sleep(pause).await;
            tries_left -= 1;
            wait = (wait * 2).min(self.options.retry_wait_max);
        }
    }
}

/// The first connection. A server that goes away may still take one and close it before the greeting, so what broke
/// there is tried again as a call would be; a connection that `connector` could not make is not.
async fn connect_first(
    endpoint: &Endpoint,
    options: &ClientOptions,
    connector: Connector,
) -> Result<Channel, ClientError> {
    let mut wait = options.retry_wait;
    let mut tries_left = options.retries_max;
    loop {
        match endpoint.connect_with_connector(connector.clone()).await {
            Ok(channel) => return Ok(channel),
            Err(error) if ClientError::of_connector(&error).is_some() || tries_left == 0 => {
                return Err(ClientError::of_connection(&error));
            }
            Err(_) => tokio::time::sleep(with_jitter(wait, fastrand::f64())).await,
        }
        tries_left -= 1;
        wait = (wait * 2).min(options.retry_wait_max);
    }
}

/// A wait between two tries: all of `wait`, and the share `chance` of its half.
fn with_jitter(wait: Duration, chance: f64) -> Duration {
    wait + wait.mul_f64(chance / 2.0)
}

/// What `work` comes to, unless `until` is sooner.
pub(crate) async fn within<T>(
    until: Option<Instant>,
    work: impl Future<Output = Result<T, ClientError>>,
) -> Result<T, ClientError> {
    match until {
        None => work.await,
        Some(until) => tokio::time::timeout_at(until.into(), work).await.unwrap_or_else(|_| Err(deadline_over())),
    }
}

/// The time of a call is over.
pub(crate) fn deadline_over() -> ClientError {
    ClientError::new(Code::DeadlineExceeded, "DEADLINE", "allow more time: the deadline of the call is over")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::net::UnixStream;

    use super::*;

    /// A client whose first `broken` connections are closed by the other side before the greeting, and how often one
    /// was made.
    async fn over_connections_that_break(broken: u32) -> (Result<Client, ClientError>, u32) {
        let made = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&made);
        let options = ClientOptions { retry_wait: Duration::from_millis(1), ..ClientOptions::default() };
        let client = Client::over(options, move || {
            let count = count.fetch_add(1, Ordering::Relaxed);
            async move {
                let (ours, theirs) = UnixStream::pair().map_err(|error| ClientError::unreachable(error.to_string()))?;
                if count >= broken {
                    tokio::spawn(async move {
                        let _theirs = theirs;
                        std::future::pending::<()>().await;
                    });
                }
                Ok(Stream::Unix(ours))
            }
        })
        .await;
        (client, made.load(Ordering::Relaxed))
    }

    #[tokio::test]
    async fn a_first_connection_that_breaks_before_the_greeting_is_made_again() {
        let (client, made) = over_connections_that_break(2).await;
        assert!(client.is_ok(), "{client:?}");
        assert_eq!(made, 3);
        let (client, made) = over_connections_that_break(u32::MAX).await;
        assert!(client.unwrap_err().message.starts_with("cannot connect: "));
        assert_eq!(made, 1 + ClientOptions::default().retries_max);
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_said_at_once() {
        let made = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&made);
        let client = Client::over(ClientOptions::default(), move || {
            count.fetch_add(1, Ordering::Relaxed);
            async { Err(ClientError::unreachable("nobody listens")) }
        });
        assert_eq!(client.await.unwrap_err().message, "nobody listens");
        assert_eq!(made.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_wait_is_never_cut_and_half_as_long_again_at_most() {
        let wait = Duration::from_millis(50);
        for chance in [0.0, 0.25, 0.999] {
            let pause = with_jitter(wait, chance);
            assert!(pause >= wait && pause < wait + wait / 2, "{pause:?}");
        }
    }
}
