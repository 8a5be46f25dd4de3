//! A cache of merged bitmaps that the snapshots of a store share.
//!
//! A bitmap of several layers is merged when it is asked for the second time, so that a question that is asked once
//! does not pay for it. A merged bitmap counts only for the very layers that it was merged from. It leaves when one of
//! their parts leaves the newest version, so nothing keeps a part longer than that, and older snapshots add none.
//!
//! Room is bounded. Who has not been looked for in a long time makes room for others; where that is not enough, the
//! newcomer is refused, because throwing out what is used would cost more than folding.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use parking_lot::RwLock;

use super::Version;
use super::cache::{IDLE_LOOKS, address};
use super::kept::KeptQueries;
use super::values::ValueIndexes;
use crate::error::{ErrorKind, Result};
use crate::ids::BitmapId;
use crate::part::{BitmapStack, MergedBitmap, Source};

/// Bitmaps that were asked for and are not merged are remembered up to this many; beyond it all are forgotten.
const ASKED_MAX: usize = 1 << 16;

/// Bytes of an entry beside its bitmap.
const ENTRY_BYTES: u64 = 256;

/// The merged bitmaps of one store; see the module.
#[derive(Debug)]
pub struct MergedBitmaps {
    bytes_max: u64,
    state: RwLock<State>,
    looks: AtomicU64,
    found: AtomicU64,
    /// What is derived from the same parts for questions about entities.
    values: ValueIndexes,
    /// Queries on the newest version.
    kept: KeptQueries,
}

#[derive(Debug, Default)]
struct State {
    entries: HashMap<BitmapId, Entry>,
    /// The newest version, by address; its parts.
    newest: usize,
    parts: Vec<usize>,
    /// Of the merged entries.
    bytes: u64,
    /// Entries that are not merged.
    asked_count: usize,
    counts: MergedCounts,
}

#[derive(Debug)]
enum Entry {
    /// Asked for once; the hash of its layers.
    Asked(u64),
    /// Being merged, or refused: nobody tries before so many looks.
    Waiting {
        layers: u64,
        until: u64,
    },
    Merged {
        bitmap: Arc<MergedBitmap>,
        used: AtomicU64,
    },
}

impl Entry {
    fn is_merged(&self) -> bool {
        matches!(self, Entry::Merged { .. })
    }
}

/// What the merged bitmaps of a store come to, since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MergedCounts {
    /// How many there are.
    pub bitmaps: u64,
    /// The memory they take, in bytes.
    pub bytes: u64,
    /// How often one was made.
    pub made: u64,
    /// How often one was found by a query.
    pub found: u64,
    /// How often there was no room for one, or its layers could not be read.
    pub refused: u64,
    /// How many had to go to make room.
    pub displaced: u64,
}

/// What a lookup of a bitmap of several layers came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lookup {
    /// For the first time: it is to be folded.
    Once,
    /// Again: it is to be merged by the caller, with [`MergedBitmaps::merge`].
    Again,
    /// It is there.
    Found,
    /// It is to be folded, also the next time.
    Refused,
}

impl MergedBitmaps {
    /// Nothing is merged yet, and nothing ever is where `bytes_max` is 0.
    pub(crate) fn new(bytes_max: u64) -> MergedBitmaps {
        MergedBitmaps {
            bytes_max,
            state: RwLock::default(),
            looks: AtomicU64::new(0),
            found: AtomicU64::new(0),
            values: ValueIndexes::new(bytes_max),
            kept: KeptQueries::default(),
        }
    }

    /// What they come to.
    pub(crate) fn counts(&self) -> MergedCounts {
        MergedCounts { found: self.found.load(Relaxed), ..self.state.read().counts() }
    }

