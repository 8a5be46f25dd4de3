//! A process that runs out of descriptors: what needs one is refused with that reason, the store is not fenced, and it
//! goes on by itself when there are some again. A program of its own, because the limit is one of the whole process.

use std::fs::File;
use std::sync::Arc;

use muster_engine::catalog::{CatalogChange, EntityKey, KeyKind};
use muster_engine::storage::{Disk, SystemClock};
use muster_engine::write::{Batch, Change, EntityChanges};
use muster_engine::{Engine, Error, ErrorKind, Options};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors of the process; few, so that all of them are soon taken.
const DESCRIPTORS: u64 = 128;

fn touch(engine: &Engine, number: u64) -> Result<(), Error> {
    let entities = vec![EntityChanges::new(EntityKey::Number(number), vec![Change::Touch])];
    engine.write(Batch { type_name: "users".into(), source: None, entities }).map(drop)
}

/// Takes all that are left.
fn take_all() -> Vec<File> {
    std::iter::from_fn(|| File::open("/dev/null").ok()).collect()
}

fn assert_refused(what: &str, error: &Error) {
    assert_eq!(error.kind(), ErrorKind::Limit, "{what}: {error:#}");
    assert!(error.message().contains("ulimit -n"), "{what}: {error:#}");
}

#[test]
fn a_process_without_descriptors_is_refused_and_goes_on_by_itself() {
    let limit = Rlimit { current: Some(DESCRIPTORS), ..getrlimit(Resource::Nofile) };
    setrlimit(Resource::Nofile, limit).expect("a lower limit may be set");
    let folder = tempfile::tempdir().expect("a directory for a test");
    let open = || {
        let disk = Arc::new(Disk::open(folder.path()).expect("it is there"));
        let options = Options { background: false, log_file_bytes: 4096, ..Options::default() };
        Engine::open(disk, options, Arc::new(SystemClock::new()))
    };
    let engine = open().expect("it opens");
    let (label, description) = (None, String::new());
    let change = CatalogChange::CreateType { name: "users".into(), key: KeyKind::U64, label, description };
    engine.change_catalog(change).expect("a type");
    let mut acknowledged = 0;
    for round in 0..20 {
        let taken = take_all();
        assert!(!taken.is_empty());
        // As many as fit into the log file that is open, and then none.
        let refused = (0..200).find_map(|_| match touch(&engine, acknowledged) {
            Ok(()) => {
                acknowledged += 1;
                None
            }
            Err(error) => Some(error),
        });
        assert_refused("a batch", &refused.expect("the next log file needs a descriptor"));
        assert_refused("a flush", &engine.flush().expect_err("a part needs a descriptor"));
        assert_eq!(engine.status().fenced, None);
        drop(taken);
        // Some are left, and each attempt comes a step further.
        let mut taken = take_all();
        while let Err(error) = engine.flush() {
            assert_refused("a flush", &error);
            taken.pop().expect("it needs only a few");
        }
        drop(taken);
        touch(&engine, acknowledged).unwrap_or_else(|error| panic!("round {round}: {error:#}"));
        acknowledged += 1;
    }
    assert_eq!(engine.status().fenced, None);
    drop(engine);
    let engine = open().expect("nothing is lost");
    let snapshot = engine.snapshot();
    let type_id = snapshot.catalog().types().next().expect("the type").id;
    assert_eq!(snapshot.live_count(type_id).expect("it can be counted"), acknowledged);
}
