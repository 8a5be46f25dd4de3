//! The way to a store: a remote server, a server inside this process, or the one that already holds the directory.

mod embedded;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use muster_client::{Address, Client, ClientOptions, Code};
use muster_server::holder_of;

use crate::args::Globals;
use crate::ask::{Asker, Settings};
use crate::exit::Failure;
use embedded::Embedded;

/// The variable that stands for `--data`.
const DATA_VARIABLE: &str = "MUSTER_DATA";
/// The variable that stands for `--addr`.
const ADDR_VARIABLE: &str = "MUSTER_ADDR";
/// The folder that every server makes in its directory.
const SPACES_FOLDER: &str = "spaces";
/// How long a directory may be held by a server that cannot be reached, because it starts or stops.
const HELD_WAIT: Duration = Duration::from_secs(15);
/// Time between two looks at such a directory.
const HELD_POLL: Duration = Duration::from_millis(20);

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
    place: Place,
    embedded: Option<Embedded>,
}

impl Connection {
    /// Connects. A directory without a store is refused unless `create` allows to make one.
    pub(crate) async fn open(place: Place, create: bool) -> Result<Connection, Failure> {
        match &place {
            Place::Address(address) => {
                let client = Client::connect(address.clone(), ClientOptions::default()).await?;
                Ok(Connection { client, place, embedded: None })
            }
            Place::Data(dir) => {
                if !create && !holds_store(dir) {
                    return Err(Failure::refused(format!(
                        "load a file into it first, or name another directory: there is no store in {}",
                        dir.display()
                    )));
                }
                let (client, embedded) = embed_or_attach(dir).await?;
                Ok(Connection { client, place, embedded })
            }
        }
    }

    /// A client that asks as `settings` say.
    pub(crate) fn asker(&self, settings: Settings) -> Asker {
        let client = match settings.timeout {
            Some(timeout) => self.client.with_deadline(Some(timeout)),
            None => self.client.clone(),
        };
        // Only a server inside this process may read whatever file its user names.
        Asker { client, settings, reads_local_files: self.embedded.is_some() }
    }

    /// Connects anew if the server that held our directory has gone. It may have been a command that ended.
    pub(crate) async fn revive(&mut self) -> Result<(), Failure> {
        let Place::Data(dir) = &self.place else { return Ok(()) };
        if self.embedded.is_some() {
            return Ok(());
        }
        let held = holder_of(dir).map_err(|error| unusable(dir, &error))?;
        if held.as_deref() != Some(self.client.address().to_string().as_str()) {
            let (client, embedded) = embed_or_attach(dir).await?;
            self.client = client;
            self.embedded = embedded;
        }
        Ok(())
    }

    /// Closes; a server of our own has then written everything.
    pub(crate) async fn close(self) -> Result<(), Failure> {
        // The server waits for connections to end.
        drop(self.client);
        match self.embedded {
            Some(embedded) => embedded.close().await,
            None => Ok(()),
        }
    }
}

/// Whether a directory has what every server makes there. A folder of other things is no store.
fn holds_store(dir: &Path) -> bool {
    dir.join(SPACES_FOLDER).is_dir()
}

fn unusable(dir: &Path, error: &std::io::Error) -> Failure {
    Failure::refused(format!("cannot use the directory {}: {error}", dir.display()))
}

async fn embed_or_attach(dir: &Path) -> Result<(Client, Option<Embedded>), Failure> {
    let started = Instant::now();
    loop {
        if let Some(embedded) = Embedded::start(dir).await? {
            let client = embedded.connect().await?;
            return Ok((client, Some(embedded)));
        }
        // A holder without an address is about to have one; one that does not answer is about to go.
        let held = holder_of(dir).map_err(|error| unusable(dir, &error))?;
        let address = held.as_deref().unwrap_or_default();
        let mut fault = None;
        if !address.is_empty() {
            match Client::connect(address.parse()?, ClientOptions::default()).await {
                Ok(client) => return Ok((client, None)),
                Err(error) if error.code == Code::Unavailable => fault = Some(error),
                Err(error) => return Err(error.into()),
            }
        }
        if started.elapsed() > HELD_WAIT {
            let detail = fault.map_or_else(|| "it has not said where it listens".to_owned(), |fault| fault.message);
            return Err(Failure::Unreachable(format!(
                "end the server that holds {}, or wait for it: {detail}",
                dir.display()
            )));
        }
        tokio::time::sleep(HELD_POLL).await;
    }
}
