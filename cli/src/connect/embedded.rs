//! The embedded server: inside this process, on a socket that only this user can open.

use std::convert::Infallible;
use std::path::Path;
use std::time::Duration;

use muster_client::Address;
use muster_server::{Config, Listener, Opened, ServeError};
use muster_store::{Holder, Store, is_full};
use tokio::net::UnixListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::exit::Failure;
use crate::folder::Folder;
use crate::output::note;

/// How long the requests of other commands may keep the server of this one.
const GUESTS_WAIT: Duration = Duration::from_secs(24 * 60 * 60);
/// After which time the user is told why the command does not end.
const QUIET_WAIT: Duration = Duration::from_secs(2);

/// Whether a directory refuses to be written to: it is mounted so, belongs to somebody else, or its disk has no room
/// even for the name of a lock.
fn cannot_be_written(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
    matches!(error.kind(), ReadOnlyFilesystem | PermissionDenied) || is_full(error)
}

/// A running server and what it needs.
pub(crate) struct Embedded {
    address: Address,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Result<(), ServeError>>,
    folder: Folder,
    holder: Holder,
}

impl Embedded {
    /// Starts a server on `dir`; none if another one holds it. One that cannot be written to is served for questions
    /// only.
    pub(super) async fn start(dir: &Path) -> Result<Option<Embedded>, Failure> {
        match Holder::take(dir) {
            Ok(Some(holder)) => Embedded::serve(dir, holder, false).await.map(Some),
            Ok(None) => Ok(None),
            Err(error) if Store::is_in(dir) && cannot_be_written(&error) => Embedded::start_reading(dir).await,
            Err(error) => Err(unusable(dir, error)),
        }
    }

    /// Starts a server on `dir` that answers questions only; none if another one holds it that may write.
    pub(super) async fn start_reading(dir: &Path) -> Result<Option<Embedded>, Failure> {
        match Holder::share(dir).map_err(|error| unusable(dir, error))? {
            Some(holder) => Embedded::serve(dir, holder, true).await.map(Some),
            None => Ok(None),
        }
    }

    async fn serve(dir: &Path, mut holder: Holder, read_only: bool) -> Result<Embedded, Failure> {
        let mut config = Config::new(dir);
        config.local_files = true;
        config.store.read_only = read_only;
        config.store.tell = note;
        config.drain = GUESTS_WAIT;
        // Before anybody can connect: the reason of a failure is told, and not the end of a connection.
        let opened = Opened::new(config).map_err(|error| Failure::refused(error.to_string()))?;
        let folder = Folder::new("muster")?;
        let socket = folder.path().join("muster.sock");
        let listener = UnixListener::bind(&socket).map_err(|error| {
            Failure::refused(format!(
                "set TMPDIR to a folder for sockets: cannot listen on {}: {error}",
                socket.display()
            ))
        })?;
        let address = Address::Unix(socket);
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(opened.serve(Listener::Unix(listener), async {
            // The sender going away means the same as its order.
            let _ = stopped.await;
        }));
        holder.announce(&address.to_string()).map_err(|error| unusable(dir, error))?;
        Ok(Embedded { address, stop, served, folder, holder })
    }

    /// Where it listens.
    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    /// Stops the server after its running requests, also those of other commands; everything is then written. Ctrl-C
    /// gives up waiting for them.
    pub(super) async fn close(mut self) -> Result<(), Failure> {
        // From here on others wait for the directory instead of connecting.
        let _ = self.holder.announce("");
        let _ = self.stop.send(());
        let patience = async {
            tokio::time::sleep(QUIET_WAIT).await;
            note("waiting for other commands that use the store through this one; Ctrl-C cuts them off");
            std::future::pending::<Infallible>().await
        };
        let served = tokio::select! {
            served = &mut self.served => served,
            Ok(()) = tokio::signal::ctrl_c() => return Err(Failure::Interrupted),
            never = patience => match never {},
        };
        drop(self.folder);
        drop(self.holder);
        match served {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Failure::refused(error.to_string())),
            Err(panic) => Err(Failure::refused(format!("the embedded server failed: {panic}"))),
        }
    }
}

fn unusable(dir: &Path, error: std::io::Error) -> Failure {
    let refused = muster_store::Error::of_system(format_args!("cannot use the directory {}", dir.display()), error);
    Failure::refused(format!("{refused:#}"))
}
