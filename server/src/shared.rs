//! What all requests of a server share: its store, its entrance, its lanes, its memory, its limits.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Instant;

use muster_engine::Error;
use muster_store::{Access, Store};
use rustix::process::{Resource, getrlimit};

use crate::config::Config;
use crate::connections::Connections;
use crate::entrance::Entrance;
use crate::limits::DESCRIPTORS_MIN;
use crate::memory::Memory;
use crate::spool::Spool;
use crate::work::Work;

/// What all requests share.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) store: Store,
    pub(crate) spool: Spool,
    pub(crate) entrance: Entrance,
    pub(crate) work: Work,
    /// How many loads are open.
    pub(crate) loads_open: AtomicUsize,
    pub(crate) memory: Arc<Memory>,
    pub(crate) connections: Arc<Connections>,
    pub(crate) started: Instant,
}

impl Shared {
    pub(crate) fn open(config: Config) -> muster_engine::Result<Shared> {
        let descriptors = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        if descriptors < DESCRIPTORS_MIN {
            return Err(Error::limit(format!(
                "raise the limit of open files, as with ulimit -n 1024: it is {descriptors}, and a store takes at \
                 least {DESCRIPTORS_MIN}"
            )));
        }
        let access = Access::of(config.store.engine.shared_files);
        let (data_dir, spool_bytes_max) = (&config.store.data_dir, config.limits.spool_bytes_max);
        // It makes the directory, if need be, in which the spool lies.
        let store = Store::open_held(config.store.clone())?;
        let spool = match config.store.read_only {
            true => Spool::unused(data_dir, spool_bytes_max, access),
            false => Spool::new(data_dir, spool_bytes_max, access)?,
        };
        let (connections_max, peer_connections_max) = config.limits.connections(descriptors, config.store.spaces_max);
        let memory = Arc::new(Memory::new(config.limits.server_memory_bytes));
        Ok(Shared {
            store,
            spool,
            entrance: Entrance::new(config.limits.clone(), Arc::clone(&memory)),
            work: Work::new(&config.limits),
            loads_open: AtomicUsize::new(0),
            memory,
            connections: Arc::new(Connections::new(connections_max, peer_connections_max)),
            started: Instant::now(),
            config,
        })
    }

    /// Milliseconds since 1970-01-01T00:00:00Z. Each request reads the clock once.
    pub(crate) fn now_unix_ms(&self) -> i64 {
        (self.config.now_unix_ms)()
    }
}
