//! The bitmaps of a part that is being built in memory, in the order in which they are written.

use std::collections::BTreeMap;

use super::Role;
use super::owned::BitmapDraft;
use super::writer::PartWriter;
use crate::bitmap::Container;
use crate::error::Result;
use crate::ids::{BitmapId, ChunkId, Seq, TagId};
use crate::storage::{AlignedBytes, Mapped};

/// See the module.
#[derive(Default)]
pub(super) struct Drafts {
    bitmaps: BTreeMap<(BitmapId, Role), Draft>,
}

enum Draft {
    Members { draft: BitmapDraft, may_be_pairs: bool },
    Everyone,
}

/// What a part takes beside its bitmaps, if they are few.
const ROOM_BYTES: usize = 512;

impl Draft {
    fn byte_len(&self) -> u64 {
        match self {
            Draft::Members { draft, .. } => draft.byte_len(),
            Draft::Everyone => 0,
        }
    }
}

impl Drafts {
    /// Puts a bitmap of these ids, which rise; none when there are no ids.
    pub(super) fn put(&mut self, bitmap: BitmapId, role: Role, ids: &[u32]) {
        self.insert(bitmap, role, ids, false);
    }

    /// Puts a value of a choice or set tag.
    pub(super) fn put_value(&mut self, bitmap: BitmapId, role: Role, ids: &[u32]) {
        self.insert(bitmap, role, ids, true);
    }

    /// Puts a bitmap of every id.
    pub(super) fn put_everyone(&mut self, bitmap: BitmapId) {
        self.bitmaps.insert((bitmap, Role::Added), Draft::Everyone);
    }

    /// Puts the slices and the sign of numbers: `ids` rise, with the number of each beside it.
    pub(super) fn put_numbers(&mut self, tag: TagId, ids: &[u32], numbers: &[i64]) {
        debug_assert_eq!(ids.len(), numbers.len());
        let all = numbers.iter().fold(0, |all, number| all | number.unsigned_abs());
        let mut members = Vec::new();
        for slice in 0..64 - all.leading_zeros() {
            members.clear();
            let with_bit = ids.iter().zip(numbers).filter(|(_, number)| number.unsigned_abs() >> slice & 1 == 1);
            members.extend(with_bit.map(|(&id, _)| id));
            self.put(BitmapId::slice(tag, slice), Role::Added, &members);
        }
        members.clear();
        members.extend(ids.iter().zip(numbers).filter(|(_, number)| **number < 0).map(|(&id, _)| id));
        self.put(BitmapId::negative(tag), Role::Added, &members);
        self.put(BitmapId::present(tag), Role::Added, ids);
    }

    /// The bytes of the part.
    pub(super) fn write(self, first_seq: Seq, last_seq: Seq) -> Result<Mapped> {
        let payload: u64 = self.bitmaps.values().map(Draft::byte_len).sum();
        let mut bytes = AlignedBytes::with_capacity(payload as usize + ROOM_BYTES);
        let mut writer = PartWriter::new(&mut bytes, first_seq, last_seq)?;
        for ((bitmap, role), draft) in self.bitmaps {
            match draft {
                Draft::Members { draft, may_be_pairs } => writer.bitmap(bitmap, role, may_be_pairs, &draft)?,
                Draft::Everyone => writer.everyone(bitmap, role)?,
            }
        }
        writer.finish()?;
        Ok(Mapped::from_bytes(bytes))
    }

    fn insert(&mut self, bitmap: BitmapId, role: Role, ids: &[u32], may_be_pairs: bool) {
        if !ids.is_empty() {
            let draft = BitmapDraft::of_ids(ids);
            self.bitmaps.insert((bitmap, role), Draft::Members { draft, may_be_pairs });
        }
    }
}

/// One bitmap that is kept in memory as a part of its own: ids from outside, or an audience that is read again.
#[derive(Default)]
pub struct KeptBitmap {
    draft: BitmapDraft,
}

impl KeptBitmap {
    /// Adds the members of one chunk; chunks rise.
    pub fn push(&mut self, chunk: ChunkId, members: Container<'_>) {
        self.draft.push(chunk, members);
    }

    /// About how many bytes it takes.
    pub fn byte_len(&self) -> u64 {
        self.draft.byte_len()
    }

    /// The part, which holds nothing else; `bitmap` is its name there.
    pub fn finish(self, bitmap: BitmapId) -> Result<Mapped> {
        let mut drafts = Drafts::default();
        if !self.draft.is_empty() {
            let draft = Draft::Members { draft: self.draft, may_be_pairs: false };
            drafts.bitmaps.insert((bitmap, Role::Added), draft);
        }
        drafts.write(Seq(0), Seq(0))
    }
}
