//! `muster serve`: a store over gRPC.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use muster_client::{Address, Words, v1};
use muster_server::{Config, Listener, Opened, is_loopback, open_listener, raise_descriptors};
use muster_store::{Holder, holder_of};
use tokio::net::{TcpListener, UnixListener, lookup_host};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::args::Globals;
use crate::args::words::durability;
use crate::connect::Place;
use crate::exit::Failure;
use crate::output::note;

/// Only the owner may connect to a socket.
const SOCKET_MODE: u32 = 0o600;

/// Serve a store over gRPC.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster serve --data ./store
  muster serve --data /mnt/snapshot/store --read-only
  muster serve --data ./store --listen unix:/run/muster.sock --import-dir /srv/loads
  muster serve --data ./store --listen 0.0.0.0:7411 --insecure-listen
  muster serve --data ./store --backup-dir /backups --erasure-ledger /other-disk/erasures.ndjson

Commands with --data ./store find this server by themselves. --zone is the zone of requests that name none. Ctrl-C or
SIGTERM ends it after its running requests, which get --drain-ms for that; a second one ends it at once.
MUSTER_LOG=info or debug says more on standard error.")]
pub(crate) struct ServeArgs {
    /// Where to listen: host:port or unix:/path
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7411")]
    listen: String,
    /// Listen also where others can connect: whoever reaches the address may read and change everything
    #[arg(long)]
    insecure_listen: bool,
    /// Directory below which loads may name files by their path
    #[arg(long, value_name = "DIR")]
    import_dir: Vec<PathBuf>,
    /// Directory below which backups may be made
    #[arg(long, value_name = "DIR")]
    backup_dir: Vec<PathBuf>,
    /// The ledger of erasures, best on another disk [default: erasures.ndjson in the store]
    #[arg(long, value_name = "FILE")]
    erasure_ledger: Option<PathBuf>,
    /// What a reply to a batch promises, in spaces that do not say it themselves [default: commit]
    #[arg(long, value_parser = durability())]
    durability: Option<v1::Durability>,
    /// The memory of one query in bytes; beyond it the query is refused [default: 268435456]
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u64).range(1 << 20..))]
    query_memory_bytes: Option<u64>,
    /// Answer questions only: nothing in the directory changes, and it needs no room and no right to write
    #[arg(long)]
    read_only: bool,
    /// How long running requests may go on after SIGTERM or Ctrl-C, in milliseconds; then they are cancelled
    #[arg(long, value_name = "MS", default_value_t = 10_000)]
    drain_ms: u64,
    /// Sets an option or a limit, such as durability=interval or flush_bytes=16777216; may be repeated
    #[arg(long = "option", value_name = "NAME=VALUE")]
    options: Vec<String>,
}

/// Serves until told to stop.
pub(crate) async fn run(args: &ServeArgs, globals: &Globals) -> Result<(), Failure> {
    let Place::Data(dir) = Place::of(globals)? else {
        return Err(Failure::usage("name the directory to serve with --data; --listen says where"));
    };
    let mut config = Config::new(&dir);
    set_options(&mut config, args)?;
    check_dirs(args)?;
    let failed = |error: std::io::Error| Failure::refused(format!("cannot use {}: {error}", dir.display()));
    config.store.read_only = args.read_only;
    config.store.zone.clone_from(&globals.zone);
    config.store.check_zone().map_err(|error| Failure::usage(error.to_string()))?;
    let wanted: Address = args.listen.parse()?;
    if let Some(address) = holder_of(&dir).map_err(failed)? {
        return Err(held_by(&dir, &address));
    }
    // Before the directory is touched: a server that cannot listen leaves nothing there.
    config.insecure_listen = args.insecure_listen;
    let (listener, address) = listen(&wanted, &config).await?;
    let bound = Bound(address.clone());
    let taken = if args.read_only { Holder::share(&dir) } else { Holder::take(&dir) };
    let mut holder = match taken {
        Ok(Some(holder)) => holder,
        Ok(None) => {
            return Err(match holder_of(&dir).map_err(failed)? {
                Some(address) => held_by(&dir, &address),
                None => Failure::refused(format!(
                    "end the other server first: {} is read by one that was started with --read-only",
                    dir.display()
                )),
            });
        }
        Err(error) => {
            return Err(Failure::refused(format!(
                "give --read-only to answer questions from it all the same: cannot use {}: {error}",
                dir.display()
            )));
        }
    };
    config.import_dirs.clone_from(&args.import_dir);
    config.backup_dirs.clone_from(&args.backup_dir);
    config.store.erasure_ledger.clone_from(&args.erasure_ledger);
    if let Some(durability) = args.durability {
        let set = config.set_option("durability", durability.word());
        set.map_err(|error| Failure::usage(error.to_string()))?;
    }
    config.drain = Duration::from_millis(args.drain_ms);
    if let Some(bytes) = args.query_memory_bytes {
        config.limits.query_memory_bytes = bytes;
    }
    raise_descriptors();
    // What is wrong with the store is told before anybody hears that it is served.
    let opened = Opened::new(config).map_err(|error| Failure::refused(error.to_string()))?;
    holder.announce(&reachable(&address).to_string()).map_err(failed)?;
    if !globals.quiet {
        note(&format!("muster {} serves {} at {address}", env!("CARGO_PKG_VERSION"), dir.display()));
    }
    let served = until_told(opened, listener).await;
    drop(bound);
    drop(holder);
    served
}

