//! The command-line parser: what there is to say, with examples in every help, and which command answers.

mod reads;
pub(crate) mod usage;

use std::ffi::OsString;

use clap::{Parser, Subcommand};

use crate::args::demo::DemoArgs;
use crate::args::{Globals, lists};
use crate::ask::{Asker, Settings};
use crate::commands::{
    add, audience, backup, breakdown, check, clear, compact, completions, count, erase, erasures, explain, flush, get,
    load, members, remove, restore, serve, set, space, stats, status, sync, tag, type_, why,
};
use crate::exit::Failure;

const AFTER_HELP: &str = "\
Examples:
  muster demo                                     # a million shoppers and a dozen questions
  muster load bookings.csv --infer > map.toml     # propose how columns become tags
  muster load bookings.csv --map map.toml --data ./store
  muster count \"country = 'DEU' AND lead_time > 100\" --data ./store
  muster shell --data ./store

Exit codes: 0 ok, 1 refused, 2 usage, 3 unreachable, 4 rejected rows, 5 deadline, 6 permission.
MUSTER_DATA and MUSTER_ADDR stand for --data and --addr.";

/// A columnar tag store: who, and how many, for any boolean combination of tags
#[derive(Debug, Parser)]
#[command(name = "muster", version, after_help = AFTER_HELP, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) globals: Globals,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// One command.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve a store over gRPC
    Serve(serve::ServeArgs),
    /// Ask and write line by line, with history and completion
    Shell(ShellArgs),
    /// Load a Parquet, CSV or Arrow IPC file, wholly or not at all
    Load(load::LoadArgs),
    /// How many entities an expression selects
    Count(count::CountArgs),
    /// Which entities an expression selects
    Members(members::MembersArgs),
    /// All tags of one entity
    Get(get::GetArgs),
    /// Why an entity is in an audience, or why not
    Why(why::WhyArgs),
    /// Sum, least, greatest, mean and quantiles of a number tag
    Stats(stats::StatsArgs),
    /// An audience divided by the values of a tag of any kind
    Breakdown(breakdown::BreakdownArgs),
    /// How an expression is answered, and which condition decides it
    Explain(explain::ExplainArgs),
    /// Create, list, rename and drop entity types
    Type(type_::TypeArgs),
    /// Create, list, show, change, rename and drop tags
    Tag(tag::TagArgs),
    /// Save, show, list and drop audiences
    Audience(audience::AudienceArgs),
    /// Create and list spaces
    Space(space::SpaceArgs),
    /// Set tags of one entity
    Set(set::SetArgs),
    /// Add values to set tags of one entity
    Add(add::AddArgs),
    /// Take values from set tags of one entity
    Remove(remove::RemoveArgs),
    /// Take whole tags from one entity
    Clear(clear::ClearArgs),
    /// Remove entities from everything
    Erase(erase::EraseArgs),
    /// How a store is: version, bytes, types
    Status(status::StatusArgs),
    /// Write what is in memory to parts
    Flush(flush::FlushArgs),
    /// Merge all parts
    Compact(compact::CompactArgs),
    /// Wait until everything written so far survives a power cut
    Sync(sync::SyncArgs),
    /// Copy a store while it is written to, and verify the copy
    Backup(backup::BackupArgs),
    /// Make a store from a backup
    Restore(restore::RestoreArgs),
    /// Who was erased, for the restore of an older backup
    Erasures(erasures::ErasuresArgs),
    /// Check every byte of a store that nobody serves
    Check(check::CheckArgs),
    /// A million shoppers, a dozen questions, and a crash
    Demo(DemoArgs),
    /// Print a completion script for a shell
    Completions(completions::CompletionsArgs),
}

/// Ask and write line by line.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  muster shell --data ./store
  muster shell --addr 127.0.0.1:7411 --type shoppers
  echo '\\count 性别 = 女' | muster shell --data ./store  # lines from a pipe, without prompts

Inside: a bare expression counts; \\help lists the commands; an open parenthesis or quote continues on the next line.")]
pub(crate) struct ShellArgs {}

impl Cli {
    /// Reads the words of a command line, the program's name among them. Errors: what is wrong with them.
    pub(crate) fn read(words: Vec<OsString>) -> Result<Cli, clap::Error> {
        // Only a path may be no text.
        let texts: Option<Vec<String>> = words.iter().map(|word| word.to_str().map(str::to_owned)).collect();
        match texts {
            Some(texts) => Cli::try_parse_from(lists::joined(texts)),
            None => Cli::try_parse_from(words),
        }
    }
}

impl Command {
    /// Looks at what can be looked at without a store: a command that cannot be carried out is to leave none behind.
    ///
    /// Errors: usage.
    pub(crate) fn check(&self, settings: &Settings) -> Result<(), Failure> {
        match self {
            Command::Load(args) => args.check(settings),
            Command::Members(args) => args.check(settings),
            _ => Ok(()),
        }
    }

    /// Whether the command is done without a store.
    pub(crate) fn needs_no_store(&self) -> bool {
        matches!(self, Command::Load(args) if args.only_proposes())
    }

    /// Whether the command may make a store where there is none.
    pub(crate) fn may_create(&self) -> bool {
        match self {
            Command::Type(args) => args.creates(),
            Command::Space(args) => args.creates(),
            Command::Load(_) | Command::Shell(_) => true,
            _ => false,
        }
    }

    /// Runs a command that asks a server. The others are run by `main`.
    pub(crate) async fn run(&self, asker: &Asker) -> Result<(), Failure> {
        match self {
            Command::Load(args) => load::run(args, asker).await,
            Command::Count(args) => count::run(args, asker).await,
            Command::Members(args) => members::run(args, asker).await,
            Command::Get(args) => get::run(args, asker).await,
            Command::Why(args) => why::run(args, asker).await,
            Command::Stats(args) => stats::run(args, asker).await,
            Command::Breakdown(args) => breakdown::run(args, asker).await,
            Command::Explain(args) => explain::run(args, asker).await,
            Command::Type(args) => type_::run(args, asker).await,
            Command::Tag(args) => tag::run(args, asker).await,
            Command::Audience(args) => audience::run(args, asker).await,
            Command::Space(args) => space::run(args, asker).await,
            Command::Set(args) => set::run(args, asker).await,
            Command::Add(args) => add::run(args, asker).await,
            Command::Remove(args) => remove::run(args, asker).await,
            Command::Clear(args) => clear::run(args, asker).await,
            Command::Erase(args) => erase::run(args, asker).await,
            Command::Status(_) => status::run(asker).await,
            Command::Flush(_) => flush::run(asker).await,
            Command::Compact(_) => compact::run(asker).await,
            Command::Sync(args) => sync::run(args, asker).await,
            Command::Backup(args) => backup::run(args, asker).await,
            Command::Erasures(args) => erasures::run(args, asker).await,
            Command::Serve(_)
            | Command::Shell(_)
            | Command::Demo(_)
            | Command::Check(_)
            | Command::Restore(_)
            | Command::Completions(_) => Err(Failure::usage("this command cannot be used inside the shell")),
        }
    }
}
