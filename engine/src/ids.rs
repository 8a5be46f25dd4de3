//! The numbers that name things inside a store.
//!
//! Every id is a newtype, so that a tag's number cannot be passed where a value's number is meant. Ids are plain
//! values: copied, ordered, hashed. They promise nothing about existence; the catalog and the keys do.

use std::fmt;

use crate::error::{Error, Result};

macro_rules! number {
    ($(#[$doc:meta])* pub struct $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub $inner);

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl From<$name> for $inner {
            fn from(id: $name) -> $inner {
                id.0
            }
        }
    };
}

number! {
    /// The number of an entity inside its type and shard: `0..=LocalId::MAX.0`. Given in order of arrival, never
    /// reused while anything may still mention it.
    pub struct LocalId(u32)
}
number! {
    /// The number of a chunk: 65,536 consecutive local ids.
    pub struct ChunkId(u16)
}
number! {
    /// The number of an entity type within its space. 0 is never given.
    pub struct TypeId(u32)
}
number! {
    /// The number of a tag, unique within its space across all entity types. 0 is never given, no number is reused.
    ///
    /// Each entity type owns one tag number of its own, its *population tag*: slot [`BitmapId::LIVE_SLOT`] is the
    /// `live` bitmap of the type and slot [`BitmapId::CLEARED_SLOT`] its `erased` bitmap.
    pub struct TagId(u32)
}
number! {
    /// The number of a value within its tag: `1..=ValueId::MAX.0`. Never reused.
    pub struct ValueId(u32)
}
number! {
    /// The number of a saved audience within its space. 0 is never given, no number is reused.
    pub struct AudienceId(u32)
}
number! {
    /// A batch's place in the one order of its space. 0 is the empty store, the first batch is 1.
    pub struct Seq(u64)
}
number! {
    /// The number of a part within its space; it also names the part's file. 0 is never given.
    pub struct PartId(u64)
}
number! {
    /// The number of a log file or a manifest. 0 is never given.
    pub struct FileNumber(u64)
}

impl LocalId {
    /// The largest id that can be given; `u32::MAX` is kept free so that counts of ids fit a `u32` range.
    pub const MAX: LocalId = LocalId(u32::MAX - 1);

    /// The chunk that holds this id.
    pub const fn chunk(self) -> ChunkId {
        ChunkId((self.0 >> 16) as u16)
    }

    /// The place of this id inside its chunk.
    pub const fn low(self) -> u16 {
        self.0 as u16
    }

    /// The id at `low` of `chunk`.
    pub const fn from_parts(chunk: ChunkId, low: u16) -> LocalId {
        LocalId((chunk.0 as u32) << 16 | low as u32)
    }
}

impl ChunkId {
    /// How many ids a chunk has.
    pub const IDS: u32 = 1 << 16;

    /// The first id of this chunk.
    pub const fn first(self) -> LocalId {
        LocalId((self.0 as u32) << 16)
    }
}

impl ValueId {
    /// The largest number that a value can get; the slots above it are reserved (see [`BitmapId`]).
    pub const MAX: ValueId = ValueId(0xFFFF_FEFF);
}

impl Seq {
    /// The seq after this one.
    ///
    /// # Panics
    /// When 2^64 batches have been written, which no machine lives to see.
    pub const fn next(self) -> Seq {
        Seq(self.0 + 1)
    }
}

impl FileNumber {
    /// The number after this one.
    pub const fn next(self) -> FileNumber {
        FileNumber(self.0 + 1)
    }
}

impl PartId {
    /// The number after this one.
    pub const fn next(self) -> PartId {
        PartId(self.0 + 1)
    }
}

/// The outside number of an entity: `shard << 32 | local`, the same in every reply and every file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntityId(u64);

impl EntityId {
    /// The entity with the number `local` in `shard`; shard 0 on one machine.
    pub const fn new(shard: u16, local: LocalId) -> EntityId {
        EntityId((shard as u64) << 32 | local.0 as u64)
    }

    /// The entity that `number` names. Errors: invalid, when the number has bits above the shard or a local id beyond
    /// [`LocalId::MAX`].
    pub fn from_u64(number: u64) -> Result<EntityId> {
        let id = EntityId(number);
        if number >> 48 != 0 || id.local() > LocalId::MAX {
            return Err(Error::invalid(format!("{number} is not an entity id")));
        }
        Ok(id)
    }

    /// The number as it is written outside.
    pub const fn to_u64(self) -> u64 {
        self.0
    }

    /// The shard that owns the entity.
    pub const fn shard(self) -> u16 {
        (self.0 >> 32) as u16
    }

    /// The number inside the shard.
    pub const fn local(self) -> LocalId {
        LocalId(self.0 as u32)
    }
}

impl fmt::Debug for EntityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EntityId({}/{})", self.shard(), self.local())
    }
}

