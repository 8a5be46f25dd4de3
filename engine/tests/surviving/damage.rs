//! Rot: bits flipped, files cut, grown, swapped, lost and added behind the store's back. What the store shows then is
//! what it showed before, or it says which file is damaged; it never shows anything else and never panics.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Instant;

use muster_engine::query::Run;
use muster_engine::query::plan::QueryRequest;
use muster_engine::storage::sim::{CrashPolicy, Keep};
use muster_engine::storage::{Random, Sim, Storage};
use muster_engine::write::Durability;
use muster_engine::{Engine, Error, ErrorKind, Options};

use super::history::difference;
use super::liars::skip_payload_checksums;
use super::reading::read;
use super::survivor::{calmly, compare};
use super::workload::{Shown, Work, open, tiny_options};

/// Of how many flipped bits and cut lengths one is tried, unless `MUSTER_DAMAGE=all` asks for every one.
const STRIDE: usize = 9;

fn stride() -> usize {
    if std::env::var("MUSTER_DAMAGE").is_ok_and(|text| text == "all") { 1 } else { STRIDE }
}

/// A small store that nobody has open, and what it shows.
pub(crate) struct Store {
    pub(crate) sim: Sim,
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    pub(crate) shown: Arc<Shown>,
    pub(crate) options: Options,
}

impl Store {
    /// A store with files of every kind, whose log holds batches that are all known to be durable.
    pub(crate) fn new(seed: u64) -> Store {
        let (sim, options, mut work) = Store::worked(seed);
        // Batches that lie in the log alone. Opening writes them anew, and the file says that it holds all of them.
        let mut engine = open(&sim, &options).expect("nothing is wrong");
        for _ in 0..3 {
            work.history.write(&engine).expect("nothing is wrong");
            drop(engine);
            engine = open(&sim, &options).expect("nothing is wrong");
        }
        drop(engine);
        let shown = work.now(&open(&sim, &options).expect("nothing is wrong"));
        Store::of(sim, options, shown)
    }

    /// A store whose last batches were acknowledged by the process that ended, after the rest in which they are marked.
    fn marked(seed: u64) -> Store {
        let (sim, options, mut work) = Store::worked(seed);
        let engine = open(&sim, &options).expect("nothing is wrong");
        for _ in 0..3 {
            work.history.write(&engine).expect("nothing is wrong");
        }
        engine.mark().expect("nothing is wrong");
        let shown = work.now(&engine);
        drop(engine);
        Store::of(sim, options, shown)
    }

    fn worked(seed: u64) -> (Sim, Options, Work) {
        println!("seed {seed}");
        let options = tiny_options(Durability::Commit);
        let sim = Sim::new(seed);
        let mut work = Work::new(seed, &sim, &options);
        work.go(45);
        work.stop();
        (sim, options, work)
    }

    fn of(sim: Sim, options: Options, shown: Shown) -> Store {
        let files = sim.files().into_iter().filter(|(path, _)| path != "LOCK").collect();
        Store { sim, files, shown: Arc::new(shown), options }
    }

    pub(crate) fn image(&self) -> Sim {
        self.sim.crash_with(CrashPolicy { names: Keep::Everything, data: Keep::Everything }, 0)
    }

    /// The file with the highest number in `dir` that ends so.
    pub(crate) fn newest(&self, dir: &str, end: &str) -> String {
        let found = self.files.keys().rfind(|path| path.starts_with(dir) && path.ends_with(end));
        found.unwrap_or_else(|| panic!("no {dir}{end} among {:?}", self.files.keys())).clone()
    }
}

/// What became of some damage.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fate {
    /// The store does not open, and says why.
    Refused,
    /// It opens, and reading fails and says why; so many queries are answered all the same.
    Found(u64),
    /// It shows what it showed before.
    Harmless,
}

/// How often each fate was met.
#[derive(Default, Debug)]
pub(crate) struct Fates {
    refused: u64,
    found: u64,
    harmless: u64,
    /// Queries of damaged stores that were answered all the same, rightly.
    answered: u64,
}

impl Fates {
    pub(crate) fn add(&mut self, fate: Fate) {
        match fate {
            Fate::Refused => self.refused += 1,
            Fate::Found(answered) => {
                self.found += 1;
                self.answered += answered;
            }
            Fate::Harmless => self.harmless += 1,
        }
    }

    fn add_all(&mut self, other: &Fates) {
        self.refused += other.refused;
        self.found += other.found;
        self.harmless += other.harmless;
        self.answered += other.answered;
    }

    fn total(&self) -> u64 {
        self.refused + self.found + self.harmless
    }
}

