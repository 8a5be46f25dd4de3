//! The connections of a server, from the first to the last that was made before it stops.
//!
//! A client that has connected believes that somebody is there, even while its connection still waits in the listener.
//! So the end is: nobody new can connect, everybody who has is taken, and then there are no more. Each of them can then
//! be told properly that the server goes, instead of finding its first request lost.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::time::{Sleep, sleep};
use tokio_stream::Stream;

use crate::connections::{Connections, Peer};
use crate::lingering::{Lingering, Patience};

/// How long to wait before the next try when a connection could not be taken: what is missing is missing for a while.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Connections that are closed in one turn, so that who floods does not keep a thread.
const CLOSED_PER_TURN: usize = 32;

/// The least time between two lines that say that connections were closed.
const TELL_INTERVAL: Duration = Duration::from_secs(1);

/// What takes connections.
pub(crate) trait Accept: Unpin {
    /// A connection.
    type Connection;

    /// The next connection, and who made it.
    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(Self::Connection, Peer)>>;

    /// Keeps clients from finding this listener, where that can be done before it is closed.
    fn hide(&self);
}

impl Accept for TcpListener {
    type Connection = TcpStream;

    /// Each reply goes out at once: a small one would otherwise wait until the client has acknowledged the one before,
    /// which the client's kernel puts off for 40 ms. The builder's setting is for listeners that tonic opens itself.
    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(TcpStream, Peer)>> {
        let (stream, address) = ready!(TcpListener::poll_accept(self, cx))?;
        // Where it cannot be set, the client has gone already; reading says so.
        let _ = stream.set_nodelay(true);
        Poll::Ready(Ok((stream, Peer::Machine(address.ip().to_canonical()))))
    }

    /// A port can only be closed.
    fn hide(&self) {}
}

impl Accept for UnixListener {
    type Connection = UnixStream;

    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(UnixStream, Peer)>> {
        let (stream, _) = ready!(UnixListener::poll_accept(self, cx))?;
        // Where nobody can be told, it counts as nobody's.
        let user = stream.peer_cred().map_or(u32::MAX, |credentials| credentials.uid());
        Poll::Ready(Ok((stream, Peer::User(user))))
    }

    fn hide(&self) {
        let address = self.local_addr();
        if let Some(path) = address.as_ref().ok().and_then(|address| address.as_pathname()) {
            // A name that cannot be removed leads nowhere after the listener is closed.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// The connections that `listener` takes until `stopped`, and those that were made before.
pub(crate) struct Incoming<L> {
    listener: L,
    stopped: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    connections: Arc<Connections>,
    patience: Patience,
    /// Runs while no connection is taken because one could not be.
    pause: Option<Pin<Box<Sleep>>>,
    told_at: Option<Instant>,
}

impl<L: Accept> Incoming<L> {
    pub(crate) fn new(
        listener: L,
        connections: Arc<Connections>,
        patience: Patience,
        stopped: impl Future<Output = ()> + Send + 'static,
    ) -> Incoming<L> {
        Incoming { listener, stopped: Some(Box::pin(stopped)), connections, patience, pause: None, told_at: None }
    }

    /// The next connection that there is room for; those beyond are closed at once.
    fn poll_taken(&mut self, cx: &mut Context<'_>) -> Poll<Lingering<L::Connection>> {
        for _ in 0..CLOSED_PER_TURN {
            if let Some(pause) = &mut self.pause {
                ready!(pause.as_mut().poll(cx));
                self.pause = None;
            }
            let (stream, peer) = match ready!(self.listener.poll_accept(cx)) {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be taken");
                    self.pause = Some(Box::pin(sleep(ACCEPT_PAUSE)));
                    continue;
                }
            };
            match self.connections.take(peer) {
                Some(connection) => {
                    return Poll::Ready(Lingering::new(stream, connection, self.patience));
                }
                None => self.tell_closed(peer),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn tell_closed(&mut self, peer: Peer) {
        let now = Instant::now();
        if self.told_at.is_none_or(|told| now.duration_since(told) >= TELL_INTERVAL) {
            self.told_at = Some(now);
            tracing::warn!(?peer, "connections are closed: there are too many (connections_max, peer_connections_max)");
        }
    }
}

impl<L: Accept> Stream for Incoming<L> {
    type Item = io::Result<Lingering<L::Connection>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(stopped) = &mut self.stopped
            && stopped.as_mut().poll(cx).is_ready()
        {
            self.stopped = None;
            self.listener.hide();
        }
        // Without the runtime's budget: pending has to mean that nobody waits.
        let is_stopped = self.stopped.is_none();
        let accept = std::future::poll_fn(|cx| self.poll_taken(cx));
        match std::pin::pin!(tokio::task::unconstrained(accept)).poll(cx) {
            Poll::Ready(connection) => Poll::Ready(Some(Ok(connection))),
            Poll::Pending if is_stopped => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, poll_fn};

    use tokio::io::AsyncReadExt;

    use super::*;

    #[tokio::test]
    async fn accepted_sockets_send_small_replies_at_once() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut incoming = Incoming::new(listener, Arc::new(Connections::new(2, 1)), Patience::default(), pending());
        let _client = TcpStream::connect(address).await.unwrap();
        let accepted = poll_fn(|cx| Pin::new(&mut incoming).poll_next(cx)).await.unwrap().unwrap();
        assert_eq!(accepted.number(), 1);
        assert!(accepted.stream().nodelay().unwrap(), "replies wait for the acknowledgement of the one before");
    }

    #[tokio::test]
    async fn a_connection_too_many_is_closed_at_once_and_the_next_is_taken_when_one_has_gone() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(Connections::new(2, 1));
        let mut incoming = Incoming::new(listener, Arc::clone(&connections), Patience::default(), pending());
        let _first = TcpStream::connect(address).await.unwrap();
        let taken = poll_fn(|cx| Pin::new(&mut incoming).poll_next(cx)).await.unwrap().unwrap();
        let mut second = TcpStream::connect(address).await.unwrap();
        let mut word = [0; 1];
        tokio::select! {
            _ = poll_fn(|cx| Pin::new(&mut incoming).poll_next(cx)) => panic!("one peer may have one connection"),
            read = second.read(&mut word) => assert!(matches!(read, Ok(0) | Err(_)), "{read:?}"),
        }
        drop(taken);
        assert_eq!(connections.count(), 0);
        let _third = TcpStream::connect(address).await.unwrap();
        poll_fn(|cx| Pin::new(&mut incoming).poll_next(cx)).await.unwrap().unwrap();
    }
}
