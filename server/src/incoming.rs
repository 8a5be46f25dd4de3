//! The connections of a server, from the first to the last that was made before it stops.
//!
//! A client that has connected believes that somebody is there, even while its connection still waits in the listener.
//! So the end is: nobody new can connect, everybody who has is taken, and then there are no more. Each of them can then
//! be told properly that the server goes, instead of finding its first request lost.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio_stream::Stream;

use crate::lingering::Lingering;

/// What takes connections.
pub(crate) trait Accept: Unpin {
    /// A connection.
    type Connection;

    /// The next connection.
    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<Self::Connection>>;

    /// Keeps clients from finding this listener, where that can be done before it is closed.
    fn hide(&self);
}

impl Accept for TcpListener {
    type Connection = TcpStream;

    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<TcpStream>> {
        TcpListener::poll_accept(self, cx).map_ok(|(stream, _)| stream)
    }

    /// A port can only be closed.
    fn hide(&self) {}
}

impl Accept for UnixListener {
    type Connection = UnixStream;

    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<UnixStream>> {
        UnixListener::poll_accept(self, cx).map_ok(|(stream, _)| stream)
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
}

impl<L: Accept> Incoming<L> {
    pub(crate) fn new(listener: L, stopped: impl Future<Output = ()> + Send + 'static) -> Incoming<L> {
        Incoming { listener, stopped: Some(Box::pin(stopped)) }
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
        let accept = std::future::poll_fn(|cx| self.listener.poll_accept(cx));
        match std::pin::pin!(tokio::task::unconstrained(accept)).poll(cx) {
            Poll::Ready(connection) => Poll::Ready(Some(connection.map(Lingering::new))),
            Poll::Pending if self.stopped.is_none() => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    }
}
