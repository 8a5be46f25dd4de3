//! A bulk load whose files are written and which nobody sees yet: what would be, and the commit.

use std::sync::Arc;

use super::Begun;
use super::commit::{self, Ready};
use crate::catalog::{Tag, TagKind};
use crate::error::Result;
use crate::ids::{BitmapId, TagId};
use crate::part::{Part, Role};
use crate::snapshot::{Derived, Layer, MergedBitmaps, Snapshot, Version};
use crate::write::commit::reply::Loaded;
use crate::write::files::retire;

/// See the module. Dropping it aborts the load.
pub struct PreparedLoad {
    begun: Begun,
    ready: Ready,
    /// Whether a manifest names the files, or may.
    is_named: bool,
    after: Snapshot,
}

impl PreparedLoad {
    pub(super) fn of(mut begun: Begun) -> Result<PreparedLoad> {
        let ready = commit::write_files(&begun.writer, &mut begun.work)?;
        let after = after(&begun, &ready);
        Ok(PreparedLoad { begun, ready, is_named: false, after })
    }

    /// The store as it was when the load began.
    pub fn before(&self) -> &Snapshot {
        &self.begun.work.snapshot
    }

    /// The store as it would have been if the load had been committed the moment it began. What it names holds no
    /// place in the order yet; nothing that is found out about it is kept.
    pub fn after(&self) -> &Snapshot {
        &self.after
    }

    /// The tags that rows gave something, and those that are replaced.
    pub fn tags(&self) -> impl Iterator<Item = TagId> {
        let work = &self.begun.work;
        let filled = work.tags.iter().filter(|tag| !work.modes.contains_key(tag));
        let mut tags: Vec<TagId> = filled.chain(work.modes.keys()).copied().collect();
        tags.sort_unstable();
        tags.into_iter()
    }

    /// The entities that rows named, in the portable roaring format.
    pub fn named(&self) -> Vec<u8> {
        let seen = &self.begun.work.seen;
        let mut bytes = Vec::with_capacity(seen.serialized_size());
        // Writing into memory does not fail.
        let _ = seen.serialize_into(&mut bytes);
        bytes
    }

    /// How many they are.
    pub fn named_count(&self) -> u64 {
        self.begun.work.seen.len()
    }

    /// How many entities rows gave a value of `tag`. Errors: corrupt.
    pub fn set_count(&self, tag: &Tag) -> Result<u64> {
        let who = match tag.kind {
            TagKind::Flag => BitmapId::flag(tag.id),
            _ => BitmapId::present(tag.id),
        };
        self.ready.parts.iter().map(|part| part.part.members(who, Role::Added)).sum()
    }

    /// Whether the load takes what `tag` was from anybody. Errors: corrupt.
    pub fn takes(&self, tag: &Tag) -> Result<bool> {
        let cleared = BitmapId::cleared(tag.id);
        for part in &self.ready.parts {
            if part.part.bitmap(cleared, Role::Added)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// How many rows there were.
    pub fn rows(&self) -> u64 {
        self.begun.work.rows
    }

    /// Makes all rows visible at once, durably.
    ///
    /// Errors: those of [`super::Load::commit`].
    pub fn commit(mut self) -> Result<Loaded> {
        let Begun { writer, spec, work } = &self.begun;
        writer.check_open()?;
        let result = commit::commit(writer, spec, work, &self.ready);
        self.is_named = match &result {
            Ok(_) => true,
            Err(error) => !commit::is_surely_unnamed(writer, error),
        };
        result
    }
}

impl Drop for PreparedLoad {
    fn drop(&mut self) {
        if !self.is_named {
            retire(self.ready.files());
        }
    }
}

/// The version at whose top the load lies.
fn after(begun: &Begun, ready: &Ready) -> Snapshot {
    let Begun { writer, work, .. } = begun;
    let before = &work.snapshot;
    let mut layers = before.layers().to_vec();
    if !ready.parts.is_empty() {
        let parts: Vec<Arc<Part>> = ready.parts.iter().map(|part| Arc::clone(&part.part)).collect();
        layers.push(Layer { first_seq: work.running.seq, last_seq: work.running.seq, parts, in_memory: false });
    }
    let mut names = before.names().clone();
    names.parts.extend(ready.names.iter().map(|(part, _)| Arc::clone(part)));
    Snapshot::new(Arc::new(Version {
        seq: work.running.seq,
        // The files have what this one has.
        catalog: writer.snapshot().catalog().clone(),
        layers,
        names,
        store_id: before.store_id(),
        id_epoch: before.id_epoch(),
        merged: Arc::new(MergedBitmaps::new(0)),
        derived: Derived::default(),
    }))
}
