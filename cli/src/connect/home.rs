//! Failover between the servers of a directory: whoever serves it at the moment is another process, or this one.

use std::net::Shutdown;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use muster_client::{Address, ClientError, Code, Stream};
use muster_store::holder_of;
use tokio::sync::Mutex;

use super::embedded::Embedded;
use crate::exit::Failure;

/// How long a directory may be held by a server that cannot be reached, because it starts or stops. One that stops may
/// still be busy with the requests of others.
const HELD_WAIT: Duration = Duration::from_secs(15);
/// Time between two looks at such a directory.
const HELD_POLL: Duration = Duration::from_millis(20);

/// How many looks in a row must find none but readers, before this process reads beside them.
const READERS_SEEN: u32 = 3;

/// A directory whose server may change: commands that run at once share the one inside the first of them, and when that
/// command ends, one of the others goes on serving.
pub(super) struct Home {
    dir: PathBuf,
    embedded: Mutex<Option<Embedded>>,
    /// Our end of the last connection, so that it can be cut off.
    connected: parking_lot::Mutex<Option<UnixStream>>,
}

impl Home {
    pub(super) fn new(dir: PathBuf) -> Home {
        Home { dir, embedded: Mutex::new(None), connected: parking_lot::Mutex::new(None) }
    }

    /// A connection to whoever serves the directory; if nobody does, this process does from now on.
    pub(super) async fn connect(&self) -> Result<Stream, Failure> {
        let stream = self.connect_somewhere().await?;
        if let Stream::Unix(unix) = &stream {
            // Without a descriptor for it the connection cannot be cut off, which only makes Ctrl-C wait.
            *self.connected.lock() = unix.as_fd().try_clone_to_owned().ok().map(UnixStream::from);
        }
        Ok(stream)
    }

    /// Ends the connection in the middle of whatever is under way: an upload whose source says nothing would never end,
    /// and must not end like a whole one.
    pub(super) fn cut(&self) {
        if let Some(connected) = self.connected.lock().take() {
            // One that has ended is cut off.
            let _ = connected.shutdown(Shutdown::Both);
        }
    }

    async fn connect_somewhere(&self) -> Result<Stream, Failure> {
        let mut embedded = self.embedded.lock().await;
        if let Some(embedded) = &*embedded {
            return Ok(Stream::connect(embedded.address()).await?);
        }
        let started = Instant::now();
        let mut readers_seen = 0;
        loop {
            if let Some(own) = Embedded::start(&self.dir).await? {
                // The socket listens already, so the first request waits for the server rather than failing.
                return Ok(Stream::connect(embedded.insert(own).address()).await?);
            }
            // Nobody holds it who may write, and yet it cannot be taken: others read it, and so can this one. Or
            // somebody let go of it a moment ago.
            readers_seen = if matches!(holder_of(&self.dir), Ok(None)) { readers_seen + 1 } else { 0 };
            if readers_seen >= READERS_SEEN
                && let Some(own) = Embedded::start_reading(&self.dir).await?
            {
                return Ok(Stream::connect(embedded.insert(own).address()).await?);
            }
            match self.attach().await {
                Ok(stream) => return Ok(stream),
                // Whoever holds it is about to say where, or about to go.
                Err(error) if error.code == Code::Unavailable => {
                    if started.elapsed() > HELD_WAIT {
                        return Err(Failure::Unreachable(format!(
                            "end the server that holds {}, or wait for it: {}",
                            self.dir.display(),
                            error.message
                        )));
                    }
                }
                Err(error) => return Err(error.into()),
            }
            tokio::time::sleep(HELD_POLL).await;
        }
    }

    async fn attach(&self) -> Result<Stream, ClientError> {
        let held = holder_of(&self.dir).map_err(|error| ClientError::unreachable(error.to_string()))?;
        match held.as_deref().unwrap_or_default() {
            "" => Err(ClientError::unreachable("it has not said where it listens")),
            address => Stream::connect(&address.parse::<Address>()?).await,
        }
    }

    /// Whether the server runs inside this process.
    pub(super) async fn is_own(&self) -> bool {
        self.embedded.lock().await.is_some()
    }

    /// Ends a server of our own; everything is then written.
    pub(super) async fn close(&self) -> Result<(), Failure> {
        match self.embedded.lock().await.take() {
            Some(embedded) => embedded.close().await,
            None => Ok(()),
        }
    }
}
