//! Entities that come with the request: keys in `ids(...)`, bitmaps in `$name`.

use muster_language::ast::{Param, Span, ValueList};
use roaring::RoaringBitmap;

use super::super::fault;
use super::super::node::{GivenIds, NodeId};
use super::super::request::Parameter;
use super::Resolver;
use crate::catalog::KeyKind;
use crate::error::{Error, ErrorKind, Result};
use crate::ids::LocalId;
use crate::query::budget::over;

/// The low half of the first word of portable roaring bytes with runs.
const COOKIE_RUNS: u32 = 12_347;
/// The first word of portable roaring bytes without runs.
const COOKIE_PLAIN: u32 = 12_346;
/// What one container takes at most once it is read.
const CONTAINER_BYTES_MAX: u64 = 8_192;
/// What a container takes beside its members.
const CONTAINER_BYTES_BESIDE: u64 = 64;
/// The longest key that a warning names, in characters.
const SHOWN_KEY_CHARS_MAX: usize = 80;

/// Keys that nobody has.
#[derive(Default)]
struct UnknownKeys {
    count: usize,
    first: String,
}

impl UnknownKeys {
    fn add(&mut self, key: &str) {
        if self.count == 0 {
            self.first = key.chars().take(SHOWN_KEY_CHARS_MAX).collect();
            if self.first.len() < key.len() {
                self.first.push('…');
            }
        }
        self.count += 1;
    }

    fn message(&self) -> String {
        match self.count {
            1 => format!("nobody has the key `{}`", self.first),
            many => format!("nobody has {many} of the keys; the first is `{}`", self.first),
        }
    }
}

impl Resolver<'_> {
    /// `$name` alone: the bitmap that came for it.
    pub(super) fn given_bitmap(&mut self, param: &Param) -> Result<NodeId> {
        match self.parameter(param)? {
            Parameter::Bitmap { bytes, id_epoch, store_id } => {
                let (store, epoch) = self.context.store();
                if store_id.is_some_and(|given| given != store) {
                    return Err(self.foreign(param, "its ids are of another store"));
                }
                if id_epoch.is_some_and(|given| given != epoch) {
                    return Err(self.foreign(param, "its ids are of another epoch of this store"));
                }
                let end = self.context.id_end(self.type_id)?;
                let ids = read_roaring(bytes, end, self.request.memory_bytes_max).map_err(|(kind, reason)| {
                    let remedy = match kind {
                        ErrorKind::Limit => format!("send ${} in pieces, or with its runs packed", param.name),
                        _ => format!("send ${} in the portable roaring format", param.name),
                    };
                    self.refuse(fault::PARAMETER, param.span, remedy, reason).of_kind(kind)
                })?;
                Ok(self.arena.given(GivenIds::new(ids, &self.request.stop)?))
            }
            Parameter::List(_) | Parameter::Scalar(_) => {
                let keys = format!("ids(${})", param.name);
                Err(self.refuse_with(
                    fault::PARAMETER,
                    param.span,
                    format!("write `{keys}` for a list of keys, or send ${} as a bitmap", param.name),
                    "a list or value came where a bitmap stands",
                    Some((param.span, keys)),
                ))
            }
        }
    }

    #[cold]
    fn foreign(&self, param: &Param, reason: &str) -> Error {
        self.refuse(
            fault::PARAMETER,
            param.span,
            format!("make the bitmap ${} anew from this store", param.name),
            reason,
        )
    }

    /// `ids(...)`: the entities with these keys; keys that nobody has are counted. A bitmap in place of a list holds
    /// what its sender made of the keys.
    pub(super) fn given_keys(&mut self, span: Span, keys: &ValueList) -> Result<NodeId> {
        if let ValueList::Param(param) = keys
            && matches!(self.parameter(param)?, Parameter::Bitmap { .. })
        {
            return self.given_bitmap(param);
        }
        let key_kind = self.catalog.entity_type(self.type_id).map_or(KeyKind::String, |entity_type| entity_type.key);
        let mut ids: Vec<u32> = Vec::new();
        let mut unknown = UnknownKeys::default();
        match keys {
            ValueList::Values(values) => {
                for literal in values {
                    self.add_key(key_kind, &literal.text(), literal.span, &mut ids, &mut unknown)?;
                }
            }
            ValueList::Param(param) => {
                let texts = self.list_of(param)?;
                let bytes = KEY_BYTES * texts.len() as u64;
                if bytes > self.request.memory_bytes_max {
                    return Err(over(self.request.memory_bytes_max, "a list of so many keys"));
                }
                for (place, text) in texts.iter().enumerate() {
                    self.look_at(place)?;
                    self.add_key(key_kind, text, param.span, &mut ids, &mut unknown)?;
                }
            }
        }
        if unknown.count > 0 {
            self.warn(fault::UNKNOWN_KEYS, span, unknown.message());
        }
        ids.sort_unstable();
        ids.dedup();
        let ids: RoaringBitmap = ids.into_iter().collect();
        Ok(self.arena.given(GivenIds::new(ids, &self.request.stop)?))
    }

    fn add_key(
        &self,
        kind: KeyKind,
        text: &str,
        span: Span,
        ids: &mut Vec<u32>,
        unknown: &mut UnknownKeys,
    ) -> Result<()> {
        let key = kind.parse_key(text).map_err(|error| {
            self.refuse(fault::WRONG_VALUE, span, format!("write keys of the kind {kind}"), error.message())
        })?;
        match self.context.entity(self.type_id, &key)? {
            Some(id) => ids.push(id.0),
            None => unknown.add(text),
        }
        Ok(())
    }
}

