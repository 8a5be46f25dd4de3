//! Callers that do not behave, over real sockets against a server of its own: others are served meanwhile, and when they
//! have gone nothing of them is left: no connection, call, place or byte, no thread, descriptor or memory.

mod callers;
mod remains;

use std::time::{Duration, Instant};

use callers::{garbage, half_messages, halves_of_prefaces, silent, too_long, unread_streams};
use muster_client::v1::*;
use muster_client::{Client, text_key};
use muster_tests::served::Served;
use remains::Remains;

/// Entities of the store: each stream has far more to say than sockets and channels hold.
const ENTITIES: usize = 200_000;
/// Entities of one batch.
const BATCH: usize = 20_000;
/// How long what is left may take to go, on a machine that is busy.
const WAIT: Duration = Duration::from_secs(40);
/// Time between two looks.
const POLL: Duration = Duration::from_millis(20);

async fn fill(client: &Client) {
    client.create_type(CreateTypeRequest { name: "people".into(), ..Default::default() }).await.expect("a type");
    for first in (0..ENTITIES).step_by(BATCH) {
        let entities = (first..first + BATCH).map(|number| EntityChanges {
            key: Some(text_key(format!("somebody-with-a-long-key-{number:032}"))),
            changes: Vec::new(),
        });
        let batch = WriteRequest { entities: entities.collect(), ..Default::default() };
        client.write(batch).await.expect("a batch");
    }
}

/// What everybody else wants meanwhile, over a connection of its own.
async fn others_are_served(client: &Client) -> ServerLoad {
    let count = CountRequest { text: "ALL".into(), ..Default::default() };
    let expected = ENTITIES as u64;
    assert_eq!(client.count(count).await.expect("a count").count, expected);
    client.list_types(ListTypesRequest::default()).await.expect("the catalog");
    let known =
        EntityChanges { key: Some(text_key(format!("somebody-with-a-long-key-{:032}", 1))), changes: Vec::new() };
    client.write(WriteRequest { entities: vec![known], ..Default::default() }).await.expect("a batch");
    // Long questions, too: more than one caller may take at once of those that run.
    let long = CountRequest { text: "split('x', [0%, 50%)) OR NOT split('x', [0%, 50%))".into(), ..Default::default() };
    assert_eq!(client.count(long).await.expect("a long count").count, expected);
    client.status(StatusRequest::default()).await.expect("the status").server.expect("what the server does")
}

/// Waits until `holds`, and fails with what is there instead.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> Result<(), String>) {
    let started = Instant::now();
    while let Err(found) = holds().await {
        assert!(started.elapsed() < WAIT, "{what}: {found}");
        tokio::time::sleep(POLL).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn others_are_served_and_nothing_is_left_of_callers_that_do_not_behave() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut served = Served::start(&folder.path().join("store"), folder.path(), &[]);
    let client = served.client().await;
    fill(&client).await;
    others_are_served(&client).await;
    let before = Remains::of(served.id());
    let socket = served.socket().to_owned();

    let silent = silent(&socket, 40);
    let halves = halves_of_prefaces(&socket, 40);
    let unread = unread_streams(&socket, 8, 12).await;
    let load = others_are_served(&client).await;
    assert!(load.connections > 8, "the callers are there: {load:?}");
    until("unread streams hold no places", async || match others_are_served(&client).await {
        load if load.queries_running == 0 && load.calls > 96 => Ok(()),
        load => Err(format!("{load:?}")),
    })
    .await;
    let half = half_messages(&socket, 8).await;
    garbage(&socket, 200);
    too_long(&socket).await;
    let load = others_are_served(&client).await;
    assert!(load.memory_bytes < 64 << 20, "half messages hold no more than has come: {load:?}");
    let during = Remains::of(served.id());

    drop((silent, halves, unread, half));
    until("connections, calls and bytes", async || match others_are_served(&client).await {
        load if (load.connections, load.calls, load.queries_running) == (1, 1, 0) && load.memory_bytes < 1 << 16 => {
            Ok(())
        }
        load => Err(format!("{load:?}")),
    })
    .await;
    until("threads, descriptors and memory", async || Remains::of(served.id()).is_like(&before)).await;
    eprintln!("before {before:?}, during {during:?}, after {:?}", Remains::of(served.id()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_whoever_reads_or_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = folder.path().join("store");
    let mut served = Served::start(&store, folder.path(), &[]);
    fill(&served.client().await).await;
    let unread = unread_streams(served.socket(), 2, 4).await;
    served.terminate();
    // The first signal waits for the streams, which nobody reads; the second does not.
    served.terminate();
    served.wait();
    drop(unread);
    let mut again = Served::start(&store, folder.path(), &[]);
    others_are_served(&again.client().await).await;
}
