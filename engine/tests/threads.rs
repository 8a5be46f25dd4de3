//! Engines that share a pool: fifty cost as many threads as one, and each is flushed, marked and helped all the same. A
//! program of its own, because the threads of the whole process are counted.

use muster_engine::catalog::{CatalogChange, EntityKey, KeyKind};
use muster_engine::write::{Batch, Change, EntityChanges};
use muster_engine::{Engine, ErrorKind, Options, ThreadPool};

const ENGINES: usize = 50;

fn threads() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").expect("Linux says which threads there are");
    let name = |task: std::io::Result<std::fs::DirEntry>| {
        std::fs::read_to_string(task.expect("a thread").path().join("comm")).unwrap_or_default()
    };
    tasks.map(name).filter(|name| name.starts_with("muster-")).count()
}

fn touch_hundred(engine: &Engine, first: u64) {
    let touch = |number| EntityChanges::new(EntityKey::Number(number), vec![Change::Touch]);
    let entities = (first..first + 100).map(touch).collect();
    engine.write(Batch { type_name: "users".into(), source: None, entities }).expect("it is written");
}

/// Waits until `holds`, which something in the background brings about.
fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..6_000 {
        if holds() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("a minute passed without {what}");
}

#[test]
fn engines_share_the_threads_of_a_pool() {
    let folder = tempfile::tempdir().expect("a directory for a test");
    let pool = ThreadPool::start(3).expect("threads");
    let started = 2 + 2 * 3;
    until("the threads", || threads() == started);
    let options = Options { thread_pool: Some(pool.clone()), flush_bytes: 1024, ..Options::default() };
    let mut engines: Vec<Engine> = (0..ENGINES)
        .map(|at| Engine::open_dir(folder.path().join(at.to_string()), options.clone()).expect("it opens"))
        .collect();
    for engine in &engines {
        let (label, description) = (None, String::new());
        let create = CatalogChange::CreateType { name: "users".into(), key: KeyKind::U64, label, description };
        engine.change_catalog(create).expect("a new type");
    }
    for first in [0, 100, 200] {
        engines.iter().for_each(|engine| touch_hundred(engine, first));
    }
    for engine in &engines {
        until("a flush", || engine.status().flushed.0 > 0);
    }
    assert_eq!(threads(), started);

    // Those that are closed take nothing from the others.
    for engine in engines.drain(1..) {
        engine.close().expect("it closes");
    }
    let flushed = engines[0].status().flushed;
    [300, 400, 500].into_iter().for_each(|first| touch_hundred(&engines[0], first));
    until("a flush of the last", || engines[0].status().flushed > flushed);
    drop(pool);
    drop(options);
    assert_eq!(threads(), started, "the last engine keeps the threads");
    drop(engines);
    until("no threads", || threads() == 0);

    let pool = ThreadPool::start(1).expect("threads");
    let both = Options { thread_pool: Some(pool), threads: 2, ..Options::default() };
    let error = Engine::open_dir(folder.path().join("both"), both).err().expect("one of the two is not read");
    assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
}
