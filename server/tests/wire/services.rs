//! What every gRPC tool expects of a server: health, reflection, a stop that lets go.

use std::time::Duration;

use muster_client::{Address, Client, ClientOptions};
use muster_proto::v1::*;
use tonic::transport::Endpoint;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{ServerReflectionRequest, ServerReflectionResponse};

use crate::served::Served;

async fn channel(served: &Served) -> tonic::transport::Channel {
    Endpoint::from_shared(format!("unix://{}", served.socket().display())).unwrap().connect().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn reflection_lists_and_describes_the_services() {
    let served = Served::start().await;
    let mut reflection = ServerReflectionClient::new(channel(&served).await);
    let mut ask = async |request| {
        let message = ServerReflectionRequest { host: String::new(), message_request: Some(request) };
        let mut stream = reflection.server_reflection_info(tokio_stream::iter([message])).await.unwrap().into_inner();
        let reply: ServerReflectionResponse = stream.message().await.unwrap().unwrap();
        reply.message_response.unwrap()
    };
    let MessageResponse::ListServicesResponse(list) = ask(MessageRequest::ListServices(String::new())).await else {
        panic!("a list was asked for")
    };
    let names: Vec<&str> = list.service.iter().map(|service| service.name.as_str()).collect();
    for name in ["muster.v1.Catalog", "muster.v1.Ingest", "muster.v1.Query", "muster.v1.Admin", "grpc.health.v1.Health"]
    {
        assert!(names.contains(&name), "{names:?}");
    }
    let symbol = MessageRequest::FileContainingSymbol("muster.v1.Query".into());
    let MessageResponse::FileDescriptorResponse(files) = ask(symbol).await else { panic!("a file was asked for") };
    assert!(!files.file_descriptor_proto.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn health_is_told_for_the_server_and_each_service() {
    let served = Served::start().await;
    let mut health = HealthClient::new(channel(&served).await);
    for service in ["", "muster.v1.Query", "muster.v1.Ingest"] {
        let reply = health.check(HealthCheckRequest { service: service.into() }).await.unwrap().into_inner();
        assert_eq!(reply.status(), ServingStatus::Serving, "{service}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_watches_health_is_told_of_a_stop_and_does_not_hold_it_up() {
    let folder = tempfile::tempdir().expect("a directory for a test");
    // A stop that waited for a stream would wait for as long.
    let served = Served::start_in(folder, |config| config.drain = Duration::from_secs(3_600)).await;
    let mut health = HealthClient::new(channel(&served).await);
    let mut watched = Vec::new();
    for service in ["", "muster.v1.Query"] {
        let mut watch = health.watch(HealthCheckRequest { service: service.into() }).await.unwrap().into_inner();
        assert_eq!(watch.message().await.unwrap().unwrap().status(), ServingStatus::Serving, "{service}");
        watched.push(watch);
    }
    drop(health);
    let stop = tokio::spawn(served.stop());
    for mut watch in watched {
        assert_eq!(watch.message().await.unwrap().unwrap().status(), ServingStatus::NotServing);
        assert!(watch.message().await.unwrap().is_none());
    }
    tokio::time::timeout(Duration::from_secs(60), stop).await.expect("it ends by itself").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_server_lets_go_of_its_directory() {
    let served = Served::with_shoppers().await;
    let socket = served.socket();
    let folder = served.stop().await;
    assert!(Client::connect(Address::Unix(socket), ClientOptions::default()).await.is_err());
    let served = Served::start_in(folder, |_| {}).await;
    let status = served.client.status(StatusRequest::default()).await.unwrap();
    assert_eq!(status.recovered_records, 0, "closing flushed");
    assert_eq!(served.count("ALL").await.unwrap().count, 5);
}
