//! Loads: a file arrives, or is named by its path, and is read on a thread of its own.

mod events;
mod guess;
mod job;

use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use muster_engine::Error;
use muster_engine::query::Run;
use muster_exchange::NamedFile;
use muster_language::visible::visible;
use muster_proto::v1::{self, infer_load_request, load_request};
use rustix::fs::OFlags;
use tonic::{Code, Status, Streaming};

use crate::convert::error;
use crate::shared::Shared;
use crate::spool::Spooled;
use crate::work::{Call, Kind, Place, on_thread};
use events::Events;
pub(crate) use events::LoadEvents;
use guess::Wish;
use job::Job;

/// Bytes between two reports of how much has arrived.
const REPORT_BYTES: u64 = 16 << 20;

/// A file that can be read: one that the caller named, or one that has arrived.
struct Source {
    path: PathBuf,
    /// What messages call it.
    name: String,
    /// Deletes the file of a caller when the load is over.
    _spooled: Option<Spooled>,
    /// Keeps the path of a file of an import directory good.
    _held: Option<File>,
}

impl Source {
    fn file(&self) -> NamedFile<'_> {
        NamedFile { path: &self.path, name: &self.name }
    }

    /// The name of the file without folders and endings, as a name for a type.
    fn stem(&self) -> Option<String> {
        let file = Path::new(&self.name).file_name()?.to_str()?;
        let stem = file.split('.').next().unwrap_or_default();
        (!stem.is_empty()).then(|| stem.to_owned())
    }
}

/// One of the loads that are open at once, from its first message to the last event that is read.
struct Opened(Arc<Shared>);

impl Opened {
    /// Errors: busy, when there are too many: each holds a file or a thread.
    fn new(shared: &Arc<Shared>) -> Result<Opened, Status> {
        let allowed = shared.config.limits.loads_open_max;
        if shared.loads_open.fetch_add(1, Ordering::Relaxed) >= allowed {
            shared.loads_open.fetch_sub(1, Ordering::Relaxed);
            let message = format!("ask again when another load has ended: {allowed} are open (loads_open_max)");
            return Err(error::status(&Error::busy(message)));
        }
        Ok(Opened(Arc::clone(shared)))
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.0.loads_open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Proposes a mapping.
pub(crate) async fn infer(
    shared: &Arc<Shared>,
    mut stream: Streaming<v1::InferLoadRequest>,
    call: &Call,
) -> Result<v1::InferLoadReply, Status> {
    let _opened = Opened::new(shared)?;
    let header = match stream.message().await?.and_then(|message| message.part) {
        Some(infer_load_request::Part::Header(header)) => header,
        _ => return Err(header_first()),
    };
    let next = async |stream: &mut Streaming<v1::InferLoadRequest>| match stream.message().await? {
        None => Ok(None),
        Some(message) => match message.part {
            Some(infer_load_request::Part::Bytes(bytes)) => Ok(Some(bytes)),
            _ => Err(bytes_next()),
        },
    };
    let file = header.file.clone().unwrap_or_default();
    let source = match named(shared, &file)? {
        Some(source) => source,
        None => {
            let mut incoming = shared.spool.begin().await.map_err(|fault| error::status(&fault))?;
            while let Some(bytes) = next(&mut stream).await? {
                incoming.append(&bytes).await.map_err(|fault| error::status(&fault))?;
            }
            arrived(incoming.finish().await, file.name)?
        }
    };
    let owned = Arc::clone(shared);
    let job = move |run: &Run| {
        let space = owned.store.space(&header.space).map_err(|fault| error::status(&fault))?;
        let wish = Wish {
            entity_type: &header.entity_type,
            key_column: &header.key_column,
            encoding: &header.encoding,
            load_bytes_max: owned.config.store.engine.load_bytes_max,
            run,
        };
        guess::guess(&space, &source, wish).map(|inference| guess::to_wire(&inference))
    };
    shared.work.run(Kind::Load, call, job).await
}

/// How many rows a guess looks at in a file of this machine.
#[cfg(test)]
pub(crate) fn guessed(space: &muster_store::Space, path: &Path, run: &Run) -> Result<u64, Status> {
    let source = Source { path: path.to_owned(), name: path.display().to_string(), _spooled: None, _held: None };
    let wish = Wish { entity_type: "", key_column: "", encoding: "", load_bytes_max: 1 << 29, run };
    guess::guess(space, &source, wish).map(|inference| inference.rows_looked_at)
}

/// Begins a load, and gives what it says up to its result.
pub(crate) fn begin(
    shared: &Arc<Shared>,
    call: Call,
    stream: Streaming<v1::LoadRequest>,
) -> Result<LoadEvents, Status> {
    let opened = Opened::new(shared)?;
    let (events, heard) = events::channel(&call, shared.config.limits.stream_idle);
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        if let Err(status) = load(&shared, stream, &call, &events).await {
            events.fail(status);
        }
        drop(opened);
    });
    Ok(heard)
}