/// Opens a damaged store and reads all of it; returns what was wrong. `path` is the damaged file.
fn examine(store: &Store, image: &Sim, path: &str) -> Result<Fate, String> {
    calmly(|| {
        let engine = match open(image, &store.options) {
            Ok(engine) => engine,
            Err(error) => return named(&error, path).map(|()| Fate::Refused),
        };
        match read(&engine.snapshot()) {
            Ok(_) => compare(&engine, std::slice::from_ref(&store.shown)).map(|_| Fate::Harmless),
            Err(error) => {
                named(&error, path)?;
                let answered = ask(store, &engine, path)?;
                is_not_laundered(store, &engine, path)?;
                Ok(Fate::Found(answered))
            }
        }
    })
}

/// The error says that something is corrupt, and where.
fn named(error: &Error, path: &str) -> Result<(), String> {
    let name = path.rsplit('/').next().unwrap_or(path);
    match error.kind() == ErrorKind::Corrupt && error.message().contains(name) {
        true => Ok(()),
        false => Err(format!("the error is not that {path} is corrupt, but {error:?}")),
    }
}

/// Asks one query of each tag: the damage fails those that need what is damaged, all others are answered as before.
fn ask(store: &Store, engine: &Engine, path: &str) -> Result<u64, String> {
    let snapshot = engine.snapshot();
    let mut answered = 0;
    for tag in snapshot.catalog().types().flat_map(|found| snapshot.catalog().tags_of(found.id)) {
        let entities = store.shown.visible.iter().filter(|((type_id, _), _)| *type_id == tag.type_id);
        let expected = entities.filter(|(_, said)| said.contains_key(&tag.id)).count() as u64;
        let text = format!("`{}` IS NOT MISSING", tag.name);
        let counted = snapshot
            .prepare(tag.type_id, &text, &QueryRequest::at(0))
            .and_then(|prepared| prepared.count(&Run::default()));
        match counted {
            Ok(counted) if counted.count == expected => answered += 1,
            Ok(counted) => return Err(format!("{text}: expected {expected}, found {}", counted.count)),
            Err(error) => named(&error, path)?,
        }
    }
    Ok(answered)
}

/// A merge of damaged files gives no files that verify and say something else.
fn is_not_laundered(store: &Store, engine: &Engine, path: &str) -> Result<(), String> {
    match engine.compact() {
        Err(error) => named(&error, path)?,
        Ok(()) => match read(&engine.snapshot()) {
            Ok(visible) => difference(&store.shown.visible, &visible)?,
            Err(error) => named(&error, path)?,
        },
    }
    Ok(())
}

/// Tries `change` on one file, unless it changes nothing.
fn damage(store: &Store, path: &str, what: &str, change: impl FnOnce(&mut Vec<u8>), fates: &mut Fates) {
    let image = store.image();
    image.corrupt(path, change).expect("the file is there");
    if image.files()[path] == store.files[path] {
        return;
    }
    let fate = examine(store, &image, path).unwrap_or_else(|found| panic!("{path}, {what}: {found}"));
    fates.add(fate);
}

pub(crate) fn tell(what: &str, fates: &Fates, started: Instant) {
    let _ = writeln!(
        std::io::stderr(),
        "{what}: {} tried in {:.0} s, {} refused at the opening, {} found by reading ({} queries of the rest \
         answered), {} without effect",
        fates.total(),
        started.elapsed().as_secs_f64(),
        fates.refused,
        fates.found,
        fates.answered,
        fates.harmless
    );
}

#[test]
fn every_flipped_bit_is_found_or_without_effect() {
    let started = Instant::now();
    let store = Store::new(3);
    let mut all = Fates::default();
    let mut unread = 0;
    for (path, bytes) in &store.files {
        let mut fates = Fates::default();
        for bit in (0..bytes.len() * 8).step_by(stride()) {
            let before = fates.harmless;
            damage(&store, path, &format!("bit {bit}"), |bytes| bytes[bit / 8] ^= 1 << (bit % 8), &mut fates);
            // In a part that is padding between units, or else what the oldest layer takes from nothing.
            if path.starts_with("parts/") && bytes[bit / 8] != 0 {
                unread += fates.harmless - before;
            }
        }
        println!("{path}, {} bytes: {fates:?}", bytes.len());
        all.add_all(&fates);
    }
    tell("flipped bits", &all, started);
    assert!(all.refused > 0 && all.found > 0 && all.answered > 0);
    assert!(unread * 100 < all.total(), "{unread} bits of parts count for nothing");
}

#[test]
fn a_log_that_is_damaged_after_a_rest_is_refused_or_shows_every_acknowledged_batch() {
    let store = Store::marked(7);
    let path = store.newest("log/", ".log");
    let bytes = &store.files[&path];
    let used = bytes.iter().rposition(|&byte| byte != 0).expect("a header") + 1;
    let mut fates = Fates::default();
    for bit in 0..used * 8 {
        damage(&store, &path, &format!("bit {bit}"), |bytes| bytes[bit / 8] ^= 1 << (bit % 8), &mut fates);
    }
    // All but the bits of the mark itself, which is 40 bytes long.
    assert!(fates.refused as usize >= (used - 40) * 8, "{fates:?}");
    let before = fates.refused;
    for len in 0..bytes.len() {
        damage(&store, &path, &format!("cut at {len}"), |bytes| bytes.truncate(len), &mut fates);
    }
    assert_eq!(fates.refused - before, bytes.len() as u64, "a file that was cut is refused whatever its length");
}

