//! Batches, unary and by stream.

use muster_client::Code;
use muster_proto::v1::*;

use crate::served::{Served, batch, entity, set};

fn from(source: &str, sequence: u64, request: WriteRequest) -> WriteRequest {
    let source = SourceSequence { source: source.to_owned(), sequence };
    WriteRequest { source: Some(source), ..request }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_of_a_source_changes_nothing() {
    let served = Served::with_shoppers().await;
    let request = from("crm", 1, batch("", vec![entity("fay", vec![set("age", "50")])]));
    let first = served.client.write(request.clone()).await.unwrap();
    assert!(!first.repeated && first.new_entities == 1 && first.durable_version >= first.version);
    let again = served.client.write(request).await.unwrap();
    assert!(again.repeated);
    assert_eq!(again.version, first.version);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_verb_does_what_it_says() {
    let served = Served::with_shoppers().await;
    let remove =
        Change { change: Some(change::Change::Remove(RemoveValue { tag: "interests".into(), value: "ski".into() })) };
    let clear = Change { change: Some(change::Change::Clear(ClearTag { tag: "age".into() })) };
    let erase = Change { change: Some(change::Change::Erase(Erase {})) };
    let request = batch(
        "",
        vec![
            entity("ann", vec![remove.clone(), clear.clone()]),
            entity("bob", vec![erase.clone()]),
            entity("nobody", vec![remove, clear, erase]),
        ],
    );
    let reply = served.client.write(request).await.unwrap();
    assert_eq!((reply.unknown_entities, reply.new_entities), (3, 0));
    assert_eq!(served.count("ALL").await.unwrap().count, 4);
    assert_eq!(served.count("interests HAS ski").await.unwrap().count, 1);
    assert_eq!(served.count("age IS NOT MISSING").await.unwrap().count, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_acknowledged_at_its_end() {
    let served = Served::with_shoppers().await;
    let batches: Vec<WriteRequest> =
        (0..20).map(|n| batch("", vec![entity(&format!("k{n}"), vec![set("age", "7")])])).collect();
    let reply = served.client.write_stream(tokio_stream::iter(batches)).await.unwrap();
    assert_eq!((reply.batches, reply.new_entities), (20, 20));
    let counted = served.count("age = 7").await.unwrap();
    assert_eq!(counted.count, 20);
    assert!(counted.info.unwrap().version >= reply.version);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_fails_says_what_stays() {
    let served = Served::with_shoppers().await;
    let batches = vec![
        batch("", vec![entity("k1", vec![set("age", "7")])]),
        batch("", vec![entity("k2", vec![set("age", "7")]), entity("k3", vec![set("age", "seven")])]),
        batch("", vec![entity("k4", vec![set("age", "7")])]),
    ];
    let error = served.client.write_stream(tokio_stream::iter(batches)).await.unwrap_err();
    assert_eq!(error.code, Code::InvalidArgument);
    assert_eq!(error.details.metadata["batches_applied"], "1");
    assert!(error.message.starts_with("batch 2:"), "{}", error.message);
    assert_eq!(served.count("age = 7").await.unwrap().count, 1);
}

/// A batch of a few MiB that would take hundreds in memory: a list of texts without a character.
fn swelling() -> WriteRequest {
    let list = value::Value::List(TextList { values: vec![String::new(); 3_000_000] });
    let set = SetTag { tag: "interests".into(), value: Some(Value { value: Some(list) }) };
    batch("", vec![entity("ann", vec![Change { change: Some(change::Change::Set(set)) }])])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_would_swell_in_memory_is_refused_by_name() {
    let served = Served::with_shoppers().await;
    let error = served.client.write(swelling()).await.unwrap_err();
    assert_eq!((error.code, error.reason.as_str()), (Code::ResourceExhausted, "LIMIT"), "{error}");
    assert_eq!(error.details.metadata["limit"], "write_memory_bytes_max");
    assert!(error.message.starts_with("send a smaller batch"), "{error}");
    let batches = vec![batch("", vec![entity("k1", vec![set("age", "7")])]), swelling()];
    let error = served.client.write_stream(tokio_stream::iter(batches)).await.unwrap_err();
    assert_eq!((error.code, error.reason.as_str()), (Code::ResourceExhausted, "LIMIT"), "{error}");
    assert_eq!(error.details.metadata["limit"], "write_memory_bytes_max");
    assert_eq!(error.details.metadata["batches_applied"], "1");
    assert_eq!(served.count("age = 7").await.unwrap().count, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_batch_is_written_whole() {
    let served = Served::with_shoppers().await;
    let entities = (0..200_000).map(|n| entity(&format!("customer-{n:07}"), vec![set("age", "77")])).collect();
    served.client.write(batch("", entities)).await.unwrap();
    assert_eq!(served.count("age = 77").await.unwrap().count, 200_000);
}
