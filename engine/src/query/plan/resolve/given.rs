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
use crate::query::pace::SMALL_PER_UNIT;

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
                let mut ids = read_roaring(bytes, self.request.memory_bytes_max).map_err(|(kind, reason)| {
                    self.refuse(
                        fault::PARAMETER,
                        param.span,
                        format!("send ${} in the portable roaring format", param.name),
                        reason,
                    )
                    .of_kind(kind)
                })?;
                // Nobody has the others, and there may be four billion of them.
                if let Ok(end) = u32::try_from(self.context.id_end(self.type_id)?) {
                    ids.remove_range(end..);
                }
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

    /// `ids(...)`: the entities with these keys; keys that nobody has are counted. A bitmap in place of a list holds what
    /// its sender made of the keys.
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
                    if place % SMALL_PER_UNIT == 0 {
                        self.request.stop.look()?;
                    }
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

/// What the containers of a portable bitmap take in memory: runs no more than their bytes, others by their members.
fn grown_bytes(bytes: &[u8], containers: usize, has_runs: bool) -> u64 {
    let (flags, descriptions) = match has_runs {
        true => (bytes.get(4..).unwrap_or_default(), 4 + containers.div_ceil(8)),
        false => (&[][..], 8),
    };
    let is_run = |index: usize| flags.get(index / 8).is_some_and(|byte| byte >> (index % 8) & 1 == 1);
    let members = |index: usize| {
        let at = descriptions + 4 * index + 2;
        let pair = bytes.get(at..at + 2).and_then(|pair| pair.try_into().ok());
        u64::from(pair.map_or(u16::MAX, u16::from_le_bytes)) + 1
    };
    let others = (0..containers).filter(|&index| !is_run(index));
    let grown: u64 = others.map(|index| (2 * members(index)).min(CONTAINER_BYTES_MAX)).sum();
    bytes.len() as u64 + grown + CONTAINER_BYTES_BESIDE * containers as u64
}

/// Reads a portable roaring bitmap, nothing before or behind it. What it can grow to is bounded before it is read.
fn read_roaring(bytes: &[u8], memory_bytes_max: u64) -> std::result::Result<RoaringBitmap, (ErrorKind, String)> {
    let invalid = |reason: String| (ErrorKind::Invalid, reason);
    let word = |at: usize| {
        bytes
            .get(at..at + 4)
            .and_then(|word| word.try_into().ok())
            .map(u32::from_le_bytes)
            .ok_or_else(|| invalid(format!("{} bytes are too short for a bitmap", bytes.len())))
    };
    let first = word(0)?;
    let containers = match first {
        COOKIE_PLAIN => u64::from(word(4)?),
        _ if first & 0xFFFF == COOKIE_RUNS => u64::from(first >> 16) + 1,
        _ if is_wide_roaring(bytes) => {
            return Err(invalid(
                "write it as a bitmap of 32 bits (Roaring32, not Roaring64): ids have 32 bits, and it has 64"
                    .to_owned(),
            ));
        }
        _ => {
            return Err(invalid(format!("it begins with {first:#x}, which is no roaring bitmap")));
        }
    };
    if containers > 1 << 16 {
        return Err(invalid(format!("it claims {containers} containers, at most 65536 can be")));
    }
    let grown = GIVEN_TIMES * grown_bytes(bytes, containers as usize, first & 0xFFFF == COOKIE_RUNS);
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
    Ok(ids)
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
        let read = read_roaring(&bytes, 1 << 30).unwrap();
        assert_eq!(read.len(), ids.len() - 1, "the largest u32 is no id");
        for length in 0..bytes.len().min(64) {
            assert!(read_roaring(&bytes[..length], 1 << 30).is_err(), "cut to {length}");
        }
        assert_eq!(read_roaring(&bytes, 1_000).unwrap_err().0, ErrorKind::Limit);
        for wide in [roaring::RoaringTreemap::new(), (0..10_u64).collect(), (1 << 40..(1 << 40) + 70_000).collect()] {
            let mut bytes = Vec::new();
            wide.serialize_into(&mut bytes).unwrap();
            let (kind, reason) = read_roaring(&bytes, 1 << 30).unwrap_err();
            assert_eq!(kind, ErrorKind::Invalid);
            assert!(reason.contains("ids have 32 bits, and it has 64"), "{reason}");
        }
        let mut longer = bytes.clone();
        longer.push(0);
        assert!(read_roaring(&longer, 1 << 30).is_err());
        for place in 0..16 {
            for bit in 0..8 {
                let mut flipped = bytes.clone();
                flipped[place] ^= 1 << bit;
                let _ = read_roaring(&flipped, 1 << 30);
            }
        }
    }
}
