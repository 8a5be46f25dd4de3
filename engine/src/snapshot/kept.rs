//! A cache of prepared queries, which are kept as long as their version is the newest, for those who ask the same ones
//! again.
//!
//! What is kept is known to whoever keeps it only. It goes when another version is published, so that no part lives
//! longer for it. Where there is no room everything goes: those that are asked again are soon back.

use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use parking_lot::RwLock;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::Version;
use super::cache::address;
use crate::ids::TypeId;

/// Queries of one version that are kept.
pub const KEPT_QUERIES_MAX: usize = 4_096;
/// What they may take, in bytes.
pub const KEPT_QUERY_BYTES_MAX: u64 = 32 << 20;

/// What beside the version and the clock decides what a query without parameters means and may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeptKey<'a> {
    pub(crate) type_id: TypeId,
    pub(crate) text: &'a str,
    pub(crate) zone: Option<&'a str>,
    pub(crate) unknown_is_empty: bool,
    pub(crate) memory_bytes_max: u64,
}

impl KeptKey<'_> {
    fn hash(&self) -> u64 {
        xxh3_64_with_seed(self.text.as_bytes(), u64::from(self.type_id.0))
    }

    fn is_of(&self, entry: &Entry) -> bool {
        entry.type_id == self.type_id
            && &*entry.text == self.text
            && entry.zone.as_deref() == self.zone
            && entry.unknown_is_empty == self.unknown_is_empty
            && entry.memory_bytes_max == self.memory_bytes_max
    }
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct KeptQueries {
    state: RwLock<State>,
    found: AtomicU64,
    prepared: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    /// The newest version, by address; 0 where none will come any more.
    newest: usize,
    /// By hash; of two that share one, the younger stays.
    entries: HashMap<u64, Entry>,
    bytes: u64,
}

#[derive(Debug)]
struct Entry {
    type_id: TypeId,
    text: Box<str>,
    zone: Option<Box<str>>,
    unknown_is_empty: bool,
    memory_bytes_max: u64,
    bytes: u64,
    query: Arc<dyn Any + Send + Sync>,
}

/// What the kept queries of a store come to, since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeptQueryCounts {
    /// How many there are.
    pub kept: u64,
    /// About how many bytes they take.
    pub bytes: u64,
    /// How often one was found.
    pub found: u64,
    /// How often one had to be read, planned and bound.
    pub prepared: u64,
}

impl KeptQueries {
    /// What they come to.
    pub(crate) fn counts(&self) -> KeptQueryCounts {
        let state = self.state.read();
        KeptQueryCounts {
            kept: state.entries.len() as u64,
            bytes: state.bytes,
            found: self.found.load(Relaxed),
            prepared: self.prepared.load(Relaxed),
        }
    }

    /// `version` is the newest from here on; what is kept of another is dropped.
    pub(super) fn publish(&self, version: &Arc<Version>) {
        self.renew(address(version));
    }

    /// Nothing is kept any more: the store is closed.
    pub(super) fn end(&self) {
        self.renew(0);
    }

    fn renew(&self, newest: usize) {
        let old = std::mem::replace(&mut *self.state.write(), State { newest, ..State::default() });
        // Freeing takes longer than forgetting.
        drop(old);
    }

    /// What is kept under each of `keys` that `suits`, all looked for at once.
    pub(crate) fn find<'k, T: Any + Send + Sync>(
        &self,
        version: &Arc<Version>,
        keys: impl Iterator<Item = KeptKey<'k>>,
        suits: impl Fn(&T) -> bool,
    ) -> Vec<Option<Arc<T>>> {
        let state = self.state.read();
        let is_newest = state.newest == address(version);
        let find = |key: KeptKey<'_>| -> Option<Arc<T>> {
            let entry = state.entries.get(&key.hash()).filter(|entry| is_newest && key.is_of(entry))?;
            let query: Arc<T> = Arc::clone(&entry.query).downcast().ok()?;
            suits(&query).then_some(query)
        };
        let found: Vec<Option<Arc<T>>> = keys.map(find).collect();
        self.found.fetch_add(found.iter().flatten().count() as u64, Relaxed);
        found
    }

    /// Keeps a query of `version` that takes about `bytes`.
    pub(crate) fn keep<T: Any + Send + Sync>(
        &self,
        version: &Arc<Version>,
        key: KeptKey<'_>,
        query: &Arc<T>,
        bytes: u64,
    ) {
        self.prepared.fetch_add(1, Relaxed);
        if bytes > KEPT_QUERY_BYTES_MAX {
            return;
        }
        let entry = Entry {
            type_id: key.type_id,
            text: key.text.into(),
            zone: key.zone.map(Into::into),
            unknown_is_empty: key.unknown_is_empty,
            memory_bytes_max: key.memory_bytes_max,
            bytes,
            query: Arc::clone(query) as Arc<dyn Any + Send + Sync>,
        };
        let mut dropped = Vec::new();
        let mut state = self.state.write();
        if state.newest != address(version) {
            return;
        }
        if state.entries.len() >= KEPT_QUERIES_MAX || state.bytes + bytes > KEPT_QUERY_BYTES_MAX {
            dropped.extend(state.entries.drain().map(|(_, entry)| entry));
            state.bytes = 0;
        }
        state.bytes += bytes;
        if let Some(before) = state.entries.insert(key.hash(), entry) {
            state.bytes -= before.bytes;
            dropped.push(before);
        }
        drop(state);
    }
}