    /// `version` is the newest from here on: what was merged from parts that it has not is dropped.
    pub(crate) fn publish(&self, version: &Arc<Version>) {
        let mut parts: Vec<usize> = version.layers.iter().flat_map(|layer| &layer.parts).map(address).collect();
        parts.sort_unstable();
        self.values.publish(&parts);
        self.kept.publish(version);
        let mut state = self.state.write();
        let gone: Vec<usize> = state.parts.iter().copied().filter(|part| parts.binary_search(part).is_err()).collect();
        state.newest = address(version);
        state.parts = parts;
        let is_gone = |source: &Source| gone.contains(&address(&source.part));
        let over = match gone.is_empty() {
            true => Vec::new(),
            false => state.take_out(|bitmap| sources(bitmap.stack()).any(is_gone)),
        };
        // Freeing takes longer than forgetting.
        drop(state);
        drop(over);
    }

    /// No version follows: whatever would keep the last one alive is dropped.
    pub(crate) fn end(&self) {
        self.kept.end();
    }

    /// The queries that are kept.
    pub(crate) fn kept(&self) -> &KeptQueries {
        &self.kept
    }

    /// The directories of values by chunk and by id.
    pub(crate) fn values(&self) -> &ValueIndexes {
        &self.values
    }

    /// The merged bitmap of exactly these layers, if there is one.
    pub(crate) fn find(&self, bitmap: BitmapId, stack: &BitmapStack) -> Option<Arc<MergedBitmap>> {
        if self.bytes_max == 0 {
            return None;
        }
        let look = self.looks.fetch_add(1, Relaxed);
        let state = self.state.read();
        let Some(Entry::Merged { bitmap, used }) = state.entries.get(&bitmap) else {
            return None;
        };
        if !bitmap.stack().is_same(stack) {
            return None;
        }
        used.store(look, Relaxed);
        self.found.fetch_add(1, Relaxed);
        Some(Arc::clone(bitmap))
    }

    /// Counts a use of a bitmap that `version` has in several layers.
    pub(crate) fn ask(&self, version: &Arc<Version>, bitmap: BitmapId, stack: &BitmapStack) -> Lookup {
        if self.bytes_max == 0 {
            return Lookup::Refused;
        }
        let look = self.looks.fetch_add(1, Relaxed);
        let layers = hash(stack);
        let mut state = self.state.write();
        match state.entries.get(&bitmap) {
            Some(Entry::Merged { bitmap, .. }) if bitmap.stack().is_same(stack) => return Lookup::Found,
            // Whoever reads an older version must not take the place of what the newest needs.
            _ if state.newest != address(version) => return Lookup::Refused,
            Some(Entry::Waiting { layers: same, until }) if *same == layers && look < *until => return Lookup::Refused,
            Some(Entry::Asked(same) | Entry::Waiting { layers: same, .. }) if *same == layers => {
                state.replace(bitmap, Entry::Waiting { layers, until: look + IDLE_LOOKS });
                return Lookup::Again;
            }
            _ => {}
        }
        let before = state.replace(bitmap, Entry::Asked(layers));
        drop(state);
        drop(before);
        Lookup::Once
    }

    /// Merges a bitmap that was asked for and keeps it where there is room; none where that is not so, or its layers
    /// cannot be read: who needs the faulty chunk is told so by folding it. `look` says whether to go on; where it does
    /// not, somebody else may merge it.
    pub(crate) fn merge(
        &self,
        bitmap: BitmapId,
        stack: &BitmapStack,
        look: &mut dyn FnMut() -> Result<()>,
    ) -> Option<Arc<MergedBitmap>> {
        let merged = MergedBitmap::new(stack, self.bytes_max, look);
        let (look, layers) = (self.looks.load(Relaxed), hash(stack));
        let mut dropped = Vec::new();
        let mut state = self.state.write();
        let is_awaited =
            matches!(state.entries.get(&bitmap), Some(Entry::Waiting { layers: same, .. }) if *same == layers);
        let kept = match merged {
            Err(error) if is_awaited && matches!(error.kind(), ErrorKind::Cancelled | ErrorKind::Deadline) => {
                state.replace(bitmap, Entry::Asked(layers));
                None
            }
            // Meanwhile parts have gone, or other layers are asked for.
            Ok(Some(_)) if !is_awaited || !state.has_parts_of(stack) => None,
            Ok(Some(merged)) if state.make_room(byte_len(&merged), self.bytes_max, look, &mut dropped) => {
                let merged = Arc::new(merged);
                let entry = Entry::Merged { bitmap: Arc::clone(&merged), used: AtomicU64::new(look) };
                dropped.extend(state.replace(bitmap, entry));
                state.counts.made += 1;
                Some(merged)
            }
            _ => {
                state.counts.refused += 1;
                None
            }
        };
        // Freeing takes longer than forgetting.
        drop(state);
        kept
    }
}

