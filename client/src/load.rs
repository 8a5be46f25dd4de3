//! Bulk loads: a file goes up in chunks, progress and rejected rows come back.

use std::path::PathBuf;

use muster_proto::v1::{
    InferLoadHeader, InferLoadReply, InferLoadRequest, LoadGuess, LoadHeader, LoadProgress, LoadReply, LoadRequest,
    LoadResult, RejectedRow, infer_load_request, load_reply, load_request,
};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::call::{Client, within};
use crate::error::{ClientError, Delivery};

/// How many chunks may wait between the file and the network.
const CHUNKS_WAITING: usize = 4;

/// Where the bytes of a load come from.
pub enum Upload {
    /// The header names a path that the server reads itself.
    ServerPath,
    /// A file here.
    File(PathBuf),
    /// Bytes as they come, such as standard input.
    Reader(Box<dyn AsyncRead + Send + Unpin>),
}

impl Upload {
    /// The same upload once more, if its bytes can be read again.
    fn again(&self) -> Option<Upload> {
        match self {
            Upload::ServerPath => Some(Upload::ServerPath),
            Upload::File(path) => Some(Upload::File(path.clone())),
            Upload::Reader(_) => None,
        }
    }
}

/// What a load says while it runs.
#[derive(Debug)]
pub enum LoadEvent {
    /// So many bytes were sent since the beginning.
    Sent(u64),
    /// How far the server is.
    Progress(LoadProgress),
    /// Rows that it rejected.
    Rejects(Vec<RejectedRow>),
    /// The mapping that it guessed, where none was given.
    Guess(LoadGuess),
}

impl Client {
    /// Loads a file and reports on the way. Errors carry the reason `REJECTED_ROWS` where more rows were rejected than
    /// allowed; their rows have been reported before.
    pub async fn load(
        &self,
        header: LoadHeader,
        mut upload: Upload,
        mut report: impl FnMut(LoadEvent),
    ) -> Result<LoadResult, ClientError> {
        let mut tries_left = self.options().retries_max;
        loop {
            let again = upload.again();
            match (self.load_once(header.clone(), upload, &mut report).await, again) {
                (Err(error), Some(again)) if error.delivery == Delivery::Unsent && tries_left > 0 => upload = again,
                (outcome, _) => return outcome,
            }
            tries_left -= 1;
            tokio::time::sleep(self.options().retry_wait).await;
        }
    }

    async fn load_once(
        &self,
        mut header: LoadHeader,
        upload: Upload,
        report: &mut impl FnMut(LoadEvent),
    ) -> Result<LoadResult, ClientError> {
        let file = header.file.get_or_insert_default();
        let (reader, bytes_total) = open(upload).await?;
        file.bytes_total = bytes_total.unwrap_or(file.bytes_total);
        let first = LoadRequest { part: Some(load_request::Part::Header(header)) };
        let (messages, mut sent) = send(first, reader, self.options().chunk_bytes, |bytes| LoadRequest {
            part: Some(load_request::Part::Bytes(bytes)),
        });
        let (request, until) = self.stream_request(messages);
        let call = async {
            let mut events = self.ingest().load(request).await?.into_inner();
            loop {
                tokio::select! {
                    biased;
                    Some(outcome) = sent.recv() => report(LoadEvent::Sent(outcome?)),
                    event = events.message() => match event? {
                        Some(event) => if let Some(result) = pass_on(event, report) {
                            return Ok(result);
                        },
                        None => return Err(ClientError::unreachable("the server ended the load without a result")),
                    },
                }
            }
        };
        within(until, call).await
    }

    /// Proposes how the columns of a file become tags.
    pub async fn infer_load(
        &self,
        mut header: InferLoadHeader,
        upload: Upload,
        mut report: impl FnMut(LoadEvent),
    ) -> Result<InferLoadReply, ClientError> {
        let file = header.file.get_or_insert_default();
        let (reader, bytes_total) = open(upload).await?;
        file.bytes_total = bytes_total.unwrap_or(file.bytes_total);
        let first = InferLoadRequest { part: Some(infer_load_request::Part::Header(header)) };
        let (messages, mut sent) = send(first, reader, self.options().chunk_bytes, |bytes| InferLoadRequest {
            part: Some(infer_load_request::Part::Bytes(bytes)),
        });
        let mut stub = self.ingest();
        let (request, until) = self.stream_request(messages);
        let mut call = std::pin::pin!(stub.infer_load(request));
        let inferring = async {
            loop {
                tokio::select! {
                    biased;
                    Some(outcome) = sent.recv() => report(LoadEvent::Sent(outcome?)),
                    reply = &mut call => return Ok(reply?.into_inner()),
                }
            }
        };
        within(until, inferring).await
    }
}

/// Reports `event`, or returns the result that it is.
fn pass_on(event: LoadReply, report: &mut impl FnMut(LoadEvent)) -> Option<LoadResult> {
    match event.event? {
        load_reply::Event::Progress(progress) => report(LoadEvent::Progress(progress)),
        load_reply::Event::Rejects(rejects) => report(LoadEvent::Rejects(rejects.rows)),
        load_reply::Event::Guess(guess) => report(LoadEvent::Guess(guess)),
        load_reply::Event::Result(result) => return Some(result),
    }
    None
}

type Reader = Box<dyn AsyncRead + Send + Unpin>;

async fn open(upload: Upload) -> Result<(Option<Reader>, Option<u64>), ClientError> {
    match upload {
        Upload::ServerPath => Ok((None, None)),
        Upload::Reader(reader) => Ok((Some(reader), None)),
        Upload::File(path) => {
            let failed = |error: std::io::Error| ClientError::usage(format!("cannot read {}: {error}", path.display()));
            let file = tokio::fs::File::open(&path).await.map_err(failed)?;
            let about = file.metadata().await.map_err(failed)?;
            Ok((Some(Box::new(file)), about.is_file().then_some(about.len())))
        }
    }
}

/// The messages of an upload, and after each how many bytes were sent, or why no more could be read. The upload ends
/// when the call does: then nobody takes the messages.
fn send<M: Send + 'static>(
    first: M,
    reader: Option<Reader>,
    chunk_bytes: usize,
    chunk: fn(Vec<u8>) -> M,
) -> (ReceiverStream<M>, mpsc::Receiver<Result<u64, ClientError>>) {
    let (messages, taken) = mpsc::channel(CHUNKS_WAITING);
    let (outcomes, sent) = mpsc::channel(CHUNKS_WAITING);
    tokio::spawn(async move {
        if messages.send(first).await.is_err() {
            return;
        }
        let Some(mut reader) = reader else { return };
        let mut bytes_sent = 0;
        loop {
            let bytes = match read_chunk(&mut reader, chunk_bytes).await {
                Ok(bytes) if bytes.is_empty() => return,
                Ok(bytes) => bytes,
                Err(error) => {
                    // The call is given up by whoever reads this, before it can end like a whole file.
                    let error = ClientError::usage(format!("cannot read what is to be loaded: {error}"));
                    let _ = outcomes.send(Err(error)).await;
                    outcomes.closed().await;
                    return;
                }
            };
            bytes_sent += bytes.len() as u64;
            if messages.send(chunk(bytes)).await.is_err() {
                return;
            }
            // A slow reporter only misses numbers; it must not slow the upload down.
            let _ = outcomes.try_send(Ok(bytes_sent));
        }
    });
    (ReceiverStream::new(taken), sent)
}

async fn read_chunk(reader: &mut Reader, chunk_bytes: usize) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(chunk_bytes);
    reader.take(chunk_bytes as u64).read_to_end(&mut bytes).await?;
    Ok(bytes)
}
