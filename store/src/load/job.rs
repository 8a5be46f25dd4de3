//! A bulk load of one file, or its dry run, on the thread that calls it: the target, the blocks, the commit.

use std::fmt;
use std::time::{Duration, Instant};

use muster_engine::Seq;
use muster_engine::catalog::{EntityKey, Zone};
use muster_engine::columns::KeyColumn;
use muster_engine::query::Run;
use muster_engine::write::{LoadSpec, Loaded};
use muster_engine::{Error, Result};
use muster_exchange::{Block, Input, LoadReader, Mapping, NamedFile, Note, Progress, ReadOptions, Reject};

use super::distinct::Distinct;
use super::target::Target;
use crate::space::Space;

/// Time between two reports.
const REPORT_INTERVAL: Duration = Duration::from_millis(100);
/// A dry run remembers so many keys, in about 16 MiB; beyond, it estimates how many are new.
pub(crate) const DISTINCT_KEYS_MAX: usize = 1 << 20;

/// What is to be loaded, and how.
pub struct FileLoad<'a> {
    /// The file.
    pub file: NamedFile<'a>,
    /// Which column is the key, and which sets which tag.
    pub mapping: &'a Mapping,
    /// How much of the file is held, and what ends reading it.
    pub read: ReadOptions,
    /// The load's own id: a second load of this id loads nothing.
    pub load_id: &'a str,
    /// Whether a type and tags that are missing are made.
    pub create_missing_tags: bool,
    /// Whether it is only tried out, and nothing changes.
    pub dry_run: bool,
    /// How many rows may be rejected; one more, and nothing is loaded.
    pub max_rejects: u64,
    /// The zone of moments that name none.
    pub zone: &'a Zone,
    /// Who waits for it.
    pub run: &'a Run,
}

/// What is said of a load on its way.
#[derive(Debug)]
#[non_exhaustive]
pub enum LoadEvent {
    /// Rows were rejected, all of one block.
    Rejected(Vec<Reject>),
    /// Rows are read.
    Loading(Reached),
    /// All are read, and the load becomes visible.
    Committing(Reached),
}

/// How far a load is.
#[derive(Clone, Copy, Debug)]
pub struct Reached {
    /// What was read.
    pub progress: Progress,
    /// How many rows were rejected.
    pub rejected: u64,
}

/// Whoever listened has gone: the load ends, and nothing of it becomes visible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unheard;

/// Why nothing was loaded.
#[derive(Debug)]
#[non_exhaustive]
pub enum LoadFault {
    /// What the engine, the file or the mapping says.
    Failed(Error),
    /// More rows were rejected than are allowed.
    TooManyRejects {
        /// So many were.
        rejected: u64,
        /// Of so many.
        rows: u64,
    },
    /// The listener said so.
    Unheard,
}

impl fmt::Display for LoadFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadFault::Failed(error) => error.fmt(f),
            LoadFault::TooManyRejects { rejected, rows } => {
                write!(f, "correct the rows or allow more rejects: {rejected} of the first {rows} rows were rejected")
            }
            LoadFault::Unheard => write!(f, "the load was given up by whoever listened to it"),
        }
    }
}

impl std::error::Error for LoadFault {}

impl From<Error> for LoadFault {
    fn from(error: Error) -> LoadFault {
        LoadFault::Failed(error)
    }
}

/// What a load came to, or would.
#[derive(Debug)]
pub struct LoadOutcome {
    /// The version in which it is visible; that of an earlier load of the same id.
    pub version: Seq,
    /// The rows of the file.
    pub rows: u64,
    /// Those that were written.
    pub rows_written: u64,
    /// The entities that were new.
    pub new_entities: u64,
    /// The rows that were rejected.
    pub rejected: u64,
    /// Whether an earlier load of this id did it.
    pub repeated: bool,
    /// The type of its entities.
    pub type_name: String,
    /// The tags that were made, or would be.
    pub new_tags: Vec<String>,
    /// What is odd about the file, and harmless.
    pub notes: Vec<Note>,
}

impl FileLoad<'_> {
    /// Loads the file into `space`, or tries it out; `tell` hears what happens on the way.
    ///
    /// Errors: see [`LoadFault`]. Nothing is visible then, and a type and tags that were made for it are gone.
    pub fn run(
        &self,
        space: &Space,
        tell: &mut dyn FnMut(LoadEvent) -> std::result::Result<(), Unheard>,
    ) -> std::result::Result<LoadOutcome, LoadFault> {
        let mut target = Target::find(space, self.mapping, self.create_missing_tags, self.dry_run)?;
        let input = Input::open_named(self.file)?;
        let mut reader = LoadReader::open(input, self.mapping, &target.columns, self.read.clone())?;
        reader.assume_zone(self.zone);
        let mut loading = Loading { load: self, space, tell, rows: 0, rejected: 0, reported_at: Instant::now() };
        let done = match self.dry_run {
            true => loading.try_out(&target, &mut reader)?,
            false => loading.write(&target, &mut reader)?,
        };
        target.keep = true;
        Ok(LoadOutcome {
            version: done.version,
            rows: loading.rows,
            rows_written: done.rows_written,
            new_entities: done.new_entities,
            rejected: loading.rejected,
            repeated: done.repeated,
            type_name: target.type_name.clone(),
            new_tags: std::mem::take(&mut target.new_tags),
            notes: done.notes(&reader),
        })
    }
}

