//! Random histories of batches, catalog changes, loads, flushes, compactions and reopenings, on the simulator and on
//! disk.

use std::path::Path;
use std::sync::Arc;

use muster_engine::Snapshot;
use muster_engine::ids::TypeId;
use muster_engine::storage::{Clock, Disk, ManualClock, Sim, Storage};
use muster_engine::write::Load;
use muster_engine::{Engine, Options};

use super::history::{History, check, check_prepared, difference};
use super::oracle::Visible;
use super::reading::read;
use super::smoke::quiet_options;

const DAY_MS: u64 = 86_400_000;

struct World {
    history: History,
    options: Options,
    storage: Arc<dyn Storage>,
    engine: Option<Engine>,
    loads: Vec<(TypeId, Load)>,
    /// Older versions that a reader still holds, and what they must go on to show.
    pinned: Vec<(Snapshot, Visible)>,
    next_load: u64,
    clock: Arc<ManualClock>,
}

impl World {
    fn new(seed: u64, storage: Arc<dyn Storage>, options: Options) -> World {
        let mut world = World {
            history: History::new(seed, 24),
            options,
            storage,
            engine: None,
            loads: Vec::new(),
            pinned: Vec::new(),
            next_load: 0,
            clock: Arc::new(ManualClock::new(0)),
        };
        world.reopen();
        let engine = world.engine.as_ref().expect("just opened");
        world.history.set_up(engine).unwrap();
        world
    }

    fn reopen(&mut self) {
        self.loads.clear();
        self.history.oracle.loads.clear();
        self.engine = None;
        let clock = Arc::clone(&self.clock);
        self.engine = Some(Engine::open(Arc::clone(&self.storage), self.options.clone(), clock).unwrap());
    }

    fn engine(&self) -> &Engine {
        self.engine.as_ref().expect("open")
    }

    fn act(&mut self) {
        let engine = self.engine.take().expect("open");
        match self.history.random.below(100) {
            0..49 => drop(self.history.write(&engine).unwrap()),
            60..66 => engine.flush().unwrap(),
            66..70 => {
                engine.compact().unwrap();
                self.history.oracle.sweep();
            }
            49..52 => self.history.change_time_to_live(&engine).unwrap(),
            52..56 => {
                self.clock.advance_ms(DAY_MS / 2);
                self.history.oracle.day = self.clock.now_unix_ms().div_euclid(DAY_MS as i64);
            }
            56..60 => {
                engine.sweep().unwrap();
                self.history.oracle.sweep();
            }
            70..73 => self.history.replace_tag(&engine).unwrap(),
            73..76 => {
                let visible = read(&engine.snapshot()).unwrap();
                self.pinned.push((engine.snapshot(), visible));
            }
            76..80 => {
                if let Some(type_id) = self.history.idle_type() {
                    self.next_load += 1;
                    let load_id = format!("load {}", self.next_load);
                    let load = self.history.begin_load(&engine, type_id, &load_id).unwrap();
                    self.loads.push((type_id, load));
                }
            }
            80..93 => {
                if let Some((type_id, load)) = self.loads.last_mut() {
                    self.history.append(load, *type_id).unwrap();
                }
            }
            93..97 => {
                if let Some((type_id, load)) = self.loads.pop() {
                    let prepared = load.prepare().unwrap();
                    check_prepared(&self.history.oracle, &prepared, type_id).unwrap_or_else(|why| panic!("{why}"));
                    let loaded = prepared.commit().unwrap();
                    let counts = self.history.oracle.commit_load(type_id);
                    assert_eq!(
                        (loaded.rows, loaded.entities, loaded.new_entities),
                        (counts.rows, counts.entities, counts.new_entities)
                    );
                }
            }
            97 => {
                if let Some((type_id, load)) = self.loads.pop() {
                    drop(load);
                    self.history.oracle.loads.remove(&type_id);
                }
            }
            98 => {
                self.loads.clear();
                engine.close().unwrap();
                self.reopen();
                return;
            }
            _ => {
                self.loads.clear();
                drop(engine);
                self.reopen();
                return;
            }
        }
        self.engine = Some(engine);
    }

    fn check(&self, seed: u64, step: usize) {
        let snapshot = self.engine().snapshot();
        check(&self.history.oracle, &snapshot).unwrap_or_else(|found| panic!("seed {seed}, step {step}: {found}"));
        let status = self.engine().status();
        assert_eq!(status.version, snapshot.version());
        assert_eq!(status.background_error, None);
        for (snapshot, visible) in &self.pinned {
            difference(visible, &read(snapshot).unwrap()).unwrap_or_else(|found| {
                panic!("seed {seed}, step {step}: the pinned {:?}: {found}", snapshot.version())
            });
        }
    }
}

fn run(seed: u64, storage: Arc<dyn Storage>, steps: usize) {
    println!("seed {seed}");
    let options = Options { delta_parts_max: 2 + (seed % 3) as usize * 3, ..quiet_options() };
    let mut world = World::new(seed, storage, options);
    for step in 0..steps {
        world.act();
        if step % 15 == 0 {
            world.check(seed, step);
        }
        if step % 60 == 59 {
            world.pinned.clear();
        }
    }
    world.check(seed, steps);
}

#[test]
fn random_histories_on_the_simulator() {
    for seed in 0..6 {
        run(seed, Arc::new(Sim::new(seed)), 220);
    }
}

#[test]
fn random_histories_on_disk() {
    for seed in 100..101 {
        let directory = tempfile::tempdir().unwrap();
        let storage = disk(directory.path());
        run(seed, storage, 150);
    }
}

fn disk(path: &Path) -> Arc<dyn Storage> {
    Arc::new(Disk::create(path).unwrap())
}

#[test]
fn only_named_files_stay() {
    let sim = Sim::new(5);
    let mut world = World::new(5, Arc::new(sim.clone()), quiet_options());
    for _ in 0..150 {
        world.act();
    }
    world.loads.clear();
    world.pinned.clear();
    world.engine().compact().unwrap();
    let status = world.engine().status();
    let files = sim.list("parts").unwrap();
    assert_eq!(files.len(), status.part_files + status.names_files, "{files:?}");
    assert_eq!((status.file_layers, status.memory_layers), (1, 0));
    assert_eq!(sim.list("log").unwrap().len(), 1);
}
