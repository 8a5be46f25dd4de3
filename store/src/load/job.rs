//! A bulk load of one file, or its dry run, on the thread that calls it: the target, the blocks, the commit.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use muster_engine::catalog::{EntityKey, Zone};
use muster_engine::columns::KeyColumn;
use muster_engine::query::Run;
use muster_engine::write::{LoadMode, LoadSpec, Loaded};
use muster_engine::{Error, Result};
use muster_engine::{Seq, TagId};
use muster_exchange::{Block, Input, LoadReader, Mapping, NamedFile, Note, Progress, ReadOptions, Reject};

use super::content::digest;
use super::distinct::Distinct;
use super::effects::{Preview, TagEffect};
use super::gates;
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
    /// Where the id is the caller's own, what is to be done with the file, in words: a second load of the id with
    /// another file or other words is refused. Without it the id alone counts.
    pub asked: Option<&'a str>,
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
    /// Rows are read, of which so many were rejected.
    Loading(Progress, u64),
    /// All are read, and the load becomes visible.
    Committing(Progress, u64),
}

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
    /// What the mapping asks does not hold, each told in words.
    GatesFailed(Vec<String>),
    /// The listener has gone, or said that it is to end.
    Unheard,
}

impl fmt::Display for LoadFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadFault::Failed(error) => error.fmt(f),
            LoadFault::TooManyRejects { rejected, rows } => {
                write!(f, "correct the rows or allow more rejects: {rejected} of the first {rows} rows were rejected")
            }
            LoadFault::GatesFailed(failed) => {
                write!(f, "look at the file, or change the gates of the mapping: {}", failed.join("; "))
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
    /// What it did to each tag, by name; nothing for a dry run or a repeat.
    pub effects: Vec<TagEffect>,
    /// What is odd about the file, and harmless, and what a gate said that only warns.
    pub notes: Vec<Note>,
}

impl FileLoad<'_> {
    /// Loads the file into `space`, or tries it out; `tell` hears what happens on the way, and may break it off.
    ///
    /// Errors: see [`LoadFault`]. Nothing is visible then, and a type and tags that were made for it are gone.
    pub fn run(
        &self,
        space: &Space,
        tell: &mut dyn FnMut(LoadEvent) -> ControlFlow<()>,
    ) -> std::result::Result<LoadOutcome, LoadFault> {
        let content = match self.asked {
            Some(asked) => digest(self.file, asked, self.run)?,
            None => None,
        };
        let mut target = Target::find(space, self.mapping, self.create_missing_tags, self.dry_run)?;
        let input = Input::open_named(self.file)?;
        let mut reader = LoadReader::open(input, self.mapping, &target.columns, self.read.clone())?;
        reader.assume_zone(self.zone)?;
        let mut loading =
            Loading { load: self, content, space, tell, rows: 0, rejected: 0, reported_at: Instant::now() };
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
            effects: done.effects,
        })
    }
}

/// A load under way.
struct Loading<'a> {
    load: &'a FileLoad<'a>,
    content: Option<[u8; 16]>,
    space: &'a Space,
    tell: &'a mut dyn FnMut(LoadEvent) -> ControlFlow<()>,
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
    effects: Vec<TagEffect>,
    /// What is told beside what the reader found odd.
    told: Vec<Note>,
}

impl Done {
    /// That of an earlier load of the same id.
    fn earlier(first: &Loaded) -> Done {
        Done {
            version: first.seq,
            rows_written: first.rows,
            new_entities: first.new_entities,
            repeated: true,
            effects: Vec::new(),
            told: Vec::new(),
        }
    }

    /// A load that is repeated reads nothing.
    fn notes(&self, reader: &LoadReader) -> Vec<Note> {
        if self.repeated {
            return Vec::new();
        }
        reader.notes().into_iter().chain(self.told.iter().cloned()).collect()
    }
}

impl Loading<'_> {
    fn write(&mut self, target: &Target<'_>, reader: &mut LoadReader) -> std::result::Result<Done, LoadFault> {
        let type_id = target.type_id.ok_or_else(|| Error::internal("the type was not made"))?;
        let modes = self.modes(target);
        let spec =
            LoadSpec { modes: modes.clone(), content: self.content, ..LoadSpec::new(type_id, self.load.load_id) };
        let mut load = self.space.begin_load(spec)?;
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
        let rejected = self.rejected;
        self.tell(LoadEvent::Committing(reader.progress(), rejected))?;
        let prepared = load.prepare()?;
        let preview = Preview::new(&prepared, type_id, self.load.run);
        let effects = preview.effects(&modes)?;
        let gates = &self.load.mapping.gates;
        let failed = gates::failed(gates, rows_written, &preview, &effects)?;
        if !failed.is_empty() && !gates.warn {
            return Err(LoadFault::GatesFailed(failed));
        }
        // Nobody waits any more: nothing has happened.
        self.load.run.look()?;
        let loaded = prepared.commit()?;
        Ok(Done {
            version: loaded.seq,
            rows_written,
            new_entities: loaded.new_entities,
            repeated: loaded.repeated,
            effects,
            told: failed.into_iter().map(|message| note(format!("a gate does not hold: {message}"))).collect(),
        })
    }

    /// What is done with each tag that is not upserted.
    fn modes(&self, target: &Target<'_>) -> BTreeMap<TagId, LoadMode> {
        let mapping = self.load.mapping;
        let columns = mapping.loaded_columns().zip(&target.columns);
        let modes = columns.map(|(column, resolved)| (resolved.tag, mapping.mode_of(column)));
        modes.filter(|(_, mode)| *mode != LoadMode::Upsert).collect()
    }

    /// Counts what a load would do, and fails where it would.
    fn try_out(&mut self, target: &Target<'_>, reader: &mut LoadReader) -> std::result::Result<Done, LoadFault> {
        if let Some(first) = self.space.loaded(self.load.load_id, self.content)? {
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
        let mut told = Vec::new();
        if new_keys.is_estimate() {
            told.push(note(format!(
                "the number of new entities is an estimate, within one percent: a dry run remembers \
                 {DISTINCT_KEYS_MAX} keys"
            )));
        }
        if !self.load.mapping.gates.is_empty() {
            told.push(note(
                "the gates of the mapping are checked by the load itself: a dry run writes nothing".to_owned(),
            ));
        }
        Ok(Done {
            version: snapshot.version(),
            rows_written,
            new_entities: new_keys.count(),
            repeated: false,
            effects: Vec::new(),
            told,
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
            let rejected = self.rejected;
            self.tell(LoadEvent::Loading(reader.progress(), rejected))?;
        }
        Ok(Some(block))
    }

    fn refuse_rejects(&self) -> std::result::Result<(), LoadFault> {
        match self.rejected > self.load.max_rejects {
            true => Err(LoadFault::TooManyRejects { rejected: self.rejected, rows: self.rows }),
            false => Ok(()),
        }
    }

    fn tell(&mut self, event: LoadEvent) -> std::result::Result<(), LoadFault> {
        match (self.tell)(event) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(LoadFault::Unheard),
        }
    }
}

/// A note on the load as a whole.
fn note(message: String) -> Note {
    Note { column: String::new(), message }
}

fn keys(column: KeyColumn) -> Box<dyn Iterator<Item = EntityKey>> {
    match column {
        KeyColumn::Text(keys) => Box::new(keys.into_iter().map(EntityKey::Text)),
        KeyColumn::Number(keys) => Box::new(keys.into_iter().map(EntityKey::Number)),
    }
}
