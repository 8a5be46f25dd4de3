//! A server that is told to end.

use muster_client::v1::MembersRequest;
use muster_tests::served::Served;
use tokio::net::UnixStream;

use crate::callers::{client, unread_streams};
use crate::{ENTITIES, Tortured, fill, others_are_served, until};

/// Waits until nobody new can connect: the first signal has arrived.
async fn until_hidden(served: &Served) {
    until("the socket goes", async || match UnixStream::connect(served.socket()).await {
        Ok(_) => Err("it listens".to_owned()),
        Err(_) => Ok(()),
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_at_once_whoever_reads_or_not() {
    let mut it = Tortured::start(&[]).await;
    let unread = unread_streams(it.socket(), 2, 4).await;
    it.served.terminate();
    until_hidden(&it.served).await;
    it.served.terminate();
    it.served.wait();
    drop(unread);
    let mut again = Served::start(&it.folder.path().join("store"), it.folder.path(), &[]);
    others_are_served(&again.client().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_ends_by_itself_and_what_is_read_meanwhile_is_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = folder.path().join("store");
    let mut served = Served::start_with(&store, folder.path(), &["--drain-ms", "3000"]);
    fill(&served.client().await).await;
    let reader = client(served.socket()).await;
    let mut read = reader.members(MembersRequest { text: "ALL".into(), ..Default::default() }).await.expect("a stream");
    let unread = unread_streams(served.socket(), 2, 4).await;
    served.terminate();
    until_hidden(&served).await;
    let mut found = 0;
    while let Some(message) = read.next().await.expect("what runs goes on") {
        found += message.text_keys.len();
    }
    assert_eq!(found, ENTITIES);
    // Those that nobody reads never end by themselves.
    served.wait();
    drop(unread);
    let mut again = Served::start(&store, folder.path(), &[]);
    others_are_served(&again.client().await).await;
}