async fn load(
    shared: &Arc<Shared>,
    mut stream: Streaming<v1::LoadRequest>,
    call: &Call,
    events: &Events,
) -> Result<(), Status> {
    let started = Instant::now();
    let header = match stream.message().await?.and_then(|message| message.part) {
        Some(load_request::Part::Header(header)) => header,
        _ => return Err(header_first()),
    };
    let file = header.file.clone().unwrap_or_default();
    let source = match named(shared, &file)? {
        Some(source) => source,
        None => receive(shared, &mut stream, file, started, events).await?,
    };
    let events = events.clone();
    let owned = Arc::clone(shared);
    let lane = shared.work.lane(Kind::Load).clone();
    let place = lane.enter(call.caller, call.deadline).await?;
    let caller = call.clone();
    let job = move |run: &Run, place: &mut Option<Place>| {
        let events = events.in_lane(lane, caller, place);
        Job::new(&owned, header, &source, started, events, run).run()
    };
    on_thread(call.clone(), place, job).await
}

async fn receive(
    shared: &Shared,
    stream: &mut Streaming<v1::LoadRequest>,
    file: v1::FileSource,
    started: Instant,
    events: &Events,
) -> Result<Source, Status> {
    let mut incoming = shared.spool.begin().await.map_err(|fault| error::status(&fault))?;
    let mut reported = 0;
    loop {
        // A caller that went away leaves the stream with an error.
        let bytes = match stream.message().await?.map(|message| message.part) {
            None => return arrived(incoming.finish().await, file.name),
            Some(Some(load_request::Part::Bytes(bytes))) => bytes,
            Some(_) => return Err(bytes_next()),
        };
        incoming.append(&bytes).await.map_err(|fault| error::status(&fault))?;
        if incoming.bytes() - reported >= REPORT_BYTES {
            reported = incoming.bytes();
            let progress = v1::LoadProgress {
                phase: v1::LoadPhase::Receiving.into(),
                bytes: reported,
                bytes_total: (file.bytes_total != 0).then_some(file.bytes_total),
                elapsed_ms: elapsed_ms(started),
                ..v1::LoadProgress::default()
            };
            events.offer(v1::load_reply::Event::Progress(progress));
        }
    }
}

/// The file that `file` names by its path, if the caller may name it.
fn named(shared: &Shared, file: &v1::FileSource) -> Result<Option<Source>, Status> {
    if file.path.is_empty() {
        return Ok(None);
    }
    let path = Path::new(&file.path);
    let config = &shared.config;
    let resolved = path.canonicalize();
    let allowed = config.local_files
        || resolved.as_ref().is_ok_and(|path| {
            let inside = |folder: &PathBuf| folder.canonicalize().is_ok_and(|folder| path.starts_with(folder));
            config.import_dirs.iter().any(inside)
        });
    if !allowed || !path.is_absolute() {
        // Whether the file exists is nobody's business outside the import directories.
        let message =
            format!("send the bytes of {}, or put it into an import directory and name its whole path", file.path);
        return Err(error::refuse(Code::PermissionDenied, "PATH_NOT_ALLOWED", message));
    }
    let path = resolved.map_err(|fault| {
        let message = format!("cannot read {}", file.path);
        error::status(&match fault.kind() {
            std::io::ErrorKind::NotFound => Error::not_found(format!("there is no file {}", file.path)),
            _ => Error::of_system(message, fault),
        })
    })?;
    let (path, held) = if config.local_files { (path, None) } else { hold(&path, &file.path)? };
    Ok(Some(Source { path, name: file.path.clone(), _spooled: None, _held: held }))
}

/// Holds a file of an import directory open, and gives a path that leads to it and to no other that takes its place.
/// Errors: invalid, when it is a pipe or a device, which is not waited for.
fn hold(path: &Path, name: &str) -> Result<(PathBuf, Option<File>), Status> {
    let flags = OFlags::NONBLOCK | OFlags::NOFOLLOW;
    let opened = File::options().read(true).custom_flags(flags.bits() as i32).open(path);
    let failed = |fault| error::status(&Error::of_system(format_args!("cannot read {name}"), fault));
    let file = opened.map_err(failed)?;
    let about = file.metadata().map_err(failed)?;
    if !about.is_file() && !about.is_dir() {
        let message = format!("name a file, or send the bytes: {name} is a pipe or a device");
        return Err(error::status(&Error::invalid(message)));
    }
    Ok((PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd())), Some(file)))
}

fn arrived(spooled: muster_engine::Result<Spooled>, name: String) -> Result<Source, Status> {
    let spooled = spooled.map_err(|fault| error::status(&fault))?;
    Ok(Source {
        path: spooled.path().to_owned(),
        name: if name.is_empty() { "the stream".to_owned() } else { name },
        _spooled: Some(spooled),
        _held: None,
    })
}

fn notes(notes: &[muster_exchange::Note]) -> Vec<v1::LoadNote> {
    let note = |note: &muster_exchange::Note| v1::LoadNote {
        column: note.column.clone(),
        message: visible(&note.message).into_owned(),
    };
    notes.iter().map(note).collect()
}

fn elapsed_ms(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX)
}

fn header_first() -> Status {
    error::bad_field("part", "send a header first")
}

fn bytes_next() -> Status {
    error::bad_field("part", "after the header send bytes only")
}
