//! The values of one tag in one part, by chunk and by id: which of them one entity has, without a look at the others.
//!
//! Small values stand in the part by id already, as pairs. The others stand by value, so a directory by chunk is made
//! of them, and of a chunk that is asked about more often than it has members, their pairs by id. Both are derived from
//! the part and can be thrown away at any time.

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use super::Role;
use super::Spot;
use super::format::form;
use super::read::{PairBlock, PairsView, Part};
use crate::bitmap::{CHUNK_IDS, Container, for_each_id};
use crate::error::{Error, Result};
use crate::ids::{BitmapId, ChunkId, TagId, ValueId};

/// Containers of a chunk up to which each is asked: a few probes cost less than a search.
const PROBED_MAX: usize = 8;

/// Entries of the directory of a part between two looks at whoever waits.
const ENTRIES_PER_LOOK: u32 = 1_024;

/// Room for what is derived, shared by all who derive.
#[derive(Debug)]
pub struct DerivedRoom {
    bytes_max: u64,
    bytes: AtomicU64,
}

impl DerivedRoom {
    /// Room for so many bytes.
    pub fn new(bytes_max: u64) -> DerivedRoom {
        DerivedRoom { bytes_max, bytes: AtomicU64::new(0) }
    }

    /// How many bytes are taken.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Relaxed)
    }

    /// Takes `bytes`, if there is room.
    pub fn take(&self, bytes: u64) -> bool {
        let taken = self.bytes.fetch_update(Relaxed, Relaxed, |before| {
            before.checked_add(bytes).filter(|after| *after <= self.bytes_max)
        });
        taken.is_ok()
    }

    /// Gives `bytes` back.
    pub fn give_back(&self, bytes: u64) {
        self.bytes.fetch_sub(bytes, Relaxed);
    }
}

/// See the module.
#[derive(Debug)]
pub struct ValueIndex {
    part: Arc<Part>,
    pairs: Option<PairsView>,
    added: ByChunk,
    removed: ByChunk,
    /// By chunk of `added`: what is known by id.
    states: Box<[ChunkState]>,
    /// Where what is derived may be kept for others; none where there was no room for the directory already.
    room: Option<Arc<DerivedRoom>>,
    /// What is taken of the room.
    bytes: AtomicU64,
}

impl Drop for ValueIndex {
    fn drop(&mut self) {
        if let Some(room) = &self.room {
            room.give_back(self.bytes.load(Relaxed));
        }
    }
}

/// Containers by chunk: the value of each, and its place in the table of chunks.
#[derive(Debug, Default)]
struct ByChunk {
    first_chunk: u32,
    /// By chunk from the first on: where its containers begin; one more for the end.
    starts: Box<[u32]>,
    /// Rising by value within a chunk.
    containers: Box<[(u32, u32)]>,
}

#[derive(Debug, Default)]
struct ChunkState {
    /// How many containers were asked since the part was opened.
    asked: AtomicU32,
    by_id: OnceLock<Arc<ValuesById>>,
}

/// The pairs of one chunk, by id.
#[derive(Debug)]
pub(super) struct ValuesById {
    lows: Box<[u16]>,
    values: Box<[u32]>,
}

impl ValuesById {
    /// The values of one id, rising.
    fn of(&self, low: u16) -> &[u32] {
        let start = self.lows.partition_point(|&other| other < low);
        let count = self.lows[start..].iter().take_while(|&&other| other == low).count();
        &self.values[start..start + count]
    }
}

/// What a pair by id takes.
const PAIR_BYTES: u64 = 6;

/// How the values of one entity are read.
pub struct Reading<'a> {
    /// What the reader has at hand of the index.
    pub held: &'a mut HeldChunk,
    /// What is made for it takes at most so many bytes.
    pub bytes_max: u64,
    /// How many values an entity can have: none is looked for beyond.
    pub values_max: usize,
}

/// What one who reads entity after entity has at hand of one index: the last chunk by id, where there is no room to
/// leave it for others.
#[derive(Debug, Default)]
pub struct HeldChunk {
    by_id: Option<(ChunkId, Arc<ValuesById>)>,
}

