//! A store at work: what it did, what it promised meanwhile, and what it showed at each version.

use std::sync::Arc;

use muster_engine::catalog::{AudienceSpec, Catalog, CatalogChange, KeyKind, TagKind};
use muster_engine::ids::{Seq, TypeId};
use muster_engine::storage::{ManualClock, Sim, Storage};
use muster_engine::write::{Durability, Load};
use muster_engine::{Engine, Options, Result};

use super::backups::{Backup, Folder};
use super::history::{History, Shape, check, expected};
use super::oracle::Visible;

const KEYS: u64 = 6;
/// Where backups are taken, every so manieth act is one.
const BACKUP_SHARE: u64 = 15;
const SHAPE: Shape = Shape {
    types: &[("users", KeyKind::String), ("seats", KeyKind::Dense)],
    kinds: &[TagKind::Choice, TagKind::Set, TagKind::Int, TagKind::Flag],
    words: &["北京", "", "a b", "x", "sports", LONG],
};
/// So long that a batch lies in several sectors and a log file is soon full.
const LONG: &str = concat!(
    "012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789",
    "012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789",
    "012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789",
    "012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789",
    "012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789",
    "012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789",
    "012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789",
);

/// The name of the act that takes a backup.
pub(crate) const BACK_UP: &str = "back up";

/// Options of a store so small that everything happens soon.
pub(crate) fn tiny_options(durability: Durability) -> Options {
    Options {
        durability,
        background: false,
        new_store_id: Some([7; 16]),
        log_file_bytes: 4096,
        part_bytes_max: 4096,
        load_bytes_max: 4096,
        delta_parts_max: 3,
        ..Options::default()
    }
}

pub(crate) fn open(storage: &(impl Storage + Clone + 'static), options: &Options) -> Result<Engine> {
    Engine::open(Arc::new(storage.clone()), options.clone(), Arc::new(ManualClock::new(0)))
}

/// All that a store says at one version.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    pub(crate) version: Seq,
    pub(crate) visible: Visible,
    pub(crate) catalog: Catalog,
    /// The last sequence of the one source, and the batch that it was.
    pub(crate) source: Option<(u64, Seq)>,
    /// The last load that was committed, and its version.
    pub(crate) load: Option<(String, TypeId, Seq)>,
}

/// A stretch of [`Work::states`] that may be found after a crash.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Promise {
    /// The oldest that may be found after a power cut: everything up to it was called durable.
    pub(crate) durable: usize,
    /// The oldest that may be found when only the process ends: everything up to it was acknowledged.
    pub(crate) acknowledged: usize,
    /// One behind the newest: what was under way may be done.
    pub(crate) end: usize,
}

/// An act that was done.
pub(crate) struct Act {
    pub(crate) name: &'static str,
    pub(crate) promise: Promise,
    /// How many backups were done before it.
    pub(crate) backups: usize,
    /// The number of storage calls before it and behind it.
    pub(crate) calls: (u64, u64),
    /// The space before each change that the act made; empty where nothing is recorded.
    pub(crate) recorded: Vec<Sim>,
}

/// See the module.
pub(crate) struct Work {
    sim: Sim,
    options: Options,
    pub(crate) history: History,
    pub(crate) engine: Option<Engine>,
    load: Option<(TypeId, String, Load)>,
    /// A tag was dropped, and one of its kind is to come.
    to_create: Option<(TypeId, &'static str, TagKind)>,
    /// The states by rising version. Where a load is committed, its version stands there twice: without it and with it.
    pub(crate) states: Vec<Arc<Shown>>,
    durable: usize,
    source: Option<(u64, Seq)>,
    loaded: Option<(String, TypeId, Seq)>,
    /// Those that were done, where they are taken at all.
    pub(crate) backups: Vec<Backup>,
    takes_backups: bool,
    next_name: u64,
    /// What a run with the same seed showed; as long as nothing fails, this one shows the same.
    known: Arc<Vec<Arc<Shown>>>,
}

impl Work {
    pub(crate) fn new(seed: u64, sim: &Sim, options: &Options) -> Work {
        let empty =
            Shown { version: Seq(0), visible: Visible::new(), catalog: Catalog::empty(), source: None, load: None };
        Work {
            sim: sim.clone(),
            options: options.clone(),
            history: History::of(SHAPE, seed, KEYS),
            engine: None,
            load: None,
            to_create: None,
            states: vec![Arc::new(empty)],
            durable: 0,
            source: None,
            loaded: None,
            backups: Vec::new(),
            takes_backups: false,
            next_name: 0,
            known: Arc::default(),
        }
    }

