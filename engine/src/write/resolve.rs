//! Names to ids: from a batch as the caller wrote it to the record that the log holds.
//!
//! The batches of one commit group are resolved in order, each against the newest snapshot and what the batches before
//! it in the group made known or erased. A batch is first checked as a whole, which changes nothing and reads whatever
//! it needs; only then are ids given, which cannot fail halfway. So a refused batch leaves no trace.

use std::collections::HashMap;

use crate::catalog::limits::VALUE_BYTES_MAX;
use crate::catalog::{Catalog, EntityKey, EntityType, KeyKind, Tag, TagKind, Value};
use crate::error::{Error, Result, ResultExt};
use crate::ids::{LocalId, TagId, TypeId, ValueId};
use crate::snapshot::Snapshot;

use super::allocate::Allocator;
use super::batch::{BATCH_CHANGES_MAX, BATCH_ENTITIES_MAX, Batch, Change, EntityChanges};
use super::load::young::YoungKeys;
use super::record::{BatchRecord, EntityChange, NewKey, NewValue, What};

/// Values of a closed list that are compared for a suggestion.
const SUGGESTIONS_MAX: usize = 10_000;

/// Resolves the batches of one commit group.
pub(crate) struct Resolver<'a> {
    snapshot: &'a Snapshot,
    catalog: &'a Catalog,
    /// What is known of the keys that the group mentions; absent means not looked up yet.
    keys: HashMap<(TagId, Vec<u8>), Option<LocalId>>,
    /// What is known of the values that the group mentions.
    values: HashMap<(TagId, String), Option<ValueId>>,
}

/// Where new numbers come from while batches are resolved.
pub(crate) struct Numbers<'a> {
    pub(crate) allocator: &'a mut Allocator,
    /// By type: the young keys of its running load.
    pub(crate) young: HashMap<TypeId, &'a mut YoungKeys>,
}

/// An entity's changes, checked; nothing in it can be refused any more.
struct CheckedEntity {
    canonical: Vec<u8>,
    key: EntityKey,
    changes: Vec<Checked>,
}

enum Checked {
    Touch,
    Erase,
    SetFlag(TagId),
    Clear(TagId),
    SetChoice(TagId, String),
    AddValues(TagId, Vec<String>),
    Remove(TagId, String),
    SetNumber(TagId, i64),
}

impl<'a> Resolver<'a> {
    /// A resolver for a group that follows `snapshot`.
    pub(crate) fn new(snapshot: &'a Snapshot) -> Resolver<'a> {
        Resolver {
            snapshot,
            catalog: snapshot.catalog(),
            keys: HashMap::new(),
            values: HashMap::new(),
        }
    }

    /// The record of `batch`. Errors: invalid, not found and limit name the entity and the change at fault.
    pub(crate) fn resolve(&mut self, batch: &Batch, numbers: &mut Numbers<'_>) -> Result<BatchRecord> {
        let entity_type = self.catalog.type_named(&batch.type_name)?;
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
            let local = self.snapshot.entity(entity_type.id, &entity.key)?;
            self.keys.insert(known, local);
        }
        Ok(CheckedEntity { canonical, key: entity.key.clone(), changes })
    }

    fn check_change(&mut self, entity_type: &EntityType, change: &Change) -> Result<Checked> {
        match change {
            Change::Touch => Ok(Checked::Touch),
            Change::Erase => Ok(Checked::Erase),
            Change::Clear { tag } => Ok(Checked::Clear(self.catalog.tag_named(entity_type.id, tag)?.id)),
            Change::Remove { tag, value } => {
                let tag = self.catalog.tag_named(entity_type.id, tag)?;
                if tag.kind != TagKind::Set {
                    return Err(Error::invalid(format!(
                        "use `clear` to take `{}` away: it is {}, and `remove` takes one value out of a set",
                        tag.name,
                        with_article(tag.kind)
                    )));
                }
                self.look_up_value(tag, value)?;
                Ok(Checked::Remove(tag.id, value.clone()))
            }
            Change::Set { tag, value } => {
                let tag = self.catalog.tag_named(entity_type.id, tag)?;
                self.check_set(tag, value)
            }
        }
    }

