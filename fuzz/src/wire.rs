//! A server in this process that takes whatever is a batch by its form.

use muster_client::v1::{CreateTagRequest, CreateTypeRequest, Tag, TagKind, WriteRequest};
use muster_client::{Address, Client, ClientOptions, Code};
use muster_server::{Config, Listener};
use tokio::net::UnixListener;
use tokio::runtime::Runtime;

use crate::trace::Trace;

/// A running server and a client of it.
pub(crate) struct Wire {
    runtime: Runtime,
    client: Client,
    /// Deleted with it.
    _folder: tempfile::TempDir,
}

impl Wire {
    /// A server with the type `users` and a tag of each kind.
    pub(crate) fn new() -> Wire {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let folder = tempfile::tempdir().expect("a folder for a store");
        let client = runtime.block_on(async {
            let socket = folder.path().join("socket");
            let listener = UnixListener::bind(&socket).expect("a socket");
            let mut config = Config::new(folder.path().join("store"));
            config.set_option("durability", "none").expect("an option");
            tokio::spawn(muster_server::run(config, Listener::Unix(listener), std::future::pending()));
            let options = ClientOptions { retries_max: 0, ..ClientOptions::default() };
            let client = Client::connect(Address::Unix(socket), options).await.expect("it listens");
            let request = CreateTypeRequest { name: "users".into(), ..CreateTypeRequest::default() };
            client.create_type(request).await.expect("a type");
            for (name, kind) in [
                ("f", TagKind::Flag),
                ("c", TagKind::Choice),
                ("s", TagKind::Set),
                ("i", TagKind::Int),
                ("m", TagKind::Decimal),
                ("d", TagKind::Date),
                ("t", TagKind::Time),
            ] {
                let tag = Tag { name: name.into(), kind: kind.into(), scale: 0, ..Tag::default() };
                let request = CreateTagRequest { tag: Some(tag), ..CreateTagRequest::default() };
                client.create_tag(request).await.expect("a tag");
            }
            client
        });
        Wire { runtime, client, _folder: folder }
    }

    /// Sends a batch. It may be refused, but not because the server failed.
    pub(crate) fn write(&self, request: WriteRequest, trace: &mut Trace) {
        match self.runtime.block_on(self.client.write(request)) {
            Ok(reply) => trace.note(format!("applied, repeated {}", reply.repeated)),
            Err(error) => {
                let is_ours = matches!(error.code, Code::Internal | Code::Unknown | Code::DataLoss | Code::Unavailable);
                assert!(!is_ours, "the server failed: {error:?}");
                trace.error(error);
            }
        }
    }
}
