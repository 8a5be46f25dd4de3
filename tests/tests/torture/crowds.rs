//! Many callers that want nothing, or never go on.

use muster_client::Code;
use muster_client::v1::*;

use crate::callers::{
    client, garbage, half_messages, halves_of_prefaces, malformed, reset, silent, too_long, unread_streams,
};
use crate::raw::{Ended, Raw};
use crate::remains::Remains;
use crate::{Tortured, key, others_are_served, rounds, until, until_alone};

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_nothing_holds_nobody_up() {
    let it = Tortured::start(&[]).await;
    let before = Remains::of(it.served.id());
    for _ in 0..rounds() {
        let unread = unread_streams(it.socket(), 8, 12).await;
        until("unread streams hold no places", async || match others_are_served(&it.client).await {
            load if load.queries_running == 0 && load.calls > 96 => Ok(()),
            load => Err(format!("{load:?}")),
        })
        .await;
        let during = Remains::of(it.served.id());
        drop(unread);
        until_alone(&it.client).await;
        until("threads, descriptors and memory", async || Remains::of(it.served.id()).is_like(&before)).await;
        eprintln!("unread: before {before:?}, during {during:?}, after {:?}", Remains::of(it.served.id()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_that_nobody_reads_end_while_their_connections_stay() {
    const CLIENTS: usize = 4;
    let it = Tortured::start(&["stream_idle_ms=200"]).await;
    let unread = unread_streams(it.socket(), CLIENTS, 12).await;
    until("calls and bytes", async || {
        let load = others_are_served(&it.client).await;
        let is_alone = load.calls == 1 && load.memory_bytes < 1 << 16 && load.connections as usize == 1 + CLIENTS;
        is_alone.then_some(()).ok_or_else(|| format!("{load:?}"))
    })
    .await;
    // Nothing else on these connections has ended.
    for (client, mut streams) in unread {
        others_are_served(&client).await;
        for stream in &mut streams {
            let end = loop {
                match stream.next().await {
                    Ok(Some(_)) => {}
                    Ok(None) => panic!("a stream that was cut looks whole"),
                    Err(error) => break error,
                }
            };
            assert_eq!(end.code, Code::DeadlineExceeded, "{end}");
            assert!(end.message.contains("stream_idle_ms"), "{end}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_nothing_half_or_nonsense_is_hung_up_on() {
    let it = Tortured::start(&["preface_ms=500", "receive_ms=500", "idle_ms=2000"]).await;
    let before = Remains::of(it.served.id());
    for _ in 0..rounds() {
        let mut silent = silent(it.socket(), 40);
        silent.extend(halves_of_prefaces(it.socket(), 40));
        let mut half = half_messages(it.socket(), 8);
        let mut idle: Vec<Raw> = (0..8).map(|_| Raw::connect(it.socket())).collect();
        let load = others_are_served(&it.client).await;
        assert!(load.memory_bytes < 1 << 20, "half messages hold no more than has come: {load:?}");
        garbage(it.socket(), 200);
        malformed(it.socket(), 120);
        too_long(it.socket()).await;
        reset(it.socket(), 4, 2_000);
        others_are_served(&it.client).await;
        let during = Remains::of(it.served.id());
        for half in &mut half {
            assert_eq!(half.ended(1), Ended::Answered, "half a message is not waited for");
        }
        // None of them is dropped before: it is the server that ends them.
        for raw in silent.iter_mut().chain(&mut half).chain(&mut idle) {
            // The one that means well is not idle.
            others_are_served(&it.client).await;
            assert!(raw.is_hung_up_on(), "somebody who wants nothing stays");
        }
        until_alone(&it.client).await;
        until("threads, descriptors and memory", async || Remains::of(it.served.id()).is_like(&before)).await;
        eprintln!("silent: before {before:?}, during {during:?}, after {:?}", Remains::of(it.served.id()));
    }
}

/// The descriptors of the server: half of them may be connections, and three quarters of those of one user.
const DESCRIPTORS: usize = 200;
const PEER_CONNECTIONS: u64 = 75;

#[tokio::test(flavor = "multi_thread")]
async fn more_connections_than_descriptors_stop_nothing() {
    let it = Tortured::start_within(DESCRIPTORS, &[]).await;
    for round in 0..rounds() {
        let idle = silent(it.socket(), 2 * DESCRIPTORS);
        let load = others_are_served(&it.client).await;
        assert!(load.connections <= PEER_CONNECTIONS, "{load:?}");
        // What needs descriptors of its own: a space, its files, a load.
        let space = format!("space-{round}");
        it.client
            .create_space(CreateSpaceRequest { name: space.clone(), ..Default::default() })
            .await
            .expect("a space");
        let people = CreateTypeRequest { space: space.clone(), name: "people".into(), ..Default::default() };
        it.client.create_type(people).await.expect("a type");
        let entities = vec![EntityChanges { key: Some(key(1)), changes: Vec::new() }];
        let batch = WriteRequest { space: space.clone(), entities, ..Default::default() };
        it.client.write(batch).await.expect("a batch");
        it.client.flush(FlushRequest { space }).await.expect("a flush");
        drop(idle);
        until_alone(&it.client).await;
        others_are_served(&client(it.socket()).await).await;
        until_alone(&it.client).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_that_are_too_long_are_answered_and_a_flood_of_them_ends_the_connection() {
    let it = Tortured::start(&[]).await;
    let before = Remains::of(it.served.id());
    let asked = |bytes: usize| {
        let mut raw = Raw::connect(it.socket());
        raw.headers(1, "Query/Count", bytes, true);
        (raw.ended(1), raw)
    };
    for bytes in [0, 8 << 10, 15 << 10, 17 << 10, 32 << 10, 64 << 10, 80 << 10] {
        let (ended, mut raw) = asked(bytes);
        assert_eq!(ended, Ended::Answered, "{bytes} bytes");
        // The connection goes on.
        raw.headers(3, "Query/Count", 0, true);
        assert_eq!(raw.ended(3), Ended::Answered, "after {bytes} bytes");
    }
    for bytes in [1 << 20, 8 << 20, 64 << 20] {
        assert_eq!(asked(bytes).0, Ended::Cut, "{bytes} bytes");
    }
    others_are_served(&it.client).await;
    until_alone(&it.client).await;
    until("threads, descriptors and memory", async || Remains::of(it.served.id()).is_like(&before)).await;
}

/// Descriptors that an open space may hold: its lock, its log, its folders for syncs.
const SPACE_DESCRIPTORS: usize = 7;

#[tokio::test(flavor = "multi_thread")]
async fn fifty_spaces_cost_the_threads_of_one() {
    let it = Tortured::start(&[]).await;
    let before = Remains::of(it.served.id());
    for number in 0..50 {
        let space = format!("space-{number}");
        let create = CreateSpaceRequest { name: space.clone(), ..Default::default() };
        it.client.create_space(create).await.expect("a space");
        let create = CreateTypeRequest { space: space.clone(), name: "people".into(), ..Default::default() };
        it.client.create_type(create).await.expect("a type");
        let entities = vec![EntityChanges { key: Some(key(number)), changes: Vec::new() }];
        let batch = WriteRequest { space: space.clone(), entities, ..Default::default() };
        it.client.write(batch).await.expect("a batch");
        it.client.flush(FlushRequest { space }).await.expect("a flush");
    }
    let spaces = Remains { descriptors: before.descriptors + 50 * SPACE_DESCRIPTORS, ..before };
    until("threads, descriptors and memory", async || Remains::of(it.served.id()).is_like(&spaces)).await;
    others_are_served(&it.client).await;
}
