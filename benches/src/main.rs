//! The query set of muster beside roaring-rs, CRoaring and the floor, round by round in one process.

mod cases;
mod data;
mod deltas;
mod entities;
mod export;
mod fair;
mod first;
mod floor;
mod prepare;
mod real;
mod report;
mod store;
mod threads;

use std::path::{Path, PathBuf};
use std::time::Instant;

use cases::{Case, cases};
use clap::Parser;
use data::Data;
use fair::{Contender, medians, repeats_of};
use floor::Floor;
use muster_engine::Snapshot;
use muster_engine::ids::TypeId;
use muster_engine::query::Run;
use muster_engine::{Engine, Error, Result};
use report::Row;

/// Times the query set beside the peers. Every answer is checked against theirs.
#[derive(Parser)]
struct Arguments {
    /// Entities.
    #[arg(long, default_value_t = 10_000_000)]
    entities: u32,
    /// Rounds; every contender runs once a round.
    #[arg(long, default_value_t = 31)]
    rounds: usize,
    /// Only queries whose name contains this.
    #[arg(long, default_value = "")]
    only: String,
    /// Where the store is written; a temporary directory if none is given.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Also write the table as CSV.
    #[arg(long)]
    csv: Option<PathBuf>,
    /// Also draw the table.
    #[arg(long)]
    svg: Option<PathBuf>,
    /// Afterwards also: from text to a query, two threads beside one, the first answer after an opening, and ten deltas
    /// on top.
    #[arg(long)]
    more: bool,
    /// Only: ten deltas on top.
    #[arg(long)]
    deltas: bool,
    /// Instead: questions about single entities, with a million values and with 200 audiences.
    #[arg(long)]
    single: bool,
    /// Only muster, again and again: for a profiler.
    #[arg(long)]
    alone: bool,
    /// Instead: the real bitmaps in this folder, as NAME.roaring.zip
    #[arg(long)]
    real: Option<PathBuf>,
    /// Only write the population as plain columns into this folder, for benches/compare/.
    #[arg(long)]
    export: Option<PathBuf>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    fair::with_generous_memory()?;
    let temporary = tempfile::tempdir().map_err(|error| Error::io("no temporary directory").with_source(error))?;
    let dir = arguments.dir.clone().unwrap_or_else(|| temporary.path().join("store"));
    if let Some(folder) = &arguments.real {
        return real::measure(folder, arguments.rounds);
    }
    if arguments.single {
        return entities::measure(&dir, arguments.rounds);
    }
    let start = Instant::now();
    let data: &'static Data = Box::leak(Box::new(Data::new(arguments.entities, 1)));
    eprintln!("{} entities made in {:.1} s", data.entities, start.elapsed().as_secs_f64());
    if let Some(folder) = &arguments.export {
        return export::export(data, folder)
            .map_err(|error| Error::io(format!("cannot write {}", folder.display())).with_source(error));
    }
    let start = Instant::now();
    let (engine, type_id) = store::build(&dir, data)?;
    eprintln!("loaded, closed and opened in {:.1} s: {:?}", start.elapsed().as_secs_f64(), engine.status());
    let all = cases(data);
    let chosen: Vec<&Case> = all.iter().filter(|case| case.name.contains(&arguments.only)).collect();
    if arguments.deltas {
        return deltas::measure(&chosen, &engine, type_id, data.entities, arguments.rounds);
    }
    let snapshot = engine.snapshot();
    if arguments.alone {
        return alone(&chosen, &snapshot, type_id, arguments.rounds);
    }
    let mut rows = Vec::new();
    for case in &chosen {
        let row = measure(case, &snapshot, type_id, arguments.rounds)?;
        let floor = row.floor.map_or(String::new(), |floor| format!(", {floor:.2} of the floor"));
        eprintln!(
            "{:32} {:9.2} µs   roaring-rs {:6.2}   CRoaring {:6.2}{floor}",
            row.name,
            row.muster_ns / 1000.0,
            row.roaring,
            row.croaring
        );
        rows.push(row);
    }
    println!(
        "kernel {}, {} entities, {} rounds\n",
        muster_engine::bitmap::kernel::name(),
        data.entities,
        arguments.rounds
    );
    println!("{}", report::table(&rows));
    let write = |path: &Option<PathBuf>, text: String| match path {
        Some(path) => std::fs::write(path, text)
            .map_err(|error| Error::io(format!("cannot write {}", path.display())).with_source(error)),
        None => Ok(()),
    };
    write(&arguments.csv, report::csv(&rows))?;
    let title = format!("times faster than CRoaring (green) and roaring-rs (blue), {} entities", data.entities);
    write(&arguments.svg, report::svg(&rows, &title))?;
    drop(snapshot);
    if arguments.more { more(&chosen, engine, &dir, type_id, data, arguments.rounds) } else { Ok(()) }
}

