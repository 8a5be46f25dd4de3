//! Name resolution: from a batch as the caller wrote it to the record that the log holds.
//!
//! The batches of one commit group are resolved in order, each against the newest snapshot and what the batches before
//! it in the group made known or erased. A batch is first checked as a whole, which changes nothing and reads whatever
//! it needs; only then are ids given. That may end halfway, at a full type or a damaged file; what the batch changed
//! here is then undone, and a running load gets back what it took. So a refused batch leaves only holes in the numbers.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::catalog::name::shown;
use crate::catalog::{Catalog, EntityKey, EntityType, KeyKind, Tag, TagKind, Value};
use crate::error::{Error, Result, ResultExt};
use crate::ids::{LocalId, TagId, TypeId, ValueId};
use crate::part::BitmapStack;
use crate::snapshot::Snapshot;
use crate::wal::RECORD_BYTES_MAX;

use crate::write::commit::allocate::Allocator;
use crate::write::commit::batch::{BATCH_CHANGES_MAX, BATCH_ENTITIES_MAX, Batch, Change, EntityChanges};
use crate::write::commit::record::{BatchRecord, EntityChange, NewKey, NewValue, What};
use crate::write::running::young::{Young, YoungKey};

/// Resolves the batches of one commit group.
pub(crate) struct Resolver<'a> {
    snapshot: &'a Snapshot,
    catalog: &'a Catalog,
    /// The day that tags with a time to live note for what is written.
    today: i64,
    /// What is known of the keys that the group mentions; absent means not looked up yet.
    keys: HashMap<(TagId, Vec<u8>), Option<LocalId>>,
    /// What is known of the values that the group mentions.
    values: HashMap<(TagId, String), Option<ValueId>>,
    /// The living entities of the types that the group mentions, in the snapshot.
    live: HashMap<TypeId, BitmapStack>,
}

/// Where new numbers come from while batches are resolved.
pub(crate) struct Numbers<'a> {
    pub(crate) allocator: &'a mut Allocator,
    /// By type: what became known since its running load began.
    pub(crate) young: HashMap<TypeId, &'a mut Young>,
}

/// An entity's changes, checked; only the giving of numbers can fail now.
struct CheckedEntity {
    canonical: Vec<u8>,
    key: EntityKey,
    changes: Vec<Checked>,
}

enum Checked {
    Touch,
    Erase,
    SetFlag(TagId),
    /// A flag that is set to false: a set, so it makes the key known.
    UnsetFlag(TagId),
    Clear(TagId),
    SetChoice(TagId, String),
    AddValues(TagId, Vec<String>),
    Remove(TagId, String),
    SetNumber(TagId, i64),
}

