//! The callers.

use std::path::{Path, PathBuf};

use muster_client::v1::{CountRequest, MembersRequest, Parameter, QueryContext, TextList, parameter};
use muster_client::{Address, Client, ClientError, ClientOptions, Code, Members};

use crate::raw::{DATA, Ended, PREFACE, Raw};

/// The methods that take one message.
const METHODS: [&str; 6] =
    ["Query/Count", "Query/Members", "Query/IsMember", "Ingest/Write", "Catalog/CreateTag", "Admin/Status"];

/// A client that asks once.
pub(crate) async fn client(socket: &Path) -> Client {
    let options = ClientOptions { retries_max: 0, ..ClientOptions::default() };
    Client::connect(Address::Unix(socket.to_owned()), options).await.expect("the server listens")
}

/// Connect and say nothing.
pub(crate) fn silent(socket: &Path, count: usize) -> Vec<Raw> {
    (0..count).map(|_| Raw::silent(socket)).collect()
}

/// Begin to say who they are.
pub(crate) fn halves_of_prefaces(socket: &Path, count: usize) -> Vec<Raw> {
    let half = |length: usize| {
        let mut raw = Raw::silent(socket);
        // Shorter than the words without the settings behind them.
        raw.send(&PREFACE[..length % 24]);
        raw
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
pub(crate) fn half_messages(socket: &Path, count: usize) -> Vec<Raw> {
    let half = |_| {
        let mut raw = Raw::connect(socket);
        raw.headers(1, "Query/Count", 0, false);
        let mut bytes = vec![0];
        bytes.extend((8_u32 << 20).to_be_bytes());
        bytes.resize(1_024, 0);
        raw.frame(DATA, 0, 1, &bytes);
        raw
    };
    (0..count).map(half).collect()
}

/// Bytes that look like nothing, the same in every run.
struct Noise(u64);

impl Noise {
    fn bytes(&mut self, count: usize) -> Vec<u8> {
        let next = |_| {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            self.0.to_le_bytes()[0]
        };
        (0..count).map(next).collect()
    }
}

/// Connect, say something that is no HTTP/2 or a broken one, and go.
pub(crate) fn garbage(socket: &Path, count: usize) {
    let mut noise = Noise(0x9E37_79B9_7F4A_7C15);
    for number in 0..count {
        let mut raw = if number % 2 == 0 { Raw::connect(socket) } else { Raw::silent(socket) };
        raw.send(&noise.bytes(8 * number));
    }
}

/// Messages that are no messages: each has an answer.
pub(crate) fn malformed(socket: &Path, count: usize) {
    let mut noise = Noise(0x0123_4567_89AB_CDEF);
    for number in 0..count {
        let mut raw = Raw::connect(socket);
        raw.headers(1, METHODS[number % METHODS.len()], 0, false);
        raw.message(1, &noise.bytes(number));
        assert_eq!(raw.ended(1), Ended::Answered, "message {number}");
    }
}

/// Begin requests and take them back at once, until the server has enough of the connection.
pub(crate) fn reset(socket: &Path, connections: usize, streams: u32) {
    for _ in 0..connections {
        let mut raw = Raw::connect(socket);
        for number in (1..2 * streams).step_by(2) {
            raw.headers(number, "Query/Members", 0, false);
            raw.message(number, &[]);
            raw.reset(number);
        }
    }
}

/// A question that is longer than it may be: it is refused by the name of the limit.
pub(crate) async fn too_long(socket: &Path) {
    let request = CountRequest { text: " ".repeat(9 << 20), ..Default::default() };
    let refused = client(socket).await.count(request).await.expect_err("a text of 9 MiB");
    assert_eq!(refused.code, Code::ResourceExhausted, "{refused:?}");
    assert!(refused.message.contains("query_message_bytes_max"), "{refused:?}");
}

/// Questions of about `texts` times two bytes, each of which takes twelve times as much in memory, all at once.
pub(crate) async fn swelling(socket: &Path, callers: usize, texts: usize) -> Vec<Result<u64, ClientError>> {
    let asking: Vec<_> = (0..callers).map(|_| tokio::spawn(swell(socket.to_owned(), texts))).collect();
    let mut all = Vec::new();
    for asked in asking {
        all.push(asked.await.expect("a caller does not panic"));
    }
    all
}

async fn swell(socket: PathBuf, texts: usize) -> Result<u64, ClientError> {
    let list = TextList { values: vec![String::new(); texts] };
    let parameter = Parameter { value: Some(parameter::Value::List(list)) };
    let context = QueryContext { parameters: [("l".to_owned(), parameter)].into(), ..Default::default() };
    let request = CountRequest { context: Some(context), text: "ALL".into() };
    client(&socket).await.count(request).await.map(|reply| reply.count)
}
