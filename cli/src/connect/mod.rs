//! The way to a store: a remote server, a server inside this process, or the one that already holds the directory.

mod embedded;
mod home;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use muster_client::{Address, Client, ClientError, ClientOptions};
use parking_lot::Mutex;

use crate::args::Globals;
use crate::ask::{Asker, Settings};
use crate::exit::Failure;
use home::Home;

/// The variable that stands for `--data`.
const DATA_VARIABLE: &str = "MUSTER_DATA";
/// The variable that stands for `--addr`.
const ADDR_VARIABLE: &str = "MUSTER_ADDR";
/// The folder that every server makes in its directory.
const SPACES_FOLDER: &str = "spaces";
/// How long a connection to a directory may take: its server may be stopping, and end others' requests first.
const CONNECT_WAIT: Duration = Duration::from_secs(30);

/// Where the store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A server.
    Address(Address),
    /// A directory.
    Data(PathBuf),
}

impl Place {
    /// Where the command line or else the environment says the store is.
    pub(crate) fn of(globals: &Globals) -> Result<Place, Failure> {
        Place::said(globals)?.ok_or_else(|| {
            Failure::usage("say where the store is: --data DIR for a directory, --addr HOST:PORT for a server")
        })
    }

    /// The same; none where neither says so.
    pub(crate) fn said(globals: &Globals) -> Result<Option<Place>, Failure> {
        if let Some(dir) = &globals.data {
            return Ok(Some(Place::Data(dir.clone())));
        }
        if let Some(addr) = &globals.addr {
            return Ok(Some(Place::Address(addr.parse::<Address>()?)));
        }
        let data = std::env::var_os(DATA_VARIABLE).filter(|value| !value.is_empty());
        let addr = std::env::var(ADDR_VARIABLE).ok().filter(|value| !value.is_empty());
        match (data, addr) {
            (Some(_), Some(_)) => Err(Failure::usage(format!(
                "unset {DATA_VARIABLE} or {ADDR_VARIABLE}, or give --data or --addr: both are set"
            ))),
            (Some(dir), None) => Ok(Some(Place::Data(dir.into()))),
            (None, Some(addr)) => Ok(Some(Place::Address(addr.parse::<Address>()?))),
            (None, None) => Ok(None),
        }
    }
}

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
        if !create && !holds_store(&dir) {
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

/// Whether a directory has what every server makes there. A folder of other things is no store.
fn holds_store(dir: &Path) -> bool {
    dir.join(SPACES_FOLDER).is_dir()
}

fn unusable(dir: &Path, error: std::io::Error) -> Failure {
    let refused = muster_store::Error::of_system(format_args!("cannot use the directory {}", dir.display()), error);
    Failure::refused(format!("{refused:#}"))
}