    /// The same with backups, on the same disk.
    pub(crate) fn with_backups(self) -> Work {
        Work { takes_backups: true, ..self }
    }

    /// The same work after another, whose states are `known`, on a disk that will fail.
    pub(crate) fn again(seed: u64, sim: &Sim, options: &Options, known: &Arc<Vec<Arc<Shown>>>) -> Work {
        Work { known: Arc::clone(known), ..Work::new(seed, sim, options) }
    }

    /// Does `count` acts, none of which may fail.
    pub(crate) fn go(&mut self, count: usize) -> Vec<Act> {
        (0..count).map(|index| self.next().unwrap_or_else(|error| panic!("act {index}: {error:?}"))).collect()
    }

    /// Does the next act. On an error what was refused has not happened; whether it may be found later is another
    /// matter.
    pub(crate) fn next(&mut self) -> Result<Act> {
        let (durable, acknowledged) = (self.durable, self.states.len() - 1);
        let backups = self.backups.len();
        let before = self.sim.calls();
        let done = self.act();
        self.note();
        let name = done?;
        let calls = (before, self.sim.calls());
        Ok(Act {
            name,
            promise: Promise { durable, acknowledged, end: self.states.len() },
            backups,
            calls,
            recorded: self.sim.take_recorded(),
        })
    }

    /// The oldest of the states that may be found after a power cut now.
    pub(crate) fn durable(&self) -> usize {
        self.durable
    }

    fn act(&mut self) -> Result<&'static str> {
        let Some(engine) = &self.engine else {
            self.engine = Some(open(&self.sim, &self.options)?);
            return Ok("open");
        };
        if let Some((type_id, type_name, kind)) = self.to_create {
            self.history.create_tag(engine, type_id, type_name, kind)?;
            self.to_create = None;
            return Ok("create a tag");
        }
        if self.history.set_up_next(engine)? {
            return Ok("set up");
        }
        if self.takes_backups && self.history.random.one_in(BACKUP_SHARE) {
            return self.back_up();
        }
        match self.history.random.below(40) {
            0..16 => self.write(),
            16..19 => engine.flush().map(|()| "flush"),
            19 | 20 => engine.compact().map(|()| "compact"),
            21 | 22 => {
                self.to_create = Some(self.history.drop_tag(engine)?);
                Ok("drop a tag")
            }
            23 | 24 => self.save_audience(),
            25..31 => self.load_on(),
            31..33 => self.commit_load(),
            33 => {
                self.forget_load();
                Ok("give a load up")
            }
            34 | 35 => engine.sync(engine.snapshot().version()).map(|_| "sync"),
            36 => engine.mark().map(|()| "mark"),
            37 => {
                self.forget_load();
                let engine = self.engine.take().expect("it is open");
                engine.close().map(|()| "close")
            }
            _ => {
                self.stop();
                Ok("stop")
            }
        }
    }

    /// Ends as a process does that is killed.
    pub(crate) fn stop(&mut self) {
        self.forget_load();
        self.engine = None;
    }

    fn forget_load(&mut self) {
        self.load = None;
        self.history.oracle.loads.clear();
    }

