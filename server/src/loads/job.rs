//! One load on its thread: the mapping, what is said on the way, the result. The load itself is the store's.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use muster_engine::Error;
use muster_engine::query::Run;
use muster_exchange::{Mapping, Reject};
use muster_proto::v1::{self, LoadPhase, load_reply};
use muster_store::{FileLoad, LoadEvent, LoadFault, LoadOutcome, Reached, Space, Unheard};
use tonic::{Code, Status};

use super::events::LaneEvents;
use super::guess::{Wish, guess_surely, read_options};
use super::{Source, elapsed_ms, notes};
use crate::convert::error::{self, OrStatus};
use crate::shared::Shared;

/// Rejected rows of one message.
const MESSAGE_REJECTS_MAX: usize = 1_000;
/// Makes load ids of this process differ.
static LOADS_BEGUN: AtomicU64 = AtomicU64::new(0);

/// One load.
pub(super) struct Job<'a> {
    shared: &'a Shared,
    header: v1::LoadHeader,
    source: &'a Source,
    run: &'a Run,
    said: Said<'a>,
}

/// What was said of a load, and to whom.
struct Said<'a> {
    events: LaneEvents<'a>,
    run: &'a Run,
    started: Instant,
    /// Rejected rows that may still be reported.
    rejects_left: u64,
    /// Why the listener heard no more.
    unheard: Option<Status>,
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
        let rejects_left = shared.config.limits.rejects_reported_max;
        Job { shared, header, source, run, said: Said { events, run, started, rejects_left, unheard: None } }
    }

    /// Does it all and sends the result.
    pub(super) fn run(mut self) -> Result<(), Status> {
        let space = self.shared.store.space(&self.header.space).or_status()?;
        let zone = space.zone_of(&self.header.zone).or_status()?;
        let mapping = self.mapping(&space)?;
        let load_id = self.load_id();
        let load = FileLoad {
            file: self.source.file(),
            mapping: &mapping,
            read: read_options(self.shared.config.store.engine.load_bytes_max, self.run),
            load_id: &load_id,
            create_missing_tags: self.header.create_missing_tags,
            dry_run: self.header.dry_run,
            max_rejects: self.header.max_rejects,
            zone: &zone,
            run: self.run,
        };
        let outcome = load.run(&space, &mut |event| self.said.tell(event));
        let outcome = outcome.map_err(|fault| self.status(fault))?;
        let elapsed_ms = elapsed_ms(self.said.started);
        let result = v1::LoadResult { load_id, dry_run: self.header.dry_run, elapsed_ms, ..to_wire(outcome) };
        self.said.say(load_reply::Event::Result(result))
    }

    fn status(&mut self, fault: LoadFault) -> Status {
        let (rejected, rows) = match fault {
            LoadFault::Failed(fault) => return error::status(&fault),
            LoadFault::Unheard => return self.said.unheard.take().unwrap_or_else(error::gone),
            LoadFault::TooManyRejects { rejected, rows } => (rejected, rows),
            fault => return error::status(&Error::internal(format!("a load failed in an unknown way: {fault:?}"))),
        };
        let allowed = self.header.max_rejects;
        let metadata = HashMap::from([
            ("rejected".to_owned(), rejected.to_string()),
            ("max_rejects".to_owned(), allowed.to_string()),
            ("rows".to_owned(), rows.to_string()),
        ]);
        let message = format!(
            "correct the rows or allow more rejects (--max-rejects): {rejected} of the first {rows} rows were rejected, \
             {allowed} are allowed; nothing was loaded"
        );
        error::refuse_with(Code::FailedPrecondition, "REJECTED_ROWS", message, metadata)
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
            let mut mapping = Mapping::parse(&self.header.mapping_toml).or_status()?;
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
        self.said.say(load_reply::Event::Guess(v1::LoadGuess {
            mapping_toml: inference.print(),
            notes: notes(&inference.notes),
        }))?;
        Ok(inference.mapping)
    }
}

impl Said<'_> {
    /// Progress may be missed by a slow reader; rejected rows are waited for.
    fn tell(&mut self, event: LoadEvent) -> Result<(), Unheard> {
        match event {
            LoadEvent::Rejected(rows) => {
                return self.reject(rows).map_err(|status| {
                    self.unheard = Some(status);
                    Unheard
                });
            }
            LoadEvent::Loading(reached) => self.report(LoadPhase::Loading, reached),
            LoadEvent::Committing(reached) => self.report(LoadPhase::Committing, reached),
            // A later store may say more than there are messages for.
            _ => {}
        }
        Ok(())
    }

    fn reject(&mut self, rejected: Vec<Reject>) -> Result<(), Status> {
        let room = usize::try_from(self.rejects_left).unwrap_or(usize::MAX);
        self.rejects_left = self.rejects_left.saturating_sub(rejected.len() as u64);
        let mut rows = rejected.into_iter().take(room).map(reject_to_wire).peekable();
        while rows.peek().is_some() {
            let rows = rows.by_ref().take(MESSAGE_REJECTS_MAX).collect();
            self.say(load_reply::Event::Rejects(v1::LoadRejects { rows }))?;
        }
        Ok(())
    }

    fn report(&self, phase: LoadPhase, reached: Reached) {
        self.events.offer(load_reply::Event::Progress(v1::LoadProgress {
            phase: phase.into(),
            rows: reached.progress.rows_read,
            rows_total: reached.progress.rows_total,
            bytes: reached.progress.bytes_read,
            bytes_total: reached.progress.bytes_total,
            rejected: reached.rejected,
            elapsed_ms: elapsed_ms(self.started),
        }));
    }

    fn say(&mut self, what: load_reply::Event) -> Result<(), Status> {
        self.events.say(what, self.run)
    }
}

fn to_wire(outcome: LoadOutcome) -> v1::LoadResult {
    v1::LoadResult {
        version: outcome.version.0,
        rows: outcome.rows,
        rows_written: outcome.rows_written,
        new_entities: outcome.new_entities,
        rejected: outcome.rejected,
        repeated: outcome.repeated,
        entity_type: outcome.type_name,
        new_tags: outcome.new_tags,
        notes: notes(&outcome.notes),
        ..v1::LoadResult::default()
    }
}

pub(super) fn reject_to_wire(reject: Reject) -> v1::RejectedRow {
    v1::RejectedRow { line: reject.line, column: reject.column, reason: reject.reason, raw: reject.raw }
}
