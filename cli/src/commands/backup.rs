//! `muster backup`: a verified copy, while the server goes on.

use std::path::PathBuf;

use clap::Args;
use muster_client::documents;
use muster_client::v1::{BackupReply, BackupRequest};
use muster_language::visible::visible;

use crate::ask::Asker;
use crate::exit::Failure;
use crate::output::Answer;
use crate::output::numbers::{bytes, grouped, nanoseconds};

/// Copy a store while it is written to, and verify the copy.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster backup --to /backups/2026-11-21 --data ./store
  muster backup --to /backups/2026-11-21 --addr 127.0.0.1:7411 --space brand_b

All spaces, unless --space names one. Each is complete up to the version that is printed. The directory gets its name
when every byte of it was read again; files on the same file system are hard links. A server that runs by itself writes
only below the directories that it was given with --backup-dir, on its own machine; --to of a server with --addr
host:port is a whole path there, any other begins where the command is called. `muster restore` brings it back.")]
pub(crate) struct BackupArgs {
    /// The directory to make; it must not exist, or be empty
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
}

/// Backs up.
pub(crate) async fn run(args: &BackupArgs, asker: &Asker) -> Result<(), Failure> {
    let to = std::path::absolute(&args.to)
        .map_err(|error| Failure::usage(format!("name a directory with --to: {}: {error}", args.to.display())))?;
    if args.to.is_relative() && !asker.is_on_this_machine {
        return Err(Failure::usage(format!(
            "name the whole path on the server's machine, as in --to {}: {} begins where this command was called, and \
             the server may run elsewhere",
            to.display(),
            args.to.display()
        )));
    }
    let directory =
        to.into_os_string().into_string().map_err(|_| Failure::usage("name a directory in UTF-8 with --to"))?;
    let spaces = Some(asker.space()).filter(|space| !space.is_empty()).into_iter().collect();
    // A large store takes its time; only who asks for it has a deadline.
    let client = asker.client.with_deadline(asker.settings.timeout);
    let reply = client.backup(BackupRequest { directory, spaces }).await?;
    asker.print(&Answer::new(documents::backup(&reply), text(&reply)))
}

fn text(reply: &BackupReply) -> String {
    let mut text = String::new();
    for it in &reply.spaces {
        text.push_str(&format!(
            "space {} up to version {}: {} files with {}, {} of them links\n",
            it.space,
            it.version,
            grouped(it.files),
            bytes(it.bytes),
            grouped(it.linked)
        ));
    }
    let time = nanoseconds(reply.elapsed_ms.saturating_mul(1_000_000));
    text.push_str(&format!("{} is complete and verified, in {time}\n", visible(&reply.directory)));
    text
}