impl<'a> Resolver<'a> {
    /// A resolver for a group that follows `snapshot` and is written `today`.
    pub(crate) fn new(snapshot: &'a Snapshot, today: i64) -> Resolver<'a> {
        Resolver {
            snapshot,
            catalog: snapshot.catalog(),
            today,
            keys: HashMap::new(),
            values: HashMap::new(),
            live: HashMap::new(),
        }
    }

    /// The record of `batch` and its bytes. Errors: invalid, not found and limit name the entity and the change at
    /// fault.
    pub(crate) fn resolve(&mut self, batch: &Batch, numbers: &mut Numbers<'_>) -> Result<(BatchRecord, Vec<u8>)> {
        let entity_type = self.catalog.require_type(&batch.type_name)?;
        check_size(batch)?;
        let mut checked = Vec::with_capacity(batch.entities.len());
        for (index, entity) in batch.entities.iter().enumerate() {
            checked.push(
                self.check_entity(entity_type, entity)
                    .context(|| format!("entity {} (`{}`)", index + 1, entity.key))?,
            );
        }
        self.allocate(entity_type, batch, checked, numbers)
    }

    fn check_entity(&mut self, entity_type: &EntityType, entity: &EntityChanges) -> Result<CheckedEntity> {
        entity_type.key.check_key(&entity.key)?;
        let mut changes = Vec::with_capacity(entity.changes.len());
        for change in &entity.changes {
            changes.push(self.check_change(entity_type, change)?);
        }
        let canonical = entity.key.canonical_bytes();
        let known = (entity_type.population, canonical.clone());
        if !self.keys.contains_key(&known) {
            let local = self.look_up_key(entity_type, &entity.key, &canonical)?;
            self.keys.insert(known, local);
        }
        Ok(CheckedEntity { canonical, key: entity.key.clone(), changes })
    }

    /// The id of a key that is live in the snapshot.
    fn look_up_key(&mut self, entity_type: &EntityType, key: &EntityKey, canonical: &[u8]) -> Result<Option<LocalId>> {
        let local = match (entity_type.key, key) {
            (KeyKind::Dense, EntityKey::Number(number)) => LocalId(*number as u32),
            _ => match self.snapshot.names().find(entity_type.population, key.hash(), canonical)? {
                Some(number) => LocalId(number),
                None => return Ok(None),
            },
        };
        let live = match self.live.entry(entity_type.id) {
            Entry::Occupied(slot) => slot.into_mut(),
            Entry::Vacant(slot) => slot.insert(self.snapshot.live(entity_type.id)?),
        };
        Ok(live.contains(local.chunk(), local.low())?.then_some(local))
    }

    fn check_change(&mut self, entity_type: &EntityType, change: &Change) -> Result<Checked> {
        match change {
            Change::Touch => Ok(Checked::Touch),
            Change::Erase => Ok(Checked::Erase),
            Change::Clear { tag } => Ok(Checked::Clear(self.catalog.require_tag(entity_type.id, tag)?.id)),
            Change::Remove { tag, value } => {
                let tag = self.catalog.require_tag(entity_type.id, tag)?;
                if tag.kind != TagKind::Set {
                    return Err(Error::invalid(format!(
                        "use `clear` to take `{}` away: it is {}, and `remove` takes one value out of a set",
                        tag.name,
                        with_article(tag.kind)
                    )));
                }
                let value = tag.value_written(value);
                self.look_up_value(tag, value)?;
                Ok(Checked::Remove(tag.id, value.to_owned()))
            }
            Change::Set { tag, value } => {
                let tag = self.catalog.require_tag(entity_type.id, tag)?;
                self.check_set(tag, value)
            }
        }
    }

    fn check_set(&mut self, tag: &Tag, value: &Value) -> Result<Checked> {
        match (tag.kind, value) {
            (TagKind::Flag, Value::Flag(true)) => Ok(Checked::SetFlag(tag.id)),
            (TagKind::Flag, Value::Flag(false)) => Ok(Checked::UnsetFlag(tag.id)),
            (TagKind::Flag, Value::Text(text)) => match tag.kind.parse_value(text).map_err(|_| mismatch(tag, value))? {
                Value::Flag(true) => Ok(Checked::SetFlag(tag.id)),
                _ => Ok(Checked::UnsetFlag(tag.id)),
            },
            (TagKind::Choice, Value::Text(text)) => Ok(Checked::SetChoice(tag.id, self.check_value(tag, text)?)),
            (TagKind::Set, Value::Text(text)) => Ok(Checked::AddValues(tag.id, vec![self.check_value(tag, text)?])),
            (TagKind::Set, Value::List(texts)) => {
                let values = texts.iter().map(|text| self.check_value(tag, text));
                Ok(Checked::AddValues(tag.id, values.collect::<Result<_>>()?))
            }
            (kind, value) if kind.is_number() && !matches!(value, Value::Flag(_) | Value::List(_)) => {
                let number = kind.number_of(value).map_err(|error| mismatch(tag, value).with_source(error))?;
                Ok(Checked::SetNumber(tag.id, number))
            }
            _ => Err(mismatch(tag, value)),
        }
    }

    /// The value that `written` stands for, checked and looked up.
    fn check_value(&mut self, tag: &Tag, written: &str) -> Result<String> {
        let text = tag.check_written(written)?;
        self.look_up_value(tag, text)?;
        Ok(text.to_owned())
    }

    fn look_up_value(&mut self, tag: &Tag, text: &str) -> Result<Option<ValueId>> {
        let key = (tag.id, text.to_owned());
        if let Some(&known) = self.values.get(&key) {
            return Ok(known);
        }
        let known = self.snapshot.value_id(tag.id, text)?;
        self.values.insert(key, known);
        Ok(known)
    }

    fn allocate(
        &mut self,
        entity_type: &EntityType,
        batch: &Batch,
        checked: Vec<CheckedEntity>,
        numbers: &mut Numbers<'_>,
    ) -> Result<(BatchRecord, Vec<u8>)> {
        let mut record = BatchRecord {
            type_id: entity_type.id,
            population: entity_type.population,
            source: batch.source.clone(),
            unknown_entities: 0,
            new_entities: 0,
            keys: Vec::new(),
            values: Vec::new(),
            changes: Vec::new(),
        };
        let mut undo = Vec::new();
        let allocated = checked
            .into_iter()
            .try_for_each(|entity| self.allocate_entity(entity_type, entity, &mut record, numbers, &mut undo));
        match allocated.and_then(|()| encode(&record)) {
            Ok(bytes) => Ok((record, bytes)),
            Err(error) => {
                self.undo(undo);
                give_back_ids(&record, numbers);
                Err(error)
            }
        }
    }

    fn allocate_entity(
        &mut self,
        entity_type: &EntityType,
        entity: CheckedEntity,
        record: &mut BatchRecord,
        numbers: &mut Numbers<'_>,
        undo: &mut Vec<Undo>,
    ) -> Result<()> {
        let slot = (entity_type.population, entity.canonical);
        let before = self.keys.get(&slot).copied().flatten();
        let mut known = before;
        for change in entity.changes {
            let makes_known = !matches!(change, Checked::Erase | Checked::Remove(..) | Checked::Clear(_));
            let local = match known {
                Some(local) => local,
                None if makes_known => {
                    let local = new_local(entity_type, &entity.key, &slot.1, record, numbers)?;
                    known = Some(local);
                    local
                }
                None => {
                    record.unknown_entities += 1;
                    continue;
                }
            };
            if matches!(change, Checked::Erase) {
                known = None;
            }
            self.push_changes(local, change, record, numbers, undo)?;
        }
        if known != before {
            undo.push(Undo::Key(slot.clone(), before));
            self.keys.insert(slot, known);
        }
        Ok(())
    }

    fn push_changes(
        &mut self,
        local: LocalId,
        change: Checked,
        record: &mut BatchRecord,
        numbers: &mut Numbers<'_>,
        undo: &mut Vec<Undo>,
    ) -> Result<()> {
        let what = match change {
            // A new key was touched when it got its id.
            Checked::Touch => return Ok(()),
            Checked::Erase => What::Erase,
            Checked::SetFlag(tag) => {
                self.date_write(local, tag, record);
                What::SetFlag(tag)
            }
            Checked::UnsetFlag(tag) | Checked::Clear(tag) => {
                if let Some(dates) = self.dates_of(tag) {
                    record.changes.push(EntityChange { local, what: What::Clear(dates) });
                }
                What::Clear(tag)
            }
            Checked::SetNumber(tag, number) => {
                self.date_write(local, tag, record);
                What::SetNumber(tag, number)
            }
            Checked::SetChoice(tag, text) => {
                self.date_write(local, tag, record);
                What::SetChoice(tag, self.value(tag, text, record, numbers, undo)?)
            }
            Checked::AddValues(tag, texts) => {
                if !texts.is_empty() {
                    self.date_write(local, tag, record);
                }
                for text in texts {
                    let value = self.value(tag, text, record, numbers, undo)?;
                    record.changes.push(EntityChange { local, what: What::AddValue(tag, value) });
                }
                return Ok(());
            }
            Checked::Remove(tag, text) => {
                let is_known = self.values.get(&(tag, text.clone())).copied().flatten().is_some();
                // Nobody has a value that nobody ever set, unless a load that runs sets it below this change.
                if !is_known && !numbers.allocator.notes_young_values() {
                    return Ok(());
                }
                What::RemoveValue(tag, self.value(tag, text, record, numbers, undo)?)
            }
        };
        record.changes.push(EntityChange { local, what });
        Ok(())
    }

    /// Where a tag with a time to live keeps the days of its writes.
    fn dates_of(&self, tag: TagId) -> Option<TagId> {
        if !self.catalog.has_write_dates() {
            return None;
        }
        self.catalog.tag(tag)?.write_dates.map(|dates| dates.tag)
    }

    /// Notes that `tag` is written today, where it has a time to live.
    fn date_write(&self, local: LocalId, tag: TagId, record: &mut BatchRecord) {
        if let Some(dates) = self.dates_of(tag) {
            record.changes.push(EntityChange { local, what: What::SetNumber(dates, self.today) });
        }
    }

    /// The number of a checked value, a new one where it is unknown.
    fn value(
        &mut self,
        tag: TagId,
        text: String,
        record: &mut BatchRecord,
        numbers: &mut Numbers<'_>,
        undo: &mut Vec<Undo>,
    ) -> Result<ValueId> {
        let slot = (tag, text);
        if let Some(value) = self.values.get(&slot).copied().flatten() {
            return Ok(value);
        }
        let young = match numbers.young.get(&record.type_id) {
            Some(young) => young.value(tag, &slot.1)?,
            None => None,
        };
        let value = match young {
            Some(value) => value,
            None => numbers.allocator.value(tag, &slot.1)?,
        };
        record.values.push(NewValue { tag, value, text: slot.1.clone() });
        undo.push(Undo::Value(slot.clone()));
        self.values.insert(slot, Some(value));
        Ok(value)
    }

    fn undo(&mut self, undo: Vec<Undo>) {
        for step in undo.into_iter().rev() {
            match step {
                Undo::Key(slot, before) => {
                    self.keys.insert(slot, before);
                }
                Undo::Value(slot) => {
                    self.values.insert(slot, None);
                }
            }
        }
    }
}

/// What a half-allocated batch changed in the resolver.
enum Undo {
    Key((TagId, Vec<u8>), Option<LocalId>),
    Value((TagId, String)),
}

/// Gives a running load back the ids that `record` took; for a record that does not reach the log.
pub(crate) fn give_back_ids(record: &BatchRecord, numbers: &mut Numbers<'_>) {
    if let Some(young) = numbers.young.get_mut(&record.type_id) {
        for key in &record.keys {
            young.give_back(key.local);
        }
    }
}

fn encode(record: &BatchRecord) -> Result<Vec<u8>> {
    let bytes = record.encode()?;
    if bytes.len() > RECORD_BYTES_MAX {
        return Err(Error::limit(format!(
            "split the batch: it takes {} bytes of log, at most {RECORD_BYTES_MAX} are allowed",
            bytes.len()
        )));
    }
    Ok(bytes)
}

/// A key becomes known: its id is the key itself in a dense type, else new.
fn new_local(
    entity_type: &EntityType,
    key: &EntityKey,
    canonical: &[u8],
    record: &mut BatchRecord,
    numbers: &mut Numbers<'_>,
) -> Result<LocalId> {
    let population = entity_type.population;
    let local = match (entity_type.key, key) {
        (KeyKind::Dense, EntityKey::Number(number)) => LocalId(*number as u32),
        _ => {
            let allocator = &mut *numbers.allocator;
            let mut fresh = || allocator.locals(population, 1);
            let local = match numbers.young.get_mut(&entity_type.id) {
                Some(young) => {
                    young.key_for_small_write(YoungKey { population, hash: key.hash(), canonical }, fresh)?
                }
                None => fresh()?,
            };
            record.keys.push(NewKey { local, canonical: canonical.to_vec() });
            local
        }
    };
    record.new_entities += 1;
    record.changes.push(EntityChange { local, what: What::Touch });
    Ok(local)
}

fn check_size(batch: &Batch) -> Result<()> {
    let changes = batch_changes(batch);
    if changes > BATCH_CHANGES_MAX || batch.entities.len() > BATCH_ENTITIES_MAX {
        return Err(Error::limit(format!(
            "split the batch: it holds {} entities and {changes} changes, at most {BATCH_ENTITIES_MAX} and \
             {BATCH_CHANGES_MAX} are allowed",
            batch.entities.len()
        )));
    }
    Ok(())
}

/// How many single changes a batch holds; each value of a list is one.
pub(crate) fn batch_changes(batch: &Batch) -> usize {
    let weight = |change: &Change| match change {
        Change::Set { value: Value::List(texts), .. } => texts.len().max(1),
        _ => 1,
    };
    batch.entities.iter().map(|entity| entity.changes.iter().map(weight).sum::<usize>()).sum()
}

fn mismatch(tag: &Tag, value: &Value) -> Error {
    let what = with_article(tag.kind);
    match value {
        Value::List(_) => {
            Error::invalid(format!("give `{}` one value: it is {what}, and only a set takes a list", tag.name))
        }
        value => {
            let text = value.to_string();
            Error::invalid(format!("tag `{}` is {what}, found {} `{}`", tag.name, value.kind_name(), shown(&text)))
        }
    }
}

fn with_article(kind: TagKind) -> String {
    let article = if kind == TagKind::Int { "an" } else { "a" };
    format!("{article} {kind}")
}
