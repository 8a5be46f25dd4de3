//! Crash injection: a server of its own, killed with -9 in the middle of a load.

use std::path::Path;
use std::pin::Pin;
use std::process::{Child, Command, Stdio};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use muster_client::v1::{FileSource, LoadHeader, LoadPhase};
use muster_client::{Address, Client, ClientOptions, LoadEvent, Upload};
use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};

use super::columns;
use crate::exit::Failure;

/// From how many rows on a load takes long enough to be met while it writes.
const ROWS_TO_MEET: u64 = 600_000;
/// How long to wait for the server.
const SERVER_WAIT: Duration = Duration::from_secs(30);
/// Time between two looks whether it listens.
const SERVER_POLL: Duration = Duration::from_millis(10);

/// A child that does not outlive its place in this program.
struct Server(Child);

impl Server {
    fn kill(&mut self) {
        // One that has gone already needs no killing; `kill` sends SIGKILL.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What is to happen.
pub(super) struct Crash<'a> {
    /// The folder of the demo, in which the file lies.
    pub(super) temporary: &'a Path,
    /// The directory that the server is to hold.
    pub(super) store: &'a Path,
    /// The file that it is to load.
    pub(super) file: &'a Path,
    /// How many rows the file has.
    pub(super) rows: u64,
}

impl Crash<'_> {
    /// Starts a server, loads the file with a wrong mapping, and kills the server in the middle of it. Returns what was
    /// killed, and when.
    pub(super) async fn kill_in_load(&self) -> Result<String, Failure> {
        let socket = self.temporary.join("crash.sock");
        let mut server = self.start(&socket)?;
        let waits = self.rows < ROWS_TO_MEET;
        let client = connect(&mut server, &socket, self.chunk_bytes()?).await?;
        let header = LoadHeader {
            file: Some(source(self.file, waits)),
            // Every age would become a number of loyalty points.
            mapping_toml: columns::mapping(|column| match column {
                "年龄" => "积分",
                "积分" => "年龄",
                column => column,
            }),
            ..LoadHeader::default()
        };
        let upload = if waits { Upload::Reader(half_of(self.file).await?) } else { Upload::ServerPath };
        let id = server.0.id();
        let mut killed = None;
        let outcome = client
            .load(header, upload, |event| {
                if killed.is_none()
                    && let Some(when) = moment_to_kill(&event, waits)
                {
                    server.kill();
                    killed = Some(when);
                }
            })
            .await;
        match (outcome, killed) {
            (Err(_), Some(when)) => Ok(format!("{id}, {when}")),
            (Err(error), None) => Err(error.into()),
            (Ok(_), _) => Err(Failure::refused("take more --rows: the load ended before its server could be killed")),
        }
    }

    /// So few bytes of the file that some are sent before the half of it that a waiting load gets.
    fn chunk_bytes(&self) -> Result<usize, Failure> {
        let about = std::fs::metadata(self.file)
            .map_err(|error| Failure::refused(format!("cannot read {}: {error}", self.file.display())))?;
        let quarter = usize::try_from(about.len() / 4).unwrap_or(usize::MAX);
        Ok(quarter.clamp(1, ClientOptions::default().chunk_bytes))
    }

    fn start(&self, socket: &Path) -> Result<Server, Failure> {
        let program = std::env::current_exe()
            .map_err(|error| Failure::refused(format!("cannot find this program again: {error}")))?;
        let child = Command::new(program)
            .args(["serve", "--quiet", "--data"])
            .arg(self.store)
            .arg("--listen")
            .arg(format!("unix:{}", socket.display()))
            .arg("--import-dir")
            .arg(self.temporary)
            .env_remove("MUSTER_ADDR")
            // Its log would stand in the middle of the story.
            .env(crate::log::VARIABLE, "off")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| Failure::refused(format!("cannot start a second server: {error}")))?;
        Ok(Server(child))
    }
}

async fn connect(server: &mut Server, socket: &Path, chunk_bytes: usize) -> Result<Client, Failure> {
    let started = Instant::now();
    // Messages can be as large as their server wants; a call may take as long as the load does.
    let options = ClientOptions { deadline: None, retries_max: 0, chunk_bytes, ..ClientOptions::default() };
    loop {
        match Client::connect(Address::Unix(socket.to_path_buf()), options.clone()).await {
            Ok(client) => return Ok(client),
            Err(error) if started.elapsed() > SERVER_WAIT => return Err(error.into()),
            Err(_) => {}
        }
        if let Ok(Some(status)) = server.0.try_wait() {
            return Err(Failure::refused(format!("the second server ended by itself: {status}")));
        }
        tokio::time::sleep(SERVER_POLL).await;
    }
}

fn source(file: &Path, waits: bool) -> FileSource {
    let name = file.display().to_string();
    let path = if waits { String::new() } else { name.clone() };
    FileSource { path, name, bytes_total: 0 }
}

/// The first half of a file, and then nothing, not even an end: so a load that is soon done is met in its middle.
async fn half_of(file: &Path) -> Result<Box<dyn AsyncRead + Send + Unpin>, Failure> {
    let failed = |error: std::io::Error| Failure::refused(format!("cannot read {}: {error}", file.display()));
    let opened = tokio::fs::File::open(file).await.map_err(failed)?;
    let half = opened.metadata().await.map_err(failed)?.len() / 2;
    Ok(Box::new(opened.take(half).chain(Silence)))
}

/// A source that has nothing to say and does not end.
struct Silence;

impl AsyncRead for Silence {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        Poll::Pending
    }
}

/// Where a load is, if that is where its server shall die.
fn moment_to_kill(event: &LoadEvent, waits: bool) -> Option<String> {
    match event {
        LoadEvent::Sent(bytes) if waits => Some(format!("after {bytes} bytes of the file")),
        LoadEvent::Progress(progress) if !waits && progress.phase() == LoadPhase::Loading && progress.rows > 0 => {
            Some(format!("after {} rows", progress.rows))
        }
        _ => None,
    }
}
