//! Flush: what is in memory (the memtable) moves into part files, and the log below it is retired.
//!
//! Under the gate the place is fixed up to which everything moves, and the log rolls there; the merging and writing
//! runs beside the writer; under the gate again the manifest is written and the version published. A crash at any point
//! leaves either the old manifest with its log or the new one.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use crate::catalog::Catalog;
use crate::error::{ErrorKind, Result};
use crate::ids::{FileNumber, LocalId, Seq, TagId};
use crate::keys::NamesPart;
use crate::part::{BitmapStack, Part};
use crate::snapshot::{Snapshot, Version};

use crate::write::commit::manifest::Named;
use crate::write::commit::state::{Base, Sources, State};
use crate::write::files::stack::{Content, Neighbours, StackLayer, StackPart, StoredFile, memory_runs};
use crate::write::files::{FileKind, retire};
use crate::write::pace::Work;
use crate::write::writer::Writer;

/// What a flush moves.
struct Plan {
    /// Everything up to here.
    seq: Seq,
    log_floor: FileNumber,
    /// The records up to there.
    log_bytes: u64,
    catalog: Catalog,
    sources: Sources,
    version: Arc<Version>,
    layers: Vec<Neighbours<Part>>,
    names: Vec<Neighbours<NamesPart>>,
    audiences: Option<StoredFile>,
    is_audiences_new: bool,
}

/// What a flush wrote; `None` where nothing was left to keep.
struct Written {
    layers: Vec<Option<StackLayer<Part>>>,
    names: Vec<Option<StackLayer<NamesPart>>>,
    audiences: Option<StoredFile>,
}

impl Writer {
    /// See `Engine::flush`.
    pub(crate) fn flush(&self) -> Result<()> {
        let _one = self.turns.flushing.lock();
        let Some(plan) = self.commit.alone(|state| self.plan_flush(state))? else {
            return Ok(());
        };
        let written = self.write_flush(&plan);
        let result = self.commit.alone(|state| {
            let result = written.and_then(|written| self.finish_flush(state, &plan, written));
            if result.is_err() {
                state.frozen = state.base.seq;
                self.pace.log_tail_bytes.fetch_add(plan.log_bytes, Relaxed);
            }
            result
        });
        self.pace.note_drained();
        self.pace.wake(Work::Compact);
        result
    }

    /// Fixes the place; none when there is nothing to move.
    fn plan_flush(&self, state: &mut State) -> Result<Option<Plan>> {
        self.files.fence.check()?;
        if state.seq == state.base.seq {
            return Ok(None);
        }
        self.commit.sync_log(state)?;
        let log_floor = state.wal.roll()?;
        let barriers = self.commit.barriers();
        let seq = state.seq;
        let layers = memory_neighbours(&state.stack.layers, seq, &barriers);
        let names = memory_neighbours(&state.stack.names, seq, &barriers);
        state.frozen = seq;
        Ok(Some(Plan {
            seq,
            log_floor,
            log_bytes: self.pace.log_tail_bytes.swap(0, Relaxed),
            catalog: state.catalog.clone(),
            sources: Arc::clone(&state.sources),
            version: Arc::new(state.version(&self.commit.merged)),
            layers,
            names,
            audiences: state.base.audiences.clone(),
            is_audiences_new: state.catalog.encode_audiences() != state.base.catalog.encode_audiences(),
        }))
    }

    /// Writes the files; on an error none of them stays.
    fn write_flush(&self, plan: &Plan) -> Result<Written> {
        let mut written = Written { layers: Vec::new(), names: Vec::new(), audiences: plan.audiences.clone() };
        match self.fill_flush(plan, &mut written) {
            Ok(()) => Ok(written),
            Err(error) => {
                retire_written(plan, &written);
                Err(error)
            }
        }
    }

    fn fill_flush(&self, plan: &Plan, written: &mut Written) -> Result<()> {
        for run in &plan.layers {
            let layers: Vec<Vec<Arc<Part>>> = run.parts().into_iter().map(|part| vec![part]).collect();
            let parts = self.files.write_parts(&layers, false, &plan.catalog, self.files.part_limits())?;
            written.layers.push(run.merged(parts));
        }
        let mut keep = Keeper::new(Snapshot::new(Arc::clone(&plan.version)));
        for run in &plan.names {
            let names = self.files.write_names(&run.parts(), &mut |tag, number| keep.keeps(tag, number))?;
            written.names.push(run.merged(names.into_iter().map(StackPart::stored).collect()));
        }
        if plan.is_audiences_new {
            written.audiences = Some(self.write_audiences(&plan.catalog)?);
        }
        Ok(())
    }

