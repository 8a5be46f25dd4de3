//! From one catalog and a record to the next catalog.
//!
//! Applying decides nothing: what a record says happens, the same on every replay. A record that contradicts the
//! catalog did not come from [`Catalog::resolve`] on it, so the bytes behind it are corrupt.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::catalog::audience::{Audience, AudienceHead, AudienceVersion};
use crate::catalog::entity_type::EntityType;
use crate::catalog::tag::Tag;
use crate::catalog::{Catalog, CatalogRecord, Inner, NextIds, TypeEntry};
use crate::error::{Error, Result};
use crate::ids::{AudienceId, TagId, TypeId};

impl Catalog {
    /// The catalog after `record`. Errors: corrupt, when the record contradicts this catalog.
    pub fn apply(&self, record: &CatalogRecord) -> Result<Catalog> {
        let mut next = (*self.0).clone();
        match record {
            CatalogRecord::PutType(entity_type) => {
                next.number_type(entity_type).and_then(|()| next.put_type(entity_type.clone()))
            }
            CatalogRecord::DropType(id) => next.drop_type(*id),
            CatalogRecord::PutTag(tag) => next.number_tag(tag).and_then(|()| next.put_tag(Tag::clone(tag))),
            CatalogRecord::DropTag(id) => next.drop_tag(*id),
            CatalogRecord::PutAudience { head, version, forgotten } => next
                .number_audience(head.id)
                .and_then(|()| next.put_version(head, version.as_deref(), forgotten))
                .and_then(|audience| next.put_audience(audience)),
            CatalogRecord::DropAudience(id) => next.drop_audience(*id),
        }
        .map_err(|error| error.context("a catalog record"))?;
        Ok(Catalog(Arc::new(next)))
    }
}

fn contradiction(what: impl Into<String>) -> Error {
    Error::corrupt(what)
}

/// `id` is new; afterwards it was given.
fn pass(next: &mut u32, id: u32, what: &str) -> Result<()> {
    if id == 0 || id == u32::MAX || id < *next {
        return Err(contradiction(format!("the {what} number {id} is not new; the next is {next}")));
    }
    *next = id + 1;
    Ok(())
}

impl Inner {
    pub(super) fn empty() -> Inner {
        Inner {
            types: BTreeMap::new(),
            type_names: BTreeMap::new(),
            tags: BTreeMap::new(),
            populations: BTreeMap::new(),
            write_dates: BTreeMap::new(),
            audiences: BTreeMap::new(),
            next: NextIds { entity_type: 1, tag: 1, audience: 1 },
        }
    }

    fn number_type(&mut self, new: &EntityType) -> Result<()> {
        if self.types.contains_key(&new.id) {
            return Ok(());
        }
        pass(&mut self.next.entity_type, new.id.0, "type")?;
        pass(&mut self.next.tag, new.population.0, "tag")
    }

    fn number_tag(&mut self, tag: &Tag) -> Result<()> {
        if !self.tags.contains_key(&tag.id) {
            pass(&mut self.next.tag, tag.id.0, "tag")?;
        }
        match tag.write_dates {
            Some(dates) if !self.write_dates.contains_key(&dates.tag) => pass(&mut self.next.tag, dates.tag.0, "tag"),
            _ => Ok(()),
        }
    }

    fn number_audience(&mut self, id: AudienceId) -> Result<()> {
        match self.audiences.contains_key(&id) {
            true => Ok(()),
            false => pass(&mut self.next.audience, id.0, "audience"),
        }
    }

    pub(super) fn put_type(&mut self, new: EntityType) -> Result<()> {
        if let Some(entry) = self.types.get_mut(&new.id) {
            let old = &entry.entity_type;
            if old.key != new.key || old.population != new.population {
                return Err(contradiction(format!("type {} changes its key", new.id)));
            }
            let old_names = [Some(old.name.clone()), old.label.clone()];
            for name in old_names.into_iter().flatten() {
                self.type_names.remove(&*name);
            }
            Arc::make_mut(entry).entity_type = new.clone();
        } else {
            let taken = self.tags.contains_key(&new.population);
            if taken || self.populations.contains_key(&new.population) {
                return Err(contradiction(format!("tag number {} is given twice", new.population)));
            }
            self.populations.insert(new.population, new.id);
            let entry = TypeEntry {
                entity_type: new.clone(),
                tags: BTreeMap::new(),
                tag_labels: BTreeMap::new(),
                audiences: BTreeMap::new(),
            };
            self.types.insert(new.id, Arc::new(entry));
        }
        for name in [Some(new.name), new.label].into_iter().flatten() {
            if self.type_names.contains_key(&*name) {
                return Err(contradiction(format!("two types are named `{name}`")));
            }
            self.type_names.insert(name.into(), new.id);
        }
        Ok(())
    }

    fn drop_type(&mut self, id: TypeId) -> Result<()> {
        let entry = self.types.remove(&id).ok_or_else(|| contradiction(format!("there is no type {id} to drop")))?;
        self.type_names.retain(|_, owner| *owner != id);
        self.populations.remove(&entry.entity_type.population);
        for tag in entry.tags.values() {
            if let Some(tag) = self.tags.remove(tag) {
                self.forget_write_dates(&tag);
            }
        }
        for audience in entry.audiences.values() {
            self.audiences.remove(audience);
        }
        Ok(())
    }

