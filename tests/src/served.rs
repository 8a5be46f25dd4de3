//! A server as a process of its own, which a test may stop for a while or kill.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use muster_client::{Address, Client, ClientOptions};

use crate::binary;

/// How long a server may take to start.
const START_WAIT: Duration = Duration::from_secs(60);
/// Time between two looks whether it listens.
const START_POLL: Duration = Duration::from_millis(1);

/// A running `muster serve`; killed when it is dropped.
#[derive(Debug)]
pub struct Served {
    process: Child,
    socket: PathBuf,
    log: PathBuf,
}

impl Served {
    /// Starts a server for `store` with options of the engine, such as `flush_bytes=4096`. Its socket and what it says
    /// lie in `folder`, which need not be on the same disk.
    pub fn start(store: &Path, folder: &Path, options: &[String]) -> Served {
        let options = options.iter().flat_map(|option| ["--option", option]);
        Served::start_by(Command::new(binary()), store, folder, options)
    }

    /// The same with arguments as they are typed.
    pub fn start_with(store: &Path, folder: &Path, arguments: &[&str]) -> Served {
        Served::start_by(Command::new(binary()), store, folder, arguments.iter().copied())
    }

    /// The same with so many descriptors and no more.
    pub fn start_within(descriptors: usize, store: &Path, folder: &Path, arguments: &[&str]) -> Served {
        let mut limited = Command::new("sh");
        limited.args(["-c", &format!("ulimit -n {descriptors} && exec \"$0\" \"$@\"")]).arg(binary());
        Served::start_by(limited, store, folder, arguments.iter().copied())
    }

    fn start_by<'a>(
        mut muster: Command,
        store: &Path,
        folder: &Path,
        arguments: impl Iterator<Item = &'a str>,
    ) -> Served {
        let (socket, log) = (folder.join("socket"), folder.join("server.log"));
        let said = OpenOptions::new().create(true).append(true).open(&log).expect("a file for what the server says");
        let process = muster
            .args(["serve", "--quiet", "--data"])
            .arg(store)
            .arg("--listen")
            .arg(format!("unix:{}", socket.display()))
            .args(arguments)
            .env_remove("MUSTER_DATA")
            .env_remove("MUSTER_ADDR")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(said)
            .spawn()
            .expect("the binary can be run");
        Served { process, socket, log }
    }

    /// A client of it that never asks twice by itself, as soon as the server listens.
    pub async fn client(&mut self) -> Client {
        let options = ClientOptions { retries_max: 0, deadline: Some(START_WAIT), ..ClientOptions::default() };
        let started = Instant::now();
        loop {
            let why = match Client::connect(Address::Unix(self.socket.clone()), options.clone()).await {
                Ok(client) => return client,
                Err(error) => error,
            };
            let ended = self.process.try_wait().expect("a child can be asked");
            assert!(ended.is_none(), "the server ended by itself: {ended:?}\n{}", self.said());
            assert!(started.elapsed() < START_WAIT, "the server does not listen: {why}\n{}", self.said());
            tokio::time::sleep(START_POLL).await;
        }
    }

    /// Where it listens.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// The process.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Tells it to end.
    pub fn terminate(&self) {
        let sent = Command::new("kill").arg(self.process.id().to_string()).status();
        assert!(sent.expect("kill can be run").success(), "the server has gone\n{}", self.said());
    }

    /// Waits until it has ended by itself.
    pub fn wait(&mut self) {
        let started = Instant::now();
        while self.process.try_wait().expect("a child can be asked").is_none() {
            assert!(started.elapsed() < START_WAIT, "the server does not end\n{}", self.said());
            std::thread::sleep(START_POLL);
        }
    }

    /// Kills it with SIGKILL and waits until it is gone.
    pub fn kill(&mut self) {
        self.process.kill().expect("a child of ours can be killed");
        self.process.wait().expect("a child of ours can be waited for");
    }

    /// Holds it where it is, or lets it go on.
    pub fn hold(&self, is_held: bool) {
        let signal = if is_held { "-STOP" } else { "-CONT" };
        let sent = Command::new("kill").arg(signal).arg(self.process.id().to_string()).status();
        assert!(sent.expect("kill can be run").success(), "the server has gone\n{}", self.said());
    }

    /// What it and its predecessors in the same folder said on standard error.
    pub fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
