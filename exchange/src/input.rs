//! Where the bytes come from: a file or a stream, unpacked on the way, its format told by its first bytes.

mod foreign;

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};
use flate2::read::MultiGzDecoder;
use muster_engine::{Error, Result};

use crate::mapping::encoding_label;
use crate::options::Look;
use foreign::Foreign;

/// How many bytes are looked at to tell compression and format.
const SNIFF_BYTES: usize = 4096;
/// The buffer in front of a decoder.
const BUFFER_BYTES: usize = 1 << 17;
/// The largest window of a zstd frame, as a power of two; larger ones are refused.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;

pub(super) const GZIP_MAGIC: &[u8] = &[0x1F, 0x8B];
pub(super) const ZSTD_MAGIC: &[u8] = &[0x28, 0xB5, 0x2F, 0xFD];
pub(super) const PARQUET_MAGIC: &[u8] = b"PAR1";
pub(super) const ARROW_MAGIC: &[u8] = b"ARROW1";

/// What kind of file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Apache Parquet.
    Parquet,
    /// Text, a record a line.
    Csv,
    /// An Arrow IPC file (also called Feather 2).
    ArrowIpc,
    /// An Arrow IPC stream.
    ArrowStream,
}

impl Format {
    /// The format's name.
    pub const fn name(self) -> &'static str {
        match self {
            Format::Parquet => "Parquet",
            Format::Csv => "CSV",
            Format::ArrowIpc => "Arrow",
            Format::ArrowStream => "an Arrow stream",
        }
    }
}

/// How the whole file is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// gzip, one member or several.
    Gzip,
    /// Zstandard, one frame or several.
    Zstd,
}

/// An opened file or stream, its compression and format told by its first bytes and never by its name.
pub struct Input {
    /// Format after unpacking.
    format: Format,
    compression: Compression,
    name: String,
    bytes_total: Option<u64>,
    bytes_read: Arc<AtomicU64>,
    /// The first bytes of a text, unpacked.
    head: Vec<u8>,
    content: Content,
}

/// Parquet and Arrow files are read from their end, CSV as it comes.
pub(crate) enum Content {
    File(File),
    Stream(Box<dyn Read + Send>),
}

/// A file, and what messages call it: its sender may know it by another name than its path here.
#[derive(Clone, Copy, Debug)]
pub struct NamedFile<'a> {
    /// Where it lies.
    pub path: &'a Path,
    /// What messages call it.
    pub name: &'a str,
}

impl Input {
    /// Opens the file at `path`, which messages call so.
    ///
    /// Errors: io, when it cannot be read; invalid, when it is of a format that is not loaded.
    pub fn open(path: &Path) -> Result<Input> {
        Input::open_named(NamedFile { path, name: &path.display().to_string() })
    }

    /// The same for a file that messages call otherwise.
    pub fn open_named(NamedFile { path, name }: NamedFile<'_>) -> Result<Input> {
        let name = name.to_owned();
        let fault = |error| Error::of_system(format_args!("cannot read {name}"), error);
        let mut file = File::open(path).map_err(fault)?;
        let metadata = file.metadata().map_err(fault)?;
        if metadata.is_dir() {
            return Err(Error::invalid(format!("{name} is a directory, not a file")));
        }
        let mut head = [0; 8];
        let head_bytes = read_full(&mut file, &mut head).map_err(fault)?;
        let head = &head[..head_bytes];
        let format = match () {
            () if head.starts_with(PARQUET_MAGIC) => Some(Format::Parquet),
            () if head.starts_with(ARROW_MAGIC) => Some(Format::ArrowIpc),
            () if is_arrow_stream(head) => Some(Format::ArrowStream),
            () => None,
        };
        if !metadata.is_file() {
            // A pipe cannot be read twice: what was looked at goes in front again.
            let stream = Cursor::new(head.to_vec()).chain(file);
            return Input::from_read(&name, stream);
        }
        file.seek(SeekFrom::Start(0)).map_err(fault)?;
        let Some(format) = format else {
            let mut input = Input::from_read(&name, file)?;
            input.bytes_total = Some(metadata.len());
            return Ok(input);
        };
        Ok(Input {
            format,
            compression: Compression::None,
            name,
            bytes_total: Some(metadata.len()),
            bytes_read: Arc::new(AtomicU64::new(0)),
            head: Vec::new(),
            content: Content::File(file),
        })
    }

    /// Reads from `stream`, which messages call `name`. Only CSV can be read from a stream: the other formats are
    /// read from their end.
    ///
    /// Errors: io, when it cannot be read; invalid, when it holds another format than CSV.
    pub fn from_read(name: &str, stream: impl Read + Send + 'static) -> Result<Input> {
        let bytes_read = Arc::new(AtomicU64::new(0));
        let counted = Counted { inner: stream, bytes_read: Arc::clone(&bytes_read) };
        let (head, stream) = sniff(counted).map_err(|error| content_fault(name, error))?;
        let compression = compression_of(&head);
        let stream: Box<dyn Read + Send> = match compression {
            Compression::None => Box::new(stream),
            Compression::Gzip => Box::new(MultiGzDecoder::new(BufReader::with_capacity(BUFFER_BYTES, stream))),
            Compression::Zstd => {
                let mut decoder =
                    zstd::Decoder::new(stream).map_err(|error| Error::of_system("cannot start zstd", error))?;
                decoder
                    .window_log_max(ZSTD_WINDOW_LOG_MAX)
                    .map_err(|error| Error::of_system("cannot start zstd", error))?;
                Box::new(decoder)
            }
        };
        let (head, stream) = sniff(stream).map_err(|error| content_fault(name, error))?;
        if let Some(foreign) = Foreign::of(&head) {
            return Err(foreign.error(name, compression));
        }
        Ok(Input {
            format: Format::Csv,
            compression,
            name: name.to_owned(),
            bytes_total: None,
            bytes_read,
            head,
            content: Content::Stream(Box::new(stream)),
        })
    }

