//! One load on its thread: the mapping, what is said on the way, the result. The load itself is the store's.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use muster_engine::Error;
use muster_exchange::{Gates, Mapping, Reject};
use muster_proto::v1;
use muster_store::{FileLoad, LoadEvent, LoadFault, Space};
use tonic::Status;

use super::events::LaneEvents;
use super::guess::{Wish, guess_surely, read_options};
use super::source::Source;
use crate::convert::loads as convert;
use crate::entrance::Call;
use crate::shared::Shared;
use crate::status::{self, OrStatus};
use crate::view::{View, find_space};

/// Rejected rows of one message.
const MESSAGE_REJECTS_MAX: usize = 1_000;
/// Makes load ids of this process differ.
static LOADS_BEGUN: AtomicU64 = AtomicU64::new(0);

/// One load.
pub(super) struct Job<'a> {
    shared: &'a Shared,
    header: v1::LoadHeader,
    source: &'a Source,
    call: &'a Call,
    said: Said<'a>,
}

/// What was said of a load, and to whom.
struct Said<'a> {
    events: LaneEvents<'a>,
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
    ) -> Job<'a> {
        let call = events.call();
        let rejects_left = call.limits().rejects_reported_max;
        Job { shared, header, source, call, said: Said { events, started, rejects_left, unheard: None } }
    }

    /// Does it all and sends the result.
    pub(super) fn run(mut self) -> Result<(), Status> {
        let space = find_space(self.shared, self.call, &self.header.space)?;
        let zone = space.zone_of(&self.header.zone).or_status()?;
        let mut mapping = self.mapping(&space)?;
        convert::apply_wishes(&self.header, &mut mapping)?;
        let load_id = self.load_id();
        let asked = self.asked(&mapping);
        let load = FileLoad {
            file: self.source.file(),
            mapping: &mapping,
            read: read_options(self.shared.config.store.engine.load_bytes_max, self.call),
            load_id: &load_id,
            asked: asked.as_deref(),
            create_missing_tags: self.header.create_missing_tags,
            dry_run: self.header.dry_run,
            max_rejects: self.header.max_rejects,
            zone: &zone,
            run: self.call.run(),
        };
        let outcome = load.run(&space, &mut |event| self.said.tell(event));
        let outcome = outcome.map_err(|fault| self.status(fault))?;
        self.said.events.say(convert::result(&self.header, load_id, outcome, self.said.started))
    }

    fn status(&mut self, fault: LoadFault) -> Status {
        let (rejected, rows) = match fault {
            LoadFault::Failed(fault) => return status::of(&fault),
            LoadFault::Unheard => return self.said.unheard.take().unwrap_or_else(status::gone),
            LoadFault::TooManyRejects { rejected, rows } => (rejected, rows),
            LoadFault::GatesFailed(failed) => return convert::gates_failed(&failed),
            fault => return status::of(&Error::internal(format!("a load failed in an unknown way: {fault:?}"))),
        };
        convert::too_many_rejects(rejected, rows, self.header.max_rejects)
    }

    fn load_id(&self) -> String {
        if !self.header.load_id.is_empty() {
            return self.header.load_id.clone();
        }
        let number = LOADS_BEGUN.fetch_add(1, Ordering::Relaxed);
        format!("load-{}-{}-{number}", self.shared.now_unix_ms(), std::process::id())
    }

    /// What is to be done with the file, where the load has an id of its caller's. Gates say nothing of that, and a
    /// guess may be another when the tags are there.
    fn asked(&self, mapping: &Mapping) -> Option<String> {
        if self.header.load_id.is_empty() {
            return None;
        }
        let without_gates = Mapping { gates: Gates::default(), ..mapping.clone() };
        Some(match self.header.mapping_toml.is_empty() {
            true => format!("guessed, {}", mapping.mode.name()),
            false => without_gates.print(),
        })
    }

    /// The mapping that came with the load, or the one that the file suggests.
    fn mapping(&mut self, space: &Arc<Space>) -> Result<Mapping, Status> {
        if !self.header.mapping_toml.is_empty() {
            if !self.header.encoding.is_empty() {
                return Err(status::bad_field("encoding", "strike it: the mapping says the encoding, as csv.encoding"));
            }
            if !self.header.key_column.is_empty() {
                return Err(status::bad_field("key_column", "strike it: the mapping says the key, as key.column"));
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
        };
        // The view ends here: a load may take long, and is to keep no version.
        let inference = guess_surely(&View::new(Arc::clone(space), self.call), self.source, wish, self.call)?;
        self.said.events.say(convert::guess(&inference))?;
        Ok(inference.mapping)
    }
}

impl Said<'_> {
    /// Progress may be missed by a slow reader; rejected rows are waited for.
    fn tell(&mut self, event: LoadEvent) -> ControlFlow<()> {
        match event {
            LoadEvent::Rejected(rows) => {
                if let Err(status) = self.reject(rows) {
                    self.unheard = Some(status);
                    return ControlFlow::Break(());
                }
            }
            LoadEvent::Loading(read, rejected) => self.events.offer(convert::loading(&read, rejected, self.started)),
            LoadEvent::Committing(read, rejected) => {
                self.events.offer(convert::committing(&read, rejected, self.started));
            }
            // A later store may say more than there are messages for.
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn reject(&mut self, rejected: Vec<Reject>) -> Result<(), Status> {
        let room = usize::try_from(self.rejects_left).unwrap_or(usize::MAX);
        self.rejects_left = self.rejects_left.saturating_sub(rejected.len() as u64);
        let mut rows = rejected.into_iter().take(room).peekable();
        while rows.peek().is_some() {
            self.events.say(convert::rejects(rows.by_ref().take(MESSAGE_REJECTS_MAX)))?;
        }
        Ok(())
    }
}
