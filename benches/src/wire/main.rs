//! How long small answers take over TCP, what a client waits for beside the engine; and how soon a client that goes
//! away leaves its place to others.

mod leaving;

use std::time::{Duration, Instant};

use clap::Parser;
use muster_client::v1::{
    CountBatchRequest, CreateTypeRequest, EntityChanges, MembersRequest, NamedQuery, WriteRequest,
};
use muster_client::{Address, Client, ClientOptions, text_key};
use muster_server::{Config, Listener};
use tokio::net::TcpListener;

/// Entities, all of which a stream names.
const ENTITIES: usize = 5_000;
/// Expressions of a request whose reply has about 64 KiB.
const REPLY_EXPRESSIONS: usize = 320;
/// What an answer over loopback may take.
const EXPECTED: Duration = Duration::from_millis(10);

/// How often each kind of question is given up.
const LEAVING_MAX: usize = 20;

/// Times small streams and replies of 64 KiB over TCP, one after the other; then places that are given up.
#[derive(Parser)]
struct Arguments {
    /// Streams, and replies.
    #[arg(long, default_value_t = 50)]
    times: usize,
}

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    let folder = tempfile::tempdir()?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = Address::Tcp(listener.local_addr()?.to_string());
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = tokio::spawn(muster_server::run(Config::new(folder.path()), Listener::Tcp(listener), async {
        // The sender going away means the same as its word.
        let _ = stopped.await;
    }));
    let client = Client::connect(address, ClientOptions::default()).await?;
    client.create_type(CreateTypeRequest { name: "people".to_owned(), ..CreateTypeRequest::default() }).await?;
    let entities =
        (0..ENTITIES).map(|number| EntityChanges { key: Some(text_key(format!("p{number}"))), changes: vec![] });
    client.write(WriteRequest { entities: entities.collect(), ..WriteRequest::default() }).await?;
    let (mut streams, mut replies) = (Vec::new(), Vec::new());
    for _ in 0..arguments.times {
        let start = Instant::now();
        let request = MembersRequest { text: "ALL".to_owned(), ..MembersRequest::default() };
        let mut members = client.members(request).await?;
        let mut found = 0;
        while let Some(message) = members.next().await? {
            found += message.text_keys.len();
        }
        streams.push(start.elapsed());
        assert_eq!(found, ENTITIES);
        let start = Instant::now();
        let query = NamedQuery { name: "n".repeat(64), text: "ALL".to_owned() };
        let queries = vec![query; REPLY_EXPRESSIONS];
        let reply = client.count_batch(CountBatchRequest { queries, ..CountBatchRequest::default() }).await?;
        replies.push(start.elapsed());
        assert_eq!(reply.items.len(), REPLY_EXPRESSIONS);
    }
    let streams = report("streams of one message", streams);
    let replies = report("replies of 64 KiB", replies);
    leaving::fill(&client).await?;
    let left = leaving::measure(&client, arguments.times.min(LEAVING_MAX)).await?;
    drop(client);
    drop(stop);
    server.await??;
    for (took, expected) in [(streams.max(replies), EXPECTED), (left, leaving::EXPECTED)] {
        if took > expected {
            return Err(format!("the slowest took {took:?}, longer than {expected:?}").into());
        }
    }
    Ok(())
}

/// Prints the median and the slowest, and returns the slowest.
fn report(what: &str, mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    let (median, slowest) = (times[times.len() / 2], times[times.len() - 1]);
    println!("{} {what}: median {median:.2?}, slowest {slowest:.2?}", times.len());
    slowest
}