    fn check_set(&mut self, tag: &Tag, value: &Value) -> Result<Checked> {
        match (tag.kind, value) {
            (TagKind::Flag, Value::Flag(true)) => Ok(Checked::SetFlag(tag.id)),
            (TagKind::Flag, Value::Flag(false)) => Ok(Checked::Clear(tag.id)),
            (TagKind::Flag, Value::Text(text)) => match tag.kind.parse_value(text).map_err(|_| mismatch(tag, value))? {
                Value::Flag(true) => Ok(Checked::SetFlag(tag.id)),
                _ => Ok(Checked::Clear(tag.id)),
            },
            (TagKind::Choice, Value::Text(text)) => {
                self.check_value(tag, text)?;
                Ok(Checked::SetChoice(tag.id, text.clone()))
            }
            (TagKind::Set, Value::Text(text)) => {
                self.check_value(tag, text)?;
                Ok(Checked::AddValues(tag.id, vec![text.clone()]))
            }
            (TagKind::Set, Value::List(texts)) => {
                for text in texts {
                    self.check_value(tag, text)?;
                }
                Ok(Checked::AddValues(tag.id, texts.clone()))
            }
            (kind, value) if kind.is_number() && !matches!(value, Value::Flag(_) | Value::List(_)) => {
                let number = kind
                    .number_of(value)
                    .map_err(|error| mismatch(tag, value).with_source(error))?;
                Ok(Checked::SetNumber(tag.id, number))
            }
            _ => Err(mismatch(tag, value)),
        }
    }

    /// Checks a value that is to be set: its length, and that a closed list holds it.
    fn check_value(&mut self, tag: &Tag, text: &str) -> Result<()> {
        if text.len() > VALUE_BYTES_MAX {
            return Err(Error::limit(format!(
                "a value of `{}` has {} bytes, at most {VALUE_BYTES_MAX} are allowed",
                tag.name,
                text.len()
            )));
        }
        if self.look_up_value(tag, text)?.is_none() && tag.closed_values {
            return Err(closed_list_error(self.snapshot, tag, text)?);
        }
        Ok(())
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
    ) -> Result<BatchRecord> {
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
        for entity in checked {
            if let Err(error) = self.allocate_entity(entity_type, entity, &mut record, numbers, &mut undo) {
                self.undo(undo);
                untake(&record, numbers);
                return Err(error);
            }
        }
        Ok(record)
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
            Checked::SetFlag(tag) => What::SetFlag(tag),
            Checked::Clear(tag) => What::Clear(tag),
            Checked::SetNumber(tag, number) => What::SetNumber(tag, number),
            Checked::SetChoice(tag, text) => What::SetChoice(tag, self.value(tag, text, record, numbers, undo)?),
            Checked::AddValues(tag, texts) => {
                for text in texts {
                    let value = self.value(tag, text, record, numbers, undo)?;
                    record.changes.push(EntityChange { local, what: What::AddValue(tag, value) });
                }
                return Ok(());
            }
            Checked::Remove(tag, text) => match self.values.get(&(tag, text)).copied().flatten() {
                Some(value) => What::RemoveValue(tag, value),
                // Nobody has a value that nobody ever set.
                None => return Ok(()),
            },
        };
        record.changes.push(EntityChange { local, what });
        Ok(())
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
        let value = numbers.allocator.value(tag, &slot.1)?;
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
pub(crate) fn untake(record: &BatchRecord, numbers: &mut Numbers<'_>) {
    if let Some(young) = numbers.young.get_mut(&record.type_id) {
        for key in &record.keys {
            young.untake(key.local);
        }
    }
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
            let fresh = || allocator.locals(population, 1);
            let local = match numbers.young.get_mut(&entity_type.id) {
                Some(young) => young.for_small_write(key.hash(), canonical, fresh)?,
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
    batch
        .entities
        .iter()
        .map(|entity| entity.changes.iter().map(weight).sum::<usize>())
        .sum()
}

fn mismatch(tag: &Tag, value: &Value) -> Error {
    Error::invalid(format!("tag `{}` is {}: '{value}' is not", tag.name, with_article(tag.kind)))
}

/// The refusal of a value that a closed list does not hold.
pub(crate) fn closed_list_error(snapshot: &Snapshot, tag: &Tag, text: &str) -> Result<Error> {
    let mut known = snapshot.values(tag.id)?;
    known.truncate(SUGGESTIONS_MAX);
    let suggestion = crate::catalog::did_you_mean(text, known.iter().map(|(_, name)| name.as_str()));
    Ok(Error::invalid(format!(
        "tag `{}` has a closed list of values and '{text}' is not in it{suggestion}",
        tag.name
    )))
}

fn with_article(kind: TagKind) -> String {
    let article = if kind == TagKind::Int { "an" } else { "a" };
    format!("{article} {kind}")
}
