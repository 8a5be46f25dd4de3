//! One load on its thread: mapping, target, blocks, commit.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use muster_engine::Error;
use muster_engine::catalog::EntityKey;
use muster_engine::columns::KeyColumn;
use muster_engine::query::Run;
use muster_engine::write::{LoadSpec, Loaded};
use muster_exchange::{Block, Input, LoadReader, Mapping, Note, ReadOptions, Reject};
use muster_proto::v1::{self, LoadPhase, load_reply};
use muster_store::{Distinct, Space, Target};
use tonic::{Code, Status};

use super::events::LaneEvents;
use super::guess::{Wish, guess_surely, read_options};
use super::{Source, elapsed_ms, notes};
use crate::convert::error;
use crate::shared::Shared;

/// Time between two reports.
const REPORT_INTERVAL: Duration = Duration::from_millis(100);
/// Rejected rows of one message.
const MESSAGE_REJECTS_MAX: usize = 1_000;
/// A dry run remembers so many keys, in about 16 MiB.
const DISTINCT_KEYS_MAX: usize = 1 << 20;
/// Makes load ids of this process differ.
static LOADS_BEGUN: AtomicU64 = AtomicU64::new(0);

/// One load.
pub(super) struct Job<'a> {
    shared: &'a Shared,
    header: v1::LoadHeader,
    source: &'a Source,
    started: Instant,
    events: LaneEvents<'a>,
    run: &'a Run,
    rows: u64,
    rejected: u64,
    reported_at: Instant,
}

/// What a load came to.
struct Outcome {
    version: u64,
    rows_written: u64,
    new_entities: u64,
    repeated: bool,
    /// Whether the number of new entities is an estimate.
    estimated: bool,
}

impl Outcome {
    /// That of an earlier load of the same id.
    fn earlier(first: &Loaded) -> Outcome {
        Outcome {
            version: first.seq.0,
            rows_written: first.rows,
            new_entities: first.new_entities,
            repeated: true,
            estimated: false,
        }
    }
}

