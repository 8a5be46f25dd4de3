//! What waits for what: the places of a lane are held by the test, and what is answered meanwhile is counted.

use crate::config::Config;
use std::future::Future;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use muster_proto::v1::admin_server::Admin;
use muster_proto::v1::catalog_server::Catalog;
use muster_proto::v1::ingest_server::Ingest;
use muster_proto::v1::query_server::Query;
use muster_proto::v1::{self, entity_key};
use tempfile::TempDir;
use tokio_stream::StreamExt;

use super::*;
use crate::limits::Limits;
use crate::view::View;
use crate::work::{MESSAGES_WAITING, Place};

/// People in the store, each a message of its own.
const PEOPLE: u64 = 40;

/// A service without a network, and its folder.
async fn service() -> (Service, TempDir) {
    service_with(|_| {}).await
}

async fn service_with(change: impl FnOnce(&mut Limits)) -> (Service, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::new(folder.path());
    config.limits.message_members_max = 1;
    // However busy the machine is, what is short stays so.
    config.limits.short = Duration::from_secs(3_600);
    change(&mut config.limits);
    let service = Service::new(Arc::new(Shared::open(config).unwrap()));
    let people = v1::CreateTypeRequest { name: "people".into(), ..Default::default() };
    service.create_type(Request::new(people)).await.unwrap();
    let entities = (0..PEOPLE).map(|number| v1::EntityChanges { key: Some(key(number)), changes: Vec::new() });
    let batch = v1::WriteRequest { entities: entities.collect(), ..Default::default() };
    service.write(Request::new(batch)).await.unwrap();
    // What is counted for the first time is checked first, and therefore long.
    assert_eq!(count(&service, LONG).await, PEOPLE);
    (service, folder)
}

fn key(number: u64) -> v1::EntityKey {
    v1::EntityKey { key: Some(entity_key::Key::Text(format!("p{number}"))) }
}

/// Looks at the key of everybody, whatever the directories say.
const LONG: &str = "split('x', [0%, 50%)) OR NOT split('x', [0%, 50%))";

fn question(text: &str) -> v1::CountRequest {
    v1::CountRequest { text: text.into(), ..Default::default() }
}

async fn count(service: &Service, text: &str) -> u64 {
    Query::count(service, Request::new(question(text))).await.unwrap().into_inner().count
}

/// All places of a lane, each held by a caller of its own.
async fn hold_all(service: &Service, kind: Kind) -> Vec<Place> {
    let lane = service.shared.work.lane(kind);
    let mut held = Vec::new();
    for caller in 1_000.. {
        let mut entering = pin!(lane.enter(caller, None));
        let entered = std::future::poll_fn(|cx| Poll::Ready(entering.as_mut().poll(cx))).await;
        match entered {
            Poll::Ready(place) => held.push(place.unwrap()),
            Poll::Pending => break,
        }
    }
    held
}

