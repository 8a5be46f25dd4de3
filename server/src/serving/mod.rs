//! HTTP/2 over each connection, and a task for each of its streams, which ends when its reader reads nothing.
//!
//! What is done with requests is `receiving`'s and what stands behind it. Here it is seen to that a reply goes to
//! somebody: HTTP/2 lets a client close the window of a stream, and whoever answers into it would wait for ever.

mod reading;

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::body::Incoming as RequestBody;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use muster_engine::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_stream::StreamExt;
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::codegen::http::{Request, Response};

use crate::connections::Connection;
use crate::incoming::{Accept, Incoming};
use crate::limits::Limits;
use crate::receiving::{HEADER_BYTES_REFUSED, STREAM_WINDOW_BYTES, deadline};
use crate::status;
use reading::{ReadTasks, Reading};

/// The window of a connection: streams whose services are busy leave room for the others.
const CONNECTION_WINDOW_BYTES: u32 = 32 << 20;

/// How long whoever answers may take to say so himself when the deadline of a call is over: he knows what it waited
/// for.
const OWN_WORDS: Duration = Duration::from_millis(100);

/// Serves the connections that come, until there are no more and the last of them has ended.
pub(crate) async fn serve<S, L>(mut incoming: Incoming<L>, service: S, limits: &Limits)
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
    L: Accept,
    L::Connection: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let builder = builder(limits);
    // Each connection holds a receiver until it has ended.
    let (stop, stopped) = tokio::sync::watch::channel(());
    while let Some(taken) = incoming.next().await {
        let Ok(stream) = taken else { continue };
        let (connection, service) = (stream.connection(), service.clone());
        let answer = service_fn(move |request| answer(service.clone(), Arc::clone(&connection), request));
        let mut serving = Box::pin(builder.serve_connection(TokioIo::new(stream), answer));
        let mut stopped = stopped.clone();
        // Nobody waits for it who does not wait for all: it says its last words also when the server is cut off.
        tokio::spawn(async move {
            // How a connection ended concerns its client alone.
            let _ = tokio::select! {
                ended = &mut serving => ended,
                _ = stopped.changed() => {
                    serving.as_mut().graceful_shutdown();
                    serving.await
                }
            };
        });
    }
    drop((incoming, stopped));
    // Where there is none, nobody hears it.
    let _ = stop.send(());
    stop.closed().await;
}

fn builder(limits: &Limits) -> http2::Builder<ReadTasks> {
    let mut builder = http2::Builder::new(ReadTasks { idle: limits.stream_idle });
    builder
        .timer(TokioTimer::new())
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_concurrent_streams(limits.streams_max)
        .max_header_list_size(limits.header_bytes_max.saturating_add(HEADER_BYTES_REFUSED))
        .keep_alive_interval(Some(limits.keepalive))
        .keep_alive_timeout(limits.keepalive);
    builder
}

/// What a request is answered, and its body, of which it is noted how far it is read.
async fn answer<S>(
    mut service: S,
    connection: Arc<Connection>,
    request: Request<RequestBody>,
) -> Result<Response<Body>, Infallible>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
{
    let deadline = deadline(request.headers());
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(connection);
    poll_fn(|cx| service.poll_ready(cx)).await?;
    let answered = until(deadline, service.call(request)).await?;
    let reading = Reading::of_this_task();
    reading.until(deadline);
    Ok(answered.map(|body| Body::new(reading.of(body))))
}

/// What `answering` comes to, or a refusal when the deadline is over: also where nobody looks at it.
async fn until(
    deadline: Option<Instant>,
    answering: impl Future<Output = Result<Response<Body>, Infallible>>,
) -> Result<Response<Body>, Infallible> {
    let Some(deadline) = deadline else { return answering.await };
    match tokio::time::timeout_at((deadline + OWN_WORDS).into(), answering).await {
        Ok(answered) => answered,
        Err(_) => {
            let late = Error::deadline("allow more time: the deadline of the call is over");
            Ok(status::of(&late).into_http())
        }
    }
}
