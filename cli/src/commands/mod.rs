//! The commands: one file each, its arguments beside what it does.

pub(crate) mod add;
pub(crate) mod audience;
pub(crate) mod backup;
pub(crate) mod breakdown;
mod change;
pub(crate) mod check;
pub(crate) mod clear;
pub(crate) mod compact;
pub(crate) mod completions;
pub(crate) mod count;
mod count_file;
mod count_line;
pub(crate) mod erase;
pub(crate) mod erasures;
pub(crate) mod explain;
pub(crate) mod flush;
pub(crate) mod get;
mod infer;
mod key_lists;
pub(crate) mod load;
mod member_rows;
pub(crate) mod members;
pub(crate) mod progress;
pub(crate) mod remove;
pub(crate) mod restore;
mod same_file;
pub(crate) mod serve;
pub(crate) mod set;
mod set_values;
pub(crate) mod space;
pub(crate) mod stats;
pub(crate) mod status;
pub(crate) mod sync;
pub(crate) mod tag;
pub(crate) mod tag_edit;
pub(crate) mod type_;
pub(crate) mod why;

use crate::args::Command;
use crate::ask::Asker;
use crate::exit::Failure;

/// Runs a command that asks a server. The others are run by `main`.
pub(crate) async fn run(command: &Command, asker: &Asker) -> Result<(), Failure> {
    match command {
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