/// A load under way.
struct Loading<'a> {
    load: &'a FileLoad<'a>,
    space: &'a Space,
    tell: &'a mut dyn FnMut(LoadEvent) -> std::result::Result<(), Unheard>,
    rows: u64,
    rejected: u64,
    reported_at: Instant,
}

/// What the blocks came to.
struct Done {
    version: Seq,
    rows_written: u64,
    new_entities: u64,
    repeated: bool,
    /// Whether the number of new entities is an estimate.
    is_estimate: bool,
}

impl Done {
    /// That of an earlier load of the same id.
    fn earlier(first: &Loaded) -> Done {
        Done {
            version: first.seq,
            rows_written: first.rows,
            new_entities: first.new_entities,
            repeated: true,
            is_estimate: false,
        }
    }

    /// A load that is repeated reads nothing.
    fn notes(&self, reader: &LoadReader) -> Vec<Note> {
        if self.repeated {
            return Vec::new();
        }
        let mut notes = reader.notes();
        if self.is_estimate {
            let message = format!(
                "the number of new entities is an estimate, within one percent: a dry run remembers \
                 {DISTINCT_KEYS_MAX} keys"
            );
            notes.push(Note { column: String::new(), message });
        }
        notes
    }
}

impl Loading<'_> {
    fn write(&mut self, target: &Target<'_>, reader: &mut LoadReader) -> std::result::Result<Done, LoadFault> {
        let type_id = target.type_id.ok_or_else(|| Error::internal("the type was not made"))?;
        let mut load = self.space.begin_load(LoadSpec::new(type_id, self.load.load_id))?;
        if let Some(first) = load.earlier_result() {
            self.rows = first.rows;
            return Ok(Done::earlier(&first));
        }
        let mut rows_written = 0;
        loop {
            reader.share_memory_with(&mut load)?;
            let Some(block) = self.next(reader)? else {
                break;
            };
            load.read_with(reader.held_bytes());
            rows_written += block.load.keys.len() as u64;
            load.append(block.load)?;
        }
        let reached = self.reached(reader);
        self.tell(LoadEvent::Committing(reached))?;
        let loaded = load.commit()?;
        Ok(Done {
            version: loaded.seq,
            rows_written,
            new_entities: loaded.new_entities,
            repeated: loaded.repeated,
            is_estimate: false,
        })
    }

    /// Counts what a load would do, and fails where it would.
    fn try_out(&mut self, target: &Target<'_>, reader: &mut LoadReader) -> std::result::Result<Done, LoadFault> {
        if let Some(first) = self.space.loaded(self.load.load_id, None)? {
            self.rows = first.rows;
            return Ok(Done::earlier(&first));
        }
        let snapshot = self.space.snapshot();
        let is_known = |key: &EntityKey| -> Result<bool> {
            target.type_id.map_or(Ok(false), |id| Ok(snapshot.entity(id, key)?.is_some()))
        };
        let mut new_keys = Distinct::new(DISTINCT_KEYS_MAX);
        let mut rows_written = 0;
        while let Some(block) = self.next(reader)? {
            rows_written += block.load.keys.len() as u64;
            for key in keys(block.load.keys) {
                self.load.run.look()?;
                if !is_known(&key)? {
                    new_keys.add(key.hash());
                }
            }
        }
        self.refuse_rejects()?;
        Ok(Done {
            version: snapshot.version(),
            rows_written,
            new_entities: new_keys.count(),
            repeated: false,
            is_estimate: new_keys.is_estimate(),
        })
    }

    /// The next block, its rejects told and counted. A dry run counts them all before it refuses them.
    fn next(&mut self, reader: &mut LoadReader) -> std::result::Result<Option<Block>, LoadFault> {
        self.load.run.look()?;
        let block = reader.next_block();
        // Where nobody waits any more, that is why it ended.
        self.load.run.look()?;
        let Some(mut block) = block? else {
            return Ok(None);
        };
        self.rows += block.rows_read;
        let rejected = std::mem::take(&mut block.rejected);
        self.rejected += rejected.len() as u64;
        if !rejected.is_empty() {
            self.tell(LoadEvent::Rejected(rejected))?;
        }
        if !self.load.dry_run {
            self.refuse_rejects()?;
        }
        if self.reported_at.elapsed() >= REPORT_INTERVAL {
            self.reported_at = Instant::now();
            let reached = self.reached(reader);
            self.tell(LoadEvent::Loading(reached))?;
        }
        Ok(Some(block))
    }

    fn refuse_rejects(&self) -> std::result::Result<(), LoadFault> {
        match self.rejected > self.load.max_rejects {
            true => Err(LoadFault::TooManyRejects { rejected: self.rejected, rows: self.rows }),
            false => Ok(()),
        }
    }

    fn reached(&self, reader: &LoadReader) -> Reached {
        Reached { progress: reader.progress(), rejected: self.rejected }
    }

    fn tell(&mut self, event: LoadEvent) -> std::result::Result<(), LoadFault> {
        (self.tell)(event).map_err(|Unheard| LoadFault::Unheard)
    }
}

fn keys(column: KeyColumn) -> Box<dyn Iterator<Item = EntityKey>> {
    match column {
        KeyColumn::Text(keys) => Box::new(keys.into_iter().map(EntityKey::Text)),
        KeyColumn::Number(keys) => Box::new(keys.into_iter().map(EntityKey::Number)),
    }
}
