//! Two threads beside one, for muster and for the floor, in the same rounds.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use muster_engine::Result;
use muster_engine::Snapshot;
use muster_engine::ids::TypeId;
use muster_engine::query::Run;

use crate::cases::Case;
use crate::fair::{medians, repeats_of};
use crate::floor::Floor;

/// Payload from which threads are asked for.
const BYTES_MIN: u64 = 2 << 20;

type Job = Box<dyn FnOnce() -> u64 + Send>;

/// One thread that waits for jobs, so that the floor pays for no start either.
struct Helper {
    jobs: Sender<Job>,
    done: Receiver<u64>,
}

impl Helper {
    fn start() -> Helper {
        let (jobs, taken) = channel::<Job>();
        let (finished, done) = channel();
        std::thread::spawn(move || taken.into_iter().map(|job| job()).try_for_each(|sum| finished.send(sum)));
        Helper { jobs, done }
    }
}

/// Prints, for each query of more than two megabytes, how long two threads take of the time of one.
pub(crate) fn measure(cases: &[&Case], snapshot: &Snapshot, type_id: TypeId, rounds: usize) -> Result<()> {
    println!("| query, two threads | of one thread | floor's two of one | allowed |\n| --- | ---: | ---: | ---: |");
    let helper = Mutex::new(Helper::start());
    for case in cases {
        let floor = Arc::new(Floor::new(snapshot, type_id, &case.tags)?);
        if floor.bytes < BYTES_MIN {
            continue;
        }
        let prepared = case.prepare(snapshot, type_id)?;
        let run = |threads| Run { threads, ..Run::default() };
        let mut one = || case.answer(&prepared, snapshot, type_id, &run(1)).expect("muster answers");
        // The engine has two threads here and decides by itself.
        let mut two = || case.answer(&prepared, snapshot, type_id, &run(0)).expect("muster answers");
        assert_eq!(one(), two(), "{}", case.name);
        let chunks = snapshot.chunk_end(type_id)?;
        let mut floor_one = || floor.stream_some(snapshot, 0..chunks).expect("the floor streams");
        let mut floor_two = || {
            let helper = helper.lock().expect("one at a time");
            let (floor_there, snapshot_there) = (Arc::clone(&floor), snapshot.clone());
            let job: Job =
                Box::new(move || floor_there.stream_some(&snapshot_there, chunks / 2..chunks).expect("it streams"));
            helper.jobs.send(job).expect("the helper waits");
            let here = floor.stream_some(snapshot, 0..chunks / 2).expect("the floor streams");
            here.wrapping_add(helper.done.recv().expect("the helper answers"))
        };
        let repeats = repeats_of(&mut one);
        let times = medians(rounds, repeats, &mut [&mut one, &mut two, &mut floor_one, &mut floor_two]);
        let [one, two, floor_one, floor_two] = [times[0], times[1], times[2], times[3]];
        let floor = floor_two / floor_one;
        println!("| {} | {:.2} | {floor:.2} | {:.2} |", case.name, two / one, (1.15 * floor).max(0.55));
    }
    println!();
    Ok(())
}