/// What is asked beside the query set.
fn more(cases: &[&Case], engine: Engine, dir: &Path, type_id: TypeId, data: &Data, rounds: usize) -> Result<()> {
    prepare::measure(&engine.snapshot(), type_id, rounds)?;
    threads::measure(cases, &engine.snapshot(), type_id, rounds)?;
    let engine = first::measure(cases, engine, dir, type_id, rounds.min(9))?;
    first::deserialise(data);
    first::checksums();
    deltas::measure(cases, &engine, type_id, data.entities, rounds)
}

fn measure(case: &Case, snapshot: &Snapshot, type_id: TypeId, rounds: usize) -> Result<Row> {
    let prepared = case.prepare(snapshot, type_id)?;
    let run = Run { threads: 1, ..Run::default() };
    let mut answer = || case.answer(&prepared, snapshot, type_id, &run).expect("muster answers");
    let expected = answer();
    for (idiom, ask) in case.roaring.iter().chain(&case.croaring) {
        assert_eq!(ask(), expected, "{} by {idiom}", case.name);
    }
    let floor = match case.tags.is_empty() {
        true => None,
        false => Some(Floor::new(snapshot, type_id, &case.tags)?),
    };
    let repeats = repeats_of(&mut answer);
    let mut stream = || floor.as_ref().map_or(0, |floor| floor.stream(snapshot).expect("the floor streams"));
    let mut roaring: Vec<_> = case.roaring.iter().map(|(_, ask)| || ask()).collect();
    let mut croaring: Vec<_> = case.croaring.iter().map(|(_, ask)| || ask()).collect();
    // The floor streams what muster reads, so a peer comes before either: both find what a peer left in the caches.
    let mut contenders: Vec<Contender<'_>> = vec![&mut answer];
    contenders.extend(roaring.iter_mut().map(|ask| ask as Contender<'_>));
    contenders.push(&mut stream);
    contenders.extend(croaring.iter_mut().map(|ask| ask as Contender<'_>));
    let medians = medians(rounds, repeats, &mut contenders);
    let (muster_ns, others) = (medians[0], &medians[1..]);
    let (roaring, others) = others.split_at(case.roaring.len());
    let best = |times: &[f64]| times.iter().copied().fold(f64::MAX, f64::min) / muster_ns;
    for (idioms, times) in [(&case.roaring, roaring), (&case.croaring, &others[1..])] {
        if let [_, _, ..] = idioms.as_slice() {
            for ((idiom, _), time) in idioms.iter().zip(times) {
                eprintln!("{:32} by {idiom} {:6.2}", "", time / muster_ns);
            }
        }
    }
    Ok(Row {
        name: case.name.clone(),
        muster_ns,
        roaring: best(roaring),
        croaring: best(&others[1..]),
        floor: floor.as_ref().map(|_| muster_ns / others[0]),
        bytes: floor.map_or(0, |floor| floor.bytes),
    })
}

/// Asks muster each query so often that `rounds` milliseconds pass, and prints the median.
fn alone(cases: &[&Case], snapshot: &Snapshot, type_id: TypeId, rounds: usize) -> Result<()> {
    let run = Run { threads: 1, ..Run::default() };
    for case in cases {
        let prepared = case.prepare(snapshot, type_id)?;
        let mut answer = || case.answer(&prepared, snapshot, type_id, &run).expect("muster answers");
        let repeats = repeats_of(&mut answer);
        let mut times: Vec<f64> = (0..rounds).map(|_| fair::time(repeats, &mut answer)).collect();
        println!("{:32} {:9.2} µs", case.name, fair::median(&mut times) / 1000.0);
    }
    Ok(())
}
