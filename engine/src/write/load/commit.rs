//! The atomic commit of a bulk load: its files are named by the next manifest, at its place in the order.

use std::sync::Arc;

use super::{PLACE_PAYLOAD, Work};
use crate::error::{Error, ErrorKind, Result};
use crate::ids::Seq;
use crate::part::{Part, PartBuilder, TagForm};
use crate::wal::LogRecord;
use crate::write::commit::built::MEMORY_NAME;
use crate::write::commit::logging::{KIND_PLACE, Room};
use crate::write::commit::manifest::Named;
use crate::write::commit::reply::{LoadMode, LoadSpec, Loaded};
use crate::write::commit::state::State;
use crate::write::files::forms::tag_form;
use crate::write::files::stack::{StackLayer, StackPart, StoredFile, insert_by_seq};
use crate::write::files::{NamesFile, retire};
use crate::write::pace::Work as Chore;
use crate::write::writer::Writer;

/// The files of a load, ready to be named.
pub(super) struct Ready {
    pub(super) parts: Vec<StackPart<Part>>,
    pub(super) names: Option<NamesFile>,
}

impl Ready {
    pub(super) fn files(&self) -> impl Iterator<Item = &StoredFile> {
        let parts = self.parts.iter().filter_map(|part| part.file.as_ref());
        parts.chain(self.names.iter().map(|(_, file)| file))
    }
}

/// Commits the load. On an error nothing has happened, unless the fence has tripped; whether the files can be named by
/// a manifest is then unknown.
pub(super) fn commit(writer: &Writer, spec: &LoadSpec, work: &Work, ready: &Ready) -> Result<Loaded> {
    writer.commit.alone(|state| name_files(writer, state, spec, work, ready))
}

/// Whether no manifest can name the files of a load that failed with `error`.
pub(super) fn is_surely_unnamed(writer: &Writer, error: &Error) -> bool {
    error.kind() != ErrorKind::Io && writer.files.fence.reason().is_none()
}

/// Merges all blocks into the final part files, over what the load replaces, and writes what it named.
pub(super) fn write_files(writer: &Writer, work: &mut Work) -> Result<Ready> {
    let current = writer.snapshot();
    let spilled = work.spilled.iter().map(|layer| layer.iter().map(|part| Arc::clone(&part.part)).collect());
    let blocks = work.blocks.iter().map(|block| vec![Arc::clone(block)]);
    let replaced = replaced_below(writer, work)?;
    let layers: Vec<Vec<Arc<Part>>> = replaced.into_iter().chain(spilled).chain(blocks).collect();
    let mut ready = Ready { parts: Vec::new(), names: None };
    if !layers.is_empty() {
        let limits = work.memory.part_limits(writer.files.part_limits());
        ready.parts = writer.files.write_parts(&layers, false, current.catalog(), limits)?;
    }
    match write_names(writer, work) {
        Ok(names) => ready.names = names,
        Err(error) => {
            retire(ready.files());
            return Err(error);
        }
    }
    Ok(ready)
}

/// The layer below all blocks: it takes the tags that are replaced from everyone.
fn replaced_below(writer: &Writer, work: &Work) -> Result<Option<Vec<Arc<Part>>>> {
    let current = writer.snapshot();
    let mut builder = PartBuilder::new();
    let replaced = work.modes.iter().filter(|(_, mode)| **mode == LoadMode::Replace);
    for tag in replaced.filter_map(|(tag, _)| current.catalog().tag(*tag)) {
        if tag.type_id != work.entity_type.id {
            return Err(Error::invalid(format!("tag `{}` belongs to another type than the load", tag.name)));
        }
        builder.clear_everyone(tag.id, tag_form(tag.kind));
        if let Some(dates) = tag.write_dates {
            builder.clear_everyone(dates.tag, TagForm::Number);
        }
    }
    if builder.is_empty() {
        return Ok(None);
    }
    let seq = work.running.seq;
    let part = Part::open(builder.finish(seq, seq)?, MEMORY_NAME, None)?;
    Ok(Some(vec![Arc::new(part)]))
}

/// The keys and values that were unknown when the load began. What a small write made known meanwhile is named here
/// too, so that the load's layer stands by itself; the small write's names are newer and say the same.
fn write_names(writer: &Writer, work: &mut Work) -> Result<Option<NamesFile>> {
    work.spill_names(writer)?;
    let parts = {
        let mut young = work.running.young.lock();
        if young.is_of_load_alone()
            && let Some(file) = young.names.take_only()
        {
            return Ok(Some(file));
        }
        young.names.parts()
    };
    // Keys that small writes alone named are no business of the load.
    let population = work.entity_type.population;
    match parts.is_empty() {
        true => Ok(None),
        false => {
            writer.files.write_names(&parts, &mut |scope, number| Ok(scope != population || work.seen.contains(number)))
        }
    }
}

/// Publishes the manifest that names the files; nobody else writes meanwhile.
fn name_files(writer: &Writer, state: &mut State, spec: &LoadSpec, work: &Work, ready: &Ready) -> Result<Loaded> {
    let Writer { commit, pace, .. } = writer;
    if let Some(loaded) = state.loads.get(&spec.load_id) {
        // Loads of two types may share an id.
        return Err(Error::conflict(format!("the load `{}` was committed at {} meanwhile", spec.load_id, loaded.seq)));
    }
    if state.catalog.entity_type(spec.type_id).is_none() {
        return Err(Error::not_found(format!("the entity type `{}` was dropped", work.entity_type.name)));
    }
    // The version needs a number of its own, and everything below it must be as durable as the manifest.
    let seq = state.seq.next();
    commit.log(pace, state, &[LogRecord { seq, kind: KIND_PLACE, payload: &PLACE_PAYLOAD }], Room::Ordinary)?;
    state.seq = seq;
    commit.sync_log(state)?;
    let loaded = Loaded {
        seq,
        load_seq: work.running.seq,
        rows: work.rows,
        entities: work.seen.len(),
        new_entities: work.seen.len() - work.known.len(),
        new_values: work.running.young.lock().new_values,
        repeated: false,
        content: spec.content,
    };
    let result = publish(writer, state, (&spec.load_id, loaded), work.running.seq, ready);
    // The place is given either way.
    commit.publish(pace, state);
    result
}

fn publish(
    writer: &Writer,
    state: &mut State,
    (load_id, loaded): (&str, Loaded),
    place: Seq,
    ready: &Ready,
) -> Result<Loaded> {
    let mut stack = state.stack.clone();
    if !ready.parts.is_empty() {
        let layer = StackLayer { first_seq: place, last_seq: place, parts: ready.parts.clone() };
        insert_by_seq(&mut stack.layers, layer);
    }
    if let Some(names) = &ready.names {
        let parts = vec![StackPart::stored(names.clone())];
        insert_by_seq(&mut stack.names, StackLayer { first_seq: place, last_seq: place, parts });
    }
    let base = state.base.clone();
    let named = Named { base: &base, stack: &stack, load: Some((load_id, &loaded)) };
    writer.commit.write_manifest(&writer.files, state, &named)?;
    // Nothing but the manifest knows of the load, so the log must know of the manifest: without it an older one would
    // be taken for the store. Where there is no room for another file the next one that begins will say it.
    let _ = state.wal.roll();
    state.stack = stack;
    state.note_load(load_id, loaded);
    // Its layer may be worth merging with its neighbours.
    writer.pace.wake(Chore::Compact);
    Ok(loaded)
}
