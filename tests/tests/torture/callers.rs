//! The callers.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::Path;

use muster_client::v1::{CountRequest, MembersRequest};
use muster_client::{Address, Client, ClientOptions, Code, Members};

/// What every client of HTTP/2 says first, and no settings.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00";
/// The head of a frame: three bytes of length, the kind, the flags, four bytes of the stream.
const FRAME_HEAD_BYTES: usize = 9;

fn connect(socket: &Path) -> UnixStream {
    UnixStream::connect(socket).expect("the server listens")
}

async fn client(socket: &Path) -> Client {
    let options = ClientOptions { retries_max: 0, ..ClientOptions::default() };
    Client::connect(Address::Unix(socket.to_owned()), options).await.expect("the server listens")
}

/// Connect and say nothing.
pub(crate) fn silent(socket: &Path, count: usize) -> Vec<UnixStream> {
    (0..count).map(|_| connect(socket)).collect()
}

/// Begin to say who they are.
pub(crate) fn halves_of_prefaces(socket: &Path, count: usize) -> Vec<UnixStream> {
    let half = |length: usize| {
        let mut stream = connect(socket);
        stream.write_all(&PREFACE[..length % PREFACE.len()]).expect("it is taken");
        stream
    };
    (0..count).map(half).collect()
}

/// Ask for everybody, and read nothing.
pub(crate) async fn unread_streams(socket: &Path, clients: usize, streams: usize) -> Vec<(Client, Vec<Members>)> {
    let mut all = Vec::new();
    for _ in 0..clients {
        let client = client(socket).await;
        let mut unread = Vec::new();
        for _ in 0..streams {
            let request = MembersRequest { text: "ALL".into(), ..Default::default() };
            unread.push(client.members(request).await.expect("a stream begins"));
        }
        all.push((client, unread));
    }
    all
}

/// Begin a message of 8 MiB and send a kilobyte of it.
pub(crate) async fn half_messages(socket: &Path, count: usize) -> Vec<UnixStream> {
    let mut all = Vec::new();
    for _ in 0..count {
        let mut stream = connect(socket);
        stream.write_all(PREFACE).expect("it is taken");
        stream.write_all(&frame(1, 4, &headers())).expect("it is taken");
        let mut bytes = vec![0];
        bytes.extend((8_u32 << 20).to_be_bytes());
        bytes.resize(1_024, 0);
        stream.write_all(&frame(0, 0, &bytes)).expect("it is taken");
        all.push(stream);
    }
    all
}

fn frame(kind: u8, flags: u8, content: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = u32::try_from(content.len()).expect("a short frame").to_be_bytes();
    let mut frame = Vec::with_capacity(FRAME_HEAD_BYTES + content.len());
    frame.extend(length);
    frame.extend([kind, flags, 0, 0, 0, 1]);
    frame.extend(content);
    frame
}

/// The headers of a count: literal ones, without an index.
fn headers() -> Vec<u8> {
    let mut block = Vec::new();
    let fields = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/muster.v1.Query/Count"),
        (":authority", "muster.invalid"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ];
    for (name, value) in fields {
        block.push(0);
        for text in [name, value] {
            block.push(u8::try_from(text.len()).expect("a short text"));
            block.extend(text.as_bytes());
        }
    }
    block
}

/// Connect, say something that is no HTTP/2 or a broken one, and go.
pub(crate) fn garbage(socket: &Path, count: usize) {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    for number in 0..count {
        let mut stream = connect(socket);
        let mut bytes: Vec<u8> = if number % 2 == 0 { PREFACE.to_vec() } else { Vec::new() };
        for _ in 0..number {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            bytes.extend(state.to_le_bytes());
        }
        // The server may hang up at any byte of it.
        let _ = stream.write_all(&bytes);
    }
}

/// A question that is longer than it may be: it is refused by the name of the limit.
pub(crate) async fn too_long(socket: &Path) {
    let request = CountRequest { text: " ".repeat(9 << 20), ..Default::default() };
    let refused = client(socket).await.count(request).await.expect_err("a text of 9 MiB");
    assert_eq!(refused.code, Code::ResourceExhausted, "{refused:?}");
    assert!(refused.message.contains("query_message_bytes_max"), "{refused:?}");
}
