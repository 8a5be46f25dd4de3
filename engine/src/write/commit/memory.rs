//! The memtable: parts in memory, merged as they come, so that few of them lie over any bitmap.

use std::sync::Arc;

use crate::catalog::Catalog;
use crate::error::Result;
use crate::keys::{NamesPart, merge_names};
use crate::part::{Merge, Part, PartLimits, PartSink};
use crate::storage::{AlignedBytes, Mapped};

use crate::write::commit::Commit;
use crate::write::commit::built::MEMORY_NAME;
use crate::write::commit::state::State;
use crate::write::files::forms::describe;
use crate::write::files::stack::{Neighbours, StackPart, memory_merge};
use crate::write::pace::{Failing, Pace};
use crate::write::settings::WriteSettings;

impl Commit {
    /// Merges the youngest memory layers and names where that is due. Merging changes no answer, so a failure (a part
    /// in memory that does not verify) is only noted; whoever reads that part is told.
    pub(crate) fn merge_memory(&self, pace: &Pace, state: &mut State) {
        let outcome = self.try_merge_memory(&pace.settings, state);
        pace.note(Failing::MergeMemory, &outcome);
    }

    fn try_merge_memory(&self, settings: &WriteSettings, state: &mut State) -> Result<()> {
        let barriers = self.barriers();
        // Half of the room is for what a flush is moving meanwhile.
        let count_max = (settings.delta_parts_max / 2).max(1);
        while let Some(run) = memory_merge(&state.stack.layers, state.frozen, &barriers, count_max) {
            let neighbours = Neighbours::of(&state.stack.layers[run.clone()]);
            let merged = merge_parts(&neighbours.layers, &state.catalog)?;
            state.stack.layers.splice(run, neighbours.merged(merged));
        }
        while let Some(run) = memory_merge(&state.stack.names, state.frozen, &barriers, count_max) {
            let neighbours = Neighbours::of(&state.stack.names[run.clone()]);
            let merged = merge_memory_names(&neighbours.parts())?;
            state.stack.names.splice(run, neighbours.merged(vec![StackPart::in_memory(merged)]));
        }
        Ok(())
    }
}

fn merge_parts(layers: &[Vec<Arc<Part>>], catalog: &Catalog) -> Result<Vec<StackPart<Part>>> {
    let describe = describe(catalog);
    let mut merge = Merge::new(layers, false, &describe)?;
    let mut merged = Vec::new();
    while !merge.is_done() {
        let part = merge_into_memory(&mut merge)?;
        if !part.is_empty() {
            merged.push(StackPart::in_memory(part));
        }
    }
    Ok(merged)
}

/// Writes the next part of `merge` into memory: all of it, however large, for what is in memory is bounded elsewhere.
fn merge_into_memory(merge: &mut Merge<'_>) -> Result<Part> {
    let mut sink = MemorySink(AlignedBytes::new());
    merge.write_part(&mut sink, PartLimits::NONE)?;
    Part::open(Mapped::from_bytes(sink.0), MEMORY_NAME, None)
}

fn merge_memory_names(parts: &[Arc<NamesPart>]) -> Result<NamesPart> {
    let parts: Vec<&NamesPart> = parts.iter().map(|part| &**part).collect();
    let mut sink = MemorySink(AlignedBytes::new());
    merge_names(&parts, &|_, _| true, &mut |bytes| sink.write(bytes))?;
    NamesPart::open(Mapped::from_bytes(sink.0), None)
}

/// A part's bytes in memory.
struct MemorySink(AlignedBytes);

impl PartSink for MemorySink {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }
}
