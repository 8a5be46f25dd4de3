//! Compaction: neighbouring file layers become one, so that few lie over any bitmap and what is dead vanishes.
//!
//! A run is chosen by size: newer layers that together reach a fraction of an older one are merged with it. A run that
//! holds the oldest layer is merged to the bottom: what only takes away, dropped tags and erased keys vanish. The
//! choice is made under the gate, the merging beside the writer, and the manifest is published under the gate again.
//! Nothing is merged across the place of a running load, and a load that begins meanwhile has a place above all files.

use std::ops::Range;
use std::sync::Arc;

use crate::catalog::Catalog;
use crate::error::{ErrorKind, Result};
use crate::ids::Seq;
use crate::keys::NamesPart;
use crate::part::Part;
use crate::snapshot::{Snapshot, Version};

use crate::write::background::flush::Keeper;
use crate::write::commit::manifest::Named;
use crate::write::commit::state::State;
use crate::write::files::retire;
use crate::write::files::stack::{Neighbours, Piece, StackLayer, StackPart, StoredFile, file_merge, file_stretches};
use crate::write::pace::Work;
use crate::write::writer::Writer;

/// One run of layers and one of names to be merged; either may be missing.
struct Plan {
    catalog: Catalog,
    version: Arc<Version>,
    layers: Neighbours<Part>,
    bottom: bool,
    names: Neighbours<NamesPart>,
}

/// What was merged; `None` where nothing was left.
#[derive(Default)]
struct Merged {
    layer: Option<StackLayer<Part>>,
    names: Option<StackLayer<NamesPart>>,
}

/// Which runs to merge.
#[derive(Clone, Copy)]
enum Choice {
    /// Those that pay.
    BySize,
    /// All that there are, to one layer between any two running loads.
    All,
}

impl Writer {
    /// Merges what pays now; returns whether there was anything. Leaves it to who compacts already, if somebody does.
    pub(crate) fn compact_by_size(&self) -> Result<bool> {
        let Some(_one) = self.turns.compacting.try_lock() else { return Ok(false) };
        self.compact_once(Choice::BySize)
    }

    /// See `Engine::compact`.
    pub(crate) fn compact_fully(&self) -> Result<()> {
        self.flush()?;
        if self.sweep(&|| false)? > 0 {
            self.flush()?;
        }
        let compacted = {
            let _one = self.turns.compacting.lock();
            self.compact_once(Choice::All)
        };
        // What was flushed meanwhile found the place taken.
        self.pace.wake(Work::Compact);
        compacted.map(drop)
    }

    fn compact_once(&self, choice: Choice) -> Result<bool> {
        self.files.fence.check()?;
        let Some(plan) = self.commit.alone(|state| self.plan_compaction(state, choice))? else {
            return Ok(false);
        };
        let merged = self.write_compaction(&plan)?;
        self.commit.alone(|state| self.finish_compaction(state, &plan, merged))?;
        Ok(true)
    }

    fn plan_compaction(&self, state: &mut State, choice: Choice) -> Result<Option<Plan>> {
        // What is dead now must stay dead after a crash, because its data goes.
        self.commit.sync_log(state)?;
        let barriers = self.commit.barriers();
        let layers = choose(&state.stack.layers, &barriers, choice);
        let names = choose(&state.stack.names, &barriers, choice);
        if layers.is_empty() && names.is_empty() {
            return Ok(None);
        }
        // A running load below the oldest layer would appear under it.
        let is_lowest = |seq: Seq| barriers.iter().all(|&barrier| barrier > seq);
        let bottom = layers.start == 0 && state.stack.layers.first().is_some_and(|layer| is_lowest(layer.first_seq));
        Ok(Some(Plan {
            catalog: state.catalog.clone(),
            version: Arc::new(state.version(&self.commit.merged)),
            layers: Neighbours::of(&state.stack.layers[layers]),
            bottom,
            names: Neighbours::of(&state.stack.names[names]),
        }))
    }

    fn write_compaction(&self, plan: &Plan) -> Result<Merged> {
        let mut merged = Merged::default();
        if !plan.layers.is_empty() {
            let parts =
                self.files.write_parts(&plan.layers.layers, plan.bottom, &plan.catalog, self.files.part_limits())?;
            merged.layer = plan.layers.merged(parts);
        }
        if !plan.names.is_empty() {
            let mut keeper = Keeper::new(Snapshot::new(Arc::clone(&plan.version)));
            match self.files.write_names(&plan.names.parts(), &mut |tag, number| keeper.keeps(tag, number)) {
                Ok(names) => merged.names = plan.names.merged(names.into_iter().map(StackPart::stored).collect()),
                Err(error) => {
                    retire(merged.files());
                    return Err(error);
                }
            }
        }
        Ok(merged)
    }

    fn finish_compaction(&self, state: &mut State, plan: &Plan, merged: Merged) -> Result<()> {
        let mut stack = state.stack.clone();
        plan.layers.replace(&mut stack.layers, merged.layer.clone())?;
        plan.names.replace(&mut stack.names, merged.names.clone())?;
        let base = state.base.clone();
        if let Err(error) =
            self.commit.write_manifest(&self.files, state, &Named { base: &base, stack: &stack, load: None })
        {
            if error.kind() == ErrorKind::Limit {
                retire(merged.files());
            }
            return Err(error);
        }
        state.stack = stack;
        self.commit.publish(&self.pace, state);
        retire(plan.layers.files.iter().chain(&plan.names.files));
        Ok(())
    }
}

impl Merged {
    fn files(&self) -> impl Iterator<Item = &StoredFile> {
        let layer = self.layer.iter().flat_map(StackLayer::files);
        layer.chain(self.names.iter().flat_map(StackLayer::files))
    }
}

/// The run to merge; empty when there is none.
fn choose<P: Piece>(pieces: &[P], barriers: &[Seq], choice: Choice) -> Range<usize> {
    match choice {
        Choice::BySize => file_merge(pieces, barriers).unwrap_or(0..0),
        Choice::All => file_stretches(pieces, barriers).into_iter().max_by_key(|run| run.len()).unwrap_or(0..0),
    }
}
