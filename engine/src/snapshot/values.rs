//! A cache of directories of values by chunk and by id that the snapshots of a store share.
//!
//! One is made of a part and a tag when somebody asks what entities say under the tag, and kept where there is room. It
//! leaves when its part leaves the newest version. Where there is no room, those that nobody looked for in a long time
//! make some; otherwise it serves the one who asked and is forgotten.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use parking_lot::RwLock;

use super::cache::{IDLE_LOOKS, address};
use crate::error::Result;
use crate::ids::TagId;
use crate::part::{DerivedRoom, Part, ValueIndex};

/// See the module.
#[derive(Debug)]
pub(crate) struct ValueIndexes {
    room: Arc<DerivedRoom>,
    state: RwLock<State>,
    looks: AtomicU64,
    made: AtomicU64,
}

/// What the directories of values of a store come to, since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ValueIndexCounts {
    /// How many are kept.
    pub kept: u64,
    /// The memory that they take, in bytes.
    pub bytes: u64,
    /// How often one was made.
    pub made: u64,
}

#[derive(Debug, Default)]
struct State {
    /// The parts of the newest version, by address, rising.
    parts: Vec<usize>,
    entries: HashMap<(usize, TagId), Entry>,
}

#[derive(Debug)]
struct Entry {
    index: Arc<ValueIndex>,
    used: AtomicU64,
}

impl ValueIndexes {
    /// Nothing is kept yet, and never more than `bytes_max`.
    pub(super) fn new(bytes_max: u64) -> ValueIndexes {
        ValueIndexes {
            room: Arc::new(DerivedRoom::new(bytes_max)),
            state: RwLock::default(),
            looks: AtomicU64::new(0),
            made: AtomicU64::new(0),
        }
    }

    /// What they come to.
    pub(crate) fn counts(&self) -> ValueIndexCounts {
        ValueIndexCounts {
            kept: self.state.read().entries.len() as u64,
            bytes: self.room.bytes(),
            made: self.made.load(Relaxed),
        }
    }

    /// From here on the newest version has `parts`: what was made of others is dropped.
    pub(super) fn publish(&self, parts: &[usize]) {
        let mut state = self.state.write();
        state.parts = parts.to_vec();
        let gone: Vec<Entry> = state
            .entries
            .extract_if(|(part, _), _| parts.binary_search(part).is_err())
            .map(|(_, entry)| entry)
            .collect();
        // Freeing takes longer than forgetting.
        drop(state);
        drop(gone);
    }

    /// Publishes the parts of a snapshot.
    #[cfg(test)]
    pub(crate) fn publish_parts_of(&self, snapshot: &super::Snapshot) {
        let mut parts: Vec<usize> = snapshot.layers().iter().flat_map(|layer| &layer.parts).map(address).collect();
        parts.sort_unstable();
        self.publish(&parts);
    }

    /// The directory of a tag in `part`, kept or made. Errors: corrupt, and those of `work`, which is told of the bytes
    /// that making it takes.
    pub(super) fn find(
        &self,
        part: &Arc<Part>,
        tag: TagId,
        work: &mut dyn FnMut(u64) -> Result<()>,
    ) -> Result<Arc<ValueIndex>> {
        let look = self.looks.fetch_add(1, Relaxed);
        if let Some(entry) = self.state.read().entries.get(&(address(part), tag)) {
            entry.used.store(look, Relaxed);
            return Ok(Arc::clone(&entry.index));
        }
        self.made.fetch_add(1, Relaxed);
        let mut index = ValueIndex::new(part, tag, work)?;
        if !index.keep_in(&self.room) {
            self.drop_idle(look);
            if !index.keep_in(&self.room) {
                return Ok(Arc::new(index));
            }
        }
        let index = Arc::new(index);
        let mut state = self.state.write();
        // An older snapshot must not keep a part that is otherwise gone.
        if state.parts.binary_search(&address(part)).is_ok() {
            let entry = Entry { index: Arc::clone(&index), used: AtomicU64::new(look) };
            state.entries.insert((address(part), tag), entry);
        }
        Ok(index)
    }

    fn drop_idle(&self, look: u64) {
        let mut state = self.state.write();
        let is_idle = |entry: &Entry| entry.used.load(Relaxed) + IDLE_LOOKS <= look;
        let idle: Vec<Entry> = state.entries.extract_if(|_, entry| is_idle(entry)).map(|(_, entry)| entry).collect();
        drop(state);
        drop(idle);
    }
}
