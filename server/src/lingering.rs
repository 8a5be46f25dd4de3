//! A connection that is closed in such a way that its last words arrive.
//!
//! A server that goes says goodbye and closes. A client that was just writing would find its connection broken before it
//! has read the goodbye, and could not know whether its request was begun. So the end is: say the last words, say that
//! there are no more, and take what still comes, unread, until the client has closed too or has been waited for.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};
use tonic::transport::server::Connected;

/// How long a client may take to close its side.
const PATIENCE: Duration = Duration::from_secs(2);

/// Reads of one turn, so that a client that floods does not keep others waiting.
const READS_PER_TURN: usize = 16;

/// See the module.
pub(crate) struct Lingering<S> {
    stream: S,
    /// Set when all is said.
    patience: Option<Pin<Box<Sleep>>>,
}

impl<S> Lingering<S> {
    pub(crate) fn new(stream: S) -> Lingering<S> {
        Lingering { stream, patience: None }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Lingering<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
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
        if this.patience.is_none() {
            ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
        }
        let patience = this.patience.get_or_insert_with(|| Box::pin(sleep(PATIENCE)));
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
        patience.as_mut().poll(cx).map(Ok)
    }
}

impl<S: Connected> Connected for Lingering<S> {
    type ConnectInfo = S::ConnectInfo;

    fn connect_info(&self) -> S::ConnectInfo {
        self.stream.connect_info()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::UnixStream;

    use super::*;

    #[tokio::test]
    async fn last_words_arrive_at_a_client_that_goes_on_writing() {
        let (server, mut client) = UnixStream::pair().unwrap();
        let mut server = Lingering::new(server);
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
        let mut server = Lingering::new(server);
        // It ends, which is the point: the client is there and says nothing.
        server.shutdown().await.unwrap();
    }
}
