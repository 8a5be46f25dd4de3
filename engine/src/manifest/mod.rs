//! The manifest, the root of a store's metadata: what it consists of at one version.
//!
//! A manifest is whole, numbered and immutable. The highest number is the store; if it does not verify, the store is
//! damaged and nothing falls back by itself ([`load_newest`]). A new one gets its number by a hard link, which fails if
//! the number is taken ([`publish`]). Older ones stay for a while, for backups and for `AS OF`.
//!
//! It lists parts without looking into them, and carries the catalog as bytes that it does not understand.

mod format;
mod reader;
#[cfg(test)]
mod tests;
mod writer;

pub(crate) use self::format::{MANIFEST_DIR, path};
pub(crate) use self::reader::{list_numbers, load, load_newest};
pub(crate) use self::writer::{publish, retire};

use crate::error::{Error, Result};
use crate::ids::{BitmapId, FileNumber, PartId, Seq, TypeId};

/// How many sources can have a high-water mark.
pub(crate) const SOURCES_MAX: usize = 1 << 16;
/// The longest name of a source, in bytes.
pub(crate) const SOURCE_NAME_BYTES_MAX: usize = 1 << 10;
/// The longest reply that is kept for a source, in bytes.
pub(crate) const SOURCE_REPLY_BYTES_MAX: usize = 1 << 12;
/// How many parts a store can have.
pub(crate) const PARTS_MAX: usize = 1 << 20;
/// How many entity types a store can have.
pub(crate) const TYPES_MAX: usize = 1 << 16;
/// The longest encoded catalog, in bytes.
pub(crate) const CATALOG_BYTES_MAX: usize = 128 << 20;

/// The list of live parts at one version, and everything else that a store must remember.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Manifest {
    /// Its place among the manifests; the highest is the store. At least 1.
    pub(crate) number: FileNumber,
    /// Who this store is, for as long as it lives.
    pub(crate) store_id: [u8; 16],
    /// New after a restore or rebuild: ids of another epoch mean nothing here.
    pub(crate) id_epoch: u64,
    /// Every batch up to here is in parts.
    pub(crate) seq: Seq,
    /// The lowest log file that counts.
    pub(crate) log_floor: FileNumber,
    /// The number that the next part gets.
    pub(crate) next_part: PartId,
    /// The number that the next file without a sequence of its own gets.
    pub(crate) next_file: FileNumber,
    /// The encoded catalog, which only the catalog understands.
    pub(crate) catalog: Vec<u8>,
    /// The live parts, in the order of the caller.
    pub(crate) parts: Vec<PartRecord>,
    /// The local id that the next entity of each type gets, by rising type; `u32::MAX` when all are given.
    pub(crate) next_local_ids: Vec<(TypeId, u32)>,
    /// The sources that number their batches, by rising name.
    pub(crate) sources: Vec<SourceRecord>,
    /// Whether a reply has the digest of a load's content, which version 1 of the layout cannot have.
    pub(crate) has_contents: bool,
}

/// What a part holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub(crate) enum PartKind {
    /// Bitmaps of tags.
    Bitmaps = 1,
    /// Entity keys and their ids.
    Keys = 2,
    /// Names of values.
    Values = 3,
    /// Saved audiences.
    Audiences = 4,
}

/// A live part as a manifest knows it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct PartRecord {
    pub(crate) id: PartId,
    pub(crate) kind: PartKind,
    /// The type whose entities it speaks of; 0 for parts that belong to the whole space.
    pub(crate) type_id: TypeId,
    /// The first batch whose changes it holds.
    pub(crate) first_seq: Seq,
    /// The last batch whose changes it holds.
    pub(crate) last_seq: Seq,
    /// Its place among parts of the same seqs: higher lies over lower.
    pub(crate) order: u32,
    /// How often its content was merged.
    pub(crate) level: u8,
    /// The length of its file.
    pub(crate) bytes: u64,
    /// The crc32 of its footer, which holds the checksums of everything else.
    pub(crate) footer_crc: u32,
    /// The lowest bitmap in it.
    pub(crate) lowest: BitmapId,
    /// The highest bitmap in it.
    pub(crate) highest: BitmapId,
}

