//! From the opening to the first answer, beside deserialising what it needs.

use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use croaring::{Bitmap, Portable};
use muster_engine::Snapshot;
use muster_engine::ids::TypeId;
use muster_engine::query::Run;
use muster_engine::{Engine, Options, Result};
use roaring::RoaringBitmap;

use crate::cases::Case;
use crate::data::Data;
use crate::fair::{Contender, forget, median, time};
use crate::floor::sum;

/// Prints how long the store takes to open and to answer each query for the first time, beside one pass over the units
/// that this checks. Both touch pages for the first time, which is told apart. Gives the engine back open.
pub(crate) fn measure(cases: &[&Case], engine: Engine, dir: &Path, type_id: TypeId, rounds: usize) -> Result<Engine> {
    println!(
        "| first answer | open µs | first µs | of it page faults | steady µs | units KB | their floor µs | \
         (first - faults) / (steady + floor) |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    );
    engine.close()?;
    let run = Run { threads: 1, ..Run::default() };
    for case in cases {
        let mut times = [const { Vec::new() }; 5];
        let mut bytes = 0;
        for _ in 0..rounds {
            let start = Instant::now();
            let engine = Engine::open_dir(dir, Options::default())?;
            times[0].push(start.elapsed().as_nanos() as f64);
            let snapshot = engine.snapshot();
            let prepared = case.prepare(&snapshot, type_id)?;
            let mut ask = || case.answer(&prepared, &snapshot, type_id, &run).expect("muster answers");
            times[1].push(time_alone(&mut ask));
            times[2].push(time_alone(&mut ask));
            let touched = touched(&snapshot);
            bytes = snapshot.touched_bytes()?;
            drop(prepared);
            drop(snapshot);
            engine.close()?;
            // The same bytes in a mapping that is as new as the first answer's was, and once more.
            let engine = Engine::open_dir(dir, Options::default())?;
            let snapshot = engine.snapshot();
            case.prepare(&snapshot, type_id)?;
            let mut stream = || stream(&snapshot, &touched).expect("the floor streams");
            times[3].push(time_alone(&mut stream));
            times[4].push(time_alone(&mut stream));
            drop(snapshot);
            engine.close()?;
        }
        let [open, first, steady, new_floor, floor] = times.map(|mut times| median(&mut times) / 1000.0);
        let faults = (new_floor - floor).max(0.0);
        let ratio = (first - faults) / (steady + floor);
        let units = bytes as f64 / 1000.0;
        println!(
            "| {} | {open:.0} | {first:.1} | {faults:.1} | {steady:.1} | {units:.0} | {floor:.1} | {ratio:.2} |",
            case.name
        );
    }
    println!();
    Engine::open_dir(dir, Options::default())
}

/// One call that finds nothing in the caches.
fn time_alone(work: Contender<'_>) -> f64 {
    forget();
    time(1, work)
}

/// Units that somebody has read, by layer and part.
type Touched = Vec<(usize, usize, u32)>;

fn touched(snapshot: &Snapshot) -> Touched {
    let layers = snapshot.layers().iter().enumerate();
    let parts =
        layers.flat_map(|(layer, it)| it.parts.iter().enumerate().map(move |(place, part)| (layer, place, part)));
    parts.flat_map(|(layer, place, part)| part.touched().map(move |unit| (layer, place, unit))).collect()
}

/// Streams units and does nothing else.
fn stream(snapshot: &Snapshot, units: &Touched) -> Result<u64> {
    let mut total = 0u64;
    for &(layer, part, unit) in units {
        total = total.wrapping_add(sum(snapshot.layers()[layer].parts[part].unit_bytes(unit)?));
    }
    Ok(total)
}

/// Prints how long the peers take to deserialise all flags and values, which is what they do instead of opening.
pub(crate) fn deserialise(data: &Data) {
    let mut lists: Vec<Vec<u32>> = data.flags.iter().map(|(_, ids)| ids.clone()).collect();
    for (name, values, _) in &data.choices {
        lists.extend((0..*values).map(|value| data.value(name, value)));
    }
    let bytes: Vec<Vec<u8>> = lists
        .iter()
        .map(|ids| {
            let mut bitmap = Bitmap::of(ids);
            bitmap.run_optimize();
            bitmap.serialize::<Portable>()
        })
        .collect();
    let total: usize = bytes.iter().map(Vec::len).sum();
    let mut roaring = || {
        let read = |bytes: &Vec<u8>| RoaringBitmap::deserialize_from(&bytes[..]).expect("its own bytes").len();
        bytes.iter().map(read).sum()
    };
    let roaring = time(3, &mut roaring) / 1e6;
    let mut croaring = || bytes.iter().map(|bytes| Bitmap::deserialize::<Portable>(bytes).cardinality()).sum();
    let croaring = time(3, &mut croaring) / 1e6;
    println!(
        "Deserialising the same flags and values ({:.1} MB): roaring-rs {roaring:.1} ms, CRoaring {croaring:.1} ms\n",
        total as f64 / 1e6
    );
}

/// Prints how fast bytes are checked, beside how fast they are streamed: a unit is checked just before it is first
/// used.
pub(crate) fn checksums() {
    println!("| checksums | GB/s | streamed, GB/s |\n| --- | ---: | ---: |");
    for (name, length) in
        [("a container, 8 KiB", 8 << 10), ("a dense bitmap, 1.25 MB", 1_250_000), ("64 MiB", 64 << 20)]
    {
        let bytes: Vec<u8> = (0..length as u64).map(|place| (place.wrapping_mul(0x9E37_79B9) >> 16) as u8).collect();
        let repeats = (1 << 30) / length as u32;
        let checked = time(repeats, &mut || crc32fast::hash(black_box(&bytes)).into());
        let streamed = time(repeats, &mut || sum(black_box(&bytes)));
        println!("| {name} | {:.1} | {:.1} |", length as f64 / checked, length as f64 / streamed);
    }
    println!();
}