impl State {
    fn counts(&self) -> MergedCounts {
        let bitmaps = (self.entries.len() - self.asked_count) as u64;
        MergedCounts { bitmaps, bytes: self.bytes, ..self.counts }
    }

    /// Puts an entry in the place of another, which is returned.
    fn replace(&mut self, bitmap: BitmapId, entry: Entry) -> Option<Entry> {
        if self.asked_count >= ASKED_MAX {
            self.entries.retain(|_, entry| entry.is_merged());
            self.asked_count = 0;
        }
        self.asked_count += usize::from(!entry.is_merged());
        self.bytes += bytes_of(&entry);
        let before = self.entries.insert(bitmap, entry);
        self.asked_count -= before.iter().filter(|entry| !entry.is_merged()).count();
        self.bytes -= before.as_ref().map_or(0, bytes_of);
        before
    }

    /// Whether all parts of `stack` are in the newest version.
    fn has_parts_of(&self, stack: &BitmapStack) -> bool {
        sources(stack).all(|source| self.parts.binary_search(&address(&source.part)).is_ok())
    }

    /// Takes those out that `is_over`.
    fn take_out(&mut self, is_over: impl Fn(&MergedBitmap) -> bool) -> Vec<Entry> {
        let over = self.entries.extract_if(|_, entry| match entry {
            Entry::Merged { bitmap, .. } => is_over(bitmap),
            Entry::Asked(_) | Entry::Waiting { .. } => false,
        });
        let taken: Vec<Entry> = over.map(|(_, entry)| entry).collect();
        self.bytes -= taken.iter().map(bytes_of).sum::<u64>();
        taken
    }

    /// Whether there is room for `bytes`, where need be without the longest idle; none of them goes in vain.
    fn make_room(&mut self, bytes: u64, bytes_max: u64, look: u64, dropped: &mut Vec<Entry>) -> bool {
        let mut room = bytes_max.saturating_sub(self.bytes);
        if bytes <= room {
            return true;
        }
        // When it was used, what it frees, which.
        let mut idle: Vec<(u64, u64, BitmapId)> = Vec::new();
        for (id, entry) in &self.entries {
            if let Entry::Merged { used, .. } = entry
                && used.load(Relaxed) + IDLE_LOOKS <= look
            {
                idle.push((used.load(Relaxed), bytes_of(entry), *id));
            }
        }
        idle.sort_unstable();
        let mut count = 0;
        while room < bytes {
            let Some((_, freed, _)) = idle.get(count) else { return false };
            room += freed;
            count += 1;
        }
        for (_, freed, id) in &idle[..count] {
            dropped.extend(self.entries.remove(id));
            self.bytes -= freed;
            self.counts.displaced += 1;
        }
        true
    }
}

/// What an entry counts for in the limit.
fn bytes_of(entry: &Entry) -> u64 {
    match entry {
        Entry::Merged { bitmap, .. } => byte_len(bitmap),
        Entry::Asked(_) | Entry::Waiting { .. } => 0,
    }
}

fn byte_len(bitmap: &MergedBitmap) -> u64 {
    bitmap.byte_len() + ENTRY_BYTES
}

fn sources(stack: &BitmapStack) -> impl Iterator<Item = &Source> {
    stack.added.iter().chain(&stack.taken)
}

/// Layers that may be gone when they are compared are compared by this: to be wrong means to merge one use too early.
fn hash(stack: &BitmapStack) -> u64 {
    let mut hasher = DefaultHasher::new();
    for source in sources(stack) {
        (source.layer, address(&source.part), source.view).hash(&mut hasher);
    }
    hasher.finish()
}