    /// Refuses what is no text of `encoding` by its first bytes.
    pub(crate) fn check_text(&self, encoding: &'static Encoding) -> Result<()> {
        let name = &self.name;
        let marked = [(&b"\xFF\xFE"[..], UTF_16LE), (b"\xFE\xFF", UTF_16BE)];
        let marked = marked.into_iter().find(|(mark, _)| self.head.starts_with(mark)).map(|(_, marked)| marked);
        match marked {
            Some(marked) if marked != encoding => {
                let label = encoding_label(marked);
                Err(Error::invalid(format!("{name} is {}: give csv = {{ encoding = \"{label}\" }}", marked.name())))
            }
            None if encoding != UTF_16LE && encoding != UTF_16BE && first_line(&self.head).contains(&0) => {
                Err(Error::invalid(format!("{name} is neither text nor Parquet: it has zero bytes")))
            }
            _ => Ok(()),
        }
    }

    /// The same, which asks `look` before each piece of a text.
    pub(crate) fn stopped_by(self, look: &Look) -> Input {
        let content = match self.content {
            Content::Stream(inner) => Content::Stream(Box::new(Looking { inner, look: look.clone() })),
            file @ Content::File(_) => file,
        };
        Input { content, ..self }
    }

    /// What kind of file it is.
    pub fn format(&self) -> Format {
        self.format
    }

    /// How it is packed.
    pub fn compression(&self) -> Compression {
        self.compression
    }

    /// What messages call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The size of the file, packed as it is; unknown for a stream.
    pub fn bytes_total(&self) -> Option<u64> {
        self.bytes_total
    }

    pub(crate) fn bytes_counter(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.bytes_read)
    }

    pub(crate) fn into_content(self) -> Content {
        self.content
    }
}

/// What zstd says of a frame whose window is larger than [`ZSTD_WINDOW_LOG_MAX`]; it has no code that gets through.
const ZSTD_WINDOW_TOO_LARGE: &str = "Frame requires too much memory for decoding";

/// An error while reading or unpacking `name`. What a decoder refuses is the file's fault, the rest the machine's.
pub(crate) fn content_fault(name: &str, error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::Other if error.to_string().contains(ZSTD_WINDOW_TOO_LARGE) => Error::limit(format!(
            "write {name} again without --long, or with --long={ZSTD_WINDOW_LOG_MAX} at most: its zstd window is \
             larger than the {} MiB that a reader keeps",
            (1u64 << ZSTD_WINDOW_LOG_MAX) >> 20
        )),
        io::ErrorKind::InvalidData
        | io::ErrorKind::InvalidInput
        | io::ErrorKind::UnexpectedEof
        | io::ErrorKind::Other => Error::invalid(format!("{name} is damaged: it does not unpack")).with_source(error),
        _ => Error::of_system(format_args!("cannot read {name}"), error),
    }
}

/// Whether the bytes begin as the messages of an Arrow stream do: the mark of a message and a small length.
pub(super) fn is_arrow_stream(head: &[u8]) -> bool {
    const SCHEMA_BYTES_MAX: u32 = 1 << 28;
    match head {
        [0xFF, 0xFF, 0xFF, 0xFF, a, b, c, d, ..] => {
            (8..SCHEMA_BYTES_MAX).contains(&u32::from_le_bytes([*a, *b, *c, *d]))
        }
        _ => false,
    }
}

fn compression_of(head: &[u8]) -> Compression {
    if head.starts_with(GZIP_MAGIC) {
        Compression::Gzip
    } else if head.starts_with(ZSTD_MAGIC) {
        Compression::Zstd
    } else {
        Compression::None
    }
}

fn first_line(head: &[u8]) -> &[u8] {
    head.split(|byte| *byte == b'\n').next().unwrap_or(head)
}

/// A stream with the bytes in front that were looked at.
type Replayed<R> = io::Chain<Cursor<Vec<u8>>, R>;

/// The first bytes of `stream`, and the stream with them still in front.
fn sniff<R: Read>(mut stream: R) -> io::Result<(Vec<u8>, Replayed<R>)> {
    let mut head = vec![0; SNIFF_BYTES];
    let bytes = read_full(&mut stream, &mut head)?;
    head.truncate(bytes);
    Ok((head.clone(), Cursor::new(head).chain(stream)))
}

/// Fills `buffer` as far as `stream` goes.
fn read_full(stream: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match stream.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(bytes) => filled += bytes,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// A stream that ends when it is told to.
struct Looking<R> {
    inner: R,
    look: Look,
}

impl<R: Read> Read for Looking<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.look.look().map_err(|error| io::Error::new(io::ErrorKind::TimedOut, error))?;
        self.inner.read(buffer)
    }
}

/// A stream that says how far it is.
struct Counted<R> {
    inner: R,
    bytes_read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.inner.read(buffer)?;
        self.bytes_read.fetch_add(bytes as u64, Ordering::Relaxed);
        Ok(bytes)
    }
}