impl ByChunk {
    /// Sorts `(chunk, value, place)`, which rise by value, by chunk.
    fn new(found: &[(u16, u32, u32)]) -> ByChunk {
        let chunks = || found.iter().map(|(chunk, ..)| u32::from(*chunk));
        let (Some(first_chunk), Some(last)) = (chunks().min(), chunks().max()) else {
            return ByChunk::default();
        };
        let mut starts = vec![0u32; (last - first_chunk) as usize + 2];
        chunks().for_each(|chunk| starts[(chunk - first_chunk) as usize + 1] += 1);
        for index in 1..starts.len() {
            starts[index] += starts[index - 1];
        }
        let mut next = starts.clone();
        let mut containers = vec![(0, 0); found.len()];
        for &(chunk, value, place) in found {
            let at = &mut next[(u32::from(chunk) - first_chunk) as usize];
            containers[*at as usize] = (value, place);
            *at += 1;
        }
        ByChunk { first_chunk, starts: starts.into(), containers: containers.into() }
    }

    fn index(&self, chunk: ChunkId) -> Option<usize> {
        let index = u32::from(chunk.0).checked_sub(self.first_chunk)? as usize;
        (index + 1 < self.starts.len()).then_some(index)
    }

    fn of(&self, chunk: ChunkId) -> &[(u32, u32)] {
        match self.index(chunk) {
            Some(index) => &self.containers[self.starts[index] as usize..self.starts[index + 1] as usize],
            None => &[],
        }
    }

    fn byte_len(&self) -> u64 {
        (size_of_val(&*self.starts) + size_of_val(&*self.containers)) as u64
    }
}

impl ValueIndex {
    /// Reads the directory of `part`; `work` is told of the bytes that are taken so far, now and then. Errors: corrupt,
    /// and those of `work`.
    pub fn new(part: &Arc<Part>, tag: TagId, work: &mut dyn FnMut(u64) -> Result<()>) -> Result<ValueIndex> {
        let (mut added, mut removed) = (Vec::new(), Vec::new());
        let first = part.lower_bound(BitmapId::new(tag, BitmapId::VALUE_SLOT_MIN), Role::Added)?;
        for index in first..part.bitmap_count() {
            if (index - first).is_multiple_of(ENTRIES_PER_LOOK) {
                work(bytes_of(&added) + bytes_of(&removed))?;
            }
            let entry = part.bitmap_entry(index)?;
            let bitmap = BitmapId(entry.bitmap);
            if bitmap.tag() != tag || bitmap.slot() > BitmapId::VALUE_SLOT_MAX {
                break;
            }
            if entry.form != form::CHUNKS {
                continue;
            }
            // Checks the entries of the table of chunks too.
            let count = entry.chunk_count;
            part.view(entry)?;
            let found = match part.role(entry)? {
                Role::Added => &mut added,
                Role::Removed => &mut removed,
            };
            if found.len() + count as usize > u32::MAX as usize {
                return Err(Error::limit("a tag has more containers in one part than can be told apart"));
            }
            for place in entry.first_chunk..entry.first_chunk + count {
                found.push((part.chunk_entry(place).chunk, bitmap.slot(), place));
            }
        }
        work(2 * (bytes_of(&added) + bytes_of(&removed)))?;
        let added = ByChunk::new(&added);
        let states = (1..added.starts.len()).map(|_| ChunkState::default()).collect();
        Ok(ValueIndex {
            pairs: part.pairs(tag)?,
            part: Arc::clone(part),
            removed: ByChunk::new(&removed),
            states,
            added,
            room: None,
            bytes: AtomicU64::new(0),
        })
    }

    /// From here on it is kept for others, in `room`; false, and nothing changes, where there is none.
    pub fn keep_in(&mut self, room: &Arc<DerivedRoom>) -> bool {
        let bytes = self.byte_len();
        if !room.take(bytes) {
            return false;
        }
        self.bytes = AtomicU64::new(bytes);
        self.room = Some(Arc::clone(room));
        true
    }