impl fmt::Display for EntityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// The number of a bitmap: `tag << 32 | slot`, so the bitmaps of one tag lie together.
///
/// | tag kind | slots |
/// | --- | --- |
/// | flag | [`FLAG_SLOT`](BitmapId::FLAG_SLOT) |
/// | choice, set | `1..=ValueId::MAX`, one per value |
/// | number | `0..BitmapId::SLICES_MAX`, one per binary digit of the magnitude, lowest first |
/// | population of a type | [`LIVE_SLOT`](BitmapId::LIVE_SLOT) |
/// | every kind | the reserved slots `PRESENT`, `NEGATIVE`, `CLEARED` at the top |
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct BitmapId(pub u64);

impl BitmapId {
    /// The one bitmap of a flag.
    pub const FLAG_SLOT: u32 = 0;
    /// The bitmap of the living entities, under a type's population tag.
    pub const LIVE_SLOT: u32 = 0;
    /// How many magnitude slices a number can have; their slots are `0..SLICES_MAX`.
    pub const SLICES_MAX: u32 = 63;
    /// The first slot of a value.
    pub const VALUE_SLOT_MIN: u32 = 1;
    /// The last slot of a value.
    pub const VALUE_SLOT_MAX: u32 = ValueId::MAX.0;
    /// Who has the tag at all.
    pub const PRESENT_SLOT: u32 = 0xFFFF_FFFF;
    /// Whose number is below zero.
    pub const NEGATIVE_SLOT: u32 = 0xFFFF_FFFE;
    /// Whose tag this part cleared; under a population tag, who was erased.
    pub const CLEARED_SLOT: u32 = 0xFFFF_FFFD;
    /// The same slot as [`CLEARED_SLOT`](Self::CLEARED_SLOT), by the name it has under a population tag.
    pub const ERASED_SLOT: u32 = Self::CLEARED_SLOT;

    /// The bitmap at `slot` of `tag`.
    pub const fn new(tag: TagId, slot: u32) -> BitmapId {
        BitmapId((tag.0 as u64) << 32 | slot as u64)
    }

    /// The tag that owns the bitmap.
    pub const fn tag(self) -> TagId {
        TagId((self.0 >> 32) as u32)
    }

    /// The place of the bitmap among those of its tag.
    pub const fn slot(self) -> u32 {
        self.0 as u32
    }

    /// The bitmap of a flag.
    pub const fn flag(tag: TagId) -> BitmapId {
        BitmapId::new(tag, Self::FLAG_SLOT)
    }

    /// The bitmap of a value of a choice or set tag.
    pub const fn value(tag: TagId, value: ValueId) -> BitmapId {
        BitmapId::new(tag, value.0)
    }

    /// The bitmap of binary digit `slice` of a number tag.
    pub const fn slice(tag: TagId, slice: u32) -> BitmapId {
        assert!(slice < Self::SLICES_MAX);
        BitmapId::new(tag, slice)
    }

    /// Who has `tag`.
    pub const fn present(tag: TagId) -> BitmapId {
        BitmapId::new(tag, Self::PRESENT_SLOT)
    }

    /// Whose number is below zero.
    pub const fn negative(tag: TagId) -> BitmapId {
        BitmapId::new(tag, Self::NEGATIVE_SLOT)
    }

    /// Whose `tag` was cleared.
    pub const fn cleared(tag: TagId) -> BitmapId {
        BitmapId::new(tag, Self::CLEARED_SLOT)
    }

    /// The living entities of the type that owns `population`.
    pub const fn live(population: TagId) -> BitmapId {
        BitmapId::new(population, Self::LIVE_SLOT)
    }

    /// The erased entities of the type that owns `population`.
    pub const fn erased(population: TagId) -> BitmapId {
        BitmapId::new(population, Self::ERASED_SLOT)
    }
}

impl fmt::Debug for BitmapId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BitmapId({}:{})", self.tag(), self.slot())
    }
}

impl fmt::Display for BitmapId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.tag(), self.slot())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entity_id_is_shard_then_local() {
        let id = EntityId::new(3, LocalId(7));
        assert_eq!(id.to_u64(), 3 << 32 | 7);
        assert_eq!((id.shard(), id.local()), (3, LocalId(7)));
        assert_eq!(EntityId::from_u64(id.to_u64()).unwrap(), id);
        assert!(EntityId::from_u64(u64::from(u32::MAX)).is_err());
        assert!(EntityId::from_u64(1 << 48).is_err());
    }

    #[test]
    fn local_id_is_chunk_then_low() {
        let id = LocalId(0x0003_0007);
        assert_eq!((id.chunk(), id.low()), (ChunkId(3), 7));
        assert_eq!(LocalId::from_parts(id.chunk(), id.low()), id);
        assert_eq!(ChunkId(3).first(), LocalId(0x0003_0000));
    }

    #[test]
    fn bitmaps_of_one_tag_lie_together() {
        let tag = TagId(9);
        let id = BitmapId::value(tag, ValueId(4));
        assert_eq!((id.tag(), id.slot()), (tag, 4));
        assert!(BitmapId::present(tag) < BitmapId::flag(TagId(10)));
        const { assert!(BitmapId::VALUE_SLOT_MAX < BitmapId::CLEARED_SLOT) };
    }
}
