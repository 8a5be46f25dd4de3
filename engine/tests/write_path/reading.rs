//! Everything that a snapshot shows, read bitmap by bitmap and checked against itself on the way.

use std::collections::BTreeSet;

use muster_engine::Result;
use muster_engine::bitmap::{ChunkBuffer, for_each_id};
use muster_engine::catalog::{KeyKind, Tag, TagKind};
use muster_engine::ids::{BitmapId, ChunkId, LocalId, TagId, TypeId};
use muster_engine::part::BitmapStack;
use muster_engine::snapshot::{Snapshot, stack, taken};

use super::oracle::{Entity, Said, Visible};

/// All living entities and what is said of them.
pub(crate) fn read(snapshot: &Snapshot) -> Result<Visible> {
    let mut visible = Visible::new();
    let types: Vec<TypeId> = snapshot.catalog().types().map(|found| found.id).collect();
    for type_id in types {
        read_type(snapshot, type_id, &mut visible)?;
    }
    Ok(visible)
}

fn read_type(snapshot: &Snapshot, type_id: TypeId, visible: &mut Visible) -> Result<()> {
    let entity_type = snapshot.entity_type(type_id)?;
    let population = entity_type.population;
    let live = members(snapshot, &snapshot.live(type_id)?, type_id)?;
    assert_eq!(snapshot.live_count(type_id)?, live.len() as u64);
    let mut entities: Vec<(LocalId, Entity)> = live.iter().map(|&id| (id, Entity::new())).collect();
    for tag in snapshot.catalog().tags_of(type_id) {
        read_tag(snapshot, tag, population, &mut entities)?;
    }
    for (id, entity) in entities {
        let key = snapshot.key(type_id, id)?;
        let key = key.unwrap_or_else(|| panic!("entity {id} of type {type_id} lives without a key"));
        assert_eq!(snapshot.entity(type_id, &key)?, Some(id), "the key {key} leads elsewhere");
        if entity_type.key == KeyKind::Dense {
            assert_eq!(key.to_string(), id.to_string());
        }
        let before = visible.insert((type_id, key.clone()), entity);
        assert!(before.is_none(), "two living entities have the key {key}");
    }
    Ok(())
}

fn read_tag(snapshot: &Snapshot, tag: &Tag, population: TagId, entities: &mut [(LocalId, Entity)]) -> Result<()> {
    let layers = snapshot.layers();
    let gone = taken(layers, tag.id, population)?;
    let open = |bitmap: BitmapId| stack(layers, bitmap, &gone);
    let has = |stack: &BitmapStack, id: LocalId| stack.contains(id.chunk(), id.low());
    if tag.kind == TagKind::Flag {
        let flag = open(BitmapId::flag(tag.id))?;
        for (id, entity) in entities.iter_mut() {
            if has(&flag, *id)? {
                entity.insert(tag.id, Said::Flag);
            }
        }
        return Ok(());
    }
    let present = open(BitmapId::present(tag.id))?;
    if tag.kind.has_values() {
        for (value, name) in snapshot.values(tag.id)? {
            assert_eq!(snapshot.value_id(tag.id, &name)?, Some(value));
            let members = open(BitmapId::value(tag.id, value))?;
            for (id, entity) in entities.iter_mut() {
                if !has(&members, *id)? {
                    continue;
                }
                assert!(has(&present, *id)?, "tag {} has a value where it is not present", tag.name);
                if tag.kind == TagKind::Choice {
                    let before = entity.insert(tag.id, Said::Choice(name.clone()));
                    assert!(before.is_none(), "choice {} has two values", tag.name);
                } else if let Said::Set(values) = entity.entry(tag.id).or_insert_with(|| Said::Set(BTreeSet::new())) {
                    values.insert(name.clone());
                }
            }
        }
        if tag.kind == TagKind::Choice {
            for (id, entity) in entities.iter() {
                assert_eq!(has(&present, *id)?, entity.contains_key(&tag.id), "presence of {}", tag.name);
            }
        }
        return Ok(());
    }
    let negative = open(BitmapId::negative(tag.id))?;
    let mut slices = Vec::new();
    for slice in 0..BitmapId::SLICES_MAX {
        let members = open(BitmapId::slice(tag.id, slice))?;
        if !members.added.is_empty() {
            slices.push((slice, members));
        }
    }
    for (id, entity) in entities.iter_mut() {
        let mut magnitude = 0i64;
        for (slice, members) in &slices {
            if has(members, *id)? {
                magnitude |= 1 << slice;
            }
        }
        let is_negative = has(&negative, *id)?;
        if has(&present, *id)? {
            entity.insert(tag.id, Said::Number(if is_negative { -magnitude } else { magnitude }));
        } else {
            assert!(magnitude == 0 && !is_negative, "number {} says something where it is not present", tag.name);
        }
    }
    Ok(())
}

fn members(snapshot: &Snapshot, stack: &BitmapStack, type_id: TypeId) -> Result<Vec<LocalId>> {
    let mut found = Vec::new();
    let mut buffer = ChunkBuffer::new();
    for chunk in 0..snapshot.chunk_end(type_id)? {
        let chunk = ChunkId(chunk as u16);
        stack.fold(chunk, &mut buffer)?;
        if buffer.is_empty() {
            continue;
        }
        for_each_id(buffer.as_container(), |low| found.push(LocalId::from_parts(chunk, low)));
    }
    Ok(found)
}
