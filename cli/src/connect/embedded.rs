//! The server inside this process, on a socket that only this user can open.

use std::path::Path;

use muster_client::{Address, Client, ClientOptions};
use muster_server::{Config, Holder, Listener, ServeError};
use tokio::net::UnixListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::unusable;
use crate::exit::Failure;
use crate::folder::Folder;

/// A running server and what it needs.
pub(crate) struct Embedded {
    address: Address,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Result<(), ServeError>>,
    folder: Folder,
    holder: Holder,
}

impl Embedded {
    /// Starts a server on `dir`; none if another one holds it.
    pub(super) async fn start(dir: &Path) -> Result<Option<Embedded>, Failure> {
        let Some(mut holder) = Holder::take(dir).map_err(|error| unusable(dir, &error))? else {
            return Ok(None);
        };
        let folder = Folder::new("muster")?;
        let socket = folder.path().join("muster.sock");
        let listener = UnixListener::bind(&socket).map_err(|error| {
            Failure::refused(format!(
                "set TMPDIR to a folder for sockets: cannot listen on {}: {error}",
                socket.display()
            ))
        })?;
        let address = Address::Unix(socket);
        let mut config = Config::new(dir);
        config.local_files = true;
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(muster_server::run(config, Listener::Unix(listener), async {
            // The sender going away means the same as its order.
            let _ = stopped.await;
        }));
        holder.announce(&address.to_string()).map_err(|error| unusable(dir, &error))?;
        Ok(Some(Embedded { address, stop, served, folder, holder }))
    }

    /// A client of the server. If the server could not start, says why.
    pub(super) async fn connect(&self) -> Result<Client, Failure> {
        // The socket listens already, so a connection waits for the server rather than failing.
        Ok(Client::connect(self.address.clone(), ClientOptions::default()).await?)
    }

    /// Stops the server after its running requests; everything is then written.
    pub(super) async fn close(self) -> Result<(), Failure> {
        let _ = self.stop.send(());
        let served = self.served.await;
        drop(self.folder);
        drop(self.holder);
        match served {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Failure::refused(error.to_string())),
            Err(panic) => Err(Failure::refused(format!("the embedded server failed: {panic}"))),
        }
    }
}
