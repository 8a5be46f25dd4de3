//! A connection that ends when nobody needs it, and is closed in such a way that its last words arrive.
//!
//! Who connects has to say the preface of HTTP/2 soon, and who then asks nothing for long is hung up on: whole messages
//! that do not come are `receiving`'s, peers that do not answer are the keepalive's.
//!
//! A server that goes says goodbye and closes. A client that was just writing would find its connection broken before
//! it has read the goodbye, and could not know whether its request was begun. So the end is: say the last words, say
//! that there are no more, and take what still comes, unread, until the client has closed too or has been waited for.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use crate::connections::Connection;

/// How long a client may take to close its side.
const LINGER: Duration = Duration::from_secs(2);

/// Reads of one turn, so that a client that floods does not keep others waiting.
const READS_PER_TURN: usize = 16;

/// The least time between two looks at whether a connection is idle.
const IDLE_LOOK: Duration = Duration::from_millis(1);

/// What every client of HTTP/2 says first.
const PREFACE_BYTES: usize = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".len();

/// How long a client may keep a connection without using it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// Until the preface is there.
    pub(crate) preface: Duration,
    /// Without a request under way.
    pub(crate) idle: Duration,
}

/// See the module.
pub(crate) struct Lingering<S> {
    stream: S,
    connection: Arc<Connection>,
    patience: Patience,
    /// Bytes of the preface that have come.
    preface: usize,
    /// When to look next whether anybody needs the connection.
    look: Pin<Box<Sleep>>,
    /// Set when all is said.
    lingering: Option<Pin<Box<Sleep>>>,
}

impl<S> Lingering<S> {
    pub(crate) fn new(stream: S, connection: Arc<Connection>, patience: Patience) -> Lingering<S> {
        let look = Box::pin(sleep(patience.preface));
        Lingering { stream, connection, patience, preface: 0, look, lingering: None }
    }

    /// Whether it is time to hang up; else the task is woken when it may be.
    fn is_unneeded(&mut self, cx: &mut Context<'_>) -> bool {
        while self.look.as_mut().poll(cx).is_ready() {
            if self.preface < PREFACE_BYTES {
                return true;
            }
            let now = Instant::now();
            match self.connection.idle_at(self.patience.idle.max(IDLE_LOOK)) {
                Some(idle) if idle <= now => return true,
                Some(idle) => self.look.as_mut().reset(idle.into()),
                None => self.look.as_mut().reset((now + self.patience.idle.max(IDLE_LOOK)).into()),
            }
        }
        false
    }

    /// What is known of the connection.
    pub(crate) fn connection(&self) -> Arc<Connection> {
        Arc::clone(&self.connection)
    }

    #[cfg(test)]
    pub(crate) fn stream(&self) -> &S {
        &self.stream
    }

    #[cfg(test)]
    pub(crate) fn number(&self) -> u64 {
        self.connection.number
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Lingering<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        match Pin::new(&mut self.stream).poll_read(cx, into) {
            Poll::Ready(read) => {
                self.preface = self.preface.saturating_add(into.filled().len() - before);
                Poll::Ready(read)
            }
            // As if the client had closed.
            Poll::Pending if self.is_unneeded(cx) => Poll::Ready(Ok(())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Lingering<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.lingering.is_none() {
            ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
        }
        let lingering = this.lingering.get_or_insert_with(|| Box::pin(sleep(LINGER)));
        let mut room = [0; 4096];
        for reads in 0.. {
            let mut unread = ReadBuf::new(&mut room);
            match Pin::new(&mut this.stream).poll_read(cx, &mut unread) {
                Poll::Ready(Ok(())) if !unread.filled().is_empty() && reads < READS_PER_TURN => {}
                Poll::Ready(Ok(())) if !unread.filled().is_empty() => {
                    cx.waker().wake_by_ref();
                    break;
                }
                // Closed or broken: nobody is there any more.
                Poll::Ready(_) => return Poll::Ready(Ok(())),
                Poll::Pending => break,
            }
        }
        lingering.as_mut().poll(cx).map(Ok)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::UnixStream;

    use super::*;
    use crate::connections::{Connections, Peer};

    impl Default for Patience {
        fn default() -> Patience {
            let hour = Duration::from_secs(3_600);
            Patience { preface: hour, idle: hour }
        }
    }

    fn lingering<S>(stream: S, patience: Patience) -> Lingering<S> {
        let connection = Arc::new(Connections::new(1, 1)).take(Peer::User(0)).unwrap();
        Lingering::new(stream, connection, patience)
    }

    #[tokio::test]
    async fn who_says_no_preface_is_hung_up_on_and_who_is_idle_later() {
        let soon = Duration::from_millis(1);
        let patience = Patience { preface: soon, idle: soon };
        let (stream, _silent) = tokio::io::duplex(64);
        let mut word = [0; 64];
        assert_eq!(lingering(stream, patience).read(&mut word).await.unwrap(), 0);
        let (stream, mut idle) = tokio::io::duplex(64);
        idle.write_all(&[b'x'; PREFACE_BYTES]).await.unwrap();
        let mut server = lingering(stream, patience);
        assert_eq!(server.read(&mut word).await.unwrap(), PREFACE_BYTES);
        let busy = server.connection.busy();
        // Looked at again and again, and stays.
        for _ in 0..100 {
            tokio::task::yield_now().await;
            let mut unread = ReadBuf::new(&mut word);
            let read = std::future::poll_fn(|cx| Poll::Ready(Pin::new(&mut server).poll_read(cx, &mut unread))).await;
            assert!(read.is_pending(), "a connection with a request under way was closed");
        }
        drop(busy);
        assert_eq!(server.read(&mut word).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn last_words_arrive_at_a_client_that_goes_on_writing() {
        let (server, mut client) = UnixStream::pair().unwrap();
        let mut server = lingering(server, Patience::default());
        server.write_all(b"goodbye").await.unwrap();
        let closing = tokio::spawn(async move { server.shutdown().await });
        // More than a socket holds, so that it must have been taken.
        client.write_all(&[7; 1 << 20]).await.unwrap();
        let mut words = Vec::new();
        client.read_to_end(&mut words).await.unwrap();
        assert_eq!(words, b"goodbye");
        assert!(!closing.is_finished(), "the client has not closed yet");
        drop(client);
        closing.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn who_never_closes_is_not_waited_for() {
        let (server, _client) = tokio::io::duplex(64);
        let mut server = lingering(server, Patience::default());
        // It ends, which is the point: the client is there and says nothing.
        server.shutdown().await.unwrap();
    }
}
