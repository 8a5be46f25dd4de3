//! The connection to a store: a remote server, a server inside this process, or the one that already holds the
//! directory.

mod embedded;
mod home;
mod place;

use std::sync::Arc;
use std::time::Duration;

use muster_client::{Address, Client, ClientError, ClientOptions};
use muster_store::Store;
use parking_lot::Mutex;

use crate::ask::{Asker, Settings};
use crate::exit::Failure;
use home::Home;

pub(crate) use place::Place;

/// How long a connection to a directory may take: its server may be stopping, and end others' requests first.
const CONNECT_WAIT: Duration = Duration::from_secs(30);

/// A connection, with the server inside if it is one of our own.
pub(crate) struct Connection {
    client: Client,
    is_on_this_machine: bool,
    home: Option<Arc<Home>>,
}

impl Connection {
    /// Connects. A directory without a store is refused unless `create` allows to make one.
    pub(crate) async fn open(place: Place, create: bool) -> Result<Connection, Failure> {
        let dir = match place {
            Place::Address(address) => {
                let is_on_this_machine = matches!(address, Address::Unix(_));
                let client = Client::connect(address, ClientOptions::default()).await?;
                return Ok(Connection { client, is_on_this_machine, home: None });
            }
            Place::Data(dir) => dir,
        };
        if !create && !Store::is_in(&dir) {
            return Err(Failure::refused(format!(
                "load a file into it first, or name another directory: there is no store in {}",
                dir.display()
            )));
        }
        let home = Arc::new(Home::new(dir));
        // The first connection is made here, where a failure can say all it knows; later ones when the client needs
        // them.
        let first = Arc::new(Mutex::new(Some(home.connect().await?)));
        let options = ClientOptions { connect_timeout: CONNECT_WAIT, ..ClientOptions::default() };
        let follow = {
            let home = Arc::clone(&home);
            move || {
                let (home, first) = (Arc::clone(&home), Arc::clone(&first));
                async move {
                    let first = first.lock().take();
                    match first {
                        Some(stream) => Ok(stream),
                        None => home.connect().await.map_err(client_error),
                    }
                }
            }
        };
        let client = Client::over(options, follow).await?;
        // Whoever holds the directory sees the same files.
        Ok(Connection { client, is_on_this_machine: true, home: Some(home) })
    }

    /// A client that asks as `settings` say.
    pub(crate) async fn asker(&self, settings: Settings) -> Asker {
        let client = match settings.timeout {
            Some(timeout) => self.client.with_deadline(Some(timeout)),
            None => self.client.clone(),
        };
        // Only a server inside this process may read whatever file its user names.
        let reads_local_files = match &self.home {
            Some(home) => home.is_own().await,
            None => false,
        };
        Asker { client, settings, reads_local_files, is_on_this_machine: self.is_on_this_machine }
    }

    /// Gives up whatever is under way.
    pub(crate) fn cut(&self) {
        if let Some(home) = &self.home {
            home.cut();
        }
    }

    /// Closes; a server of our own has then written everything.
    pub(crate) async fn close(self) -> Result<(), Failure> {
        // The server waits for connections to end.
        drop(self.client);
        match self.home {
            Some(home) => home.close().await,
            None => Ok(()),
        }
    }
}

/// A failure to connect again, for the call that wanted the connection.
fn client_error(failure: Failure) -> ClientError {
    match failure {
        Failure::Client(error) => *error,
        failure => ClientError::unreachable(failure.message().unwrap_or_default()),
    }
}