/// Serves until a signal has ended it: gracefully after the first, at once after the second.
async fn until_told(opened: Opened, listener: Listener) -> Result<(), Failure> {
    let (mut first, mut second) = (Signals::new()?, Signals::new()?);
    let serving = opened.serve(listener, async move { first.next().await });
    let at_once = async {
        second.next().await;
        second.next().await;
    };
    tokio::select! {
        served = serving => served.map_err(|error| Failure::refused(error.to_string())),
        () = at_once => {
            note("ended at once: the next start replays the log");
            Err(Failure::Interrupted)
        }
    }
}

fn held_by(dir: &Path, address: &str) -> Failure {
    Failure::refused(format!("end the other server first: {} is held by the one at {address}", dir.display()))
}

/// An address that is listened on. Its socket in the file system goes with it.
struct Bound(Address);

impl Drop for Bound {
    fn drop(&mut self) {
        if let Address::Unix(path) = &self.0 {
            // A socket that stays behind is replaced by the next server.
            let _ = std::fs::remove_file(path);
        }
    }
}

fn set_options(config: &mut Config, args: &ServeArgs) -> Result<(), Failure> {
    let mut said = HashSet::new();
    let once = |name: &str| Failure::usage(format!("say {name} once: it is given twice"));
    for option in &args.options {
        let Some((name, value)) = option.split_once('=') else {
            return Err(Failure::usage(format!("write --option NAME=VALUE instead of '{option}'")));
        };
        if !said.insert(name) {
            return Err(once(name));
        }
        config.set_option(name, value).map_err(|error| Failure::usage(error.to_string()))?;
    }
    let own = [("durability", args.durability.is_some()), ("query_memory_bytes", args.query_memory_bytes.is_some())];
    match own.into_iter().find(|(name, is_given)| *is_given && said.contains(name)) {
        Some((name, _)) => Err(once(name)),
        None => config.store.engine.check().map_err(|error| Failure::usage(error.to_string())),
    }
}

/// Errors: usage, for a directory that files could not be read from or written to later.
fn check_dirs(args: &ServeArgs) -> Result<(), Failure> {
    let import = args.import_dir.iter().map(|dir| ("--import-dir", dir));
    let backup = args.backup_dir.iter().map(|dir| ("--backup-dir", dir));
    match import.chain(backup).find(|(_, dir)| !dir.is_dir()) {
        Some((option, dir)) => {
            Err(Failure::usage(format!("make the directory of {option} first: there is none at {}", dir.display())))
        }
        None => Ok(()),
    }
}

/// Listens, and tells the address that listens.
async fn listen(wanted: &Address, config: &Config) -> Result<(Listener, Address), Failure> {
    let failed = |error: std::io::Error| {
        Failure::refused(format!("name another address with --listen: cannot listen on {wanted}: {error}"))
    };
    match wanted {
        Address::Tcp(host_port) => {
            let addresses: Vec<SocketAddr> = lookup_host(host_port).await.map_err(failed)?.collect();
            // Looked at before the port opens: the first connection must not find it open for a moment.
            if !config.insecure_listen
                && let Some(open) = addresses.iter().find(|address| !is_loopback(address.ip()))
            {
                return Err(Failure::usage(open_listener(open)));
            }
            let listener = TcpListener::bind(addresses.as_slice()).await.map_err(failed)?;
            let bound = listener.local_addr().map_err(failed)?;
            Ok((Listener::Tcp(listener), Address::Tcp(bound.to_string())))
        }
        Address::Unix(path) => {
            remove_dead_socket(path).map_err(failed)?;
            let path = std::path::absolute(path).map_err(failed)?;
            let listener = UnixListener::bind(&path).map_err(failed)?;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(SOCKET_MODE)).map_err(failed)?;
            Ok((Listener::Unix(listener), Address::Unix(path)))
        }
    }
}

/// The address at which commands on this machine find what listens at `bound`.
fn reachable(bound: &Address) -> Address {
    let Address::Tcp(host_port) = bound else { return bound.clone() };
    match host_port.parse::<SocketAddr>() {
        Ok(every) if every.ip().is_unspecified() => {
            let loopback: IpAddr = match every.is_ipv4() {
                true => Ipv4Addr::LOCALHOST.into(),
                false => Ipv6Addr::LOCALHOST.into(),
            };
            Address::Tcp(SocketAddr::new(loopback, every.port()).to_string())
        }
        _ => bound.clone(),
    }
}

/// Removes the socket that a dead server left; one that somebody answers, and any other file, stays.
fn remove_dead_socket(path: &Path) -> std::io::Result<()> {
    let is_socket = std::fs::symlink_metadata(path).is_ok_and(|about| about.file_type().is_socket());
    if is_socket && std::os::unix::net::UnixStream::connect(path).is_err() {
        std::fs::remove_file(path)?;
    }
    Ok(())
}

/// The signals that tell a server to stop: the first one gracefully, a second one at once.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> Result<Signals, Failure> {
        let failed = |error: std::io::Error| Failure::refused(format!("cannot wait for signals: {error}"));
        Ok(Signals {
            interrupt: signal(SignalKind::interrupt()).map_err(failed)?,
            terminate: signal(SignalKind::terminate()).map_err(failed)?,
        })
    }

    /// Ready with the next one.
    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