/// The high-water mark of a source.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct SourceRecord {
    pub(crate) name: String,
    /// The number of the last batch that was taken.
    pub(crate) sequence: u64,
    /// What it was answered.
    pub(crate) reply: Vec<u8>,
}

impl Manifest {
    /// The first manifest of a new store: nothing but its name.
    pub(crate) fn first(store_id: [u8; 16], id_epoch: u64) -> Manifest {
        Manifest {
            number: FileNumber(1),
            store_id,
            id_epoch,
            seq: Seq(0),
            log_floor: FileNumber(1),
            next_part: PartId(1),
            next_file: FileNumber(1),
            catalog: Vec::new(),
            parts: Vec::new(),
            next_local_ids: Vec::new(),
            sources: Vec::new(),
            has_contents: false,
        }
    }

    /// Checks everything that must hold between the fields, when it is written and when it is read. The kind of the
    /// error is the caller's: what is read wrong is corrupt, what is to be written wrong is a broken promise.
    fn check(&self, wrong: fn(String) -> Error) -> Result<()> {
        // Each of these is followed by another one some day.
        let numbers = [self.number.0, self.log_floor.0, self.next_part.0, self.next_file.0];
        if numbers.contains(&0) || numbers.contains(&u64::MAX) || self.seq.0 == u64::MAX {
            return Err(wrong(
                "its number, log floor, next part, next file or last batch is 0 or beyond what can be counted"
                    .to_owned(),
            ));
        }
        self.check_parts(wrong)?;
        if !rises(self.next_local_ids.iter().map(|(type_id, _)| type_id)) {
            return Err(wrong("its entity types are not in rising order".to_owned()));
        }
        if !rises(self.sources.iter().map(|source| &source.name)) {
            return Err(wrong("its sources are not in rising order".to_owned()));
        }
        Ok(())
    }

    fn check_parts(&self, wrong: fn(String) -> Error) -> Result<()> {
        for part in &self.parts {
            let is_lawful = part.id.0 > 0
                && part.id < self.next_part
                && part.first_seq <= part.last_seq
                && part.lowest <= part.highest;
            if !is_lawful {
                return Err(wrong(format!(
                    "part {} is listed with a number beyond the next one, or with batches or bitmaps out of order: \
                     {part:?}",
                    part.id
                )));
            }
        }
        let mut ids: Vec<PartId> = self.parts.iter().map(|part| part.id).collect();
        ids.sort_unstable();
        if !rises(ids.iter()) {
            return Err(wrong("it lists a part twice".to_owned()));
        }
        Ok(())
    }

    /// Errors: limit, when it has more of something than a manifest can carry.
    fn check_limits(&self) -> Result<()> {
        let longest_name = self.sources.iter().map(|source| source.name.len()).max().unwrap_or(0);
        let longest_reply = self.sources.iter().map(|source| source.reply.len()).max().unwrap_or(0);
        let limits = [
            (self.parts.len(), PARTS_MAX, "parts"),
            (self.sources.len(), SOURCES_MAX, "sources"),
            (self.next_local_ids.len(), TYPES_MAX, "entity types"),
            (self.catalog.len(), CATALOG_BYTES_MAX, "bytes of catalog"),
            (longest_name, SOURCE_NAME_BYTES_MAX, "bytes in the name of a source"),
            (longest_reply, SOURCE_REPLY_BYTES_MAX, "bytes in the reply to a source"),
        ];
        match limits.into_iter().find(|(found, max, _)| found > max) {
            Some((found, max, what)) => {
                Err(Error::limit(format!("a store has at most {max} {what}, this would be {found}")))
            }
            None => Ok(()),
        }
    }
}

fn rises<T: PartialOrd>(items: impl Iterator<Item = T>) -> bool {
    items.is_sorted_by(|a, b| a < b)
}
