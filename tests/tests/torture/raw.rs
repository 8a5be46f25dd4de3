//! HTTP/2 as bytes: what no client that means well would send.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// What every client of HTTP/2 says first, and no settings.
pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00";
/// The longest content of a frame before others were agreed on.
const FRAME_BYTES_MAX: usize = 16_384;
/// The head of a frame: three bytes of length, the kind, the flags, four bytes of the stream.
const FRAME_HEAD_BYTES: usize = 9;
/// How long the server may take to say something, on a machine that is busy.
const ANSWER_WAIT: Duration = Duration::from_secs(40);

/// The kinds of frames that are used here.
pub(crate) const DATA: u8 = 0;
const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;
const PING: u8 = 6;
const RESET: u8 = 3;
/// The flags.
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// With headers of an answer.
    Answered,
    /// With the stream, or with the connection.
    Cut,
}

/// A connection.
pub(crate) struct Raw {
    stream: UnixStream,
}

impl Raw {
    /// Connects and says nothing.
    pub(crate) fn silent(socket: &Path) -> Raw {
        let stream = UnixStream::connect(socket).expect("the server listens");
        stream.set_read_timeout(Some(ANSWER_WAIT)).expect("a socket has a time-out");
        Raw { stream }
    }

    /// Connects and says the preface.
    pub(crate) fn connect(socket: &Path) -> Raw {
        let mut raw = Raw::silent(socket);
        raw.send(PREFACE);
        raw
    }

    /// Sends bytes; the server may hang up at any of them.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// Sends a frame of stream `number`.
    pub(crate) fn frame(&mut self, kind: u8, flags: u8, number: u32, content: &[u8]) {
        let [_, length @ ..] = u32::try_from(content.len()).expect("a short frame").to_be_bytes();
        let mut frame = Vec::with_capacity(FRAME_HEAD_BYTES + content.len());
        frame.extend(length);
        frame.extend([kind, flags]);
        frame.extend(number.to_be_bytes());
        frame.extend(content);
        self.send(&frame);
    }

    /// Sends the headers of a call of `method`, with one of `more` bytes beside them.
    pub(crate) fn headers(&mut self, number: u32, method: &str, more: usize, is_all: bool) {
        let path = format!("/muster.v1.{method}");
        let long = "x".repeat(more);
        let fields = [
            (":method", "POST"),
            (":scheme", "http"),
            (":path", &path),
            (":authority", "muster.invalid"),
            ("content-type", "application/grpc"),
            ("te", "trailers"),
            ("x-more", &long),
        ];
        let block: Vec<u8> = fields.iter().flat_map(|(name, value)| literal(name, value)).collect();
        let end_stream = if is_all { END_STREAM } else { 0 };
        let pieces = block.len().div_ceil(FRAME_BYTES_MAX);
        for (index, piece) in block.chunks(FRAME_BYTES_MAX).enumerate() {
            let end_headers = if index + 1 == pieces { END_HEADERS } else { 0 };
            match index {
                0 => self.frame(HEADERS, end_headers | end_stream, number, piece),
                _ => self.frame(CONTINUATION, end_headers, number, piece),
            }
        }
    }

    /// Sends a message of a call, whole and the last.
    pub(crate) fn message(&mut self, number: u32, bytes: &[u8]) {
        let mut message = vec![0];
        message.extend(u32::try_from(bytes.len()).expect("a short message").to_be_bytes());
        message.extend(bytes);
        self.frame(DATA, END_STREAM, number, &message);
    }

    /// Takes a stream back.
    pub(crate) fn reset(&mut self, number: u32) {
        self.frame(RESET, 0, number, &8_u32.to_be_bytes());
    }

    /// Reads until stream `number` has an answer or none can come any more.
    pub(crate) fn ended(&mut self, number: u32) -> Ended {
        loop {
            let Some((kind, flags, stream, content)) = self.next() else { return Ended::Cut };
            match kind {
                HEADERS if stream == number => return Ended::Answered,
                RESET if stream == number => return Ended::Cut,
                PING if flags & 1 == 0 => self.frame(PING, 1, 0, &content),
                _ => {}
            }
        }
    }

    /// Whether the server has hung up: nothing comes but the end.
    pub(crate) fn is_hung_up_on(&mut self) -> bool {
        let mut words = [0; 4_096];
        loop {
            match self.stream.read(&mut words) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(error) => return error.kind() != std::io::ErrorKind::WouldBlock,
            }
        }
    }

    /// The next frame; none after the last.
    fn next(&mut self) -> Option<(u8, u8, u32, Vec<u8>)> {
        let mut head = [0; FRAME_HEAD_BYTES];
        self.stream.read_exact(&mut head).ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let number = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        let mut content = vec![0; length as usize];
        self.stream.read_exact(&mut content).ok()?;
        Some((head[3], head[4], number, content))
    }
}

/// A header as it stands, without an index: nothing that the other side has to remember.
fn literal(name: &str, value: &str) -> Vec<u8> {
    let mut field = vec![0];
    for text in [name, value] {
        let length = text.len();
        if length < 127 {
            field.push(u8::try_from(length).expect("it is below 127"));
        } else {
            field.push(127);
            let mut rest = length - 127;
            while rest >= 128 {
                field.push(u8::try_from(rest % 128).expect("it is below 128") | 128);
                rest /= 128;
            }
            field.push(u8::try_from(rest).expect("it is below 128"));
        }
        field.extend(text.as_bytes());
    }
    field
}
