//! The `muster` binary: server, loader, shell and every question from the command line.
//!
//! It talks gRPC only. With `--data` the server runs inside this process, on a socket that only its user can open.

mod args;
mod ask;
mod cli;
mod commands;
mod connect;
mod demo;
mod exit;
mod folder;
mod interrupt;
mod log;
mod output;
mod shell;

use std::process::ExitCode;
use std::time::Duration;

use clap::CommandFactory;
use clap::error::ErrorKind;
use tokio::signal::unix::{SignalKind, signal};

use args::Globals;
use ask::Settings;
use cli::{Cli, Command};
use connect::{Connection, Place};
use exit::Failure;
use folder::Folder;
use interrupt::unless_interrupted;

/// The number of the signal for a file that is too long, on every processor but MIPS.
const SIGXFSZ: i32 = 25;

/// How long a thread that has nothing to do is kept: it also keeps the memory that it freed last.
const THREAD_KEEP_ALIVE: Duration = Duration::from_secs(2);

/// Gives pages back soon after they are free: a burst of large requests must not stay in a server that goes on for
/// months.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let cli = match Cli::read(std::env::args_os().collect()) {
        Ok(cli) => cli,
        Err(error) => return tell(&error),
    };
    if let Command::Serve(_) = &cli.command
        && let Err(failure) = log::start()
    {
        return report(&failure);
    }
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = match runtime.enable_all().thread_keep_alive(THREAD_KEEP_ALIVE).build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let error = muster_store::Error::of_system("cannot start threads", error);
            return report(&Failure::refused(format!("{error:#}")));
        }
    };
    let outcome = runtime.block_on(async {
        outlive_long_files()?;
        run(cli).await
    });
    // A thread that waits for standard input must not keep the program.
    runtime.shutdown_background();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => report(&failure),
    }
}

/// Says what is wrong with the command line, or the help that was asked for: without colours, wherever it goes.
fn tell(error: &clap::Error) -> ExitCode {
    // Help stands on standard error where a command was left out.
    let is_help = error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    let text = error.render().to_string();
    match error.use_stderr() {
        true if is_help => output::note_lines(text.trim_end()),
        true => {
            let usage = cli::usage::usage(error).map_or(String::new(), |usage| format!("\n\n{usage}"));
            output::note_lines(&format!("{}{usage}", cli::usage::fault(error)));
        }
        false => match output::emit(&text) {
            Ok(()) => {}
            Err(failure) => return report(&failure),
        },
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(u8::MAX))
}

fn report(failure: &Failure) -> ExitCode {
    if let Some(message) = failure.message() {
        output::note_lines(&message);
    }
    ExitCode::from(failure.code())
}

/// Lets a write beyond the limit of the length of files (`ulimit -f`) fail as on a full disk, where the signal that
/// comes with it would end the process.
fn outlive_long_files() -> Result<(), Failure> {
    // Who listens may go: the signal stays caught.
    signal(SignalKind::from_raw(SIGXFSZ))
        .map(drop)
        .map_err(|error| Failure::refused(format!("cannot catch a signal: {error}")))
}

async fn run(cli: Cli) -> Result<(), Failure> {
    cli.check_options()?;
    match &cli.command {
        Command::Serve(args) => commands::serve::run(args, &cli.globals).await,
        Command::Check(args) => commands::check::run(args, &cli.globals).await,
        Command::Restore(args) => commands::restore::run(args, &cli.globals).await,
        Command::Completions(args) => commands::completions::run(args, Cli::command()),
        Command::Demo(args) => demo::run(args, &cli.globals).await,
        command => ask(command, &cli.globals).await,
    }
}

/// Runs a command that asks a server; then closes, whatever came of it.
async fn ask(command: &Command, globals: &Globals) -> Result<(), Failure> {
    let mut settings = Settings::of(globals)?;
    if let Some(Place::Data(dir)) = Place::said(globals)? {
        settings.store = Some(dir);
    }
    command.check(&settings)?;
    let (place, _temporary) = place(command, globals)?;
    let connection = Connection::open(place, command.may_create()).await?;
    let outcome = match command {
        Command::Shell(_) => shell::run(&connection, settings, &[]).await,
        command => {
            let asker = connection.asker(settings).await;
            unless_interrupted(command.run(&asker)).await
        }
    };
    if matches!(outcome, Err(Failure::Interrupted)) {
        connection.cut();
    }
    outcome.and(connection.close().await)
}

/// Where the store is. What needs none may go without saying, and gets one that lasts as long as the folder returned.
fn place(command: &Command, globals: &Globals) -> Result<(Place, Option<Folder>), Failure> {
    match Place::said(globals)? {
        Some(place) => Ok((place, None)),
        None if command.needs_no_store() => {
            let folder = Folder::new("muster-none")?;
            Ok((Place::Data(folder.path().join("store")), Some(folder)))
        }
        None => Place::of(globals).map(|place| (place, None)),
    }
}