/// What a key of a list can come to: its id, and a container of its own in the bitmap and in the part made of it.
const KEY_BYTES: u64 = 256;
/// How often the ids stand in memory at once: as a bitmap, as a draft, and as the bytes of a part, which double.
const GIVEN_TIMES: u64 = 4;

/// The head of a portable bitmap: how many containers there are, and where what is said of them stands.
struct Head<'b> {
    bytes: &'b [u8],
    containers: usize,
    has_runs: bool,
}

/// A container of more members is a bitset.
const ARRAY_MEMBERS_MAX: u32 = 4_096;
/// With runs, fewer containers than these have no offsets.
const OFFSETS_FROM: usize = 4;

impl<'b> Head<'b> {
    /// Where the key and the members of each container stand, four bytes each.
    fn descriptions(&self) -> usize {
        if self.has_runs { 4 + self.containers.div_ceil(8) } else { 8 }
    }

    fn has_offsets(&self) -> bool {
        !self.has_runs || self.containers >= OFFSETS_FROM
    }

    fn half(&self, at: usize) -> Option<u16> {
        self.bytes.get(at..at + 2)?.try_into().ok().map(u16::from_le_bytes)
    }

    fn is_run(&self, index: usize) -> bool {
        self.has_runs && self.bytes.get(4 + index / 8).is_some_and(|byte| byte >> (index % 8) & 1 == 1)
    }

    /// What the containers take in memory: runs no more than their bytes, others by their members.
    fn grown_bytes(&self) -> u64 {
        let members = |index: usize| u64::from(self.half(self.descriptions() + 4 * index + 2).unwrap_or(u16::MAX)) + 1;
        let others = (0..self.containers).filter(|&index| !self.is_run(index));
        let grown: u64 = others.map(|index| (2 * members(index)).min(CONTAINER_BYTES_MAX)).sum();
        self.bytes.len() as u64 + grown + CONTAINER_BYTES_BESIDE * self.containers as u64
    }

    fn key(&self, index: usize) -> Option<u16> {
        self.half(self.descriptions() + 4 * index)
    }

    /// Where a container begins. REQUIRES: there are offsets.
    fn offset(&self, index: usize) -> Option<usize> {
        let at = self.descriptions() + 4 * (self.containers + index);
        let four = self.bytes.get(at..at + 4)?;
        Some(u32::from_le_bytes(four.try_into().ok()?) as usize)
    }