    fn write(&mut self) -> Result<&'static str> {
        let engine = self.engine.as_ref().expect("it is open");
        let batch = self.history.any_batch();
        let written = engine.write(batch.clone())?;
        let counts = self.history.apply(&batch);
        assert_eq!((written.unknown_entities, written.new_entities), counts, "{batch:?}");
        if let Some((_, sequence)) = batch.source {
            self.source = Some((sequence, written.seq));
        }
        Ok("write")
    }

    /// Takes a backup onto the same disk.
    fn back_up(&mut self) -> Result<&'static str> {
        let engine = self.engine.as_ref().expect("it is open");
        let state = Arc::clone(self.states.last().expect("never empty"));
        let name = format!("backup {}", self.backups.len());
        let folder: Arc<dyn Storage> = Arc::new(Folder::create(&self.sim, &name)?);
        let copied = engine.back_up(&folder)?;
        assert_eq!(copied.version, state.version, "{name}");
        self.backups.push(Backup { name, state });
        Ok(BACK_UP)
    }

    fn save_audience(&mut self) -> Result<&'static str> {
        let engine = self.engine.as_ref().expect("it is open");
        self.next_name += 1;
        let spec = AudienceSpec {
            type_name: "users".into(),
            name: format!("audience {}", self.next_name % 3),
            stored: format!("#1 = {}", self.next_name),
            tags_used: Vec::new(),
            audiences_used: Vec::new(),
            description: None,
            owner: Some("marketing".into()),
            now_ms: 0,
        };
        engine.change_catalog(CatalogChange::SaveAudience(Box::new(spec)))?;
        Ok("save an audience")
    }

    /// Begins a load, or adds rows to the one that runs.
    fn load_on(&mut self) -> Result<&'static str> {
        if let Some((type_id, _, load)) = &mut self.load {
            self.history.append(load, *type_id)?;
            return Ok("append to a load");
        }
        let Some(type_id) = self.history.idle_type() else { return Ok("nothing") };
        let engine = self.engine.as_ref().expect("it is open");
        self.next_name += 1;
        let load_id = format!("load {}", self.next_name);
        let load = self.history.begin_load(engine, type_id, &load_id)?;
        self.load = Some((type_id, load_id, load));
        Ok("begin a load")
    }

    fn commit_load(&mut self) -> Result<&'static str> {
        let Some((type_id, load_id, load)) = self.load.take() else { return Ok("nothing") };
        let committed = load.commit();
        let Ok(loaded) = committed else {
            self.history.oracle.loads.clear();
            return committed.map(|_| "commit a load");
        };
        // Its version is in the log before the manifest that makes it visible.
        let without = Shown { version: loaded.seq, ..(**self.states.last().expect("never empty")).clone() };
        self.states.push(Arc::new(without));
        self.history.oracle.commit_load(type_id);
        self.loaded = Some((load_id, type_id, loaded.seq));
        let with = self.shown();
        self.states.push(Arc::new(with));
        Ok("commit a load")
    }

    fn shown(&self) -> Shown {
        self.now(self.engine.as_ref().expect("it is open"))
    }

    /// What `engine` must show after all that was done.
    pub(crate) fn now(&self, engine: &Engine) -> Shown {
        let snapshot = engine.snapshot();
        Shown {
            version: snapshot.version(),
            visible: expected(&self.history.oracle, &snapshot),
            catalog: snapshot.catalog().clone(),
            source: self.source,
            load: self.loaded.clone(),
        }
    }

    /// Compares what the store shows with the oracle and keeps it, and what is durable now.
    fn note(&mut self) {
        if self.sim.has_failed() {
            self.known = Arc::default();
        }
        let Some(engine) = &self.engine else { return };
        let snapshot = engine.snapshot();
        if !self.known.is_empty() {
            let reached = self.known.partition_point(|state| state.version <= snapshot.version());
            self.states.extend_from_slice(&self.known[self.states.len().min(reached)..reached]);
        }
        if self.known.is_empty() {
            check(&self.history.oracle, &snapshot).unwrap_or_else(|found| panic!("at {}: {found}", snapshot.version()));
        }
        let last = self.states.last().expect("never empty");
        if snapshot.version() > last.version {
            let shown = self.shown();
            self.states.push(Arc::new(shown));
        }
        let durable = engine.status().durable;
        let reached = self.states.iter().rposition(|state| state.version <= durable).expect("0 is durable");
        // Opened on a full disk it may know of less than it once said.
        self.durable = self.durable.max(reached);
        if self.options.durability == Durability::Commit && engine.status().fenced.is_none() {
            assert_eq!(self.durable + 1, self.states.len(), "each reply under `Commit` is durable");
        }
    }
}
