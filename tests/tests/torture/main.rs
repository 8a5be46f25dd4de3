//! Callers that do not behave, over real sockets against a server of its own: others are served meanwhile, and when
//! they have gone nothing of them is left: no connection, call, place or byte, no thread, descriptor or memory.
//!
//! `MUSTER_TORTURE_OPTIONS="server_memory_bytes=1000000000000 preface_ms=1000000000"` weakens the servers, to see an
//! attack succeed; `MUSTER_SEEDS=50` repeats each attack so many times.

mod bursts;
mod callers;
mod crowds;
mod raw;
mod remains;
mod stops;

use std::path::Path;
use std::time::{Duration, Instant};

use muster_client::v1::*;
use muster_client::{Client, text_key};
use muster_tests::served::Served;
use tempfile::TempDir;

/// Entities of the store: each stream has far more to say than sockets and channels hold.
const ENTITIES: usize = 200_000;
/// Entities of one batch.
const BATCH: usize = 20_000;
/// How long what is left may take to go, on a machine that is busy.
const WAIT: Duration = Duration::from_secs(60);
/// Time between two looks.
const POLL: Duration = Duration::from_millis(20);

/// A server with entities, and a client that means well.
struct Tortured {
    served: Served,
    client: Client,
    folder: TempDir,
}

impl Tortured {
    async fn start(options: &[&str]) -> Tortured {
        Tortured::start_by(options, Served::start_with).await
    }

    /// One that may have so many descriptors.
    async fn start_within(descriptors: usize, options: &[&str]) -> Tortured {
        let start =
            |store: &Path, folder: &Path, options: &[&str]| Served::start_within(descriptors, store, folder, options);
        Tortured::start_by(options, start).await
    }

    async fn start_by(options: &[&str], start: impl FnOnce(&Path, &Path, &[&str]) -> Served) -> Tortured {
        let folder = tempfile::tempdir().expect("a folder");
        let weakened = std::env::var("MUSTER_TORTURE_OPTIONS").unwrap_or_default();
        let arguments: Vec<&str> =
            options.iter().copied().chain(weakened.split_whitespace()).flat_map(|it| ["--option", it]).collect();
        let mut served = start(&folder.path().join("store"), folder.path(), &arguments);
        let client = served.client().await;
        fill(&client).await;
        others_are_served(&client).await;
        Tortured { served, client, folder }
    }

    fn socket(&self) -> &Path {
        self.served.socket()
    }
}

async fn fill(client: &Client) {
    client.create_type(CreateTypeRequest { name: "people".into(), ..Default::default() }).await.expect("a type");
    for first in (0..ENTITIES).step_by(BATCH) {
        let entities =
            (first..first + BATCH).map(|number| EntityChanges { key: Some(key(number)), changes: Vec::new() });
        let batch = WriteRequest { entities: entities.collect(), ..Default::default() };
        client.write(batch).await.expect("a batch");
    }
}

fn key(number: usize) -> EntityKey {
    text_key(format!("somebody-with-a-long-key-{number:032}"))
}

/// What everybody else wants meanwhile, over a connection of its own.
async fn others_are_served(client: &Client) -> ServerLoad {
    let count = CountRequest { text: "ALL".into(), ..Default::default() };
    let expected = ENTITIES as u64;
    assert_eq!(client.count(count).await.expect("a count").count, expected);
    client.list_types(ListTypesRequest::default()).await.expect("the catalog");
    let known = EntityChanges { key: Some(key(1)), changes: Vec::new() };
    client.write(WriteRequest { entities: vec![known], ..Default::default() }).await.expect("a batch");
    // A long question, too, which waits for a place.
    let long = CountRequest { text: "split('x', [0%, 50%)) OR NOT split('x', [0%, 50%))".into(), ..Default::default() };
    assert_eq!(client.count(long).await.expect("a long count").count, expected);
    client.status(StatusRequest::default()).await.expect("the status").server.expect("what the server does")
}

/// Waits until only the well-meaning client is left: one connection, its own call, and no bytes but of that.
async fn until_alone(client: &Client) {
    until("connections, calls and bytes", async || {
        let load = client.status(StatusRequest::default()).await.expect("the status").server.expect("what it does");
        let is_alone = (load.connections, load.calls, load.queries_running, load.loads_open) == (1, 1, 0, 0)
            && load.memory_bytes < 1 << 16;
        is_alone.then_some(()).ok_or_else(|| format!("{load:?}"))
    })
    .await;
}

/// Waits until `holds`, and fails with what is there instead.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> Result<(), String>) {
    let started = Instant::now();
    while let Err(found) = holds().await {
        assert!(started.elapsed() < WAIT, "{what}: {found}");
        tokio::time::sleep(POLL).await;
    }
}

/// How often each attack is repeated.
fn rounds() -> usize {
    std::env::var("MUSTER_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}