    /// Whether what stands from container `first` to the end is as the format wants it, without making anything of it:
    /// keys and members rise, offsets and cardinalities are true, and nothing is missing or left.
    fn is_sound_from(&self, first: usize) -> bool {
        let mut at = self.offset(first);
        for index in first..self.containers {
            let key = self.key(index);
            let follows = index == 0 || self.key(index - 1) < key;
            let (true, Some(start)) = (follows && key.is_some() && at == self.offset(index), at) else { return false };
            at = self.end_of(index, start);
        }
        at == Some(self.bytes.len())
    }

    /// Where the sound container ends that begins at `start`; none where it is not.
    fn end_of(&self, index: usize, start: usize) -> Option<usize> {
        let cardinality = u32::from(self.half(self.descriptions() + 4 * index + 2)?) + 1;
        let halves = |bytes: &'b [u8]| bytes.chunks_exact(2).map(|two| u16::from_le_bytes([two[0], two[1]]));
        if self.is_run(index) {
            let end = start + 2 + 4 * usize::from(self.half(start)?);
            let (mut members, mut lowest) = (0, 0);
            for run in self.bytes.get(start + 2..end)?.chunks_exact(4) {
                let [first, more] = [u16::from_le_bytes([run[0], run[1]]), u16::from_le_bytes([run[2], run[3]])];
                let last = u32::from(first) + u32::from(more);
                if u32::from(first) < lowest || last > u32::from(u16::MAX) {
                    return None;
                }
                (members, lowest) = (members + u32::from(more) + 1, last + 1);
            }
            return (members == cardinality).then_some(end);
        }
        if cardinality <= ARRAY_MEMBERS_MAX {
            let end = start + 2 * cardinality as usize;
            return halves(self.bytes.get(start..end)?).is_sorted_by(|a, b| a < b).then_some(end);
        }
        let end = start + CONTAINER_BYTES_MAX as usize;
        let members: u32 = self.bytes.get(start..end)?.iter().map(|byte| byte.count_ones()).sum();
        (members == cardinality).then_some(end)
    }

    /// The bytes of a bitmap of the containers below `end` alone, where there are others. Errors: the others are not
    /// sound.
    fn cut(&self, end: u64) -> std::result::Result<Option<Vec<u8>>, String> {
        let is_below = |index: usize| self.key(index).is_none_or(|key| u64::from(key) << 16 < end);
        let kept = (0..self.containers).take_while(|&index| is_below(index)).count();
        if kept == self.containers || !self.has_offsets() {
            return Ok(None);
        }
        match self.is_sound_from(kept) {
            true => Ok(self.bytes_of_first(kept)),
            false => Err(format!("the bitmap cannot be read: its containers from {kept} on are cut or out of order")),
        }
    }

    /// The bytes of a bitmap of the first `kept` containers. REQUIRES: there are offsets, and more containers.
    fn bytes_of_first(&self, kept: usize) -> Option<Vec<u8>> {
        let offset = |index: usize| self.offset(index);
        let offsets = self.descriptions() + 4 * self.containers;
        let content = self.bytes.get(offsets + 4 * self.containers..offset(kept)?)?;
        let mut cut = Vec::with_capacity(16 + 9 * kept + content.len());
        if kept == 0 {
            cut.extend([COOKIE_PLAIN.to_le_bytes(), [0; 4]].as_flattened());
            return Some(cut);
        }
        if self.has_runs {
            cut.extend((COOKIE_RUNS | ((kept as u32 - 1) << 16)).to_le_bytes());
            cut.extend(self.bytes.get(4..4 + kept.div_ceil(8))?);
        } else {
            cut.extend([COOKIE_PLAIN.to_le_bytes(), (kept as u32).to_le_bytes()].as_flattened());
        }
        cut.extend(self.bytes.get(self.descriptions()..self.descriptions() + 4 * kept)?);
        if !self.has_runs || kept >= OFFSETS_FROM {
            // Where a container begins is known by those before it.
            let moved = offsets + 4 * self.containers - (cut.len() + 4 * kept);
            for index in 0..kept {
                cut.extend((offset(index)?.checked_sub(moved)? as u32).to_le_bytes());
            }
        }
        cut.extend(content);
        Some(cut)
    }
}