#[test]
fn a_flipped_bit_is_not_found_where_a_checksum_is_skipped() {
    let store = Store::new(3);
    let path = store.newest("log/", ".log");
    let wrong = (88 * 8..store.files[&path].len() * 8).find_map(|bit| {
        let image = store.image();
        image.read_through(skip_payload_checksums);
        image.corrupt(&path, |bytes| bytes[bit / 8] ^= 1 << (bit % 8)).expect("the file is there");
        examine(&store, &image, &path).err()
    });
    assert!(wrong.is_some(), "the test cannot see a wrong answer");
}

#[test]
fn a_file_of_any_other_length_is_found_or_without_effect() {
    let started = Instant::now();
    let store = Store::new(3);
    let mut fates = Fates::default();
    for (path, bytes) in &store.files {
        for len in (0..bytes.len()).step_by(stride()) {
            damage(&store, path, &format!("cut at {len}"), |bytes| bytes.truncate(len), &mut fates);
            damage(&store, path, &format!("zeros from {len}"), |bytes| bytes[len..].fill(0), &mut fates);
        }
        for tail in [&[0; 1][..], &[1], &[0; 64], &[0xFF; 64], &bytes[..bytes.len().min(64)]] {
            damage(&store, path, &format!("behind it {tail:?}"), |bytes| bytes.extend_from_slice(tail), &mut fates);
        }
    }
    tell("cut, zeroed and grown files", &fates, started);
}

#[test]
fn swapped_and_repeated_blocks_are_found_or_without_effect() {
    const TRIES: u64 = 150;
    let started = Instant::now();
    let store = Store::new(5);
    let mut random = Random::seeded(5);
    let mut fates = Fates::default();
    for (path, bytes) in &store.files {
        for block in [8, 64, 512] {
            let blocks = (bytes.len() / block) as u64;
            for _ in 0..TRIES.min(blocks * blocks) / if stride() == 1 { 1 } else { 3 } {
                let (from, to) = (random.below(blocks) as usize * block, random.below(blocks) as usize * block);
                let what = format!("{block} bytes at {from} and {to}");
                let swap = |bytes: &mut Vec<u8>| (0..block).for_each(|at| bytes.swap(from + at, to + at));
                damage(&store, path, &format!("swapped {what}"), swap, &mut fates);
                let repeat = |bytes: &mut Vec<u8>| bytes.copy_within(from..from + block, to);
                damage(&store, path, &format!("repeated {what}"), repeat, &mut fates);
            }
        }
    }
    // Whole files in each other's place.
    for (path, bytes) in &store.files {
        for (other, content) in store.files.iter().filter(|(other, _)| *other != path) {
            let replace = |bytes: &mut Vec<u8>| bytes.clone_from(content);
            assert_ne!(bytes, content);
            damage(&store, path, &format!("content of {other}"), replace, &mut fates);
        }
    }
    tell("swapped and repeated blocks and files", &fates, started);
}

#[test]
fn files_that_do_not_belong_there_are_refused_or_without_effect() {
    let store = Store::new(3);
    let (log, manifest) = (store.newest("log/", ".log"), store.newest("manifest/", ".manifest"));
    let part = store.newest("parts/", ".part");
    let strange = [
        ("log/000099.log", &log, true),
        ("log/99.log", &log, false),
        ("log/000099.log.tmp", &log, false),
        ("log/notes", &log, false),
        ("manifest/000099.manifest", &manifest, true),
        ("manifest/99.manifest", &manifest, false),
        ("manifest/000099.manifest.tmp", &manifest, false),
        ("manifest/000099.manifest~", &manifest, false),
        ("parts/000000000999.part", &part, false),
        ("parts/000000000999.part.tmp", &part, false),
        ("parts/notes", &part, false),
        ("notes", &part, false),
    ];
    for (path, content, is_refused) in strange {
        let image = store.image();
        image.create(path).and_then(|mut file| file.write_all(&store.files[content])).expect("there is room");
        let fate = examine(&store, &image, path).unwrap_or_else(|found| panic!("with {path}: {found}"));
        assert_eq!(fate, if is_refused { Fate::Refused } else { Fate::Harmless }, "with {path}");
        let is_left = image.files().contains_key(path);
        let is_swept = path.ends_with(".tmp") || path.starts_with("parts/");
        assert_eq!(is_left, !is_swept, "{path}");
    }
}
