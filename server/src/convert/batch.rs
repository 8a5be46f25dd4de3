//! Batches.

use muster_engine::TypeId;
use muster_engine::catalog::Zone;
use muster_engine::write::{Batch, Change, EntityChanges, Written};
use muster_engine::{Error, Result};
use muster_proto::v1;

use super::value;
use crate::view::View;

/// How many changes a request holds; an entity without any counts as one.
pub(crate) fn change_count(request: &v1::WriteRequest) -> usize {
    request.entities.iter().map(|entity| entity.changes.len().max(1)).sum()
}

/// The memory that a decoded request holds, in bytes.
pub(crate) fn held_bytes(request: &v1::WriteRequest) -> u64 {
    use v1::change::Change as Wire;
    let texts = |texts: &[&str]| texts.iter().map(|text| held_text(text)).sum::<usize>();
    let change = |change: &v1::Change| match &change.change {
        Some(Wire::Set(set)) => texts(&[&set.tag]) + set.value.as_ref().map_or(0, held_value),
        Some(Wire::Remove(remove)) => texts(&[&remove.tag, &remove.value]),
        Some(Wire::Clear(clear)) => texts(&[&clear.tag]),
        Some(Wire::Touch(_) | Wire::Erase(_)) | None => 0,
    };
    let entity = |entity: &v1::EntityChanges| {
        let key = match entity.key.as_ref().and_then(|key| key.key.as_ref()) {
            Some(v1::entity_key::Key::Text(text)) => held_text(text),
            _ => 0,
        };
        key + entity.changes.capacity() * size_of::<v1::Change>() + entity.changes.iter().map(change).sum::<usize>()
    };
    let entities = request.entities.iter().map(entity).sum::<usize>();
    (entities + request.entities.capacity() * size_of::<v1::EntityChanges>() + size_of::<v1::WriteRequest>()) as u64
}

fn held_value(value: &v1::Value) -> usize {
    match &value.value {
        Some(v1::value::Value::Written(text) | v1::value::Value::Text(text)) => held_text(text),
        Some(v1::value::Value::List(list)) => {
            let texts = list.values.iter().map(|text| held_text(text)).sum::<usize>();
            texts + list.values.capacity() * size_of::<String>()
        }
        _ => 0,
    }
}

/// What a text takes beside its place: what the allocator rounds up to.
fn held_text(text: &str) -> usize {
    match text.len() {
        0 => 0,
        length => (length + size_of::<usize>()).next_multiple_of(16).max(32),
    }
}

/// The batch, its values read by the kinds of tags in `view`, times without a zone in `zone`. Errors name the entity
/// by its place, from 1 on, and by its key.
pub(crate) fn batch_from_wire(view: &View, request: v1::WriteRequest, zone: &Zone) -> Result<Batch> {
    let owner = view.entity_type(&request.entity_type)?;
    let mut entities = Vec::with_capacity(request.entities.len());
    for (index, entity) in request.entities.into_iter().enumerate() {
        let who = entity.key.as_ref().map(|key| format!(" (`{}`)", value::key_shown(key))).unwrap_or_default();
        let place = |error: Error| error.context(format_args!("entity {}{who}", index + 1));
        let key = value::key_from_wire(owner, entity.key.as_ref()).map_err(place)?;
        let read = |change: v1::Change| change_from_wire(view, owner.id, change, zone);
        let mut changes = entity.changes.into_iter().map(read).collect::<Result<Vec<Change>>>().map_err(place)?;
        if changes.is_empty() {
            changes.push(Change::Touch);
        }
        entities.push(EntityChanges { key, changes });
    }
    Ok(Batch {
        type_name: owner.name.clone(),
        source: request.source.map(|source| (source.source, source.sequence)),
        entities,
    })
}

fn change_from_wire(view: &View, type_id: TypeId, change: v1::Change, zone: &Zone) -> Result<Change> {
    use v1::change::Change as Wire;
    Ok(match change.change {
        None => {
            return Err(Error::invalid("say what to change: set, remove, clear, touch or erase"));
        }
        Some(Wire::Set(set)) => {
            let tag = view.tag(type_id, &set.tag)?;
            Change::Set { value: value::value_from_wire(tag, set.value, zone)?, tag: set.tag }
        }
        Some(Wire::Remove(remove)) => Change::Remove { tag: remove.tag, value: remove.value },
        Some(Wire::Clear(clear)) => Change::Clear { tag: clear.tag },
        Some(Wire::Touch(v1::Touch {})) => Change::Touch,
        Some(Wire::Erase(v1::Erase {})) => Change::Erase,
    })
}

pub(crate) fn written_to_wire(written: &Written) -> v1::WriteReply {
    v1::WriteReply {
        version: written.seq.0,
        durable_version: written.durable.0,
        repeated: written.repeated,
        unknown_entities: written.unknown_entities,
        new_entities: written.new_entities,
        new_values: Vec::new(),
    }
}

/// The values that tags with open lists had not had before, each with the nearest that its tag has. A tag or value that
/// is gone again is left out.
pub(crate) fn new_values(view: &View, written: &Written) -> Result<Vec<v1::NewValue>> {
    let mut told = Vec::new();
    for (tag, value) in &written.new_values {
        if let Some(tag) = view.tag_of(*tag) {
            let nearest = view.snapshot().nearest_value(tag.id, value)?.unwrap_or_default();
            told.push(v1::NewValue { tag: tag.name.clone(), value: value.clone(), nearest });
        }
    }
    Ok(told)
}

/// Adds one batch to the acknowledgement of a stream.
pub(crate) fn add_written(sum: &mut v1::WriteStreamReply, written: &v1::WriteReply) {
    sum.batches += 1;
    sum.version = sum.version.max(written.version);
    sum.durable_version = sum.durable_version.max(written.durable_version);
    sum.repeated_batches += u64::from(written.repeated);
    sum.unknown_entities += written.unknown_entities;
    sum.new_entities += written.new_entities;
}