/// Reads the ids below `end` of a portable roaring bitmap, nothing before or behind it. What it can grow to is bounded
/// before it is read; what lies behind `end`, which nobody has, is checked and takes no memory.
fn read_roaring(
    bytes: &[u8],
    end: u64,
    memory_bytes_max: u64,
) -> std::result::Result<RoaringBitmap, (ErrorKind, String)> {
    let invalid = |reason: String| (ErrorKind::Invalid, reason);
    let head = read_head(bytes).map_err(invalid)?;
    let cut = head.cut(end).map_err(invalid)?;
    let bytes = cut.as_deref().unwrap_or(bytes);
    let head = read_head(bytes).map_err(invalid)?;
    let grown = GIVEN_TIMES * head.grown_bytes();
    if grown > memory_bytes_max {
        return Err((
            ErrorKind::Limit,
            format!("the bitmap can take {grown} bytes, query_memory_bytes allows {memory_bytes_max}"),
        ));
    }
    let mut rest = bytes;
    let mut ids = RoaringBitmap::deserialize_from(&mut rest)
        .map_err(|error| invalid(format!("the bitmap cannot be read: {error}")))?;
    if !rest.is_empty() {
        return Err(invalid(format!("{} bytes follow the bitmap", rest.len())));
    }
    ids.remove(LocalId::MAX.0 + 1);
    if let Ok(end) = u32::try_from(end) {
        ids.remove_range(end..);
    }
    Ok(ids)
}

/// Errors: what the bytes are instead.
fn read_head(bytes: &[u8]) -> std::result::Result<Head<'_>, String> {
    let word = |at: usize| {
        let word = bytes.get(at..at + 4).and_then(|word| word.try_into().ok()).map(u32::from_le_bytes);
        word.ok_or_else(|| format!("{} bytes are too short for a bitmap", bytes.len()))
    };
    let first = word(0)?;
    let has_runs = first & 0xFFFF == COOKIE_RUNS;
    let containers = match first {
        COOKIE_PLAIN => u64::from(word(4)?),
        _ if has_runs => u64::from(first >> 16) + 1,
        _ if is_wide_roaring(bytes) => {
            return Err("write it as a bitmap of 32 bits (Roaring32, not Roaring64): ids have 32 bits, and it has 64"
                .to_owned());
        }
        _ => return Err(format!("it begins with {first:#x}, which is no roaring bitmap")),
    };
    if containers > 1 << 16 {
        return Err(format!("it claims {containers} containers, at most 65536 can be"));
    }
    Ok(Head { bytes, containers: containers as usize, has_runs })
}

