//! `muster demo`: a believable population, a dozen questions, and a crash.
//!
//! Everything follows from the seed and from one day that stands for today, so that its answers are the same on every
//! machine and every day. The server of the crash is a process of its own, killed without a warning.

mod columns;
mod crash;
mod population;
mod questions;
mod random;
mod shopper;
mod story;
mod words;

use std::io::IsTerminal;
use std::path::Path;
use std::time::Instant;

use crate::args::Globals;
use crate::args::demo::DemoArgs;
use crate::ask::Settings;
use crate::connect::{Connection, Place};
use crate::exit::Failure;
use crate::folder::Folder;
use crate::output::emit;
use crate::output::numbers::{bytes, elapsed, grouped};
use crate::shell;
use crash::Crash;
use story::Counts;

/// The day that stands for today: a day on which shops are busy.
const TODAY: (i16, i8, i8) = (2026, 11, 11);
/// The same as the command line writes it.
const TODAY_TEXT: &str = "2026-11-11";
/// The zone of the story.
const ZONE: &str = "Asia/Shanghai";

/// Runs the demo.
pub(crate) async fn run(args: &DemoArgs, globals: &Globals) -> Result<(), Failure> {
    if globals.data.is_some() || globals.addr.is_some() {
        return Err(Failure::usage("use --keep DIR to name the directory of the demo's store"));
    }
    let temporary = Folder::new("muster-demo")?;
    let store = match &args.keep {
        None => temporary.path().join("store"),
        Some(dir) => {
            if std::fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some()) {
                return Err(Failure::usage(format!("name a new directory for --keep: {} is not empty", dir.display())));
            }
            dir.clone()
        }
    };
    let outcome = tell(args, globals, temporary.path(), &store).await;
    if outcome.is_ok() && args.keep.is_some() {
        emit(&format!("\nThe store is kept. Next:\n  {}\n", next_command(&store)))?;
    }
    outcome
}

/// The command that opens a kept store.
fn next_command(store: &Path) -> String {
    let program = std::env::current_exe().map_or("muster".to_owned(), |path| path.display().to_string());
    let store = std::path::absolute(store).unwrap_or_else(|_| store.to_path_buf());
    format!("{program} shell --data '{}' --zone {ZONE} --now {TODAY_TEXT}", store.display())
}

async fn tell(args: &DemoArgs, globals: &Globals, temporary: &Path, store: &Path) -> Result<(), Failure> {
    let settings = settings(globals)?;
    let file = temporary.join("shoppers.csv");
    let connection = crate::interrupt::unless_interrupted(async {
        make_population(args, &file).await?;
        let connection = Connection::open(Place::Data(store.to_path_buf()), true).await?;
        let asker = connection.asker(settings.clone()).await;
        story::load(&file, &asker).await?;
        let before = story::ask(&asker).await?;
        drop(asker);
        connection.close().await?;
        reopen(store, &settings).await?.close().await?;
        let crash = Crash { temporary, store, file: &file, rows: args.rows };
        survive(&crash, &settings, &before).await
    })
    .await?;
    // The shell takes Ctrl-C for itself.
    finish(connection, settings).await
}

async fn finish(connection: Connection, settings: Settings) -> Result<(), Failure> {
    let outcome = if std::io::stdin().is_terminal() && std::io::stdout().is_terminal() {
        emit("\nNow you:\n")?;
        shell::run(&connection, settings, &questions::SUGGESTIONS).await
    } else {
        let tries: String = questions::SUGGESTIONS.iter().map(|text| format!("  {text}\n")).collect();
        emit(&format!("\nOn a terminal the shell would start here. Try there:\n{tries}"))
    };
    outcome.and(connection.close().await)
}

/// How the demo asks.
fn settings(globals: &Globals) -> Result<Settings, Failure> {
    let story = Globals {
        entity_type: Some(columns::TYPE.to_owned()),
        zone: Some(ZONE.to_owned()),
        now: Some(TODAY_TEXT.parse().map_err(Failure::usage)?),
        timeout: globals.timeout,
        quiet: globals.quiet,
        ..Globals::default()
    };
    Settings::of(&story)
}

async fn make_population(args: &DemoArgs, file: &Path) -> Result<(), Failure> {
    let started = Instant::now();
    let (path, rows, seed) = (file.to_path_buf(), args.rows, args.seed);
    let written = tokio::task::spawn_blocking(move || population::write(&path, rows, seed)).await;
    let size =
        written.map_err(|error| Failure::refused(format!("the population failed: {error}")))?.map_err(|error| {
            Failure::refused(format!("make room for the population: cannot write {}: {error}", file.display()))
        })?;
    emit(&format!(
        "{} shoppers with {} tags from seed {seed}: {} of CSV in {}\n",
        grouped(rows),
        columns::COLUMNS.len(),
        bytes(size),
        elapsed(started.elapsed())
    ))
}

/// Opens the store again and says how long it took and how large it is.
async fn reopen(store: &Path, settings: &Settings) -> Result<Connection, Failure> {
    let started = Instant::now();
    let connection = Connection::open(Place::Data(store.to_path_buf()), false).await?;
    story::opened(&connection.asker(settings.clone()).await, store, started).await?;
    Ok(connection)
}

/// Kills a server in the middle of a load, opens the store again, and compares.
async fn survive(crash: &Crash<'_>, settings: &Settings, before: &Counts) -> Result<Connection, Failure> {
    emit("\nNow a crash: a second server loads the file with a wrong mapping, loyalty points as ages, and dies.\n")?;
    let killed = crash.kill_in_load().await?;
    emit(&format!("  kill -9 {killed}\n"))?;
    let connection = reopen(crash.store, settings).await?;
    let after = story::count_all(&connection.asker(settings.clone()).await).await?;
    let differing = before.differing(&after);
    if !differing.is_empty() {
        return Err(Failure::refused(format!(
            "report this, please: after the crash other numbers come for {}",
            differing.join("; ")
        )));
    }
    emit(&format!("  all {} counts are as before the crash\n", after.len()))?;
    Ok(connection)
}