    /// What it was derived from.
    #[cfg(test)]
    pub fn part(&self) -> &Arc<Part> {
        &self.part
    }

    /// What the directory takes, in bytes.
    pub fn byte_len(&self) -> u64 {
        let states = self.states.len() * size_of::<ChunkState>();
        self.added.byte_len() + self.removed.byte_len() + (states + size_of::<ValueIndex>()) as u64
    }

    /// Appends the values that the part adds to one entity. Errors: corrupt.
    pub fn added_to(&self, chunk: ChunkId, low: u16, reading: Reading<'_>, values: &mut Vec<ValueId>) -> Result<()> {
        let found_before = values.len();
        if let Some(block) = self.pair_block(chunk)? {
            values.extend(block.values_of(low).iter().map(|&value| ValueId(value)));
        }
        let containers = self.added.of(chunk);
        if containers.len() > PROBED_MAX
            && let Some(by_id) = self.by_id(chunk, containers, reading.held, reading.bytes_max)?
        {
            values.extend(by_id.of(low).iter().map(|&value| ValueId(value)));
            return Ok(());
        }
        for &(value, place) in containers {
            if values.len() - found_before >= reading.values_max {
                break;
            }
            if self.container(place)?.contains(low) {
                values.push(ValueId(value));
            }
        }
        Ok(())
    }

    /// The spots that [`ValueIndex::added_to`] looks at in one chunk, to be brought closer all at once.
    pub fn for_each_spot<'a>(&'a self, chunk: ChunkId, visit: &mut dyn FnMut(Spot<'a>)) {
        if self.known_by_id(chunk).is_none() {
            self.added.of(chunk).iter().for_each(|&(_, place)| visit(self.part.spot_at(place)));
        }
    }

    /// Appends the values that the part takes from one entity. Errors: corrupt.
    pub fn removed_from(&self, chunk: ChunkId, low: u16, values: &mut Vec<ValueId>) -> Result<()> {
        for &(value, place) in self.removed.of(chunk) {
            if self.container(place)?.contains(low) {
                values.push(ValueId(value));
            }
        }
        Ok(())
    }

    /// What the part adds in `chunk`, by rising value: the large values and the small ones each by themselves, and what
    /// it removes. Errors: corrupt.
    pub fn streams(&self, chunk: ChunkId) -> Result<[Option<ValueStream<'_>>; 3]> {
        let added = chunks_of(&self.part, &self.added, chunk);
        let pairs = self.pair_block(chunk)?.map(|block| ValueStream::Pairs { block, at: 0 });
        Ok([added, pairs, chunks_of(&self.part, &self.removed, chunk)])
    }