#[tokio::test(flavor = "multi_thread")]
async fn short_answers_and_writes_never_wait_behind_long_ones() {
    let (service, _folder) = service().await;
    let mut held = hold_all(&service, Kind::Long).await;
    assert_eq!(held.len(), service.shared.config.limits.queries_running_max);
    held.extend(hold_all(&service, Kind::Load).await);
    held.extend(hold_all(&service, Kind::Admin).await);
    let long = tokio::spawn({
        let service = service.clone();
        async move { count(&service, LONG).await }
    });
    while service.shared.work.lane(Kind::Long).load().1 == 0 {
        tokio::task::yield_now().await;
    }
    service.status(Request::new(v1::StatusRequest::default())).await.unwrap();
    service.list_tags(Request::new(v1::ListTagsRequest::default())).await.unwrap();
    service.list_types(Request::new(v1::ListTypesRequest::default())).await.unwrap();
    let one = v1::ProfileRequest { key: Some(key(7)), ..Default::default() };
    assert!(service.profile(Request::new(one)).await.unwrap().into_inner().tags.is_empty());
    let query = v1::NamedQuery { name: "all".into(), text: "ALL".into() };
    let one = v1::IsMemberRequest { key: Some(key(7)), queries: vec![query], ..Default::default() };
    assert!(service.is_member(Request::new(one)).await.unwrap().into_inner().known);
    let one = v1::WhyRequest { key: Some(key(7)), text: "ALL".into(), ..Default::default() };
    assert!(service.why(Request::new(one)).await.unwrap().into_inner().member);
    assert_eq!(count(&service, "ALL").await, PEOPLE);
    assert_eq!(count(&service, "NOT ALL").await, 0);
    let batch = v1::WriteRequest {
        entities: vec![v1::EntityChanges { key: Some(key(PEOPLE)), changes: Vec::new() }],
        ..Default::default()
    };
    service.write(Request::new(batch)).await.unwrap();
    assert!(!long.is_finished(), "the long one has no place yet");
    drop(held);
    // It is answered of the version at which it was asked.
    assert_eq!(long.await.unwrap(), PEOPLE);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_long_among_the_short_ones_begins_anew_among_the_long_ones() {
    let is_member = |text: String| {
        let queries = vec![v1::NamedQuery { name: String::new(), text }];
        v1::IsMemberRequest { key: Some(key(7)), queries, ..Default::default() }
    };
    // One whose time is over at once, and one that is too large.
    let large = format!("ALL {}", "-- a long comment\n".repeat(SHORT_MESSAGE_BYTES_MAX / 16));
    for (short, text) in [(Duration::ZERO, LONG.to_owned()), (Duration::from_secs(3_600), large)] {
        let (service, _folder) = service_with(|limits| limits.short = short).await;
        let held = hold_all(&service, Kind::Long).await;
        let waiting = tokio::spawn({
            let (service, request) = (service.clone(), is_member(text));
            async move { service.is_member(Request::new(request)).await }
        });
        while service.shared.work.lane(Kind::Long).load().1 == 0 {
            tokio::task::yield_now().await;
        }
        let held_short = hold_all(&service, Kind::Short).await;
        assert_eq!(held_short.len(), service.shared.config.limits.short_running_max, "it holds no place");
        assert!(!waiting.is_finished());
        drop((held, held_short));
        let reply = waiting.await.unwrap().unwrap().into_inner();
        assert_eq!(reply.items[0].outcome, Some(v1::is_member_item::Outcome::Member(true)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guess_ends_when_nobody_waits_for_it() {
    let (service, folder) = service().await;
    let path = folder.path().join("people.csv");
    std::fs::write(&path, "id,a\n1,2\n3,4\n").unwrap();
    let (call, ()) = service.shared.entrance.admit("infer_load", Request::new(()));
    let view = View::of(&service.shared, &call, "").unwrap();
    assert_eq!(crate::loads::guessed(&view, &path, &call).unwrap(), 2);
    drop(call.cancel_on_drop());
    assert_eq!(crate::loads::guessed(&view, &path, &call).unwrap_err().code(), tonic::Code::Cancelled);
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_that_nobody_reads_hold_no_place_and_go_on_where_they_stood() {
    let (service, _folder) = service().await;
    let mut unread = Vec::new();
    for _ in 0..100 {
        let request = v1::MembersRequest { text: "ALL".into(), ..Default::default() };
        unread.push(service.members(Request::new(request)).await.unwrap().into_inner());
    }
    // Each has made what there is room for, and then let go.
    for stream in &unread {
        while stream.waiting() < MESSAGES_WAITING {
            tokio::task::yield_now().await;
        }
    }
    while service.shared.work.lane(Kind::Long).load() != (0, 0) {
        tokio::task::yield_now().await;
    }
    let held = hold_all(&service, Kind::Long).await;
    assert_eq!(held.len(), service.shared.config.limits.queries_running_max, "every place is free");
    drop(held);
    assert_eq!(count(&service, LONG).await, PEOPLE);
    // Nothing that was written since is in them: their snapshot is that of their beginning.
    let new = v1::EntityChanges { key: Some(key(PEOPLE)), changes: Vec::new() };
    service.write(Request::new(v1::WriteRequest { entities: vec![new], ..Default::default() })).await.unwrap();
    let mut found = Vec::new();
    let mut stream = unread.pop().unwrap();
    while let Some(message) = stream.next().await {
        found.extend(message.unwrap().text_keys);
    }
    assert_eq!(found, (0..PEOPLE).map(|number| format!("p{number}")).collect::<Vec<_>>());
    drop((stream, unread));
    while service.shared.entrance.count() > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(service.shared.work.lane(Kind::Long).load(), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_not_read_in_time_says_so_instead_of_ending() {
    let (service, _folder) = service().await;
    let mut request = Request::new(v1::MembersRequest { text: "ALL".into(), ..Default::default() });
    request.metadata_mut().insert("grpc-timeout", "50m".parse().unwrap());
    let mut stream = service.members(request).await.unwrap().into_inner();
    while service.shared.entrance.count() > 1 || stream.is_filled() {
        tokio::task::yield_now().await;
    }
    let mut last = None;
    while let Some(message) = stream.next().await {
        last = Some(message.map(|message| message.text_keys.len()));
    }
    let status = last.unwrap().unwrap_err();
    assert_eq!(status.code(), tonic::Code::DeadlineExceeded);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_nobody_reads_for_long_ends_by_name_and_holds_nothing() {
    let (service, _folder) = service_with(|limits| limits.stream_idle = Duration::from_millis(20)).await;
    let request = v1::MembersRequest { text: "ALL".into(), ..Default::default() };
    let mut stream = service.members(Request::new(request)).await.unwrap().into_inner();
    while stream.is_filled() {
        tokio::task::yield_now().await;
    }
    // What was made before is still read, and then the reason.
    let mut said = Vec::new();
    while let Some(message) = stream.next().await {
        said.push(message.map(|message| message.text_keys.len()));
    }
    let status = said.pop().unwrap().unwrap_err();
    assert_eq!(said.len(), MESSAGES_WAITING);
    assert_eq!(status.code(), tonic::Code::DeadlineExceeded);
    assert!(status.message().contains("stream_idle_ms"), "{}", status.message());
    assert_eq!(service.shared.memory.taken(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_wait_are_charged_and_beyond_the_budget_a_stream_ends_by_its_name() {
    let (service, _folder) = service().await;
    let ask = async || {
        let request = v1::MembersRequest { text: "ALL".into(), ..Default::default() };
        service.members(Request::new(request)).await.unwrap().into_inner()
    };
    let unread = ask().await;
    while unread.waiting() < MESSAGES_WAITING {
        tokio::task::yield_now().await;
    }
    let one = service.shared.memory.taken();
    assert!(one >= MESSAGES_WAITING as u64 * size_of::<String>() as u64, "{one}");
    drop(unread);
    while service.shared.entrance.count() > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(service.shared.memory.taken(), 0);
    // Somebody else takes what replies may have.
    let other = service.shared.memory.charge();
    other.set(service.shared.config.limits.server_memory_bytes / 2).unwrap();
    let refused = ask().await.next().await.unwrap().unwrap_err();
    assert_eq!(refused.code(), tonic::Code::ResourceExhausted);
    assert_eq!(count(&service, LONG).await, PEOPLE, "a request has the other half");
}