impl<'a> Job<'a> {
    pub(super) fn new(
        shared: &'a Shared,
        header: v1::LoadHeader,
        source: &'a Source,
        started: Instant,
        events: LaneEvents<'a>,
        run: &'a Run,
    ) -> Job<'a> {
        Job { shared, header, source, started, events, run, rows: 0, rejected: 0, reported_at: started }
    }

    /// Does it all and sends the result.
    pub(super) fn run(mut self) -> Result<(), Status> {
        let space = self.shared.store.space(&self.header.space).map_err(|fault| error::status(&fault))?;
        let zone = space.zone_of(&self.header.zone).map_err(|fault| error::status(&fault))?;
        let mapping = self.mapping(&space)?;
        let create = self.header.create_missing_tags;
        let mut target =
            Target::find(&space, &mapping, create, self.header.dry_run).map_err(|fault| error::status(&fault))?;
        let input = Input::open(&self.source.path).map_err(|fault| self.source.status(&fault))?;
        let mut reader = LoadReader::open(input, &mapping, &target.columns, self.read_options())
            .map_err(|fault| self.source.status(&fault))?;
        reader.assume_zone(&zone);
        let load_id = self.load_id();
        let outcome = if self.header.dry_run {
            self.try_out(&space, &target, &mut reader)?
        } else {
            self.write(&space, &target, &load_id, &mut reader)?
        };
        target.keep = true;
        let result = v1::LoadResult {
            version: outcome.version,
            rows: self.rows,
            rows_written: outcome.rows_written,
            new_entities: outcome.new_entities,
            rejected: self.rejected,
            repeated: outcome.repeated,
            dry_run: self.header.dry_run,
            load_id,
            entity_type: target.type_name.clone(),
            new_tags: std::mem::take(&mut target.new_tags),
            elapsed_ms: elapsed_ms(self.started),
            notes: outcome_notes(&outcome, &reader),
        };
        self.send(load_reply::Event::Result(result))
    }

    fn read_options(&self) -> ReadOptions {
        read_options(self.shared.config.store.engine.load_bytes_max, self.run)
    }

    fn load_id(&self) -> String {
        if !self.header.load_id.is_empty() {
            return self.header.load_id.clone();
        }
        let number = LOADS_BEGUN.fetch_add(1, Ordering::Relaxed);
        format!("load-{}-{}-{number}", self.shared.now_unix_ms(), std::process::id())
    }

    /// The mapping that came with the load, or the one that the file suggests.
    fn mapping(&mut self, space: &Space) -> Result<Mapping, Status> {
        if !self.header.mapping_toml.is_empty() {
            if !self.header.encoding.is_empty() {
                return Err(error::bad_field("encoding", "strike it: the mapping says the encoding, as csv.encoding"));
            }
            let mut mapping = Mapping::parse(&self.header.mapping_toml).map_err(|fault| error::status(&fault))?;
            if !self.header.entity_type.is_empty() {
                mapping.entity_type = self.header.entity_type.clone();
            }
            return Ok(mapping);
        }
        let wish = Wish {
            entity_type: &self.header.entity_type,
            key_column: &self.header.key_column,
            encoding: &self.header.encoding,
            load_bytes_max: self.shared.config.store.engine.load_bytes_max,
            run: self.run,
        };
        let inference = guess_surely(space, self.source, wish)?;
        self.send(load_reply::Event::Guess(v1::LoadGuess {
            mapping_toml: inference.print(),
            notes: notes(&inference.notes),
        }))?;
        Ok(inference.mapping)
    }

    fn write(
        &mut self,
        space: &Space,
        target: &Target<'_>,
        load_id: &str,
        reader: &mut LoadReader,
    ) -> Result<Outcome, Status> {
        let status = |fault: Error| error::status(&fault);
        let type_id = target.type_id.ok_or_else(|| status(Error::internal("the type was not made")))?;
        let spec = LoadSpec { type_id, load_id: load_id.to_owned() };
        let mut load = space.begin_load(spec).map_err(status)?;
        if let Some(first) = load.earlier_result() {
            self.rows = first.rows;
            return Ok(Outcome::earlier(&first));
        }
        let mut rows_written = 0;
        loop {
            reader.share_memory_with(&mut load).map_err(|fault| self.source.status(&fault))?;
            let Some(block) = self.next(reader)? else {
                break;
            };
            load.read_with(reader.held_bytes());
            rows_written += block.load.keys.len() as u64;
            load.append(block.load).map_err(status)?;
        }
        self.report(LoadPhase::Committing, reader);
        let loaded = load.commit().map_err(status)?;
        Ok(Outcome {
            version: loaded.seq.0,
            rows_written,
            new_entities: loaded.new_entities,
            repeated: loaded.repeated,
            estimated: false,
        })
    }

    /// Counts what a load would do, and fails where it would.
    fn try_out(&mut self, space: &Space, target: &Target<'_>, reader: &mut LoadReader) -> Result<Outcome, Status> {
        if let Some(first) = space.loaded(&self.header.load_id) {
            self.rows = first.rows;
            return Ok(Outcome::earlier(&first));
        }
        let snapshot = space.snapshot();
        let is_known = |key: &EntityKey| match target.type_id {
            None => Ok(false),
            Some(id) => snapshot.entity(id, key).map(|found| found.is_some()).map_err(|fault| error::status(&fault)),
        };
        let mut new_keys = Distinct::new(DISTINCT_KEYS_MAX);
        let mut rows_written = 0;
        while let Some(block) = self.next(reader)? {
            rows_written += block.load.keys.len() as u64;
            for key in keys(block.load.keys) {
                self.run.look().map_err(|fault| error::status(&fault))?;
                if !is_known(&key)? {
                    new_keys.add(key.hash());
                }
            }
        }
        self.refuse_rejects()?;
        Ok(Outcome {
            version: snapshot.version().0,
            rows_written,
            new_entities: new_keys.count(),
            repeated: false,
            estimated: new_keys.is_estimate(),
        })
    }

    /// The next block, its rejects sent and counted.
    ///
    /// Errors: rejected rows, when there are more than allowed; a dry run counts them all.
    fn next(&mut self, reader: &mut LoadReader) -> Result<Option<Block>, Status> {
        self.run.look().map_err(|fault| error::status(&fault))?;
        let block = reader.next_block();
        // Where nobody waits any more, that is why it ended.
        self.run.look().map_err(|fault| error::status(&fault))?;
        let Some(mut block) = block.map_err(|fault| self.source.status(&fault))? else {
            return Ok(None);
        };
        self.rows += block.rows_read;
        self.reject(std::mem::take(&mut block.rejected))?;
        self.report(LoadPhase::Loading, reader);
        Ok(Some(block))
    }

    fn reject(&mut self, rejected: Vec<Reject>) -> Result<(), Status> {
        let reported = self.rejected.min(self.shared.config.limits.rejects_reported_max);
        let room = self.shared.config.limits.rejects_reported_max - reported;
        self.rejected += rejected.len() as u64;
        let mut rows = rejected.into_iter().take(usize::try_from(room).unwrap_or(usize::MAX)).map(to_wire).peekable();
        while rows.peek().is_some() {
            let rows = rows.by_ref().take(MESSAGE_REJECTS_MAX).collect();
            self.send(load_reply::Event::Rejects(v1::LoadRejects { rows }))?;
        }
        match self.header.dry_run {
            true => Ok(()),
            false => self.refuse_rejects(),
        }
    }

    /// Errors: more rows were rejected than are allowed.
    fn refuse_rejects(&self) -> Result<(), Status> {
        if self.rejected > self.header.max_rejects {
            let metadata = HashMap::from([
                ("rejected".to_owned(), self.rejected.to_string()),
                ("max_rejects".to_owned(), self.header.max_rejects.to_string()),
                ("rows".to_owned(), self.rows.to_string()),
            ]);
            let message = format!(
                "correct the rows or allow more rejects (--max-rejects): {} of the first {} rows were rejected, {} are allowed; nothing was loaded",
                self.rejected, self.rows, self.header.max_rejects
            );
            return Err(error::refuse_with(Code::FailedPrecondition, "REJECTED_ROWS", message, metadata));
        }
        Ok(())
    }

    fn report(&mut self, phase: LoadPhase, reader: &LoadReader) {
        if phase == LoadPhase::Loading && self.reported_at.elapsed() < REPORT_INTERVAL {
            return;
        }
        self.reported_at = Instant::now();
        let progress = reader.progress();
        self.events.offer(load_reply::Event::Progress(v1::LoadProgress {
            phase: phase.into(),
            rows: progress.rows_read,
            rows_total: progress.rows_total,
            bytes: progress.bytes_read,
            bytes_total: progress.bytes_total,
            rejected: self.rejected,
            elapsed_ms: elapsed_ms(self.started),
        }));
    }

    fn send(&mut self, what: load_reply::Event) -> Result<(), Status> {
        self.events.say(what, self.run)
    }
}

/// A load that is repeated reads nothing.
fn outcome_notes(outcome: &Outcome, reader: &LoadReader) -> Vec<v1::LoadNote> {
    if outcome.repeated {
        return Vec::new();
    }
    let mut said = reader.notes();
    if outcome.estimated {
        let message = format!(
            "the number of new entities is an estimate, within one percent: a dry run remembers {DISTINCT_KEYS_MAX} keys"
        );
        said.push(Note { column: String::new(), message });
    }
    notes(&said)
}

fn keys(column: KeyColumn) -> Box<dyn Iterator<Item = EntityKey>> {
    match column {
        KeyColumn::Text(keys) => Box::new(keys.into_iter().map(EntityKey::Text)),
        KeyColumn::Number(keys) => Box::new(keys.into_iter().map(EntityKey::Number)),
    }
}

pub(super) fn to_wire(reject: Reject) -> v1::RejectedRow {
    v1::RejectedRow { line: reject.line, column: reject.column, reason: reject.reason, raw: reject.raw }
}