    fn pair_block(&self, chunk: ChunkId) -> Result<Option<PairBlock<'_>>> {
        match self.pairs {
            Some(pairs) => self.part.pair_block(pairs, chunk),
            None => Ok(None),
        }
    }

    fn container(&self, place: u32) -> Result<Container<'_>> {
        self.part.decode(self.part.chunk_entry(place))
    }

    fn state(&self, chunk: ChunkId) -> Option<&ChunkState> {
        self.added.index(chunk).and_then(|index| self.states.get(index))
    }

    /// The pairs of a chunk by id, where they are known.
    fn known_by_id(&self, chunk: ChunkId) -> Option<&ValuesById> {
        self.state(chunk)?.by_id.get().map(Arc::as_ref)
    }

    /// The pairs of a chunk by id, where they are known or it is time to make them: when as many containers were asked
    /// as they have members, both ways have cost the same.
    fn by_id(
        &self,
        chunk: ChunkId,
        containers: &[(u32, u32)],
        held: &mut HeldChunk,
        bytes_max: u64,
    ) -> Result<Option<Arc<ValuesById>>> {
        let Some(state) = self.state(chunk) else {
            return Ok(None);
        };
        if let Some(by_id) = state.by_id.get() {
            return Ok(Some(Arc::clone(by_id)));
        }
        if let Some((of, by_id)) = &held.by_id
            && *of == chunk
        {
            return Ok(Some(Arc::clone(by_id)));
        }
        let members: u64 =
            containers.iter().map(|&(_, place)| u64::from(self.part.chunk_entry(place).cardinality())).sum();
        let asked = state.asked.fetch_update(Relaxed, Relaxed, |asked| {
            Some(asked.saturating_add(u32::try_from(containers.len()).unwrap_or(u32::MAX)))
        });
        let bytes = PAIR_BYTES * members;
        if u64::from(asked.unwrap_or(u32::MAX)) < members || bytes + 4 * u64::from(CHUNK_IDS) > bytes_max {
            return Ok(None);
        }
        let by_id = Arc::new(self.sort_by_id(containers, members as usize)?);
        match &self.room {
            Some(room) if room.take(bytes) => match state.by_id.set(Arc::clone(&by_id)) {
                Ok(()) => drop(self.bytes.fetch_add(bytes, Relaxed)),
                // Somebody else was faster.
                Err(_) => room.give_back(bytes),
            },
            _ => held.by_id = Some((chunk, Arc::clone(&by_id))),
        }
        Ok(Some(by_id))
    }

    /// A counting sort by id; the values of one id rise because the containers do.
    fn sort_by_id(&self, containers: &[(u32, u32)], members: usize) -> Result<ValuesById> {
        let mut next = vec![0u32; CHUNK_IDS as usize];
        for &(_, place) in containers {
            for_each_id(self.container(place)?, |low| next[usize::from(low)] += 1);
        }
        let mut start = 0;
        for next in &mut next {
            start += std::mem::replace(next, start);
        }
        if start as usize != members {
            return Err(self.part.corrupt("the members of a chunk are not as many as its directory says"));
        }
        let (mut lows, mut values) = (vec![0; members], vec![0; members]);
        for &(value, place) in containers {
            for_each_id(self.container(place)?, |low| {
                let at = &mut next[usize::from(low)];
                (lows[*at as usize], values[*at as usize]) = (low, value);
                *at += 1;
            });
        }
        Ok(ValuesById { lows: lows.into(), values: values.into() })
    }
}

fn bytes_of<T>(list: &Vec<T>) -> u64 {
    (list.capacity() * size_of::<T>()) as u64
}

fn chunks_of<'a>(part: &'a Part, list: &'a ByChunk, chunk: ChunkId) -> Option<ValueStream<'a>> {
    let containers = list.of(chunk);
    (!containers.is_empty()).then_some(ValueStream::Containers { part, containers })
}

/// The values of one chunk of one part by rising value, each with its members.
pub enum ValueStream<'a> {
    /// Those that stand in containers.
    Containers {
        /// Where they stand.
        part: &'a Part,
        /// Those that are still to come.
        containers: &'a [(u32, u32)],
    },
    /// Those that stand in pairs.
    Pairs {
        /// The pairs.
        block: PairBlock<'a>,
        /// The first pair that is still to come.
        at: usize,
    },
}

impl<'a> ValueStream<'a> {
    /// The next value.
    #[inline]
    pub fn value(&self) -> Option<u32> {
        match self {
            ValueStream::Containers { containers, .. } => containers.first().map(|(value, _)| *value),
            ValueStream::Pairs { block, at } => block.values_by_value.get(*at).copied(),
        }
    }

    /// The members of the next value, which is passed. Errors: corrupt.
    #[inline]
    pub fn pass(&mut self) -> Result<Container<'a>> {
        match self {
            ValueStream::Containers { part, containers } => {
                let Some(((_, place), rest)) = containers.split_first() else { return Ok(Container::Empty) };
                *containers = rest;
                part.decode(part.chunk_entry(*place))
            }
            ValueStream::Pairs { block, at } => {
                let rest = &block.values_by_value[*at..];
                let count = rest.iter().take_while(|&&value| value == rest[0]).count();
                let lows = &block.lows_by_value[*at..*at + count];
                *at += count;
                Ok(if count == 0 { Container::Empty } else { Container::Array(lows) })
            }
        }
    }
}