    /// The entry of a type, to be changed.
    fn entry(&mut self, id: TypeId) -> Result<&mut TypeEntry> {
        match self.types.get_mut(&id) {
            Some(entry) => Ok(Arc::make_mut(entry)),
            None => Err(contradiction(format!("there is no type {id}"))),
        }
    }

    pub(super) fn put_tag(&mut self, new: Tag) -> Result<()> {
        if let Some(old) = self.tags.get(&new.id).cloned() {
            if old.kind != new.kind || old.type_id != new.type_id {
                return Err(contradiction(format!("tag {} changes its kind", new.id)));
            }
            let entry = self.entry(old.type_id)?;
            entry.tags.remove(&*old.name);
            if let Some(label) = &old.label {
                entry.tag_labels.remove(&**label);
            }
            self.forget_write_dates(&old);
        } else if self.populations.contains_key(&new.id) || self.write_dates.contains_key(&new.id) {
            return Err(contradiction(format!("tag number {} is given twice", new.id)));
        }
        self.put_write_dates(&new)?;
        let id = new.id;
        let entry = self.entry(new.type_id)?;
        for name in std::iter::once(&new.name).chain(&new.label) {
            if entry.tags.contains_key(&**name) || entry.tag_labels.contains_key(&**name) {
                return Err(contradiction(format!("two tags are named `{name}`")));
            }
        }
        entry.tags.insert(new.name.as_str().into(), id);
        if let Some(label) = &new.label {
            entry.tag_labels.insert(label.as_str().into(), id);
        }
        self.tags.insert(id, Arc::new(new));
        Ok(())
    }

    fn put_write_dates(&mut self, tag: &Tag) -> Result<()> {
        let Some(dates) = tag.write_dates else {
            return Ok(());
        };
        if tag.time_to_live_days.is_none() {
            return Err(contradiction(format!("tag {} dates its writes and has no time to live", tag.id)));
        }
        let is_taken = self.tags.contains_key(&dates.tag) || self.populations.contains_key(&dates.tag);
        if is_taken || dates.tag == tag.id || self.write_dates.insert(dates.tag, tag.id).is_some() {
            return Err(contradiction(format!("tag number {} is given twice", dates.tag)));
        }
        Ok(())
    }

    fn forget_write_dates(&mut self, tag: &Tag) {
        if let Some(dates) = tag.write_dates {
            self.write_dates.remove(&dates.tag);
        }
    }

    fn drop_tag(&mut self, id: TagId) -> Result<()> {
        let old = self.tags.remove(&id).ok_or_else(|| contradiction(format!("there is no tag {id} to drop")))?;
        self.forget_write_dates(&old);
        let entry = self.entry(old.type_id)?;
        entry.tags.remove(&*old.name);
        if let Some(label) = &old.label {
            entry.tag_labels.remove(&**label);
        }
        Ok(())
    }

    /// The audience that `head`, its old versions and a new one make.
    fn put_version(
        &self,
        head: &AudienceHead,
        version: Option<&AudienceVersion>,
        forgotten: &[u64],
    ) -> Result<Audience> {
        let mut versions = match self.audiences.get(&head.id) {
            Some(old) => old.versions.clone(),
            None => Vec::new(),
        };
        versions.retain(|old| forgotten.binary_search(&old.version).is_err());
        versions.extend(version.cloned().map(Arc::new));
        Ok(Audience {
            id: head.id,
            type_id: head.type_id,
            name: head.name.clone(),
            description: head.description.clone(),
            owner: head.owner.clone(),
            created_ms: head.created_ms,
            versions,
        })
    }

    pub(super) fn forget_audiences(&mut self) {
        self.audiences.clear();
        for entry in self.types.values_mut() {
            Arc::make_mut(entry).audiences.clear();
        }
    }

    pub(super) fn put_audience(&mut self, new: Audience) -> Result<()> {
        let rising = new.versions.windows(2).all(|two| two[0].version < two[1].version);
        if new.versions.first().is_none_or(|first| first.version == 0) || !rising {
            return Err(contradiction(format!("the versions of audience {} do not rise from 1", new.id)));
        }
        if let Some(old) = self.audiences.get(&new.id).cloned() {
            if old.type_id != new.type_id {
                return Err(contradiction(format!("audience {} changes its type", new.id)));
            }
            self.entry(old.type_id)?.audiences.remove(&*old.name);
        }
        let id = new.id;
        let entry = self.entry(new.type_id)?;
        if entry.audiences.insert(new.name.as_str().into(), id).is_some() {
            return Err(contradiction(format!("two audiences are named `{}`", new.name)));
        }
        self.audiences.insert(id, Arc::new(new));
        Ok(())
    }

    fn drop_audience(&mut self, id: AudienceId) -> Result<()> {
        let old =
            self.audiences.remove(&id).ok_or_else(|| contradiction(format!("there is no audience {id} to drop")))?;
        self.entry(old.type_id)?.audiences.remove(&*old.name);
        Ok(())
    }
}