/// Whether the bytes are a bitmap of 64 bits: a count in 64 bits, then for each upper half its 32 bits and a bitmap of
/// 32 bits. An empty one is its count alone.
fn is_wide_roaring(bytes: &[u8]) -> bool {
    let word = |at: usize| bytes.get(at..at + 4).and_then(|word| word.try_into().ok()).map(u32::from_le_bytes);
    match (word(4), word(12)) {
        (Some(0), None) => bytes == [0; 8],
        (Some(0 | 1), Some(cookie)) => cookie == COOKIE_PLAIN || cookie & 0xFFFF == COOKIE_RUNS,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn portable_bytes_are_read_with_bounds() {
        let ids: RoaringBitmap = (0..100_000).chain([u32::MAX - 1, u32::MAX]).collect();
        let mut bytes = Vec::new();
        ids.serialize_into(&mut bytes).unwrap();
        let read = read_roaring(&bytes, 1 << 32, 1 << 30).unwrap();
        assert_eq!(read.len(), ids.len() - 1, "the largest u32 is no id");
        for length in 0..bytes.len().min(64) {
            assert!(read_roaring(&bytes[..length], 1 << 32, 1 << 30).is_err(), "cut to {length}");
        }
        assert_eq!(read_roaring(&bytes, 1 << 32, 1_000).unwrap_err().0, ErrorKind::Limit);
        for wide in [roaring::RoaringTreemap::new(), (0..10_u64).collect(), (1 << 40..(1 << 40) + 70_000).collect()] {
            let mut bytes = Vec::new();
            wide.serialize_into(&mut bytes).unwrap();
            let (kind, reason) = read_roaring(&bytes, 1 << 32, 1 << 30).unwrap_err();
            assert_eq!(kind, ErrorKind::Invalid);
            assert!(reason.contains("ids have 32 bits, and it has 64"), "{reason}");
        }
        let mut longer = bytes.clone();
        longer.push(0);
        assert!(read_roaring(&longer, 1 << 32, 1 << 30).is_err());
        for place in 0..16 {
            for bit in 0..8 {
                let mut flipped = bytes.clone();
                flipped[place] ^= 1 << bit;
                let _ = read_roaring(&flipped, 1 << 32, 1 << 30);
                let _ = read_roaring(&flipped, 1 << 16, 1 << 30);
            }
        }
    }

    #[test]
    fn ids_that_nobody_has_take_no_memory_and_are_checked() {
        // Dense, scattered and run containers, with holes between; with runs packed and not.
        let mut ids: RoaringBitmap = (0..50_000).chain((70_000..80_000).step_by(3)).chain([200_000]).collect();
        ids.insert_range(300_000..700_000);
        ids.extend((1_000_000..40_000_000).step_by(9_973));
        let mut packed = ids.clone();
        packed.optimize();
        for given in [&ids, &packed] {
            let mut bytes = Vec::new();
            given.serialize_into(&mut bytes).unwrap();
            for end in [0, 1, 65_535, 65_536, 65_537, 131_072, 200_000, 300_001, 700_000, 5_000_000, 1 << 31, 1 << 32] {
                let mut expected = ids.clone();
                if let Ok(end) = u32::try_from(end) {
                    expected.remove_range(end..);
                }
                assert_eq!(read_roaring(&bytes, end, 1 << 30).unwrap(), expected, "below {end}");
            }
        }
        let mut all = RoaringBitmap::new();
        all.insert_range(0..=u32::MAX - 1);
        all.optimize();
        let mut bytes = Vec::new();
        all.serialize_into(&mut bytes).unwrap();
        // What all of them would take is not asked for.
        assert_eq!(read_roaring(&bytes, 1 << 20, 1 << 20).unwrap().len(), 1 << 20);
    }

    /// Bytes that are refused when all of their ids are read are refused when nobody has some of them.
    #[test]
    fn what_is_wrong_behind_the_last_id_is_wrong() {
        let mut ids: RoaringBitmap = (10..60).chain(200_000..206_000).chain((300_000..310_000).step_by(7)).collect();
        ids.insert_range(20_000_000..20_001_000);
        ids.insert_range(20_002_000..20_003_000);
        ids.extend(30_000_000..30_000_009);
        let mut packed = ids.clone();
        packed.optimize();
        let mut wrong = 0;
        for given in [&ids, &packed] {
            let mut bytes = Vec::new();
            given.serialize_into(&mut bytes).unwrap();
            let whole = read_roaring(&bytes, 1 << 32, 1 << 30);
            assert!(whole.is_ok() && read_roaring(&bytes, 1 << 16, 1 << 30).is_ok());
            let changed = (0..bytes.len()).flat_map(|place| [1, 0x80].map(|bit| (place, bit))).map(|(place, bit)| {
                let mut changed = bytes.clone();
                changed[place] ^= bit;
                changed
            });
            let cut = (0..bytes.len()).map(|length| bytes[..length].to_vec());
            let longer = std::iter::once([&bytes[..], b"junk"].concat());
            for changed in changed.chain(cut).chain(longer) {
                if read_roaring(&changed, 1 << 32, 1 << 30).is_err() {
                    wrong += 1;
                    assert!(read_roaring(&changed, 1 << 16, 1 << 30).is_err());
                    assert!(read_roaring(&changed, 0, 1 << 30).is_err());
                }
            }
        }
        assert!(wrong > 10_000, "{wrong}");
        // Keys 256, 0: what a hostile caller sent.
        let falling =
            [0x3a, 0x30, 0, 0, 2, 0, 0, 0, 0, 1, 1, 0, 0, 0, 1, 0, 24, 0, 0, 0, 28, 0, 0, 0, 5, 0, 9, 0, 5, 0, 9, 0];
        assert!(read_roaring(&falling, 1 << 20, 1 << 30).is_err());
    }
}