    fn write_audiences(&self, catalog: &Catalog) -> Result<StoredFile> {
        let bytes = catalog.encode_audiences();
        let (id, len, held) =
            self.files.write_file(FileKind::Audiences, |sink| crate::part::PartSink::write(sink, &bytes))?;
        Ok(StoredFile { id, footer_crc: crate::codec::crc32(&bytes), bytes: len, held })
    }

    /// Writes the manifest that names the files instead of what was in memory, and shows it.
    fn finish_flush(&self, state: &mut State, plan: &Plan, written: Written) -> Result<()> {
        let mut stack = state.stack.clone();
        for (run, layer) in plan.layers.iter().zip(&written.layers) {
            run.replace(&mut stack.layers, layer.clone())?;
        }
        for (run, names) in plan.names.iter().zip(&written.names) {
            run.replace(&mut stack.names, names.clone())?;
        }
        let base = Base {
            seq: plan.seq,
            catalog: plan.catalog.clone(),
            sources: Arc::clone(&plan.sources),
            log_floor: plan.log_floor,
            audiences: written.audiences.clone(),
        };
        if let Err(error) =
            self.commit.write_manifest(&self.files, state, &Named { base: &base, stack: &stack, load: None })
        {
            if error.kind() == ErrorKind::Limit {
                retire_written(plan, &written);
            }
            return Err(error);
        }
        if plan.is_audiences_new {
            retire(&state.base.audiences);
        }
        state.stack = stack;
        state.base = base;
        self.commit.publish(&self.pace, state);
        // Log files that stay are removed by the next flush or open; they are below the manifest's floor.
        let _ = state.wal.retire_below(plan.log_floor);
        Ok(())
    }
}

/// What is in memory up to `seq`, in the runs that become one layer each.
fn memory_neighbours<T: Content>(pile: &[StackLayer<T>], seq: Seq, barriers: &[Seq]) -> Vec<Neighbours<T>> {
    memory_runs(pile, seq, barriers).into_iter().map(|run| Neighbours::of(&pile[run])).collect()
}

fn retire_written(plan: &Plan, written: &Written) {
    retire(written.layers.iter().flatten().flat_map(StackLayer::files));
    retire(written.names.iter().flatten().flat_map(StackLayer::files));
    if plan.is_audiences_new
        && written.audiences.as_ref().map(|file| file.id) != plan.audiences.as_ref().map(|file| file.id)
    {
        retire(&written.audiences);
    }
}

/// Says which names are worth keeping: keys of living entities, values of tags that exist.
pub(crate) struct Keeper {
    snapshot: Snapshot,
    scope: Option<(TagId, Scope)>,
}

enum Scope {
    Dropped,
    Values,
    Keys(BitmapStack),
}

impl Keeper {
    /// Keeps what `snapshot` still needs. REQUIRES: all that it shows survives whatever happens before the merged names
    /// are named by a manifest.
    pub(crate) fn new(snapshot: Snapshot) -> Keeper {
        Keeper { snapshot, scope: None }
    }

    /// Whether the name of `number` in `tag` is kept.
    pub(crate) fn keeps(&mut self, tag: TagId, number: u32) -> Result<bool> {
        if self.scope.as_ref().is_none_or(|(current, _)| *current != tag) {
            self.scope = Some((tag, self.scope_of(tag)?));
        }
        match &self.scope {
            Some((_, Scope::Keys(live))) => {
                let id = LocalId(number);
                live.contains(id.chunk(), id.low())
            }
            Some((_, Scope::Values)) => Ok(true),
            _ => Ok(false),
        }
    }

    fn scope_of(&self, tag: TagId) -> Result<Scope> {
        let catalog = self.snapshot.catalog();
        if catalog.tag(tag).is_some() {
            return Ok(Scope::Values);
        }
        match catalog.owner_of(tag) {
            Some(owner) => Ok(Scope::Keys(self.snapshot.live(owner)?)),
            None => Ok(Scope::Dropped),
        }
    }
}
