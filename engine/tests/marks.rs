//! What it costs to mark in the log what is durable: a sync in each rest of the writers, beside their replies.
//!
//! `MUSTER_BATCHES=2000 cargo test --locked -p muster-engine --test marks -- --nocapture` prints how long replies take
//! with and without marks, for writers with pauses of several lengths.

use std::sync::Arc;
use std::time::{Duration, Instant};

use muster_engine::catalog::{CatalogChange, EntityKey, KeyKind};
use muster_engine::storage::{Disk, Storage, SystemClock};
use muster_engine::write::{Batch, Change, EntityChanges};
use muster_engine::{Engine, Options};

/// Pauses of a writer between a reply and the next batch, in milliseconds; the rest before a mark lies between.
const PAUSES_MS: [u64; 4] = [0, 5, 11, 25];

/// What a writer met.
struct Met {
    /// How long replies took, sorted.
    replies: Vec<Duration>,
    file_syncs: u64,
}

fn write(batches: u64, pause: Duration, background: bool) -> Met {
    let folder = tempfile::tempdir().expect("a directory for a test");
    let disk = Arc::new(Disk::open(folder.path()).expect("it is there"));
    let options = Options { background, ..Options::default() };
    let engine = Engine::open(Arc::clone(&disk) as _, options, Arc::new(SystemClock::new())).expect("it opens");
    let (label, description) = (None, String::new());
    let change = CatalogChange::CreateType { name: "users".into(), key: KeyKind::U64, label, description };
    engine.change_catalog(change).expect("a type");
    let before = disk.counters().file_sync_count;
    let mut replies = Vec::new();
    for number in 0..batches {
        let entities = vec![EntityChanges::new(EntityKey::Number(number), vec![Change::Touch])];
        let started = Instant::now();
        engine.write(Batch { type_name: "users".into(), source: None, entities }).expect("there is room");
        replies.push(started.elapsed());
        std::thread::sleep(pause);
    }
    let file_syncs = disk.counters().file_sync_count - before;
    replies.sort_unstable();
    Met { replies, file_syncs }
}

#[test]
fn a_mark_costs_at_most_one_sync_beside_each_reply() {
    let batches = std::env::var("MUSTER_BATCHES").map_or(20, |text| text.parse().expect("a number of batches"));
    for pause_ms in PAUSES_MS {
        for background in [false, true] {
            let met = write(batches, Duration::from_millis(pause_ms), background);
            let at = |share: usize| met.replies[(met.replies.len() * share / 100).min(met.replies.len() - 1)];
            println!(
                "a pause of {pause_ms} ms, {} marks: half of {batches} replies within {:?}, 99 in 100 within {:?}; {} \
                 syncs",
                if background { "with" } else { "without" },
                at(50),
                at(99),
                met.file_syncs
            );
            // One for each reply; a mark needs one more, and there is none without a rest. The type rests too.
            let most = if background { 2 * batches + 1 } else { batches };
            assert!(met.file_syncs >= batches && met.file_syncs <= most, "{} syncs", met.file_syncs);
        }
    }
}
