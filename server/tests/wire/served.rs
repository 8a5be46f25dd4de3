//! A server in this process for one test, and a few shoppers in it.

use std::path::PathBuf;

use muster_client::{Address, Client, ClientError, ClientOptions, text_key};
use muster_proto::v1::*;
use muster_server::{Config, Listener, ServeError, run};
use tempfile::TempDir;
use tokio::net::UnixListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// 2026-11-21T12:00:00Z.
pub(crate) const NOW_MS: i64 = 1_795_262_400_000;

/// A running server and a client of it.
pub(crate) struct Served {
    pub(crate) client: Client,
    pub(crate) folder: TempDir,
    stop: Option<oneshot::Sender<()>>,
    server: Option<JoinHandle<Result<(), ServeError>>>,
}

impl Served {
    pub(crate) async fn start() -> Served {
        Served::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut Config)) -> Served {
        Served::start_in(tempfile::tempdir().unwrap(), change).await
    }

    pub(crate) async fn start_in(folder: TempDir, change: impl FnOnce(&mut Config)) -> Served {
        let mut config = Config::new(folder.path().join("store"));
        change(&mut config);
        let socket = folder.path().join("socket");
        let _ = std::fs::remove_file(&socket);
        let listener = UnixListener::bind(&socket).unwrap();
        let (stop, stopped) = oneshot::channel();
        let shutdown = async move {
            let _ = stopped.await;
        };
        let server = tokio::spawn(run(config, Listener::Unix(listener), shutdown));
        let client = Client::connect(Address::Unix(socket), ClientOptions::default()).await.unwrap();
        Served { client, folder, stop: Some(stop), server: Some(server) }
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    /// Stops the server and returns its folder.
    pub(crate) async fn stop(mut self) -> TempDir {
        self.stop.take().unwrap().send(()).unwrap();
        drop(self.client);
        self.server.take().unwrap().await.unwrap().unwrap();
        self.folder
    }

    /// A server with the type `shoppers` and five of them.
    pub(crate) async fn with_shoppers() -> Served {
        let served = Served::start().await;
        served.add_shoppers("").await;
        served
    }

    pub(crate) async fn add_shoppers(&self, space: &str) {
        let client = &self.client;
        client.create_type(create_type(space, "shoppers")).await.unwrap();
        for (name, kind, scale) in [
            ("vip", TagKind::Flag, 0),
            ("城市", TagKind::Choice, 0),
            ("interests", TagKind::Set, 0),
            ("age", TagKind::Int, 0),
            ("spend", TagKind::Decimal, 2),
            ("joined", TagKind::Date, 0),
            ("seen", TagKind::Time, 0),
        ] {
            client.create_tag(create_tag(space, name, kind, scale)).await.unwrap();
        }
        client.write(batch(space, shoppers())).await.unwrap();
    }

    pub(crate) async fn count(&self, text: &str) -> Result<CountReply, ClientError> {
        self.client.count(CountRequest { context: Some(context()), text: text.to_owned() }).await
    }
}

/// The default space and type, at a fixed moment.
pub(crate) fn context() -> QueryContext {
    QueryContext { now_unix_ms: Some(NOW_MS), ..QueryContext::default() }
}

pub(crate) fn create_type(space: &str, name: &str) -> CreateTypeRequest {
    CreateTypeRequest { space: space.to_owned(), name: name.to_owned(), ..CreateTypeRequest::default() }
}

pub(crate) fn create_tag(space: &str, name: &str, kind: TagKind, scale: u32) -> CreateTagRequest {
    let tag = Tag { name: name.to_owned(), kind: kind.into(), scale, ..Tag::default() };
    CreateTagRequest { space: space.to_owned(), tag: Some(tag), ..CreateTagRequest::default() }
}

pub(crate) fn batch(space: &str, entities: Vec<EntityChanges>) -> WriteRequest {
    WriteRequest { space: space.to_owned(), entities, ..WriteRequest::default() }
}

pub(crate) fn entity(key: &str, changes: Vec<Change>) -> EntityChanges {
    EntityChanges { key: Some(text_key(key)), changes }
}

/// Sets a tag to what a person writes.
pub(crate) fn set(tag: &str, written: &str) -> Change {
    let value = Value { value: Some(value::Value::Written(written.to_owned())) };
    Change { change: Some(change::Change::Set(SetTag { tag: tag.to_owned(), value: Some(value) })) }
}

fn shoppers() -> Vec<EntityChanges> {
    vec![
        entity(
            "ann",
            vec![
                set("vip", "true"),
                set("城市", "北京"),
                set("age", "30"),
                set("spend", "12.50"),
                set("interests", "ski"),
                set("interests", "golf"),
            ],
        ),
        entity("bob", vec![set("城市", "上海"), set("age", "41"), set("spend", "-0.05"), set("joined", "2026-11-20")]),
        entity("cid", vec![set("城市", "北京"), set("age", "19"), set("joined", "2026-01-31")]),
        entity("dee", vec![set("vip", "true"), set("interests", "ski"), set("seen", "2026-11-21T08:00:00+08:00")]),
        entity("eve", vec![]),
    ]
}
